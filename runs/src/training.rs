//! Training of one run: from the start or from the latest checkpoint, up to the final evaluation.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use freewheel_core::checkpoint::{Store, Writer, write_atomically};
use freewheel_core::{Agent, Error, ManagedVectorEnv, PolicyMode, Result, Score};
use serde::{Deserialize, Serialize};

use crate::board::Requests;
use crate::cadence::Cadence;
use crate::checkpoints::{history_store, metrics_digest, newest, stores};
use crate::checksums::{DIVERGED, METRICS};
use crate::export::metrics::lines;
use crate::export::tensorboard::{self, EventLog};
use crate::job::{Job, JobResult};
use crate::metrics::{Metrics, Window};
use crate::registry::Registry;
use crate::score_scale::ScoreScales;
use crate::stall::Stall;

mod saving;
mod trained;

use saving::{FIRST_EVALUATION, ONLINE_BEFORE, Occasion, PendingCheckpoint};

/// Flags and callbacks by which the caller controls a running job.
pub struct Control<'a> {
    /// Stop flag, set to interrupt the job.
    pub stop: &'a AtomicBool,
    /// Callback with the number of environment steps made since the last call.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Callback with the number of environment steps that an earlier call of the program made.
    pub resumed: &'a (dyn Fn(u64) + Sync),
    /// Callback with messages for the user.
    pub note: &'a (dyn Fn(&str) + Sync),
    /// Baselines of the worlds, for stall marks.
    pub score_scales: &'a ScoreScales,
    /// Requests of the training dashboard, which are answered between two slices of steps.
    pub requests: Option<&'a Requests>,
}

/// Choice of the state in which a job ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The job is finished, with these results.
    Done(JobResult),
    /// The job was interrupted by the user, and is saved.
    Interrupted,
    /// The job diverged: a quantity became NaN or infinite. The text contains the name of the quantity.
    Diverged(String),
}

impl Job {
    /// Runs the job in its folder below `root`: from the start, or from the latest intact checkpoint. If the job is
    /// finished, its results are read. The files of the run are the same, byte for byte, however often the run is
    /// interrupted and resumed.
    ///
    /// # Errors
    /// Errors of reading and writing, and of the agent's settings. Divergence is not an error but an [`Outcome`].
    pub fn run(&self, registry: &Registry, root: &Path, control: &Control<'_>) -> Result<Outcome> {
        let directory = self.directory(root);
        if let Some(result) = self.result(root)? {
            (control.resumed)(self.config.steps);
            if self.tensorboard {
                tensorboard::write(registry, self, &directory)?;
            }
            return Ok(Outcome::Done(result));
        }
        self.prepare(root)?;
        let follow = self.tensorboard || directory.join(tensorboard::FILE).is_file();
        // Written by an earlier attempt; a resumed run may learn with another version.
        let reason = directory.join(DIVERGED);
        if reason.is_file() {
            std::fs::remove_file(&reason).map_err(Error::io(&reason))?;
        }
        let mut training = Training::open(self, registry, directory.clone(), follow, control)?;
        match training.learn_to_end(control) {
            Ok(true) => match training.conclude(control)? {
                Some(result) => {
                    if follow {
                        tensorboard::write(registry, self, &directory)?;
                    }
                    Ok(Outcome::Done(result))
                }
                None => Ok(Outcome::Interrupted),
            },
            Ok(false) => Ok(Outcome::Interrupted),
            Err(e @ Error::Diverged { .. }) => {
                write_atomically(&reason, format!("{e}\n").as_bytes())?;
                Ok(Outcome::Diverged(e.to_string()))
            }
            Err(e) => Err(e),
        }
    }
}

/// Progress of a run, which is stored in its checkpoints.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Number of environment steps made.
    step: u64,
    /// Size of `metrics.jsonl` at this step, in bytes.
    metrics_bytes: u64,
    /// Statistics of the training episodes since the last line of `metrics.jsonl`.
    window: Window,
    /// Statistics of the training episodes in the present fifth of the schedule's steps.
    online: Window,
    /// Number of training episodes so far.
    pub(crate) episodes: u64,
    /// Whether an evaluation is due at this step and has not been made yet.
    evaluation_pending: bool,
    /// Stall mark, if the run is stalled.
    stalled: Option<Stall>,
}

