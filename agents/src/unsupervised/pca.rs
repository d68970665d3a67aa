//! Principal components: the orthogonal directions in which samples vary most.
//!
//! ```text
//! C = X'X / (N - 1), X centered     C v_i = variance_i v_i     code = (x - mean) V'
//! ```
//!
//! Pearson 1901. Of many columns only the leading directions are made, by subspace iteration on the samples themselves (Rutishauser
//! 1969): `C V` is a product of `[N, D]` with a few columns, and the covariance never stands in memory. A component's sign is that of
//! its entry of largest magnitude, made positive, as in scikit-learn.

use freewheel_core::{Error, Purpose, Result, Samples, Stream, Streams};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::eigen::{Eigen, product, symmetric};
use super::{Codes, Encode};
use crate::fit::rows::{self, BLOCK, dot};
use crate::fit::{Model, Progress, Settings, Watch};
use crate::nn::matmul::{Matrix, matmul};
use crate::settings::within;

/// Rows whose products are summed in f32.
const CHUNK: usize = 8 * BLOCK;
/// Columns beside those that are wanted: they make the wanted ones converge.
const BESIDE: usize = 8;
/// Most iterations; it takes about ten.
const MOST: u64 = 300;
/// How far `C v` may be from `variance v`, in units of the largest variance: sums in f32 tell no more.
const ENOUGH: f64 = 2e-6;

/// Settings of PCA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Components, 1 to the columns of a sample.
    pub n_components: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_components: 2 }
    }
}

/// A mean and directions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    mean: Vec<f32>,
    components: Samples,
    variances: Vec<f64>,
    total: f64,
}

impl Settings for Config {
    const ID: &'static str = "pca";
    const ABOUT: &'static str = "PCA: the directions in which samples vary most (Pearson)";
    type Model = Pca;

    fn validate(&self) -> Result<()> {
        within("n_components", f64::from(self.n_components), 1.0, 65_536.0)
    }
}

impl Encode for Config {
    fn fit(&self, x: &Samples, streams: Streams, watch: &mut Watch<'_>) -> Result<Pca> {
        let (wanted, d) = (self.n_components as usize, x.width());
        if wanted > d.min(x.rows().saturating_sub(1)) {
            return Err(Error::Config(format!(
                "n_components = {wanted}: {} samples of {d} numbers have at most {}",
                x.rows(),
                d.min(x.rows().saturating_sub(1))
            )));
        }
        let mean: Vec<f32> = rows::means(x).iter().map(|&m| m as f32).collect();
        let free = (x.rows() - 1) as f64;
        let total = rows::spread(x, &mean) / free;
        let columns = (wanted + BESIDE.max(wanted / 2)).min(d);
        // Few directions are found without the covariance; for many its own product is the smaller work.
        let Eigen { values, vectors } = if columns * 4 > d {
            symmetric(&times(x, &mean, None, d), d)?
        } else {
            let mut rng = streams.stream(Purpose::Agent, 0, 0);
            subspace(x, &mean, wanted, columns, &mut rng, watch)?
        };
        let axes: Vec<f32> = vectors.chunks_exact(d).take(wanted).flat_map(signed).collect();
        let variances = values.iter().take(wanted).map(|value| value.max(0.0) / free).collect();
        Ok(Pca { mean, components: Samples::new(axes, d)?, variances, total })
    }
}

/// `X'X V [D, C]` of centered samples and `V [D, C]`, or of the identity; in f32 over chunks, whose sums are added in f64.
fn times(x: &Samples, mean: &[f32], v: Option<&[f32]>, c: usize) -> Vec<f64> {
    let d = x.width();
    // Few parts where a part is large.
    let chunk = if v.is_some() { CHUNK } else { CHUNK.max(x.rows().div_ceil(16)) };
    let parts: Vec<Vec<f32>> = (x.values().par_chunks(chunk * d))
        .map(|rows| {
            let (mut out, mut projected) = (vec![0.0; d * c], vec![0.0; BLOCK * c]);
            let mut centered = Vec::with_capacity(BLOCK * d);
            for block in rows.chunks(BLOCK * d) {
                centered.clear();
                for row in block.chunks_exact(d) {
                    centered.extend(row.iter().zip(mean).map(|(x, m)| x - m));
                }
                let b = block.len() / d;
                let block = Matrix::new(&centered, b, d);
                match v {
                    Some(v) => {
                        let projected = &mut projected[..b * c];
                        matmul(projected, block, Matrix::new(v, d, c), false);
                        matmul(&mut out, block.t(), Matrix::new(projected, b, c), true);
                    }
                    None => matmul(&mut out, block.t(), block, true),
                }
            }
            out
        })
        .collect();
    rows::sum(&parts)
}

