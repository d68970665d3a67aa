//! Implicit Q-learning for continuous actions.
//!
//! ```text
//! V, Q:  as for discrete actions
//! pi:    mean exp(beta A / sigma) sum (tanh(mean(s)) - a)^2 / 2
//! ```
//!
//! The policy is a normal distribution with a constant standard deviation, whose log-likelihood is the squared error;
//! the exploring policy adds noise of the weighted root mean square of this error.

use freewheel_core::{
    ActionBuffer, Agent, Error, Insight, MetricSink, Neuron, ObservationSpace, Policy, PolicyMode, Purpose,
    Result, Spec, Stream, Streams, VectorEnv,
};

use super::super::training::{self, GradientSteps, Training, prepare, refused};
use super::{Config, advantage_weights, expectile_weights};
use crate::Budget;
use crate::demonstrations::not_loaded;
use crate::nn::activation::tanh;
use crate::nn::{Frozen, ObservationNormalizer};
use crate::off_policy::critic::TwinCritic;
use crate::off_policy::demonstrations::buffer;
use crate::off_policy::settings::{ActionRanges, OffPolicy};
use crate::off_policy::trained::{SavedNetwork, TrainedNetwork};
use crate::replay::{Replay, Sample, SampleRequest, Storage};
use crate::settings::{learning_discount, within};

/// Name and version of the checkpoint format.
const CHECKPOINT: (&str, u32) = ("continuous-iql", 1);
/// Share of the newest batch in the running mean square of the error of the policy.
const ERROR_SHARE: f64 = 0.01;

impl Config {
    /// Settings of the critics and the policy.
    fn networks(&self) -> OffPolicy {
        OffPolicy { network: self.network.clone(), ..OffPolicy::default() }
    }

    /// Checks that the settings suit the continuous actions and the observations of `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] for actions without bounds, or index observations.
    pub(super) fn check_continuous(&self, spec: &Spec) -> Result<()> {
        ActionRanges::new("iql", spec)?;
        match spec.observation {
            ObservationSpace::Box { .. } if !spec.observation.is_empty() => Ok(()),
            _ => Err(Error::Config(format!(
                "world {} has continuous actions and no observations of numbers, which iql needs; use bc",
                spec.id
            ))),
        }
    }
}

/// Implicit Q-learning for continuous actions.
pub struct ContinuousIql {
    config: Config,
    budget: Budget,
    gamma: f64,
    ranges: ActionRanges,
    /// Policy network, from `[B, D]` to `[B, K]`: actions before tanh.
    actor: TrainedNetwork,
    /// Value network, from `[B, D]` to `[B, 1]`.
    value: TrainedNetwork,
    critic: TwinCritic,
    normalizer: ObservationNormalizer,
    /// Demonstrated steps, once they are loaded.
    replay: Option<Replay<f32>>,
    /// Factor of the rewards.
    factor: f32,
    /// Mean square of the error of the policy.
    error: f64,
    training: Training,
}

impl Agent for ContinuousIql {
    fn learn(&mut self, _: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        if self.replay.is_none() {
            return Err(not_loaded(&self.config.demonstrated.demos));
        }
        training::learn(self, steps)
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        let std = if mode == PolicyMode::Exploring { self.error.sqrt() as f32 } else { 0.0 };
        match self.actor.freeze() {
            Ok(frozen) => Box::new(MeanPolicy {
                frozen,
                normalizer: self.normalizer.clone(),
                ranges: self.ranges.clone(),
                std,
            }),
            // `freeze` fails only for parameters that are not a contiguous tensor on the CPU.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.training.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let networks = (self.actor.save(), self.value.save(), self.critic.save(), &self.normalizer);
        training::save("iql", CHECKPOINT, &(networks, self.factor, self.error, &self.training))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type Networks = (SavedNetwork, SavedNetwork, SavedNetwork, ObservationNormalizer);
        let (networks, factor, error, training): (Networks, f32, f64, Training) =
            training::load("iql", CHECKPOINT, bytes)?;
        let (actor, value, critic, normalizer) = networks;
        let refuse = |why: &str| refused("iql", why);
        if !normalizer.can_replace(&self.normalizer)
            || !(f32::MIN_POSITIVE..=f32::MAX).contains(&factor)
            || !(0.0..=4.0).contains(&error)
            || !training.is_valid(self.budget.num_envs)
        {
            return Err(refuse("its settings differ, or a number in it is out of range"));
        }
        if !self.actor.load(actor) || !self.value.load(value) || !self.critic.load(critic) {
            return Err(refuse("its networks have another size, or a number in them is out of range"));
        }
        (self.normalizer, self.factor, self.error) = (normalizer, factor, error);
        self.training = training;
        Ok(())
    }
}

impl ContinuousIql {
    /// Agent with new parameters.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for discrete actions, or demonstrations of
    /// another world.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        config.check(spec)?;
        let (networks, ranges) = (config.networks(), ActionRanges::new("iql", spec)?);
        let mut rng = streams.stream(Purpose::Initialization, 0, 0);
        let actor = networks.actor(spec, &["policy.mean"]);
        let mut normalizer = ObservationNormalizer::new(spec, config.network.normalize_observations);
        let gamma = learning_discount(config.gamma, spec);
        let (mut replay, mut factor) = (None, 1.0);
        if let Some(set) = config.demonstrated.episodes(spec)? {
            factor = prepare(&set, &mut normalizer, gamma);
            replay = Some(buffer(spec, &set, &ranges, Storage::F32)?);
        }
        Ok(ContinuousIql {
            actor: TrainedNetwork::new(actor, networks.optimizer, false, &mut rng),
            value: TrainedNetwork::new(networks.value(spec), networks.optimizer, false, &mut rng),
            critic: TwinCritic::new(spec, &networks, &mut rng),
            budget,
            gamma,
            ranges,
            normalizer,
            replay,
            factor,
            error: 0.0,
            training: Training::new(streams),
            config,
        })
    }
}

