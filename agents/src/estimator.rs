//! Estimators: models that are fitted to a data set (supervised and unsupervised learning), with the interface of
//! scikit-learn.
//!
//! An estimator's configuration ([`EstimatorConfig`], one struct per algorithm) implements `fit` and names the type
//! of its fitted [`Model`]. [`Estimator`] holds configuration, random streams and model, checks all inputs, and
//! implements one of three traits:
//!
//! | trait | fitted to | methods | scikit-learn |
//! |---|---|---|---|
//! | [`Classifier`] | samples `[N, D]`, labels `[N]` | `fit`, `predict`, `predict_proba`, `score` | `ClassifierMixin` |
//! | [`Regressor`] | samples `[N, D]`, targets `[N, T]` | `fit`, `predict`, `score` | `RegressorMixin` |
//! | [`Transformer`] | samples `[N, D]` | `fit`, `transform`, `inverse_transform`, `score` | `TransformerMixin` |
//!
//! ```
//! use freewheel_agents::estimator::{Classifier, Estimator};
//! use freewheel_agents::supervised::softmax;
//! use freewheel_core::{Samples, Streams};
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

use freewheel_core::{Result, Samples, Streams};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

mod checked;
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

/// Methods of every estimator, whatever its task.
pub trait BaseEstimator: Any + Send + Sync {
    /// Name, such as `kmeans`.
    fn id(&self) -> &'static str;
    /// Settings as a TOML table, defaults filled in.
    ///
    /// # Errors
    /// [`Error::Config`] if they cannot be written as TOML.
    fn settings(&self) -> Result<toml::Table>;
    /// Source of its random numbers.
    fn streams(&self) -> Streams;
    /// Numbers per sample D that it was fitted to.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    fn n_features_in(&self) -> Result<usize>;
    /// Count of the fitted numbers (weights, centers, thresholds).
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
}

/// An estimator of classes.
pub trait Classifier: BaseEstimator {
    /// Fits samples `x [N, D]` to `labels [N]`, each below `n_classes`.
    ///
    /// # Errors
    /// [`Error::Config`] for counts that differ, labels out of range or numbers that are not finite;
    /// [`Error::Diverged`].
    fn fit_with(
        &mut self,
        x: &Samples,
        labels: &[u32],
        n_classes: u32,
        callback: &mut FitCallback<'_>,
    ) -> Result<()>;
    /// [`Classifier::fit_with`] without a callback; the greatest label is that of the last class.
    ///
    /// # Errors
    /// As [`Classifier::fit_with`].
    fn fit(&mut self, x: &Samples, labels: &[u32]) -> Result<()> {
        let n_classes = labels.iter().max().map_or(0, |label| label.saturating_add(1));
        self.fit_with(x, labels, n_classes, &mut no_callback)
    }
    /// Number of classes C.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    fn n_classes(&self) -> Result<u32>;
    /// Probability of every class for `x [N, D]`: `[N, C]`, each row sums to 1.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`, and for samples of another width or with numbers that are not finite.
    fn predict_proba(&self, x: &Samples) -> Result<Samples>;
    /// Most probable class of `x [N, D]`: `[N]`; the smallest index on ties.
    ///
    /// # Errors
    /// As [`Classifier::predict_proba`].
    fn predict(&self, x: &Samples) -> Result<Vec<u32>> {
        Ok(self.predict_proba(x)?.iter().map(argmax).collect())
    }
    /// Accuracy of the predictions for `x [N, D]` against `labels [N]`, 0 to 1.
    ///
    /// # Errors
    /// As [`Classifier::predict_proba`].
    fn score(&self, x: &Samples, labels: &[u32]) -> Result<f64> {
        Ok(metrics::accuracy(&self.predict(x)?, labels))
    }
}

