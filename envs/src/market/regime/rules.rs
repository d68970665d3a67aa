//! Rules of `market/regime`. **Source:** the hidden Markov model of Hamilton (Econometrica 57, 1989) with two regimes
//! and moves of one size, and the betting rule of Kelly (1956).
//!
//! **State:** regime, good or bad; the filter's belief and the last moves; wealth.
//!
//! **Action:** fraction of the wealth to hold in the asset during the next move, 0 to 1: one of a table, or any
//! number.
//!
//! **Step:** the price moves up or down by `size`, with an up probability that depends on the regime; then the regime
//! stays with probability `stay`. There are no costs.
//!
//! **Reward:** log growth of the wealth, `ln(1 + fraction * move)`.
//!
//! **Observation:** the last `memory` moves as the index `1 m1 m2 ...` in binary, the oldest move first and 1 for up
//! (1 alone: no move yet); or the filter's probability that the regime is good.
//!
//! **Endings:** truncation at the time limit. An episode starts in either regime with probability 1/2.
//!
//! **Version** 1.

use freewheel_core::{Ending, Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, PriceHistory};
use super::super::actions::Fractions;

pub(super) const VERSION: u32 = 1;
/// Price at the start of an episode.
pub(super) const START_PRICE: f64 = 100.0;

/// Parameters of the rules of `market/regime`.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) size: f64,
    /// Probability of an up move in the bad and in the good regime.
    pub(super) up: [f64; 2],
    pub(super) stay: f64,
    pub(super) memory: u32,
    pub(super) fractions: Fractions,
}

/// State of an episode of `market/regime`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) good: bool,
    pub(super) belief: f64,
    pub(super) moves: u32,
    pub(super) fraction: f64,
    pub(super) wealth: f64,
    pub(super) account: Account,
    pub(super) price_history: PriceHistory,
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
            price_history: PriceHistory::new(START_PRICE),
        }
    }

    /// Runs one move with the fraction `fraction` of the wealth in the asset.
    #[inline]
    pub(super) fn step(&self, state: &mut State, fraction: f64, rng: &mut Stream) -> Step {
        let up = rng.chance(self.up[usize::from(state.good)]);
        let price_change = if up { self.size } else { -self.size };
        let factor = 1.0 + fraction * price_change;
        state.wealth *= factor;
        state.account.record(state.wealth - 1.0, 0.0, (fraction - state.fraction).abs());
        state.fraction = fraction;
        state.price_history.push(state.price_history.last() * (1.0 + price_change));
        state.belief = self.next_belief(Belief(state.belief), up).0;
        state.moves = push_move(state.moves, up, self.memory);
        state.good ^= !rng.chance(self.stay);
        Step { reward: factor.ln() as f32, ending: Ending::Running }
    }
}

impl Rules {
    /// State of a trader, now in `own`, who holds `fraction` in the step after which the market is in `after`.
    pub(super) fn follow(&self, own: &State, fraction: f64, after: &State) -> State {
        let mut state = State { account: own.account.clone(), fraction, ..after.clone() };
        // The last bit of the moves is the last move.
        let price_change = if after.moves & 1 == 1 { self.size } else { -self.size };
        state.wealth = own.wealth * (1.0 + fraction * price_change);
        state.account.record(state.wealth - 1.0, 0.0, (fraction - own.fraction).abs());
        state
    }
}

/// Appends a move to the index of observed moves; beyond `memory` moves the oldest is dropped.
#[inline]
pub(super) fn push_move(moves: u32, up: bool, memory: u32) -> u32 {
    let more = moves << 1 | u32::from(up);
    let full = 1 << memory;
    if more < 2 * full { more } else { more & (full - 1) | full }
}

/// Belief: probability that the regime of the next move is good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Belief(pub(super) f64);

impl Belief {
    /// Belief at the start of an episode.
    pub(super) const START: Belief = Belief(0.5);
}

impl Rules {
    /// Probability of an up move under a belief.
    #[inline]
    pub(super) fn up_probability(&self, Belief(good): Belief) -> f64 {
        good * self.up[1] + (1.0 - good) * self.up[0]
    }

    /// Belief after an observed move: Bayes' rule, then one transition of the regime.
    #[inline]
    pub(super) fn next_belief(&self, Belief(good): Belief, up: bool) -> Belief {
        let likelihood = |regime: usize| if up { self.up[regime] } else { 1.0 - self.up[regime] };
        let joint = good * likelihood(1);
        let posterior = joint / (joint + (1.0 - good) * likelihood(0));
        Belief(posterior * self.stay + (1.0 - posterior) * (1.0 - self.stay))
    }

    /// Expected log growth of one move with the fraction `fraction`, if the regime is good with probability `good`.
    pub(super) fn expected_growth(&self, fraction: f64, good: f64) -> f64 {
        let up = self.up_probability(Belief(good));
        up * (fraction * self.size).ln_1p() + (1.0 - up) * (-fraction * self.size).ln_1p()
    }

    /// Optimal fraction: Kelly's `(2 p - 1) / size` with the up probability p, clipped to 0..1, or the best level.
    pub(super) fn optimal_fraction(&self, belief: Belief) -> f64 {
        match &self.fractions {
            Fractions::Any => ((2.0 * self.up_probability(belief) - 1.0) / self.size).clamp(0.0, 1.0),
            Fractions::Levels(levels) => {
                let growth = |fraction: f64| self.expected_growth(fraction, belief.0);
                levels
                    .iter()
                    .copied()
                    .fold(levels[0], |best, level| if growth(level) > growth(best) { level } else { best })
            }
        }
    }

    /// Expected log growth of one move with the optimal fraction.
    pub(super) fn optimal_growth(&self, belief: Belief) -> f64 {
        self.expected_growth(self.optimal_fraction(belief), belief.0)
    }

    /// Expected log growth of a move under a uniformly random fraction, in the stationary distribution of regimes.
    pub(super) fn random_growth(&self) -> f64 {
        let growth =
            |fraction: f64| 0.5 * (self.expected_growth(fraction, 0.0) + self.expected_growth(fraction, 1.0));
        match &self.fractions {
            Fractions::Levels(levels) => levels.iter().map(|&f| growth(f)).sum::<f64>() / levels.len() as f64,
            Fractions::Any => {
                // The integral of ln(1 + m f) over f in [0, 1] is ((1 + m) ln(1 + m) - m) / m.
                let mean = |m: f64| ((1.0 + m) * m.ln_1p() - m) / m;
                let up = 0.5 * (self.up[0] + self.up[1]);
                up * mean(self.size) + (1.0 - up) * mean(-self.size)
            }
        }
    }
}

/// Beliefs given the observed moves only, for each index of observed moves, `[2^(memory + 1)]`. The regime is
/// stationary, so the number of earlier moves does not matter.
pub(super) fn beliefs_by_moves(rules: &Rules) -> Vec<Belief> {
    let mut beliefs = vec![Belief::START; 2 << rules.memory];
    for moves in 1..1 << rules.memory {
        for up in [false, true] {
            beliefs[moves << 1 | usize::from(up)] = rules.next_belief(beliefs[moves], up);
        }
    }
    beliefs
}
