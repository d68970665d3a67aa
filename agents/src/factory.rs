//! Factories that list, configure and build agents. A crate of your own adds one with `Registry::agent`.

use std::sync::Arc;

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::settings::Field;
use freewheel_core::{Agent, DynWorld, Error, Purpose, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::demonstrations::auto::Methods;
use crate::demonstrations::openings::{self, Opened};
use crate::demonstrations::{Chosen, Demonstrated, WarmStart};
use crate::memory;
use crate::settings::{fields_over, read_over};

/// Size of a training run; the ramps of schedules refer to this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Environment steps of the whole run, over all environments.
    pub steps: u64,
    /// Number of environments that are stepped together, at least 1.
    pub num_envs: usize,
}

/// Factory of one agent, an entry of the registry.
pub trait AgentFactory: Send + Sync {
    /// Name of the agent, such as `q-learning`.
    fn id(&self) -> &str;
    /// One-line description of the agent, with its source.
    fn about(&self) -> &str;
    /// Default number of environments that the agent is trained in at once.
    fn num_envs(&self) -> usize {
        1
    }
    /// Settings of the agent with description, range and default.
    fn fields(&self) -> Vec<Field>;
    /// Builds the agent for worlds with the observations and actions of `spec`.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown setting or a value out of range; [`Error::Config`] for a world in which the
    /// agent cannot learn.
    fn build(
        &self,
        spec: &Spec,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Agent>>;
    /// Builds the agent with access to `world`. Agents that learn from experience use only the spec of the world;
    /// planners and the agent `reference` also use the state and the solver of the world.
    ///
    /// # Errors
    /// As [`AgentFactory::build`].
    fn build_in(
        &self,
        world: &dyn DynWorld,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Agent>> {
        self.build(world.spec(), settings, budget, streams)
    }
    /// Store of demonstrations that these settings name; `None` for an agent that learns from its own steps alone. The
    /// setting is `demos`, or `demos` in the table `warm_start`.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown key or a value of the wrong type.
    fn demonstrations(&self, _settings: &toml::Table) -> Result<Option<Demonstrated>> {
        Ok(None)
    }
    /// Whether the agent learns from demonstrations alone: [`Agent::learn`] steps no environment, and a run has as many
    /// steps as its demonstrations.
    fn is_offline(&self) -> bool {
        false
    }
    /// Builds the agent as [`AgentFactory::build_in`], with the demonstrations that its settings name: the kept
    /// episodes, with the observations of `world`. An agent that is built without them can load a checkpoint and act,
    /// but not learn.
    ///
    /// # Errors
    /// As [`AgentFactory::build`]; [`Error::Config`] for demonstrations of another world.
    fn build_from(
        &self,
        world: &dyn DynWorld,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
        _demonstrations: Arc<DemonstrationSet>,
    ) -> Result<Box<dyn Agent>> {
        self.build_in(world, settings, budget, streams)
    }
    /// Method of the warm start in `settings` if it is `auto`: chosen for the demonstrations that the settings name, by
    /// what they and a clone of them score in `world`. `None` for other settings.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown key or a value of the wrong type; errors of playing episodes in `world`.
    fn choose_method(
        &self,
        _world: &dyn DynWorld,
        _settings: &toml::Table,
        _demonstrations: &Arc<DemonstrationSet>,
    ) -> Result<Option<Chosen>> {
        Ok(None)
    }
    /// Checks that an agent with these settings can learn in `world`, before a run starts.
    ///
    /// # Errors
    /// Those of [`AgentFactory::build_in`].
    fn check(&self, world: &dyn DynWorld, settings: &toml::Table, budget: Budget) -> Result<()> {
        self.build_in(world, settings, budget, Streams::new(0)).map(drop)
    }
    /// Warnings about settings with which a run of this size cannot learn, such as fewer steps than the first update
    /// needs. `settings` has all defaults, as of [`AgentFactory::resolve`].
    fn warnings(&self, _settings: &toml::Table, _budget: Budget) -> Vec<String> {
        Vec::new()
    }
    /// Settings with all defaults, as in `config.toml` of a run. A setting without a default is absent: the world
    /// determines its value.
    ///
    /// # Errors
    /// [`Error::Setting`] for an unknown key or a value of the wrong type.
    fn resolve(&self, settings: &toml::Table) -> Result<toml::Table>;
}

type Build<C> = Box<dyn Fn(&Spec, C, Budget, Streams) -> Result<Box<dyn Agent>> + Send + Sync>;
type Warnings<C> = Box<dyn Fn(&C, Budget) -> Vec<String> + Send + Sync>;
type Slot<C> = Box<dyn Fn(&mut C) -> Option<&mut Demonstrated> + Send + Sync>;
type WarmSlot<C> = Box<dyn Fn(&mut C) -> &mut Option<WarmStart> + Send + Sync>;
type Check<C> = Box<dyn Fn(&Spec, &C, Budget) -> Result<()> + Send + Sync>;

/// [`AgentFactory`] made of a settings struct `C` and a function that builds the agent.
///
/// ```
/// # use freewheel_agents::{AgentFactory, FnFactory, tabular::q_learning::{Config, QLearning}};
/// let mine = FnFactory::new("mine", "Q-learning under another name", |spec, config: Config, budget, streams| {
///     Ok(Box::new(QLearning::new(spec, config, budget, streams)?))
/// });
/// assert!(mine.fields().iter().any(|field| field.name == "epsilon"));
/// ```
pub struct FnFactory<C> {
    id: String,
    about: String,
    build: Build<C>,
    /// Check of the settings that builds no agent; with `None`, [`AgentFactory::check`] builds an agent.
    check: Option<Check<C>>,
    /// Defaults that replace those of `C`.
    defaults: Option<C>,
    num_envs: usize,
    warnings: Option<Warnings<C>>,
    /// Place of the demonstrations in the settings.
    demonstrated: Option<Slot<C>>,
    /// Place of the warm start in the settings, and the methods between which `auto` chooses.
    warm_start: Option<(WarmSlot<C>, Methods)>,
    offline: bool,
    /// Whether the agent needs a simulator of the world.
    simulates: bool,
}

impl<C> FnFactory<C> {
    /// Factory of the agent `id`; the function `build` builds the agent from its settings.
    pub fn new(
        id: &str,
        about: &str,
        build: impl Fn(&Spec, C, Budget, Streams) -> Result<Box<dyn Agent>> + Send + Sync + 'static,
    ) -> Self {
        FnFactory {
            id: id.to_owned(),
            about: about.to_owned(),
            build: Box::new(build),
            check: None,
            defaults: None,
            num_envs: 1,
            warnings: None,
            demonstrated: None,
            warm_start: None,
            offline: false,
            simulates: false,
        }
    }

    /// The same factory with a check of the settings that builds no agent. Without such a check,
    /// [`AgentFactory::check`] builds an agent and drops it.
    pub fn with_check(self, check: impl Fn(&Spec, &C, Budget) -> Result<()> + Send + Sync + 'static) -> Self {
        FnFactory { check: Some(Box::new(check)), ..self }
    }

    /// The same factory with other defaults.
    ///
    /// ```
    /// # use freewheel_agents::{AgentFactory, FnFactory, tabular::{Tabular, q_learning::{Config, QLearning}}};
    /// let optimistic = FnFactory::new("optimistic", "High first values", |spec, config: Config, budget, streams| {
    ///     Ok(Box::new(QLearning::new(spec, config, budget, streams)?))
    /// })
    /// .with_defaults(Config { tabular: Tabular { initial_value: 20.0, ..Tabular::default() } });
    /// assert_eq!(optimistic.resolve(&toml::Table::new())?["initial_value"], 20.0.into());
    /// # Ok::<(), freewheel_core::Error>(())
    /// ```
    pub fn with_defaults(self, defaults: C) -> Self {
        FnFactory { defaults: Some(defaults), ..self }
    }

    /// The same factory with another default number of environments.
    pub fn with_num_envs(self, num_envs: usize) -> Self {
        FnFactory { num_envs, ..self }
    }

    /// The same factory with warnings about settings with which a run cannot learn.
    pub fn with_warnings(self, warnings: impl Fn(&C, Budget) -> Vec<String> + Send + Sync + 'static) -> Self {
        FnFactory { warnings: Some(Box::new(warnings)), ..self }
    }

    /// The same factory of a reward learner that may start from demonstrations: `slot` is the place of the warm start
    /// in the settings, `methods` those between which `auto` chooses.
    pub(crate) fn with_warm_start(
        self,
        slot: impl Fn(&mut C) -> &mut Option<WarmStart> + Send + Sync + 'static,
        methods: Methods,
    ) -> Self {
        FnFactory { warm_start: Some((Box::new(slot), methods)), ..self }
    }

    /// The same factory of an agent that learns from demonstrations: `slot` is their place in the settings, `None` if
    /// the settings name none.
    pub fn with_demonstrations(
        self,
        slot: impl Fn(&mut C) -> Option<&mut Demonstrated> + Send + Sync + 'static,
    ) -> Self {
        FnFactory { demonstrated: Some(Box::new(slot)), ..self }
    }

    /// The same factory of an agent that learns from demonstrations alone.
    pub fn offline(self) -> Self {
        FnFactory { offline: true, ..self }
    }

    /// The same factory of an agent that simulates copies of the state of the world
    /// ([`VectorEnv::simulator`](freewheel_core::VectorEnv::simulator)).
    pub fn simulates(self) -> Self {
        FnFactory { simulates: true, ..self }
    }
}

impl<C: Serialize + DeserializeOwned + JsonSchema> FnFactory<C> {
    fn write(&self, config: &C) -> Result<toml::Table> {
        toml::Table::try_from(config)
            .map_err(|e| Error::Config(format!("agent {}: its settings cannot be written: {e}", self.id)))
    }

    fn read(&self, table: &toml::Table) -> Result<C> {
        let defaults = self.defaults.as_ref().map_or(Ok(toml::Table::new()), |own| self.write(own))?;
        read_over(&defaults, table, &format!("agent {}", self.id))
    }

    fn build_of(
        &self,
        spec: &Spec,
        mut config: C,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Agent>> {
        memory::require_envs(spec, budget)?;
        let opening = self.take_opening(&mut config);
        let build = || {
            let agent = (self.build)(spec, config, budget, streams)?;
            match opening {
                None => Ok(agent),
                Some(warm) => {
                    let opened = Opened::new(agent, warm, spec, budget, streams)?;
                    Ok(Box::new(opened) as Box<dyn Agent>)
                }
            }
        };
        build().map_err(|error: Error| error.of(&format!("agent {}", self.id)))
    }

    /// Removes a warm start that chooses the first steps of episodes from `config`: the agent itself starts from
    /// scratch.
    fn take_opening(&self, config: &mut C) -> Option<WarmStart> {
        let (slot, _) = self.warm_start.as_ref()?;
        slot(config).take_if(|warm| warm.opens_episodes())
    }

    /// Place of the demonstrations in `config`; `None` if it names none.
    fn demonstrated<'a>(&self, config: &'a mut C) -> Option<&'a mut Demonstrated> {
        match (&self.warm_start, &self.demonstrated) {
            (Some((slot, _)), _) => slot(config).as_mut().map(|warm| &mut warm.demonstrated),
            (None, Some(slot)) => slot(config),
            (None, None) => None,
        }
    }
}

impl<C: Serialize + DeserializeOwned + JsonSchema + Send + Sync> AgentFactory for FnFactory<C> {
    fn id(&self) -> &str {
        &self.id
    }

