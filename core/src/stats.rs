//! Statistics of scores: means that outliers do not move, intervals, comparisons.
//!
//! The measures and their bootstrap are those of Agarwal et al., *Deep Reinforcement Learning at the Edge of the
//! Statistical Precipice* (2021), <https://arxiv.org/abs/2108.13264>; its package `rliable` is the referee of the tests.
//! `tasks` are `[T][n_t]`: for each of T tasks the scores of its n_t runs; a single task is one vector. A NaN among
//! the scores, or nothing to look at, makes the answer NaN: a broken run is never trimmed away unseen.

use std::cmp::Ordering;

use rayon::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Purpose, Streams};

/// Resamples of the intervals in a [`Summary`].
pub const RESAMPLES: usize = 2000;

/// The sum over the number; NaN of nothing.
pub fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// The sample standard deviation, with n - 1 below; NaN of fewer than two.
pub fn standard_deviation(x: &[f64]) -> f64 {
    if x.len() < 2 {
        return f64::NAN;
    }
    let mean = mean(x);
    (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() - 1) as f64).sqrt()
}

/// The `q`-quantile, q in 0..=1 (clamped), linear between order statistics: type 7 of Hyndman & Fan (1996), the
/// default of NumPy and R.
pub fn quantile(x: &[f64], q: f64) -> f64 {
    let mut x = x.to_vec();
    quantile_of(&mut x, q)
}

/// [`quantile`] of numbers whose order may be lost.
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
    // Two equal infinities have themselves between them, not NaN.
    if low == high { low } else { low + part * (high - low) }
}

/// The middle value, or the mean of the middle two.
pub fn median(x: &[f64]) -> f64 {
    quantile(x, 0.5)
}

/// The interquartile mean: without the floor(n / 4) least and the floor(n / 4) greatest, the mean.
pub fn iqm(x: &[f64]) -> f64 {
    let mut x = x.to_vec();
    iqm_of(&mut x)
}

/// [`iqm`] of numbers whose order may be lost.
fn iqm_of(x: &mut [f64]) -> f64 {
    if x.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let (n, cut) = (x.len(), x.len() / 4);
    if cut == 0 {
        return mean(x);
    }
    // What is cut off need not be in order, only on its own side.
    let (_, _, upper) = x.select_nth_unstable_by(cut - 1, f64::total_cmp);
    let (middle, _, _) = upper.select_nth_unstable_by(n - 2 * cut, f64::total_cmp);
    mean(middle)
}

/// All scores of all tasks, `[sum of n_t]`.
pub fn flatten(tasks: &[Vec<f64>]) -> Vec<f64> {
    tasks.concat()
}

/// The mean of the tasks' means.
pub fn aggregate_mean(tasks: &[Vec<f64>]) -> f64 {
    mean(&task_means(tasks))
}

/// The median of the tasks' means.
pub fn aggregate_median(tasks: &[Vec<f64>]) -> f64 {
    median(&task_means(tasks))
}

/// The interquartile mean of all scores of all tasks.
pub fn aggregate_iqm(tasks: &[Vec<f64>]) -> f64 {
    iqm_of(&mut flatten(tasks))
}

fn task_means(tasks: &[Vec<f64>]) -> Vec<f64> {
    tasks.iter().map(|scores| mean(scores)).collect()
}

/// By how much scores fall short of `target` on average, what lies above it counting as `target`: 0 is the best.
pub fn optimality_gap(scores: &[f64], target: f64) -> f64 {
    if scores.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    target - scores.iter().map(|x| x.min(target)).sum::<f64>() / scores.len() as f64
}

/// For each of `taus`, the share of scores above it, `[len(taus)]`: the run-score distribution of the paper.
pub fn performance_profile(scores: &[f64], taus: &[f64]) -> Vec<f64> {
    if scores.is_empty() || scores.iter().any(|x| x.is_nan()) {
        return vec![f64::NAN; taus.len()];
    }
    let sorted = sorted(scores);
    let above = |tau: f64| scores.len() - sorted.partition_point(|&x| x <= tau);
    taus.iter().map(|&tau| above(tau) as f64 / scores.len() as f64).collect()
}

/// The probability that a run of `x` beats a run of `y` on the same task, ties counting one half: the mean over the
/// tasks of U / (n_x n_y), U being the statistic of Mann and Whitney. Tasks pair by position; NaN where `x` and `y`
/// have not equally many.
pub fn probability_of_improvement(x: &[Vec<f64>], y: &[Vec<f64>]) -> f64 {
    if x.len() != y.len() {
        return f64::NAN;
    }
    let shares: Vec<f64> = x.iter().zip(y).map(|(x, y)| share_won(x, y)).collect();
    mean(&shares)
}

fn share_won(x: &[f64], y: &[f64]) -> f64 {
    if x.iter().chain(y).any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let y = sorted(y);
    // Twice U, so that a half stays whole.
    let twice: usize =
        x.iter().map(|&x| y.partition_point(|&y| y < x) + y.partition_point(|&y| y <= x)).sum();
    twice as f64 / (2.0 * x.len() as f64 * y.len() as f64)
}

fn sorted(x: &[f64]) -> Vec<f64> {
    let mut x = x.to_vec();
    // Not the total order: the two zeros are one number here.
    x.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    x
}

/// What lies between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    #[serde(deserialize_with = "null_is_nan")]
    pub low: f64,
    /// The upper end.
    #[serde(deserialize_with = "null_is_nan")]
    pub high: f64,
}

/// The percentile interval of `statistic` that holds the share `confidence` (0..1) of `resamples` stratified bootstrap
/// resamples: within each task as many runs as it has are drawn with replacement.
///
/// Resample `r` draws from the [`Purpose::Bootstrap`] stream of index `r`, so the interval is the same bytes for any
/// number of threads, and two statistics given the same `streams` see the same resamples. Where every task has one run
/// the interval is a single point and says nothing; it is NaN where there are no resamples or one of them gives NaN.
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

/// The scores of one task in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many scores.
    pub n: usize,
    /// Their mean; NaN (in JSON `null`) where n is 0.
    #[serde(deserialize_with = "null_is_nan")]
    pub mean: f64,
    /// Their interquartile mean; NaN where n is 0.
    #[serde(deserialize_with = "null_is_nan")]
    pub iqm: f64,
    /// Their sample standard deviation; NaN where n is below 2.
    #[serde(deserialize_with = "null_is_nan")]
    pub std: f64,
    /// The 95 % bootstrap interval of the mean; `None` where n is below 2: one score tells nothing of its spread.
    pub interval: Option<Interval>,
    /// The same of the interquartile mean.
    pub iqm_interval: Option<Interval>,
}

/// The [`Summary`] of `scores`, its intervals from [`RESAMPLES`] resamples.
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

/// JSON has no NaN; what was written as `null` is read as NaN again. In a checkpoint a number is a number.
fn null_is_nan<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    match from.is_human_readable() {
        true => Ok(Option::deserialize(from)?.unwrap_or(f64::NAN)),
        false => f64::deserialize(from),
    }
}
