//! One run: one agent learns in one world from one seed, in a folder of its own that can be left and taken up again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use freewheel_core::checkpoint::{Checkpoint, Store, write_atomically};
use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::record::{self, EpisodeRecord};
use freewheel_core::{DynWorld, Episodes, Error, Finished, Learner, Mode, Policy, Purpose, Result, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::catalogue::Catalogue;
use crate::metrics::{Metrics, Window};

/// How a run is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Evaluation {
    /// Episodes of the final evaluation, played greedily on fresh seeds.
    pub episodes: u64,
    /// Evaluations on the way, evenly spaced; 0 for none but the last.
    pub points: u64,
    /// Episodes of an evaluation on the way.
    pub episodes_on_the_way: u64,
    /// Steps after which an episode is cut, in worlds that have no time limit of their own.
    pub max_steps: u32,
    /// Episodes of the final evaluation that are kept, to be replayed and verified.
    pub recorded: u64,
}

impl Default for Evaluation {
    fn default() -> Self {
        Evaluation { episodes: 200, points: 10, episodes_on_the_way: 20, max_steps: 1000, recorded: 3 }
    }
}

/// How often a line is written to `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogPlan {
    /// Lines of a run, evenly spaced.
    pub points: u64,
}

impl Default for LogPlan {
    fn default() -> Self {
        LogPlan { points: 100 }
    }
}

/// How often a run is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointPlan {
    /// Checkpoints of a run, evenly spaced; the end is one of them.
    pub points: u64,
    /// How many of the newest are kept.
    pub keep: usize,
}

impl Default for CheckpointPlan {
    fn default() -> Self {
        CheckpointPlan { points: 5, keep: 3 }
    }
}

/// Everything that decides what a run does; `config.toml` in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobConfig {
    /// Version of this file's form.
    pub format: u32,
    /// The world, `family/name` or `family:file`.
    pub world: String,
    /// What tables call it.
    pub world_label: String,
    /// Version of the world's rules.
    pub world_version: u32,
    /// BLAKE3 of the file a world is read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world_digest: Option<String>,
    /// The agent.
    pub agent: String,
    /// What tables call it.
    pub agent_label: String,
    /// The run's seed: every random stream follows from it.
    pub seed: u64,
    /// Environment steps.
    pub steps: u64,
    /// Environments at once.
    pub rows: usize,
    /// How it is judged.
    pub evaluation: Evaluation,
    /// How often it is logged.
    pub log: LogPlan,
    /// How often it is saved.
    pub checkpoint: CheckpointPlan,
    /// The world's settings, as given.
    pub world_settings: Table,
    /// The agent's settings, defaults filled in.
    pub agent_settings: Table,
}

impl JobConfig {
    /// The form this program writes.
    pub const FORMAT: u32 = 1;

    /// `<world>-<agent>-<hash>`: the same for all seeds of one configuration.
    pub fn folder(&self) -> String {
        let plain =
            |label: &str| label.replace(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)), "-");
        format!("{}-{}-{}", plain(&self.world_label), plain(&self.agent_label), &self.digest()[..8])
    }

    /// BLAKE3 of everything but the seed.
    fn digest(&self) -> String {
        let seedless = JobConfig { seed: 0, ..self.clone() };
        blake3::hash(toml::to_string(&seedless).unwrap_or_default().as_bytes()).to_hex().to_string()
    }
}

/// A run to be made, or gone on with.
#[derive(Clone)]
pub struct Job {
    /// What it does.
    pub config: JobConfig,
    /// Its world, built.
    pub world: Arc<dyn DynWorld>,
}

/// How far a job came.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// To its end.
    Done(JobResult),
    /// It was asked to stop, and saved itself.
    Interrupted,
    /// A quantity became NaN or infinite; the text says which.
    Diverged(String),
}

/// What came of a run; `eval.json` in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobResult {
    /// The run's seed.
    pub seed: u64,
    /// Environment steps learned from.
    pub steps: u64,
    /// Greedy episodes on fresh seeds.
    pub evaluation: Window,
    /// Training episodes that ended in the last fifth of the steps: what it earned while still exploring.
    pub online: Window,
}

/// Environment indices that the episodes of an evaluation are spread over.
const EVALUATION_ROWS: usize = 64;

