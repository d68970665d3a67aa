//! The player who never fails: it pushes to the side on which a weighted sum of the state lies.
//!
//! With P the matrix of the proof (in `tests/proof`, one an integrator), no state with `s' P s <= 1` lets the pole fall
//! or the cart leave its track; every first state is such a state; and this player leads from any such state to another, which the test
//! proves by interval bounds over all of them, whatever rounding does to what the player sees. It therefore stands for ever:
//! the time limit is reached from every start, and the reference is exact.

use freewheel_core::{ActionBuffer, Policy, Stream};

/// Weights of position (1/m), velocity (s/m), angle (1/rad) and angular velocity (s/rad).
pub(super) const GAINS: [f64; 4] = [0.26, 0.27, 1.0, 0.3];

/// What it does in a state.
#[inline]
pub(super) fn push(state: [f64; 4]) -> u32 {
    let [a, b, c, d] = std::array::from_fn(|i| GAINS[i] * state[i]);
    u32::from(a + b + c + d >= 0.0)
}

/// The player as a policy of observations.
pub(super) struct Feedback;

impl Policy for Feedback {
    fn act(&self, obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], choice: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(actions) = choice {
            let (rows, _) = obs.as_chunks::<4>();
            actions.clear();
            actions.extend(rows.iter().map(|row| push(row.map(f64::from))));
        }
    }
}
