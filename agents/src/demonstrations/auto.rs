//! `method = "auto"`: the choice between a method that protects a cloned policy and another one, by what they measure.

use std::sync::Arc;

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, EpisodeOrigin, Label};
use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::stats;
use freewheel_core::{DynWorld, Ending, Policy, Purpose, Result, Streams};

use crate::offline::cloning;

/// Name of the method that is replaced by another one.
pub(crate) const AUTO: &str = "auto";
/// Number of episodes of the clone.
const EPISODES: usize = 50;
/// Number of environments of the evaluation.
const NUM_ENVS: usize = 16;
/// Seed of the evaluation, which no run has.
const SEED: u64 = u64::MAX;
/// Number of standard errors by which a clone must be worse than its demonstrations, so that it is not protected.
const MARGIN: f64 = 2.0;

/// Methods of an agent between which `auto` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Methods {
    /// Method that starts from a cloned policy and protects it.
    pub(crate) protecting: &'static str,
    /// Method for demonstrations that are better than a clone of them.
    pub(crate) other: &'static str,
}

/// A chosen method and its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// Name of the method.
    pub method: String,
    /// Reason, with the two measured scores.
    pub reason: String,
}

/// Scores of a clone and of the demonstrations.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measured {
    /// Mean score of the clone.
    cloned: f64,
    /// Mean score of the demonstrations.
    shown: f64,
    /// Standard error of the difference of the two.
    error: f64,
}

impl Methods {
    /// Compares a clone of `set`, played in `world`, with the demonstrations themselves. The clone plays from the
    /// starts and random numbers of the demonstrations if they are known, which makes the comparison sharper.
    ///
    /// # Errors
    /// Errors of the fit and of playing an episode.
    pub(crate) fn choose(self, world: &dyn DynWorld, set: &Arc<DemonstrationSet>) -> Result<Chosen> {
        let spec = world.spec();
        let longest = set.episodes.iter().map(|episode| episode.len() as u32).max().unwrap_or(1);
        let clone = cloning::greedy(spec, set, Streams::new(SEED))?;
        // Twice the longest demonstration is enough for a clone that is slower.
        let max_steps = longest.saturating_mul(2).max(1);
        let measured = match paired(world, &*clone, set, max_steps)? {
            Some(measured) => measured,
            None => unpaired(world, &*clone, set, max_steps)?,
        };
        Ok(self.of(measured, spec.lower_is_better()))
    }

    /// Choice for the scores of the clone and of the demonstrations.
    fn of(self, measured: Measured, lower_is_better: bool) -> Chosen {
        let Measured { cloned, shown, error } = measured;
        let worse_by = if lower_is_better { cloned - shown } else { shown - cloned };
        let (method, why) = match worse_by <= MARGIN * error {
            true => (self.protecting, "a clone is not worse than the demonstrations, and is protected"),
            false => (self.other, "a clone is worse than the demonstrations, and is not protected"),
        };
        let reason = format!("{why}: {cloned:.3} and {shown:.3}");
        Chosen { method: method.to_owned(), reason }
    }
}

/// Scores of the clone in the episodes of demonstrations with a known origin, evenly chosen; `None` if there are fewer
/// than two.
fn paired(
    world: &dyn DynWorld,
    clone: &dyn Policy,
    set: &DemonstrationSet,
    max_steps: u32,
) -> Result<Option<Measured>> {
    let known: Vec<&Demonstration> =
        set.episodes.iter().filter(|one| one.origin.is_some() && !one.score.is_nan()).collect();
    let n = known.len().min(EPISODES);
    let (mut shown, mut cloned) = (Vec::new(), Vec::new());
    for demonstration in (0..n).map(|i| known[i * known.len() / n]) {
        let Some(EpisodeOrigin { streams, episode }) = demonstration.origin else { continue };
        let mut runner = world.episode_runner(Streams::new(streams.seed), streams.purpose, streams.index);
        let mut rng = Streams::new(SEED).stream(Purpose::EvaluationAction, episode, 0);
        // An episode that was cut short is compared with as many steps.
        let steps = match demonstration.ending {
            Ending::Truncated => demonstration.len() as u32,
            _ => max_steps,
        };
        let label = Label::default();
        let played = Demonstration::play(&mut *runner, episode, clone, &label, &mut rng, steps)?;
        if !played.score.is_nan() {
            shown.push(demonstration.score);
            cloned.push(played.score);
        }
    }
    let differences: Vec<f64> = cloned.iter().zip(&shown).map(|(a, b)| a - b).collect();
    Ok((differences.len() > 1).then(|| Measured {
        cloned: stats::mean(&cloned),
        shown: stats::mean(&shown),
        error: standard_error(&differences),
    }))
}

/// Scores of the clone in new episodes.
fn unpaired(
    world: &dyn DynWorld,
    clone: &dyn Policy,
    set: &DemonstrationSet,
    max_steps: u32,
) -> Result<Measured> {
    let streams = Streams::new(SEED);
    let protocol = Protocol { episodes: EPISODES as u64, num_envs: NUM_ENVS, max_steps, streams };
    let scored = |all: Vec<f64>| all.into_iter().filter(|score| !score.is_nan()).collect::<Vec<f64>>();
    let cloned = scored(evaluate(world, clone, &protocol)?.iter().map(|episode| episode.score).collect());
    let shown = scored(set.episodes.iter().map(|episode| episode.score).collect());
    Ok(Measured {
        cloned: stats::mean(&cloned),
        shown: stats::mean(&shown),
        error: standard_error(&cloned).hypot(standard_error(&shown)),
    })
}

/// Standard error of the mean of `x`; 0 for fewer than two numbers.
fn standard_error(x: &[f64]) -> f64 {
    if x.len() < 2 { 0.0 } else { stats::standard_deviation(x) / (x.len() as f64).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demonstrations::recorded::{along_the_cliff, record};
    use crate::tabular::graph::Graph;
    use freewheel_core::World as _;

    const METHODS: Methods = Methods { protecting: "protect", other: "reward" };

    #[test]
    fn a_clone_is_protected_unless_it_is_surely_worse() {
        let of = |cloned, shown, error, lower| METHODS.of(Measured { cloned, shown, error }, lower).method;
        assert_eq!(of(2.0, 1.0, 0.0, false), "protect");
        assert_eq!(of(2.0, 1.0, 0.0, true), "reward");
        assert_eq!(of(1.0, 1.0, 0.0, true), "protect");
        assert_eq!(of(0.0, 1.0, 0.6, false), "protect");
        assert_eq!(of(0.0, 1.0, 0.4, false), "reward");
        let chosen = METHODS.of(Measured { cloned: -20.0, shown: -13.0, error: 1.0 }, false);
        assert!(chosen.reason.contains("-20.000 and -13.000"), "{}", chosen.reason);
        assert_eq!(standard_error(&[1.0, 3.0]), 1.0);
    }

    /// The clone of a noisy demonstrator is without its noise; the clone of a demonstrator that takes both ways, half
    /// of the time each, is worse than it.
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
