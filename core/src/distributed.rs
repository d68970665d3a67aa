//! Agents whose steps other processes can make.
//!
//! One process, the learner, holds the whole agent and all N environments. Other processes, the workers, each have the
//! same agent for some consecutive environments, a *block*:
//!
//! ```text
//! learner                                    worker
//! weights(), save_rows(block)      ->        set_weights, load_rows
//!                                            play, play, ..., take_steps
//! load_rows, learn_from(all blocks)  <-      steps, save_rows
//! ```
//!
//! The steps of a block are a pure function of the weights and of the state of the block, random streams included. So a
//! request may be repeated after the death of a worker, and the learner learns the same from any number of workers.

use std::ops::Range;

use crate::{Result, VectorEnv};

/// View of an [`Agent`](crate::Agent) whose steps other processes can make; see
/// [`Agent::distributed`](crate::Agent::distributed).
pub trait Distributed {
    /// Number of batch steps until the agent next changes its weights, at least 1.
    fn steps_to_update(&self) -> u64;

    /// Everything that actions depend on and that is the same for all environments, such as parameters.
    fn weights(&self) -> Result<Vec<u8>>;

    /// Takes over [`Distributed::weights`] of an agent with the same settings.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for weights of another agent or of other settings.
    fn set_weights(&mut self, weights: &[u8]) -> Result<()>;

    /// State of the actions in the environments `rows`, such as their random streams.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for rows that are not there.
    fn save_rows(&self, rows: Range<usize>) -> Result<Vec<u8>>;

    /// Replaces the state of the actions in the environments from `first` on by that of [`Distributed::save_rows`].
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for bytes of another agent, or rows that are not there.
    fn load_rows(&mut self, first: usize, bytes: &[u8]) -> Result<()>;

    /// Makes one step of every environment of `envs`, a block, and keeps it; learns nothing.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::Error::Diverged) if a quantity became NaN or infinite.
    fn play(&mut self, envs: &mut dyn VectorEnv) -> Result<()>;

    /// Steps of [`Distributed::play`] since the last call, for [`Distributed::learn_from`].
    fn take_steps(&mut self) -> Result<Vec<u8>>;

    /// Learns from steps that workers made with the present weights, as [`Agent::learn`](crate::Agent::learn) would
    /// have learned from its own: `blocks` holds the steps of all environments, by row, of the same number of batch
    /// steps, at most [`Distributed::steps_to_update`]. `envs` are the environments after these steps.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for steps that do not fit; the agent is unchanged then. Errors of
    /// [`Agent::learn`](crate::Agent::learn).
    fn learn_from(&mut self, blocks: &[&[u8]], envs: &dyn VectorEnv) -> Result<()>;
}
