//! Newton's method for smooth convex functions of few parameters, with a line search by halving.

use std::ops::ControlFlow;

use freewheel_core::{Error, Result};

/// Sufficient decrease: minimum reduction as a share of that predicted by the slope.
const ARMIJO: f64 = 1e-4;
/// Maximum number of trial lengths per line search.
const MAX_LINE_SEARCH: usize = 40;
/// Weight added to the diagonal of the Hessian, relative to its largest entry, for directions without curvature.
const RIDGE: f64 = 1e-12;
/// Predicted decrease, relative to the value, below which the rounding errors of the value hide any progress.
const ROUNDING: f64 = 1e-20;

/// Function with its first and second derivatives.
pub(super) trait Objective {
    /// Value at `p [P]`; writes the gradient `[P]`.
    fn value(&self, p: &[f64], gradient: &mut [f64]) -> f64;
    /// Hessian matrix at `p [P]`, `[P, P]`.
    fn hessian(&self, p: &[f64]) -> Vec<f64>;
}

/// Minimizes `f`, starting from the parameters `p`, which are overwritten by the minimum. Stops when no step decreases
/// the value beyond its rounding errors, after `max_iter` steps, or when `callback(step, value)` returns `Break`.
///
/// # Errors
/// [`Error::Diverged`] if the value of the function is not finite.
pub(super) fn minimize(
    p: &mut [f64],
    max_iter: u64,
    f: &impl Objective,
    mut callback: impl FnMut(u64, f64) -> ControlFlow<()>,
) -> Result<()> {
    let n = p.len();
    let mut g = vec![0.0; n];
    let mut value = f.value(p, &mut g);
    let (mut trial, mut g_trial) = (p.to_vec(), g.clone());
    for step in 1..=max_iter {
        if !value.is_finite() {
            return Err(Error::Diverged { quantity: "loss".into(), value, step });
        }
        let mut hessian = f.hessian(p);
        let largest = (0..n).map(|i| hessian[i * n + i]).fold(0.0, f64::max);
        (0..n).for_each(|i| hessian[i * n + i] += RIDGE * largest);
        cholesky(&mut hessian, n);
        let mut d: Vec<f64> = g.iter().map(|g| -g).collect();
        solve(&hessian, &mut d);
        let slope: f64 = d.iter().zip(&g).map(|(d, g)| d * g).sum();
        if slope.is_nan() || slope >= -ROUNDING * value.abs() {
            break;
        }
        let mut length = 1.0;
        let found = (0..MAX_LINE_SEARCH).find_map(|_| {
            trial.iter_mut().zip(p.iter().zip(&d)).for_each(|(to, (p, d))| *to = p + length * d);
            let at_trial = f.value(&trial, &mut g_trial);
            let slack = 4.0 * f64::EPSILON * value.abs();
            let decreases = at_trial <= value + ARMIJO * length * slope + slack;
            length /= 2.0;
            decreases.then_some(at_trial)
        });
        let largest = |g: &[f64]| g.iter().fold(0f64, |most, g| most.max(g.abs()));
        // Near the minimum the value is constant up to rounding, and the gradient tells whether a step helps.
        let Some(at_trial) = found.filter(|&new| new < value || largest(&g_trial) < largest(&g)) else {
            break;
        };
        value = at_trial;
        p.copy_from_slice(&trial);
        std::mem::swap(&mut g, &mut g_trial);
        if callback(step, value).is_break() {
            break;
        }
    }
    Ok(())
}

/// Replaces the lower triangle of the symmetric matrix `a [n, n]` by its Cholesky factor L, with `a = L L'`. A
/// direction whose pivot is not positive gets an infinite one, so that a solution is 0 there.
pub(super) fn cholesky(a: &mut [f64], n: usize) {
    for j in 0..n {
        let (above, below) = a.split_at_mut((j + 1) * n);
        let row = &mut above[j * n..];
        let pivot = row[j] - row[..j].iter().map(|x| x * x).sum::<f64>();
        row[j] = if pivot > 0.0 { pivot.sqrt() } else { f64::INFINITY };
        for other in below.chunks_exact_mut(n) {
            let dot: f64 = other[..j].iter().zip(&row[..j]).map(|(a, b)| a * b).sum();
            other[j] = (other[j] - dot) / row[j];
        }
    }
}

/// Replaces `b [n]` by the solution x of `L L' x = b`.
pub(super) fn solve(factor: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in 0..n {
        let dot: f64 = factor[i * n..i * n + i].iter().zip(&b[..i]).map(|(a, b)| a * b).sum();
        b[i] = (b[i] - dot) / factor[i * n + i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| factor[k * n + i] * b[k]).sum();
        b[i] = (b[i] - dot) / factor[i * n + i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_by_hand() {
        // L = [2 0; 1 3]; x = (1, -2).
        let mut a = [4.0, 2.0, 2.0, 10.0];
        cholesky(&mut a, 2);
        assert_eq!((a[0], a[2], a[3]), (2.0, 1.0, 3.0));
        let mut b = [0.0, -18.0];
        solve(&a, &mut b);
        assert_eq!(b, [1.0, -2.0]);
        // The second column is the first.
        let mut singular = [1.0, 1.0, 1.0, 1.0];
        cholesky(&mut singular, 2);
        let mut b = [3.0, 3.0];
        solve(&singular, &mut b);
        assert_eq!(b, [3.0, 0.0]);
    }

    /// `sum_i w_i (e^p_i - p_i)`: the minimum is at 0, for weights of unlike size.
    #[test]
    fn a_valley_of_unlike_widths() {
        struct Valley;
        impl Objective for Valley {
            fn value(&self, p: &[f64], g: &mut [f64]) -> f64 {
                let w = |i: usize| 10f64.powi(3 * i as i32);
                g.iter_mut().zip(p).enumerate().for_each(|(i, (g, p))| *g = w(i) * (p.exp() - 1.0));
                p.iter().enumerate().map(|(i, p)| w(i) * (p.exp() - p)).sum()
            }

            fn hessian(&self, p: &[f64]) -> Vec<f64> {
                let mut h = vec![0.0; 9];
                (0..3).for_each(|i| h[4 * i] = 10f64.powi(3 * i as i32) * p[i].exp());
                h
            }
        }
        let mut p = [3.0, -3.0, 1.0];
        minimize(&mut p, 60, &Valley, |_, _| ControlFlow::Continue(())).unwrap();
        assert!(p.iter().all(|p| p.abs() < 1e-9), "{p:?}");
    }
}
