//! Vectorized environments: N episodes of one world, stepped together, with automatic reset.
//!
//! An environment whose episode ends in a step is reset within this step. The last observation and mask of the old
//! episode are then in `last_obs` and `last_legal`, so that the target `r + gamma * ending.discount() * V(successor)`
//! is right for terminated, truncated and running episodes alike.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ActionBuffer, Actions, Ending, Error, Opener, Player, Policy, Result, Simulator, Spec, Stream};

/// A vectorized environment with automatic reset; [`Batch`](crate::Batch) as a trait object. One virtual call steps all
/// environments.
///
/// ```
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::{AlwaysRight, corridor};
///
/// let mut env = corridor().shared().vector_env(2, Streams::new(0), Purpose::Environment, 0);
/// let mut rngs = [0, 1].map(|i| Streams::new(0).stream(Purpose::Action, i, 0));
/// let mut actions = ActionBuffer::for_spec(env.spec(), 2);
/// for _ in 0..4 {
///     env.select_actions(&AlwaysRight, &mut rngs, &mut actions)?;
///     env.step(actions.as_actions())?;
/// }
/// assert_eq!(env.view().reward, [1.0, 1.0]);
/// assert_eq!(env.view().ending, [Ending::Terminal; 2]);
/// assert_eq!(env.take_finished()[0].episode_return, 1.0);
/// # Ok::<(), Error>(())
/// ```
pub trait VectorEnv: Send {
    /// Static description of the world.
    fn spec(&self) -> &Spec;
    /// Current content of the buffers.
    fn view(&self) -> BatchView<'_>;
    /// Steps every environment by its action.
    ///
    /// # Errors
    /// [`Error::IllegalAction`]; [`Error::Config`] for actions of another kind or number. After these errors, no
    /// environment has changed. Errors of [`Env::check`](crate::Env::check).
    fn step(&mut self, actions: Actions<'_>) -> Result<()>;
    /// Writes the action of `policy` for every environment into `actions`, with `rngs[i]` as the generator of
    /// environment `i`. A scripted policy ([`Policy::script`]) is computed from the states instead of the observations,
    /// and a planning one ([`Policy::plans`]) by simulation, if there is a simulator.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the world does not have the scripted policy.
    fn select_actions(
        &self,
        policy: &dyn Policy,
        rngs: &mut [Stream],
        actions: &mut ActionBuffer,
    ) -> Result<()> {
        let view = self.view();
        match policy.script() {
            Some(script) => (0..view.num_envs).try_for_each(|i| {
                self.scripted(script, i, &mut rngs[i], actions)?;
                policy.disturb(i, view.legal_row(i), &mut rngs[i], actions);
                Ok(())
            }),
            None => {
                let simulators = || (0..view.num_envs).map(|i| self.simulator(i)).collect::<Option<Vec<_>>>();
                match policy.plans().then(simulators).flatten() {
                    Some(mut simulators) => policy.plan(&mut simulators, rngs, actions),
                    None => policy.act(view.obs, view.legal, rngs, actions),
                }
                Ok(())
            }
        }
    }
    /// Writes the action of scripted policy `script` for environment `index` into `actions`, a buffer of N actions.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the world does not have the scripted policy.
    fn scripted(
        &self,
        script: usize,
        index: usize,
        rng: &mut Stream,
        actions: &mut ActionBuffer,
    ) -> Result<()>;
    /// Simulator that begins in the current state of environment `index`; `None` where this is not possible, such as
    /// with continuous actions or transformed observations.
    fn simulator(&self, _index: usize) -> Option<Box<dyn Simulator>> {
        None
    }
    /// Makes the first steps of each episode that starts from now on by `opener`; false where this is not possible,
    /// such as with transformed observations. It is not part of a saved state.
    fn set_opener(&mut self, _opener: Arc<dyn Opener>) -> bool {
        false
    }
}

/// A [`VectorEnv`] with additional methods for its owner, such as a training run. An agent gets a `&mut dyn VectorEnv`
/// without these methods, so that it cannot remove the finished episodes, which the run logs.
///
/// ```
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::corridor;
///
/// let mut env = corridor().shared().vector_env(2, Streams::new(0), Purpose::Environment, 0);
/// env.set_time_limit(3);
/// let saved = env.save()?;
/// for _ in 0..3 {
///     env.step(Actions::Discrete(&[0, 0]))?;
/// }
/// assert!(env.take_finished().iter().all(|episode| episode.ending == Ending::Truncated));
/// env.load(&saved)?;
/// assert_eq!(env.view().obs, [0.0, 0.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait ManagedVectorEnv: VectorEnv {
    /// Summaries of the episodes that ended since the last call, by step, then by environment.
    fn take_finished(&mut self) -> Vec<EpisodeSummary>;
    /// Truncates episodes after `steps` steps if the time limit of the world is longer or absent.
    fn set_time_limit(&mut self, steps: u32);
    /// Complete state for [`ManagedVectorEnv::load`]; the limit of [`ManagedVectorEnv::set_time_limit`] is not part of
    /// it.
    fn save(&self) -> Result<Vec<u8>>;
    /// Restores the state that [`ManagedVectorEnv::save`] returned, random streams included.
    ///
    /// # Errors
    /// [`Error::Config`] for bytes of another world or another number of environments; the state is unchanged then.
    fn load(&mut self, bytes: &[u8]) -> Result<()>;
    /// State of the environments `rows` alone, without their finished episodes: that of a vector environment of these
    /// environments, whose first random stream is that of the first of them.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where environments cannot be saved one by one, as with transformed observations;
    /// [`Error::Config`] for rows that are not there.
    fn save_rows(&self, _rows: Range<usize>) -> Result<Vec<u8>> {
        Err(no_rows(self.spec()))
    }
    /// Replaces the environments from `first` on by those of [`ManagedVectorEnv::save_rows`], which other processes may
    /// have stepped since.
    ///
    /// # Errors
    /// Same as [`ManagedVectorEnv::load`] and [`ManagedVectorEnv::save_rows`].
    fn load_rows(&mut self, _first: usize, _bytes: &[u8]) -> Result<()> {
        Err(no_rows(self.spec()))
    }
}

