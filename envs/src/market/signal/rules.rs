//! Rules of the signal worlds. **Sources:** Gârleanu & Pedersen, *Dynamic Trading with Predictable Returns and
//! Transaction Costs*, Journal of Finance 68 (2013), for one asset; with proportional costs the optimal policy is a
//! threshold (de Lataillade, Deremble, Potters & Bouchaud, arXiv 1203.5957).
//!
//! **State:** signal f, one of n values of a Rouwenhorst chain (see `chain`); current position x; account and last
//! prices, which do not affect the dynamics.
//!
//! **Action:** the new position y: one of a table, or a number within the limit.
//!
//! **Step:** the cost of the trade `y - x` is paid; the price changes by `r = f + noise z` with z standard normal; then
//! the signal takes one step of its Markov chain.
//!
//! **Reward:** `gain_weight (y r - risk_penalty y^2 / 2) - linear_cost |y - x| - quadratic_cost (y - x)^2 / 2`. With
//! `gain_weight` 1 - rho this is the objective of Gârleanu & Pedersen, in which the gain of a trade counts one step
//! later than its cost.
//!
//! **Observation:** discrete actions: the index `signal * levels + level of x`, the complete state. Continuous
//! actions: f and x.
//!
//! **Endings:** truncation at the time limit. An episode starts with position 0 and a signal of the stationary
//! distribution.
//!
//! **Version** 1.

use freewheel_core::{Ending, Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, PriceHistory};
use super::super::chain::MarkovChain;

pub(super) const VERSION: u32 = 1;
/// Price at the start of an episode.
pub(super) const START_PRICE: f64 = 100.0;

/// Parameters of the rules of the signal worlds.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) chain: MarkovChain,
    /// Standard deviation of the price change that the signal does not predict.
    pub(super) noise: f64,
    /// Weight of gains relative to the costs of the same step.
    pub(super) gain_weight: f64,
    /// Risk penalty per squared position.
    pub(super) risk_penalty: f64,
    /// Cost per unit traded.
    pub(super) linear_cost: f64,
    /// Cost per squared trade.
    pub(super) quadratic_cost: f64,
    /// Whether price changes are fractions of [`START_PRICE`]; for the prices in the drawing.
    pub(super) relative_returns: bool,
}

/// State of an episode of a signal world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) signal: u16,
    pub(super) position: f64,
    pub(super) account: Account,
    pub(super) price_history: PriceHistory,
}

impl Rules {
    pub(super) fn reset(&self, rng: &mut Stream) -> State {
        State {
            signal: self.chain.sample_start(rng) as u16,
            position: 0.0,
            account: Account::new(),
            price_history: PriceHistory::new(START_PRICE),
        }
    }

    /// State of the Markov chain, limited to the existing states: a damaged checkpoint may hold any number.
    #[inline]
    pub(super) fn signal(&self, state: &State) -> usize {
        usize::from(state.signal).min(self.chain.states() - 1)
    }

    /// Changes the position to `target` and runs a step.
    #[inline]
    pub(super) fn step(&self, state: &mut State, target: f64, rng: &mut Stream) -> Step {
        let signal = self.signal(state);
        let noise = if self.noise > 0.0 { self.noise * rng.normal() } else { 0.0 };
        let price_change = self.chain.value(signal) + noise;
        let traded = (target - state.position).abs();
        let cost = self.cost(traded);
        state.account.record(state.account.profit + target * price_change - cost, cost, traded);
        state.price_history.push(
            state.price_history.last() + price_change * if self.relative_returns { START_PRICE } else { 1.0 },
        );
        state.position = target;
        state.signal = self.chain.sample_next(signal, rng) as u16;
        Step { reward: (self.gain(price_change, target) - cost) as f32, ending: Ending::Running }
    }

    /// State of a trader, now in `own`, who holds `target` in the step in which the market goes from `before` to
    /// `after`.
    pub(super) fn follow(&self, own: &State, target: f64, before: &State, after: &State) -> State {
        let mut state = State { account: own.account.clone(), position: target, ..after.clone() };
        let unit = if self.relative_returns { START_PRICE } else { 1.0 };
        let price_change = (after.price_history.last() - before.price_history.last()) / unit;
        let traded = (target - own.position).abs();
        let cost = self.cost(traded);
        state.account.record(own.account.profit + target * price_change - cost, cost, traded);
        state
    }

    /// Gain of holding the position `target` during a price change.
    #[inline]
    fn gain(&self, price_change: f64, target: f64) -> f64 {
        self.gain_weight * (target * price_change - 0.5 * self.risk_penalty * target * target)
    }

    /// Cost of trading `traded` units.
    #[inline]
    fn cost(&self, traded: f64) -> f64 {
        self.linear_cost * traded + 0.5 * self.quadratic_cost * traded * traded
    }

    /// Expected reward of changing the position from `position` to `target` in state `signal` of the Markov chain.
    pub(super) fn expected_reward(&self, signal: usize, position: f64, target: f64) -> f64 {
        self.gain(self.chain.value(signal), target) - self.cost((target - position).abs())
    }
}
