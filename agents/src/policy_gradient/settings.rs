//! Settings shared by the policy-gradient agents, and their network.

use freewheel_core::{Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::demonstrations::WarmStart;
use crate::nn::{Activation, Builder, Init, Network, NetworkSettings, NodeId, OptimizerConfig};
use crate::schedule::Schedule;
use crate::settings::within;

use super::head::Head;
use super::kickstart::METHODS;

/// Name of the parameters that hold the log standard deviations of continuous actions.
pub(super) const LOG_STD: &str = "policy.log_std";

/// Settings shared by REINFORCE, A2C and PPO.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct PolicyGradient {
    /// Discount of the next value, 0 to 1; default: the world's discount, or 0.99 if that is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Learning rate, at least 0: a number or a ramp { from, to, over, shape }.
    pub learning_rate: Schedule,
    /// Optimizer: { kind = "adam" | "adam-w" | "rmsprop" | "sgd", ... }.
    pub optimizer: OptimizerConfig,
    /// Maximum global norm of the gradient, at least 0; 0 for no clipping.
    pub max_grad_norm: f64,
    /// Weight of the entropy bonus in the loss, at least 0: a number or a ramp.
    pub ent_coef: Schedule,
    /// Share the hidden layers between policy and value function.
    pub shared_network: bool,
    /// Log standard deviation of continuous actions, in units of half their range, -20 to 2: a number (initial value,
    /// then learned) or a ramp (scheduled, not learned).
    pub log_std: Schedule,
    /// Map continuous actions into their range by tanh; otherwise they are clipped to it.
    pub squash_output: bool,
    /// Divide rewards by the running standard deviation of the discounted returns.
    pub normalize_rewards: bool,
    /// Weight of a bonus for state-action pairs that were seldom visited, at least 0: a number or a ramp; index
    /// observations of one-player worlds only.
    pub count_bonus: Schedule,
    /// Start from demonstrations: { demos, keep, method = "kickstarting" or "cloning", pretraining, weight, over,
    /// frozen }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<WarmStart>,
    /// Network settings.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub network: NetworkSettings,
}

impl Default for PolicyGradient {
    fn default() -> Self {
        PolicyGradient {
            gamma: None,
            learning_rate: Schedule::Constant(3e-4),
            optimizer: OptimizerConfig::default(),
            max_grad_norm: 0.5,
            ent_coef: Schedule::Constant(0.0),
            shared_network: false,
            log_std: Schedule::Constant(-0.5),
            squash_output: false,
            normalize_rewards: true,
            count_bonus: Schedule::Constant(0.0),
            warm_start: None,
            network: NetworkSettings {
                activation: Activation::Tanh,
                normalize_observations: true,
                ..NetworkSettings::default()
            },
        }
    }
}

impl PolicyGradient {
    /// Checks the range of every setting.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) with the name, value and range of the setting.
    pub fn validate(&self, spec: &Spec) -> Result<()> {
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        self.learning_rate.check_ramp("learning_rate", 0.0, f64::MAX, true)?;
        self.optimizer.validate()?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        self.ent_coef.check_ramp("ent_coef", 0.0, f64::MAX, true)?;
        self.count_bonus.check_ramp("count_bonus", 0.0, f64::MAX, true)?;
        self.log_std.check_ramp("log_std", -20.0, 2.0, true)?;
        self.warm_start.as_ref().map_or(Ok(()), |warm| warm.check(&METHODS).map(drop))?;
        self.network.validate(&spec.observation)
    }

    /// Maximum norm of the gradient; `None` without clipping.
    pub(super) fn max_norm(&self) -> Option<f64> {
        (self.max_grad_norm > 0.0).then_some(self.max_grad_norm)
    }

    /// Actor-critic network for the observations of `spec`; its outputs are those of `head`, then the value.
    pub(super) fn network(&self, spec: &Spec, head: &Head) -> Network {
        let mut net = Builder::new(spec.observation.len());
        let name = if self.shared_network { "trunk" } else { "policy" };
        let trunk = self.network.trunk(&mut net, name, &spec.observation);
        let mut outputs = self.action_outputs(&mut net, trunk, head);
        let trunk = match self.shared_network {
            true => trunk,
            false => self.network.trunk(&mut net, "value", &spec.observation),
        };
        outputs.push(net.linear("value.out", trunk, 1, Activation::Identity, Init::Orthogonal(1.0)));
        net.build(&outputs)
    }

    /// Adds the outputs of `head`, the parameters of the action distribution, on the node `from`.
    pub(super) fn action_outputs(&self, net: &mut Builder, from: NodeId, head: &Head) -> Vec<NodeId> {
        // Small initial weights make the first policy nearly uniform (Andrychowicz et al. 2021, arXiv 2006.05990).
        let small = Init::Orthogonal(0.01);
        match head {
            Head::Categorical { num_actions } => {
                vec![net.linear("policy.logits", from, *num_actions, Activation::Identity, small)]
            }
            Head::Gaussian { ranges, .. } => {
                let mean = net.linear("policy.mean", from, ranges.len(), Activation::Identity, small);
                let initial = self.log_std.at(0, 1).unwrap_or_default();
                vec![mean, net.free_parameters(LOG_STD, ranges.len(), initial as f32)]
            }
        }
    }
}
