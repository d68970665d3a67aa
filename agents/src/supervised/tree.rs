//! Decision tree, CART (scikit-learn's `DecisionTreeClassifier` with Gini impurity; Breiman, Friedman, Olshen & Stone
//! 1984).
//!
//! A node splits its samples at the threshold of one feature that minimizes `n_left gini_left + n_right gini_right`,
//! with `gini = 1 - sum_c p_c^2` for the shares p_c of the classes c. Thresholds lie midway between neighboring values;
//! features with more than 256 values are binned.
//!
//! ```
//! use freewheel_agents::estimator::{Classifier, Estimator};
//! use freewheel_agents::supervised::tree::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let (x, labels) = (Samples::new(vec![0.0, 1.0, 8.0, 9.0], 1)?, [0, 0, 1, 1]);
//! let mut tree = Estimator::new(Config::default(), Streams::new(0))?;
//! tree.fit(&x, &labels)?;
//! assert_eq!(tree.predict(&Samples::new(vec![4.0, 5.0], 1)?)?, [0, 1]);
//! assert_eq!((tree.score(&x, &labels)?, tree.model()?.depth()), (1.0, 1));
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use crate::Samples;
use freewheel_core::{Error, Purpose, Result, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::bins::Bins;
use crate::estimator::{
    ClassifierConfig, ClassifierModel, EstimatorConfig, FitCallback, Model, ensure, rows,
};
use crate::settings::within;

pub(super) mod bins;
pub(super) mod grow;

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

/// Node of a decision tree: a split or a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    /// Feature of the split; [`LEAF`] for a leaf.
    pub(super) feature: u32,
    /// Threshold of the split: samples with at most this value of the feature go to the left child.
    pub(super) threshold: f64,
    /// Indices of the left and right child; for a leaf, its row in [`Tree::probabilities`].
    pub(super) children: [u32; 2],
}

/// Value of [`Node::feature`] that marks a leaf.
pub(super) const LEAF: u32 = u32::MAX;

/// A fitted decision tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Share of each of C classes in each of L leaves, `[L, C]`.
    pub(super) probabilities: Vec<f32>,
    pub(super) n_classes: u32,
    pub(super) width: usize,
}

impl EstimatorConfig for Config {
    const ID: &'static str = "tree";
    const ABOUT: &'static str = "decision tree: CART with Gini impurity (Breiman et al. 1984)";
    const LARGEST: f64 = f64::MAX;
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
        let bins = Bins::new(x)?;
        let mut rng = streams.stream(Purpose::Agent, 0, 0);
        Ok(grow::grow(self, &bins, labels, n_classes, &vec![1; x.rows()], &mut rng))
    }
}

impl Config {
    /// Number of candidate features per split for samples of `width` features.
    pub(super) fn n_candidates(&self, width: usize) -> usize {
        if self.max_features == 0 { width } else { (self.max_features as usize).min(width) }
    }
}

impl Tree {
    /// Number of splits on the path to the deepest leaf.
    pub fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut open = vec![(0, 0)];
        while let Some((at, depth)) = open.pop() {
            let node = self.nodes[at];
            deepest = deepest.max(depth);
            if node.feature != LEAF {
                open.extend(node.children.map(|children| (children as usize, depth + 1)));
            }
        }
        deepest
    }

    /// Bytes of the tree.
    pub(super) fn bytes(&self) -> u128 {
        (size_of_val(&self.nodes[..]) + size_of_val(&self.probabilities[..])) as u128
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.probabilities.len() / self.n_classes as usize
    }

    /// Class probabilities `[C]` for a sample `x [D]`: those of the leaf that contains the sample.
    #[inline]
    pub(super) fn probabilities(&self, x: &[f64]) -> &[f32] {
        let c = self.n_classes as usize;
        let mut node = &self.nodes[0];
        while node.feature != LEAF {
            let right = x[node.feature as usize] > node.threshold;
            node = &self.nodes[node.children[usize::from(right)] as usize];
        }
        &self.probabilities[node.children[0] as usize * c..][..c]
    }
}

/// Checks that the indices of `rows` samples fit into u32 (else [`Error::Config`]).
pub(super) fn check_count(rows: usize) -> Result<()> {
    match u32::try_from(rows) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Config(format!("{rows} samples are too many for a tree: at most 4294967295"))),
    }
}

impl Model for Tree {
    fn n_features_in(&self) -> usize {
        self.width
    }

    fn n_parameters(&self) -> usize {
        // One threshold per split, and all but one of the class shares of each leaf.
        self.nodes.len() - self.leaves() + self.leaves() * (self.n_classes as usize - 1)
    }

    fn check(&self) -> Result<()> {
        let c = self.n_classes as usize;
        ensure(
            self.width > 0 && c > 0 && !self.nodes.is_empty(),
            "a tree needs nodes, features and classes",
        )?;
        let leaves = self.nodes.iter().filter(|node| node.feature == LEAF).count();
        ensure(Some(self.probabilities.len()) == leaves.checked_mul(c), "its leaves have no class shares")?;
        let is_share = |p: &f32| (0.0..=1.0).contains(p);
        ensure(self.probabilities.iter().all(is_share), "a class share is not from 0 to 1")?;
        // Every node has one parent before it: no path is a cycle, and no two paths meet.
        let mut has_parent = vec![false; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            let children = node.children.map(|child| child as usize);
            if node.feature == LEAF {
                ensure(children[0] < leaves, "a leaf has no class shares")?;
                continue;
            }
            ensure((node.feature as usize) < self.width, "a node splits a feature that does not exist")?;
            ensure(node.threshold.is_finite(), "a threshold is not finite")?;
            for child in children {
                ensure(child > at && child < self.nodes.len(), "a child is not behind its parent")?;
                ensure(!std::mem::replace(&mut has_parent[child], true), "a node has two parents")?;
            }
        }
        Ok(())
    }
}

impl ClassifierModel for Tree {
    fn n_classes(&self) -> u32 {
        self.n_classes
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        rows::map_rows(x, self.n_classes as usize, |x, out| {
            let rows = x.chunks_exact(self.width).zip(out.chunks_exact_mut(self.n_classes as usize));
            rows.for_each(|(x, out)| {
                out.iter_mut().zip(self.probabilities(x)).for_each(|(out, &p)| *out = p.into());
            });
        })
    }
}

#[cfg(test)]
mod tests;
