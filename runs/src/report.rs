//! The table that compares everything: every score beside the world's baseline and the best that is possible.

use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use freewheel_core::stats::{self, Interval};
use freewheel_core::{Baseline, Result, Streams};
use serde::Serialize;

use crate::experiment::Ran;
use crate::job::{JobResult, Measured, Outcome};
use crate::score_scale::{Reference, ScoreScale, ScoreScales};
use crate::stall::Stall;

/// An experiment's results.
#[derive(Serialize)]
pub struct Report {
    /// The experiment's name.
    pub experiment: String,
    /// Where its runs are.
    pub out: String,
    /// A line for every world and agent.
    pub rows: Vec<Row>,
    /// A line for every agent, over all worlds that have a reference; only where there are several.
    pub overall: Vec<Overall>,
}

/// One agent in one world, over its seeds.
#[derive(Serialize)]
pub struct Row {
    /// The world.
    pub world: String,
    /// The agent.
    pub agent: String,
    /// Runs that came to their end.
    pub seeds: usize,
    /// Runs that diverged.
    pub diverged: usize,
    /// Runs that came to their end and are no better than the baseline: those that have stalled.
    pub stalled: Vec<Stalled>,
    /// Greedy score of each seed: mean return of its final evaluation.
    pub scores: Vec<f64>,
    /// Mean over seeds.
    pub mean: Option<f64>,
    /// Interquartile mean over seeds.
    pub iqm: Option<f64>,
    /// 95 % bootstrap interval of the mean.
    pub interval: Option<Interval>,
    /// Mean return of training episodes in the last fifth of the steps, exploration included.
    pub online: Option<f64>,
    /// 95 % bootstrap interval of it.
    pub online_interval: Option<Interval>,
    /// The best that can be done.
    pub reference: Option<Reference>,
    /// The score of nothing learned, and whose it is.
    pub baseline: Option<Baseline>,
    /// (mean - baseline) / (reference - baseline): 0 is the baseline, 1 the reference.
    pub normalized: Option<f64>,
    /// The same of each seed's score.
    #[serde(skip)]
    normalized_scores: Vec<f64>,
    /// The world's measures, means over seeds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measured>,
    /// Learned environment steps a second; unknown for runs that were done before.
    pub steps_per_second: Option<f64>,
}

/// A run that has stalled.
#[derive(Serialize)]
pub struct Stalled {
    /// The run's seed.
    pub seed: u64,
    /// Its steps.
    pub steps: u64,
    /// The figures that show it.
    #[serde(flatten)]
    pub figures: Stall,
}

/// One agent over all worlds.
#[derive(Serialize)]
pub struct Overall {
    /// The agent.
    pub agent: String,
    /// Interquartile mean of the normalized scores (Agarwal et al. 2021).
    pub iqm: f64,
    /// Its 95 % stratified bootstrap interval.
    pub interval: Option<Interval>,
    /// Worlds counted.
    pub worlds: usize,
}

impl Report {
    /// Gathers what came of an experiment's runs.
    ///
    /// # Errors
    /// Those of [`ScoreScales::of`].
    pub fn new(experiment: &str, out: &str, ran: &[Ran<'_>], score_scales: &ScoreScales) -> Result<Self> {
        let mut rows: Vec<Row> = Vec::new();
        // The folder names the whole configuration: nothing else may share a row.
        for group in ran.chunk_by(|a, b| a.job.config.folder() == b.job.config.folder()) {
            let config = &group[0].job.config;
            let score_scale = score_scales.of(group[0].job)?;
            let mut row = Row::new(group, &score_scale);
            if rows.iter().any(|other| (&other.world, &other.agent) == (&row.world, &row.agent)) {
                // The same names with other settings: the hash of the folder tells them apart.
                let hash = config.folder();
                row.agent = format!("{} {}", row.agent, hash.rsplit('-').next().unwrap_or_default());
            }
            rows.push(row);
        }
        let several = rows.iter().any(|row| row.world != rows[0].world);
        let overall = if several { overall(&rows) } else { Vec::new() };
        Ok(Report { experiment: experiment.to_owned(), out: out.to_owned(), rows, overall })
    }

    /// The figures of the runs that have stalled, a line each.
    fn footnotes(&self, markdown: bool) -> String {
        let line = |row: &Row, run: &Stalled| {
            let Row { world, agent, .. } = row;
            let bullet = if markdown { "- " } else { "  " };
            format!("{bullet}{world} {agent} seed {}: {}\n", run.seed, run.figures.to_text(run.steps))
        };
        let lines: String =
            self.rows.iter().flat_map(|row| row.stalled.iter().map(move |run| line(row, run))).collect();
        match lines.is_empty() {
            true => lines,
            false => format!("\nstalled, that is, not better than the baseline since:\n{lines}"),
        }
    }

    /// The tables as text: boxes for a terminal, or Markdown.
    pub fn to_text(&self, markdown: bool) -> String {
        let mut table = new_table(markdown);
        table.set_header([
            "world",
            "agent",
            "score",
            "95 % interval",
            "best possible",
            "baseline",
            "normalized",
            "while learning",
            "steps/s",
        ]);
        let mut world = "";
        for row in &self.rows {
            let shown = if row.world == world && !markdown { "" } else { &row.world };
            world = &row.world;
            table.add_row([
                shown.to_owned(),
                row.agent.clone(),
                row.score_text(),
                interval(row.interval),
                row.reference.map_or("-".into(), Reference::to_text),
                row.baseline.as_ref().map_or("-".into(), baseline_text),
                row.normalized.map_or("-".into(), |x| format!("{x:.3}")),
                number(row.online),
                row.steps_per_second.map_or("-".into(), short),
            ]);
        }
        for column in 2..9 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut text = format!("{table}\n");
        text.push_str(&self.footnotes(markdown));
        for world in self.rows.chunk_by(|a, b| a.world == b.world) {
            if world.iter().any(|row| !row.measures.is_empty()) {
                text.push_str(&format!("\n{}\n", measures_table(world, markdown)));
            }
        }
        if !self.overall.is_empty() {
            let mut table = new_table(markdown);
            table.set_header(["agent", "all worlds (IQM, normalized)", "95 % interval"]);
            for row in &self.overall {
                table.add_row([row.agent.clone(), format!("{:.3}", row.iqm), interval(row.interval)]);
            }
            text.push_str(&format!("\n{table}\n"));
        }
        text
    }
}

impl Row {
    /// The mean score, and what is to be known of it.
    fn score_text(&self) -> String {
        let count = |n: usize, what: &str| (n > 0).then(|| format!("{n} {what}"));
        let marks = [count(self.diverged, "diverged"), count(self.stalled.len(), "stalled")];
        let marks: Vec<String> = marks.into_iter().flatten().collect();
        match marks.is_empty() {
            true => number(self.mean),
            false => format!("{} ({})", number(self.mean), marks.join(", ")),
        }
    }

