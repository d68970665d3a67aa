//! Checksums of the files of a run: the file `checksums.b3` in its folder, in the format of the program `b3sum`, so
//! that `b3sum --check checksums.b3` compares them, too.
//!
//! The file is written before the files that it covers. A run in training has the checksum of `config.toml`; a finished
//! run has those of all files that results are read from. Checkpoints, recorded episodes and the plan of an experiment
//! carry checksums of their own. A run of an earlier version of Freewheel has no `checksums.b3`, and is read unchecked.
//!
//! Checksums detect damage. They do not detect a file that was made with intent, together with its checksum.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::input::read_raw;
use freewheel_core::{Error, Result};

use crate::checkpoints::{history_store, metrics_digest, of_this_run, stores};
use crate::folders::{files_below, no_run};
use crate::job::{Job, JobConfig};
use crate::plan_file;

/// Name of the file with the checksums of a folder.
pub const FILE: &str = "checksums.b3";
/// Configuration of a run.
pub(crate) const CONFIG: &str = "config.toml";
/// Log of a run.
pub(crate) const METRICS: &str = "metrics.jsonl";
/// Recorded episodes of the final evaluation.
pub(crate) const EPISODES: &str = "episodes/evaluation.jsonl";
/// Reason for which a run diverged, as text.
pub(crate) const DIVERGED: &str = "diverged.txt";
/// Results of a run.
pub(crate) const RESULTS: &str = "eval.json";

/// BLAKE3 checksums of the files in a folder, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums(BTreeMap<String, String>);

impl Checksums {
    /// Checksums in `folder`; `None` without the file [`FILE`].
    ///
    /// # Errors
    /// [`Error::Damaged`] for a text of another format; [`Error::Io`].
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join(FILE);
        let bytes = match read_raw(&file) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            read => read?,
        };
        let line = |line: &str| {
            let (checksum, path) = line.split_once("  ")?;
            let is_checksum =
                checksum.len() == 64 && checksum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            (is_checksum && !path.is_empty()).then(|| (path.to_owned(), checksum.to_owned()))
        };
        let all = std::str::from_utf8(&bytes).ok().filter(|text| text.ends_with('\n'));
        match all.and_then(|text| text.strip_suffix('\n')?.split('\n').map(line).collect()) {
            Some(checksums) => Ok(Some(Checksums(checksums))),
            None => Err(Error::Damaged { file, reason: "it is not a list of checksums".into() }),
        }
    }

    /// Sets the checksum of the file `path` with the content `bytes`.
    pub fn insert(&mut self, path: &str, bytes: &[u8]) {
        self.insert_hash(path, blake3::hash(bytes));
    }

    /// Sets the checksum of the file `path`.
    pub(crate) fn insert_hash(&mut self, path: &str, hash: blake3::Hash) {
        self.0.insert(path.to_owned(), hash.to_hex().to_string());
    }

    /// Whether `bytes` has the checksum of the file `path`.
    pub fn matches(&self, path: &str, bytes: &[u8]) -> bool {
        self.0.get(path).is_some_and(|checksum| *checksum == blake3::hash(bytes).to_hex().as_str())
    }

    /// Writes the checksums into `folder`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text: String = self.0.iter().map(|(path, checksum)| format!("{checksum}  {path}\n")).collect();
        write_atomically(folder.join(FILE), text.as_bytes())
    }

    /// Checks that the file `path` in `folder` has the content `bytes`.
    fn check(&self, folder: &Path, path: &str, bytes: &[u8]) -> Result<()> {
        let reason = match self.0.get(path) {
            Some(_) if self.matches(path, bytes) => return Ok(()),
            Some(_) => format!("its bytes do not match its checksum in {FILE}: the file was changed"),
            None => format!("{FILE} has no checksum of it"),
        };
        Err(Error::Damaged { file: folder.join(path), reason })
    }
}

/// Content of the file `path` in `folder`, compared with its checksum. Without the file [`FILE`], the content is
/// unchecked.
///
/// # Errors
/// [`Error::Damaged`] if the checksum differs or is missing; [`Error::Io`].
pub fn read_checked(folder: &Path, path: &str) -> Result<Vec<u8>> {
    let bytes = read_raw(&folder.join(path))?;
    if let Some(checksums) = Checksums::read(folder)? {
        checksums.check(folder, path, &bytes)?;
    }
    Ok(bytes)
}

