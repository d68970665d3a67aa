//! One step of consecutive environments of a batch: the inner loop, and its split over threads.

use super::opening::Opened;
use super::{Data, EpisodeClock, EpisodeLimits, EpisodeSummary, StreamSource};
use crate::{Ending, Env, Opener, Player, Score, Spec, Stream};

/// Consecutive environments of a batch with their actions. Environments share no data, so that the results do not
/// depend on how a batch is split.
pub(super) struct BatchChunk<'a, E: Env> {
    /// Position of the first environment in the batch.
    first: u64,
    shape: BatchShape,
    actions: &'a [E::Action],
    states: &'a mut [E::State],
    rngs: &'a mut [Stream],
    clocks: &'a mut [EpisodeClock],
    obs: &'a mut [f32],
    legal: &'a mut [bool],
    to_play: &'a mut [Player],
    reward: &'a mut [f32],
    ending: &'a mut [Ending],
    last_obs: &'a mut [f32],
    last_legal: &'a mut [bool],
    last_to_play: &'a mut [Player],
    opener: Option<&'a dyn Opener>,
}

/// Sizes and limits of a [`Spec`], for the inner loop.
#[derive(Clone, Copy)]
pub(super) struct BatchShape {
    /// D, the number of `f32` values of an observation.
    pub(super) d: usize,
    /// A, the number of discrete actions.
    pub(super) a: usize,
    pub(super) masked: bool,
    two_players: bool,
    measures: usize,
    score: Score,
    pub(super) limits: EpisodeLimits,
}

impl BatchShape {
    pub(super) fn of(spec: &Spec) -> Self {
        BatchShape {
            d: spec.observation.len(),
            a: spec.actions.count(),
            masked: spec.masked,
            two_players: spec.players == 2,
            measures: spec.measures.len(),
            score: spec.score,
            limits: EpisodeLimits::of(spec),
        }
    }

    /// Summary of an episode that ended in `state`.
    #[inline]
    fn summary<E: Env>(
        &self,
        env: &E,
        state: &E::State,
        index: u64,
        clock: &EpisodeClock,
        ending: Ending,
    ) -> EpisodeSummary {
        let mut measures = vec![f64::NAN; self.measures];
        env.measure(state, &mut measures);
        let EpisodeClock { episode, length, episode_return, .. } = *clock;
        let score = self.score.of(episode_return, &measures);
        EpisodeSummary { index, episode, score, episode_return, length, ending, measures }
    }
}

impl<'a, E: Env> BatchChunk<'a, E> {
    /// Chunk of all environments of a batch.
    #[inline(always)]
    pub(super) fn of(
        data: &'a mut Data<E>,
        actions: &'a [E::Action],
        shape: BatchShape,
        opener: Option<&'a dyn Opener>,
    ) -> Self {
        BatchChunk {
            first: 0,
            shape,
            actions,
            states: &mut data.states,
            rngs: &mut data.rngs,
            clocks: &mut data.clocks,
            obs: &mut data.obs,
            legal: &mut data.legal,
            to_play: &mut data.to_play,
            reward: &mut data.reward,
            ending: &mut data.ending,
            last_obs: &mut data.last_obs,
            last_legal: &mut data.last_legal,
            last_to_play: &mut data.last_to_play,
            opener,
        }
    }

    /// Number of environments.
    pub(super) fn len(&self) -> usize {
        self.actions.len()
    }

