//! The settings of DQN, and the network they ask for.

use freewheel_core::{Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::storage::Storage;
use crate::nn::{Activation, Builder, Init, Network, Rule, Shape};
use crate::schedule::{self, Schedule};
use crate::settings::within;

/// Settings of [`Dqn`](super::Dqn).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Discount of the next value, 0 to 1; left out, it is the world's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Learning rate, at least 0: a number or a ramp { from, to, over, shape }.
    pub learning_rate: Schedule,
    /// Optimizer: { kind = "adam" | "adam-w" | "rmsprop" | "sgd", ... }.
    pub optimizer: Rule,
    /// Global norm that gradients are clipped to, above 0; 0 leaves them as they are.
    pub max_grad_norm: f64,
    /// Steps of a batch that an update learns from, 1 to 1000000.
    pub batch_size: u32,
    /// Steps that the replay holds, over all rows, 1 to 4294967295.
    pub buffer_size: u32,
    /// Steps before the first update, at least 0.
    pub learning_starts: u32,
    /// Environment steps to an update, at least 1.
    pub train_freq: u32,
    /// Updates at a time, 1 to 1000.
    pub gradient_steps: u32,
    /// Environment steps between moves of the target network, at least 1.
    pub target_update_interval: u32,
    /// How far the target network moves to the online one, above 0 and at most 1 (a copy).
    pub tau: f64,
    /// Probability of a random action, 0 to 1: a number or a ramp.
    pub epsilon: Schedule,
    /// Whether the online network chooses the successor's action and the target network only judges it.
    pub double: bool,
    /// Whether the network has a value and advantages instead of action values.
    pub dueling: bool,
    /// Rewards that are added up before the successor's value, 1 to 1000.
    pub n_step: u32,
    /// Whether steps are drawn by the size of their last error.
    pub prioritized: bool,
    /// How much priorities count, 0 (not at all) to 1.
    pub prioritized_alpha: f64,
    /// How much weights undo what priorities prefer, 0 to 1: a number or a ramp.
    pub prioritized_beta: Schedule,
    /// Error up to which the loss is quadratic, beyond which it is straight, in units of value; 0 for quadratic everywhere.
    pub huber_delta: f64,
    /// What rewards are multiplied by, above 0: values then keep to a scale that suits a network.
    pub reward_scale: f64,
    /// How observations are stored: f32, or u8 (a byte a number between its bounds).
    pub storage: Storage,
    /// The network's shape.
    #[serde(flatten)]
    pub shape: Shape,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            gamma: None,
            learning_rate: Schedule::Constant(5e-4),
            optimizer: Rule::default(),
            max_grad_norm: 10.0,
            batch_size: 64,
            buffer_size: 100_000,
            learning_starts: 1000,
            train_freq: 4,
            gradient_steps: 1,
            target_update_interval: 500,
            tau: 1.0,
            epsilon: Schedule::Ramp { from: 1.0, to: 0.05, over: 0.3, shape: schedule::Shape::Linear },
            double: true,
            dueling: false,
            n_step: 1,
            prioritized: false,
            prioritized_alpha: 0.6,
            prioritized_beta: Schedule::Ramp {
                from: 0.4,
                to: 1.0,
                over: 1.0,
                shape: schedule::Shape::Linear,
            },
            huber_delta: 1.0,
            reward_scale: 1.0,
            storage: Storage::F32,
            shape: Shape::default(),
        }
    }
}

impl Config {
    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) naming the field, its value and what is allowed.
    pub(super) fn validate(&self, spec: &Spec) -> Result<()> {
        let most = f64::from(u32::MAX);
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        self.learning_rate.check_ramp("learning_rate", 0.0, f64::MAX, true)?;
        self.optimizer.validate()?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        within("batch_size", f64::from(self.batch_size), 1.0, 1e6)?;
        within("buffer_size", f64::from(self.buffer_size), 1.0, most)?;
        within("train_freq", f64::from(self.train_freq), 1.0, most)?;
        within("gradient_steps", f64::from(self.gradient_steps), 1.0, 1000.0)?;
        within("target_update_interval", f64::from(self.target_update_interval), 1.0, most)?;
        within("tau", self.tau, f64::from(f32::MIN_POSITIVE), 1.0)?;
        self.epsilon.check_ramp("epsilon", 0.0, 1.0, true)?;
        within("n_step", f64::from(self.n_step), 1.0, 1000.0)?;
        within("prioritized_alpha", self.prioritized_alpha, 0.0, 1.0)?;
        self.prioritized_beta.check_ramp("prioritized_beta", 0.0, 1.0, true)?;
        within("huber_delta", self.huber_delta, 0.0, f64::MAX)?;
        within("reward_scale", self.reward_scale, f64::MIN_POSITIVE, f64::MAX)?;
        self.shape.validate(&spec.observation)
    }

    /// What gradients are clipped to.
    pub(super) fn clip(&self) -> Option<f64> {
        (self.max_grad_norm > 0.0).then_some(self.max_grad_norm)
    }

    /// The network for `spec`: a value for each of `actions`.
    pub(super) fn network(&self, spec: &Spec, actions: usize) -> Network {
        let mut net = Builder::new(spec.observation.len());
        let trunk = self.shape.trunk(&mut net, "trunk", &spec.observation);
        let init = Init::Orthogonal(0.1);
        let mut head = |name: &str, outputs| net.linear(name, trunk, outputs, Activation::Identity, init);
        let q = if self.dueling {
            let (value, advantages) = (head("value", 1), head("advantages", actions));
            net.dueling(value, advantages)
        } else {
            head("q", actions)
        };
        net.build(&[q])
    }
}
