//! Results table of an experiment: scores with the baseline and the reference of each world.

use std::path::Path;
use std::time::Duration;

use freewheel_core::stats::{self, Interval};
use freewheel_core::{Baseline, Result, Streams};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::experiment::JobOutcome;
use crate::format::{count, decimal, decimal_or_dash, interval_or_dash};
use crate::job::{JobResult, MeasureMean};
use crate::output::plain;
use crate::reached::{self, Reached};
use crate::score_scale::{Gap, Reference, ScoreScale, ScoreScales};
use crate::stall::Stall;
use crate::table::{Column, Layout, Table, wrapped};
use crate::training::Outcome;

/// Results of an experiment over all worlds, agents and seeds.
#[derive(Serialize)]
pub struct Report {
    /// Name of the experiment.
    pub experiment: String,
    /// Folder that contains the runs.
    pub out: String,
    /// Results of each agent in each world.
    pub rows: Vec<Row>,
    /// Results of each agent over all worlds with a reference and a baseline; empty for a single world.
    pub overall: Vec<Overall>,
    /// Steps to a score, in worlds in which an agent starts from demonstrations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
}

/// Results of one agent in one world, over the seeds.
#[derive(Serialize)]
pub struct Row {
    /// Name of the world in tables.
    pub world: String,
    /// Name of the agent in tables.
    pub agent: String,
    /// Number of finished runs.
    pub seeds: usize,
    /// Number of diverged runs.
    pub diverged: usize,
    /// Finished runs with the stall mark: not better than the baseline.
    pub stalled: Vec<Stalled>,
    /// Score of each seed: mean score of the final evaluation with the greedy policy.
    pub scores: Vec<f64>,
    /// Mean of the scores over seeds.
    pub mean: Option<f64>,
    /// Interquartile mean of the scores over seeds.
    pub iqm: Option<f64>,
    /// 95 % bootstrap interval of the mean score.
    pub interval: Option<Interval>,
    /// Mean score of the training episodes in the last fifth of the steps, exploration included.
    pub online: Option<f64>,
    /// 95 % bootstrap interval of `online`.
    pub online_interval: Option<Interval>,
    /// Reference score of the world.
    pub reference: Option<Reference>,
    /// Baseline score of the world, and the name of the policy that has this score.
    pub baseline: Option<Baseline>,
    /// Distance of the mean score to the reference, in the unit of the score.
    pub gap: Option<Gap>,
    /// Whether lower scores are better.
    #[serde(skip)]
    lower_is_better: bool,
    /// Unit of the score, such as `s`; empty for a return or a pure number.
    pub unit: String,
    /// Normalized mean score: 0 is the baseline, 1 the reference. See [`ScoreScale::normalize`].
    pub normalized: Option<f64>,
    /// Normalized score of each seed.
    #[serde(skip)]
    normalized_scores: Vec<f64>,
    /// Means of the world's measures over seeds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<MeasureMean>,
    /// Environment steps a second in training; `None` if all runs were finished before.
    pub steps_per_second: Option<f64>,
}

/// A stalled run in the results table.
#[derive(Serialize)]
pub struct Stalled {
    /// Seed of the run.
    pub seed: u64,
    /// Environment steps of the run.
    pub steps: u64,
    /// Evaluation that showed the stall.
    #[serde(flatten)]
    pub figures: Stall,
}

/// Results of one agent over all worlds.
#[derive(Serialize)]
pub struct Overall {
    /// Name of the agent in tables.
    pub agent: String,
    /// Interquartile mean of the normalized scores (Agarwal et al. 2021).
    pub iqm: f64,
    /// 95 % stratified bootstrap interval of `iqm`.
    pub interval: Option<Interval>,
    /// Number of worlds with a reference and a baseline.
    pub worlds: usize,
}

/// Maximum number of stalled runs of a row that are described below the table.
const FOOTNOTES: usize = 10;

