//! Training from code: an agent, its world and its vector environment in one value.
//!
//! ```no_run
//! use freewheel::prelude::*;
//!
//! let mut ppo = Ppo::on("classic/cartpole").num_envs(16).seed(0).build()?;
//! ppo.learn(200_000, |progress| println!("{} {:.1}", progress.step, progress.mean_return))?;
//! println!("{}", ppo.evaluate(100)?);
//! ppo.save("cartpole.fw")?;
//! let action = ppo.predict(&[0.0, 0.1, 0.02, -0.1])?;
//! # Ok::<(), Error>(())
//! ```
//!
//! The same seed gives the same bytes for any number of threads, however [`Trainer::learn`] is cut into calls, and
//! after [`Trainer::save`] and [`Trainer::load`].

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use freewheel_agents::{AgentFactory, Budget};
use freewheel_core::checkpoint::{Checkpoint, write_atomically};
use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{
    ActionBuffer, Agent, DynWorld, Error, ManagedVectorEnv, Policy, PolicyMode, Purpose, Result, Spec,
    Streams, WorldSource,
};
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::demonstrations::source;
use crate::job;
use crate::observation::{ConfiguredFactory, ObservationConfig};
use crate::registry::Registry;

mod builder;
mod progress;
mod rollouts;
mod run;

pub use builder::{TrainOn, TrainerBuilder};
pub use progress::{CallbackResult, Evaluation, Progress};
pub use rollouts::{RolloutWorker, Rollouts};

use builder::AgentSource;
use progress::Counts;

/// Longest duration of one call of the agent in [`Trainer::learn_until`], if it can be cut.
const SLICE: Duration = Duration::from_millis(50);

/// An agent with its world and its vector environment.
pub struct Trainer {
    config: Config,
    world: Arc<dyn DynWorld>,
    factory: Arc<ConfiguredFactory>,
    envs: Box<dyn ManagedVectorEnv>,
    /// Agent; `None` until the first call that needs it.
    agent: Option<Box<dyn Agent>>,
    counts: Counts,
    /// Greedy policy of the agent, computed at the first use after a learning step.
    policy: OnceLock<Box<dyn Policy>>,
    /// Time of the last [`Trainer::begin_rollouts`].
    rollouts_began: Option<Instant>,
}

/// Everything that a saved trainer is built from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Id of the world in the registry; `None` for a world value of the user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    world: Option<String>,
    world_name: String,
    world_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    world_digest: Option<String>,
    /// BLAKE3 hash of the demonstrations that the agent learns from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    demonstrations_digest: Option<String>,
    agent: String,
    num_envs: usize,
    seed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total_steps: Option<u64>,
    world_settings: Table,
    settings: Table,
}

impl Trainer {
    /// A builder for the agent `agent` (an id such as `"ppo"`) in `world`.
    pub fn builder(world: impl Into<WorldSource>, agent: &str) -> TrainerBuilder {
        TrainerBuilder::new(world.into(), AgentSource::Id(agent.to_owned()))
    }

    fn new(
        config: Config,
        registry: &Registry,
        world: Arc<dyn DynWorld>,
        factory: Arc<ConfiguredFactory>,
    ) -> Result<Self> {
        let observation = ObservationConfig::of(&config.settings)?;
        let world = observation.apply(world, registry.estimators())?;
        let budget = Budget { steps: config.total_steps.unwrap_or(u64::MAX), num_envs: config.num_envs };
        factory.check(&*world, &config.settings, budget)?;
        job::require_environments(&*world, config.num_envs)?;
        let envs = world.vector_env(config.num_envs, Streams::new(config.seed), Purpose::Environment, 0);
        let (counts, policy) = (Counts::default(), OnceLock::new());
        Ok(Trainer { config, world, factory, envs, agent: None, counts, policy, rollouts_began: None })
    }

