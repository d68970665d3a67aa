//! Linear and ridge regression (scikit-learn's `LinearRegression` and `Ridge`; Legendre 1805, Hoerl & Kennard 1970).
//!
//! ```text
//! y = x W + b        W = (X'X + alpha I)^-1 X'Y, X and Y centered        b = mean y - mean x W
//! ```
//!
//! Samples X are `[N, D]`, targets Y `[N, T]`; alpha is the weight of the L2 penalty, 0 for linear regression. Computed
//! in f64 from the eigenvectors of X'X; for linearly dependent columns without a penalty this gives the solution of
//! minimal norm.
//!
//! ```
//! use freewheel_agents::estimator::{Estimator, Regressor};
//! use freewheel_agents::supervised::linear::Linear;
//! use freewheel_core::{Streams};
//! use freewheel_agents::{Samples};
//!
//! let (x, y) = (Samples::new(vec![0.0, 1.0, 2.0], 1)?, Samples::new(vec![1.0, 3.0, 5.0], 1)?);
//! let mut linear = Estimator::new(Linear {}, Streams::new(0))?;
//! linear.fit(&x, &y)?;
//! assert_eq!(linear.predict(&Samples::new(vec![10.0], 1)?)?.values(), [21.0]);
//! assert!(linear.score(&x, &y)? > 0.999);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use crate::Samples;
use freewheel_core::{Result, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estimator::eigen::symmetric_eigen;
use crate::estimator::rows::{self, BLOCK};
use crate::estimator::{EstimatorConfig, FitCallback, Model, RegressorConfig, RegressorModel};
use crate::settings::within;

/// Settings of linear regression: none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Linear {}

/// Settings of ridge regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ridge {
    /// Weight of the L2 penalty, above 0: minimizes squared errors + alpha |W|^2, as scikit-learn's Ridge.
    pub alpha: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Ridge { alpha: 1.0 }
    }
}

/// Fitted linear or ridge regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearModel {
    /// Weights `[T, D]`: one row per target, one column per feature.
    weights: Vec<f64>,
    /// Intercepts `[T]`, one per target.
    intercepts: Vec<f64>,
    width: usize,
}

impl EstimatorConfig for Linear {
    const ID: &'static str = "linear";
    const ABOUT: &'static str = "linear regression by least squares (Legendre 1805)";
    type Model = LinearModel;

    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

impl EstimatorConfig for Ridge {
    const ID: &'static str = "ridge";
    const ABOUT: &'static str = "ridge regression: least squares with an L2 penalty (Hoerl & Kennard 1970)";
    type Model = LinearModel;

