//! Measures of a slice of returns. Each is [`Running`]'s, so that a simulator that sums as it steps says the same to the last bit.

use super::Running;

/// What 1 has gained in the end: `prod(1 + r) - 1`. A pure number; 0.1 is ten per cent.
pub fn total_return(returns: &[f64]) -> f64 {
    Running::of(returns).total_return()
}

/// Compound annual growth rate: `prod(1 + r)^(periods / n) - 1`, a year. NaN without returns.
pub fn cagr(returns: &[f64], periods: f64) -> f64 {
    Running::of(returns).cagr(periods)
}

/// Annual volatility: the standard deviation of the returns (n - 1) times `sqrt(periods)`. NaN below two returns.
pub fn volatility(returns: &[f64], periods: f64) -> f64 {
    Running::of(returns).volatility(periods)
}

/// Annual Sharpe ratio: `mean(r) / sd(r) sqrt(periods)` with the sample's standard deviation (n - 1) and a risk-free rate of 0.
/// W. F. Sharpe, *The Sharpe Ratio*, J. Portfolio Management 21 (1994). NaN where the returns do not vary.
pub fn sharpe(returns: &[f64], periods: f64) -> f64 {
    Running::of(returns).sharpe(periods)
}

/// Annual Sortino ratio: `mean(r) / sqrt(mean(min(r, 0)^2)) sqrt(periods)`: the target is 0, and the downside deviation is over all
/// returns, gains counting as 0. F. A. Sortino and L. N. Price, J. Investing 3 (1994). NaN without losses.
pub fn sortino(returns: &[f64], periods: f64) -> f64 {
    Running::of(returns).sortino(periods)
}

/// Maximum drawdown: the least `wealth[t] / max(wealth[0..=t]) - 1`, the wealth before the first return (1) being one of them.
/// From -1 (all was lost) to 0 (there was no fall).
pub fn max_drawdown(returns: &[f64]) -> f64 {
    Running::of(returns).max_drawdown()
}

/// Calmar ratio: [`cagr`] over the size of [`max_drawdown`]. T. W. Young, Futures 20 (1991). NaN where there was no fall.
pub fn calmar(returns: &[f64], periods: f64) -> f64 {
    Running::of(returns).calmar(periods)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By hand: +10 %, -50 %, +20 %. Wealth 1.1, .55, .66; mean -1/15; squared distances from it sum to .28666...;
    /// squared losses .25; the peak is 1.1.
    #[test]
    fn three_returns_by_hand() {
        let r = [0.1, -0.5, 0.2];
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a} {b}");
        close(total_return(&r), -0.34);
        close(cagr(&r, 3.0), -0.34);
        close(cagr(&r, 6.0), 0.66 * 0.66 - 1.0);
        let deviation = (0.286_666_666_666_666_7_f64 / 2.0).sqrt();
        close(volatility(&r, 4.0), 2.0 * deviation);
        close(sharpe(&r, 4.0), -2.0 / 15.0 / deviation);
        close(sortino(&r, 4.0), -2.0 / 15.0 / (0.25_f64 / 3.0).sqrt());
        close(max_drawdown(&r), -0.5);
        close(calmar(&r, 3.0), -0.68);
    }

    #[test]
    fn what_cannot_be_said_is_nan() {
        assert!(cagr(&[], 252.0).is_nan() && sharpe(&[], 252.0).is_nan() && sortino(&[], 252.0).is_nan());
        assert!(volatility(&[0.1], 252.0).is_nan() && sharpe(&[0.1, 0.1], 252.0).is_nan());
        assert!(sortino(&[0.1, 0.2], 252.0).is_nan() && calmar(&[0.1, 0.2], 252.0).is_nan());
        assert_eq!((total_return(&[]), max_drawdown(&[]), max_drawdown(&[-1.0, 0.5])), (0.0, 0.0, -1.0));
    }

    proptest! {
        /// One pass says what the formulas say when they are written out in several.
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
}
