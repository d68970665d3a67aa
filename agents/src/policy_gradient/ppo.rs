//! Proximal policy optimization: several epochs of gradient steps per rollout, with a policy that stays close to the
//! policy that sampled the rollout.
//!
//! ```text
//! ratio = pi(a|s) / pi_old(a|s)
//! loss  = -mean min(ratio A, clip(ratio, 1 - c, 1 + c) A) + vf_coef mean (V - R)^2 / 2 - ent_coef mean H
//! ```
//!
//! Schulman et al. 2017, arXiv 1707.06347; details after Huang et al. 2022, "The 37 Implementation Details of Proximal
//! Policy Optimization". c is `clip_range`, A the generalized advantage, V the value, R the return, H the entropy. A
//! rollout is `[T, N]`; means are over a minibatch.

use candle_core::Tensor;
use freewheel_core::{
    Agent, Distributed, Error, MetricSink, Policy, PolicyMode, Result, Spec, Streams, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor_critic::ActorCritic;
use super::advantage::{explained_variance, standardize};
use super::distributed::{Blocks, RolloutLearner};
use super::rollout::{Losses, Minibatch, Rollout, check_rollout};
use super::settings::PolicyGradient;
use crate::Budget;
use crate::estimator::rows::shuffle;
use crate::memory;
use crate::nn::model::{candle_error, tensor, with_slice};
use crate::schedule::{RampShape, Schedule};
use crate::settings::within;

/// One-line description in the list of agents.
pub const ABOUT: &str = "PPO: clipped policy gradient over several epochs (Schulman et al. 2017)";

/// Settings of [`Ppo`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct Config {
    /// Steps of each environment between updates, 1 to 1000000.
    pub num_steps: u32,
    /// Epochs over each rollout, 1 to 1000.
    pub num_epochs: u32,
    /// Steps of a minibatch, at least 1 (2 with normalize_advantage); the last one of an epoch may differ.
    pub minibatch_size: u32,
    /// Lambda of generalized advantage estimation, 0 to 1.
    pub gae_lambda: f64,
    /// Clip range of the probability ratio, above 0: a number or a ramp.
    pub clip_range: Schedule,
    /// Clip range of the change of a value, in units of return, at least 0; 0 for no clipping.
    pub clip_range_vf: f64,
    /// Weight of the value loss in the loss, at least 0.
    pub vf_coef: f64,
    /// Scale the advantages of each minibatch to mean 0 and standard deviation 1.
    pub normalize_advantage: bool,
    /// Approximate KL divergence from the old policy, in nats, that ends an update early; 0 for never.
    pub target_kl: f64,
    /// Settings of all policy-gradient agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub policy_gradient: PolicyGradient,
}

