//! One run: one agent trained in one world with one seed, in a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::evaluate::{Protocol, evaluate_with_stop};
use freewheel_core::{DynWorld, EpisodeSummary, Error, Policy, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::metrics::Window;
use crate::stall::Stall;

/// Number of environments in which an evaluation plays its episodes.
pub(crate) const EVALUATION_NUM_ENVS: usize = 64;

/// Run that is ready to be trained.
#[derive(Clone)]
pub struct Job {
    /// Configuration of the run.
    pub config: JobConfig,
    /// World with the observations that the agent gets, transformed by
    /// [`ObservationConfig`](crate::observation::ObservationConfig).
    pub world: Arc<dyn DynWorld>,
}

impl Job {
    /// Folder of the run below `root`: `<world>-<agent>-<hash>/seed-<n>`.
    pub fn directory(&self, root: &Path) -> PathBuf {
        root.join(self.config.folder()).join(format!("seed-{}", self.config.seed))
    }

    /// Results of the run below `root`; `None` if the run is not finished.
    ///
    /// # Errors
    /// [`Error::Damaged`] if `eval.json` cannot be read.
    pub fn result(&self, root: &Path) -> Result<Option<JobResult>> {
        Job::result_in(&self.directory(root))
    }

    /// Results of the run in `directory`; `None` if the run is not finished.
    ///
    /// # Errors
    /// Same as [`Job::result`].
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

    /// Creates the run's folder below `root` and writes `config.toml`, so that the run can be resumed even if it never
    /// started.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn prepare(&self, root: &Path) -> Result<()> {
        let directory = self.directory(root);
        std::fs::create_dir_all(&directory).map_err(Error::io(&directory))?;
        let text = toml::to_string(&self.config)
            .map_err(|e| Error::Config(format!("this configuration cannot be written as TOML: {e}")))?;
        let file = directory.join("config.toml");
        match std::fs::read(&file) {
            Ok(found) if found == text.as_bytes() => Ok(()),
            _ => write_atomically(file, text.as_bytes()),
        }
    }

    /// Episodes of an evaluation of `policy`, on seeds that all agents with the same run seed share; `None` if `stop`
    /// was set in the meantime.
    ///
    /// # Errors
    /// Errors of playing an episode.
    pub fn evaluate(
        &self,
        policy: &dyn Policy,
        episodes: u64,
        stop: &AtomicBool,
    ) -> Result<Option<Vec<EpisodeSummary>>> {
        let (streams, max_steps) = (Streams::new(self.config.seed), self.max_steps());
        let protocol = Protocol { episodes, num_envs: EVALUATION_NUM_ENVS, max_steps, streams };
        evaluate_with_stop(self.evaluation_world(), policy, &protocol, stop)
    }

    /// Name of the run in messages: world, agent and seed.
    pub(crate) fn title(&self) -> String {
        let JobConfig { world_label, agent_label, seed, .. } = &self.config;
        format!("{world_label} {agent_label} seed {seed}")
    }

    /// World of the evaluations: the training world, unless the settings of the training world give another one.
    pub fn evaluation_world(&self) -> &dyn DynWorld {
        self.world.evaluation_world().map_or(&*self.world, |evaluation| &*evaluation.world)
    }

    /// Settings of [`Job::evaluation_world`].
    pub(crate) fn evaluation_settings(&self) -> &Table {
        self.world.evaluation_world().map_or(&self.config.world_settings, |evaluation| &evaluation.settings)
    }

    /// Number of steps after which an evaluation truncates an episode; `u32::MAX` if the world has its own time limit.
    pub(crate) fn max_steps(&self) -> u32 {
        match self.evaluation_world().spec().time_limit {
            Some(_) => u32::MAX,
            None => self.config.evaluation.max_steps,
        }
    }
}

/// Complete configuration of a run: `config.toml` in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobConfig {
    /// Version of the file format, see [`JobConfig::FORMAT`].
    pub format: u32,
    /// World: `family/name` or `family:file`.
    pub world: String,
    /// Name of the world in tables.
    pub world_label: String,
    /// Version of the world's rules.
    pub world_version: u32,
    /// BLAKE3 hash of the files and trained policies that the world is built from; `None` if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world_digest: Option<String>,
    /// Agent, by its id in the registry.
    pub agent: String,
    /// Name of the agent in tables.
    pub agent_label: String,
    /// Seed of all random streams of the run.
    pub seed: u64,
    /// Environment steps, a multiple of `num_envs`.
    pub steps: u64,
    /// Number of environments that the agent is trained in at once.
    pub num_envs: usize,
    /// Evaluation settings.
    pub evaluation: Evaluation,
    /// Logging settings.
    pub log: LogPlan,
    /// Checkpoint settings.
    pub checkpoint: CheckpointPlan,
    /// World settings as given in the experiment, without defaults.
    pub world_settings: Table,
    /// Agent settings, including defaults.
    pub agent_settings: Table,
}

