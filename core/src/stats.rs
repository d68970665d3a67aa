//! Statistics of scores: robust means, bootstrap confidence intervals, comparisons of algorithms.
//!
//! Measures and bootstrap are those of Agarwal et al., *Deep Reinforcement Learning at the Edge of the Statistical
//! Precipice* (2021), <https://arxiv.org/abs/2108.13264>; the tests compare with the package `rliable` of its authors.
//! An argument `tasks` is `[T][n_t]`: for each of T tasks, the scores of its n_t runs. The result is NaN if a score is
//! NaN or if there is no score, so that a broken run is never trimmed away unnoticed.
//!
//! ```
//! use freewheel_core::Streams;
//! use freewheel_core::stats::{iqm, mean, summarize};
//!
//! let scores = [470.0, 500.0, 480.0, 500.0, 20.0, 490.0, 500.0, 485.0];
//! assert_eq!((mean(&scores), iqm(&scores)), (430.625, 488.75));
//! let summary = summarize(&scores, Streams::new(0));
//! let interval = summary.iqm_interval.unwrap();
//! assert!(interval.low < summary.iqm && summary.iqm < interval.high);
//! ```

pub mod interval;
pub mod sequential;
pub mod tolerance;

use std::cmp::Ordering;

use rayon::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Purpose, Streams};

/// Number of bootstrap resamples of the intervals in a [`Summary`].
pub const RESAMPLES: usize = 2000;

/// Arithmetic mean; NaN for an empty slice.
pub fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// Sample standard deviation with denominator n - 1; NaN for fewer than two numbers.
pub fn standard_deviation(x: &[f64]) -> f64 {
    if x.len() < 2 {
        return f64::NAN;
    }
    let mean = mean(x);
    (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() - 1) as f64).sqrt()
}

/// Quantile of the numbers `x` at probability `q` in 0..=1 (clamped), with linear interpolation: type 7 of Hyndman &
/// Fan (1996), the default of NumPy and R.
pub fn quantile(x: &[f64], q: f64) -> f64 {
    let mut x = x.to_vec();
    quantile_of(&mut x, q)
}

/// [`quantile`] without a copy: it may reorder `x`.
fn quantile_of(x: &mut [f64], q: f64) -> f64 {
    if x.is_empty() || q.is_nan() || x.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let at = q.clamp(0.0, 1.0) * (x.len() - 1) as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    let (_, &mut low, above) = x.select_nth_unstable_by(below, f64::total_cmp);
    if part == 0.0 {
        return low;
    }
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    // Interpolation between two equal infinities gives this infinity, not NaN.
    if low == high { low } else { low + part * (high - low) }
}

/// Median: the middle number, or the mean of the two middle numbers.
pub fn median(x: &[f64]) -> f64 {
    quantile(x, 0.5)
}

/// Interquartile mean: the mean without the floor(n / 4) lowest and the floor(n / 4) highest numbers.
pub fn iqm(x: &[f64]) -> f64 {
    let mut x = x.to_vec();
    iqm_of(&mut x)
}

/// [`iqm`] without a copy: it may reorder `x`.
fn iqm_of(x: &mut [f64]) -> f64 {
    if x.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let (n, cut) = (x.len(), x.len() / 4);
    if cut == 0 {
        return mean(x);
    }
    // The trimmed numbers need not be sorted, only separated from the others.
    let (_, _, upper) = x.select_nth_unstable_by(cut - 1, f64::total_cmp);
    let (middle, _, _) = upper.select_nth_unstable_by(n - 2 * cut, f64::total_cmp);
    mean(middle)
}

/// All scores of all tasks, `[sum of n_t]`.
pub fn flatten(tasks: &[Vec<f64>]) -> Vec<f64> {
    tasks.concat()
}

/// Mean of the task means.
pub fn aggregate_mean(tasks: &[Vec<f64>]) -> f64 {
    mean(&task_means(tasks))
}

/// Median of the task means.
pub fn aggregate_median(tasks: &[Vec<f64>]) -> f64 {
    median(&task_means(tasks))
}

/// Interquartile mean of all scores of all tasks.
pub fn aggregate_iqm(tasks: &[Vec<f64>]) -> f64 {
    iqm_of(&mut flatten(tasks))
}

fn task_means(tasks: &[Vec<f64>]) -> Vec<f64> {
    tasks.iter().map(|scores| mean(scores)).collect()
}

/// Mean difference between `target` and the scores, where a score above `target` counts as `target`; 0 is optimal.
pub fn optimality_gap(scores: &[f64], target: f64) -> f64 {
    if scores.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    target - scores.iter().map(|x| x.min(target)).sum::<f64>() / scores.len() as f64
}

/// Fraction of the scores above each threshold in `taus`, `[len(taus)]`: the run-score distribution of Agarwal et al.
pub fn performance_profile(scores: &[f64], taus: &[f64]) -> Vec<f64> {
    if scores.is_empty() || scores.iter().any(|x| x.is_nan()) {
        return vec![f64::NAN; taus.len()];
    }
    let sorted = sorted(scores);
    let above = |tau: f64| scores.len() - sorted.partition_point(|&x| x <= tau);
    taus.iter().map(|&tau| above(tau) as f64 / scores.len() as f64).collect()
}

