//! `eval`: what trained runs are worth, on fresh episodes.

use freewheel_core::Mode;
use freewheel_core::stats::{self, Interval};
use rayon::prelude::*;
use serde::Serialize;

use super::threads;
use crate::cli::Eval;
use crate::error::Result;
use crate::metrics::Window;
use crate::report::{Reference, reference_text, yardstick};
use crate::{Catalogue, output};

/// One run's evaluation.
#[derive(Serialize)]
struct Evaluated {
    run: String,
    world: String,
    agent: String,
    seed: u64,
    step: u64,
    episodes: u64,
    score: Option<f64>,
    deviation: Option<f64>,
    /// 95 % bootstrap interval of the mean over episodes.
    interval: Option<Interval>,
    length: Option<f64>,
    truncated: u64,
    reference: Option<Reference>,
    baseline: Option<f64>,
}

pub(super) fn eval(catalogue: &Catalogue, args: Eval) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(args.threads)).build();
    let pool = pool.map_err(|e| freewheel_core::Error::Unsupported(e.to_string()))?;
    let found = catalogue.find_jobs(&args.run)?;
    let one = |(directory, job): &(std::path::PathBuf, crate::job::Job)| -> Result<Evaluated> {
        let (step, learner) = job.trained(catalogue, directory, &output::note)?;
        let policy = learner.policy(Mode::Greedy);
        let finished = job.evaluate(&*policy, args.episodes)?;
        let window = Window::of(&finished);
        let scores: Vec<f64> = finished.iter().map(|one| one.score).collect();
        let streams = freewheel_core::Streams::new(job.config.seed);
        let yardstick = yardstick(&*job.world, job.config.evaluation.max_steps)?;
        Ok(Evaluated {
            run: directory.to_string_lossy().into_owned(),
            world: job.config.world_label.clone(),
            agent: job.config.agent_label.clone(),
            seed: job.config.seed,
            step,
            episodes: window.episodes,
            score: window.score(),
            deviation: window.deviation(),
            interval: stats::summarise(&scores, streams).interval,
            length: window.length(),
            truncated: window.truncated,
            reference: yardstick.reference,
            baseline: yardstick.baseline,
        })
    };
    let evaluated = pool.install(|| found.par_iter().map(one).collect::<Result<Vec<_>>>())?;
    if args.output.json {
        return output::json(&serde_json::json!({ "runs": evaluated }));
    }
    let mut text = String::new();
    for run in &evaluated {
        let interval = run.interval.map_or(String::new(), |i| format!(" [{:.4}, {:.4}]", i.low, i.high));
        let reference = run.reference.map_or("-".into(), |r| reference_text(&r));
        let score = run.score.map_or("-".into(), |score| format!("{score:.4}"));
        text.push_str(&format!(
            "{}  {}  seed {}  step {}: score {score}{interval} over {} episodes; best possible {reference}\n",
            run.world, run.agent, run.seed, run.step, run.episodes,
        ));
    }
    output::text(&text)
}
