//! The pictures of fitted learners.
//!
//! | module | what it holds |
//! |---|---|
//! | [`answers`] | confusion, mistakes, the regression line |
//! | [`groups`] | maps in a plane, components, centers with their members |
//! | [`latents`] | what a decoder makes of factors: the sheet of them, the way from sample to sample |
//! | [`concept`] | a direction among factors, added in steps and measured |

use freewheel_agents::fit::Estimator;
use freewheel_agents::supervised::{Classifier, Regressor};
use freewheel_agents::unsupervised::{Codes, Encoder, kmeans, pca, vae};
use freewheel_core::data::{Answers, DataSet, Part, Shape, Target};
use freewheel_core::{Error, Result};

use super::Named;
use crate::fit::{judged, model_of};

pub mod answers;
pub mod concept;
pub mod groups;
pub mod latents;

pub use concept::{Concept, Effect};

/// Shares of a factor's range that are added to samples.
const STEPS: [f32; 9] = [-0.5, -0.375, -0.25, -0.125, 0.0, 0.125, 0.25, 0.375, 0.5];
/// Samples on which the effect of that is measured.
pub const MEASURED: usize = 60;
/// Samples that are drawn in a map at most; of more, every n-th.
const POINTS: usize = 10_000;

/// All pictures of `learner`, fitted to `set`: of its test part, or where that is empty of what it learned from.
///
/// # Errors
/// [`Error::Config`] where the learner is not fitted, or not to samples like these.
pub fn all(learner: &Estimator, set: &DataSet) -> Result<Vec<Named>> {
    match learner {
        Estimator::Classifier(it) => of_classifier(&**it, set),
        Estimator::Regressor(it) => of_regressor(&**it, set),
        Estimator::Encoder(it) => of_encoder(&**it, set),
    }
}

fn of_classifier(it: &dyn Classifier, set: &DataSet) -> Result<Vec<Named>> {
    let part = judged(set).0;
    answers::classified(set, part, &it.predict_proba(&part.samples)?)
}

fn of_regressor(it: &dyn Regressor, set: &DataSet) -> Result<Vec<Named>> {
    Ok(vec![Named::new("regression", answers::regression(it, set, judged(set).0)?)])
}

fn of_encoder(it: &dyn Encoder, set: &DataSet) -> Result<Vec<Named>> {
    let part = thinned(judged(set).0);
    // What can be drawn as an image: gray, or in colors.
    let (images, gray) = match set.shape {
        Shape::Image { channels, .. } => (channels == 1 || channels == 3, channels == 1),
        Shape::Columns(_) => (false, false),
    };
    let mut all = Vec::new();
    if let Some(pca) = model_of::<pca::Config>(it)? {
        all.push(Named::new("explained", groups::explained(pca)?));
        if gray {
            all.push(Named::new("components", groups::components(pca, &set.shape, 20)?));
        }
        if pca.components().rows() > 1 {
            all.push(Named::new("map", groups::map_of(pca, set, &part)?));
        }
    } else if let Some(kmeans) = model_of::<kmeans::Config>(it)? {
        if images {
            all.push(Named::new("centers", groups::centers(kmeans, set, judged(set).0, 12)?));
        }
        if set.shape.width() > 1 && part.rows() > 2 {
            all.push(Named::new("clusters", groups::clusters(kmeans, set, &part)?));
        }
    } else if let Some(vae) = model_of::<vae::Config>(it)? {
        let codes = vae.encode(&part.samples)?;
        if images {
            all.push(Named::new("latents", latents::grid(vae, &set.shape, &codes, 15)?));
            all.push(Named::new("samples", latents::drawn(vae, &set.shape, 8)?));
            let (from, to) = latents::pairs(&part, 8);
            all.push(Named::new("reconstructions", latents::reconstructions(vae, &set.shape, &from)?));
            if to.rows() > 0 {
                all.push(Named::new(
                    "interpolations",
                    latents::interpolations(it, &set.shape, &from, &to, 9)?,
                ));
            }
        }
        if codes.width() > 1 {
            all.push(Named::new("map", latents::map(&codes, set, &part)?));
        }
        all.extend(first_factor(it, set)?);
    }
    Ok(all)
}

/// Of a set whose factors are known: the first of them, added in steps to a few samples, and what that does to all, measured.
fn first_factor(it: &dyn Encoder, set: &DataSet) -> Result<Vec<Named>> {
    let (Some(factor), Some(known)) = (set.factors.first(), &set.train.factors) else {
        return Ok(Vec::new());
    };
    let concept = Concept::of_factor(it, &set.train.samples, known, 0, factor)?;
    let some = |most: usize| {
        let part = judged(set).0;
        part.samples.select(&(0..part.rows().min(most)).collect::<Vec<_>>())
    };
    let sheet = concept.sheet(it, &set.shape, &some(6), &STEPS)?;
    let effect = Effect::measure(&concept, it, &some(MEASURED), &STEPS)?;
    Ok(vec![Named::new(&factor.name, sheet), Named::new("effect", effect.chart()?)])
}

/// At most [`POINTS`] rows, evenly chosen.
fn thinned(part: &Part) -> Part {
    let every = part.rows().div_ceil(POINTS).max(1);
    part.select(&(0..part.rows()).step_by(every).collect::<Vec<_>>())
}

/// What colors a map of `part`: its classes with their names, or its numbers.
fn colored(map: super::Scatter, set: &DataSet, part: &Part) -> Result<super::Scatter> {
    match (&part.answers, &set.target, &part.factors) {
        (Answers::Classes(of), Target::Classes(names), _) => map.by_class(of, names),
        (Answers::Numbers(of), Target::Number { name, .. }, _) => map.by_value(of, name),
        (_, _, Some(factors)) => {
            let of: Vec<f32> = factors.iter().map(|row| row[0]).collect();
            map.by_value(&of, &set.factors.first().map_or_else(String::new, |factor| factor.name.clone()))
        }
        _ => Ok(map),
    }
}

/// The names of the classes of `set`.
fn names(set: &DataSet) -> Result<&[String]> {
    match &set.target {
        Target::Classes(names) => Ok(names),
        _ => Err(Error::Config(format!("{} has no classes; take a set that has", set.name))),
    }
}
