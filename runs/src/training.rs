//! A job while it runs: slices of learning, and what is due between them.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use freewheel_core::checkpoint::{Checkpoint, Store, Writer, write_atomically};
use freewheel_core::record::{self, EpisodeRecord};
use freewheel_core::{
    Agent, EpisodeSummary, Error, Mode, Policy, Purpose, Result, Score, Streams, VectorEnv,
};
use serde::{Deserialize, Serialize};

use crate::job::{Control, Job, JobConfig, JobResult, Measured};
use crate::metrics::{Metrics, Window};
use crate::registry::Registry;
use crate::stall::Stall;

/// What a checkpoint keeps of the run itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Progress {
    step: u64,
    /// Bytes of `metrics.jsonl` that belong to the steps so far.
    metrics: u64,
    /// Training episodes since the last line.
    window: Window,
    /// Training episodes of the last fifth.
    online: Window,
    /// Training episodes in all.
    episodes: u64,
    /// Whether an evaluation is due at this step and has not been made.
    owes_evaluation: bool,
    /// Since when it is not better than the baseline, once that counts.
    stalled: Option<Stall>,
}

/// A job while it runs.
pub(crate) struct Training<'a> {
    job: &'a Job,
    directory: PathBuf,
    agent: Box<dyn Agent>,
    episodes: Box<dyn VectorEnv>,
    metrics: Metrics,
    progress: Progress,
    store: Store,
    /// Where an interruption saves: beside the scheduled ones, so that these end up as if nothing had happened.
    aside: Store,
    /// Writes checkpoints while learning goes on.
    writer: Writer,
}

/// Long enough that a slice costs nothing, short enough that Ctrl-C is answered at once.
const SLICE: Duration = Duration::from_millis(100);

impl<'a> Training<'a> {
    pub(crate) fn begin(
        job: &'a Job,
        registry: &Registry,
        directory: PathBuf,
        control: &Control<'_>,
    ) -> Result<Self> {
        let config = &job.config;
        let mut agent = job.agent(registry)?;
        let mut episodes =
            job.world.vector_env(config.num_envs, Streams::new(config.seed), Purpose::Environment, 0);
        let mut progress = Progress::default();
        if let Some((_, checkpoint)) = newest(&directory, config, control.note)? {
            progress = postcard::from_bytes(checkpoint.section("progress")?).map_err(|e| {
                Error::Config(format!("{}: this checkpoint is not a run's: {e}", directory.display()))
            })?;
            agent.load(checkpoint.section("agent")?)?;
            episodes.load(checkpoint.section("episodes")?)?;
            (control.progress)(progress.step);
        }
        let metrics = Metrics::open(&directory.join("metrics.jsonl"), progress.metrics)?;
        let [store, aside] = stores(&directory, config.checkpoint.keep);
        let writer = Writer::default();
        Ok(Training { job, directory, agent, episodes, metrics, progress, store, aside, writer })
    }

    /// Learns until all steps are made (true) or the user wants to stop (false). Whatever ends it, what was to be saved by
    /// then has been, but for the end itself, which is still being written.
    pub(crate) fn finish_learning(&mut self, control: &Control<'_>) -> Result<bool> {
        let learned = self.learn_on(control);
        if !matches!(learned, Ok(true)) {
            self.writer.finish()?;
        }
        learned
    }

    fn learn_on(&mut self, control: &Control<'_>) -> Result<bool> {
        let config = &self.job.config;
        let (total, num_envs) = (config.steps, config.num_envs as u64);
        let due = |step: u64, points: u64| {
            step > 0 && points > 0 && step == boundary(step - 1, points, total, num_envs)
        };
        let mut slice = 1024u64;
        loop {
            let now = self.progress.step;
            let evaluated = !self.progress.owes_evaluation || self.evaluate_on_the_way(control)?;
            if evaluated && (due(now, config.checkpoint.points) || now == total) {
                self.save(Place::Scheduled)?;
            }
            if evaluated && now == total {
                return Ok(true);
            }
            if control.stop.load(Ordering::Relaxed) {
                self.save(Place::Aside)?;
                return Ok(false);
            }
            let schedules = [config.log.points, config.evaluation.points, config.checkpoint.points, 5, 1];
            let next = schedules
                .map(|points| boundary(now, points, total, num_envs))
                .into_iter()
                .min()
                .unwrap_or(total);
            let next = next.min(now + slice.next_multiple_of(num_envs));
            let begin = Instant::now();
            self.learn(next - now)?;
            (control.progress)(next - now);
            // How a run is sliced changes nothing in it, so the clock may decide.
            slice = if begin.elapsed() < SLICE { (slice * 2).min(total) } else { (slice / 2).max(1) };
            if due(next, config.log.points) {
                self.log()?;
            }
            self.progress.owes_evaluation = due(next, config.evaluation.points);
        }
    }

