//! Rules of a replay.
//!
//! * **Source**: own rules; decision and fill are in the order of zipline and backtrader (decide on a close, fill at
//!   the next open), the reward is the log growth of T. M. Cover's *Universal Portfolios* (1991) with costs as in
//!   Davis & Norman (1990).
//! * **State**: bar of the last observed close, cash, units of each asset, and running sums for the measures.
//! * **Actions**: target positions as fractions of equity: a row of a table, or n numbers for n assets. These are
//!   clipped to the bounds, and scaled down to the leverage if their sizes sum to more.
//! * **Step** from bar t to t+1: at the open of t+1 all positions are changed to their targets, at the opening prices.
//!   A trade of money m costs `(commission + (spread / 2 + slippage) / 10^4) m`, and also `fee` if the position
//!   differed from its target before costs (an adjustment for the costs of other trades pays no fee). There is no price
//!   impact. Targets are fractions of the equity that is left after these costs. Equity is then valued at the close.
//!   Fractions of units are traded; cash earns no interest; borrowing money or assets costs nothing.
//! * **Observation**: features of bar t (see `features`); fraction of equity in each asset at the close of bar t,
//!   clipped to twice the leverage; and the bars since a position was opened, closed or reversed over the steps of an
//!   episode, at most 1.
//! * **Reward**: growth of log equity from close to close. Rewards are single precision; the rounding error of each
//!   is added to the next, so rewards sum to log(final / initial) within one rounding.
//! * **Endings**: truncation at the last bar. Equity at or below `ruin` times the initial equity, at the open, after
//!   costs or at the close, terminates the episode with exactly this equity, in cash.
//! * **Version**: 2 (version 1 observed the steps since a change over the steps of the test, there).

use serde::{Deserialize, Serialize};

/// Version of the rules, raised whenever behavior changes.
pub(super) const VERSION: u32 = 2;

/// Maximum number of assets.
pub(super) const MAX_ASSETS: usize = 8;

/// Smallest trade as a fraction of equity: smaller differences to the target are rounding errors and are not traded.
const NO_TRADE: f64 = 1e-12;

/// Account: cash and units of each asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Cash of the account in money; negative if borrowed.
    pub cash: f64,
    /// Units of each asset; negative if sold short. Unused entries are 0.
    pub units: [f64; MAX_ASSETS],
}

/// Costs of a trade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Costs {
    /// Cost as a fraction of the money traded.
    pub(super) share: f64,
    /// Cost of each trade, in money.
    pub(super) fee: f64,
}

/// Result of the trades at one open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct TradeResult {
    /// Equity before the trades, in money.
    pub(super) before: f64,
    /// Equity after the trades, in money.
    pub(super) after: f64,
    /// Sum of the sizes of purchases and sales, in money.
    pub(super) money: f64,
    /// Costs of the trades, in money.
    pub(super) cost: f64,
    /// Whether a position was opened, closed or reversed.
    pub(super) position_changed: bool,
}

impl Account {
    /// Account with cash only.
    pub(super) fn with_cash(cash: f64) -> Self {
        Account { cash, units: [0.0; MAX_ASSETS] }
    }

    /// Equity of the account at the prices `prices`, `[n]`.
    #[inline]
    pub fn equity(&self, prices: &[f64]) -> f64 {
        self.cash + self.units.iter().zip(prices).map(|(units, price)| units * price).sum::<f64>()
    }

    /// Trades at `prices`, `[n]`, until the positions in the n assets are `targets`, `[n]`, as fractions of the equity
    /// after costs. If the equity does not cover the costs, nothing is traded, and the field `after` of the result is 0
    /// or less.
    #[inline]
    pub(super) fn rebalance(&mut self, targets: &[f64], prices: &[f64], costs: Costs) -> TradeResult {
        let n = targets.len().min(prices.len()).min(MAX_ASSETS);
        let (targets, prices) = (&targets[..n], &prices[..n]);
        let before = self.equity(prices);
        let mut held = [0.0; MAX_ASSETS];
        let mut fees = 0.0;
        for i in 0..n {
            held[i] = self.units[i] * prices[i];
            if (targets[i] * before - held[i]).abs() > NO_TRADE * before {
                fees += costs.fee;
            }
        }
        let after = after_costs(before - fees, targets, &held[..n], costs.share);
        let mut traded = TradeResult { before, after, cost: fees, ..TradeResult::default() };
        if after.is_nan() || after <= 0.0 {
            return traded;
        }
        for i in 0..n {
            let trade = targets[i] * after - held[i];
            if trade.abs() > NO_TRADE * before {
                let units = targets[i] * after / prices[i];
                traded.position_changed |= sign(units) != sign(self.units[i]);
                traded.money += trade.abs();
                self.units[i] = units;
                self.cash -= trade;
            }
        }
        traded.cost += costs.share * traded.money;
        self.cash -= traded.cost;
        traded
    }
}

#[inline]
fn sign(x: f64) -> i32 {
    i32::from(x > 0.0) - i32::from(x < 0.0)
}

/// Equity x after costs, the root of `x + share sum_i |target_i x - held_i| = before`, where `held_i` is the value held
/// in asset i. The left side is convex, piecewise linear and increasing in x (costs of all positions are below their
/// value), so Newton's method from above reaches the root: each iteration solves the equation for the present signs of
/// the trades, until the signs stay the same.
#[inline]
pub(super) fn after_costs(before: f64, targets: &[f64], held: &[f64], share: f64) -> f64 {
    let mut x = before;
    for _ in 0..targets.len() + 2 {
        let (mut constant, mut slope) = (before, 1.0);
        for (target, held) in targets.iter().zip(held) {
            let signed = if target * x >= *held { share } else { -share };
            constant += signed * held;
            slope += signed * target;
        }
        let next = constant / slope;
        if next == x {
            break;
        }
        x = next;
    }
    x
}
