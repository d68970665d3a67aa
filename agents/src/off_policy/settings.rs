//! Settings shared by SAC and TD3, and the range of the actions.

use freewheel_core::graph::{Graph, Value};
use freewheel_core::{
    ActionBuffer, ActionDistribution, ActionSpace, Error, Insight, ObservationSpace, Result, Spec,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::demonstrations::METHODS;
use crate::Budget;
use crate::demonstrations::WarmStart;
use crate::memory;
use crate::nn::{Activation, Builder, Init, Model, Network, NetworkSettings, OptimizerConfig};
use crate::replay::{Replay, Storage};
use crate::schedule::Schedule;
use crate::settings::within;

/// Settings shared by SAC and TD3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct OffPolicy {
    /// Discount of the next value, 0 to 1; default: the world's discount, or 0.99 if that is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Learning rate, at least 0: a number or a ramp { from, to, over, shape }.
    pub learning_rate: Schedule,
    /// Optimizer: { kind = "adam" | "adam-w" | "rmsprop" | "sgd", ... }.
    pub optimizer: OptimizerConfig,
    /// Maximum global norm of a gradient, at least 0; 0 for no clipping.
    pub max_grad_norm: f64,
    /// Steps sampled for each gradient step, 1 to 1000000.
    pub batch_size: u32,
    /// Capacity of the replay buffer in steps, all environments together, 1 to 4294967295.
    pub buffer_size: u32,
    /// Environment steps with random actions before the first gradient step, at least 0.
    pub learning_starts: u32,
    /// Environment steps between updates, at least 1.
    pub train_freq: u32,
    /// Gradient steps per update, 1 to 1000; gradient_steps / train_freq is the update-to-data ratio.
    pub gradient_steps: u32,
    /// Share of the online network in each update of the target network, above 0 and at most 1 (a copy).
    pub tau: f64,
    /// Rewards summed before the bootstrap from the next value, 1 to 1000.
    pub n_step: u32,
    /// Divide rewards by the running standard deviation of the discounted returns.
    pub normalize_rewards: bool,
    /// Storage of observations in the replay buffer: f32, or u8 (1 byte per number, 256 levels between its bounds).
    pub storage: Storage,
    /// Start from demonstrations: { demos, keep, method = "symmetric-sampling" or "cloning", pretraining, share,
    /// weight, over, frozen }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<WarmStart>,
    /// Network settings.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub network: NetworkSettings,
}

impl Default for OffPolicy {
    fn default() -> Self {
        OffPolicy {
            gamma: None,
            learning_rate: Schedule::Constant(3e-4),
            optimizer: OptimizerConfig::default(),
            max_grad_norm: 0.0,
            batch_size: 256,
            buffer_size: 1_000_000,
            learning_starts: 1000,
            train_freq: 1,
            gradient_steps: 1,
            tau: 0.005,
            n_step: 1,
            normalize_rewards: true,
            storage: Storage::F32,
            warm_start: None,
            network: NetworkSettings {
                hidden_sizes: vec![256, 256],
                activation: Activation::Relu,
                normalize_observations: true,
                ..NetworkSettings::default()
            },
        }
    }
}

impl OffPolicy {
    /// Checks the range of every setting, and that `spec` is a world of continuous actions for one player.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name, value and range of the setting; [`Error::Config`] for an unsuitable world.
    pub(super) fn check(&self, id: &str, spec: &Spec, budget: Budget) -> Result<()> {
        let max = f64::from(u32::MAX);
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        self.learning_rate.check_ramp("learning_rate", 0.0, f64::MAX, true)?;
        self.optimizer.validate()?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        within("batch_size", f64::from(self.batch_size), 1.0, 1e6)?;
        within("buffer_size", f64::from(self.buffer_size), 1.0, max)?;
        within("train_freq", f64::from(self.train_freq), 1.0, max)?;
        within("gradient_steps", f64::from(self.gradient_steps), 1.0, 1000.0)?;
        within("tau", self.tau, f64::from(f32::MIN_POSITIVE), 1.0)?;
        within("n_step", f64::from(self.n_step), 1.0, 1000.0)?;
        self.warm_start.as_ref().map_or(Ok(()), |warm| warm.check(&METHODS).map(drop))?;
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        let ranges = ActionRanges::new(id, spec)?;
        let ObservationSpace::Box { .. } = spec.observation else {
            return Err(Error::Config(format!(
                "world {} has discrete observations, but {id} needs numbers; use another agent",
                spec.id
            )));
        };
        if ranges.is_empty() || spec.observation.is_empty() {
            return Err(Error::Config(format!("world {} has no observations or no actions", spec.id)));
        }
        if spec.players != 1 {
            return Err(Error::Config(format!(
                "world {} has {} players, but {id} learns for one player",
                spec.id, spec.players
            )));
        }
        self.network.validate(&inputs(spec.observation.len()))?;
        let capacity = self.buffer_size as usize;
        Replay::<f32>::check(spec, budget.num_envs, capacity, self.min_slots(), self.storage, false)?;
        let critic = self.critic(spec);
        Model::check_size(&critic)?;
        memory::require_network(&critic, "batch_size", self.batch_size as usize)
    }

    /// Warnings about settings with which a run of this size cannot learn.
    pub(super) fn warnings(&self, budget: Budget) -> Vec<String> {
        let first = self.starts() + u64::from(self.train_freq);
        let text = format!(
            "it learns nothing in {} steps: its first update is after {first} (learning_starts + train_freq); take \
             more steps, or lower learning_starts",
            budget.steps
        );
        if budget.steps < first { vec![text] } else { Vec::new() }
    }

