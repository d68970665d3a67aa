//! Learners without any answer: what is alike is gathered.
//!
//! | learner | what it finds | |
//! |---|---|---|
//! | [`kmeans`](mod@kmeans) | k centers, each the mean of the samples nearest to it | Lloyd 1957; Arthur & Vassilvitskii 2007 |
//! | [`pca`](mod@pca) | the directions in which samples vary most | Pearson 1901 |
//! | [`vae`](mod@vae) | a few hidden factors, and networks from samples to factors and back | Kingma & Welling 2013 |
//!
//! Each is an [`Encoder`]: from samples `[N, D]` to codes `[N, C]` and back. [`eigen`] and [`metrics`] are what they are
//! made and judged with.

use freewheel_core::{Result, Samples, Streams};

use crate::fit::kind::Kind;
use crate::fit::{Estimate, EstimatorFactory, Fit, Model, Settings, Watch};

pub mod eigen;
pub mod kmeans;
pub mod metrics;
pub mod pca;
pub mod vae;

pub use kmeans::KMeans;
pub use pca::Pca;
pub use vae::Vae;

/// A learner of codes.
pub trait Encoder: Estimate {
    /// Learns from `x [N, D]`; `watch` is told how far it has come.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) where the samples do not suit the settings or are not finite;
    /// [`Error::Diverged`](freewheel_core::Error::Diverged).
    fn fit(&mut self, x: &Samples, watch: &mut Watch<'_>) -> Result<()>;
    /// C, the numbers of a code.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) before it was fitted.
    fn code_width(&self) -> Result<usize>;
    /// The codes `[N, C]` of `x [N, D]`: distances from the centers, components, means of the factors.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) before it was fitted, and for samples that do not suit it.
    fn encode(&self, x: &Samples) -> Result<Samples>;
    /// The samples `[N, D]` that the codes `[N, C]` stand for; of k-means, the nearest centers.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    fn decode(&self, codes: &Samples) -> Result<Samples>;
}

/// Settings of a learner of codes.
pub trait Encode: Settings<Model: Codes> {
    /// Learns from samples that are there and finite.
    ///
    /// # Errors
    /// As [`Encoder::fit`].
    fn fit(&self, x: &Samples, streams: Streams, watch: &mut Watch<'_>) -> Result<Self::Model>;
}

/// A model from samples to codes and back; shapes fit.
pub trait Codes: Model {
    /// C.
    fn code_width(&self) -> usize;
    /// `[N, D]` to `[N, C]`.
    ///
    /// # Errors
    /// None that a user could cause.
    fn encode(&self, x: &Samples) -> Result<Samples>;
    /// `[N, C]` to `[N, D]`.
    ///
    /// # Errors
    /// None that a user could cause.
    fn decode(&self, codes: &Samples) -> Result<Samples>;
}

impl<C: Encode> Encoder for Fit<C> {
    fn fit(&mut self, x: &Samples, watch: &mut Watch<'_>) -> Result<()> {
        self.learn(x, |settings, streams| settings.fit(x, streams, watch))
    }

    fn code_width(&self) -> Result<usize> {
        Ok(self.model()?.code_width())
    }

    fn encode(&self, x: &Samples) -> Result<Samples> {
        self.model_for(x)?.encode(x)
    }

    fn decode(&self, codes: &Samples) -> Result<Samples> {
        let model = self.model()?;
        crate::fit::has_width(C::ID, "codes", codes, model.code_width())?;
        crate::fit::is_finite("the codes", codes)?;
        model.decode(codes)
    }
}

/// Every learner here, in the order in which they are listed.
pub fn all() -> Vec<Box<dyn EstimatorFactory>> {
    vec![
        Box::new(Kind::<kmeans::Config>::encoder()),
        Box::new(Kind::<pca::Config>::encoder()),
        Box::new(Kind::<vae::Config>::encoder()),
    ]
}
