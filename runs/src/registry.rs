//! Registry of worlds, agents and estimators. A program of your own adds a world, agent or estimator with one line.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # fn my_world() -> Arc<dyn freewheel_core::DynWorld> { unimplemented!() }
//! fn main() -> std::process::ExitCode {
//!     freewheel::Registry::standard()
//!         .world("my/world", "what it is", || Ok(my_world()))
//!         .main()
//! }
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel_agents::AgentFactory;
use freewheel_agents::estimator::EstimatorFactory;
use freewheel_core::settings::{Field, NoSettings, fields, read, unknown};
use freewheel_core::{DynWorld, Error, Result, WorldFamily, WorldInfo, WorldSource};
use freewheel_envs::go::players::program;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::checkpoints::identity_and_agent;
use crate::observation::ConfiguredFactory;

/// Worlds, agents and estimators by name.
pub struct Registry {
    name: &'static str,
    families: Vec<Box<dyn WorldFamily>>,
    /// Programs that settings from files may name.
    programs: Programs,
    singles: Vec<Single>,
    agents: Vec<Arc<ConfiguredFactory>>,
    estimators: Vec<Box<dyn EstimatorFactory>>,
}

type BuildWorld = dyn Fn(&Table) -> Result<Arc<dyn DynWorld>> + Send + Sync;

/// Programs that a world may start whose settings come from a file: an experiment, a run, a recorded episode or a saved
/// trainer. Files may come from other people.
#[derive(Clone, Debug)]
pub(crate) enum Programs {
    /// The programs that the command line names: texts of settings, such as `gtp:gnugo --mode gtp`.
    Named(Vec<String>),
    /// All programs.
    All,
}

/// A single world that is not part of a family.
struct Single {
    info: WorldInfo,
    fields: Vec<Field>,
    build: Box<BuildWorld>,
}

impl Default for Registry {
    fn default() -> Self {
        Registry {
            name: "freewheel",
            families: Vec::new(),
            programs: Programs::Named(Vec::new()),
            singles: Vec::new(),
            agents: Vec::new(),
            estimators: Vec::new(),
        }
    }
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registry with all worlds, agents and estimators of Freewheel.
    pub fn standard() -> Self {
        let registry = Self::new()
            .family(freewheel_envs::gridworld::GridworldFamily)
            .family(freewheel_envs::go::GoFamily::default())
            .family(freewheel_envs::track::TrackFamily)
            .family(freewheel_envs::market::MarketFamily)
            .family(freewheel_envs::classic::ClassicFamily)
            .family(freewheel_envs::minigrid::MiniGridFamily)
            .family(freewheel_envs::minatar::MinAtarFamily);
        let mut estimators = freewheel_agents::supervised::all();
        estimators.extend(freewheel_agents::unsupervised::all());
        Registry {
            agents: freewheel_agents::all()
                .into_iter()
                .map(|agent| Arc::new(ConfiguredFactory(agent)))
                .collect(),
            estimators,
            ..registry
        }
    }

    /// Sets the name of the program that is shown in help texts and messages.
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Name of the program.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Allows all files to name programs that are started as opponents (`gtp:COMMAND`). By default, settings in an
    /// experiment file, a run, a recorded episode or a saved trainer start no program.
    pub fn allow_programs(mut self) -> Self {
        self.programs = Programs::All;
        self
    }

    /// Sets the programs that files may name.
    pub(crate) fn set_programs(&mut self, programs: Programs) {
        if !matches!(self.programs, Programs::All) {
            self.programs = programs;
        }
    }

    /// Adds a family of worlds.
    pub fn family(mut self, family: impl WorldFamily + 'static) -> Self {
        self.families.push(Box::new(family));
        self
    }

    /// Adds one world without settings under `id` (`family/name`), which is also the id of its spec.
    pub fn world(
        self,
        id: &str,
        about: &str,
        build: impl Fn() -> Result<Arc<dyn DynWorld>> + Send + Sync + 'static,
    ) -> Self {
        self.world_with(id, about, move |_: NoSettings| build())
    }

    /// Adds one world under `id` with settings of type `C`. `freewheel envs` lists the fields of `C` with defaults and
    /// doc lines, and an experiment file may set them.
    pub fn world_with<C: DeserializeOwned + JsonSchema>(
        mut self,
        id: &str,
        about: &str,
        build: impl Fn(C) -> Result<Arc<dyn DynWorld>> + Send + Sync + 'static,
    ) -> Self {
        let info = WorldInfo { id: id.to_owned(), about: about.to_owned() };
        let of = format!("world {id}");
        let build = Box::new(move |table: &Table| build(read(table, &of)?));
        self.singles.push(Single { info, fields: fields(&schemars::schema_for!(C)), build });
        self
    }

