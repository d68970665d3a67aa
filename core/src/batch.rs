//! [`Batch`], the vectorized environment, whose buffers are allocated once.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Action, ActionBuffer, Actions, BatchView, Ending, Env, EnvSimulator, EpisodeSummary, Error,
    ManagedVectorEnv, Opener, Player, Purpose, Result, Simulator, Spec, Stream, Streams, VectorEnv,
};

mod chunk;
mod clock;
mod opening;
mod saved;
#[cfg(test)]
mod tests;
mod threads;

use chunk::{BatchChunk, BatchShape};
pub(crate) use clock::{EpisodeClock, EpisodeLimits};
use threads::AdaptiveThreads;

/// A vectorized environment: N episodes of the world `E`, stepped together.
///
/// The random numbers of environment `i` come only from the stream (seed, purpose, first index + i, episode number), so
/// that the results are the same for any number of threads. A step runs on one thread while its measured cost is low,
/// and is split over the threads of rayon when the cost is high enough.
///
/// ```
/// use std::sync::Arc;
///
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::corridor;
///
/// let mut batch = Batch::new(Arc::new(corridor()), 3, Streams::new(0), Purpose::Environment, 0);
/// batch.advance(&[1, 1, 0])?;
/// assert_eq!(batch.states(), [1, 1, 0]);
/// assert_eq!(batch.view().obs, [1.0, 1.0, 0.0]);
/// # Ok::<(), Error>(())
/// ```
pub struct Batch<E: Env> {
    env: Arc<E>,
    source: StreamSource,
    data: Data<E>,
    finished: Vec<EpisodeSummary>,
    shape: BatchShape,
    threads: AdaptiveThreads,
    /// Choice of the first steps of each episode.
    opener: Option<Arc<dyn Opener>>,
}

/// Random streams of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct StreamSource {
    streams: Streams,
    purpose: Purpose,
    first: u64,
}

impl StreamSource {
    /// Stream of the `i`-th environment of the batch in an episode.
    #[inline]
    fn stream(&self, i: u64, episode: u64) -> Stream {
        self.streams.stream(self.purpose, self.first + i, episode)
    }
}

/// Data of all episodes, as a structure of arrays.
struct Data<E: Env> {
    states: Vec<E::State>,
    rngs: Vec<Stream>,
    clocks: Vec<EpisodeClock>,
    obs: Vec<f32>,
    legal: Vec<bool>,
    to_play: Vec<Player>,
    reward: Vec<f32>,
    ending: Vec<Ending>,
    last_obs: Vec<f32>,
    last_legal: Vec<bool>,
    last_to_play: Vec<Player>,
}

impl<E: Env> Batch<E> {
    /// `num_envs` environments, each at the start of its episode 0. Environment `i` uses the streams of `purpose` with
    /// the index `first + i`.
    pub fn new(env: Arc<E>, num_envs: usize, streams: Streams, purpose: Purpose, first: u64) -> Self {
        let spec = env.spec();
        let shape = BatchShape::of(spec);
        let BatchShape { d, a, .. } = shape;
        let source = StreamSource { streams, purpose, first };
        let mut rngs: Vec<_> = (0..num_envs as u64).map(|i| source.stream(i, 0)).collect();
        let states: Vec<_> = rngs.iter_mut().map(|rng| env.reset(rng)).collect();
        let data = Data {
            states,
            rngs,
            clocks: vec![EpisodeClock::start(0); num_envs],
            obs: vec![0.0; num_envs * d],
            legal: vec![true; num_envs * a],
            to_play: vec![Player::First; num_envs],
            reward: vec![0.0; num_envs],
            ending: vec![Ending::Running; num_envs],
            last_obs: vec![0.0; num_envs * d],
            last_legal: vec![true; num_envs * a],
            last_to_play: vec![Player::First; num_envs],
        };
        let mut batch = Batch {
            env,
            source,
            data,
            finished: Vec::new(),
            shape,
            threads: AdaptiveThreads::default(),
            opener: None,
        };
        batch.observe_all();
        batch
    }

    /// Rules of the world.
    pub fn env(&self) -> &Arc<E> {
        &self.env
    }

    /// States of the environments, `[N]`.
    pub fn states(&self) -> &[E::State] {
        &self.data.states
    }

    /// [`VectorEnv::step`] for actions of the type [`Env::Action`], `[N]`.
    ///
    /// # Errors
    /// As [`VectorEnv::step`].
    #[inline]
    pub fn advance(&mut self, actions: &[E::Action]) -> Result<()> {
        let n = self.data.states.len();
        if actions.len() != n {
            let given = actions.len();
            return Err(Error::Config(format!(
                "expected {n} actions, one for each environment, got {given}"
            )));
        }
        if !self.all_legal(actions) {
            return Err(self.illegal_action(actions));
        }
        let all = BatchChunk::of(&mut self.data, actions, self.shape, self.opener.as_deref());
        self.threads.step(all, &*self.env, self.source, &mut self.finished);
        self.env.check()
    }

