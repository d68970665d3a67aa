//! Runs in a folder with their states, for the home screen. A damaged run is listed with the reason; it does not hide
//! the others.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use freewheel_core::Result;
use freewheel_core::input::read_text;

use crate::checksums::{CONFIG, DIVERGED, METRICS};
use crate::curves::{CurveReader, Curves};
use crate::folders::files_below;
use crate::job::{Job, JobConfig};

/// State of a run on disk.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RunState {
    /// A process trains it.
    Learning,
    /// A process trains it, and its last evaluation was not better than the baseline.
    Stalled,
    /// It is finished.
    Done,
    /// It ended because a quantity became NaN or infinite, for this reason.
    Diverged(String),
    /// It is not finished, and no process trains it.
    Interrupted,
    /// Its files cannot be read, for this reason.
    Damaged(String),
}

impl RunState {
    /// Name of the state.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            RunState::Learning => "learning",
            RunState::Stalled => "stalled",
            RunState::Done => "done",
            RunState::Diverged(_) => "diverged",
            RunState::Interrupted => "interrupted",
            RunState::Damaged(_) => "damaged",
        }
    }
}

/// Run in a folder.
#[derive(Clone, Debug)]
pub(crate) struct RunEntry {
    /// Folder of the run.
    pub(crate) folder: PathBuf,
    /// Labels of the world and the agent; the name of the folder for a damaged run.
    pub(crate) world: String,
    /// Label of the agent.
    pub(crate) agent: String,
    /// Seed.
    pub(crate) seed: u64,
    /// State.
    pub(crate) state: RunState,
    /// Whether the run ended without being better than the baseline.
    pub(crate) stalled: bool,
    /// Environment steps made, as far as the metrics tell, and steps of the run.
    pub(crate) steps: (u64, u64),
    /// Newest score.
    pub(crate) score: Option<f64>,
    /// Learning curves.
    pub(crate) curves: Curves,
    /// Time since the last change of the metrics; `None` without metrics.
    pub(crate) age: Option<Duration>,
    /// Size of all files, bytes.
    pub(crate) size: u64,
}

/// Runs in and below `folder`, sorted by path; empty if there is no such folder.
///
/// # Errors
/// Errors of reading the folder itself.
pub(crate) fn list(folder: &Path) -> Result<Vec<RunEntry>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut in_use: Option<(PathBuf, bool)> = None;
    let mut entries = Vec::new();
    for file in files_below(folder, CONFIG)? {
        let Some(run) = file.parent() else { continue };
        // The runs of an experiment follow each other.
        let root = run.ancestors().nth(2).unwrap_or(run);
        if in_use.as_ref().is_none_or(|(known, _)| known != root) {
            in_use = Some((root.to_owned(), is_locked(root)));
        }
        entries.push(entry(run, in_use.as_ref().is_some_and(|(_, locked)| *locked)));
    }
    Ok(entries)
}

/// Entry of the run in `folder`; `locked` tells whether a process uses the experiment's folder.
fn entry(folder: &Path, locked: bool) -> RunEntry {
    let metrics = folder.join(METRICS);
    let changed = metrics.metadata().and_then(|found| found.modified()).ok();
    let name = folder.parent().and_then(Path::file_name).unwrap_or(folder.as_os_str());
    let mut entry = RunEntry {
        folder: folder.to_owned(),
        world: name.to_string_lossy().into_owned(),
        agent: String::new(),
        seed: 0,
        state: RunState::Interrupted,
        stalled: false,
        steps: (0, 0),
        score: None,
        curves: Curves::default(),
        age: changed.and_then(|changed| SystemTime::now().duration_since(changed).ok()),
        size: size_of(folder),
    };
    if let Err(e) = fill(&mut entry, locked) {
        // The path of the file is that of the entry.
        let text = e.to_string().replace(&*folder.to_string_lossy(), "");
        entry.state = RunState::Damaged(text.trim_start_matches(['/', '\\']).to_owned());
    }
    entry
}