/// The leading eigenvectors of `X'X`, `wanted` of them to within [`ENOUGH`], from `columns` directions.
fn subspace(
    x: &Samples,
    mean: &[f32],
    wanted: usize,
    columns: usize,
    rng: &mut Stream,
    watch: &mut Watch<'_>,
) -> Result<Eigen> {
    let d = x.width();
    // Directions as rows, so that each is one run of numbers.
    let mut v: Vec<Vec<f64>> = (0..columns).map(|_| (0..d).map(|_| rng.normal()).collect()).collect();
    orthonormalize(&mut v);
    let mut done = 0;
    loop {
        done += 1;
        let as_columns: Vec<f32> = (0..d).flat_map(|i| v.iter().map(move |v| v[i] as f32)).collect();
        let image = times(x, mean, Some(&as_columns), columns);
        let image: Vec<Vec<f64>> =
            (0..columns).map(|c| image[c..].iter().step_by(columns).copied().collect()).collect();
        // Rayleigh and Ritz: the best directions within the subspace.
        let inside: Vec<f64> = (0..columns * columns)
            .map(|at| {
                let (i, j) = (at / columns, at % columns);
                (product(&v[i], &image[j]) + product(&v[j], &image[i])) / 2.0
            })
            .collect();
        let ritz = symmetric(&inside, columns)?;
        let turned = |of: &[Vec<f64>]| -> Vec<Vec<f64>> {
            ritz.vectors.chunks_exact(columns).map(|weights| combine(weights, of, d)).collect()
        };
        let (found, mut image) = (turned(&v), turned(&image));
        let residual = |i: usize| {
            let each = image[i].iter().zip(&found[i]).map(|(w, v)| w - ritz.values[i] * v);
            each.map(|x| x * x).sum::<f64>().sqrt()
        };
        let worst = (0..wanted).map(residual).fold(0.0, f64::max) / ritz.values[0].max(f64::MIN_POSITIVE);
        let told = watch(Progress { done, of: MOST, loss: worst });
        if worst <= ENOUGH || done == MOST || told.is_break() {
            return Ok(Eigen { values: ritz.values, vectors: found.concat() });
        }
        orthonormalize(&mut image);
        v = image;
    }
}

/// Gram-Schmidt, twice over; what lies in the span of those before it becomes 0.
fn orthonormalize(v: &mut [Vec<f64>]) {
    for i in 0..v.len() {
        let (before, rest) = v.split_at_mut(i);
        let one = &mut rest[0];
        let size = product(one, one).sqrt();
        for _ in 0..2 {
            for other in &*before {
                let along = product(one, other);
                one.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = product(one, one).sqrt();
        let scale = if norm > 1e-12 * size { 1.0 / norm } else { 0.0 };
        one.iter_mut().for_each(|x| *x *= scale);
    }
}

fn combine(weights: &[f64], of: &[Vec<f64>], d: usize) -> Vec<f64> {
    let mut sum = vec![0.0; d];
    for (weight, one) in weights.iter().zip(of) {
        sum.iter_mut().zip(one).for_each(|(sum, x)| *sum += weight * x);
    }
    sum
}

/// The direction whose entry of largest magnitude is positive.
fn signed(v: &[f64]) -> Vec<f32> {
    let largest = v.iter().fold(0f64, |most, &x| if x.abs() > most.abs() { x } else { most });
    v.iter().map(|x| (x * largest.signum()) as f32).collect()
}

impl Pca {
    /// The mean of the samples it was fitted to, `[D]`.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The directions `[C, D]`, each of length 1.
    pub fn components(&self) -> &Samples {
        &self.components
    }

    /// The variance of the samples along each component, over N - 1; descending.
    pub fn explained_variance(&self) -> &[f64] {
        &self.variances
    }

    /// Its share of the whole variance.
    pub fn explained_variance_ratio(&self) -> Vec<f64> {
        let total = if self.total > 0.0 { self.total } else { 1.0 };
        self.variances.iter().map(|variance| variance / total).collect()
    }
}

impl Model for Pca {
    fn width(&self) -> usize {
        self.mean.len()
    }

    fn parameters(&self) -> usize {
        self.mean.len() + self.components.values().len()
    }
}

impl Codes for Pca {
    fn code_width(&self) -> usize {
        self.components.rows()
    }

    fn encode(&self, x: &Samples) -> Result<Samples> {
        rows::fill(x, self.code_width(), |x, out| {
            let mut centered = vec![0.0; self.mean.len()];
            let rows = x.chunks_exact(self.mean.len()).zip(out.chunks_exact_mut(self.code_width()));
            for (x, out) in rows {
                centered.iter_mut().zip(x.iter().zip(&self.mean)).for_each(|(c, (x, m))| *c = x - m);
                out.iter_mut().zip(self.components.iter()).for_each(|(out, v)| *out = dot(&centered, v));
            }
        })
    }

    fn decode(&self, codes: &Samples) -> Result<Samples> {
        rows::fill(codes, self.width(), |codes, out| {
            let rows = codes.chunks_exact(self.code_width()).zip(out.chunks_exact_mut(self.width()));
            for (code, out) in rows {
                out.copy_from_slice(&self.mean);
                for (c, v) in code.iter().zip(self.components.iter()) {
                    out.iter_mut().zip(v).for_each(|(out, v)| *out += c * v);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests;
