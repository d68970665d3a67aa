//! Step counter of an agent, means of its metrics between two reports, and checks of what a checkpoint holds.

use freewheel_core::{Error, MetricSink};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Maximum of a count in a checkpoint: more than a run can reach, and far below the overflow of a u64.
pub(crate) const MAX_COUNT: u64 = 1 << 53;

/// Value of type `T` that takes all of `bytes`, in postcard's format.
///
/// # Errors
/// Description of the fault.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes are left over", rest.len())),
        Err(e) => Err(e.to_string()),
    }
}

/// Environment steps made and requested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepCounter {
    /// Environment steps made.
    pub(crate) step: u64,
    /// Environment steps requested. The last batch step may exceed this number; the next request then makes fewer
    /// steps.
    requested: u64,
}

impl StepCounter {
    /// Number of batch steps (each one step of `num_envs` environments) that make `steps` more environment steps.
    pub(crate) fn request(&mut self, steps: u64, num_envs: usize) -> u64 {
        self.requested = self.requested.saturating_add(steps);
        self.requested.saturating_sub(self.step).div_ceil(num_envs as u64)
    }

    /// Counts one batch step of `num_envs` environments.
    #[inline(always)]
    pub(crate) fn advance(&mut self, num_envs: usize) {
        self.step += num_envs as u64;
    }

    /// Whether a loaded counter is possible between two calls of `learn` with `num_envs` environments: all requested
    /// steps are made, and less than one batch step more.
    pub(crate) fn is_valid(&self, num_envs: usize) -> bool {
        self.step <= MAX_COUNT
            && self.step.checked_sub(self.requested).is_some_and(|ahead| ahead < num_envs as u64)
    }
}

/// Means of named metrics since the last report, in the order in which the names first appeared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunningMeans {
    /// Name, sum and count of each metric.
    sums: Vec<(String, f64, u64)>,
}

impl RunningMeans {
    /// Adds one value of the metric `name`.
    pub(crate) fn add(&mut self, name: &str, value: f64) {
        match self.sums.iter_mut().find(|(known, ..)| known == name) {
            Some((_, sum, count)) => (*sum, *count) = (*sum + value, *count + 1),
            None => self.sums.push((name.to_owned(), value, 1)),
        }
    }

    /// Reports the mean of each metric to `metrics` and resets the means.
    pub(crate) fn report(&mut self, metrics: &mut dyn MetricSink) {
        for (name, sum, count) in &mut self.sums {
            if *count > 0 {
                metrics.scalar(name, *sum / *count as f64);
            }
            (*sum, *count) = (0.0, 0);
        }
    }

    /// Whether loaded means have counts in range and names of lower-case letters and underscores.
    pub(crate) fn is_valid(&self) -> bool {
        let is_name = |name: &str| {
            (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        self.sums.iter().all(|(name, _, count)| is_name(name) && *count <= MAX_COUNT)
    }
}

/// Error for environments whose `(num_envs, observation length, number of actions)` are not those of the agent `id`.
pub(crate) fn shape_mismatch(
    id: &str,
    expected: (usize, usize, usize),
    found: (usize, usize, usize),
) -> Error {
    Error::Config(format!(
        "{id}: the agent expects {} environments of {} observation values and {} actions, but got {} of {} and {}",
        expected.0, expected.1, expected.2, found.0, found.1, found.2
    ))
}
