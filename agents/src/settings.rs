//! What every agent reads and checks its settings with.

use freewheel_core::settings::{self, Field};
use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

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

/// Reads `table` over `defaults`; `of` names whose settings these are, and an error names the setting it is about.
pub(crate) fn read_over<C: DeserializeOwned + JsonSchema>(
    defaults: &toml::Table,
    table: &toml::Table,
    of: &str,
) -> Result<C> {
    let over_defaults = |table: &toml::Table, of: &str| {
        let mut all = defaults.clone();
        all.extend(table.clone());
        settings::read::<C>(&all, of)
    };
    over_defaults(table, of).map_err(|error| {
        // serde says what is wrong with a value but not always where: the culprit fails alone, too.
        let alone = |(key, value): (&String, &toml::Value)| {
            let table = toml::Table::from_iter([(key.clone(), value.clone())]);
            over_defaults(&table, &format!("{of}: {key} = {value}")).err()
        };
        match error {
            Error::Config(message) if !message.contains('`') => {
                table.iter().find_map(alone).unwrap_or(Error::Config(message))
            }
            other => other,
        }
    })
}

/// The settings of `C` with their meaning, range and default, those of `defaults` first.
pub(crate) fn fields_over<C: JsonSchema>(defaults: &toml::Table) -> Vec<Field> {
    let mut fields = settings::fields(&schemars::schema_for!(C));
    for field in &mut fields {
        if let Some(value) = defaults.get(&field.name) {
            field.default = Deserialize::deserialize(value.clone()).unwrap_or_default();
        }
    }
    fields
}
