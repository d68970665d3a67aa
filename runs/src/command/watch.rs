//! `watch`: shows a world in the terminal, played by a policy or by the user.

use std::path::Path;
use std::sync::Arc;

use freewheel_core::{Error as Core, Policy, PolicyMode, Streams};

use super::overlay;
use crate::cli::Watch;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::plan::Plan;
use crate::score_scale::ScoreScale;
use crate::{Registry, output, tui};

/// Policies with their names, to choose from; the last one is shown first.
type Policies = Vec<(String, Arc<dyn Policy>)>;

pub(super) fn watch(registry: &Registry, args: Watch) -> Result<()> {
    if !(args.speed.is_finite() && args.speed > 0.0) {
        return Err(Error::Usage(format!("--speed {}: must be above 0", args.speed)));
    }
    // Solving a world may take a while, so it is solved once, after all checks.
    let scale_of = |job: &Job| ScoreScale::of(&*job.world, job.config.evaluation.max_steps);
    let folder = Path::new(&args.what);
    let (job, policies, score_scale) = if folder.is_dir() {
        let (job, policies) = from_run(registry, folder)?;
        let score_scale = scale_of(&job)?;
        (job, policies, score_scale)
    } else {
        let job = from_world(registry, &args)?;
        let score_scale = scale_of(&job)?;
        let policies = match args.agent.as_deref() {
            Some("human") => Vec::new(),
            None => score_scale
                .policy
                .iter()
                .map(|policy| ("optimal policy".to_owned(), Arc::clone(policy)))
                .collect(),
            Some(_) => train_and_collect(registry, &job)?,
        };
        (job, policies, score_scale)
    };
    let exit = tui::watch(tui::Watch {
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
    match exit {
        tui::Exit::Quit => Ok(()),
        tui::Exit::Signal(number) => Err(Error::Signal(number)),
    }
}

/// Run in `folder`, and the policies of its checkpoints.
fn from_run(registry: &Registry, folder: &Path) -> Result<(Job, Policies)> {
    let mut found = registry.find_jobs(folder)?;
    if found.len() > 1 {
        let (first, _) = &found[0];
        let message = format!(
            "{} contains {} runs; choose one, such as {}",
            folder.display(),
            found.len(),
            first.display()
        );
        return Err(Error::Usage(message));
    }
    let (directory, job) = found.remove(0);
    let history = job.history(registry, &directory, &output::note)?;
    if history.is_empty() {
        return Err(Core::Config(format!(
            "{}: this run has no checkpoint yet; train it first",
            directory.display()
        ))
        .into());
    }
    let stalled = Job::result_in(&directory)?.and_then(|result| result.stalled);
    let name = |step: u64| {
        let mark = if stalled.as_ref().is_some_and(|stall| stall.since <= step) { ", stalled" } else { "" };
        format!("{} after {step} steps{mark}", job.config.agent_label)
    };
    let policies = history.into_iter().map(|(step, policy)| (name(step), Arc::from(policy))).collect();
    Ok((job, policies))
}

/// Job for a world that is only watched; no files are written.
fn from_world(registry: &Registry, args: &Watch) -> Result<Job> {
    let agent = match args.agent.as_deref() {
        None | Some("human") => "random",
        Some(agent) => agent,
    };
    let mut doc = Document::one_run(&args.what, agent, Some(args.train.max(1)), &args.seed.to_string());
    overlay(&mut doc, &args.overrides.set)?;
    let mut jobs = Plan::new(registry, &doc)?.jobs;
    Ok(jobs.remove(0))
}

/// Trains the job's agent and returns its policies after 0 %, 1 %, 10 % and 100 % of the steps.
fn train_and_collect(registry: &Registry, job: &Job) -> Result<Policies> {
    let config = &job.config;
    let (mut agent, mut env) = (job.new_agent(registry)?, job.new_vector_env());
    let mut checkpoints = vec![0, config.steps / 100, config.steps / 10, config.steps];
    checkpoints.dedup();
    let mut policies = Policies::new();
    let mut now = 0;
    for step in checkpoints {
        agent.learn(&mut *env, step - now)?;
        now = step;
        policies.push((
            format!("{} after {step} steps", config.agent_label),
            Arc::from(agent.policy(PolicyMode::Greedy)),
        ));
    }
    Ok(policies)
}