/// Reads the configuration, the results and the metrics of a run.
fn fill(entry: &mut RunEntry, locked: bool) -> Result<()> {
    let config = JobConfig::read(&entry.folder)?;
    entry.world = config.world_label;
    entry.agent = config.agent_label;
    (entry.seed, entry.steps.1) = (config.seed, config.steps);
    let result = Job::result_in(&entry.folder)?;
    let mut reader = CurveReader::new(entry.folder.join(METRICS));
    while reader.read()? {}
    entry.curves.clone_from(reader.curves());
    let last = entry.curves.all.iter().filter_map(|curve| curve.points.last()).map(|(step, _)| *step);
    entry.steps.0 = last.max().unwrap_or(0);
    match result {
        Some(result) => {
            (entry.state, entry.steps.0) = (RunState::Done, result.steps);
            entry.score = result.evaluation.score();
            entry.stalled = result.stalled.is_some();
        }
        None => {
            entry.score = entry.curves.score();
            entry.stalled = entry.curves.stalled;
            let diverged = read_text(&entry.folder.join(DIVERGED)).ok();
            entry.state = match (diverged, locked, entry.stalled) {
                (Some(reason), ..) => RunState::Diverged(reason.trim().to_owned()),
                (None, true, true) => RunState::Stalled,
                (None, true, false) => RunState::Learning,
                (None, false, _) => RunState::Interrupted,
            };
        }
    }
    Ok(())
}

/// Whether a process holds the lock of an experiment's folder.
fn is_locked(root: &Path) -> bool {
    // A shared lock is given back at once.
    File::open(root.join(".lock"))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
}

/// Size of all files in and below `folder`, bytes.
pub(crate) fn size_of(folder: &Path) -> u64 {
    let mut size = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => size += found.len(),
                Err(_) => {}
            }
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::Registry;
    use crate::document::Document;
    use crate::experiment;
    use crate::plan::Plan;
    use crate::progress::Progress;
    use crate::score_scale::ScoreScales;

    /// Folder with three tiny runs.
    fn runs() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::standard();
        let doc = Document::one_run("grid/cliff", "q-learning", Some(2000), "0..3");
        let jobs = Plan::new(&registry, &doc).unwrap().jobs;
        let (stop, scales) = (AtomicBool::new(false), ScoreScales::default());
        let progress = Progress::new(1, true);
        experiment::run(&registry, &jobs, folder.path(), 1, &stop, &progress, &scales).unwrap();
        folder
    }

    #[test]
    fn runs_have_states_and_a_damaged_one_has_its_reason() {
        let folder = runs();
        let all = list(folder.path()).unwrap();
        assert_eq!(all.len(), 3);
        for (seed, run) in all.iter().enumerate() {
            assert_eq!((&*run.world, &*run.agent, run.seed), ("grid/cliff", "q-learning", seed as u64));
            assert_eq!((&run.state, run.steps), (&RunState::Done, (2000, 2000)));
            assert!(run.score.is_some() && run.size > 1000 && run.age.is_some());
            assert_eq!(run.curves.points("epsilon").len(), 100);
        }
        // Without results a run is interrupted; while a process holds the lock, it learns, here no better than the
        // baseline.
        std::fs::remove_file(all[0].folder.join("eval.json")).unwrap();
        std::fs::write(all[1].folder.join("config.toml"), "steps = 1").unwrap();
        std::fs::write(all[2].folder.join("eval.json"), "{}").unwrap();
        let states = || list(folder.path()).unwrap().into_iter().map(|run| run.state).collect::<Vec<_>>();
        let now = states();
        assert_eq!(now[0], RunState::Interrupted);
        for (state, file) in [(&now[1], "config.toml"), (&now[2], "eval.json")] {
            assert!(matches!(state, RunState::Damaged(why) if why.contains(file)), "{state:?}");
        }
        std::fs::write(all[0].folder.join(DIVERGED), "loss became NaN at step 7\n").unwrap();
        assert_eq!(states()[0], RunState::Diverged("loss became NaN at step 7".into()));
        std::fs::remove_file(all[0].folder.join(DIVERGED)).unwrap();
        let lock = File::create(folder.path().join(".lock")).unwrap();
        lock.lock().unwrap();
        assert_eq!(states()[0], RunState::Stalled);
    }

    #[test]
    fn a_missing_folder_has_no_runs() {
        assert!(list(Path::new("no/such/folder")).unwrap().is_empty());
    }
}