    fn about(&self) -> &str {
        &self.about
    }

    fn num_envs(&self) -> usize {
        self.num_envs
    }

    fn fields(&self) -> Vec<Field> {
        let defaults = self.defaults.as_ref().and_then(|own| self.write(own).ok()).unwrap_or_default();
        fields_over::<C>(&defaults)
    }

    fn build(
        &self,
        spec: &Spec,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
    ) -> Result<Box<dyn Agent>> {
        self.build_of(spec, self.read(settings)?, budget, streams)
    }

    fn demonstrations(&self, settings: &toml::Table) -> Result<Option<Demonstrated>> {
        Ok(self.demonstrated(&mut self.read(settings)?).cloned())
    }

    fn is_offline(&self) -> bool {
        self.offline
    }

    fn build_from(
        &self,
        world: &dyn DynWorld,
        settings: &toml::Table,
        budget: Budget,
        streams: Streams,
        demonstrations: Arc<DemonstrationSet>,
    ) -> Result<Box<dyn Agent>> {
        let mut config = self.read(settings)?;
        if let Some(demonstrated) = self.demonstrated(&mut config) {
            demonstrated.load(demonstrations);
        }
        self.build_of(world.spec(), config, budget, streams)
    }

    fn choose_method(
        &self,
        world: &dyn DynWorld,
        settings: &toml::Table,
        demonstrations: &Arc<DemonstrationSet>,
    ) -> Result<Option<Chosen>> {
        let Some((slot, methods)) = &self.warm_start else { return Ok(None) };
        match slot(&mut self.read(settings)?).as_ref().is_some_and(WarmStart::is_auto) {
            true => methods.choose(world, demonstrations).map(Some),
            false => Ok(None),
        }
    }

