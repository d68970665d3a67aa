//! Training whose steps other processes make: requests of a trainer, and the worker that plays them.
//!
//! ```
//! use freewheel::RolloutWorker;
//! use freewheel::prelude::*;
//!
//! let make = || Ppo::on("classic/cartpole").num_envs(8).total_steps(4096).build();
//! let mut trainer = make()?;
//! let mut worker = RolloutWorker::new(&trainer.worker_config()?)?;
//! while trainer.step() < 4096 {
//!     let rollouts = trainer.begin_rollouts(4, 4096 - trainer.step())?;
//!     let played: Result<Vec<_>> =
//!         rollouts.requests.iter().map(|request| worker.play(&rollouts.weights, request)).collect();
//!     trainer.learn_from(&played?)?;
//! }
//! # let (mut undivided, folder) = (make()?, tempfile::tempdir().unwrap());
//! # undivided.learn(4096, |_| {})?;
//! # let bytes = |trainer: &Trainer| {
//! #     trainer.save(folder.path().join("t.fw")).unwrap();
//! #     std::fs::read(folder.path().join("t.fw")).unwrap()
//! # };
//! # assert!(bytes(&trainer) == bytes(&undivided));
//! # Ok::<(), Error>(())
//! ```
//!
//! A request holds the state of a block of environments, so that it can be sent again to another worker if the first
//! one has died. An answer names the weights that it was played with, by number of steps and BLAKE3 hash; a trainer
//! refuses an answer with other weights.

use std::sync::Arc;
use std::time::Instant;

use freewheel_agents::{AgentFactory, Budget};
use freewheel_core::{
    Agent, Distributed, DynWorld, EpisodeSummary, Error, ManagedVectorEnv, Purpose, Result, Streams,
};
use serde::{Deserialize, Serialize};

use super::{Config, Progress, Trainer, built};
use crate::observation::{ConfiguredFactory, ObservationConfig};
use crate::registry::Registry;

/// Smallest block: products of matrices with fewer rows are summed in another order, so that a run with smaller blocks
/// would not have the bytes of an undivided one.
const MIN_BLOCK: usize = 4;
/// Maximum number of batch steps of a request.
const MAX_STEPS: u64 = 1 << 20;

/// Requests for one rollout of all environments.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollouts {
    /// Weights for all requests.
    pub weights: Vec<u8>,
    /// A request for each block of environments.
    pub requests: Vec<Vec<u8>>,
}

/// Weights that steps are played with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    /// Environment steps of the trainer so far.
    step: u64,
    /// BLAKE3 hash of the weights.
    digest: [u8; 32],
}

/// Consecutive environments with their state.
#[derive(Serialize, Deserialize)]
struct Block {
    version: Version,
    /// Position of the first environment.
    first: usize,
    /// Number of environments.
    num_envs: usize,
    /// Number of batch steps to make, or made.
    steps: u64,
    /// State of the actions and of the environments, before the steps in a request, after them in an answer.
    agent: Vec<u8>,
    envs: Vec<u8>,
}

/// Steps of a block.
#[derive(Serialize, Deserialize)]
struct Answer {
    block: Block,
    steps: Vec<u8>,
    /// Episodes that ended, with the batch step in which they ended.
    finished: Vec<(u64, EpisodeSummary)>,
}

impl Trainer {
    /// Settings from which [`RolloutWorker::new`] builds a worker, as text.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a world value of the user's own, which other processes cannot build.
    pub fn worker_config(&self) -> Result<String> {
        if self.config.world.is_none() {
            return Err(Error::Unsupported(format!(
                "{} is in no registry, so that workers cannot build it; use an id such as \"classic/cartpole\"",
                self.config.world_name
            )));
        }
        toml::to_string(&self.config).map_err(|e| Error::Unsupported(format!("cannot be sent: {e}")))
    }