/// What a running job listens and talks to.
pub struct Control<'a> {
    /// Set when the user wants to stop.
    pub stop: &'a AtomicBool,
    /// Told of every batch of steps made.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Told of what the user should know.
    pub note: &'a (dyn Fn(&str) + Sync),
}

impl Job {
    /// The run's folder below `root`.
    pub fn directory(&self, root: &Path) -> PathBuf {
        root.join(self.config.folder()).join(format!("seed-{}", self.config.seed))
    }

    /// What came of it, where it is done.
    ///
    /// # Errors
    /// [`Error::Damaged`] where `eval.json` cannot be read.
    pub fn result(&self, root: &Path) -> Result<Option<JobResult>> {
        let file = self.directory(root).join("eval.json");
        match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|e| Error::Damaged { file, reason: format!("{e}; delete it to evaluate again") }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io(&file)(e)),
        }
    }

    /// Runs the job in its folder below `root`: from the start, from its newest whole checkpoint, or not at all where it
    /// is done. However often it is stopped, it ends in the same bytes.
    ///
    /// # Errors
    /// What reading, writing or the agent's settings have wrong; divergence is an [`Outcome`].
    pub fn run(&self, catalogue: &Catalogue, root: &Path, control: &Control<'_>) -> Result<Outcome> {
        if let Some(result) = self.result(root)? {
            (control.progress)(self.config.steps);
            return Ok(Outcome::Done(result));
        }
        let mut training = Training::begin(self, catalogue, self.directory(root), control)?;
        match training.to_the_end(control) {
            Ok(true) => Ok(Outcome::Done(training.conclude()?)),
            Ok(false) => Ok(Outcome::Interrupted),
            Err(e @ Error::Diverged { .. }) => Ok(Outcome::Diverged(e.to_string())),
            Err(e) => Err(e),
        }
    }

    /// The learner as its newest whole checkpoint has it, and at which step.
    ///
    /// # Errors
    /// [`Error::Config`] where there is no checkpoint yet; [`Error::Damaged`] where none is whole.
    pub fn trained(
        &self,
        catalogue: &Catalogue,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<(u64, Box<dyn Learner>)> {
        let mut learner = self.learner(catalogue)?;
        let newest = newest(directory, self.config.checkpoint.keep, note)?;
        let (step, checkpoint) = newest.ok_or_else(|| {
            Error::Config(format!("{}: no checkpoint yet; train it first", directory.display()))
        })?;
        learner.load(checkpoint.section("learner")?)?;
        Ok((step, learner))
    }

    /// The steps of all whole checkpoints with the policy that each would play, oldest first.
    ///
    /// # Errors
    /// As [`Job::trained`].
    pub fn history(&self, catalogue: &Catalogue, directory: &Path) -> Result<Vec<(u64, Box<dyn Policy>)>> {
        let store = Store::new(directory.join("checkpoints"), self.config.checkpoint.keep);
        let mut history = Vec::new();
        for step in store.steps()? {
            if let Ok(checkpoint) = store.load(step) {
                let mut learner = self.learner(catalogue)?;
                learner.load(checkpoint.section("learner")?)?;
                history.push((step, learner.policy(Mode::Greedy)));
            }
        }
        Ok(history)
    }

    /// Evaluates a policy as this run's evaluation says, on fresh seeds that all agents of one seed share.
    ///
    /// # Errors
    /// Those of playing.
    pub fn evaluate(&self, policy: &dyn Policy, episodes: u64) -> Result<Vec<Finished>> {
        let (streams, max_steps) = (Streams::new(self.config.seed), self.max_steps());
        evaluate(&*self.world, policy, &Protocol { episodes, rows: EVALUATION_ROWS, max_steps, streams })
    }

    /// After how many steps an evaluation cuts an episode.
    fn max_steps(&self) -> u32 {
        match self.world.spec().time_limit {
            Some(_) => u32::MAX,
            None => self.config.evaluation.max_steps,
        }
    }

    pub(crate) fn learner(&self, catalogue: &Catalogue) -> Result<Box<dyn Learner>> {
        let JobConfig { seed, steps, rows, ref agent, ref agent_settings, .. } = self.config;
        let budget = freewheel_agents::Budget { steps, rows };
        catalogue.find_agent(agent)?.build_in(&*self.world, agent_settings, budget, Streams::new(seed))
    }
}

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
}

