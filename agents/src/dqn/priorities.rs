//! Priorities of stored steps in a binary tree of sums: drawing by priority and changing one take log2 n additions (Schaul et al. 2016, arXiv 1511.05952,
//! appendix B).

use serde::{Deserialize, Serialize};

/// A tree of sums over `n` leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Priorities {
    /// Node 1 is the root, node i has 2 i and 2 i + 1 below it; leaves are the second half.
    sums: Vec<f64>,
    /// The greatest priority ever given; new steps get it, so that each is seen at least once.
    most: f64,
}

impl Priorities {
    /// All of priority 0.
    pub(super) fn new(n: usize) -> Self {
        Priorities { sums: vec![0.0; 2 * n.next_power_of_two()], most: 1.0 }
    }

    /// Leaves there is room for.
    pub(super) fn len(&self) -> usize {
        self.sums.len() / 2
    }

    /// What a new step gets.
    pub(super) fn most(&self) -> f64 {
        self.most
    }

    /// The sum of all.
    pub(super) fn total(&self) -> f64 {
        self.sums[1]
    }

    /// That of leaf `at`.
    pub(super) fn get(&self, at: usize) -> f64 {
        self.sums[self.len() + at]
    }

    /// Changes that of leaf `at`.
    pub(super) fn set(&mut self, at: usize, priority: f64) {
        self.most = self.most.max(priority);
        let mut node = self.len() + at;
        self.sums[node] = priority;
        // Sums are made anew, not moved by differences: rounding errors do not add up.
        while node > 1 {
            node /= 2;
            self.sums[node] = self.sums[2 * node] + self.sums[2 * node + 1];
        }
    }

    /// The leaf at which the running sum passes `mass`, 0 to below the total.
    pub(super) fn find(&self, mut mass: f64) -> usize {
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
        assert_eq!((tree.find(3.0), tree.total(), tree.most()), (4, 3.5, 4.0));
    }

    proptest! {
        #[test]
        fn is_the_plain_sum(changes in proptest::collection::vec((0..37usize, 0..100u32), 1..200), seed: u64) {
            let (mut tree, mut plain) = (Priorities::new(37), vec![0.0; 37]);
            for (at, p) in changes {
                tree.set(at, f64::from(p));
                plain[at] = f64::from(p);
            }
            // Whole numbers are exact in any order.
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
