//! Measures of a series of returns, in one pass or of a slice; both ways give the same result to the last bit.

use serde::{Deserialize, Serialize};

/// One-pass measures of a series of returns: mean and variance after Welford (Technometrics 4, 1962), squared losses,
/// wealth, peak of the wealth, and maximum drawdown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunningReturns {
    count: f64,
    mean: f64,
    /// Sum of squared deviations from the mean.
    squared_deviations: f64,
    /// Sum of squared losses.
    squared_losses: f64,
    /// Wealth after all returns, from an initial wealth of 1.
    wealth: f64,
    peak: f64,
    drawdown: f64,
}

impl Default for RunningReturns {
    fn default() -> Self {
        RunningReturns {
            count: 0.0,
            mean: 0.0,
            squared_deviations: 0.0,
            squared_losses: 0.0,
            wealth: 1.0,
            peak: 1.0,
            drawdown: 0.0,
        }
    }
}

impl RunningReturns {
    /// Measures of the whole series `returns`.
    pub fn from_returns(returns: &[f64]) -> Self {
        let mut running = RunningReturns::default();
        for &r in returns {
            running.push(r);
        }
        running
    }

    /// Appends a return to the series.
    #[inline]
    pub fn push(&mut self, r: f64) {
        self.count += 1.0;
        let from_old = r - self.mean;
        self.mean += from_old / self.count;
        self.squared_deviations += from_old * (r - self.mean);
        let loss = r.min(0.0);
        self.squared_losses += loss * loss;
        self.wealth *= 1.0 + r;
        self.peak = self.peak.max(self.wealth);
        // Only a value below the present maximum drawdown needs the division, which is slower than a comparison.
        if self.wealth < self.peak * (1.0 + self.drawdown) {
            self.drawdown = self.wealth / self.peak - 1.0;
        }
    }

    /// Number of returns so far.
    pub fn count(&self) -> f64 {
        self.count
    }

    /// Mean return of a bar so far. NaN without returns.
    pub fn mean(&self) -> f64 {
        if self.count > 0.0 { self.mean } else { f64::NAN }
    }

    /// Sample standard deviation (divisor n - 1) of the returns of a bar. NaN for less than two returns.
    pub fn std(&self) -> f64 {
        if self.count < 2.0 { f64::NAN } else { (self.squared_deviations / (self.count - 1.0)).sqrt() }
    }

    /// Total return so far, see [`super::total_return`].
    pub fn total_return(&self) -> f64 {
        self.wealth - 1.0
    }

    /// Compound annual growth rate so far, see [`super::cagr`].
    pub fn cagr(&self, periods: f64) -> f64 {
        if self.count > 0.0 { self.wealth.powf(periods / self.count) - 1.0 } else { f64::NAN }
    }

    /// Annual volatility so far, see [`super::volatility`].
    pub fn volatility(&self, periods: f64) -> f64 {
        self.std() * periods.sqrt()
    }

    /// Annual Sharpe ratio so far, see [`super::sharpe`].
    pub fn sharpe(&self, periods: f64) -> f64 {
        ratio(self.mean(), self.std()) * periods.sqrt()
    }

    /// Annual Sortino ratio so far, see [`super::sortino`].
    pub fn sortino(&self, periods: f64) -> f64 {
        ratio(self.mean(), (self.squared_losses / self.count).sqrt()) * periods.sqrt()
    }

    /// Maximum drawdown so far, see [`super::max_drawdown`].
    pub fn max_drawdown(&self) -> f64 {
        self.drawdown
    }

    /// Calmar ratio so far, see [`super::calmar`].
    pub fn calmar(&self, periods: f64) -> f64 {
        ratio(self.cagr(periods), -self.drawdown)
    }
}

/// Dispersion at or below which returns are constant up to rounding: a return is a ratio of two numbers near each
/// other, with a rounding error of about 1e-16 from arithmetic and 1e-14 from prices of 12 decimals.
pub(super) const ROUNDING: f64 = 1e-12;

/// `a / b` for a dispersion b of returns, NaN unless b is above [`ROUNDING`].
fn ratio(a: f64, b: f64) -> f64 {
    if b > ROUNDING { a / b } else { f64::NAN }
}

