//! Unsupervised estimators: [`Transformer`](crate::estimator::Transformer)s from N samples of D numbers, `[N, D]`, to
//! codes of C numbers, `[N, C]`, and back.
//!
//! | module | estimator | codes | scikit-learn | source |
//! |---|---|---|---|---|
//! | [`kmeans`](mod@kmeans) | k-means clustering | distances to centers | `KMeans` | Lloyd 1957; Arthur et al. 2007 |
//! | [`pca`](mod@pca) | principal component analysis | components | `PCA` | Pearson 1901 |
//! | [`vae`](mod@vae) | variational autoencoder | latent means | | Kingma & Welling 2013 |

use crate::estimator::EstimatorFactory;
use crate::estimator::factory::ConfigFactory;

pub mod kmeans;
pub mod pca;
pub mod vae;

pub use kmeans::KMeans;
pub use pca::Pca;
pub use vae::Vae;

/// Factories of all unsupervised estimators, in the order of the program's list.
pub fn all() -> Vec<Box<dyn EstimatorFactory>> {
    vec![
        Box::new(ConfigFactory::<kmeans::Config>::transformer()),
        Box::new(ConfigFactory::<pca::Config>::transformer()),
        Box::new(ConfigFactory::<vae::Config>::transformer()),
    ]
}
