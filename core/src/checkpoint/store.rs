//! The checkpoints of one run in their folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Checkpoint;
use super::file::{TEMPORARY, replace};
use crate::{Error, Result};

/// A folder of files `step-<n>.ckpt`, n having 12 digits, of which the newest few are kept. It has one writer.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    keep: usize,
}

/// What [`Store::latest`] found.
#[derive(Debug)]
pub struct Restored {
    /// The step it was saved at.
    pub step: u64,
    /// The newest whole checkpoint.
    pub checkpoint: Checkpoint,
    /// Why each newer one was refused, the newest first.
    pub refused: Vec<Error>,
}

impl Store {
    /// The checkpoints in `dir`, which the first save creates; of those saved, the newest `keep` (at least 1) stay.
    pub fn new(dir: impl Into<PathBuf>, keep: usize) -> Self {
        Store { dir: dir.into(), keep: keep.max(1) }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of `step`.
    pub fn path(&self, step: u64) -> PathBuf {
        self.dir.join(name(step))
    }

    /// Writes `checkpoint` as that of `step` and gives its file; then removes what older saves left too much: files
    /// beyond the newest `keep` up to this step, and temporary ones. Files of later steps, which a run that went back
    /// to an older checkpoint meets, are left until it passes them.
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

    /// The steps of which there is a file, whole or not, ascending; none where there is no folder yet.
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
    /// [`Error::Damaged`]; [`Error::Io`], also where there is none.
    pub fn load(&self, step: u64) -> Result<Checkpoint> {
        Checkpoint::read(&self.path(step))
    }

    /// The newest whole checkpoint, `None` where none was ever saved.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there are files and not one of them is whole; [`Error::Io`].
    pub fn latest(&self) -> Result<Option<Restored>> {
        let mut refused = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            match self.load(step) {
                Ok(checkpoint) => return Ok(Some(Restored { step, checkpoint, refused })),
                Err(error) => refused.push(error),
            }
        }
        match refused.first() {
            None => Ok(None),
            Some(newest) => Err(Error::Damaged {
                file: self.dir.clone(),
                reason: format!(
                    "not one of its {} checkpoints is whole; the newest: {newest}",
                    refused.len()
                ),
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
            // A name that is not UTF-8 is none of ours.
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

/// What is gone already is removed.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io(path)(e)),
        _ => Ok(()),
    }
}
