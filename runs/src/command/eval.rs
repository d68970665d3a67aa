//! `eval`: evaluation of trained runs on new episodes.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use freewheel_core::evaluate::Protocol;
use freewheel_core::stats::{self, Interval};
use freewheel_core::{Baseline, Error as Core, PolicyMode, memory};
use rayon::prelude::*;
use serde::Serialize;

use super::stop_flag;
use crate::cli::Eval;
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::folders::{split_search, with_search};
use crate::format::decimal_or_dash;
use crate::job::{Job, MeasureMean};
use crate::metrics::Window;
use crate::score_scale::{Reference, ScoreScale, ScoreScales};
use crate::table::{Column, Layout, Table};
use crate::{Registry, output};

/// Evaluation of one run.
#[derive(Serialize)]
struct RunEvaluation {
    run: String,
    world: String,
    agent: String,
    seed: u64,
    step: u64,
    episodes: u64,
    score: Option<f64>,
    std: Option<f64>,
    /// 95 % bootstrap interval of the mean over episodes.
    interval: Option<Interval>,
    length: Option<f64>,
    truncated: u64,
    reference: Option<Reference>,
    baseline: Option<Baseline>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    measures: Vec<MeasureMean>,
}

pub(super) fn eval(registry: &Registry, args: Eval) -> Result<()> {
    let pool = pool(args.threads.count())?;
    let name = args.run.to_string_lossy();
    let (run, simulations) = split_search(&name)?;
    let found = registry.find_jobs(if simulations.is_some() { Path::new(run) } else { &args.run })?;
    let stop = stop_flag()?;
    // Worlds are solved one by one before the evaluations, because a solver uses all threads itself.
    let score_scales = ScoreScales::default();
    let found: Vec<(PathBuf, Job, ScoreScale)> = found
        .into_iter()
        .map(|(directory, job)| score_scales.of(&job).map(|score_scale| (directory, job, score_scale)))
        .collect::<freewheel_core::Result<_>>()?;
    // The summaries of all episodes of a run are in memory until its evaluation has ended.
    let at_once = found.len().min(args.threads.count()) as u128;
    let measures = found.iter().map(|(_, job, _)| job.evaluation_world().spec().measures.len()).max();
    let needed = at_once * Protocol::memory(args.episodes, measures.unwrap_or_default());
    memory::require(&format!("--episodes {} of {at_once} runs at once", args.episodes), needed)?;
    let one = |(directory, job, score_scale): &(PathBuf, Job, ScoreScale)| -> Result<Option<RunEvaluation>> {
        let Some((step, agent)) = job.trained(registry, directory, &output::note)? else {
            output::note(&format!("{}: skipped, no checkpoint yet", directory.display()));
            return Ok(None);
        };
        let policy = with_search(agent.policy(PolicyMode::Greedy), simulations, &name)?;
        let finished = job.evaluate(&*policy, args.episodes, &stop);
        while let Some(text) = job.evaluation_world().take_note() {
            output::note(&format!("{}: {text}", directory.display()));
        }
        let Some(finished) = finished? else { return Ok(None) };
        let window = Window::of(&finished);
        let scores: Vec<f64> = finished.iter().map(|one| one.score).filter(|score| !score.is_nan()).collect();
        let streams = freewheel_core::Streams::new(job.config.seed);
        Ok(Some(RunEvaluation {
            run: directory.to_string_lossy().into_owned(),
            world: job.config.world_label.clone(),
            agent: job.config.agent_label.clone(),
            seed: job.config.seed,
            step,
            episodes: window.episodes,
            score: window.score(),
            std: window.std(),
            interval: stats::summarize(&scores, streams).interval,
            length: window.length(),
            truncated: window.truncated,
            reference: score_scale.reference,
            baseline: score_scale.baseline.clone(),
            measures: MeasureMean::all(job.evaluation_world().spec(), &finished),
        }))
    };
    let evaluated = pool.install(|| found.par_iter().map(one).collect::<Result<Vec<_>>>())?;
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Signal(2));
    }
    let evaluated: Vec<RunEvaluation> = evaluated.into_iter().flatten().collect();
    if evaluated.is_empty() {
        let message = format!("{}: no run here has a checkpoint yet; train first", args.run.display());
        return Err(Core::Config(message).into());
    }
    if args.output.json {
        return output::json(&serde_json::json!({ "runs": evaluated }));
    }
    output::picture(&tables(&evaluated, args.wide.layout()))
}

/// Number with four decimals; `-` for `None`.
fn four_decimals(x: Option<f64>) -> String {
    x.map_or("-".into(), |x| format!("{x:.4}"))
}

/// Table of the runs `evaluated`, and a table of the measures of every world that has some.
fn tables(evaluated: &[RunEvaluation], layout: Layout) -> String {
    let mut table = Table::new(vec![
        Column::text("world", 0),
        Column::text("agent", 0),
        Column::number("seed", 0),
        Column::number("step", 5),
        Column::number("score", 0),
        Column::number("95 % interval", 2),
        Column::number("reference", 1),
        Column::number("baseline", 3),
        Column::number("episodes", 4),
    ]);
    for run in evaluated {
        let interval = run.interval.map(|i| format!("{:.4} .. {:.4}", i.low, i.high));
        table.row([
            run.world.clone(),
            run.agent.clone(),
            run.seed.to_string(),
            run.step.to_string(),
            four_decimals(run.score),
            interval.unwrap_or("-".into()),
            run.reference.map_or("-".into(), Reference::to_text),
            decimal_or_dash(run.baseline.as_ref().map(|baseline| baseline.value)),
            run.episodes.to_string(),
        ]);
    }
    let mut text = table.text(layout);
    for world in evaluated.chunk_by(|a, b| a.world == b.world).filter(|runs| !runs[0].measures.is_empty()) {
        let names = (1..).zip(&world[0].measures).map(|(rank, measure)| Column::number(&measure.name, rank));
        let first = ["world", "agent"].map(|name| Column::text(name, 0));
        let mut table =
            Table::new(first.into_iter().chain([Column::number("seed", 0)]).chain(names).collect());
        for run in world {
            let means = run.measures.iter().map(|measure| four_decimals(measure.mean));
            table.row([run.world.clone(), run.agent.clone(), run.seed.to_string()].into_iter().chain(means));
        }
        text.push_str(&format!("\n{}", table.text(layout)));
    }
    text
}
