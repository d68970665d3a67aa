//! L-BFGS: Newton's method with the curvature that the last few steps have shown (Liu & Nocedal 1989).
//!
//! Each step is along `-H g`, H by the two loops over the pairs `s = p' - p`, `y = g' - g`; its length is found by bisection until it
//! meets Wolfe's two conditions (Lewis & Overton 2013).

use std::collections::VecDeque;
use std::ops::ControlFlow;

use freewheel_core::{Error, Result};

/// Pairs that are remembered.
const PAIRS: usize = 10;
/// A step must gain this share of what its slope promises...
const GAIN: f64 = 1e-4;
/// ... and leave at most this share of the slope.
const SLOPE: f64 = 0.9;
/// Lengths that are tried.
const LENGTHS: usize = 30;

/// Moves `p` to where `f`, which writes its gradient and gives its value, is least: until the gradient's largest entry is at most
/// `enough`, after `most` steps, or when `watch`, told the steps and the value, says so.
///
/// # Errors
/// [`Error::Diverged`] where the value is no longer finite; those of `f`.
pub fn minimize(
    p: &mut Vec<f64>,
    most: u64,
    enough: f64,
    mut f: impl FnMut(&[f64], &mut [f64]) -> Result<f64>,
    mut watch: impl FnMut(u64, f64) -> ControlFlow<()>,
) -> Result<()> {
    let mut g = vec![0.0; p.len()];
    let mut value = f(p, &mut g)?;
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    let (mut tried, mut g_tried) = (p.clone(), g.clone());
    for step in 1..=most {
        if !value.is_finite() {
            return Err(Error::Diverged { quantity: "loss".into(), value, step });
        }
        if g.iter().all(|g| g.abs() <= enough) {
            break;
        }
        let mut d = direction(&g, &pairs);
        if dot(&d, &g) >= 0.0 {
            pairs.clear();
            d = direction(&g, &pairs);
        }
        let slope = dot(&d, &g);
        let (mut low, mut high) = (0.0, f64::INFINITY);
        // Nothing is known of the first step's length.
        let mut length = if pairs.is_empty() { 1.0 / dot(&g, &g).sqrt().max(1.0) } else { 1.0 };
        let mut found = false;
        for _ in 0..LENGTHS {
            tried.iter_mut().zip(p.iter().zip(&d)).for_each(|(to, (p, d))| *to = p + length * d);
            let there = f(&tried, &mut g_tried)?;
            // A NaN is too far.
            let gained = there <= value + GAIN * length * slope;
            if gained && dot(&g_tried, &d) >= SLOPE * slope {
                (value, found) = (there, true);
                break;
            }
            if gained {
                low = length
            } else {
                high = length
            }
            length = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * low };
        }
        if !found {
            // As far down as the digits of `f` reach.
            break;
        }
        let s: Vec<f64> = tried.iter().zip(&*p).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = g_tried.iter().zip(&g).map(|(a, b)| a - b).collect();
        if dot(&s, &y) > 0.0 {
            if pairs.len() == PAIRS {
                pairs.pop_front();
            }
            pairs.push_back((s, y));
        }
        std::mem::swap(p, &mut tried);
        std::mem::swap(&mut g, &mut g_tried);
        if watch(step, value).is_break() {
            break;
        }
    }
    Ok(())
}

/// `-H g`.
fn direction(g: &[f64], pairs: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut d: Vec<f64> = g.iter().map(|g| -g).collect();
    let mut shares = Vec::new();
    for (s, y) in pairs.iter().rev() {
        let share = dot(s, &d) / dot(s, y);
        d.iter_mut().zip(y).for_each(|(d, y)| *d -= share * y);
        shares.push(share);
    }
    if let Some((s, y)) = pairs.back() {
        let scale = dot(s, y) / dot(y, y);
        d.iter_mut().for_each(|d| *d *= scale);
    }
    for ((s, y), share) in pairs.iter().zip(shares.iter().rev()) {
        let back = share - dot(y, &d) / dot(s, y);
        d.iter_mut().zip(s).for_each(|(d, s)| *d += back * s);
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

    /// Rosenbrock's valley, from where he began (1960): its least value is 0 at (1, 1).
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