impl Progress {
    /// Progress of a run without metrics after `step` steps and `episodes` episodes.
    pub(crate) fn at(step: u64, episodes: u64) -> Self {
        Progress { step, episodes, ..Progress::default() }
    }
}

/// A run while it is trained.
struct Training<'a> {
    job: &'a Job,
    directory: PathBuf,
    agent: Box<dyn Agent>,
    env: Box<dyn ManagedVectorEnv>,
    metrics: Metrics,
    progress: Progress,
    /// Step and mean score of the first evaluation.
    first_evaluation: Option<(u64, f64)>,
    /// Statistics of the training episodes in the fifth of the schedule's steps before the present one.
    online_before: Window,
    /// Steps at which log lines, evaluations and checkpoints are due.
    cadence: Cadence,
    /// Store of the scheduled checkpoints.
    scheduled: Store,
    /// Store of the checkpoint saved at an interruption. It is separate, so that the scheduled checkpoints do not
    /// depend on interruptions.
    interrupted: Store,
    /// Store of the log-spaced checkpoints.
    history: Store,
    /// Writer of checkpoints in the background.
    writer: Writer,
}

/// Target duration of one call of `Agent::learn`: long compared with its overhead, short enough for a quick Ctrl-C.
const SLICE: Duration = Duration::from_millis(100);

impl<'a> Training<'a> {
    /// Run in `directory` at its latest checkpoint, or at its start; with `follow`, it writes an event file.
    fn open(
        job: &'a Job,
        registry: &Registry,
        directory: PathBuf,
        follow: bool,
        control: &Control<'_>,
    ) -> Result<Self> {
        let config = &job.config;
        let (mut agent, mut env) = (job.agent_to_train(registry)?, job.new_vector_env());
        let mut progress = Progress::default();
        let (mut digest, mut first_evaluation, mut online_before) = (None, None, Window::default());
        if let Some((_, checkpoint)) = newest(&directory, config, control.note)? {
            digest = metrics_digest(&checkpoint)?;
            // A checkpoint of an earlier version has no such section.
            first_evaluation =
                checkpoint.get(FIRST_EVALUATION).and_then(|bytes| postcard::from_bytes(bytes).ok()).flatten();
            let before = checkpoint.get(ONLINE_BEFORE).and_then(|bytes| postcard::from_bytes(bytes).ok());
            online_before = before.unwrap_or_default();
            progress = postcard::from_bytes(checkpoint.section("progress")?).map_err(|e| {
                Error::Config(format!("{}: this checkpoint is not of a run: {e}", directory.display()))
            })?;
            agent.load(checkpoint.section("agent")?)?;
            env.load(checkpoint.section("episodes")?)?;
            (control.resumed)(progress.step);
        }
        let mut metrics = Metrics::open(&directory.join(METRICS), progress.metrics_bytes, digest)?;
        if follow {
            metrics.follow(EventLog::open(job, &directory, &lines(&directory)?)?);
        }
        let [scheduled, interrupted] = stores(&directory, config.checkpoint.keep);
        let history = history_store(&directory, config.checkpoint.history);
        let writer = Writer::default();
        let cadence = Cadence { schedule: config.schedule(), num_envs: config.num_envs as u64 };
        Ok(Training {
            job,
            directory,
            agent,
            env,
            metrics,
            progress,
            first_evaluation,
            online_before,
            cadence,
            scheduled,
            interrupted,
            history,
            writer,
        })
    }

    /// Trains until all steps are made (returns true) or the user interrupts (returns false). On return, all
    /// checkpoints are on disk except the last one at the end of training; [`Training::conclude`] waits for that one.
    fn learn_to_end(&mut self, control: &Control<'_>) -> Result<bool> {
        let finished = self.learn_in_slices(control);
        if !matches!(finished, Ok(true)) {
            self.writer.finish()?;
        }
        finished
    }