    fn check(&self, world: &dyn DynWorld, settings: &toml::Table, budget: Budget) -> Result<()> {
        let no_simulator =
            || world.vector_env(1, Streams::new(0), Purpose::Environment, 0).simulator(0).is_none();
        if self.simulates && world.spec().actions.count() > 0 && no_simulator() {
            return Err(Error::Config(format!(
                "agent {}: the states of world {} cannot be simulated; leave out frame_stack and encoder",
                self.id,
                world.spec().id
            )));
        }
        match &self.check {
            Some(check) => {
                memory::require_envs(world.spec(), budget)?;
                let mut config = self.read(settings)?;
                let opening = self.take_opening(&mut config);
                let checked = || match opening {
                    Some(warm) => warm.check(&openings::METHODS).map(drop),
                    None => Ok(()),
                };
                checked()
                    .and_then(|()| check(world.spec(), &config, budget))
                    .map_err(|error| error.of(&format!("agent {}", self.id)))
            }
            None => self.build_in(world, settings, budget, Streams::new(0)).map(drop),
        }
    }

    fn warnings(&self, settings: &toml::Table, budget: Budget) -> Vec<String> {
        match (&self.warnings, self.read(settings)) {
            (Some(warnings), Ok(config)) => warnings(&config, budget),
            _ => Vec::new(),
        }
    }

