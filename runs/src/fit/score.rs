//! Scores of a fitted estimator on its data set.

use freewheel_agents::data::{DataSet, Shape, Subset, Targets};
use freewheel_agents::estimator::metrics::{
    accuracy, log_loss, matching_accuracy, normalized_mutual_information, r_squared, silhouette,
};
use freewheel_agents::estimator::{AnyEstimator, Regressor, Transformer, argmax};
use freewheel_agents::supervised::{linear, softmax};
use freewheel_agents::unsupervised::{kmeans, pca, vae};
use freewheel_core::{Error, Purpose, Result, Streams};
use serde::{Deserialize, Serialize};

use super::{evaluation_subset, fitted_model};

/// Maximum number of samples for the silhouette score, whose cost grows with the square of this number.
const SILHOUETTE_SAMPLES: usize = 2_000;

/// Maximum number of clusters that are matched with classes; the cost of the matching grows with the cube of this
/// number.
const MAX_MATCHED_CLUSTERS: usize = 1_000;

/// One score of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Name of the metric.
    pub name: String,
    /// Part of the data set, `train` or `test`; empty for a property of the model.
    pub part: String,
    /// Value of the score, in `unit`.
    pub value: f64,
    /// Unit of the value; empty for none.
    pub unit: String,
}

/// All scores of a fitted estimator. `seed` determines the random samples for the silhouette and for the ELBO (evidence
/// lower bound).
///
/// # Errors
/// Same as [`outputs`](super::outputs).
pub fn scores(estimator: &AnyEstimator, data: &DataSet, seed: u64) -> Result<Vec<Score>> {
    match estimator {
        AnyEstimator::Classifier(it) => {
            let (part, name) = evaluation_subset(data);
            let labels = part.targets.labels()?;
            let p = it.predict_proba(&part.samples)?;
            let predicted: Vec<u32> = p.iter().map(argmax).collect();
            let mut all = vec![
                score("accuracy", name, accuracy(&predicted, labels), ""),
                score("log loss", name, log_loss(p.values(), labels, it.n_classes()?), "nats"),
            ];
            if let Some(model) = fitted_model::<softmax::Config>(&**it)? {
                let convergence = model.convergence();
                all.push(score("iterations", "train", convergence.iterations as f64, ""));
                all.push(score("largest entry of the gradient", "train", convergence.gradient, ""));
            }
            Ok(all)
        }
        AnyEstimator::Regressor(it) => {
            let (part, name) = evaluation_subset(data);
            let y = part.targets.values()?;
            let predicted = it.predict(&part.samples)?;
            let errors = predicted.values().iter().zip(y).map(|(p, y)| p - y);
            let n = y.len().max(1) as f64;
            let rmse = (errors.clone().map(|e| e * e).sum::<f64>() / n).sqrt();
            let mae = errors.map(f64::abs).sum::<f64>() / n;
            let mut all = vec![
                score("R²", name, r_squared(predicted.values(), y), ""),
                score("root mean square error", name, rmse, ""),
                score("mean absolute error", name, mae, ""),
            ];
            all.extend(coefficients(&**it, data));
            Ok(all)
        }
        AnyEstimator::Transformer(it) => transformer_scores(&**it, data, seed),
    }
}

/// Goals that the fit of the estimator did not reach, in sentences.
///
/// # Errors
/// [`Error::Config`] before `fit`.
pub fn not_reached(estimator: &AnyEstimator) -> Result<Vec<String>> {
    let AnyEstimator::Classifier(it) = estimator else { return Ok(Vec::new()) };
    let convergence = fitted_model::<softmax::Config>(&**it)?.map(softmax::Softmax::convergence);
    Ok(convergence
        .filter(|convergence| !convergence.reached)
        .map(|convergence| {
            format!(
                "the optimum was not reached in {} iterations: the largest entry of the gradient is {:.1e}, above \
                 estimator.tol; raise estimator.max_iter",
                convergence.iterations, convergence.gradient
            )
        })
        .into_iter()
        .collect())
}

fn score(name: impl Into<String>, part: &str, value: f64, unit: &str) -> Score {
    Score { name: name.into(), part: part.to_owned(), value, unit: unit.to_owned() }
}

/// Slopes and intercept of a linear model with at most 16 columns.
fn coefficients(it: &dyn Regressor, data: &DataSet) -> Vec<Score> {
    let linear = fitted_model::<linear::Linear>(it).ok().flatten();
    let Some(model) = linear.or(fitted_model::<linear::Ridge>(it).ok().flatten()) else { return Vec::new() };
    let names: Vec<String> = match &data.shape {
        Shape::Columns(names) if names.len() <= 16 => names.clone(),
        _ => return Vec::new(),
    };
    let slopes =
        names.iter().zip(model.weights()).map(|(name, &w)| score(format!("slope of {name}"), "", w, ""));
    slopes.chain([score("intercept", "", model.intercepts()[0], "")]).collect()
}

fn transformer_scores(it: &dyn Transformer, data: &DataSet, seed: u64) -> Result<Vec<Score>> {
    let (part, name) = evaluation_subset(data);
    let mut rng = Streams::new(seed).stream(Purpose::EvaluationAction, 0, 0);
    let mut all = Vec::new();
    if let Some(model) = fitted_model::<kmeans::Config>(it)? {
        all.push(score("inertia", "train", model.inertia(), ""));
        all.push(score("iterations", "train", f64::from(model.n_iter()), ""));
        // After the loop, `clusters` are those of the evaluation subset, the last subset of the loop.
        let mut clusters = Vec::new();
        let parts = [(&data.train, "train"), (&data.test, "test")];
        for (Subset { samples, targets, .. }, name) in parts.into_iter().filter(|(part, _)| part.rows() > 0) {
            clusters = model.predict(samples)?;
            if let Targets::Labels(labels) = targets
                && model.cluster_centers().rows() <= MAX_MATCHED_CLUSTERS
            {
                all.push(score(
                    "accuracy, clusters matched with classes",
                    name,
                    matching_accuracy(&clusters, labels),
                    "",
                ));
                let mutual = normalized_mutual_information(&clusters, labels);
                all.push(score("normalized mutual information", name, mutual, ""));
            }
        }
        match silhouette(&part.samples, &clusters, SILHOUETTE_SAMPLES, &mut rng) {
            Ok(value) => all.push(score("silhouette", name, value, "")),
            // The silhouette of a single cluster is undefined.
            Err(Error::Config(_)) => {}
            Err(e) => return Err(e),
        }
    } else if let Some(model) = fitted_model::<pca::Config>(it)? {
        let ratios = model.explained_variance_ratio();
        for (i, ratio) in ratios.iter().enumerate().take(8) {
            all.push(score(
                format!("variance explained by component {}", i + 1),
                "train",
                100.0 * ratio,
                "%",
            ));
        }
        all.push(score("variance explained", "train", 100.0 * ratios.iter().sum::<f64>(), "%"));
    } else if let Some(model) = fitted_model::<vae::Config>(it)? {
        let elbo = model.elbo(&part.samples, &mut rng)?;
        all.push(score("-ELBO", name, elbo.negative(), "nats"));
        all.push(score("reconstruction", name, elbo.reconstruction, "nats"));
        all.push(score("divergence from the prior", name, elbo.kl_divergence, "nats"));
    }
    all.push(score("mean squared error of reconstruction", name, -it.score(&part.samples)?, ""));
    Ok(all)
}
