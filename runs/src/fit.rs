//! Fits of estimators to data sets: the fit itself, its report and cost, and its folder on disk.
//!
//! | module | contents |
//! |---|---|
//! | [`group`] | groups of samples named on the command line |
//! | [`score`] | scores of a fitted estimator |
//!
//! The folder of a fit holds `model.fit` (the estimator, [`freewheel_agents::estimator::save`]), `report.json`
//! ([`Report`]; the same bytes for the same seed), `cost.json` ([`Cost`]; measured times) and `pictures/`. The model
//! has the digest of the report, so that the files of two fits are never taken for one.

pub mod group;
pub mod score;

use std::any::Any;
use std::path::{Path, PathBuf};
use std::time::Instant;

use freewheel_agents::Samples;
use freewheel_agents::data::{DataSet, Options, Preparation, Shape, Subset, TargetSpec};
use freewheel_agents::estimator::{
    self, AnyEstimator, Estimator, EstimatorConfig, EstimatorFactory, FitCallback, Task,
};
use freewheel_core::checkpoint::write_atomically;
use freewheel_core::input::read_raw;
use freewheel_core::{Error, Result, Streams};
use serde::{Deserialize, Serialize};
use toml::Table;

use score::Score;

/// Number of samples that are predicted one at a time to measure the time of a single prediction.
const SINGLE_PREDICTIONS: usize = 200;

/// Name of the file of the estimator.
pub const MODEL: &str = "model.fit";
/// Name of the file of the [`Report`].
pub const REPORT: &str = "report.json";
/// Name of the file of the [`Cost`].
pub const COST: &str = "cost.json";
/// Begin of the names of reports of fits whose estimators may not be written yet.
const NEXT_REPORT: &str = ".report.json.next-";

/// Inputs of a fit, which determine the fitted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the estimator.
    pub estimator: String,
    /// Settings of the estimator, including defaults.
    pub settings: Table,
    /// Name or path of the data set.
    pub data: String,
    /// Options of the data set.
    pub options: Options,
    /// Seed of all random numbers.
    pub seed: u64,
}

impl Plan {
    /// Folder name `<data>-<estimator>-<hash>`; equal plans have equal names.
    pub fn folder_name(&self) -> String {
        let name = |text: &str| -> String {
            let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            last.chars()
                .map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' })
                .take(40)
                .collect()
        };
        let hash = blake3::hash(toml::to_string(self).unwrap_or_default().as_bytes()).to_hex();
        format!("{}-{}-{}", name(&self.data), name(&self.estimator), &hash[..8])
    }
}

/// Results of a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Inputs of the fit.
    pub plan: Plan,
    /// Target of the data set: none, classes or a number.
    pub target: TargetSpec,
    /// Shape of a sample: image or columns.
    pub shape: Shape,
    /// Number of samples in the training set.
    pub train_rows: usize,
    /// Number of samples in the test set.
    pub test_rows: usize,
    /// Description of the train-test split.
    pub split: String,
    /// Author and license of the data.
    pub credit: String,
    /// Number of fitted parameters.
    pub parameters: usize,
    /// Whether the fit was stopped before its end.
    pub stopped: bool,
    /// Scores on the test set, or on the training set if there is no test set.
    pub scores: Vec<Score>,
    /// Preparation of the columns of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparation: Option<Preparation>,
    /// Notes on data that were left out, and on goals that the fit did not reach.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Cost of a fit and of predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Duration of the fit in seconds.
    pub fit_s: f64,
    /// Time per sample of a batch prediction in microseconds; `None` without samples.
    pub batch_us: Option<f64>,
    /// Time of a prediction of one sample in microseconds, median of up to 200; `None` without samples.
    pub single_us: Option<f64>,
    /// Size of the model file, in bytes.
    pub bytes: u64,
}