impl Default for Config {
    fn default() -> Self {
        let to_zero = |from| Schedule::Ramp { from, to: 0.0, over: 1.0, shape: RampShape::Linear };
        let policy_gradient = PolicyGradient {
            learning_rate: to_zero(2e-3),
            ent_coef: to_zero(0.02),
            ..PolicyGradient::default()
        };
        Config {
            num_steps: 128,
            num_epochs: 4,
            minibatch_size: 256,
            gae_lambda: 0.9,
            clip_range: Schedule::Constant(0.2),
            clip_range_vf: 0.0,
            vf_coef: 0.5,
            normalize_advantage: true,
            target_kl: 0.0,
            policy_gradient,
        }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`, without building an agent.
    pub(super) fn check(&self, spec: &Spec, budget: Budget) -> Result<()> {
        self.validate()?;
        let (head, network) = ActorCritic::check(spec, &self.policy_gradient, budget)?;
        let steps = check_rollout(spec, head, self.num_steps, budget)?;
        memory::require_network(&network, "minibatch_size", steps.min(self.minibatch_size as usize + 1))
    }

    fn validate(&self) -> Result<()> {
        within("num_steps", f64::from(self.num_steps), 1.0, 1e6)?;
        within("num_epochs", f64::from(self.num_epochs), 1.0, 1000.0)?;
        within("minibatch_size", f64::from(self.minibatch_size), 1.0, f64::from(u32::MAX))?;
        within("gae_lambda", self.gae_lambda, 0.0, 1.0)?;
        self.clip_range.check_ramp("clip_range", 0.0, f64::MAX, false)?;
        within("clip_range_vf", self.clip_range_vf, 0.0, f64::MAX)?;
        within("vf_coef", self.vf_coef, 0.0, f64::MAX)?;
        within("target_kl", self.target_kl, 0.0, f64::MAX)?;
        if self.minibatch_size == 1 && self.normalize_advantage {
            return Err(Error::setting(
                "minibatch_size",
                "minibatch_size = 1: must be at least 2 unless normalize_advantage = false",
            ));
        }
        Ok(())
    }
}

/// PPO agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, policy_gradient::ppo::{Config, Ppo}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(8, 0);
/// let budget = Budget { steps: 8192, num_envs: 8 };
/// let mut agent = Ppo::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut probabilities = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut probabilities);
/// assert!(probabilities[1] > 0.5, "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Ppo {
    config: Config,
    actor_critic: ActorCritic,
    rollout: Rollout,
}

impl Agent for Ppo {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.actor_critic.begin_learning(envs, steps)? {
            self.actor_critic.collect_step(envs)?;
            self.keep_step(envs)?;
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        self.actor_critic.policy(mode, true)
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.actor_critic.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.actor_critic.save(&self.rollout)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (num_envs, capacity) = (self.actor_critic.num_envs(), self.rollout_len());
        let shape = self.actor_critic.step_shape();
        self.rollout = self
            .actor_critic
            .load(bytes, |rollout: &Rollout| rollout.is_valid(num_envs, capacity, &shape))?;
        Ok(())
    }

    fn distributed(&mut self) -> Option<Box<dyn Distributed + '_>> {
        Some(Box::new(Blocks::new(self)))
    }
}

impl RolloutLearner for Ppo {
    fn actor_critic(&self) -> &ActorCritic {
        &self.actor_critic
    }

    fn actor_critic_mut(&mut self) -> &mut ActorCritic {
        &mut self.actor_critic
    }

    fn steps_to_update(&self) -> usize {
        (self.rollout_len() - self.rollout.len()) / self.actor_critic.num_envs()
    }

    fn keep_step(&mut self, envs: &dyn VectorEnv) -> Result<()> {
        self.rollout.push(&self.actor_critic.batch);
        if self.rollout.len() == self.rollout_len() { self.update(envs) } else { Ok(()) }
    }
}

impl Ppo {
    /// Agent with new parameters.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for a world without observations or actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.check(spec, budget)?;
        let actor_critic = ActorCritic::new("ppo", spec, &config.policy_gradient, budget, streams)?;
        Ok(Ppo { config, actor_critic, rollout: Rollout::default() })
    }

    /// Number of environment steps of a rollout: T batch steps of N environments, T * N.
    fn rollout_len(&self) -> usize {
        self.config.num_steps as usize * self.actor_critic.num_envs()
    }

    /// Makes epochs of gradient steps on the full rollout, then clears the rollout.
    fn update(&mut self, envs: &dyn VectorEnv) -> Result<()> {
        self.rollout.compute_advantages(&mut self.actor_critic, envs, self.config.gae_lambda)?;
        let mut order: Vec<u32> = (0..self.rollout.len() as u32).collect();
        'epochs: for _ in 0..self.config.num_epochs {
            shuffle(&mut order, &mut self.actor_critic.rng);
            for indices in minibatches(&order, self.config.minibatch_size as usize) {
                let approx_kl = self.gradient_step(self.rollout.gather(indices))?;
                if self.config.target_kl > 0.0 && approx_kl > self.config.target_kl {
                    break 'epochs;
                }
            }
        }
        let values = self.rollout.steps.iter().map(|step| step.value);
        if let Some(explained) = explained_variance(values, &self.rollout.returns) {
            self.actor_critic.means.add("explained_variance", explained);
        }
        self.rollout.clear();
        self.actor_critic.end_update()
    }

    /// Makes one gradient step on `minibatch`; returns the approximate KL divergence from the old policy before the
    /// step.
    fn gradient_step(&mut self, minibatch: Minibatch) -> Result<f64> {
        let Minibatch { obs, legal, actions, log_prob, values, mut advantages, returns } = minibatch;
        let n = log_prob.len();
        if self.config.normalize_advantage && n > 1 {
            standardize(&mut advantages);
        }
        self.actor_critic.catch_up(&obs)?;
        let (evaluation, warm) = self.actor_critic.evaluate_warm(obs, actions, legal)?;
        let old = RolloutTensors {
            log_prob: tensor(log_prob, n)?,
            values: tensor(values, n)?,
            advantages: tensor(advantages, n)?,
            returns: tensor(returns, n)?,
        };
        let coefficients = Coefficients {
            clip_range: self.actor_critic.current(self.config.clip_range),
            clip_range_vf: self.config.clip_range_vf,
            vf_coef: self.config.vf_coef,
            ent_coef: self.actor_critic.ent_coef(),
        };
        let (losses, log_ratio) = coefficients.losses(&evaluation, &old).map_err(candle_error)?;
        let losses = Losses { warm, ..losses };
        let (approx_kl, clip_fraction) =
            with_slice(&log_ratio, |all| approx_kl_and_clip_fraction(all, coefficients.clip_range))?;
        self.actor_critic.gradient_step(&losses, &evaluation)?;
        self.actor_critic.means.add("approx_kl", approx_kl);
        self.actor_critic.means.add("clip_fraction", clip_fraction);
        Ok(approx_kl)
    }
}

/// Coefficients of the loss, as in [`Config`].
struct Coefficients {
    clip_range: f64,
    clip_range_vf: f64,
    vf_coef: f64,
    ent_coef: f64,
}

/// Data of the B steps of a minibatch as tensors `[B]`.
struct RolloutTensors {
    log_prob: Tensor,
    values: Tensor,
    advantages: Tensor,
    returns: Tensor,
}

impl Coefficients {
    /// Losses and log-ratios `[B]` of `evaluation [3, B]`: log-probabilities, entropies and values under the new
    /// policy.
    fn losses(&self, evaluation: &Tensor, old: &RolloutTensors) -> candle_core::Result<(Losses, Tensor)> {
        let (log_prob, entropy, values) = (evaluation.get(0)?, evaluation.get(1)?, evaluation.get(2)?);
        let log_ratio = (log_prob - &old.log_prob)?;
        let ratio = log_ratio.exp()?;
        let unclipped = (&ratio * &old.advantages)?;
        let clipped = (ratio.clamp(1.0 - self.clip_range, 1.0 + self.clip_range)? * &old.advantages)?;
        // `where_cond`, not `minimum`: for equal values the gradient is that of `unclipped` and is not split.
        let surrogate = unclipped.le(&clipped)?.where_cond(&unclipped, &clipped)?.mean_all()?;
        let mse = match self.clip_range_vf {
            0.0 => candle_nn::loss::mse(&values, &old.returns)?,
            range => {
                let unclipped = (&values - &old.returns)?.sqr()?;
                let clipped = (&old.values + (&values - &old.values)?.clamp(-range, range)?)?;
                let clipped = (clipped - &old.returns)?.sqr()?;
                unclipped.ge(&clipped)?.where_cond(&unclipped, &clipped)?.mean_all()?
            }
        };
        let losses = Losses {
            policy: surrogate.neg()?,
            value: Some((mse * 0.5)?),
            entropy: entropy.mean_all()?,
            vf_coef: self.vf_coef,
            ent_coef: self.ent_coef,
            warm: None,
        };
        Ok((losses, log_ratio.detach()))
    }
}

/// Splits `order` into consecutive minibatches of `size` indices. A single remaining index joins the last minibatch,
/// because the advantage of a single step cannot be normalized.
fn minibatches(order: &[u32], size: usize) -> impl Iterator<Item = &[u32]> {
    let full = order.len() / size;
    let count = if order.len() % size > 1 || full == 0 { full + 1 } else { full };
    (0..count).map(move |i| &order[i * size..if i + 1 == count { order.len() } else { (i + 1) * size }])
}

/// Approximate KL divergence from the old policy in nats, `mean((ratio - 1) - ln ratio)` (Schulman 2020, "Approximating
/// KL divergence"), and share of ratios outside the clip range. The ratios are those of new to old probabilities of B
/// actions, with logarithms `log_ratio [B]`.
pub(super) fn approx_kl_and_clip_fraction(log_ratio: &[f32], clip_range: f64) -> (f64, f64) {
    let terms = log_ratio.iter().map(|&x| f64::from(x));
    let terms = terms.map(|x| (x.exp_m1() - x, f64::from(x.exp_m1().abs() > clip_range)));
    let (kl, clipped) = terms.fold((0.0, 0.0), |sum, term| (sum.0 + term.0, sum.1 + term.1));
    (kl / log_ratio.len() as f64, clipped / log_ratio.len() as f64)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    fn numbers(of: &[f32]) -> Tensor {
        Tensor::from_slice(of, of.len(), &Device::Cpu).unwrap()
    }

    /// Ratios inside and outside the clip range with positive and negative advantages; values inside and outside their
    /// clip range.
    #[test]
    fn losses_by_hand() {
        let log_prob = [1.5f32, 0.5, 1.5, 0.5].map(f32::ln);
        let (entropy, values) = ([1.0, 2.0, 3.0, 4.0], [0.05, 0.5, -0.5, 0.5]);
        let rows = [&log_prob[..], &entropy, &values].concat();
        let evaluation = Var::from_slice(&rows, (3, 4), &Device::Cpu).unwrap();
        let old = RolloutTensors {
            log_prob: numbers(&[0.0; 4]),
            values: numbers(&[0.0; 4]),
            advantages: numbers(&[1.0, 1.0, -1.0, -1.0]),
            returns: numbers(&[1.0, 1.0, 1.0, 0.2]),
        };
        let coefficients = Coefficients { clip_range: 0.2, clip_range_vf: 0.1, vf_coef: 2.0, ent_coef: 0.1 };
        let (losses, log_ratio) = coefficients.losses(evaluation.as_tensor(), &old).unwrap();
        let loss = losses.total().unwrap();
        // min(ratio A, clipped A) = 1.2, .5, -1.5, -.8, mean -.15. Squared errors, the greater of unclipped and
        // clipped: .9025, .81, 2.25, .09, mean 1.013125. Entropy 2.5.
        let expected = 0.15 + 1.013_125 - 0.25;
        assert!((loss.to_scalar::<f32>().unwrap() - expected).abs() < 1e-6, "{loss}");
        assert_eq!(log_ratio.to_vec1::<f32>().unwrap(), log_prob);
        // Clipped terms have no gradient; the others have -ratio A / 4 and 2 (v - R) / 4.
        let gradients = loss.backward().unwrap();
        let found = gradients.get(evaluation.as_tensor()).unwrap().to_vec2::<f32>().unwrap();
        let expected = [[0.0, -0.125, 0.375, 0.0], [-0.025; 4], [-0.475, 0.0, -0.75, 0.15]];
        for (found, expected) in found.concat().into_iter().zip(expected.concat()) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        // Without value clipping.
        let coefficients = Coefficients { clip_range_vf: 0.0, ..coefficients };
        let (losses, _) = coefficients.losses(evaluation.as_tensor(), &old).unwrap();
        let loss = losses.total().unwrap();
        assert!(
            (loss.to_scalar::<f32>().unwrap() - (0.15 + (4.0525 - 0.56) / 4.0 - 0.25)).abs() < 1e-6,
            "{loss}"
        );
    }

    #[test]
    fn a_single_remaining_index_joins_the_last_minibatch() {
        let order: Vec<u32> = (0..9).collect();
        let sizes = |size| minibatches(&order, size).map(<[u32]>::len).collect::<Vec<_>>();
        assert_eq!(
            (sizes(4), sizes(3), sizes(7), sizes(9), sizes(20)),
            (vec![4, 5], vec![3; 3], vec![7, 2], vec![9], vec![9])
        );
        assert_eq!(minibatches(&order, 4).flatten().copied().collect::<Vec<_>>(), order);
        assert_eq!(minibatches(&order[..1], 4).count(), 1);
    }

    /// The KL divergence is 0 in the first minibatch of an update and positive in the second: with the smallest
    /// `target_kl` and two minibatches per rollout, an update ends after one epoch.
    #[test]
    fn target_kl_ends_an_update() {
        let learned = |num_epochs, target_kl| {
            let mut envs = crate::tests::world(0, 4, 3);
            let budget = Budget { steps: 512, num_envs: 4 };
            let config =
                Config { num_steps: 16, minibatch_size: 32, num_epochs, target_kl, ..Config::default() };
            let mut ppo = Ppo::new(envs.spec(), config, budget, Streams::new(3)).unwrap();
            ppo.learn(&mut *envs, 64).unwrap();
            ppo.actor_critic.model.parameters().unwrap()
        };
        assert_eq!(learned(50, 1e-12), learned(1, 0.0));
        assert_ne!(learned(2, 0.0), learned(1, 0.0));
    }

    #[test]
    fn approx_kl_by_hand() {
        // Ratios 1, 2 and 1/2: 0, 1 - ln 2, -1/2 + ln 2: their sum is 1/2; two of three lie outside the clip range .2.
        let (nats, clipped) = approx_kl_and_clip_fraction(&[0.0, 2f32.ln(), -(2f32.ln())], 0.2);
        assert!((nats - 0.5 / 3.0).abs() < 1e-7 && (clipped - 2.0 / 3.0).abs() < 1e-12);
        // Finite for actions that were nearly impossible.
        assert!((approx_kl_and_clip_fraction(&[-200.0], 0.2).0 - 199.0).abs() < 1e-9);
    }
}