impl JobConfig {
    /// Format version that this program reads and writes. In version 1 some settings had other names.
    pub const FORMAT: u32 = 2;

    /// Configuration of the run in `directory`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] for another format version or an edited file.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let file = directory.join("config.toml");
        let text = std::fs::read_to_string(&file).map_err(Error::io(&file))?;
        let edited = |e: toml::de::Error| Error::Damaged {
            file: file.clone(),
            reason: format!("{}; a run's config.toml must not be edited", e.message()),
        };
        let table: Table = text.parse().map_err(edited)?;
        let format = table.get("format").and_then(toml::Value::as_integer).unwrap_or_default();
        if format != i64::from(JobConfig::FORMAT) {
            let reason = format!(
                "format {format} of another version of this program; this one reads format {}: train again",
                JobConfig::FORMAT
            );
            return Err(Error::Damaged { file, reason });
        }
        toml::from_str(&text).map_err(edited)
    }

    /// Folder name `<world>-<agent>-<hash>`, the same for all seeds of one configuration.
    pub fn folder(&self) -> String {
        let plain =
            |label: &str| label.replace(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)), "-");
        // The labels are for the reader; the hash makes the folder name unique. Labels are cut, since file systems
        // limit the length of a name.
        let names = format!("{}-{}", plain(&self.world_label), plain(&self.agent_label));
        let names: String = names.chars().take(80).collect();
        format!("{names}-{}", &self.digest()[..8])
    }

    /// Identity of the run, stored in the run's checkpoints.
    pub(crate) fn identity(&self) -> Vec<u8> {
        format!("{} seed {}", self.digest(), self.seed).into_bytes()
    }

    /// BLAKE3 hash of the configuration without the seed.
    fn digest(&self) -> String {
        let seedless = JobConfig { seed: 0, ..self.clone() };
        blake3::hash(toml::to_string(&seedless).unwrap_or_default().as_bytes()).to_hex().to_string()
    }
}

/// Settings for the evaluations of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Evaluation {
    /// Number of episodes of the final evaluation, played greedily on fresh seeds.
    pub episodes: u64,
    /// Number of interim evaluations, evenly spaced; 0 for none.
    pub points: u64,
    /// Number of episodes of an interim evaluation.
    pub interim_episodes: u64,
    /// Number of steps after which an episode is truncated in an evaluation, in worlds without a time limit.
    pub max_steps: u32,
    /// Number of episodes of the final evaluation that are recorded, for `replay`.
    pub recorded: u64,
    /// Fraction of the steps, 0 to 1, after which a run is marked as stalled if it is not better than the baseline; 0
    /// for never.
    #[serde(skip_serializing_if = "is_default_stalled_after")]
    pub stalled_after: f64,
}

/// The default is omitted, so that hashes of older configurations stay valid.
fn is_default_stalled_after(share: &f64) -> bool {
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

/// Settings for the log file `metrics.jsonl` of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogPlan {
    /// Number of log lines, evenly spaced over the steps.
    pub points: u64,
}

impl Default for LogPlan {
    fn default() -> Self {
        LogPlan { points: 100 }
    }
}

/// Settings for the checkpoints of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointPlan {
    /// Number of checkpoints, evenly spaced; the last one is at the end.
    pub points: u64,
    /// Number of the newest checkpoints to keep, at least 1.
    pub keep: usize,
}

impl Default for CheckpointPlan {
    fn default() -> Self {
        CheckpointPlan { points: 5, keep: 3 }
    }
}

/// Results of a finished run: `eval.json` in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobResult {
    /// Seed of the run.
    pub seed: u64,
    /// Environment steps of the run.
    pub steps: u64,
    /// Final evaluation: greedy episodes on fresh seeds.
    pub evaluation: Window,
    /// Training episodes that ended in the last fifth of the steps, exploration included.
    pub online: Window,
    /// Means of the world's measures in the final evaluation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<MeasureMean>,
    /// Stall mark of a run that ended without being better than the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalled: Option<Stall>,
}

/// Mean of one measure of the world, such as the lap time, over the episodes of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureMean {
    /// Name and unit of the measure, such as `lap time (s)`.
    pub name: String,
    /// Mean over the episodes in which the measure is finite; `None` if there are none.
    pub mean: Option<f64>,
}

impl MeasureMean {
    /// Means of all measures over the episodes `finished`, in the order of `spec.measures`.
    pub fn all(spec: &Spec, finished: &[EpisodeSummary]) -> Vec<Self> {
        let mean = |index: usize| {
            let finite: Vec<f64> = finished
                .iter()
                .filter_map(|one| one.measures.get(index).copied())
                .filter(|x| x.is_finite())
                .collect();
            (!finite.is_empty()).then(|| finite.iter().sum::<f64>() / finite.len() as f64)
        };
        let named = spec.measures.iter().enumerate();
        named.map(|(index, measure)| MeasureMean { name: measure.title(), mean: mean(index) }).collect()
    }
}