impl GradientSteps for ContinuousIql {
    fn plan(&self) -> (Budget, u32) {
        (self.budget, self.config.gradient_steps)
    }

    fn training(&mut self) -> &mut Training {
        &mut self.training
    }

    /// Makes one gradient step of all networks, and one of the target critics.
    fn update(&mut self) -> Result<()> {
        let Some(replay) = &self.replay else { return Ok(()) };
        let b = self.config.batch_size as usize;
        let request = SampleRequest { batch_size: b, n_step: 1, gamma: self.gamma, beta: 0.0 };
        let mut sample = Sample::default();
        if !replay.sample(request, &mut self.training.rng, &mut sample) {
            return Ok(());
        }
        let (mut scratch, mut out, mut q) = (Vec::new(), Vec::new(), Vec::new());
        let step = self.training.counter.step;
        let learning_rate = self.config.learning_rate.at(step, self.budget.steps).unwrap_or_default();
        let max_norm = (self.config.max_grad_norm > 0.0).then_some(self.config.max_grad_norm);
        let successors = self.normalizer.normalize(&sample.successors, &mut scratch).to_vec();
        self.value.forward(&successors, &mut out);
        let targets: Vec<f32> =
            (0..b).map(|i| sample.rewards[i] * self.factor + sample.discounts[i] * out[i]).collect();
        let obs = self.normalizer.normalize(&sample.obs, &mut scratch).to_vec();
        self.critic.target_minimum(&obs, &sample.actions, b, &mut q);
        self.value.forward(&obs, &mut out);
        let advantages: Vec<f32> = q.iter().zip(&out).map(|(q, v)| q - v).collect();
        let Config { expectile, beta, max_weight, normalize_advantage, .. } = self.config;
        let asymmetry = expectile_weights(&advantages, expectile);
        let scale = 1.0 / b as f32;
        let gradient: Vec<f32> =
            advantages.iter().zip(&asymmetry).map(|(u, weight)| -2.0 * scale * weight * u).collect();
        self.value.learn(&obs, &gradient, learning_rate, max_norm, step)?;
        let critic = self.critic.learn(&obs, &sample.actions, &targets, (learning_rate, max_norm), step)?;
        let weights = advantage_weights(&advantages, beta, max_weight, normalize_advantage);
        self.actor.forward(&obs, &mut out);
        let (error, loss) = regression(&mut out, &sample.actions, &weights);
        self.actor.learn(&obs, &out, learning_rate, max_norm, step)?;
        self.error += ERROR_SHARE * (error - self.error);
        self.critic.update_target(self.config.tau);
        let value: f32 = advantages.iter().zip(&asymmetry).map(|(u, weight)| weight * u * u).sum();
        self.training.means.add("value_loss", f64::from(value * scale));
        self.training.means.add("critic_loss", critic.loss);
        self.training.means.add("policy_loss", loss);
        Ok(())
    }
}

/// Replaces the outputs `outputs [B, K]` of the policy network by the gradient of the mean of `weights [B]` times half
/// the squared error of the actions `[B, K]`; returns the weighted mean square of the error of a number, and the loss.
fn regression(outputs: &mut [f32], actions: &[f32], weights: &[f32]) -> (f64, f64) {
    let (b, k) = (weights.len(), outputs.len() / weights.len().max(1));
    let (mut squares, mut sum) = (0.0, 0.0);
    for (i, (u, action)) in outputs.iter_mut().zip(actions).enumerate() {
        let weight = weights[i / k.max(1)];
        let a = tanh(*u);
        let error = a - action;
        squares += f64::from(weight * error * error);
        sum += f64::from(weight);
        *u = weight * error * (1.0 - a * a) / b as f32;
    }
    (if sum > 0.0 { squares / sum } else { 0.0 }, 0.5 * squares / b as f64)
}

/// Policy of a network with fixed parameters; an exploring policy adds noise of the standard deviation `std`.
struct MeanPolicy {
    frozen: Frozen,
    normalizer: ObservationNormalizer,
    ranges: ActionRanges,
    std: f32,
}

