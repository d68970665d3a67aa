//! Outcome of a sweep: table of the trials, comparison with the defaults, and the best settings as a preset.

use std::path::Path;

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::stats::{self, Interval};
use freewheel_core::{Error, Result, Streams};
use serde::Serialize;
use toml::{Table as Settings, Value};

use super::definition::Sampler;
use super::journal::Results;
use super::search::{Search, Trial, scores};
use super::verdict::{Verdict, compare};
use crate::format::{decimal, decimal_or_dash, interval_or_dash};
use crate::job::Job;
use crate::output::plain;
use crate::registry::Registry;
use crate::table::{Column, Layout, Table, wrapped};

/// Outcome of a sweep: `results.json` in its folder.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// Name of the sweep.
    name: String,
    world: String,
    agent: String,
    sampler: Sampler,
    /// Trials, the best first.
    trials: Vec<Row>,
    /// Comparison of the best trial with the defaults; `None` if no trial reached all steps.
    confirmed: Option<Confirmed>,
}

/// Trial in the table.
#[derive(Debug, Serialize)]
struct Row {
    /// Number of the trial.
    trial: u32,
    /// Steps that it reached.
    steps: u64,
    /// Mean score over the seeds after these steps; `None` if a run diverged or has no score.
    score: Option<f64>,
    /// Settings.
    settings: serde_json::Map<String, serde_json::Value>,
}

/// Comparison on fresh seeds.
#[derive(Debug, Serialize)]
struct Confirmed {
    /// Number of the best trial.
    trial: u32,
    best: Arm,
    defaults: Arm,
    verdict: Verdict,
    /// p-value of the permutation test.
    p: f64,
    /// Settings of the best trial as a preset, in TOML.
    preset: String,
}

/// One side of the comparison.
#[derive(Debug, Serialize)]
struct Arm {
    /// Scores on the fresh seeds; `None` if a run diverged or has no score.
    scores: Option<Vec<f64>>,
    mean: Option<f64>,
    /// 95 % bootstrap interval of the mean.
    interval: Option<Interval>,
}

impl Arm {
    fn new(job: &Job, seeds: &[u64], results: &Results) -> Self {
        let scores = scores(job, seeds, job.config.steps, results);
        let summary = scores.as_ref().map(|scores| stats::summarize(scores, Streams::new(0)));
        Arm { mean: summary.map(|s| s.mean), interval: summary.and_then(|s| s.interval), scores }
    }
}

impl Summary {
    /// Outcome of a sweep that has ended.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that TOML cannot express.
    pub(super) fn new(registry: &Registry, search: &Search<'_>, results: &Results) -> Result<Self> {
        let row = |one: &super::search::Standing| {
            let trial = &search.trials[one.number as usize];
            let json = |value: &Value| serde_json::to_value(value).unwrap_or_default();
            let settings = trial.values.iter().map(|(name, value)| (name.clone(), json(value))).collect();
            Row { trial: one.number, steps: one.steps, score: one.score, settings }
        };
        let trials = search.standings.iter().map(row).collect();
        let definition = search.definition;
        let confirmed = match search.best() {
            None => None,
            Some(best) => Some(confirmed(registry, search, best, results)?),
        };
        let config = &definition.defaults.config;
        Ok(Summary {
            name: definition.name.clone(),
            world: config.world_label.clone(),
            agent: config.agent_label.clone(),
            sampler: definition.settings.sampler,
            trials,
            confirmed,
        })
    }

