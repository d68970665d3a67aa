//! Checkpoints of one run in a folder, saving in the background, and atomic replacement of files.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use super::Checkpoint;
use crate::{Error, Result};

/// Folder of checkpoint files `step-<n>.ckpt`, with the step n in 12 digits; only the newest files are kept. Only one
/// process may write to the folder.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    keep: usize,
}

/// Result of [`Store::latest`].
#[derive(Debug)]
pub struct LatestCheckpoint {
    /// Environment step at which the checkpoint was saved.
    pub step: u64,
    /// Newest intact checkpoint.
    pub checkpoint: Checkpoint,
    /// Errors of damaged checkpoints that are newer than this one, the newest first.
    pub damaged: Vec<Error>,
}

impl Store {
    /// Store of checkpoints in the folder `dir`, which the first save creates; the newest `keep` (at least 1) are kept.
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

    /// Writes the checkpoint of `step` and returns its path. Then removes temporary files, and all but the newest
    /// `keep` of the checkpoints up to `step`. Checkpoints of later steps, which remain if a run was resumed from an
    /// older checkpoint, are kept until the run passes their steps.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, step: u64, checkpoint: &Checkpoint) -> Result<PathBuf> {
        fs::create_dir_all(&self.dir).map_err(Error::io(&self.dir))?;
        remove_temporary_files(&self.dir)?;
        let path = self.path(step);
        replace(&path, |file| checkpoint.write(file)).map(drop)?;
        let mut old = self.steps()?;
        old.retain(|&other| other <= step);
        old.truncate(old.len().saturating_sub(self.keep));
        for step in old {
            remove(&self.path(step))?;
        }
        Ok(path)
    }

    /// Steps with a checkpoint file, intact or damaged, ascending; empty if the folder does not exist.
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
    /// [`Error::Damaged`]; [`Error::Io`], also for a missing file.
    pub fn load(&self, step: u64) -> Result<Checkpoint> {
        Checkpoint::read(&self.path(step))
    }

    /// Newest intact checkpoint; `None` if there is no checkpoint file.
    ///
    /// # Errors
    /// [`Error::Damaged`] if all checkpoint files are damaged; [`Error::Io`].
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

    fn names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::io(&self.dir)(e)),
        };
        let mut names = Vec::new();
        for entry in entries {
            // Names of checkpoint files are UTF-8; other names are ignored.
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

/// Removes the file at `path`; a missing file is not an error.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io(path)(e)),
        _ => Ok(()),
    }
}

/// Background thread for saving, one job at a time.
///
/// The error of a job is returned by the next call of [`Writer::submit`] or [`Writer::finish`]. Dropping the writer
/// waits for the current job and ignores its error: call [`Writer::finish`] before.
#[derive(Debug, Default)]
pub struct Writer(Option<JoinHandle<Result<()>>>);

impl Writer {
    /// Waits for the previous job, then starts `job`, such as a [`Store::save`], in the background.
    ///
    /// # Errors
    /// Errors of the previous job; then `job` is not started.
    pub fn submit(&mut self, job: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
        self.finish()?;
        let spawned = Builder::new().name("writer".into()).spawn(job);
        self.0 = Some(spawned.map_err(Error::io("thread for saving"))?);
        Ok(())
    }

    /// Waits for the end of the current job.
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

/// Replaces the file at `path` by `bytes` atomically: writes a temporary file in the same folder, syncs the file,
/// renames it to `path`, and syncs the folder. The folder must exist. A symbolic link at `path` or at the name of the
/// temporary file is replaced, not followed.
///
/// # Errors
/// [`Error::Io`]; the old file is unchanged then, and the temporary file is removed.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    replace(path.as_ref(), |file| file.write_all(bytes)).map(drop)
}

/// [`write_atomically`], which also returns the new file, open for appending more bytes.
///
/// # Errors
/// As [`write_atomically`].
pub fn create_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<File> {
    replace(path.as_ref(), |file| file.write_all(bytes))
}

/// Removes the temporary files that a killed process left in `folder`. A missing folder is not an error.
///
/// # Errors
/// [`Error::Io`].
pub fn remove_temporary_files(folder: impl AsRef<Path>) -> Result<()> {
    let folder = folder.as_ref();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io(folder)(e)),
    };
    for entry in entries {
        let entry = entry.map_err(Error::io(folder))?;
        let (name, kind) = (entry.file_name(), entry.file_type().map_err(Error::io(entry.path()))?);
        let name = name.as_encoded_bytes();
        if name.starts_with(b".") && name.ends_with(TEMPORARY.as_bytes()) && !kind.is_dir() {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// [`write_atomically`] of the bytes that the function `write` writes. Returns the new file.
fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<File> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path
        .file_name()
        .ok_or_else(|| Error::Config(format!("{}: this path has no file name", path.display())))?;
    let (mut file, temporary) = create_temporary(folder, name)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    let renamed = written
        .map_err(Error::io(&temporary))
        .and_then(|()| fs::rename(&temporary, path).map_err(Error::io(path)));
    if renamed.is_err() {
        // An error of the removal is ignored: the caller gets the first error, and the next save removes the file.
        let _ = fs::remove_file(&temporary);
    }
    renamed?;
    sync_folder(folder)?;
    Ok(file)
}

/// Creates the temporary file `.<name>.tmp` in `folder`, in place of one that a killed process left. The file is always
/// a new one, so that a link with its name is not followed.
fn create_temporary(folder: &Path, name: &OsStr) -> Result<(File, PathBuf)> {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(TEMPORARY);
    let temporary = folder.join(temporary);
    remove(&temporary)?;
    let file = File::create_new(&temporary).map_err(Error::io(&temporary))?;
    Ok((file, temporary))
}

/// Syncs a folder to disk, so that a renaming in it survives a power failure.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))
}

/// Does nothing: other systems than Unix cannot open a folder as a file.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
}