/// An estimator of numbers.
pub trait Regressor: BaseEstimator {
    /// Fits samples `x [N, D]` to targets `y [N, T]`.
    ///
    /// # Errors
    /// [`Error::Config`] for counts that differ or numbers that are not finite.
    fn fit_with(&mut self, x: &Samples, y: &Samples, callback: &mut FitCallback<'_>) -> Result<()>;
    /// [`Regressor::fit_with`] without a callback.
    ///
    /// # Errors
    /// As [`Regressor::fit_with`].
    fn fit(&mut self, x: &Samples, y: &Samples) -> Result<()> {
        self.fit_with(x, y, &mut no_callback)
    }
    /// Predicted targets `[N, T]` of `x [N, D]`.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`, and for samples of another width or with numbers that are not finite.
    fn predict(&self, x: &Samples) -> Result<Samples>;
    /// R² of the predictions for `x [N, D]` against `y [N, T]`, at most 1.
    ///
    /// # Errors
    /// As [`Regressor::predict`].
    fn score(&self, x: &Samples, y: &Samples) -> Result<f64> {
        Ok(metrics::r_squared(self.predict(x)?.values(), y.values()))
    }
}

/// An unsupervised estimator that maps samples `[N, D]` to codes `[N, C]` and back.
pub trait Transformer: BaseEstimator {
    /// Fits to samples `x [N, D]`.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that do not suit the samples or numbers that are not finite; [`Error::Diverged`].
    fn fit_with(&mut self, x: &Samples, callback: &mut FitCallback<'_>) -> Result<()>;
    /// [`Transformer::fit_with`] without a callback.
    ///
    /// # Errors
    /// As [`Transformer::fit_with`].
    fn fit(&mut self, x: &Samples) -> Result<()> {
        self.fit_with(x, &mut no_callback)
    }
    /// Numbers per code C.
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`.
    fn n_features_out(&self) -> Result<usize>;
    /// Codes `[N, C]` of `x [N, D]`: distances to the centers (k-means), principal components (PCA), latent means
    /// (VAE).
    ///
    /// # Errors
    /// [`Error::Config`] before `fit`, and for samples of another width or with numbers that are not finite.
    fn transform(&self, x: &Samples) -> Result<Samples>;
    /// Samples `[N, D]` of `codes [N, C]`; for k-means the center of the smallest distance.
    ///
    /// # Errors
    /// As [`Transformer::transform`].
    fn inverse_transform(&self, codes: &Samples) -> Result<Samples>;
    /// Negative mean squared reconstruction error of `x [N, D]` per number: at most 0, greater is better.
    ///
    /// # Errors
    /// As [`Transformer::transform`].
    fn score(&self, x: &Samples) -> Result<f64> {
        let decoded = self.inverse_transform(&self.transform(x)?)?;
        let errors = decoded.values().iter().zip(x.values()).map(|(a, b)| f64::from(a - b).powi(2));
        Ok(-(errors.sum::<f64>() / x.values().len().max(1) as f64))
    }
}

/// Settings of one algorithm.
pub trait EstimatorConfig:
    Serialize + DeserializeOwned + JsonSchema + Clone + Default + Send + Sync + 'static
{
    /// Name, such as `kmeans`.
    const ID: &'static str;
    /// One line: description and source.
    const ABOUT: &'static str;
    /// Result of a fit.
    type Model: Model;
    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Config`] with the setting, its value and the allowed range.
    fn validate(&self) -> Result<()>;
}

/// Settings of a classifier.
pub trait ClassifierConfig: EstimatorConfig<Model: ClassifierModel> {
    /// Fits checked data: N > 0 finite samples, N labels below `n_classes`.
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
    /// Fits checked data: N > 0 finite samples, N rows of finite targets.
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

/// Settings of a transformer.
pub trait TransformerConfig: EstimatorConfig<Model: TransformerModel> {
    /// Fits checked data: N > 0 finite samples.
    ///
    /// # Errors
    /// As [`Transformer::fit`].
    fn fit(&self, x: &Samples, streams: Streams, callback: &mut FitCallback<'_>) -> Result<Self::Model>;
}

/// A fitted model; immutable.
pub trait Model: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Numbers per sample D.
    fn n_features_in(&self) -> usize;
    /// Count of the fitted numbers.
    fn n_parameters(&self) -> usize;
}

/// A fitted classifier; inputs have the right width.
pub trait ClassifierModel: Model {
    /// Number of classes C.
    fn n_classes(&self) -> u32;
    /// Class probabilities `[N, C]` of `x [N, D]`.
    ///
    /// # Errors
    /// None for samples of the right width.
    fn predict_proba(&self, x: &Samples) -> Result<Samples>;
}

/// A fitted regressor; inputs have the right width.
pub trait RegressorModel: Model {
    /// Targets `[N, T]` of `x [N, D]`.
    ///
    /// # Errors
    /// None for samples of the right width.
    fn predict(&self, x: &Samples) -> Result<Samples>;
}

/// A fitted transformer; inputs have the right width.
pub trait TransformerModel: Model {
    /// Numbers per code C.
    fn n_features_out(&self) -> usize;
    /// Codes `[N, C]` of `x [N, D]`.
    ///
    /// # Errors
    /// None for samples of the right width.
    fn transform(&self, x: &Samples) -> Result<Samples>;
    /// Samples `[N, D]` of `codes [N, C]`.
    ///
    /// # Errors
    /// None for codes of the right width.
    fn inverse_transform(&self, codes: &Samples) -> Result<Samples>;
}

/// Progress of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitProgress {
    /// Finished rounds: epochs, iterations or trees.
    pub done: u64,
    /// Rounds in total, at most.
    pub total: u64,
    /// Current loss, a mean over samples; NaN if the estimator has none.
    pub loss: f64,
}

/// Callback after every round of a fit; `Break` stops the fit and keeps the model fitted so far. Estimators without
/// rounds (linear regression, k-nearest neighbors, a single tree, PCA by its covariance) never call it.
pub type FitCallback<'a> = dyn FnMut(FitProgress) -> ControlFlow<()> + 'a;

/// Callback that does nothing: every fit runs to its end.
pub fn no_callback(_: FitProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Index of the largest number; the smallest index on ties.
pub fn argmax(p: &[f32]) -> u32 {
    let mut best = 0;
    for (j, p_j) in p.iter().enumerate().skip(1) {
        if *p_j > p[best] {
            best = j;
        }
    }
    best as u32
}