    fn validate(&self) -> Result<()> {
        within("alpha", self.alpha, f64::MIN_POSITIVE, f64::MAX)
    }
}

impl RegressorConfig for Linear {
    fn fit(&self, x: &Samples, y: &Samples, _: Streams, _: &mut FitCallback<'_>) -> Result<LinearModel> {
        solve(x, y, 0.0)
    }
}

impl RegressorConfig for Ridge {
    fn fit(&self, x: &Samples, y: &Samples, _: Streams, _: &mut FitCallback<'_>) -> Result<LinearModel> {
        solve(x, y, self.alpha)
    }
}

/// Linear model that minimizes the squared errors + `alpha` |W|^2, with weights W.
fn solve(x: &Samples, y: &Samples, alpha: f64) -> Result<LinearModel> {
    let (d, t) = (x.width(), y.width());
    let (mean_x, mean_y) = (rows::means(x), rows::means(y));
    let (mut gram, mut cross) = gram_matrices(x, y, &mean_x, &mean_y);
    // Without a penalty columns may have any units: each is scaled to length 1.
    let scales: Vec<f64> = (0..d)
        .map(|i| match gram[i * d + i].sqrt() {
            length if alpha == 0.0 && length > 0.0 => 1.0 / length,
            _ => 1.0,
        })
        .collect();
    for i in 0..d {
        (0..d).for_each(|j| gram[i * d + j] *= scales[i] * scales[j]);
        cross[i * t..(i + 1) * t].iter_mut().for_each(|s| *s *= scales[i]);
    }
    let found = symmetric_eigen(&gram, d)?;
    // Smaller eigenvalues (squared lengths) are rounding errors of the samples.
    let rounding = d as f64 * f64::from(f32::EPSILON);
    let least = found.values.first().map_or(0.0, |most| most * rounding * rounding);
    let mut weights = vec![0.0; t * d];
    for (value, v) in found.values.iter().zip(found.vectors.chunks_exact(d)) {
        if alpha == 0.0 && *value <= least {
            continue;
        }
        for target in 0..t {
            let dot: f64 = v.iter().enumerate().map(|(i, v)| v * cross[i * t + target]).sum();
            let coefficient = dot / (value.max(0.0) + alpha);
            let row = weights[target * d..(target + 1) * d].iter_mut();
            row.zip(v.iter().zip(&scales)).for_each(|(w, (v, scale))| *w += coefficient * v * scale);
        }
    }
    let at_mean = |w: &[f64]| -> f64 { w.iter().zip(&mean_x).map(|(w, m)| w * m).sum() };
    let intercepts = weights.chunks_exact(d).zip(&mean_y).map(|(w, mean)| mean - at_mean(w)).collect();
    Ok(LinearModel { weights, intercepts, width: d })
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

fn center(x: &[f32], mean: &[f64], out: &mut [f64]) {
    out.iter_mut().zip(x.iter().zip(mean)).for_each(|(out, (x, mean))| *out = f64::from(*x) - mean);
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
        self.width
    }

    fn n_parameters(&self) -> usize {
        self.weights.len() + self.intercepts.len()
    }
}

impl RegressorModel for LinearModel {
    fn predict(&self, x: &Samples) -> Result<Samples> {
        rows::map_rows(x, self.intercepts.len(), |x, out| {
            for (x, out) in x.chunks_exact(self.width).zip(out.chunks_exact_mut(self.intercepts.len())) {
                let targets = self.weights.chunks_exact(self.width).zip(&self.intercepts);
                for (out, (w, b)) in out.iter_mut().zip(targets) {
                    *out = (b + x.iter().zip(w).map(|(x, w)| f64::from(*x) * w).sum::<f64>()) as f32;
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::metrics::r_squared;
    use crate::estimator::no_callback;
    use proptest::prelude::*;

    fn samples(values: &[f32], width: usize) -> Samples {
        Samples::new(values.to_vec(), width).unwrap()
    }

    fn fit(x: &Samples, y: &Samples) -> LinearModel {
        Linear {}.fit(x, y, Streams::new(0), &mut no_callback).unwrap()
    }

    /// Exact lines with x far from 0, in f32.
    #[test]
    fn far_from_0_no_digit_is_lost() {
        for (far, spread) in [(1e6f32, 1.0), (1e5, 4.0), (2e4, 2.0)] {
            let x: Vec<f32> = (0..1000u16).map(|i| far + spread * f32::from(i % 16) / 16.0).collect();
            let y: Vec<f32> = x.iter().map(|x| x - far).collect();
            let found = fit(&samples(&x, 1), &samples(&y, 1));
            assert!((found.weights()[0] - 1.0).abs() < 1e-9, "{far}: {}", found.weights()[0]);
        }
    }

    /// R: `lm(weight ~ height, women)`; average heights and weights of American women (The World Almanac 1975).
    #[test]
    fn women() {
        let x = Samples::new((58..=72u8).map(f32::from).collect(), 1).unwrap();
        let y = [115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164u8].map(f32::from);
        let found = fit(&x, &samples(&y, 1));
        assert!((found.weights()[0] - 3.45).abs() < 5e-7, "{}", found.weights()[0]);
        assert!((found.intercepts()[0] + 87.516_67).abs() < 5e-6, "{}", found.intercepts()[0]);
        let r_squared = r_squared(found.predict(&x).unwrap().values(), &y);
        assert!((r_squared - 0.991_01).abs() < 5e-6, "{r_squared}");
    }

    #[test]
    fn ridge_by_hand() {
        // Centered: x = -1, 0, 1, y = -2, 0, 2: w = 4 / (2 + alpha).
        let (x, y) = (samples(&[1.0, 2.0, 3.0], 1), samples(&[1.0, 3.0, 5.0], 1));
        let found = Ridge { alpha: 2.0 }.fit(&x, &y, Streams::new(0), &mut no_callback).unwrap();
        assert!((found.weights()[0] - 1.0).abs() < 1e-12 && (found.intercepts()[0] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn columns_that_depend_on_each_other() {
        // The second column is 1000 times the first, the third is constant.
        let x = samples(&[1.0, 1e3, 7.0, 2.0, 2e3, 7.0, 4.0, 4e3, 7.0], 3);
        let y = samples(&[3.0, 5.0, 9.0], 1);
        let found = fit(&x, &y);
        let back = found.predict(&x).unwrap();
        assert!(back.values().iter().zip(y.values()).all(|(a, b)| (a - b).abs() < 1e-5), "{back:?}");
        assert_eq!(found.weights()[2], 0.0);
    }

    proptest! {
        /// Normal equations: the residuals are orthogonal to every column.
        #[test]
        fn errors_are_orthogonal(n in 6..40usize, d in 1..4usize, t in 1..3usize, seed in 0..1000usize) {
            let number = |i: usize| ((i * 7919 + seed * 31 + i * i) % 97) as f32 / 10.0;
            let x = Samples::new((0..n * d).map(number).collect(), d).unwrap();
            let y = Samples::new((0..n * t).map(|i| number(i + 5000)).collect(), t).unwrap();
            let predicted = fit(&x, &y).predict(&x).unwrap();
            for target in 0..t {
                let errors: Vec<f64> = (0..n).map(|i| f64::from(predicted.row(i)[target] - y.row(i)[target])).collect();
                prop_assert!(errors.iter().sum::<f64>().abs() < 1e-3);
                for c in 0..d {
                    let along: f64 = errors.iter().zip(x.iter()).map(|(e, x)| e * f64::from(x[c])).sum();
                    prop_assert!(along.abs() < 1e-2, "{along}");
                }
            }
        }
    }
}
