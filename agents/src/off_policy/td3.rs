//! Twin delayed deep deterministic policy gradient: a deterministic policy that maximizes one of two critics.
//!
//! ```text
//! a'      = clip(mu'(s') + clip(noise, -c, c), -1, 1),   noise ~ normal(0, target_policy_noise)
//! y       = r + gamma min(Q1', Q2')(s', a')
//! critic  = mean ((Q1(s, a) - y)^2 + (Q2(s, a) - y)^2) / 2
//! policy  = -mean Q1(s, mu(s)),   every `policy_delay` critic steps, followed by the target networks
//! ```
//!
//! Fujimoto et al. 2018, arXiv 1802.09477. mu', Q1' and Q2' are target networks; c is `target_noise_clip`. A truncated
//! episode bootstraps from its final observation.

use freewheel_core::graph::Op;
use freewheel_core::{
    ActionBuffer, Agent, Error, Graph, Insight, MetricSink, Neuron, Policy, PolicyMode, Purpose, Result,
    Spec, Stream, Streams, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::critic::{Objective, TwinCritic};
use super::demonstrations::{clone_policy, cloning_gradient};
use super::experience::{Batch, Experience, SavedExperience};
use super::settings::{ActionRanges, OffPolicy};
use super::trained::{SavedNetwork, TrainedNetwork};
use crate::Budget;
use crate::nn::activation::tanh;
use crate::nn::{Frozen, ObservationNormalizer};
use crate::progress::decode;
use crate::settings::within;

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "TD3: twin delayed deterministic policy gradient, continuous actions (Fujimoto et al. 2018)";

/// Version of the checkpoint format.
const FORMAT: u32 = 1;

/// Settings of [`Td3`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct Config {
    /// Standard deviation of the noise on actions while learning, in units of half their range, 0 to 10.
    pub exploration_noise: f64,
    /// Standard deviation of the noise on the target actions, in units of half their range, 0 to 10.
    pub target_policy_noise: f64,
    /// Bound of the noise on the target actions, in units of half their range, 0 to 10.
    pub target_noise_clip: f64,
    /// Gradient steps of the critics per gradient step of the policy and the target networks, 1 to 1000.
    pub policy_delay: u32,
    /// Settings of SAC and TD3.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub off_policy: OffPolicy,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            exploration_noise: 0.1,
            target_policy_noise: 0.2,
            target_noise_clip: 0.5,
            policy_delay: 2,
            off_policy: OffPolicy::default(),
        }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`, without building an agent.
    pub(super) fn check(&self, spec: &Spec, budget: Budget) -> Result<()> {
        within("exploration_noise", self.exploration_noise, 0.0, 10.0)?;
        within("target_policy_noise", self.target_policy_noise, 0.0, 10.0)?;
        within("target_noise_clip", self.target_noise_clip, 0.0, 10.0)?;
        within("policy_delay", f64::from(self.policy_delay), 1.0, 1000.0)?;
        self.off_policy.check("td3", spec, budget)
    }
}

/// TD3 agent.
///
/// ```
/// # use freewheel_agents::{Budget, off_policy::{OffPolicy, td3::{Config, Td3}}};
/// # use freewheel_core::{ObservationSpace, ActionSpace, Spec, Streams};
/// let actions = ActionSpace::Continuous { names: vec!["force".into()], low: vec![-2.0], high: vec![2.0] };
/// let spec = Spec::new("test/pendulum", ObservationSpace::vector(&[(-1.0, 1.0); 3]), actions);
/// let config = Config { exploration_noise: 0.2, ..Config::default() };
/// let agent = Td3::new(&spec, config, Budget { steps: 10_000, num_envs: 1 }, Streams::new(0))?;
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Td3 {
    config: Config,
    /// Policy network, from `[B, D]` to `[B, K]`: actions before tanh.
    actor: TrainedNetwork,
    critic: TwinCritic,
    experience: Experience,
    // Buffers reused between steps.
    batch: Batch,
    outputs: Vec<f32>,
    actions: Vec<f32>,
    targets: Vec<f32>,
    grad_actions: Vec<f32>,
}