    /// Steps the environments one after the other; appends summaries of ended episodes to `finished`.
    #[inline(always)]
    pub(super) fn serial(self, env: &E, source: StreamSource, finished: &mut Vec<EpisodeSummary>) {
        let BatchShape { d, a, masked, two_players, limits, .. } = self.shape;
        let n = self.actions.len();
        // All slices get the same length, so that the compiler removes the bounds checks in the loop.
        let (states, rngs, clocks) = (&mut self.states[..n], &mut self.rngs[..n], &mut self.clocks[..n]);
        let (to_play, reward, ending) =
            (&mut self.to_play[..n], &mut self.reward[..n], &mut self.ending[..n]);
        for i in 0..n {
            let (state, rng, clock) = (&mut states[i], &mut rngs[i], &mut clocks[i]);
            let step = env.step(state, self.actions[i], rng);
            let mover = if two_players { to_play[i] } else { Player::First };
            reward[i] = step.reward;
            ending[i] = clock.advance(step, mover, limits);
            if ending[i].is_over() {
                env.observe(state, &mut self.last_obs[i * d..(i + 1) * d]);
                if masked {
                    env.legal(state, &mut self.last_legal[i * a..(i + 1) * a]);
                }
                if two_players {
                    self.last_to_play[i] = env.to_play(state);
                }
                let position = self.first + i as u64;
                finished.push(self.shape.summary(env, state, source.first + position, clock, ending[i]));
                *clock = EpisodeClock::start(clock.episode + 1);
                *rng = source.stream(position, clock.episode);
                *state = env.reset(rng);
                if let Some(opener) = self.opener {
                    Opened { state, rng, clock }.open(env, &self.shape, source, position, opener);
                }
            }
            env.observe(state, &mut self.obs[i * d..(i + 1) * d]);
            if masked {
                env.legal(state, &mut self.legal[i * a..(i + 1) * a]);
            }
            if two_players {
                to_play[i] = env.to_play(state);
            }
        }
    }

    /// As [`BatchChunk::serial`], but over the threads of rayon: splits the chunk in halves, down to at most `chunk`
    /// environments. Ended episodes are appended in the order of the environments.
    pub(super) fn parallel(
        self,
        env: &E,
        source: StreamSource,
        chunk: usize,
        finished: &mut Vec<EpisodeSummary>,
    ) {
        if self.len() <= chunk.max(1) {
            return self.serial(env, source, finished);
        }
        let (left, right) = self.halve();
        let mut of_right = Vec::new();
        rayon::join(
            || left.parallel(env, source, chunk, finished),
            || right.parallel(env, source, chunk, &mut of_right),
        );
        finished.append(&mut of_right);
    }

    fn halve(self) -> (Self, Self) {
        let mid = self.actions.len() / 2;
        let BatchShape { d, a, .. } = self.shape;
        let (actions, actions_) = self.actions.split_at(mid);
        let (states, states_) = self.states.split_at_mut(mid);
        let (rngs, rngs_) = self.rngs.split_at_mut(mid);
        let (clocks, clocks_) = self.clocks.split_at_mut(mid);
        let (obs, obs_) = self.obs.split_at_mut(mid * d);
        let (legal, legal_) = self.legal.split_at_mut(mid * a);
        let (to_play, to_play_) = self.to_play.split_at_mut(mid);
        let (reward, reward_) = self.reward.split_at_mut(mid);
        let (ending, ending_) = self.ending.split_at_mut(mid);
        let (last_obs, last_obs_) = self.last_obs.split_at_mut(mid * d);
        let (last_legal, last_legal_) = self.last_legal.split_at_mut(mid * a);
        let (last_to_play, last_to_play_) = self.last_to_play.split_at_mut(mid);
        let left = BatchChunk {
            first: self.first,
            shape: self.shape,
            actions,
            states,
            rngs,
            clocks,
            obs,
            legal,
            to_play,
            reward,
            ending,
            last_obs,
            last_legal,
            last_to_play,
            opener: self.opener,
        };
        let right = BatchChunk {
            first: self.first + mid as u64,
            shape: self.shape,
            actions: actions_,
            states: states_,
            rngs: rngs_,
            clocks: clocks_,
            obs: obs_,
            legal: legal_,
            to_play: to_play_,
            reward: reward_,
            ending: ending_,
            last_obs: last_obs_,
            last_legal: last_legal_,
            last_to_play: last_to_play_,
            opener: self.opener,
        };
        (left, right)
    }
}
