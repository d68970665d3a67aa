//! Rollout of T batch steps of N environments, minibatches of a rollout, and the loss over a minibatch.

use candle_core::Tensor;
use freewheel_core::{Ending, Error, Result, Spec, VectorEnv, memory};
use serde::{Deserialize, Serialize};

use super::actor_critic::{ActorCritic, ActorModel};
use super::advantage::{Step, gae};
use super::head::Head;
use super::kickstart::WarmTerms;
use crate::Budget;
use crate::nn::optimizer::all_finite;

/// Results of one step of each of N environments.
#[derive(Debug, Default)]
pub(super) struct StepBatch {
    /// Normalized observations before the step, `[N, D]`.
    pub(super) obs: Vec<f32>,
    /// Masks of legal actions, `[N, A]`.
    pub(super) legal: Vec<bool>,
    /// Sampled actions, `[N, W]`; see [`Head`](super::head::Head).
    pub(super) actions: Vec<f32>,
    /// Log-probabilities of the sampled actions, `[N]`.
    pub(super) log_prob: Vec<f32>,
    /// Rewards and values, `[N]`.
    pub(super) steps: Vec<Step>,
    /// Endings of the steps, `[N]`: episode continues, terminated or truncated.
    pub(super) ending: Vec<Ending>,
}

/// Shape of stored steps, against which loaded ones are checked.
pub(super) struct StepShape {
    /// Numbers of an observation, D.
    pub(super) obs: usize,
    /// Width of the mask of legal actions, A.
    pub(super) legal: usize,
    /// Distribution of the actions.
    pub(super) head: Head,
}

impl StepShape {
    /// Shape of the steps of agents with the action distribution `head` in worlds with the spec `spec`.
    pub(super) fn new(spec: &Spec, head: Head) -> Self {
        StepShape { obs: spec.observation.len(), legal: spec.actions.count(), head }
    }

    /// Bytes of a stored step, with its log-probability, advantage and return.
    pub(super) fn bytes(&self) -> u128 {
        let numbers = self.obs + self.head.action_len() + 3;
        (4 * numbers + self.legal + size_of::<Step>()) as u128
    }

    /// Whether `obs [n, D]`, `legal [n, A]` and `actions [n, W]` have the rows of `steps [n]`, all numbers are finite,
    /// and every action is legal.
    pub(super) fn accepts(&self, obs: &[f32], legal: &[bool], actions: &[f32], steps: &[Step]) -> bool {
        let (n, w) = (steps.len(), self.head.action_len());
        let is_finite = |step: &Step| {
            all_finite(&[step.reward, step.value, step.bootstrap]) && step.next_sign.abs() <= 1.0
        };
        [obs.len(), legal.len(), actions.len()] == [n * self.obs, n * self.legal, n * w]
            && all_finite(obs)
            && steps.iter().all(is_finite)
            && (0..n).all(|i| {
                let legal = &legal[i * self.legal..(i + 1) * self.legal];
                self.head.accepts(&actions[i * w..(i + 1) * w], legal)
            })
    }
}

/// Checks the length and the memory of a rollout of `num_steps` steps of each environment; returns the number of its
/// steps.
///
/// # Errors
/// [`Error::Setting`] for more steps than a 32-bit index can count; [`Error::Unsupported`] for more memory than there
/// is.
pub(super) fn check_rollout(spec: &Spec, head: Head, num_steps: u32, budget: Budget) -> Result<usize> {
    let steps = (num_steps as usize).saturating_mul(budget.num_envs);
    let what = format!("num_steps = {num_steps} with num_envs = {}", budget.num_envs);
    if u32::try_from(steps).is_err() {
        let message =
            format!("{what}: a rollout must have at most {} steps; use a smaller num_steps", u32::MAX);
        return Err(Error::setting("num_steps", message));
    }
    memory::require(&what, steps as u128 * StepShape::new(spec, head).bytes())?;
    Ok(steps)
}

/// Rollout buffer; every field holds `[T * N, ...]`, batch step after batch step.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Rollout {
    /// Normalized observations, `[T * N, D]`.
    pub(super) obs: Vec<f32>,
    /// Masks of legal actions, `[T * N, A]`.
    pub(super) legal: Vec<bool>,
    /// Sampled actions, `[T * N, W]`.
    pub(super) actions: Vec<f32>,
    /// Log-probabilities of the actions, `[T * N]`.
    pub(super) log_prob: Vec<f32>,
    /// Rewards and values, `[T * N]`.
    pub(super) steps: Vec<Step>,
    /// GAE advantages `[T * N]`, filled by [`Rollout::compute_advantages`].
    #[serde(skip)]
    pub(super) advantages: Vec<f32>,
    /// Value plus advantage `[T * N]`, the regression target of the value function.
    #[serde(skip)]
    pub(super) returns: Vec<f32>,
}

