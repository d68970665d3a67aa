//! The family `grid`: worlds by name and from files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_core::{DynWorld, Error, PolicyLoader, Result, World, WorldFamily, WorldInfo};

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
        if is_movingai(file) {
            return Problem::find(file, settings)?.read(file);
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

/// Whether a file is one of MovingAI's.
fn is_movingai(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "map" || extension == "scen")
}

/// The two files of a problem, and its number from 1.
struct Problem {
    scenario: PathBuf,
    map: PathBuf,
    number: usize,
    settings: Settings,
}

impl Problem {
    /// `file` is the `.map` or the `.scen`.
    fn find(file: &Path, settings: &toml::Table) -> Result<Self> {
        let settings = Settings::read(settings, &file.display().to_string(), &[OF_MAPS, &["problem"]])?;
        let number = settings.problem.unwrap_or(1);
        if file.extension().is_some_and(|extension| extension == "map") {
            return Ok(Problem { scenario: beside(file)?, map: file.to_path_buf(), number, settings });
        }
        let text = fs::read_to_string(file).map_err(Error::io(file))?;
        let problems = movingai::problems(&text).map_err(|e| e.in_file(file))?;
        let called =
            number.checked_sub(1).and_then(|index| problems.get(index)).map_or("", |problem| problem.map);
        Ok(Problem { scenario: file.to_path_buf(), map: map_of(file, called), number, settings })
    }

    /// The world of this problem, opened as `file`.
    fn read(self, file: &Path) -> Result<Gridworld> {
        let Problem { scenario, map, number, settings } = self;
        let text = fs::read_to_string(&scenario).map_err(Error::io(&scenario))?;
        let problems = movingai::problems(&text).map_err(|e| e.in_file(&scenario))?;
        let Some(problem) = number.checked_sub(1).and_then(|index| problems.get(index)) else {
            let (file, count) = (scenario.display(), problems.len());
            return Err(Error::Config(format!(
                "{file} has the problems 1 to {count}; there is no problem {number}"
            )));
        };
        let text = fs::read_to_string(&map).map_err(Error::io(&map))?;
        let terrain = Terrain::parse(&text).map_err(|e| e.in_file(&map))?;
        let mut grid = terrain.map(problem).map_err(|e| e.in_file(&scenario))?;
        settings.apply(grid.legend_mut());
        Gridworld::from_map(id_of(file), &grid).map_err(|e| e.in_file(&map))
    }
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

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        _cast: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        Ok(self.world(name, settings)?.map(World::shared))
    }

    fn open(&self, file: &Path, settings: &toml::Table) -> Result<Arc<dyn DynWorld>> {
        self.read(file, settings).map(World::shared)
    }

    fn sources(&self, file: &Path, settings: &toml::Table) -> Result<Vec<PathBuf>> {
        if !is_movingai(file) {
            return Ok(vec![file.to_owned()]);
        }
        Problem::find(file, settings).map(|problem| vec![problem.scenario, problem.map])
    }

    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::schema_for!(Settings)
    }
}
