//! k-means: k centers that make the sum of squared distances of all samples from their nearest one small.
//!
//! ```text
//! label_i  = argmin_j |x_i - c_j|^2
//! c_j      = mean of the x_i whose label is j
//! ```
//!
//! Lloyd 1957 (published 1982), from first centers by k-means++ (Arthur & Vassilvitskii 2007), each the best of 2 + ln k draws as
//! in scikit-learn. Samples are `[N, D]`, centers `[K, D]`. The nearest center is that of the smallest `|c|^2 - 2 x.c`, a product of matrices;
//! all of it is done with samples less their mean, so that no digits are lost where they lie far from 0.

use freewheel_core::{Error, Purpose, Result, Samples, Stream, Streams};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Codes, Encode};
use crate::fit::rows::{self, BLOCK, dot, squared_distance};
use crate::fit::{Model, Progress, Settings, Watch};
use crate::settings::within;

pub use scores::Assigner;
use scores::{Scores, least};

mod scores;

/// Rows whose sums are made in f32, one after the other.
const CHUNK: usize = 8 * BLOCK;

/// Settings of k-means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Clusters, 1 to 65536.
    pub n_clusters: u32,
    /// Starts from other first centers, of which the best is kept, 1 to 1000.
    pub n_init: u32,
    /// Most iterations of a start, 1 to 100000.
    pub max_iter: u32,
    /// How far the centers may still move together, squared, in units of the mean variance of a column, at least 0.
    pub tol: f64,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_clusters: 10, n_init: 4, max_iter: 300, tol: 1e-4 }
    }
}

/// Centers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KMeans {
    centers: Samples,
    mean: Vec<f32>,
    inertia: f64,
    iterations: u32,
}

impl Settings for Config {
    const ID: &'static str = "kmeans";
    const ABOUT: &'static str =
        "k-means: k centers, each the mean of the samples nearest to it (Lloyd; k-means++)";
    type Model = KMeans;

    fn validate(&self) -> Result<()> {
        within("n_clusters", f64::from(self.n_clusters), 1.0, 65_536.0)?;
        within("n_init", f64::from(self.n_init), 1.0, 1000.0)?;
        within("max_iter", f64::from(self.max_iter), 1.0, 100_000.0)?;
        within("tol", self.tol, 0.0, f64::MAX)
    }
}

