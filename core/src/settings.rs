//! Reading of settings from TOML tables into structs. An error has the name of the setting; for an unknown setting it
//! suggests the most similar one.
//!
//! A settings struct derives `Serialize`, `Deserialize` (with `#[serde(default, deny_unknown_fields)]`), `Default` and
//! `JsonSchema`; the doc line of a field, with its unit and range, is also its help text. A struct of settings within
//! another is marked `#[serde(flatten, deserialize_with = "settings::flattened")]`.
//!
//! ```
//! use freewheel_core::settings;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
//! #[serde(default, deny_unknown_fields)]
//! struct Config {
//!     /// Step size, above 0.
//!     learning_rate: f64,
//! }
//!
//! impl Default for Config {
//!     fn default() -> Self {
//!         Config { learning_rate: 0.1 }
//!     }
//! }
//!
//! let table = "lr = 0.5".parse().unwrap();
//! let error = settings::read::<Config>(&table, "agent mine").unwrap_err();
//! assert_eq!(error.to_string(), "agent mine: unknown setting `lr`; its name here is `learning_rate`");
//! ```

use std::fmt::Display;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize};

pub use crate::names::{nearest, unknown};
use crate::{Error, Result};

/// Settings of a world or an agent without settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoSettings {}

/// Reads `table` as a settings struct `T`. Error messages start with `of`, such as "agent q-learning", unless it is
/// empty.
///
/// # Errors
/// [`Error::Setting`] for an unknown key, with the most similar known key; for a value of the wrong type or out of
/// range.
pub fn read<T: DeserializeOwned + JsonSchema>(table: &toml::Table, of: &str) -> Result<T> {
    let known: Vec<String> = fields(&schemars::schema_for!(T)).into_iter().map(|field| field.name).collect();
    if let Some(key) = table.keys().find(|key| !known.contains(key)) {
        return Err(Error::setting(key, unknown("setting", key, &known, of)));
    }
    serde_path_to_error::deserialize(table.clone()).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.inner().message().to_owned());
        let (path, message) = match message.strip_prefix(MARK).and_then(|rest| rest.split_once(MARK)) {
            Some((inner, message)) => (inner.to_owned(), message.to_owned()),
            None => (path, message),
        };
        let key = path.split(['.', '[']).next().unwrap_or_default();
        let error = match table.get(key) {
            Some(value) => Error::setting(key, format!("{key} = {value}: {}", message.trim_end())),
            None => Error::Config(message),
        };
        if of.is_empty() { error } else { error.of(of) }
    })
}

/// Checks that the `value` of the setting `key` lies in `range`; NaN does not.
///
/// ```
/// let error = freewheel_core::settings::in_range("gamma", 1.5, 0.0..=1.0).unwrap_err();
/// assert_eq!(error.to_string(), "gamma = 1.5 is out of range: it must be at least 0 and at most 1");
/// ```
///
/// # Errors
/// [`Error::Setting`] with the key, the value and the range.
pub fn in_range<T: PartialOrd + Display>(key: &str, value: T, range: RangeInclusive<T>) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    let (low, high) = range.into_inner();
    let message = format!("{key} = {value} is out of range: it must be at least {low} and at most {high}");
    Err(Error::setting(key, message))
}

/// Separator between the key and the message of an error in flattened settings; a character that TOML does not allow.
const MARK: char = '\u{1}';

/// Deserializes a flattened settings struct so that an error of [`read`] has the key of the wrong setting in it.
///
/// # Errors
/// Errors of the deserialization of `T`.
pub fn flattened<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.into_inner().to_string());
        match message.starts_with(MARK) {
            true => D::Error::custom(message),
            false => D::Error::custom(format!("{MARK}{path}{MARK}{message}")),
        }
    })
}

/// One field of a settings struct.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Key in TOML.
    pub name: String,
    /// Doc line: meaning, unit, range.
    pub about: String,
    /// Default as JSON; null for a default that depends on the world, or for an optional setting.
    pub default: serde_json::Value,
    /// Whether the value is a path of a file or a folder: `#[schemars(extend("format" = "path"))]`.
    pub is_path: bool,
}

/// Fields of a settings struct, from its schema, in order of declaration.
pub fn fields(schema: &schemars::Schema) -> Vec<Field> {
    let text = |value: &serde_json::Value, key: &str| {
        value.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().replace('\n', " ")
    };
    let properties = schema.get("properties").and_then(serde_json::Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, field)| Field {
            name: name.clone(),
            about: text(field, "description"),
            default: field.get("default").cloned().unwrap_or_default(),
            is_path: text(field, "format") == "path",
        })
        .collect()
}