/// Total return `prod(1 + r) - 1`, a pure number; 0.1 is ten per cent.
pub fn total_return(returns: &[f64]) -> f64 {
    RunningReturns::from_returns(returns).total_return()
}

/// Compound annual growth rate `prod(1 + r)^(periods / n) - 1`. NaN without returns.
pub fn cagr(returns: &[f64], periods: f64) -> f64 {
    RunningReturns::from_returns(returns).cagr(periods)
}

/// Annual volatility: sample standard deviation (divisor n - 1) of the returns times `sqrt(periods)`. NaN for less than
/// two returns.
pub fn volatility(returns: &[f64], periods: f64) -> f64 {
    RunningReturns::from_returns(returns).volatility(periods)
}

/// Annual Sharpe ratio `mean(r) / sd(r) sqrt(periods)` with the sample standard deviation sd (divisor n - 1) and
/// risk-free rate 0. W. F. Sharpe, *The Sharpe Ratio*, J. Portfolio Management 21 (1994). NaN for returns that are
/// constant up to rounding.
pub fn sharpe(returns: &[f64], periods: f64) -> f64 {
    RunningReturns::from_returns(returns).sharpe(periods)
}

/// Annual Sortino ratio `mean(r) / sqrt(mean(min(r, 0)^2)) sqrt(periods)`: target 0, downside deviation over all
/// returns with gains counted as 0. F. A. Sortino and L. N. Price, J. Investing 3 (1994). NaN without losses
/// above rounding.
pub fn sortino(returns: &[f64], periods: f64) -> f64 {
    RunningReturns::from_returns(returns).sortino(periods)
}

/// Maximum drawdown: the minimum of `wealth[t] / max(wealth[0..=t]) - 1`, the initial wealth 1 included. From -1
/// (total loss) to 0 (no fall).
pub fn max_drawdown(returns: &[f64]) -> f64 {
    RunningReturns::from_returns(returns).max_drawdown()
}

/// Calmar ratio: [`cagr`] divided by the size of [`max_drawdown`]. T. W. Young, Futures 20 (1991). NaN without a
/// drawdown above rounding.
pub fn calmar(returns: &[f64], periods: f64) -> f64 {
    RunningReturns::from_returns(returns).calmar(periods)
}

/// Annual turnover `periods mean(traded[t] / equity[t])`, where T is the number of bars. `traded`, `[T]`, is the sum of
/// the sizes of a bar's purchases and sales in money, `equity`, `[T]`, the equity before these trades. Buying with all
/// equity and selling again is a turnover of 2. NaN without bars.
pub fn turnover(traded: &[f64], equity: &[f64], periods: f64) -> f64 {
    periods * mean(traded.iter().zip(equity).map(|(traded, equity)| traded / equity))
}

/// Mean gross exposure `mean(sum_i |weight_i|)` as a fraction of equity; 1 is fully invested, long or short. `weights`
/// is `[T, assets]`, row-major, for T bars. NaN without bars.
pub fn exposure(weights: &[f64], assets: usize) -> f64 {
    mean(weights.chunks_exact(assets.max(1)).map(|bar| bar.iter().map(|w| w.abs()).sum()))
}

