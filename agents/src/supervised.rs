//! Learners that are told the answer.
//!
//! | learner | what it makes of a sample | |
//! |---|---|---|
//! | [`linear`](mod@linear) | a weighed sum: linear and ridge regression | Legendre 1805; Hoerl & Kennard 1970 |
//! | [`softmax`](mod@softmax) | probabilities by a weighed sum for each class | Cox 1958 |
//! | [`knn`](mod@knn) | a vote of the k nearest samples | Fix & Hodges 1951 |
//! | [`tree`](mod@tree) | one question after another | Breiman et al. 1984 |
//! | [`forest`](mod@forest) | the mean of many trees, each grown on a draw of its own | Breiman 2001 |
//! | [`mlp`](mod@mlp) | a network of full layers | Rumelhart et al. 1986 |
//! | [`cnn`](mod@cnn) | a network that looks at all places of an image alike | LeCun et al. 1989 |
//!
//! Each is a [`Classifier`] or a [`Regressor`]; [`metrics`] judge them.

use freewheel_core::{Error, Result, Samples, Streams};

use crate::fit::kind::Kind;
use crate::fit::{Estimate, EstimatorFactory, Fit, Model, Settings, Watch};

pub mod cnn;
pub mod forest;
pub mod knn;
pub mod lbfgs;
pub mod linear;
pub mod metrics;
pub mod mlp;
mod network;
pub mod softmax;
pub mod tree;

pub use network::{Architecture, Classified};

/// A learner of classes.
pub trait Classifier: Estimate {
    /// Learns that the samples `x [N, D]` are of the classes `labels [N]`, each below `classes`; `watch` is told how far it has come.
    ///
    /// # Errors
    /// [`Error::Config`] where samples or labels do not suit it; [`Error::Diverged`].
    fn fit(&mut self, x: &Samples, labels: &[u32], classes: u32, watch: &mut Watch<'_>) -> Result<()>;
    /// C.
    ///
    /// # Errors
    /// [`Error::Config`] before it was fitted.
    fn classes(&self) -> Result<u32>;
    /// The probability of every class for every sample, `[N, C]`; each row's sum is 1.
    ///
    /// # Errors
    /// [`Error::Config`] before it was fitted, and for samples that do not suit it.
    fn predict_proba(&self, x: &Samples) -> Result<Samples>;
    /// The most probable class of every sample, `[N]`; of several, the first.
    ///
    /// # Errors
    /// As [`Classifier::predict_proba`].
    fn predict(&self, x: &Samples) -> Result<Vec<u32>> {
        Ok(self.predict_proba(x)?.iter().map(most_probable).collect())
    }
}

/// A learner of numbers.
pub trait Regressor: Estimate {
    /// Learns that the samples `x [N, D]` have the numbers `y [N, T]`; `watch` is told how far it has come.
    ///
    /// # Errors
    /// [`Error::Config`] where samples or numbers do not suit it.
    fn fit(&mut self, x: &Samples, y: &Samples, watch: &mut Watch<'_>) -> Result<()>;
    /// The numbers `[N, T]` of `x [N, D]`.
    ///
    /// # Errors
    /// [`Error::Config`] before it was fitted, and for samples that do not suit it.
    fn predict(&self, x: &Samples) -> Result<Samples>;
}

/// Settings of a learner of classes.
pub trait Classify: Settings<Model: Classes> {
    /// Learns from samples that are there and finite, with as many labels, each below `classes`.
    ///
    /// # Errors
    /// As [`Classifier::fit`].
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        classes: u32,
        streams: Streams,
        watch: &mut Watch<'_>,
    ) -> Result<Self::Model>;
}

/// A model that tells classes; shapes fit.
pub trait Classes: Model {
    /// C.
    fn classes(&self) -> u32;
    /// `[N, D]` to `[N, C]`.
    ///
    /// # Errors
    /// None that a user could cause.
    fn predict_proba(&self, x: &Samples) -> Result<Samples>;
}

/// Settings of a learner of numbers.
pub trait Regress: Settings<Model: Numbers> {
    /// Learns from samples that are there and finite, with as many rows of finite numbers.
    ///
    /// # Errors
    /// As [`Regressor::fit`].
    fn fit(&self, x: &Samples, y: &Samples, streams: Streams, watch: &mut Watch<'_>) -> Result<Self::Model>;
}

/// A model that tells numbers; shapes fit.
pub trait Numbers: Model {
    /// `[N, D]` to `[N, T]`.
    ///
    /// # Errors
    /// None that a user could cause.
    fn predict(&self, x: &Samples) -> Result<Samples>;
}

impl<C: Classify> Classifier for Fit<C> {
    fn fit(&mut self, x: &Samples, labels: &[u32], classes: u32, watch: &mut Watch<'_>) -> Result<()> {
        if labels.len() != x.rows() {
            return Err(Error::Config(format!(
                "{}: {} labels were given for {} samples",
                C::ID,
                labels.len(),
                x.rows()
            )));
        }
        if let Some(at) = labels.iter().position(|&label| label >= classes) {
            let label = labels[at];
            return Err(Error::Config(format!(
                "label {label} of row {} is none of {classes} classes",
                at + 1
            )));
        }
        self.learn(x, |settings, streams| settings.fit(x, labels, classes, streams, watch))
    }

    fn classes(&self) -> Result<u32> {
        Ok(self.model()?.classes())
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        self.model_for(x)?.predict_proba(x)
    }
}

impl<C: Regress> Regressor for Fit<C> {
    fn fit(&mut self, x: &Samples, y: &Samples, watch: &mut Watch<'_>) -> Result<()> {
        if y.rows() != x.rows() {
            return Err(Error::Config(format!(
                "{}: {} rows of targets were given for {} samples",
                C::ID,
                y.rows(),
                x.rows()
            )));
        }
        crate::fit::is_finite("the targets", y)?;
        self.learn(x, |settings, streams| settings.fit(x, y, streams, watch))
    }

    fn predict(&self, x: &Samples) -> Result<Samples> {
        self.model_for(x)?.predict(x)
    }
}

/// The first of the largest numbers.
pub fn most_probable(p: &[f32]) -> u32 {
    let mut best = 0;
    for (j, p_j) in p.iter().enumerate().skip(1) {
        if *p_j > p[best] {
            best = j;
        }
    }
    best as u32
}

/// Every learner here, in the order in which they are listed.
pub fn all() -> Vec<Box<dyn EstimatorFactory>> {
    vec![
        Box::new(Kind::<linear::Linear>::regressor()),
        Box::new(Kind::<linear::Ridge>::regressor()),
        Box::new(Kind::<softmax::Config>::classifier()),
        Box::new(Kind::<knn::Config>::classifier()),
        Box::new(Kind::<tree::Config>::classifier()),
        Box::new(Kind::<forest::Config>::classifier()),
        Box::new(Kind::<mlp::Config>::classifier()),
        Box::new(Kind::<cnn::Config>::classifier()),
    ]
}