/// Probability that a run of algorithm `x` has a higher score than a run of algorithm `y` on the same task, where ties
/// count one half: the mean over tasks of U / (n_x n_y), with the Mann-Whitney statistic U and the numbers of runs n_x
/// and n_y. Task i of `x` is task i of `y`; NaN if `x` and `y` have different numbers of tasks.
pub fn probability_of_improvement(x: &[Vec<f64>], y: &[Vec<f64>]) -> f64 {
    if x.len() != y.len() {
        return f64::NAN;
    }
    let probabilities: Vec<f64> = x.iter().zip(y).map(|(x, y)| win_probability(x, y)).collect();
    mean(&probabilities)
}

/// Probability of one task that a run of `x` has a higher score than a run of `y`: U / (n_x n_y).
fn win_probability(x: &[f64], y: &[f64]) -> f64 {
    if x.iter().chain(y).any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let y = sorted(y);
    // 2 U is an integer, so that it can be counted exactly.
    let twice_u: usize =
        x.iter().map(|&x| y.partition_point(|&y| y < x) + y.partition_point(|&y| y <= x)).sum();
    twice_u as f64 / (2.0 * x.len() as f64 * y.len() as f64)
}

/// First step at which a curve of `(step, score)` reaches `threshold`: at least this score, or at most if lower scores
/// are better. `None` if it never does. A curve may fall below the threshold later.
pub fn steps_to_threshold(curve: &[(u64, f64)], threshold: f64, lower_is_better: bool) -> Option<u64> {
    let reached = |score: f64| if lower_is_better { score <= threshold } else { score >= threshold };
    curve.iter().find(|(_, score)| reached(*score)).map(|(step, _)| *step)
}

fn sorted(x: &[f64]) -> Vec<f64> {
    let mut x = x.to_vec();
    // Not by `total_cmp`, which sorts -0 below 0.
    x.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    x
}

/// Interval between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    #[serde(deserialize_with = "null_is_nan")]
    pub low: f64,
    /// Upper end.
    #[serde(deserialize_with = "null_is_nan")]
    pub high: f64,
}

/// Percentile bootstrap interval of `statistic` with this `confidence` (0 to 1), from `resamples` stratified resamples:
/// for a task of n runs, n runs are drawn with replacement.
///
/// Resample `r` uses the [`Purpose::Bootstrap`] stream of index `r`: the interval is the same for any number of
/// threads, and two statistics with the same `streams` use the same resamples. With one run per task the interval is a
/// single point without meaning. It is NaN without resamples, or if the statistic of a resample is NaN.
pub fn bootstrap(
    tasks: &[Vec<f64>],
    statistic: impl Fn(&[Vec<f64>]) -> f64 + Sync,
    confidence: f64,
    resamples: usize,
    streams: Streams,
) -> Interval {
    let mut values: Vec<f64> = (0..resamples as u64)
        .into_par_iter()
        .map_init(
            || tasks.to_vec(),
            |drawn, r| {
                let mut rng = streams.stream(Purpose::Bootstrap, r, 0);
                for (drawn, runs) in drawn.iter_mut().zip(tasks) {
                    for slot in drawn {
                        *slot = runs[rng.below(runs.len() as u32) as usize];
                    }
                }
                statistic(drawn)
            },
        )
        .collect();
    let tail = (1.0 - confidence.clamp(0.0, 1.0)) / 2.0;
    Interval { low: quantile_of(&mut values, tail), high: quantile_of(&mut values, 1.0 - tail) }
}

/// Summary statistics of the scores of one task.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of scores.
    pub n: usize,
    /// Mean; NaN (in JSON `null`) where n is 0.
    #[serde(deserialize_with = "null_is_nan")]
    pub mean: f64,
    /// Interquartile mean; NaN where n is 0.
    #[serde(deserialize_with = "null_is_nan")]
    pub iqm: f64,
    /// Sample standard deviation; NaN where n is below 2.
    #[serde(deserialize_with = "null_is_nan")]
    pub std: f64,
    /// 95 % bootstrap interval of the mean; `None` where n is below 2.
    pub interval: Option<Interval>,
    /// 95 % bootstrap interval of the interquartile mean; `None` where n is below 2.
    pub iqm_interval: Option<Interval>,
}

/// [`Summary`] of `scores`, with intervals from [`RESAMPLES`] resamples.
pub fn summarize(scores: &[f64], streams: Streams) -> Summary {
    let tasks = [scores.to_vec()];
    let interval = |statistic: fn(&[Vec<f64>]) -> f64| {
        (scores.len() > 1).then(|| bootstrap(&tasks, statistic, 0.95, RESAMPLES, streams))
    };
    Summary {
        n: scores.len(),
        mean: mean(scores),
        iqm: iqm(scores),
        std: standard_deviation(scores),
        interval: interval(aggregate_mean),
        iqm_interval: interval(aggregate_iqm),
    }
}

/// Reads `null` as NaN: JSON has no NaN, and the writer replaces it by `null`. Binary formats store NaN as a number.
fn null_is_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    match from.is_human_readable() {
        true => Ok(Option::deserialize(from)?.unwrap_or(f64::NAN)),
        false => f64::deserialize(from),
    }
}
