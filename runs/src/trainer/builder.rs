//! Builder of a [`Trainer`], with one method per setting, and the trait for `Ppo::on(world)`.

use std::sync::Arc;

use freewheel_agents::AgentFactory;
use freewheel_core::{Error, Result, WorldSource};
use serde::Serialize;
use toml::{Table, Value};

use super::{Config, Trainer};
use crate::demonstrations::source;
use crate::observation::ConfiguredFactory;
use crate::presets::{self, Preset};
use crate::registry::Registry;

/// Settings of a [`Trainer`], with defaults for all of them.
///
/// A builder is created by `Ppo::on(world)` (see [`TrainOn`]), [`Trainer::builder`] or [`TrainerBuilder::with_agent`].
/// The methods for settings cannot fail; [`TrainerBuilder::build`] returns an error about the first wrong setting.
pub struct TrainerBuilder {
    registry: Registry,
    world: WorldSource,
    world_settings: Table,
    agent: AgentSource,
    settings: Result<Table>,
    num_envs: Option<usize>,
    preset: bool,
    seed: u64,
    total_steps: Option<u64>,
}

/// Choice of the agent: an id in the registry, or a factory of the user's own.
pub(super) enum AgentSource {
    Id(String),
    Own(Arc<ConfiguredFactory>),
}

impl TrainerBuilder {
    pub(super) fn new(world: WorldSource, agent: AgentSource) -> Self {
        TrainerBuilder {
            registry: Registry::standard(),
            world,
            world_settings: Table::new(),
            agent,
            settings: Ok(Table::new()),
            num_envs: None,
            preset: true,
            seed: 0,
            total_steps: None,
        }
    }

    /// A builder for an agent that is in no registry.
    ///
    /// ```
    /// use freewheel::prelude::*;
    ///
    /// let own = FnFactory::new("mine", "Q-learning by another name", |spec, config, budget, streams| {
    ///     Ok(Box::new(QLearning::new(spec, config, budget, streams)?))
    /// });
    /// let mut trainer = TrainerBuilder::with_agent("grid/cliff", own).set("epsilon", 0.2).build()?;
    /// trainer.learn(1000, |_| {})?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_agent(world: impl Into<WorldSource>, agent: impl AgentFactory + 'static) -> Self {
        Self::new(world.into(), AgentSource::Own(Arc::new(ConfiguredFactory(Box::new(agent)))))
    }

    /// Registry that ids are looked up in; [`Registry::standard`] by default.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// Number of environments that are stepped together, at least 1; default: that of the preset or the agent.
    pub fn num_envs(mut self, num_envs: usize) -> Self {
        self.num_envs = Some(num_envs);
        self
    }

    /// Leaves out the preset of the world and agent: all settings start from the defaults of the agent.
    pub fn no_preset(mut self) -> Self {
        self.preset = false;
        self
    }

    /// Seed of all random numbers; 0 by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Number of environment steps that schedules, such as a falling learning rate, refer to. Default: the number of
    /// steps of the first call of [`Trainer::learn`].
    pub fn total_steps(mut self, steps: u64) -> Self {
        self.total_steps = Some(steps);
        self
    }

    /// Sets one setting of the agent, by the name that `freewheel agents AGENT` lists.
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        if let Ok(settings) = &mut self.settings {
            settings.insert(key.to_owned(), value.into());
        }
        self
    }

    /// Sets all settings of the agent from its config struct, such as `ppo::Config { num_steps: 256,
    /// ..Default::default() }`.
    pub fn config(mut self, config: impl Serialize) -> Self {
        let table =
            Table::try_from(config).map_err(|e| Error::Config(format!("these settings cannot be read: {e}")));
        match (&mut self.settings, table) {
            (Ok(settings), Ok(table)) => settings.extend(table),
            (Ok(_), Err(error)) => self.settings = Err(error),
            (Err(_), _) => {}
        }
        self
    }

    /// Sets one setting of the world, by the name that `freewheel envs WORLD` lists.
    pub fn world_setting(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.world_settings.insert(key.to_owned(), value.into());
        self
    }

    /// Builds the world and its environments, and checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] or [`Error::Config`] for an unknown world, agent or setting (with the most similar known
    /// name), a value out of range, or an agent that cannot learn in this world.
    pub fn build(self) -> Result<Trainer> {
        if self.num_envs == Some(0) {
            return Err(Error::setting("num_envs", "`num_envs` must be at least 1"));
        }
        let factory = match &self.agent {
            AgentSource::Id(id) => Arc::clone(self.registry.shared_agent(id)?),
            AgentSource::Own(factory) => Arc::clone(factory),
        };
        let preset = match (&self.world, &self.agent) {
            (WorldSource::Id(world), AgentSource::Id(agent)) if self.preset => presets::find(world, agent),
            _ => None,
        };
        let (mut world_settings, mut settings) = preset.map(Preset::tables).unwrap_or_default();
        world_settings.extend(self.world_settings);
        settings.extend(self.settings?);
        let num_envs = self.num_envs.or(preset.and_then(|preset| preset.num_envs));
        let (world, world_id) = match self.world {
            WorldSource::Id(id) => (self.registry.build_world(&id, &world_settings)?, Some(id)),
            WorldSource::World(world) => (world, None),
        };
        let settings = factory.resolve(&settings)?;
        let config = Config {
            demonstrations_digest: source::Stores::default().digest_of(&*factory, &settings)?,
            world_digest: match &world_id {
                Some(id) => self.registry.world_digest(id, &world_settings)?,
                None => None,
            },
            world: world_id,
            world_name: world.spec().id.clone(),
            world_version: world.spec().version,
            world_settings,
            agent: factory.id().to_owned(),
            settings,
            num_envs: num_envs.unwrap_or_else(|| factory.num_envs()),
            seed: self.seed,
            total_steps: self.total_steps,
        };
        Trainer::new(config, &self.registry, world, factory)
    }
}

