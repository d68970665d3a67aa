//! `metrics.jsonl`: one line per log point or evaluation. The file contains no times, so that repeated runs give the
//! same bytes.

use std::fs::{File, Metadata};
use std::io::Write;
use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::create_atomically;
use freewheel_core::input::read_raw;
use freewheel_core::{Ending, EpisodeSummary, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::export::tensorboard::EventLog;
use crate::stall::Stall;

/// Running mean and variance of the scores of episodes, with other statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Number of episodes with a score.
    pub episodes: u64,
    /// Mean score.
    pub mean: f64,
    /// Mean return, with the world's discount; equal to `mean` in a world whose score is the return.
    pub mean_return: f64,
    /// Sum of squared differences of the scores from their mean (Welford 1962).
    pub squared_differences: f64,
    /// Number of steps of all episodes.
    pub steps: u64,
    /// Number of truncated episodes.
    pub truncated: u64,
}

impl Window {
    /// Statistics of the episodes `finished`.
    pub fn of(finished: &[EpisodeSummary]) -> Self {
        let mut window = Window::default();
        finished.iter().for_each(|one| window.add(one));
        window
    }

    /// Adds one episode. An episode without a score (NaN), for example after an error of an opponent, is ignored.
    pub fn add(&mut self, finished: &EpisodeSummary) {
        if finished.score.is_nan() {
            return;
        }
        self.episodes += 1;
        let before = finished.score - self.mean;
        self.mean += before / self.episodes as f64;
        self.squared_differences += before * (finished.score - self.mean);
        self.mean_return += (finished.episode_return - self.mean_return) / self.episodes as f64;
        self.steps += u64::from(finished.length);
        self.truncated += u64::from(finished.ending == Ending::Truncated);
    }

    /// Statistics of the episodes of both windows (Chan et al. 1979).
    pub(crate) fn merged(&self, other: &Window) -> Window {
        let (a, b) = (self.episodes as f64, other.episodes as f64);
        if other.episodes == 0 || self.episodes == 0 {
            return if other.episodes == 0 { *self } else { *other };
        }
        let apart = other.mean - self.mean;
        Window {
            episodes: self.episodes + other.episodes,
            mean: self.mean + apart * b / (a + b),
            mean_return: self.mean_return + (other.mean_return - self.mean_return) * b / (a + b),
            squared_differences: self.squared_differences
                + other.squared_differences
                + apart * apart * a * b / (a + b),
            steps: self.steps + other.steps,
            truncated: self.truncated + other.truncated,
        }
    }

    /// Mean score of the episodes; `None` without episodes.
    pub fn score(&self) -> Option<f64> {
        (self.episodes > 0).then_some(self.mean)
    }

    /// Mean return of the episodes; `None` without episodes.
    pub fn mean_return(&self) -> Option<f64> {
        (self.episodes > 0).then_some(self.mean_return)
    }

    /// Standard deviation of the scores; `None` below two episodes.
    pub fn std(&self) -> Option<f64> {
        (self.episodes > 1).then(|| (self.squared_differences / (self.episodes - 1) as f64).sqrt())
    }

    /// Mean length of the episodes, in steps; `None` without episodes.
    pub fn length(&self) -> Option<f64> {
        (self.episodes > 0).then(|| self.steps as f64 / self.episodes as f64)
    }
}

/// The file `metrics.jsonl` of a run, open for writing.
pub(crate) struct Metrics {
    path: PathBuf,
    file: File,
    /// Number of bytes and BLAKE3 hash of the content.
    length: u64,
    hash: blake3::Hasher,
    /// Event file that gets each line, too.
    events: Option<EventLog>,
}

