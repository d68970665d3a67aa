//! k-means clustering (scikit-learn's `KMeans`): k centers that minimize the inertia, the sum of squared distances of
//! all samples from their nearest center.
//!
//! ```text
//! label_i  = argmin_j |x_i - c_j|^2
//! c_j      = mean of the x_i whose label is j
//! ```
//!
//! Lloyd's algorithm (1957, published 1982) from centers of greedy k-means++ (Arthur & Vassilvitskii 2007) with 2 +
//! ln k trials, as in scikit-learn. Samples are `[N, D]`, centers `[K, D]`. The nearest center has the smallest
//! `|c|^2 - 2 x.c`, a matrix product on centered samples, so that data far from 0 keep their precision.
//!
//! ```
//! use freewheel_agents::estimator::{Estimator, Transformer};
//! use freewheel_agents::unsupervised::kmeans::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let x = Samples::new(vec![0.0, 1.0, 8.0, 9.0], 1)?;
//! let mut kmeans = Estimator::new(Config { n_clusters: 2, ..Config::default() }, Streams::new(0))?;
//! kmeans.fit(&x)?;
//! assert_eq!(kmeans.transform(&x)?.width(), 2); // distances to both centers
//! assert_eq!(kmeans.model()?.inertia(), 1.0);
//! let labels = kmeans.model()?.predict(&x)?;
//! assert!(labels[0] == labels[1] && labels[1] != labels[2] && kmeans.score(&x)? == -0.25);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use std::collections::HashSet;

use crate::Samples;
use freewheel_core::{Error, Purpose, Result, Stream, Streams, memory};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estimator::rows::{self, BLOCK, dot, squared_distance};
use crate::estimator::{
    EstimatorConfig, FitCallback, FitProgress, Model, Task, TransformerConfig, TransformerModel, ensure,
    is_finite,
};
use crate::settings::within;

pub use scores::NearestCenter;
use scores::{CenterScores, argmin};

mod scores;

/// Number of rows whose sums are accumulated in f32.
const CHUNK: usize = 8 * BLOCK;

/// Settings of k-means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Number of clusters, 1 to 65536.
    pub n_clusters: u32,
    /// Number of runs with different initial centers, 1 to 1000; the run of lowest inertia is kept.
    pub n_init: u32,
    /// Maximum number of iterations per run, 1 to 100000.
    pub max_iter: u32,
    /// Tolerance: stops when the squared movement of all centers is at most tol times the mean variance of the
    /// features, at least 0.
    pub tol: f64,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_clusters: 10, n_init: 4, max_iter: 300, tol: 1e-4 }
    }
}

/// A fitted k-means clustering.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KMeans {
    centers: Samples,
    mean: Vec<f64>,
    inertia: f64,
    n_iter: u32,
}

impl EstimatorConfig for Config {
    const ID: &'static str = "kmeans";
    const ABOUT: &'static str =
        "k-means clustering: Lloyd's algorithm with k-means++ (Lloyd 1957; Arthur & Vassilvitskii 2007)";
    const TASK: Task = Task::Unsupervised;
    type Model = KMeans;

    fn validate(&self) -> Result<()> {
        within("n_clusters", f64::from(self.n_clusters), 1.0, 65_536.0)?;
        within("n_init", f64::from(self.n_init), 1.0, 1000.0)?;
        within("max_iter", f64::from(self.max_iter), 1.0, 100_000.0)?;
        within("tol", self.tol, 0.0, f64::MAX)
    }
}

impl Config {
    /// Checks that there are at least as many distinct samples as clusters: otherwise some clusters would be empty.
    fn check_distinct(&self, x: &Samples) -> Result<()> {
        let wanted = self.n_clusters as usize;
        let distinct = distinct_samples(x, wanted);
        if distinct == wanted {
            return Ok(());
        }
        let message = format!(
            "n_clusters = {wanted}: there are only {distinct} distinct samples among {}; use n_clusters = {distinct} or \
             less",
            x.rows()
        );
        Err(Error::setting("n_clusters", message))
    }

