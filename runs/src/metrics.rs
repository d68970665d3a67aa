//! `metrics.jsonl`: one line a log point. No clock stands in it: the same run gives the same bytes.

use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use freewheel_core::{Ending, EpisodeSummary, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::stall::Stall;

/// Episodes gathered: their number and the sums that means are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// How many.
    pub episodes: u64,
    /// Mean score.
    pub mean: f64,
    /// Mean return, with the world's discount; the score itself where episodes are judged by it.
    pub total: f64,
    /// Sum of squared deviations from the mean, for the standard deviation (Welford 1962).
    pub squares: f64,
    /// Steps in all.
    pub steps: u64,
    /// How many were cut by a limit.
    pub truncated: u64,
}

impl Window {
    /// Gathers `finished`.
    pub fn of(finished: &[EpisodeSummary]) -> Self {
        let mut window = Window::default();
        finished.iter().for_each(|one| window.add(one));
        window
    }

    /// Adds one episode; one whose score cannot be said, as where an opponent has failed, does not count.
    pub fn add(&mut self, finished: &EpisodeSummary) {
        if finished.score.is_nan() {
            return;
        }
        self.episodes += 1;
        let before = finished.score - self.mean;
        self.mean += before / self.episodes as f64;
        self.squares += before * (finished.score - self.mean);
        self.total += (finished.episode_return - self.total) / self.episodes as f64;
        self.steps += u64::from(finished.length);
        self.truncated += u64::from(finished.ending == Ending::Truncated);
    }

    /// Mean score; `None` without episodes.
    pub fn score(&self) -> Option<f64> {
        (self.episodes > 0).then_some(self.mean)
    }

    /// Mean return; `None` without episodes.
    pub fn total(&self) -> Option<f64> {
        (self.episodes > 0).then_some(self.total)
    }

    /// Standard deviation of the scores; `None` below two episodes.
    pub fn deviation(&self) -> Option<f64> {
        (self.episodes > 1).then(|| (self.squares / (self.episodes - 1) as f64).sqrt())
    }

    /// Mean length in steps; `None` without episodes.
    pub fn length(&self) -> Option<f64> {
        (self.episodes > 0).then(|| self.steps as f64 / self.episodes as f64)
    }
}

/// The file.
pub(crate) struct Metrics {
    path: PathBuf,
    file: File,
}

impl Metrics {
    /// Opens it, keeping its first `length` bytes: what a lost process wrote after its last checkpoint is written again.
    pub(crate) fn open(path: &Path, length: u64) -> Result<Self> {
        let io = || Error::io(path);
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(io())?;
        let found = file.metadata().map_err(io())?.len();
        if found < length {
            let reason = format!(
                "{found} bytes, but its checkpoint knows {length}; delete the run's folder to begin anew"
            );
            return Err(Error::Damaged { file: path.to_owned(), reason });
        }
        file.set_len(length).map_err(io())?;
        file.seek(std::io::SeekFrom::End(0)).map_err(io())?;
        Ok(Metrics { path: path.to_owned(), file })
    }

    /// A line about the training episodes since the last one.
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
        self.write(Value::Object(line))
    }

    /// A line about a greedy evaluation, and whether it is one of a run that has stalled.
    pub(crate) fn evaluation(&mut self, step: u64, window: &Window, stalled: Option<&Stall>) -> Result<()> {
        let mut line = json!({ "step": step, "evaluation": {
            "episodes": window.episodes,
            "score": window.score(),
            "deviation": window.deviation(),
            "length": window.length(),
            "truncated": window.truncated,
        }});
        if let Some(stall) = stalled {
            line["stalled"] = json!(stall);
        }
        self.write(line)
    }

    fn write(&mut self, line: Value) -> Result<()> {
        // One write a line: a formatted `Value` would be one for every token.
        self.file.write_all(format!("{line}\n").as_bytes()).map_err(Error::io(&self.path))
    }

    /// How many bytes the lines are, and what brings them to the disk, on any thread.
    pub(crate) fn sync(&self) -> Result<(u64, impl FnOnce() -> Result<()> + Send + use<>)> {
        let path = self.path.clone();
        let length = self.file.metadata().map_err(Error::io(&path))?.len();
        let file = self.file.try_clone().map_err(Error::io(&path))?;
        Ok((length, move || file.sync_data().map_err(Error::io(path))))
    }
}
