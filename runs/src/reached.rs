//! Steps to a score: how many environment steps each agent needs until an evaluation reaches a stated score, and how
//! far its score falls below that of its first evaluation.

use std::path::Path;

use freewheel_core::stats::{self, Interval};
use freewheel_core::{Result, Streams};
use serde::Serialize;

use crate::checksums::METRICS;
use crate::curves::{CurveReader, Curves};
use crate::experiment::JobOutcome;
use crate::format::{decimal, interval_or_dash};
use crate::job::Job;
use crate::score_scale::{ScoreScale, ScoreScales};
use crate::table::{Column, Table};
use crate::training::Outcome;

/// Number of bootstrap resamples of an interval.
const RESAMPLES: usize = 2000;

/// Steps to a score of one agent in one world, over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reached {
    /// Name of the world in tables.
    pub world: String,
    /// Name of the agent in tables.
    pub agent: String,
    /// Score that is to be reached.
    pub target: f64,
    /// Steps of the first evaluation that reaches the score, for each seed; `None` for a seed that does not.
    pub steps: Vec<Option<u64>>,
    /// Environment steps of each run, which count for a seed that does not reach the score.
    pub budget: u64,
    /// Mean steps; a lower bound if a seed does not reach the score.
    pub mean: f64,
    /// 95 % bootstrap interval of `mean`.
    pub interval: Option<Interval>,
    /// Mean steps of the same kind of agent from scratch, divided by `mean`; `None` for that agent itself.
    pub speed_up: Option<f64>,
    /// 95 % bootstrap interval of `speed_up`.
    pub speed_up_interval: Option<Interval>,
    /// Mean dip: largest fall of the score below that of the first evaluation, as a share of the distance from the
    /// baseline to the reference, 0 to 1; a score below the baseline counts as the baseline.
    pub dip: f64,
    /// 95 % bootstrap interval of `dip`.
    pub dip_interval: Option<Interval>,
}

/// Share of the distance from the baseline to the reference that is the score to be reached, without a stated one.
const SHARE: f64 = 0.9;

/// Evaluations of one run: steps, and score from 0, the baseline, to 1, the score of the reference policy.
type Evaluations = Vec<(u64, f64)>;

/// Scale of the scores of a world: the baseline, and its distance to the score of the reference policy.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    baseline: f64,
    distance: f64,
}

impl Span {
    /// `None` without a baseline that is worse than the reference.
    fn of(scale: &ScoreScale, lower_is_better: bool) -> Option<Self> {
        let (reference, baseline) = (scale.reference?.value, scale.baseline.as_ref()?.value);
        let apart = if lower_is_better { reference < baseline } else { reference > baseline };
        apart.then_some(Span { baseline, distance: reference - baseline })
    }

    fn share(self, score: f64) -> f64 {
        (score - self.baseline) / self.distance
    }
}

