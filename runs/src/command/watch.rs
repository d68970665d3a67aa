//! `watch`: a world in the terminal, with an agent in it or the user.

use std::path::Path;
use std::sync::Arc;

use freewheel_core::{Error as Core, Mode, Policy, Purpose, Streams};

use super::overlay;
use crate::cli::Watch;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::plan::Plan;
use crate::score_scale::ScoreScale;
use crate::{Registry, output, tui};

/// Named policies to flip through, the one to begin with last.
type Policies = Vec<(String, Arc<dyn Policy>)>;

pub(super) fn watch(registry: &Registry, args: Watch) -> Result<()> {
    if !(args.speed.is_finite() && args.speed > 0.0) {
        return Err(Error::Usage(format!("--speed {}: must be above 0", args.speed)));
    }
    // Solving a world may take a while: once, and only where the answer is shown.
    let yardstick_of = |job: &Job| ScoreScale::of(&*job.world, job.config.evaluation.max_steps);
    let folder = Path::new(&args.what);
    let (job, policies, score_scale) = if folder.is_dir() {
        let (job, policies) = from_run(registry, folder)?;
        let score_scale = yardstick_of(&job)?;
        (job, policies, score_scale)
    } else {
        let job = from_world(registry, &args)?;
        let score_scale = yardstick_of(&job)?;
        let policies = match args.agent.as_deref() {
            Some("human") => Vec::new(),
            None => score_scale.policy.iter().map(|best| ("the best".to_owned(), Arc::clone(best))).collect(),
            Some(_) => learned(registry, &job)?,
        };
        (job, policies, score_scale)
    };
    let parting = tui::watch(tui::Watch {
        world: &*job.world,
        title: job.config.world_label.clone(),
        policies,
        streams: Streams::new(args.seed),
        first_episode: 0,
        steps_per_second: args.speed,
        max_steps: job.max_steps(),
        reference: score_scale.reference.map(|reference| reference.value),
        baseline: score_scale.baseline.map(|baseline| baseline.value),
    })?;
    match parting {
        tui::Parting::Quit => Ok(()),
        tui::Parting::Signal(number) => Err(Error::Signal(number)),
    }
}

/// The checkpoints of a run that are still kept.
fn from_run(registry: &Registry, folder: &Path) -> Result<(Job, Policies)> {
    let mut found = registry.find_jobs(folder)?;
    if found.len() > 1 {
        let (first, _) = &found[0];
        let message =
            format!("{} holds {} runs; name one, such as {}", folder.display(), found.len(), first.display());
        return Err(Error::Usage(message));
    }
    let (directory, job) = found.remove(0);
    let history = job.history(registry, &directory, &output::note)?;
    if history.is_empty() {
        return Err(
            Core::Config(format!("{}: no checkpoint yet; train it first", directory.display())).into()
        );
    }
    let stalled = Job::result_in(&directory)?.and_then(|result| result.stalled);
    let name = |step: u64| {
        let mark = if stalled.as_ref().is_some_and(|stall| stall.since <= step) { ", stalled" } else { "" };
        format!("{} after {step} steps{mark}", job.config.agent_label)
    };
    let policies = history.into_iter().map(|(step, policy)| (name(step), Arc::from(policy))).collect();
    Ok((job, policies))
}

/// A run that is made only to be looked at.
fn from_world(registry: &Registry, args: &Watch) -> Result<Job> {
    let agent = match args.agent.as_deref() {
        None | Some("human") => "random",
        Some(agent) => agent,
    };
    let mut doc = Document::one_run(&args.what, agent, args.train.max(1), &args.seed.to_string());
    overlay(&mut doc, &args.set)?;
    let mut jobs = Plan::new(registry, &doc)?.jobs;
    Ok(jobs.remove(0))
}

/// An agent that learns now, seen at moments that are far apart in what it knows.
fn learned(registry: &Registry, job: &Job) -> Result<Policies> {
    let config = &job.config;
    let mut agent = job.agent(registry)?;
    let mut episodes =
        job.world.vector_env(config.num_envs, Streams::new(config.seed), Purpose::Environment, 0);
    let mut moments = vec![0, config.steps / 100, config.steps / 10, config.steps];
    moments.dedup();
    let mut policies = Policies::new();
    let mut now = 0;
    for moment in moments {
        agent.learn(&mut *episodes, moment - now)?;
        now = moment;
        policies.push((
            format!("{} after {moment} steps", config.agent_label),
            Arc::from(agent.policy(Mode::Greedy)),
        ));
    }
    Ok(policies)
}
