//! A tick over some rows of a batch: the hot loop, and how rows are split between threads.

use super::{Data, EpisodeClock, EpisodeLimits, EpisodeSummary, StreamSource};
use crate::{Ending, Env, Player, Score, Spec, Stream};

/// Some rows of a batch with their actions. Rows share nothing, so any split gives the same bytes.
pub(super) struct BatchChunk<'a, E: Env> {
    /// The first row's number in the batch.
    first: u64,
    shape: Shape,
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
}

/// What of a [`Spec`] the hot loop needs.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) d: usize,
    pub(super) a: usize,
    pub(super) masked: bool,
    two_players: bool,
    measures: usize,
    score: Score,
    pub(super) terms: EpisodeLimits,
}

impl Shape {
    pub(super) fn of(spec: &Spec) -> Self {
        Shape {
            d: spec.observation.len(),
            a: spec.actions.count(),
            masked: spec.masked,
            two_players: spec.players == 2,
            measures: spec.measures.len(),
            score: spec.score,
            terms: EpisodeLimits::of(spec),
        }
    }

    /// What is told of an episode that ended in `state`.
    #[inline]
    fn finished<E: Env>(
        &self,
        env: &E,
        state: &E::State,
        index: u64,
        clock: &EpisodeClock,
        ending: Ending,
    ) -> EpisodeSummary {
        let mut measures = vec![f64::NAN; self.measures];
        env.measure(state, &mut measures);
        let score = self.score.of(clock.score, &measures);
        let EpisodeClock { episode, length, score: episode_return, .. } = *clock;
        EpisodeSummary { index, episode, score, episode_return, length, ending, measures }
    }
}

impl<'a, E: Env> BatchChunk<'a, E> {
    #[inline(always)]
    pub(super) fn of(data: &'a mut Data<E>, actions: &'a [E::Action], shape: Shape) -> Self {
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
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.actions.len()
    }

    /// Advances every row, one after the other; `finished` gets the episodes that end.
    #[inline(always)]
    pub(super) fn serial(self, env: &E, seat: StreamSource, finished: &mut Vec<EpisodeSummary>) {
        let Shape { d, a, masked, two_players, terms, .. } = self.shape;
        let n = self.actions.len();
        // One length for all, so that the compiler drops the bounds checks of the loop.
        let (states, rngs, clocks) = (&mut self.states[..n], &mut self.rngs[..n], &mut self.clocks[..n]);
        let (to_play, reward, ending) =
            (&mut self.to_play[..n], &mut self.reward[..n], &mut self.ending[..n]);
        for i in 0..n {
            let (state, rng, clock) = (&mut states[i], &mut rngs[i], &mut clocks[i]);
            let step = env.step(state, self.actions[i], rng);
            let mover = if two_players { to_play[i] } else { Player::First };
            reward[i] = step.reward;
            ending[i] = clock.count(step, mover, terms);
            if ending[i].is_over() {
                env.observe(state, &mut self.last_obs[i * d..(i + 1) * d]);
                if masked {
                    env.legal(state, &mut self.last_legal[i * a..(i + 1) * a]);
                }
                if two_players {
                    self.last_to_play[i] = env.to_play(state);
                }
                let row = self.first + i as u64;
                finished.push(self.shape.finished(env, state, seat.first + row, clock, ending[i]));
                *clock = EpisodeClock::start(clock.episode + 1);
                *rng = seat.stream(row, clock.episode);
                *state = env.reset(rng);
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

    /// The same, halving down to chunks of at most `chunk` rows over rayon's threads. What ends is listed in the order of
    /// rows all the same.
    pub(super) fn parallel(
        self,
        env: &E,
        seat: StreamSource,
        chunk: usize,
        finished: &mut Vec<EpisodeSummary>,
    ) {
        if self.len() <= chunk.max(1) {
            return self.serial(env, seat, finished);
        }
        let (left, right) = self.halve();
        let mut later = Vec::new();
        rayon::join(
            || left.parallel(env, seat, chunk, finished),
            || right.parallel(env, seat, chunk, &mut later),
        );
        finished.append(&mut later);
    }

    fn halve(self) -> (Self, Self) {
        let mid = self.actions.len() / 2;
        let Shape { d, a, .. } = self.shape;
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
        };
        (left, right)
    }
}
