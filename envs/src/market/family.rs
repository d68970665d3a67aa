//! The family `market`: worlds by name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_core::settings::read;
use freewheel_core::{DynWorld, PolicyLoader, Result, WorldFamily, WorldInfo};
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;

use super::execution::Execution;
use super::growth::{Gbm, Heston};
use super::making::Making;
use super::regime::Regime;
use super::replay;
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
    Kind {
        name: "replay",
        about: "historical prices from the CSV file that the setting `file` names; market:FILE.csv is the same",
        schema: schema::<replay::Settings>,
        build: replay::build,
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

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        _cast: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        KINDS.iter().find(|kind| kind.name == name).map(|kind| (kind.build)(settings)).transpose()
    }

    fn open(&self, file: &Path, settings: &toml::Table) -> Result<Arc<dyn DynWorld>> {
        replay::open(file, settings)
    }

    fn sources(&self, file: &Path, settings: &toml::Table) -> Result<Vec<PathBuf>> {
        replay::sources(file, settings)
    }

    fn settings(&self, name: &str) -> Schema {
        // What comes from a file is a replay.
        let kind = KINDS.iter().find(|kind| kind.name == name);
        kind.map_or_else(schema::<replay::Settings>, |kind| (kind.schema)())
    }
}
