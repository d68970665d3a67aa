//! Evaluations, checkpoints and results of a run that is trained.

use std::path::Path;
use std::sync::atomic::Ordering;

use freewheel_core::checkpoint::{Checkpoint, write_atomically};
use freewheel_core::record::{self, EpisodeRecord};
use freewheel_core::{Baseline, EpisodeSummary, Error, Policy, PolicyMode, Purpose, Result, Streams};

use super::{Control, Progress, Training};
use crate::checkpoints::METRICS_DIGEST;
use crate::checksums::{CONFIG, Checksums, EPISODES, METRICS, RESULTS, read_checked};
use crate::folders::create_folder;
use crate::job::{JobConfig, JobResult, MeasureMean};
use crate::metrics::Window;
use crate::score_scale::ScoreScale;
use crate::stall::{Stall, has_reached};

/// Name of the checkpoint section with [`Training::first_evaluation`].
pub(super) const FIRST_EVALUATION: &str = "first-evaluation";
/// Name of the checkpoint section with [`Training::online_before`].
pub(super) const ONLINE_BEFORE: &str = "online-before";

impl Training<'_> {
    /// Evaluates the policy and writes a line to `metrics.jsonl`; false if the user interrupts, and the evaluation is
    /// still pending.
    pub(super) fn interim_evaluation(&mut self, control: &Control<'_>) -> Result<bool> {
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
    pub(super) fn save(&mut self, occasion: Occasion) -> Result<()> {
        let checkpoint = self.checkpoint()?;
        self.write(occasion, checkpoint)
    }

    /// Copy of the present state.
    pub(super) fn checkpoint(&self) -> Result<PendingCheckpoint> {
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
    pub(super) fn write(&mut self, occasion: Occasion, pending: PendingCheckpoint) -> Result<()> {
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
    pub(super) fn conclude(&mut self, control: &Control<'_>) -> Result<Option<JobResult>> {
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
pub(super) struct PendingCheckpoint {
    step: u64,
    checkpoint: Checkpoint,
    /// Function that syncs the metrics to disk, which must happen before the checkpoint is written.
    sync: Box<dyn FnOnce() -> Result<()> + Send>,
}

/// Reason for saving a checkpoint.
#[derive(Clone, Copy)]
pub(super) enum Occasion {
    /// The checkpoint is scheduled. It replaces the checkpoint saved at an interruption.
    Schedule,
    /// The checkpoint is one of the log-spaced ones, which show what the agent knew when.
    History,
    /// The user interrupts the run, or asks for a checkpoint.
    Request,
}

/// Removes `folder` with its contents; a missing folder is not an error.
pub(super) fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(folder)(e)),
        _ => Ok(()),
    }
}
