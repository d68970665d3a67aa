//! A given number of steps, after which everything ends: backward induction (Puterman 1994, section 4.5).
//!
//! ```text
//! V_0 = 0      V_k(s) = max over a  Q_k(s, a)      Q_k(s, a) = r + gamma P V_{k-1}
//! ```

use super::chain::REST;
use super::kernel::Kernel;

/// The best that can be done when the steps that are left are seen.
pub(super) struct Timed {
    /// With all steps left, `[S]`.
    pub(super) values: Vec<f64>,
    /// The best actions with each of the numbers of steps left that were asked for, each `[S]`.
    pub(super) slices: Vec<Vec<u32>>,
}

/// Backward induction over `horizon` steps; the best actions with `wanted` steps left (ascending) are kept.
pub(super) fn timed(kernel: &Kernel, horizon: u32, wanted: &[u32]) -> Timed {
    let mut values = vec![0.0; kernel.states];
    let mut before = values.clone();
    let mut slices = Vec::new();
    let mut choice = vec![REST; kernel.states];
    let mut wanted = wanted.iter().peekable();
    for left in 1..=horizon {
        std::mem::swap(&mut values, &mut before);
        for s in 0..kernel.states {
            (values[s], choice[s]) = greedy(kernel, s, &before);
        }
        while wanted.next_if(|w| **w <= left).is_some() {
            slices.push(choice.clone());
        }
        if values == before {
            // A fixed point: more time changes nothing.
            break;
        }
    }
    slices.extend(wanted.map(|_| choice.clone()));
    Timed { values, slices }
}

/// The best value of a state given those of the next step, and the action of lowest index that has it up to
/// rounding.
fn greedy(kernel: &Kernel, s: usize, values: &[f64]) -> (f64, u32) {
    let mut best = (f64::NEG_INFINITY, f64::NEG_INFINITY, REST);
    for a in kernel.legal_actions(s) {
        let row = s * kernel.actions + a;
        let q = kernel.q(row, values);
        if q > best.1 {
            // Ties up to rounding keep the first action, but the value is the greatest of all.
            best = (q.max(best.0), q + 1e-13 * q.abs(), a as u32);
        } else {
            best.0 = q.max(best.0);
        }
    }
    if best.2 == REST { (0.0, REST) } else { (best.0, best.2) }
}
