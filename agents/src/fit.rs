//! What learners without reward share: they are fitted to samples that lie there, whole.
//!
//! A learner's [`Settings`] know how to learn and give a model; [`Fit`] holds both, checks what goes in, and is what the contracts
//! [`Classifier`](crate::supervised::Classifier), [`Regressor`](crate::supervised::Regressor) and
//! [`Encoder`](crate::unsupervised::Encoder) are implemented for, once for all learners.
//!
//! | module | what it holds |
//! |---|---|
//! | [`file`](mod@file) | fitted learners on disk |
//! | [`kind`] | [`EstimatorFactory`]: what the program needs to list, configure and build a learner |
//! | [`Descent`] | how networks learn from samples |
//! | `rows` | sums and products over rows, in one order for any number of threads |

use std::any::Any;
use std::ops::ControlFlow;

use freewheel_core::{Error, Result, Samples, Streams};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) mod descent;
pub mod file;
pub mod kind;
pub(crate) mod rows;
#[cfg(test)]
mod tests;

pub use descent::Descent;
pub use kind::{Estimator, EstimatorFactory, Task};

/// How far a fit has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Rounds done: epochs, iterations or trees.
    pub done: u64,
    /// Rounds in all, at most.
    pub of: u64,
    /// The learner's own loss by now, a mean over samples; NaN where it has none.
    pub loss: f64,
}

/// Is told after every round how far a fit has come, and may stop it: then what was learned so far is kept. Learners that are done at
/// once (regression, k-nearest neighbors, a single tree, PCA by its covariance) never call it.
pub type Watch<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// Lets every fit go on to its end.
pub fn unwatched(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The settings of a learner.
pub trait Settings:
    Serialize + DeserializeOwned + JsonSchema + Clone + Default + Send + Sync + 'static
{
    /// The learner's name, such as `kmeans`.
    const ID: &'static str;
    /// One line: what it is and where it is from.
    const ABOUT: &'static str;
    /// What is learned.
    type Model: Model;
    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Config`] naming the field, its value and what is allowed.
    fn validate(&self) -> Result<()>;
}

/// What a learner has learned; it no longer changes.
pub trait Model: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// D, the numbers of a sample.
    fn width(&self) -> usize;
    /// How many numbers were learned.
    fn parameters(&self) -> usize;
}

/// What all learners have, whatever they learn.
pub trait Estimate: Any + Send + Sync {
    /// The learner's name.
    fn id(&self) -> &'static str;
    /// Its settings, every default filled in.
    ///
    /// # Errors
    /// [`Error::Config`] where they cannot be written down.
    fn settings(&self) -> Result<toml::Table>;
    /// What its random numbers are drawn from.
    fn streams(&self) -> Streams;
    /// D, the numbers of the samples it was fitted to.
    ///
    /// # Errors
    /// [`Error::Config`] before it was fitted, as everywhere below.
    fn width(&self) -> Result<usize>;
    /// How many numbers it has learned.
    ///
    /// # Errors
    /// See [`Estimate::width`].
    fn parameters(&self) -> Result<usize>;
    /// What it has learned, as bytes.
    ///
    /// # Errors
    /// See [`Estimate::width`].
    fn save(&self) -> Result<Vec<u8>>;
    /// Takes back what [`Estimate::save`] gave.
    ///
    /// # Errors
    /// [`Error::Config`] where these bytes are something else.
    fn load(&mut self, bytes: &[u8]) -> Result<()>;
}

/// A learner: its settings, its random streams and, once fitted, its model.
pub struct Fit<C: Settings> {
    settings: C,
    streams: Streams,
    model: Option<C::Model>,
}

impl<C: Settings> Fit<C> {
    /// One that has learned nothing yet.
    ///
    /// # Errors
    /// [`Error::Config`] for a setting out of range.
    pub fn new(settings: C, streams: Streams) -> Result<Self> {
        settings.validate()?;
        Ok(Fit { settings, streams, model: None })
    }

    /// What it has learned.
    ///
    /// # Errors
    /// [`Error::Config`] before it was fitted.
    pub fn model(&self) -> Result<&C::Model> {
        let nothing = || Error::Config(format!("{} has learned nothing yet: fit it first", C::ID));
        self.model.as_ref().ok_or_else(nothing)
    }

    /// The model, for samples that suit it.
    pub(crate) fn model_for(&self, x: &Samples) -> Result<&C::Model> {
        let model = self.model()?;
        has_width(C::ID, "samples", x, model.width())?;
        is_finite("the samples", x)?;
        Ok(model)
    }

    /// Learns from checked samples by `learn`.
    pub(crate) fn learn(
        &mut self,
        x: &Samples,
        learn: impl FnOnce(&C, Streams) -> Result<C::Model>,
    ) -> Result<()> {
        if x.rows() == 0 {
            return Err(Error::Config(format!("{}: there are no samples to learn from", C::ID)));
        }
        is_finite("the samples", x)?;
        self.model = Some(learn(&self.settings, self.streams)?);
        Ok(())
    }
}

impl<C: Settings> Estimate for Fit<C> {
    fn id(&self) -> &'static str {
        C::ID
    }

    fn settings(&self) -> Result<toml::Table> {
        kind::written(&self.settings)
    }

    fn streams(&self) -> Streams {
        self.streams
    }

    fn width(&self) -> Result<usize> {
        Ok(self.model()?.width())
    }

    fn parameters(&self) -> Result<usize> {
        Ok(self.model()?.parameters())
    }

    fn save(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(self.model()?)
            .map_err(|e| Error::Unsupported(format!("{} cannot be saved: {e}", C::ID)))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refused = |why: String| Error::Config(format!("this is not a saved {}: {why}", C::ID));
        let (model, rest) = postcard::take_from_bytes(bytes).map_err(|e| refused(e.to_string()))?;
        if !rest.is_empty() {
            return Err(refused(format!("{} bytes are left over", rest.len())));
        }
        self.model = Some(model);
        Ok(())
    }
}

/// Says where a number is NaN or infinite.
///
/// # Errors
/// [`Error::Config`].
pub(crate) fn is_finite(what: &str, x: &Samples) -> Result<()> {
    if crate::nn::optimizer::all_finite(x.values()) {
        return Ok(());
    }
    let at = x.values().iter().position(|x| !x.is_finite()).unwrap_or_default();
    Err(Error::Config(format!(
        "{what}: row {}, column {} is {}; every number must be finite",
        at / x.width() + 1,
        at % x.width() + 1,
        x.values()[at]
    )))
}

/// Says that rows of what is called `what` are of another width.
///
/// # Errors
/// [`Error::Config`].
pub(crate) fn has_width(id: &str, what: &str, x: &Samples, width: usize) -> Result<()> {
    match x.width() == width {
        true => Ok(()),
        false => Err(Error::Config(format!(
            "this {id} works on {what} of {width} numbers and was given {what} of {}",
            x.width()
        ))),
    }
}
