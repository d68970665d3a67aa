//! Estimators: models that are fitted to a data set (supervised and unsupervised learning), with the interface of
//! scikit-learn.
//!
//! An estimator's configuration ([`EstimatorConfig`], one struct per algorithm) implements `fit`, which returns a
//! fitted [`Model`]. [`Estimator`] holds configuration, random streams and model, checks all inputs, and implements one
//! of three traits (for N samples of D numbers, with T targets per sample):
//!
//! | trait | fitted to | methods | scikit-learn |
//! |---|---|---|---|
//! | [`Classifier`] | samples `[N, D]`, labels `[N]` | `fit`, `predict`, `predict_proba`, `score` | `ClassifierMixin` |
//! | [`Regressor`] | samples `[N, D]`, targets `[N, T]` | `fit`, `predict`, `score` | `RegressorMixin` |
//! | [`Transformer`] | samples `[N, D]` | `fit`, `transform`, `inverse_transform`, `score` | `TransformerMixin` |
//!
//! The settings of some classifiers, such as those of a decision tree, are those of a regressor too: [`Regression`].
//!
//! ```
//! use freewheel_agents::estimator::{Classifier, Estimator};
//! use freewheel_agents::supervised::softmax;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let (x, labels) = (Samples::new(vec![0.0, 1.0, 8.0, 9.0], 1)?, [0, 0, 1, 1]);
//! let mut softmax = Estimator::new(softmax::Config::default(), Streams::new(0))?;
//! softmax.fit(&x, &labels)?;
//! assert_eq!(softmax.predict(&x)?, labels);
//! assert_eq!(softmax.score(&x, &labels)?, 1.0);
//! # Ok::<(), freewheel_core::Error>(())
//! ```
//!
//! | module | contents |
//! |---|---|
//! | [`factory`] | [`EstimatorFactory`]: lists, configures and builds estimators by name; [`save`] and [`load`] |
//! | [`metrics`] | accuracy, R², log loss, mutual information, silhouette |
//! | [`eigen`] | eigenvectors of symmetric matrices |
//! | [`TrainingConfig`] | minibatch training of networks |
//! | `rows` | parallel sums and products over rows, with the same result for any number of threads |

use std::any::Any;
use std::ops::ControlFlow;

use crate::Samples;
use freewheel_core::graph::{Graph, Kind, Observed, Value};
use freewheel_core::{Error, Result, Streams};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

mod checked;
pub(crate) mod double;
pub mod eigen;
pub mod factory;
pub mod metrics;
pub(crate) mod rows;
#[cfg(test)]
mod tests;
pub(crate) mod training;

pub use checked::Estimator;
pub use factory::{AnyEstimator, EstimatorFactory, Task, load, save};
pub use training::TrainingConfig;

/// Methods of every estimator, independent of the task.
pub trait BaseEstimator: Any + Send + Sync {
    /// Name of the estimator, such as `kmeans`.
    fn id(&self) -> &'static str;
    /// Task of the estimator.
    fn task(&self) -> Task;
    /// Settings of the estimator as a TOML table, with defaults filled in.
    ///
    /// # Errors
    /// [`Error::Config`] if the settings cannot be written as TOML.
    fn settings(&self) -> Result<toml::Table>;
    /// Random streams of the estimator.
    fn streams(&self) -> Streams;
    /// Number of features D (numbers per sample) of the data that the estimator was fitted to.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    fn n_features_in(&self) -> Result<usize>;
    /// Count of the fitted numbers (weights, centers, thresholds) of the estimator.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    fn n_parameters(&self) -> Result<usize>;
    /// Fitted model as bytes (postcard).
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    fn save(&self) -> Result<Vec<u8>>;
    /// Restores the model from the bytes of [`BaseEstimator::save`].
    ///
    /// # Errors
    /// [`Error::Config`] if the bytes are not a model of this estimator.
    fn load(&mut self, bytes: &[u8]) -> Result<()>;
    /// Adds the predictions for the samples `x` to `graph`, `[N, O]`: the logits of a classifier, or the targets of a
    /// regressor.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`; [`Error::Unsupported`] for an estimator that cannot be exported.
    fn add_to(&self, graph: &mut Graph, x: Observed) -> Result<(Value, Kind)>;
}

