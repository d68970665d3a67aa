//! State of a sweep: which trials there are, which runs they need, and what the results say.
//!
//! Trials are sampled in generations. Within a generation, successive halving (Jamieson & Talwalkar 2016) trains all
//! trials up to the steps of the first rung, the best part of them up to those of the second one, and so on; a trial
//! goes on from its checkpoint. The generations after it are sampled from all of its results. In the end, the best
//! trial of the last rung and the defaults are trained on fresh seeds.

use std::cmp::Ordering;
use std::collections::HashSet;

use freewheel_core::Result;
use freewheel_core::stats::mean;
use toml::Value;

use super::definition::Definition;
use super::journal::{Key, Results};
use super::sampler;
use crate::job::{Job, JobConfig};
use crate::registry::Registry;

/// Trial: a point of the space, with its settings and its run.
pub(super) struct Trial {
    /// Number, from 0.
    pub(super) number: u32,
    /// Coordinates in the unit cube.
    pub(super) point: Vec<f64>,
    /// Values of the settings.
    pub(super) values: Vec<(String, Value)>,
    /// Run with all steps and the first seed.
    pub(super) job: Job,
}

/// Place of a trial among all.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    /// Number of the trial.
    pub(super) number: u32,
    /// Index of the rung that it reached.
    pub(super) rung: usize,
    /// Steps of this rung.
    pub(super) steps: u64,
    /// Mean score over the seeds; `None` if a run diverged or has no score.
    pub(super) score: Option<f64>,
}

/// Run to be made now.
pub(super) struct Task {
    /// Run, up to the steps of its rung.
    pub(super) job: Job,
    /// Key of its result.
    pub(super) key: Key,
    /// Name in messages.
    pub(super) title: String,
}

/// Next part of the search.
pub(super) enum Step {
    /// Runs, in any order.
    Work(Vec<Task>),
    /// Nothing: all results are there.
    Done,
}

/// A sweep with its trials so far.
pub(super) struct Search<'a> {
    registry: &'a Registry,
    pub(super) definition: &'a Definition,
    pub(super) trials: Vec<Trial>,
    /// Trials of the generations that have ended, the best first.
    pub(super) standings: Vec<Standing>,
    /// Number of trials in generations that have ended.
    ended: usize,
}

impl<'a> Search<'a> {
    /// Sweep without results.
    pub(super) fn new(registry: &'a Registry, definition: &'a Definition) -> Self {
        Search { registry, definition, trials: Vec::new(), standings: Vec::new(), ended: 0 }
    }

    /// Whether lower scores are better.
    pub(super) fn lower_is_better(&self) -> bool {
        self.definition.defaults.evaluation_world().spec().lower_is_better()
    }

    /// Next part of the search, where `results` are known. A result that is known stays known in later calls.
    ///
    /// # Errors
    /// Errors of sampling and of [`Definition::job`].
    pub(super) fn next(&mut self, results: &Results) -> Result<Step> {
        while self.ended < self.definition.settings.trials as usize {
            self.sample()?;
            if let Some(tasks) = self.generation(results) {
                return Ok(Step::Work(tasks));
            }
        }
        let tasks = self.confirmation(results);
        Ok(if tasks.is_empty() { Step::Done } else { Step::Work(tasks) })
    }

    /// Samples the generation after those that have ended, unless it is there.
    fn sample(&mut self) -> Result<()> {
        if self.trials.len() > self.ended {
            return Ok(());
        }
        let Definition { ref settings, ref parameters, .. } = *self.definition;
        let history: Vec<Vec<f64>> =
            self.standings.iter().map(|one| self.trials[one.number as usize].point.clone()).collect();
        let end = settings.trials.min(self.ended as u32 + settings.generation);
        for number in self.ended as u32..end {
            let point = sampler::point(settings.sampler, parameters, settings.seed, number, &history)?;
            let values = self.definition.values(&point);
            let job = self.definition.job(self.registry, &values)?;
            self.trials.push(Trial { number, point, values, job });
        }
        Ok(())
    }

