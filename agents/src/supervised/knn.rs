//! k-nearest neighbors: a vote of the k samples that lie nearest.
//!
//! Fix & Hodges 1951. Every query q is compared with every sample t, both less the mean of the samples: `|t|^2 - 2 q.t` orders them by
//! their distance, and is a product of matrices. What that leaves of the nearest is ordered anew by distances taken as they are,
//! of equal ones the first.

use freewheel_core::{Error, Result, Samples, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Classes, Classify};
use crate::fit::rows::{self, BLOCK, products, squared_distance};
use crate::fit::{Model, Settings, Watch};
use crate::settings::within;

/// Samples that a block of queries is compared with at a time.
const SAMPLES: usize = 512;
/// More neighbors than wanted, so that rounding in the products loses none.
const BESIDE: usize = 8;

/// Settings of k-nearest neighbors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Neighbors that vote, 1 to 65536, and no more than there are samples.
    pub n_neighbors: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_neighbors: 5 }
    }
}

/// All samples, and their classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knn {
    samples: Samples,
    labels: Vec<u32>,
    classes: u32,
    neighbors: usize,
    mean: Vec<f32>,
    /// Squared distances of the samples from their mean, `[N]`.
    norms: Vec<f32>,
}

impl Settings for Config {
    const ID: &'static str = "knn";
    const ABOUT: &'static str =
        "k-nearest neighbors: a vote of the k samples that lie nearest (Fix & Hodges 1951)";
    type Model = Knn;

    fn validate(&self) -> Result<()> {
        within("n_neighbors", f64::from(self.n_neighbors), 1.0, 65_536.0)
    }
}

impl Classify for Config {
    fn fit(&self, x: &Samples, labels: &[u32], classes: u32, _: Streams, _: &mut Watch<'_>) -> Result<Knn> {
        let neighbors = self.n_neighbors as usize;
        if neighbors > x.rows() {
            return Err(Error::Config(format!(
                "n_neighbors = {neighbors}: there are only {} samples",
                x.rows()
            )));
        }
        let mean: Vec<f32> = rows::means(x).iter().map(|&m| m as f32).collect();
        let norms = rows::fill(x, 1, |x, out| {
            out.iter_mut().zip(x.chunks_exact(mean.len())).for_each(|(n, x)| *n = squared_distance(x, &mean));
        })?;
        let norms = norms.values().to_vec();
        Ok(Knn { samples: x.clone(), labels: labels.to_vec(), classes, neighbors, mean, norms })
    }
}

/// The nearest of the samples seen so far, nearest first.
struct Nearest {
    /// What they are ordered by, and which they are.
    found: Vec<(f32, u32)>,
    most: usize,
}

impl Nearest {
    /// What a sample has to be below.
    fn bound(&self) -> f32 {
        if self.found.len() < self.most { f32::INFINITY } else { self.found[self.most - 1].0 }
    }

    fn insert(&mut self, score: f32, i: u32) {
        self.found.truncate(self.most - 1);
        let at = self.found.partition_point(|one| one.0 <= score);
        self.found.insert(at, (score, i));
    }

