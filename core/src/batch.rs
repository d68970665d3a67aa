//! N episodes of one world over buffers allocated once.
//!
//! A finished episode is reset within the same tick; what it last saw is kept in `last_obs` and `last_legal`, so that
//! `r + gamma * ending.discount() * V(successor)` is right for terminated, truncated and running rows alike.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Action, ActionBuffer, Actions, Ending, Env, Error, Player, Policy, Purpose, Result, Spec, Stream, Streams,
};

mod chunk;
mod clock;
#[cfg(test)]
mod tests;
mod threads;

use chunk::{BatchChunk, Shape};
pub(crate) use clock::{EpisodeClock, EpisodeLimits};
use threads::AdaptiveThreads;

/// The object-safe face of a [`Batch`]: one virtual call a batch, never one a step.
pub trait VectorEnv: Send {
    /// The world's.
    fn spec(&self) -> &Spec;
    /// What stands in the buffers now.
    fn view(&self) -> BatchView<'_>;
    /// Advances every row by its action. Checked before anything moves: on an error no row has changed.
    fn step(&mut self, actions: Actions<'_>) -> Result<()>;
    /// Asks `policy` for an action of every row; row `i` draws from `rngs[i]`. A policy that is one of the world's own
    /// [scripts](crate::Policy::script) is asked with the states.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the world has no such script.
    fn select_actions(
        &self,
        policy: &dyn Policy,
        rngs: &mut [Stream],
        choice: &mut ActionBuffer,
    ) -> Result<()> {
        let view = self.view();
        match policy.script() {
            Some(script) => {
                (0..view.num_envs).try_for_each(|row| self.scripted(script, row, &mut rngs[row], choice))
            }
            None => {
                policy.act(view.obs, view.legal, rngs, choice);
                Ok(())
            }
        }
    }
    /// Puts what the world's player `script` would do in row `row` into `choice`, which has room for every row.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the world has no such script.
    fn scripted(&self, script: usize, row: usize, rng: &mut Stream, choice: &mut ActionBuffer) -> Result<()>;
    /// The episodes that ended since this was last called, in the order of ticks, then rows.
    fn take_finished(&mut self) -> Vec<EpisodeSummary>;
    /// Truncates episodes after `steps` steps where the world itself would let them go on longer.
    fn limit(&mut self, steps: u32);
    /// Everything that [`VectorEnv::load`] needs to go on exactly here.
    fn save(&self) -> Result<Vec<u8>>;
    /// Goes on exactly where `save` was called, on the streams of the batch that was saved. `bytes` come from a batch of
    /// the same world and size, else it is an error and nothing has changed. A [`VectorEnv::limit`] is not saved.
    fn load(&mut self, bytes: &[u8]) -> Result<()>;
}

/// The buffers of a batch of N rows, observations of D numbers, A counted actions.
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    /// `[N, D]`: what each row sees now; after an ending, the first observation of its next episode.
    pub obs: &'a [f32],
    /// `[N, A]`: what each row may do now.
    pub legal: &'a [bool],
    /// `[N]`: who moves next.
    pub to_play: &'a [Player],
    /// `[N]`: the mover's reward of the tick just made.
    pub reward: &'a [f32],
    /// `[N]`: how the tick just made left each row.
    pub ending: &'a [Ending],
    /// `[N, D]`: the true last observation; of this tick where `ending` is over, else stale.
    pub last_obs: &'a [f32],
    /// `[N, A]`: the mask that belongs to `last_obs`.
    pub last_legal: &'a [bool],
    /// `[N]`: who would have moved at `last_obs`.
    pub last_to_play: &'a [Player],
    /// N.
    pub num_envs: usize,
    /// D.
    pub obs_len: usize,
    /// A.
    pub actions: usize,
}

impl<'a> BatchView<'a> {
    /// Row `i` of `obs`, `[D]`.
    #[inline]
    pub fn obs_row(&self, i: usize) -> &'a [f32] {
        &self.obs[i * self.obs_len..(i + 1) * self.obs_len]
    }

    /// Row `i` of `legal`, `[A]`.
    #[inline]
    pub fn legal_row(&self, i: usize) -> &'a [bool] {
        &self.legal[i * self.actions..(i + 1) * self.actions]
    }

    /// Who moves at the [`BatchView::successor`] of row `i`.
    #[inline(always)]
    pub fn successor_to_play(&self, i: usize) -> Player {
        if self.ending[i].is_over() { self.last_to_play[i] } else { self.to_play[i] }
    }

    /// What the tick just made led to in row `i`, before any reset: its observation `[D]` and mask `[A]`.
    #[inline(always)]
    pub fn successor(&self, i: usize) -> (&'a [f32], &'a [bool]) {
        if self.ending[i].is_over() {
            let (d, a) = (self.obs_len, self.actions);
            (&self.last_obs[i * d..(i + 1) * d], &self.last_legal[i * a..(i + 1) * a])
        } else {
            (self.obs_row(i), self.legal_row(i))
        }
    }
}

