//! Worlds `track/...`: time trials of a car on a closed circuit.
//!
//! | module | content |
//! |---|---|
//! | [`circuit`] | circuits: built-in, random, and read from CSV files |
//! | [`vehicle`] | vehicle models and their parameters |
//! | [`mod@line`] | racing lines, speed profiles, and a proved lower bound on the lap time |
//! | `world` | environment: rules, observations, scripted policies |
//! | `draw` | rendering to text cells |
//!
//! [`TrackFamily`] builds the worlds.

pub mod circuit;
mod draw;
pub mod line;
#[cfg(test)]
mod tests;
pub mod vehicle;
mod world;

pub use world::{Actions, Observation, Settings, Start, State, Steering};

use std::path::Path;
use std::sync::Arc;

use freewheel_core::{DynWorld, Error, EvaluationWorld, PolicyLoader, Result, WorldFamily, WorldInfo};

use circuit::{CIRCUITS, Circuit};

/// Default `seed` of `track/random`.
const SEED: u64 = 1;

/// World family `track`: built-in circuits by name (`track/club`) and circuits from files (`track:FILE.csv`).
///
/// ```
/// use freewheel_core::{NoPolicyLoader, WorldFamily};
/// use freewheel_envs::track::TrackFamily;
///
/// let world = TrackFamily.build("circle", &toml::Table::new(), &NoPolicyLoader)?.unwrap();
/// assert_eq!(world.spec().score_title(), "lap time (s)");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TrackFamily;

impl WorldFamily for TrackFamily {
    fn name(&self) -> &str {
        "track"
    }

    fn list(&self) -> Vec<WorldInfo> {
        CIRCUITS
            .iter()
            .map(|(name, about)| WorldInfo { id: format!("track/{name}"), about: (*about).to_owned() })
            .collect()
    }

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        _loader: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        if !CIRCUITS.iter().any(|(known, _)| *known == name) {
            return Ok(None);
        }
        let id = format!("track/{name}");
        let (table, settings) = (settings, Settings::read(settings, &id)?);
        reject(&id, "bridges", settings.bridges.is_some(), "circuits from files")?;
        reject(&id, "width", settings.width.is_some(), "circuits from files")?;
        reject(&id, "seed", settings.seed.is_some() && name != "random", "track/random")?;
        let Some(circuit) = Circuit::named(name, settings.seed.unwrap_or(SEED))? else {
            return Ok(None);
        };
        build(&id, &circuit, &settings, table).map(Some)
    }

    fn open(&self, file: &Path, settings: &toml::Table) -> Result<Arc<dyn DynWorld>> {
        let id = format!("track:{}", file.display());
        let (table, settings) = (settings, Settings::read(settings, &id)?);
        reject(&id, "seed", settings.seed.is_some(), "track/random")?;
        let circuit = Circuit::read_with(file, settings.file_options())?;
        build(&id, &circuit, &settings, table)
    }

    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::schema_for!(Settings)
    }
}

/// World on `circuit`. With `start = "anywhere"`, policies are evaluated in the same world with a standing start, so
/// that lap times are comparable with those of other settings of `start`.
fn build(id: &str, circuit: &Circuit, settings: &Settings, table: &toml::Table) -> Result<Arc<dyn DynWorld>> {
    if settings.start != Start::Anywhere {
        return world::build(id, circuit.clone(), settings, None);
    }
    let standing = Settings { start: Start::Standing, ..settings.clone() };
    let mut table = table.clone();
    table.insert("start".into(), "standing".into());
    let evaluation_world =
        EvaluationWorld { world: world::build(id, circuit.clone(), &standing, None)?, settings: table };
    world::build(id, circuit.clone(), settings, Some(evaluation_world))
}

/// Checks that `setting`, which applies to the worlds `of` only, is not given for the world `id` (else
/// [`Error::Setting`]).
fn reject(id: &str, setting: &str, given: bool, of: &str) -> Result<()> {
    if given {
        let message = format!("{id}: the setting `{setting}` belongs to {of}; remove it here");
        return Err(Error::setting(setting, message));
    }
    Ok(())
}
