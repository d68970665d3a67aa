//! Linear and ridge regression (scikit-learn's `LinearRegression` and `Ridge`; Legendre 1805, Hoerl & Kennard 1970).
//!
//! ```text
//! y = x W + b        W = (X'X + alpha I)^-1 X'Y, X and Y centered        b = mean y - mean x W
//! ```
//!
//! Samples X are `[N, D]`, targets Y `[N, T]`; alpha is the weight of the L2 penalty, 0 for linear regression. Computed
//! with twice the digits of f64 (`normal`), which gives all certified digits of the reference data sets of NIST; for
//! large data in f64 from the eigenvectors of X'X. With more features than samples it is `W = X'(XX' + alpha I)^-1 Y`,
//! which needs no `[D, D]` matrix. For linearly dependent columns without a penalty all give the solution of minimal
//! norm, in the scale in which every column has length 1.
//!
//! ```
//! use freewheel_agents::estimator::{Estimator, Regressor};
//! use freewheel_agents::supervised::linear::Linear;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let (x, y) = (Samples::new(vec![0.0, 1.0, 2.0], 1)?, Samples::new(vec![1.0, 3.0, 5.0], 1)?);
//! let mut linear = Estimator::new(Linear::default(), Streams::new(0))?;
//! linear.fit(&x, &y)?;
//! assert_eq!(linear.predict(&Samples::new(vec![10.0], 1)?)?.values(), [21.0]);
//! assert!(linear.score(&x, &y)? > 0.999);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use crate::Samples;
use freewheel_core::graph::{Graph, Kind, Observed, Value};
use freewheel_core::{Result, Streams, memory};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estimator::double::Double;
use crate::estimator::eigen::symmetric_eigen;
use crate::estimator::rows::{self, BLOCK};
use crate::estimator::{EstimatorConfig, FitCallback, Model, RegressorConfig, RegressorModel, Task};
use crate::nn::matmul::{Matrix, matmul};
use crate::settings::within;
use crate::supervised::softmax::linear_graph;

mod normal;

/// Maximum number of products, N (D + T) times the smaller of N and D + T, for the computation with twice the digits.
const EXACT_PRODUCTS: f64 = 1e8;

/// Settings of linear regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Linear {
    /// Fit the intercept; false: the prediction for x = 0 is 0.
    pub fit_intercept: bool,
}

impl Default for Linear {
    fn default() -> Self {
        Linear { fit_intercept: true }
    }
}

/// Settings of ridge regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ridge {
    /// Weight of the L2 penalty, above 0: minimizes squared errors + alpha |W|^2, as scikit-learn's Ridge.
    pub alpha: f64,
    /// Fit the intercept, which has no penalty; false: the prediction for x = 0 is 0.
    pub fit_intercept: bool,
}

impl Default for Ridge {
    fn default() -> Self {
        Ridge { alpha: 1.0, fit_intercept: true }
    }
}

/// Fitted linear or ridge regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearModel {
    /// Weights `[T, D]`: one row per target, one column per feature.
    weights: Vec<f64>,
    /// Intercepts `[T]`, one per target.
    intercepts: Vec<f64>,
    /// Mean of the training samples, `[D]`.
    mean_x: Vec<f64>,
    /// Mean of the targets, `[T]`: the prediction for the mean sample.
    mean_y: Vec<f64>,
}

impl EstimatorConfig for Linear {
    const ID: &'static str = "linear";
    const ABOUT: &'static str = "linear regression by least squares (Legendre 1805)";
    const LARGEST: f64 = 1e120;
    const TASK: Task = Task::Regression;
    type Model = LinearModel;

    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

impl EstimatorConfig for Ridge {
    const ID: &'static str = "ridge";
    const ABOUT: &'static str = "ridge regression: least squares with an L2 penalty (Hoerl & Kennard 1970)";
    const LARGEST: f64 = 1e120;
    const TASK: Task = Task::Regression;
    type Model = LinearModel;

