//! What every agent checks its settings with.

use freewheel_core::{Error, Result};

/// Checks that a field lies in `low..=high`.
pub(crate) fn within(field: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let range = match (low, high) {
        (f64::MIN, _) => "finite".to_owned(),
        (f64::MIN_POSITIVE, f64::MAX) => "above 0 and finite".to_owned(),
        (_, f64::MAX) => format!("at least {low} and finite"),
        _ => format!("at least {low} and at most {high}"),
    };
    Err(Error::Config(format!("{field} = {value} is out of range: it must be {range}")))
}
