//! What a score is read against: the best that can be done, and the baseline.

use std::collections::HashMap;
use std::sync::Arc;

use freewheel_core::{Baseline, Certainty, DynWorld, Error, Policy, Question, Result};
use serde::Serialize;

use crate::job::Job;
use crate::report::digits;

/// A world's reference as tables show it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Reference {
    /// Its value.
    pub value: f64,
    /// How sure it is.
    pub kind: Certainty,
    /// A proved bound that no player passes: an upper one, or a lower one where less is better.
    pub upper: Option<f64>,
}

impl Reference {
    /// As a cell of a table: a number, a bracket, or a number that is the best known.
    pub(crate) fn to_text(self) -> String {
        match (self.kind, self.upper) {
            (Certainty::Exact, _) => digits(self.value),
            (Certainty::Bracket, Some(upper)) => format!("{} .. {}", digits(self.value), digits(upper)),
            _ => format!("{} known", digits(self.value)),
        }
    }
}

/// What a score is read against.
#[derive(Clone, Default)]
pub struct Yardstick {
    /// The best that can be done, where the world knows.
    pub reference: Option<Reference>,
    /// Plays the best, where somebody can.
    pub policy: Option<Arc<dyn Policy>>,
    /// The score of nothing learned, and whose it is.
    pub baseline: Option<Baseline>,
}

impl Yardstick {
    /// The yardstick under which episodes of `world` are scored; `max_steps` cuts the baseline where the world has no
    /// limit of its own, exactly as an evaluation does.
    ///
    /// # Errors
    /// What the world's solver has wrong; having no answer is not an error.
    pub fn of(world: &dyn DynWorld, max_steps: u32) -> Result<Self> {
        let best = Question::as_played(world.spec());
        let cut = Question { horizon: best.horizon.or(Some(max_steps)), ..best };
        let solution = known(world.solve(&best))?;
        let reference =
            solution.as_ref().map(|s| Reference { value: s.value, kind: s.certainty, upper: s.upper });
        let policy = solution.and_then(|solution| solution.policy);
        Ok(Yardstick { reference, policy, baseline: known(world.baseline(&cut))? })
    }

    /// (score - baseline) / (best - baseline): 0 is the baseline, 1 the best, whichever way is better. The best is the
    /// reference, or, of a bracket, the bound that nobody passes. `None` where one of them is not known, or the baseline
    /// is not worse.
    pub fn normalise(&self, score: f64, lower_is_better: bool) -> Option<f64> {
        let (reference, baseline) = (self.reference?, self.baseline.as_ref()?.value);
        let best = match reference.kind {
            Certainty::Bracket => reference.upper.unwrap_or(reference.value),
            Certainty::Exact | Certainty::BestKnown => reference.value,
        };
        let apart = if lower_is_better { best < baseline } else { best > baseline };
        apart.then(|| (score - baseline) / (best - baseline))
    }
}

/// A world that cannot say is no error.
fn known<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Unsupported(_)) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The yardsticks of several jobs; each world is solved once. They hold no policy: one for all agents of a world would have
/// to suit what each of them sees.
#[derive(Default)]
pub struct Yardsticks(HashMap<String, Yardstick>);

impl Yardsticks {
    /// That of `job`, where it is judged.
    ///
    /// # Errors
    /// Those of [`Yardstick::of`].
    pub fn of(&mut self, job: &Job) -> Result<Yardstick> {
        let max_steps = job.config.evaluation.max_steps;
        let key = format!("{} {} {max_steps}", job.config.world, job.judge_settings());
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let yardstick = Yardstick { policy: None, ..Yardstick::of(job.judge(), max_steps)? };
        self.0.insert(key, yardstick.clone());
        Ok(yardstick)
    }
}