    fn validate(&self) -> Result<()> {
        within("alpha", self.alpha, f64::MIN_POSITIVE, f64::MAX)
    }
}

impl RegressorConfig for Linear {
    fn fit(&self, x: &Samples, y: &Samples, _: Streams, _: &mut FitCallback<'_>) -> Result<LinearModel> {
        solve(x, y, 0.0, self.fit_intercept)
    }
}

impl RegressorConfig for Ridge {
    fn fit(&self, x: &Samples, y: &Samples, _: Streams, _: &mut FitCallback<'_>) -> Result<LinearModel> {
        solve(x, y, self.alpha, self.fit_intercept)
    }
}

/// Linear model that minimizes the squared errors + `alpha` |W|^2, with weights W.
fn solve(x: &Samples, y: &Samples, alpha: f64, fit_intercept: bool) -> Result<LinearModel> {
    let (d, t) = (x.width(), y.width());
    let (n, numbers) = (x.rows(), d + t);
    let products = n as f64 * numbers as f64 * n.min(numbers) as f64;
    // Numbers of the samples and of the matrices of both methods: copies of the samples and of the products.
    let dual = d > n;
    let (copies, side) = if dual { (2, n) } else { (0, d) };
    let matrices = if dual { 4 } else { n.div_ceil(BLOCK.max(n.div_ceil(16))) + 4 };
    let kept = copies as u128 * n as u128 * d as u128 + matrices as u128 * (side as u128).pow(2);
    let exact = products <= EXACT_PRODUCTS;
    let bytes = if exact { size_of::<Double>() } else { size_of::<f64>() };
    memory::require(&format!("linear regression on {n} samples of {d} numbers"), kept * bytes as u128)?;
    if exact {
        return Ok(normal::solve(x, y, alpha, fit_intercept));
    }
    let (mean_x, mean_y) = match fit_intercept {
        true => (rows::means(x), rows::means(y)),
        false => (vec![0.0; d], vec![0.0; t]),
    };
    let weights = match dual {
        true => solve_wide(x, y, alpha, &mean_x, &mean_y)?,
        false => solve_large(x, y, alpha, &mean_x, &mean_y)?,
    };
    let intercept = |(w, mean): (&[f64], &f64)| {
        let at_mean: Double = w.iter().zip(&mean_x).map(|(&w, &m)| Double::from(w) * m.into()).sum();
        (Double::from(*mean) - at_mean).value()
    };
    let intercepts = weights.chunks_exact(d).zip(&mean_y).map(intercept).collect();
    Ok(LinearModel { weights, intercepts, mean_x, mean_y })
}

/// Weights `[T, D]` from products in f64, for many samples. Each of two more rounds fits the residuals of the round
/// before, which removes most of the rounding errors.
fn solve_large(x: &Samples, y: &Samples, alpha: f64, mean_x: &[f64], mean_y: &[f64]) -> Result<Vec<f64>> {
    let (d, t) = (x.width(), y.width());
    let (mut gram, mut cross) = gram_matrices(x, y, mean_x, mean_y);
    // Without a penalty columns may have any units: each is scaled to length 1.
    let scales: Vec<f64> = (0..d)
        .map(|i| match gram[i * d + i].sqrt() {
            length if alpha == 0.0 && length > 0.0 => 1.0 / length,
            _ => 1.0,
        })
        .collect();
    for i in 0..d {
        (0..d).for_each(|j| gram[i * d + j] *= scales[i] * scales[j]);
    }
    let found = symmetric_eigen(&gram, d)?;
    // Smaller eigenvalues (squared lengths) are rounding errors of the products.
    let least = found.values.first().map_or(0.0, |most| most * d as f64 * f64::EPSILON * 16.0);
    let mut weights = vec![0.0; t * d];
    for _ in 0..3 {
        for (value, v) in found.values.iter().zip(found.vectors.chunks_exact(d)) {
            if alpha == 0.0 && *value <= least {
                continue;
            }
            for target in 0..t {
                let dot: f64 =
                    v.iter().zip(&scales).enumerate().map(|(i, (v, s))| v * s * cross[i * t + target]).sum();
                let coefficient = dot / (value.max(0.0) + alpha);
                let row = weights[target * d..(target + 1) * d].iter_mut();
                row.zip(v.iter().zip(&scales)).for_each(|(w, (v, scale))| *w += coefficient * v * scale);
            }
        }
        cross = residual_products(x, y, mean_x, mean_y, &weights);
        for (at, cross) in cross.iter_mut().enumerate() {
            *cross -= alpha * weights[at % t * d + at / t];
        }
    }
    Ok(weights)
}

/// Weights `[T, D]` in f64 for many features and fewer samples: `W = Z'A` with `(ZZ' + alpha I) A = Y`, for the
/// centered and scaled samples Z. Two more rounds fit the residuals of the round before.
fn solve_wide(x: &Samples, y: &Samples, alpha: f64, mean_x: &[f64], mean_y: &[f64]) -> Result<Vec<f64>> {
    let (n, d, t) = (x.rows(), x.width(), y.width());
    let mut z = vec![0.0; n * d];
    z.par_chunks_mut(d).zip(x.values().par_chunks(d)).for_each(|(z, x)| center(x, mean_x, z));
    let mut scales = vec![0.0; d];
    z.chunks_exact(d).for_each(|row| scales.iter_mut().zip(row).for_each(|(sum, z)| *sum += z * z));
    for (scale, mean) in scales.iter_mut().zip(mean_x) {
        // A spread below the rounding errors of the mean is none.
        let (length, noise) = (scale.sqrt(), mean.abs() * (n as f64).sqrt() * 1e-14);
        *scale = match alpha == 0.0 {
            true if length > noise => 1.0 / length,
            true => 0.0,
            false => 1.0,
        };
    }
    z.par_chunks_mut(d).for_each(|row| row.iter_mut().zip(&scales).for_each(|(z, scale)| *z *= scale));
    let mut gram = vec![0.0; n * n];
    gram.par_chunks_mut(BLOCK * n).zip(z.par_chunks(BLOCK * d)).for_each(|(out, block)| {
        let rows = Matrix::new(block, block.len() / d, d);
        matmul(out, rows, Matrix::new(&z, n, d).t(), false);
    });
    for a in 0..n {
        (0..a).for_each(|b| gram[a * n + b] = gram[b * n + a]);
    }
    let found = symmetric_eigen(&gram, n)?;
    let least = found.values.first().map_or(0.0, |most| most * n as f64 * f64::EPSILON * 16.0);
    let mut weights = Vec::with_capacity(t * d);
    for (target, mean) in mean_y.iter().enumerate() {
        let mut w = vec![0.0; d];
        let mut a = vec![0.0; n];
        for _ in 0..3 {
            let row = |(i, z): (usize, &[f64])| {
                let fitted: f64 = z.iter().zip(&w).map(|(z, w)| z * w).sum();
                y.row(i)[target] - mean - fitted - alpha * a[i]
            };
            let residuals: Vec<f64> = z.par_chunks(d).enumerate().map(row).collect();
            for (value, v) in found.values.iter().zip(found.vectors.chunks_exact(n)) {
                if alpha == 0.0 && *value <= least {
                    continue;
                }
                let along: f64 = v.iter().zip(&residuals).map(|(v, r)| v * r).sum();
                let coefficient = along / (value.max(0.0) + alpha);
                a.iter_mut().zip(v).for_each(|(a, v)| *a += coefficient * v);
            }
            w.fill(0.0);
            for (row, a) in z.chunks_exact(d).zip(&a) {
                w.iter_mut().zip(row).for_each(|(w, z)| *w += z * a);
            }
        }
        weights.extend(w.iter().zip(&scales).map(|(w, scale)| w * scale));
    }
    Ok(weights)
}

/// Products `X'R [D, T]` of the centered samples with the residuals R of the `weights [T, D]`.
fn residual_products(x: &Samples, y: &Samples, mean_x: &[f64], mean_y: &[f64], weights: &[f64]) -> Vec<f64> {
    let (d, t) = (x.width(), y.width());
    let parts = rows::map_blocks(x, BLOCK.max(x.rows().div_ceil(16)), |first, block| {
        let (mut sums, mut row) = (vec![0.0; d * t], vec![0.0; d]);
        for (i, x) in block.chunks_exact(d).enumerate() {
            center(x, mean_x, &mut row);
            let targets = y.row(first + i).iter().zip(mean_y).zip(weights.chunks_exact(d));
            for (target, ((y, mean), w)) in targets.enumerate() {
                let residual = y - mean - row.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
                let column = sums.iter_mut().skip(target).step_by(t);
                column.zip(&row).for_each(|(sum, x)| *sum += x * residual);
            }
        }
        sums
    });
    let mut sums = vec![0.0; d * t];
    parts.iter().for_each(|part| sums.iter_mut().zip(part).for_each(|(sum, one)| *sum += one));
    sums
}

/// Products `X'X [D, D]` and `X'Y [D, T]` of the centered samples X and targets Y.
fn gram_matrices(x: &Samples, y: &Samples, mean_x: &[f64], mean_y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (d, t) = (x.width(), y.width());
    // A fixed number of parts, each of a few blocks of rows.
    let chunk = BLOCK.max(x.rows().div_ceil(16));
    let parts = rows::map_blocks(x, chunk, |first, block| {
        let (mut gram, mut cross) = (vec![0.0; d * d], vec![0.0; d * t]);
        let (mut row, mut targets) = (vec![0.0; d], vec![0.0; t]);
        for (i, x) in block.chunks_exact(d).enumerate() {
            center(x, mean_x, &mut row);
            center(y.row(first + i), mean_y, &mut targets);
            for (a, &xa) in row.iter().enumerate().filter(|(_, xa)| **xa != 0.0) {
                let upper = gram[a * d + a..(a + 1) * d].iter_mut();
                upper.zip(&row[a..]).for_each(|(g, xb)| *g += xa * xb);
                cross[a * t..(a + 1) * t].iter_mut().zip(&targets).for_each(|(s, y)| *s += xa * y);
            }
        }
        (gram, cross)
    });
    let (mut gram, mut cross) = (vec![0.0; d * d], vec![0.0; d * t]);
    for (part, part_y) in parts {
        gram.iter_mut().zip(part).for_each(|(sum, one)| *sum += one);
        cross.iter_mut().zip(part_y).for_each(|(sum, one)| *sum += one);
    }
    for a in 0..d {
        (0..a).for_each(|b| gram[a * d + b] = gram[b * d + a]);
    }
    (gram, cross)
}

fn center(x: &[f64], mean: &[f64], out: &mut [f64]) {
    out.iter_mut().zip(x.iter().zip(mean)).for_each(|(out, (x, mean))| *out = x - mean);
}

impl LinearModel {
    /// Weights `[T, D]`: one row per target, one column per feature.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Intercepts `[T]`: predictions for x = 0.
    pub fn intercepts(&self) -> &[f64] {
        &self.intercepts
    }
}

impl Model for LinearModel {
    fn n_features_in(&self) -> usize {
        self.mean_x.len()
    }