    /// Whether every action is legal.
    #[inline]
    fn all_legal(&self, actions: &[E::Action]) -> bool {
        let BatchShape { a, masked, .. } = self.shape;
        if masked && a > 0 {
            return actions
                .iter()
                .zip(self.data.legal.chunks_exact(a))
                .all(|(action, legal)| action.is_allowed(legal));
        }
        // Without masks, only the range is checked. The loop has no early exit, so that the compiler vectorizes it.
        actions.iter().fold(true, |all, action| {
            all & match action.as_actions() {
                Actions::Discrete(one) => one.iter().all(|&action| (action as usize) < a),
                Actions::Continuous(_) => action.is_allowed(&[]),
            }
        })
    }

    /// [`Error::IllegalAction`] for the first illegal action.
    #[cold]
    fn illegal_action(&self, actions: &[E::Action]) -> Error {
        let a = self.shape.a;
        let is_illegal = |i: usize| !actions[i].is_allowed(&self.data.legal[i * a..(i + 1) * a]);
        let row = (0..actions.len()).find(|&i| is_illegal(i)).unwrap_or(0);
        Error::IllegalAction { row, action: format!("{:?}", actions[row]) }
    }

    /// Fills the buffers that are functions of the states: observations, masks, players to move.
    fn observe_all(&mut self) {
        let BatchShape { d, a, masked, .. } = self.shape;
        for (i, state) in self.data.states.iter().enumerate() {
            self.env.observe(state, &mut self.data.obs[i * d..(i + 1) * d]);
            if masked {
                self.env.legal(state, &mut self.data.legal[i * a..(i + 1) * a]);
            }
            self.data.to_play[i] = self.env.to_play(state);
        }
    }
}

impl<E: Env + 'static> VectorEnv for Batch<E> {
    fn spec(&self) -> &Spec {
        self.env.spec()
    }

    fn view(&self) -> BatchView<'_> {
        let data = &self.data;
        BatchView {
            obs: &data.obs,
            legal: &data.legal,
            to_play: &data.to_play,
            reward: &data.reward,
            ending: &data.ending,
            last_obs: &data.last_obs,
            last_legal: &data.last_legal,
            last_to_play: &data.last_to_play,
            num_envs: data.states.len(),
            obs_len: self.shape.d,
            num_actions: self.shape.a,
        }
    }

    fn step(&mut self, actions: Actions<'_>) -> Result<()> {
        let n = self.data.states.len();
        match E::Action::from_actions(actions, n) {
            Some(actions) => self.advance(actions),
            None => Err(Error::Config(format!(
                "{}: expected {n} actions of the world's own kind, one for each environment",
                self.env.spec().id
            ))),
        }
    }

    fn scripted(
        &self,
        script: usize,
        index: usize,
        rng: &mut Stream,
        actions: &mut ActionBuffer,
    ) -> Result<()> {
        match self.env.scripted(script, &self.data.states[index], rng) {
            Some(action) => actions.set(index, action.as_actions()),
            None => Err(no_script(self.env.spec(), script)),
        }
    }

    fn simulator(&self, index: usize) -> Option<Box<dyn Simulator>> {
        let (state, length) = (self.data.states.get(index)?.clone(), self.data.clocks.get(index)?.length);
        let simulator = EnvSimulator::after(Arc::clone(&self.env), state, length, self.shape.limits)?;
        Some(Box::new(simulator))
    }

    fn set_opener(&mut self, opener: Arc<dyn Opener>) -> bool {
        self.opener = Some(opener);
        true
    }
}

impl<E: Env + 'static> ManagedVectorEnv for Batch<E> {
    fn take_finished(&mut self) -> Vec<EpisodeSummary> {
        std::mem::take(&mut self.finished)
    }

    fn set_time_limit(&mut self, steps: u32) {
        self.shape.limits.shorten(steps);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.encode(self.saved(0..self.data.states.len(), self.finished.clone()))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let n = self.data.states.len();
        let saved = self.decode(bytes, Some(n))?;
        self.source = saved.source;
        self.finished = self.replace_rows(0, saved);
        self.observe_all();
        Ok(())
    }

    fn save_rows(&self, rows: Range<usize>) -> Result<Vec<u8>> {
        let n = self.data.states.len();
        if rows.is_empty() || rows.end > n {
            return Err(Error::Config(format!("there are {n} environments, and not the rows {rows:?}")));
        }
        self.encode(self.saved(rows, Vec::new()))
    }

    fn load_rows(&mut self, first: usize, bytes: &[u8]) -> Result<()> {
        let saved = self.decode(bytes, None)?;
        let (n, rows) = (self.data.states.len(), saved.states.len());
        let source = StreamSource { first: self.source.first + first as u64, ..self.source };
        if saved.source != source || first.checked_add(rows).is_none_or(|end| end > n) {
            let id = &self.env.spec().id;
            return Err(Error::Config(format!("this is not the saved row {first} of these batches of {id}")));
        }
        let mut finished = self.replace_rows(first, saved);
        self.finished.append(&mut finished);
        self.observe_all();
        Ok(())
    }
}

/// Error for the index `script` of a scripted policy that the world does not have.
pub(crate) fn no_script(spec: &Spec, script: usize) -> Error {
    Error::Unsupported(format!("{} has no scripted policy with index {script}", spec.id))
}
