//! Score scale of a world: the baseline counts as 0, the reference as 1.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use freewheel_core::{Baseline, Certainty, DynWorld, Error, Policy, Result, Solution, SolveQuery};
use serde::Serialize;

use crate::format::decimal;
use crate::job::Job;

/// Score scale of a world, for normalized scores.
#[derive(Clone, Default)]
pub struct ScoreScale {
    /// Reference score; `None` if the world has no solver.
    pub reference: Option<Reference>,
    /// Policy that reaches the reference score, if the solver returns one.
    pub policy: Option<Arc<dyn Policy>>,
    /// Baseline score and the name of its policy.
    pub baseline: Option<Baseline>,
}

impl ScoreScale {
    /// Score scale for the episodes of `world`. In a world without a time limit, `max_steps` truncates the episodes of
    /// the baseline, as in an evaluation.
    ///
    /// # Errors
    /// Errors of the world's solver; a world without a solver is not an error.
    pub fn of(world: &dyn DynWorld, max_steps: u32) -> Result<Self> {
        let solution = supported(world.solve(&SolveQuery::for_spec(world.spec())))?;
        let reference = solution.as_ref().map(Reference::of);
        let policy = solution.and_then(|solution| solution.policy);
        Ok(ScoreScale { reference, policy, baseline: ScoreScale::baseline_of(world, max_steps)? })
    }

    fn baseline_of(world: &dyn DynWorld, max_steps: u32) -> Result<Option<Baseline>> {
        let query = SolveQuery::for_spec(world.spec());
        supported(world.baseline(&SolveQuery { horizon: query.horizon.or(Some(max_steps)), ..query }))
    }

    /// Normalized score (score - baseline) / (best - baseline). `best` is the reference; if the reference is a lower
    /// and an upper bound, it is the proved bound. `None` if `best` or the baseline is unknown, or if the baseline is
    /// not worse than `best`.
    pub fn normalize(&self, score: f64, lower_is_better: bool) -> Option<f64> {
        let (reference, baseline) = (self.reference?, self.baseline.as_ref()?.value);
        let best = match reference.kind {
            Certainty::Bracket => reference.upper.unwrap_or(reference.value),
            Certainty::Exact | Certainty::BestKnown => reference.value,
        };
        let apart = if lower_is_better { best < baseline } else { best > baseline };
        apart.then(|| (score - baseline) / (best - baseline))
    }
}

/// Reference score of a world.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Reference {
    /// Score of the reference policy.
    pub value: f64,
    /// Certainty of the field `value`.
    pub kind: Certainty,
    /// Proved bound on the score of every policy: an upper bound, or a lower bound if lower is better.
    pub upper: Option<f64>,
}

impl Reference {
    fn of(solution: &Solution) -> Self {
        Reference { value: solution.value, kind: solution.certainty, upper: solution.upper }
    }

    /// Table cell: a number, two bounds `value .. bound`, or a number marked as the best known.
    pub(crate) fn to_text(self) -> String {
        match (self.kind, self.upper) {
            (Certainty::Exact, _) => decimal(self.value),
            (Certainty::Bracket, Some(upper)) => format!("{} .. {}", decimal(self.value), decimal(upper)),
            _ => format!("{} best known", decimal(self.value)),
        }
    }
}

/// Returns `answer`, with `None` in place of [`Error::Unsupported`].
fn supported<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Unsupported(_)) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Score scales of several jobs, shared by threads; each world is solved once. These scales contain no policies,
/// because agents with different observation settings could not share one.
#[derive(Default)]
pub struct ScoreScales(Mutex<HashMap<String, Arc<Cached>>>);

/// Computed scores of one world. The outer `None` means that the score is not computed yet, the inner one that the
/// world has no such score.
#[derive(Default)]
struct Cached {
    reference: Mutex<Option<Option<Reference>>>,
    baseline: Mutex<Option<Option<Baseline>>>,
}

impl ScoreScales {
    /// Scale of the job's evaluation world.
    ///
    /// # Errors
    /// Errors of [`ScoreScale::of`].
    pub fn of(&self, job: &Job) -> Result<ScoreScale> {
        let world = job.evaluation_world();
        let solve = || {
            let solution = supported(world.solve(&SolveQuery::for_spec(world.spec())))?;
            Ok(solution.as_ref().map(Reference::of))
        };
        let reference = get_or_compute(&self.cached(job).reference, solve)?;
        Ok(ScoreScale { reference, policy: None, baseline: self.baseline(job)? })
    }

    /// Baseline of the job's evaluation world. Concurrent calls wait for the first one.
    ///
    /// # Errors
    /// Errors of [`ScoreScale::of`].
    pub fn baseline(&self, job: &Job) -> Result<Option<Baseline>> {
        get_or_compute(&self.cached(job).baseline, || {
            ScoreScale::baseline_of(job.evaluation_world(), job.config.evaluation.max_steps)
        })
    }

    fn cached(&self, job: &Job) -> Arc<Cached> {
        let max_steps = job.config.evaluation.max_steps;
        let key = format!("{} {} {max_steps}", job.config.world, job.evaluation_settings());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(key).or_default())
    }
}

/// Value stored in `place`; the first call computes it by `compute`.
fn get_or_compute<T: Clone>(place: &Mutex<Option<T>>, compute: impl FnOnce() -> Result<T>) -> Result<T> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    match &*place {
        Some(value) => Ok(value.clone()),
        None => Ok(place.insert(compute()?).clone()),
    }
}
