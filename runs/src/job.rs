//! One run: one agent trained in one world with one seed, in a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use freewheel_core::checkpoint::{remove_temporary_files, write_atomically};
use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::evaluate::{Protocol, evaluate_with_stop};
use freewheel_core::input::read_raw;
use freewheel_core::{DynWorld, EpisodeSummary, Error, Policy, Result, Spec, Streams, memory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::checksums::{CONFIG, Checksums, RESULTS, read_checked};
use crate::extension;
use crate::folders::{create_folder, is_folder};
use crate::metrics::Window;
use crate::registry::Registry;
use crate::stall::Stall;

mod config;

pub use config::JobConfig;

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
    /// Demonstrations that the agent learns from, with the agent's observations; `None` if it has none, or if they are
    /// read when the training starts.
    pub demonstrations: Option<Arc<DemonstrationSet>>,
    /// Write an event file for TensorBoard, too; a file that is there is continued in any case.
    pub tensorboard: bool,
}

impl Job {
    /// Folder of the run below `root`: `<world>-<agent>-<hash>/seed-<n>`.
    pub fn directory(&self, root: &Path) -> PathBuf {
        self.config.directory(root)
    }

    /// Results of the run below `root`; `None` if the run is not finished, or has fewer steps than this job.
    ///
    /// # Errors
    /// [`Error::Damaged`] if `eval.json` cannot be read, or does not match its checksum or the configuration;
    /// [`Error::Config`] if the run has been extended beyond the steps of this job.
    pub fn result(&self, root: &Path) -> Result<Option<JobResult>> {
        let directory = self.directory(root);
        let Some(result) = Job::result_in(&directory)? else { return Ok(None) };
        let JobConfig { seed, steps, .. } = self.config;
        if result.seed != seed {
            let reason = format!(
                "it is of seed {}, and this run has seed {seed}; delete it to evaluate again",
                result.seed
            );
            return Err(Error::Damaged { file: directory.join(RESULTS), reason });
        }
        match result.steps > steps {
            true => Err(extension::too_long(&directory, result.steps, steps)),
            false => Ok((result.steps == steps).then_some(result)),
        }
    }