    /// Checks the memory of the sums of all chunks, and of the distances from candidates for centers.
    fn check_memory(&self, x: &Samples) -> Result<()> {
        let (n, d, k) = (x.rows() as u128, x.width() as u128, u128::from(self.n_clusters));
        let chunks = n.div_ceil(CHUNK as u128);
        let trials = 2 + self.n_clusters.ilog2();
        let what = format!("n_clusters = {k} with {n} samples of {d} numbers");
        memory::require(&what, 4 * chunks * k * (d + 1) + n * (8 * d + 4 * u128::from(trials) + 8))
    }
}

impl TransformerConfig for Config {
    fn fit(&self, x: &Samples, streams: Streams, callback: &mut FitCallback<'_>) -> Result<KMeans> {
        if x.rows() < self.n_clusters as usize {
            return Err(Error::Config(format!(
                "n_clusters = {}: it must be at most the number of samples, {}",
                self.n_clusters,
                x.rows()
            )));
        }
        self.check_distinct(x)?;
        self.check_memory(x)?;
        let mean = rows::means(x);
        let centered = rows::centered(x, &mean);
        let norms: Vec<f32> = centered.par_chunks(mean.len()).map(|x| dot(x, x)).collect();
        let lloyd = Lloyd { config: self, x: &centered, original: x, mean: &mean, norms: &norms };
        let mut best: Option<KMeans> = None;
        for start in 0..self.n_init {
            let mut rng = streams.stream(Purpose::Agent, u64::from(start), 0);
            let (found, stopped) = lloyd.run(start, &mut rng, callback)?;
            if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
                best = Some(found);
            }
            if stopped {
                break;
            }
        }
        best.ok_or_else(|| Error::Config("n_init = 0".into()))
    }
}

/// Lloyd's algorithm: inputs of every run.
struct Lloyd<'a> {
    config: &'a Config,
    /// Samples minus their mean, `[N, D]`; the centers of a run are centered, too.
    x: &'a [f32],
    /// Original samples, `[N, D]`.
    original: &'a Samples,
    mean: &'a [f64],
    /// Squared norms of the centered samples, `[N]`.
    norms: &'a [f32],
}

/// Statistics of an assignment of N samples to K clusters.
struct Assignment {
    /// Sums of the samples of each cluster, `[K, D]`.
    sums: Vec<f64>,
    counts: Vec<u32>,
    /// Number of samples whose cluster has changed.
    changed: usize,
    inertia: f64,
}

