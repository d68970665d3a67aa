//! `method = "auto"`: the choice between protecting a cloned policy and keeping the data, by what they measure.

use std::sync::Arc;

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::stats;
use freewheel_core::{DynWorld, Result, Streams};

use crate::offline::cloning;

/// Name of the method that is replaced by another one.
pub(crate) const AUTO: &str = "auto";
/// Number of episodes of the clone.
const EPISODES: u64 = 50;
/// Number of environments of the evaluation.
const NUM_ENVS: usize = 16;
/// Seed of the evaluation, which no run has.
const SEED: u64 = u64::MAX;

/// Methods of an agent between which `auto` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Methods {
    /// Method that starts from a cloned policy and protects it.
    pub(crate) policy: &'static str,
    /// Method that keeps the demonstrated steps in the updates.
    pub(crate) data: &'static str,
}

/// A chosen method and its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// Name of the method.
    pub method: String,
    /// Reason, with the two measured scores.
    pub reason: String,
}

impl Methods {
    /// Compares a clone of `set`, played in `world`, with the demonstrations themselves.
    ///
    /// # Errors
    /// Errors of the fit and of playing an episode.
    pub(crate) fn choose(self, world: &dyn DynWorld, set: &Arc<DemonstrationSet>) -> Result<Chosen> {
        let spec = world.spec();
        let longest = set.episodes.iter().map(|episode| episode.len() as u32).max().unwrap_or(1);
        let clone = cloning::greedy(spec, set, Streams::new(SEED))?;
        // Twice the longest demonstration is enough for a clone that is slower.
        let max_steps = longest.saturating_mul(2).max(1);
        let streams = Streams::new(SEED);
        let protocol = Protocol { episodes: EPISODES, num_envs: NUM_ENVS, max_steps, streams };
        let played = evaluate(world, &*clone, &protocol)?;
        let scores = |all: Vec<f64>| all.into_iter().filter(|score| !score.is_nan()).collect::<Vec<f64>>();
        let cloned = stats::mean(&scores(played.iter().map(|episode| episode.score).collect()));
        let shown = stats::mean(&scores(set.episodes.iter().map(|episode| episode.score).collect()));
        Ok(self.of(cloned, shown, spec.lower_is_better()))
    }

    /// Choice for the mean scores of the clone and of the demonstrations. A clone that is as good as its demonstrations
    /// is protected.
    fn of(self, cloned: f64, shown: f64, lower_is_better: bool) -> Chosen {
        let protects = if lower_is_better { cloned <= shown } else { cloned >= shown };
        let (method, why) = match protects {
            true => (self.policy, "a clone is at least as good as the demonstrations, and is protected"),
            false => (self.data, "a clone is worse than the demonstrations, which are kept in the updates"),
        };
        let reason = format!("{why}: {cloned:.3} and {shown:.3}");
        Chosen { method: method.to_owned(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demonstrations::recorded::{along_the_cliff, record};
    use crate::tabular::graph::Graph;
    use freewheel_core::World as _;

    const METHODS: Methods = Methods { policy: "protect", data: "keep" };

    #[test]
    fn the_better_one_is_chosen_by_hand() {
        assert_eq!(METHODS.of(2.0, 1.0, false).method, "protect");
        assert_eq!(METHODS.of(2.0, 1.0, true).method, "keep");
        assert_eq!(METHODS.of(1.0, 1.0, true).method, "protect");
        let chosen = METHODS.of(-20.0, -13.0, false);
        assert_eq!(chosen.method, "keep");
        assert!(chosen.reason.contains("-20.000 and -13.000"), "{}", chosen.reason);
    }

    /// The clone of a noisy demonstrator is without its noise; the clone of a demonstrator that takes both ways, half of
    /// the time each, is worse than it.
    #[test]
    fn both_are_measured() {
        let world = Graph::cliff().with_limit(100).shared();
        let noisy = record(&Graph::cliff(), 30, 100, 0, |state, rng| {
            if rng.chance(0.2) { rng.below(4) } else { along_the_cliff(state) }
        });
        let chosen = METHODS.choose(&*world, &noisy).unwrap();
        assert!(chosen.method == "protect" && chosen.reason.contains("-13.000"), "{chosen:?}");
    }
}
