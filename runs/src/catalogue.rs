//! What there is: worlds and agents, as a value that a user's own crate extends in one line.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # fn my_world() -> Arc<dyn freewheel_core::DynWorld> { unimplemented!() }
//! fn main() -> std::process::ExitCode {
//!     freewheel::Catalogue::standard()
//!         .world("my/world", "what it is", |_settings| Ok(my_world()))
//!         .main()
//! }
//! ```

use std::path::Path;
use std::sync::Arc;

use freewheel_agents::AgentKind;
use freewheel_core::settings::{Field, fields, unknown};
use freewheel_core::{DynWorld, Error, Result, WorldFamily, WorldInfo};
use toml::Table;

/// Worlds and agents by name.
#[derive(Default)]
pub struct Catalogue {
    families: Vec<Box<dyn WorldFamily>>,
    singles: Vec<Single>,
    agents: Vec<Box<dyn AgentKind>>,
}

type BuildWorld = dyn Fn(&Table) -> Result<Arc<dyn DynWorld>> + Send + Sync;

/// A world that is added on its own, without a family.
struct Single {
    info: WorldInfo,
    build: Box<BuildWorld>,
}

impl Catalogue {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that Freewheel ships.
    pub fn standard() -> Self {
        let catalogue = Self::new().family(freewheel_envs::gridworld::Grids);
        freewheel_agents::all().into_iter().fold(catalogue, Self::agent)
    }

    /// Adds a family of worlds.
    pub fn family(mut self, family: impl WorldFamily + 'static) -> Self {
        self.families.push(Box::new(family));
        self
    }

    /// Adds one world under `id` (`family/name`). `build` is given the settings of the experiment file.
    pub fn world(
        mut self,
        id: &str,
        about: &str,
        build: impl Fn(&Table) -> Result<Arc<dyn DynWorld>> + Send + Sync + 'static,
    ) -> Self {
        let info = WorldInfo { id: id.to_owned(), about: about.to_owned() };
        self.singles.push(Single { info, build: Box::new(build) });
        self
    }

    /// Adds an agent.
    pub fn agent(mut self, agent: Box<dyn AgentKind>) -> Self {
        self.agents.push(agent);
        self
    }

    /// Every world that has a name.
    pub fn worlds(&self) -> Vec<WorldInfo> {
        let named = self.families.iter().flat_map(|family| family.list());
        named.chain(self.singles.iter().map(|single| single.info.clone())).collect()
    }

    /// Every agent, in order.
    pub fn agents(&self) -> &[Box<dyn AgentKind>] {
        &self.agents
    }

    /// Builds the world `id`: `family/name`, or `family:file`.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown name (the nearest is named) or bad settings; [`Error::Input`] or [`Error::Io`]
    /// for a bad file.
    pub fn build_world(&self, id: &str, settings: &Table) -> Result<Arc<dyn DynWorld>> {
        if let Some(single) = self.singles.iter().find(|single| single.info.id == id) {
            return (single.build)(settings);
        }
        if let Some((family, file)) = world_file(id) {
            return self.family_of(family)?.open(Path::new(file), settings);
        }
        if let Some((family, name)) = id.split_once('/')
            && let Some(world) = self.family_of(family)?.build(name, settings)?
        {
            return Ok(world);
        }
        let known: Vec<String> = self.worlds().into_iter().map(|info| info.id).collect();
        Err(Error::Config(format!("{}; `freewheel envs` lists all", unknown("world", id, &known, ""))))
    }

    /// The settings that a world takes.
    pub fn world_fields(&self, id: &str) -> Vec<Field> {
        let family = id.split(['/', ':']).next().unwrap_or_default();
        self.families.iter().find(|f| f.name() == family).map(|f| fields(&f.settings())).unwrap_or_default()
    }

    /// The agent called `id`.
    ///
    /// # Errors
    /// [`Error::Config`], naming the nearest.
    pub fn find_agent(&self, id: &str) -> Result<&dyn AgentKind> {
        match self.agents.iter().find(|agent| agent.id() == id) {
            Some(agent) => Ok(&**agent),
            None => {
                let known: Vec<&str> = self.agents.iter().map(|agent| agent.id()).collect();
                Err(Error::Config(unknown("agent", id, &known, "")))
            }
        }
    }

    fn family_of(&self, name: &str) -> Result<&dyn WorldFamily> {
        match self.families.iter().find(|family| family.name() == name) {
            Some(family) => Ok(&**family),
            None => {
                let singles = self.singles.iter().filter_map(|s| s.info.id.split('/').next());
                let known: Vec<&str> = self.families.iter().map(|f| f.name()).chain(singles).collect();
                Err(Error::Config(unknown("family of worlds", name, &known, "")))
            }
        }
    }
}

/// The family and the file of an identifier such as `grid:maps/mine.txt`.
pub fn world_file(id: &str) -> Option<(&str, &str)> {
    id.split_once(':').filter(|(family, _)| !family.contains('/'))
}