    /// Runs that the newest generation needs now; `None` if it has ended, and its trials are among the standings.
    fn generation(&mut self, results: &Results) -> Option<Vec<Task>> {
        let rungs = self.definition.settings.rungs as usize;
        let factor = self.definition.settings.factor as usize;
        let lower_is_better = self.lower_is_better();
        let mut alive: Vec<usize> = (self.ended..self.trials.len()).collect();
        let mut standings: Vec<Standing> = Vec::new();
        for rung in 0..rungs {
            let tasks: Vec<Task> = alive.iter().flat_map(|&at| self.missing(at, rung, results)).collect();
            if !tasks.is_empty() {
                return Some(distinct(tasks));
            }
            let mut now: Vec<Standing> = alive.iter().map(|&at| self.standing(at, rung, results)).collect();
            now.sort_by(|a, b| order(a, b, lower_is_better));
            standings.retain(|one| now.iter().all(|other| other.number != one.number));
            standings.extend(now.iter().cloned());
            // A trial that diverged does not go on.
            let next = now.iter().take(now.len().div_ceil(factor)).filter(|one| one.score.is_some());
            alive = next.map(|one| one.number as usize).collect();
        }
        self.ended = self.trials.len();
        self.standings.extend(standings);
        self.standings.sort_by(|a, b| order(a, b, lower_is_better));
        None
    }

    /// Runs of the trial at `index` up to `rung` without a result.
    fn missing(&self, index: usize, rung: usize, results: &Results) -> Vec<Task> {
        let trial = &self.trials[index];
        let steps = self.definition.rungs(&trial.job.config)[rung];
        let title = |seed: u64| {
            let rungs = self.definition.settings.rungs;
            let rung = if rungs > 1 { format!(" rung {}/{rungs}", rung + 1) } else { String::new() };
            format!("trial {}{rung} seed {seed}", trial.number)
        };
        let tasks = self.definition.seeds.iter().map(|&seed| task(&trial.job, seed, steps, title(seed)));
        tasks.filter(|task| !results.contains_key(&task.key)).collect()
    }

    fn standing(&self, index: usize, rung: usize, results: &Results) -> Standing {
        let trial = &self.trials[index];
        let steps = self.definition.rungs(&trial.job.config)[rung];
        let scores = scores(&trial.job, &self.definition.seeds, steps, results);
        let score = scores.map(|scores| mean(&scores));
        Standing { number: trial.number, rung, steps, score }
    }

    /// Best trial that has all steps; `None` if there is none.
    pub(super) fn best(&self) -> Option<&Trial> {
        let last = self.definition.settings.rungs as usize - 1;
        let best = self.standings.first().filter(|one| one.rung == last && one.score.is_some())?;
        self.trials.get(best.number as usize)
    }

    /// Runs of the comparison without a result.
    fn confirmation(&self, results: &Results) -> Vec<Task> {
        let Some(best) = self.best() else { return Vec::new() };
        let arms = [(&best.job, "confirm"), (&self.definition.defaults, "defaults")];
        let of = |(job, name): (&Job, &'static str)| {
            let (steps, seeds) = (job.config.steps, self.definition.confirm.clone());
            let job = job.clone();
            seeds.into_iter().map(move |seed| task(&job, seed, steps, format!("{name} seed {seed}")))
        };
        let tasks = arms.into_iter().flat_map(of);
        distinct(tasks.filter(|task| !results.contains_key(&task.key)).collect())
    }
}

/// Scores of `job` on `seeds` after `steps`; `None` if one is not known, or if a run has none.
pub(super) fn scores(job: &Job, seeds: &[u64], steps: u64, results: &Results) -> Option<Vec<f64>> {
    let score = |&seed: &u64| results.get(&key(&job.config, seed, steps)).copied().flatten();
    seeds.iter().map(score).collect()
}

fn key(config: &JobConfig, seed: u64, steps: u64) -> Key {
    // The folder of a run does not depend on its steps.
    Key { run: format!("{}/seed-{seed}", config.folder()), steps }
}

fn task(job: &Job, seed: u64, steps: u64, title: String) -> Task {
    let config = JobConfig { seed, ..job.config.with_steps(steps) };
    Task { key: key(&job.config, seed, steps), job: Job { config, ..job.clone() }, title }
}

/// Tasks without those whose run is that of an earlier one: two trials may have the same settings.
fn distinct(mut tasks: Vec<Task>) -> Vec<Task> {
    let mut seen = HashSet::new();
    tasks.retain(|task| seen.insert(task.key.clone()));
    tasks
}

/// Order of trials: a higher rung first, then a better score, then an earlier number.
fn order(a: &Standing, b: &Standing, lower_is_better: bool) -> Ordering {
    let score = |one: &Standing| match one.score {
        Some(score) if lower_is_better => -score,
        Some(score) => score,
        None => f64::NEG_INFINITY,
    };
    let by_score = score(b).total_cmp(&score(a));
    b.rung.cmp(&a.rung).then(by_score).then(a.number.cmp(&b.number))
}