/// Fits an estimator of `factory` to the training set of `data`. `callback` is called after every round of the fit and
/// may stop the fit.
///
/// # Errors
/// [`Error::Config`] if the estimator's task does not match the target of the data, or if the samples have the wrong
/// shape; [`Error::Diverged`].
pub fn fit(
    factory: &dyn EstimatorFactory,
    settings: &Table,
    data: &DataSet,
    seed: u64,
    callback: &mut FitCallback<'_>,
) -> Result<AnyEstimator> {
    let task = match &data.target {
        TargetSpec::Number { .. } if factory.tasks().contains(&Task::Regression) => Task::Regression,
        _ => factory.task(),
    };
    let mut estimator = factory.build_for(task, settings, Streams::new(seed))?;
    let channels =
        factory.resolve(settings)?.get("channels").and_then(|it| it.as_array()).map_or(0, Vec::len);
    if let Shape::Image { height, width, .. } = data.shape
        && channels > 0
        && height != width
    {
        return Err(Error::Config(format!(
            "{}: its images are {height} x {width}, and convolutions need square ones; use an estimator without \
             convolutions",
            data.name
        )));
    }
    let Subset { samples, targets, .. } = &data.train;
    match (&mut estimator, &data.target) {
        (AnyEstimator::Classifier(it), TargetSpec::Classes(names)) => {
            it.fit_with(samples, targets.labels()?, names.len() as u32, callback)?;
        }
        (AnyEstimator::Regressor(it), TargetSpec::Number { .. }) => {
            it.fit_with(samples, &Samples::new(targets.values()?.to_vec(), 1)?, callback)?;
        }
        (AnyEstimator::Transformer(it), _) => it.fit_with(samples, callback)?,
        (_, target) => {
            let (task, kind) = match factory.task() {
                Task::Classification => ("a classifier and needs classes", "classes"),
                _ => ("a regressor and needs numbers", "number"),
            };
            let has = match target {
                TargetSpec::None => "no target".to_owned(),
                TargetSpec::Classes(names) => format!("{} classes", names.len()),
                TargetSpec::Number { name, .. } => format!("a number ({name})"),
            };
            return Err(Error::Config(format!(
                "{} is {task}, and {} has {has}: choose another estimator or, for a table, another target \
                 (--set data.target=COLUMN, --set data.kind={kind})",
                factory.id(),
                data.name
            )));
        }
    }
    Ok(estimator)
}

/// Fitted model of `estimator` if its settings are of the type `C`, such as `kmeans::Config`; else `None`.
///
/// # Errors
/// [`Error::Config`] before `fit`.
pub fn fitted_model<C: EstimatorConfig>(estimator: &dyn Any) -> Result<Option<&C::Model>> {
    estimator.downcast_ref::<Estimator<C>>().map(Estimator::model).transpose()
}

/// Samples for evaluation and the name of their subset: the test set, or the training set if there is no test set.
pub fn evaluation_subset(data: &DataSet) -> (&Subset, &'static str) {
    if data.test.rows() > 0 { (&data.test, "test") } else { (&data.train, "train") }
}

/// Outputs `[N, K]` of the estimator for the samples `x [N, D]`: K class probabilities, one predicted number, or a code
/// of K numbers for each sample.
///
/// # Errors
/// [`Error::Config`] for samples of another width or with numbers that are not finite.
pub fn outputs(estimator: &AnyEstimator, x: &Samples) -> Result<Samples> {
    match estimator {
        AnyEstimator::Classifier(it) => it.predict_proba(x),
        AnyEstimator::Regressor(it) => it.predict(x),
        AnyEstimator::Transformer(it) => it.transform(x),
    }
}

/// Index of the nearest cluster from the `distances` to all cluster centers; the smallest index on ties, `None` if
/// there are no distances.
pub fn nearest_cluster(distances: &[f64]) -> Option<usize> {
    let each = distances.iter().enumerate();
    each.min_by(|a, b| a.1.total_cmp(b.1)).map(|(cluster, _)| cluster)
}

