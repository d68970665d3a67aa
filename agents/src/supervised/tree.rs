//! Decision tree, CART (scikit-learn's `DecisionTreeClassifier` with Gini impurity and `DecisionTreeRegressor` with
//! squared error; Breiman, Friedman, Olshen & Stone 1984).
//!
//! A node splits its samples at the threshold of one feature that minimizes
//!
//! ```text
//! classes    n_left gini_left + n_right gini_right      gini = 1 - sum_c p_c^2, with the shares p_c of the classes c
//! numbers    sum |y - mean y_left|^2 over the left side + sum |y - mean y_right|^2 over the right side
//! ```
//!
//! Thresholds lie midway between neighboring values. A leaf predicts the shares of the classes, or the mean of each of
//! the T targets.
//!
//! ```
//! use freewheel_agents::estimator::{Classifier, Estimator, Regression, Regressor};
//! use freewheel_agents::supervised::tree::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let x = Samples::new(vec![0.0, 1.0, 8.0, 9.0], 1)?;
//! let mut tree = Estimator::new(Config::default(), Streams::new(0))?;
//! tree.fit(&x, &[0, 0, 1, 1])?;
//! assert_eq!(tree.predict(&Samples::new(vec![4.0, 5.0], 1)?)?, [0, 1]);
//! assert_eq!(tree.model()?.depth(), 1);
//!
//! let y = Samples::new(vec![1.5, 1.5, 3.0, 4.0], 1)?;
//! let mut tree = Estimator::new(Regression(Config { max_depth: 1, ..Config::default() }), Streams::new(0))?;
//! tree.fit(&x, &y)?;
//! assert_eq!(tree.predict(&x)?.values(), [1.5, 1.5, 3.5, 3.5]);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use crate::Samples;
use freewheel_core::{Error, Purpose, Result, Stream, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::codes::Coded;
use self::criterion::{Gini, SquaredError};
use self::nodes::Nodes;
use crate::estimator::{
    ClassifierConfig, ClassifierModel, EstimatorConfig, FitCallback, Model, RegressionConfig, RegressorModel,
    Task, ensure, is_finite, rows,
};
use crate::settings::within;

pub(super) mod codes;
pub(super) mod criterion;
pub(super) mod grow;
pub(super) mod nodes;

/// Settings of a decision tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Maximum depth, 0 to 10000; 0 for no limit (scikit-learn's None).
    pub max_depth: u32,
    /// Minimum number of samples in a leaf, at least 1.
    pub min_samples_leaf: u32,
    /// Candidate features per split, drawn at random, at least 0; 0 for all.
    pub max_features: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config { max_depth: 0, min_samples_leaf: 1, max_features: 0 }
    }
}

/// A fitted classification tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    nodes: Nodes,
    /// Share of each of C classes in each of L leaves, `[L, C]`.
    probabilities: Vec<f32>,
    n_classes: u32,
}

/// A fitted regression tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionTree {
    nodes: Nodes,
    /// Mean of each of T targets in each of L leaves, `[L, T]`.
    values: Vec<f64>,
    n_outputs: usize,
}

impl EstimatorConfig for Config {
    const ID: &'static str = "tree";
    const ABOUT: &'static str =
        "decision tree: CART with Gini impurity or squared error (Breiman et al. 1984)";
    const LARGEST: f64 = f64::MAX;
    const TASK: Task = Task::Classification;
    type Model = Tree;

    fn validate(&self) -> Result<()> {
        within("max_depth", f64::from(self.max_depth), 0.0, 10_000.0)?;
        within("min_samples_leaf", f64::from(self.min_samples_leaf), 1.0, f64::from(u32::MAX))
    }
}

impl ClassifierConfig for Config {
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        n_classes: u32,
        streams: Streams,
        _: &mut FitCallback<'_>,
    ) -> Result<Tree> {
        let mut rng = streams.stream(Purpose::Agent, 0, 0);
        let all = (0..x.rows() as u32).collect();
        Ok(Tree::grow(self, &Coded::new(x)?, labels, n_classes, &vec![1; x.rows()], all, &mut rng))
    }
}

impl RegressionConfig for Config {
    type RegressionModel = RegressionTree;

    fn fit_targets(
        &self,
        x: &Samples,
        y: &Samples,
        streams: Streams,
        _: &mut FitCallback<'_>,
    ) -> Result<RegressionTree> {
        let mut rng = streams.stream(Purpose::Agent, 0, 0);
        let all = (0..x.rows() as u32).collect();
        Ok(RegressionTree::grow(self, &Coded::new(x)?, y, &vec![1; x.rows()], all, &mut rng))
    }
}

impl Config {
    /// Number of candidate features per split for samples of `width` features.
    pub(super) fn n_candidates(&self, width: usize) -> usize {
        if self.max_features == 0 { width } else { (self.max_features as usize).min(width) }
    }
}

