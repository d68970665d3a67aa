//! Softmax regression, also called multinomial logistic regression (scikit-learn's `LogisticRegression`; Cox 1958).
//!
//! ```text
//! p = softmax(x W + b)        loss = (-sum ln p_label + alpha |W|^2 / 2) / N
//! ```
//!
//! N samples x of D numbers are `[N, D]`, weights W for C classes `[D, C]`; the intercepts b have no penalty.
//! scikit-learn's C is 1 / alpha. For two classes scikit-learn has one column of weights, the difference of both
//! columns of W, and its C is 2 / alpha.
//!
//! The loss is convex. It is minimized in f64 over centered columns, each scaled so that all directions have about the
//! same curvature, by [`lbfgs`], and for few parameters then by `newton` to the last digits. Sums over chunks of rows
//! are added in a fixed order.
//!
//! ```
//! use freewheel_agents::estimator::{Classifier, Estimator};
//! use freewheel_agents::supervised::softmax::Config;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let (x, labels) = (Samples::new(vec![0.0, 1.0, 8.0, 9.0], 1)?, [0, 0, 1, 1]);
//! let mut softmax = Estimator::new(Config { alpha: 0.1, ..Config::default() }, Streams::new(0))?;
//! softmax.fit(&x, &labels)?;
//! assert!(softmax.predict_proba(&Samples::new(vec![9.0], 1)?)?.row(0)[1] > 0.9);
//! assert_eq!(softmax.score(&x, &labels)?, 1.0);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use std::cell::Cell;

use crate::Samples;
use freewheel_core::graph::{Data, Graph, Kind, Observed, Op, Value};
use freewheel_core::{Result, Streams};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{lbfgs, newton};
use crate::estimator::rows::{self, BLOCK};
use crate::estimator::{
    ClassifierConfig, ClassifierModel, EstimatorConfig, FitCallback, FitProgress, Model, Task,
};
use crate::nn::matmul::{Matrix, matmul};
use crate::settings::within;

/// Number of rows whose gradients are one part of the sum.
const CHUNK: usize = 8 * BLOCK;
/// Maximum number of parameters P for which Newton's method is used.
const NEWTON_PARAMETERS: usize = 512;
/// Maximum of N P^2, the number of products for one Hessian matrix, for which Newton's method is used.
const NEWTON_PRODUCTS: f64 = 4e9;

/// Settings of softmax regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Weight of the L2 penalty alpha |W|^2 / 2 beside the sum of log losses, at least 0; 1 / C of scikit-learn's
    /// LogisticRegression (2 / C for two classes).
    pub alpha: f64,
    /// Maximum number of iterations, 1 to 1000000.
    pub max_iter: u32,
    /// Tolerance: L-BFGS stops when the largest entry of the gradient of the mean loss, per standard deviation of a
    /// column, is at most this, at least 0.
    pub tol: f64,
}

impl Default for Config {
    fn default() -> Self {
        Config { alpha: 1.0, max_iter: 200, tol: 1e-4 }
    }
}

/// A fitted softmax regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Softmax {
    /// Weights `[D, C]`: one row per feature, one column per class.
    weights: Vec<f64>,
    /// Logits at the mean of the training samples, `[C]`.
    at_mean: Vec<f64>,
    /// Mean of the training samples, `[D]`.
    mean: Vec<f64>,
    convergence: Convergence,
}

/// Distance of a fit from the optimum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// Number of iterations.
    pub iterations: u64,
    /// Largest entry of the gradient of the mean loss, per standard deviation of a column.
    pub gradient: f64,
    /// Whether the gradient is at most the tolerance.
    pub reached: bool,
}

impl EstimatorConfig for Config {
    const ID: &'static str = "softmax";
    const ABOUT: &'static str = "softmax (multinomial logistic) regression (Cox 1958)";
    const LARGEST: f64 = 1e150;
    const TASK: Task = Task::Classification;
    type Model = Softmax;

    fn validate(&self) -> Result<()> {
        within("alpha", self.alpha, 0.0, f64::MAX)?;
        within("max_iter", f64::from(self.max_iter), 1.0, 1e6)?;
        within("tol", self.tol, 0.0, f64::MAX)
    }
}