    /// Learns from `steps` more environment steps (rounded up to a multiple of `num_envs`) and calls `callback` about a
    /// hundred times. If the callback returns [`ControlFlow::Break`](std::ops::ControlFlow::Break), the call ends;
    /// learning can continue later.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use freewheel::prelude::*;
    ///
    /// let mut agent = QLearning::on("grid/cliff").build()?;
    /// agent.learn(100_000, |progress| match progress.mean_return > -50.0 {
    ///     true => ControlFlow::Break(()),
    ///     false => ControlFlow::Continue(()),
    /// })?;
    /// assert!(agent.step() < 100_000);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Diverged`] where a quantity is no longer finite.
    pub fn learn<R: CallbackResult>(
        &mut self,
        steps: u64,
        callback: impl FnMut(&Progress) -> R,
    ) -> Result<()> {
        self.learn_in_parts(steps, None, callback)
    }

    /// As [`Trainer::learn`], but `stop` is called about ten times a second; if it returns true, the call ends.
    /// Learning can continue later, with the same results.
    ///
    /// # Errors
    /// As [`Trainer::learn`].
    pub fn learn_until<R: CallbackResult>(
        &mut self,
        steps: u64,
        mut stop: impl FnMut() -> bool,
        callback: impl FnMut(&Progress) -> R,
    ) -> Result<()> {
        self.learn_in_parts(steps, Some(&mut stop), callback)
    }

    fn learn_in_parts<R: CallbackResult>(
        &mut self,
        steps: u64,
        mut stop: Option<&mut dyn FnMut() -> bool>,
        mut callback: impl FnMut(&Progress) -> R,
    ) -> Result<()> {
        self.config.total_steps.get_or_insert(steps);
        let num_envs = self.config.num_envs as u64;
        let (mut left, part) = (steps, (steps / 100).max(1).next_multiple_of(num_envs));
        // Steps of one call of the agent: all of a part, or as many as take about `SLICE`.
        let mut slice = if stop.is_some() { num_envs } else { u64::MAX };
        while left > 0 {
            let (started, mut now) = (Instant::now(), 0);
            let (of_part, mut stopped) = (part.min(left), false);
            self.policy = OnceLock::new();
            let agent = built(&mut self.agent, &*self.factory, &*self.world, &self.config)?;
            while now < of_part && !stopped {
                let (begin, steps) = (Instant::now(), slice.min(of_part - now));
                agent.learn(&mut *self.envs, steps)?;
                now += steps;
                if let Some(stop) = &mut stop {
                    slice = match begin.elapsed() < SLICE {
                        true => slice.saturating_mul(2),
                        false => (slice / 2).next_multiple_of(num_envs).max(num_envs),
                    };
                    stopped = stop();
                }
            }
            let mut metrics = Vec::new();
            agent.report(&mut metrics);
            left -= now;
            self.counts.add(now, num_envs, self.envs.take_finished());
            let seconds = started.elapsed().as_secs_f64();
            let progress = self.counts.progress(now as f64 / seconds.max(1e-9), metrics);
            if stopped || callback(&progress).stops() {
                break;
            }
        }
        Ok(())
    }

    /// Plays `episodes` episodes with the greedy policy on seeds that training does not use, in as many environments
    /// and with the same limit of steps as a run of the program.
    ///
    /// # Errors
    /// Errors of building the agent.
    pub fn evaluate(&self, episodes: u64) -> Result<Evaluation> {
        let world = self.world.evaluation_world().map_or(&*self.world, |other| &*other.world);
        let max_steps = world.spec().time_limit.map_or(job::Evaluation::default().max_steps, |_| u32::MAX);
        let streams = Streams::new(self.config.seed);
        let protocol = Protocol { episodes, num_envs: job::EVALUATION_NUM_ENVS, max_steps, streams };
        let summaries = evaluate(world, self.greedy()?, &protocol)?;
        Ok(Evaluation::of(summaries, streams))
    }

