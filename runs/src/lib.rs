//! Freewheel: worlds, agents, training, evaluation and a terminal viewer, as a library and as the program `freewheel`.
//!
//! * [`prelude`]: `use freewheel::prelude::*;` and train an agent in five lines ([`Trainer`]).
//! * [`Registry`]: the program with worlds and agents of your own, by [`Registry::main`].
//! * [`core`], [`envs`], [`agents`]: the crates below.
//!
//! ```
//! use freewheel::prelude::*;
//!
//! let mut agent = QLearning::on("grid/cliff").set("learning_rate", 0.5).build()?;
//! agent.learn(20_000, |_| {})?;
//! assert_eq!(agent.evaluate(10)?.mean, -13.0);
//! # Ok::<(), Error>(())
//! ```

pub mod board;
mod cadence;
mod checkpoints;
pub mod checksums;
pub mod cli;
mod command;
mod comparison;
pub mod count;
pub mod curves;
pub mod demonstrations;
pub mod document;
pub mod error;
pub mod experiment;
pub mod export;
mod extension;
pub mod fit;
mod folders;
mod format;
mod garbage;
pub mod job;
pub mod map;
pub mod matches;
pub mod mean_curve;
pub mod messages;
pub mod metrics;
pub mod observation;
mod output;
pub mod picture;
pub mod plan;
mod plan_file;
pub mod prelude;
pub mod presets;
pub mod progress;
pub mod reached;
mod recordings;
pub mod registry;
mod render;
pub mod report;
mod report_page;
mod run_list;
pub mod score_scale;
pub mod seeds;
pub mod stall;
pub mod sweep;
mod table;
mod ticks;
pub mod trainer;
pub mod training;
pub mod tui;

pub use error::{Error, Result};
pub use registry::Registry;
pub use render::{FramePainter, Tape};
pub use trainer::{RolloutWorker, Rollouts, Trainer};
pub use {freewheel_agents as agents, freewheel_core as core, freewheel_envs as envs, schemars, serde, toml};

use freewheel_core::{EpisodeRunner, ManagedVectorEnv, Purpose, Streams, WorldSource};

/// One episode, stepped by the caller, as with `gymnasium.make`: `env.reset(episode)`, `env.step(action)`, `env.obs()`.
///
/// ```
/// use freewheel::prelude::*;
///
/// let mut env = make("classic/cartpole", 0)?;
/// while !env.ending().is_over() {
///     env.step(Actions::Discrete(&[1]))?;
/// }
/// assert!(env.length() < 20);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// Errors of [`Registry::build_world`].
pub fn make(world: impl Into<WorldSource>, seed: u64) -> freewheel_core::Result<Box<dyn EpisodeRunner>> {
    let world = Registry::standard().world_of(world.into())?;
    Ok(world.episode_runner(Streams::new(seed), Purpose::Environment, 0))
}

/// Environments that are stepped together, as with `gymnasium.make_vec`; an environment is reset after the end of its
/// episode.
///
/// ```
/// use freewheel::prelude::*;
///
/// let mut envs = make_vec("grid/cliff", 2, 0)?;
/// envs.step(Actions::Discrete(&[0, 1]))?;
/// assert_eq!(envs.view().reward, [-1.0, -100.0]);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// Errors of [`Registry::build_world`].
pub fn make_vec(
    world: impl Into<WorldSource>,
    num_envs: usize,
    seed: u64,
) -> freewheel_core::Result<Box<dyn ManagedVectorEnv>> {
    let world = Registry::standard().world_of(world.into())?;
    Ok(world.vector_env(num_envs, Streams::new(seed), Purpose::Environment, 0))
}

/// The examples of `docs/library.md`, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/library.md")]
struct LibraryPage;