    fn learn_in_slices(&mut self, control: &Control<'_>) -> Result<bool> {
        let config = &self.job.config;
        let (total, num_envs, cadence) = (config.steps, config.num_envs as u64, self.cadence);
        let spaced = cadence.log_spaced(config.checkpoint.history, total);
        let slow = self.job.world.is_slow();
        let mut slice = if slow { 1 } else { 1024u64 };
        loop {
            let now = self.progress.step;
            let evaluated = !self.progress.evaluation_pending || self.interim_evaluation(control)?;
            if evaluated && cadence.is_due(now, config.checkpoint.points.max(1)) {
                self.save(Occasion::Schedule)?;
            } else if evaluated && now == total {
                // The end of a run that is shorter or longer than its schedule: a longer run has no checkpoint here.
                self.save(Occasion::Request)?;
            }
            if evaluated && spaced.contains(&now) {
                self.save(Occasion::History)?;
            }
            if evaluated && now == total {
                return Ok(true);
            }
            if control.stop.load(Ordering::Relaxed) {
                self.save(Occasion::Request)?;
                return Ok(false);
            }
            if let Some(requests) = control.requests {
                self.answer(requests, control)?;
            }
            let schedules = [config.log.points, config.evaluation.points, config.checkpoint.points, 5, 1];
            let next = schedules.iter().map(|&points| cadence.next(now, points)).fold(total, u64::min);
            let next = spaced.iter().copied().filter(|&step| step > now).fold(next, u64::min);
            let next = next.min(now + slice.next_multiple_of(num_envs));
            let begin = Instant::now();
            let before = if slow { Some(self.checkpoint()?) } else { None };
            let longest = SLICE.max(20 * begin.elapsed());
            let learned = self.learn(next - now);
            self.tell(control);
            if let Err(error) = learned {
                return self.give_up(error, before, control);
            }
            (control.progress)(next - now);
            // The length of a slice does not change the results, so it may depend on the clock.
            slice = if begin.elapsed() < longest { (slice * 2).min(total) } else { (slice / 2).max(1) };
            if cadence.is_due(next, config.log.points) {
                self.log()?;
            }
            self.progress.evaluation_pending = cadence.is_due(next, config.evaluation.points);
        }
    }

    /// Answers the requests of the dashboard. A checkpoint goes where that of an interruption goes, so that the
    /// scheduled ones do not depend on it.
    fn answer(&mut self, requests: &Requests, control: &Control<'_>) -> Result<()> {
        let step = self.progress.step;
        if requests.wants_checkpoint() {
            self.save(Occasion::Request)?;
            (control.note)(&format!("{}: checkpoint of step {step} saved", self.job.title()));
        }
        if requests.wants_policy() {
            requests.hand_over(step, Arc::from(self.agent.policy(PolicyMode::Greedy)));
        }
        Ok(())
    }

    /// Ends the training after an error in a slice of steps: saves the checkpoint from before the slice, if there is
    /// one. Returns false for an interruption, else the error.
    fn give_up(
        &mut self,
        error: Error,
        before: Option<PendingCheckpoint>,
        control: &Control<'_>,
    ) -> Result<bool> {
        if matches!(error, Error::Diverged { .. }) {
            return Err(error);
        }
        if let Some(before) = before {
            self.write(Occasion::Request, before)?;
        }
        if control.stop.load(Ordering::Relaxed) { Ok(false) } else { Err(error) }
    }

    /// Passes the messages of the worlds on to the user.
    fn tell(&self, control: &Control<'_>) {
        for world in [&*self.job.world, self.job.evaluation_world()] {
            while let Some(text) = world.take_note() {
                (control.note)(&format!("{}: {text}", self.job.title()));
            }
        }
    }

    /// Trains for `steps` environment steps and collects the episodes that end.
    fn learn(&mut self, steps: u64) -> Result<()> {
        self.agent.learn(&mut *self.env, steps)?;
        // A slice never crosses the start of a fifth.
        if self.cadence.is_due(self.progress.step, 5) {
            self.online_before = std::mem::take(&mut self.progress.online);
        }
        for finished in self.env.take_finished() {
            self.progress.window.add(&finished);
            self.progress.online.add(&finished);
            self.progress.episodes += 1;
        }
        self.progress.step += steps;
        Ok(())
    }

    /// Writes a training line to `metrics.jsonl`.
    fn log(&mut self) -> Result<()> {
        let mut scalars = Vec::new();
        self.agent.report(&mut scalars);
        let window = std::mem::take(&mut self.progress.window);
        if self.job.world.spec().score != Score::Return {
            scalars.extend(window.mean_return().map(|mean| ("return".to_owned(), mean)));
        }
        self.metrics.training(self.progress.step, self.progress.episodes, &window, &scalars)
    }
}
