//! Setting types that several markets share, and range checks.

use freewheel_core::Result;
pub(super) use freewheel_core::settings::in_range;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Choice of the kind of actions of a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// Discrete actions, from a table of orders.
    #[default]
    Grid,
    /// Continuous actions: real numbers between bounds.
    Continuous,
}

/// Choice of the price changes in the reward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// Realized price changes.
    #[default]
    Realized,
    /// Conditional mean of the price changes.
    Expected,
}

/// Runs the checks of the settings of the world `id`; error messages begin with this id.
///
/// # Errors
/// [`Error::Setting`](freewheel_core::Error::Setting) of the first check that fails.
pub(super) fn check(id: &str, checks: impl FnOnce() -> Result<()>) -> Result<()> {
    checks().map_err(|error| error.of(id))
}