impl Policy for MeanPolicy {
    fn act(&self, obs: &[f32], _legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let mut chosen = self.frozen.outputs(&self.normalizer, obs);
        let k = self.ranges.len().max(1);
        for (numbers, rng) in chosen.chunks_exact_mut(k).zip(rngs) {
            for u in numbers {
                let noise = if self.std > 0.0 { self.std * rng.normal() as f32 } else { 0.0 };
                *u = (tanh(*u) + noise).clamp(-1.0, 1.0);
            }
        }
        self.ranges.write(&chosen, actions);
    }

    fn insight(&self, obs: &[f32], _legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        let means: Vec<f32> = outputs.iter().map(|u| tanh(*u)).collect();
        Some(self.ranges.insight(&means, &vec![self.std; means.len()]))
    }

    fn neuron(&self, obs: &[f32], _memory: &[f32], layer: usize, unit: usize) -> Option<Neuron> {
        self.frozen.neuron(&self.normalizer, obs, layer, unit)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, WorldHeader};
    use freewheel_core::record::RecordedActions;
    use freewheel_core::{ActionSpace, Ending};

    use super::*;
    use crate::demonstrations::Demonstrated;

    #[test]
    fn regression_by_hand() {
        let mut outputs = [0.0, 0.5f32.atanh()];
        let (error, loss) = regression(&mut outputs, &[1.0, -0.5], &[2.0, 1.0]);
        // Errors -1 and 1: (2 + 1) / 3 = 1, and 3 / 2 / 2. Gradients 2 (-1) 1 / 2 and 1 (1) .75 / 2.
        assert!((error - 1.0).abs() < 1e-6 && (loss - 0.75).abs() < 1e-6, "{error} {loss}");
        assert!((outputs[0] + 1.0).abs() < 1e-6 && (outputs[1] - 0.375).abs() < 1e-6, "{outputs:?}");
    }

    fn spec() -> Spec {
        let actions = ActionSpace::Continuous { names: vec!["x".into()], low: vec![0.0], high: vec![10.0] };
        Spec::new("test/aim", ObservationSpace::vector(&[(-1.0, 1.0)]), actions)
    }

    /// Episodes of one step in which the action is random and the reward is higher, the closer it is to 7.5.
    fn shots() -> Arc<DemonstrationSet> {
        let mut rng = Streams::new(0).stream(Purpose::Action, 0, 0);
        let mut shot = || {
            let action = 10.0 * rng.uniform() as f32;
            let reward = -(action - 7.5).abs();
            Demonstration {
                label: Label::default(),
                origin: None,
                opening: RecordedActions::Continuous(Vec::new()),
                observations: vec![rng.uniform() as f32, 0.0],
                legal: Vec::new(),
                to_play: Vec::new(),
                actions: RecordedActions::Continuous(vec![vec![action]]),
                rewards: vec![reward],
                ending: Ending::Terminal,
                episode_return: f64::from(reward),
                score: f64::from(reward),
            }
        };
        let header = WorldHeader::of(&spec(), "test/aim", serde_json::Value::Null);
        Arc::new(DemonstrationSet { header, episodes: (0..400).map(|_| shot()).collect() })
    }

    fn agent(config: Config) -> ContinuousIql {
        let config = Config { demonstrated: Demonstrated::of(shots()), ..config };
        ContinuousIql::new(&spec(), config, Budget { steps: 400, num_envs: 1 }, Streams::new(1)).unwrap()
    }

    fn learn(agent: &mut ContinuousIql, steps: u64) {
        // The steps of an offline agent make none of an environment.
        agent.learn(&mut *crate::tests::world(5, 1, 0), steps).unwrap();
    }

    fn action(agent: &ContinuousIql) -> f32 {
        let mut rngs = [Streams::new(0).stream(Purpose::Action, 0, 0)];
        let mut action = ActionBuffer::Continuous(vec![0.0]);
        agent.policy(PolicyMode::Greedy).act(&[0.5], &[], &mut rngs, &mut action);
        action.continuous().unwrap()[0]
    }

    /// A clone takes the mean of the random actions, 5; IQL prefers those with high rewards.
    #[test]
    fn better_actions_are_preferred() {
        let config = Config { gradient_steps: 5000, ..Config::default() };
        let mut iql = agent(config.clone());
        learn(&mut iql, 400);
        let mut clone = agent(Config { beta: 0.0, ..config });
        learn(&mut clone, 400);
        let (learned, cloned) = (action(&iql), action(&clone));
        assert!((cloned - 5.0).abs() < 0.8, "{cloned}");
        assert!(learned > cloned + 0.5 && learned < 9.0, "{learned} {cloned}");
    }

    #[test]
    fn resumed_runs_end_in_the_same_bytes() {
        let config = Config { gradient_steps: 60, batch_size: 16, ..Config::default() };
        let mut whole = agent(config.clone());
        learn(&mut whole, 400);
        let mut first = agent(config.clone());
        learn(&mut first, 130);
        let mut second = agent(config);
        second.load(&first.save().unwrap()).unwrap();
        learn(&mut second, 270);
        assert!(second.save().unwrap() == whole.save().unwrap());
    }
}