/// Classifier: an estimator that predicts the class of a sample.
pub trait Classifier: BaseEstimator {
    /// Fits the classifier to N samples of D numbers, `x [N, D]`, with the class indices `labels [N]`, each below
    /// `n_classes`. Calls `callback` after every round.
    ///
    /// # Errors
    /// [`Error::Config`] if the numbers of samples and labels differ, a label is out of
    /// range or a number is not finite; [`Error::Diverged`] if the training diverges.
    fn fit_with(
        &mut self,
        x: &Samples,
        labels: &[u32],
        n_classes: u32,
        callback: &mut FitCallback<'_>,
    ) -> Result<()>;
    /// [`Classifier::fit_with`] without a callback; the number of classes is the greatest label plus 1.
    ///
    /// # Errors
    /// As [`Classifier::fit_with`].
    fn fit(&mut self, x: &Samples, labels: &[u32]) -> Result<()> {
        let n_classes = labels.iter().max().map_or(0, |label| label.saturating_add(1));
        self.fit_with(x, labels, n_classes, &mut no_callback)
    }
    /// Number of classes, C.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    fn n_classes(&self) -> Result<u32>;
    /// Probabilities `[N, C]` of all C classes for N samples `x [N, D]`; each row sums to 1.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`, and for samples with another number of columns
    /// than in `fit` or with numbers that are not finite.
    fn predict_proba(&self, x: &Samples) -> Result<Samples>;
    /// Index of the most probable class of each sample of `x [N, D]`, `[N]`; the smallest index on ties.
    ///
    /// # Errors
    /// As [`Classifier::predict_proba`].
    fn predict(&self, x: &Samples) -> Result<Vec<u32>> {
        Ok(self.predict_proba(x)?.iter().map(argmax).collect())
    }
    /// Accuracy on the samples `x [N, D]` with `labels [N]`: share of correct predictions, 0 to 1.
    ///
    /// # Errors
    /// As [`Classifier::predict_proba`].
    fn score(&self, x: &Samples, labels: &[u32]) -> Result<f64> {
        Ok(metrics::accuracy(&self.predict(x)?, labels))
    }
}