/// Costs `sum(paid) / initial`: commissions, spread and slippage as a fraction of the initial equity.
pub fn costs(paid: &[f64], initial: f64) -> f64 {
    paid.iter().sum::<f64>() / initial
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By hand: +10 %, -50 %, +20 %. Wealth 1.1, .55, .66; mean -1/15; squared deviations sum to .28666...; squared
    /// losses .25; the peak is 1.1.
    #[test]
    fn three_returns_by_hand() {
        let r = [0.1, -0.5, 0.2];
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a} {b}");
        close(total_return(&r), -0.34);
        close(cagr(&r, 3.0), -0.34);
        close(cagr(&r, 6.0), 0.66 * 0.66 - 1.0);
        let std = (0.286_666_666_666_666_7_f64 / 2.0).sqrt();
        close(volatility(&r, 4.0), 2.0 * std);
        close(sharpe(&r, 4.0), -2.0 / 15.0 / std);
        close(sortino(&r, 4.0), -2.0 / 15.0 / (0.25_f64 / 3.0).sqrt());
        close(max_drawdown(&r), -0.5);
        close(calmar(&r, 3.0), -0.68);
    }

    #[test]
    fn undefined_measures_are_nan() {
        assert!(cagr(&[], 252.0).is_nan() && sharpe(&[], 252.0).is_nan() && sortino(&[], 252.0).is_nan());
        assert!(volatility(&[0.1], 252.0).is_nan() && sharpe(&[0.1, 0.1], 252.0).is_nan());
        assert!(sortino(&[0.1, 0.2], 252.0).is_nan() && calmar(&[0.1, 0.2], 252.0).is_nan());
        assert_eq!((total_return(&[]), max_drawdown(&[]), max_drawdown(&[-1.0, 0.5])), (0.0, 0.0, -1.0));
    }

    /// Prices that grow by 0.1 % a bar, rounded to 12 decimals.
    #[test]
    fn returns_that_are_constant_up_to_rounding_have_no_ratio() {
        let prices: Vec<f64> = (0..400).map(|t| (100.0 * 1.001f64.powi(t) * 1e12).round() / 1e12).collect();
        let returns: Vec<f64> = prices.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
        let losses: Vec<f64> = returns.iter().map(|r| (r - 0.001) * 0.1).collect();
        assert!(volatility(&returns, 252.0) < 1e-12 && losses.iter().any(|&r| r < 0.0));
        for returns in [returns, losses] {
            assert!(sharpe(&returns, 252.0).is_nan() && sortino(&returns, 252.0).is_nan());
            assert!(calmar(&returns, 252.0).is_nan());
            let moments = [crate::market::metrics::skewness, crate::market::metrics::kurtosis];
            assert!(moments.iter().all(|moment| moment(&returns).is_nan()));
            assert!(crate::market::metrics::probabilistic_sharpe(&returns, 0.0).is_nan());
            assert!(crate::market::metrics::minimum_track_record(&returns, 0.0, 0.95).is_nan());
        }
        // A dispersion of 1e-9 is one.
        let small: Vec<f64> = (0..100).map(|t| 1e-3 + 1e-9 * f64::from(t % 3)).collect();
        assert!(sharpe(&small, 252.0) > 1e6);
    }

    proptest! {
        /// The one-pass measures equal the formulas evaluated directly.
        #[test]
        fn one_pass_equals_the_formulas(r in prop::collection::vec(-0.3f64..0.3, 2..200)) {
            let n = r.len() as f64;
            let mean = r.iter().sum::<f64>() / n;
            let sd = (r.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            let down = (r.iter().map(|x| x.min(0.0).powi(2)).sum::<f64>() / n).sqrt();
            let wealth: Vec<f64> = std::iter::once(1.0)
                .chain(r.iter().scan(1.0, |w, x| { *w *= 1.0 + x; Some(*w) }))
                .collect();
            let fall = (0..wealth.len())
                .flat_map(|i| (0..=i).map(move |j| (i, j)))
                .map(|(i, j)| wealth[i] / wealth[j] - 1.0)
                .fold(0.0, f64::min);
            let same = |a: f64, b: f64| (a.is_nan() && !b.is_finite()) || (a - b).abs() <= 1e-9 * (1.0 + b.abs());
            prop_assert!(same(volatility(&r, 252.0), sd * 252f64.sqrt()));
            prop_assert!(same(sharpe(&r, 252.0), mean / sd * 252f64.sqrt()));
            prop_assert!(same(sortino(&r, 252.0), mean / down * 252f64.sqrt()));
            prop_assert!(same(max_drawdown(&r), fall));
            prop_assert!(same(total_return(&r), wealth[r.len()] - 1.0));
        }
    }

    #[test]
    fn trading_measures_by_hand() {
        // Bought 100 of 100, sold half of 120, over two of the year's four bars.
        assert_eq!(turnover(&[100.0, 60.0], &[100.0, 120.0], 4.0), 3.0);
        assert_eq!(exposure(&[1.0, -0.5, 0.25, 0.25], 2), 1.0);
        assert_eq!(costs(&[1.0, 0.5], 100.0), 0.015);
        assert!(turnover(&[], &[], 252.0).is_nan() && exposure(&[], 1).is_nan());
    }
}
