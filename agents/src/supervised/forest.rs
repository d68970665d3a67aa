//! Random forest (scikit-learn's `RandomForestClassifier` and `RandomForestRegressor`): the mean of many decision
//! trees, each fitted to a bootstrap sample, with random candidate features at each split (Breiman 2001).
//!
//! Trees are grown in parallel, each with its own random stream, so that the result does not depend on the number of
//! threads.
//!
//! ```
//! use freewheel_agents::estimator::{Classifier, Estimator};
//! use freewheel_agents::supervised::forest::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let (x, labels) = (Samples::new((0..40u8).map(f64::from).collect(), 1)?, [vec![0; 20], vec![1; 20]].concat());
//! let mut forest = Estimator::new(Config { n_estimators: 20, ..Config::default() }, Streams::new(0))?;
//! forest.fit(&x, &labels)?;
//! assert_eq!(forest.predict(&Samples::new(vec![3.0, 35.0], 1)?)?, [0, 1]);
//! assert!(forest.score(&x, &labels)? > 0.9);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use crate::Samples;
use freewheel_core::{Purpose, Result, Stream, Streams, memory};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tree::codes::Coded;
use super::tree::{self, RegressionTree, Tree};
use crate::estimator::{
    ClassifierConfig, ClassifierModel, EstimatorConfig, FitCallback, FitProgress, Model, RegressionConfig,
    RegressorModel, Task, ensure, rows,
};
use crate::settings::within;

/// Number of trees between two calls of the callback.
const TREES_PER_CALLBACK: u32 = 16;

/// Settings of a random forest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Number of trees, 1 to 100000.
    pub n_estimators: u32,
    /// Maximum depth of a tree, 0 to 10000; 0 for no limit (scikit-learn's None).
    pub max_depth: u32,
    /// Minimum number of samples in a leaf, at least 1.
    pub min_samples_leaf: u32,
    /// Candidate features per split, at least 0; 0 for the square root of their number (scikit-learn's "sqrt"), and all
    /// of them for targets that are numbers.
    pub max_features: u32,
    /// Fit each tree to as many samples as there are, drawn with replacement; false: fit each tree to all samples.
    pub bootstrap: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_estimators: 100, max_depth: 0, min_samples_leaf: 1, max_features: 0, bootstrap: true }
    }
}

/// A fitted random forest of classification trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forest {
    trees: Vec<Tree>,
    n_classes: u32,
    width: usize,
}

/// A fitted random forest of regression trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionForest {
    trees: Vec<RegressionTree>,
    n_outputs: usize,
    width: usize,
}

impl EstimatorConfig for Config {
    const ID: &'static str = "forest";
    const ABOUT: &'static str = "random forest: mean of decision trees on bootstrap samples (Breiman 2001)";
    const LARGEST: f64 = f64::MAX;
    const TASK: Task = Task::Classification;
    type Model = Forest;

    fn validate(&self) -> Result<()> {
        within("n_estimators", f64::from(self.n_estimators), 1.0, 100_000.0)?;
        self.tree_config(0).validate()
    }
}

impl Config {
    /// Settings of each tree of the forest, with `default_features` candidates for `max_features` = 0.
    fn tree_config(&self, default_features: usize) -> tree::Config {
        let features = if self.max_features == 0 { default_features as u32 } else { self.max_features };
        tree::Config {
            max_depth: self.max_depth,
            min_samples_leaf: self.min_samples_leaf,
            max_features: features,
        }
    }

    /// Bootstrap sample of one tree: how often each sample was drawn, `[rows]`.
    fn bootstrap_weights(&self, rows: usize, rng: &mut Stream) -> Vec<u32> {
        if !self.bootstrap {
            return vec![1; rows];
        }
        let mut weights = vec![0; rows];
        (0..rows).for_each(|_| weights[rng.below(rows as u32) as usize] += 1);
        weights
    }

