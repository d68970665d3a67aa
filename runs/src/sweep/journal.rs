//! Journal of a sweep: the results of its runs, a line of JSON for each, in the folder `journal`.
//!
//! Every process appends to a file of its own, `task-<i>-of-<n>.jsonl`, and reads those of all. A line ends in a
//! checksum of the text before it, and is on disk before the process begins the next run. A line that a kill or a full
//! disk has cut off has no line end: it is ignored, and removed when the process starts again. A complete line with
//! another checksum is an error.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use freewheel_core::input::read_raw;
use freewheel_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::TaskId;
use crate::folders::{create_folder, open_file};

/// Folder of the journal in that of the sweep.
const FOLDER: &str = "journal";

/// Run up to a number of steps.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    /// Folder of the run below that of the sweep.
    pub(super) run: String,
    /// Environment steps.
    pub(super) steps: u64,
}

/// Results of runs: the score of the final evaluation; `None` for a run that diverged or has no score.
pub(super) type Results = HashMap<Key, Option<f64>>;

/// Line of the journal without its checksum.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    key: Key,
    score: Option<f64>,
}

/// Start of the checksum in a line.
const CHECKSUM: &str = ",\"checksum\":\"";

/// Text of a line, with its line end.
fn to_text(key: &Key, score: Option<f64>) -> Result<String> {
    let line = Line { key: key.clone(), score };
    let json = serde_json::to_string(&line).map_err(|e| Error::Unsupported(e.to_string()))?;
    let body = json.strip_suffix('}').unwrap_or(&json);
    Ok(format!("{body}{CHECKSUM}{}\"}}\n", checksum(body)))
}

fn checksum(body: &str) -> String {
    blake3::hash(body.as_bytes()).to_hex()[..16].to_owned()
}

/// Line in `text`, which has no line end; `None` if it is damaged.
fn of_text(text: &[u8]) -> Option<(Key, Option<f64>)> {
    let text = std::str::from_utf8(text).ok()?;
    let (body, rest) = text.rsplit_once(CHECKSUM)?;
    if rest.strip_suffix("\"}")? != checksum(body) {
        return None;
    }
    let line: Line = serde_json::from_str(&format!("{body}}}")).ok()?;
    Some((line.key, line.score))
}

/// Reader of all files of a journal.
#[derive(Debug)]
pub(super) struct Reader {
    folder: PathBuf,
    /// Number of bytes that have been read from each file.
    offsets: HashMap<PathBuf, u64>,
    /// Results so far.
    pub(super) results: Results,
}

impl Reader {
    /// Reader of the journal of the sweep in `root`.
    pub(super) fn new(root: &Path) -> Self {
        Reader { folder: root.join(FOLDER), offsets: HashMap::new(), results: Results::new() }
    }

    /// Reads the lines that were written since the last call.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a line with a wrong checksum, or two results of one run; [`Error::Io`].
    pub(super) fn read(&mut self) -> Result<()> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(Error::io(&self.folder))?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(Error::io(&self.folder))?.path();
            if path.extension().is_some_and(|e| e == "jsonl") {
                files.push(path);
            }
        }
        files.sort();
        for path in files {
            let offset = self.offsets.get(&path).copied().unwrap_or(0);
            let all = read_raw(&path)?;
            let bytes = all.get(offset as usize..).unwrap_or_default();
            let complete = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let damaged = |reason: String| Error::Damaged { file: path.clone(), reason };
            for line in bytes[..complete].split_inclusive(|&byte| byte == b'\n') {
                let Some((key, score)) = of_text(&line[..line.len() - 1]) else {
                    return Err(damaged(format!(
                        "a line does not match its checksum: `{}`; delete this line to repeat its run",
                        String::from_utf8_lossy(&line[..line.len().min(80)]).trim_end()
                    )));
                };
                match self.results.get(&key) {
                    Some(known) if known.map(f64::to_bits) != score.map(f64::to_bits) => {
                        let Key { run, steps } = key;
                        return Err(damaged(format!("two results of {run} at {steps} steps differ")));
                    }
                    _ => {
                        self.results.insert(key, score);
                    }
                }
            }
            self.offsets.insert(path, offset + complete as u64);
        }
        Ok(())
    }
}

