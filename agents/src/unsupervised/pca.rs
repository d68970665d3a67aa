//! Principal component analysis (scikit-learn's `PCA`; Pearson 1901): the orthogonal directions of largest variance.
//!
//! ```text
//! C = X'X / (N - 1), X centered     C v_i = variance_i v_i     code = (x - mean) V'
//! ```
//!
//! V has the components v_i as rows. For few components of many columns, the fit uses subspace iteration on the samples
//! (Rutishauser 1969), without the covariance matrix C; otherwise it computes the eigenvectors of C. The entry of
//! largest magnitude of each component is positive, as in scikit-learn.
//!
//! ```
//! use freewheel_agents::estimator::{Estimator, Transformer};
//! use freewheel_agents::unsupervised::pca::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let x = Samples::new(vec![0.0, 0.0, 1.0, 2.0, 2.0, 4.0], 2)?; // on the line y = 2 x
//! let mut pca = Estimator::new(Config { n_components: 1 }, Streams::new(0))?;
//! pca.fit(&x)?;
//! assert!((pca.transform(&x)?.row(2)[0] - 5f64.sqrt()).abs() < 1e-5);
//! assert!((pca.model()?.explained_variance_ratio()[0] - 1.0).abs() < 1e-9);
//! assert!(pca.score(&x)? > -1e-9);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use crate::Samples;
use freewheel_core::{Error, Purpose, Result, Stream, Streams, memory};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estimator::eigen::{Eigen, dot_f64, symmetric_eigen};
use crate::estimator::rows::{self, BLOCK, dot};
use crate::estimator::{
    EstimatorConfig, FitCallback, FitProgress, Model, Task, TransformerConfig, TransformerModel, ensure,
    is_finite,
};
use crate::nn::matmul::{Matrix, matmul};
use crate::settings::within;

/// Number of rows whose products are accumulated in f32.
const CHUNK: usize = 8 * BLOCK;
/// Minimum number of additional directions in subspace iteration, which speed up convergence.
const OVERSAMPLING: usize = 8;
/// Maximum number of subspace iterations; about ten are usual.
const MAX_ITERATIONS: u64 = 300;
/// Tolerance of subspace iteration: residual `|C v - variance v|` relative to the largest variance; f32 sums allow no
/// smaller one.
const TOLERANCE: f64 = 2e-6;

/// Settings of PCA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Number of components, 1 to the columns of a sample and at most the number of samples - 1.
    pub n_components: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_components: 2 }
    }
}

/// A fitted PCA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    mean: Vec<f64>,
    components: Samples,
    variances: Vec<f64>,
    total: f64,
}

impl EstimatorConfig for Config {
    const ID: &'static str = "pca";
    const ABOUT: &'static str = "principal component analysis: directions of largest variance (Pearson 1901)";
    const TASK: Task = Task::Unsupervised;
    type Model = Pca;

    fn validate(&self) -> Result<()> {
        within("n_components", f64::from(self.n_components), 1.0, 65_536.0)
    }
}

impl TransformerConfig for Config {
    fn fit(&self, x: &Samples, streams: Streams, callback: &mut FitCallback<'_>) -> Result<Pca> {
        let (k, d) = (self.n_components as usize, x.width());
        if k > d.min(x.rows().saturating_sub(1)) {
            return Err(Error::Config(format!(
                "n_components = {k}: {} samples of {d} numbers have at most {} components",
                x.rows(),
                d.min(x.rows().saturating_sub(1))
            )));
        }
        let mean = rows::means(x);
        let degrees_of_freedom = (x.rows() - 1) as f64;
        let total = rows::squared_deviations(x, &mean) / degrees_of_freedom;
        let columns = (k + OVERSAMPLING.max(k / 2)).min(d);
        let square = if columns * 4 > d { d } else { columns } as u128;
        memory::require(
            &format!("n_components = {k} with samples of {d} numbers"),
            // Products of up to 16 chunks in f32, their sum and the eigenvectors in f64.
            square * d as u128 * (16 * 4 + 3 * 8),
        )?;
        // For many components, the covariance matrix is less work.
        let Eigen { values, vectors } = if columns * 4 > d {
            symmetric_eigen(&covariance_product(x, &mean, None, d), d)?
        } else {
            let mut rng = streams.stream(Purpose::Agent, 0, 0);
            subspace(x, &mean, k, columns, &mut rng, callback)?
        };
        let axes: Vec<f64> = vectors.chunks_exact(d).take(k).flat_map(with_positive_largest).collect();
        let variances = values.iter().take(k).map(|value| value.max(0.0) / degrees_of_freedom).collect();
        Ok(Pca { mean, components: Samples::new(axes, d)?, variances, total })
    }
}

