//! Comparison of the best settings with the defaults, on seeds that the search has not used.
//!
//! The best of many trials is partly lucky, so that its score in the search is too good. On fresh seeds, a permutation
//! test of the difference of the means (Fisher 1935; Pitman 1937) decides: it is exact for any distribution of the
//! scores, also with few seeds. At most 5 % of the sweeps whose best settings are in truth as good as the defaults
//! call them better or worse.

use freewheel_core::stats::mean;
use freewheel_core::{Purpose, Streams};
use serde::Serialize;

/// Level of the test.
const LEVEL: f64 = 0.05;

/// Maximum number of permutations that are all tried; beyond it, as many random ones are.
const EXACT: u64 = 200_000;

/// Result of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// The best settings are better than the defaults.
    Better,
    /// They are worse.
    Worse,
    /// The seeds do not decide.
    Undecided,
}

/// Verdict on `ours` and `theirs`, scores of which higher ones are better, with the p-value of the test.
pub(super) fn compare(ours: &[f64], theirs: &[f64]) -> (Verdict, f64) {
    let p = p_value(ours, theirs);
    let verdict = match mean(ours) > mean(theirs) {
        _ if p.is_nan() || p > LEVEL => Verdict::Undecided,
        true => Verdict::Better,
        false => Verdict::Worse,
    };
    (verdict, p)
}

/// Two-sided p-value of the permutation test of the difference of the means.
fn p_value(a: &[f64], b: &[f64]) -> f64 {
    let (n, k) = (a.len() + b.len(), a.len());
    if a.is_empty() || b.is_empty() {
        return f64::NAN;
    }
    let all: Vec<f64> = a.iter().chain(b).copied().collect();
    let total: f64 = all.iter().sum();
    let apart = |sum: f64| (sum / k as f64 - (total - sum) / (n - k) as f64).abs();
    let observed = apart(a.iter().sum());
    // Sums in another order differ in their last bits.
    let scale = all.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let extreme = |sum: f64| apart(sum) >= observed - 1e-12 * scale;
    match combinations(n as u64, k as u64) {
        Some(count) if count <= EXACT && n < 64 => {
            let mut found = 0u64;
            let mut mask: u64 = (1 << k) - 1;
            while mask < 1 << n {
                let sum: f64 = (0..n).filter(|i| mask >> i & 1 == 1).map(|i| all[i]).sum();
                found += u64::from(extreme(sum));
                // The next larger number with as many ones (Gosper).
                let low = mask & mask.wrapping_neg();
                let ripple = mask + low;
                mask = (((ripple ^ mask) >> 2) / low) | ripple;
            }
            found as f64 / count as f64
        }
        _ => {
            let mut rng = Streams::new(0).stream(Purpose::Bootstrap, 0, 1);
            let mut drawn = all.clone();
            let mut found = 1;
            for _ in 0..EXACT {
                for i in 0..k {
                    let j = i + rng.below((n - i) as u32) as usize;
                    drawn.swap(i, j);
                }
                found += u64::from(extreme(drawn[..k].iter().sum()));
            }
            // The observed order is one of the permutations (Phipson & Smyth 2010).
            found as f64 / (EXACT + 1) as f64
        }
    }
}

/// Number of ways to choose `k` of `n`; `None` if it is too large.
fn combinations(n: u64, k: u64) -> Option<u64> {
    (0..k).try_fold(1u64, |ways, i| Some(ways.checked_mul(n - i)? / (i + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand: of the 20 ways to choose 3 of 6, two have a difference as great as that observed.
    #[test]
    fn all_permutations_of_a_few_scores() {
        assert_eq!(combinations(6, 3), Some(20));
        assert_eq!(p_value(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]), 0.1);
        // 1 + 3 and 2 + 4 from 1, 2, 3, 4: the differences of the sums are 2 or more in 4 of 6 ways.
        assert!((p_value(&[1.0, 3.0], &[2.0, 4.0]) - 4.0 / 6.0).abs() < 1e-15);
        assert_eq!(p_value(&[1.0, 1.0], &[1.0, 1.0]), 1.0);
        assert!(p_value(&[], &[1.0]).is_nan());
        let (ours, theirs) = ([5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(compare(&ours, &theirs), (Verdict::Better, 2.0 / 70.0));
        assert_eq!(compare(&theirs, &ours), (Verdict::Worse, 2.0 / 70.0));
        assert_eq!(compare(&ours[..3], &theirs[..3]).0, Verdict::Undecided);
    }

    /// Equal distributions are called different in at most 5 % of the cases; skewed scores, 6 seeds each.
    #[test]
    fn false_alarms_are_as_rare_as_promised() {
        let mut rng = Streams::new(4).stream(Purpose::Bootstrap, 0, 0);
        let mut draw = || (0..6).map(|_| rng.normal().exp()).collect::<Vec<f64>>();
        let alarms = (0..2000).filter(|_| compare(&draw(), &draw()).0 != Verdict::Undecided).count();
        // 5 % of 2000 and four standard deviations.
        assert!((40..=139).contains(&alarms), "{alarms} of 2000");
    }

    #[test]
    fn many_scores_are_compared_by_random_permutations() {
        let ours: Vec<f64> = (0..30).map(f64::from).collect();
        let theirs: Vec<f64> = ours.iter().map(|x| x - 12.0).collect();
        let p = p_value(&ours, &theirs);
        assert!(p < 1e-3, "{p}");
        assert!(p_value(&ours, &ours) > 0.9);
        assert_eq!(p, p_value(&ours, &theirs));
    }
}