    /// Writes `results.json`, `results.md` and `preset.toml` into the folder `root`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn write(&self, root: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self).map_err(|e| Error::Unsupported(e.to_string()))?;
        write_atomically(root.join("results.json"), json.as_bytes())?;
        write_atomically(root.join("results.md"), self.to_markdown().as_bytes())?;
        if let Some(confirmed) = &self.confirmed {
            write_atomically(root.join("preset.toml"), confirmed.preset.as_bytes())?;
        }
        Ok(())
    }

    fn to_markdown(&self) -> String {
        let mut text = self.table(usize::MAX).markdown();
        text.push_str(&format!("\n{}", self.comparison().map_or(String::new(), |table| table.markdown())));
        text.push_str(&format!("\n{}\n", self.words()));
        if let Some(confirmed) = &self.confirmed {
            text.push_str(&format!("\n```toml\n{}```\n", confirmed.preset));
        }
        plain(&text).into_owned()
    }

    /// Text for a terminal of the width of `layout`, with the best trials.
    pub(crate) fn to_text(&self, layout: Layout) -> String {
        let mut text = self.table(SHOWN).text(layout);
        if self.trials.len() > SHOWN {
            text.push_str(&format!(
                "The best {SHOWN} of {} trials; results.md has all.\n",
                self.trials.len()
            ));
        }
        if let Some(table) = self.comparison() {
            text.push_str(&format!("\n{}", table.text(layout)));
        }
        text.push_str(&wrapped(&format!("{}\n", self.words()), 2, layout));
        if let Some(confirmed) = &self.confirmed {
            text.push_str(&format!("\n# Preset of trial {}\n{}", confirmed.trial, confirmed.preset));
        }
        text
    }

    /// Whether all runs of the comparison, or all trials, diverged.
    pub(crate) fn has_winner(&self) -> bool {
        self.confirmed.is_some()
    }

    /// Table of the best `count` trials.
    fn table(&self, count: usize) -> Table {
        let mut columns = vec![Column::number("trial", 0), Column::number("score", 0)];
        if self.trials.iter().any(|row| row.steps != self.trials[0].steps) {
            columns.push(Column::number("steps", 1));
        }
        let names = self.trials.first().into_iter().flat_map(|row| row.settings.keys());
        // The first settings are the last to be hidden.
        columns.extend(names.enumerate().map(|(i, name)| Column::number(name, (2 + i).min(250) as u8)));
        let with_steps = self.trials.first().is_some_and(|row| columns.len() > 2 + row.settings.len());
        let mut table = Table::new(columns);
        for row in self.trials.iter().take(count) {
            let steps = with_steps.then(|| row.steps.to_string());
            let settings = row.settings.values().map(|value| match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            let first = [row.trial.to_string(), decimal_or_dash(row.score)];
            table.row(first.into_iter().chain(steps).chain(settings));
        }
        table
    }

    /// Table of the comparison with the defaults.
    fn comparison(&self) -> Option<Table> {
        let confirmed = self.confirmed.as_ref()?;
        let mut table = Table::new(vec![
            Column::text("on fresh seeds", 0),
            Column::number("score", 0),
            Column::number("95 % interval", 1),
            Column::number("seeds", 2),
        ]);
        for (name, arm) in [
            (format!("trial {}", confirmed.trial), &confirmed.best),
            ("defaults".to_owned(), &confirmed.defaults),
        ] {
            let seeds = arm.scores.as_ref().map_or("-".into(), |scores| scores.len().to_string());
            table.row([name, decimal_or_dash(arm.mean), interval_or_dash(arm.interval), seeds]);
        }
        Some(table)
    }

    /// Conclusion in words.
    fn words(&self) -> String {
        let Some(confirmed) = &self.confirmed else {
            return "No trial has a score after all steps: their runs diverged, or no episode ended.".into();
        };
        let trial = confirmed.trial;
        let (Some(best), Some(defaults)) = (confirmed.best.mean, confirmed.defaults.mean) else {
            let who =
                if confirmed.best.mean.is_none() { format!("trial {trial}") } else { "the defaults".into() };
            return format!("A run of {who} has no score on the fresh seeds, so that nothing can be said.");
        };
        let (says, mend) = match confirmed.verdict {
            Verdict::Better => ("is better than the defaults", ""),
            Verdict::Worse => ("is worse than the defaults", ""),
            Verdict::Undecided => {
                ("cannot be called better than the defaults", " More seeds in `confirm` may decide it.")
            }
        };
        format!(
            "Trial {trial} {says}: {} against {} (permutation test of the means, p = {}).{mend}",
            decimal(best),
            decimal(defaults),
            p_text(confirmed.p)
        )
    }
}

/// Number of trials in the table of the terminal.
const SHOWN: usize = 10;

/// p-value with two significant digits.
fn p_text(p: f64) -> String {
    match p {
        p if p >= 0.01 => format!("{p:.2}"),
        p if p >= 0.0001 => format!("{p:.4}"),
        p => format!("{p:.1e}"),
    }
}

fn confirmed(registry: &Registry, search: &Search<'_>, best: &Trial, results: &Results) -> Result<Confirmed> {
    let definition = search.definition;
    let of = |job: &Job| Arm::new(job, &definition.confirm, results);
    let (ours, theirs) = (of(&best.job), of(&definition.defaults));
    let sign = if search.lower_is_better() { -1.0 } else { 1.0 };
    let signed = |arm: &Arm| arm.scores.iter().flatten().map(|score| sign * score).collect::<Vec<f64>>();
    let (verdict, p) = compare(&signed(&ours), &signed(&theirs));
    let preset = preset(registry, &best.job)?;
    Ok(Confirmed { trial: best.number, best: ours, defaults: theirs, verdict, p, preset })
}

/// Settings of `job` as a preset: those that differ from the defaults of the agent.
fn preset(registry: &Registry, job: &Job) -> Result<String> {
    let config = &job.config;
    let factory = registry.find_agent(&config.agent)?;
    let defaults = factory.resolve(&Settings::new())?;
    let mut settings = Settings::new();
    settings.insert("steps".into(), Value::Integer(config.steps as i64));
    if config.num_envs != factory.num_envs() {
        settings.insert("num_envs".into(), Value::Integer(config.num_envs as i64));
    }
    let changed = config.agent_settings.iter().filter(|(key, value)| defaults.get(*key) != Some(*value));
    settings.extend(changed.map(|(key, value)| (key.clone(), value.clone())));
    if !config.world_settings.is_empty() {
        settings.insert("world".into(), Value::Table(config.world_settings.clone()));
    }
    let agents = Settings::from_iter([(config.agent.clone(), Value::Table(settings))]);
    let worlds = Settings::from_iter([(config.world.clone(), Value::Table(agents))]);
    toml::to_string(&worlds).map_err(|e| Error::Config(format!("these settings are not TOML: {e}")))
}
