//! Stall: a run that has not been shown to learn what can be learned in its world. A stall is only reported; the run
//! continues.
//!
//! An evaluation shows a stall if, with the 95 % interval of its mean score,
//!
//! 1. it is not better than what takes no learning
//!    ([`ScoreScales::trivial`](crate::score_scale::ScoreScales::trivial)), and has not reached the reference score
//!    either; or
//! 2. it is not better than the first evaluation of the run, and less than half of the way from the baseline to the
//!    reference has been made.

use freewheel_core::stats::{self, Interval};
use freewheel_core::{Baseline, EpisodeSummary, Streams};
use serde::{Deserialize, Serialize};

use crate::format::decimal;
use crate::score_scale::Reference;

/// Stall of a run: the evaluation that showed it, and the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stall {
    /// Step of the first evaluation of the stall. No evaluation since then was better than the baseline.
    pub since: u64,
    /// Mean score of the evaluation at this step.
    pub score: f64,
    /// 95 % bootstrap interval of the mean over episodes; `None` for a single episode.
    pub interval: Option<Interval>,
    /// Score that the evaluation is not better than, and its name: the baseline of the world, another policy that has
    /// learned nothing, or the first evaluation of the run.
    pub baseline: Baseline,
}

/// Relative tolerance for rounding: the same episodes, summed in another order, must not count as better.
const ROUNDING: f64 = 1e-9;

impl Stall {
    /// Stall shown by the evaluation at `step`; `None` if the whole interval of the mean score is better than the
    /// baseline, or if no episode has a score.
    pub fn of(
        step: u64,
        finished: &[EpisodeSummary],
        baseline: &Baseline,
        lower_is_better: bool,
    ) -> Option<Self> {
        let (score, low, high) = interval_of_mean(finished)?;
        let scored = finished.iter().filter(|one| !one.score.is_nan()).count();
        let interval = (scored > 1).then_some(Interval { low, high });
        let margin = ROUNDING * baseline.value.abs().max(1.0);
        let gained = if lower_is_better { baseline.value - high } else { low - baseline.value };
        // A score of NaN is not better.
        let better = gained > margin;
        (!better).then(|| Stall { since: step, score, interval, baseline: baseline.clone() })
    }

    /// Description of the stall of a run of `steps` steps: `-1.200 [-1.400, -1.000] at 50 % of its steps, baseline
    /// (random) -1.100`.
    pub fn to_text(&self, steps: u64) -> String {
        let Stall { score, baseline, .. } = self;
        let interval =
            self.interval.map_or(String::new(), |i| format!(" [{}, {}]", decimal(i.low), decimal(i.high)));
        format!(
            "{}{interval} at {:.0} % of its steps, baseline ({}) {}",
            decimal(*score),
            100.0 * self.since as f64 / steps.max(1) as f64,
            baseline.name,
            decimal(baseline.value)
        )
    }
}

/// Mean score of the episodes `finished`, and the ends of its 95 % bootstrap interval, which are the mean for a single
/// episode; `None` if no episode has a score.
pub(crate) fn interval_of_mean(finished: &[EpisodeSummary]) -> Option<(f64, f64, f64)> {
    let scores: Vec<f64> = finished.iter().map(|one| one.score).filter(|score| !score.is_nan()).collect();
    let mean = (!scores.is_empty()).then(|| stats::mean(&scores))?;
    if scores.len() == 1 {
        return Some((mean, mean, mean));
    }
    let bootstrap =
        stats::bootstrap(&[scores], stats::aggregate_mean, 0.95, stats::RESAMPLES, Streams::new(0));
    Some((mean, bootstrap.low, bootstrap.high))
}

/// Whether the interval of the mean score of `finished` contains the reference score or goes beyond it, so that the run
/// has reached the best that is known to be possible. A mean that is closer to the baseline than to the reference has
/// not.
pub(crate) fn has_reached(
    finished: &[EpisodeSummary],
    reference: Reference,
    baseline: &Baseline,
    lower_is_better: bool,
) -> bool {
    let Some((mean, low, high)) = interval_of_mean(finished) else { return false };
    let sign = if lower_is_better { -1.0 } else { 1.0 };
    let (reference, baseline) = (sign * reference.value, sign * baseline.value);
    let mean = sign * mean;
    let best_end = if lower_is_better { -low } else { high };
    let margin = ROUNDING * reference.abs().max(1.0);
    let nearer = reference - mean <= (mean - baseline).max(0.0) + margin;
    best_end >= reference - margin && (nearer || (reference - baseline).abs() <= margin)
}

