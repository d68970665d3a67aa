//! `watch`: the viewer, with episodes played by a policy or by the user, and recorded episodes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use freewheel_core::{Agent, DynWorld, Error as Core, ManagedVectorEnv, Policy, PolicyMode, Streams};

use super::overlay;
use crate::cli::Watch;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::folders::{split_search, with_search};
use crate::job::Job;
use crate::messages::screens::tr;
use crate::plan::Plan;
use crate::score_scale::ScoreScale;
use crate::tui::{Background, LearnHere, Progress, Reporter, Update};
use crate::{Registry, output, recordings, tui};

/// Policies with their names, to choose from; the last one is shown first.
type Policies = Vec<(String, Arc<dyn Policy>)>;

/// Time between two looks for new checkpoints of a run that is being trained.
const POLL: Duration = Duration::from_secs(1);
/// Time between two messages about the progress of work, and of a slice of training.
const REPORT: Duration = Duration::from_millis(100);

pub(super) fn watch(registry: &Registry, args: Watch) -> Result<()> {
    let path = Path::new(&args.what);
    let exit = if let Some(other) = &args.other {
        watch_runs(registry, [path, Path::new(other)], &args)?
    } else if recordings::is_recording(path) {
        let recordings = recordings::read(registry, path)?;
        let title =
            path.file_name().map_or_else(|| args.what.clone(), |name| name.to_string_lossy().into_owned());
        let world = Arc::clone(&recordings[0].world);
        tui::watch(tui::Watch { title, recordings, ..settings(&args, world) })?
    } else if split_search(&args.what)?.1.is_some() || path.is_dir() {
        watch_run(registry, path, &args)?
    } else {
        match (&args.agent, &args.against) {
            (Some(agent), Some(other)) => {
                let [first, second] =
                    [agent, other].map(|agent| world_with_agent(registry, &args, Some(agent)));
                tui::watch_pair([first?, second?])?
            }
            (None, Some(_)) => {
                return Err(Error::Usage("--against needs a first agent: add --agent".into()));
            }
            (agent, None) => tui::watch(world_with_agent(registry, &args, agent.as_deref())?)?,
        }
    };
    ended(exit)
}

/// Result of a viewer that ended.
pub(super) fn ended(exit: tui::Exit) -> Result<()> {
    match exit {
        tui::Exit::Quit => Ok(()),
        tui::Exit::Signal(number) => Err(Error::Signal(number)),
    }
}

/// Viewer of `world` with the settings of the command line.
fn settings(args: &Watch, world: Arc<dyn DynWorld>) -> tui::Watch {
    tui::Watch {
        streams: Streams::new(args.seed),
        speed: args.speed,
        theme: args.theme.unwrap_or_else(tui::Theme::chosen),
        ascii: args.ascii,
        ..tui::Watch::new(world)
    }
}

/// Viewer of a world with the optimal policy, with an agent that is trained in the background, or played by the user.
pub(super) fn world_with_agent(registry: &Registry, args: &Watch, agent: Option<&str>) -> Result<tui::Watch> {
    let job = from_world(registry, args, agent)?;
    let (reporter, background) = Background::channel();
    let (human, mut policies) = (agent == Some("human"), Policies::new());
    if human {
        solve(&job, reporter, agent)?;
    } else if agent.is_some() {
        let trained = job.agent_to_train(registry)?;
        let policy = Arc::from(trained.policy(PolicyMode::Greedy));
        if trained.learns() {
            policies.push((tr!("{} after {} steps", job.config.agent_label, 0), policy));
            solve(&job, reporter.clone(), agent)?;
            train(&job, trained, reporter)?;
        } else {
            policies.push((job.config.agent_label.clone(), policy));
            solve(&job, reporter, agent)?;
        }
    } else {
        solve(&job, reporter, agent)?;
    }
    // Without an agent, a fresh one with default settings can learn here.
    let other = match agent {
        Some(agent) if agent != "human" => None,
        _ => from_world(registry, args, Some("q-learning")).ok(),
    };
    Ok(tui::Watch {
        title: job.config.world_label.clone(),
        learner: learner(registry, other.as_ref().unwrap_or(&job), Vec::new()),
        policies,
        max_steps: job.max_steps(),
        human,
        background: Some(background),
        ..settings(args, Arc::clone(&job.world))
    })
}

