//! One run: one agent learns in one world from one seed, in a folder of its own that can be left and taken up again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::evaluate::{Protocol, evaluate_unless};
use freewheel_core::{Agent, DynWorld, EpisodeSummary, Error, Mode, Policy, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::metrics::Window;
use crate::registry::Registry;
use crate::score_scale::ScoreScales;
use crate::stall::Stall;
use crate::training::{Training, newest, of_this_run, stores};

/// How a run is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Evaluation {
    /// Episodes of the final evaluation, played greedily on fresh seeds.
    pub episodes: u64,
    /// Evaluations on the way, evenly spaced; 0 for none but the last.
    pub points: u64,
    /// Episodes of an evaluation on the way.
    pub interim_episodes: u64,
    /// Steps after which an episode is cut, in worlds that have no time limit of their own.
    pub max_steps: u32,
    /// Episodes of the final evaluation that are kept, to be replayed and verified.
    pub recorded: u64,
    /// Share of the steps after which a run that is not better than the baseline is marked as stalled, 0 to 1; 0 for never.
    #[serde(skip_serializing_if = "is_half")]
    pub stalled_after: f64,
}

/// What is as it always was is not written down: such a run keeps its name.
fn is_half(share: &f64) -> bool {
    *share == 0.5
}

impl Default for Evaluation {
    fn default() -> Self {
        Evaluation {
            episodes: 200,
            points: 10,
            interim_episodes: 20,
            max_steps: 1000,
            recorded: 3,
            stalled_after: 0.5,
        }
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
    pub num_envs: usize,
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

    /// The one in a run's folder.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] where it is not as it was written.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let file = directory.join("config.toml");
        let text = std::fs::read_to_string(&file).map_err(Error::io(&file))?;
        let config: JobConfig = toml::from_str(&text).map_err(|e| {
            let reason = format!("{}; a run's config.toml is not meant to be edited", e.message());
            Error::Damaged { file: file.clone(), reason }
        })?;
        if config.format != JobConfig::FORMAT {
            let (found, own) = (config.format, JobConfig::FORMAT);
            let reason = format!("it has format {found}, and this program reads format {own}");
            return Err(Error::Damaged { file, reason });
        }
        Ok(config)
    }

    /// `<world>-<agent>-<hash>`: the same for all seeds of one configuration.
    pub fn folder(&self) -> String {
        let plain =
            |label: &str| label.replace(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)), "-");
        // The names are for people, the hash for the program; long names would not fit into a file system.
        let names = format!("{}-{}", plain(&self.world_label), plain(&self.agent_label));
        let names: String = names.chars().take(80).collect();
        format!("{names}-{}", &self.digest()[..8])
    }

    /// What a checkpoint says of the run it belongs to.
    pub(crate) fn identity(&self) -> Vec<u8> {
        format!("{} seed {}", self.digest(), self.seed).into_bytes()
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
    /// Its world, built, as its agent [sees](crate::sight::Sight) it.
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
    /// The world's measures in the evaluation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measured>,
    /// Where it learned nothing: it was not better than the baseline, neither at last nor since a stated share of its steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalled: Option<Stall>,
}

/// The mean of one of the world's measures over the episodes of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Its name and unit, such as `lap time (s)`.
    pub name: String,
    /// Over the episodes in which it can be said; `None` without any.
    pub mean: Option<f64>,
}

