//! Rules of `market/execution`. **Source:** Almgren & Chriss, *Optimal Execution of Portfolio Transactions*, Journal
//! of Risk 3 (2000), with linear impact.
//!
//! **State:** remaining fraction of the order, steps left, price.
//!
//! **Action:** fraction of the remaining order to sell in this step, 0 to 1: one of a table, or any number. The last
//! step sells everything.
//!
//! **Step** of tau days in which n of X shares of stock are sold and x remain: each share of stock is sold for
//! `spread + temporary n / tau` less than the price; then the price changes by `volatility sqrt(tau) z - permanent n`,
//! with z standard normal.
//!
//! **Reward:** minus the step's part of the implementation shortfall, minus the risk term
//! `risk_aversion volatility^2 tau x^2` of the remaining order, both in dollars per share of the whole order. The risk
//! terms of a fixed trajectory sum to `risk_aversion` times the variance of the trajectory's shortfall, so the
//! objective is the paper's `E + lambda V`.
//!
//! **Observation:** remaining fraction of the order and of the time.
//!
//! **Endings:** terminal after the last step.
//!
//! **Version** 1.

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, PriceHistory};

pub(super) const VERSION: u32 = 1;
/// Price at the start of an episode, in dollars.
const PRICE: f64 = 50.0;

/// Parameters of the rules, per step and per share of the whole order.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) steps: u32,
    /// Standard deviation of the price change.
    pub(super) price_std: f64,
    pub(super) spread: f64,
    /// Fall of the price when the whole order is sold, in dollars.
    pub(super) permanent: f64,
    /// Reduction of the sale price when the whole order is sold in one step, in dollars.
    pub(super) temporary: f64,
    /// Risk term of the reward if the whole order is kept for a step.
    pub(super) risk: f64,
    /// Whether rewards contain the price changes.
    pub(super) realized: bool,
}

/// State of an episode of `market/execution`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// Remaining fraction of the order.
    pub(super) remaining: f64,
    pub(super) steps_left: u32,
    pub(super) account: Account,
    pub(super) price_history: PriceHistory,
}

impl Rules {
    pub(super) fn reset(&self) -> State {
        State {
            remaining: 1.0,
            steps_left: self.steps,
            account: Account::new(),
            price_history: PriceHistory::new(PRICE),
        }
    }

    /// Sells the fraction `share` of the remaining order in one step.
    #[inline]
    pub(super) fn step(&self, state: &mut State, share: f64, rng: &mut Stream) -> Step {
        let sold = if state.steps_left <= 1 { state.remaining } else { state.remaining * share };
        let kept = state.remaining - sold;
        let cost = sold * (self.spread + self.temporary * sold) + kept * self.permanent * sold;
        let price_change = if self.price_std > 0.0 { self.price_std * rng.normal() } else { 0.0 };
        let profit = kept * price_change - cost;
        state.remaining = kept;
        state.steps_left = state.steps_left.saturating_sub(1);
        state.account.record(state.account.profit + profit, cost, sold);
        state.price_history.push(state.price_history.last() + price_change - self.permanent * sold);
        let seen = if self.realized { profit } else { -cost };
        let reward = (seen - self.risk * kept * kept) as f32;
        if state.steps_left == 0 { Step::termination(reward) } else { Step::transition(reward) }
    }
}
