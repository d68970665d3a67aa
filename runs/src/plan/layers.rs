//! Layers of an experiment file: tables of settings that lie over each other, with their places in the file.

use freewheel_core::settings::read;
use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::entry::Entry;
use crate::document::Document;

/// Settings from one place in the file, and the key path of this place.
pub(super) struct Layer {
    pub(super) path: Vec<String>,
    pub(super) table: Table,
}

/// Layer of the table at `path`.
pub(super) fn layer(doc: &Document, path: &[&str]) -> Layer {
    let mut table = Some(&doc.table);
    for key in path {
        table = table.and_then(|table| table.get(*key)).and_then(Value::as_table);
    }
    Layer {
        path: path.iter().map(|&key| key.to_owned()).collect(),
        table: table.cloned().unwrap_or_default(),
    }
}

/// Layer of the settings in the entry of a list.
pub(super) fn layer_inline(entry: &Entry) -> Layer {
    Layer { path: entry.path.to_vec(), table: entry.inline.clone() }
}

/// Layer without the tables whose names are those of worlds or agents.
pub(super) fn without_tables_of(mut layer: Layer, is_name: impl Fn(&str) -> bool) -> Layer {
    layer.table.retain(|key, value| !(value.is_table() && is_name(key)));
    layer
}

/// Settings of all `layers`, of which later ones lie over earlier ones.
pub(super) fn merged(layers: &[Layer]) -> Table {
    layers.iter().flat_map(|layer| layer.table.clone()).collect()
}

/// Adds to an error about a setting the place of this setting in the file: the last of the `layers` that contains it.
/// An error that is not about a setting gets the place of the last layer.
pub(super) fn placed(doc: &Document, layers: &[Layer], error: Error) -> Error {
    let (message, key) = match error {
        Error::Setting { key, message } => (message, Some(key)),
        Error::Config(message) => (message, None),
        other => return other,
    };
    let keyed = key.and_then(|key| {
        let layer = layers.iter().rev().find(|layer| layer.table.contains_key(&key))?;
        Some((layer, Some(key)))
    });
    let Some((layer, key)) = keyed.or_else(|| Some((layers.last()?, None))) else {
        return Error::Config(message);
    };
    let path: Vec<&str> = layer.path.iter().chain(&key).map(String::as_str).collect();
    doc.error(&path, message)
}

/// Table `name` at the top of the file, deserialized as `T`.
pub(crate) fn section<T: DeserializeOwned + JsonSchema>(doc: &Document, name: &str) -> Result<T> {
    match doc.table.get(name) {
        None => read_section(doc, &[name], &Table::new()),
        Some(Value::Table(table)) => read_section(doc, &[name], table),
        Some(_) => {
            Err(doc.error(&[name], format!("`{name}` must be a table: write [{name}] above its settings")))
        }
    }
}

/// The `table` at `path`, deserialized as `T`.
pub(super) fn read_section<T: DeserializeOwned + JsonSchema>(
    doc: &Document,
    path: &[&str],
    table: &Table,
) -> Result<T> {
    let layer = Layer { path: path.iter().map(|&key| key.to_owned()).collect(), table: table.clone() };
    let of = path.last().copied().unwrap_or_default();
    read(table, of).map_err(|e| placed(doc, &[layer], e))
}