impl ClassifierConfig for Config {
    fn fit(
        &self,
        x: &Samples,
        labels: &[u32],
        n_classes: u32,
        _: Streams,
        callback: &mut FitCallback<'_>,
    ) -> Result<Softmax> {
        let problem = Problem::new(x, labels, n_classes as usize, self.alpha);
        let mut p = vec![0.0; problem.parameters()];
        let products = x.rows() as f64 * (p.len() as f64).powi(2);
        let newton = p.len() <= NEWTON_PARAMETERS && products <= NEWTON_PRODUCTS;
        let total = u64::from(self.max_iter);
        let (iterations, stopped) = (Cell::new(0), Cell::new(false));
        let mut report = |_, loss| {
            iterations.set(iterations.get() + 1);
            let next = callback(FitProgress { done: iterations.get(), total, loss });
            stopped.set(next.is_break());
            next
        };
        // Newton's method gets half of the iterations.
        let first = if newton { total.div_ceil(2) } else { total };
        lbfgs::minimize(&mut p, first, self.tol, |p, g| Ok(problem.loss(p, g)), &mut report)?;
        if newton && !stopped.get() {
            newton::minimize(&mut p, total - iterations.get(), &problem, &mut report)?;
        }
        let mut gradient = vec![0.0; p.len()];
        problem.loss(&p, &mut gradient);
        let gradient = gradient.iter().fold(0f64, |most, g| most.max(g.abs()));
        let convergence =
            Convergence { iterations: iterations.get(), gradient, reached: gradient <= self.tol };
        let (weights, at_mean) = problem.original(p);
        Ok(Softmax { weights, at_mean, mean: problem.mean, convergence })
    }
}

/// Loss over the samples, centered and scaled: `z = (x - mean) factor`.
struct Problem<'a> {
    x: &'a Samples,
    labels: &'a [u32],
    /// Number of classes C.
    c: usize,
    mean: Vec<f64>,
    factor: Vec<f64>,
    /// Weight of the penalty of each column for scaled samples, `[D]`.
    penalty: Vec<f64>,
}

impl<'a> Problem<'a> {
    fn new(x: &'a Samples, labels: &'a [u32], c: usize, alpha: f64) -> Self {
        let mean = rows::means(x);
        let deviations = rows::deviations(x, &mean);
        // The curvature along a weight is about n q s^2 + alpha, with the standard deviation s of its column.
        let n = x.rows() as f64;
        let q = (c.max(2) - 1) as f64 / (c.max(2) as f64).powi(2);
        let scale = |(s, m): (f64, &f64)| {
            // A spread below the rounding errors of the mean is none.
            let s = if s > m.abs() * 1e-14 { s } else { 0.0 };
            (s * s + alpha / (n * q)).sqrt()
        };
        let scales = deviations.into_iter().zip(&mean).map(scale);
        let factor: Vec<f64> = scales.map(|scale| if scale > 0.0 { 1.0 / scale } else { 0.0 }).collect();
        let penalty = factor.iter().map(|factor| alpha * factor * factor).collect();
        Problem { x, labels, c, mean, factor, penalty }
    }

    /// Number of parameters `[D + 1, C]`, with the intercepts as last row.
    fn parameters(&self) -> usize {
        (self.mean.len() + 1) * self.c
    }

    /// Writes the scaled rows `x [B, D]` to `z [B, D]`.
    fn scale(&self, x: &[f64], z: &mut [f64]) {
        let d = self.mean.len();
        for (x, z) in x.chunks_exact(d).zip(z.chunks_exact_mut(d)) {
            let columns = self.mean.iter().zip(&self.factor);
            z.iter_mut().zip(x.iter().zip(columns)).for_each(|(z, (x, (m, f)))| *z = (x - m) * f);
        }
    }

    /// Mean loss at the parameters `p [D + 1, C]`; writes the gradient to `g [D + 1, C]`.
    fn loss(&self, p: &[f64], g: &mut [f64]) -> f64 {
        let (n, d, c) = (self.labels.len() as f64, self.mean.len(), self.c);
        let (weights, intercepts) = p.split_at(d * c);
        let chunks = self.x.values().par_chunks(CHUNK * d).zip(self.labels.par_chunks(CHUNK));
        let parts: Vec<(f64, Vec<f64>)> = chunks
            .map(|(x, labels)| {
                let (mut loss, mut grad) = (0.0, vec![0.0; p.len()]);
                let (mut z, mut out) = (vec![0.0; BLOCK * d], vec![0.0; BLOCK * c]);
                for (x, labels) in x.chunks(BLOCK * d).zip(labels.chunks(BLOCK)) {
                    let (z, out) = (&mut z[..x.len()], &mut out[..labels.len() * c]);
                    self.scale(x, z);
                    logits(z, weights, intercepts, out);
                    for (out, &label) in out.chunks_exact_mut(c).zip(labels) {
                        loss -= log_softmax_f64(out, label as usize);
                    }
                    let (grad_weights, grad_intercepts) = grad.split_at_mut(d * c);
                    let (b, out) = (labels.len(), &*out);
                    matmul(grad_weights, Matrix::new(z, b, d).t(), Matrix::new(out, b, c), true);
                    for out in out.chunks_exact(c) {
                        grad_intercepts.iter_mut().zip(out).for_each(|(sum, one)| *sum += one);
                    }
                }
                (loss, grad)
            })
            .collect();
        g.fill(0.0);
        let mut loss = 0.0;
        for (one, grad) in parts {
            loss += one;
            g.iter_mut().zip(grad).for_each(|(sum, one)| *sum += one);
        }
        for ((g, w), penalty) in g.chunks_exact_mut(c).zip(weights.chunks_exact(c)).zip(&self.penalty) {
            g.iter_mut().zip(w).for_each(|(g, w)| *g += penalty * w);
            loss += penalty / 2.0 * w.iter().map(|w| w * w).sum::<f64>();
        }
        g.iter_mut().for_each(|g| *g /= n);
        loss / n
    }