/// Agent types that can be trained by `Agent::on(world)`: all that Freewheel ships.
pub trait TrainOn {
    /// Id of the agent in the registry, such as `ppo`.
    const ID: &'static str;

    /// A builder that trains this agent in `world`: an id such as `"grid/cliff"`, a [`World`](freewheel_core::World) of
    /// the user's own, or a shared [`DynWorld`](freewheel_core::DynWorld).
    ///
    /// ```
    /// use freewheel::prelude::*;
    ///
    /// let mut agent = QLearning::on("grid/cliff").set("learning_rate", 0.5).seed(1).build()?;
    /// agent.learn(30_000, |_| {})?;
    /// assert_eq!(agent.evaluate(10)?.mean, -13.0);
    /// # Ok::<(), Error>(())
    /// ```
    fn on(world: impl Into<WorldSource>) -> TrainerBuilder {
        Trainer::builder(world, Self::ID)
    }
}

macro_rules! train_on {
    ($($agent:ty => $id:literal),* $(,)?) => {
        $(impl TrainOn for $agent {
            const ID: &'static str = $id;
        })*
    };
}

train_on! {
    freewheel_agents::dqn::Dqn => "dqn",
    freewheel_agents::dqn::recurrent::RecurrentDqn => "recurrent-dqn",
    freewheel_agents::off_policy::sac::Sac => "sac",
    freewheel_agents::off_policy::td3::Td3 => "td3",
    freewheel_agents::policy_gradient::a2c::A2c => "a2c",
    freewheel_agents::policy_gradient::ppo::Ppo => "ppo",
    freewheel_agents::policy_gradient::reinforce::Reinforce => "reinforce",
    freewheel_agents::tabular::double_q::DoubleQ => "double-q",
    freewheel_agents::tabular::dyna_q::DynaQ => "dyna-q",
    freewheel_agents::tabular::expected_sarsa::ExpectedSarsa => "expected-sarsa",
    freewheel_agents::tabular::n_step_sarsa::NStepSarsa => "n-step-sarsa",
    freewheel_agents::tabular::q_lambda::QLambda => "q-lambda",
    freewheel_agents::tabular::q_learning::QLearning => "q-learning",
    freewheel_agents::tabular::sarsa::Sarsa => "sarsa",
}
