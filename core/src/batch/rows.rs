//! A tick over some rows of a batch: the hot loop, and how rows are split between threads.

use super::{Clock, Data, Seat};
use crate::{Ending, Env, Player, Spec, Stream};

/// Some rows of a batch with their actions. Rows share nothing, so any split gives the same bytes.
pub(super) struct Rows<'a, E: Env> {
    /// The first row's number in the batch.
    first: u64,
    shape: Shape,
    actions: &'a [E::Action],
    states: &'a mut [E::State],
    rngs: &'a mut [Stream],
    clocks: &'a mut [Clock],
    obs: &'a mut [f32],
    legal: &'a mut [bool],
    to_play: &'a mut [Player],
    reward: &'a mut [f32],
    ending: &'a mut [Ending],
    last_obs: &'a mut [f32],
    last_legal: &'a mut [bool],
    last_clock: &'a mut [Clock],
}

/// What of a [`Spec`] the hot loop needs.
#[derive(Clone, Copy)]
struct Shape {
    d: usize,
    a: usize,
    masked: bool,
    two_players: bool,
    time_limit: u32,
    gamma: f64,
}

impl<'a, E: Env> Rows<'a, E> {
    pub(super) fn of(data: &'a mut Data<E>, actions: &'a [E::Action], spec: &Spec, time_limit: u32) -> Self {
        let shape = Shape {
            d: spec.observation.len(),
            a: spec.actions.count(),
            masked: spec.masked,
            two_players: spec.players == 2,
            time_limit,
            gamma: spec.gamma,
        };
        Rows {
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
            last_clock: &mut data.last_clock,
        }
    }

    /// Advances every row, one after the other, and says whether any episode is over.
    pub(super) fn serial(self, env: &E, seat: Seat) -> bool {
        let Shape { d, a, masked, two_players, time_limit, gamma } = self.shape;
        let n = self.actions.len();
        // One length for all, so that the compiler drops the bounds checks of the loop.
        let (states, rngs, clocks) = (&mut self.states[..n], &mut self.rngs[..n], &mut self.clocks[..n]);
        let (to_play, reward) = (&mut self.to_play[..n], &mut self.reward[..n]);
        let (ending, last_clock) = (&mut self.ending[..n], &mut self.last_clock[..n]);
        let mut any_over = false;
        for i in 0..n {
            let (state, rng, clock) = (&mut states[i], &mut rngs[i], &mut clocks[i]);
            let step = env.step(state, self.actions[i], rng);
            // The score is the first player's; the reward is the mover's.
            let gained = if two_players && to_play[i] == Player::Second { -step.reward } else { step.reward };
            clock.score += clock.weight * f64::from(gained);
            clock.weight *= gamma;
            clock.length += 1;
            reward[i] = step.reward;
            ending[i] = match step.ending {
                Ending::Running if clock.length >= time_limit => Ending::Truncated,
                ending => ending,
            };
            if ending[i].is_over() {
                any_over = true;
                env.observe(state, &mut self.last_obs[i * d..(i + 1) * d]);
                if masked {
                    env.legal(state, &mut self.last_legal[i * a..(i + 1) * a]);
                }
                last_clock[i] = *clock;
                *clock = Clock::start(clock.episode + 1);
                *rng = seat.stream(self.first + i as u64, clock.episode);
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
        any_over
    }

    /// The same, halving down to chunks of at most `chunk` rows over rayon's threads.
    pub(super) fn parallel(self, env: &E, seat: Seat, chunk: usize) -> bool {
        if self.actions.len() <= chunk.max(1) {
            return self.serial(env, seat);
        }
        let (left, right) = self.halve();
        let over = rayon::join(|| left.parallel(env, seat, chunk), || right.parallel(env, seat, chunk));
        over.0 || over.1
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
        let (last_clock, last_clock_) = self.last_clock.split_at_mut(mid);
        let left = Rows {
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
            last_clock,
        };
        let right = Rows {
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
            last_clock: last_clock_,
        };
        (left, right)
    }
}
