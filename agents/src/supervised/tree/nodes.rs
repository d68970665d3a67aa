//! Nodes of a fitted tree: splits, and leaves with the row of their numbers.

use freewheel_core::Result;
use serde::{Deserialize, Serialize};

use crate::estimator::ensure;

/// Value of [`Node::feature`] that marks a leaf.
const LEAF: u32 = u32::MAX;

/// Node of a decision tree: a split or a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Node {
    /// Feature of the split; [`LEAF`] for a leaf.
    feature: u32,
    /// Threshold of the split: samples with at most this value of the feature go to the left child.
    threshold: f64,
    /// Indices of the left and right child; for a leaf, its row in the numbers of the leaves.
    children: [u32; 2],
}

/// Nodes of a tree over samples of D numbers; the first is the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct Nodes {
    nodes: Vec<Node>,
    width: usize,
}

impl Nodes {
    /// One node, for samples of `width` numbers.
    pub(super) fn root(width: usize) -> Self {
        let leaf = Node { feature: LEAF, threshold: 0.0, children: [0; 2] };
        Nodes { nodes: vec![leaf], width }
    }

    /// Makes the node `at` the leaf with the row `row`.
    pub(super) fn set_leaf(&mut self, at: usize, row: usize) {
        self.nodes[at].children = [row as u32; 2];
    }

    /// Splits the node `at`; returns the index of its left child, which the right one follows.
    pub(super) fn split(&mut self, at: usize, feature: usize, threshold: f64) -> usize {
        let left = self.nodes.len();
        let leaf = Node { feature: LEAF, threshold: 0.0, children: [0; 2] };
        self.nodes.extend([leaf; 2]);
        let children = [left as u32, left as u32 + 1];
        self.nodes[at] = Node { feature: feature as u32, threshold, children };
        left
    }

    /// D, the numbers of a sample.
    pub(in super::super) fn width(&self) -> usize {
        self.width
    }

    /// Number of leaves.
    pub(in super::super) fn leaves(&self) -> usize {
        // Every split has two children.
        self.nodes.len().div_ceil(2)
    }

    /// Number of splits.
    pub(in super::super) fn splits(&self) -> usize {
        self.nodes.len() / 2
    }

    /// Number of splits on the path to the deepest leaf.
    pub(super) fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut open = vec![(0, 0)];
        while let Some((at, depth)) = open.pop() {
            let node = self.nodes[at];
            deepest = deepest.max(depth);
            if node.feature != LEAF {
                open.extend(node.children.map(|child| (child as usize, depth + 1)));
            }
        }
        deepest
    }

    /// Bytes of the nodes.
    pub(super) fn bytes(&self) -> u128 {
        size_of_val(&self.nodes[..]) as u128
    }

    /// Row of the leaf that contains the sample `x [D]`.
    #[inline]
    pub(super) fn leaf(&self, x: &[f64]) -> usize {
        let mut node = &self.nodes[0];
        while node.feature != LEAF {
            let right = x[node.feature as usize] > node.threshold;
            node = &self.nodes[node.children[usize::from(right)] as usize];
        }
        node.children[0] as usize
    }

    /// Checks nodes that were read from a file, for `leaves` rows of numbers (else
    /// [`Error::Config`](freewheel_core::Error::Config)).
    pub(super) fn check(&self, leaves: usize) -> Result<()> {
        ensure(self.width > 0 && !self.nodes.is_empty(), "a tree needs nodes and features")?;
        let found = self.nodes.iter().filter(|node| node.feature == LEAF).count();
        ensure(found == leaves && self.leaves() == leaves, "its leaves have no numbers")?;
        // Every node has one parent before it: no path is a cycle, and no two paths meet.
        let mut has_parent = vec![false; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            let children = node.children.map(|child| child as usize);
            if node.feature == LEAF {
                ensure(children[0] < leaves, "a leaf has no numbers")?;
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

    /// Feature and threshold of the node `at`.
    #[cfg(test)]
    pub(super) fn split_of(&self, at: usize) -> (usize, f64) {
        (self.nodes[at].feature as usize, self.nodes[at].threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tree of three levels with the splits 0, 1 and 2, and the leaves 3 to 6.
    fn three_levels() -> Nodes {
        let mut nodes = Nodes::root(1);
        nodes.split(0, 0, 0.5);
        nodes.split(1, 0, 0.2);
        nodes.split(2, 0, 0.8);
        (3..7).zip(0..).for_each(|(leaf, row)| nodes.set_leaf(leaf, row));
        nodes
    }

    /// Nodes that a forged file may have: a path that never ends, or two paths that meet.
    #[test]
    fn cycles_are_refused() {
        assert!(three_levels().check(4).is_ok());
        let forged = |at: usize, children: [u32; 2], message: &str| {
            let mut nodes = three_levels();
            nodes.nodes[at].children = children;
            let error = nodes.check(4).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        };
        forged(0, [0, 2], "a child is not behind its parent");
        forged(1, [3, 1], "a child is not behind its parent");
        forged(2, [0, 6], "a child is not behind its parent");
        forged(2, [3, 6], "a node has two parents");
        forged(0, [1, 1], "a node has two parents");
        forged(1, [3, 7], "a child is not behind its parent");
        forged(4, [4, 4], "a leaf has no numbers");
    }

    /// Two splits that lead to each other only, with the right number of leaves.
    #[test]
    fn splits_apart_from_the_root_are_refused() {
        let mut nodes = three_levels();
        nodes.nodes[0].children = [3, 4];
        nodes.nodes[1].children = [2, 5];
        nodes.nodes[2].children = [1, 6];
        assert!(nodes.check(4).is_err());
    }
}