/// Error for environments that are saved only together.
fn no_rows(spec: &Spec) -> Error {
    let id = &spec.id;
    Error::Unsupported(format!(
        "the environments of {id} cannot be divided; leave out frame_stack and encoder"
    ))
}

/// Buffers of a batch of N environments, with observations of D numbers and A discrete actions.
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    /// Current observations, `[N, D]`; after an ending, the first observation of the next episode.
    pub obs: &'a [f32],
    /// Masks of legal actions, `[N, A]`.
    pub legal: &'a [bool],
    /// Players to move, `[N]`.
    pub to_play: &'a [Player],
    /// Rewards of the last step for the players who moved, `[N]`.
    pub reward: &'a [f32],
    /// Whether each episode is running, terminated or truncated after the last step, `[N]`.
    pub ending: &'a [Ending],
    /// Last observations of the episodes that ended in the last step, `[N, D]`; not valid where
    /// `ending` is running (`final_observation` in Gymnasium).
    pub last_obs: &'a [f32],
    /// Masks of legal actions at `last_obs`, `[N, A]`.
    pub last_legal: &'a [bool],
    /// Players to move at `last_obs`, `[N]`.
    pub last_to_play: &'a [Player],
    /// N, the number of environments.
    pub num_envs: usize,
    /// D, the number of `f32` values of an observation.
    pub obs_len: usize,
    /// A, the number of discrete actions; 0 for continuous ones.
    pub num_actions: usize,
}

impl<'a> BatchView<'a> {
    /// Current observation of environment `i`, `[D]`.
    #[inline]
    pub fn obs_row(&self, i: usize) -> &'a [f32] {
        &self.obs[i * self.obs_len..(i + 1) * self.obs_len]
    }

    /// Current mask of environment `i`, `[A]`.
    #[inline]
    pub fn legal_row(&self, i: usize) -> &'a [bool] {
        &self.legal[i * self.num_actions..(i + 1) * self.num_actions]
    }

    /// Next observation `[D]` and its mask `[A]` of the last step of environment `i`, before any reset.
    #[inline(always)]
    pub fn successor(&self, i: usize) -> (&'a [f32], &'a [bool]) {
        if self.ending[i].is_over() {
            let (d, a) = (self.obs_len, self.num_actions);
            (&self.last_obs[i * d..(i + 1) * d], &self.last_legal[i * a..(i + 1) * a])
        } else {
            (self.obs_row(i), self.legal_row(i))
        }
    }

    /// Player to move at the [`BatchView::successor`] of environment `i`.
    #[inline(always)]
    pub fn successor_to_play(&self, i: usize) -> Player {
        if self.ending[i].is_over() { self.last_to_play[i] } else { self.to_play[i] }
    }
}

/// Summary of a finished episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeSummary {
    /// Index of the environment among the random streams: its position in the batch plus the first index of the batch.
    pub index: u64,
    /// Number of the episode among those of this environment, from 0.
    pub episode: u64,
    /// Score, as defined by [`Spec::score`].
    pub score: f64,
    /// Return of the first player, with the world's discount.
    pub episode_return: f64,
    /// Length in steps.
    pub length: u32,
    /// `Terminal` or `Truncated`.
    pub ending: Ending,
    /// The quantities [`Spec::measures`], `[M]`.
    pub measures: Vec<f64>,
}
