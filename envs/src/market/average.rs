//! The average reward per step of a finite process that goes on for ever.
//!
//! Relative value iteration (White 1963; Puterman 1994, section 8.5.5): with `d = T v - v` the best average is between
//! `min d` and `max d` after every sweep, so that the sweeps end with a proof. The process must be unichain and aperiodic
//! under every policy, as a signal that may go anywhere makes it.

use freewheel_core::{Error, Result};

use crate::mdp::FiniteMdp;

/// Sweeps before giving up.
const SWEEPS: usize = 200_000;

/// The best average reward per step, `low <= best <= high`, as far as rounding allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Average {
    /// Proved lower bound.
    pub low: f64,
    /// Proved upper bound.
    pub high: f64,
}

impl Average {
    /// The middle of the two bounds.
    pub fn value(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }
}

/// The best average reward of `mdp`, to about `tolerance`.
///
/// # Errors
/// [`Error::Unsupported`] where it does not settle, as in a process with several closed classes.
pub fn best_average(mdp: &FiniteMdp, tolerance: f64) -> Result<Average> {
    average(mdp, tolerance, |_, q| q.fold(f64::NEG_INFINITY, f64::max))
}

/// The average reward of a deterministic policy, `choice [S]`.
///
/// # Errors
/// As [`best_average`].
pub fn average_of(mdp: &FiniteMdp, choice: &[u32], tolerance: f64) -> Result<Average> {
    average(mdp, tolerance, |s, q| {
        choice.get(s).and_then(|&action| q.nth(action as usize)).unwrap_or(f64::NEG_INFINITY)
    })
}

/// Sweeps until the bounds meet; `pick` gives the value of a state from those of its actions.
fn average(
    mdp: &FiniteMdp,
    tolerance: f64,
    pick: impl Fn(usize, &mut dyn Iterator<Item = f64>) -> f64,
) -> Result<Average> {
    let mut values = vec![0.0; mdp.states()];
    let mut next = values.clone();
    for _ in 0..SWEEPS {
        for (s, slot) in next.iter_mut().enumerate() {
            let q =
                |a| mdp.outcomes(s, a).map(|o| o.probability * (o.reward + values[o.next as usize])).sum();
            *slot = pick(s, &mut (0..mdp.actions()).map(q));
        }
        let gains = || next.iter().zip(&values).map(|(new, old)| new - old);
        let low = gains().fold(f64::INFINITY, f64::min);
        let high = gains().fold(f64::NEG_INFINITY, f64::max);
        if high - low <= tolerance {
            return Ok(Average { low, high });
        }
        let base = next[0];
        values.iter_mut().zip(&next).for_each(|(value, new)| *value = new - base);
    }
    Err(Error::Unsupported(format!("the average reward did not settle within {SWEEPS} sweeps")))
}
