//! Steps of whole episodes, the data of agents that learn from whole episodes.

use serde::{Deserialize, Serialize};

use super::advantage::Step;
use super::rollout::{StepBatch, StepShape};

/// Steps of one or more episodes, one after another.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Trajectory {
    pub(super) obs: Vec<f32>,
    pub(super) legal: Vec<bool>,
    pub(super) actions: Vec<f32>,
    pub(super) steps: Vec<Step>,
}

impl Trajectory {
    /// Appends the step of environment `i` in `batch`.
    fn push(&mut self, batch: &StepBatch, i: usize) {
        let num_envs = batch.steps.len();
        let row = |len: usize| i * (len / num_envs)..(i + 1) * (len / num_envs);
        self.obs.extend_from_slice(&batch.obs[row(batch.obs.len())]);
        self.legal.extend_from_slice(&batch.legal[row(batch.legal.len())]);
        self.actions.extend_from_slice(&batch.actions[row(batch.actions.len())]);
        self.steps.push(batch.steps[i]);
    }

    /// Appends the step of every environment in `batch` to the running episodes `running [N]`; returns the episodes
    /// that end with it, by environment.
    pub(super) fn push_all(running: &mut [Trajectory], batch: &StepBatch) -> Vec<Trajectory> {
        let mut ended = Vec::new();
        for (i, trajectory) in running.iter_mut().enumerate() {
            trajectory.push(batch, i);
            if batch.ending[i].is_over() {
                ended.push(std::mem::take(trajectory));
            }
        }
        ended
    }

    /// Whether a loaded trajectory has the shape `shape`, legal actions and finite numbers.
    pub(super) fn is_valid(&self, shape: &StepShape) -> bool {
        shape.accepts(&self.obs, &self.legal, &self.actions, &self.steps)
    }

    /// Moves all steps of `other` to the end of this trajectory.
    pub(super) fn append(&mut self, other: &mut Trajectory) {
        self.obs.append(&mut other.obs);
        self.legal.append(&mut other.legal);
        self.actions.append(&mut other.actions);
        self.steps.append(&mut other.steps);
    }
}
