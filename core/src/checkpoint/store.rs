//! Checkpoints of one run in a folder, saving in the background, and atomic replacement of files.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use super::Checkpoint;
use crate::{Error, Result};

/// A folder of checkpoint files `step-<n>.ckpt`, n with 12 digits, of which the newest are kept. One process writes to
/// it.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    keep: usize,
}

/// Result of [`Store::latest`].
#[derive(Debug)]
pub struct LatestCheckpoint {
    /// Environment step at which it was saved.
    pub step: u64,
    /// Newest intact checkpoint.
    pub checkpoint: Checkpoint,
    /// Errors of newer checkpoints that are damaged, the newest first.
    pub damaged: Vec<Error>,
}

impl Store {
    /// Checkpoints in the folder `dir`, which the first save creates; the newest `keep` (at least 1) are kept.
    pub fn new(dir: impl Into<PathBuf>, keep: usize) -> Self {
        Store { dir: dir.into(), keep: keep.max(1) }
    }

    /// Folder of the checkpoints.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Path of the checkpoint of `step`.
    pub fn path(&self, step: u64) -> PathBuf {
        self.dir.join(name(step))
    }

    /// Writes the checkpoint of `step` and returns its path; then removes temporary files and, of the checkpoints up to
    /// this step, all but the newest `keep`. Checkpoints of later steps, from before a return to an older checkpoint,
    /// are left until the run passes them.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, step: u64, checkpoint: &Checkpoint) -> Result<PathBuf> {
        fs::create_dir_all(&self.dir).map_err(Error::io(&self.dir))?;
        self.clean()?;
        let path = self.path(step);
        replace(&path, |file| checkpoint.write(file))?;
        let mut old = self.steps()?;
        old.retain(|&other| other <= step);
        old.truncate(old.len().saturating_sub(self.keep));
        for step in old {
            remove(&self.path(step))?;
        }
        Ok(path)
    }

    /// Steps that have a file, intact or not, ascending; empty where there is no folder yet.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn steps(&self) -> Result<Vec<u64>> {
        let mut steps: Vec<u64> = self.names()?.iter().filter_map(|name| step_of(name)).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// The checkpoint of `step`.
    ///
    /// # Errors
    /// [`Error::Damaged`]; [`Error::Io`], also where there is no such file.
    pub fn load(&self, step: u64) -> Result<Checkpoint> {
        Checkpoint::read(&self.path(step))
    }

    /// The newest intact checkpoint; `None` where there are no files.
    ///
    /// # Errors
    /// [`Error::Damaged`] where all files are damaged; [`Error::Io`].
    pub fn latest(&self) -> Result<Option<LatestCheckpoint>> {
        let mut damaged = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            match self.load(step) {
                Ok(checkpoint) => return Ok(Some(LatestCheckpoint { step, checkpoint, damaged })),
                Err(error) => damaged.push(error),
            }
        }
        match damaged.first() {
            None => Ok(None),
            Some(newest) => Err(Error::Damaged {
                file: self.dir.clone(),
                reason: format!("all of its {} checkpoints are damaged; the newest: {newest}", damaged.len()),
            }),
        }
    }

    /// Removes temporary files that an interrupted save left.
    fn clean(&self) -> Result<()> {
        let left = |name: &String| name.starts_with(".step-") && name.ends_with(TEMPORARY);
        self.names()?.iter().filter(|name| left(name)).try_for_each(|name| remove(&self.dir.join(name)))
    }

    fn names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io(&self.dir)(e)),
        };
        let mut names = Vec::new();
        for entry in entries {
            // Names of checkpoints are UTF-8.
            if let Ok(name) = entry.map_err(Error::io(&self.dir))?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }
}

fn name(step: u64) -> String {
    format!("step-{step:012}.ckpt")
}

fn step_of(file: &str) -> Option<u64> {
    let step = file.strip_prefix("step-")?.strip_suffix(".ckpt")?.parse().ok()?;
    (name(step) == file).then_some(step)
}

/// Removes a file; a missing one is not an error.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io(path)(e)),
        _ => Ok(()),
    }
}

/// Background thread for saving, one job at a time.
///
/// The next call returns the error of a job. Dropping the writer waits for the job and ignores its error: call
/// [`Writer::finish`] first.
#[derive(Debug, Default)]
pub struct Writer(Option<JoinHandle<Result<()>>>);

impl Writer {
    /// Waits for the previous job, then starts `job`, such as a [`Store::save`], in the background.
    ///
    /// # Errors
    /// Errors of the previous job; `job` is not started then.
    pub fn submit(&mut self, job: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
        self.finish()?;
        let spawned = Builder::new().name("writer".into()).spawn(job);
        self.0 = Some(spawned.map_err(Error::io("thread for saving"))?);
        Ok(())
    }

    /// Waits for the current job.
    ///
    /// # Errors
    /// Errors of the job.
    pub fn finish(&mut self) -> Result<()> {
        match self.0.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(written)) => written,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(job) = self.0.take() {
            let _ = job.join();
        }
    }
}

/// Suffix of temporary files.
const TEMPORARY: &str = ".tmp";

/// Replaces the file at `path` by `bytes`, completely or not at all: writes a temporary file in the same folder, syncs
/// it, renames it, and syncs the folder. The folder must exist.
///
/// # Errors
/// [`Error::Io`]; the old file is unchanged then, and the temporary file is removed.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    replace(path.as_ref(), |file| file.write_all(bytes))
}

/// [`write_atomically`] with the bytes that `write` writes.
fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path
        .file_name()
        .ok_or_else(|| Error::Config(format!("{}: this path has no file name", path.display())))?;
    let (mut file, temporary) = create_temporary(folder, name)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    drop(file);
    let renamed = written
        .map_err(Error::io(&temporary))
        .and_then(|()| fs::rename(&temporary, path).map_err(Error::io(path)));
    if renamed.is_err() {
        // The caller gets the first error; the next save removes a temporary file that is left.
        let _ = fs::remove_file(&temporary);
    }
    renamed?;
    sync_folder(folder)
}

/// Creates the file `.<name>.tmp` in `folder`; overwrites the one that a killed process left.
fn create_temporary(folder: &Path, name: &OsStr) -> Result<(File, PathBuf)> {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(TEMPORARY);
    let temporary = folder.join(temporary);
    let file = File::create(&temporary).map_err(Error::io(&temporary))?;
    Ok((file, temporary))
}

/// Syncs a folder, which makes a rename durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))
}

/// Other systems cannot open a folder as a file.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
}
