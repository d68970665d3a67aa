//! The returns of the episodes that ended.

use std::collections::BTreeMap;

use super::episode::Over;

/// How many episodes are remembered: more than any screen is wide.
const KEPT: usize = 2048;

/// How one episode ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outcome {
    /// The first player's return.
    pub(super) score: f64,
    /// Why it ended.
    pub(super) over: Over,
}

/// The last episodes of one player, by number: an episode that is shown again stands there once.
#[derive(Clone, Debug, Default)]
pub(super) struct Returns(BTreeMap<u64, Outcome>);

impl Returns {
    /// Remembers an episode's end.
    pub(super) fn record(&mut self, episode: u64, outcome: Outcome) {
        self.0.insert(episode, outcome);
        while self.0.len() > KEPT {
            self.0.pop_first();
        }
    }

    /// The last `n` in their order.
    pub(super) fn last(&self, n: usize) -> Vec<Outcome> {
        let mut last: Vec<Outcome> = self.0.values().rev().take(n).copied().collect();
        last.reverse();
        last
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The mean of all that are remembered.
    pub(super) fn mean(&self) -> Option<f64> {
        let n = self.0.len();
        (n > 0).then(|| self.0.values().map(|outcome| outcome.score).sum::<f64>() / n as f64)
    }
}

/// Where `value` stands between the baseline, 0, and the reference, 1.
pub(super) fn score(value: f64, baseline: Option<f64>, reference: Option<f64>) -> Option<f64> {
    let (baseline, reference) = (baseline?, reference?);
    let score = (value - baseline) / (reference - baseline);
    score.is_finite().then_some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_shown_again_counts_once_and_memory_is_bounded() {
        let mut returns = Returns::default();
        for episode in [3, 1, 2, 1] {
            returns.record(episode, Outcome { score: episode as f64, over: Over::Terminal });
        }
        assert_eq!(returns.len(), 3);
        assert_eq!(returns.mean(), Some(2.0));
        assert_eq!(returns.last(2).iter().map(|o| o.score).collect::<Vec<_>>(), [2.0, 3.0]);
        for episode in 0..2 * KEPT as u64 {
            returns.record(episode, Outcome { score: 0.0, over: Over::Cut });
        }
        assert_eq!(returns.len(), KEPT);
    }

    #[test]
    fn a_score_needs_both_ends() {
        assert_eq!(score(-13.0, Some(-113.0), Some(-13.0)), Some(1.0));
        assert_eq!(score(-63.0, Some(-113.0), Some(-13.0)), Some(0.5));
        assert_eq!(score(-63.0, None, Some(-13.0)), None);
        assert_eq!(score(-63.0, Some(1.0), Some(1.0)), None);
    }
}