    fn resolve(&self, settings: &toml::Table) -> Result<toml::Table> {
        self.write(&self.read(settings)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, one_env};
    use crate::tabular::{Tabular, q_learning};

    fn hopeful() -> FnFactory<q_learning::Config> {
        let learning_rate = Schedule::Constant(0.5);
        let tabular = Tabular { initial_value: 20.0, learning_rate, ..Tabular::default() };
        FnFactory::new("hopeful", "Begins by hoping", |spec, config: q_learning::Config, budget, streams| {
            if config.tabular.initial_value != 20.0 {
                return Err(Error::Config(format!("begins at {}", config.tabular.initial_value)));
            }
            Ok(Box::new(q_learning::QLearning::new(spec, config, budget, streams)?))
        })
        .with_defaults(q_learning::Config { tabular })
    }

    fn table(text: &str) -> toml::Table {
        text.parse().unwrap()
    }

    #[test]
    fn other_defaults_are_listed_resolved_and_built() {
        let kind = hopeful();
        let default = |name: &str| kind.fields().into_iter().find(|f| f.name == name).unwrap().default;
        assert_eq!((default("initial_value"), default("learning_rate")), (20.0.into(), 0.5.into()));
        assert_eq!(default("ucb_c"), 1.0);
        let usual = FnFactory::new("usual", "", |spec, config: q_learning::Config, budget, streams| {
            Ok(Box::new(q_learning::QLearning::new(spec, config, budget, streams)?))
        });
        let mut expected = usual.resolve(&table("initial_value = 20.0\nlearning_rate = 0.5")).unwrap();
        assert_eq!(kind.resolve(&table("")).unwrap(), expected);
        let build = |text| kind.build(Graph::cliff().spec(), &table(text), one_env(1), Streams::new(0)).err();
        assert!(build("").is_none());
        // A given setting takes precedence over the changed default, also if it equals the default of the struct.
        expected.insert("initial_value".into(), 0.0.into());
        assert_eq!(kind.resolve(&table("initial_value = 0.0")).unwrap(), expected);
        assert!(build("initial_value = 0.0").unwrap().to_string().contains("hopeful: begins at 0"));
        assert_eq!(kind.resolve(&expected).unwrap(), expected);
    }

    #[test]
    fn refusals_are_the_same_over_other_defaults() {
        let refused = |text| hopeful().resolve(&table(text)).unwrap_err().to_string();
        assert!(refused("inital_value = 1.0").contains("did you mean `initial_value`?"));
        assert!(refused("ucb_c = \"much\"").contains("agent hopeful: ucb_c = \"much\""));
    }
}