/// Regressor: an estimator that predicts numbers.
pub trait Regressor: BaseEstimator {
    /// Fits the regressor to N samples of D numbers, `x [N, D]`, with T targets per sample, `y [N, T]`. Calls
    /// `callback` after every round.
    ///
    /// # Errors
    /// [`Error::Config`] if the numbers of rows of `x` and `y` differ or a number is not
    /// finite.
    fn fit_with(&mut self, x: &Samples, y: &Samples, callback: &mut FitCallback<'_>) -> Result<()>;
    /// [`Regressor::fit_with`] without a callback.
    ///
    /// # Errors
    /// As [`Regressor::fit_with`].
    fn fit(&mut self, x: &Samples, y: &Samples) -> Result<()> {
        self.fit_with(x, y, &mut no_callback)
    }
    /// Predicted targets `[N, T]` of N samples `x [N, D]`.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`, and for samples with another number of columns
    /// than in `fit` or with numbers that are not finite.
    fn predict(&self, x: &Samples) -> Result<Samples>;
    /// R² (coefficient of determination) of the predictions for `x [N, D]` against the targets `y [N, T]`, at most 1;
    /// the mean over the T targets.
    ///
    /// # Errors
    /// As [`Regressor::predict`].
    fn score(&self, x: &Samples, y: &Samples) -> Result<f64> {
        let predicted = self.predict(x)?;
        let column = |of: &Samples, t: usize| of.iter().map(|row| row[t]).collect::<Vec<f64>>();
        let each = (0..y.width()).map(|t| metrics::r_squared(&column(&predicted, t), &column(y, t)));
        Ok(each.sum::<f64>() / y.width() as f64)
    }
}

/// Transformer: an unsupervised estimator that maps N samples of D numbers, `[N, D]`, to codes of C numbers, `[N, C]`,
/// and back.
pub trait Transformer: BaseEstimator {
    /// Fits the transformer to N samples of D numbers, `x [N, D]`. Calls `callback` after every round.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that do not suit the samples or numbers that are
    /// not finite; [`Error::Diverged`] if the training diverges.
    fn fit_with(&mut self, x: &Samples, callback: &mut FitCallback<'_>) -> Result<()>;
    /// [`Transformer::fit_with`] without a callback.
    ///
    /// # Errors
    /// As [`Transformer::fit_with`].
    fn fit(&mut self, x: &Samples) -> Result<()> {
        self.fit_with(x, &mut no_callback)
    }
    /// Numbers per code, C.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    fn n_features_out(&self) -> Result<usize>;
    /// Codes `[N, C]` of N samples `x [N, D]`: distances to the centers (k-means), principal components (PCA), latent
    /// means (VAE).
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`, and for samples with another number of columns
    /// than in `fit` or with numbers that are not finite.
    fn transform(&self, x: &Samples) -> Result<Samples>;
    /// Samples `[N, D]` decoded from N codes, `codes [N, C]`; for k-means, the center with the smallest distance.
    ///
    /// # Errors
    /// As [`Transformer::transform`].
    fn inverse_transform(&self, codes: &Samples) -> Result<Samples>;
    /// Negative mean squared error of reconstructing `x [N, D]`, per number: at most 0, greater is better.
    ///
    /// # Errors
    /// As [`Transformer::transform`].
    fn score(&self, x: &Samples) -> Result<f64> {
        let decoded = self.inverse_transform(&self.transform(x)?)?;
        let errors = decoded.values().iter().zip(x.values()).map(|(a, b)| (a - b).powi(2));
        Ok(-(errors.sum::<f64>() / x.values().len().max(1) as f64))
    }
}

/// Settings of one estimator, such as k-means.
pub trait EstimatorConfig:
    Serialize + DeserializeOwned + JsonSchema + Clone + Default + Send + Sync + 'static
{
    /// Name of the estimator, such as `kmeans`.
    const ID: &'static str;
    /// One-line description of the estimator, with its source.
    const ABOUT: &'static str;
    /// Largest magnitude of a number that the estimator can take; [`f64::MAX`] for one that computes in f64. The
    /// default leaves room for squares in f32.
    const LARGEST: f64 = 1e18;
    /// Task of the estimator.
    const TASK: Task;
    /// Type of the fitted model.
    type Model: Model;
    /// Checks the range of every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name, value and range of the setting.
    fn validate(&self) -> Result<()>;
}

/// Settings of a classifier.
pub trait ClassifierConfig: EstimatorConfig<Model: ClassifierModel> {
    /// Fits a model to checked data: at least one sample, finite numbers, and one label below `n_classes` per sample.
    ///
    /// # Errors
    /// As [`Classifier::fit`].
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        n_classes: u32,
        streams: Streams,
        callback: &mut FitCallback<'_>,
    ) -> Result<Self::Model>;
}

/// Settings of a regressor.
pub trait RegressorConfig: EstimatorConfig<Model: RegressorModel> {
    /// Fits a model to checked data: at least one sample, finite numbers, and one row of finite targets per sample.
    ///
    /// # Errors
    /// As [`Regressor::fit`].
    fn fit(
        &self,
        x: &Samples,
        y: &Samples,
        streams: Streams,
        callback: &mut FitCallback<'_>,
    ) -> Result<Self::Model>;
}

/// Settings of a classifier whose algorithm also fits numbers as targets; [`Regression`] has the settings of the
/// regressor.
pub trait RegressionConfig: EstimatorConfig {
    /// Type of the fitted regressor.
    type RegressionModel: RegressorModel;
    /// Fits a regressor to checked data, as [`RegressorConfig::fit`].
    ///
    /// # Errors
    /// As [`Regressor::fit`].
    fn fit_targets(
        &self,
        x: &Samples,
        y: &Samples,
        streams: Streams,
        callback: &mut FitCallback<'_>,
    ) -> Result<Self::RegressionModel>;
}

/// Settings of the regressor that has the settings and the name of the classifier `C`.
///
/// ```
/// use freewheel_agents::estimator::{Estimator, Regression, Regressor};
/// use freewheel_agents::supervised::knn::Config;
/// use freewheel_core::{Streams};
/// use freewheel_agents::{Samples};
///
/// let (x, y) = (Samples::new(vec![0.0, 1.0, 4.0], 1)?, Samples::new(vec![1.0, 3.0, 5.0], 1)?);
/// let mut knn = Estimator::new(Regression(Config { n_neighbors: 2, ..Config::default() }), Streams::new(0))?;
/// knn.fit(&x, &y)?;
/// assert_eq!(knn.predict(&Samples::new(vec![0.4, 3.0], 1)?)?.values(), [2.0, 4.0]);
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Regression<C>(pub C);

impl<C: RegressionConfig> EstimatorConfig for Regression<C> {
    const ID: &'static str = C::ID;
    const ABOUT: &'static str = C::ABOUT;
    // Squares of targets must be finite.
    const LARGEST: f64 = C::LARGEST.min(1e120);
    const TASK: Task = Task::Regression;
    type Model = C::RegressionModel;

    fn validate(&self) -> Result<()> {
        self.0.validate()
    }
}

impl<C: RegressionConfig> RegressorConfig for Regression<C> {
    fn fit(
        &self,
        x: &Samples,
        y: &Samples,
        streams: Streams,
        callback: &mut FitCallback<'_>,
    ) -> Result<Self::Model> {
        self.0.fit_targets(x, y, streams, callback)
    }
}

/// Settings of a transformer.
pub trait TransformerConfig: EstimatorConfig<Model: TransformerModel> {
    /// Fits a model to checked data: at least one sample, finite numbers.
    ///
    /// # Errors
    /// As [`Transformer::fit`].
    fn fit(&self, x: &Samples, streams: Streams, callback: &mut FitCallback<'_>) -> Result<Self::Model>;
}

/// Fitted model of an estimator; immutable.
pub trait Model: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Numbers per sample, D.
    fn n_features_in(&self) -> usize;
    /// Count of the fitted numbers (weights, centers, thresholds).
    fn n_parameters(&self) -> usize;
    /// Checks a model that was read from a file: lengths, indices, ranges and finite numbers, so that no content of a
    /// file can make a method panic, loop or allocate without bound.
    ///
    /// # Errors
    /// [`Error::Config`] with the fault.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Adds the predictions for the samples `x` to `graph`, `[N, O]`: the logits of a classifier, or the targets of a
    /// regressor. `None` for a model that cannot be exported.
    fn add_to(&self, _graph: &mut Graph, _x: Observed) -> Option<Result<(Value, Kind)>> {
        None
    }
}

/// Whether all numbers of all `parts` are finite.
pub(crate) fn is_finite(parts: &[&[f64]]) -> bool {
    parts.iter().all(|part| part.iter().all(|x| x.is_finite()))
}

/// Returns [`Error::Config`] with the text `fault` unless `valid`.
pub(crate) fn ensure(valid: bool, fault: &str) -> Result<()> {
    if valid { Ok(()) } else { Err(Error::Config(fault.to_owned())) }
}

/// Fitted classifier. The caller has checked that the inputs have the right number of columns.
pub trait ClassifierModel: Model {
    /// Number of classes, C.
    fn n_classes(&self) -> u32;
    /// Probabilities `[N, C]` of all C classes for N samples `x [N, D]`.
    ///
    /// # Errors
    /// None if `x` has D columns.
    fn predict_proba(&self, x: &Samples) -> Result<Samples>;
}

/// Fitted regressor. The caller has checked that the inputs have the right number of columns.
pub trait RegressorModel: Model {
    /// Predicted targets `[N, T]` of N samples `x [N, D]`.
    ///
    /// # Errors
    /// None if `x` has D columns.
    fn predict(&self, x: &Samples) -> Result<Samples>;
}

/// Fitted transformer. The caller has checked that the inputs have the right number of columns.
pub trait TransformerModel: Model {
    /// Numbers per code, C.
    fn n_features_out(&self) -> usize;
    /// Codes `[N, C]` of N samples `x [N, D]`.
    ///
    /// # Errors
    /// None if `x` has D columns.
    fn transform(&self, x: &Samples) -> Result<Samples>;
    /// Samples `[N, D]` decoded from N codes, `codes [N, C]`.
    ///
    /// # Errors
    /// None if `codes` has C columns.
    fn inverse_transform(&self, codes: &Samples) -> Result<Samples>;
}

/// Progress of a fit, passed to the callback.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitProgress {
    /// Number of finished rounds: epochs, iterations or trees.
    pub done: u64,
    /// Maximum number of rounds.
    pub total: u64,
    /// Current loss, a mean over the samples; NaN if the estimator has no loss.
    pub loss: f64,
}

/// Callback after every round of a fit; `Break` stops the fit, and the estimator keeps the model fitted so far.
/// Estimators without rounds (linear regression, k-nearest neighbors, a single tree, PCA by its covariance) never call
/// the callback.
pub type FitCallback<'a> = dyn FnMut(FitProgress) -> ControlFlow<()> + 'a;

/// Callback that does nothing: every fit runs to its end.
pub fn no_callback(_: FitProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Index of the largest number of `p`; the smallest index on ties.
pub fn argmax<T: PartialOrd>(p: &[T]) -> u32 {
    let mut best = 0;
    for (j, p_j) in p.iter().enumerate().skip(1) {
        if *p_j > p[best] {
            best = j;
        }
    }
    best as u32
}