/// Product `X'X V [D, C]` of the centered samples X with `c` directions V; V is the identity if `v` is `None`. Chunks
/// of rows are summed in f32, their sums in f64.
fn covariance_product(x: &Samples, mean: &[f64], v: Option<&[f32]>, c: usize) -> Vec<f64> {
    let d = x.width();
    // Fewer chunks of rows if their products are large.
    let chunk = if v.is_some() { CHUNK } else { CHUNK.max(x.rows().div_ceil(16)) };
    let parts: Vec<Vec<f32>> = (x.values().par_chunks(chunk * d))
        .map(|part| {
            let (mut out, mut projected) = (vec![0.0; d * c], vec![0.0; BLOCK * c]);
            let mut centered = vec![0.0; part.len().min(BLOCK * d)];
            for block in part.chunks(BLOCK * d) {
                let centered = &mut centered[..block.len()];
                rows::center(block, mean, centered);
                let b = block.len() / d;
                let block = Matrix::new(centered, b, d);
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
    rows::sum_parts(&parts)
}

/// The `k` leading eigenvectors of `X'X` to within [`TOLERANCE`], by subspace iteration with `columns` directions.
fn subspace(
    x: &Samples,
    mean: &[f64],
    k: usize,
    columns: usize,
    rng: &mut Stream,
    callback: &mut FitCallback<'_>,
) -> Result<Eigen> {
    let d = x.width();
    // Directions as rows, contiguous in memory.
    let mut v: Vec<Vec<f64>> = (0..columns).map(|_| (0..d).map(|_| rng.normal()).collect()).collect();
    orthonormalize(&mut v);
    let mut done = 0;
    loop {
        done += 1;
        let as_columns: Vec<f32> = (0..d).flat_map(|i| v.iter().map(move |v| v[i] as f32)).collect();
        let image = covariance_product(x, mean, Some(&as_columns), columns);
        let image: Vec<Vec<f64>> =
            (0..columns).map(|c| image[c..].iter().step_by(columns).copied().collect()).collect();
        // Rayleigh-Ritz method: the best directions within the subspace.
        let inside: Vec<f64> = (0..columns * columns)
            .map(|at| {
                let (i, j) = (at / columns, at % columns);
                (dot_f64(&v[i], &image[j]) + dot_f64(&v[j], &image[i])) / 2.0
            })
            .collect();
        let ritz = symmetric_eigen(&inside, columns)?;
        let turned = |of: &[Vec<f64>]| -> Vec<Vec<f64>> {
            ritz.vectors.chunks_exact(columns).map(|weights| combine(weights, of, d)).collect()
        };
        let (found, mut image) = (turned(&v), turned(&image));
        let residual = |i: usize| {
            let each = image[i].iter().zip(&found[i]).map(|(w, v)| w - ritz.values[i] * v);
            each.map(|x| x * x).sum::<f64>().sqrt()
        };
        let residual_norm = (0..k).map(residual).fold(0.0, f64::max) / ritz.values[0].max(f64::MIN_POSITIVE);
        let stop = callback(FitProgress { done, total: MAX_ITERATIONS, loss: residual_norm });
        if residual_norm <= TOLERANCE || done == MAX_ITERATIONS || stop.is_break() {
            return Ok(Eigen { values: ritz.values, vectors: found.concat() });
        }
        orthonormalize(&mut image);
        v = image;
    }
}

/// Gram-Schmidt orthogonalization, twice for precision; linearly dependent vectors become 0.
fn orthonormalize(v: &mut [Vec<f64>]) {
    for i in 0..v.len() {
        let (before, rest) = v.split_at_mut(i);
        let one = &mut rest[0];
        let size = dot_f64(one, one).sqrt();
        for _ in 0..2 {
            for other in &*before {
                let along = dot_f64(one, other);
                one.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = dot_f64(one, one).sqrt();
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

/// `v` with the sign that makes its entry of largest magnitude positive.
fn with_positive_largest(v: &[f64]) -> Vec<f64> {
    let largest = v.iter().fold(0f64, |most, &x| if x.abs() > most.abs() { x } else { most });
    v.iter().map(|x| x * largest.signum()).collect()
}

impl Pca {
    /// Mean of the training samples, `[D]`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Principal components `[C, D]`, each of length 1.
    pub fn components(&self) -> &Samples {
        &self.components
    }

    /// Variance of the training samples along each component with N - 1 degrees of freedom, descending, `[C]`.
    pub fn explained_variance(&self) -> &[f64] {
        &self.variances
    }

    /// Share of the total variance of the training samples along each component, `[C]`.
    pub fn explained_variance_ratio(&self) -> Vec<f64> {
        let total = if self.total > 0.0 { self.total } else { 1.0 };
        self.variances.iter().map(|variance| variance / total).collect()
    }
}

impl Model for Pca {
    fn n_features_in(&self) -> usize {
        self.mean.len()
    }

    fn n_parameters(&self) -> usize {
        self.mean.len() + self.components.values().len()
    }

    fn check(&self) -> Result<()> {
        let (rows, width) = (self.components.rows(), self.components.width());
        ensure(rows > 0, "it has no components")?;
        ensure([self.mean.len(), self.variances.len()] == [width, rows], "its components differ in length")?;
        ensure(is_finite(&[self.components.values(), &self.mean]), "a number is not finite")?;
        let is_variance = |x: &f64| (0.0..=f64::MAX).contains(x);
        ensure(self.variances.iter().chain([&self.total]).all(is_variance), "a variance is out of range")
    }
}

impl TransformerModel for Pca {
    fn n_features_out(&self) -> usize {
        self.components.rows()
    }

    fn transform(&self, x: &Samples) -> Result<Samples> {
        let components = self.components.to_f32();
        rows::map_rows(x, self.n_features_out(), |x, out| {
            let mut centered = vec![0.0; self.mean.len()];
            let rows = x.chunks_exact(self.mean.len()).zip(out.chunks_exact_mut(self.n_features_out()));
            for (x, out) in rows {
                rows::center(x, &self.mean, &mut centered);
                let components = components.chunks_exact(self.mean.len());
                out.iter_mut().zip(components).for_each(|(out, v)| *out = dot(&centered, v).into());
            }
        })
    }

    fn inverse_transform(&self, codes: &Samples) -> Result<Samples> {
        rows::map_rows(codes, self.n_features_in(), |codes, out| {
            let rows =
                codes.chunks_exact(self.n_features_out()).zip(out.chunks_exact_mut(self.n_features_in()));
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
