//! Softmax regression, also called multinomial logistic regression (scikit-learn's `LogisticRegression`; Cox 1958).
//!
//! ```text
//! p = softmax(x W + b)        loss = (-sum ln p_label + alpha |W|^2 / 2) / N
//! ```
//!
//! N samples x of D numbers are `[N, D]`, weights W for C classes `[D, C]`; the intercepts b have no penalty.
//! scikit-learn's C is 1 / alpha. The loss is convex and minimized by [`lbfgs`](super::lbfgs). Products are in f32;
//! sums over chunks of rows are in f64, in a fixed order.
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

use crate::Samples;
use freewheel_core::{Result, Streams};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lbfgs::minimize;
use crate::estimator::rows::{self, BLOCK};
use crate::estimator::{ClassifierConfig, ClassifierModel, EstimatorConfig, FitCallback, FitProgress, Model};
use crate::nn::matmul::{Matrix, matmul};
use crate::settings::within;

/// Number of rows whose gradients are summed in f32.
const CHUNK: usize = 8 * BLOCK;

/// Settings of softmax regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Weight of the L2 penalty alpha |W|^2 / 2 beside the sum of log losses, at least 0; 1 / C of scikit-learn's
    /// LogisticRegression.
    pub alpha: f64,
    /// Maximum number of L-BFGS iterations, 1 to 1000000.
    pub max_iter: u32,
    /// Tolerance: stops when the largest entry of the gradient of the mean loss is at most this, at least 0.
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
    weights: Vec<f32>,
    /// Intercepts `[C]`, one per class.
    intercepts: Vec<f32>,
    width: usize,
}

impl EstimatorConfig for Config {
    const ID: &'static str = "softmax";
    const ABOUT: &'static str = "softmax (multinomial logistic) regression (Cox 1958)";
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
        let (d, c) = (x.width(), n_classes as usize);
        let mut p = vec![0.0; (d + 1) * c];
        let f = |p: &[f64], g: &mut [f64]| Ok(self.loss(x, labels, c, p, g));
        let max_iter = u64::from(self.max_iter);
        minimize(&mut p, max_iter, self.tol, f, |done, loss| {
            callback(FitProgress { done, total: max_iter, loss })
        })?;
        let mut weights = to_f32(&p);
        let intercepts = weights.split_off(d * c);
        Ok(Softmax { weights, intercepts, width: d })
    }
}