impl Measured {
    /// The means of the measures of `finished`.
    pub fn all(spec: &Spec, finished: &[EpisodeSummary]) -> Vec<Self> {
        let mean = |index: usize| {
            let said: Vec<f64> = finished
                .iter()
                .filter_map(|one| one.measures.get(index).copied())
                .filter(|x| x.is_finite())
                .collect();
            (!said.is_empty()).then(|| said.iter().sum::<f64>() / said.len() as f64)
        };
        let named = spec.measures.iter().enumerate();
        named.map(|(index, measure)| Measured { name: measure.title(), mean: mean(index) }).collect()
    }
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
    /// Knows the baselines.
    pub score_scales: &'a ScoreScales,
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
        Job::result_in(&self.directory(root))
    }

    /// What came of the run in `directory`, where it is done.
    ///
    /// # Errors
    /// As [`Job::result`].
    pub fn result_in(directory: &Path) -> Result<Option<JobResult>> {
        let file = directory.join("eval.json");
        match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|e| Error::Damaged { file, reason: format!("{e}; delete it to evaluate again") }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io(&file)(e)),
        }
    }

    /// Makes the run's folder below `root` and writes down what is to be done there, so that it can be taken up even if
    /// it never began.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn prepare(&self, root: &Path) -> Result<()> {
        let directory = self.directory(root);
        std::fs::create_dir_all(&directory).map_err(Error::io(&directory))?;
        let text = toml::to_string(&self.config)
            .map_err(|e| Error::Config(format!("this run has no config: {e}")))?;
        let file = directory.join("config.toml");
        match std::fs::read(&file) {
            Ok(found) if found == text.as_bytes() => Ok(()),
            _ => write_atomically(file, text.as_bytes()),
        }
    }

    /// Runs the job in its folder below `root`: from the start, from its newest whole checkpoint, or not at all where it
    /// is done. However often it is stopped, it ends in the same bytes.
    ///
    /// # Errors
    /// What reading, writing or the agent's settings have wrong; divergence is an [`Outcome`].
    pub fn run(&self, registry: &Registry, root: &Path, control: &Control<'_>) -> Result<Outcome> {
        if let Some(result) = self.result(root)? {
            (control.progress)(self.config.steps);
            return Ok(Outcome::Done(result));
        }
        let mut training = Training::begin(self, registry, self.directory(root), control)?;
        match training.finish_learning(control) {
            Ok(true) => Ok(training.conclude(control)?.map_or(Outcome::Interrupted, Outcome::Done)),
            Ok(false) => Ok(Outcome::Interrupted),
            Err(e @ Error::Diverged { .. }) => Ok(Outcome::Diverged(e.to_string())),
            Err(e) => Err(e),
        }
    }

    /// The agent as its newest whole checkpoint has it, and at which step; `None` where there is no checkpoint yet.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there are checkpoints and not one is whole, or they are another run's.
    pub fn trained(
        &self,
        registry: &Registry,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<Option<(u64, Box<dyn Agent>)>> {
        let Some((step, checkpoint)) = newest(directory, &self.config, note)? else { return Ok(None) };
        let mut agent = self.agent(registry)?;
        agent.load(checkpoint.section("agent")?)?;
        Ok(Some((step, agent)))
    }

    /// The steps of all whole checkpoints with the policy that each would play, oldest first.
    ///
    /// # Errors
    /// Those of reading; a damaged checkpoint is only noted.
    pub fn history(
        &self,
        registry: &Registry,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<Vec<(u64, Box<dyn Policy>)>> {
        let mut history: Vec<(u64, Box<dyn Policy>)> = Vec::new();
        for store in stores(directory, self.config.checkpoint.keep) {
            for step in store.steps()? {
                match store.load(step).and_then(|checkpoint| of_this_run(checkpoint, &self.config, directory))
                {
                    Ok(checkpoint) => {
                        let mut agent = self.agent(registry)?;
                        agent.load(checkpoint.section("agent")?)?;
                        history.push((step, agent.policy(Mode::Greedy)));
                    }
                    Err(refused) => note(&refused.to_string()),
                }
            }
        }
        history.sort_by_key(|(step, _)| *step);
        Ok(history)
    }

    /// Evaluates a policy as this run's evaluation says, on fresh seeds that all agents of one seed share; `None` where
    /// `stop` was set meanwhile.
    ///
    /// # Errors
    /// Those of playing.
    pub fn evaluate(
        &self,
        policy: &dyn Policy,
        episodes: u64,
        stop: &AtomicBool,
    ) -> Result<Option<Vec<EpisodeSummary>>> {
        let (streams, max_steps) = (Streams::new(self.config.seed), self.max_steps());
        let protocol = Protocol { episodes, num_envs: EVALUATION_ROWS, max_steps, streams };
        evaluate_unless(self.evaluation_world(), policy, &protocol, stop)
    }

    /// What messages call it.
    pub(crate) fn title(&self) -> String {
        let JobConfig { world_label, agent_label, seed, .. } = &self.config;
        format!("{world_label} {agent_label} seed {seed}")
    }

    /// Where it is judged: its own world, unless that names another.
    pub fn evaluation_world(&self) -> &dyn DynWorld {
        self.world.evaluation_world().map_or(&*self.world, |judge| &*judge.world)
    }

    /// What the world in which it is judged is built with.
    pub(crate) fn judge_settings(&self) -> &Table {
        self.world.evaluation_world().map_or(&self.config.world_settings, |judge| &judge.settings)
    }

    /// After how many steps an evaluation cuts an episode.
    pub(crate) fn max_steps(&self) -> u32 {
        match self.evaluation_world().spec().time_limit {
            Some(_) => u32::MAX,
            None => self.config.evaluation.max_steps,
        }
    }

    pub(crate) fn agent(&self, registry: &Registry) -> Result<Box<dyn Agent>> {
        let JobConfig { seed, steps, num_envs, ref agent, ref agent_settings, .. } = self.config;
        let budget = freewheel_agents::Budget { steps, num_envs };
        registry.find_agent(agent)?.build_in(&*self.world, agent_settings, budget, Streams::new(seed))
    }
}