impl Lloyd<'_> {
    /// Centered sample `i`, `[D]`.
    fn row(&self, i: usize) -> &[f32] {
        &self.x[i * self.mean.len()..(i + 1) * self.mean.len()]
    }

    /// One run of Lloyd's algorithm from new initial centers; also returns whether the callback stopped the run.
    fn run(&self, start: u32, rng: &mut Stream, callback: &mut FitCallback<'_>) -> Result<(KMeans, bool)> {
        let (n, d) = (self.norms.len(), self.mean.len());
        let mut centers = self.init_centers(rng);
        let mut labels = vec![u32::MAX; n];
        let spread: f64 = self.norms.iter().map(|&x| f64::from(x)).sum();
        let tol = self.config.tol * spread / (n * d) as f64;
        let mut stopped = false;
        let mut n_iter = 0;
        while n_iter < self.config.max_iter && !stopped {
            n_iter += 1;
            let mut assignment = self.assign(&centers, &mut labels);
            self.fill_empty(&centers, &mut labels, &mut assignment);
            let moved = move_centers(&mut centers, &assignment, d);
            let max_iter = u64::from(self.config.max_iter);
            let stop = callback(FitProgress {
                done: u64::from(start) * max_iter + u64::from(n_iter),
                total: u64::from(self.config.n_init) * max_iter,
                loss: assignment.inertia / n as f64,
            });
            stopped = stop.is_break();
            if assignment.changed == 0 || moved <= tol {
                break;
            }
        }
        let centers = Samples::new(self.means_of_originals(&centers, &labels), d)?;
        let mut found = KMeans { centers, mean: self.mean.to_vec(), inertia: 0.0, n_iter };
        found.inertia = found.exact_inertia(self.original)?;
        if !found.inertia.is_finite() {
            let step = u64::from(n_iter);
            return Err(Error::Diverged { quantity: "inertia".into(), value: found.inertia, step });
        }
        Ok((found, stopped))
    }

    /// Centers `[K, D]` in the coordinates of the original samples: the exact mean of each cluster; the center of an
    /// empty cluster is unchanged.
    fn means_of_originals(&self, centers: &[f32], labels: &[u32]) -> Vec<f64> {
        let d = self.mean.len();
        let (mut sums, mut counts) = (vec![0.0; centers.len()], vec![0u32; centers.len() / d]);
        for (x, &label) in self.original.iter().zip(labels) {
            counts[label as usize] += 1;
            let sum = &mut sums[label as usize * d..(label as usize + 1) * d];
            sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
        }
        let each = centers.iter().zip(self.mean.iter().cycle()).zip(sums).enumerate();
        each.map(|(i, ((c, m), sum))| match counts[i / d] {
            0 => f64::from(*c) + m,
            count => sum / f64::from(count),
        })
        .collect()
    }

    /// Initial centers by greedy k-means++: each center is the best of several samples drawn in proportion to the
    /// squared distance from the nearest center.
    fn init_centers(&self, rng: &mut Stream) -> Vec<f32> {
        let (n, k, d) = (self.norms.len(), self.config.n_clusters as usize, self.mean.len());
        let trials = 2 + (k as f64).ln() as usize;
        let mut centers = self.row(rng.below(n as u32) as usize).to_vec();
        let mut closest = self.distances(&centers);
        for _ in 1..k {
            let total: f64 = closest.iter().map(|&c| f64::from(c)).sum();
            let mut drawn: Vec<f64> = (0..trials).map(|_| rng.uniform() * total).collect();
            drawn.sort_by(f64::total_cmp);
            let candidates: Vec<f32> =
                (at_sums(&closest, &drawn).into_iter()).flat_map(|i| self.row(i)).copied().collect();
            let distances = self.distances(&candidates);
            let potential = |trial: usize| -> f64 {
                let each = closest.iter().zip(distances[trial..].iter().step_by(trials));
                each.map(|(&c, &d)| f64::from(c.min(d))).sum()
            };
            let potentials: Vec<f64> = (0..trials).into_par_iter().map(potential).collect();
            let best = (0..trials).min_by(|&a, &b| potentials[a].total_cmp(&potentials[b])).unwrap_or(0);
            centers.extend_from_slice(&candidates[best * d..(best + 1) * d]);
            let to_best = distances[best..].iter().step_by(trials);
            closest.iter_mut().zip(to_best).for_each(|(c, &d)| *c = c.min(d));
        }
        centers
    }

    /// Squared distances `[N, K]` of all samples from `centers [K, D]`.
    fn distances(&self, centers: &[f32]) -> Vec<f32> {
        let d = self.mean.len();
        let k = centers.len() / d;
        let scores = CenterScores::new(centers, d);
        let mut out = vec![0.0; self.norms.len() * k];
        let all = out.par_chunks_mut(BLOCK * k).zip(self.x.par_chunks(BLOCK * d));
        all.zip(self.norms.par_chunks(BLOCK)).for_each(|((out, x), norms)| {
            scores.compute(x, out);
            for (out, norm) in out.chunks_exact_mut(k).zip(norms) {
                out.iter_mut().for_each(|out| *out = (*out + norm).max(0.0));
            }
        });
        out
    }

    fn assign(&self, centers: &[f32], labels: &mut [u32]) -> Assignment {
        let d = self.mean.len();
        let k = centers.len() / d;
        let scores = CenterScores::new(centers, d);
        let chunks = self.x.par_chunks(CHUNK * d).zip(self.norms.par_chunks(CHUNK));
        let parts: Vec<_> = (chunks.zip(labels.par_chunks_mut(CHUNK)))
            .map(|((x, norms), labels)| {
                let (mut sums, mut counts) = (vec![0f32; k * d], vec![0u32; k]);
                let (mut changed, mut inertia) = (0, 0.0);
                let mut scratch = vec![0.0; BLOCK * k];
                let blocks = x.chunks(BLOCK * d).zip(norms.chunks(BLOCK)).zip(labels.chunks_mut(BLOCK));
                for ((x, norms), labels) in blocks {
                    let scratch = &mut scratch[..labels.len() * k];
                    scores.compute(x, scratch);
                    let rows =
                        x.chunks_exact(d).zip(scratch.chunks_exact(k)).zip(labels.iter_mut().zip(norms));
                    for ((x, scores), (label, norm)) in rows {
                        let (nearest, score) = argmin(scores);
                        changed += usize::from(*label != nearest as u32);
                        *label = nearest as u32;
                        inertia += f64::from((score + norm).max(0.0));
                        counts[nearest] += 1;
                        let sum = &mut sums[nearest * d..(nearest + 1) * d];
                        sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
                    }
                }
                (sums, counts, changed, inertia)
            })
            .collect();
        let mut all = Assignment { sums: vec![0.0; k * d], counts: vec![0; k], changed: 0, inertia: 0.0 };
        for (sums, counts, changed, inertia) in parts {
            all.sums.iter_mut().zip(sums).for_each(|(all, sum)| *all += f64::from(sum));
            all.counts.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
            all.changed += changed;
            all.inertia += inertia;
        }
        all
    }

    /// Assigns to each empty cluster the sample that is farthest from its own center.
    fn fill_empty(&self, centers: &[f32], labels: &mut [u32], assignment: &mut Assignment) {
        let d = self.mean.len();
        let empty: Vec<usize> = (0..assignment.counts.len()).filter(|&j| assignment.counts[j] == 0).collect();
        if empty.is_empty() {
            return;
        }
        let far = |i: usize| {
            let own = labels[i] as usize * d;
            squared_distance(self.row(i), &centers[own..own + d])
        };
        let mut by_distance: Vec<(f32, usize)> = (0..labels.len()).map(|i| (far(i), i)).collect();
        by_distance.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut farthest = by_distance.into_iter();
        for j in empty {
            let Some((_, i)) = farthest.find(|&(_, i)| assignment.counts[labels[i] as usize] > 1) else {
                return;
            };
            let from = labels[i] as usize;
            for (c, &x) in self.row(i).iter().enumerate() {
                assignment.sums[from * d + c] -= f64::from(x);
                assignment.sums[j * d + c] = f64::from(x);
            }
            assignment.counts[from] -= 1;
            assignment.counts[j] = 1;
            labels[i] = j as u32;
            assignment.changed += 1;
        }
    }
}

