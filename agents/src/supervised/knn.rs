//! k-nearest neighbors (scikit-learn's `KNeighborsClassifier` and `KNeighborsRegressor`; Fix & Hodges 1951).
//!
//! A class gets the sum of the weights of its neighbors, a number the weighted mean of those of the neighbors.
//!
//! Brute force: for centered queries q and samples t, the score `|t|^2 - 2 q.t` is the squared distance minus `|q|^2`,
//! computed for many queries by a matrix product. The candidates with the smallest scores are then sorted by exact
//! distance, ties by index.
//!
//! ```
//! use freewheel_agents::estimator::{Classifier, Estimator};
//! use freewheel_agents::supervised::knn::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let (x, labels) = (Samples::new(vec![0.0, 1.0, 8.0, 9.0], 1)?, [0, 0, 1, 1]);
//! let mut knn = Estimator::new(Config { n_neighbors: 1, ..Config::default() }, Streams::new(0))?;
//! knn.fit(&x, &labels)?;
//! assert_eq!(knn.predict(&Samples::new(vec![2.0, 7.0], 1)?)?, [0, 1]);
//! assert_eq!(knn.score(&x, &labels)?, 1.0);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use crate::Samples;
use freewheel_core::{Error, Result, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estimator::rows::{self, BLOCK, dot, exact_square, multiply_transposed};
use crate::estimator::{
    ClassifierConfig, ClassifierModel, EstimatorConfig, FitCallback, Model, RegressionConfig, RegressorModel,
    Task, ensure, is_finite,
};
use crate::settings::within;

/// Number of samples per matrix product.
const CHUNK: usize = 512;
/// Rounding error of a score, relative to the squared norms of the query and of the samples.
const ROUNDING: f32 = 1e-5;
/// Number of additional candidates, so that rounding errors of the scores lose no neighbor.
const EXTRA: usize = 8;

/// Maximum number of classes in a file with fewer samples than classes.
const MAX_UNSEEN_CLASSES: usize = 1 << 16;

/// Settings of k-nearest neighbors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Number of neighbors, 1 to 65536, at most the number of samples.
    pub n_neighbors: u32,
    /// Weights of the neighbors: uniform, or distance for 1 / distance.
    pub weights: Weights,
}

/// Weights of the neighbors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// All weights are equal.
    #[default]
    Uniform,
    /// 1 / distance; neighbors at the distance 0, if there are any, are the only ones (as in scikit-learn).
    Distance,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_neighbors: 5, weights: Weights::Uniform }
    }
}

/// A fitted k-nearest-neighbors classifier: all samples with their classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knn {
    neighbors: Neighbors,
    labels: Vec<u32>,
    n_classes: u32,
}

/// A fitted k-nearest-neighbors regressor: all samples with their targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionKnn {
    neighbors: Neighbors,
    targets: Samples,
}

/// Samples among which the nearest are searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Neighbors {
    samples: Samples,
    n_neighbors: usize,
    weights: Weights,
    mean: Vec<f64>,
    /// Squared distances of the samples from their mean, `[N]`.
    norms: Vec<f32>,
}

impl EstimatorConfig for Config {
    const ID: &'static str = "knn";
    const ABOUT: &'static str =
        "k-nearest neighbors: majority or mean of the k nearest samples (Fix & Hodges 1951)";
    const TASK: Task = Task::Classification;
    type Model = Knn;

    fn validate(&self) -> Result<()> {
        within("n_neighbors", f64::from(self.n_neighbors), 1.0, 65_536.0)
    }
}

impl ClassifierConfig for Config {
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        n_classes: u32,
        _: Streams,
        _: &mut FitCallback<'_>,
    ) -> Result<Knn> {
        Ok(Knn { neighbors: Neighbors::new(self, x)?, labels: labels.to_vec(), n_classes })
    }
}

impl RegressionConfig for Config {
    type RegressionModel = RegressionKnn;

    fn fit_targets(
        &self,
        x: &Samples,
        y: &Samples,
        _: Streams,
        _: &mut FitCallback<'_>,
    ) -> Result<RegressionKnn> {
        Ok(RegressionKnn { neighbors: Neighbors::new(self, x)?, targets: y.clone() })
    }
}

/// List of the samples with the smallest scores so far, in ascending order.
struct NearestList {
    /// Scores and sample indices.
    nearest: Vec<(f32, u32)>,
    capacity: usize,
}

impl NearestList {
    /// Score below which a sample is inserted into the list.
    fn bound(&self) -> f32 {
        if self.nearest.len() < self.capacity { f32::INFINITY } else { self.nearest[self.capacity - 1].0 }
    }

