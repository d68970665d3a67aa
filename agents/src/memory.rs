//! Memory that an agent takes, estimated from its settings and refused with the number before it is allocated.

use freewheel_core::{Result, Spec, memory};

use crate::Budget;
use crate::nn::Network;

/// Bytes of one environment besides its observations and masks: state, clock, random streams.
const ENVIRONMENT: u128 = 256;

/// Checks the memory of the environments that `budget` asks for: the observations and masks before and after a step,
/// and the agent's copy.
///
/// # Errors
/// [`Error::Unsupported`](freewheel_core::Error::Unsupported) with the number.
pub(crate) fn require_envs(spec: &Spec, budget: Budget) -> Result<()> {
    let (d, a) = (spec.observation.len() as u128, spec.actions.count() as u128);
    let what =
        format!("num_envs = {} with {d} numbers in an observation (frame_stack included)", budget.num_envs);
    memory::require(&what, budget.num_envs as u128 * (3 * (4 * d + a) + ENVIRONMENT))
}

/// Checks the memory of `network` and of its training with batches of `rows` samples; `batch` is the name of the
/// setting that chooses `rows`.
///
/// # Errors
/// As [`require_envs`].
pub(crate) fn require_network(network: &Network, batch: &str, rows: usize) -> Result<()> {
    let what = format!(
        "training a network of {} parameters (hidden_sizes, channels) with {batch} = {rows}",
        network.size()
    );
    memory::require(&what, network.training_bytes(rows))
}
