//! What a score is read against: the best that can be done, and the baseline.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use freewheel_core::{Baseline, Certainty, DynWorld, Error, Policy, Result, Solution, SolveQuery};
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
    fn of(solution: &Solution) -> Self {
        Reference { value: solution.value, kind: solution.certainty, upper: solution.upper }
    }

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
pub struct ScoreScale {
    /// The best that can be done, where the world knows.
    pub reference: Option<Reference>,
    /// Plays the best, where somebody can.
    pub policy: Option<Arc<dyn Policy>>,
    /// The score of nothing learned, and whose it is.
    pub baseline: Option<Baseline>,
}

impl ScoreScale {
    /// The yardstick under which episodes of `world` are scored; `max_steps` cuts the baseline where the world has no
    /// limit of its own, exactly as an evaluation does.
    ///
    /// # Errors
    /// What the world's solver has wrong; having no answer is not an error.
    pub fn of(world: &dyn DynWorld, max_steps: u32) -> Result<Self> {
        let solution = known(world.solve(&SolveQuery::for_spec(world.spec())))?;
        let reference = solution.as_ref().map(Reference::of);
        let policy = solution.and_then(|solution| solution.policy);
        Ok(ScoreScale { reference, policy, baseline: ScoreScale::baseline_of(world, max_steps)? })
    }

    fn baseline_of(world: &dyn DynWorld, max_steps: u32) -> Result<Option<Baseline>> {
        let best = SolveQuery::for_spec(world.spec());
        known(world.baseline(&SolveQuery { horizon: best.horizon.or(Some(max_steps)), ..best }))
    }

    /// (score - baseline) / (best - baseline): 0 is the baseline, 1 the best, whichever way is better. The best is the
    /// reference, or, of a bracket, the bound that nobody passes. `None` where one of them is not known, or the baseline
    /// is not worse.
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

/// A world that cannot say is no error.
fn known<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Unsupported(_)) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The yardsticks of several jobs, on any thread; each world is solved once. They hold no policy: one for all agents of a
/// world would have to suit what each of them sees.
#[derive(Default)]
pub struct ScoreScales(Mutex<HashMap<String, Arc<Known>>>);

/// What is known of a world; `None` where nobody has asked.
#[derive(Default)]
struct Known {
    reference: Mutex<Option<Option<Reference>>>,
    baseline: Mutex<Option<Option<Baseline>>>,
}

impl ScoreScales {
    /// That of `job`, where it is judged.
    ///
    /// # Errors
    /// Those of [`ScoreScale::of`].
    pub fn of(&self, job: &Job) -> Result<ScoreScale> {
        let solve = || {
            Ok(known(job.evaluation_world().solve(&SolveQuery::for_spec(job.evaluation_world().spec())))?
                .as_ref()
                .map(Reference::of))
        };
        let reference = once(&self.known(job).reference, solve)?;
        Ok(ScoreScale { reference, policy: None, baseline: self.baseline(job)? })
    }

    /// The baseline of `job`, where it is judged; whoever asks meanwhile waits for the answer.
    ///
    /// # Errors
    /// Those of [`ScoreScale::of`].
    pub fn baseline(&self, job: &Job) -> Result<Option<Baseline>> {
        once(&self.known(job).baseline, || {
            ScoreScale::baseline_of(job.evaluation_world(), job.config.evaluation.max_steps)
        })
    }

    fn known(&self, job: &Job) -> Arc<Known> {
        let key =
            format!("{} {} {}", job.config.world, job.judge_settings(), job.config.evaluation.max_steps);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(key).or_default())
    }
}

/// What `answer` says, asked once.
fn once<T: Clone>(place: &Mutex<Option<T>>, answer: impl FnOnce() -> Result<T>) -> Result<T> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    match &*place {
        Some(known) => Ok(known.clone()),
        None => Ok(place.insert(answer()?).clone()),
    }
}