    /// Requests for the batch steps until the agent next learns, or for `max_steps` environment steps (rounded up to a
    /// multiple of `num_envs`) if these are fewer, for blocks of `block` environments. The trainer stays as it is:
    /// after an error of a worker, the same requests can be played again.
    ///
    /// # Errors
    /// [`Error::Setting`] for a block that does not divide the environments, or of fewer than 4 of more; errors of
    /// building the agent; [`Error::Unsupported`] for an agent or a world that cannot be divided.
    pub fn begin_rollouts(&mut self, block: usize, max_steps: u64) -> Result<Rollouts> {
        let num_envs = self.config.num_envs;
        if block == 0 || !num_envs.is_multiple_of(block) || (block < MIN_BLOCK && block != num_envs) {
            return Err(Error::setting(
                "block",
                format!(
                    "block = {block}: must divide num_envs = {num_envs}, and be at least {MIN_BLOCK} or all of them"
                ),
            ));
        }
        self.config.total_steps.get_or_insert(max_steps);
        let agent = built(&mut self.agent, &*self.factory, &*self.world, &self.config)?;
        let learner = distributed(agent, &self.config.agent)?;
        let steps = learner.steps_to_update().min(max_steps.div_ceil(num_envs as u64));
        let weights = learner.weights()?;
        let version = Version { step: self.counts.step, digest: *blake3::hash(&weights).as_bytes() };
        let request = |first: usize| {
            let rows = first..first + block;
            let (agent, envs) = (learner.save_rows(rows.clone())?, self.envs.save_rows(rows)?);
            encode(&Block { version, first, num_envs: block, steps, agent, envs })
        };
        let requests = (0..num_envs).step_by(block).map(request).collect::<Result<_>>()?;
        self.rollouts_began = Some(Instant::now());
        Ok(Rollouts { weights, requests })
    }

    /// Learns from the answers to all requests of [`Trainer::begin_rollouts`], given in any order, with the bytes of
    /// [`Trainer::learn`]; returns the progress.
    ///
    /// # Errors
    /// [`Error::Config`] for answers that were played with other weights, or that are not those of all blocks. Errors
    /// of [`Trainer::learn`].
    pub fn learn_from(&mut self, answers: &[Vec<u8>]) -> Result<Progress> {
        let refuse =
            |why: &str| Err(Error::Config(format!("the steps of the workers cannot be used: {why}")));
        let mut answers: Vec<Answer> = answers.iter().map(|bytes| decode(bytes)).collect::<Result<_>>()?;
        answers.sort_by_key(|answer| answer.block.first);
        let (num_envs, step) = (self.config.num_envs, self.counts.step);
        let agent = built(&mut self.agent, &*self.factory, &*self.world, &self.config)?;
        let mut learner = distributed(agent, &self.config.agent)?;
        let digest = *blake3::hash(&learner.weights()?).as_bytes();
        let mut next = 0;
        for Answer { block, .. } in &answers {
            if block.version.step != step {
                let other = block.version.step;
                return refuse(&format!("they have the weights of step {other}, and this is step {step}"));
            }
            if block.version.digest != digest {
                return refuse("they have other weights of the same step");
            }
            if block.first != next || block.steps != answers[0].block.steps {
                return refuse(&format!("environment {next} is missing, is twice there, or has other steps"));
            }
            next += block.num_envs;
        }
        if next != num_envs {
            return refuse(&format!("they are of {next} environments, not of {num_envs}"));
        }
        let before = (learner.save_rows(0..num_envs)?, self.envs.save()?);
        let mut load = || -> Result<()> {
            for Answer { block, .. } in &answers {
                learner.load_rows(block.first, &block.agent)?;
                self.envs.load_rows(block.first, &block.envs)?;
            }
            let blocks: Vec<&[u8]> = answers.iter().map(|answer| &answer.steps[..]).collect();
            learner.learn_from(&blocks, &*self.envs)
        };
        if let Err(error) = load() {
            // After wrong steps, the trainer is what it was, and the rollouts can be played again.
            learner.load_rows(0, &before.0)?;
            self.envs.load(&before.1)?;
            return Err(error);
        }
        self.policy = std::sync::OnceLock::new();
        let mut finished: Vec<(u64, EpisodeSummary)> =
            answers.iter_mut().flat_map(|answer| std::mem::take(&mut answer.finished)).collect();
        finished.sort_by_key(|(step, summary)| (*step, summary.index));
        let made = answers.first().map_or(0, |answer| answer.block.steps) * num_envs as u64;
        let mut metrics = Vec::new();
        drop(learner);
        if let Some(agent) = &mut self.agent {
            agent.report(&mut metrics);
        }
        self.counts.add(made, num_envs as u64, finished.into_iter().map(|(_, summary)| summary).collect());
        let seconds = self.rollouts_began.take().map_or(f64::INFINITY, |began| began.elapsed().as_secs_f64());
        Ok(self.counts.progress(made as f64 / seconds.max(1e-9), metrics))
    }
}