    /// Looks at `scores`, of which the first is that of sample `first`.
    fn look(&mut self, scores: &[f32], first: usize) {
        let mut bound = self.bound();
        for (at, sixteen) in scores.chunks(16).enumerate() {
            // Nearly always none of them is near enough, which one comparison says.
            if least(sixteen) >= bound {
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
fn least(scores: &[f32]) -> f32 {
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
    /// The nearest samples of every row of `x [N, D]`: their numbers and distances, nearest first, k for each row.
    pub fn nearest(&self, x: &Samples) -> Vec<(u32, f32)> {
        rows::blocks(x, BLOCK, |_, queries| self.nearest_of(queries)).concat()
    }

    fn nearest_of(&self, queries: &[f32]) -> Vec<(u32, f32)> {
        let d = self.mean.len();
        let mut centered = vec![0.0; queries.len()];
        rows::center(queries, &self.mean, &mut centered);
        let doubled: Vec<f32> = centered.iter().map(|q| -2.0 * q).collect();
        let most = (self.neighbors + BESIDE).min(self.samples.rows());
        let mut nearest: Vec<Nearest> =
            (0..queries.len() / d).map(|_| Nearest { found: Vec::with_capacity(most + 1), most }).collect();
        let mut scratch = vec![0.0; nearest.len() * SAMPLES];
        let mut compared = vec![0.0; SAMPLES * d];
        let parts = self.samples.values().chunks(SAMPLES * d).zip(self.norms.chunks(SAMPLES));
        for (part, (samples, norms)) in parts.enumerate() {
            let scores = &mut scratch[..nearest.len() * norms.len()];
            let compared = &mut compared[..samples.len()];
            rows::center(samples, &self.mean, compared);
            products(&doubled, compared, d, scores);
            for (scores, nearest) in scores.chunks_exact_mut(norms.len()).zip(&mut nearest) {
                scores.iter_mut().zip(norms).for_each(|(score, norm)| *score += norm);
                nearest.look(scores, part * SAMPLES);
            }
        }
        let of = |(query, nearest): (&[f32], Nearest)| {
            let square = |i: u32| squared_distance(query, self.samples.row(i as usize));
            let mut found: Vec<(u32, f32)> =
                nearest.found.iter().map(|&(_, i)| (i, square(i).sqrt())).collect();
            found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            found.truncate(self.neighbors);
            found
        };
        queries.chunks_exact(d).zip(nearest).flat_map(of).collect()
    }
}

impl Model for Knn {
    fn width(&self) -> usize {
        self.samples.width()
    }

    fn parameters(&self) -> usize {
        self.samples.values().len()
    }
}

impl Classes for Knn {
    fn classes(&self) -> u32 {
        self.classes
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        let c = self.classes as usize;
        rows::fill(x, c, |x, out| {
            let nearest = self.nearest_of(x);
            for (found, out) in nearest.chunks_exact(self.neighbors).zip(out.chunks_exact_mut(c)) {
                found.iter().for_each(|&(i, _)| out[self.labels[i as usize] as usize] += 1.0);
                out.iter_mut().for_each(|votes| *votes /= self.neighbors as f32);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::unwatched;
    use proptest::prelude::*;

    fn fit(n_neighbors: u32, x: &Samples, labels: &[u32]) -> Knn {
        Config { n_neighbors }.fit(x, labels, 3, Streams::new(0), &mut unwatched).unwrap()
    }

    #[test]
    fn a_vote_by_hand() {
        let x = Samples::new(vec![0.0, 1.0, 2.0, 10.0, 11.0], 1).unwrap();
        let found = fit(3, &x, &[0, 0, 1, 2, 2]);
        let p = found.predict_proba(&Samples::new(vec![0.5, 9.0], 1).unwrap()).unwrap();
        assert_eq!(p.values(), [2.0 / 3.0, 1.0 / 3.0, 0.0, 0.0, 1.0 / 3.0, 2.0 / 3.0]);
        let few = Config::default().fit(
            &Samples::new(vec![0.0], 1).unwrap(),
            &[0],
            1,
            Streams::new(0),
            &mut unwatched,
        );
        assert!(few.unwrap_err().to_string().contains("only 1 samples"));
    }

    /// A hundred samples a unit apart and far from 0: the products alone could not tell them apart.
    #[test]
    fn far_from_0_no_digit_is_lost() {
        let x = Samples::new((0..100u8).map(|i| 1e6 + f32::from(i)).collect(), 1).unwrap();
        let found = fit(1, &x, &[0; 100]);
        let nearest = found.nearest(&x);
        assert!(nearest.iter().enumerate().all(|(i, &(j, distance))| i as u32 == j && distance == 0.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Every distance taken as it is and sorted, by a second program.
        #[test]
        fn no_sample_is_nearer(n in 5..1200usize, d in 1..20usize, k in 1..6u32, seed in 0..1000usize, far in 0..2u8) {
            let number = |i: usize| ((i * 7919 + seed * 31 + i / 7 * i) % 1009) as f32 / 50.0 + 300.0 * f32::from(far);
            let x = Samples::new((0..n * d).map(number).collect(), d).unwrap();
            let queries = Samples::new((0..3 * d).map(|i| number(i + 77_777)).collect(), d).unwrap();
            let labels: Vec<u32> = (0..n as u32).map(|i| i % 3).collect();
            let found = fit(k, &x, &labels).nearest(&queries);
            for (query, found) in queries.iter().zip(found.chunks_exact(k as usize)) {
                let mut all: Vec<(f32, u32)> = x.iter().zip(0..).map(|(x, i)| (squared_distance(query, x).sqrt(), i)).collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let expected: Vec<(u32, f32)> = all[..k as usize].iter().map(|&(d, i)| (i, d)).collect();
                prop_assert_eq!(found, &expected[..]);
            }
        }
    }
}
