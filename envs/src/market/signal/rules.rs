//! The rules. **Sources:** Gârleanu & Pedersen, *Dynamic Trading with Predictable Returns and Transaction Costs*, Journal
//! of Finance 68 (2013), for one asset; and the same with proportional costs, whose best policy is a threshold (de
//! Lataillade, Deremble, Potters & Bouchaud, arXiv 1203.5957).
//!
//! **State:** the signal f, one of n values that move by a Rouwenhorst chain (a first-order autoregression, see
//! `chain`); the position x that was held last; the books and the last prices, which decide nothing.
//!
//! **Action:** the position y to hold from now on: one of a table, or a number within the limit.
//!
//! **What happens:** the trade `y - x` is paid for, the price moves by `r = f + noise z` with z standard normal, then the
//! signal moves.
//!
//! **Reward:** `weight (y r - risk y^2 / 2) - linear |y - x| - quadratic (y - x)^2 / 2`. With `weight` 1 - rho this is the
//! objective of Gârleanu & Pedersen, in which gains count one step later than the trades that bring them.
//!
//! **Observation:** counted actions: `signal * levels + level of x`, one index that tells everything. Continuous: f and x.
//!
//! **Endings:** none by the rules; the time limit truncates. An episode begins flat, with a signal of the stationary law.
//!
//! **Version** 1.

use freewheel_core::{Ending, Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, Trail};
use super::super::chain::Chain;

pub(super) const VERSION: u32 = 1;
/// What the price begins at.
pub(super) const PRICE: f64 = 100.0;

/// The rules.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) chain: Chain,
    /// Standard deviation of what the signal does not tell of a step's price move.
    pub(super) noise: f64,
    /// What a gain counts beside a cost of the same step.
    pub(super) weight: f64,
    /// Penalty of holding, per square of the position.
    pub(super) risk: f64,
    /// Cost of trading a unit.
    pub(super) linear: f64,
    /// Cost of trading, per square.
    pub(super) quadratic: f64,
    /// Whether price moves are fractions of the price begun at, to be drawn in its unit.
    pub(super) fractional: bool,
}

/// All that changes during an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) signal: u16,
    pub(super) position: f64,
    pub(super) account: Account,
    pub(super) trail: Trail,
}

impl Rules {
    pub(super) fn reset(&self, rng: &mut Stream) -> State {
        State {
            signal: self.chain.begin(rng) as u16,
            position: 0.0,
            account: Account::new(),
            trail: Trail::new(PRICE),
        }
    }

    /// The state of the chain; one that is not there, as damaged bytes may name, is the last.
    #[inline]
    pub(super) fn signal(&self, state: &State) -> usize {
        usize::from(state.signal).min(self.chain.states() - 1)
    }

    /// Holds `target` for a step.
    #[inline]
    pub(super) fn step(&self, state: &mut State, target: f64, rng: &mut Stream) -> Step {
        let signal = self.signal(state);
        let surprise = if self.noise > 0.0 { self.noise * rng.normal() } else { 0.0 };
        let moved = self.chain.value(signal) + surprise;
        let traded = (target - state.position).abs();
        let cost = self.cost(traded);
        state.account.book(state.account.profit + target * moved - cost, cost, traded);
        state.trail.push(state.trail.last() + moved * if self.fractional { PRICE } else { 1.0 });
        state.position = target;
        state.signal = self.chain.next(signal, rng) as u16;
        Step { reward: (self.gain(moved, target) - cost) as f32, ending: Ending::Running }
    }

    /// What holding `target` over a price move is worth.
    #[inline]
    fn gain(&self, moved: f64, target: f64) -> f64 {
        self.weight * (target * moved - 0.5 * self.risk * target * target)
    }

    /// What trading costs.
    #[inline]
    fn cost(&self, traded: f64) -> f64 {
        self.linear * traded + 0.5 * self.quadratic * traded * traded
    }

    /// The expected reward of going from `position` to `target` while the signal is in state `signal`.
    pub(super) fn expected(&self, signal: usize, position: f64, target: f64) -> f64 {
        self.gain(self.chain.value(signal), target) - self.cost((target - position).abs())
    }
}