impl Encode for Config {
    fn fit(&self, x: &Samples, streams: Streams, watch: &mut Watch<'_>) -> Result<KMeans> {
        if x.rows() < self.n_clusters as usize {
            return Err(Error::Config(format!(
                "n_clusters = {}: there are only {} samples",
                self.n_clusters,
                x.rows()
            )));
        }
        let mean: Vec<f32> = rows::means(x).iter().map(|&m| m as f32).collect();
        let centered = rows::centered(x, &mean)?;
        let norms = rows::fill(&centered, 1, |x, out| {
            out.iter_mut().zip(x.chunks_exact(mean.len())).for_each(|(n, x)| *n = dot(x, x));
        })?;
        let lloyd = Lloyd { config: self, x: &centered, samples: x, mean: &mean, norms: norms.values() };
        let mut best: Option<KMeans> = None;
        for start in 0..self.n_init {
            let mut rng = streams.stream(Purpose::Agent, u64::from(start), 0);
            let (found, stopped) = lloyd.run(start, &mut rng, watch)?;
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

/// What every start works on.
struct Lloyd<'a> {
    config: &'a Config,
    /// The samples less their mean, `[N, D]`; so are the centers of a start.
    x: &'a Samples,
    /// As they came.
    samples: &'a Samples,
    mean: &'a [f32],
    /// Squared distances from the mean, `[N]`.
    norms: &'a [f32],
}

/// What an assignment gathers.
struct Gathered {
    /// Sums of the samples of each cluster, `[K, D]`.
    sums: Vec<f64>,
    counts: Vec<u32>,
    /// Samples whose cluster is another now.
    changed: usize,
    inertia: f64,
}

impl Lloyd<'_> {
    /// One start; and whether it was told to stop.
    fn run(&self, start: u32, rng: &mut Stream, watch: &mut Watch<'_>) -> Result<(KMeans, bool)> {
        let (n, d) = (self.x.rows(), self.x.width());
        let mut centers = self.first_centers(rng);
        let mut labels = vec![u32::MAX; n];
        let spread: f64 = self.norms.iter().map(|&x| f64::from(x)).sum();
        let enough = self.config.tol * spread / (n * d) as f64;
        let mut stopped = false;
        let mut iterations = 0;
        while iterations < self.config.max_iter && !stopped {
            iterations += 1;
            let mut gathered = self.assign(&centers, &mut labels);
            self.fill_empty(&centers, &mut labels, &mut gathered);
            let moved = move_centers(&mut centers, &gathered, d);
            let most = u64::from(self.config.max_iter);
            let told = watch(Progress {
                done: u64::from(start) * most + u64::from(iterations),
                of: u64::from(self.config.n_init) * most,
                loss: gathered.inertia / n as f64,
            });
            stopped = told.is_break();
            if gathered.changed == 0 || moved <= enough {
                break;
            }
        }
        let centers = Samples::new(self.as_they_came(&centers, &labels), d)?;
        let mut found = KMeans { centers, mean: self.mean.to_vec(), inertia: 0.0, iterations };
        found.inertia = found.inertia_of(self.samples)?;
        if !found.inertia.is_finite() {
            let step = u64::from(iterations);
            return Err(Error::Diverged { quantity: "inertia".into(), value: found.inertia, step });
        }
        Ok((found, stopped))
    }

    /// Centers `[K, D]` of the samples as they came: their means, exactly; of a cluster without any, where it was.
    fn as_they_came(&self, centers: &[f32], labels: &[u32]) -> Vec<f32> {
        let d = self.x.width();
        let (mut sums, mut counts) = (vec![0.0; centers.len()], vec![0u32; centers.len() / d]);
        for (x, &label) in self.samples.iter().zip(labels) {
            counts[label as usize] += 1;
            let sum = &mut sums[label as usize * d..(label as usize + 1) * d];
            sum.iter_mut().zip(x).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        let each = centers.iter().zip(self.mean.iter().cycle()).zip(sums).enumerate();
        each.map(|(i, ((c, m), sum))| match counts[i / d] {
            0 => c + m,
            count => (sum / f64::from(count)) as f32,
        })
        .collect()
    }

    /// k-means++, greedy: each next center is the best of a few samples drawn by their squared distance from the nearest center.
    fn first_centers(&self, rng: &mut Stream) -> Vec<f32> {
        let (n, k) = (self.x.rows(), self.config.n_clusters as usize);
        let trials = 2 + (k as f64).ln() as usize;
        let mut centers = self.x.row(rng.below(n as u32) as usize).to_vec();
        let mut closest = self.distances(&centers);
        for _ in 1..k {
            let total: f64 = closest.iter().map(|&c| f64::from(c)).sum();
            let mut drawn: Vec<f64> = (0..trials).map(|_| rng.uniform() * total).collect();
            drawn.sort_by(f64::total_cmp);
            let tried: Vec<f32> =
                (at_sums(&closest, &drawn).into_iter()).flat_map(|i| self.x.row(i)).copied().collect();
            let distances = self.distances(&tried);
            let left = |trial: usize| -> f64 {
                let each = closest.iter().zip(distances[trial..].iter().step_by(trials));
                each.map(|(&c, &d)| f64::from(c.min(d))).sum()
            };
            let lefts: Vec<f64> = (0..trials).into_par_iter().map(left).collect();
            let best = (0..trials).min_by(|&a, &b| lefts[a].total_cmp(&lefts[b])).unwrap_or(0);
            let d = self.x.width();
            centers.extend_from_slice(&tried[best * d..(best + 1) * d]);
            let to_best = distances[best..].iter().step_by(trials);
            closest.iter_mut().zip(to_best).for_each(|(c, &d)| *c = c.min(d));
        }
        centers
    }

    /// Squared distances `[N, K]` of every sample from `centers [K, D]`.
    fn distances(&self, centers: &[f32]) -> Vec<f32> {
        let d = self.x.width();
        let k = centers.len() / d;
        let scores = Scores::new(centers, d);
        let mut out = vec![0.0; self.x.rows() * k];
        let all = out.par_chunks_mut(BLOCK * k).zip(self.x.values().par_chunks(BLOCK * d));
        all.zip(self.norms.par_chunks(BLOCK)).for_each(|((out, x), norms)| {
            scores.of(x, out);
            for (out, norm) in out.chunks_exact_mut(k).zip(norms) {
                out.iter_mut().for_each(|out| *out = (*out + norm).max(0.0));
            }
        });
        out
    }

    fn assign(&self, centers: &[f32], labels: &mut [u32]) -> Gathered {
        let d = self.x.width();
        let k = centers.len() / d;
        let scores = Scores::new(centers, d);
        let chunks = self.x.values().par_chunks(CHUNK * d).zip(self.norms.par_chunks(CHUNK));
        let parts: Vec<_> = (chunks.zip(labels.par_chunks_mut(CHUNK)))
            .map(|((x, norms), labels)| {
                let (mut sums, mut counts) = (vec![0f32; k * d], vec![0u32; k]);
                let (mut changed, mut inertia) = (0, 0.0);
                let mut scratch = vec![0.0; BLOCK * k];
                let blocks = x.chunks(BLOCK * d).zip(norms.chunks(BLOCK)).zip(labels.chunks_mut(BLOCK));
                for ((x, norms), labels) in blocks {
                    let scratch = &mut scratch[..labels.len() * k];
                    scores.of(x, scratch);
                    let rows =
                        x.chunks_exact(d).zip(scratch.chunks_exact(k)).zip(labels.iter_mut().zip(norms));
                    for ((x, scores), (label, norm)) in rows {
                        let (nearest, score) = least(scores);
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
        let mut all = Gathered { sums: vec![0.0; k * d], counts: vec![0; k], changed: 0, inertia: 0.0 };
        for (sums, counts, changed, inertia) in parts {
            all.sums.iter_mut().zip(sums).for_each(|(all, sum)| *all += f64::from(sum));
            all.counts.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
            all.changed += changed;
            all.inertia += inertia;
        }
        all
    }

    /// A cluster that nobody belongs to is given the sample that lies farthest from its own center.
    fn fill_empty(&self, centers: &[f32], labels: &mut [u32], gathered: &mut Gathered) {
        let d = self.x.width();
        let empty: Vec<usize> = (0..gathered.counts.len()).filter(|&j| gathered.counts[j] == 0).collect();
        if empty.is_empty() {
            return;
        }
        let far = |i: usize| {
            let own = labels[i] as usize * d;
            squared_distance(self.x.row(i), &centers[own..own + d])
        };
        let mut by_distance: Vec<(f32, usize)> = (0..labels.len()).map(|i| (far(i), i)).collect();
        by_distance.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut farthest = by_distance.into_iter();
        for j in empty {
            let Some((_, i)) = farthest.find(|&(_, i)| gathered.counts[labels[i] as usize] > 1) else {
                return;
            };
            let from = labels[i] as usize;
            for (c, &x) in self.x.row(i).iter().enumerate() {
                gathered.sums[from * d + c] -= f64::from(x);
                gathered.sums[j * d + c] = f64::from(x);
            }
            gathered.counts[from] -= 1;
            gathered.counts[j] = 1;
            labels[i] = j as u32;
            gathered.changed += 1;
        }
    }
}

/// Where the running sum of `weights` passes each of `drawn`, which ascend.
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

/// Puts the centers at the means of their samples; how far they moved, squared.
fn move_centers(centers: &mut [f32], gathered: &Gathered, d: usize) -> f64 {
    let mut moved = 0.0;
    for ((center, sum), &count) in
        centers.chunks_exact_mut(d).zip(gathered.sums.chunks_exact(d)).zip(&gathered.counts)
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
    /// The centers `[K, D]`.
    pub fn centers(&self) -> &Samples {
        &self.centers
    }

    /// The sum of squared distances of the samples it was fitted to from their nearest centers.
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// Iterations of the start that was best.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// What finds the nearest centers, prepared to do so often.
    pub fn assigner(&self) -> Assigner {
        Assigner::new(self)
    }

    /// The nearest center of every sample, `[N]`.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn labels(&self, x: &Samples) -> Result<Vec<u32>> {
        let assigner = self.assigner();
        let nearest = rows::blocks(x, BLOCK, |_, x| assigner.labels(x));
        Ok(nearest.concat())
    }

    /// The sum of squared distances of `x` from the nearest centers, each taken as it is.
    fn inertia_of(&self, x: &Samples) -> Result<f64> {
        let labels = self.labels(x)?;
        let d = x.width();
        let parts = rows::blocks(x, BLOCK, |first, block| {
            let own = block.chunks_exact(d).zip(&labels[first..]);
            own.map(|(x, &j)| f64::from(squared_distance(x, self.centers.row(j as usize)))).sum::<f64>()
        });
        Ok(parts.iter().sum())
    }
}

impl Model for KMeans {
    fn width(&self) -> usize {
        self.centers.width()
    }

    fn parameters(&self) -> usize {
        self.centers.values().len()
    }
}

impl Codes for KMeans {
    fn code_width(&self) -> usize {
        self.centers.rows()
    }

    fn encode(&self, x: &Samples) -> Result<Samples> {
        let k = self.code_width();
        rows::fill(x, k, |x, out| {
            for (x, out) in x.chunks_exact(self.width()).zip(out.chunks_exact_mut(k)) {
                let each = out.iter_mut().zip(self.centers.iter());
                each.for_each(|(out, center)| *out = squared_distance(x, center).sqrt());
            }
        })
    }

    fn decode(&self, codes: &Samples) -> Result<Samples> {
        let nearest: Vec<usize> = codes.iter().map(|code| least(code).0).collect();
        Ok(self.centers.select(&nearest))
    }
}

#[cfg(test)]
mod tests;