/// A job while it runs.
struct Training<'a> {
    job: &'a Job,
    directory: PathBuf,
    learner: Box<dyn Learner>,
    episodes: Box<dyn Episodes>,
    metrics: Metrics,
    progress: Progress,
    store: Store,
    /// Where an interruption saves: beside the scheduled ones, so that these end up as if nothing had happened.
    aside: Store,
}

/// Long enough that a slice costs nothing, short enough that Ctrl-C is answered at once.
const SLICE: Duration = Duration::from_millis(100);

impl<'a> Training<'a> {
    fn begin(job: &'a Job, catalogue: &Catalogue, directory: PathBuf, control: &Control<'_>) -> Result<Self> {
        let config = &job.config;
        let mut learner = job.learner(catalogue)?;
        let mut episodes = job.world.batch(config.rows, Streams::new(config.seed), Purpose::Environment, 0);
        std::fs::create_dir_all(&directory).map_err(Error::io(&directory))?;
        let text =
            toml::to_string(config).map_err(|e| Error::Config(format!("this run has no config: {e}")))?;
        write_atomically(&directory.join("config.toml"), text.as_bytes())?;
        let mut progress = Progress::default();
        if let Some((_, checkpoint)) = newest(&directory, config.checkpoint.keep, control.note)? {
            progress = postcard::from_bytes(checkpoint.section("progress")?).map_err(|e| {
                Error::Config(format!("{}: this checkpoint is not a run's: {e}", directory.display()))
            })?;
            learner.load(checkpoint.section("learner")?)?;
            episodes.load(checkpoint.section("episodes")?)?;
            (control.progress)(progress.step);
        }
        let metrics = Metrics::open(&directory.join("metrics.jsonl"), progress.metrics)?;
        let store = Store::new(directory.join("checkpoints"), config.checkpoint.keep);
        let aside = Store::new(directory.join("checkpoints/interrupted"), 1);
        Ok(Training { job, directory, learner, episodes, metrics, progress, store, aside })
    }

