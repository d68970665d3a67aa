//! What a fitted learner is worth.

use freewheel_agents::fit::Estimator;
use freewheel_agents::supervised::metrics::{accuracy, log_loss, r_squared};
use freewheel_agents::supervised::{Regressor, linear, most_probable};
use freewheel_agents::unsupervised::metrics::{matching_accuracy, normalized_mutual_information, silhouette};
use freewheel_agents::unsupervised::{Encoder, kmeans, pca, vae};
use freewheel_core::data::{Answers, DataSet, Part, Shape};
use freewheel_core::{Error, Purpose, Result, Samples, Streams};
use serde::{Deserialize, Serialize};

use super::{judged, model_of};

/// Samples that a silhouette is a mean over, at most: its cost is their square.
const SILHOUETTE: usize = 2_000;

/// Clusters that are matched with classes, at most: its cost is their cube.
const MATCHED: usize = 1_000;

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What it is.
    pub name: String,
    /// On which rows: `train` or `test`; empty for what has none.
    pub part: String,
    /// How much.
    pub value: f64,
    /// Its unit; empty where it has none.
    pub unit: String,
}

fn score(name: impl Into<String>, part: &str, value: f64, unit: &str) -> Score {
    Score { name: name.into(), part: part.to_owned(), value, unit: unit.to_owned() }
}

/// Every figure of a fitted learner.
///
/// # Errors
/// Those of predicting.
pub fn scores(estimator: &Estimator, data: &DataSet, seed: u64) -> Result<Vec<Score>> {
    match estimator {
        Estimator::Classifier(it) => {
            let (part, name) = judged(data);
            let labels = part.answers.classes()?;
            let p = it.predict_proba(&part.samples)?;
            let predicted: Vec<u32> = p.iter().map(most_probable).collect();
            Ok(vec![
                score("accuracy", name, accuracy(&predicted, labels), ""),
                score("log loss", name, log_loss(p.values(), labels, it.classes()?), "nats"),
            ])
        }
        Estimator::Regressor(it) => {
            let (part, name) = judged(data);
            let y = part.answers.numbers()?;
            let predicted = it.predict(&part.samples)?;
            let errors = predicted.values().iter().zip(y).map(|(p, y)| f64::from(p - y).powi(2));
            let rmse = (errors.sum::<f64>() / y.len().max(1) as f64).sqrt();
            let mut all = vec![
                score("R²", name, r_squared(predicted.values(), y), ""),
                score("root mean square error", name, rmse, ""),
            ];
            all.extend(line(&**it, data));
            Ok(all)
        }
        Estimator::Encoder(it) => encoded(&**it, data, seed),
    }
}

/// Slopes and intercept of a linear model of few columns.
fn line(it: &dyn Regressor, data: &DataSet) -> Vec<Score> {
    let linear = model_of::<linear::Linear>(it).ok().flatten();
    let Some(model) = linear.or(model_of::<linear::Ridge>(it).ok().flatten()) else { return Vec::new() };
    let names: Vec<String> = match &data.shape {
        Shape::Columns(names) if names.len() <= 16 => names.clone(),
        _ => return Vec::new(),
    };
    let slopes =
        names.iter().zip(model.weights()).map(|(name, &w)| score(format!("slope of {name}"), "", w, ""));
    slopes.chain([score("intercept", "", model.intercepts()[0], "")]).collect()
}

/// The mean squared error of a pixel between samples and what their codes are decoded to.
fn reconstruction(it: &dyn Encoder, x: &Samples) -> Result<f64> {
    let again = it.decode(&it.encode(x)?)?;
    let errors = again.values().iter().zip(x.values()).map(|(a, b)| f64::from(a - b).powi(2));
    Ok(errors.sum::<f64>() / x.values().len().max(1) as f64)
}

fn encoded(it: &dyn Encoder, data: &DataSet, seed: u64) -> Result<Vec<Score>> {
    let (part, name) = judged(data);
    let mut dice = Streams::new(seed).stream(Purpose::EvaluationAction, 0, 0);
    let mut all = Vec::new();
    if let Some(model) = model_of::<kmeans::Config>(it)? {
        all.push(score("inertia", "train", model.inertia(), ""));
        all.push(score("iterations", "train", f64::from(model.iterations()), ""));
        let mut clusters = Vec::new();
        // The last of them is the part to judge by.
        let parts = [(&data.train, "train"), (&data.test, "test")];
        for (Part { samples, answers, .. }, name) in parts.into_iter().filter(|(part, _)| part.rows() > 0) {
            clusters = model.labels(samples)?;
            if let Answers::Classes(labels) = answers
                && model.centers().rows() <= MATCHED
            {
                all.push(score(
                    "accuracy, clusters matched with classes",
                    name,
                    matching_accuracy(&clusters, labels),
                    "",
                ));
                let shared = normalized_mutual_information(&clusters, labels);
                all.push(score("normalized mutual information", name, shared, ""));
            }
        }
        match silhouette(&part.samples, &clusters, SILHOUETTE, &mut dice) {
            Ok(value) => all.push(score("silhouette", name, value, "")),
            // One cluster has none.
            Err(Error::Config(_)) => {}
            Err(e) => return Err(e),
        }
    } else if let Some(model) = model_of::<pca::Config>(it)? {
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
    } else if let Some(model) = model_of::<vae::Config>(it)? {
        let elbo = model.elbo(&part.samples, &mut dice)?;
        all.push(score("-ELBO", name, elbo.negative(), "nats"));
        all.push(score("reconstruction", name, elbo.reconstruction, "nats"));
        all.push(score("divergence from the prior", name, elbo.divergence, "nats"));
    }
    all.push(score("mean squared error of reconstruction", name, reconstruction(it, &part.samples)?, ""));
    Ok(all)
}
