//! REINFORCE: gradient of the return, estimated from whole episodes.
//!
//! ```text
//! loss = -mean (G_t - b(s_t)) ln pi(a_t|s_t) + vf_coef mean (V - G)^2 / 2 - ent_coef mean H
//! ```
//!
//! Williams 1992, Machine Learning 8. G is the return, H the entropy. The baseline b is a learned value function V
//! (Sutton & Barto, section 13.4) or 0. The return of a truncated episode includes the value of the final observation
//! only with a baseline. An episode that is running during an update continues under the new policy and is used as a
//! whole.

use freewheel_core::{Agent, MetricSink, Policy, PolicyMode, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor_critic::ActorCritic;
use super::advantage::{gae, standardize};
use super::rollout::{Losses, StepShape};
use super::settings::PolicyGradient;
use super::trajectory::Trajectory;
use crate::Budget;
use crate::memory;
use crate::nn::model::{candle_error, tensor};
use crate::schedule::Schedule;
use crate::settings::within;

/// One-line description in the list of agents.
pub const ABOUT: &str = "REINFORCE: Monte-Carlo policy gradient, with or without a baseline (Williams 1992)";

/// Settings of [`Reinforce`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct Config {
    /// Episodes per update, 1 to 1000000.
    pub num_episodes: u32,
    /// Subtract a learned value from the return.
    pub baseline: bool,
    /// Weight of the value loss in the loss, at least 0; used with a baseline only.
    pub vf_coef: f64,
    /// Scale the advantages of an update to mean 0 and standard deviation 1.
    pub normalize_advantage: bool,
    /// Settings of all policy-gradient agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
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
    /// Checks the settings for worlds with the observations and actions of `spec`, without building an agent.
    pub(super) fn check(&self, spec: &Spec, budget: Budget) -> Result<()> {
        self.validate()?;
        let (head, network) = ActorCritic::check(spec, &self.policy_gradient, budget)?;
        memory::require_network(&network, "num_episodes", self.num_episodes as usize)?;
        let shape = StepShape::new(spec, head);
        let what = format!("num_episodes = {} with num_envs = {}", self.num_episodes, budget.num_envs);
        // At least one step of each episode.
        let steps = u128::from(self.num_episodes) + budget.num_envs as u128;
        freewheel_core::memory::require(&what, steps * shape.bytes())
    }

    fn validate(&self) -> Result<()> {
        within("num_episodes", f64::from(self.num_episodes), 1.0, 1e6)?;
        within("vf_coef", self.vf_coef, 0.0, f64::MAX)
    }
}

/// REINFORCE agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, policy_gradient::reinforce::{Config, Reinforce}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(8, 0);
/// let budget = Budget { steps: 8192, num_envs: 8 };
/// let mut agent = Reinforce::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut probabilities = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut probabilities);
/// assert!(probabilities[1] > 0.5, "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Reinforce {
    config: Config,
    actor_critic: ActorCritic,
    /// Running episode of each environment, `[N]`.
    running: Vec<Trajectory>,
    /// Episodes finished since the last update, one after another.
    finished: Trajectory,
    num_finished: u32,
}

impl Agent for Reinforce {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.actor_critic.begin_learning(envs, steps)? {
            self.actor_critic.collect_step(envs)?;
            for mut ended in Trajectory::push_all(&mut self.running, &self.actor_critic.batch) {
                self.finished.append(&mut ended);
                self.num_finished += 1;
            }
            if self.num_finished >= self.config.num_episodes {
                self.update()?;
            }
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        self.actor_critic.policy(mode, self.config.baseline)
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.actor_critic.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.actor_critic.save(&(&self.running, &self.finished, self.num_finished))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let num_envs = self.actor_critic.num_envs();
        let (shape, num_episodes) = (self.actor_critic.step_shape(), self.config.num_episodes);
        let is_valid = |(running, finished, num_finished): &(Vec<Trajectory>, Trajectory, u32)| {
            running.len() == num_envs
                && running.iter().chain([finished]).all(|trajectory| trajectory.is_valid(&shape))
                && *num_finished < num_episodes
                && *num_finished as usize <= finished.steps.len()
        };
        (self.running, self.finished, self.num_finished) = self.actor_critic.load(bytes, is_valid)?;
        Ok(())
    }
}

impl Reinforce {
    /// Agent with new parameters.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for a setting out of range;
    /// [`Error::Config`](freewheel_core::Error::Config) for a world without observations or actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.check(spec, budget)?;
        let actor_critic = ActorCritic::new("reinforce", spec, &config.policy_gradient, budget, streams)?;
        let running = vec![Trajectory::default(); actor_critic.num_envs()];
        Ok(Reinforce { config, actor_critic, running, finished: Trajectory::default(), num_finished: 0 })
    }

    /// Makes one gradient step on the finished episodes, then removes them.
    fn update(&mut self) -> Result<()> {
        self.num_finished = 0;
        let Trajectory { obs, legal, actions, mut steps } = std::mem::take(&mut self.finished);
        let n = steps.len();
        if !self.config.baseline {
            steps.iter_mut().for_each(|step| (step.value, step.bootstrap) = (0.0, 0.0));
        }
        // With lambda 1 the advantage is the return less the value. Every episode is over: no value follows the last
        // step.
        let mut advantages = vec![0.0; n];
        gae(&steps, &[0.0], self.actor_critic.gamma, 1.0, &mut advantages);
        let returns: Vec<f32> = steps.iter().zip(&advantages).map(|(step, a)| step.value + a).collect();
        if self.config.normalize_advantage && n > 1 {
            standardize(&mut advantages);
        }
        let actor_critic = &mut self.actor_critic;
        let (evaluation, warm) = actor_critic.evaluate_warm(obs, actions, legal)?;
        let (advantages, returns) = (tensor(advantages, n)?, tensor(returns, n)?);
        let ent_coef = actor_critic.ent_coef();
        let losses = || -> candle_core::Result<_> {
            let (log_prob, entropy, values) = (evaluation.get(0)?, evaluation.get(1)?, evaluation.get(2)?);
            let value_loss = || candle_nn::loss::mse(&values, &returns)? * 0.5;
            Ok(Losses {
                policy: (log_prob * advantages)?.mean_all()?.neg()?,
                value: self.config.baseline.then(value_loss).transpose()?,
                entropy: entropy.mean_all()?,
                vf_coef: self.config.vf_coef,
                ent_coef,
                warm,
            })
        };
        actor_critic.gradient_step(&losses().map_err(candle_error)?, &evaluation)?;
        actor_critic.end_update()
    }
}