/// Number of distinct samples in `x`, counted up to `limit`.
pub fn distinct_samples(x: &Samples, limit: usize) -> usize {
    let mut seen = HashSet::new();
    for row in x.iter() {
        if seen.len() == limit {
            break;
        }
        // -0 and 0 are the same number.
        seen.insert(row.iter().map(|x| (x + 0.0).to_bits()).collect::<Vec<u64>>());
    }
    seen.len()
}

/// Indices at which the cumulative sum of `weights` exceeds each of the ascending numbers `drawn`.
fn at_sums(weights: &[f32], drawn: &[f64]) -> Vec<usize> {
    let (mut at, mut sum) = (0, f64::from(weights[0]));
    let find = |&drawn: &f64| {
        while sum <= drawn && at + 1 < weights.len() {
            at += 1;
            sum += f64::from(weights[at]);
        }
        at
    };
    drawn.iter().map(find).collect()
}

/// Moves each center to the mean of the samples in its cluster; returns the sum of the squared movements.
fn move_centers(centers: &mut [f32], assignment: &Assignment, d: usize) -> f64 {
    let mut moved = 0.0;
    for ((center, sum), &count) in
        centers.chunks_exact_mut(d).zip(assignment.sums.chunks_exact(d)).zip(&assignment.counts)
    {
        if count == 0 {
            continue;
        }
        for (c, sum) in center.iter_mut().zip(sum) {
            let to = (sum / f64::from(count)) as f32;
            moved += f64::from((to - *c) * (to - *c));
            *c = to;
        }
    }
    moved
}