    fn insert(&mut self, score: f32, i: u32) {
        self.nearest.truncate(self.capacity - 1);
        let at = self.nearest.partition_point(|one| one.0 <= score);
        self.nearest.insert(at, (score, i));
    }

    /// Inserts the samples with scores below the bound; `first` is the sample index of the first of the `scores`.
    fn offer(&mut self, scores: &[f32], first: usize) {
        let mut bound = self.bound();
        for (at, sixteen) in scores.chunks(16).enumerate() {
            // Nearly always no sample of a chunk is near enough; comparing only the minimum with the bound saves time.
            if min_score(sixteen) >= bound {
                continue;
            }
            for (i, &score) in sixteen.iter().enumerate() {
                if score < bound {
                    self.insert(score, (first + at * 16 + i) as u32);
                    bound = self.bound();
                }
            }
        }
    }
}

#[inline(always)]
fn min_score(scores: &[f32]) -> f32 {
    let min = |a: f32, b: f32| if a < b { a } else { b };
    match scores.as_chunks::<16>() {
        ([sixteen], []) => {
            let mut lanes = [0f32; 4];
            for (i, lane) in lanes.iter_mut().enumerate() {
                *lane = min(min(sixteen[i], sixteen[i + 4]), min(sixteen[i + 8], sixteen[i + 12]));
            }
            min(min(lanes[0], lanes[1]), min(lanes[2], lanes[3]))
        }
        _ => scores.iter().copied().fold(f32::INFINITY, min),
    }
}

impl Knn {
    /// Indices and distances of the k nearest samples of each of the N rows of `x [N, D]`: `[N * k]`, nearest first.
    pub fn kneighbors(&self, x: &Samples) -> Vec<(u32, f64)> {
        self.neighbors.kneighbors(x)
    }
}

impl RegressionKnn {
    /// Indices and distances of the k nearest samples of each of the N rows of `x [N, D]`: `[N * k]`, nearest first.
    pub fn kneighbors(&self, x: &Samples) -> Vec<(u32, f64)> {
        self.neighbors.kneighbors(x)
    }
}

impl Neighbors {
    fn new(config: &Config, x: &Samples) -> Result<Self> {
        let n_neighbors = config.n_neighbors as usize;
        if n_neighbors > x.rows() {
            return Err(Error::Config(format!(
                "n_neighbors = {n_neighbors}: it must be at most the number of samples, {}",
                x.rows()
            )));
        }
        let mean = rows::means(x);
        let norms = rows::map_blocks(x, BLOCK, |_, x| {
            let mut centered = vec![0.0; x.len()];
            rows::center(x, &mean, &mut centered);
            centered.chunks_exact(mean.len()).map(|x| dot(x, x)).collect::<Vec<f32>>()
        })
        .concat();
        Ok(Neighbors { samples: x.clone(), n_neighbors, weights: config.weights, mean, norms })
    }

    fn kneighbors(&self, x: &Samples) -> Vec<(u32, f64)> {
        rows::map_blocks(x, BLOCK, |_, queries| self.neighbors_of(queries)).concat()
    }

    /// Weighted means `[N, width]` for the samples `x [N, D]`: `add(weight, neighbor, out [width])` adds the numbers of
    /// each of the k neighbors to a row.
    fn weighted(
        &self,
        x: &Samples,
        width: usize,
        add: impl Fn(f64, usize, &mut [f64]) + Sync,
    ) -> Result<Samples> {
        rows::map_rows(x, width, |x, out| {
            let nearest = self.neighbors_of(x);
            let mut weights = vec![0.0; self.n_neighbors];
            for (nearest, out) in nearest.chunks_exact(self.n_neighbors).zip(out.chunks_exact_mut(width)) {
                // The nearest neighbor comes first.
                let least = nearest[0].1;
                let weight = |distance: f64| match self.weights {
                    Weights::Uniform => 1.0,
                    Weights::Distance if least > 0.0 => least / distance,
                    Weights::Distance => f64::from(u8::from(distance == 0.0)),
                };
                weights.iter_mut().zip(nearest).for_each(|(to, &(_, distance))| *to = weight(distance));
                let sum: f64 = weights.iter().sum();
                for (weight, &(i, _)) in weights.iter().zip(nearest) {
                    add(*weight, i as usize, out);
                }
                out.iter_mut().for_each(|out| *out /= sum);
            }
        })
    }