    fn n_parameters(&self) -> usize {
        self.weights.len() + self.mean_y.len()
    }

    fn check(&self) -> Result<()> {
        use crate::estimator::{ensure, is_finite};
        let (d, t) = (self.mean_x.len(), self.mean_y.len());
        ensure(d > 0 && t > 0, "it has no features or no outputs")?;
        ensure(Some(self.weights.len()) == d.checked_mul(t), "its weights have another shape")?;
        ensure(self.intercepts.len() == t, "its intercepts have another shape")?;
        let numbers: [&[f64]; _] = [&self.weights, &self.mean_x, &self.mean_y, &self.intercepts];
        ensure(is_finite(&numbers), "a number is not finite")
    }

    fn add_to(&self, graph: &mut Graph, x: Observed) -> Option<Result<(Value, Kind)>> {
        let d = self.mean_x.len();
        let by_feature =
            (0..d).flat_map(|j| self.weights.iter().skip(j).step_by(d).copied()).collect::<Vec<f64>>();
        let predicted = linear_graph(graph, x, &by_feature, &self.mean_x, &self.mean_y);
        Some(Ok((predicted, Kind::F64)))
    }
}

impl RegressorModel for LinearModel {
    fn predict(&self, x: &Samples) -> Result<Samples> {
        let (d, t) = (self.mean_x.len(), self.mean_y.len());
        rows::map_rows(x, t, |x, out| {
            let mut row = vec![0.0; d];
            for (x, out) in x.chunks_exact(d).zip(out.chunks_exact_mut(t)) {
                center(x, &self.mean_x, &mut row);
                let targets = self.weights.chunks_exact(d).zip(&self.mean_y);
                for (out, (w, mean)) in out.iter_mut().zip(targets) {
                    *out = mean + row.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
                }
            }
        })
    }
}

#[cfg(test)]
mod nist;
#[cfg(test)]
mod tests;
