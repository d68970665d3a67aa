//! Average reward per step of a finite Markov decision process without end.
//!
//! Relative value iteration (White 1963; Puterman 1994, section 8.5.5). Let v be the values of the states, T the
//! Bellman operator and `d = T v - v`. After every sweep the optimal average lies between `min d` and `max d`, so both
//! bounds are proved. The process must be unichain and aperiodic under every policy.

use freewheel_core::{Error, Result};

use crate::mdp::FiniteMdp;

/// Maximum number of sweeps of value iteration.
const SWEEPS: usize = 200_000;

/// Bounds of the average reward per step, `low <= average <= high` up to rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AverageReward {
    /// Proved lower bound of the average reward.
    pub low: f64,
    /// Proved upper bound of the average reward.
    pub high: f64,
}

impl AverageReward {
    /// Midpoint of the two bounds.
    pub fn value(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }
}

/// Optimal average reward per step of `mdp`; the two bounds differ by at most `tolerance`.
///
/// # Errors
/// [`Error::Unsupported`] without convergence, as for a process with several closed classes.
pub fn optimal_average(mdp: &FiniteMdp, tolerance: f64) -> Result<AverageReward> {
    average(mdp, tolerance, |_, q| q.fold(f64::NEG_INFINITY, f64::max))
}

/// Average reward per step of the deterministic policy `policy`, `[S]`: the action in each of the S states.
///
/// # Errors
/// Same errors as [`optimal_average`].
pub fn policy_average(mdp: &FiniteMdp, policy: &[u32], tolerance: f64) -> Result<AverageReward> {
    average(mdp, tolerance, |s, q| {
        policy.get(s).and_then(|&action| q.nth(action as usize)).unwrap_or(f64::NEG_INFINITY)
    })
}

/// Repeats sweeps over all states until the two bounds differ by at most `tolerance`; `pick` reduces the action values
/// of a state to the value of the state.
fn average(
    mdp: &FiniteMdp,
    tolerance: f64,
    pick: impl Fn(usize, &mut dyn Iterator<Item = f64>) -> f64,
) -> Result<AverageReward> {
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
            return Ok(AverageReward { low, high });
        }
        let base = next[0];
        values.iter_mut().zip(&next).for_each(|(value, new)| *value = new - base);
    }
    Err(Error::Unsupported(format!("the average reward did not settle within {SWEEPS} sweeps")))
}