    fn neighbors_of(&self, queries: &[f64]) -> Vec<(u32, f64)> {
        let d = self.mean.len();
        let mut centered = vec![0.0; queries.len()];
        rows::center(queries, &self.mean, &mut centered);
        let doubled: Vec<f32> = centered.iter().map(|q| -2.0 * q).collect();
        let capacity = (self.n_neighbors + EXTRA).min(self.samples.rows());
        let mut nearest: Vec<NearestList> = (0..queries.len() / d)
            .map(|_| NearestList { nearest: Vec::with_capacity(capacity + 1), capacity })
            .collect();
        let mut scratch = vec![0.0; nearest.len() * CHUNK];
        let mut centered_samples = vec![0.0; CHUNK * d];
        let parts = self.samples.values().chunks(CHUNK * d).zip(self.norms.chunks(CHUNK));
        for (part, (samples, norms)) in parts.enumerate() {
            let scores = &mut scratch[..nearest.len() * norms.len()];
            let centered_samples = &mut centered_samples[..samples.len()];
            rows::center(samples, &self.mean, centered_samples);
            multiply_transposed(&doubled, centered_samples, d, scores);
            for (scores, nearest) in scores.chunks_exact_mut(norms.len()).zip(&mut nearest) {
                scores.iter_mut().zip(norms).for_each(|(score, norm)| *score += norm);
                nearest.offer(scores, part * CHUNK);
            }
        }
        let largest = self.norms.iter().copied().fold(0.0, f32::max);
        let of = |(i, (query, list)): (usize, (&[f64], NearestList))| {
            let norm = dot(&centered[i * d..(i + 1) * d], &centered[i * d..(i + 1) * d]);
            let nearest = self.closest(query, list.nearest.iter().map(|&(_, i)| i));
            // Every sample outside the list is at least this far, whatever the rounding errors of the scores.
            let outside = list.bound() + norm - ROUNDING * (norm + largest);
            let farthest = nearest.last().map_or(0.0, |&(_, distance)| distance * distance);
            match list.capacity == self.samples.rows() || farthest <= f64::from(outside) {
                true => nearest,
                false => self.closest(query, 0..self.samples.rows() as u32),
            }
        };
        queries.chunks_exact(d).zip(nearest).enumerate().flat_map(of).collect()
    }

    /// The k nearest of the samples with the indices `among`, by exact distance: indices and distances.
    fn closest(&self, query: &[f64], among: impl Iterator<Item = u32>) -> Vec<(u32, f64)> {
        let distance = |i: u32| exact_square(query, self.samples.row(i as usize)).sqrt();
        let mut nearest: Vec<(u32, f64)> = among.map(|i| (i, distance(i))).collect();
        nearest.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        nearest.truncate(self.n_neighbors);
        nearest
    }

    fn check(&self) -> Result<()> {
        let (n, d) = (self.samples.rows(), self.samples.width());
        ensure(
            n > 0 && [self.norms.len(), self.mean.len()] == [n, d],
            "the numbers of samples and norms differ",
        )?;
        ensure((1..=n).contains(&self.n_neighbors), "there are fewer samples than neighbors")?;
        ensure(u32::try_from(n).is_ok(), "there are more than 4294967295 samples")?;
        let finite = self.norms.iter().all(|norm| norm.is_finite());
        ensure(finite && is_finite(&[self.samples.values(), &self.mean]), "a number is not finite")
    }
}

impl Model for Knn {
    fn n_features_in(&self) -> usize {
        self.neighbors.samples.width()
    }

    fn n_parameters(&self) -> usize {
        self.neighbors.samples.values().len()
    }

    fn check(&self) -> Result<()> {
        self.neighbors.check()?;
        let n = self.neighbors.samples.rows();
        ensure(self.labels.len() == n, "the numbers of samples and labels differ")?;
        ensure(self.labels.iter().all(|&label| label < self.n_classes), "a label is not a class")?;
        ensure((self.n_classes as usize) <= n.max(MAX_UNSEEN_CLASSES), "there are more classes than samples")
    }
}

impl Model for RegressionKnn {
    fn n_features_in(&self) -> usize {
        self.neighbors.samples.width()
    }

    fn n_parameters(&self) -> usize {
        self.neighbors.samples.values().len()
    }

    fn check(&self) -> Result<()> {
        self.neighbors.check()?;
        let n = self.neighbors.samples.rows();
        ensure(self.targets.rows() == n, "the numbers of samples and targets differ")?;
        ensure(is_finite(&[self.targets.values()]), "a target is not finite")
    }
}

impl ClassifierModel for Knn {
    fn n_classes(&self) -> u32 {
        self.n_classes
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        self.neighbors.weighted(x, self.n_classes as usize, |weight, i, out| {
            out[self.labels[i] as usize] += weight;
        })
    }
}

