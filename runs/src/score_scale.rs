//! Score scale of a world: the baseline counts as 0, the reference as 1.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{
    ActionBuffer, Baseline, Certainty, DynWorld, Error, Policy, Result, Solution, SolveQuery, Stream, Streams,
};
use serde::Serialize;

use crate::format::decimal;
use crate::job::{EVALUATION_NUM_ENVS, Job};
use crate::stall;

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

    /// Name of the policy that reaches the reference: it is optimal only where the reference is exact.
    pub fn policy_name(&self) -> &'static str {
        match self.reference {
            Some(Reference { kind: Certainty::Exact, .. }) => "optimal policy",
            _ => "reference policy",
        }
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
        let best = reference.best();
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

    /// Best score that is possible as far as known: the proved bound of a bracket, else the value.
    pub(crate) fn best(self) -> f64 {
        match self.kind {
            Certainty::Bracket => self.upper.unwrap_or(self.value),
            Certainty::Exact | Certainty::BestKnown => self.value,
        }
    }

    /// Distance of `score` to the reference in the unit of the score, and to the proved bound of a bracket; positive
    /// for a score that is worse.
    pub(crate) fn gap(self, score: f64, lower_is_better: bool) -> Gap {
        let to = |best: f64| if lower_is_better { score - best } else { best - score };
        let bound = self.upper.filter(|_| self.kind == Certainty::Bracket);
        Gap { value: to(self.value), bound: bound.map(to) }
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

/// Distance of a score to the reference score of its world.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// Distance to the score of the reference policy, in the unit of the score; positive for a score that is worse.
    pub value: f64,
    /// Distance to the proved bound on all scores, if the reference is a lower and an upper bound.
    pub bound: Option<f64>,
}

impl Gap {
    /// Table cell: the distance with the `unit` of the score, or `distance .. distance to the bound`.
    pub(crate) fn to_text(self, unit: &str) -> String {
        // `+ 0.0` turns -0 into 0.
        let value = decimal(self.value + 0.0);
        let range = self.bound.map_or(value.clone(), |bound| format!("{value} .. {}", decimal(bound + 0.0)));
        if unit.is_empty() { range } else { format!("{range} {unit}") }
    }
}

/// Policy that takes the first legal action in every step.
struct FirstLegal;

impl Policy for FirstLegal {
    fn act(&self, _: &[f32], legal: &[bool], _: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(actions) = actions {
            let count = (legal.len() / actions.len().max(1)).max(1);
            for (action, mask) in actions.iter_mut().zip(legal.chunks_exact(count)) {
                *action = mask.iter().position(|&legal| legal).unwrap_or(0) as u32;
            }
        }
    }
}

/// Number of episodes in which the first legal action is tried as a policy.
const TRIVIAL_EPISODES: u64 = 20;

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
    trivial: Mutex<Option<Option<Baseline>>>,
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

    /// Score that an agent must exceed to have learned anything: the baseline, or the score of the first legal action
    /// in every step if that is better than a random baseline. `None` in a world without a baseline.
    ///
    /// # Errors
    /// Errors of [`ScoreScale::of`] and of playing an episode.
    pub fn trivial(&self, job: &Job) -> Result<Option<Baseline>> {
        let Some(baseline) = self.baseline(job)? else { return Ok(None) };
        let spec = job.evaluation_world().spec();
        // A world that names another baseline than the random policy has chosen a better one.
        if baseline.name != "random" || spec.actions.dimensions() > 0 {
            return Ok(Some(baseline));
        }
        get_or_compute(&self.cached(job).trivial, || {
            // The streams do not depend on the run, since all runs in the world share the score.
            let protocol = Protocol {
                episodes: TRIVIAL_EPISODES,
                num_envs: EVALUATION_NUM_ENVS,
                max_steps: job.max_steps(),
                streams: Streams::new(0),
            };
            let played = evaluate(job.evaluation_world(), &FirstLegal, &protocol)?;
            let first = |value: f64| Baseline { name: "first legal action".into(), value };
            // The pessimistic end of the interval, since the score is measured.
            let worst = stall::interval_of_mean(&played).map(
                |(_, low, high)| {
                    if spec.lower_is_better() { high } else { low }
                },
            );
            let better = worst.filter(|&worst| match spec.lower_is_better() {
                true => worst < baseline.value,
                false => worst > baseline.value,
            });
            Ok(Some(better.map_or(baseline.clone(), first)))
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