impl Config {
    /// Mean loss at the parameters `p [D + 1, C]`, with the intercepts as last row, for C = `c` classes; writes the
    /// gradient to `g [D + 1, C]`.
    fn loss(&self, x: &Samples, labels: &[u32], c: usize, p: &[f64], g: &mut [f64]) -> f64 {
        let (n, d) = (x.rows() as f64, x.width());
        let p32 = to_f32(p);
        let (weights, intercepts) = p32.split_at(d * c);
        let chunks = x.values().par_chunks(CHUNK * d).zip(labels.par_chunks(CHUNK));
        let parts: Vec<(f64, Vec<f32>)> = chunks
            .map(|(x, labels)| {
                let (mut loss, mut grad, mut out) = (0.0, vec![0f32; p.len()], vec![0.0; BLOCK * c]);
                for (x, labels) in x.chunks(BLOCK * d).zip(labels.chunks(BLOCK)) {
                    let out = &mut out[..labels.len() * c];
                    logits(x, weights, intercepts, out);
                    for (out, &label) in out.chunks_exact_mut(c).zip(labels) {
                        loss -= log_softmax(out, label as usize);
                    }
                    let (grad_weights, grad_intercepts) = grad.split_at_mut(d * c);
                    let (b, out) = (labels.len(), &*out);
                    matmul(grad_weights, Matrix::new(x, b, d).t(), Matrix::new(out, b, c), true);
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
            g.iter_mut().zip(grad).for_each(|(sum, one)| *sum += f64::from(one));
        }
        let weights = &p[..d * c];
        g.iter_mut().zip(weights).for_each(|(g, w)| *g += self.alpha * w);
        g.iter_mut().for_each(|g| *g /= n);
        (loss + self.alpha / 2.0 * weights.iter().map(|w| w * w).sum::<f64>()) / n
    }
}

/// Writes the logits `x W + b` of B samples to `out [B, C]`, with the weights W and the intercepts b.
fn logits(x: &[f32], weights: &[f32], intercepts: &[f32], out: &mut [f32]) {
    let (c, b) = (intercepts.len(), out.len() / intercepts.len());
    let d = weights.len() / c;
    out.chunks_exact_mut(c).for_each(|out| out.copy_from_slice(intercepts));
    matmul(out, Matrix::new(x, b, d), Matrix::new(weights, d, c), true);
}

/// Replaces the logits `out [C]` by the gradient of `-ln p_label` (probabilities minus 1 at `label`); returns
/// `ln p_label`, the log-probability of the class `label`.
pub(super) fn log_softmax(out: &mut [f32], label: usize) -> f64 {
    let max_iter = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let label_logit = f64::from(out[label] - max_iter);
    let sum = softmax(out);
    out[label] -= 1.0;
    label_logit - f64::from(sum).ln()
}

/// Replaces the logits `out [C]` by the class probabilities; returns the sum of exp(logit - maximum logit).
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

fn to_f32(p: &[f64]) -> Vec<f32> {
    p.iter().map(|&p| p as f32).collect()
}

impl Softmax {
    /// Weights `[D, C]`: one row per feature, one column per class.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Intercepts `[C]`, one per class.
    pub fn intercepts(&self) -> &[f32] {
        &self.intercepts
    }
}

impl Model for Softmax {
    fn n_features_in(&self) -> usize {
        self.width
    }

    fn n_parameters(&self) -> usize {
        self.weights.len() + self.intercepts.len()
    }
}

impl ClassifierModel for Softmax {
    fn n_classes(&self) -> u32 {
        self.intercepts.len() as u32
    }

    fn predict_proba(&self, x: &Samples) -> Result<Samples> {
        rows::map_rows(x, self.intercepts.len(), |x, out| {
            logits(x, &self.weights, &self.intercepts, out);
            out.chunks_exact_mut(self.intercepts.len()).for_each(|out| _ = softmax(out));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::no_callback;

    #[test]
    fn probabilities_by_hand() {
        let mut out = [0.0, 2f32.ln(), 1000.0];
        softmax(&mut out[..2]);
        assert!((out[0] - 1.0 / 3.0).abs() < 1e-6 && (out[1] - 2.0 / 3.0).abs() < 1e-6);
        let mut out = [1000.0, 1000.0 + 2f32.ln()];
        assert!((log_softmax(&mut out, 0) - (1f64 / 3.0).ln()).abs() < 1e-4);
        assert!((out[0] + 2.0 / 3.0).abs() < 1e-4 && (out[1] - 2.0 / 3.0).abs() < 1e-4);
    }

    #[test]
    fn the_gradient_is_the_differences() {
        let x = Samples::new((0..18).map(|i| (i * 7 % 5) as f32 - 2.0).collect(), 3).unwrap();
        let (labels, config) = ([0, 1, 2, 3, 0, 2], Config { alpha: 0.7, ..Config::default() });
        let p: Vec<f64> = (0..16).map(|i| f64::from(i * 5 % 7) / 10.0).collect();
        let loss = |p: &[f64]| config.loss(&x, &labels, 4, p, &mut [0.0; 16]);
        let mut g = [0.0; 16];
        config.loss(&x, &labels, 4, &p, &mut g);
        for (i, found) in g.into_iter().enumerate() {
            let (mut above, mut below) = (p.clone(), p.clone());
            above[i] += 1e-2;
            below[i] -= 1e-2;
            let expected = (loss(&above) - loss(&below)) / 2e-2;
            assert!((found - expected).abs() < 1e-4, "{i}: {found} {expected}");
        }
    }

    /// With x = 0 the probabilities are the class frequencies 3/4 and 1/4.
    #[test]
    fn frequencies_are_learned() {
        let x = Samples::new(vec![0.0; 8], 1).unwrap();
        let labels = [0, 0, 0, 1, 0, 0, 0, 1];
        let config = Config { tol: 1e-7, ..Config::default() };
        let found = config.fit(&x, &labels, 2, Streams::new(0), &mut no_callback).unwrap();
        let p = found.predict_proba(&x).unwrap();
        assert!((p.row(0)[0] - 0.75).abs() < 1e-4, "{p:?}");
        assert!((found.intercepts()[0] - found.intercepts()[1] - 3f32.ln()).abs() < 1e-3);
    }
}