    /// Greedy action for one observation `[D]` of the agent (with a frame stack, the stacked one), every action being
    /// legal.
    ///
    /// # Errors
    /// [`Error::Config`] for an observation of another length.
    pub fn predict(&self, obs: &[f32]) -> Result<ActionBuffer> {
        self.predict_masked(obs, &vec![true; self.spec().actions.count()])
    }

    /// Same as [`Trainer::predict`], but only actions that the mask `legal [A]` allows are chosen (A actions).
    ///
    /// # Errors
    /// [`Error::Config`] for an observation or a mask of another length.
    pub fn predict_masked(&self, obs: &[f32], legal: &[bool]) -> Result<ActionBuffer> {
        let spec = self.spec();
        let lengths = (spec.observation.len(), spec.actions.count());
        if (obs.len(), legal.len()) != lengths {
            return Err(Error::Config(format!(
                "an observation of {} and a mask of {} were given; {} has {} and {}",
                obs.len(),
                legal.len(),
                spec.id,
                lengths.0,
                lengths.1
            )));
        }
        let policy = self.greedy()?;
        if policy.script().is_some() {
            let message = "a scripted player needs the state of the world; step it with an `EpisodeRunner`";
            return Err(Error::Unsupported(message.into()));
        }
        let mut rng = Streams::new(self.config.seed).stream(Purpose::EvaluationAction, 0, 0);
        let mut action = ActionBuffer::for_spec(spec, 1);
        policy.act(obs, legal, std::slice::from_mut(&mut rng), &mut action);
        Ok(action)
    }

    /// Copy of the agent's present policy: greedy, or with [`PolicyMode::Exploring`] the policy that explores.
    ///
    /// # Errors
    /// Errors of building the agent.
    pub fn policy(&self, mode: PolicyMode) -> Result<Box<dyn Policy>> {
        match &self.agent {
            Some(agent) => Ok(agent.policy(mode)),
            None => {
                let mut agent = None;
                Ok(built(&mut agent, &*self.factory, &*self.world, &self.config)?.policy(mode))
            }
        }
    }

    fn greedy(&self) -> Result<&dyn Policy> {
        if let Some(policy) = self.policy.get() {
            return Ok(&**policy);
        }
        let policy = self.policy(PolicyMode::Greedy)?;
        Ok(&**self.policy.get_or_init(|| policy))
    }

    /// Spec of the world as the agent observes the world.
    pub fn spec(&self) -> &Spec {
        self.world.spec()
    }

    /// The world as the agent observes it, with frame stack and encoder.
    pub fn world(&self) -> &Arc<dyn DynWorld> {
        &self.world
    }

    /// Number of environments that are stepped together.
    pub fn num_envs(&self) -> usize {
        self.config.num_envs
    }

    /// Number of environment steps so far.
    pub fn step(&self) -> u64 {
        self.counts.step
    }

