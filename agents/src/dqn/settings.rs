//! Settings of DQN, and its network.

use std::ops::Range;

use freewheel_core::{ActionSpace, Error, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::demonstrations::METHODS;
use crate::demonstrations::WarmStart;
use crate::factory::Budget;
use crate::nn::{Activation, Builder, Init, Network, NetworkSettings, OptimizerConfig};
use crate::replay::Storage;
use crate::schedule::{RampShape, Schedule};
use crate::settings::within;

/// Names of the last layers: action values, or state value and advantages.
pub(super) const HEADS: [&str; 3] = ["q", "value", "advantages"];

/// Settings of [`Dqn`](super::Dqn).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Discount of the next value, 0 to 1; default: the world's discount, or 0.99 if that is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Learning rate, at least 0: a number or a ramp { from, to, over, shape }.
    pub learning_rate: Schedule,
    /// Optimizer: { kind = "adam" | "adam-w" | "rmsprop" | "sgd", ... }.
    pub optimizer: OptimizerConfig,
    /// Maximum global norm of the gradient, at least 0; 0 for no clipping.
    pub max_grad_norm: f64,
    /// Steps sampled for each gradient step, 1 to 1000000.
    pub batch_size: u32,
    /// Capacity of the replay buffer in steps, all environments together, 1 to 4294967295.
    pub buffer_size: u32,
    /// Environment steps before the first gradient step, at least 0.
    pub learning_starts: u32,
    /// Environment steps between updates, at least 1.
    pub train_freq: u32,
    /// Gradient steps per update, 1 to 1000.
    pub gradient_steps: u32,
    /// Environment steps between updates of the target network, at least 1; about 500 with copies, tau = 1.
    pub target_update_interval: u32,
    /// Share of the online network in an update of the target network, above 0 and at most 1 (a copy).
    pub tau: f64,
    /// Probability of a random action, 0 to 1: a number or a ramp.
    pub epsilon: Schedule,
    /// Repeat each random action for a random number of steps, 1 to 100: directed exploration of sparse rewards. The
    /// share of random steps is still epsilon.
    pub repeat_random: bool,
    /// Double Q-learning: the online network selects the next action, the target network evaluates it.
    pub double: bool,
    /// Dueling network: action values from a state value and advantages.
    pub dueling: bool,
    /// Noisy layers: noise of learned size in the weights explores; use it with epsilon = 0.
    pub noisy: bool,
    /// Quantiles of the return that each action value is the mean of (QR-DQN), 1 (only the mean is learned) to 1000.
    pub quantiles: u32,
    /// Rewards summed before the bootstrap from the next value, 1 to 1000.
    pub n_step: u32,
    /// Prioritized replay: sample steps in proportion to a power of their last TD error.
    pub prioritized: bool,
    /// Exponent of the priorities, 0 (uniform sampling) to 1.
    pub prioritized_alpha: f64,
    /// Exponent of the importance-sampling weights, 0 (no correction) to 1 (full): a number or a ramp.
    pub prioritized_beta: Schedule,
    /// TD error at which the Huber loss becomes linear, in units of the scaled return, at least 0; 0 for the squared
    /// error, or the absolute error with quantiles.
    pub huber_delta: f64,
    /// Divide rewards by the running scale of the discounted returns.
    pub normalize_rewards: bool,
    /// Factor of the rewards, above 0; with normalize_rewards, after the division.
    pub reward_scale: f64,
    /// Storage of observations in the replay buffer: f32, or u8 (1 byte per number, 256 levels between its bounds).
    pub storage: Storage,
    /// Start from demonstrations: { demos, keep, method = "dqfd" | "symmetric-sampling", pretraining, share, margin,
    /// weight, over, epsilon }; learning_starts is then 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<WarmStart>,
    /// Network settings.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub network: NetworkSettings,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            gamma: None,
            learning_rate: Schedule::Ramp { from: 1e-3, to: 0.0, over: 1.0, shape: RampShape::Linear },
            optimizer: OptimizerConfig::default(),
            max_grad_norm: 10.0,
            batch_size: 64,
            buffer_size: 100_000,
            learning_starts: 1000,
            train_freq: 4,
            gradient_steps: 1,
            target_update_interval: 4,
            tau: 0.01,
            epsilon: Schedule::Ramp { from: 1.0, to: 0.05, over: 0.3, shape: RampShape::Linear },
            repeat_random: false,
            double: true,
            dueling: false,
            noisy: false,
            quantiles: 1,
            n_step: 3,
            prioritized: false,
            prioritized_alpha: 0.6,
            prioritized_beta: Schedule::Ramp { from: 0.4, to: 1.0, over: 1.0, shape: RampShape::Linear },
            huber_delta: 0.0,
            normalize_rewards: true,
            reward_scale: 1.0,
            storage: Storage::F32,
            warm_start: None,
            network: NetworkSettings::default(),
        }
    }
}

