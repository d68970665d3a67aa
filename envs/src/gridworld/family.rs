//! The family `grid`: worlds by name and from files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_core::{DynWorld, Error, Result, World, WorldFamily, WorldInfo};

use super::map::Map;
use super::movingai::{self, Terrain};
use super::settings::{OF_MAPS, Settings};
use super::world::Gridworld;
use super::{gymnasium, named};

/// The family `grid`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grids;

impl Grids {
    /// The world called `name` (without `grid/`), `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that the world does not take.
    pub fn world(&self, name: &str, settings: &toml::Table) -> Result<Option<Gridworld>> {
        named::build(name, settings)
    }

    /// The map of the world called `name`, with the settings applied; `None` where it has none.
    ///
    /// # Errors
    /// As [`Grids::world`].
    pub fn map(&self, name: &str, settings: &toml::Table) -> Result<Option<Map>> {
        named::map(name, settings)
    }

    /// Reads a world from a map file of our own, a Gymnasium `desc` list, or a MovingAI `.map` or `.scen`.
    ///
    /// # Errors
    /// [`Error::Input`] with file, line and column; [`Error::Io`]; [`Error::Config`] for settings.
    pub fn read(&self, file: &Path, settings: &toml::Table) -> Result<Gridworld> {
        let extension = file.extension().and_then(|extension| extension.to_str());
        if let Some("map" | "scen") = extension {
            return read_problem(file, settings);
        }
        let text = fs::read_to_string(file).map_err(Error::io(file))?;
        let settings = Settings::read(settings, &file.display().to_string(), &[OF_MAPS])?;
        let map = if gymnasium::is_list(&text) { gymnasium::read(&text) } else { Map::parse(&text) };
        let mut map = map.map_err(|e| e.in_file(file))?;
        settings.apply(map.legend_mut());
        Gridworld::from_map(id_of(file), &map).map_err(|e| e.in_file(file))
    }
}

/// A world of a file is called as the program calls it: `grid:maps/mine.txt`.
fn id_of(file: &Path) -> String {
    format!("grid:{}", file.display())
}

/// A problem of a scenario; `file` is the `.map` or the `.scen`.
fn read_problem(file: &Path, settings: &toml::Table) -> Result<Gridworld> {
    let settings = Settings::read(settings, &file.display().to_string(), &[OF_MAPS, &["problem"]])?;
    let scenario_file = match file.extension().is_some_and(|extension| extension == "scen") {
        true => file.to_path_buf(),
        false => beside(file)?,
    };
    let scenario = fs::read_to_string(&scenario_file).map_err(Error::io(&scenario_file))?;
    let problems = movingai::problems(&scenario).map_err(|e| e.in_file(&scenario_file))?;
    let number = settings.problem.unwrap_or(1);
    let Some(problem) = number.checked_sub(1).and_then(|index| problems.get(index)) else {
        let (file, count) = (scenario_file.display(), problems.len());
        return Err(Error::Config(format!(
            "{file} has the problems 1 to {count}; there is no problem {number}"
        )));
    };
    let map_file = match scenario_file == file {
        true => map_of(file, problem.map),
        false => file.to_path_buf(),
    };
    let text = fs::read_to_string(&map_file).map_err(Error::io(&map_file))?;
    let terrain = Terrain::parse(&text).map_err(|e| e.in_file(&map_file))?;
    let mut map = terrain.map(problem).map_err(|e| e.in_file(&scenario_file))?;
    settings.apply(map.legend_mut());
    Gridworld::from_map(id_of(file), &map).map_err(|e| e.in_file(&map_file))
}

/// The scenario that lies beside a `.map`: `x.map.scen` or `x.scen`.
fn beside(map: &Path) -> Result<PathBuf> {
    let [long, short] = [map.with_extension("map.scen"), map.with_extension("scen")];
    match [&long, &short].into_iter().find(|file| file.exists()) {
        Some(file) => Ok(file.clone()),
        None => Err(Error::Config(format!(
            "{} has no start and no goal; put its scenario beside it, as {}",
            map.display(),
            long.display()
        ))),
    }
}

/// The map that a scenario is for: `x.map` beside `x.map.scen`, or what the scenario calls it.
fn map_of(scenario: &Path, called: &str) -> PathBuf {
    let own = scenario.with_extension("");
    let own = if own.extension().is_some_and(|e| e == "map") { own } else { own.with_extension("map") };
    let called = Path::new(called).file_name().map(|name| scenario.with_file_name(name));
    match called {
        Some(called) if !own.exists() => called,
        _ => own,
    }
}

impl WorldFamily for Grids {
    fn name(&self) -> &str {
        "grid"
    }

    fn list(&self) -> Vec<WorldInfo> {
        named::list().map(|(name, about)| WorldInfo { id: format!("grid/{name}"), about }).collect()
    }

    fn build(&self, name: &str, settings: &toml::Table) -> Result<Option<Arc<dyn DynWorld>>> {
        Ok(self.world(name, settings)?.map(World::shared))
    }

    fn open(&self, file: &Path, settings: &toml::Table) -> Result<Arc<dyn DynWorld>> {
        self.read(file, settings).map(World::shared)
    }

    fn settings(&self) -> schemars::Schema {
        schemars::schema_for!(Settings)
    }
}
