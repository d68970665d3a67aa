//! Account of an episode (profit, costs, turnover, drawdown) and the last prices for the drawing.

use freewheel_core::{Better, Measure};
use serde::{Deserialize, Serialize};

/// Number of prices that a [`PriceHistory`] keeps.
pub const PRICE_WINDOW: usize = 32;

/// Ring buffer of the last [`PRICE_WINDOW`] prices, for the drawing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceHistory {
    prices: [f32; PRICE_WINDOW],
    count: u32,
}

impl PriceHistory {
    /// Price history with one price.
    pub fn new(price: f64) -> Self {
        PriceHistory { prices: [price as f32; PRICE_WINDOW], count: 1 }
    }

    /// Appends a price to the history.
    #[inline]
    pub fn push(&mut self, price: f64) {
        self.prices[self.count as usize % PRICE_WINDOW] = price as f32;
        self.count = self.count.wrapping_add(1);
    }

    /// Latest price of the history.
    #[inline]
    pub fn last(&self) -> f64 {
        f64::from(self.prices[self.count.wrapping_sub(1) as usize % PRICE_WINDOW])
    }

    /// Number of steps since the start of the episode.
    pub fn steps(&self) -> u32 {
        self.count.wrapping_sub(1)
    }

    /// Stored prices of the history, oldest first.
    pub fn prices(&self) -> impl Iterator<Item = f32> + '_ {
        let stored = (self.count as usize).min(PRICE_WINDOW);
        (0..stored).map(move |i| self.prices[(self.count as usize - stored + i) % PRICE_WINDOW])
    }
}

/// Account of an episode; money is in the unit of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Profit so far, after costs.
    pub profit: f64,
    /// Highest profit so far, at least 0.
    peak: f64,
    /// Maximum drawdown: largest fall of the profit below its highest value so far, 0 or more.
    drawdown: f64,
    /// Sum of the trading costs so far.
    pub costs: f64,
    /// Sum of the sizes of the trades so far.
    pub turnover: f64,
}

impl Account {
    /// Account at the start of an episode, all zero.
    pub fn new() -> Self {
        Account { profit: 0.0, peak: 0.0, drawdown: 0.0, costs: 0.0, turnover: 0.0 }
    }

    /// Records a step: `profit` is the total profit after costs, `costs` and `turnover` are those of the step.
    #[inline]
    pub fn record(&mut self, profit: f64, costs: f64, turnover: f64) {
        self.profit = profit;
        self.peak = self.peak.max(profit);
        self.drawdown = self.drawdown.max(self.peak - profit);
        self.costs += costs;
        self.turnover += turnover;
    }

    /// Descriptions of the values that [`Account::measure`] writes; `unit` is the unit of money.
    pub fn measures(unit: &str) -> Vec<Measure> {
        vec![
            Measure::new("profit", unit, Better::Higher),
            Measure::new("costs", unit, Better::Lower),
            Measure::new("turnover", "", Better::Neither),
            Measure::new("max drawdown", unit, Better::Lower),
        ]
    }

    /// Writes the measures of the episode, `[4]`: profit, costs, turnover and maximum drawdown.
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
    fn history_keeps_the_last_prices_in_order() {
        let mut price_history = PriceHistory::new(0.0);
        assert_eq!(price_history.prices().collect::<Vec<_>>(), [0.0]);
        for i in 1..=40 {
            price_history.push(f64::from(i));
        }
        let expected: Vec<f32> = (9..=40).map(|i| i as f32).collect();
        assert_eq!(price_history.prices().collect::<Vec<_>>(), expected);
        assert_eq!(price_history.last(), 40.0);
    }

    #[test]
    fn drawdown_is_from_the_peak() {
        let mut account = Account::new();
        for profit in [1.0, 3.0, 0.5, 2.0, 1.0] {
            account.record(profit, 0.25, 1.0);
        }
        let mut out = [0.0; 4];
        account.measure(&mut out);
        assert_eq!(out, [1.0, 1.25, 5.0, 2.5]);
    }
}