    fn learn(&mut self, steps: u64) -> Result<()> {
        let total = self.job.config.steps;
        self.agent.learn(&mut *self.episodes, steps)?;
        for finished in self.episodes.take_finished() {
            self.progress.window.add(&finished);
            self.progress.episodes += 1;
            // Slices never straddle the boundary of the last fifth.
            if self.progress.step
                >= boundary((total * 4 / 5).saturating_sub(1), 5, total, self.job.config.num_envs as u64)
            {
                self.progress.online.add(&finished);
            }
        }
        self.progress.step += steps;
        Ok(())
    }

    fn log(&mut self) -> Result<()> {
        let mut scalars = Vec::new();
        self.agent.report(&mut scalars);
        let window = std::mem::take(&mut self.progress.window);
        if self.job.world.spec().score != Score::Return {
            scalars.extend(window.total().map(|total| ("return".to_owned(), total)));
        }
        self.metrics.training(self.progress.step, self.progress.episodes, &window, &scalars)
    }

    /// False where the user wanted to stop: then the evaluation is still owed.
    fn evaluate_on_the_way(&mut self, control: &Control<'_>) -> Result<bool> {
        let policy = self.agent.policy(Mode::Greedy);
        let episodes = self.job.config.evaluation.interim_episodes;
        let Some(finished) = self.job.evaluate(&*policy, episodes, control.stop)? else { return Ok(false) };
        self.judge(&finished, control)?;
        let Progress { step, ref stalled, .. } = self.progress;
        self.metrics.evaluation(step, &Window::of(&finished), stalled.as_ref())?;
        self.progress.owes_evaluation = false;
        Ok(true)
    }

    /// Marks the run as stalled, or takes the mark away, as its newest evaluation has it.
    fn judge(&mut self, finished: &[EpisodeSummary], control: &Control<'_>) -> Result<()> {
        let JobConfig { steps, ref evaluation, .. } = self.job.config;
        let (now, due) = (self.progress.step, (evaluation.stalled_after * steps as f64).round() as u64);
        if due == 0 || now < due || !self.agent.learns() {
            return Ok(());
        }
        let Some(baseline) = control.score_scales.baseline(self.job)? else { return Ok(()) };
        let lower_is_better = self.job.evaluation_world().spec().lower_is_better();
        let found = Stall::of(now, finished, &baseline, lower_is_better);
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

    /// Learning stands still while the run is copied; the rest is done in the background. One copy at a time: where the last is
    /// still being written, this waits.
    fn save(&mut self, place: Place) -> Result<()> {
        self.writer.finish()?;
        let (metrics, sync) = self.metrics.sync()?;
        let progress = postcard::to_stdvec(&Progress { metrics, ..self.progress.clone() })
            .map_err(|e| Error::Unsupported(format!("a run cannot be saved: {e}")))?;
        let mut checkpoint = Checkpoint::default();
        checkpoint.insert("run", self.job.config.identity());
        checkpoint.insert("progress", progress);
        checkpoint.insert("agent", self.agent.save()?);
        checkpoint.insert("episodes", self.episodes.save()?);
        let (step, store, aside) = (self.progress.step, self.store.clone(), self.aside.clone());
        self.writer.begin(move || {
            // A checkpoint counts the bytes of the metrics: they are there before it is.
            sync()?;
            match place {
                Place::Aside => aside.save(step, &checkpoint).map(drop),
                Place::Scheduled => store.save(step, &checkpoint).and_then(|_| remove(aside.dir())),
            }
        })
    }

    /// The final evaluation, the recorded episodes, and `eval.json`, which says that the run is done; `None` where the
    /// user wanted to stop. The last checkpoint is the end of learning: only this is then left to do.
    pub(crate) fn conclude(&mut self, control: &Control<'_>) -> Result<Option<JobResult>> {
        let config = &self.job.config;
        let policy = self.agent.policy(Mode::Greedy);
        let Some(finished) = self.job.evaluate(&*policy, config.evaluation.episodes, control.stop)? else {
            return self.writer.finish().map(|()| None);
        };
        self.judge(&finished, control)?;
        let evaluation = Window::of(&finished);
        if evaluation.episodes < finished.len() as u64 {
            let unsaid = finished.len() as u64 - evaluation.episodes;
            let name = self.directory.display();
            (control.note)(&format!(
                "{name}: {unsaid} of {} episodes have no score and do not count",
                finished.len()
            ));
        }
        let records = self.record(&*policy)?;
        let folder = self.directory.join("episodes");
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        record::write(folder.join("evaluation.jsonl"), &records)?;
        let result = JobResult {
            seed: config.seed,
            steps: self.progress.step,
            evaluation,
            online: self.progress.online,
            measures: Measured::all(self.job.evaluation_world().spec(), &finished),
            stalled: self.progress.stalled.clone(),
        };
        // Whoever finds this finds the end of learning, too.
        self.writer.finish()?;
        let text = serde_json::to_string_pretty(&result).map_err(|e| Error::Unsupported(e.to_string()))?;
        write_atomically(self.directory.join("eval.json"), text.as_bytes())?;
        Ok(Some(result))
    }

    fn record(&self, policy: &dyn Policy) -> Result<Vec<EpisodeRecord>> {
        let config = &self.job.config;
        let streams = Streams::new(config.seed);
        let settings = serde_json::to_value(self.job.judge_settings()).unwrap_or_default();
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

/// Where a checkpoint goes.
#[derive(Clone, Copy)]
enum Place {
    /// To those of the schedule, which make what an interruption saved superfluous.
    Scheduled,
    /// Beside them.
    Aside,
}

/// What is gone already is removed.
fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(folder)(e)),
        _ => Ok(()),
    }
}

