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
    pub lr: Schedule,
    /// Optimiser: { kind = "adam" | "adam-w" | "rmsprop" | "sgd", ... }.
    pub optimiser: Rule,
    /// Global norm that gradients are clipped to, above 0; 0 leaves them as they are.
    pub max_grad_norm: f64,
    /// Steps of a batch that an update learns from, 1 to 1000000.
    pub batch: u32,
    /// Steps that the replay holds, over all rows, 1 to 4294967295.
    pub capacity: u32,
    /// Steps before the first update, at least 0.
    pub warm_up: u32,
    /// Environment steps to an update, at least 1.
    pub train_every: u32,
    /// Updates at a time, 1 to 1000.
    pub updates: u32,
    /// Environment steps between moves of the target network, at least 1.
    pub target_every: u32,
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
    pub prioritised: bool,
    /// How much priorities count, 0 (not at all) to 1.
    pub alpha: f64,
    /// How much weights undo what priorities prefer, 0 to 1: a number or a ramp.
    pub beta: Schedule,
    /// Error up to which the loss is quadratic, beyond which it is straight, in units of value; 0 for quadratic everywhere.
    pub huber: f64,
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
            lr: Schedule::Constant(5e-4),
            optimiser: Rule::default(),
            max_grad_norm: 10.0,
            batch: 64,
            capacity: 100_000,
            warm_up: 1000,
            train_every: 4,
            updates: 1,
            target_every: 500,
            tau: 1.0,
            epsilon: Schedule::Ramp { from: 1.0, to: 0.05, over: 0.3, shape: schedule::Shape::Linear },
            double: true,
            dueling: false,
            n_step: 1,
            prioritised: false,
            alpha: 0.6,
            beta: Schedule::Ramp { from: 0.4, to: 1.0, over: 1.0, shape: schedule::Shape::Linear },
            huber: 1.0,
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
        self.lr.check_ramp("lr", 0.0, f64::MAX, true)?;
        self.optimiser.validate()?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        within("batch", f64::from(self.batch), 1.0, 1e6)?;
        within("capacity", f64::from(self.capacity), 1.0, most)?;
        within("train_every", f64::from(self.train_every), 1.0, most)?;
        within("updates", f64::from(self.updates), 1.0, 1000.0)?;
        within("target_every", f64::from(self.target_every), 1.0, most)?;
        within("tau", self.tau, f64::from(f32::MIN_POSITIVE), 1.0)?;
        self.epsilon.check_ramp("epsilon", 0.0, 1.0, true)?;
        within("n_step", f64::from(self.n_step), 1.0, 1000.0)?;
        within("alpha", self.alpha, 0.0, 1.0)?;
        self.beta.check_ramp("beta", 0.0, 1.0, true)?;
        within("huber", self.huber, 0.0, f64::MAX)?;
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