/// Result of [`verify_run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRun {
    /// Folder of the run.
    pub folder: PathBuf,
    /// Whether the run is finished.
    pub finished: bool,
    /// Whether the run has checksums; runs of earlier versions of Freewheel have none.
    pub has_checksums: bool,
    /// Files that were compared with a checksum.
    pub checked: Vec<PathBuf>,
}

/// Compares all files of the run in `folder` with their checksums: configuration, checkpoints, and of a finished run
/// also metrics, recorded episodes and results.
///
/// # Errors
/// [`Error::Damaged`] for the first file with other bytes than those that were written, or that is missing;
/// [`Error::Io`].
pub fn verify_run(folder: &Path) -> Result<VerifiedRun> {
    match inspect_run(folder) {
        (_, errors) if !errors.is_empty() => Err(errors.into_iter().next().unwrap_or_else(|| no_run(folder))),
        (Some(run), _) => Ok(run),
        (None, _) => Err(no_run(folder)),
    }
}

/// Same as [`verify_run`], with the errors of all files; `None` in place of the run if its configuration is damaged.
pub(crate) fn inspect_run(folder: &Path) -> (Option<VerifiedRun>, Vec<Error>) {
    let config = match JobConfig::read(folder) {
        Ok(config) => config,
        Err(error) => return (None, vec![error]),
    };
    let (mut checked, mut errors) = (Vec::new(), Vec::new());
    let mut note = |read: Result<PathBuf>| match read {
        Ok(file) => checked.push(file),
        Err(error) => errors.push(error),
    };
    let checksums = Checksums::read(folder).unwrap_or_else(|error| {
        note(Err(error));
        None
    });
    let has_results = folder.join(RESULTS).exists();
    for path in checksums.iter().flat_map(|all| all.0.keys()) {
        // A run that was killed while its results were written has the checksums of files that are not complete.
        if has_results || path == CONFIG {
            note(match read_checked(folder, path) {
                Err(Error::Io { path: file, source }) if source.kind() == std::io::ErrorKind::NotFound => {
                    Err(Error::Damaged { file, reason: "it is missing".into() })
                }
                read => read.map(|_| folder.join(path)),
            });
        }
    }
    if has_results {
        let damaged = Job::result_in(folder).err();
        let known = checksums.as_ref().is_some_and(|all| all.0.contains_key(RESULTS));
        // A wrong checksum has been noted already.
        damaged.into_iter().filter(|_| !known).for_each(|error| note(Err(error)));
        let episodes = folder.join(EPISODES);
        if episodes.exists() && checksums.as_ref().is_none_or(|all| !all.0.contains_key(EPISODES)) {
            note(freewheel_core::record::read(&episodes).map(|_| episodes));
        }
    }
    let history = history_store(folder, config.checkpoint.history);
    for store in stores(folder, config.checkpoint.keep).into_iter().chain([history]) {
        let steps = store.steps().unwrap_or_else(|error| {
            note(Err(error));
            Vec::new()
        });
        for step in steps {
            let checkpoint = store.load(step).and_then(|found| of_this_run(found, &config, folder));
            note(checkpoint.and_then(|found| metrics_digest(&found)).map(|_| store.path(step)));
        }
    }
    let run = VerifiedRun {
        folder: folder.to_owned(),
        finished: has_results,
        has_checksums: checksums.is_some(),
        checked,
    };
    (Some(run), errors)
}

/// [`verify_run`] of all runs in or below `folder`, and a check of the plans of their experiments.
///
/// # Errors
/// As [`verify_run`].
pub fn verify(folder: &Path) -> Result<Vec<VerifiedRun>> {
    plan_file::below(folder)?.iter().try_for_each(|file| plan_file::read(file).map(drop))?;
    let configs = files_below(folder, CONFIG)?;
    configs.iter().filter_map(|file| file.parent()).map(verify_run).collect()
}
