//! How likely a Sharpe ratio is luck.
//!
//! D. H. Bailey and M. López de Prado, *The Sharpe Ratio Efficient Frontier*, J. Risk 15 (2012), and *The Deflated Sharpe Ratio*,
//! J. Portfolio Management 40 (2014). Sharpe ratios here are those of a bar, not of a year; kurtosis is raw: 3 is the normal's.

use super::Running;
use super::normal::{cumulative, quantile};

/// Euler and Mascheroni's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Skewness: `m3 / m2^(3/2)` of the central moments over n. NaN where the returns do not vary.
pub fn skewness(returns: &[f64]) -> f64 {
    let [m2, m3, _] = central_moments(returns);
    m3 / m2.powf(1.5)
}

/// Raw kurtosis: `m4 / m2^2` of the central moments over n. NaN where the returns do not vary.
pub fn kurtosis(returns: &[f64]) -> f64 {
    let [m2, _, m4] = central_moments(returns);
    m4 / (m2 * m2)
}

fn central_moments(returns: &[f64]) -> [f64; 3] {
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    [2, 3, 4].map(|k| returns.iter().map(|r| (r - mean).powi(k)).sum::<f64>() / n)
}

/// The standard error of a Sharpe ratio `s` of a bar, but for the root of n - 1.
fn uncertainty(s: f64, skewness: f64, kurtosis: f64) -> f64 {
    (1.0 - skewness * s + 0.25 * (kurtosis - 1.0) * s * s).sqrt()
}

/// Probabilistic Sharpe ratio: the confidence that the true Sharpe ratio is above `benchmark` (both of a bar),
/// `Phi((s - benchmark) sqrt(n - 1) / sqrt(1 - skewness s + (kurtosis - 1) / 4 s^2))`, where `s = mean / sd` with the
/// sample's standard deviation (n - 1). From 0 to 1; NaN where the returns do not vary.
pub fn probabilistic_sharpe(returns: &[f64], benchmark: f64) -> f64 {
    let (s, n) = (Running::of(returns).sharpe(1.0), returns.len() as f64);
    cumulative((s - benchmark) * (n - 1.0).sqrt() / uncertainty(s, skewness(returns), kurtosis(returns)))
}

/// Minimum track record length: the number of returns like these after which the confidence that the true Sharpe ratio
/// is above `benchmark` (of a bar) reaches `confidence`. Infinite where the ratio is not above it.
pub fn minimum_track_record(returns: &[f64], benchmark: f64, confidence: f64) -> f64 {
    let s = Running::of(returns).sharpe(1.0);
    if s <= benchmark {
        return f64::INFINITY;
    }
    let error = uncertainty(s, skewness(returns), kurtosis(returns)) * quantile(confidence) / (s - benchmark);
    1.0 + error * error
}

/// What was tried before one strategy was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trials {
    /// How many independent strategies were tried, the chosen one included.
    pub count: f64,
    /// The variance of their Sharpe ratios of a bar.
    pub variance: f64,
}

/// The greatest Sharpe ratio of a bar to be expected of so many trials without any skill:
/// `sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)))`, g being Euler's constant. 0 for one trial: nothing was chosen.
pub fn expected_maximum_sharpe(trials: Trials) -> f64 {
    let Trials { count, variance } = trials;
    if count <= 1.0 {
        return 0.0;
    }
    let upper = |share: f64| -quantile(share);
    variance.sqrt()
        * ((1.0 - EULER) * upper(1.0 / count) + EULER * upper(1.0 / (count * std::f64::consts::E)))
}

/// Deflated Sharpe ratio: [`probabilistic_sharpe`] against [`expected_maximum_sharpe`]: the confidence that the chosen one
/// of several strategies has skill.
pub fn deflated_sharpe(returns: &[f64], trials: Trials) -> f64 {
    probabilistic_sharpe(returns, expected_maximum_sharpe(trials))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paper of 2014, "a numerical example": an annual ratio of 2.5 from 1,250 daily returns (250 a year), skewness -3 and
    /// kurtosis 10; 100 trials whose annual ratios have variance 1/2. SR0 .1132, deflated .9004; 46 trials would give .9505,
    /// and so would 88 if the returns were normal.
    #[test]
    fn the_papers_example() {
        let sr0 = |count| expected_maximum_sharpe(Trials { count, variance: 0.5 / 250.0 });
        assert!((sr0(100.0) - 0.1132).abs() < 5e-5);
        let s = 2.5 / 250f64.sqrt();
        let deflated = |count, skewness, kurtosis| {
            cumulative((s - sr0(count)) * 1249f64.sqrt() / uncertainty(s, skewness, kurtosis))
        };
        assert!((deflated(100.0, -3.0, 10.0) - 0.9004).abs() < 5e-5);
        assert!((deflated(46.0, -3.0, 10.0) - 0.9505).abs() < 5e-5);
        assert!((deflated(88.0, 0.0, 3.0) - 0.9505).abs() < 5e-5);
    }

    /// -1, 0, 0, 1 by hand: m2 = 1/2, m3 = 0, m4 = 1/2; and 0, 0, 3: mean 1, m2 = 2, m3 = 2, m4 = 6.
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
        // One trial is no choice; more of them deflate.
        let trials = |count| deflated_sharpe(&returns, Trials { count, variance: 1e-4 });
        assert_eq!(trials(1.0), probabilistic_sharpe(&returns, 0.0));
        assert!(trials(1.0) > trials(2.0) && trials(2.0) > trials(200.0));
    }
}
