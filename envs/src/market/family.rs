//! World family `market`: worlds by name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_core::settings::read;
use freewheel_core::{DynWorld, PolicyLoader, Result, WorldFamily, WorldInfo};
use schemars::{JsonSchema, Schema, schema_for};
use serde::de::DeserializeOwned;

use super::execution::Execution;
use super::growth::{Gbm, Heston};
use super::making::MarketMaking;
use super::regime::Regime;
use super::replay;
use super::signal::{Ar1, GarleanuPedersen};

/// World family `market`: synthetic markets by name, and replays of price files.
///
/// ```
/// use freewheel_core::{NoPolicyLoader, SolveQuery, WorldFamily};
/// use freewheel_envs::market::MarketFamily;
///
/// let world = MarketFamily.build("ar1", &toml::Table::new(), &NoPolicyLoader)?.unwrap();
/// let query = SolveQuery::for_spec(world.spec());
/// assert!(world.solve(&query)?.value > world.baseline(&query)?.value);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MarketFamily;

/// Settings of a synthetic market.
pub(super) trait MarketSettings: DeserializeOwned + JsonSchema {
    /// Id of the world, such as `market/ar1`.
    const ID: &'static str;
    /// Description for the list of worlds, one line.
    const ABOUT: &'static str;

    /// Builds the world of these settings.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for settings out of range.
    fn build(&self) -> Result<Arc<dyn DynWorld>>;
}

/// Listed world of the family.
struct Entry {
    id: &'static str,
    about: &'static str,
    schema: fn() -> Schema,
    build: fn(&toml::Table) -> Result<Arc<dyn DynWorld>>,
}

const ENTRIES: &[Entry] = &[
    entry::<Ar1>(),
    entry::<GarleanuPedersen>(),
    entry::<Regime>(),
    entry::<MarketMaking>(),
    entry::<Gbm>(),
    entry::<Heston>(),
    entry::<Execution>(),
    Entry {
        id: "market/replay",
        about: "Historical prices from the CSV file in the setting `file`; the world market:FILE.csv is the same",
        schema: || schema_for!(replay::Settings),
        build: replay::build,
    },
];

const fn entry<T: MarketSettings>() -> Entry {
    Entry {
        id: T::ID,
        about: T::ABOUT,
        schema: || schema_for!(T),
        build: |table| read::<T>(table, T::ID)?.build(),
    }
}

/// Entry of the world `market/name`; `None` for an unknown name.
fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.id.strip_prefix("market/") == Some(name))
}

impl WorldFamily for MarketFamily {
    fn name(&self) -> &str {
        "market"
    }

    fn list(&self) -> Vec<WorldInfo> {
        ENTRIES.iter().map(|entry| WorldInfo { id: entry.id.into(), about: entry.about.into() }).collect()
    }

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        _loader: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        find(name).map(|entry| (entry.build)(settings)).transpose()
    }

    fn open(&self, file: &Path, settings: &toml::Table) -> Result<Arc<dyn DynWorld>> {
        replay::open(file, settings)
    }

    fn sources(&self, file: &Path, settings: &toml::Table) -> Result<Vec<PathBuf>> {
        replay::sources(file, settings)
    }

    fn settings(&self, name: &str) -> Schema {
        // A world opened from a file is a replay.
        find(name).map_or_else(|| schema_for!(replay::Settings), |entry| (entry.schema)())
    }
}
