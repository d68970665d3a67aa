//! Training of one run: from the start or from the latest checkpoint, up to the final evaluation.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use freewheel_core::checkpoint::{Checkpoint, Store, Writer, write_atomically};
use freewheel_core::record::{self, EpisodeRecord};
use freewheel_core::{
    Agent, Baseline, EpisodeSummary, Error, ManagedVectorEnv, Policy, PolicyMode, Purpose, Result, Score,
    Streams,
};
use serde::{Deserialize, Serialize};

use crate::board::Requests;
use crate::cadence::Cadence;
use crate::checkpoints::{METRICS_DIGEST, history_store, metrics_digest, newest, of_this_run, stores};
use crate::checksums::{CONFIG, Checksums, DIVERGED, EPISODES, METRICS, RESULTS, read_checked};
use crate::export::metrics::lines;
use crate::export::tensorboard::{self, EventLog};
use crate::folders::create_folder;
use crate::job::{CheckpointPlan, Job, JobConfig, JobResult, MeasureMean};
use crate::metrics::{Metrics, Window};
use crate::registry::Registry;
use crate::score_scale::{ScoreScale, ScoreScales};
use crate::stall::{Stall, has_reached};

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

    /// Agent of the latest intact checkpoint, and the step of this checkpoint; `None` if there is no checkpoint yet.
    ///
    /// # Errors
    /// [`Error::Damaged`] if there are checkpoints and none is intact, or if the checkpoints belong to another run.
    pub fn trained(
        &self,
        registry: &Registry,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<Option<(u64, Box<dyn Agent>)>> {
        let Some((step, checkpoint)) = newest(directory, &self.config, note)? else { return Ok(None) };
        let mut agent = self.new_agent(registry)?;
        agent.load(checkpoint.section("agent")?)?;
        Ok(Some((step, agent)))
    }

    /// Greedy policies of all intact checkpoints with their steps, oldest first. Damaged checkpoints are reported to
    /// `note`.
    ///
    /// # Errors
    /// Errors of reading the checkpoints.
    pub fn history(
        &self,
        registry: &Registry,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<Vec<(u64, Box<dyn Policy>)>> {
        self.history_besides(registry, directory, &[], note)
    }

    /// [`Job::history`] without the checkpoints of the steps in `known`.
    ///
    /// # Errors
    /// Errors of reading the checkpoints.
    pub(crate) fn history_besides(
        &self,
        registry: &Registry,
        directory: &Path,
        known: &[u64],
        note: &dyn Fn(&str),
    ) -> Result<Vec<(u64, Box<dyn Policy>)>> {
        let mut history: Vec<(u64, Box<dyn Policy>)> = Vec::new();
        let CheckpointPlan { keep, history: log_spaced, .. } = self.config.checkpoint;
        let spaced = history_store(directory, log_spaced);
        for store in stores(directory, keep).iter().chain([&spaced]) {
            for step in store.steps()? {
                if known.contains(&step) || history.iter().any(|(other, _)| *other == step) {
                    continue;
                }
                match store.load(step).and_then(|checkpoint| of_this_run(checkpoint, &self.config, directory))
                {
                    Ok(checkpoint) => {
                        let mut agent = self.new_agent(registry)?;
                        agent.load(checkpoint.section("agent")?)?;
                        history.push((step, agent.policy(PolicyMode::Greedy)));
                    }
                    Err(damaged) => note(&damaged.to_string()),
                }
            }
        }
        history.sort_by_key(|(step, _)| *step);
        Ok(history)
    }

    /// Saved states of the agent in the checkpoints of the run in `directory` after these `steps`, in their order; up to
    /// the first that is missing or damaged.
    ///
    /// # Errors
    /// Errors of reading the checkpoints.
    pub(crate) fn agent_states(&self, directory: &Path, steps: &[u64]) -> Result<Vec<Vec<u8>>> {
        let CheckpointPlan { keep, history: log_spaced, .. } = self.config.checkpoint;
        let mut states = Vec::new();
        for &step in steps {
            let mut all = stores(directory, keep).into_iter().chain([history_store(directory, log_spaced)]);
            let found = all.find_map(|store| {
                let checkpoint =
                    store.load(step).and_then(|found| of_this_run(found, &self.config, directory));
                checkpoint.and_then(|checkpoint| checkpoint.section("agent").map(<[u8]>::to_vec)).ok()
            });
            match found {
                Some(state) => states.push(state),
                None => break,
            }
        }
        Ok(states)
    }

    /// Untrained agent of the run, without demonstrations: it loads a checkpoint and acts.
    pub(crate) fn new_agent(&self, registry: &Registry) -> Result<Box<dyn Agent>> {
        let JobConfig { seed, ref agent, ref agent_settings, .. } = self.config;
        let budget = self.config.budget();
        registry.find_agent(agent)?.build_in(&*self.world, agent_settings, budget, Streams::new(seed))
    }

    /// Vector environment of the run, at the start of its first episodes.
    pub(crate) fn new_vector_env(&self) -> Box<dyn ManagedVectorEnv> {
        let JobConfig { seed, num_envs, .. } = self.config;
        self.world.vector_env(num_envs, Streams::new(seed), Purpose::Environment, 0)
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

/// Name of the checkpoint section with [`Training::first_evaluation`].
const FIRST_EVALUATION: &str = "first-evaluation";
/// Name of the checkpoint section with [`Training::online_before`].
const ONLINE_BEFORE: &str = "online-before";

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

    /// Answers the requests of the dashboard. A checkpoint goes where that of an interruption goes, so that the scheduled
    /// ones do not depend on it.
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

    /// Evaluates the policy and writes a line to `metrics.jsonl`; false if the user interrupts, and the evaluation is
    /// still pending.
    fn interim_evaluation(&mut self, control: &Control<'_>) -> Result<bool> {
        let policy = self.agent.policy(PolicyMode::Greedy);
        let episodes = self.job.config.evaluation.interim_episodes;
        let finished = self.job.evaluate(&*policy, episodes, control.stop);
        self.tell(control);
        let Some(finished) = finished? else { return Ok(false) };
        self.update_stall(&finished, control)?;
        let Progress { step, ref stalled, .. } = self.progress;
        if self.first_evaluation.is_none() {
            self.first_evaluation = Window::of(&finished).score().map(|score| (step, score));
        }
        self.metrics.evaluation(step, &Window::of(&finished), stalled.as_ref())?;
        self.progress.evaluation_pending = false;
        Ok(true)
    }

    /// Sets or removes the stall mark according to the newest evaluation.
    fn update_stall(&mut self, finished: &[EpisodeSummary], control: &Control<'_>) -> Result<()> {
        let JobConfig { steps, ref evaluation, .. } = self.job.config;
        let due = (evaluation.stalled_after * self.cadence.schedule as f64).round() as u64;
        let now = self.progress.step;
        if due == 0 || now < due || !self.agent.learns() {
            return Ok(());
        }
        let found = self.stall(now, finished, control)?;
        self.progress.stalled = match (found, self.progress.stalled.take()) {
            (Some(_), Some(before)) => Some(before),
            (Some(stall), None) => {
                (control.note)(&format!("{}: stalled: {}", self.job.title(), stall.to_text(steps)));
                Some(stall)
            }
            (None, _) => None,
        };
        Ok(())
    }

    /// Stall that the evaluation at step `now` shows; see [`crate::stall`].
    fn stall(&self, now: u64, finished: &[EpisodeSummary], control: &Control<'_>) -> Result<Option<Stall>> {
        let lower_is_better = self.job.evaluation_world().spec().lower_is_better();
        let Some(trivial) = control.score_scales.trivial(self.job)? else { return Ok(None) };
        if let Some(stall) = Stall::of(now, finished, &trivial, lower_is_better) {
            let reference = control.score_scales.of(self.job)?.reference;
            let reached = |reference| has_reached(finished, reference, &trivial, lower_is_better);
            return Ok((!reference.is_some_and(reached)).then_some(stall));
        }
        let Some((step, score)) = self.first_evaluation.filter(|(step, _)| *step < now) else {
            return Ok(None);
        };
        let first = Baseline { name: format!("evaluation after {step} steps"), value: score };
        let Some(stall) = Stall::of(now, finished, &first, lower_is_better) else { return Ok(None) };
        let scale = ScoreScale { baseline: Some(trivial), ..control.score_scales.of(self.job)? };
        let far = scale.normalize(stall.score, lower_is_better).is_some_and(|made| made < 0.5);
        Ok(far.then_some(stall))
    }

    /// Saves a checkpoint. The state is copied now and written in the background, after the previous checkpoint has
    /// been written.
    fn save(&mut self, occasion: Occasion) -> Result<()> {
        let checkpoint = self.checkpoint()?;
        self.write(occasion, checkpoint)
    }

    /// Copy of the present state.
    fn checkpoint(&self) -> Result<PendingCheckpoint> {
        let (metrics_bytes, sync) = self.metrics.sync()?;
        let unsupported = |e| Error::Unsupported(format!("the progress of a run cannot be saved: {e}"));
        let progress = postcard::to_stdvec(&Progress { metrics_bytes, ..self.progress.clone() });
        let first_evaluation = postcard::to_stdvec(&self.first_evaluation);
        let online_before = postcard::to_stdvec(&self.online_before);
        let mut checkpoint = Checkpoint::default();
        checkpoint.insert("run", self.job.config.identity());
        checkpoint.insert("progress", progress.map_err(unsupported)?);
        checkpoint.insert(FIRST_EVALUATION, first_evaluation.map_err(unsupported)?);
        checkpoint.insert(ONLINE_BEFORE, online_before.map_err(unsupported)?);
        checkpoint.insert(METRICS_DIGEST, self.metrics.digest().as_bytes().to_vec());
        checkpoint.insert("agent", self.agent.save()?);
        checkpoint.insert("episodes", self.env.save()?);
        Ok(PendingCheckpoint { step: self.progress.step, checkpoint, sync: Box::new(sync) })
    }

    /// Writes a checkpoint in the background, after the previous one has been written.
    fn write(&mut self, occasion: Occasion, pending: PendingCheckpoint) -> Result<()> {
        self.writer.finish()?;
        let PendingCheckpoint { step, checkpoint, sync } = pending;
        let (scheduled, interrupted) = (self.scheduled.clone(), self.interrupted.clone());
        let history = self.history.clone();
        self.writer.submit(move || {
            // The checkpoint contains the size of the metrics file: the metrics must be on disk first.
            sync()?;
            match occasion {
                Occasion::History => history.save(step, &checkpoint).map(drop),
                Occasion::Request => interrupted.save(step, &checkpoint).map(drop),
                Occasion::Schedule => {
                    scheduled.save(step, &checkpoint).and_then(|_| remove_folder(interrupted.dir()))
                }
            }
        })
    }

    /// Makes the final evaluation, records episodes and writes `eval.json`, which marks the run as finished; `None` if
    /// the user interrupts. The last checkpoint is on disk before the evaluation, so that `resume` repeats only the
    /// final evaluation.
    fn conclude(&mut self, control: &Control<'_>) -> Result<Option<JobResult>> {
        let config = &self.job.config;
        let policy = self.agent.policy(PolicyMode::Greedy);
        let finished = self.job.evaluate(&*policy, config.evaluation.episodes, control.stop);
        self.tell(control);
        let Some(finished) = finished? else { return self.writer.finish().map(|()| None) };
        self.update_stall(&finished, control)?;
        let evaluation = Window::of(&finished);
        if evaluation.episodes < finished.len() as u64 {
            (control.note)(&format!(
                "{}: {} of {} episodes have no score and are left out",
                self.directory.display(),
                finished.len() as u64 - evaluation.episodes,
                finished.len()
            ));
        }
        let records = match self.record(&*policy) {
            // A step that was interrupted fails.
            Err(_) if control.stop.load(Ordering::Relaxed) => return self.writer.finish().map(|()| None),
            records => record::to_text(&records?)?,
        };
        let result = JobResult {
            seed: config.seed,
            steps: self.progress.step,
            evaluation,
            online: match self.cadence.is_due(self.progress.step, 5) {
                true => self.progress.online,
                false => self.online_before.merged(&self.progress.online),
            },
            measures: MeasureMean::all(self.job.evaluation_world().spec(), &finished),
            stalled: self.progress.stalled.clone(),
        };
        // `eval.json` may exist only if the last checkpoint is on disk.
        self.writer.finish()?;
        let (_, sync) = self.metrics.sync()?;
        sync()?;
        let text = serde_json::to_string_pretty(&result).map_err(|e| Error::Unsupported(e.to_string()))?;
        let mut checksums = Checksums::default();
        checksums.insert(CONFIG, &read_checked(&self.directory, CONFIG)?);
        checksums.insert_hash(METRICS, self.metrics.digest());
        checksums.insert(EPISODES, records.as_bytes());
        checksums.insert(RESULTS, text.as_bytes());
        checksums.write(&self.directory)?;
        let episodes = self.directory.join(EPISODES);
        create_folder(&self.directory, episodes.parent().unwrap_or(&self.directory))?;
        write_atomically(episodes, records.as_bytes())?;
        write_atomically(self.directory.join(RESULTS), text.as_bytes())?;
        Ok(Some(result))
    }

    /// Records the first episodes of the final evaluation.
    fn record(&self, policy: &dyn Policy) -> Result<Vec<EpisodeRecord>> {
        let config = &self.job.config;
        let streams = Streams::new(config.seed);
        let settings = serde_json::to_value(self.job.evaluation_settings()).unwrap_or_default();
        let count = config.evaluation.recorded.min(config.evaluation.episodes);
        let one = |index| {
            let purpose = Purpose::EvaluationEnvironment;
            let mut runner = self.job.evaluation_world().episode_runner(streams, purpose, index);
            let rng = streams.stream(Purpose::EvaluationAction, index, 0);
            let played = record::play(&mut *runner, 0, policy, rng, self.job.max_steps());
            played.map(|record| EpisodeRecord { settings: settings.clone(), ..record })
        };
        (0..count).map(one).collect()
    }
}

/// Checkpoint in memory.
struct PendingCheckpoint {
    step: u64,
    checkpoint: Checkpoint,
    /// Function that syncs the metrics to disk, which must happen before the checkpoint is written.
    sync: Box<dyn FnOnce() -> Result<()> + Send>,
}

/// Reason for saving a checkpoint.
#[derive(Clone, Copy)]
enum Occasion {
    /// The checkpoint is scheduled. It replaces the checkpoint saved at an interruption.
    Schedule,
    /// The checkpoint is one of the log-spaced ones, which show what the agent knew when.
    History,
    /// The user interrupts the run, or asks for a checkpoint.
    Request,
}

/// Removes `folder` with its contents; a missing folder is not an error.
fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(folder)(e)),
        _ => Ok(()),
    }
}