    /// Results of the run in `directory`; `None` if the run is not finished.
    ///
    /// # Errors
    /// Same as [`Job::result`].
    pub fn result_in(directory: &Path) -> Result<Option<JobResult>> {
        let bytes = match read_checked(directory, RESULTS) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            read => read?,
        };
        let file = directory.join(RESULTS);
        let damaged = |e: serde_json::Error| Error::Damaged {
            file,
            reason: format!("{e}; delete it to evaluate again"),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// Creates the run's folder below `root` and writes `config.toml` with its checksum.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Config`] for a link in the place of a folder.
    pub fn prepare(&self, root: &Path) -> Result<()> {
        let directory = self.directory(root);
        create_folder(root, &directory)?;
        for name in ["episodes", "checkpoints", "checkpoints/interrupted", "checkpoints/history"] {
            let folder = directory.join(name);
            is_folder(&folder)?;
            remove_temporary_files(folder)?;
        }
        remove_temporary_files(&directory)?;
        let text = self.config.to_text()?;
        let (file, bytes) = (directory.join(CONFIG), text.as_bytes());
        extension::reopen(&directory, &self.config, bytes)?;
        let checksums = Checksums::read(&directory)?.filter(|all| all.matches(CONFIG, bytes));
        match read_raw(&file) {
            Ok(found) if found == bytes && checksums.is_some() => return Ok(()),
            // A finished run of an earlier version has no checksums, and gets none for files that were not checked.
            Ok(found) if found == bytes && directory.join(RESULTS).exists() => return Ok(()),
            _ => {}
        }
        let mut checksums = checksums.unwrap_or_default();
        checksums.insert(CONFIG, bytes);
        checksums.write(&directory)?;
        write_atomically(file, bytes)
    }

    /// Checks that the agent can learn in the world with these settings, and that the memory suffices.
    ///
    /// # Errors
    /// Errors of [`AgentFactory::check`](freewheel_agents::AgentFactory::check); [`Error::Unsupported`] if the memory
    /// is too small.
    pub(crate) fn check(&self, registry: &Registry) -> Result<()> {
        let JobConfig { num_envs, ref agent, ref agent_settings, .. } = self.config;
        require_environments(&*self.world, num_envs)?;
        registry.find_agent(agent)?.check(&*self.world, agent_settings, self.config.budget())
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

/// Maximum number of steps; the sum of a few such numbers does not overflow.
pub(crate) const MAX_STEPS: u64 = 1_000_000_000_000_000;
/// Maximum number of environments.
pub(crate) const MAX_NUM_ENVS: u64 = 1 << 20;
/// Maximum number of recorded episodes.
const MAX_RECORDED: u64 = 100_000;

/// Checks that there is memory for `num_envs` environments of `world`.
///
/// # Errors
/// [`Error::Unsupported`] with the numbers.
pub(crate) fn require_environments(world: &dyn DynWorld, num_envs: usize) -> Result<()> {
    let spec = world.spec();
    // Observation before and after a step in single precision, mask, and state; the state is estimated.
    let one = 8 * spec.observation.len() as u128 + spec.actions.count() as u128 + 256;
    memory::require(&format!("num_envs = {num_envs} in {}", spec.id), one * num_envs as u128)
}

/// First setting of a run that is out of range: its key path in an experiment file, and a message; `None` if all are
/// valid.
pub(crate) fn out_of_range(
    steps: u64,
    num_envs: usize,
    evaluation: &Evaluation,
    checkpoint: &CheckpointPlan,
) -> Option<(Vec<&'static str>, String)> {
    let counts: [(&[&'static str], u64, u64, u64); 6] = [
        (&["steps"], steps, 1, MAX_STEPS),
        (&["num_envs"], num_envs as u64, 1, MAX_NUM_ENVS),
        (&["evaluation", "max_steps"], u64::from(evaluation.max_steps), 1, u64::from(u32::MAX)),
        (&["evaluation", "recorded"], evaluation.recorded, 0, MAX_RECORDED),
        (&["checkpoint", "keep"], checkpoint.keep as u64, 1, MAX_STEPS),
        (&["checkpoint", "history"], checkpoint.history, 0, 63),
    ];
    for (path, value, least, most) in counts {
        if !(least..=most).contains(&value) {
            let key = path.last().copied().unwrap_or_default();
            return Some((
                path.to_vec(),
                format!("`{key}` = {value}: it must be at least {least} and at most {most}"),
            ));
        }
    }
    if evaluation.target_score.is_some_and(|score| !score.is_finite()) {
        return Some((vec!["evaluation", "target_score"], "`target_score` must be a finite number".into()));
    }
    let share = evaluation.stalled_after;
    if !(0.0..=1.0).contains(&share) {
        let message =
            format!("`stalled_after` = {share} is out of range: it must be at least 0 and at most 1");
        return Some((vec!["evaluation", "stalled_after"], message));
    }
    let counts = [("episodes", evaluation.episodes), ("interim_episodes", evaluation.interim_episodes)];
    counts.into_iter().find_map(|(key, episodes)| {
        let needed = Protocol::memory(episodes, 0);
        let error = memory::require(&format!("`{key}` = {episodes}"), needed).err()?;
        Some((vec!["evaluation", key], error.to_string()))
    })
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
    /// Score whose steps are counted in experiments with warm starts; default: 90 % of the way from the baseline to the
    /// reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_score: Option<f64>,
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
            target_score: None,
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
    /// Number of log-spaced checkpoints to keep besides the newest, at steps/2, steps/4 and so on, 0 to 63: they show
    /// in `watch` what the agent knew when.
    #[serde(skip_serializing_if = "is_default_history")]
    pub history: u64,
}

/// Default of [`CheckpointPlan::history`].
const HISTORY: u64 = 12;

/// Whether the number of log-spaced checkpoints is the default, which is omitted, so that the hashes of old runs stay
/// valid.
fn is_default_history(history: &u64) -> bool {
    *history == HISTORY
}

impl Default for CheckpointPlan {
    fn default() -> Self {
        CheckpointPlan { points: 5, keep: 3, history: HISTORY }
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
