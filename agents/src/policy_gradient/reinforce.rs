//! REINFORCE: the gradient of the return, estimated from whole episodes.
//!
//! ```text
//! loss = -mean (G_t - b(s_t)) ln pi(a_t|s_t) + v mean (V - G)^2 / 2 - e mean H
//! ```
//!
//! Williams 1992, Machine Learning 8; with the learned baseline b = V of Sutton & Barto, section 13.4, or none. What lies beyond a time limit
//! counts as the value says where there is a baseline, and as nothing where there is none. Of several rows, an episode
//! that is under way at an update is finished by the new policy and used whole.

use freewheel_core::{Agent, MetricSink, Mode, Policy, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor_critic::{ActorCritic, StepBatch};
use super::advantage::{Step, generalized, standardize};
use super::head::judge;
use super::settings::PolicyGradient;
use crate::Budget;
use crate::nn::model::{candle, tensor, with_slice};
use crate::schedule::Schedule;
use crate::settings::within;

/// For the list of agents.
pub const ABOUT: &str = "REINFORCE: Monte-Carlo policy gradient, with or without a baseline (Williams 1992)";

/// Settings of [`Reinforce`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; the reader of settings does.
pub struct Config {
    /// Episodes of an update, 1 to 1000000.
    pub num_episodes: u32,
    /// Whether a learned value is taken off the return.
    pub baseline: bool,
    /// Weight of the squared error of the value in the loss, at least 0; with a baseline.
    pub vf_coef: f64,
    /// Whether the returns of an update, less their baseline, are brought to mean 0 and deviation 1.
    pub normalize_advantage: bool,
    /// What all policy-gradient agents are told.
    #[serde(flatten)]
    pub policy_gradient: PolicyGradient,
}

impl Default for Config {
    fn default() -> Self {
        let policy_gradient =
            PolicyGradient { learning_rate: Schedule::Constant(1e-3), ..PolicyGradient::default() };
        Config { num_episodes: 8, baseline: true, vf_coef: 0.5, normalize_advantage: true, policy_gradient }
    }
}

impl Config {
    fn validate(&self) -> Result<()> {
        within("num_episodes", f64::from(self.num_episodes), 1.0, 1e6)?;
        within("vf_coef", self.vf_coef, 0.0, f64::MAX)
    }
}

/// The learner; see the module.
pub struct Reinforce {
    config: Config,
    actor_critic: ActorCritic,
    /// The episode of each row so far, `[N]`.
    trails: Vec<Trail>,
    /// Episodes that have ended since the last update.
    ended: Trail,
    count: u32,
}

/// Steps of one episode after another.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Trail {
    obs: Vec<f32>,
    legal: Vec<bool>,
    taken: Vec<f32>,
    steps: Vec<Step>,
}

impl Trail {
    fn push(&mut self, tick: &StepBatch, row: usize) {
        let rows = tick.steps.len();
        let own = |width: usize| row * width..(row + 1) * width;
        self.obs.extend_from_slice(&tick.obs[own(tick.obs.len() / rows)]);
        self.legal.extend_from_slice(&tick.legal[own(tick.legal.len() / rows)]);
        self.taken.extend_from_slice(&tick.taken[own(tick.taken.len() / rows)]);
        self.steps.push(tick.steps[row]);
    }

    fn append(&mut self, other: &mut Trail) {
        self.obs.append(&mut other.obs);
        self.legal.append(&mut other.legal);
        self.taken.append(&mut other.taken);
        self.steps.append(&mut other.steps);
    }
}

impl Reinforce {
    /// With first parameters.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range, or a world it cannot learn.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.validate()?;
        let actor_critic = ActorCritic::new("reinforce", spec, &config.policy_gradient, budget, streams)?;
        let trails = vec![Trail::default(); actor_critic.rows()];
        Ok(Reinforce { config, actor_critic, trails, ended: Trail::default(), count: 0 })
    }

    fn update(&mut self) -> Result<()> {
        self.count = 0;
        let Trail { obs, legal, taken, mut steps } = std::mem::take(&mut self.ended);
        let n = steps.len();
        if !self.config.baseline {
            steps.iter_mut().for_each(|step| (step.value, step.beyond) = (0.0, 0.0));
        }
        // lambda 1 makes advantages of returns; every episode ends, so nothing follows the last step.
        let mut advantages = vec![0.0; n];
        generalized(&steps, &[0.0], self.actor_critic.gamma, 1.0, &mut advantages);
        let returns: Vec<f32> = steps.iter().zip(&advantages).map(|(step, a)| step.value + a).collect();
        if self.config.normalize_advantage && n > 1 {
            standardize(&mut advantages);
        }
        let actor_critic = &mut self.actor_critic;
        let obs = tensor(obs, (n, actor_critic.model.network().input_len()))?;
        let out = actor_critic.model.forward(&obs, false)?;
        let judged = judge(&actor_critic.head, &out, taken, legal)?;
        let (advantages, returns) = (tensor(advantages, n)?, tensor(returns, n)?);
        let entropy_weight = actor_critic.rate(actor_critic.settings.ent_coef);
        let loss = || -> candle_core::Result<_> {
            let (log_prob, entropy, values) = (judged.get(0)?, judged.get(1)?, judged.get(2)?);
            let gain = (log_prob * advantages)?.mean_all()?;
            let loss = (gain.neg()? - (entropy.mean_all()? * entropy_weight)?)?;
            match self.config.baseline {
                true => loss + ((values - returns)?.sqr()?.mean_all()? * (0.5 * self.config.vf_coef))?,
                false => Ok(loss),
            }
        };
        let loss = loss().map_err(candle)?;
        let entropy = with_slice(&judged, |all| all[n..2 * n].iter().map(|&h| f64::from(h)).sum::<f64>())?;
        actor_critic.descend(&loss)?;
        actor_critic.means.add("entropy", entropy / n as f64);
        actor_critic.adapt()
    }
}

impl Agent for Reinforce {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.actor_critic.begin(episodes, steps)? {
            self.actor_critic.act(episodes)?;
            for (row, trail) in self.trails.iter_mut().enumerate() {
                trail.push(&self.actor_critic.tick, row);
                if self.actor_critic.tick.ending[row].is_over() {
                    self.ended.append(trail);
                    self.count += 1;
                }
            }
            if self.count >= self.config.num_episodes {
                self.update()?;
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
        self.actor_critic.save(&(&self.trails, &self.ended, self.count))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let rows = self.actor_critic.rows();
        let fits = |own: &(Vec<Trail>, Trail, u32)| own.0.len() == rows;
        (self.trails, self.ended, self.count) = self.actor_critic.load(bytes, fits)?;
        Ok(())
    }
}
