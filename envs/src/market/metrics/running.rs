//! All measures of a series of returns in one pass and a few numbers.

use serde::{Deserialize, Serialize};

/// What is known of a series of returns after some of them: mean and variance after Welford (1962, Technometrics 4), the sum of
/// squared losses, wealth, its peak and its deepest fall.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    count: f64,
    mean: f64,
    /// Sum of squared distances from the mean.
    spread: f64,
    /// Sum of squared losses.
    losses: f64,
    /// What 1 has become.
    wealth: f64,
    peak: f64,
    drawdown: f64,
}

impl Default for Running {
    fn default() -> Self {
        Running { count: 0.0, mean: 0.0, spread: 0.0, losses: 0.0, wealth: 1.0, peak: 1.0, drawdown: 0.0 }
    }
}

impl Running {
    /// Of a whole series.
    pub fn of(returns: &[f64]) -> Self {
        let mut running = Running::default();
        for &r in returns {
            running.push(r);
        }
        running
    }

    /// One more return.
    #[inline]
    pub fn push(&mut self, r: f64) {
        self.count += 1.0;
        let from_old = r - self.mean;
        self.mean += from_old / self.count;
        self.spread += from_old * (r - self.mean);
        let loss = r.min(0.0);
        self.losses += loss * loss;
        self.wealth *= 1.0 + r;
        self.peak = self.peak.max(self.wealth);
        // A fall can only be the deepest below the peak, and a division costs more than a comparison.
        if self.wealth < self.peak * (1.0 + self.drawdown) {
            self.drawdown = self.wealth / self.peak - 1.0;
        }
    }

    /// How many returns there were.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The mean return of a bar.
    pub fn mean(&self) -> f64 {
        if self.count > 0.0 { self.mean } else { f64::NAN }
    }

    /// The standard deviation of the returns (n - 1), not scaled to a year.
    pub fn deviation(&self) -> f64 {
        if self.count < 2.0 { f64::NAN } else { (self.spread / (self.count - 1.0)).sqrt() }
    }

    /// See [`super::total_return`].
    pub fn total_return(&self) -> f64 {
        self.wealth - 1.0
    }

    /// See [`super::cagr`].
    pub fn cagr(&self, periods: f64) -> f64 {
        if self.count > 0.0 { self.wealth.powf(periods / self.count) - 1.0 } else { f64::NAN }
    }

    /// See [`super::volatility`].
    pub fn volatility(&self, periods: f64) -> f64 {
        self.deviation() * periods.sqrt()
    }

    /// See [`super::sharpe`].
    pub fn sharpe(&self, periods: f64) -> f64 {
        ratio(self.mean(), self.deviation()) * periods.sqrt()
    }

    /// See [`super::sortino`].
    pub fn sortino(&self, periods: f64) -> f64 {
        ratio(self.mean(), (self.losses / self.count).sqrt()) * periods.sqrt()
    }

    /// See [`super::max_drawdown`].
    pub fn max_drawdown(&self) -> f64 {
        self.drawdown
    }

    /// See [`super::calmar`].
    pub fn calmar(&self, periods: f64) -> f64 {
        ratio(self.cagr(periods), -self.drawdown)
    }
}

/// `a / b`; NaN where there is nothing to divide by.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { f64::NAN }
}
