//! Learning curves of a run, read from its `metrics.jsonl` while the run writes it.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;

use freewheel_core::{Error, Result};
use serde_json::{Map, Value};

/// Maximum number of bytes that one call of [`CurveReader::read`] takes, so that the caller can draw in between.
const MOST: u64 = 1 << 20;

/// Series of numbers over the environment steps of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Name of the metric, such as `score` or `td_error`.
    pub name: String,
    /// Step and value of each point, in the order of the file.
    pub points: Vec<(u64, f64)>,
}

/// Learning curves of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// Curves in the order in which their names appear. `score` is the mean score of the training episodes,
    /// [`Curves::EVALUATION`] that of the greedy evaluations.
    pub all: Vec<Curve>,
    /// Number of training episodes until each step of the training lines.
    pub episodes: Vec<(u64, u64)>,
    /// Whether the last evaluation marks the run as stalled.
    pub stalled: bool,
}

impl Curves {
    /// Name of the curve of the evaluations.
    pub const EVALUATION: &'static str = "evaluation";

    /// Points of the curve `name`; empty without this curve.
    pub fn points(&self, name: &str) -> &[(u64, f64)] {
        self.all.iter().find(|curve| curve.name == name).map_or(&[], |curve| &curve.points)
    }

    /// Newest score: of the last evaluation, or of the training episodes before the first evaluation.
    pub fn score(&self) -> Option<f64> {
        let last = |name| self.points(name).last().map(|(_, score)| *score);
        last(Curves::EVALUATION).or_else(|| last("score"))
    }

    /// Number of training episodes until `step`; `None` before the first training line.
    pub fn episodes_at(&self, step: u64) -> Option<u64> {
        let after = self.episodes.partition_point(|(known, _)| *known <= step);
        after.checked_sub(1).map(|last| self.episodes[last].1)
    }

    fn push(&mut self, name: &str, step: u64, value: f64) {
        match self.all.iter_mut().find(|curve| curve.name == name) {
            Some(curve) => curve.points.push((step, value)),
            None => self.all.push(Curve { name: name.to_owned(), points: vec![(step, value)] }),
        }
    }

    /// Adds a line of the file; false if it is not a line of such a file.
    fn add(&mut self, line: &Map<String, Value>) -> bool {
        let Some(step) = line.get("step").and_then(Value::as_u64) else { return false };
        if let Some(evaluation) = line.get("evaluation") {
            if let Some(score) = evaluation.get("score").and_then(Value::as_f64) {
                self.push(Curves::EVALUATION, step, score);
            }
            self.stalled = line.contains_key("stalled");
            return true;
        }
        if let Some(episodes) = line.get("episodes").and_then(Value::as_u64) {
            self.episodes.push((step, episodes));
        }
        for (name, value) in line {
            if !matches!(name.as_str(), "step" | "episodes")
                && let Some(value) = value.as_f64().filter(|value| value.is_finite())
            {
                self.push(name, step, value);
            }
        }
        true
    }
}

/// Reader of `metrics.jsonl`, which reads only the lines that are new.
#[derive(Debug)]
pub struct CurveReader {
    file: PathBuf,
    /// Number of bytes that have been read, up to the end of a line.
    offset: u64,
    /// First line of the file: another one shows that the run has started anew.
    first: Vec<u8>,
    curves: Curves,
}

impl CurveReader {
    /// Reader of `file`, which need not exist yet.
    pub fn new(file: PathBuf) -> Self {
        CurveReader { file, offset: 0, first: Vec::new(), curves: Curves::default() }
    }

    /// Curves that have been read.
    pub fn curves(&self) -> &Curves {
        &self.curves
    }

    /// Reads the lines that are new; true if there are any, or if the file was written anew.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] for a line that is not of such a file.
    pub fn read(&mut self) -> Result<bool> {
        let error = || Error::io(&self.file);
        let mut file = match File::open(&self.file) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
            opened => opened.map_err(error())?,
        };
        let length = file.metadata().map_err(error())?.len();
        let mut first = vec![0; self.first.len()];
        let same = length >= self.offset && file.read_exact(&mut first).is_ok() && first == self.first;
        let anew = !same;
        if anew {
            // A resumed run writes the lines after its checkpoint again.
            (self.offset, self.curves) = (0, Curves::default());
            self.first.clear();
        }
        if length == self.offset {
            return Ok(anew);
        }
        file.seek(SeekFrom::Start(self.offset)).map_err(error())?;
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).map_err(error())?;
        // A line may be incomplete while it is written.
        let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        if self.offset == 0 {
            let first = bytes[..end].iter().position(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            self.first = bytes[..first].to_vec();
        }
        for line in bytes[..end].split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let line = serde_json::from_slice::<Map<String, Value>>(line);
            if !line.is_ok_and(|line| self.curves.add(&line)) {
                let reason = format!("a line after byte {} is not a line of metrics", self.offset);
                return Err(Error::Damaged { file: self.file.clone(), reason });
            }
        }
        self.offset += end as u64;
        Ok(anew || end > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut reader = CurveReader::new(path.clone());
        assert!(!reader.read().unwrap());
        let mut file = File::create(&path).unwrap();
        file.write_all(b"{\"step\":10,\"episodes\":1,\"score\":-5.0,\"epsilon\":0.1}\n{\"step\":20,\"ev")
            .unwrap();
        assert!(reader.read().unwrap());
        assert_eq!(reader.curves().points("score"), [(10, -5.0)]);
        assert_eq!(reader.curves().score(), Some(-5.0));
        assert_eq!([9, 10, 15].map(|step| reader.curves().episodes_at(step)), [None, Some(1), Some(1)]);
        assert!(!reader.read().unwrap(), "the second line is incomplete");
        let rest =
            b"aluation\":{\"score\":-3.5,\"std\":null},\"stalled\":{}}\n{\"step\":30,\"score\":null}\n";
        file.write_all(rest).unwrap();
        assert!(reader.read().unwrap());
        assert_eq!(reader.curves().points("evaluation"), [(20, -3.5)]);
        assert_eq!((reader.curves().score(), reader.curves().stalled), (Some(-3.5), true));
        let names: Vec<&str> = reader.curves().all.iter().map(|curve| &*curve.name).collect();
        assert_eq!(names, ["score", "epsilon", "evaluation"]);
        // The run starts anew with other lines.
        std::fs::write(&path, "{\"step\":11,\"score\":1.0}\n".repeat(9)).unwrap();
        assert!(reader.read().unwrap());
        assert_eq!(reader.curves().points("score").len(), 9);
        assert!(!reader.curves().stalled);
        std::fs::write(&path, "{}\n").unwrap();
        assert!(reader.read().unwrap_err().to_string().contains("metrics.jsonl"));
    }
}
