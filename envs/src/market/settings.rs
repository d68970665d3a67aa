//! What the settings of several markets share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which kind of actions a market takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// Counted ones, from a table.
    #[default]
    Grid,
    /// Real numbers between bounds.
    Continuous,
}

/// What a reward counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// The price moves as they come.
    #[default]
    Realized,
    /// Their mean, as far as it is known beforehand.
    Expected,
}
