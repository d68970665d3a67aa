//! Settings of recurrent DQN, and its network.

use freewheel_core::{Error, Result, Spec, memory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::replay::SequenceReplay;
use crate::dqn::settings::{Timing, num_actions, warnings};
use crate::factory::Budget;
use crate::nn::recurrent::RecurrentNetwork;
use crate::nn::{Activation, Builder, Init, NetworkSettings, OptimizerConfig};
use crate::schedule::{RampShape, Schedule};
use crate::settings::within;

/// Settings of [`RecurrentDqn`](super::RecurrentDqn).
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
    /// Sequences sampled for each gradient step, 1 to 100000.
    pub batch_size: u32,
    /// Steps of a sequence, 1 to 10000.
    pub sequence_length: u32,
    /// First steps of a sequence that only make the state of the network, fewer than sequence_length.
    pub burn_in: u32,
    /// Units of the recurrent layer, 1 to 4096.
    pub gru_units: u32,
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
    /// Double Q-learning: the online network selects the next action, the target network evaluates it.
    pub double: bool,
    /// TD error at which the Huber loss becomes linear, in units of the scaled return, at least 0; 0 for the squared
    /// error.
    pub huber_delta: f64,
    /// Divide rewards by the running scale of the discounted returns.
    pub normalize_rewards: bool,
    /// Factor of the rewards, above 0; with normalize_rewards, after the division.
    pub reward_scale: f64,
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
            batch_size: 16,
            sequence_length: 20,
            burn_in: 4,
            gru_units: 64,
            buffer_size: 100_000,
            learning_starts: 1000,
            train_freq: 8,
            gradient_steps: 1,
            target_update_interval: 8,
            tau: 0.02,
            epsilon: Schedule::Ramp { from: 1.0, to: 0.05, over: 0.3, shape: RampShape::Linear },
            double: true,
            huber_delta: 0.0,
            normalize_rewards: true,
            reward_scale: 1.0,
            network: NetworkSettings { hidden_sizes: vec![64], ..NetworkSettings::default() },
        }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`, without building an agent; returns
    /// the network.
    ///
    /// # Errors
    /// As [`RecurrentDqn::new`](super::RecurrentDqn::new).
    pub(super) fn check(&self, spec: &Spec, budget: Budget) -> Result<RecurrentNetwork> {
        self.validate(spec)?;
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        let num_actions = num_actions("recurrent-dqn", spec)?;
        if spec.players == 2 {
            let message = format!("world {}: recurrent-dqn is for worlds with one player; use dqn", spec.id);
            return Err(Error::Config(message));
        }
        let network = self.network(spec, num_actions);
        network.check_size()?;
        let rows = (self.batch_size as usize).saturating_mul(self.sequence_length as usize + 1);
        let what = format!(
            "training a network of {} parameters (hidden_sizes, gru_units) with batch_size = {} of \
             sequence_length = {}",
            network.size(),
            self.batch_size,
            self.sequence_length
        );
        memory::require(&what, network.training_bytes(rows))?;
        let (capacity, m) = (self.buffer_size as usize, network.state_len());
        let bytes = SequenceReplay::bytes(spec, budget.num_envs, capacity, m, self.cut());
        memory::require(&format!("a replay buffer with buffer_size = {}", self.buffer_size), bytes)?;
        Ok(network)
    }

    fn validate(&self, spec: &Spec) -> Result<()> {
        let max = f64::from(u32::MAX);
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        self.learning_rate.check_ramp("learning_rate", 0.0, f64::MAX, true)?;
        self.optimizer.validate()?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        within("batch_size", f64::from(self.batch_size), 1.0, 1e5)?;
        within("sequence_length", f64::from(self.sequence_length), 1.0, 1e4)?;
        within("burn_in", f64::from(self.burn_in), 0.0, f64::from(self.sequence_length) - 1.0)?;
        within("gru_units", f64::from(self.gru_units), 1.0, 4096.0)?;
        within("buffer_size", f64::from(self.buffer_size), 1.0, max)?;
        within("train_freq", f64::from(self.train_freq), 1.0, max)?;
        within("gradient_steps", f64::from(self.gradient_steps), 1.0, 1000.0)?;
        within("target_update_interval", f64::from(self.target_update_interval), 1.0, max)?;
        within("tau", self.tau, f64::from(f32::MIN_POSITIVE), 1.0)?;
        self.epsilon.check_ramp("epsilon", 0.0, 1.0, true)?;
        within("huber_delta", self.huber_delta, 0.0, f64::MAX)?;
        within("reward_scale", self.reward_scale, f64::MIN_POSITIVE, f64::MAX)?;
        self.network.validate(&spec.observation)
    }

    /// Length of a sequence, and number of steps from the start of one to the start of the next, which overlap by the
    /// burn-in.
    pub(super) fn cut(&self) -> (usize, usize) {
        let length = self.sequence_length as usize;
        (length, length.saturating_sub(self.burn_in as usize).max(1))
    }

    /// Times of the updates.
    pub(super) fn timing(&self) -> Timing {
        Timing {
            starts: u64::from(self.learning_starts),
            train_freq: self.train_freq,
            gradient_steps: self.gradient_steps,
            target_update_interval: self.target_update_interval,
            tau: self.tau,
        }
    }

    /// Warnings about settings with which a run of this size cannot learn.
    pub(super) fn warnings(&self, budget: Budget) -> Vec<String> {
        warnings(u64::from(self.learning_starts), self.epsilon, budget)
    }

    /// Network for the observations of `spec`, with one output for each of `num_actions` actions.
    fn network(&self, spec: &Spec, num_actions: usize) -> RecurrentNetwork {
        let (d, units) = (spec.observation.len(), self.gru_units as usize);
        let mut net = Builder::new(d);
        let node = self.network.trunk_with(&mut net, "trunk", &spec.observation, Init::Uniform, false);
        let encoder = (node > 0).then(|| net.build(&[node]));
        let mut net = Builder::new(units);
        let q = net.linear("q", 0, num_actions, Activation::Identity, Init::Uniform);
        RecurrentNetwork::new(d, units, vec![(encoder, net.build(&[q]))])
    }
}
