//! Plan of an experiment on disk: the file `plan-<checksum>.toml` in the experiment's folder, written in one piece
//! before the first run starts. `resume` finds all runs in it, also those that never started.
//!
//! The checksum in the name is the start of the BLAKE3 hash of the content, so that the same experiment has the same
//! file, and two experiments in one folder have two files.

use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::input::read_raw;
use freewheel_core::{Error, Result};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::folders::files_where;
use crate::job::JobConfig;
use crate::map::MapPlan;
use crate::plan::Plan;
use crate::seeds::Seeds;

/// Version of the file format.
const FORMAT: u32 = 1;

/// First line of the file.
const HEADER: &str = "# Plan of an experiment: all its runs. `freewheel resume` reads it. Do not edit it.\n";

/// Content of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    map: Option<MapPlan>,
    runs: Vec<Runs>,
}

/// Runs with one configuration.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Runs {
    seeds: Seeds,
    /// A [`JobConfig`] without the seed.
    config: Table,
}

/// Plan read from a file.
pub(crate) struct SavedPlan {
    /// File of the plan.
    pub(crate) file: PathBuf,
    /// Name of the experiment.
    pub(crate) name: String,
    /// Configurations of the runs, in the order of the experiment.
    pub(crate) configs: Vec<JobConfig>,
    /// Settings for the maps of visited states; `None` if no maps are asked for.
    pub(crate) map: Option<MapPlan>,
}

/// Writes `plan` into the folder `root`.
///
/// # Errors
/// [`Error::Io`]; [`Error::Config`] for a configuration that TOML cannot express.
pub(crate) fn write(plan: &Plan, root: &Path) -> Result<()> {
    let unsupported =
        |e: toml::ser::Error| Error::Config(format!("this configuration cannot be written as TOML: {e}"));
    let configs: Vec<&JobConfig> = plan.jobs.iter().map(|job| &job.config).collect();
    let mut runs = Vec::new();
    for same in configs.chunk_by(|a, b| a.without_seed() == b.without_seed()) {
        let mut config = Table::try_from(same[0]).map_err(unsupported)?;
        config.remove("seed");
        runs.push(Runs { seeds: same.iter().map(|config| config.seed).collect(), config });
    }
    let content = Content { format: FORMAT, name: plan.name.clone(), map: plan.map.clone(), runs };
    let text = format!("{HEADER}{}", toml::to_string(&content).map_err(unsupported)?);
    let file = root.join(name_of(text.as_bytes()));
    match read_raw(&file) {
        Ok(found) if found == text.as_bytes() => Ok(()),
        _ => write_atomically(file, text.as_bytes()),
    }
}

/// Reads the plan in `file`.
///
/// # Errors
/// [`Error::Damaged`] for a changed file, or settings out of range; [`Error::Io`].
pub(crate) fn read(file: &Path) -> Result<SavedPlan> {
    let damaged = |reason: String| Error::Damaged { file: file.to_owned(), reason };
    let bytes = read_raw(file)?;
    if file.file_name() != Some(name_of(&bytes).as_ref()) {
        let reason = "its bytes do not match the checksum in its name: the file was changed";
        return Err(damaged(reason.into()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|e| damaged(e.to_string()))?;
    let content: Content = toml::from_str(text).map_err(|e| damaged(e.message().to_owned()))?;
    if content.format != FORMAT {
        let reason =
            format!("format {} of another version of this program; this one reads {FORMAT}", content.format);
        return Err(damaged(reason));
    }
    if let Some((_, message)) = content.map.as_ref().and_then(MapPlan::out_of_range) {
        return Err(damaged(message));
    }
    let mut configs = Vec::new();
    for Runs { seeds, config } in content.runs {
        let with_seed = |seed: u64| {
            let mut table = config.clone();
            table.insert("seed".into(), Value::Integer(seed as i64));
            JobConfig::of_table(table, file)
        };
        let Some((first, rest)) = seeds.as_slice().split_first() else { continue };
        let first = with_seed(*first)?;
        configs.push(first.clone());
        configs.extend(rest.iter().map(|&seed| JobConfig { seed, ..first.clone() }));
    }
    Ok(SavedPlan { file: file.to_owned(), name: content.name, configs, map: content.map })
}

/// Files of plans in `folder`.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let entry = entry.map_err(Error::io(folder))?;
        if entry.file_name().to_str().is_some_and(is_name) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Files of plans in `folder` and its subfolders.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    files_where(folder, is_name)
}

/// Name of the file with the content `bytes`.
fn name_of(bytes: &[u8]) -> String {
    format!("plan-{}.toml", &blake3::hash(bytes).to_hex()[..16])
}

/// Whether `name` is the name of a plan's file.
fn is_name(name: &str) -> bool {
    name.strip_prefix("plan-")
        .and_then(|rest| rest.strip_suffix(".toml"))
        .is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}
