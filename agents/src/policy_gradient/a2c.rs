//! Advantage actor-critic: one step along the gradient for every short rollout of many rows.
//!
//! ```text
//! loss = -mean A ln pi(a|s) + v mean (V - R)^2 / 2 - e mean H
//! ```
//!
//! Mnih et al. 2016, arXiv 1602.01783, in its synchronous form; with `lambda` 1 the advantage is the n-step one of the paper. A rollout is `[T, N]`.

use freewheel_core::{Agent, MetricSink, Mode, Policy, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor_critic::ActorCritic;
use super::advantage::{explained_variance, standardize};
use super::head::judge;
use super::rollout::Rollout;
use super::settings::PolicyGradient;
use crate::Budget;
use crate::nn::Rule;
use crate::nn::model::{candle, tensor, with_slice};
use crate::schedule::Schedule;
use crate::settings::within;

/// For the list of agents.
pub const ABOUT: &str = "A2C: advantage actor-critic, synchronous (Mnih et al. 2016)";

/// Settings of [`A2c`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; the reader of settings does.
pub struct Config {
    /// Steps of each row between updates, 1 to 1000000.
    pub num_steps: u32,
    /// Decay of the advantage's trace, 0 to 1.
    pub gae_lambda: f64,
    /// Weight of the squared error of the value in the loss, at least 0.
    pub vf_coef: f64,
    /// Whether advantages are brought to mean 0 and deviation 1.
    pub normalize_advantage: bool,
    /// What all policy-gradient agents are told.
    #[serde(flatten)]
    pub policy_gradient: PolicyGradient,
}

impl Default for Config {
    fn default() -> Self {
        let policy_gradient = PolicyGradient {
            learning_rate: Schedule::Constant(7e-4),
            optimizer: Rule::Rmsprop { decay: 0.99, eps: 1e-5 },
            ..PolicyGradient::default()
        };
        Config { num_steps: 5, gae_lambda: 1.0, vf_coef: 0.5, normalize_advantage: false, policy_gradient }
    }
}

impl Config {
    fn validate(&self) -> Result<()> {
        within("num_steps", f64::from(self.num_steps), 1.0, 1e6)?;
        within("gae_lambda", self.gae_lambda, 0.0, 1.0)?;
        within("vf_coef", self.vf_coef, 0.0, f64::MAX)
    }
}

/// The learner; see the module.
pub struct A2c {
    config: Config,
    actor_critic: ActorCritic,
    rollout: Rollout,
}

impl A2c {
    /// With first parameters.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range, or a world it cannot learn.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.validate()?;
        let actor_critic = ActorCritic::new("a2c", spec, &config.policy_gradient, budget, streams)?;
        Ok(A2c { config, actor_critic, rollout: Rollout::default() })
    }

    /// Steps of a rollout, T N.
    fn rollout_len(&self) -> usize {
        self.config.num_steps as usize * self.actor_critic.rows()
    }

    fn update(&mut self, episodes: &dyn VectorEnv) -> Result<()> {
        let (actor_critic, rollout) = (&mut self.actor_critic, &mut self.rollout);
        rollout.conclude(actor_critic, episodes, self.config.gae_lambda)?;
        let n = rollout.len();
        if self.config.normalize_advantage && n > 1 {
            standardize(&mut rollout.advantages);
        }
        let obs = tensor(rollout.obs.clone(), (n, actor_critic.model.network().input_len()))?;
        let out = actor_critic.model.forward(&obs, false)?;
        let judged = judge(&actor_critic.head, &out, rollout.taken.clone(), rollout.legal.clone())?;
        let (advantages, returns) =
            (tensor(rollout.advantages.clone(), n)?, tensor(rollout.returns.clone(), n)?);
        let entropy_weight = actor_critic.rate(actor_critic.settings.ent_coef);
        let loss = || -> candle_core::Result<_> {
            let (log_prob, entropy, values) = (judged.get(0)?, judged.get(1)?, judged.get(2)?);
            let gain = (log_prob * advantages)?.mean_all()?;
            let error = (values - returns)?.sqr()?.mean_all()?;
            let loss = ((error * (0.5 * self.config.vf_coef))? - gain)?;
            loss - (entropy.mean_all()? * entropy_weight)?
        };
        let loss = loss().map_err(candle)?;
        let entropy = with_slice(&judged, |all| all[n..2 * n].iter().map(|&h| f64::from(h)).sum::<f64>())?;
        actor_critic.descend(&loss)?;
        actor_critic.means.add("entropy", entropy / n as f64);
        if let Some(explained) =
            explained_variance(rollout.steps.iter().map(|step| step.value), &rollout.returns)
        {
            actor_critic.means.add("explained_variance", explained);
        }
        rollout.clear();
        actor_critic.adapt()
    }
}

impl Agent for A2c {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.actor_critic.begin(episodes, steps)? {
            self.actor_critic.act(episodes)?;
            self.rollout.push(&self.actor_critic.tick);
            if self.rollout.len() == self.rollout_len() {
                self.update(episodes)?;
            }
        }
        Ok(())
    }

    fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        self.actor_critic.policy(mode)
    }

    fn report(&mut self, monitor: &mut dyn MetricSink) {
        self.actor_critic.report(monitor);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.actor_critic.save(&self.rollout)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (rows, most) = (self.actor_critic.rows(), self.rollout_len());
        self.rollout = self.actor_critic.load(bytes, |rollout: &Rollout| rollout.fits(rows, most))?;
        Ok(())
    }
}
