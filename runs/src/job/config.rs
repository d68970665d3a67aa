//! [`JobConfig`]: configuration of a run, which its folder is named after.

use std::path::{Path, PathBuf};

use freewheel_core::{Error, Result};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{CheckpointPlan, Evaluation, LogPlan, MAX_STEPS, out_of_range};
use crate::checksums::{CONFIG, Checksums, read_checked};

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
    /// BLAKE3 hash of the demonstrations that the agent learns from; `None` if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demonstrations_digest: Option<String>,
    /// Agent, by its id in the registry.
    pub agent: String,
    /// Name of the agent in tables.
    pub agent_label: String,
    /// Seed of all random streams of the run.
    pub seed: u64,
    /// Environment steps, a multiple of `num_envs`.
    pub steps: u64,
    /// Steps that ramps, log lines, evaluations and checkpoints refer to; `None` if these are `steps`. Runs that differ
    /// in `steps` alone begin with the same bytes, so that one is extended to another: see the module `extension`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_steps: Option<u64>,
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
    /// [`Error::Io`]; [`Error::Damaged`] for an edited file, a file of another folder, or another format version.
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let file = directory.join(CONFIG);
        let bytes = read_checked(directory, CONFIG)?;
        let damaged = |reason: String| Error::Damaged { file: file.clone(), reason };
        let edited = |why: &str| damaged(format!("{why}; a run's {CONFIG} must not be edited"));
        let text = std::str::from_utf8(&bytes).map_err(|e| edited(&e.to_string()))?;
        let config =
            JobConfig::of_table(text.parse().map_err(|e: toml::de::Error| edited(e.message()))?, &file)?;
        let name = |folder: Option<&Path>| Some(folder?.file_name()?.to_str()?.to_owned());
        let seed = name(Some(directory)).and_then(|name| name.strip_prefix("seed-")?.parse::<u64>().ok());
        if let Some(seed) = seed.filter(|&seed| seed != config.seed) {
            return Err(damaged(format!("it is of seed {}, in the folder of seed {seed}", config.seed)));
        }
        // A run of an earlier version has no checksums, but the name of its folder ends in a hash of its configuration.
        let hash = |name: String| {
            let (_, hash) = name.rsplit_once('-')?;
            (hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit())).then(|| hash.to_owned())
        };
        if Checksums::read(directory)?.is_none()
            && name(directory.parent()).and_then(hash).is_some_and(|hash| hash != config.digest()[..8])
        {
            return Err(edited("it does not match the hash in the name of its folder"));
        }
        Ok(config)
    }

    /// Configuration in `table`, which was read from `file`.
    ///
    /// # Errors
    /// [`Error::Damaged`] for another format version, a wrong type, or a value out of range.
    pub(crate) fn of_table(table: Table, file: &Path) -> Result<Self> {
        let damaged = |reason: String| Error::Damaged { file: file.to_owned(), reason };
        let format = table.get("format").and_then(toml::Value::as_integer).unwrap_or_default();
        if format != i64::from(JobConfig::FORMAT) {
            return Err(damaged(format!(
                "format {format} of another version of this program; this one reads format {}: train again",
                JobConfig::FORMAT
            )));
        }
        let config: JobConfig = table
            .try_into()
            .map_err(|e: toml::de::Error| damaged(format!("{}; it must not be edited", e.message())))?;
        let JobConfig { steps, num_envs, ref evaluation, ref checkpoint, .. } = config;
        // The steps of the experiment have been rounded up to a multiple of `num_envs`.
        let asked = steps.saturating_sub(num_envs as u64).max(1).min(steps);
        match out_of_range(asked, num_envs, evaluation, checkpoint) {
            Some((_, message)) => Err(damaged(message)),
            None if !steps.is_multiple_of(num_envs as u64) => {
                Err(damaged(format!("`steps` = {steps} is not a multiple of `num_envs` = {num_envs}")))
            }
            None if config.schedule_steps.is_some_and(|n| {
                n == 0 || n == steps || n > MAX_STEPS || !n.is_multiple_of(num_envs as u64)
            }) =>
            {
                Err(damaged("`schedule_steps` is out of range".into()))
            }
            None => Ok(config),
        }
    }

    /// Text of `config.toml`.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that TOML cannot express.
    pub(super) fn to_text(&self) -> Result<String> {
        toml::to_string(self)
            .map_err(|e| Error::Config(format!("this configuration cannot be written as TOML: {e}")))
    }

    /// Configuration with seed 0, the same for all seeds.
    pub(crate) fn without_seed(&self) -> JobConfig {
        JobConfig { seed: 0, ..self.clone() }
    }

    /// Steps that ramps, log lines, evaluations and checkpoints refer to.
    pub(crate) fn schedule(&self) -> u64 {
        self.schedule_steps.unwrap_or(self.steps)
    }

    /// Size of the run for the agent, whose ramps refer to [`JobConfig::schedule`].
    pub(crate) fn budget(&self) -> freewheel_agents::Budget {
        freewheel_agents::Budget { steps: self.schedule(), num_envs: self.num_envs }
    }

    /// Configuration of the run of `steps` steps that begins like this one.
    pub(crate) fn with_steps(&self, steps: u64) -> JobConfig {
        let schedule = self.schedule();
        JobConfig { steps, schedule_steps: (steps != schedule).then_some(schedule), ..self.clone() }
    }

    /// Folder name `<world>-<agent>-<hash>`, the same for all seeds of one configuration, and for all numbers of steps
    /// of one schedule.
    pub fn folder(&self) -> String {
        let plain =
            |label: &str| label.replace(|c: char| !(c.is_ascii_alphanumeric() || "-._".contains(c)), "-");
        // The labels are for the reader; the hash makes the folder name unique. Labels are cut, since file systems
        // limit the length of a name.
        let names = format!("{}-{}", plain(&self.world_label), plain(&self.agent_label));
        let names: String = names.chars().take(80).collect();
        format!("{names}-{}", &self.digest()[..8])
    }

    /// Folder of the run below `root`: `<world>-<agent>-<hash>/seed-<n>`.
    pub(crate) fn directory(&self, root: &Path) -> PathBuf {
        root.join(self.folder()).join(format!("seed-{}", self.seed))
    }

    /// Identity of the run, stored in the run's checkpoints.
    pub(crate) fn identity(&self) -> Vec<u8> {
        format!("{} seed {}", self.digest(), self.seed).into_bytes()
    }

    /// BLAKE3 hash of the configuration without the seed, and with the steps of the schedule.
    fn digest(&self) -> String {
        let config = self.without_seed().with_steps(self.schedule());
        blake3::hash(toml::to_string(&config).unwrap_or_default().as_bytes()).to_hex().to_string()
    }
}