/// An episode that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpisodeSummary {
    /// The environment index: the row of the batch, plus the batch's first index.
    pub index: u64,
    /// Its number within that index, from 0.
    pub episode: u64,
    /// What it is judged by: [`Spec::score`](crate::Spec::score).
    pub score: f64,
    /// The first player's return, counted with the world's own discount.
    pub episode_return: f64,
    /// Its length in steps.
    pub length: u32,
    /// `Terminal` or `Truncated`.
    pub ending: Ending,
    /// The world's [measures](crate::Spec::measures) of it, `[M]`.
    pub measures: Vec<f64>,
}

/// N episodes of the world `E`, stepped together.
///
/// Row `i` draws from the stream (run seed, purpose, first index + i, episode number) and from nothing else, so results
/// are the same bytes for any number of threads. A tick is serial while it is cheap and split over rayon's threads
/// once its measured cost pays for that.
pub struct Batch<E: Env> {
    env: Arc<E>,
    seat: StreamSource,
    data: Data<E>,
    finished: Vec<EpisodeSummary>,
    shape: Shape,
    threads: AdaptiveThreads,
}

/// Which streams a batch draws from.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct StreamSource {
    streams: Streams,
    purpose: Purpose,
    first: u64,
}

/// All that changes, as structure of arrays.
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

/// What a checkpoint keeps of a batch.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Saved<S: Serialize + serde::de::DeserializeOwned> {
    seat: StreamSource,
    states: Vec<S>,
    rngs: Vec<Stream>,
    clocks: Vec<EpisodeClock>,
    reward: Vec<f32>,
    ending: Vec<Ending>,
    last_obs: Vec<f32>,
    last_legal: Vec<bool>,
    last_to_play: Vec<Player>,
    finished: Vec<EpisodeSummary>,
}

impl<E: Env> Batch<E> {
    /// `rows` episodes at their first states. Row `i` is environment `first + i` of `purpose`.
    pub fn new(env: Arc<E>, rows: usize, streams: Streams, purpose: Purpose, first: u64) -> Self {
        let spec = env.spec();
        let shape = Shape::of(spec);
        let Shape { d, a, .. } = shape;
        let seat = StreamSource { streams, purpose, first };
        let mut rngs: Vec<_> = (0..rows as u64).map(|i| seat.stream(i, 0)).collect();
        let states: Vec<_> = rngs.iter_mut().map(|rng| env.reset(rng)).collect();
        let data = Data {
            states,
            rngs,
            clocks: vec![EpisodeClock::start(0); rows],
            obs: vec![0.0; rows * d],
            legal: vec![true; rows * a],
            to_play: vec![Player::First; rows],
            reward: vec![0.0; rows],
            ending: vec![Ending::Running; rows],
            last_obs: vec![0.0; rows * d],
            last_legal: vec![true; rows * a],
            last_to_play: vec![Player::First; rows],
        };
        let mut batch =
            Batch { env, seat, data, finished: Vec::new(), shape, threads: AdaptiveThreads::default() };
        batch.look();
        batch
    }

    /// The world.
    pub fn env(&self) -> &Arc<E> {
        &self.env
    }

    /// The state of each row, `[N]`.
    pub fn states(&self) -> &[E::State] {
        &self.data.states
    }

    /// [`VectorEnv::step`] for actions of the world's own type, `[N]`.
    #[inline]
    pub fn advance(&mut self, actions: &[E::Action]) -> Result<()> {
        let rows = self.data.states.len();
        if actions.len() != rows {
            return Err(Error::Config(format!("a batch of {rows} rows was given {} actions", actions.len())));
        }
        if !self.allows(actions) {
            return Err(self.refusal(actions));
        }
        let all = BatchChunk::of(&mut self.data, actions, self.shape);
        self.threads.tick(all, &*self.env, self.seat, &mut self.finished);
        Ok(())
    }

    /// Whether each row may do its action.
    #[inline]
    fn allows(&self, actions: &[E::Action]) -> bool {
        let Shape { a, masked, .. } = self.shape;
        if masked && a > 0 {
            return actions
                .iter()
                .zip(self.data.legal.chunks_exact(a))
                .all(|(action, legal)| action.is_allowed(legal));
        }
        // Without masks only the range matters; without a way out the loop takes many rows at once.
        actions.iter().fold(true, |all, action| {
            all & match action.as_actions() {
                Actions::Discrete(choice) => choice.iter().all(|&choice| (choice as usize) < a),
                Actions::Continuous(_) => action.is_allowed(&[]),
            }
        })
    }