    /// Environment steps with random actions before the first gradient step: none with demonstrations.
    pub(super) fn starts(&self) -> u64 {
        if self.warm_start.is_some() { 0 } else { u64::from(self.learning_starts) }
    }

    /// Network settings of the critics; symmetric sampling needs layer normalization, without which values of actions
    /// that were never taken grow without bound.
    fn critic_settings(&self) -> NetworkSettings {
        let is_symmetric =
            self.warm_start.as_ref().is_some_and(|warm| warm.check(&METHODS).ok() == Some(METHODS[0]));
        NetworkSettings { layer_norm: self.network.layer_norm || is_symmetric, ..self.network.clone() }
    }

    /// Minimum number of steps of each environment that the replay buffer must hold.
    pub(super) fn min_slots(&self) -> usize {
        2 * self.n_step as usize + 2
    }

    /// Maximum norm of a gradient; `None` without clipping.
    pub(super) fn max_norm(&self) -> Option<f64> {
        (self.max_grad_norm > 0.0).then_some(self.max_grad_norm)
    }

    /// Twin critics in one network: from an observation and an action, `[D + K]`, to two action values.
    pub(crate) fn critic(&self, spec: &Spec) -> Network {
        let len = spec.observation.len() + spec.actions.dimensions();
        let mut net = Builder::new(len);
        let values = ["q1", "q2"].map(|name| {
            let trunk = self.critic_settings().trunk(&mut net, name, &inputs(len));
            net.linear(&format!("{name}.out"), trunk, 1, Activation::Identity, Init::Orthogonal(1.0))
        });
        net.build(&values)
    }

    /// State value: from an observation `[D]` to one number.
    pub(crate) fn value(&self, spec: &Spec) -> Network {
        let len = spec.observation.len();
        let mut net = Builder::new(len);
        let trunk = self.network.trunk(&mut net, "value", &inputs(len));
        let out = net.linear("value.out", trunk, 1, Activation::Identity, Init::Orthogonal(1.0));
        net.build(&[out])
    }

    /// Policy network: from an observation `[D]` to `heads` outputs of K numbers each.
    pub(crate) fn actor(&self, spec: &Spec, heads: &[&str]) -> Network {
        let len = spec.observation.len();
        let mut net = Builder::new(len);
        let trunk = self.network.trunk(&mut net, "policy", &inputs(len));
        // Small initial weights: the first policy acts in the middle of the range.
        let init = Init::Orthogonal(0.01);
        let outputs: Vec<_> = heads
            .iter()
            .map(|name| net.linear(name, trunk, spec.actions.dimensions(), Activation::Identity, init))
            .collect();
        net.build(&outputs)
    }
}

/// Space of `len` numbers, the inputs of a network.
fn inputs(len: usize) -> ObservationSpace {
    ObservationSpace::vector(&vec![(-1.0, 1.0); len])
}

/// Ranges of the K numbers of an action: middle and half width of each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ActionRanges(pub(crate) Vec<(f32, f32)>);

impl ActionRanges {
    /// Ranges of the actions of `spec`, for the agent `id`.
    ///
    /// # Errors
    /// [`Error::Config`] for discrete actions, or an action without bounds.
    pub(crate) fn new(id: &str, spec: &Spec) -> Result<Self> {
        let ActionSpace::Continuous { names, low, high } = &spec.actions else {
            return Err(Error::Config(format!(
                "world {} has discrete actions, but {id} needs continuous ones; use another agent, or the world's \
                 setting for continuous actions if it has one",
                spec.id
            )));
        };
        let range = |(name, (&low, &high)): (&String, (&f32, &f32))| match (high - low).is_finite() {
            true => Ok((0.5 * (low + high), 0.5 * (high - low))),
            false => {
                Err(Error::Config(format!("world {}: action `{name}` must have finite bounds", spec.id)))
            }
        };
        names.iter().zip(low.iter().zip(high)).map(range).collect::<Result<_>>().map(ActionRanges)
    }

    /// Number of numbers of an action, K.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether actions have no numbers.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Action `[K]` in units of the world as numbers from -1 to 1.
    pub(crate) fn scaled(&self, action: &[f32]) -> Vec<f32> {
        let one = |(x, &(middle, half)): (&f32, &(f32, f32))| match half > 0.0 {
            true => ((x - middle) / half).clamp(-1.0, 1.0),
            false => 0.0,
        };
        action.iter().zip(&self.0).map(one).collect()
    }

    /// Insight of actions with these means and standard deviations, `[K]` each, in units of half a range.
    pub(crate) fn insight(&self, means: &[f32], stds: &[f32]) -> Insight {
        let one = |((mean, std), (middle, half)): ((&f32, &f32), &(f32, f32))| ActionDistribution {
            mean: middle + half * mean,
            std: half * std,
        };
        let continuous = means.iter().zip(stds).zip(&self.0).map(one).collect();
        Insight { continuous, ..Insight::default() }
    }

    /// Adds the actions of the numbers `u [N, K]` from -1 to 1 to `graph`, in units of the world.
    pub(super) fn add_to(&self, graph: &mut Graph, spec: &Spec, u: Value) {
        graph.scale_action(spec, u, &self.0);
    }

    /// Writes `actions [N, K]`, numbers from -1 to 1, to `buffer` in units of the world.
    pub(crate) fn write(&self, actions: &[f32], buffer: &mut ActionBuffer) {
        // The vector environment refuses actions of the wrong kind.
        let ActionBuffer::Continuous(buffer) = buffer else { return };
        for (out, action) in buffer.chunks_exact_mut(self.len()).zip(actions.chunks_exact(self.len())) {
            for ((out, action), (middle, half)) in out.iter_mut().zip(action).zip(&self.0) {
                *out = middle + half * action;
            }
        }
    }
}