/// Steps to a score of all agents in the worlds in which an agent starts from demonstrations; empty without such
/// agents.
///
/// # Errors
/// Errors of reading `metrics.jsonl` of a run below `out`.
pub(crate) fn reached(out: &Path, ran: &[JobOutcome<'_>], scales: &ScoreScales) -> Result<Vec<Reached>> {
    let is_warm = |job: &Job| job.config.agent_settings.contains_key("warm_start");
    let groups: Vec<&[JobOutcome<'_>]> =
        ran.chunk_by(|a, b| a.job.config.folder() == b.job.config.folder()).collect();
    let world = |group: &[JobOutcome<'_>]| group[0].job.config.world_label.clone();
    let warm_worlds: Vec<String> =
        groups.iter().filter(|group| is_warm(group[0].job)).map(|group| world(group)).collect();
    let mut rows: Vec<(Reached, bool, String)> = Vec::new();
    for group in groups.iter().filter(|group| warm_worlds.contains(&world(group))) {
        let job = group[0].job;
        let lower_is_better = job.evaluation_world().spec().lower_is_better();
        let Some(span) = Span::of(&scales.of(job)?, lower_is_better).filter(|_| is_learning(job)) else {
            continue;
        };
        let runs: Vec<Evaluations> =
            group.iter().map(|ran| evaluations(out, ran, span)).collect::<Result<_>>()?;
        let runs: Vec<Evaluations> = runs.into_iter().filter(|run| !run.is_empty()).collect();
        if !runs.is_empty() {
            rows.push((Reached::new(job, &runs, span), is_warm(job), job.config.agent.clone()));
        }
    }
    let cold: Vec<(String, String, Vec<f64>)> = rows
        .iter()
        .filter(|(_, warm, _)| !warm)
        .map(|(row, _, id)| (row.world.clone(), id.clone(), row.counted()))
        .collect();
    for (row, warm, id) in &mut rows {
        let scratch = cold.iter().find(|(world, other, _)| (world, other) == (&row.world, id));
        if let (true, Some((.., scratch))) = (*warm, scratch) {
            row.compare(scratch);
        }
    }
    Ok(rows.into_iter().map(|(row, ..)| row).collect())
}

/// Whether the agent of `job` learns from environment steps: not a fixed policy, and not from demonstrations alone.
fn is_learning(job: &Job) -> bool {
    let is_fixed = matches!(job.config.agent.as_str(), "reference" | "scripted" | "random");
    !is_fixed && !job.config.agent_settings.contains_key("demos")
}

/// Evaluations of a run, the final one last; empty for a run that is not finished.
fn evaluations(out: &Path, ran: &JobOutcome<'_>, span: Span) -> Result<Evaluations> {
    let Some(Outcome::Done(result)) = &ran.outcome else { return Ok(Vec::new()) };
    let mut reader = CurveReader::new(ran.job.directory(out).join(METRICS));
    while reader.read()? {}
    let last = result.evaluation.score().map(|score| (result.steps, score));
    let interim = reader.curves().points(Curves::EVALUATION).iter().copied();
    let interim = interim.filter(|(step, _)| *step < result.steps);
    Ok(interim.chain(last).map(|(step, score)| (step, span.share(score))).collect())
}

/// Steps of the first of the evaluations `run` that reaches `target`.
fn first_above(run: &[(u64, f64)], target: f64) -> Option<u64> {
    run.iter().find(|(_, score)| *score >= target).map(|(step, _)| *step)
}

/// Largest fall of the score of the evaluations `run` below that of the first one, at least 0; a score below 0 counts
/// as 0.
fn dip(run: &[(u64, f64)]) -> f64 {
    let Some((_, first)) = run.first() else { return 0.0 };
    run.iter().fold(0.0, |dip, (_, score)| f64::max(dip, first - score.max(0.0)))
}

impl Reached {
    fn new(job: &Job, runs: &[Evaluations], span: Span) -> Self {
        let share = job.config.evaluation.target_score.map_or(SHARE, |score| span.share(score));
        let steps: Vec<Option<u64>> = runs.iter().map(|run| first_above(run, share)).collect();
        let dips: Vec<f64> = runs.iter().map(|run| dip(run)).collect();
        let mut row = Reached {
            world: job.config.world_label.clone(),
            agent: job.config.agent_label.clone(),
            target: span.baseline + share * span.distance,
            steps,
            budget: job.config.steps,
            mean: 0.0,
            interval: None,
            speed_up: None,
            speed_up_interval: None,
            dip: stats::mean(&dips),
            dip_interval: stats::summarize(&dips, Streams::new(0)).interval,
        };
        let counted = row.counted();
        (row.mean, row.interval) =
            (stats::mean(&counted), stats::summarize(&counted, Streams::new(0)).interval);
        row
    }

    /// Steps of each seed; the whole budget for a seed that does not reach the score.
    fn counted(&self) -> Vec<f64> {
        self.steps.iter().map(|steps| steps.unwrap_or(self.budget) as f64).collect()
    }

    fn compare(&mut self, scratch: &[f64]) {
        let ratio = |tasks: &[Vec<f64>]| stats::mean(&tasks[0]) / stats::mean(&tasks[1]);
        let both = [scratch.to_vec(), self.counted()];
        self.speed_up = Some(ratio(&both));
        let several = both.iter().all(|steps| steps.len() > 1);
        self.speed_up_interval =
            several.then(|| stats::bootstrap(&both, ratio, 0.95, RESAMPLES, Streams::new(0)));
    }

    /// Cell with the mean number of steps; `>` marks a lower bound.
    fn mean_text(&self) -> String {
        let all = self.steps.iter().all(Option::is_some);
        format!("{}{:.0}", if all { "" } else { "> " }, self.mean)
    }
}

/// Table of the rows `reached`.
pub(crate) fn table(reached: &[Reached]) -> Table {
    let mut table = Table::new(vec![
        Column::text("world", 0),
        Column::text("agent", 0),
        Column::number("score", 1),
        Column::number("steps to it", 0),
        Column::number("95 % interval", 2),
        Column::number("reached", 1),
        Column::number("times fewer", 0),
        Column::number("95 % interval of it", 3),
        Column::number("dip", 4),
    ]);
    for row in reached {
        let within = row.steps.iter().flatten().count();
        let steps = |interval: Interval| format!("{:.0} .. {:.0}", interval.low, interval.high);
        table.row([
            row.world.clone(),
            row.agent.clone(),
            decimal(row.target),
            row.mean_text(),
            row.interval.map_or("-".into(), steps),
            format!("{within} of {}", row.steps.len()),
            row.speed_up.map_or("-".into(), |ratio| format!("{ratio:.2}")),
            interval_or_dash(row.speed_up_interval),
            format!("{:.3}", row.dip),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_dips_by_hand() {
        let run = [(10, 0.5), (20, 0.2), (30, 0.95), (40, 0.4), (50, 0.92)];
        assert_eq!((first_above(&run, 0.9), first_above(&run, 0.96)), (Some(30), None));
        assert!((dip(&run) - 0.3).abs() < 1e-12);
        assert_eq!((dip(&run[2..3]), dip(&[])), (0.0, 0.0));
    }

    #[test]
    fn a_seed_that_does_not_reach_the_score_counts_with_its_budget() {
        let mut row = Reached {
            world: "w".into(),
            agent: "a".into(),
            target: 0.9,
            steps: vec![Some(10), None],
            budget: 100,
            mean: 55.0,
            interval: None,
            speed_up: None,
            speed_up_interval: None,
            dip: 0.0,
            dip_interval: None,
        };
        assert_eq!((row.counted(), row.mean_text().starts_with("> ")), (vec![10.0, 100.0], true));
        row.compare(&[110.0, 110.0]);
        assert_eq!(row.speed_up, Some(2.0));
        let interval = row.speed_up_interval.unwrap();
        assert!(interval.low < 2.0 && interval.high > 2.0);
    }
}
