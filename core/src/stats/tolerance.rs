//! Tolerance intervals: a range that holds a given share of all runs, not their mean.

use super::Interval;

/// Interval that holds at least the `share` of all runs with this `confidence` (both between 0 and 1), whatever their
/// distribution: the k-th smallest and the k-th largest score, with the largest possible k. `None` with too few scores,
/// or if one is NaN: for a share of 0.8 and a confidence of 0.95, 22 are needed.
///
/// Wilks, *Determination of Sample Sizes for Setting Tolerance Limits* (1941); for reinforcement learning Patterson et
/// al., *Empirical Design in Reinforcement Learning* (2024), section 3.3.
///
/// ```
/// use freewheel_core::stats::tolerance::tolerance_interval;
///
/// let scores: Vec<f64> = (1..=30).map(f64::from).collect();
/// let interval = tolerance_interval(&scores, 0.8, 0.95).unwrap();
/// assert_eq!((interval.low, interval.high), (1.0, 30.0));
/// assert!(tolerance_interval(&scores[..21], 0.8, 0.95).is_none());
/// ```
pub fn tolerance_interval(scores: &[f64], share: f64, confidence: f64) -> Option<Interval> {
    let n = scores.len();
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    // The interval leaves out 2k - 2 of the scores, and 2k of the n + 1 equally probable gaps between them: it holds
    // the share with probability P(Binomial(n, share) <= n - 2k).
    let k = (1..=n / 2).take_while(|k| at_most(n, share, n - 2 * k) >= confidence).last()?;
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(Interval { low: sorted[k - 1], high: sorted[n - k] })
}

/// Probability that a binomial number of `n` trials with success probability `p` is at most `most`.
fn at_most(n: usize, p: f64, most: usize) -> f64 {
    let mut log_term = n as f64 * (1.0 - p).ln();
    let mut sum = log_term.exp();
    for i in 1..=most {
        log_term += ((n - i + 1) as f64 / i as f64 * p / (1.0 - p)).ln();
        sum += log_term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Purpose, Streams};

    /// Smallest numbers of scores in tables of Wilks's limits (NIST/SEMATECH e-Handbook, section 7.2.6.3; Hahn & Meeker
    /// 1991, table A.17).
    #[test]
    fn sample_sizes_are_those_of_published_tables() {
        let smallest = |share: f64, confidence: f64| {
            (2..2000).find(|&n| tolerance_interval(&vec![0.0; n], share, confidence).is_some()).unwrap()
        };
        assert_eq!(smallest(0.95, 0.95), 93);
        assert_eq!(smallest(0.90, 0.95), 46);
        assert_eq!(smallest(0.80, 0.95), 22);
        assert_eq!(smallest(0.99, 0.95), 473);
        assert_eq!(smallest(0.90, 0.90), 38);
    }

    #[test]
    fn a_share_is_held_with_the_confidence() {
        let mut held = 0;
        for experiment in 0..4000 {
            let mut rng = Streams::new(5).stream(Purpose::Generation, experiment, 0);
            let scores: Vec<f64> = (0..60).map(|_| rng.uniform()).collect();
            let interval = tolerance_interval(&scores, 0.8, 0.95).unwrap();
            held += u32::from(interval.high - interval.low >= 0.8);
        }
        // Third smallest to third largest of 60: P(Binomial(60, 0.8) <= 54) = 0.9879, with a standard error of 0.002.
        let part = f64::from(held) / 4000.0;
        assert!((part - 0.9879).abs() < 0.008, "{part}");
    }

    #[test]
    fn broken_scores_have_no_interval() {
        assert!(tolerance_interval(&[], 0.8, 0.95).is_none());
        assert!(tolerance_interval(&[f64::NAN; 30], 0.8, 0.95).is_none());
    }
}
