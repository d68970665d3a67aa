//! Learning that goes nowhere: a run that is no better than its baseline when a stated share of its steps is gone. It is a mark
//! and stops nothing.

use freewheel_core::stats::{self, Interval};
use freewheel_core::{Baseline, EpisodeSummary, Streams};
use serde::{Deserialize, Serialize};

use crate::report::digits;

/// The figures that show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stall {
    /// The step of the first evaluation from which on none was better than the baseline.
    pub since: u64,
    /// The mean score of that evaluation.
    pub score: f64,
    /// Its 95 % bootstrap interval over episodes; `None` of one episode alone.
    pub interval: Option<Interval>,
    /// What it was not better than.
    pub baseline: Baseline,
}

/// What two sums of the same numbers may differ by is no progress.
const ROUNDING: f64 = 1e-9;

impl Stall {
    /// Judges the evaluation at `step`: better is what has its whole interval beyond the baseline. `None` where it is
    /// better, or no episode has a score.
    pub fn of(
        step: u64,
        finished: &[EpisodeSummary],
        baseline: &Baseline,
        lower_is_better: bool,
    ) -> Option<Self> {
        let scores: Vec<f64> = finished.iter().map(|one| one.score).filter(|score| !score.is_nan()).collect();
        if scores.is_empty() {
            return None;
        }
        let score = stats::mean(&scores);
        let bootstrap = |scores| {
            stats::bootstrap(&[scores], stats::aggregate_mean, 0.95, stats::RESAMPLES, Streams::new(0))
        };
        let interval = (scores.len() > 1).then(|| bootstrap(scores));
        let (low, high) = interval.map_or((score, score), |interval| (interval.low, interval.high));
        let margin = ROUNDING * baseline.value.abs().max(1.0);
        let gained = if lower_is_better { baseline.value - high } else { low - baseline.value };
        // What is not a number is not better.
        let better = gained > margin;
        (!better).then(|| Stall { since: step, score, interval, baseline: baseline.clone() })
    }

    /// The figures of a run of `steps` steps: `-1.200 [-1.400, -1.000] at 50 % of its steps, baseline (random) -1.100`.
    pub fn to_text(&self, steps: u64) -> String {
        let Stall { score, baseline, .. } = self;
        let interval =
            self.interval.map_or(String::new(), |i| format!(" [{}, {}]", digits(i.low), digits(i.high)));
        format!(
            "{}{interval} at {:.0} % of its steps, baseline ({}) {}",
            digits(*score),
            100.0 * self.since as f64 / steps.max(1) as f64,
            baseline.name,
            digits(baseline.value)
        )
    }
}

#[cfg(test)]
mod tests {
    use freewheel_core::Ending;

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
    fn better_is_what_lies_beyond_the_baseline_with_its_whole_interval() {
        assert!(!stalls(&[1.0, 1.1, 0.9, 1.0], 0.5, false));
        assert!(stalls(&[1.0, 1.1, 0.9, 1.0], 1.0, false));
        assert!(stalls(&[1.0, 1.1, 0.9, 1.0], 5.0, false));
        // A better mean of scores that are all over the place shows nothing.
        assert!(stalls(&[10.0, -8.0, 9.0, -7.0], 0.5, false));
        // Of a lap time less is better.
        assert!(stalls(&[1.0, 1.1, 0.9, 1.0], 0.5, true));
        assert!(!stalls(&[1.0, 1.1, 0.9, 1.0], 5.0, true));
    }

    #[test]
    fn the_same_score_and_one_that_rounding_has_moved_are_not_better() {
        for scores in [&[-13.0; 20][..], &[-13.0 + 1e-12; 20], &[-13.0]] {
            assert!(stalls(scores, -13.0, false) && stalls(scores, -13.0, true));
        }
        assert!(!stalls(&[-12.9], -13.0, false));
    }

    #[test]
    fn what_has_no_score_is_not_judged() {
        assert!(!stalls(&[], 0.0, false) && !stalls(&[f64::NAN], 0.0, false));
        assert!(stalls(&[f64::NAN, -1.0], 0.0, false));
        assert!(stalls(&[f64::NEG_INFINITY, 1.0], 0.0, false));
    }

    #[test]
    fn the_figures_stand_beside_the_mark() {
        let baseline = Baseline { name: "random".into(), value: 2.0 };
        let stall = Stall::of(7, &scored(&[1.0, 1.0]), &baseline, false).unwrap();
        assert_eq!((stall.since, stall.score, &stall.baseline), (7, 1.0, &baseline));
        assert_eq!(stall.interval.map(|i| (i.low, i.high)), Some((1.0, 1.0)));
        let text = "1.000 [1.000, 1.000] at 70 % of its steps, baseline (random) 2.000";
        assert_eq!(stall.to_text(10), text);
    }
}
