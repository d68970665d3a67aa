//! Learning without reward: a learner fitted to a data set, what came of it, and what it cost.
//!
//! | module | what it holds |
//! |---|---|
//! | [`folder`] | a fitted learner on disk |
//! | [`group`] | samples as people name them |
//! | [`score`] | what a fitted learner is worth on samples with answers |
//!
//! A fitted learner's folder: `model.fit` (the learner, [`freewheel_agents::fit::file`]), `report.json` ([`Report`]; the same bytes for the
//! same seed), `cost.json` ([`Cost`]; times, which never are the same) and `pictures/`.

pub mod folder;
pub mod group;
pub mod score;

use std::any::Any;
use std::ops::ControlFlow;
use std::time::Instant;

use freewheel_agents::fit::{Estimator, EstimatorFactory, Fit, Progress, Settings, Task};
use freewheel_core::data::{DataSet, Options, Part, Shape, Target};
use freewheel_core::{Error, Result, Samples, Streams};
use serde::{Deserialize, Serialize};
use toml::Table;

use score::Score;

/// How many samples are predicted one at a time to see what use costs.
const ONE_AT_A_TIME: usize = 200;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The learner's name.
    pub learner: String,
    /// Its settings, every default filled in.
    pub settings: Table,
    /// The data set's name or path.
    pub data: String,
    /// How it was opened.
    pub options: Options,
    /// What everything random was drawn from.
    pub seed: u64,
}

impl Plan {
    /// `<data>-<learner>-<hash>`: the same for the same plan.
    pub fn folder_name(&self) -> String {
        let name = |text: &str| -> String {
            let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            last.chars()
                .map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' })
                .take(40)
                .collect()
        };
        let hash = blake3::hash(toml::to_string(self).unwrap_or_default().as_bytes()).to_hex();
        format!("{}-{}-{}", name(&self.data), name(&self.learner), &hash[..8])
    }
}

/// What came of a fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What was asked for.
    pub plan: Plan,
    /// What is asked of a sample.
    pub target: Target,
    /// What the numbers of a sample are.
    pub shape: Shape,
    /// Samples that were learned from.
    pub train_rows: usize,
    /// Samples that were held out.
    pub test_rows: usize,
    /// How the two were parted.
    pub split: String,
    /// Who made the data.
    pub credit: String,
    /// Numbers that were learned.
    pub parameters: usize,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// What it is worth.
    pub scores: Vec<Score>,
}

/// What a fit cost, and what use costs: learned slowly, used for next to nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Seconds of learning.
    pub fit_s: f64,
    /// Microseconds of a sample when many are predicted at once; `None` where there was nothing to predict.
    pub batch_us: Option<f64>,
    /// Microseconds of a sample alone, the median of up to 200.
    pub single_us: Option<f64>,
    /// Bytes of the model's file.
    pub bytes: u64,
}

/// Fits a learner of `kind` to the training part of `data`; `watch` is told how far it has come and may stop it.
///
/// # Errors
/// [`Error::Config`] where the learner's task is not the set's, or its samples do not suit it; [`Error::Diverged`].
pub fn fit(
    kind: &dyn EstimatorFactory,
    settings: &Table,
    data: &DataSet,
    seed: u64,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Estimator> {
    let mut estimator = kind.build(settings, Streams::new(seed))?;
    let convolves =
        kind.resolve(settings)?.get("channels").and_then(|it| it.as_array()).is_some_and(|it| !it.is_empty());
    if let Shape::Image { height, width, .. } = data.shape
        && convolves
        && height != width
    {
        return Err(Error::Config(format!(
            "{}: its images are {height} x {width}, and convolutions here take square ones; use a learner without",
            data.name
        )));
    }
    let Part { samples, answers, .. } = &data.train;
    match (&mut estimator, &data.target) {
        (Estimator::Classifier(it), Target::Classes(names)) => {
            it.fit(samples, answers.classes()?, names.len() as u32, watch)?;
        }
        (Estimator::Regressor(it), Target::Number { .. }) => {
            it.fit(samples, &Samples::new(answers.numbers()?.to_vec(), 1)?, watch)?;
        }
        (Estimator::Encoder(it), _) => it.fit(samples, watch)?,
        (_, target) => {
            let (wants, as_such) = match kind.task() {
                Task::Classification => ("classes", "classes"),
                _ => ("numbers", "number"),
            };
            let has = match target {
                Target::None => "no answers".to_owned(),
                Target::Classes(names) => format!("{} classes", names.len()),
                Target::Number { name, .. } => format!("numbers ({name})"),
            };
            return Err(Error::Config(format!(
                "{} learns {wants}, and {} has {has}: choose another learner, or, of a table, another answer \
                 (--set data.answer=COLUMN, --set data.kind={as_such})",
                kind.id(),
                data.name
            )));
        }
    }
    Ok(estimator)
}

/// The model behind a learner, where it is one of these settings.
///
/// # Errors
/// [`Error::Config`] before it was fitted.
pub fn model_of<C: Settings>(learner: &dyn Any) -> Result<Option<&C::Model>> {
    learner.downcast_ref::<Fit<C>>().map(Fit::model).transpose()
}

/// The rows that a learner is judged by: the held-out ones, or all where none were held out.
pub fn judged(data: &DataSet) -> (&Part, &'static str) {
    if data.test.rows() > 0 { (&data.test, "test") } else { (&data.train, "train") }
}

/// Answers as numbers `[N, K]`: probabilities, numbers, or codes.
///
/// # Errors
/// [`Error::Config`] for samples that do not suit it.
pub fn answer(estimator: &Estimator, x: &Samples) -> Result<Samples> {
    match estimator {
        Estimator::Classifier(it) => it.predict_proba(x),
        Estimator::Regressor(it) => it.predict(x),
        Estimator::Encoder(it) => it.encode(x),
    }
}

/// The cluster whose center is nearest, of the distances from all `[C]`; of several, the first.
pub fn nearest(distances: &[f32]) -> Option<usize> {
    let each = distances.iter().enumerate();
    each.min_by(|a, b| a.1.total_cmp(b.1)).map(|(cluster, _)| cluster)
}

/// Measures what use costs.
///
/// # Errors
/// Those of [`answer`].
pub fn cost(estimator: &Estimator, data: &DataSet, fit_s: f64, bytes: u64) -> Result<Cost> {
    let x = &judged(data).0.samples;
    if x.rows() == 0 {
        return Ok(Cost { fit_s, batch_us: None, single_us: None, bytes });
    }
    let timed = |x: &Samples| -> Result<f64> {
        let began = Instant::now();
        std::hint::black_box(answer(estimator, std::hint::black_box(x))?);
        Ok(began.elapsed().as_secs_f64() * 1e6)
    };
    let batch = timed(x)? / x.rows() as f64;
    let mut alone =
        (0..x.rows().min(ONE_AT_A_TIME)).map(|i| timed(&x.select(&[i]))).collect::<Result<Vec<_>>>()?;
    alone.sort_by(f64::total_cmp);
    Ok(Cost { fit_s, batch_us: Some(batch), single_us: Some(alone[alone.len() / 2]), bytes })
}
