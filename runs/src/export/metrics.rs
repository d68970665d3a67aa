//! Metrics of several runs as one table: a row for each line of `metrics.jsonl`, a column for each metric.

use std::path::Path;

use freewheel_core::input::read_raw;
use freewheel_core::{Error, Result};
use serde_json::{Map, Value};

use crate::checksums::{METRICS, RESULTS, read_checked};
use crate::job::Job;

/// Column of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) cells: Cells,
}

/// Cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cells {
    Texts(Vec<String>),
    Integers(Vec<i64>),
    /// Numbers; `None` in a line without this metric.
    Numbers(Vec<Option<f64>>),
}

/// Names of the columns that every table has, before the metrics.
const COMMON: [&str; 5] = ["run", "world", "agent", "seed", "step"];

/// Lines of `metrics.jsonl` in the folder of a run; those of a finished run are compared with their checksum.
///
/// # Errors
/// [`Error::Damaged`] for a file that differs from its checksum, or a line that is not JSON; [`Error::Io`].
pub(crate) fn lines(directory: &Path) -> Result<Vec<Map<String, Value>>> {
    let file = directory.join(METRICS);
    let bytes = match directory.join(RESULTS).is_file() {
        true => read_checked(directory, METRICS)?,
        false => read_raw(&file)?,
    };
    // The last line may be incomplete while a run writes it.
    let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let numbered = bytes[..end].split(|&byte| byte == b'\n').enumerate();
    let one = |(i, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|e| Error::Damaged {
            file: file.clone(),
            reason: format!("line {} is not a line of metrics: {e}; run it again", i + 1),
        })
    };
    numbered.filter(|(_, line)| !line.is_empty()).map(one).collect()
}

/// Numbers of a line of `metrics.jsonl` except the step, by name; those of an evaluation are called `evaluation`,
/// `separator` and their name.
pub(crate) fn numbers(line: &Map<String, Value>, separator: char) -> Vec<(String, f64)> {
    let mut all = Vec::new();
    for (name, value) in line.iter().filter(|(name, _)| *name != "step") {
        match value {
            Value::Object(inner) => {
                let inner = inner.iter().filter_map(|(key, value)| Some((key, value.as_f64()?)));
                all.extend(inner.map(|(key, value)| (format!("{name}{separator}{key}"), value)));
            }
            value => all.extend(value.as_f64().map(|value| (name.clone(), value))),
        }
    }
    all
}

/// Step of a line.
pub(crate) fn step(line: &Map<String, Value>) -> u64 {
    line.get("step").and_then(Value::as_u64).unwrap_or_default()
}

/// Table of the metrics of `runs`, folders with their jobs.
///
/// # Errors
/// As [`lines`].
pub(crate) fn table<'a>(runs: impl IntoIterator<Item = (&'a Path, &'a Job)>) -> Result<Vec<Column>> {
    let mut texts: [Vec<String>; 3] = Default::default();
    let mut integers: [Vec<i64>; 2] = Default::default();
    let mut metrics: Vec<(String, Vec<Option<f64>>)> = Vec::new();
    let mut rows = 0;
    for (directory, job) in runs {
        for line in lines(directory)? {
            let config = &job.config;
            let common = [&*directory.to_string_lossy(), &*config.world_label, &*config.agent_label];
            texts.iter_mut().zip(common).for_each(|(column, text)| column.push(text.to_owned()));
            for (column, number) in integers.iter_mut().zip([config.seed, step(&line)]) {
                column.push(i64::try_from(number).unwrap_or(i64::MAX));
            }
            for (name, value) in numbers(&line, '_') {
                // A metric with the name of a common column keeps its own column.
                let name = if COMMON.contains(&&*name) { format!("metric_{name}") } else { name };
                let at = metrics.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                    metrics.push((name, Vec::new()));
                    metrics.len() - 1
                });
                let column = &mut metrics[at].1;
                column.resize(rows, None);
                column.push(Some(value));
            }
            rows += 1;
        }
    }
    let cells = texts.into_iter().map(Cells::Texts).chain(integers.into_iter().map(Cells::Integers));
    let common = COMMON.into_iter().zip(cells).map(|(name, cells)| Column { name: name.to_owned(), cells });
    let metrics = metrics.into_iter().map(|(name, mut cells)| {
        cells.resize(rows, None);
        Column { name, cells: Cells::Numbers(cells) }
    });
    Ok(common.chain(metrics).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_an_evaluation_have_its_name() {
        let line = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let training = line(r#"{"step":10,"episodes":2,"score":null,"loss":0.5}"#);
        assert_eq!(numbers(&training, '/'), [("episodes".to_owned(), 2.0), ("loss".to_owned(), 0.5)]);
        let evaluation = line(r#"{"step":10,"evaluation":{"score":-3.0,"std":null,"truncated":1}}"#);
        let expected = [("evaluation/score".to_owned(), -3.0), ("evaluation/truncated".to_owned(), 1.0)];
        assert_eq!(numbers(&evaluation, '/'), expected);
        assert_eq!((step(&evaluation), numbers(&evaluation, '_')[0].0.as_str()), (10, "evaluation_score"));
    }

    #[test]
    fn an_incomplete_last_line_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(METRICS);
        std::fs::write(&file, "{\"step\":1}\n{\"ste").unwrap();
        assert_eq!(lines(folder.path()).unwrap().len(), 1);
        std::fs::write(&file, "{\"step\":1}\n{\"ste\n").unwrap();
        let error = lines(folder.path()).unwrap_err().to_string();
        assert!(error.contains("metrics.jsonl") && error.contains("line 2"), "{error}");
    }
}
