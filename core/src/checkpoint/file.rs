//! Files that are replaced whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The end of every temporary name.
pub(super) const TEMPORARY: &str = ".tmp";

/// Replaces the file at `path` by `bytes`, or leaves what stood there: they go to a temporary name in the same folder,
/// are synced to the disk and renamed, and the folder is synced. The folder must exist.
///
/// # Errors
/// [`Error::Io`]; then what stood at `path` still stands there, and the temporary file has been removed.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    replace(path.as_ref(), |file| file.write_all(bytes))
}

/// [`write_atomically`] of whatever `write` writes.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = path
        .file_name()
        .ok_or_else(|| Error::Config(format!("{}: this is not the name of a file", path.display())))?;
    let (mut file, temporary) = create_beside(folder, name)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    drop(file);
    let renamed = written
        .map_err(Error::io(&temporary))
        .and_then(|()| fs::rename(&temporary, path).map_err(Error::io(path)));
    if renamed.is_err() {
        // The first error is the one to tell; what is left behind is cleaned at the next save.
        let _ = fs::remove_file(&temporary);
    }
    renamed?;
    sync_folder(folder)
}

/// The new file `.<name>.tmp` in `folder`. What a process that was killed left there is written over: of a killed run
/// that was taken up again nothing stays behind. A folder has one writer.
fn create_beside(folder: &Path, name: &std::ffi::OsStr) -> Result<(File, PathBuf)> {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(TEMPORARY);
    let temporary = folder.join(temporary);
    let file = File::create(&temporary).map_err(Error::io(&temporary))?;
    Ok((file, temporary))
}

/// A rename is on the disk once its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))
}

/// Elsewhere a folder cannot be opened as a file.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
}
