//! Statistical significance of a Sharpe ratio.
//!
//! D. H. Bailey and M. López de Prado, *The Sharpe Ratio Efficient Frontier*, J. Risk 15 (2012), and *The Deflated
//! Sharpe Ratio*, J. Portfolio Management 40 (2014). Sharpe ratios here are per bar, not annual; kurtosis is raw (3
//! for a normal distribution).

use super::returns::ROUNDING;
use super::{RunningReturns, normal_cdf, normal_quantile};

/// Euler-Mascheroni constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Skewness `m3 / m2^(3/2)` from the central moments m2 and m3 (divisor n). NaN for returns that are constant up to
/// rounding.
pub fn skewness(returns: &[f64]) -> f64 {
    let [m2, m3, _] = central_moments(returns);
    if m2.sqrt() > ROUNDING { m3 / m2.powf(1.5) } else { f64::NAN }
}

/// Raw kurtosis `m4 / m2^2` from the central moments m2 and m4 (divisor n). NaN for returns that are constant up to
/// rounding.
pub fn kurtosis(returns: &[f64]) -> f64 {
    let [m2, _, m4] = central_moments(returns);
    if m2.sqrt() > ROUNDING { m4 / (m2 * m2) } else { f64::NAN }
}

fn central_moments(returns: &[f64]) -> [f64; 3] {
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    [2, 3, 4].map(|k| returns.iter().map(|r| (r - mean).powi(k)).sum::<f64>() / n)
}

/// Standard error of a Sharpe ratio `s` per bar, times `sqrt(n - 1)`.
fn sharpe_error_scale(s: f64, skewness: f64, kurtosis: f64) -> f64 {
    (1.0 - skewness * s + 0.25 * (kurtosis - 1.0) * s * s).sqrt()
}

/// Probabilistic Sharpe ratio: the confidence, 0 to 1, that the true Sharpe ratio exceeds `benchmark` (both per bar),
/// `Phi((s - benchmark) sqrt(n - 1) / sqrt(1 - skewness s + (kurtosis - 1) / 4 s^2))` with `s = mean / sd`, the sample
/// standard deviation sd (divisor n - 1) and the standard normal distribution function Phi. NaN for constant returns.
pub fn probabilistic_sharpe(returns: &[f64], benchmark: f64) -> f64 {
    let (s, n) = (RunningReturns::from_returns(returns).sharpe(1.0), returns.len() as f64);
    normal_cdf(
        (s - benchmark) * (n - 1.0).sqrt() / sharpe_error_scale(s, skewness(returns), kurtosis(returns)),
    )
}

/// Minimum track record length: the number of returns like these after which the confidence that the true Sharpe ratio
/// exceeds `benchmark` (per bar) reaches `confidence`. Infinite if the Sharpe ratio is not above `benchmark`.
pub fn minimum_track_record(returns: &[f64], benchmark: f64, confidence: f64) -> f64 {
    let s = RunningReturns::from_returns(returns).sharpe(1.0);
    if s.is_nan() || s <= benchmark {
        return if s.is_nan() { s } else { f64::INFINITY };
    }
    let error = sharpe_error_scale(s, skewness(returns), kurtosis(returns)) * normal_quantile(confidence)
        / (s - benchmark);
    1.0 + error * error
}

/// Trials among which a strategy was selected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trials {
    /// Number of independent trials, the selected strategy included.
    pub count: f64,
    /// Variance of the trials' Sharpe ratios per bar.
    pub variance: f64,
}

/// Expected maximum Sharpe ratio per bar of trials without skill:
/// `sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)))` with N = `count`, V = `variance`, the Euler-Mascheroni
/// constant g and the standard normal quantile function Phi^-1. 0 for one trial.
pub fn expected_maximum_sharpe(trials: Trials) -> f64 {
    let Trials { count, variance } = trials;
    if count <= 1.0 {
        return 0.0;
    }
    let upper = |share: f64| -normal_quantile(share);
    variance.sqrt()
        * ((1.0 - EULER) * upper(1.0 / count) + EULER * upper(1.0 / (count * std::f64::consts::E)))
}

/// Deflated Sharpe ratio: the confidence that a strategy selected from several trials has skill. The formula is
/// [`probabilistic_sharpe`] with the benchmark [`expected_maximum_sharpe`].
pub fn deflated_sharpe(returns: &[f64], trials: Trials) -> f64 {
    probabilistic_sharpe(returns, expected_maximum_sharpe(trials))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numerical example of the 2014 paper: annual Sharpe ratio 2.5 from 1,250 daily returns (250 a year), skewness
    /// -3, kurtosis 10; 100 trials whose annual ratios have variance 1/2. SR0 is .1132, the deflated ratio .9004; it
    /// is .9505 for 46 trials, and for 88 trials with normal returns.
    #[test]
    fn the_papers_example() {
        let sr0 = |count| expected_maximum_sharpe(Trials { count, variance: 0.5 / 250.0 });
        assert!((sr0(100.0) - 0.1132).abs() < 5e-5);
        let s = 2.5 / 250f64.sqrt();
        let deflated = |count, skewness, kurtosis| {
            normal_cdf((s - sr0(count)) * 1249f64.sqrt() / sharpe_error_scale(s, skewness, kurtosis))
        };
        assert!((deflated(100.0, -3.0, 10.0) - 0.9004).abs() < 5e-5);
        assert!((deflated(46.0, -3.0, 10.0) - 0.9505).abs() < 5e-5);
        assert!((deflated(88.0, 0.0, 3.0) - 0.9505).abs() < 5e-5);
    }

    /// By hand: -1, 0, 0, 1 has m2 = 1/2, m3 = 0, m4 = 1/2; 0, 0, 3 has mean 1, m2 = 2, m3 = 2, m4 = 6.
    #[test]
    fn moments_by_hand() {
        assert_eq!((skewness(&[-1.0, 0.0, 0.0, 1.0]), kurtosis(&[-1.0, 0.0, 0.0, 1.0])), (0.0, 2.0));
        assert!((skewness(&[0.0, 0.0, 3.0]) - 2.0 / 8f64.sqrt()).abs() < 1e-15);
        assert!((kurtosis(&[0.0, 0.0, 3.0]) - 1.5).abs() < 1e-15);
    }

    #[test]
    fn the_track_record_is_long_enough_exactly_where_the_confidence_is_reached() {
        let returns: Vec<f64> = (0..400).map(|i| f64::from(i % 7) * 0.01 - 0.028).collect();
        let confidence = probabilistic_sharpe(&returns, 0.01);
        assert!((minimum_track_record(&returns, 0.01, confidence) - 400.0).abs() < 1e-6);
        assert_eq!(minimum_track_record(&returns, 1.0, 0.95), f64::INFINITY);
        // No deflation for one trial; more trials deflate more.
        let trials = |count| deflated_sharpe(&returns, Trials { count, variance: 1e-4 });
        assert_eq!(trials(1.0), probabilistic_sharpe(&returns, 0.0));
        assert!(trials(1.0) > trials(2.0) && trials(2.0) > trials(200.0));
    }
}
