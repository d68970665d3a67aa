//! Pictures of fitted estimators.
//!
//! | module | contents |
//! |---|---|
//! | [`supervised`] | confusion matrix, misclassified images, regression line |
//! | [`pca_kmeans`] | principal components, explained variance, clusters with their members |
//! | [`latent`] | the latent space of a VAE: decoded grid, samples, reconstructions, interpolations |
//! | [`concept`] | a direction of latent space, added in steps, with its measured effect |

use freewheel_agents::data::{DataSet, Shape, Subset, TargetSpec, Targets};
use freewheel_agents::estimator::{AnyEstimator, Classifier, Regressor, Transformer, TransformerModel};
use freewheel_agents::unsupervised::{kmeans, pca, vae};
use freewheel_core::{Error, Result};

use super::NamedPicture;
use crate::fit::{evaluation_subset, fitted_model};

pub mod concept;
pub mod latent;
pub mod pca_kmeans;
pub mod supervised;

pub use concept::{Concept, Effect};

/// Steps along a factor, as shares of the factor's range.
const STEPS: [f32; 9] = [-0.5, -0.375, -0.25, -0.125, 0.0, 0.125, 0.25, 0.375, 0.5];
/// Number of samples on which the effect of a concept is measured.
pub const EFFECT_SAMPLES: usize = 60;
/// Maximum number of points in a map; of more samples, only every n-th is drawn.
const MAX_POINTS: usize = 10_000;

/// All pictures of `estimator` for the test set of `set`, or for its training set if there is no test set.
///
/// # Errors
/// [`Error::Config`] before `fit`, or for an estimator that was fitted to samples of another width.
pub fn all(estimator: &AnyEstimator, set: &DataSet) -> Result<Vec<NamedPicture>> {
    match estimator {
        AnyEstimator::Classifier(it) => classifier_pictures(&**it, set),
        AnyEstimator::Regressor(it) => regressor_pictures(&**it, set),
        AnyEstimator::Transformer(it) => transformer_pictures(&**it, set),
    }
}

fn classifier_pictures(it: &dyn Classifier, set: &DataSet) -> Result<Vec<NamedPicture>> {
    let part = evaluation_subset(set).0;
    supervised::classification(set, part, &it.predict_proba(&part.samples)?)
}

fn regressor_pictures(it: &dyn Regressor, set: &DataSet) -> Result<Vec<NamedPicture>> {
    Ok(vec![NamedPicture::new("regression", supervised::regression(it, set, evaluation_subset(set).0)?)])
}

fn transformer_pictures(it: &dyn Transformer, set: &DataSet) -> Result<Vec<NamedPicture>> {
    let part = subsample(evaluation_subset(set).0);
    // Images can be drawn if they are gray or RGB.
    let (images, gray) = match set.shape {
        Shape::Image { channels, .. } => (channels == 1 || channels == 3, channels == 1),
        Shape::Columns(_) => (false, false),
    };
    let mut all = Vec::new();
    if let Some(pca) = fitted_model::<pca::Config>(it)? {
        all.push(NamedPicture::new("explained", pca_kmeans::explained_variance(pca)?));
        if gray {
            all.push(NamedPicture::new("components", pca_kmeans::components(pca, &set.shape, 20)?));
        }
        if pca.components().rows() > 1 {
            all.push(NamedPicture::new("map", pca_kmeans::component_map(pca, set, &part)?));
        }
    } else if let Some(kmeans) = fitted_model::<kmeans::Config>(it)? {
        if images {
            all.push(NamedPicture::new(
                "centers",
                pca_kmeans::centers(kmeans, set, evaluation_subset(set).0, 12)?,
            ));
        }
        if set.shape.width() > 1 && part.rows() > 2 {
            all.push(NamedPicture::new("clusters", pca_kmeans::clusters(kmeans, set, &part)?));
        }
    } else if let Some(vae) = fitted_model::<vae::Config>(it)? {
        let codes = vae.transform(&part.samples)?;
        if images {
            all.push(NamedPicture::new("latents", latent::grid(vae, &set.shape, &codes, 15)?));
            all.push(NamedPicture::new("samples", latent::prior_samples(vae, &set.shape, 8)?));
            let (from, to) = latent::pairs(&part, 8);
            all.push(NamedPicture::new("reconstructions", latent::reconstructions(vae, &set.shape, &from)?));
            if to.rows() > 0 {
                all.push(NamedPicture::new(
                    "interpolations",
                    latent::interpolations(it, &set.shape, &from, &to, 9)?,
                ));
            }
        }
        if codes.width() > 1 {
            all.push(NamedPicture::new("map", latent::latent_map(&codes, set, &part)?));
        }
        all.extend(factor_pictures(it, set)?);
    }
    Ok(all)
}

/// For a data set with known factors: the first factor as a concept, added to a few samples, and its measured effect.
fn factor_pictures(it: &dyn Transformer, set: &DataSet) -> Result<Vec<NamedPicture>> {
    let (Some(factor), Some(known)) = (set.factors.first(), &set.train.factors) else {
        return Ok(Vec::new());
    };
    let concept = Concept::from_factor(it, &set.train.samples, known, 0, factor)?;
    let first_rows = |most: usize| {
        let part = evaluation_subset(set).0;
        part.samples.select(&(0..part.rows().min(most)).collect::<Vec<_>>())
    };
    let grid = concept.image_grid(it, &set.shape, &first_rows(6), &STEPS)?;
    let effect = Effect::measure(&concept, it, &first_rows(EFFECT_SAMPLES), &STEPS)?;
    Ok(vec![NamedPicture::new(&factor.name, grid), NamedPicture::new("effect", effect.chart()?)])
}

/// At most [`MAX_POINTS`] rows of `part`, evenly spaced.
fn subsample(part: &Subset) -> Subset {
    let every = part.rows().div_ceil(MAX_POINTS).max(1);
    part.select(&(0..part.rows()).step_by(every).collect::<Vec<_>>())
}

/// Colors the scatter plot `map` by the targets of `part`, or by the first known factor if there are no targets.
fn colored(map: super::Scatter, set: &DataSet, part: &Subset) -> Result<super::Scatter> {
    match (&part.targets, &set.target, &part.factors) {
        (Targets::Labels(labels), TargetSpec::Classes(names), _) => map.by_class(labels, names),
        (Targets::Values(values), TargetSpec::Number { name, .. }, _) => map.by_value(values, name),
        (_, _, Some(factors)) => {
            let values: Vec<f64> = factors.iter().map(|row| row[0]).collect();
            map.by_value(&values, &set.factors.first().map_or_else(String::new, |factor| factor.name.clone()))
        }
        _ => Ok(map),
    }
}

/// Names of the classes of the data set `set`.
fn class_names(set: &DataSet) -> Result<&[String]> {
    match &set.target {
        TargetSpec::Classes(names) => Ok(names),
        _ => Err(Error::Config(format!("{}: this data set has no classes", set.name))),
    }
}