impl Metrics {
    /// Opens the file `path` with its first `length` bytes; lines after the latest checkpoint will be written again.
    /// These bytes must have the hash `digest`, if it is known. The file is written anew, so that a link in its place
    /// is not followed.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the file is shorter or has other bytes.
    pub(crate) fn open(path: &Path, length: u64, digest: Option<blake3::Hash>) -> Result<Self> {
        let mut kept = if length == 0 { Vec::new() } else { read_raw(path)? };
        let damaged = |what: String| Error::Damaged {
            file: path.to_owned(),
            reason: format!("{what}; delete the run's folder to start again"),
        };
        if (kept.len() as u64) < length {
            return Err(damaged(format!("{} bytes, but the checkpoint expects {length}", kept.len())));
        }
        kept.truncate(length as usize);
        let mut hash = blake3::Hasher::new();
        hash.update(&kept);
        if digest.is_some_and(|digest| digest != hash.finalize()) {
            return Err(damaged(format!(
                "its first {length} bytes differ from those at the latest checkpoint"
            )));
        }
        let file = create_atomically(path, &kept)?;
        Ok(Metrics { path: path.to_owned(), file, length, hash, events: None })
    }

    /// Writes each new line to `events`, too.
    pub(crate) fn follow(&mut self, events: EventLog) {
        self.events = Some(events);
    }

    /// Writes a line about the training episodes since the previous training line.
    pub(crate) fn training(
        &mut self,
        step: u64,
        episodes: u64,
        window: &Window,
        scalars: &[(String, f64)],
    ) -> Result<()> {
        let mut line = Map::new();
        line.insert("step".into(), json!(step));
        line.insert("episodes".into(), json!(episodes));
        line.insert("score".into(), json!(window.score()));
        line.insert("length".into(), json!(window.length()));
        for (name, value) in scalars {
            line.insert(name.clone(), json!(value));
        }
        self.write(&line)
    }

    /// Writes a line about a greedy evaluation, with the stall mark of the run.
    pub(crate) fn evaluation(&mut self, step: u64, window: &Window, stalled: Option<&Stall>) -> Result<()> {
        let mut line = Map::new();
        line.insert("step".into(), json!(step));
        let evaluation = json!({
            "episodes": window.episodes,
            "score": window.score(),
            "std": window.std(),
            "length": window.length(),
            "truncated": window.truncated,
        });
        line.insert("evaluation".into(), evaluation);
        if let Some(stall) = stalled {
            line.insert("stalled".into(), json!(stall));
        }
        self.write(&line)
    }

    fn write(&mut self, values: &Map<String, Value>) -> Result<()> {
        // One write call for the line: a writer of JSON would make one for each token.
        let line = serde_json::to_string(values).map_err(|e| Error::Unsupported(e.to_string()))? + "\n";
        self.file.write_all(line.as_bytes()).map_err(Error::io(&self.path))?;
        self.length += line.len() as u64;
        self.hash.update(line.as_bytes());
        self.events.as_mut().map_or(Ok(()), |events| events.push(values))
    }

    /// BLAKE3 hash of the content.
    pub(crate) fn digest(&self) -> blake3::Hash {
        self.hash.finalize()
    }

    /// Size of the file in bytes, and a function that syncs it to disk, for any thread.
    ///
    /// # Errors
    /// [`Error::Config`] if the run's folder was deleted or replaced in the meantime.
    pub(crate) fn sync(&self) -> Result<(u64, impl FnOnce() -> Result<()> + Send + use<>)> {
        let path = self.path.clone();
        if !self.is_in_place()? {
            return Err(Error::Config(format!(
                "{}: this file was deleted or replaced while the run wrote into it; its results are lost",
                path.display()
            )));
        }
        let file = self.file.try_clone().map_err(Error::io(&path))?;
        Ok((self.length, move || file.sync_data().map_err(Error::io(path))))
    }

    /// Whether the file at the path is the open one, with all bytes that were written.
    fn is_in_place(&self) -> Result<bool> {
        let open = self.file.metadata().map_err(Error::io(&self.path))?;
        let found = std::fs::symlink_metadata(&self.path).ok();
        Ok(found.is_some_and(|found| is_same(&open, &found)) && open.len() == self.length)
    }
}

/// Whether two files are the same one.
#[cfg(unix)]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Whether two files have the same length: other systems than Unix do not tell more.
#[cfg(not(unix))]
fn is_same(a: &Metadata, b: &Metadata) -> bool {
    a.len() == b.len()
}
