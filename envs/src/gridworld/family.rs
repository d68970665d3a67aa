//! World family `grid`: grid-worlds by name and from files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_core::{DynWorld, Error, PolicyLoader, Result, World, WorldFamily, WorldInfo, input};

use super::map::Map;
use super::movingai::{self, MovingAiMap};
use super::settings::{MAP_SETTINGS, Settings};
use super::world::Gridworld;
use super::{gymnasium, named};

/// World family `grid`: builds grid-worlds by name and from files.
///
/// ```
/// use freewheel_core::{NoPolicyLoader, SolveQuery, WorldFamily};
/// use freewheel_envs::gridworld::GridworldFamily;
///
/// let world = GridworldFamily.build("cliff", &toml::Table::new(), &NoPolicyLoader)?.unwrap();
/// let optimum = world.solve(&SolveQuery::for_spec(world.spec()))?;
/// assert_eq!(optimum.value, -13.0);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct GridworldFamily;

impl GridworldFamily {
    /// World with the given `name` (without `grid/`); `None` if no world has this name.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that the world does not have.
    pub fn world(&self, name: &str, settings: &toml::Table) -> Result<Option<Gridworld>> {
        named::build(name, settings)
    }

    /// Map of the world `name`, with the settings applied; `None` if the world is not a map.
    ///
    /// # Errors
    /// As [`GridworldFamily::world`].
    pub fn map(&self, name: &str, settings: &toml::Table) -> Result<Option<Map>> {
        named::map(name, settings)
    }

    /// World from a map file, a Gymnasium `desc` list, or a MovingAI `.map` or `.scen` file.
    ///
    /// # Errors
    /// [`Error::Input`] with file, line and column for invalid content; [`Error::Io`] if the file cannot be read;
    /// [`Error::Config`] for invalid settings.
    pub fn read(&self, file: &Path, settings: &toml::Table) -> Result<Gridworld> {
        if is_movingai(file) {
            return ScenarioFiles::locate(file, settings)?.load(file);
        }
        let text = input::read_text(file)?;
        let settings = Settings::read(settings, &file.display().to_string(), &[MAP_SETTINGS])?;
        let map = if gymnasium::is_list(&text) { gymnasium::parse(&text) } else { Map::parse(&text) };
        let mut map = map.map_err(|e| e.in_file(file))?;
        settings.apply(map.legend_mut());
        Gridworld::from_map(file_world_id(file), &map).map_err(|e| e.in_file(file))
    }
}

/// Name of a world read from a file, such as `grid:maps/mine.txt`.
fn file_world_id(file: &Path) -> String {
    format!("grid:{}", file.display())
}

/// Whether a file is in MovingAI's format, by its extension.
fn is_movingai(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "map" || extension == "scen")
}

/// The map file and the scenario file of a MovingAI world, and the number of the problem, from 1.
struct ScenarioFiles {
    scenario: PathBuf,
    map: PathBuf,
    number: usize,
    settings: Settings,
}

impl ScenarioFiles {
    /// Finds both files from `file`, which is a `.map` or a `.scen`.
    fn locate(file: &Path, settings: &toml::Table) -> Result<Self> {
        let settings = Settings::read(settings, &file.display().to_string(), &[MAP_SETTINGS, &["problem"]])?;
        let number = settings.problem.unwrap_or(1);
        if file.extension().is_some_and(|extension| extension == "map") {
            return Ok(ScenarioFiles {
                scenario: scenario_beside(file)?,
                map: file.to_path_buf(),
                number,
                settings,
            });
        }
        let text = input::read_text(file)?;
        let problems = movingai::parse_scenario(&text).map_err(|e| e.in_file(file))?;
        let name =
            number.checked_sub(1).and_then(|index| problems.get(index)).map_or("", |problem| problem.map);
        Ok(ScenarioFiles { scenario: file.to_path_buf(), map: map_beside(file, name), number, settings })
    }

    /// World of the selected problem; its name contains `file`.
    fn load(self, file: &Path) -> Result<Gridworld> {
        let ScenarioFiles { scenario, map, number, settings } = self;
        let text = input::read_text(&scenario)?;
        let problems = movingai::parse_scenario(&text).map_err(|e| e.in_file(&scenario))?;
        let Some(problem) = number.checked_sub(1).and_then(|index| problems.get(index)) else {
            let (file, count) = (scenario.display(), problems.len());
            return Err(Error::Config(format!(
                "{file} has the problems 1 to {count}; there is no problem {number}"
            )));
        };
        let text = input::read_text(&map)?;
        let movingai_map = MovingAiMap::parse(&text).map_err(|e| e.in_file(&map))?;
        let mut grid = movingai_map.map(problem).map_err(|e| e.in_file(&scenario))?;
        settings.apply(grid.legend_mut());
        Gridworld::from_map(file_world_id(file), &grid).map_err(|e| e.in_file(&map))
    }
}

/// Scenario file in the folder of a `.map` file: for `x.map`, the file `x.map.scen` or `x.scen`.
fn scenario_beside(map: &Path) -> Result<PathBuf> {
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

/// Map file of a scenario: for `x.map.scen`, the file `x.map` in the same folder, or else the map `name` that the
/// scenario gives.
fn map_beside(scenario: &Path, name: &str) -> PathBuf {
    let own = scenario.with_extension("");
    let own = if own.extension().is_some_and(|e| e == "map") { own } else { own.with_extension("map") };
    let named = Path::new(name).file_name().map(|name| scenario.with_file_name(name));
    match named {
        Some(named) if !own.exists() => named,
        _ => own,
    }
}

impl WorldFamily for GridworldFamily {
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
        _loader: &dyn PolicyLoader,
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
        ScenarioFiles::locate(file, settings).map(|problem| vec![problem.scenario, problem.map])
    }

    /// JSON schema of the settings that the world `name` has, each with the default for this world.
    fn settings(&self, name: &str) -> schemars::Schema {
        let mut schema = schemars::schema_for!(Settings);
        let defaults = named::defaults(name);
        if let Some(properties) = schema.get_mut("properties").and_then(|value| value.as_object_mut()) {
            properties.retain(|key, _| defaults.iter().any(|(name, _)| name == key));
            for (key, default) in defaults {
                if let Some(property) = properties.get_mut(key).and_then(|value| value.as_object_mut()) {
                    property.insert("default".into(), default);
                }
            }
        }
        schema
    }
}
