//! Advantage actor-critic: one step along the gradient for every short rollout of many rows.
//!
//! ```text
//! loss = -mean A ln pi(a|s) + v mean (V - R)^2 / 2 - e mean H
//! ```
//!
//! Mnih et al. 2016, arXiv 1602.01783, in its synchronous form; with `lambda` 1 the advantage is the n-step one of the paper. A rollout is `[T, N]`.

use freewheel_core::{Episodes, Learner, Mode, Monitor, Policy, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::advantage::{explained_variance, standardise};
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
    pub horizon: u32,
    /// Decay of the advantage's trace, 0 to 1.
    pub lambda: f64,
    /// Weight of the squared error of the value in the loss, at least 0.
    pub value_weight: f64,
    /// Whether advantages are brought to mean 0 and deviation 1.
    pub normalise_advantages: bool,
    /// What all policy-gradient agents are told.
    #[serde(flatten)]
    pub policy_gradient: PolicyGradient,
}

impl Default for Config {
    fn default() -> Self {
        let policy_gradient = PolicyGradient {
            lr: Schedule::Constant(7e-4),
            optimiser: Rule::Rmsprop { decay: 0.99, eps: 1e-5 },
            ..PolicyGradient::default()
        };
        Config { horizon: 5, lambda: 1.0, value_weight: 0.5, normalise_advantages: false, policy_gradient }
    }
}

impl Config {
    fn validate(&self) -> Result<()> {
        within("horizon", f64::from(self.horizon), 1.0, 1e6)?;
        within("lambda", self.lambda, 0.0, 1.0)?;
        within("value_weight", self.value_weight, 0.0, f64::MAX)
    }
}

/// The learner; see the module.
pub struct A2c {
    config: Config,
    actor: Actor,
    rollout: Rollout,
}

impl A2c {
    /// With first parameters.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range, or a world it cannot learn.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.validate()?;
        let actor = Actor::new("a2c", spec, &config.policy_gradient, budget, streams)?;
        Ok(A2c { config, actor, rollout: Rollout::default() })
    }

    /// Steps of a rollout, T N.
    fn rollout_len(&self) -> usize {
        self.config.horizon as usize * self.actor.rows()
    }

    fn update(&mut self, episodes: &dyn Episodes) -> Result<()> {
        let (actor, rollout) = (&mut self.actor, &mut self.rollout);
        rollout.conclude(actor, episodes, self.config.lambda)?;
        let n = rollout.len();
        if self.config.normalise_advantages && n > 1 {
            standardise(&mut rollout.advantages);
        }
        let obs = tensor(rollout.obs.clone(), (n, actor.model.network().input_len()))?;
        let out = actor.model.forward(&obs, false)?;
        let judged = judge(&actor.head, &out, rollout.taken.clone(), rollout.legal.clone())?;
        let (advantages, returns) =
            (tensor(rollout.advantages.clone(), n)?, tensor(rollout.returns.clone(), n)?);
        let entropy_weight = actor.rate(actor.settings.entropy);
        let loss = || -> candle_core::Result<_> {
            let (log_prob, entropy, values) = (judged.get(0)?, judged.get(1)?, judged.get(2)?);
            let gain = (log_prob * advantages)?.mean_all()?;
            let error = (values - returns)?.sqr()?.mean_all()?;
            let loss = ((error * (0.5 * self.config.value_weight))? - gain)?;
            loss - (entropy.mean_all()? * entropy_weight)?
        };
        let loss = loss().map_err(candle)?;
        let entropy = with_slice(&judged, |all| all[n..2 * n].iter().map(|&h| f64::from(h)).sum::<f64>())?;
        actor.descend(&loss)?;
        actor.tally.add("entropy", entropy / n as f64);
        if let Some(explained) =
            explained_variance(rollout.steps.iter().map(|step| step.value), &rollout.returns)
        {
            actor.tally.add("explained_variance", explained);
        }
        rollout.clear();
        actor.adapt()
    }
}

impl Learner for A2c {
    fn learn(&mut self, episodes: &mut dyn Episodes, steps: u64) -> Result<()> {
        for _ in 0..self.actor.begin(episodes, steps)? {
            self.actor.act(episodes)?;
            self.rollout.push(&self.actor.tick);
            if self.rollout.len() == self.rollout_len() {
                self.update(episodes)?;
            }
        }
        Ok(())
    }

    fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        self.actor.policy(mode)
    }

    fn report(&mut self, monitor: &mut dyn Monitor) {
        self.actor.report(monitor);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.actor.save(&self.rollout)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (rows, most) = (self.actor.rows(), self.rollout_len());
        self.rollout = self.actor.load(bytes, |rollout: &Rollout| rollout.fits(rows, most))?;
        Ok(())
    }
}