impl Tree {
    /// Tree on the `samples`, in ascending order, with the `weights [N]`.
    pub(super) fn grow(
        config: &Config,
        coded: &Coded,
        labels: &[u32],
        n_classes: u32,
        weights: &[u32],
        samples: Vec<u32>,
        rng: &mut Stream,
    ) -> Self {
        let criterion = Gini::new(labels, weights, n_classes);
        let (nodes, probabilities) = grow::grow(config, coded, criterion, samples, rng);
        Tree { nodes, probabilities, n_classes }
    }

    /// Number of splits on the path to the deepest leaf.
    pub fn depth(&self) -> usize {
        self.nodes.depth()
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.nodes.leaves()
    }

    /// Bytes of the tree.
    pub(super) fn bytes(&self) -> u128 {
        self.nodes.bytes() + size_of_val(&self.probabilities[..]) as u128
    }

    /// Class probabilities `[C]` for a sample `x [D]`: those of the leaf that contains the sample.
    #[inline]
    pub(super) fn probabilities(&self, x: &[f64]) -> &[f32] {
        let c = self.n_classes as usize;
        &self.probabilities[self.nodes.leaf(x) * c..][..c]
    }
}

impl RegressionTree {
    /// Tree on the `samples`, in ascending order, with targets `y [N, T]` and `weights [N]`.
    pub(super) fn grow(
        config: &Config,
        coded: &Coded,
        y: &Samples,
        weights: &[u32],
        samples: Vec<u32>,
        rng: &mut Stream,
    ) -> Self {
        let criterion = SquaredError::new(y.values(), weights, y.width());
        let (nodes, values) = grow::grow(config, coded, criterion, samples, rng);
        RegressionTree { nodes, values, n_outputs: y.width() }
    }

    /// Number of splits on the path to the deepest leaf.
    pub fn depth(&self) -> usize {
        self.nodes.depth()
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.nodes.leaves()
    }

    /// Number of targets, T.
    pub fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    /// Bytes of the tree.
    pub(super) fn bytes(&self) -> u128 {
        self.nodes.bytes() + size_of_val(&self.values[..]) as u128
    }

    /// Predicted targets `[T]` for a sample `x [D]`: those of the leaf that contains the sample.
    #[inline]
    pub(super) fn values(&self, x: &[f64]) -> &[f64] {
        &self.values[self.nodes.leaf(x) * self.n_outputs..][..self.n_outputs]
    }
}

/// Checks that the indices of `rows` samples fit into u32 (else [`Error::Config`]).
fn check_count(rows: usize) -> Result<()> {
    match u32::try_from(rows) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Config(format!("{rows} samples are too many for a tree: at most 4294967295"))),
    }
}

impl Model for Tree {
    fn n_features_in(&self) -> usize {
        self.nodes.width()
    }

    fn n_parameters(&self) -> usize {
        // One threshold per split, and all but one of the class shares of each leaf.
        self.nodes.splits() + self.leaves() * (self.n_classes as usize - 1)
    }

    fn check(&self) -> Result<()> {
        let c = self.n_classes as usize;
        ensure(c > 0 && self.probabilities.len().is_multiple_of(c), "its leaves have no class shares")?;
        self.nodes.check(self.probabilities.len() / c)?;
        let is_share = |p: &f32| (0.0..=1.0).contains(p);
        ensure(self.probabilities.iter().all(is_share), "a class share is not from 0 to 1")
    }
}

impl Model for RegressionTree {
    fn n_features_in(&self) -> usize {
        self.nodes.width()
    }

    fn n_parameters(&self) -> usize {
        self.nodes.splits() + self.values.len()
    }

    fn check(&self) -> Result<()> {
        let t = self.n_outputs;
        ensure(t > 0 && self.values.len().is_multiple_of(t), "its leaves have no targets")?;
        self.nodes.check(self.values.len() / t)?;
        ensure(is_finite(&[&self.values]), "a target is not finite")
    }
}

impl ClassifierModel for Tree {
    fn n_classes(&self) -> u32 {
        self.n_classes
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        rows::map_rows(x, self.n_classes as usize, |x, out| {
            let rows = x.chunks_exact(self.nodes.width()).zip(out.chunks_exact_mut(self.n_classes as usize));
            rows.for_each(|(x, out)| {
                out.iter_mut().zip(self.probabilities(x)).for_each(|(out, &p)| *out = p.into());
            });
        })
    }
}

impl RegressorModel for RegressionTree {
    fn predict(&self, x: &Samples) -> Result<Samples> {
        rows::map_rows(x, self.n_outputs, |x, out| {
            let rows = x.chunks_exact(self.nodes.width()).zip(out.chunks_exact_mut(self.n_outputs));
            rows.for_each(|(x, out)| out.copy_from_slice(self.values(x)));
        })
    }
}

#[cfg(test)]
mod tests;
