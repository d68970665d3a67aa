//! Implicit Q-learning: an offline reward learner, which never asks for the value of an action that was not
//! demonstrated.
//!
//! ```text
//! V:  mean |tau - 1(u < 0)| u^2,   u = min(Q1', Q2')(s, a) - V(s)          expectile of the demonstrated actions
//! Q:  mean (r + gamma V(s') - Q_i(s, a))^2 / 2
//! pi: -mean exp(beta A / sigma) ln pi(a|s),   A = min(Q1', Q2')(s, a) - V(s)
//! ```
//!
//! Kostrikov, Nair & Levine 2021, arXiv 2110.06169. Q' is the target network, tau the expectile (0.7) and beta the
//! inverse temperature (3). The paper scales the rewards of each data set by hand; here rewards are divided by the
//! standard deviation of the demonstrated returns, and advantages by their standard deviation sigma in the batch
//! (`normalize_advantage`). With `beta = 0` the policy is that of behavior cloning. For discrete actions four networks
//! without shared layers in one; for continuous ones [`ContinuousIql`].

use candle_core::Tensor;
use freewheel_core::{
    ActionSpace, Agent, Error, MetricSink, Policy, PolicyMode, Purpose, Result, Spec, Streams, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Budget;
use crate::demonstrations::{Demonstrated, buffer, not_loaded};
use crate::memory;
use crate::nn::model::{candle_error, tensor};
use crate::nn::optimizer::{all_finite, polyak_update};
use crate::nn::{
    Activation, Builder, Init, Model, Network, NetworkSettings, ObservationNormalizer, Optimizer,
    OptimizerConfig, Workspace,
};
use crate::policy_gradient::head::{Head, log_prob_entropy_value};
use crate::replay::{Replay, Sample, SampleRequest, Storage};
use crate::schedule::Schedule;
use crate::settings::{learning_discount, within};

mod continuous;
#[cfg(test)]
mod tests;

use super::policy::NetworkPolicy;
use super::training::{self, GradientSteps, Training, prepare, refused};
pub use continuous::ContinuousIql;

/// One-line description in the list of agents.
pub const ABOUT: &str = "IQL: implicit Q-learning from demonstrations alone (Kostrikov et al. 2021)";

/// Version of the checkpoint format.
const FORMAT: u32 = 1;

/// Settings of [`Iql`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct Config {
    /// Discount of the next value, 0 to 1; default: the world's discount, or 0.99 if that is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Gradient steps of the whole run, 1 to 100000000.
    pub gradient_steps: u32,
    /// Demonstrated steps of a gradient step, 1 to 1000000.
    pub batch_size: u32,
    /// Learning rate, at least 0: a number or a ramp { from, to, over, shape }.
    pub learning_rate: Schedule,
    /// Maximum global norm of the gradient, at least 0; 0 for no clipping.
    pub max_grad_norm: f64,
    /// Share of the online network in an update of the target network, above 0 and at most 1.
    pub tau: f64,
    /// Expectile of the state value, 0.5 (mean) to below 1 (maximum).
    pub expectile: f64,
    /// Inverse temperature of the weights of the demonstrated actions, at least 0; 0 for behavior cloning.
    pub beta: f64,
    /// Maximum weight of a demonstrated action, above 0.
    pub max_weight: f64,
    /// Divide advantages by their standard deviation in the batch.
    pub normalize_advantage: bool,
    /// Demonstrations.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub demonstrated: Demonstrated,
    /// Network settings.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub network: NetworkSettings,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            gamma: None,
            gradient_steps: 5000,
            batch_size: 128,
            learning_rate: Schedule::Constant(1e-3),
            max_grad_norm: 10.0,
            tau: 0.01,
            expectile: 0.7,
            beta: 3.0,
            max_weight: 100.0,
            normalize_advantage: true,
            demonstrated: Demonstrated::default(),
            network: NetworkSettings { normalize_observations: true, ..NetworkSettings::default() },
        }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`.
    ///
    /// # Errors
    /// As [`Iql::new`] and [`ContinuousIql::new`].
    pub(super) fn check(&self, spec: &Spec) -> Result<()> {
        self.demonstrated.check()?;
        within("gamma", self.gamma.unwrap_or(1.0), 0.0, 1.0)?;
        within("gradient_steps", f64::from(self.gradient_steps), 1.0, 1e8)?;
        within("batch_size", f64::from(self.batch_size), 1.0, 1e6)?;
        self.learning_rate.check_ramp("learning_rate", 0.0, f64::MAX, true)?;
        within("max_grad_norm", self.max_grad_norm, 0.0, f64::MAX)?;
        within("tau", self.tau, f64::from(f32::MIN_POSITIVE), 1.0)?;
        within("expectile", self.expectile, 0.5, 0.9999)?;
        within("beta", self.beta, 0.0, f64::MAX)?;
        within("max_weight", self.max_weight, f64::MIN_POSITIVE, f64::MAX)?;
        self.network.validate(&spec.observation)?;
        match spec.actions {
            ActionSpace::Discrete { .. } => self.discrete_network(spec).map(drop),
            ActionSpace::Continuous { .. } => self.check_continuous(spec),
        }
    }

    /// Checks that `spec` has discrete actions; returns the network.
    fn discrete_network(&self, spec: &Spec) -> Result<Network> {
        let ActionSpace::Discrete { names } = &spec.actions else {
            return Err(Error::Config(format!(
                "world {} has continuous actions: build a `ContinuousIql`",
                spec.id
            )));
        };
        if names.is_empty() || spec.observation.is_empty() {
            return Err(Error::Config(format!("world {} has no observations or no actions", spec.id)));
        }
        let network = self.network(spec, names.len());
        Model::check_size(&network)?;
        memory::require_network(&network, "batch_size", self.batch_size as usize)?;
        Ok(network)
    }

    /// Network with the outputs `logits [A]`, V, `Q1 [A]` and `Q2 [A]`.
    fn network(&self, spec: &Spec, num_actions: usize) -> Network {
        let mut net = Builder::new(spec.observation.len());
        let outputs = [("policy", num_actions), ("value", 1), ("q1", num_actions), ("q2", num_actions)];
        let nodes = outputs.map(|(name, units)| {
            let trunk = self.network.trunk(&mut net, name, &spec.observation);
            let init = Init::Orthogonal(if name == "policy" { 0.01 } else { 1.0 });
            net.linear(&format!("{name}.out"), trunk, units, Activation::Identity, init)
        });
        net.build(&nodes)
    }
}

/// Implicit Q-learning for discrete actions.
pub struct Iql {
    config: Config,
    budget: Budget,
    gamma: f64,
    head: Head,
    model: Model,
    /// Parameters of the target network, `[P]`.
    target: Vec<f32>,
    optimizer: Optimizer,
    normalizer: ObservationNormalizer,
    /// Demonstrated steps, once they are loaded.
    replay: Option<Replay<u32>>,
    /// Factor of the rewards.
    factor: f32,
    training: Training,
    workspace: Workspace,
}

impl Agent for Iql {
    fn learn(&mut self, _: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        if self.replay.is_none() {
            return Err(not_loaded(&self.config.demonstrated.demos));
        }
        training::learn(self, steps)
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        match self.model.freeze() {
            Ok(frozen) => Box::new(NetworkPolicy {
                frozen,
                head: self.head.clone(),
                normalizer: self.normalizer.clone(),
                stochastic: mode == PolicyMode::Exploring,
                unit: Some(1.0 / self.factor),
            }),
            // `freeze` fails only for parameters that are not a contiguous tensor on the CPU.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.training.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let networks = (self.model.parameters()?, &self.target, &self.optimizer, &self.normalizer);
        training::save("iql", ("iql", FORMAT), &(networks, self.factor, &self.training))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type Networks = (Vec<f32>, Vec<f32>, Optimizer, ObservationNormalizer);
        let (networks, factor, training): (Networks, f32, Training) =
            training::load("iql", ("iql", FORMAT), bytes)?;
        let (parameters, target, optimizer, normalizer) = networks;
        let size = self.model.network().size();
        if [parameters.len(), target.len()] != [size; 2] || !normalizer.can_replace(&self.normalizer) {
            return Err(refused("iql", "its settings differ"));
        }
        if !all_finite(&parameters)
            || !all_finite(&target)
            || !(f32::MIN_POSITIVE..=f32::MAX).contains(&factor)
            || !training.is_valid(self.budget.num_envs)
            || !self.optimizer.resume(optimizer)
        {
            return Err(refused("iql", "a number in it is out of range"));
        }
        self.model.set_parameters(&parameters)?;
        (self.target, self.normalizer, self.factor) = (target, normalizer, factor);
        self.training = training;
        Ok(())
    }
}

impl Iql {
    /// Agent with new parameters.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for continuous actions, or demonstrations of
    /// another world.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        config.check(spec)?;
        let network = config.discrete_network(spec)?;
        let model = Model::new(network, &mut streams.stream(Purpose::Initialization, 0, 0))?;
        let mut normalizer = ObservationNormalizer::new(spec, config.network.normalize_observations);
        let gamma = learning_discount(config.gamma, spec);
        let (mut replay, mut factor) = (None, 1.0);
        if let Some(set) = config.demonstrated.episodes(spec)? {
            factor = prepare(&set, &mut normalizer, gamma);
            replay = Some(buffer(spec, &set, Storage::F32, false)?);
        }
        Ok(Iql {
            budget,
            gamma,
            head: Head::Categorical { num_actions: spec.actions.count() },
            target: model.parameters()?,
            optimizer: Optimizer::new(OptimizerConfig::default(), model.network().size()),
            model,
            normalizer,
            replay,
            factor,
            training: Training::new(streams),
            workspace: Workspace::default(),
            config,
        })
    }
}

impl GradientSteps for Iql {
    fn plan(&self) -> (Budget, u32) {
        (self.budget, self.config.gradient_steps)
    }

    fn training(&mut self) -> &mut Training {
        &mut self.training
    }

    /// Makes one gradient step of all networks, and one of the target network.
    fn update(&mut self) -> Result<()> {
        let Some(replay) = &self.replay else { return Ok(()) };
        let b = self.config.batch_size as usize;
        let request = SampleRequest { batch_size: b, n_step: 1, gamma: self.gamma, beta: 0.0 };
        let mut sample = Sample::default();
        if !replay.sample(request, &mut self.training.rng, &mut sample) {
            return Ok(());
        }
        let mut legal = Vec::new();
        sample.indices.iter().for_each(|&index| replay.append_mask(index, &mut legal));
        let (a, o) = (self.head.len(), self.model.network().output_len());
        let (mut scratch, mut out) = (Vec::new(), vec![0.0; b * o]);
        let successors = self.normalizer.normalize(&sample.successors, &mut scratch);
        self.model.act(successors, &mut self.workspace, &mut out)?;
        let targets: Vec<f32> =
            (0..b).map(|i| sample.rewards[i] * self.factor + sample.discounts[i] * out[i * o + a]).collect();
        let obs = self.normalizer.normalize(&sample.obs, &mut scratch).to_vec();
        self.model.network().act(&self.target, &obs, &mut self.workspace, &mut out);
        let q: Vec<f32> = (0..b)
            .map(|i| {
                let (row, action) = (&out[i * o..(i + 1) * o], sample.actions[i] as usize);
                row[a + 1 + action].min(row[2 * a + 1 + action])
            })
            .collect();
        self.model.catch_up(&obs, &mut self.optimizer)?;
        let width = obs.len() / b;
        let outputs = self.model.forward(&tensor(obs, (b, width))?, false)?;
        let values = outputs.narrow(1, a, 1).and_then(|v| v.squeeze(1)).map_err(candle_error)?;
        let v = values.to_vec1::<f32>().map_err(candle_error)?;
        let advantages: Vec<f32> = q.iter().zip(&v).map(|(q, v)| q - v).collect();
        let Config { expectile, beta, max_weight, normalize_advantage, .. } = self.config;
        let weights = advantage_weights(&advantages, beta, max_weight, normalize_advantage);
        let asymmetry = tensor(expectile_weights(&advantages, expectile), b)?;
        let (q, targets, weights) = (tensor(q, b)?, tensor(targets, b)?, tensor(weights, b)?);
        let actor = outputs.narrow(1, 0, a + 1).and_then(|it| it.contiguous()).map_err(candle_error)?;
        let taken: Vec<f32> = sample.actions.iter().map(|&a| a as f32).collect();
        let results = log_prob_entropy_value(&self.head, &actor, taken, legal)?;
        let loss = || -> candle_core::Result<[Tensor; 3]> {
            let index = Tensor::from_slice(&sample.actions, (b, 1), outputs.device())?;
            let error = |first: usize| -> candle_core::Result<Tensor> {
                let q = outputs.narrow(1, first, a)?.contiguous()?.gather(&index, 1)?.squeeze(1)?;
                (q - &targets)?.sqr()?.mean_all()? * 0.5
            };
            let value = (asymmetry * (&q - &values)?.sqr()?)?.mean_all()?;
            let policy = (results.get(0)? * weights)?.mean_all()?.neg()?;
            Ok([value, (error(a + 1)? + error(2 * a + 1)?)?, policy])
        };
        let [value, critic, policy] = loss().map_err(candle_error)?;
        let total = ((&value + &critic).and_then(|sum| sum + &policy)).map_err(candle_error)?;
        let step = self.training.counter.step;
        let learning_rate = self.config.learning_rate.at(step, self.budget.steps).unwrap_or_default();
        let max_norm = (self.config.max_grad_norm > 0.0).then_some(self.config.max_grad_norm);
        self.model.learn(&total, &mut self.optimizer, learning_rate, max_norm, step)?;
        self.model.settle(&mut self.optimizer)?;
        for (name, loss) in [("value_loss", value), ("critic_loss", critic), ("policy_loss", policy)] {
            self.training.means.add(name, f64::from(loss.to_scalar::<f32>().map_err(candle_error)?));
        }
        let (target, tau) = (&mut self.target, self.config.tau);
        self.model.with_parameters(|parameters| polyak_update(target, parameters, tau))
    }
}

/// Weights `|expectile - 1(u < 0)|` of the differences `u [B]`.
fn expectile_weights(u: &[f32], expectile: f64) -> Vec<f32> {
    u.iter().map(|&u| if u < 0.0 { 1.0 - expectile as f32 } else { expectile as f32 }).collect()
}

/// Weights `exp(beta A)` of the `advantages [B]`, at most `max`; with `normalize`, A is divided by its standard
/// deviation.
fn advantage_weights(advantages: &[f32], beta: f64, max: f64, normalize: bool) -> Vec<f32> {
    let n = advantages.len().max(1) as f64;
    let all = || advantages.iter().map(|&x| f64::from(x));
    let mean = all().sum::<f64>() / n;
    let std = (all().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let scale = if normalize && std > 1e-6 { std } else { 1.0 };
    all().map(|x| (beta * x / scale).exp().min(max) as f32).collect()
}