    /// Trees on bootstrap samples of `rows` samples, grown in parallel by `grow(weights, drawn samples, rng)`; `bytes`
    /// are those of a tree.
    fn grow<T: Send>(
        &self,
        rows: usize,
        streams: Streams,
        callback: &mut FitCallback<'_>,
        bytes: impl Fn(&T) -> u128,
        grow: impl Fn(&[u32], Vec<u32>, &mut Stream) -> T + Sync,
    ) -> Result<Vec<T>> {
        let mut trees = Vec::new();
        for first in (0..self.n_estimators).step_by(TREES_PER_CALLBACK as usize) {
            let group = first..self.n_estimators.min(first + TREES_PER_CALLBACK);
            let grown: Vec<T> = (group.into_par_iter().with_max_len(1))
                .map(|tree| {
                    let mut rng = streams.stream(Purpose::Agent, u64::from(tree), 0);
                    let weights = self.bootstrap_weights(rows, &mut rng);
                    let drawn = (0..rows as u32).filter(|&i| weights[i as usize] > 0).collect();
                    grow(&weights, drawn, &mut rng)
                })
                .collect();
            trees.extend(grown);
            if first == 0 {
                let all = trees.iter().map(&bytes).sum::<u128>() * u128::from(self.n_estimators);
                memory::require(&format!("n_estimators = {}", self.n_estimators), all / trees.len() as u128)?;
            }
            let (done, total) = (trees.len() as u64, u64::from(self.n_estimators));
            if callback(FitProgress { done, total, loss: f64::NAN }).is_break() {
                break;
            }
        }
        Ok(trees)
    }
}

impl ClassifierConfig for Config {
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        n_classes: u32,
        streams: Streams,
        callback: &mut FitCallback<'_>,
    ) -> Result<Forest> {
        let (coded, config) = (Coded::new(x)?, self.tree_config(x.width().isqrt().max(1)));
        let trees = self.grow(x.rows(), streams, callback, Tree::bytes, |weights, drawn, rng| {
            Tree::grow(&config, &coded, labels, n_classes, weights, drawn, rng)
        })?;
        Ok(Forest { trees, n_classes, width: x.width() })
    }
}

impl RegressionConfig for Config {
    type RegressionModel = RegressionForest;

    fn fit_targets(
        &self,
        x: &Samples,
        y: &Samples,
        streams: Streams,
        callback: &mut FitCallback<'_>,
    ) -> Result<RegressionForest> {
        let (coded, config) = (Coded::new(x)?, self.tree_config(0));
        let trees =
            self.grow(x.rows(), streams, callback, RegressionTree::bytes, |weights, drawn, rng| {
                RegressionTree::grow(&config, &coded, y, weights, drawn, rng)
            })?;
        Ok(RegressionForest { trees, n_outputs: y.width(), width: x.width() })
    }
}

impl Forest {
    /// The trees of the forest, in the order of their random streams.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }
}

impl RegressionForest {
    /// The trees of the forest, in the order of their random streams.
    pub fn trees(&self) -> &[RegressionTree] {
        &self.trees
    }
}

impl Model for Forest {
    fn n_features_in(&self) -> usize {
        self.width
    }

    fn n_parameters(&self) -> usize {
        self.trees.iter().map(Model::n_parameters).sum()
    }

    fn check(&self) -> Result<()> {
        ensure(!self.trees.is_empty(), "a forest needs trees")?;
        let shape = (self.width, self.n_classes);
        ensure(
            self.trees.iter().all(|tree| (tree.n_features_in(), tree.n_classes()) == shape),
            "a tree has other features or classes than the forest",
        )?;
        self.trees.iter().try_for_each(Model::check)
    }
}

impl Model for RegressionForest {
    fn n_features_in(&self) -> usize {
        self.width
    }

    fn n_parameters(&self) -> usize {
        self.trees.iter().map(Model::n_parameters).sum()
    }

