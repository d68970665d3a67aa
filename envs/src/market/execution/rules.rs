//! The rules. **Source:** Almgren & Chriss, *Optimal Execution of Portfolio Transactions*, Journal of Risk 3 (2000), with
//! linear impact.
//!
//! **State:** the share of the order that is left, the steps that are left, the price.
//!
//! **Action:** which share of what is left to sell in this step, 0 to 1: a table, or any number. The last step sells all.
//!
//! **What happens when n of X shares of stock are sold in a step of tau days, and x are left:** each is sold for
//! `spread + temporary n / tau` less than the price; then the price moves by `volatility sqrt(tau) z - permanent n`.
//!
//! **Reward:** minus what the step adds to the implementation shortfall, and minus `risk_aversion volatility^2 tau x^2`
//! for the risk of what is left, both in dollars a share of the whole order. The sum of the second part is the variance of
//! the shortfall of a trajectory fixed beforehand; so the best is the paper's `E + lambda V`.
//!
//! **Observation:** the share of the order and the share of the time that are left.
//!
//! **Endings:** terminal after the last step.
//!
//! **Version** 1.

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

use super::super::account::{Account, Trail};

pub(super) const VERSION: u32 = 1;
/// What the price begins at, in dollars.
const PRICE: f64 = 50.0;

/// The rules, per step and per share of the whole order.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) steps: u32,
    /// Standard deviation of the price.
    pub(super) shake: f64,
    pub(super) spread: f64,
    /// Fall of the price when the whole order is sold.
    pub(super) permanent: f64,
    /// How much less each share is sold for when the whole order is.
    pub(super) temporary: f64,
    /// Cost of the risk of keeping the whole order.
    pub(super) risk: f64,
    /// Whether rewards hold the moves of the price.
    pub(super) realized: bool,
}

/// All that changes during an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// Share of the order that is left.
    pub(super) held: f64,
    pub(super) left: u32,
    pub(super) account: Account,
    pub(super) trail: Trail,
}

impl Rules {
    pub(super) fn reset(&self) -> State {
        State { held: 1.0, left: self.steps, account: Account::new(), trail: Trail::new(PRICE) }
    }

    /// Sells a share of what is left.
    #[inline]
    pub(super) fn step(&self, state: &mut State, share: f64, rng: &mut Stream) -> Step {
        let sold = if state.left <= 1 { state.held } else { state.held * share };
        let kept = state.held - sold;
        let cost = sold * (self.spread + self.temporary * sold) + kept * self.permanent * sold;
        let moved = if self.shake > 0.0 { self.shake * rng.normal() } else { 0.0 };
        let profit = kept * moved - cost;
        state.held = kept;
        state.left = state.left.saturating_sub(1);
        state.account.book(state.account.profit + profit, cost, sold);
        state.trail.push(state.trail.last() + moved - self.permanent * sold);
        let seen = if self.realized { profit } else { -cost };
        let reward = (seen - self.risk * kept * kept) as f32;
        if state.left == 0 { Step::termination(reward) } else { Step::transition(reward) }
    }
}
