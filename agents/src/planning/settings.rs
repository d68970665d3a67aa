//! Settings of Gumbel AlphaZero, and its network.

use freewheel_core::{ActionSpace, Error, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gumbel::{Scale, Search};
use crate::demonstrations::WarmStart;
use crate::nn::{Activation, Builder, Conv, Init, Model, Network, NetworkSettings, OptimizerConfig};
use crate::replay::Storage;
use crate::schedule::Schedule;
use crate::settings::{learning_discount, within};
use crate::{Budget, memory, symmetries};

/// Methods of a warm start.
pub(super) const METHODS: [&str; 1] = ["cloning"];
/// Difference of two action values, in units of the network, that may be an error of an untrained network.
const NOISE: f32 = 0.1;
/// Default of `n_step` in games, longer than an episode.
const WHOLE_EPISODE: u32 = 100_000;

/// Settings of [`AlphaZero`](super::alphazero::AlphaZero).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Simulations of the search for each action in training, 1 to 100000.
    pub simulations: u32,
    /// Simulations of the search of the trained policy in evaluations, 0 (the network alone) to 100000.
    pub evaluation_simulations: u32,
    /// Actions that a search considers at the start, at most, 1 to 100000.
    pub max_considered_actions: u32,
    /// Offset of the visits of an action in the weight of action values against logits, 0 to 1000000.
    pub c_visit: f64,
    /// Factor of action values against logits, at least 0; default: 1 in two-player games, 0.1 elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_scale: Option<f64>,
    /// Discount of the next value, 0 to 1; default: the world's discount or, if that is 1, 1 in two-player games and
    /// 0.99 elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Rewards summed before the bootstrap from the value of a search, 1 to 100000; default: whole episodes in
    /// two-player games, 10 elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_step: Option<u32>,
    /// Steps in the replay window, all environments together, 1 to 100000000.
    pub buffer_size: u32,
    /// Steps sampled for each gradient step, 1 to 1000000.
    pub batch_size: u32,
    /// Environment steps before the first gradient step, at least 0.
    pub learning_starts: u32,
    /// Environment steps between updates, at least 1.
    pub train_freq: u32,
    /// Gradient steps per update, 1 to 1000.
    pub gradient_steps: u32,
    /// Learning rate, at least 0: a number or a ramp { from, to, over, shape }.
    pub learning_rate: Schedule,
    /// Optimizer: { kind = "adam" | "adam-w" | "rmsprop" | "sgd", ... }.
    pub optimizer: OptimizerConfig,
    /// Maximum global norm of the gradient, at least 0; 0 for no clipping.
    pub max_grad_norm: f64,
    /// Weight of the value loss in the loss, at least 0.
    pub vf_coef: f64,
    /// Turn and mirror each sampled step at random; for observations of square planes and actions that are their
    /// points.
    pub symmetries: bool,
    /// Storage of observations in the replay window: f32, or u8 (1 byte per number, 256 levels between its bounds).
    pub storage: Storage,
    /// Start from demonstrations: { demos, keep, method = "cloning", pretraining }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<WarmStart>,
    /// Network settings.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub network: NetworkSettings,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            simulations: 32,
            evaluation_simulations: 0,
            max_considered_actions: 16,
            c_visit: 50.0,
            c_scale: None,
            gamma: None,
            n_step: None,
            buffer_size: 50_000,
            batch_size: 128,
            learning_starts: 500,
            train_freq: 16,
            gradient_steps: 1,
            learning_rate: Schedule::Constant(1e-3),
            optimizer: OptimizerConfig::default(),
            max_grad_norm: 10.0,
            vf_coef: 1.0,
            symmetries: false,
            storage: Storage::F32,
            warm_start: None,
            network: NetworkSettings::default(),
        }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`; returns the network.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for continuous actions.
    pub(super) fn check(&self, spec: &Spec, budget: Budget) -> Result<Network> {
        let max = f64::from(u32::MAX);
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        within("simulations", f64::from(self.simulations), 1.0, 1e5)?;
        within("evaluation_simulations", f64::from(self.evaluation_simulations), 0.0, 1e5)?;
        within("max_considered_actions", f64::from(self.max_considered_actions), 1.0, 1e5)?;
        within("c_visit", self.c_visit, 0.0, 1e6)?;
        within("c_scale", self.c_scale.unwrap_or(1.0), 0.0, f64::MAX)?;
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        within("n_step", f64::from(self.n_step.unwrap_or(1)), 1.0, f64::from(WHOLE_EPISODE))?;
        within("buffer_size", f64::from(self.buffer_size), 1.0, 1e8)?;
        within("batch_size", f64::from(self.batch_size), 1.0, 1e6)?;
        within("train_freq", f64::from(self.train_freq), 1.0, max)?;
        within("gradient_steps", f64::from(self.gradient_steps), 1.0, 1000.0)?;
        self.learning_rate.check_ramp("learning_rate", 0.0, f64::MAX, true)?;
        self.optimizer.validate()?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        within("vf_coef", self.vf_coef, 0.0, f64::MAX)?;
        self.warm_start.as_ref().map_or(Ok(()), |warm| warm.check(&METHODS).map(drop))?;
        self.network.validate(&spec.observation)?;
        let a = match &spec.actions {
            ActionSpace::Discrete { names } => names.len(),
            ActionSpace::Continuous { .. } => {
                let why = format!("world {} has continuous actions, which a tree search cannot try", spec.id);
                return Err(Error::Config(why));
            }
        };
        if a == 0 || spec.observation.is_empty() {
            return Err(Error::Config(format!("world {} has no observations or no actions", spec.id)));
        }
        if self.symmetries {
            symmetries::side(spec).map_err(|e| Error::setting("symmetries", format!("symmetries: {e}")))?;
        }
        let network = self.build_network(spec, a);
        Model::check_size(&network)?;
        memory::require_network(&network, "batch_size", self.batch_size as usize)?;
        let bytes = u128::from(self.buffer_size) * (4 * spec.observation.len() + 5 * a + 4) as u128;
        freewheel_core::memory::require(&format!("buffer_size = {}", self.buffer_size), bytes)?;
        Ok(network)
    }

    /// Network with the outputs `logits [A]` and V. With convolutions on a board whose points are the actions, the
    /// logit of a point comes from a 1x1 convolution, and the hidden layers give V and the logit of the other action.
    fn build_network(&self, spec: &Spec, a: usize) -> Network {
        let mut net = Builder::new(spec.observation.len());
        let small = Init::Orthogonal(0.01);
        let board = symmetries::side(spec).ok().filter(|_| self.network.channels > 0);
        let Some(side) = board else {
            let trunk = self.network.trunk(&mut net, "trunk", &spec.observation);
            let logits = net.linear("policy", trunk, a, Activation::Identity, small);
            let value = net.linear("value", trunk, 1, Activation::Identity, small);
            return net.build(&[logits, value]);
        };
        let planes = NetworkSettings { hidden_sizes: Vec::new(), ..self.network.clone() };
        let planes = planes.trunk(&mut net, "trunk", &spec.observation);
        let channels = self.network.channels as usize;
        let conv = Conv { channels, size: [side; 2], out_channels: 1, kernel: 1, stride: 1, padding: 0 };
        let points = net.conv("policy", planes, conv, None, Activation::Identity, Init::Kaiming(0.1));
        let hidden = self.network.hidden(&mut net, "hidden", planes);
        let value = net.linear("value", hidden, 1, Activation::Identity, small);
        if a == side * side {
            return net.build(&[points, value]);
        }
        let other = net.linear("policy.other", hidden, 1, Activation::Identity, small);
        net.build(&[points, other, value])
    }

    /// Constants of a search in training; `unit` is the unit of the values, in rewards.
    pub(super) fn search(&self, spec: &Spec, unit: f32) -> Search {
        let is_game = spec.players == 2;
        Search {
            simulations: self.simulations,
            max_considered: self.max_considered_actions,
            c_visit: self.c_visit as f32,
            c_scale: self.c_scale.unwrap_or(if is_game { 1.0 } else { 0.1 }) as f32,
            gamma: self.discount(spec) as f32,
            scale: if is_game { Scale::Bound(unit) } else { Scale::Range(NOISE * unit) },
            noise: true,
        }
    }

    /// Discount of the next value.
    pub(super) fn discount(&self, spec: &Spec) -> f64 {
        match self.gamma {
            None if spec.players == 2 => spec.gamma,
            gamma => learning_discount(gamma, spec),
        }
    }

    /// Rewards summed before the bootstrap.
    pub(super) fn n_step(&self, spec: &Spec) -> usize {
        self.n_step.unwrap_or(if spec.players == 2 { WHOLE_EPISODE } else { 10 }) as usize
    }
}