impl KMeans {
    /// Centers of the K clusters, `[K, D]`.
    pub fn cluster_centers(&self) -> &Samples {
        &self.centers
    }

    /// Inertia of the fit: sum of squared distances of the training samples from their nearest centers.
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// Number of iterations of the best run.
    pub fn n_iter(&self) -> u32 {
        self.n_iter
    }

    /// Search for the nearest center, prepared once for many calls.
    pub fn nearest_center(&self) -> NearestCenter {
        NearestCenter::new(self)
    }

    /// Index of the nearest center of each of N samples `x [N, D]`: `[N]`.
    ///
    /// # Errors
    /// None if `x` has D columns.
    pub fn predict(&self, x: &Samples) -> Result<Vec<u32>> {
        let nearest_center = self.nearest_center();
        let nearest = rows::map_blocks(x, BLOCK, |_, x| nearest_center.predict(x));
        Ok(nearest.concat())
    }

    /// Sum of squared distances of the samples `x` from their nearest centers, computed exactly.
    fn exact_inertia(&self, x: &Samples) -> Result<f64> {
        let labels = self.predict(x)?;
        let d = x.width();
        let parts = rows::map_blocks(x, BLOCK, |first, block| {
            let own = block.chunks_exact(d).zip(&labels[first..]);
            own.map(|(x, &j)| rows::exact_square(x, self.centers.row(j as usize))).sum::<f64>()
        });
        Ok(parts.iter().sum())
    }
}

impl Model for KMeans {
    fn n_features_in(&self) -> usize {
        self.centers.width()
    }

    fn n_parameters(&self) -> usize {
        self.centers.values().len()
    }

    fn check(&self) -> Result<()> {
        ensure(
            self.centers.rows() > 0 && self.mean.len() == self.centers.width(),
            "its centers have no mean",
        )?;
        ensure(is_finite(&[self.centers.values(), &self.mean]), "a number is not finite")?;
        ensure((0.0..=f64::MAX).contains(&self.inertia), "its inertia is out of range")
    }
}

impl TransformerModel for KMeans {
    fn n_features_out(&self) -> usize {
        self.centers.rows()
    }

    fn transform(&self, x: &Samples) -> Result<Samples> {
        let (k, d) = (self.n_features_out(), self.n_features_in());
        let centers = rows::centered(&self.centers, &self.mean);
        rows::map_rows(x, k, |x, out| {
            let mut centered = vec![0.0; x.len()];
            rows::center(x, &self.mean, &mut centered);
            for (x, out) in centered.chunks_exact(d).zip(out.chunks_exact_mut(k)) {
                let each = out.iter_mut().zip(centers.chunks_exact(d));
                each.for_each(|(out, center)| *out = squared_distance(x, center).sqrt().into());
            }
        })
    }

    fn inverse_transform(&self, codes: &Samples) -> Result<Samples> {
        let nearest: Vec<usize> = codes.iter().map(|code| argmin(code).0).collect();
        Ok(self.centers.select(&nearest))
    }
}

#[cfg(test)]
mod tests;