    /// Weights `[D, C]` for the original samples, and the logits at their mean.
    fn original(&self, mut p: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
        let at_mean = p.split_off(self.mean.len() * self.c);
        let rows = p.chunks_exact_mut(self.c).zip(&self.factor);
        rows.for_each(|(row, factor)| row.iter_mut().for_each(|w| *w *= factor));
        (p, at_mean)
    }
}

impl newton::Objective for Problem<'_> {
    fn value(&self, p: &[f64], gradient: &mut [f64]) -> f64 {
        self.loss(p, gradient)
    }

    /// `sum_i z_ij z_ik (p_ia [a = b] - p_ia p_ib) / N` for the parameters (j, a) and (k, b), and the penalty on the
    /// diagonal; z has a last column of ones.
    fn hessian(&self, p: &[f64]) -> Vec<f64> {
        let (n, d, c) = (self.labels.len(), self.mean.len(), self.c);
        let (weights, intercepts) = p.split_at(d * c);
        let w = d + 1;
        let pairs: Vec<(usize, usize)> = (0..c).flat_map(|a| (a..c).map(move |b| (a, b))).collect();
        let parts = rows::map_blocks(self.x, CHUNK.max(n.div_ceil(16)), |_, x| {
            let mut sums = vec![0.0; pairs.len() * w * w];
            for x in x.chunks(BLOCK * d) {
                let b = x.len() / d;
                let (mut z, mut out) = (vec![0.0; x.len()], vec![0.0; b * c]);
                self.scale(x, &mut z);
                logits(&z, weights, intercepts, &mut out);
                out.chunks_exact_mut(c).for_each(softmax_f64);
                let ones: Vec<f64> = z.chunks_exact(d).flat_map(|z| z.iter().copied().chain([1.0])).collect();
                let mut weighted = vec![0.0; b * w];
                for (&(i, j), sum) in pairs.iter().zip(sums.chunks_exact_mut(w * w)) {
                    let rows =
                        weighted.chunks_exact_mut(w).zip(ones.chunks_exact(w)).zip(out.chunks_exact(c));
                    for ((weighted, z), p) in rows {
                        let factor = p[i] * (f64::from(u8::from(i == j)) - p[j]);
                        weighted.iter_mut().zip(z).for_each(|(to, z)| *to = factor * z);
                    }
                    matmul(sum, Matrix::new(&ones, b, w).t(), Matrix::new(&weighted, b, w), true);
                }
            }
            sums
        });
        let mut hessian = vec![0.0; p.len() * p.len()];
        for part in parts {
            for (&(i, j), sum) in pairs.iter().zip(part.chunks_exact(w * w)) {
                for (at, value) in sum.iter().enumerate() {
                    let (row, column) = (at / w * c, at % w * c);
                    hessian[(row + i) * p.len() + column + j] += value / n as f64;
                    if i != j {
                        hessian[(row + j) * p.len() + column + i] += value / n as f64;
                    }
                }
            }
        }
        for (at, penalty) in self.penalty.iter().flat_map(|p| std::iter::repeat_n(p, c)).enumerate() {
            hessian[at * p.len() + at] += penalty / n as f64;
        }
        hessian
    }
}

/// Writes the logits `z W + b` of B samples to `out [B, C]`, with the weights W and the intercepts b.
fn logits(z: &[f64], weights: &[f64], intercepts: &[f64], out: &mut [f64]) {
    let (c, b) = (intercepts.len(), out.len() / intercepts.len());
    let d = weights.len() / c;
    out.chunks_exact_mut(c).for_each(|out| out.copy_from_slice(intercepts));
    matmul(out, Matrix::new(z, b, d), Matrix::new(weights, d, c), true);
}

/// [`log_softmax`] in f64.
fn log_softmax_f64(out: &mut [f64], label: usize) -> f64 {
    let max = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let label_logit = out[label] - max;
    let sum: f64 = out.iter().map(|out| (out - max).exp()).sum();
    softmax_f64(out);
    out[label] -= 1.0;
    label_logit - sum.ln()
}

