//! The rules. **Source:** the hidden Markov model of Hamilton (Econometrica 57, 1989) with two regimes and moves of one
//! size, and Kelly's bet (1956) on it.
//!
//! **State:** the regime, good or bad; what can be known of it, the filter's belief and the last moves; the wealth.
//!
//! **Action:** the fraction of the wealth to hold in the asset during the next move, 0 to 1: a table, or any number.
//!
//! **What happens:** the price moves by `size` up or down, up with a probability that the regime decides; then the regime
//! stays with probability `stay`. Nothing costs anything.
//!
//! **Reward:** the growth of the wealth, `log(1 + fraction * move)`.
//!
//! **Observation:** the last moves, at most `memory` of them, as the index `1 m1 m2 ...` in binary, the oldest move first
//! and 1 for up (1 alone: none yet); or the filter's belief that the regime is good.
//!
//! **Endings:** none by the rules; the time limit truncates. An episode begins in either regime with probability 1/2.
//!
//! **Version** 1.

use freewheel_core::{Ending, Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, Trail};
use super::belief::{Belief, Fractions};

pub(super) const VERSION: u32 = 1;

/// The rules.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) size: f64,
    /// Probability of a move up in the bad and in the good regime.
    pub(super) up: [f64; 2],
    pub(super) stay: f64,
    pub(super) memory: u32,
    pub(super) fractions: Fractions,
}

/// All that changes during an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) good: bool,
    pub(super) belief: f64,
    pub(super) moves: u32,
    pub(super) fraction: f64,
    pub(super) wealth: f64,
    pub(super) account: Account,
    pub(super) trail: Trail,
}

impl Rules {
    pub(super) fn reset(&self, rng: &mut Stream) -> State {
        State {
            good: rng.chance(0.5),
            belief: Belief::START.0,
            moves: 1,
            fraction: 0.0,
            wealth: 1.0,
            account: Account::new(),
            trail: Trail::new(100.0),
        }
    }

    /// Holds `fraction` during a move.
    #[inline]
    pub(super) fn step(&self, state: &mut State, fraction: f64, rng: &mut Stream) -> Step {
        let up = rng.chance(self.up[usize::from(state.good)]);
        let moved = if up { self.size } else { -self.size };
        let factor = 1.0 + fraction * moved;
        state.wealth *= factor;
        state.account.book(state.wealth - 1.0, 0.0, (fraction - state.fraction).abs());
        state.fraction = fraction;
        state.trail.push(state.trail.last() * (1.0 + moved));
        state.belief = self.after(Belief(state.belief), up).0;
        state.moves = remember(state.moves, up, self.memory);
        state.good ^= !rng.chance(self.stay);
        Step { reward: factor.ln() as f32, ending: Ending::Running }
    }
}

/// The moves seen, one more; the oldest is forgotten where there are more than `memory`.
#[inline]
pub(super) fn remember(moves: u32, up: bool, memory: u32) -> u32 {
    let more = moves << 1 | u32::from(up);
    let full = 1 << memory;
    if more < 2 * full { more } else { more & (full - 1) | full }
}