#[cfg(test)]
mod tests {
    use freewheel_core::{Certainty, Ending};

    use super::*;

    fn scored(scores: &[f64]) -> Vec<EpisodeSummary> {
        let one = |&score: &f64| EpisodeSummary {
            index: 0,
            episode: 0,
            score,
            episode_return: score,
            length: 1,
            ending: Ending::Terminal,
            measures: Vec::new(),
        };
        scores.iter().map(one).collect()
    }

    fn stalls(scores: &[f64], baseline: f64, lower_is_better: bool) -> bool {
        let baseline = Baseline { name: "random".into(), value: baseline };
        Stall::of(7, &scored(scores), &baseline, lower_is_better).is_some()
    }

    #[test]
    fn better_means_the_whole_interval_beyond_the_baseline() {
        assert!(!stalls(&[1.0, 1.1, 0.9, 1.0], 0.5, false));
        assert!(stalls(&[1.0, 1.1, 0.9, 1.0], 1.0, false));
        assert!(stalls(&[1.0, 1.1, 0.9, 1.0], 5.0, false));
        // A better mean with a wide interval is not enough.
        assert!(stalls(&[10.0, -8.0, 9.0, -7.0], 0.5, false));
        // Lower is better, as for a lap time.
        assert!(stalls(&[1.0, 1.1, 0.9, 1.0], 0.5, true));
        assert!(!stalls(&[1.0, 1.1, 0.9, 1.0], 5.0, true));
    }

    #[test]
    fn an_equal_score_is_not_better_even_with_rounding_errors() {
        for scores in [&[-13.0; 20][..], &[-13.0 + 1e-12; 20], &[-13.0]] {
            assert!(stalls(scores, -13.0, false) && stalls(scores, -13.0, true));
        }
        assert!(!stalls(&[-12.9], -13.0, false));
    }

    #[test]
    fn the_reference_is_reached_within_the_interval() {
        let reached = |scores: &[f64], reference: f64, baseline: f64, lower: bool| {
            let reference = Reference { value: reference, kind: Certainty::Exact, upper: None };
            let baseline = Baseline { name: "random".into(), value: baseline };
            has_reached(&scored(scores), reference, &baseline, lower)
        };
        assert!(reached(&[-13.0; 20], -13.0, -1000.0, false));
        assert!(reached(&[0.9, 1.0, 1.1], 1.0, 0.0, false));
        assert!(!reached(&[-14.0; 20], -13.0, -1000.0, false));
        // Nothing to gain: the baseline is the best possible.
        assert!(reached(&[0.0; 5], 0.0, 0.0, false));
        // An interval that contains both scores, with a mean close to the baseline.
        assert!(!reached(&[10.0, -10.0, 1.0, -1.0], 5.0, 0.0, false));
        // A lap time.
        assert!(reached(&[60.0, 60.2], 60.1, 80.0, true));
        assert!(!reached(&[70.0, 70.2], 60.1, 80.0, true));
    }

    #[test]
    fn episodes_without_a_score_are_ignored() {
        assert!(!stalls(&[], 0.0, false) && !stalls(&[f64::NAN], 0.0, false));
        assert!(stalls(&[f64::NAN, -1.0], 0.0, false));
        assert!(stalls(&[f64::NEG_INFINITY, 1.0], 0.0, false));
    }

    #[test]
    fn a_stall_records_its_evaluation() {
        let baseline = Baseline { name: "random".into(), value: 2.0 };
        let stall = Stall::of(7, &scored(&[1.0, 1.0]), &baseline, false).unwrap();
        assert_eq!((stall.since, stall.score, &stall.baseline), (7, 1.0, &baseline));
        assert_eq!(stall.interval.map(|i| (i.low, i.high)), Some((1.0, 1.0)));
        let text = "1.000 [1.000, 1.000] at 70 % of its steps, baseline (random) 2.000";
        assert_eq!(stall.to_text(10), text);
    }
}