/// Whether the agent of the job has a table, and learns in one environment.
fn is_tabular(job: &Job) -> bool {
    let tabular = freewheel_agents::tabular::all().iter().any(|factory| factory.id() == job.config.agent);
    tabular && job.config.num_envs == 1
}

/// Agent of the job that learns from the steps that are watched, if it is a tabular one; `saved` are its states for the
/// policies of the viewer.
fn learner(registry: &Registry, job: &Job, saved: Vec<Vec<u8>>) -> Option<LearnHere> {
    let agent = is_tabular(job).then(|| job.agent_to_train(registry).ok()).flatten()?;
    Some(LearnHere { name: job.config.agent_label.clone(), agent, saved })
}

/// Run that is watched.
struct WatchedRun {
    job: Job,
    directory: PathBuf,
    /// Steps of the checkpoints that the viewer has.
    known: Vec<u64>,
    reporter: Reporter,
    /// Simulations of the search that chooses the actions, if any.
    simulations: Option<u32>,
    /// Whether the run is finished, so that no checkpoints follow.
    is_finished: bool,
}

/// Run in `folder`, and the viewer of its checkpoints.
fn open_run(registry: &Registry, folder: &Path, args: &Watch) -> Result<(WatchedRun, tui::Watch)> {
    let name = folder.to_string_lossy();
    let (run, simulations) = split_search(&name)?;
    let folder = if simulations.is_some() { Path::new(run) } else { folder };
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
    let result = Job::result_in(&directory)?;
    let stalled = result.as_ref().and_then(|result| result.stalled.clone());
    let title = |step: u64| {
        let mark =
            if stalled.as_ref().is_some_and(|stall| stall.since <= step) { tr!("stalled") } else { "" };
        let name = tr!("{} after {} steps", job.config.agent_label, step);
        if mark.is_empty() { name } else { format!("{name}, {mark}") }
    };
    let known: Vec<u64> = history.iter().map(|(step, _)| *step).collect();
    let saved = if is_tabular(&job) { job.agent_states(&directory, &known)? } else { Vec::new() };
    let policies = history.into_iter().map(|(step, policy)| {
        let policy = with_search(policy, simulations, &name)?;
        Ok((title(step), Arc::from(policy)))
    });
    let policies = policies.collect::<Result<Policies>>()?;
    let (reporter, background) = Background::channel();
    solve(&job, reporter.clone(), Some(&job.config.agent))?;
    let shown = tui::Watch {
        title: job.config.world_label.clone(),
        learner: learner(registry, &job, saved),
        policies,
        max_steps: job.max_steps(),
        background: Some(background),
        ..settings(args, Arc::clone(&job.world))
    };
    Ok((WatchedRun { job, directory, known, reporter, simulations, is_finished: result.is_some() }, shown))
}

/// Shows the checkpoints of the run in `folder`, and those that its training adds.
fn watch_run(registry: &Registry, folder: &Path, args: &Watch) -> Result<tui::Exit> {
    let (run, shown) = open_run(registry, folder, args)?;
    let exit = std::thread::scope(|scope| {
        if !run.is_finished {
            scope.spawn(|| follow(registry, &run));
        }
        tui::watch(shown)
    })?;
    Ok(exit)
}

/// Shows two runs side by side on the same episodes.
fn watch_runs(registry: &Registry, folders: [&Path; 2], args: &Watch) -> Result<tui::Exit> {
    let [first, second] = folders.map(|folder| open_run(registry, folder, args));
    let ((a, left), (b, right)) = (first?, second?);
    let worlds = [&a, &b].map(|run| run.job.config.world.clone());
    if worlds[0] != worlds[1] {
        return Err(Error::Usage(format!(
            "two runs side by side need one world: {} has {}, and {} has {}",
            folders[0].display(),
            worlds[0],
            folders[1].display(),
            worlds[1]
        )));
    }
    let exit = std::thread::scope(|scope| {
        for run in [&a, &b].into_iter().filter(|run| !run.is_finished) {
            scope.spawn(|| follow(registry, run));
        }
        tui::watch_pair([left, right])
    })?;
    Ok(exit)
}

/// Sends the policies of new checkpoints of a run until the viewer ends.
fn follow(registry: &Registry, run: &WatchedRun) {
    let WatchedRun { job, directory, reporter, .. } = run;
    let mut known = run.known.clone();
    let mut looked = Instant::now();
    while !reporter.is_stopped() {
        std::thread::sleep(REPORT / 2);
        if looked.elapsed() < POLL {
            continue;
        }
        looked = Instant::now();
        // A checkpoint that training replaces while it is read is tried again at the next look.
        let Ok(new) = job.history_besides(registry, directory, &known, &|_| {}) else { continue };
        for (step, policy) in new {
            known.push(step);
            let Ok(policy) = with_search(policy, run.simulations, "") else { continue };
            let name = tr!("{} after {} steps", job.config.agent_label, step);
            reporter.send(Update::Policy(name, Arc::from(policy)));
        }
    }
}