/// Replaces the logits `out [C]` by the class probabilities.
fn softmax_f64(out: &mut [f64]) {
    let max = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    out.iter_mut().for_each(|out| *out = (*out - max).exp());
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|out| *out /= sum);
}

/// Replaces the logits `out [C]` of a network by the gradient of `-ln p_label` (probabilities minus 1 at `label`);
/// returns `ln p_label`, the log-probability of the class `label`.
pub(super) fn log_softmax(out: &mut [f32], label: usize) -> f64 {
    let max_iter = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let label_logit = f64::from(out[label] - max_iter);
    let sum = softmax(out);
    out[label] -= 1.0;
    label_logit - f64::from(sum).ln()
}

/// Replaces the logits `out [C]` of a network by the class probabilities; returns the sum of exp(logit - maximum
/// logit).
pub(super) fn softmax(out: &mut [f32]) -> f32 {
    let max_iter = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for out in out.iter_mut() {
        *out = (*out - max_iter).exp();
        sum += *out;
    }
    out.iter_mut().for_each(|out| *out /= sum);
    sum
}

impl Softmax {
    /// Weights `[D, C]`: one row per feature, one column per class.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Intercepts `[C]`, one per class: logits for x = 0.
    pub fn intercepts(&self) -> Vec<f64> {
        let mut intercepts = self.at_mean.clone();
        for (row, mean) in self.weights.chunks_exact(intercepts.len()).zip(&self.mean) {
            intercepts.iter_mut().zip(row).for_each(|(b, w)| *b -= mean * w);
        }
        intercepts
    }

    /// Distance of the fit from the optimum.
    pub fn convergence(&self) -> Convergence {
        self.convergence
    }
}

impl Model for Softmax {
    fn n_features_in(&self) -> usize {
        self.mean.len()
    }

    fn n_parameters(&self) -> usize {
        self.weights.len() + self.at_mean.len()
    }

    fn check(&self) -> Result<()> {
        use crate::estimator::{ensure, is_finite};
        let (d, t) = (self.mean.len(), self.at_mean.len());
        ensure(d > 0 && t > 0, "it has no features or no outputs")?;
        ensure(Some(self.weights.len()) == d.checked_mul(t), "its weights have another shape")?;
        let numbers: [&[f64]; _] = [&self.weights, &self.mean, &self.at_mean];
        ensure(is_finite(&numbers), "a number is not finite")
    }

    fn add_to(&self, graph: &mut Graph, x: Observed) -> Option<Result<(Value, Kind)>> {
        Some(Ok((linear_graph(graph, x, &self.weights, &self.mean, &self.at_mean), Kind::F64)))
    }
}

/// Adds `(x - mean) W + at_mean` in f64 to `graph`, `[N, C]`, for weights W `[D, C]`; of an index, x is one-hot.
pub(super) fn linear_graph(
    graph: &mut Graph,
    x: Observed,
    weights: &[f64],
    mean: &[f64],
    at_mean: &[f64],
) -> Value {
    let (d, c) = (mean.len(), at_mean.len());
    let w = graph.parameter("weight", &[d, c], Data::F64(weights.to_vec()));
    match x {
        Observed::Index(index) => {
            let mut offset = at_mean.to_vec();
            for (w, mean) in weights.chunks_exact(c).zip(mean) {
                offset.iter_mut().zip(w).for_each(|(offset, w)| *offset -= mean * w);
            }
            let offset = graph.parameter("bias", &[c], Data::F64(offset));
            let row = graph.apply(Op::Gather { axis: 0 }, &[w, index]);
            graph.apply(Op::Add, &[row, offset])
        }
        Observed::Numbers(x) => {
            let mean = graph.parameter("mean", &[d], Data::F64(mean.to_vec()));
            let at_mean = graph.parameter("bias", &[c], Data::F64(at_mean.to_vec()));
            let x = graph.apply(Op::Cast(Kind::F64), &[x]);
            let centered = graph.apply(Op::Sub, &[x, mean]);
            let product = graph.apply(Op::MatMul, &[centered, w]);
            graph.apply(Op::Add, &[product, at_mean])
        }
    }
}

impl ClassifierModel for Softmax {
    fn n_classes(&self) -> u32 {
        self.at_mean.len() as u32
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        let c = self.at_mean.len();
        rows::map_rows(x, c, |x, out| {
            let columns = self.mean.iter().cycle();
            let centered: Vec<f64> = x.iter().zip(columns).map(|(x, mean)| x - mean).collect();
            logits(&centered, &self.weights, &self.at_mean, out);
            out.chunks_exact_mut(c).for_each(softmax_f64);
        })
    }
}

#[cfg(test)]
mod tests;
