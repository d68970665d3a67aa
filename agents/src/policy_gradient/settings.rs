//! What every policy-gradient agent is told.

use freewheel_core::{Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nn::{Activation, Builder, Init, Network, Rule, Shape};
use crate::schedule::Schedule;
use crate::settings::within;

use super::head::Head;

/// The block of parameters that holds the logarithms of the deviations.
pub(super) const LOG_STD: &str = "policy.log_std";

/// The settings that all policy-gradient agents share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; the reader of settings does.
pub struct PolicyGradient {
    /// Discount of the next value, 0 to 1; left out, it is the world's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Learning rate, at least 0: a number or a ramp { from, to, over, shape }.
    pub learning_rate: Schedule,
    /// Optimizer: { kind = "adam" | "adam-w" | "rmsprop" | "sgd", ... }.
    pub optimizer: Rule,
    /// Global norm that gradients are clipped to, above 0; 0 leaves them as they are.
    pub max_grad_norm: f64,
    /// Weight of the entropy in the loss, at least 0: a number or a ramp.
    pub ent_coef: Schedule,
    /// Whether policy and value share their hidden layers.
    pub shared_network: bool,
    /// Logarithm of the standard deviation of continuous actions, in units of half their range, -20 to 2: a number, from which it is
    /// learned, or a ramp, which it follows.
    pub log_std: Schedule,
    /// Whether continuous actions pass through tanh to end inside their range; else they are cut at it.
    pub squash_output: bool,
    /// Whether rewards are divided by the running deviation of discounted returns.
    pub normalize_rewards: bool,
    /// The network's shape.
    #[serde(flatten)]
    pub shape: Shape,
}

impl Default for PolicyGradient {
    fn default() -> Self {
        PolicyGradient {
            gamma: None,
            learning_rate: Schedule::Constant(3e-4),
            optimizer: Rule::default(),
            max_grad_norm: 0.5,
            ent_coef: Schedule::Constant(0.0),
            shared_network: false,
            log_std: Schedule::Constant(-0.5),
            squash_output: false,
            normalize_rewards: false,
            shape: Shape { activation: Activation::Tanh, ..Shape::default() },
        }
    }
}

impl PolicyGradient {
    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) naming the field, its value and what is allowed.
    pub fn validate(&self, spec: &Spec) -> Result<()> {
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        self.learning_rate.check_ramp("learning_rate", 0.0, f64::MAX, true)?;
        self.optimizer.validate()?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        self.ent_coef.check_ramp("ent_coef", 0.0, f64::MAX, true)?;
        self.log_std.check_ramp("log_std", -20.0, 2.0, true)?;
        self.shape.validate(&spec.observation)
    }

    /// What gradients are clipped to.
    pub(super) fn clip(&self) -> Option<f64> {
        (self.max_grad_norm > 0.0).then_some(self.max_grad_norm)
    }

    /// The network for `spec`: what `head` reads, then a value.
    pub(super) fn network(&self, spec: &Spec, head: &Head) -> Network {
        let mut net = Builder::new(spec.observation.len());
        let name = if self.shared_network { "trunk" } else { "policy" };
        let trunk = self.shape.trunk(&mut net, name, &spec.observation);
        // Small first logits: every action is as good as another before anything is known (Andrychowicz et al. 2021, arXiv 2006.05990).
        let small = Init::Orthogonal(0.01);
        let mut outputs = match head {
            Head::Categorical { actions } => {
                vec![net.linear("policy.logits", trunk, *actions, Activation::Identity, small)]
            }
            Head::Gaussian { ranges, .. } => {
                let mean = net.linear("policy.mean", trunk, ranges.len(), Activation::Identity, small);
                let first = self.log_std.at(0, 1).unwrap_or_default();
                vec![mean, net.free(LOG_STD, ranges.len(), first as f32)]
            }
        };
        let trunk = match self.shared_network {
            true => trunk,
            false => self.shape.trunk(&mut net, "value", &spec.observation),
        };
        outputs.push(net.linear("value.out", trunk, 1, Activation::Identity, Init::Orthogonal(1.0)));
        net.build(&outputs)
    }
}