impl Config {
    /// Checks the range of every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name, value and range of the setting.
    pub(super) fn validate(&self, spec: &Spec) -> Result<()> {
        let max = f64::from(u32::MAX);
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        self.learning_rate.check_ramp("learning_rate", 0.0, f64::MAX, true)?;
        self.optimizer.validate()?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        within("batch_size", f64::from(self.batch_size), 1.0, 1e6)?;
        within("buffer_size", f64::from(self.buffer_size), 1.0, max)?;
        within("train_freq", f64::from(self.train_freq), 1.0, max)?;
        within("gradient_steps", f64::from(self.gradient_steps), 1.0, 1000.0)?;
        within("target_update_interval", f64::from(self.target_update_interval), 1.0, max)?;
        within("tau", self.tau, f64::from(f32::MIN_POSITIVE), 1.0)?;
        self.epsilon.check_ramp("epsilon", 0.0, 1.0, true)?;
        within("quantiles", f64::from(self.quantiles), 1.0, 1000.0)?;
        within("n_step", f64::from(self.n_step), 1.0, 1000.0)?;
        within("prioritized_alpha", self.prioritized_alpha, 0.0, 1.0)?;
        self.prioritized_beta.check_ramp("prioritized_beta", 0.0, 1.0, true)?;
        within("huber_delta", self.huber_delta, 0.0, f64::MAX)?;
        within("reward_scale", self.reward_scale, f64::MIN_POSITIVE, f64::MAX)?;
        self.warm_start.as_ref().map_or(Ok(()), |warm| warm.check(&METHODS).map(drop))?;
        self.network.validate(&spec.observation)
    }

    /// Environment steps before the first gradient step: none with demonstrations.
    pub(super) fn starts(&self) -> u64 {
        if self.warm_start.is_some() { 0 } else { u64::from(self.learning_starts) }
    }

    /// Maximum of epsilon.
    pub(super) fn max_epsilon(&self) -> f64 {
        self.warm_start.as_ref().map_or(1.0, |warm| warm.epsilon)
    }

    /// Network settings; symmetric sampling needs layer normalization, without which values of actions that nobody has
    /// taken grow without bound.
    fn network_settings(&self) -> NetworkSettings {
        let is_symmetric =
            self.warm_start.as_ref().is_some_and(|warm| warm.check(&METHODS).ok() == Some(METHODS[1]));
        NetworkSettings { layer_norm: self.network.layer_norm || is_symmetric, ..self.network.clone() }
    }

    /// Times of the updates.
    pub(super) fn timing(&self) -> Timing {
        Timing {
            starts: self.starts(),
            train_freq: self.train_freq,
            gradient_steps: self.gradient_steps,
            target_update_interval: self.target_update_interval,
            tau: self.tau,
        }
    }

    /// Warnings about settings with which a run of this size cannot learn.
    pub(super) fn warnings(&self, budget: Budget) -> Vec<String> {
        warnings(self.starts(), self.epsilon, budget)
    }

    /// Maximum norm of the gradient; `None` without clipping.
    pub(super) fn max_norm(&self) -> Option<f64> {
        (self.max_grad_norm > 0.0).then_some(self.max_grad_norm)
    }

