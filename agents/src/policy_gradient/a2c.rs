//! Advantage actor-critic: one gradient step per short rollout of many environments.
//!
//! ```text
//! loss = -mean A ln pi(a|s) + vf_coef mean (V - R)^2 / 2 - ent_coef mean H
//! ```
//!
//! Mnih et al. 2016, arXiv 1602.01783, synchronous form. With `gae_lambda` 1 the advantage A is the n-step one of the
//! paper. V is the value, R the return, H the entropy; means are over the `[T, N]` steps of the rollout.

use freewheel_core::{Agent, Distributed, MetricSink, Policy, PolicyMode, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor_critic::ActorCritic;
use super::advantage::{explained_variance, standardize};
use super::distributed::{Blocks, RolloutLearner};
use super::rollout::{Losses, Rollout, check_rollout};
use super::settings::PolicyGradient;
use crate::Budget;
use crate::memory;
use crate::nn::OptimizerConfig;
use crate::nn::model::{candle_error, tensor};
use crate::schedule::Schedule;
use crate::settings::within;

/// One-line description in the list of agents.
pub const ABOUT: &str = "A2C: advantage actor-critic, synchronous (Mnih et al. 2016)";

/// Settings of [`A2c`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct Config {
    /// Steps of each environment between updates, 1 to 1000000.
    pub num_steps: u32,
    /// Lambda of generalized advantage estimation, 0 to 1.
    pub gae_lambda: f64,
    /// Weight of the value loss in the loss, at least 0.
    pub vf_coef: f64,
    /// Scale the advantages of a rollout to mean 0 and standard deviation 1.
    pub normalize_advantage: bool,
    /// Settings of all policy-gradient agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub policy_gradient: PolicyGradient,
}

impl Default for Config {
    fn default() -> Self {
        let policy_gradient = PolicyGradient {
            learning_rate: Schedule::Constant(7e-4),
            optimizer: OptimizerConfig::Rmsprop { decay: 0.99, eps: 1e-5 },
            ..PolicyGradient::default()
        };
        Config { num_steps: 5, gae_lambda: 1.0, vf_coef: 0.5, normalize_advantage: false, policy_gradient }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`, without building an agent.
    pub(super) fn check(&self, spec: &Spec, budget: Budget) -> Result<()> {
        self.validate()?;
        let (head, network) = ActorCritic::check(spec, &self.policy_gradient, budget)?;
        let steps = check_rollout(spec, head, self.num_steps, budget)?;
        memory::require_network(&network, "num_steps * num_envs", steps)
    }

    fn validate(&self) -> Result<()> {
        within("num_steps", f64::from(self.num_steps), 1.0, 1e6)?;
        within("gae_lambda", self.gae_lambda, 0.0, 1.0)?;
        within("vf_coef", self.vf_coef, 0.0, f64::MAX)
    }
}

/// A2C agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, policy_gradient::a2c::{Config, A2c}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(8, 0);
/// let budget = Budget { steps: 8192, num_envs: 8 };
/// let mut agent = A2c::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut probabilities = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut probabilities);
/// assert!(probabilities[1] > 0.5, "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct A2c {
    config: Config,
    actor_critic: ActorCritic,
    rollout: Rollout,
}

impl Agent for A2c {
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

impl RolloutLearner for A2c {
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

impl A2c {
    /// Agent with new parameters.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for a setting out of range;
    /// [`Error::Config`](freewheel_core::Error::Config) for a world without observations or actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.check(spec, budget)?;
        let actor_critic = ActorCritic::new("a2c", spec, &config.policy_gradient, budget, streams)?;
        Ok(A2c { config, actor_critic, rollout: Rollout::default() })
    }

    /// Number of environment steps of a rollout: T batch steps of N environments, T * N.
    fn rollout_len(&self) -> usize {
        self.config.num_steps as usize * self.actor_critic.num_envs()
    }

    /// Makes one gradient step on the full rollout, then clears the rollout.
    fn update(&mut self, envs: &dyn VectorEnv) -> Result<()> {
        let (actor_critic, rollout) = (&mut self.actor_critic, &mut self.rollout);
        rollout.compute_advantages(actor_critic, envs, self.config.gae_lambda)?;
        let n = rollout.len();
        if self.config.normalize_advantage && n > 1 {
            standardize(&mut rollout.advantages);
        }
        let (evaluation, warm) = actor_critic.evaluate_warm(
            rollout.obs.clone(),
            rollout.actions.clone(),
            rollout.legal.clone(),
        )?;
        let (advantages, returns) =
            (tensor(rollout.advantages.clone(), n)?, tensor(rollout.returns.clone(), n)?);
        let ent_coef = actor_critic.ent_coef();
        let losses = || -> candle_core::Result<_> {
            let (log_prob, entropy, values) = (evaluation.get(0)?, evaluation.get(1)?, evaluation.get(2)?);
            Ok(Losses {
                policy: (log_prob * advantages)?.mean_all()?.neg()?,
                value: Some((candle_nn::loss::mse(&values, &returns)? * 0.5)?),
                entropy: entropy.mean_all()?,
                vf_coef: self.config.vf_coef,
                ent_coef,
                warm,
            })
        };
        actor_critic.gradient_step(&losses().map_err(candle_error)?, &evaluation)?;
        let values = rollout.steps.iter().map(|step| step.value);
        if let Some(explained) = explained_variance(values, &rollout.returns) {
            actor_critic.means.add("explained_variance", explained);
        }
        rollout.clear();
        actor_critic.end_update()
    }
}
