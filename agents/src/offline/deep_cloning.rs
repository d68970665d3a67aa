//! Deep behavior cloning: a network of the demonstrated actions, learned by gradient steps on samples of them.
//!
//! ```text
//! loss = mean -ln pi(a|s),   pi = softmax of the logits of the legal actions
//! ```
//!
//! For many demonstrations on boards: convolutions with a head of one logit a point, the eight symmetries of a board as
//! augmentation, and measures on held-out episodes. Clark & Storkey 2015, arXiv 1412.3409, and Maddison et al. 2015,
//! arXiv 1412.6564, predict the moves of Go in this way. A store of actions only is replayed once, and its observations
//! are kept as one bit a number.

use std::sync::Arc;

use freewheel_core::{
    ActionSpace, Agent, Error, MetricSink, Policy, PolicyMode, Purpose, Result, Spec, Streams, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::NetworkPolicy;
use super::training::{self, GradientSteps, Training, normalize, refused};
use crate::Budget;
use crate::demonstrations::{Demonstrated, not_loaded};
use crate::memory;
use crate::nn::{
    Activation, Builder, Conv, Init, Model, Network, NetworkSettings, ObservationNormalizer, OptimizerConfig,
};
use crate::off_policy::trained::{SavedNetwork, TrainedNetwork};
use crate::policy_gradient::head::Head;
use crate::schedule::Schedule;
use crate::settings::within;
use crate::symmetries::{self, Symmetries};

mod examples;
mod factory;
#[cfg(test)]
mod tests;

use examples::{Examples, Packed};
pub(super) use factory::DeepCloningFactory;

/// One-line description in the list of agents.
pub const ABOUT: &str = "Deep behavior cloning: a network of the demonstrated actions (Clark & Storkey 2015)";

/// Name and version of the checkpoint format.
const CHECKPOINT: (&str, u32) = ("deep-bc", 1);
/// Number of examples of a forward pass of a measurement.
const ROWS_PER_PASS: usize = 128;
/// Number of logits within which `top5` finds the demonstrated action.
const TOP: usize = 5;

/// Settings of [`DeepCloning`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct Config {
    /// Gradient steps of the whole run, 1 to 100000000.
    pub gradient_steps: u32,
    /// Demonstrated steps of a gradient step, 1 to 1000000.
    pub batch_size: u32,
    /// Learning rate, at least 0: a number or a ramp { from, to, over, shape }.
    pub learning_rate: Schedule,
    /// Maximum global norm of the gradient, at least 0; 0 for no clipping.
    pub max_grad_norm: f64,
    /// Turn and mirror each example at random; for observations of square planes and actions that are their points.
    pub symmetries: bool,
    /// One logit for each point of the planes by a 1x1 convolution, and a constant for an action that is no point;
    /// hidden_sizes are not used then, and the policy can play on boards of other sizes.
    pub convolutional_head: bool,
    /// Share of the episodes that are held out for the measures top1, top5 and log_loss, 0 to 0.9.
    pub held_out: f64,
    /// Steps of held-out episodes that are measured at each log point, 1 to 1000000.
    pub held_out_steps: u32,
    /// Demonstrations.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub demonstrated: Demonstrated,
    /// Network settings.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub network: NetworkSettings,
    /// Replay of a store of actions only.
    #[serde(skip)]
    replay: Replay,
}

/// Replay of a store of actions only, once it is loaded. Settings are equal whether it is loaded or not.
#[derive(Clone, Debug, Default)]
struct Replay(Option<Arc<Packed>>);

