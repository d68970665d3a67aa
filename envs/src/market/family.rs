//! The family `market`: worlds by name.

use std::sync::Arc;

use freewheel_core::settings::read;
use freewheel_core::{DynWorld, Result, WorldFamily, WorldInfo};
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::execution::Execution;
use super::growth::{Gbm, Heston};
use super::making::Making;
use super::regime::Regime;
use super::signal::{Ar1, GarleanuPedersen};

/// The family `market`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Markets;

/// A world of the family.
struct Kind {
    name: &'static str,
    about: &'static str,
    schema: fn() -> Schema,
    build: fn(&toml::Table) -> Result<Arc<dyn DynWorld>>,
}

const KINDS: &[Kind] = &[
    Kind {
        name: Ar1::NAME,
        about: Ar1::ABOUT,
        schema: schema::<Ar1>,
        build: |table| settings::<Ar1>(table, Ar1::NAME)?.build(),
    },
    Kind {
        name: GarleanuPedersen::NAME,
        about: GarleanuPedersen::ABOUT,
        schema: schema::<GarleanuPedersen>,
        build: |table| settings::<GarleanuPedersen>(table, GarleanuPedersen::NAME)?.build(),
    },
    Kind {
        name: Regime::NAME,
        about: Regime::ABOUT,
        schema: schema::<Regime>,
        build: |table| settings::<Regime>(table, Regime::NAME)?.build(),
    },
    Kind {
        name: Making::NAME,
        about: Making::ABOUT,
        schema: schema::<Making>,
        build: |table| settings::<Making>(table, Making::NAME)?.build(),
    },
    Kind {
        name: Gbm::NAME,
        about: Gbm::ABOUT,
        schema: schema::<Gbm>,
        build: |table| settings::<Gbm>(table, Gbm::NAME)?.build(),
    },
    Kind {
        name: Heston::NAME,
        about: Heston::ABOUT,
        schema: schema::<Heston>,
        build: |table| settings::<Heston>(table, Heston::NAME)?.build(),
    },
    Kind {
        name: Execution::NAME,
        about: Execution::ABOUT,
        schema: schema::<Execution>,
        build: |table| settings::<Execution>(table, Execution::NAME)?.build(),
    },
];

fn schema<T: JsonSchema>() -> Schema {
    schemars::schema_for!(T)
}

fn settings<T: DeserializeOwned + JsonSchema>(table: &toml::Table, name: &str) -> Result<T> {
    read(table, &format!("market/{name}"))
}

impl WorldFamily for Markets {
    fn name(&self) -> &str {
        "market"
    }

    fn list(&self) -> Vec<WorldInfo> {
        let info = |kind: &Kind| WorldInfo { id: format!("market/{}", kind.name), about: kind.about.into() };
        KINDS.iter().map(info).collect()
    }

    fn build(&self, name: &str, settings: &toml::Table) -> Result<Option<Arc<dyn DynWorld>>> {
        KINDS.iter().find(|kind| kind.name == name).map(|kind| (kind.build)(settings)).transpose()
    }

    /// Those of every world together; a world refuses those that are not its own. Where worlds differ in what a setting
    /// means, each says so; where they differ in its default, none is given.
    fn settings(&self) -> Schema {
        let mut properties = serde_json::Map::new();
        for kind in KINDS {
            let schema = (kind.schema)();
            let own = schema.get("properties").and_then(Value::as_object);
            for (name, field) in own.into_iter().flatten() {
                match properties.get_mut(name) {
                    Some(known) => join(known, field, kind.name),
                    None => _ = properties.insert(name.clone(), field.clone()),
                }
            }
        }
        schemars::json_schema!({ "type": "object", "properties": properties })
    }
}

/// Adds what the world `name` says of a setting that others take too.
fn join(known: &mut Value, field: &Value, name: &str) {
    let text =
        |field: &Value| field.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (said, own) = (text(known), text(field));
    if !said.contains(&own) {
        known["description"] = format!("{said} {name}: {own}").into();
    }
    if known.get("default") != field.get("default") {
        known["default"] = Value::Null;
    }
}