impl Agent for Td3 {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let obs_len = self.actor.network().input_len();
        let std = self.config.exploration_noise as f32;
        for _ in 0..self.experience.begin_learning(envs, steps, obs_len)? {
            let (actor, outputs) = (&mut self.actor, &mut self.outputs);
            self.experience.collect_step(envs, |obs, rngs, actions| {
                actor.act(obs, outputs);
                noisy_actions(outputs, std, rngs, actions);
            })?;
            for _ in 0..self.experience.gradient_steps_due() {
                self.update()?;
            }
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        let explores = mode == PolicyMode::Exploring;
        match self.actor.freeze() {
            Ok(frozen) => Box::new(NoisyPolicy {
                frozen,
                normalizer: self.experience.normalizer.clone(),
                ranges: self.experience.ranges.clone(),
                std: if explores { self.config.exploration_noise as f32 } else { 0.0 },
            }),
            // `freeze` fails only for parameters that are not a contiguous tensor on the CPU.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.experience.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let networks = (self.actor.save(), self.critic.save());
        postcard::to_stdvec(&("td3", FORMAT, networks, self.experience.save()))
            .map_err(|e| Error::Unsupported(format!("agent td3 cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type Saved = ((SavedNetwork, SavedNetwork), SavedExperience);
        let refuse = |why: &str| Error::Config(format!("this is not a saved td3: {why}"));
        let ((id, format), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if (&*id, format) != ("td3", FORMAT) {
            return Err(refuse(&format!("it is {id:?} of format {format}")));
        }
        let ((actor, critic), experience): Saved = decode(rest).map_err(|e| refuse(&e))?;
        self.experience.load(experience).map_err(|e| refuse(&e))?;
        if !self.actor.load(actor) || !self.critic.load(critic) {
            return Err(refuse("its networks have another size, or a number in them is out of range"));
        }
        Ok(())
    }
}

impl Td3 {
    /// Agent with new parameters and an empty replay buffer.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for a world without continuous actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.check(spec, budget)?;
        let settings = &config.off_policy;
        let mut rng = streams.stream(Purpose::Initialization, 0, 0);
        let actor = settings.actor(spec, &["policy.mean"]);
        let mut actor = TrainedNetwork::new(actor, settings.optimizer, true, &mut rng);
        let critic = TwinCritic::new(spec, settings, &mut rng);
        let mut experience = Experience::new("td3", spec, settings, budget, streams)?;
        clone_policy(&mut actor, &mut experience)?;
        Ok(Td3 {
            actor,
            critic,
            experience,
            batch: Batch::default(),
            outputs: Vec::new(),
            actions: Vec::new(),
            targets: Vec::new(),
            grad_actions: Vec::new(),
            config,
        })
    }

    /// Makes one gradient step of the critics on a new sample, if the replay buffer holds enough steps, and, where it
    /// is due, one of the policy and one step of the target networks.
    fn update(&mut self) -> Result<()> {
        let Td3 { config, actor, critic, experience, batch, .. } = self;
        if !experience.sample(batch) {
            return Ok(());
        }
        let (step, learning_rate) = (experience.step(), experience.learning_rate());
        let rate = (learning_rate, config.off_policy.max_norm());
        actor.forward_target(&batch.successors, &mut self.outputs);
        let (std, clip) = (config.target_policy_noise as f32, config.target_noise_clip as f32);
        let rng = &mut experience.rng;
        smoothed_actions(&self.outputs, std, clip, || rng.normal() as f32, &mut self.actions);
        critic.target_minimum(&batch.successors, &self.actions, batch.rows, &mut self.targets);
        for (i, target) in self.targets.iter_mut().enumerate() {
            *target = batch.rewards[i] + batch.discounts[i] * *target;
        }
        let result = critic.learn(&batch.obs, &batch.actions, &self.targets, rate, step)?;
        experience.means.add("critic_loss", result.loss);
        experience.means.add("grad_norm", result.grad_norm);
        experience.means.add("q_mean", result.q_mean);
        if experience.updates.is_multiple_of(u64::from(config.policy_delay)) {
            actor.forward(&batch.obs, &mut self.outputs);
            self.actions.clear();
            self.actions.extend(self.outputs.iter().map(|&u| tanh(u)));
            let gradient = &mut self.grad_actions;
            let value =
                critic.action_gradient(&batch.obs, &self.actions, batch.rows, Objective::First, gradient);
            policy_gradient(gradient, &self.actions, batch.rows);
            let weight = experience.cloning_weight() * value.abs();
            cloning_gradient(batch, &self.outputs, weight, gradient);
            if !experience.is_frozen() {
                actor.learn(&batch.obs, gradient, rate.0, rate.1, step)?;
            }
            critic.update_target(config.off_policy.tau);
            actor.update_target(config.off_policy.tau);
            experience.means.add("actor_loss", -value);
        }
        Ok(())
    }
}

/// Target actions `[B, K]` from the outputs `[B, K]` of the target policy, with noise of the standard deviation `std`
/// clipped to `-clip..clip`; `normal` draws standard normal numbers.
fn smoothed_actions(
    outputs: &[f32],
    std: f32,
    clip: f32,
    mut normal: impl FnMut() -> f32,
    actions: &mut Vec<f32>,
) {
    actions.clear();
    actions.extend(outputs.iter().map(|&u| {
        let noise = (std * normal()).clamp(-clip, clip);
        (tanh(u) + noise).clamp(-1.0, 1.0)
    }));
}

/// Turns `gradient [B, K]`, the derivative of Q1 with respect to the `actions [B, K]`, into the gradient of the policy
/// loss `-mean Q1` with respect to the outputs before tanh.
fn policy_gradient(gradient: &mut [f32], actions: &[f32], rows: usize) {
    let scale = 1.0 / rows as f32;
    gradient.iter_mut().zip(actions).for_each(|(g, a)| *g *= -scale * (1.0 - a * a));
}

/// Writes an action `[K]` for each environment, from the outputs `[N, K]` of the policy network and noise of the
/// standard deviation `std`, to `actions [N, K]`.
fn noisy_actions(outputs: &[f32], std: f32, rngs: &mut [Stream], actions: &mut [f32]) {
    let k = actions.len() / rngs.len().max(1);
    for ((outputs, rng), actions) in outputs.chunks_exact(k).zip(rngs).zip(actions.chunks_exact_mut(k)) {
        for (action, &u) in actions.iter_mut().zip(outputs) {
            let noise = if std > 0.0 { std * rng.normal() as f32 } else { 0.0 };
            *action = (tanh(u) + noise).clamp(-1.0, 1.0);
        }
    }
}

/// Policy of a network with fixed parameters; an exploring policy adds noise of the standard deviation `std`.
struct NoisyPolicy {
    frozen: Frozen,
    normalizer: ObservationNormalizer,
    ranges: ActionRanges,
    std: f32,
}

impl Policy for NoisyPolicy {
    fn act(&self, obs: &[f32], _legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        let mut chosen = vec![0.0; outputs.len()];
        noisy_actions(&outputs, self.std, rngs, &mut chosen);
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

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        let (mut graph, outputs) = self.frozen.graph(spec, &self.normalizer, 1)?;
        let u = graph.apply(Op::Tanh, &[outputs[0]]);
        self.ranges.add_to(&mut graph, spec, u);
        Ok(graph)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::numbers;
    use super::*;

    #[test]
    fn target_noise_is_clipped() {
        let outputs = [0.0, 0.0, 0.0, 9.0, -9.0, 0.5f32.atanh()];
        let mut normal = [1.0, 10.0, -10.0, 1.0, -1.0, -1.0].into_iter();
        let mut actions = Vec::new();
        smoothed_actions(&outputs, 0.2, 0.5, || normal.next().unwrap(), &mut actions);
        // .2 within the clip, then +-.5; 1 + .2 and -1 - .2 are cut to the range; .5 - .2.
        for (found, expected) in actions.iter().zip([0.2, 0.5, -0.5, 1.0, -1.0, 0.3]) {
            assert!((found - expected).abs() < 1e-6, "{actions:?}");
        }
        assert_eq!((actions[3], actions[4]), (1.0, -1.0));
    }

    #[test]
    fn policy_gradients_by_finite_differences() {
        let (b, k) = (3, 2);
        let (outputs, c) = (numbers(b * k, 1), numbers(b * k, 2));
        // Q(a) = c a + a^2 / 2.
        let loss = |outputs: &[f32]| {
            let q = outputs.iter().zip(&c).map(|(&u, c)| f64::from(c * tanh(u) + 0.5 * tanh(u).powi(2)));
            -q.sum::<f64>() / b as f64
        };
        let actions: Vec<f32> = outputs.iter().map(|&u| tanh(u)).collect();
        let mut gradient: Vec<f32> = actions.iter().zip(&c).map(|(a, c)| c + a).collect();
        policy_gradient(&mut gradient, &actions, b);
        for i in 0..b * k {
            let at = |change: f32| {
                let mut changed = outputs.clone();
                changed[i] += change;
                loss(&changed)
            };
            let difference = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((f64::from(gradient[i]) - difference).abs() < 5e-4, "{i}: {} {difference}", gradient[i]);
        }
    }

    /// Policy and target networks change every `policy_delay` critic steps only.
    #[test]
    fn the_policy_is_delayed() {
        let off_policy = OffPolicy { batch_size: 8, learning_starts: 16, ..super::super::tests::smooth() };
        let mut envs = crate::tests::world(5, 1, 0);
        let budget = Budget { steps: 40, num_envs: 1 };
        let config = Config { policy_delay: 3, off_policy, ..Config::default() };
        let mut td3 = Td3::new(&envs.spec().clone(), config, budget, Streams::new(0)).unwrap();
        let mut changed = Vec::new();
        td3.learn(&mut *envs, 16).unwrap();
        for _ in 0..6 {
            let before = (td3.actor.parameters_mut().clone(), td3.actor.target_mut().clone());
            let critic = (td3.critic.net.parameters_mut().clone(), td3.critic.net.target_mut().clone());
            td3.learn(&mut *envs, 1).unwrap();
            assert!(critic.0 != *td3.critic.net.parameters_mut());
            let target = critic.1 != *td3.critic.net.target_mut();
            assert_eq!(before.0 != *td3.actor.parameters_mut(), target);
            assert_eq!(before.1 != *td3.actor.target_mut(), target);
            changed.push(target);
        }
        assert_eq!(changed, [false, false, true, false, false, true]);
    }

    #[test]
    fn exploration_noise_has_its_deviation() {
        let mut rngs = [Streams::new(0).stream(Purpose::Action, 0, 0)];
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..20_000 {
            let mut action = [9.0];
            noisy_actions(&[0.3f32.atanh()], 0.1, &mut rngs, &mut action);
            sum += f64::from(action[0]);
            squares += f64::from(action[0] - 0.3).powi(2);
        }
        // Five standard errors of 20,000 samples.
        assert!((sum / 20_000.0 - 0.3).abs() < 0.0036 && ((squares / 20_000.0).sqrt() - 0.1).abs() < 0.0025);
        let mut action = [9.0];
        noisy_actions(&[0.3f32.atanh()], 0.0, &mut rngs, &mut action);
        assert!((action[0] - 0.3).abs() < 1e-6);
    }
}