/// Minibatch of B steps of a rollout.
pub(super) struct Minibatch {
    pub(super) obs: Vec<f32>,
    pub(super) legal: Vec<bool>,
    pub(super) actions: Vec<f32>,
    pub(super) log_prob: Vec<f32>,
    pub(super) values: Vec<f32>,
    pub(super) advantages: Vec<f32>,
    pub(super) returns: Vec<f32>,
}

impl Rollout {
    /// Number of stored environment steps, up to T * N.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Appends one step of every environment.
    pub(super) fn push(&mut self, batch: &StepBatch) {
        self.obs.extend_from_slice(&batch.obs);
        self.legal.extend_from_slice(&batch.legal);
        self.actions.extend_from_slice(&batch.actions);
        self.log_prob.extend_from_slice(&batch.log_prob);
        self.steps.extend_from_slice(&batch.steps);
    }

    /// Whether a loaded rollout of `num_envs` environments is shorter than `capacity`, has the shape `shape`, and holds
    /// legal actions and finite numbers.
    pub(super) fn is_valid(&self, num_envs: usize, capacity: usize, shape: &StepShape) -> bool {
        let n = self.steps.len();
        n.is_multiple_of(num_envs)
            && n < capacity.max(1)
            && self.log_prob.len() == n
            && all_finite(&self.log_prob)
            && shape.accepts(&self.obs, &self.legal, &self.actions, &self.steps)
    }

    /// Computes `advantages` and `returns` of the stored steps; bootstraps from the values of the current observations
    /// of `envs` after the last step.
    pub(super) fn compute_advantages(
        &mut self,
        actor_critic: &mut ActorCritic<impl ActorModel>,
        envs: &dyn VectorEnv,
        lambda: f64,
    ) -> Result<()> {
        let last = actor_critic.values(envs)?;
        self.advantages.resize(self.len(), 0.0);
        gae(&self.steps, &last, actor_critic.gamma, lambda as f32, &mut self.advantages);
        self.returns.clear();
        self.returns.extend(self.steps.iter().zip(&self.advantages).map(|(step, a)| step.value + a));
        Ok(())
    }

    /// Minibatch of the B steps with the indices `indices`.
    pub(super) fn gather(&self, indices: &[u32]) -> Minibatch {
        let n = self.len().max(1);
        Minibatch {
            obs: select(&self.obs, n, indices),
            legal: select(&self.legal, n, indices),
            actions: select(&self.actions, n, indices),
            log_prob: select(&self.log_prob, n, indices),
            values: indices.iter().map(|&i| self.steps[i as usize].value).collect(),
            advantages: select(&self.advantages, n, indices),
            returns: select(&self.returns, n, indices),
        }
    }

    /// Removes all steps.
    pub(super) fn clear(&mut self) {
        self.obs.clear();
        self.legal.clear();
        self.actions.clear();
        self.log_prob.clear();
        self.steps.clear();
    }
}

/// Rows of `data [n, width]` with the indices `indices [B]`, copied to `[B, width]`.
fn select<T: Copy>(data: &[T], n: usize, indices: &[u32]) -> Vec<T> {
    let width = data.len() / n;
    let mut selected = Vec::with_capacity(indices.len() * width);
    for &i in indices {
        selected.extend_from_slice(&data[i as usize * width..(i as usize + 1) * width]);
    }
    selected
}

/// Scalar terms of a loss, in candle's graph.
pub(super) struct Losses {
    /// Policy-gradient loss.
    pub(super) policy: Tensor,
    /// Half the mean squared error of the value; `None` without a value function.
    pub(super) value: Option<Tensor>,
    /// Mean entropy of the policy.
    pub(super) entropy: Tensor,
    pub(super) vf_coef: f64,
    pub(super) ent_coef: f64,
    /// Terms of a warm start, which change the policy loss.
    pub(super) warm: Option<WarmTerms>,
}

impl Losses {
    /// Total loss, `policy + vf_coef value - ent_coef entropy`.
    pub(super) fn total(&self) -> candle_core::Result<Tensor> {
        let policy = match &self.warm {
            Some(warm) => warm.apply(&self.policy)?,
            None => self.policy.clone(),
        };
        let loss = match &self.value {
            Some(value) => ((value * self.vf_coef)? + policy)?,
            None => policy,
        };
        if self.ent_coef > 0.0 { loss - (&self.entropy * self.ent_coef)? } else { Ok(loss) }
    }
}