    /// Saves everything that learning needs to continue with the same bytes: settings, agent and environments. The file
    /// is written under a temporary name and renamed.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, file: impl AsRef<Path>) -> Result<()> {
        let unsupported = |e: &dyn std::fmt::Display| Error::Unsupported(format!("cannot be saved: {e}"));
        let mut checkpoint = Checkpoint::new();
        let config = toml::to_string(&self.config).map_err(|e| unsupported(&e))?;
        checkpoint.insert("trainer", config.into_bytes());
        checkpoint.insert("counts", postcard::to_stdvec(&self.counts).map_err(|e| unsupported(&e))?);
        checkpoint.insert("envs", self.envs.save()?);
        if let Some(agent) = &self.agent {
            checkpoint.insert("agent", agent.save()?);
        }
        let mut bytes = Vec::new();
        checkpoint.write(&mut bytes).map_err(Error::io(file.as_ref()))?;
        write_atomically(file.as_ref(), &bytes)
    }

    /// Loads a trainer that [`Trainer::save`] saved, with worlds and agents of the standard registry.
    ///
    /// ```
    /// # use freewheel::prelude::*;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let file = folder.path().join("cliff.fw");
    /// let mut agent = QLearning::on("grid/cliff").build()?;
    /// agent.learn(1000, |_| {})?;
    /// agent.save(&file)?;
    /// let mut loaded = Trainer::load(&file)?;
    /// loaded.learn(1000, |_| {})?;
    /// agent.learn(1000, |_| {})?;
    /// assert_eq!(loaded.evaluate(5)?, agent.evaluate(5)?);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] for a changed file; [`Error::Config`] for a world or agent that is not in the
    /// registry or has changed.
    pub fn load(file: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(file, Registry::standard(), None)
    }

    /// Same as [`Trainer::load`], with worlds and agents of `registry`. If the trainer was saved with a world value of
    /// the user's own, `world` is this value again.
    ///
    /// # Errors
    /// Same as [`Trainer::load`].
    pub fn load_with(
        file: impl AsRef<Path>,
        registry: Registry,
        world: Option<Arc<dyn DynWorld>>,
    ) -> Result<Self> {
        let file = file.as_ref();
        let damaged = |reason: String| Error::Damaged { file: file.to_owned(), reason };
        let checkpoint = Checkpoint::read(file)?;
        let config = std::str::from_utf8(checkpoint.section("trainer")?)
            .map_err(|e| damaged(e.to_string()))
            .and_then(|text| toml::from_str::<Config>(text).map_err(|e| damaged(e.message().to_owned())))?;
        if !(1..=job::MAX_NUM_ENVS).contains(&(config.num_envs as u64)) {
            return Err(damaged(format!("`num_envs` = {} is out of range", config.num_envs)));
        }
        let world = match (world, &config.world) {
            (Some(world), _) => world,
            (None, Some(id)) => registry.build_world_of_file(id, &config.world_settings)?,
            (None, None) => {
                return Err(Error::Config(format!(
                    "{}: it was trained in {}, a world without a registry; give it to `Trainer::load_with`",
                    file.display(),
                    config.world_name
                )));
            }
        };
        let digest = match &config.world {
            Some(id) => registry.world_digest(id, &config.world_settings)?,
            None => None,
        };
        let found = (world.spec().id.as_str(), world.spec().version, digest);
        if found != (config.world_name.as_str(), config.world_version, config.world_digest.clone()) {
            return Err(Error::Config(format!(
                "{}: it was trained in {} version {}, and this is {} version {}, or its file has changed",
                file.display(),
                config.world_name,
                config.world_version,
                found.0,
                found.1
            )));
        }
        let factory = Arc::clone(registry.shared_agent(&config.agent)?);
        if source::Stores::default().digest_of(&*factory, &config.settings)? != config.demonstrations_digest {
            return Err(Error::Config(format!("{}: its demonstrations have changed", file.display())));
        }
        let mut trainer = Trainer::new(config, &registry, world, factory)?;
        trainer.envs.load(checkpoint.section("envs")?)?;
        trainer.counts =
            postcard::from_bytes(checkpoint.section("counts")?).map_err(|e| damaged(e.to_string()))?;
        if let Some(bytes) = checkpoint.get("agent") {
            let Trainer { agent, factory, world, config, .. } = &mut trainer;
            built(agent, &**factory, &**world, config)?.load(bytes)?;
        }
        Ok(trainer)
    }
}

/// The agent of a trainer; it is built if it does not exist yet.
fn built<'a>(
    agent: &'a mut Option<Box<dyn Agent>>,
    factory: &dyn AgentFactory,
    world: &dyn DynWorld,
    config: &Config,
) -> Result<&'a mut Box<dyn Agent>> {
    let agent = match agent.take() {
        Some(built) => agent.insert(built),
        None => {
            let budget = Budget { steps: config.total_steps.unwrap_or(1), num_envs: config.num_envs };
            let (id, streams) = (config.world.as_deref().unwrap_or_default(), Streams::new(config.seed));
            agent.insert(source::build(factory, id, world, &config.settings, budget, streams)?)
        }
    };
    Ok(agent)
}