    /// Names the first action that is not allowed.
    #[cold]
    fn refusal(&self, actions: &[E::Action]) -> Error {
        let a = self.shape.a;
        let refused = |row: usize| !actions[row].is_allowed(&self.data.legal[row * a..(row + 1) * a]);
        let row = (0..actions.len()).find(|&row| refused(row)).unwrap_or(0);
        Error::IllegalAction { row, action: format!("{:?}", actions[row]) }
    }

    /// Fills what is a function of the states.
    fn look(&mut self) {
        let Shape { d, a, masked, .. } = self.shape;
        for (i, state) in self.data.states.iter().enumerate() {
            self.env.observe(state, &mut self.data.obs[i * d..(i + 1) * d]);
            if masked {
                self.env.legal(state, &mut self.data.legal[i * a..(i + 1) * a]);
            }
            self.data.to_play[i] = self.env.to_play(state);
        }
    }
}

impl<E: Env> VectorEnv for Batch<E> {
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
            actions: self.shape.a,
        }
    }

    fn step(&mut self, actions: Actions<'_>) -> Result<()> {
        let rows = self.data.states.len();
        match E::Action::rows(actions, rows) {
            Some(actions) => self.advance(actions),
            None => Err(Error::Config(format!(
                "{}: {rows} rows were given actions of another kind or number",
                self.env.spec().id
            ))),
        }
    }

    fn scripted(&self, script: usize, row: usize, rng: &mut Stream, choice: &mut ActionBuffer) -> Result<()> {
        match self.env.scripted(script, &self.data.states[row], rng) {
            Some(action) => choice.set(row, action.as_actions()),
            None => Err(no_script(self.env.spec(), script)),
        }
    }

    fn take_finished(&mut self) -> Vec<EpisodeSummary> {
        std::mem::take(&mut self.finished)
    }

    fn limit(&mut self, steps: u32) {
        self.shape.terms.limit(steps);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let data = &self.data;
        let saved = Saved {
            seat: self.seat,
            states: data.states.clone(),
            rngs: data.rngs.clone(),
            clocks: data.clocks.clone(),
            reward: data.reward.clone(),
            ending: data.ending.clone(),
            last_obs: data.last_obs.clone(),
            last_legal: data.last_legal.clone(),
            last_to_play: data.last_to_play.clone(),
            finished: self.finished.clone(),
        };
        let spec = self.env.spec();
        postcard::to_stdvec(&(&spec.id, spec.version, saved))
            .map_err(|e| Error::Unsupported(format!("a batch cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let spec = self.env.spec();
        let id = &spec.id;
        let not_ours = |e: postcard::Error| Error::Config(format!("this is not a saved batch of {id}: {e}"));
        // The world first: the states of another may read as states of this one.
        let ((world, version), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(not_ours)?;
        if (&world, version) != (id, spec.version) {
            return Err(Error::Config(format!(
                "a batch of {world} version {version} was saved, and this is {id} version {}",
                spec.version
            )));
        }
        let (saved, rest): (Saved<E::State>, _) = postcard::take_from_bytes(rest).map_err(not_ours)?;
        if !rest.is_empty() {
            return Err(Error::Config(format!("{} bytes follow a saved batch of {id}", rest.len())));
        }
        let (rows, data) = (self.data.states.len(), &mut self.data);
        if [
            saved.states.len(),
            saved.rngs.len(),
            saved.clocks.len(),
            saved.reward.len(),
            saved.ending.len(),
            saved.last_to_play.len(),
        ] != [rows; 6]
            || saved.last_obs.len() != data.last_obs.len()
            || saved.last_legal.len() != data.last_legal.len()
        {
            return Err(Error::Config(format!("a saved batch of {id} has another size than {rows} rows")));
        }
        self.seat = saved.seat;
        (data.states, data.rngs, data.clocks) = (saved.states, saved.rngs, saved.clocks);
        (data.reward, data.ending) = (saved.reward, saved.ending);
        (data.last_obs, data.last_legal) = (saved.last_obs, saved.last_legal);
        data.last_to_play = saved.last_to_play;
        self.finished = saved.finished;
        self.look();
        Ok(())
    }
}

/// What is said of a script that a world does not have.
pub(crate) fn no_script(spec: &Spec, script: usize) -> Error {
    Error::Unsupported(format!("{} has no scripted player of number {script}", spec.id))
}

impl StreamSource {
    #[inline]
    fn stream(&self, row: u64, episode: u64) -> Stream {
        self.streams.stream(self.purpose, self.first + row, episode)
    }
}
