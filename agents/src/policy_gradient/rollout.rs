//! T ticks of N rows, to learn from at once.

use freewheel_core::{Result, VectorEnv};
use serde::{Deserialize, Serialize};

use super::actor_critic::{ActorCritic, StepBatch};
use super::advantage::{Step, generalized};

/// A rollout, filled tick by tick; rows of ticks lie one after the other, `[T N, ...]`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Rollout {
    pub(super) obs: Vec<f32>,
    pub(super) legal: Vec<bool>,
    pub(super) taken: Vec<f32>,
    pub(super) log_prob: Vec<f32>,
    pub(super) steps: Vec<Step>,
    /// What the learner wants each step's advantage to be; once all ticks are made.
    #[serde(skip)]
    pub(super) advantages: Vec<f32>,
    /// Value plus advantage: what the value is fitted to.
    #[serde(skip)]
    pub(super) returns: Vec<f32>,
}

/// Some steps of a rollout, gathered.
pub(super) struct Minibatch {
    pub(super) obs: Vec<f32>,
    pub(super) legal: Vec<bool>,
    pub(super) taken: Vec<f32>,
    pub(super) log_prob: Vec<f32>,
    pub(super) values: Vec<f32>,
    pub(super) advantages: Vec<f32>,
    pub(super) returns: Vec<f32>,
}

impl Rollout {
    /// Steps in it.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Takes in a tick.
    pub(super) fn push(&mut self, tick: &StepBatch) {
        self.obs.extend_from_slice(&tick.obs);
        self.legal.extend_from_slice(&tick.legal);
        self.taken.extend_from_slice(&tick.taken);
        self.log_prob.extend_from_slice(&tick.log_prob);
        self.steps.extend_from_slice(&tick.steps);
    }

    /// Whether it may be one of `actor_critic`: what a saved one must be.
    pub(super) fn fits(&self, rows: usize, most: usize) -> bool {
        let n = self.steps.len();
        n.is_multiple_of(rows) && n < most.max(1) && self.log_prob.len() == n
    }

    /// Computes advantages and returns.
    pub(super) fn conclude(
        &mut self,
        actor_critic: &mut ActorCritic,
        episodes: &dyn VectorEnv,
        lambda: f64,
    ) -> Result<()> {
        let last = actor_critic.values(episodes)?;
        self.advantages.resize(self.len(), 0.0);
        generalized(&self.steps, &last, actor_critic.gamma, lambda as f32, &mut self.advantages);
        self.returns.clear();
        self.returns.extend(self.steps.iter().zip(&self.advantages).map(|(step, a)| step.value + a));
        Ok(())
    }

    /// The steps at `at`, gathered.
    pub(super) fn gather(&self, at: &[u32]) -> Minibatch {
        let rows = self.len().max(1);
        Minibatch {
            obs: blocks(&self.obs, rows, at),
            legal: blocks(&self.legal, rows, at),
            taken: blocks(&self.taken, rows, at),
            log_prob: blocks(&self.log_prob, rows, at),
            values: at.iter().map(|&i| self.steps[i as usize].value).collect(),
            advantages: blocks(&self.advantages, rows, at),
            returns: blocks(&self.returns, rows, at),
        }
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.obs.clear();
        self.legal.clear();
        self.taken.clear();
        self.log_prob.clear();
        self.steps.clear();
    }
}

/// The blocks at `at` of `all`, which holds `rows` of them.
fn blocks<T: Copy>(all: &[T], rows: usize, at: &[u32]) -> Vec<T> {
    let width = all.len() / rows;
    let mut some = Vec::with_capacity(at.len() * width);
    at.iter().for_each(|&i| some.extend_from_slice(&all[i as usize * width..(i as usize + 1) * width]));
    some
}
