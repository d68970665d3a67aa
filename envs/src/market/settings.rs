//! Setting types that several markets share, and range checks.

use std::fmt::Display;
use std::ops::RangeInclusive;

use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kind of the actions of a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// Discrete actions, from a table.
    #[default]
    Grid,
    /// Real numbers between bounds.
    Continuous,
}

/// Price changes in the reward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// Realized price changes.
    #[default]
    Realized,
    /// Their conditional mean.
    Expected,
}

/// Runs the checks of the world `id`, which error messages begin with.
///
/// # Errors
/// [`Error::Config`] of the first check that fails.
pub(super) fn check(id: &str, checks: impl FnOnce() -> Result<(), String>) -> Result<()> {
    checks().map_err(|fault| Error::Config(format!("{id}: {fault}")))
}

/// Checks that the setting `name` lies in `range`; NaN does not.
///
/// # Errors
/// Message with the setting, its value and the range.
pub(super) fn in_range<T: PartialOrd + Display>(
    name: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), String> {
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = range.into_inner();
    Err(format!("{name} = {value}: must lie between {low} and {high}"))
}
