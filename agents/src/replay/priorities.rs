//! Priorities of stored steps in a sum tree (Schaul et al. 2016, arXiv 1511.05952, appendix B): sampling a step by its
//! priority and changing one priority both take log2 n additions.

use serde::{Deserialize, Serialize};

/// Sum tree of the priorities of n steps, one leaf for each step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Priorities {
    /// Sum of the priorities below each node. Node 1 is the root, node i has the children 2 i and 2 i + 1; the second
    /// half of the vector are the leaves.
    sums: Vec<f64>,
    /// Maximum priority so far. Every new step gets this priority, so that each new step is likely to be sampled once.
    max: f64,
}

impl Priorities {
    /// Sum tree of `n` priorities of 0.
    pub(crate) fn new(n: usize) -> Self {
        Priorities { sums: vec![0.0; 2 * n.next_power_of_two()], max: 1.0 }
    }

    /// Whether this tree, read from a checkpoint, can hold the priorities of `n` steps: sums of its leaves, none of
    /// them negative, and none beyond the steps.
    pub(crate) fn is_valid(&self, n: usize) -> bool {
        let is_priority = |x: f64| (0.0..=f64::MAX).contains(&x);
        self.sums.len() == 2 * n.next_power_of_two()
            && is_priority(self.max)
            && self.sums.iter().skip(1).all(|&sum| is_priority(sum))
            && (1..self.len()).all(|node| self.sums[node] == self.sums[2 * node] + self.sums[2 * node + 1])
            && self.sums[self.len() + n..].iter().all(|&leaf| leaf == 0.0)
    }

    /// Number of leaves, a power of two.
    pub(crate) fn len(&self) -> usize {
        self.sums.len() / 2
    }

    /// Priority of a new step: the maximum priority so far.
    pub(crate) fn max(&self) -> f64 {
        self.max
    }

    /// Sum of all priorities.
    pub(crate) fn total(&self) -> f64 {
        self.sums[1]
    }

    /// Priority of the leaf with the index `at`.
    pub(crate) fn get(&self, at: usize) -> f64 {
        self.sums[self.len() + at]
    }

    /// Sets the priority of the leaf with the index `at`.
    pub(crate) fn set(&mut self, at: usize, priority: f64) {
        self.max = self.max.max(priority);
        let mut node = self.len() + at;
        self.sums[node] = priority;
        // Sums are recomputed, not adjusted by differences, so that rounding errors do not accumulate.
        while node > 1 {
            node /= 2;
            self.sums[node] = self.sums[2 * node] + self.sums[2 * node + 1];
        }
    }

    /// Index of the leaf at which the cumulative sum of the priorities exceeds `mass`, a number from 0 to below the
    /// total.
    pub(crate) fn find(&self, mut mass: f64) -> usize {
        let mut node = 1;
        while node < self.len() {
            node *= 2;
            if mass >= self.sums[node] && self.sums[node + 1] > 0.0 {
                mass -= self.sums[node];
                node += 1;
            }
        }
        node - self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freewheel_core::{Purpose, Streams};
    use proptest::prelude::*;

    #[test]
    fn finds_by_running_sum() {
        let mut tree = Priorities::new(5);
        for (at, p) in [(0, 1.0), (1, 2.0), (3, 4.0), (4, 0.5)] {
            tree.set(at, p);
        }
        assert_eq!(tree.total(), 7.5);
        let found = [0.0, 0.99, 1.0, 2.99, 3.0, 6.99, 7.0, 7.49].map(|mass| tree.find(mass));
        assert_eq!(found, [0, 0, 1, 1, 3, 3, 4, 4]);
        tree.set(3, 0.0);
        assert_eq!((tree.find(3.0), tree.total(), tree.max()), (4, 3.5, 4.0));
    }

    proptest! {
        #[test]
        fn is_the_plain_sum(changes in proptest::collection::vec((0..37usize, 0..100u32), 1..200), seed: u64) {
            let (mut tree, mut plain) = (Priorities::new(37), vec![0.0; 37]);
            for (at, p) in changes {
                tree.set(at, f64::from(p));
                plain[at] = f64::from(p);
            }
            // Sums of integers are exact in any order.
            prop_assert_eq!(tree.total(), plain.iter().sum::<f64>());
            let mut rng = Streams::new(seed).stream(Purpose::Agent, 0, 0);
            for _ in 0..20 {
                let mass = rng.uniform() * tree.total();
                if tree.total() > 0.0 {
                    let mut sum = 0.0;
                    let expected = plain.iter().position(|p| { sum += p; mass < sum }).unwrap();
                    prop_assert_eq!(tree.find(mass), expected);
                }
            }
        }
    }
}
