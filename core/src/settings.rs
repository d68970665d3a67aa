//! Settings read from TOML tables into typed structs, unknown keys named with the nearest known one.
//!
//! A settings struct derives `Serialize`, `Deserialize` (with `#[serde(default, deny_unknown_fields)]`), `Default`
//! and `JsonSchema`; the doc line of a field, with its unit and range, is also its help text.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Of what has no settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NoSettings {}

/// Reads `table` as a `T`. `of` names what is being configured, for messages: "agent q-learning".
///
/// # Errors
/// [`Error::Config`] for an unknown key, naming the nearest known one, or a value of the wrong type or range.
pub fn read<T: DeserializeOwned + JsonSchema>(table: &toml::Table, of: &str) -> Result<T> {
    let known: Vec<String> = fields(&schemars::schema_for!(T)).into_iter().map(|field| field.name).collect();
    for key in table.keys() {
        if !known.contains(key) {
            return Err(Error::Config(unknown("setting", key, &known, of)));
        }
    }
    let of = if of.is_empty() { String::new() } else { format!("{of}: ") };
    T::deserialize(table.clone()).map_err(|e| Error::Config(format!("{of}{}", e.message())))
}

/// Says that `key` is not one of `known`, and which of them it may have meant.
pub fn unknown(kind: &str, key: &str, known: &[impl AsRef<str>], of: &str) -> String {
    let of = if of.is_empty() { String::new() } else { format!("{of}: ") };
    match nearest(key, known) {
        Some(near) => format!("{of}unknown {kind} `{key}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("{of}unknown {kind} `{key}`; there are none here"),
        None => {
            let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
            format!("{of}unknown {kind} `{key}`; known are {}", known.join(", "))
        }
    }
}

/// The one of `known` that `key` was probably meant to be.
pub fn nearest<'a>(key: &str, known: &'a [impl AsRef<str>]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(key, candidate.as_ref()), candidate.as_ref()))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// One field of a settings struct.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Its key.
    pub name: String,
    /// Its doc line: meaning, unit, range.
    pub about: String,
    /// Its default, as JSON.
    pub default: serde_json::Value,
    /// Whether it names a file or a folder: `#[schemars(extend("format" = "path"))]`.
    pub is_path: bool,
}

/// The fields of a settings struct, from its schema, in order of declaration.
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