/// Solves the job's world on a thread and sends its scores, and the optimal policy if there is no other agent to watch.
fn solve(job: &Job, reporter: Reporter, agent: Option<&str>) -> Result<()> {
    let (world, max_steps) = (Arc::clone(&job.world), job.config.evaluation.max_steps);
    let learns = agent.is_some();
    spawn("solver", move || {
        let begin = Instant::now();
        let progress =
            Progress { what: tr!("solving the world").into(), steps: None, elapsed: Duration::ZERO };
        let solved = std::thread::scope(|scope| {
            let solver = scope.spawn(|| ScoreScale::of(&*world, max_steps));
            while !learns && !solver.is_finished() && !reporter.is_stopped() {
                std::thread::sleep(REPORT / 4);
                reporter.send(Update::Progress(Progress { elapsed: begin.elapsed(), ..progress.clone() }));
            }
            solver.join()
        });
        let message = match solved {
            Ok(Ok(scale)) => {
                let name = scale.policy_name();
                reporter.send(Update::Scale {
                    reference: scale.reference.map(|reference| reference.value),
                    baseline: scale.baseline.map(|baseline| baseline.value),
                });
                if let Some(policy) = scale.policy.filter(|_| !learns) {
                    reporter.send(Update::Policy(name.into(), policy));
                }
                None
            }
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(tr!("the solver of this world ended by a panic").into()),
        };
        if !learns {
            reporter.send(Update::Done(message));
        }
    })
}

/// Trains `agent` on a thread, and sends its policies after 1 %, 10 % and 100 % of the steps; the policy so far, if the
/// user stops.
fn train(job: &Job, agent: Box<dyn Agent>, reporter: Reporter) -> Result<()> {
    let (env, steps, num_envs) = (job.new_vector_env(), job.config.steps, job.config.num_envs as u64);
    let label = job.config.agent_label.clone();
    spawn("training", move || {
        let trained = train_in_slices(agent, env, (steps, num_envs), &label, &reporter);
        reporter.send(Update::Done(trained.err().map(|error| error.to_string())));
    })
}

fn train_in_slices(
    mut agent: Box<dyn Agent>,
    mut env: Box<dyn ManagedVectorEnv>,
    (steps, num_envs): (u64, u64),
    label: &str,
    reporter: &Reporter,
) -> freewheel_core::Result<()> {
    let begin = Instant::now();
    let (mut now, mut slice) = (0, 256u64);
    let mut goals = vec![steps / 100, steps / 10, steps];
    goals.retain(|&goal| goal > 0);
    goals.dedup();
    for goal in goals {
        while now < goal && !reporter.is_stopped() {
            let then = Instant::now();
            let made = slice.min(goal - now).next_multiple_of(num_envs);
            agent.learn(&mut *env, made)?;
            now += made;
            slice = if then.elapsed() < REPORT { slice.saturating_mul(2) } else { (slice / 2).max(1) };
            reporter.send(Update::Progress(Progress {
                what: tr!("training {}", label),
                steps: Some((now.min(steps), steps)),
                elapsed: begin.elapsed(),
            }));
        }
        let policy = Arc::from(agent.policy(PolicyMode::Greedy));
        reporter.send(Update::Policy(tr!("{} after {} steps", label, now), policy));
        if reporter.is_stopped() {
            break;
        }
    }
    Ok(())
}

/// Starts a thread that the end of the program does not wait for.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(work).map_err(Core::io("a thread"))?;
    Ok(())
}

/// Job for a world that is only watched; no files are written.
fn from_world(registry: &Registry, args: &Watch, agent: Option<&str>) -> Result<Job> {
    let agent = match agent {
        None | Some("human") => "random",
        Some(agent) => agent,
    };
    let mut doc = Document::one_run(&args.what, agent, Some(args.train.max(1)), &args.seed.to_string());
    overlay(&mut doc, &args.overrides.set)?;
    let mut jobs = Plan::new(registry, &doc)?.jobs;
    Ok(jobs.remove(0))
}