/// A process that makes steps for a trainer in another process. It keeps nothing between two requests that an answer
/// depends on.
pub struct RolloutWorker {
    config: Config,
    world: Arc<dyn DynWorld>,
    factory: Arc<ConfiguredFactory>,
    /// Agent and environments of the size of the last request.
    player: Option<BlockPlayer>,
}

/// Agent and environments of a block.
struct BlockPlayer {
    num_envs: usize,
    agent: Box<dyn Agent>,
    envs: Box<dyn ManagedVectorEnv>,
}

impl RolloutWorker {
    /// Worker of the trainer with the settings `config`, of [`Trainer::worker_config`]; worlds and agents are those of
    /// the standard registry.
    ///
    /// # Errors
    /// [`Error::Config`] for text that is not of a trainer, or for a world or agent of another version.
    pub fn new(config: &str) -> Result<Self> {
        let config: Config = toml::from_str(config)
            .map_err(|e| Error::Config(format!("these are not settings of a worker: {}", e.message())))?;
        let (id, registry) = (config.world.as_deref().unwrap_or_default(), Registry::standard());
        let world = registry.build_world_of_file(id, &config.world_settings)?;
        if (world.spec().version, registry.world_digest(id, &config.world_settings)?)
            != (config.world_version, config.world_digest.clone())
        {
            return Err(Error::Config(format!(
                "{id}: the world of this worker is not that of its trainer, version {}",
                config.world_version
            )));
        }
        let factory = Arc::clone(registry.shared_agent(&config.agent)?);
        let world = ObservationConfig::of(&config.settings)?.apply(world, registry.estimators())?;
        Ok(RolloutWorker { config, world, factory, player: None })
    }

    /// Plays a request of [`Trainer::begin_rollouts`] with its `weights`; returns the answer for
    /// [`Trainer::learn_from`]. The same request has the same answer.
    ///
    /// # Errors
    /// [`Error::Config`] for a damaged request, or other weights than those that it names; [`Error::Diverged`].
    pub fn play(&mut self, weights: &[u8], request: &[u8]) -> Result<Vec<u8>> {
        let mut block: Block = decode(request)?;
        if blake3::hash(weights) != block.version.digest {
            let step = block.version.step;
            return Err(Error::Config(format!(
                "the weights are not those of step {step}, which are asked for"
            )));
        }
        let num_envs = block.num_envs;
        if num_envs == 0 || num_envs > self.config.num_envs || block.steps > MAX_STEPS {
            return Err(Error::Config(format!("a request for {num_envs} environments cannot be played")));
        }
        let player = match self.player.take() {
            Some(player) if player.num_envs == num_envs => player,
            _ => self.build(num_envs)?,
        };
        let BlockPlayer { agent, envs, .. } = self.player.insert(player);
        let mut agent = distributed(agent, &self.config.agent)?;
        agent.set_weights(weights)?;
        agent.load_rows(0, &block.agent)?;
        envs.load(&block.envs)?;
        let mut finished = Vec::new();
        for step in 0..block.steps {
            agent.play(&mut **envs)?;
            finished.extend(envs.take_finished().into_iter().map(|summary| (step, summary)));
        }
        let steps = agent.take_steps()?;
        (block.agent, block.envs) = (agent.save_rows(0..num_envs)?, envs.save_rows(0..num_envs)?);
        encode(&Answer { block, steps, finished })
    }

    /// Agent and environments of a block. The agent has no demonstrations: only the trainer learns from them.
    fn build(&self, num_envs: usize) -> Result<BlockPlayer> {
        let streams = Streams::new(self.config.seed);
        let budget = Budget { steps: self.config.total_steps.unwrap_or(1), num_envs };
        let agent = self.factory.build_in(&*self.world, &self.config.settings, budget, streams)?;
        let envs = self.world.vector_env(num_envs, streams, Purpose::Environment, 0);
        Ok(BlockPlayer { num_envs, agent, envs })
    }
}

/// The view of `agent` whose steps other processes can make.
fn distributed<'a>(agent: &'a mut Box<dyn Agent>, id: &str) -> Result<Box<dyn Distributed + 'a>> {
    agent.distributed().ok_or_else(|| {
        Error::Unsupported(format!(
            "the steps of {id} cannot be made by other processes; use ppo, a2c, alphazero, or \
             dqn without noisy layers"
        ))
    })
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(|e| Error::Unsupported(format!("a message cannot be written: {e}")))
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(Error::Config("this message is damaged".into())),
    }
}
