//! Returns of the finished episodes under one policy, or of the user.

use std::collections::BTreeMap;

use super::episode::EpisodeEnd;

/// Maximum number of stored episodes: more than the columns of any screen.
const CAPACITY: usize = 2048;

/// Result of one episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct EpisodeResult {
    /// Score: the return of the first player, or a measure of the world.
    pub(super) score: f64,
    /// Reason for the end of the episode.
    pub(super) over: EpisodeEnd,
}

/// Results of the newest episodes of one player, by episode number; a repeated episode counts once.
#[derive(Clone, Debug, Default)]
pub(super) struct Returns(BTreeMap<u64, EpisodeResult>);

impl Returns {
    /// Stores the result of an episode.
    pub(super) fn record(&mut self, episode: u64, result: EpisodeResult) {
        self.0.insert(episode, result);
        while self.0.len() > CAPACITY {
            self.0.pop_first();
        }
    }

    /// The newest `n` results, in order of the episode number.
    pub(super) fn last(&self, n: usize) -> Vec<EpisodeResult> {
        let mut last: Vec<EpisodeResult> = self.0.values().rev().take(n).copied().collect();
        last.reverse();
        last
    }

    /// Number of stored episodes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Mean score of the stored episodes; `None` if there are none.
    pub(super) fn mean(&self) -> Option<f64> {
        let n = self.0.len();
        (n > 0).then(|| self.0.values().map(|result| result.score).sum::<f64>() / n as f64)
    }
}

/// Normalized score: 0 for the baseline, 1 for the reference; `None` if the baseline or the reference
/// is unknown, or if both are equal.
pub(super) fn normalized(value: f64, baseline: Option<f64>, reference: Option<f64>) -> Option<f64> {
    let (baseline, reference) = (baseline?, reference?);
    let score = (value - baseline) / (reference - baseline);
    score.is_finite().then_some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_shown_again_counts_once_and_the_capacity_is_bounded() {
        let mut returns = Returns::default();
        for episode in [3, 1, 2, 1] {
            returns.record(episode, EpisodeResult { score: episode as f64, over: EpisodeEnd::Terminal });
        }
        assert_eq!(returns.len(), 3);
        assert_eq!(returns.mean(), Some(2.0));
        assert_eq!(returns.last(2).iter().map(|o| o.score).collect::<Vec<_>>(), [2.0, 3.0]);
        for episode in 0..2 * CAPACITY as u64 {
            returns.record(episode, EpisodeResult { score: 0.0, over: EpisodeEnd::Cut });
        }
        assert_eq!(returns.len(), CAPACITY);
    }

    #[test]
    fn a_normalized_score_needs_both_baseline_and_reference() {
        assert_eq!(normalized(-13.0, Some(-113.0), Some(-13.0)), Some(1.0));
        assert_eq!(normalized(-63.0, Some(-113.0), Some(-13.0)), Some(0.5));
        assert_eq!(normalized(-63.0, None, Some(-13.0)), None);
        assert_eq!(normalized(-63.0, Some(1.0), Some(1.0)), None);
    }
}
