//! The rules of a replay.
//!
//! * **Source**: our own; the order of decision and fill is that of zipline and backtrader (decide on a close, fill at the next
//!   open), the reward is the log growth of T. M. Cover's *Universal Portfolios* (1991), costs included as by Davis & Norman (1990).
//! * **State**: the bar whose close was just seen, cash, units of each asset, and running sums for the measures.
//! * **Actions**: target positions as shares of equity: a row of a table, or n numbers that are clipped to the bounds and, where
//!   their sizes sum to more than the leverage, scaled down to it.
//! * **A step** from bar t to t+1: at the open of t+1 all positions are brought to their targets, at that price. A trade of
//!   money m costs `(commission + (spread / 2 + slippage) / 10^4) m`, and `fee` on top where the position was off its target before
//!   costs (making room for the costs of others is free of it); nothing else moves the price. Targets are
//!   shares of the equity that is left *after* these costs. Then the bar passes, and equity is counted at its close. Fractions of units
//!   are traded; cash earns nothing, borrowing money or assets costs nothing.
//! * **Observation**: the features of bar t (see `features`), the share of equity in each asset at its close, clipped to twice the
//!   leverage, and the bars since a position was opened, closed or turned round over the steps of an episode, up to 1.
//! * **Reward**: the growth of log equity from close to close. It is given in single precision with what rounding withheld
//!   carried over to the next step, so that rewards sum to log(final / initial) within one rounding, however many there are.
//! * **Endings**: the last bar truncates. Equity at or below `ruin` of the first one, at the open, after costs or at the close, ends
//!   the episode by the rules, with exactly this share left, in cash.
//! * **Version**: 1.

use serde::{Deserialize, Serialize};

/// Raised whenever the behavior changes.
pub(super) const VERSION: u32 = 1;

/// Assets at most.
pub(super) const MAX_ASSETS: usize = 8;

/// A difference to the target below this share of equity is rounding, and no trade.
const NO_TRADE: f64 = 1e-12;

/// Money and units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Money; below 0 it is borrowed.
    pub cash: f64,
    /// Units of each asset; below 0 they are sold short. Unused ones are 0.
    pub units: [f64; MAX_ASSETS],
}

/// What trading costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Costs {
    /// Of the money traded, as a share.
    pub(super) share: f64,
    /// Of each trade, in money.
    pub(super) fee: f64,
}

/// What was traded at one open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Traded {
    /// Equity before it.
    pub(super) before: f64,
    /// Equity after it.
    pub(super) after: f64,
    /// The sum of the sizes of purchases and sales, in money.
    pub(super) money: f64,
    /// What they cost, in money.
    pub(super) cost: f64,
    /// Whether a position was opened, closed or turned round.
    pub(super) turned: bool,
}

impl Account {
    /// Nothing but cash.
    pub(super) fn of(cash: f64) -> Self {
        Account { cash, units: [0.0; MAX_ASSETS] }
    }

    /// Cash and positions at these prices, `[n]`.
    #[inline]
    pub fn equity(&self, prices: &[f64]) -> f64 {
        self.cash + self.units.iter().zip(prices).map(|(units, price)| units * price).sum::<f64>()
    }

    /// Brings all positions to `targets`, `[n]`, shares of the equity after costs, at `prices`, `[n]`. Where there is no
    /// equity left to pay the costs, nothing is traded and `after` is not above 0.
    #[inline]
    pub(super) fn rebalance(&mut self, targets: &[f64], prices: &[f64], costs: Costs) -> Traded {
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
        let mut traded = Traded { before, after, cost: fees, ..Traded::default() };
        if after.is_nan() || after <= 0.0 {
            return traded;
        }
        for i in 0..n {
            let trade = targets[i] * after - held[i];
            if trade.abs() > NO_TRADE * before {
                let units = targets[i] * after / prices[i];
                traded.turned |= sign(units) != sign(self.units[i]);
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

/// The equity x after costs: x + share sum_i |target_i x - held_i| = before. The left side is convex, piecewise linear
/// and, the costs of all that may be held being below it, increasing in x, so Newton's method from above reaches the root: each
/// round solves the equation for the present signs of the trades, and it is done once the signs stay.
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