    fn new(group: &[Ran<'_>], score_scale: &ScoreScale) -> Self {
        let lower_is_better = group[0].job.evaluation_world().spec().lower_is_better();
        let config = &group[0].job.config;
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
        // What took no time was done before.
        let now = done.iter().filter(|(_, time)| !time.is_zero());
        let steps: u64 = now.map(|(result, _)| result.steps).sum();
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
            baseline: score_scale.baseline.clone(),
            normalized: mean.and_then(normalize),
            normalized_scores: scores.iter().filter_map(|&score| normalize(score)).collect(),
            measures: mean_measures(&done),
            steps_per_second: (seconds > 0.0).then(|| steps as f64 / seconds),
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

/// Means over runs of the means over episodes.
fn mean_measures(done: &[(&JobResult, Duration)]) -> Vec<Measured> {
    let Some((first, _)) = done.first() else { return Vec::new() };
    let of = |index: usize| {
        let means: Vec<f64> =
            done.iter().filter_map(|(result, _)| result.measures.get(index)?.mean).collect();
        (!means.is_empty()).then(|| stats::mean(&means))
    };
    let named = first.measures.iter().enumerate();
    named.map(|(index, one)| Measured { name: one.name.clone(), mean: of(index) }).collect()
}

/// The random player is what everybody expects; any other is named.
fn baseline_text(baseline: &Baseline) -> String {
    match baseline.name.as_str() {
        "random" => digits(baseline.value),
        name => format!("{} {name}", digits(baseline.value)),
    }
}

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

/// What else is measured in one world, a line an agent.
fn measures_table(rows: &[Row], markdown: bool) -> Table {
    let mut table = new_table(markdown);
    let measures = rows.iter().map(|row| &row.measures).max_by_key(|measures| measures.len());
    let names: Vec<&str> = measures.into_iter().flatten().map(|one| one.name.as_str()).collect();
    table.set_header([rows[0].world.as_str(), "agent"].into_iter().chain(names.iter().copied()));
    for row in rows {
        let mean = |index: usize| number(row.measures.get(index).and_then(|one| one.mean));
        table.add_row([String::new(), row.agent.clone()].into_iter().chain((0..names.len()).map(mean)));
    }
    for column in 2..names.len() + 2 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn new_table(markdown: bool) -> Table {
    let mut table = Table::new();
    table.load_style(if markdown { presets::ASCII_MARKDOWN } else { presets::UTF8_BORDERS_ONLY });
    table.set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn number(x: Option<f64>) -> String {
    x.map_or("-".into(), digits)
}

/// As many digits as say something: three decimals for small numbers, fewer for large ones.
pub(crate) fn digits(x: f64) -> String {
    match x.abs() {
        a if a >= 1e4 => format!("{x:.0}"),
        a if a >= 100.0 => format!("{x:.1}"),
        a if a >= 10.0 => format!("{x:.2}"),
        _ => format!("{x:.3}"),
    }
}

fn interval(interval: Option<Interval>) -> String {
    interval.map_or("-".into(), |i| format!("{} .. {}", digits(i.low), digits(i.high)))
}

/// A count in four or five characters: 950, 12 k, 3.4 M, 1.7 G.
pub(crate) fn short(count: f64) -> String {
    match count {
        x if x >= 1e9 => format!("{:.1} G", x / 1e9),
        x if x >= 1e6 => format!("{:.1} M", x / 1e6),
        x if x >= 1e3 => format!("{:.0} k", x / 1e3),
        x => format!("{x:.0}"),
    }
}
