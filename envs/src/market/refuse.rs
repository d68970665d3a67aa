//! What is said of a setting that cannot be.

use std::fmt::Display;
use std::ops::RangeInclusive;

use freewheel_core::{Error, Result};

/// Runs the checks of the world `of`, which its faults are told with.
pub(super) fn check(of: &str, checks: impl FnOnce() -> Result<(), String>) -> Result<()> {
    checks().map_err(|fault| Error::Config(format!("{of}: {fault}")))
}

/// Refuses a value outside `range`; NaN is outside of any.
pub(super) fn checked<T: PartialOrd + Display>(
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
