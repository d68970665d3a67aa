//! The family `track`: circuits by name and from files.

use std::path::Path;
use std::sync::Arc;

use freewheel_core::{DynWorld, Error, EvaluationWorld, PolicyLoader, Result, WorldFamily, WorldInfo};

use super::circuit::{Circuit, NAMES};
use super::world::{self, Settings, Start};

/// The seed of `track/random` where none is set.
const SEED: u64 = 1;

/// The family `track`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tracks;

impl WorldFamily for Tracks {
    fn name(&self) -> &str {
        "track"
    }

    fn list(&self) -> Vec<WorldInfo> {
        NAMES
            .iter()
            .map(|(name, about)| WorldInfo { id: format!("track/{name}"), about: (*about).to_owned() })
            .collect()
    }

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        _cast: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        if !NAMES.iter().any(|(known, _)| *known == name) {
            return Ok(None);
        }
        let id = format!("track/{name}");
        let (table, settings) = (settings, Settings::read(settings, &id)?);
        refuse(&id, "bridges", settings.bridges.is_some(), "circuits from files")?;
        refuse(&id, "seed", settings.seed.is_some() && name != "random", "track/random")?;
        let Some(circuit) = Circuit::named(name, settings.seed.unwrap_or(SEED))? else {
            return Ok(None);
        };
        judged(&id, &circuit, &settings, table).map(Some)
    }

    fn open(&self, file: &Path, settings: &toml::Table) -> Result<Arc<dyn DynWorld>> {
        let id = format!("track:{}", file.display());
        let (table, settings) = (settings, Settings::read(settings, &id)?);
        refuse(&id, "seed", settings.seed.is_some(), "track/random")?;
        let circuit = Circuit::read(file, settings.bridges.unwrap_or(false))?;
        judged(&id, &circuit, &settings, table)
    }

    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::schema_for!(Settings)
    }
}

/// Driving as `settings` say. What is learned from starts anywhere is judged from a standing start: only that is a lap like
/// anybody's.
fn judged(
    id: &str,
    circuit: &Circuit,
    settings: &Settings,
    table: &toml::Table,
) -> Result<Arc<dyn DynWorld>> {
    if settings.start != Start::Anywhere {
        return world::driving(id, circuit.clone(), settings, None);
    }
    let standing = Settings { start: Start::Standing, ..settings.clone() };
    let mut table = table.clone();
    table.insert("start".into(), "standing".into());
    let judge =
        EvaluationWorld { world: world::driving(id, circuit.clone(), &standing, None)?, settings: table };
    world::driving(id, circuit.clone(), settings, Some(judge))
}

/// A setting that belongs elsewhere is an error where it is given.
fn refuse(id: &str, setting: &str, given: bool, of: &str) -> Result<()> {
    if given {
        return Err(Error::Config(format!(
            "{id}: the setting `{setting}` belongs to {of}; leave it out here"
        )));
    }
    Ok(())
}