    /// Learns until all steps are made (true) or the user wants to stop (false).
    fn to_the_end(&mut self, control: &Control<'_>) -> Result<bool> {
        let config = &self.job.config;
        let (total, rows) = (config.steps, config.rows as u64);
        let due = |step: u64, points: u64| {
            points > 0 && step == boundary(step.saturating_sub(1), points, total, rows)
        };
        let mut slice = 1024u64;
        while self.progress.step < total {
            let now = self.progress.step;
            let schedules = [config.log.points, config.evaluation.points, config.checkpoint.points, 5, 1];
            let next =
                schedules.map(|points| boundary(now, points, total, rows)).into_iter().min().unwrap_or(total);
            let next = next.min(now + slice.next_multiple_of(rows));
            let begin = Instant::now();
            self.learn(next - now)?;
            (control.progress)(next - now);
            // How a run is sliced changes nothing in it, so the clock may decide.
            slice = if begin.elapsed() < SLICE { (slice * 2).min(total) } else { (slice / 2).max(1) };
            if due(next, config.log.points) {
                self.log()?;
            }
            if due(next, config.evaluation.points) {
                self.evaluate_on_the_way()?;
            }
            if due(next, config.checkpoint.points) || next == total {
                self.save(&self.store)?;
                self.drop_aside()?;
            }
            if control.stop.load(Ordering::Relaxed) && next < total {
                self.save(&self.aside)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn learn(&mut self, steps: u64) -> Result<()> {
        let total = self.job.config.steps;
        self.learner.learn(&mut *self.episodes, steps)?;
        for finished in self.episodes.take_finished() {
            self.progress.window.add(&finished);
            self.progress.episodes += 1;
            // Slices never straddle the boundary of the last fifth.
            if self.progress.step
                >= boundary((total * 4 / 5).saturating_sub(1), 5, total, self.job.config.rows as u64)
            {
                self.progress.online.add(&finished);
            }
        }
        self.progress.step += steps;
        Ok(())
    }

    fn log(&mut self) -> Result<()> {
        let mut scalars = Vec::new();
        self.learner.report(&mut scalars);
        let window = std::mem::take(&mut self.progress.window);
        self.metrics.training(self.progress.step, self.progress.episodes, &window, &scalars)
    }

    fn evaluate_on_the_way(&mut self) -> Result<()> {
        let policy = self.learner.policy(Mode::Greedy);
        let finished = self.job.evaluate(&*policy, self.job.config.evaluation.episodes_on_the_way)?;
        self.metrics.evaluation(self.progress.step, &Window::of(&finished))
    }

    fn save(&self, store: &Store) -> Result<()> {
        let metrics = self.metrics.sync()?;
        let progress = postcard::to_stdvec(&Progress { metrics, ..self.progress.clone() })
            .map_err(|e| Error::Unsupported(format!("a run cannot be saved: {e}")))?;
        let mut checkpoint = Checkpoint::default();
        checkpoint.insert("progress", progress);
        checkpoint.insert("learner", self.learner.save()?);
        checkpoint.insert("episodes", self.episodes.save()?);
        store.save(self.progress.step, &checkpoint).map(drop)
    }

    fn drop_aside(&self) -> Result<()> {
        match std::fs::remove_dir_all(self.aside.dir()) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(self.aside.dir())(e)),
            _ => Ok(()),
        }
    }

    /// The final evaluation, the recorded episodes, and `eval.json`, which says that the run is done.
    fn conclude(&mut self) -> Result<JobResult> {
        let config = &self.job.config;
        let policy = self.learner.policy(Mode::Greedy);
        let finished = self.job.evaluate(&*policy, config.evaluation.episodes)?;
        let records = self.record(&*policy)?;
        let folder = self.directory.join("episodes");
        std::fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        record::write(&folder.join("evaluation.jsonl"), &records)?;
        let result = JobResult {
            seed: config.seed,
            steps: self.progress.step,
            evaluation: Window::of(&finished),
            online: self.progress.online,
        };
        let text = serde_json::to_string_pretty(&result).map_err(|e| Error::Unsupported(e.to_string()))?;
        write_atomically(&self.directory.join("eval.json"), text.as_bytes())?;
        Ok(result)
    }

    fn record(&self, policy: &dyn Policy) -> Result<Vec<EpisodeRecord>> {
        let config = &self.job.config;
        let streams = Streams::new(config.seed);
        let settings = serde_json::to_value(&config.world_settings).unwrap_or_default();
        let count = config.evaluation.recorded.min(config.evaluation.episodes);
        let one = |index| {
            let purpose = Purpose::EvaluationEnvironment;
            let mut stage = self.job.world.stage(streams, purpose, index);
            let rng = streams.stream(Purpose::EvaluationAction, index, 0);
            let played = record::play(&mut *stage, 0, policy, rng, self.job.max_steps());
            played.map(|record| EpisodeRecord { settings: settings.clone(), ..record })
        };
        (0..count).map(one).collect()
    }
}

/// The newest whole checkpoint of a run, scheduled or saved by an interruption.
fn newest(directory: &Path, keep: usize, note: &dyn Fn(&str)) -> Result<Option<(u64, Checkpoint)>> {
    let mut refused = Vec::new();
    let mut best: Option<(u64, Checkpoint)> = None;
    for folder in ["checkpoints", "checkpoints/interrupted"] {
        match Store::new(directory.join(folder), keep).latest() {
            Ok(None) => {}
            Ok(Some(restored)) => {
                refused.extend(restored.refused);
                if best.as_ref().is_none_or(|(step, _)| restored.step > *step) {
                    best = Some((restored.step, restored.checkpoint));
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

/// The first step after `now` at which something that happens `points` times in `total` steps is due; whole ticks of `rows`.
fn boundary(now: u64, points: u64, total: u64, rows: u64) -> u64 {
    if points == 0 {
        return total;
    }
    let points = points.min(total);
    let at = |k: u64| {
        ((u128::from(k) * u128::from(total)).div_ceil(u128::from(points)) as u64).next_multiple_of(rows)
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
        let all = |points, total, rows| {
            let mut at = Vec::new();
            let mut now = 0;
            while now < total {
                now = boundary(now, points, total, rows);
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
