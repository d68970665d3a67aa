//! `render`: an episode as an animation, a terminal recording or a picture of one screen.

use std::path::Path;
use std::sync::Arc;

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::{Error as Core, Policy, PolicyMode, Streams};

use super::overlay;
use crate::cli::Render;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::plan::Plan;
use crate::progress::LateBar;
use crate::render::{self, Format, Timing};
use crate::score_scale::ScoreScale;
use crate::tui::{Offscreen, Recording, Watch};
use crate::{Registry, output, recordings};

/// Screens a second of a GIF and of a terminal recording.
pub(super) const FPS: (u8, u8) = (12, 30);

pub(super) fn render(registry: &Registry, args: &Render) -> Result<()> {
    let Some(format) = Format::of(&args.to) else {
        return Err(Error::Usage(format!(
            "--to {}: the format follows from the extension, which must be .gif, .cast, .svg, .png or .txt",
            args.to.display()
        )));
    };
    let path = Path::new(&args.what);
    if path.is_file() && Format::of(path) == Some(Format::Cast) {
        return super::record::render(args, format);
    }
    if args.at.is_some() {
        let why = "--at chooses a time of a terminal recording (.cast); --step chooses a step of an episode";
        return Err(Error::Usage(why.into()));
    }
    if format.is_animated() && args.step.is_some() {
        return Err(Error::Usage(
            "--step chooses the screen of a PNG, SVG or text file; an animation shows all steps".into(),
        ));
    }
    let (watch, index) = source(registry, args)?;
    let bar = LateBar::new("playing");
    let size = (args.size.columns, args.size.rows);
    let mut viewer = Offscreen::new(watch, index, size, args.picture, &|steps| bar.set(steps as u64, 0))?;
    drop(bar);
    let step = args.step.unwrap_or(viewer.steps());
    if step > viewer.steps() {
        return Err(Error::Usage(format!("--step {step}: the episode has {} steps", viewer.steps())));
    }
    let fps = args.fps.unwrap_or(if format == Format::Gif { FPS.0 } else { FPS.1 });
    let timing = Timing { fps: f64::from(fps), max_seconds: f64::from(args.max_seconds) };
    let bar = LateBar::new("drawing");
    let progress = |done: usize, all: usize| bar.set(done as u64, all as u64);
    let bytes = render::render(&mut viewer, format, step, timing, &progress)?;
    drop(bar);
    write_atomically(&args.to, &bytes)?;
    output::text(&format!("{}\n", args.to.display()))
}

/// Viewer input for the episode, and the index of the episode if it is a recording.
fn source(registry: &Registry, args: &Render) -> Result<(Watch, usize)> {
    let path = Path::new(&args.what);
    if recordings::is_recording(path) {
        let all = recordings::read(registry, path)?;
        let name = path.file_name().map_or_else(|| args.what.clone(), |it| it.to_string_lossy().into_owned());
        return recorded(all, name, args);
    }
    let watch = if path.is_dir() { run(registry, path, args)? } else { world(registry, args)? };
    Ok((watch, 0))
}

/// Viewer input with the settings of the command line.
fn settings(args: &Render, watch: Watch) -> Watch {
    Watch {
        streams: Streams::new(args.seed),
        first_episode: args.episode,
        speed: args.speed,
        theme: args.theme,
        ..watch
    }
}

fn recorded(recordings: Vec<Recording>, title: String, args: &Render) -> Result<(Watch, usize)> {
    let index = match recordings.len() {
        1 => 0,
        n if args.episode < n as u64 => args.episode as usize,
        n => {
            let why = format!("{}: has no episode {}; it has {n}, from 0", args.what, args.episode);
            return Err(Core::Config(why).into());
        }
    };
    let world = Arc::clone(&recordings[index].world);
    Ok((Watch { title, recordings, ..settings(args, Watch::new(world)) }, index))
}

/// Viewer input for the newest policy of the run in `folder`.
fn run(registry: &Registry, folder: &Path, args: &Render) -> Result<Watch> {
    let mut found = registry.find_jobs(folder)?;
    if found.len() > 1 {
        let (first, _) = &found[0];
        return Err(Error::Usage(format!(
            "{} contains {} runs; choose one, such as {}",
            folder.display(),
            found.len(),
            first.display()
        )));
    }
    let (directory, job) = found.remove(0);
    let Some((steps, agent)) = job.trained(registry, &directory, &output::note)? else {
        let why = format!("{}: this run has no checkpoint yet; train it first", directory.display());
        return Err(Core::Config(why).into());
    };
    let name = format!("{} after {steps} steps", job.config.agent_label);
    Ok(played(args, &job, name, Arc::from(agent.policy(PolicyMode::Greedy))))
}

/// Viewer input for a world with the optimal policy, or with an agent that is trained first.
fn world(registry: &Registry, args: &Render) -> Result<Watch> {
    let agent = args.agent.as_deref().unwrap_or("random");
    let steps = args.train.max(1);
    let mut doc = Document::one_run(&args.what, agent, Some(steps), &args.seed.to_string());
    overlay(&mut doc, &args.overrides.set)?;
    let job = Plan::new(registry, &doc)?.jobs.remove(0);
    if args.agent.is_none() {
        let solve = || ScoreScale::of(&*job.world, job.config.evaluation.max_steps);
        let scale = LateBar::new("solving the world").during(solve)?;
        let name = scale.policy_name();
        let Some(policy) = scale.policy else {
            let why = format!("{}: this world has no optimal policy; choose one with --agent", args.what);
            return Err(Error::Usage(why));
        };
        return Ok(played(args, &job, name.into(), policy));
    }
    let mut trained = job.new_agent(registry)?;
    let mut name = job.config.agent_label.clone();
    if trained.learns() {
        let bar = LateBar::new("training");
        let (mut env, num_envs) = (job.new_vector_env(), job.config.num_envs as u64);
        let mut now = 0;
        while now < steps {
            let slice = (steps / 100).max(256).min(steps - now).next_multiple_of(num_envs);
            trained.learn(&mut *env, slice)?;
            now += slice;
            bar.set(now.min(steps), steps);
        }
        name = format!("{name} after {now} steps");
    }
    Ok(played(args, &job, name, Arc::from(trained.policy(PolicyMode::Greedy))))
}

/// Viewer input for the episodes of a policy.
fn played(args: &Render, job: &Job, name: String, policy: Arc<dyn Policy>) -> Watch {
    Watch {
        title: job.config.world_label.clone(),
        policies: vec![(name, policy)],
        max_steps: job.max_steps(),
        ..settings(args, Watch::new(Arc::clone(&job.world)))
    }
}
