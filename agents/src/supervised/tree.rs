//! A decision tree: one question after another, each whether one number of the sample is above a threshold.
//!
//! Breiman, Friedman, Olshen & Stone 1984. Of all questions at a node that is asked which leaves the least Gini impurity,
//! `n_left gini_left + n_right gini_right`, `gini = 1 - sum_c p_c^2`; thresholds lie midway between neighboring values.

use freewheel_core::{Error, Purpose, Result, Samples, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::bins::Bins;
use super::{Classes, Classify};
use crate::fit::{Model, Settings, Watch, rows};
use crate::settings::within;

pub(super) mod bins;
pub(super) mod grow;

/// Settings of a decision tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Most questions one after another, 0 for any number, to 10000.
    pub max_depth: u32,
    /// Fewest samples on either side of a question, at least 1.
    pub min_samples_leaf: u32,
    /// Columns drawn at each node to choose from, 0 for all.
    pub max_features: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config { max_depth: 0, min_samples_leaf: 1, max_features: 0 }
    }
}

/// A question, or a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Node {
    /// Which number is asked for; [`LEAF`] where none is.
    pub(super) column: u32,
    /// Up to here it goes left.
    pub(super) threshold: f32,
    /// The next nodes, left and right; of a leaf, the row of its shares.
    pub(super) next: [u32; 2],
}

/// The column of a leaf.
pub(super) const LEAF: u32 = u32::MAX;

/// A tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
    /// The share of each class at each leaf, `[L, C]`.
    pub(super) shares: Vec<f32>,
    pub(super) classes: u32,
    pub(super) width: usize,
}

impl Settings for Config {
    const ID: &'static str = "tree";
    const ABOUT: &'static str = "decision tree: one question after another (CART; Breiman et al. 1984)";
    type Model = Tree;

    fn validate(&self) -> Result<()> {
        within("max_depth", f64::from(self.max_depth), 0.0, 10_000.0)?;
        within("min_samples_leaf", f64::from(self.min_samples_leaf), 1.0, f64::from(u32::MAX))
    }
}

impl Classify for Config {
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        classes: u32,
        streams: Streams,
        _: &mut Watch<'_>,
    ) -> Result<Tree> {
        let bins = Bins::new(x)?;
        let mut rng = streams.stream(Purpose::Agent, 0, 0);
        Ok(grow::grow(self, &bins, labels, classes, &vec![1; x.rows()], &mut rng))
    }
}

impl Config {
    /// Columns to choose from, of `width`.
    pub(super) fn tried(&self, width: usize) -> usize {
        if self.max_features == 0 { width } else { (self.max_features as usize).min(width) }
    }
}

impl Tree {
    /// Questions from the root to the deepest leaf.
    pub fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut open = vec![(0, 0)];
        while let Some((at, depth)) = open.pop() {
            let node = self.nodes[at];
            deepest = deepest.max(depth);
            if node.column != LEAF {
                open.extend(node.next.map(|next| (next as usize, depth + 1)));
            }
        }
        deepest
    }

    /// How many leaves there are.
    pub fn leaves(&self) -> usize {
        self.shares.len() / self.classes as usize
    }

    /// The shares of the leaf that `x [D]` comes to.
    #[inline]
    pub(super) fn shares(&self, x: &[f32]) -> &[f32] {
        let c = self.classes as usize;
        let mut node = &self.nodes[0];
        while node.column != LEAF {
            let right = x[node.column as usize] > node.threshold;
            node = &self.nodes[node.next[usize::from(right)] as usize];
        }
        &self.shares[node.next[0] as usize * c..][..c]
    }
}

/// Says that there are more samples than are counted here.
pub(super) fn too_many(rows: usize) -> Result<()> {
    match u32::try_from(rows) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::Config(format!("{rows} samples are more than a tree counts"))),
    }
}

impl Model for Tree {
    fn width(&self) -> usize {
        self.width
    }

    fn parameters(&self) -> usize {
        // A threshold for each question, and all but one of each leaf's shares.
        self.nodes.len() - self.leaves() + self.leaves() * (self.classes as usize - 1)
    }
}

impl Classes for Tree {
    fn classes(&self) -> u32 {
        self.classes
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        rows::fill(x, self.classes as usize, |x, out| {
            let rows = x.chunks_exact(self.width).zip(out.chunks_exact_mut(self.classes as usize));
            rows.for_each(|(x, out)| out.copy_from_slice(self.shares(x)));
        })
    }
}

#[cfg(test)]
mod tests;
