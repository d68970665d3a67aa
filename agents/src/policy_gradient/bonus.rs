//! Count-based exploration: a bonus for actions that were seldom chosen in a state.
//!
//! ```text
//! r'_t = r_t + count_bonus (sqrt(m / n(s_t, a_t)) - 1)
//! ```
//!
//! n(s, a) counts the visits of a pair, m is the mean count of all visited pairs. The bonus of Strehl & Littman 2008,
//! "An analysis of model-based interval estimation for Markov decision processes", relative to that of a pair with the
//! mean count, so that its size depends neither on the scale of the rewards nor on the number of steps. With continuous
//! actions the visits of a state count.

use freewheel_core::{ObservationSpace, Spec};
use serde::{Deserialize, Serialize};

use crate::progress::MAX_COUNT;

/// Maximum number of pairs of index and action that are counted.
const MAX_PAIRS: usize = 1 << 20;
/// Maximum bonus.
const CLIP: f64 = 10.0;

/// Visit counts of state-action pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CountBonus {
    /// Visits of each pair, `[S * A]`.
    counts: Vec<u32>,
    /// Number of pairs with visits.
    visited: u32,
    /// Number of visits of all pairs.
    total: u64,
}

impl CountBonus {
    /// Bonus in worlds with the spec `spec`; `None` unless the world has one player, index observations and at most
    /// 2^20 pairs.
    pub(super) fn new(spec: &Spec) -> Option<Self> {
        let ObservationSpace::Discrete { n } = spec.observation else { return None };
        let pairs = n.saturating_mul(spec.actions.count().max(1));
        let counted = spec.players == 1 && pairs <= MAX_PAIRS;
        counted.then(|| CountBonus { counts: vec![0; pairs], visited: 0, total: 0 })
    }

    /// Whether this bonus, read from a checkpoint, has the shape of `other` and counts that are possible.
    pub(super) fn can_replace(&self, other: &CountBonus) -> bool {
        self.counts.len() == other.counts.len()
            && self.total <= MAX_COUNT
            && self.counts.iter().filter(|&&count| count > 0).count() == self.visited as usize
    }

    /// Counts a visit of the pair with the index `pair` (state times number of actions plus action); returns its bonus,
    /// -1 to 10.
    pub(super) fn visit(&mut self, pair: usize) -> f32 {
        // Observations are below n; a wrong one has no bonus.
        let Some(count) = self.counts.get_mut(pair) else { return 0.0 };
        self.visited += u32::from(*count == 0);
        *count = count.saturating_add(1);
        self.total += 1;
        let mean = self.total as f64 / f64::from(self.visited);
        ((mean / f64::from(*count)).sqrt() - 1.0).min(CLIP) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let spec = Spec::discrete("test/two", 2, &["a", "b"]);
        let mut bonus = CountBonus::new(&spec).unwrap();
        // Counts 1; 2; 3; then 3 and 1 with mean 2: sqrt(2 / 1) - 1; then 4 and 1: sqrt(2.5 / 4) - 1.
        let found = [0, 0, 0, 3, 0].map(|pair| bonus.visit(pair));
        for (found, expected) in found.into_iter().zip([0.0, 0.0, 0.0, 0.414_214, -0.209_431]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!((&bonus.counts[..], bonus.visited, bonus.total), (&[4, 0, 0, 1][..], 2, 5));
        // A new pair after many visits of others.
        (0..10_000).for_each(|_| _ = bonus.visit(0));
        assert_eq!(bonus.visit(1), 10.0);
        assert_eq!(bonus.visit(4), 0.0, "no such pair");
    }

    #[test]
    fn only_index_observations_of_one_player() {
        let spec = Spec::discrete("test/two", 2, &["a", "b"]);
        let two = Spec { players: 2, ..spec.clone() };
        let large = Spec { observation: ObservationSpace::Discrete { n: 1 << 20 }, ..spec.clone() };
        let vector = Spec { observation: ObservationSpace::vector(&[(0.0, 1.0)]), ..spec };
        assert!([two, large, vector].iter().all(|spec| CountBonus::new(spec).is_none()));
    }
}