impl RegressorModel for RegressionKnn {
    fn predict(&self, x: &Samples) -> Result<Samples> {
        self.neighbors.weighted(x, self.targets.width(), |weight, i, out| {
            out.iter_mut().zip(self.targets.row(i)).for_each(|(sum, y)| *sum += weight * y);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::no_callback;
    use proptest::prelude::*;

    fn fit(n_neighbors: u32, x: &Samples, labels: &[u32]) -> Knn {
        Config { n_neighbors, ..Config::default() }
            .fit(x, labels, 3, Streams::new(0), &mut no_callback)
            .unwrap()
    }

    /// Numbers of 16 digits in two distant groups: f32 has too few digits for their differences.
    #[test]
    fn long_numbers_are_told_apart() {
        let far = |i: u32| 1e15 * f64::from(i % 2) + f64::from(i);
        let x = Samples::new((0..100).map(far).collect(), 1).unwrap();
        let nearest = fit(1, &x, &[0; 100]).kneighbors(&x);
        assert!(nearest.iter().enumerate().all(|(i, &(j, distance))| i as u32 == j && distance == 0.0));
    }

    #[test]
    fn a_vote_by_hand() {
        let x = Samples::new(vec![0.0, 1.0, 2.0, 10.0, 11.0], 1).unwrap();
        let nearest = fit(3, &x, &[0, 0, 1, 2, 2]);
        let p = nearest.predict_proba(&Samples::new(vec![0.5, 9.0], 1).unwrap()).unwrap();
        assert_eq!(p.values(), [2.0 / 3.0, 1.0 / 3.0, 0.0, 0.0, 1.0 / 3.0, 2.0 / 3.0]);
        let few = Config::default().fit(
            &Samples::new(vec![0.0], 1).unwrap(),
            &[0],
            1,
            Streams::new(0),
            &mut no_callback,
        );
        assert!(few.unwrap_err().to_string().contains("at most the number of samples, 1"));
    }

    #[test]
    fn weights_by_hand() {
        let (x, y) = (
            Samples::new(vec![0.0, 1.0, 3.0, 10.0], 1).unwrap(),
            Samples::new(vec![1.0, 10.0, 2.0, 20.0, 4.0, 40.0, 9.0, 90.0], 2).unwrap(),
        );
        let predict = |weights, at: f64| {
            let config = Config { n_neighbors: 3, weights };
            let found = config.fit_targets(&x, &y, Streams::new(0), &mut no_callback).unwrap();
            found.predict(&Samples::new(vec![at], 1).unwrap()).unwrap().values().to_vec()
        };
        assert_eq!(predict(Weights::Uniform, 2.0), [7.0 / 3.0, 70.0 / 3.0]);
        // Distances 2, 1, 1: weights 1/2, 1, 1.
        assert_eq!(predict(Weights::Distance, 2.0), [6.5 / 2.5, 65.0 / 2.5]);
        assert_eq!(predict(Weights::Distance, 3.0), [4.0, 40.0]);
        let config = Config { n_neighbors: 3, weights: Weights::Distance };
        let found = config.fit(&x, &[0, 0, 1, 1], 2, Streams::new(0), &mut no_callback).unwrap();
        let p = found.predict_proba(&Samples::new(vec![2.0], 1).unwrap()).unwrap();
        assert_eq!(p.values(), [1.5 / 2.5, 1.0 / 2.5]);
    }

    /// Samples far from 0 with distances of 1, which the matrix products alone could not distinguish.
    #[test]
    fn far_from_0_no_digit_is_lost() {
        let x = Samples::new((0..100u8).map(|i| 1e6 + f64::from(i)).collect(), 1).unwrap();
        let nearest = fit(1, &x, &[0; 100]);
        let nearest = nearest.kneighbors(&x);
        assert!(nearest.iter().enumerate().all(|(i, &(j, distance))| i as u32 == j && distance == 0.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Reference: all distances computed exactly and sorted.
        #[test]
        fn no_sample_is_nearer(n in 5..1200usize, d in 1..20usize, k in 1..6u32, seed in 0..1000usize, far in 0..2u8) {
            let number = |i: usize| ((i * 7919 + seed * 31 + i / 7 * i) % 1009) as f64 / 50.0 + 300.0 * f64::from(far);
            let x = Samples::new((0..n * d).map(number).collect(), d).unwrap();
            let queries = Samples::new((0..3 * d).map(|i| number(i + 77_777)).collect(), d).unwrap();
            let labels: Vec<u32> = (0..n as u32).map(|i| i % 3).collect();
            let nearest = fit(k, &x, &labels).kneighbors(&queries);
            for (query, nearest) in queries.iter().zip(nearest.chunks_exact(k as usize)) {
                let each = x.iter().zip(0..).map(|(x, i)| (exact_square(query, x).sqrt(), i));
                let mut all: Vec<(f64, u32)> = each.collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let expected: Vec<(u32, f64)> = all[..k as usize].iter().map(|&(d, i)| (i, d)).collect();
                prop_assert_eq!(nearest, &expected[..]);
            }
        }
    }
}