    fn check(&self) -> Result<()> {
        ensure(!self.trees.is_empty(), "a forest needs trees")?;
        let shape = (self.width, self.n_outputs);
        ensure(
            self.trees.iter().all(|tree| (tree.n_features_in(), tree.n_outputs()) == shape),
            "a tree has other features or targets than the forest",
        )?;
        self.trees.iter().try_for_each(Model::check)
    }
}

impl ClassifierModel for Forest {
    fn n_classes(&self) -> u32 {
        self.n_classes
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        let c = self.n_classes as usize;
        rows::map_rows(x, c, |x, out| {
            // One tree at a time, so that the tree stays in the cache.
            for tree in &self.trees {
                for (x, out) in x.chunks_exact(self.width).zip(out.chunks_exact_mut(c)) {
                    out.iter_mut()
                        .zip(tree.probabilities(x))
                        .for_each(|(sum, &probability)| *sum += f64::from(probability));
                }
            }
            out.iter_mut().for_each(|sum| *sum /= self.trees.len() as f64);
        })
    }
}

impl RegressorModel for RegressionForest {
    fn predict(&self, x: &Samples) -> Result<Samples> {
        rows::map_rows(x, self.n_outputs, |x, out| {
            for tree in &self.trees {
                for (x, out) in x.chunks_exact(self.width).zip(out.chunks_exact_mut(self.n_outputs)) {
                    out.iter_mut().zip(tree.values(x)).for_each(|(sum, value)| *sum += value);
                }
            }
            out.iter_mut().for_each(|sum| *sum /= self.trees.len() as f64);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::argmax;
    use crate::estimator::no_callback;

    /// Two classes, a disc and its surroundings: a forest is more accurate than a single tree.
    #[test]
    fn a_forest_is_better_than_a_tree() {
        let mut rng = Streams::new(5).stream(Purpose::Agent, 0, 7);
        let mut bootstrap_weights = |n: usize| {
            let x: Vec<f64> = (0..2 * n).map(|_| rng.normal()).collect();
            let far = |x: &[f64]| x[0] * x[0] + x[1] * x[1] > 1.4;
            // 10 % of the labels are wrong.
            let labels: Vec<u32> = x.chunks_exact(2).map(|x| u32::from(far(x) != rng.chance(0.1))).collect();
            (Samples::new(x, 2).unwrap(), labels)
        };
        let ((x, labels), (test, answers)) = (bootstrap_weights(600), bootstrap_weights(2000));
        let right = |p: Samples| {
            let met = p.iter().zip(&answers).filter(|(p, l)| argmax(p) == **l).count();
            met as f64 / answers.len() as f64
        };
        let config = Config { min_samples_leaf: 5, ..Config::default() };
        let forest = config.fit(&x, &labels, 2, Streams::new(0), &mut no_callback).unwrap();
        let whole = tree::Config::default().fit(&x, &labels, 2, Streams::new(0), &mut no_callback).unwrap();
        let (of_forest, of_tree) =
            (right(forest.predict_proba(&test).unwrap()), right(whole.predict_proba(&test).unwrap()));
        assert!(of_forest > of_tree + 0.02 && of_forest > 0.84, "{of_forest} {of_tree}");
        assert!(forest.trees()[0] != forest.trees()[1]);
        let p = forest.predict_proba(&test).unwrap();
        assert!(p.iter().all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-5));
    }

    #[test]
    fn draws_count_every_sample_once_on_average() {
        let mut rng = Streams::new(0).stream(Purpose::Agent, 0, 0);
        let weights = Config::default().bootstrap_weights(1000, &mut rng);
        assert_eq!(weights.iter().sum::<u32>(), 1000);
        // A share of (1 - 1/n)^n of the samples, about 1/e, is not drawn.
        let out = weights.iter().filter(|&&w| w == 0).count();
        assert!((320..420).contains(&out), "{out}");
    }
}
