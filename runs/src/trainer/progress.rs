//! Progress of training, and results of an evaluation.

use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;

use freewheel_core::stats::{self, Interval};
use freewheel_core::{EpisodeSummary, Streams};
use serde::{Deserialize, Serialize};

/// Number of the latest training episodes for the means of a [`Progress`].
const RECENT: usize = 100;

/// Counts and latest episodes of the training so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Number of environment steps asked for.
    asked: u64,
    /// Number of environment steps made: the number asked for, rounded up to a multiple of the number of environments.
    pub(super) step: u64,
    pub(super) episodes: u64,
    /// Return and length of the latest training episodes, at most [`RECENT`].
    recent: VecDeque<(f64, u32)>,
}

/// Training progress, the argument of the callback of [`Trainer::learn`](crate::Trainer::learn).
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Number of environment steps so far, over all calls.
    pub step: u64,
    /// Number of training episodes so far, over all calls.
    pub episodes: u64,
    /// Mean return of the latest 100 training episodes; NaN before the first has ended.
    pub mean_return: f64,
    /// Mean length of the latest 100 training episodes, in steps; NaN before the first has ended.
    pub mean_length: f64,
    /// Environment steps per second since the last report.
    pub steps_per_second: f64,
    /// Metrics of the agent since the last report, such as `policy_loss`, by name.
    pub metrics: Vec<(String, f64)>,
}

/// Result of a callback: `()` continues, [`ControlFlow::Break`] stops.
pub trait CallbackResult {
    /// Whether this result stops the training.
    fn stops(self) -> bool;
}

impl CallbackResult for () {
    fn stops(self) -> bool {
        false
    }
}

impl CallbackResult for ControlFlow<()> {
    fn stops(self) -> bool {
        self.is_break()
    }
}

impl Counts {
    /// Counts of a run after `step` steps and `episodes` episodes.
    pub(super) fn of_run(step: u64, episodes: u64) -> Self {
        Counts { asked: step, step, episodes, recent: VecDeque::new() }
    }

    pub(super) fn add(&mut self, steps: u64, num_envs: u64, finished: Vec<EpisodeSummary>) {
        self.asked += steps;
        self.step = self.asked.next_multiple_of(num_envs);
        self.episodes += finished.len() as u64;
        for summary in finished {
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back((summary.episode_return, summary.length));
        }
    }

    pub(super) fn progress(&self, steps_per_second: f64, metrics: Vec<(String, f64)>) -> Progress {
        let mean = |sum: f64| sum / self.recent.len() as f64;
        Progress {
            step: self.step,
            episodes: self.episodes,
            mean_return: mean(self.recent.iter().map(|(total, _)| total).sum()),
            mean_length: mean(self.recent.iter().map(|(_, length)| f64::from(*length)).sum()),
            steps_per_second,
            metrics,
        }
    }
}

/// Results of the episodes of an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean score of the episodes that have a score; NaN if no episode has one.
    pub mean: f64,
    /// 95 % bootstrap interval of the mean score; `None` below two episodes.
    pub interval: Option<Interval>,
    /// Summaries of the episodes, sorted by environment index and then episode number.
    pub episodes: Vec<EpisodeSummary>,
}

impl Evaluation {
    pub(super) fn of(episodes: Vec<EpisodeSummary>, streams: Streams) -> Self {
        let scores: Vec<f64> =
            episodes.iter().map(|episode| episode.score).filter(|score| score.is_finite()).collect();
        let summary = stats::summarize(&scores, streams);
        Evaluation { mean: summary.mean, interval: summary.interval, episodes }
    }

    /// Scores of the episodes; NaN for an episode without a score, such as a lap that was not finished.
    pub fn scores(&self) -> impl Iterator<Item = f64> {
        self.episodes.iter().map(|episode| episode.score)
    }
}

/// Mean, interval and number of episodes, such as `500.00 (500.00 .. 500.00), 100 episodes`.
impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.mean)?;
        if let Some(Interval { low, high }) = self.interval {
            write!(f, " ({low:.2} .. {high:.2})")?;
        }
        write!(f, ", {} episodes", self.episodes.len())
    }
}
