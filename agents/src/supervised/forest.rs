//! A random forest: the mean of many trees, each grown on samples drawn with replacement, each question chosen from a few columns that are
//! drawn anew.
//!
//! Breiman 2001. Each tree has a stream of its own and trees grow side by side: the number of threads changes no bit.

use freewheel_core::{Purpose, Result, Samples, Stream, Streams};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tree::bins::Bins;
use super::tree::{self, Tree, grow};
use super::{Classes, Classify};
use crate::fit::{Model, Progress, Settings, Watch, rows};
use crate::settings::within;

/// Trees that grow between two looks at the watch.
const GROUP: u32 = 8;

/// Settings of a random forest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Trees, 1 to 100000.
    pub n_estimators: u32,
    /// Most questions of a tree one after another, 0 for any number, to 10000.
    pub max_depth: u32,
    /// Fewest samples on either side of a question, at least 1.
    pub min_samples_leaf: u32,
    /// Columns drawn at each node to choose from, 0 for the root of their number.
    pub max_features: u32,
    /// Whether each tree sees as many samples as there are, drawn with replacement; else it sees all.
    pub bootstrap: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_estimators: 100, max_depth: 0, min_samples_leaf: 1, max_features: 0, bootstrap: true }
    }
}

/// Trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forest {
    trees: Vec<Tree>,
    classes: u32,
    width: usize,
}

impl Settings for Config {
    const ID: &'static str = "forest";
    const ABOUT: &'static str =
        "random forest: the mean of many trees, each grown on draws of its own (Breiman 2001)";
    type Model = Forest;

    fn validate(&self) -> Result<()> {
        within("n_estimators", f64::from(self.n_estimators), 1.0, 100_000.0)?;
        self.of_trees(1).validate()
    }
}

impl Config {
    /// The settings of each tree, over samples of `width` numbers.
    fn of_trees(&self, width: usize) -> tree::Config {
        let columns = if self.max_features == 0 { width.isqrt().max(1) as u32 } else { self.max_features };
        tree::Config {
            max_depth: self.max_depth,
            min_samples_leaf: self.min_samples_leaf,
            max_features: columns,
        }
    }

    /// How often each sample counts for a tree.
    fn draw(&self, rows: usize, rng: &mut Stream) -> Vec<u32> {
        if !self.bootstrap {
            return vec![1; rows];
        }
        let mut weights = vec![0; rows];
        (0..rows).for_each(|_| weights[rng.below(rows as u32) as usize] += 1);
        weights
    }
}

impl Classify for Config {
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        classes: u32,
        streams: Streams,
        watch: &mut Watch<'_>,
    ) -> Result<Forest> {
        let bins = Bins::new(x)?;
        let config = self.of_trees(x.width());
        let mut trees = Vec::new();
        for first in (0..self.n_estimators).step_by(GROUP as usize) {
            let group = first..self.n_estimators.min(first + GROUP);
            let grown: Vec<Tree> = (group.into_par_iter())
                .map(|tree| {
                    let mut rng = streams.stream(Purpose::Agent, u64::from(tree), 0);
                    let weights = self.draw(x.rows(), &mut rng);
                    grow::grow(&config, &bins, labels, classes, &weights, &mut rng)
                })
                .collect();
            trees.extend(grown);
            let (done, of) = (trees.len() as u64, u64::from(self.n_estimators));
            if watch(Progress { done, of, loss: f64::NAN }).is_break() {
                break;
            }
        }
        Ok(Forest { trees, classes, width: x.width() })
    }
}

impl Forest {
    /// The trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }
}

impl Model for Forest {
    fn width(&self) -> usize {
        self.width
    }

    fn parameters(&self) -> usize {
        self.trees.iter().map(Model::parameters).sum()
    }
}

impl Classes for Forest {
    fn classes(&self) -> u32 {
        self.classes
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        let c = self.classes as usize;
        rows::fill(x, c, |x, out| {
            // A tree at a time, which then stays in the cache.
            for tree in &self.trees {
                for (x, out) in x.chunks_exact(self.width).zip(out.chunks_exact_mut(c)) {
                    out.iter_mut().zip(tree.shares(x)).for_each(|(sum, share)| *sum += share);
                }
            }
            out.iter_mut().for_each(|sum| *sum /= self.trees.len() as f32);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::unwatched;
    use crate::supervised::most_probable;

    /// Two rings, one inside the other: a forest draws the circle better than one of its trees.
    #[test]
    fn a_forest_is_better_than_a_tree() {
        let mut rng = Streams::new(5).stream(Purpose::Agent, 0, 7);
        let mut draw = |n: usize| {
            let x: Vec<f32> = (0..2 * n).map(|_| rng.normal() as f32).collect();
            let far = |x: &[f32]| x[0] * x[0] + x[1] * x[1] > 1.4;
            // One label in ten is wrong.
            let labels: Vec<u32> = x.chunks_exact(2).map(|x| u32::from(far(x) != rng.chance(0.1))).collect();
            (Samples::new(x, 2).unwrap(), labels)
        };
        let ((x, labels), (test, answers)) = (draw(600), draw(2000));
        let right = |p: Samples| {
            let met = p.iter().zip(&answers).filter(|(p, l)| most_probable(p) == **l).count();
            met as f64 / answers.len() as f64
        };
        let config = Config { min_samples_leaf: 5, ..Config::default() };
        let forest = config.fit(&x, &labels, 2, Streams::new(0), &mut unwatched).unwrap();
        let whole = tree::Config::default().fit(&x, &labels, 2, Streams::new(0), &mut unwatched).unwrap();
        let (of_forest, of_tree) =
            (right(forest.predict_proba(&test).unwrap()), right(whole.predict_proba(&test).unwrap()));
        assert!(of_forest > of_tree + 0.02 && of_forest > 0.84, "{of_forest} {of_tree}");
        assert!(forest.trees()[0] != forest.trees()[1]);
        let p = forest.predict_proba(&test).unwrap();
        assert!(p.iter().all(|p| (p.iter().sum::<f32>() - 1.0).abs() < 1e-5));
    }

    #[test]
    fn draws_count_every_sample_once_on_average() {
        let mut rng = Streams::new(0).stream(Purpose::Agent, 0, 0);
        let weights = Config::default().draw(1000, &mut rng);
        assert_eq!(weights.iter().sum::<u32>(), 1000);
        // (1 - 1/n)^n of them are left out, 1/e.
        let out = weights.iter().filter(|&&w| w == 0).count();
        assert!((320..420).contains(&out), "{out}");
    }
}