/// Where a run's checkpoints are: the scheduled ones, and what an interruption saved.
pub(crate) fn stores(directory: &Path, keep: usize) -> [Store; 2] {
    [
        Store::new(directory.join("checkpoints"), keep),
        Store::new(directory.join("checkpoints/interrupted"), 1),
    ]
}

/// A checkpoint that was made by this very run and no other.
pub(crate) fn of_this_run(
    checkpoint: Checkpoint,
    config: &JobConfig,
    directory: &Path,
) -> Result<Checkpoint> {
    if checkpoint.section("run")? == config.identity() {
        return Ok(checkpoint);
    }
    let reason =
        "a checkpoint here was made by another run; put back the right ones, or delete them to begin anew";
    Err(Error::Damaged { file: directory.to_owned(), reason: reason.into() })
}

/// The newest whole checkpoint of a run, scheduled or saved by an interruption.
pub(crate) fn newest(
    directory: &Path,
    config: &JobConfig,
    note: &dyn Fn(&str),
) -> Result<Option<(u64, Checkpoint)>> {
    let mut refused = Vec::new();
    let mut best: Option<(u64, Checkpoint)> = None;
    for store in stores(directory, config.checkpoint.keep) {
        match store.latest() {
            Ok(None) => {}
            Ok(Some(restored)) => {
                refused.extend(restored.refused);
                if best.as_ref().is_none_or(|(step, _)| restored.step > *step) {
                    best = Some((restored.step, of_this_run(restored.checkpoint, config, directory)?));
                }
            }
            Err(e @ Error::Damaged { .. }) => refused.push(e),
            Err(e) => return Err(e),
        }
    }
    match (best, refused.pop()) {
        (None, Some(damaged)) => Err(damaged),
        (best, last) => {
            let step = best.as_ref().map_or(0, |(step, _)| *step);
            for error in refused.iter().chain(&last) {
                note(&format!("{error}; going on from the checkpoint of step {step}"));
            }
            Ok(best)
        }
    }
}

/// The first step after `now` at which something that happens `points` times in `total` steps is due; whole ticks of `num_envs`.
fn boundary(now: u64, points: u64, total: u64, num_envs: u64) -> u64 {
    if points == 0 {
        return total;
    }
    let points = points.min(total);
    let at = |k: u64| {
        ((u128::from(k) * u128::from(total)).div_ceil(u128::from(points)) as u64).next_multiple_of(num_envs)
    };
    let mut k = (u128::from(now) * u128::from(points) / u128::from(total)) as u64;
    while at(k) <= now {
        k += 1;
    }
    at(k).min(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_even_and_end_at_the_end() {
        let all = |points, total, num_envs| {
            let mut at = Vec::new();
            let mut now = 0;
            while now < total {
                now = boundary(now, points, total, num_envs);
                at.push(now);
            }
            at
        };
        assert_eq!(all(4, 100, 1), [25, 50, 75, 100]);
        assert_eq!(all(3, 10, 1), [4, 7, 10]);
        assert_eq!(all(0, 10, 1), [10]);
        assert_eq!(all(100, 5, 1), [1, 2, 3, 4, 5]);
        assert_eq!(all(3, 64, 16), [32, 48, 64]);
    }
}
