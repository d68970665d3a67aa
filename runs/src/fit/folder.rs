//! A fitted learner's folder.

use std::path::{Path, PathBuf};

use freewheel_agents::fit::{Estimator, EstimatorFactory, file};
use freewheel_core::checkpoint::write_atomically;
use freewheel_core::{Error, Result};
use serde::Serialize;

use super::{Cost, Report};

/// The learner's file.
pub const MODEL: &str = "model.fit";
/// What came of it.
pub const REPORT: &str = "report.json";
/// What it cost.
pub const COST: &str = "cost.json";

/// Writes the learner and gives the size of its file.
///
/// # Errors
/// [`Error::Io`].
pub fn write_model(folder: &Path, estimator: &Estimator) -> Result<u64> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let path = folder.join(MODEL);
    file::write(&path, estimator.estimate())?;
    Ok(std::fs::metadata(&path).map_err(Error::io(&path))?.len())
}

/// Writes what came of it.
///
/// # Errors
/// [`Error::Io`].
pub fn write_report(folder: &Path, report: &Report, cost: &Cost) -> Result<()> {
    write_json(&folder.join(REPORT), report)?;
    write_json(&folder.join(COST), cost)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut json = serde_json::to_vec_pretty(value).map_err(|e| Error::Unsupported(e.to_string()))?;
    json.push(b'\n');
    write_atomically(path, &json)
}

/// The learner that `path` names, a folder or the file in it, and its report.
///
/// # Errors
/// [`Error::Io`], [`Error::Damaged`] and [`Error::Config`] where there is none, or it is not as it was written.
pub fn read(path: &Path, kinds: &[Box<dyn EstimatorFactory>]) -> Result<(Estimator, Report)> {
    let folder: PathBuf = match path.is_dir() {
        true => path.to_path_buf(),
        false => path.parent().unwrap_or(Path::new("")).to_path_buf(),
    };
    let (model, report) = (folder.join(MODEL), folder.join(REPORT));
    if !model.is_file() {
        return Err(Error::Config(format!(
            "{}: there is no fitted learner here ({MODEL}); `freewheel fit` makes one",
            path.display()
        )));
    }
    let estimator = file::read(&model, kinds)?;
    let text = std::fs::read_to_string(&report).map_err(Error::io(&report))?;
    let report: Report = serde_json::from_str(&text).map_err(|e| Error::Input {
        file: report.clone(),
        line: e.line(),
        column: e.column(),
        message: e.to_string(),
    })?;
    Ok((estimator, report))
}
