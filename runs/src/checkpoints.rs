//! Checkpoints of a run, read from its folder.

use std::path::Path;

use freewheel_core::checkpoint::{Checkpoint, Store};
use freewheel_core::{Error, Result};

use crate::job::JobConfig;
use crate::output;

/// Newest intact checkpoint of a run (scheduled, or saved at an interruption) with its step; `None` if the run has no
/// checkpoint. Damaged checkpoints are reported to the callback `note`.
///
/// # Errors
/// [`Error::Damaged`] if there are checkpoints and none is intact, or if the checkpoints belong to another run.
pub(crate) fn newest(
    directory: &Path,
    config: &JobConfig,
    note: &dyn Fn(&str),
) -> Result<Option<(u64, Checkpoint)>> {
    let mut damaged = Vec::new();
    let mut newest: Option<(u64, Checkpoint)> = None;
    for store in stores(directory, config.checkpoint.keep) {
        match store.latest() {
            Ok(None) => {}
            Ok(Some(restored)) => {
                damaged.extend(restored.damaged);
                if newest.as_ref().is_none_or(|(step, _)| restored.step > *step) {
                    newest = Some((restored.step, of_this_run(restored.checkpoint, config, directory)?));
                }
            }
            Err(e @ Error::Damaged { .. }) => damaged.push(e),
            Err(e) => return Err(e),
        }
    }
    match (newest, damaged.pop()) {
        (None, Some(error)) => Err(error),
        (newest, last) => {
            let step = newest.as_ref().map_or(0, |(step, _)| *step);
            for error in damaged.iter().chain(&last) {
                note(&format!("{error}; continuing from the checkpoint of step {step}"));
            }
            Ok(newest)
        }
    }
}

/// The two checkpoint stores of a run: one for scheduled checkpoints, one for the checkpoint saved at an interruption.
pub(crate) fn stores(directory: &Path, keep: usize) -> [Store; 2] {
    [
        Store::new(directory.join("checkpoints"), keep),
        Store::new(directory.join("checkpoints/interrupted"), 1),
    ]
}

/// Store of the log-spaced checkpoints of a run, of which the newest `count` are kept. Training does not continue from
/// them: they show what the agent knew when.
pub(crate) fn history_store(directory: &Path, count: u64) -> Store {
    Store::new(directory.join("checkpoints/history"), usize::try_from(count).unwrap_or(usize::MAX))
}

/// Checks that `checkpoint` was saved by the run in `directory`, and returns it.
///
/// # Errors
/// [`Error::Damaged`] if another run saved the checkpoint.
pub(crate) fn of_this_run(
    checkpoint: Checkpoint,
    config: &JobConfig,
    directory: &Path,
) -> Result<Checkpoint> {
    if checkpoint.section("run")? == config.identity() {
        return Ok(checkpoint);
    }
    let reason =
        "a checkpoint here belongs to another run; restore the right ones, or delete them to start again";
    Err(Error::Damaged { file: directory.to_owned(), reason: reason.into() })
}

/// Name of the section with the BLAKE3 hash of `metrics.jsonl` at the step of the checkpoint.
pub(crate) const METRICS_DIGEST: &str = "metrics";

/// BLAKE3 hash of `metrics.jsonl` at the step of the checkpoint; `None` in a checkpoint of an earlier version.
///
/// # Errors
/// [`Error::Config`] for a section of another length.
pub(crate) fn metrics_digest(checkpoint: &Checkpoint) -> Result<Option<blake3::Hash>> {
    let hash = |bytes: &[u8]| {
        let bytes: [u8; blake3::OUT_LEN] = bytes
            .try_into()
            .map_err(|_| Error::Config("the section `metrics` of a checkpoint is not a checksum".into()))?;
        Ok(blake3::Hash::from_bytes(bytes))
    };
    checkpoint.get(METRICS_DIGEST).map(hash).transpose()
}

/// Identity of the run in `folder` and the saved state of the run's agent: a world with this run's policy as an
/// opponent depends on these bytes.
///
/// # Errors
/// [`Error::Config`] if `folder` is not a run's folder or has no checkpoint; errors of [`newest`].
pub(crate) fn identity_and_agent(folder: &Path) -> Result<[Vec<u8>; 2]> {
    check_is_run(folder)?;
    let config = JobConfig::read(folder)?;
    match newest(folder, &config, &output::note)? {
        Some((_, checkpoint)) => Ok([config.identity(), checkpoint.section("agent")?.to_vec()]),
        None => Err(no_checkpoint(folder)),
    }
}

/// Checks that `folder` is the folder of a run.
///
/// # Errors
/// [`Error::Config`] if it is not.
pub(crate) fn check_is_run(folder: &Path) -> Result<()> {
    match folder.join("config.toml").is_file() {
        true => Ok(()),
        false => Err(Error::Config(format!("{}: not the folder of a run (`seed-<n>`)", folder.display()))),
    }
}

/// Error about a run without a checkpoint.
pub(crate) fn no_checkpoint(folder: &Path) -> Error {
    Error::Config(format!("{}: this run has no checkpoint yet; train it first", folder.display()))
}
