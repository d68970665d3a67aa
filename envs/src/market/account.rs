//! What a trader has earned, and the prices that were seen last.

use freewheel_core::{Better, Measure};
use serde::{Deserialize, Serialize};

/// How many prices a state remembers, to be drawn.
pub const SEEN: usize = 32;

/// The last [`SEEN`] prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    prices: [f32; SEEN],
    count: u32,
}

impl Trail {
    /// Begins with one price.
    pub fn new(price: f64) -> Self {
        Trail { prices: [price as f32; SEEN], count: 1 }
    }

    /// The next price.
    #[inline]
    pub fn push(&mut self, price: f64) {
        self.prices[self.count as usize % SEEN] = price as f32;
        self.count = self.count.wrapping_add(1);
    }

    /// The last price.
    #[inline]
    pub fn last(&self) -> f64 {
        f64::from(self.prices[self.count.wrapping_sub(1) as usize % SEEN])
    }

    /// The prices that are remembered, the oldest first.
    pub fn prices(&self) -> impl Iterator<Item = f32> + '_ {
        let seen = (self.count as usize).min(SEEN);
        (0..seen).map(move |i| self.prices[(self.count as usize - seen + i) % SEEN])
    }
}

/// The books of an episode. Money is in the world's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Profit so far, costs deducted.
    pub profit: f64,
    /// The greatest profit so far.
    peak: f64,
    /// The deepest fall below a peak.
    drawdown: f64,
    /// What trading has cost.
    pub costs: f64,
    /// How much was traded.
    pub turnover: f64,
}

impl Account {
    /// Nothing earned yet.
    pub fn new() -> Self {
        Account { profit: 0.0, peak: 0.0, drawdown: 0.0, costs: 0.0, turnover: 0.0 }
    }

    /// A step in which trading `turnover` cost `costs` and the profit became `profit`, costs deducted.
    #[inline]
    pub fn book(&mut self, profit: f64, costs: f64, turnover: f64) {
        self.profit = profit;
        self.peak = self.peak.max(profit);
        self.drawdown = self.drawdown.max(self.peak - profit);
        self.costs += costs;
        self.turnover += turnover;
    }

    /// What [`Account::measure`] writes, in a world whose money is counted in `unit`.
    pub fn measures(unit: &str) -> Vec<Measure> {
        vec![
            Measure::new("profit", unit, Better::Higher),
            Measure::new("costs", unit, Better::Lower),
            Measure::new("turnover", "", Better::Neither),
            Measure::new("max drawdown", unit, Better::Lower),
        ]
    }

    /// Profit, costs, turnover, deepest drawdown, `[4]`.
    pub fn measure(&self, out: &mut [f64]) {
        for (slot, value) in out.iter_mut().zip([self.profit, self.costs, self.turnover, self.drawdown]) {
            *slot = value;
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Account::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_keeps_the_last_prices_in_order() {
        let mut trail = Trail::new(0.0);
        assert_eq!(trail.prices().collect::<Vec<_>>(), [0.0]);
        for i in 1..=40 {
            trail.push(f64::from(i));
        }
        let expected: Vec<f32> = (9..=40).map(|i| i as f32).collect();
        assert_eq!(trail.prices().collect::<Vec<_>>(), expected);
        assert_eq!(trail.last(), 40.0);
    }

    #[test]
    fn drawdown_is_from_the_peak() {
        let mut account = Account::new();
        for profit in [1.0, 3.0, 0.5, 2.0, 1.0] {
            account.book(profit, 0.25, 1.0);
        }
        let mut out = [0.0; 4];
        account.measure(&mut out);
        assert_eq!(out, [1.0, 1.25, 5.0, 2.5]);
    }
}
