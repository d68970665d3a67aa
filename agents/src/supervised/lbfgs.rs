//! L-BFGS: quasi-Newton minimization with limited memory (Liu & Nocedal 1989).
//!
//! Each step goes in the direction `-H g`, with the gradient g and an estimate H of the inverse Hessian. H is computed
//! by the two-loop recursion over pairs of the last steps: `s = p' - p`, the change of the parameters, and
//! `y = g' - g`, the change of the gradient. The step length is found by bisection until the weak Wolfe conditions hold
//! (Lewis & Overton 2013).

use std::collections::VecDeque;
use std::ops::ControlFlow;

use freewheel_core::{Error, Result};

/// Number of stored pairs (s, y) of L-BFGS.
const HISTORY: usize = 10;
/// Sufficient decrease: minimum reduction as a share of that predicted by the slope.
const ARMIJO: f64 = 1e-4;
/// Curvature condition: maximum remaining slope as a share of the initial slope.
const WOLFE: f64 = 0.9;
/// Maximum number of trial lengths per line search.
const MAX_LINE_SEARCH: usize = 30;

/// Minimizes a function by L-BFGS, starting from the parameters `p`, which are overwritten by the minimum.
/// `f(p, gradient)` writes the gradient and returns the value of the function. Stops when the largest entry of the
/// gradient is at most `tol`, after `max_iter` steps, or when `callback(step, value)` returns `Break`.
///
/// # Errors
/// [`Error::Diverged`] if the value of the function is not finite; errors of `f`.
pub fn minimize(
    p: &mut Vec<f64>,
    max_iter: u64,
    tol: f64,
    mut f: impl FnMut(&[f64], &mut [f64]) -> Result<f64>,
    mut callback: impl FnMut(u64, f64) -> ControlFlow<()>,
) -> Result<()> {
    let mut g = vec![0.0; p.len()];
    let mut value = f(p, &mut g)?;
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    let (mut trial, mut g_trial) = (p.clone(), g.clone());
    for step in 1..=max_iter {
        if !value.is_finite() {
            return Err(Error::Diverged { quantity: "loss".into(), value, step });
        }
        if g.iter().all(|g| g.abs() <= tol) {
            break;
        }
        let mut d = direction(&g, &pairs);
        if dot(&d, &g) >= 0.0 {
            pairs.clear();
            d = direction(&g, &pairs);
        }
        let slope = dot(&d, &g);
        let (mut low, mut high) = (0.0, f64::INFINITY);
        // The first step has no curvature information.
        let mut length = if pairs.is_empty() { 1.0 / dot(&g, &g).sqrt().max(1.0) } else { 1.0 };
        let mut found = false;
        for _ in 0..MAX_LINE_SEARCH {
            trial.iter_mut().zip(p.iter().zip(&d)).for_each(|(to, (p, d))| *to = p + length * d);
            let trial_value = f(&trial, &mut g_trial)?;
            // A trial value that is NaN counts as too large.
            let sufficient = trial_value <= value + ARMIJO * length * slope;
            if sufficient && dot(&g_trial, &d) >= WOLFE * slope {
                (value, found) = (trial_value, true);
                break;
            }
            if sufficient {
                low = length
            } else {
                high = length
            }
            length = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * low };
        }
        if !found {
            // No further decrease within floating-point precision.
            break;
        }
        let s: Vec<f64> = trial.iter().zip(&*p).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = g_trial.iter().zip(&g).map(|(a, b)| a - b).collect();
        if dot(&s, &y) > 0.0 {
            if pairs.len() == HISTORY {
                pairs.pop_front();
            }
            pairs.push_back((s, y));
        }
        std::mem::swap(p, &mut trial);
        std::mem::swap(&mut g, &mut g_trial);
        if callback(step, value).is_break() {
            break;
        }
    }
    Ok(())
}

/// Search direction `-H g` of L-BFGS, with the gradient `g` and the estimate H of the inverse Hessian from the last
/// `pairs` (s, y).
fn direction(g: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut d: Vec<f64> = g.iter().map(|g| -g).collect();
    let mut alphas = Vec::new();
    for (s, y) in pairs.iter().rev() {
        let alpha = dot(s, &d) / dot(s, y);
        d.iter_mut().zip(y).for_each(|(d, y)| *d -= alpha * y);
        alphas.push(alpha);
    }
    if let Some((s, y)) = pairs.back() {
        let scale = dot(s, y) / dot(y, y);
        d.iter_mut().for_each(|d| *d *= scale);
    }
    for ((s, y), alpha) in pairs.iter().zip(alphas.iter().rev()) {
        let beta = alpha - dot(y, &d) / dot(s, y);
        d.iter_mut().zip(s).for_each(|(d, s)| *d += beta * s);
    }
    d
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(_: u64, _: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Rosenbrock's function from the starting point of his paper (1960): the minimum is 0 at (1, 1).
    #[test]
    fn rosenbrocks_valley() {
        let mut p = vec![-1.2, 1.0];
        let mut evaluations = 0;
        let f = |p: &[f64], g: &mut [f64]| {
            evaluations += 1;
            let (a, b) = (1.0 - p[0], p[1] - p[0] * p[0]);
            (g[0], g[1]) = (-2.0 * a - 400.0 * p[0] * b, 200.0 * b);
            Ok(a * a + 100.0 * b * b)
        };
        minimize(&mut p, 200, 1e-8, f, on).unwrap();
        assert!((p[0] - 1.0).abs() < 1e-6 && (p[1] - 1.0).abs() < 1e-6, "{p:?}");
        assert!(evaluations < 100, "{evaluations}");
    }

    #[test]
    fn a_bowl_of_many_widths_and_a_nan() {
        let mut p = vec![1.0; 30];
        let f = |p: &[f64], g: &mut [f64]| {
            let width = |i: usize| 10f64.powf(i as f64 / 10.0);
            g.iter_mut().zip(p).enumerate().for_each(|(i, (g, p))| *g = width(i) * (p - 3.0));
            Ok(p.iter().enumerate().map(|(i, p)| width(i) * (p - 3.0).powi(2) / 2.0).sum())
        };
        minimize(&mut p, 500, 1e-6, f, on).unwrap();
        assert!(p.iter().all(|p| (p - 3.0).abs() < 1e-5));
        assert!(minimize(&mut vec![1.0], 9, 0.0, |_, _| Ok(f64::NAN), on).is_err());
    }
}