impl Report {
    /// Results of an experiment, from its runs `ran`.
    ///
    /// # Errors
    /// Errors of [`ScoreScales::of`], and of reading the metrics of a run.
    pub fn new(
        experiment: &str,
        out: &str,
        ran: &[JobOutcome<'_>],
        score_scales: &ScoreScales,
    ) -> Result<Self> {
        let mut rows: Vec<Row> = Vec::new();
        // One row for each configuration; runs of the same configuration have the same folder name.
        for group in ran.chunk_by(|a, b| a.job.config.folder() == b.job.config.folder()) {
            let config = &group[0].job.config;
            let score_scale = score_scales.of(group[0].job)?;
            let mut row = Row::new(group, &score_scale);
            if rows.iter().any(|other| (&other.world, &other.agent) == (&row.world, &row.agent)) {
                // Another row has the same names but other settings: add the hash of the folder to the name.
                let hash = config.folder();
                row.agent = format!("{} {}", row.agent, hash.rsplit('-').next().unwrap_or_default());
            }
            rows.push(row);
        }
        let several = rows.iter().any(|row| row.world != rows[0].world);
        let overall = if several { overall(&rows) } else { Vec::new() };
        let reached = reached::reached(Path::new(out), ran, score_scales)?;
        Ok(Report { experiment: experiment.to_owned(), out: out.to_owned(), rows, overall, reached })
    }

    /// Description of the stalled runs, one line each, of at most [`FOOTNOTES`] runs in each row.
    fn footnotes(&self, markdown: bool) -> String {
        let line = |row: &Row, run: &Stalled| {
            let Row { world, agent, .. } = row;
            let bullet = if markdown { "- " } else { "  " };
            format!("{bullet}{world} {agent} seed {}: {}\n", run.seed, run.figures.to_text(run.steps))
        };
        let lines_of = |row: &Row| {
            let mut lines: String = row.stalled.iter().take(FOOTNOTES).map(|run| line(row, run)).collect();
            if let more @ 1.. = row.stalled.len().saturating_sub(FOOTNOTES) {
                let bullet = if markdown { "- " } else { "  " };
                lines.push_str(&format!("{bullet}{} {}: {more} more\n", row.world, row.agent));
            }
            lines
        };
        let lines: String = self.rows.iter().map(lines_of).collect();
        match lines.is_empty() {
            true => lines,
            false => {
                format!("\nStalled runs (not better since then than the score given as baseline):\n{lines}")
            }
        }
    }

    /// Tables in Markdown.
    pub fn to_markdown(&self) -> String {
        self.tables(true, &Table::markdown)
    }

    /// Tables with borders that fit the width of `layout`. The best score in each world is accented.
    pub(crate) fn to_text(&self, layout: Layout) -> String {
        self.tables(false, &|table| table.text(layout))
            .split_inclusive('\n')
            .map(|line| if layout.fits(line.width()) { line.to_owned() } else { wrapped(line, 4, layout) })
            .collect()
    }

    fn tables(&self, markdown: bool, shown: &dyn Fn(&Table) -> String) -> String {
        let mut text = shown(&self.scores());
        text.push_str(&plain(&self.footnotes(markdown)));
        for world in self.rows.chunk_by(|a, b| a.world == b.world) {
            if world.iter().any(|row| !row.measures.is_empty()) {
                text.push_str(&format!("\n{}", shown(&measures_table(world))));
            }
        }
        if !self.reached.is_empty() {
            text.push_str(&format!("\n{}", shown(&reached::table(&self.reached))));
        }
        if !self.overall.is_empty() {
            let mut table = Table::new(vec![
                Column::text("agent", 0),
                Column::number("worlds", 0),
                Column::number("normalized IQM", 0),
                Column::number("95 % interval", 1),
            ]);
            for row in &self.overall {
                let (worlds, iqm) = (row.worlds.to_string(), format!("{:.3}", row.iqm));
                table.row([row.agent.clone(), worlds, iqm, interval_or_dash(row.interval)]);
            }
            text.push_str(&format!("\n{}", shown(&table)));
        }
        text
    }

    /// Table of the scores.
    fn scores(&self) -> Table {
        let mut table = Table::new(vec![
            Column::text("world", 0),
            Column::text("agent", 0),
            Column::number("score", 0),
            Column::number("95 % interval", 3),
            Column::number("reference", 4),
            Column::number("gap", 1),
            Column::number("normalized", 2),
            Column::number("baseline", 6),
            Column::number("training score", 5),
            Column::number("steps/s", 7),
        ]);
        for (at, row) in self.rows.iter().enumerate() {
            table.row([
                row.world.clone(),
                row.agent.clone(),
                row.score_text(),
                interval_or_dash(row.interval),
                row.reference.map_or("-".into(), Reference::to_text),
                row.gap.map_or("-".into(), |gap| gap.to_text(&row.unit)),
                row.normalized.map_or("-".into(), normalized_text),
                row.baseline.as_ref().map_or("-".into(), baseline_text),
                decimal_or_dash(row.online),
                row.steps_per_second.map_or("-".into(), count),
            ]);
            if self.is_best(row) {
                table.accent(at, 2);
            }
        }
        table
    }

    /// Whether the mean score of `row` is the best of several in its world.
    fn is_best(&self, row: &Row) -> bool {
        let others =
            || self.rows.iter().filter(|other| other.world == row.world).filter_map(|other| other.mean);
        let not_better =
            |other: f64, mean: f64| if row.lower_is_better { mean <= other } else { mean >= other };
        others().count() > 1 && row.mean.is_some_and(|mean| others().all(|other| not_better(other, mean)))
    }
}

/// Normalized score with three decimals, and with up to six where fewer would turn a score below 1 into 1.
fn normalized_text(normalized: f64) -> String {
    let decimals =
        (3..6).find(|&n| (1.0 - normalized).abs() < 1e-9 || (1.0 - normalized).abs() >= 0.5 * 0.1f64.powi(n));
    format!("{normalized:.0$}", decimals.unwrap_or(6) as usize)
}

impl Row {
    /// Table cell with the mean score and the numbers of diverged and stalled runs.
    fn score_text(&self) -> String {
        let mark = |n: usize, what: &str| (n > 0).then(|| format!("{n} {what}"));
        let marks = [mark(self.diverged, "diverged"), mark(self.stalled.len(), "stalled")];
        let marks: Vec<String> = marks.into_iter().flatten().collect();
        match marks.is_empty() {
            true => decimal_or_dash(self.mean),
            false => format!("{} ({})", decimal_or_dash(self.mean), marks.join(", ")),
        }
    }