impl PartialEq for Replay {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            gradient_steps: 5000,
            batch_size: 128,
            learning_rate: Schedule::Constant(1e-3),
            max_grad_norm: 10.0,
            symmetries: false,
            convolutional_head: false,
            held_out: 0.05,
            held_out_steps: 2000,
            demonstrated: Demonstrated::default(),
            network: NetworkSettings { normalize_observations: true, ..NetworkSettings::default() },
            replay: Replay::default(),
        }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`; returns the network.
    ///
    /// # Errors
    /// As [`DeepCloning::new`].
    pub(super) fn check(&self, spec: &Spec) -> Result<Network> {
        self.demonstrated.check()?;
        within("gradient_steps", f64::from(self.gradient_steps), 1.0, 1e8)?;
        within("batch_size", f64::from(self.batch_size), 1.0, 1e6)?;
        self.learning_rate.check_ramp("learning_rate", 0.0, f64::MAX, true)?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        within("held_out", self.held_out, 0.0, 0.9)?;
        within("held_out_steps", f64::from(self.held_out_steps), 1.0, 1e6)?;
        self.network.validate(&spec.observation)?;
        let ActionSpace::Discrete { names } = &spec.actions else {
            let message =
                format!("world {} has continuous actions, which deep-bc does not learn; use bc", spec.id);
            return Err(Error::Config(message));
        };
        if names.is_empty() || spec.observation.is_empty() {
            return Err(Error::Config(format!("world {} has no observations or no actions", spec.id)));
        }
        if self.symmetries {
            symmetries::side(spec).map_err(|e| Error::setting("symmetries", format!("symmetries: {e}")))?;
        }
        let network = self.build_network(spec, names.len())?;
        Model::check_size(&network)?;
        memory::require_network(&network, "batch_size", self.batch_size as usize)?;
        Ok(network)
    }

    /// Network with the outputs `logits [A]`.
    fn build_network(&self, spec: &Spec, num_actions: usize) -> Result<Network> {
        let mut net = Builder::new(spec.observation.len());
        if !self.convolutional_head {
            let trunk = self.network.trunk(&mut net, "policy", &spec.observation);
            let out =
                net.linear("policy.out", trunk, num_actions, Activation::Identity, Init::Orthogonal(0.01));
            return Ok(net.build(&[out]));
        }
        let refuse = |why: String| Error::setting("convolutional_head", format!("convolutional_head: {why}"));
        if self.network.channels == 0 {
            return Err(refuse("set `channels`, such as channels = 32".into()));
        }
        let side = symmetries::side(spec).map_err(|e| refuse(e.to_string()))?;
        let settings = NetworkSettings { hidden_sizes: Vec::new(), ..self.network.clone() };
        let trunk = settings.trunk(&mut net, "policy", &spec.observation);
        let channels = self.network.channels as usize;
        let conv = Conv { channels, size: [side; 2], out_channels: 1, kernel: 1, stride: 1, padding: 0 };
        let points = net.conv("policy.out", trunk, conv, None, Activation::Identity, Init::Kaiming(0.1));
        if num_actions == side * side {
            return Ok(net.build(&[points]));
        }
        let other = net.free_parameters("policy.other", 1, 0.0);
        Ok(net.build(&[points, other]))
    }
}

/// Deep behavior cloning.
pub struct DeepCloning {
    config: Config,
    budget: Budget,
    head: Head,
    network: TrainedNetwork,
    normalizer: ObservationNormalizer,
    symmetries: Option<Symmetries>,
    /// Demonstrated steps, once they are loaded.
    examples: Option<Examples>,
    training: Training,
    batch: Batch,
}

/// Buffers of a batch of B examples.
#[derive(Default)]
struct Batch {
    obs: Vec<f32>,
    legal: Vec<bool>,
    actions: Vec<usize>,
    out: Vec<f32>,
    scratch: Vec<f32>,
}

impl Agent for DeepCloning {
    fn learn(&mut self, _: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        if self.examples.is_none() {
            return Err(not_loaded(&self.config.demonstrated.demos));
        }
        training::learn(self, steps)
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        match self.network.freeze() {
            Ok(frozen) => Box::new(NetworkPolicy {
                frozen,
                head: self.head.clone(),
                normalizer: self.normalizer.clone(),
                stochastic: mode == PolicyMode::Exploring,
                unit: None,
            }),
            // `freeze` fails only for parameters that are not a contiguous tensor on the CPU.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.training.report(metrics);
        if let Some([top1, top5, log_loss]) = self.measure() {
            metrics.scalar("top1", top1);
            metrics.scalar("top5", top5);
            metrics.scalar("log_loss", log_loss);
        }
    }

    fn save(&self) -> Result<Vec<u8>> {
        training::save("deep-bc", CHECKPOINT, &(self.network.save(), &self.normalizer, &self.training))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (network, normalizer, training): (SavedNetwork, ObservationNormalizer, Training) =
            training::load("deep-bc", CHECKPOINT, bytes)?;
        if !normalizer.can_replace(&self.normalizer) || !training.is_valid(self.budget.num_envs) {
            return Err(refused("deep-bc", "its settings differ, or a number in it is out of range"));
        }
        if !self.network.load(network) {
            let why = "its network has another size, or a number in it is out of range";
            return Err(refused("deep-bc", why));
        }
        (self.normalizer, self.training) = (normalizer, training);
        Ok(())
    }
}

impl DeepCloning {
    /// Agent with new parameters.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for continuous actions, or demonstrations of
    /// another world.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        let network = config.check(spec)?;
        let mut normalizer = ObservationNormalizer::new(spec, config.network.normalize_observations);
        let num_actions = spec.actions.count();
        let mut examples = None;
        if let Some(set) = config.demonstrated.episodes(spec)? {
            let packed = config.replay.0.clone();
            if set.header.actions_only && packed.is_none() {
                let demos = &config.demonstrated.demos;
                return Err(Error::Config(format!(
                    "{demos}: a store of actions only needs a replay in the world"
                )));
            }
            if packed.is_none() {
                normalize(&set, &mut normalizer);
            }
            examples = Some(Examples::new(set, packed, num_actions, config.held_out, streams));
        }
        let symmetries = match config.symmetries {
            true => Some(Symmetries::of(symmetries::side(spec)?)),
            false => None,
        };
        let mut rng = streams.stream(Purpose::Initialization, 0, 0);
        Ok(DeepCloning {
            network: TrainedNetwork::new(network, OptimizerConfig::default(), false, &mut rng),
            budget,
            head: Head::Categorical { num_actions },
            normalizer,
            symmetries,
            examples,
            training: Training::new(streams),
            batch: Batch::default(),
            config,
        })
    }

    /// Forward pass of the examples `rows`, each transformed by its symmetry, into the buffers of the batch.
    fn forward(&mut self, rows: &[((u32, u32), usize)]) {
        let (Some(examples), batch) = (&self.examples, &mut self.batch) else { return };
        let (d, a) = (self.network.network().input_len(), examples.num_actions());
        batch.obs.resize(rows.len() * d, 0.0);
        batch.legal.resize(rows.len() * a, false);
        batch.actions.clear();
        let parts = batch.obs.chunks_exact_mut(d).zip(batch.legal.chunks_exact_mut(a));
        for (&(example, symmetry), (obs, legal)) in rows.iter().zip(parts) {
            let symmetry = self.symmetries.as_ref().map(|all| (all, symmetry));
            batch.actions.push(examples.write(example, symmetry, obs, legal));
        }
        let obs = self.normalizer.normalize(&batch.obs, &mut batch.scratch);
        self.network.forward(obs, &mut batch.out);
    }

    /// Shares of held-out examples whose action is the most probable one, and among the five most probable ones, and
    /// the mean of -ln pi(a|s); `None` without held-out examples.
    fn measure(&mut self) -> Option<[f64; 3]> {
        let sample = self.examples.as_ref()?.held_out_sample(self.config.held_out_steps as usize);
        let a = self.head.len();
        let mut sums = [0.0; 3];
        for rows in sample.chunks(ROWS_PER_PASS) {
            let rows: Vec<_> = rows.iter().map(|&row| (row, 0)).collect();
            self.forward(&rows);
            let Batch { out, legal, actions, .. } = &self.batch;
            for ((out, legal), &action) in out.chunks_exact(a).zip(legal.chunks_exact(a)).zip(actions) {
                let rank = rank(out, legal, action);
                sums[0] += f64::from(u8::from(rank == 0));
                sums[1] += f64::from(u8::from(rank < TOP));
                sums[2] -= f64::from(self.head.log_prob_entropy(out, legal, &[action as f32]).0);
            }
        }
        (!sample.is_empty()).then(|| sums.map(|sum| sum / sample.len() as f64))
    }
}

impl GradientSteps for DeepCloning {
    fn plan(&self) -> (Budget, u32) {
        (self.budget, self.config.gradient_steps)
    }

    fn training(&mut self) -> &mut Training {
        &mut self.training
    }

    /// Makes one gradient step on a sample of the examples.
    fn update(&mut self) -> Result<()> {
        let Some(examples) = &self.examples else { return Ok(()) };
        let (b, rng) = (self.config.batch_size, &mut self.training.rng);
        let all = examples.training.len() as u32;
        let count = if self.symmetries.is_some() { symmetries::COUNT as u32 } else { 1 };
        let rows: Vec<_> =
            (0..b).map(|_| (examples.training[rng.below(all) as usize], rng.below(count) as usize)).collect();
        self.forward(&rows);
        let a = self.head.len();
        let Batch { obs, legal, actions, out, scratch } = &mut self.batch;
        let mut gradient = vec![0.0; out.len()];
        let mut loss = 0.0;
        let parts = out.chunks_exact(a).zip(legal.chunks_exact(a)).zip(gradient.chunks_exact_mut(a));
        for (((out, legal), gradient), &action) in parts.zip(actions.iter()) {
            let action = [action as f32];
            loss -= f64::from(self.head.log_prob_entropy(out, legal, &action).0);
            self.head.backward(out, legal, &action, -1.0 / b as f32, 0.0, gradient);
        }
        let step = self.training.counter.step;
        let learning_rate = self.config.learning_rate.at(step, self.budget.steps).unwrap_or_default();
        let max_norm = (self.config.max_grad_norm > 0.0).then_some(self.config.max_grad_norm);
        let obs = self.normalizer.normalize(obs, scratch);
        self.network.learn(obs, &gradient, learning_rate, max_norm, step)?;
        self.training.means.add("loss", loss / f64::from(b));
        Ok(())
    }
}

/// Number of legal actions that are more probable than `action` under the `logits [A]`; of equally probable ones, those
/// with a lower index count.
fn rank(logits: &[f32], legal: &[bool], action: usize) -> usize {
    let own = logits[action];
    let before = |(i, (&logit, &legal)): (usize, (&f32, &bool))| {
        legal && (logit > own || (logit == own && i < action))
    };
    logits.iter().zip(legal).enumerate().filter(|&it| before(it)).count()
}