    /// Network for the observations of `spec`, with one output for each quantile of the value of each of `num_actions`
    /// actions.
    pub(super) fn network(&self, spec: &Spec, num_actions: usize) -> Network {
        let mut net = Builder::new(spec.observation.len());
        let trunk = self.network_settings().trunk_with(
            &mut net,
            "trunk",
            &spec.observation,
            Init::Uniform,
            self.noisy,
        );
        let n = self.quantiles as usize;
        let mut head = |name: &str, outputs| match self.noisy {
            true => net.noisy(name, trunk, outputs, Activation::Identity),
            false => net.linear(name, trunk, outputs, Activation::Identity, Init::Uniform),
        };
        let [q, value, advantages] = HEADS;
        let q = if self.dueling {
            let (value, advantages) = (head(value, n), head(advantages, num_actions.saturating_mul(n)));
            net.dueling(value, advantages)
        } else {
            head(q, num_actions.saturating_mul(n))
        };
        net.build(&[q])
    }
}

/// Times of the updates of a DQN, in environment steps.
pub(super) struct Timing {
    /// Steps before the first gradient step.
    pub(super) starts: u64,
    pub(super) train_freq: u32,
    pub(super) gradient_steps: u32,
    pub(super) target_update_interval: u32,
    pub(super) tau: f64,
}

impl Timing {
    /// Number of gradient steps that are due after the environment steps `made`.
    pub(super) fn gradient_steps(&self, made: &Range<u64>) -> u64 {
        let due = |step: u64| step.saturating_sub(self.starts) / u64::from(self.train_freq);
        (due(made.end) - due(made.start)) * u64::from(self.gradient_steps)
    }

    /// Share of the online network in the update of the target network that is due after the environment steps `made`;
    /// `None` if none is.
    pub(super) fn target_share(&self, made: &Range<u64>) -> Option<f64> {
        let updates = |step: u64| step / u64::from(self.target_update_interval);
        let due = updates(made.end) - updates(made.start);
        // k updates with `tau` equal one update with 1 - (1 - tau)^k.
        (due > 0).then(|| 1.0 - (1.0 - self.tau).powi(i32::try_from(due).unwrap_or(i32::MAX)))
    }

    /// Environment step of the next update after `step`.
    pub(super) fn next_update(&self, step: u64) -> u64 {
        let next = |from: u64, every: u32| {
            let every = u64::from(every);
            from + (step.saturating_sub(from) / every + 1) * every
        };
        next(self.starts, self.train_freq).min(next(0, self.target_update_interval))
    }
}

/// Number of actions of a world for the agent `id`.
///
/// # Errors
/// [`Error::Config`] for a world without observations or discrete actions.
pub(super) fn num_actions(id: &str, spec: &Spec) -> Result<usize> {
    let ActionSpace::Discrete { names } = &spec.actions else {
        return Err(Error::Config(format!(
            "world {} has continuous actions, but {id} needs discrete ones; use another agent, or the world's setting \
             for discrete actions if it has one",
            spec.id
        )));
    };
    if names.is_empty() || spec.observation.is_empty() {
        return Err(Error::Config(format!("world {} has no observations or no actions", spec.id)));
    }
    Ok(names.len())
}

/// Warnings about a run of this size whose first update is after `starts` steps and which explores with `epsilon`.
pub(super) fn warnings(starts: u64, epsilon: Schedule, budget: Budget) -> Vec<String> {
    if budget.steps <= starts {
        return vec![format!(
            "it learns nothing in {} steps: its first update is after learning_starts = {starts}; take more steps, or \
             lower learning_starts",
            budget.steps
        )];
    }
    match epsilon {
        Schedule::Ramp { over, .. } if over > 0.0 && over * budget.steps as f64 <= starts as f64 => {
            vec![format!(
                "epsilon ends after {:.0} steps, before the first update after learning_starts = {starts}; take more \
                 steps, or lower learning_starts",
                over * budget.steps as f64
            )]
        }
        _ => Vec::new(),
    }
}