    fn new(group: &[JobOutcome<'_>], score_scale: &ScoreScale) -> Self {
        let lower_is_better = group[0].job.evaluation_world().spec().lower_is_better();
        let config = &group[0].job.config;
        let ended = group.iter().filter(|ran| matches!(ran.outcome, Some(Outcome::Done(_))));
        let new_steps: u64 = ended.map(|ran| ran.new_steps).sum();
        let done: Vec<(&JobResult, Duration)> = group
            .iter()
            .filter_map(|ran| match &ran.outcome {
                Some(Outcome::Done(result)) => Some((result, ran.time)),
                _ => None,
            })
            .collect();
        let scores: Vec<f64> = done.iter().filter_map(|(result, _)| result.evaluation.score()).collect();
        let online: Vec<f64> = done.iter().filter_map(|(result, _)| result.online.score()).collect();
        let streams = Streams::new(0);
        let (summary, online) = (stats::summarize(&scores, streams), stats::summarize(&online, streams));
        let diverged = group.iter().filter(|ran| matches!(ran.outcome, Some(Outcome::Diverged(_)))).count();
        let seconds: f64 = done.iter().map(|(_, time)| time.as_secs_f64()).sum();
        let mean = (!scores.is_empty()).then_some(summary.mean);
        let normalize = |score: f64| score_scale.normalize(score, lower_is_better);
        Row {
            world: config.world_label.clone(),
            agent: config.agent_label.clone(),
            seeds: scores.len(),
            diverged,
            stalled: done.iter().filter_map(|(result, _)| Stalled::of(result)).collect(),
            mean,
            iqm: mean.map(|_| summary.iqm),
            interval: summary.interval,
            online: (online.n > 0).then_some(online.mean),
            online_interval: online.interval,
            reference: score_scale.reference,
            gap: mean.and_then(|mean| Some(score_scale.reference?.gap(mean, lower_is_better))),
            lower_is_better,
            unit: group[0].job.evaluation_world().spec().score_unit().to_owned(),
            baseline: score_scale.baseline.clone(),
            normalized: mean.and_then(normalize),
            normalized_scores: scores.iter().filter_map(|&score| normalize(score)).collect(),
            measures: mean_measures(&done),
            steps_per_second: (seconds > 0.0 && new_steps > 0).then(|| new_steps as f64 / seconds),
            scores,
        }
    }
}

impl Stalled {
    fn of(result: &JobResult) -> Option<Self> {
        let figures = result.stalled.clone()?;
        Some(Stalled { seed: result.seed, steps: result.steps, figures })
    }
}

/// Means of the world's measures over runs.
fn mean_measures(done: &[(&JobResult, Duration)]) -> Vec<MeasureMean> {
    let Some((first, _)) = done.first() else { return Vec::new() };
    let of = |index: usize| {
        let means: Vec<f64> =
            done.iter().filter_map(|(result, _)| result.measures.get(index)?.mean).collect();
        (!means.is_empty()).then(|| stats::mean(&means))
    };
    let named = first.measures.iter().enumerate();
    named.map(|(index, one)| MeasureMean { name: one.name.clone(), mean: of(index) }).collect()
}

/// Table cell with the baseline, and with the name of its policy unless this is `random`.
fn baseline_text(baseline: &Baseline) -> String {
    match baseline.name.as_str() {
        "random" => decimal(baseline.value),
        name => format!("{} {name}", decimal(baseline.value)),
    }
}

/// Results of each agent over all worlds.
fn overall(rows: &[Row]) -> Vec<Overall> {
    let mut overall: Vec<Overall> = Vec::new();
    for row in rows {
        if overall.iter().any(|other| other.agent == row.agent) {
            continue;
        }
        let tasks: Vec<Vec<f64>> = rows
            .iter()
            .filter(|other| other.agent == row.agent)
            .map(|row| row.normalized_scores.clone())
            .filter(|scores: &Vec<f64>| !scores.is_empty())
            .collect();
        let iqm = |tasks: &[Vec<f64>]| stats::iqm(&tasks.concat());
        if !tasks.is_empty() {
            let interval = tasks
                .iter()
                .all(|task| task.len() > 1)
                .then(|| stats::bootstrap(&tasks, iqm, 0.95, 2000, Streams::new(0)));
            overall.push(Overall {
                agent: row.agent.clone(),
                iqm: iqm(&tasks),
                interval,
                worlds: tasks.len(),
            });
        }
    }
    overall
}

/// Table of the world's measures, one row per agent.
fn measures_table(rows: &[Row]) -> Table {
    let measures = rows.iter().map(|row| &row.measures).max_by_key(|measures| measures.len());
    let names: Vec<&str> = measures.into_iter().flatten().map(|one| one.name.as_str()).collect();
    let numbers = (1..).zip(&names).map(|(rank, name)| Column::number(*name, rank));
    let first = ["world", "agent"].map(|name| Column::text(name, 0));
    let mut table = Table::new(first.into_iter().chain(numbers).collect());
    for row in rows {
        let mean = |index: usize| decimal_or_dash(row.measures.get(index).and_then(|one| one.mean));
        table.row([row.world.clone(), row.agent.clone()].into_iter().chain((0..names.len()).map(mean)));
    }
    table
}

#[cfg(test)]
mod tests;