    /// Adds an agent. The agent gets the settings of an [`ObservationConfig`](crate::observation::ObservationConfig) in
    /// addition to its own.
    pub fn agent(mut self, agent: impl AgentFactory + 'static) -> Self {
        self.agents.push(Arc::new(ConfiguredFactory(Box::new(agent))));
        self
    }

    /// Adds an estimator.
    pub fn estimator(mut self, estimator: impl EstimatorFactory + 'static) -> Self {
        self.estimators.push(Box::new(estimator));
        self
    }

    /// Checks that all names of worlds, agents and estimators differ, and that no agent has a setting with the name
    /// of an observation setting.
    ///
    /// # Errors
    /// [`Error::Config`] with the name that is used twice.
    pub fn check(&self) -> Result<()> {
        let mut names: Vec<String> = self.worlds().into_iter().map(|info| info.id).collect();
        names.extend(self.agents.iter().map(|agent| agent.id().to_owned()));
        names.extend(self.estimators.iter().map(|estimator| estimator.id().to_owned()));
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                Err(Error::Config(format!("the registry has `{}` twice; rename one of them", pair[0])))
            }
            None => self.agents.iter().try_for_each(|agent| agent.check_names()),
        }
    }

    /// All worlds that have a name.
    pub fn worlds(&self) -> Vec<WorldInfo> {
        let named = self.families.iter().flat_map(|family| family.list());
        named.chain(self.singles.iter().map(|single| single.info.clone())).collect()
    }

    /// All agents, in the order in which they were added.
    pub fn agents(&self) -> impl Iterator<Item = &dyn AgentFactory> {
        self.agents.iter().map(|agent| &**agent as &dyn AgentFactory)
    }

    /// Builds the world `id`: `family/name`, or `family:file`. The settings may name programs to start.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown id, with the most similar known id; [`Error::Setting`]; [`Error::Input`] or
    /// [`Error::Io`] for a file.
    pub fn build_world(&self, id: &str, settings: &Table) -> Result<Arc<dyn DynWorld>> {
        if let Some(single) = self.singles.iter().find(|single| single.info.id == id) {
            let world = (single.build)(settings)?;
            // Recorded episodes and tables identify a world by the id in its spec.
            return match &world.spec().id {
                own if own == id => Ok(world),
                own => {
                    Err(Error::Config(format!("the world `{id}` has the id `{own}` in its spec; use one id")))
                }
            };
        }
        if let Some((family, file)) = world_file(id) {
            return self.family_of(family)?.open(Path::new(file), settings);
        }
        if let Some((family, name)) = id.split_once('/')
            && let Ok(family) = self.family_of(family)
            && let Some(world) = family.build(name, settings, self)?
        {
            return Ok(world);
        }
        let known: Vec<String> = self.worlds().into_iter().map(|info| info.id).collect();
        Err(Error::Config(format!("{}; `{} envs` lists all", unknown("world", id, &known, ""), self.name)))
    }

    /// [`Registry::build_world`] with settings of a file, which start no program unless programs are allowed or the
    /// command line names this program.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for such a program; as [`Registry::build_world`].
    pub(crate) fn build_world_of_file(&self, id: &str, settings: &Table) -> Result<Arc<dyn DynWorld>> {
        for (key, text) in settings.iter().flat_map(|(key, value)| texts(value).map(move |text| (key, text)))
        {
            if let (Some(command), Programs::Named(named)) = (program(text), &self.programs)
                && named.iter().all(|name| name.trim() != text.trim())
            {
                return Err(Error::Unsupported(format!(
                    "{id}: the setting `{key}` starts the program `{command}`, which the command line does not name; \
                     add --allow-programs if you trust this file"
                )));
            }
        }
        self.build_world(id, settings)
    }

    /// World of a recorded episode: [`Registry::build_world_of_file`] with settings as JSON, `null` for the defaults.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that are no table of TOML; as [`Registry::build_world_of_file`].
    pub(crate) fn build_recorded_world(
        &self,
        id: &str,
        settings: &serde_json::Value,
    ) -> Result<Arc<dyn DynWorld>> {
        let settings = match settings {
            serde_json::Value::Null => Table::new(),
            json => serde_json::from_value(json.clone())
                .map_err(|e| Error::Config(format!("the settings of {id} cannot be read: {e}")))?,
        };
        self.build_world_of_file(id, &settings)
    }

    /// Settings of the world `id`.
    pub fn world_fields(&self, id: &str) -> Vec<Field> {
        if let Some(single) = self.singles.iter().find(|single| single.info.id == id) {
            return single.fields.clone();
        }
        let (family, name) = match world_file(id) {
            Some((family, _)) => (family, ""),
            None => id.split_once('/').unwrap_or((id, "")),
        };
        self.family_of(family).map(|family| fields(&family.settings(name))).unwrap_or_default()
    }

    /// Factory of the agent `id`.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown id, with the most similar known id.
    pub fn find_agent(&self, id: &str) -> Result<&dyn AgentFactory> {
        self.shared_agent(id).map(|agent| &**agent as &dyn AgentFactory)
    }

    pub(crate) fn shared_agent(&self, id: &str) -> Result<&Arc<ConfiguredFactory>> {
        self.agents.iter().find(|agent| agent.id() == id).ok_or_else(|| {
            let known: Vec<&str> = self.agents.iter().map(|agent| agent.id()).collect();
            Error::Config(unknown("agent", id, &known, ""))
        })
    }

    /// World of a source: built from an id, or the given world value.
    pub(crate) fn world_of(&self, source: WorldSource) -> Result<Arc<dyn DynWorld>> {
        match source {
            WorldSource::Id(id) => self.build_world(&id, &Table::new()),
            WorldSource::World(world) => Ok(world),
        }
    }

    /// All estimators, in the order in which they were added.
    pub fn estimators(&self) -> &[Box<dyn EstimatorFactory>] {
        &self.estimators
    }

    /// Factory of the estimator `id`.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown id, with the most similar known id.
    pub fn find_estimator(&self, id: &str) -> Result<&dyn EstimatorFactory> {
        match self.estimators.iter().find(|estimator| estimator.id() == id) {
            Some(estimator) => Ok(&**estimator),
            None => {
                let known: Vec<&str> = self.estimators.iter().map(|estimator| estimator.id()).collect();
                Err(Error::Config(format!(
                    "{}; `{} estimators` lists all",
                    unknown("estimator", id, &known, ""),
                    self.name
                )))
            }
        }
    }

    /// BLAKE3 hash of all files that a world is read from and of the trained policies in the world; `None` for a world
    /// that its id and settings define completely.
    ///
    /// # Errors
    /// [`Error::Io`]; errors of [`Registry::build_world`].
    pub fn world_digest(&self, id: &str, settings: &Table) -> Result<Option<String>> {
        let sources = self.world_sources(id, settings)?;
        if sources.is_empty() {
            return Ok(None);
        }
        let mut hash = blake3::Hasher::new();
        for source in sources {
            let parts = match source.is_dir() {
                true => identity_and_agent(&source)?.to_vec(),
                false => vec![freewheel_core::input::read_raw(&source)?],
            };
            for bytes in parts {
                hash.update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
            }
        }
        Ok(Some(hash.finalize().to_hex().to_string()))
    }

    /// Files and run folders that a world is read from.
    ///
    /// # Errors
    /// Errors of reading a file that refers to other files.
    pub(crate) fn world_sources(&self, id: &str, settings: &Table) -> Result<Vec<PathBuf>> {
        let mut sources = match world_file(id) {
            Some((family, file)) => self.family_of(family)?.sources(Path::new(file), settings)?,
            None => Vec::new(),
        };
        let named = self.world_fields(id).into_iter().filter(|field| field.is_path);
        for path in named.filter_map(|field| settings.get(&field.name)).flat_map(paths) {
            // The list of the world family may contain this path already.
            if !sources.contains(&path) {
                sources.push(path);
            }
        }
        Ok(sources)
    }

    fn family_of(&self, name: &str) -> Result<&dyn WorldFamily> {
        match self.families.iter().find(|family| family.name() == name) {
            Some(family) => Ok(&**family),
            None => {
                let known: Vec<&str> = self.families.iter().map(|f| f.name()).collect();
                Err(Error::Config(unknown("family of worlds", name, &known, "")))
            }
        }
    }
}

/// All texts in `value`, also in lists and tables.
pub(crate) fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(all) => Box::new(all.iter().flat_map(texts)),
        Value::Table(table) => Box::new(table.values().flat_map(texts)),
        _ => Box::new(std::iter::empty()),
    }
}

/// Paths in the value of a setting: a single path, or a list.
fn paths(value: &Value) -> Vec<PathBuf> {
    match value {
        Value::String(path) if !path.is_empty() => vec![path.into()],
        Value::Array(all) => all.iter().flat_map(paths).collect(),
        _ => Vec::new(),
    }
}

/// Family and file of an id such as `grid:maps/mine.txt`.
pub fn world_file(id: &str) -> Option<(&str, &str)> {
    id.split_once(':').filter(|(family, _)| !family.contains('/'))
}