/// Writer of the file of one process, which is locked while the process runs.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    file: File,
    /// Size of the complete lines.
    length: u64,
}

impl Writer {
    /// Writer for the task `task` of the sweep in `root`; a cut-off last line is removed.
    ///
    /// # Errors
    /// [`Error::Config`] if another process is this task; [`Error::Io`].
    pub(super) fn open(root: &Path, task: TaskId) -> Result<Self> {
        let folder = root.join(FOLDER);
        create_folder(root, &folder)?;
        let path = folder.join(format!("task-{}-of-{}.jsonl", task.index, task.count));
        let mut file = open_file(&path)?;
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(Error::Config(format!(
                "{}: another process is task {task} of this sweep; give each process its own --task-id",
                root.display()
            )));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Error::io(&path))?;
        let length = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1) as u64;
        let mut writer = Writer { path, file, length };
        writer.cut()?;
        Ok(writer)
    }

    /// Removes what follows the complete lines.
    fn cut(&mut self) -> Result<()> {
        let cut = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
        cut.map(drop).map_err(Error::io(&self.path))
    }

    /// Writes a result and waits until it is on disk.
    ///
    /// # Errors
    /// [`Error::Io`]; the lines before are unchanged.
    pub(super) fn append(&mut self, key: &Key, score: Option<f64>) -> Result<()> {
        let text = to_text(key, score)?;
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        match written.map_err(Error::io(&self.path)) {
            Ok(()) => self.length += text.len() as u64,
            Err(error) => {
                // Else the next line would follow a part of this one.
                let _ = self.cut();
                return Err(error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: TaskId = TaskId { index: 1, count: 1 };

    fn key(run: &str) -> Key {
        Key { run: run.into(), steps: 1000 }
    }

    #[test]
    fn a_cut_line_is_ignored_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(folder.path(), ONE).unwrap();
        writer.append(&key("a"), Some(-13.25)).unwrap();
        writer.append(&key("b"), None).unwrap();
        drop(writer);
        let path = folder.path().join("journal/task-1-of-1.jsonl");
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut reader = Reader::new(folder.path());
            reader.read().unwrap();
            let lines = whole[..cut].iter().filter(|&&byte| byte == b'\n').count();
            assert_eq!(reader.results.len(), lines, "cut at {cut}");
        }
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let mut writer = Writer::open(folder.path(), ONE).unwrap();
        writer.append(&key("b"), None).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }

    #[test]
    fn a_changed_line_is_an_error_and_a_second_process_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(folder.path(), ONE).unwrap();
        let refused = Writer::open(folder.path(), ONE).unwrap_err().to_string();
        assert!(refused.contains("another process is task 1/1"), "{refused}");
        let mut reader = Reader::new(folder.path());
        writer.append(&key("a"), Some(0.1 + 0.2)).unwrap();
        reader.read().unwrap();
        writer.append(&key("b"), Some(f64::MAX)).unwrap();
        reader.read().unwrap();
        assert_eq!(reader.results, Results::from([(key("a"), Some(0.1 + 0.2)), (key("b"), Some(f64::MAX))]));
        let path = folder.path().join("journal/task-1-of-1.jsonl");
        let whole = std::fs::read(&path).unwrap();
        for bit in (0..whole.len() * 8).filter(|bit| whole[bit / 8] != b'\n') {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &bytes).unwrap();
            let read = Reader::new(folder.path()).read();
            assert!(matches!(read, Err(Error::Damaged { .. })), "bit {bit}");
        }
        // Another result of the same run.
        std::fs::write(&path, whole).unwrap();
        let mut other = Writer::open(folder.path(), TaskId { index: 1, count: 2 }).unwrap();
        other.append(&key("a"), Some(1.0)).unwrap();
        assert!(Reader::new(folder.path()).read().unwrap_err().to_string().contains("differ"));
    }
}
