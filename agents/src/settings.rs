//! Reading and range checks of settings.

use freewheel_core::settings::{self, Field};
use freewheel_core::{Error, Result, Spec};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Checks that the `value` of a setting lies in `low..=high` (else [`Error::Setting`]); `field` is the name of the
/// setting.
pub(crate) fn within(field: &str, value: f64, low: f64, high: f64) -> Result<()> {
    let range = match (low, high) {
        _ if (low..=high).contains(&value) => return Ok(()),
        (f64::MIN, _) => "finite".to_owned(),
        (f64::MIN_POSITIVE, f64::MAX) => "above 0 and finite".to_owned(),
        (_, f64::MAX) => format!("at least {low} and finite"),
        _ => return settings::in_range(field, value, low..=high),
    };
    Err(Error::setting(field, format!("{field} = {value} is out of range: it must be {range}")))
}

/// Discount of the next value while learning: the setting `gamma`; by default the world's discount, or 0.99 where the
/// world has none. With a discount of 1 an action that changes nothing is worth as much as the best one.
pub(crate) fn learning_discount(gamma: Option<f64>, spec: &Spec) -> f64 {
    gamma.unwrap_or(if spec.gamma < 1.0 { spec.gamma } else { 0.99 })
}

/// Reads the settings `table`; absent settings have the values of `defaults`. `of` is the name of the agent or
/// estimator in error messages.
pub(crate) fn read_over<C: DeserializeOwned + JsonSchema>(
    defaults: &toml::Table,
    table: &toml::Table,
    of: &str,
) -> Result<C> {
    let mut all = defaults.clone();
    all.extend(table.clone());
    settings::read(&all, of)
}

/// Fields of the settings struct `C` with description, range and default; `defaults` take precedence over the defaults
/// of `C`.
pub(crate) fn fields_over<C: JsonSchema>(defaults: &toml::Table) -> Vec<Field> {
    let mut fields = settings::fields(&schemars::schema_for!(C));
    for field in &mut fields {
        if let Some(value) = defaults.get(&field.name) {
            field.default = Deserialize::deserialize(value.clone()).unwrap_or_default();
        }
    }
    fields
}
