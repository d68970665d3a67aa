//! Files below a folder of results that can be removed, for `freewheel runs gc`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use freewheel_core::{Error, Result};
use serde::Serialize;

use crate::checkpoints::{history_store, newest, stores};
use crate::checksums::{self, CONFIG};
use crate::cli::GarbageKind;
use crate::folders::{files_below, files_where};
use crate::job::{Job, JobConfig};
use crate::plan_file;
use crate::run_list::size_of;
use crate::sweep;

/// File or folder that can be removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Garbage {
    /// Reason why it can be removed.
    pub(crate) kind: GarbageKind,
    /// Its path.
    pub(crate) path: PathBuf,
    /// Its size, bytes.
    pub(crate) bytes: u64,
}

/// Garbage in and below `folder`, by the folder of the experiment, whose lock a removal needs. Runs that cannot be read
/// have none.
///
/// # Errors
/// [`Error::Io`]; errors of reading a plan.
pub(crate) fn find(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<Garbage>>> {
    let mut found: BTreeMap<PathBuf, Vec<Garbage>> = BTreeMap::new();
    let root_of = |run: &Path| match run.ancestors().nth(2).unwrap_or(run) {
        root if root.as_os_str().is_empty() => PathBuf::from("."),
        root => root.to_owned(),
    };
    let mut plans: BTreeMap<PathBuf, Option<BTreeSet<PathBuf>>> = BTreeMap::new();
    let mut whole = BTreeSet::new();
    for file in files_below(folder, CONFIG)? {
        let Some(run) = file.parent() else { continue };
        let root = root_of(run);
        if let Entry::Vacant(new) = plans.entry(root.clone()) {
            new.insert(named(&root)?);
        }
        let names = plans.get(&root).and_then(Option::as_ref);
        let garbage = found.entry(root).or_default();
        if names.is_some_and(|names| !names.contains(run)) {
            whole.insert(run.to_owned());
            garbage.push(Garbage { kind: GarbageKind::Unnamed, path: run.to_owned(), bytes: size_of(run) });
        } else if let Ok(config) = JobConfig::read(run) {
            garbage.extend(checkpoints(run, &config)?);
        }
    }
    let in_whole = |path: &Path| path.ancestors().any(|folder| whole.contains(folder));
    for path in files_where(folder, is_temporary)? {
        if in_whole(&path) {
            continue;
        }
        // The folder of the experiment is that of the plans, or the one two above the folder of a run.
        let above = path.ancestors().skip(1);
        let run = above.clone().find(|above| above.join(CONFIG).is_file());
        let root = run.map(root_of).or_else(|| above.clone().find(|a| is_root(a)).map(Path::to_owned));
        let Some(root) = root else { continue };
        let bytes = path.metadata().map(|found| found.len()).unwrap_or(0);
        found.entry(root).or_default().push(Garbage { kind: GarbageKind::Leftovers, path, bytes });
    }
    found.retain(|_, garbage| !garbage.is_empty());
    Ok(found)
}

/// Removes `garbage`, and folders that become empty by that.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn remove(garbage: &Garbage) -> Result<()> {
    let path = &garbage.path;
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    removed.map_err(Error::io(path))?;
    if let Some(above) = path.parent() {
        // The folder is not empty in most cases, and then it stays.
        let _ = std::fs::remove_dir(above);
    }
    Ok(())
}

/// Whether `folder` is that of an experiment.
fn is_root(folder: &Path) -> bool {
    folder.join(".lock").is_file() || plan_file::in_folder(folder).is_ok_and(|plans| !plans.is_empty())
}

/// Folders of the runs that the plans in `root` name; `None` without a plan, and for a sweep, which needs all its runs.
fn named(root: &Path) -> Result<Option<BTreeSet<PathBuf>>> {
    let plans = plan_file::in_folder(root)?;
    if plans.is_empty() || sweep::is_folder(root) {
        return Ok(None);
    }
    let mut names = BTreeSet::new();
    for plan in plans {
        names.extend(plan_file::read(&plan)?.configs.iter().map(|config| config.directory(root)));
    }
    Ok(Some(names))
}

/// Name of a temporary file, such as `.eval.json.tmp`.
fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".tmp")
}

/// Checkpoints of the run in `folder` that it does not need.
fn checkpoints(folder: &Path, config: &JobConfig) -> Result<Vec<Garbage>> {
    let finished = matches!(Job::result_in(folder), Ok(Some(_)));
    // The newest intact checkpoint is kept. Where none is intact, nothing is removed.
    let Ok(Some((last, _))) = newest(folder, config, &|_| {}) else { return Ok(Vec::new()) };
    let [scheduled, interrupted] = stores(folder, config.checkpoint.keep);
    let history = history_store(folder, config.checkpoint.history);
    let mut garbage = Vec::new();
    let mut add = |kind: GarbageKind, path: PathBuf| {
        let bytes = path.metadata().map(|found| found.len()).unwrap_or(0);
        garbage.push(Garbage { kind, path, bytes });
    };
    let newest_scheduled = scheduled.steps()?.last().copied();
    for step in interrupted.steps()? {
        if newest_scheduled.is_some_and(|newest| step <= newest && newest == last) {
            add(GarbageKind::Leftovers, interrupted.path(step));
        }
    }
    if finished {
        for store in [&scheduled, &history] {
            let steps = store.steps()?.into_iter();
            steps
                .filter(|&step| step < last)
                .for_each(|step| add(GarbageKind::Checkpoints, store.path(step)));
        }
    }
    Ok(garbage)
}

/// Checksums and damages of everything below `folder`: the runs, and the plans of their experiments.
///
/// # Errors
/// [`Error::Io`] of the folder itself.
pub(crate) fn inspect(folder: &Path) -> Result<(Vec<checksums::VerifiedRun>, Vec<Error>)> {
    let (mut runs, mut damaged) = (Vec::new(), Vec::new());
    for file in plan_file::below(folder)? {
        damaged.extend(plan_file::read(&file).err());
    }
    for file in files_below(folder, CONFIG)? {
        let Some(run) = file.parent() else { continue };
        let (verified, errors) = checksums::inspect_run(run);
        runs.extend(verified);
        damaged.extend(errors);
    }
    Ok((runs, damaged))
}