/// Measures the time of predictions; `fit_s` and `bytes` are copied into the result.
///
/// # Errors
/// Same as [`outputs`].
pub fn measure_cost(estimator: &AnyEstimator, data: &DataSet, fit_s: f64, bytes: u64) -> Result<Cost> {
    let x = &evaluation_subset(data).0.samples;
    if x.rows() == 0 {
        return Ok(Cost { fit_s, batch_us: None, single_us: None, bytes });
    }
    let timed = |x: &Samples| -> Result<f64> {
        let began = Instant::now();
        std::hint::black_box(outputs(estimator, std::hint::black_box(x))?);
        Ok(began.elapsed().as_secs_f64() * 1e6)
    };
    let batch = timed(x)? / x.rows() as f64;
    let mut single =
        (0..x.rows().min(SINGLE_PREDICTIONS)).map(|i| timed(&x.select(&[i]))).collect::<Result<Vec<_>>>()?;
    single.sort_by(f64::total_cmp);
    Ok(Cost { fit_s, batch_us: Some(batch), single_us: Some(single[single.len() / 2]), bytes })
}

/// Bytes of the files of a fit.
pub struct Encoded {
    report: Vec<u8>,
    model: Vec<u8>,
}

impl Encoded {
    /// Files of `estimator` and its `report`.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    pub fn new(estimator: &AnyEstimator, report: &Report) -> Result<Self> {
        let report = json_bytes(report)?;
        let model = estimator::factory::encode(estimator.base(), Some(*blake3::hash(&report).as_bytes()))?;
        Ok(Encoded { report, model })
    }

    /// Size of the file of the estimator in bytes.
    pub fn model_size(&self) -> u64 {
        self.model.len() as u64
    }

    /// Writes the report, the estimator and `cost` into the existing `folder`. If the process is killed, [`read`] finds
    /// the earlier fit of the folder or this one, each with its report.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, folder: &Path, cost: &Cost) -> Result<()> {
        let (next, report) =
            (next_report(folder, blake3::hash(&self.report).as_bytes()), folder.join(REPORT));
        write_atomically(&next, &self.report)?;
        write_atomically(folder.join(MODEL), &self.model)?;
        std::fs::rename(&next, &report).map_err(Error::io(&report))?;
        // Reports that fits left when they were killed here. Their estimators are replaced.
        for left in std::fs::read_dir(folder).map_err(Error::io(folder))?.flatten() {
            if left.file_name().to_string_lossy().starts_with(NEXT_REPORT) {
                let _ = std::fs::remove_file(left.path());
            }
        }
        write_atomically(folder.join(COST), &json_bytes(cost)?)
    }
}

/// Path of the report with this digest, before the estimator of its fit is written.
fn next_report(folder: &Path, digest: &[u8]) -> PathBuf {
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{NEXT_REPORT}{digest}"))
}

fn json_bytes(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut json = serde_json::to_vec_pretty(value).map_err(|e| Error::Unsupported(e.to_string()))?;
    json.push(b'\n');
    Ok(json)
}

/// Reads the estimator and the report of a fit. `path` is the folder of the fit or the model file in this folder.
///
/// # Errors
/// [`Error::Config`] if there is no fit at `path`, or if it is of an earlier version; [`Error::Damaged`],
/// [`Error::Input`], [`Error::Io`].
pub fn read(path: &Path, factories: &[Box<dyn EstimatorFactory>]) -> Result<(AnyEstimator, Report)> {
    let folder: PathBuf = match path.is_dir() {
        true => path.to_path_buf(),
        false => path.parent().unwrap_or(Path::new("")).to_path_buf(),
    };
    let (model, report) = (folder.join(MODEL), folder.join(REPORT));
    if !model.is_file() {
        return Err(Error::Config(format!(
            "{}: no fitted estimator here ({MODEL} is missing); `freewheel fit` makes one",
            path.display()
        )));
    }
    let (estimator, digest) = estimator::factory::load_with_digest(&model, factories)?;
    // A process that was killed between the estimator and its report leaves the report under its first name.
    let is_report = |text: &Vec<u8>| digest == blake3::hash(text).as_bytes();
    let next = read_raw(&next_report(&folder, &digest)).ok().filter(is_report);
    let text = next.map_or_else(|| read_raw(&report), Ok)?;
    if !is_report(&text) {
        let reason =
            format!("it is not the report of {MODEL} beside it: one of the files was changed; fit again");
        return Err(Error::Damaged { file: report, reason });
    }
    let report: Report = serde_json::from_slice(&text).map_err(|e| Error::Input {
        file: report.clone(),
        line: e.line(),
        column: e.column(),
        message: e.to_string(),
    })?;
    Ok((estimator, report))
}
