//! Soft actor-critic: a policy that maximizes return and entropy, with twin critics and a learned weight of the
//! entropy.
//!
//! ```text
//! a       = tanh(u),   u ~ normal(mean(s), std(s)),   log pi(a|s) = log normal(u) - sum log(1 - a^2)
//! y       = r + gamma (min(Q1', Q2')(s', a') - alpha log pi(a'|s')),   a' ~ pi(s')
//! critic  = mean ((Q1(s, a) - y)^2 + (Q2(s, a) - y)^2) / 2
//! policy  = mean (alpha log pi(a|s) - min(Q1, Q2)(s, a)),   a ~ pi(s)
//! alpha   = mean -log alpha (log pi(a|s) + target entropy)
//! ```
//!
//! Haarnoja et al. 2018, arXiv 1812.05905, with the order of updates and the defaults of Stable-Baselines3. Q1' and Q2'
//! are the target critics. A truncated episode bootstraps from its final observation. With n-step returns, the entropy
//! of the states between is left out.

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
use crate::nn::{Frozen, ObservationNormalizer, Optimizer};
use crate::progress::decode;
use crate::settings::within;

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "SAC: soft actor-critic with learned temperature, continuous actions (Haarnoja et al. 2018)";

/// Version of the checkpoint format.
const FORMAT: u32 = 1;

/// Bounds of the log standard deviation; beyond them its gradient is 0.
const LOG_STD: (f32, f32) = (-20.0, 2.0);

/// Constant ln(2 pi) / 2 of the normal log-density.
const HALF_LN_TAU: f32 = 0.918_938_5;

/// Settings of [`Sac`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct Config {
    /// Weight of the entropy in units of (normalized) reward per nat, above 0: the initial one with `autotune`.
    pub ent_coef: f64,
    /// Learn the weight of the entropy, so that the policy has the target entropy.
    pub autotune: bool,
    /// Target entropy in nats per number of the action, in units of half its range: finite.
    pub target_entropy: f64,
    /// Settings of SAC and TD3.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub off_policy: OffPolicy,
}

impl Default for Config {
    fn default() -> Self {
        Config { ent_coef: 1.0, autotune: true, target_entropy: -1.0, off_policy: OffPolicy::default() }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`, without building an agent.
    pub(super) fn check(&self, spec: &Spec, budget: Budget) -> Result<()> {
        within("ent_coef", self.ent_coef, f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX))?;
        within("target_entropy", self.target_entropy, f64::MIN, f64::MAX)?;
        self.off_policy.check("sac", spec, budget)
    }
}

/// SAC agent.
///
/// ```
/// # use freewheel_agents::{AgentFactory, Budget, off_policy::{self, OffPolicy, sac::{Config, Sac}}};
/// # use freewheel_core::{ObservationSpace, ActionSpace, Spec, Streams};
/// let actions = ActionSpace::Continuous { names: vec!["force".into()], low: vec![-2.0], high: vec![2.0] };
/// let spec = Spec::new("test/pendulum", ObservationSpace::vector(&[(-1.0, 1.0); 3]), actions);
/// let off_policy = OffPolicy { learning_starts: 500, gradient_steps: 2, ..OffPolicy::default() };
/// let config = Config { off_policy, ..Config::default() };
/// let agent = Sac::new(&spec, config, Budget { steps: 10_000, num_envs: 1 }, Streams::new(0))?;
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Sac {
    config: Config,
    /// Policy network, from `[B, D]` to `[B, 2 K]`: means, then log standard deviations.
    actor: TrainedNetwork,
    critic: TwinCritic,
    temperature: Temperature,
    experience: Experience,
    // Buffers reused between steps.
    batch: Batch,
    policy_sample: PolicySample,
    outputs: Vec<f32>,
    targets: Vec<f32>,
    grad_actions: Vec<f32>,
    grad_cloning: Vec<f32>,
}

impl Agent for Sac {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let obs_len = self.actor.network().input_len();
        for _ in 0..self.experience.begin_learning(envs, steps, obs_len)? {
            let (actor, outputs) = (&mut self.actor, &mut self.outputs);
            self.experience.collect_step(envs, |obs, rngs, actions| {
                actor.act(obs, outputs);
                sample_actions(outputs, rngs, actions);
            })?;
            for _ in 0..self.experience.gradient_steps_due() {
                self.update()?;
            }
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        match self.actor.freeze() {
            Ok(frozen) => Box::new(GaussianPolicy {
                frozen,
                normalizer: self.experience.normalizer.clone(),
                ranges: self.experience.ranges.clone(),
                stochastic: mode == PolicyMode::Exploring,
            }),
            // `freeze` fails only for parameters that are not a contiguous tensor on the CPU.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("ent_coef", f64::from(self.temperature.alpha()));
        self.experience.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let networks = (self.actor.save(), self.critic.save());
        postcard::to_stdvec(&("sac", FORMAT, networks, &self.temperature, self.experience.save()))
            .map_err(|e| Error::Unsupported(format!("agent sac cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type Saved = ((SavedNetwork, SavedNetwork), Temperature, SavedExperience);
        let refuse = |why: &str| Error::Config(format!("this is not a saved sac: {why}"));
        let ((id, format), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if (&*id, format) != ("sac", FORMAT) {
            return Err(refuse(&format!("it is {id:?} of format {format}")));
        }
        let ((actor, critic), temperature, experience): Saved = decode(rest).map_err(|e| refuse(&e))?;
        self.experience.load(experience).map_err(|e| refuse(&e))?;
        if !self.actor.load(actor) || !self.critic.load(critic) || !self.temperature.load(temperature) {
            return Err(refuse("its networks have another size, or a number in them is out of range"));
        }
        Ok(())
    }
}

impl Sac {
    /// Agent with new parameters and an empty replay buffer.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for a world without continuous actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.check(spec, budget)?;
        let settings = &config.off_policy;
        let mut rng = streams.stream(Purpose::Initialization, 0, 0);
        let actor = settings.actor(spec, &["policy.mean", "policy.log_std"]);
        let mut actor = TrainedNetwork::new(actor, settings.optimizer, false, &mut rng);
        let critic = TwinCritic::new(spec, settings, &mut rng);
        let mut experience = Experience::new("sac", spec, settings, budget, streams)?;
        clone_policy(&mut actor, &mut experience)?;
        Ok(Sac {
            actor,
            critic,
            temperature: Temperature::new(&config, spec.actions.dimensions()),
            experience,
            batch: Batch::default(),
            policy_sample: PolicySample::default(),
            outputs: Vec::new(),
            targets: Vec::new(),
            grad_actions: Vec::new(),
            grad_cloning: Vec::new(),
            config,
        })
    }

    /// Makes one gradient step of temperature, critics and policy on a new sample, if the replay buffer holds enough
    /// steps.
    fn update(&mut self) -> Result<()> {
        let Sac { config, actor, critic, temperature, experience, batch, policy_sample, .. } = self;
        if !experience.sample(batch) {
            return Ok(());
        }
        let (step, learning_rate) = (experience.step(), experience.learning_rate());
        let rate = (learning_rate, config.off_policy.max_norm());
        let alpha = temperature.alpha();
        // Targets: the policy of the current parameters in the successors.
        actor.forward(&batch.successors, &mut self.outputs);
        policy_sample.draw(&self.outputs, batch.rows, &mut experience.rng);
        critic.target_minimum(&batch.successors, &policy_sample.actions, batch.rows, &mut self.targets);
        soft_targets(batch, &policy_sample.log_prob, alpha, &mut self.targets);
        // The policy's own actions in the sampled states, for the temperature and the policy loss.
        actor.forward(&batch.obs, &mut self.outputs);
        policy_sample.draw(&self.outputs, batch.rows, &mut experience.rng);
        let entropy = policy_sample.entropy();
        temperature.learn(entropy, learning_rate);
        let result = critic.learn(&batch.obs, &batch.actions, &self.targets, rate, step)?;
        let objective = Objective::Minimum;
        let value = critic.action_gradient(
            &batch.obs,
            &policy_sample.actions,
            batch.rows,
            objective,
            &mut self.grad_actions,
        );
        let weight = experience.cloning_weight() * value.abs();
        self.grad_cloning.clear();
        self.grad_cloning.resize(self.outputs.len(), 0.0);
        cloning_gradient(batch, &self.outputs, weight, &mut self.grad_cloning);
        policy_sample.gradient(&mut self.outputs, &self.grad_actions, alpha);
        self.outputs.iter_mut().zip(&self.grad_cloning).for_each(|(sum, cloning)| *sum += cloning);
        if !experience.is_frozen() {
            actor.learn(&batch.obs, &self.outputs, rate.0, rate.1, step)?;
        }
        critic.update_target(config.off_policy.tau);
        let means = &mut experience.means;
        means.add("critic_loss", result.loss);
        means.add("grad_norm", result.grad_norm);
        means.add("q_mean", result.q_mean);
        means.add("actor_loss", -f64::from(alpha) * entropy - value);
        means.add("entropy", entropy);
        Ok(())
    }
}

/// Turns `targets [B]`, the values of the successors, into the targets of the critics: reward plus discounted value
/// and entropy bonus `-alpha log_prob` of the successor.
fn soft_targets(batch: &Batch, log_prob: &[f32], alpha: f32, targets: &mut [f32]) {
    for (i, target) in targets.iter_mut().enumerate() {
        *target = batch.rewards[i] + batch.discounts[i] * (*target - alpha * log_prob[i]);
    }
}

/// Weight alpha of the entropy bonus, and its optimizer.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Temperature {
    log_alpha: f32,
    /// `None` for a constant alpha.
    optimizer: Option<Optimizer>,
    /// Target of the entropy of an action, in nats; not saved.
    #[serde(skip)]
    target_entropy: f64,
}

impl Temperature {
    fn new(config: &Config, dimensions: usize) -> Self {
        Temperature {
            log_alpha: (config.ent_coef as f32).ln(),
            optimizer: config.autotune.then(|| Optimizer::new(config.off_policy.optimizer, 1)),
            target_entropy: config.target_entropy * dimensions as f64,
        }
    }

    fn alpha(&self) -> f32 {
        self.log_alpha.exp()
    }

    /// Gradient step on `log_alpha (entropy - target)`: alpha falls while the `entropy` of the policy is above its
    /// target.
    fn learn(&mut self, entropy: f64, learning_rate: f64) {
        let gradient = [(entropy - self.target_entropy) as f32];
        if let Some(optimizer) = &mut self.optimizer {
            optimizer.step(std::slice::from_mut(&mut self.log_alpha), &gradient, learning_rate, None);
            // Bounds of a normal f32, so that alpha stays finite and above 0.
            self.log_alpha = self.log_alpha.clamp(-80.0, 80.0);
        }
    }

    /// Takes over `saved`; returns false if it does not fit.
    fn load(&mut self, saved: Temperature) -> bool {
        let optimizer_fits = match (&mut self.optimizer, saved.optimizer) {
            (Some(own), Some(saved)) => own.resume(saved),
            (None, None) => true,
            _ => false,
        };
        let valid = optimizer_fits && (-90.0..=90.0).contains(&saved.log_alpha);
        if valid {
            self.log_alpha = saved.log_alpha;
        }
        valid
    }
}

/// Actions that the policy samples for B observations, with their log-probabilities.
#[derive(Debug, Default)]
struct PolicySample {
    /// Standard normal numbers z of the samples, `[B, K]`.
    noise: Vec<f32>,
    /// Actions `tanh(mean + std z)`, `[B, K]`.
    actions: Vec<f32>,
    /// Log-probabilities, `[B]`.
    log_prob: Vec<f32>,
}

impl PolicySample {
    /// Samples actions from the outputs `[B, 2 K]` of the policy network for B = `rows` observations.
    fn draw(&mut self, outputs: &[f32], rows: usize, rng: &mut Stream) {
        self.noise.clear();
        self.noise.extend((0..outputs.len() / 2).map(|_| rng.normal() as f32));
        self.evaluate(outputs, rows);
    }

    /// Computes actions and log-probabilities from `outputs` and the noise.
    fn evaluate(&mut self, outputs: &[f32], rows: usize) {
        self.actions.clear();
        self.log_prob.clear();
        let k = self.noise.len() / rows;
        for (outputs, noise) in outputs.chunks_exact(2 * k).zip(self.noise.chunks_exact(k)) {
            let (mean, log_std) = outputs.split_at(k);
            let mut log_prob = 0.0;
            for ((mean, log_std), z) in mean.iter().zip(log_std).zip(noise) {
                let log_std = log_std.clamp(LOG_STD.0, LOG_STD.1);
                let u = mean + log_std.exp() * z;
                log_prob -= 0.5 * z * z + log_std + HALF_LN_TAU + log_derivative_of_tanh(u);
                self.actions.push(tanh(u));
            }
            self.log_prob.push(log_prob);
        }
    }

    /// Estimate of the entropy in nats: mean of `-log pi(a|s)`.
    fn entropy(&self) -> f64 {
        -self.log_prob.iter().map(|&x| f64::from(x)).sum::<f64>() / self.log_prob.len() as f64
    }

    /// Replaces the `outputs [B, 2 K]` of the policy network by the gradient of the policy loss `mean (alpha log pi -
    /// Q)`, given the derivative of Q with respect to the actions, `grad_q [B, K]`. The noise is constant.
    fn gradient(&self, outputs: &mut [f32], grad_q: &[f32], alpha: f32) {
        let (rows, k) = (self.log_prob.len(), self.noise.len() / self.log_prob.len());
        let scale = 1.0 / rows as f32;
        for (i, outputs) in outputs.chunks_exact_mut(2 * k).enumerate() {
            let (mean, log_std) = outputs.split_at_mut(k);
            for (j, (mean, log_std)) in mean.iter_mut().zip(log_std).enumerate() {
                let (a, z) = (self.actions[i * k + j], self.noise[i * k + j]);
                // d log(1 - tanh^2 u) / du = -2 tanh u;  da / du = 1 - a^2.
                let grad_u = scale * (2.0 * alpha * a - grad_q[i * k + j] * (1.0 - a * a));
                let is_free = (LOG_STD.0..=LOG_STD.1).contains(log_std);
                let grad_log_std = grad_u * z * log_std.exp() - scale * alpha;
                (*mean, *log_std) = (grad_u, if is_free { grad_log_std } else { 0.0 });
            }
        }
    }
}

/// Logarithm of the derivative of tanh, `ln(1 - tanh^2 u)`, also for large |u|: `2 (ln 2 - |u| - ln(1 + e^(-2 |u|)))`.
fn log_derivative_of_tanh(u: f32) -> f32 {
    let u = u.abs();
    2.0 * (std::f32::consts::LN_2 - u - (-2.0 * u).exp().ln_1p())
}

/// Writes an action `[K]` for each environment, sampled from the outputs `[N, 2 K]` of the policy network, to
/// `actions [N, K]`.
fn sample_actions(outputs: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
    let k = actions.len() / rngs.len().max(1);
    let rows = outputs.chunks_exact(2 * k).zip(rngs).zip(actions.chunks_exact_mut(k));
    for ((outputs, rng), actions) in rows {
        let (mean, log_std) = outputs.split_at(k);
        for ((action, mean), log_std) in actions.iter_mut().zip(mean).zip(log_std) {
            let std = log_std.clamp(LOG_STD.0, LOG_STD.1).exp();
            *action = tanh(mean + std * rng.normal() as f32);
        }
    }
}

/// Policy of a network with fixed parameters: samples, or the most probable action before tanh.
struct GaussianPolicy {
    frozen: Frozen,
    normalizer: ObservationNormalizer,
    ranges: ActionRanges,
    stochastic: bool,
}

impl Policy for GaussianPolicy {
    fn act(&self, obs: &[f32], _legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let k = self.ranges.len();
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        let mut chosen = vec![0.0; outputs.len() / 2];
        if self.stochastic {
            sample_actions(&outputs, rngs, &mut chosen);
        } else {
            for (chosen, outputs) in chosen.chunks_exact_mut(k).zip(outputs.chunks_exact(2 * k)) {
                chosen.iter_mut().zip(outputs).for_each(|(chosen, mean)| *chosen = tanh(*mean));
            }
        }
        self.ranges.write(&chosen, actions);
    }

    fn insight(&self, obs: &[f32], _legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        let (mean, log_std) = outputs.split_at(self.ranges.len());
        let means: Vec<f32> = mean.iter().map(|mean| tanh(*mean)).collect();
        // The slope of tanh at the mean scales the standard deviation.
        let std = |(a, log_std): (&f32, &f32)| (1.0 - a * a) * log_std.clamp(LOG_STD.0, LOG_STD.1).exp();
        let stds: Vec<f32> = means.iter().zip(log_std).map(std).collect();
        Some(self.ranges.insight(&means, &stds))
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
    use super::super::tests::{numbers, smooth};
    use super::*;
    use crate::nn::OptimizerConfig;

    #[test]
    fn log_probabilities_by_hand() {
        // u = .5: -.125 - ln(2 pi) / 2 - ln(1 - tanh^2 .5) = -.125 - .918938533 + .240229036.
        let mut sample = PolicySample { noise: vec![0.5], ..PolicySample::default() };
        sample.evaluate(&[0.0, 0.0], 1);
        assert!((sample.log_prob[0] + 0.803_709_5).abs() < 1e-6, "{:?}", sample.log_prob);
        assert!((sample.actions[0] - 0.462_117_16).abs() < 1e-6);
        assert!((sample.entropy() - 0.803_709_5).abs() < 1e-6);
        // u = 1 + 2 * -1 = -1 and u = 0, std 2 and 1: -.5 - ln 2 - ln(1 - tanh^2 1) = -.5 - .693147 + .867562;
        // 0; less ln(2 pi).
        sample.noise = vec![-1.0, 0.0];
        sample.evaluate(&[1.0, 0.0, 2f32.ln(), 0.0], 1);
        let expected = -0.5 - std::f32::consts::LN_2 + 0.867_561_7 - 1.837_877_1;
        assert!((sample.log_prob[0] - expected).abs() < 1e-5, "{:?} {expected}", sample.log_prob);
        // Beyond the bounds of the log standard deviation, and far out in the tails of tanh.
        sample.noise = vec![1.0];
        sample.evaluate(&[0.0, 9.0], 1);
        assert!(
            (sample.log_prob[0] - (-0.5 - 2.0 - HALF_LN_TAU + 2.0 * (2f32.exp() - 2f32.ln()))).abs() < 1e-4
        );
        assert!((log_derivative_of_tanh(-30.0) - (2.0 * 2f32.ln() - 60.0)).abs() < 1e-5);
        assert_eq!(log_derivative_of_tanh(0.0), 0.0);
    }

    /// The density of the actions integrates to 1 over -1..1.
    #[test]
    fn the_density_integrates_to_1() {
        for (mean, log_std) in [(0.0f32, 0.0f32), (0.8, -1.0), (-1.0, -0.2)] {
            let n = 200_000;
            let mut sample = PolicySample::default();
            for i in 0..n {
                let a = -1.0 + (2.0 * f64::from(i) + 1.0) / f64::from(n);
                sample.noise.push(((a.atanh() - f64::from(mean)) / f64::from(log_std).exp()) as f32);
            }
            let outputs = [mean, log_std].repeat(n as usize);
            sample.evaluate(&outputs, n as usize);
            let mass = sample.log_prob.iter().map(|&p| f64::from(p).exp()).sum::<f64>() * 2.0 / f64::from(n);
            assert!((mass - 1.0).abs() < 1e-3, "{mean} {log_std}: {mass}");
        }
    }

    /// Gradient of the policy loss for Q(a) = sum of c a^2, with a log standard deviation outside its bounds.
    #[test]
    fn policy_gradients_by_finite_differences() {
        let (b, k, alpha) = (4, 2, 0.3);
        let mut outputs = numbers(b * 2 * k, 1);
        outputs[3] = 2.5;
        let (noise, c) = (numbers(b * k, 2), numbers(b * k, 3));
        let loss = |outputs: &[f32]| {
            let mut sample = PolicySample { noise: noise.clone(), ..PolicySample::default() };
            sample.evaluate(outputs, b);
            let q: f64 = sample.actions.iter().zip(&c).map(|(a, c)| f64::from(c * a * a)).sum();
            (-f64::from(alpha) * sample.entropy() - q / b as f64, sample)
        };
        let (_, sample) = loss(&outputs);
        let grad_q: Vec<f32> = sample.actions.iter().zip(&c).map(|(a, c)| 2.0 * c * a).collect();
        let mut gradient = outputs.clone();
        sample.gradient(&mut gradient, &grad_q, alpha);
        for i in 0..outputs.len() {
            let at = |change: f32| {
                let mut changed = outputs.clone();
                changed[i] += change;
                loss(&changed).0
            };
            let difference = (at(5e-3) - at(-5e-3)) / 1e-2;
            let own = f64::from(gradient[i]);
            assert!((own - difference).abs() < 5e-4, "{i}: {own} {difference}");
        }
        assert_eq!(gradient[3], 0.0);
    }

    #[test]
    fn targets_by_hand() {
        let batch = Batch {
            rows: 3,
            rewards: vec![1.0, 2.0, -1.0],
            discounts: vec![0.5, 0.0, 0.9],
            ..Batch::default()
        };
        let mut targets = [4.0, 100.0, -2.0];
        soft_targets(&batch, &[2.0, 50.0, -3.0], 0.25, &mut targets);
        // 1 + .5 (4 - .5) = 2.75; terminated: 2; -1 + .9 (-2 + .75) = -2.125.
        assert_eq!(targets, [2.75, 2.0, -2.125]);
    }

    #[test]
    fn temperature_steps_by_hand() {
        let sgd = OffPolicy { optimizer: OptimizerConfig::Sgd { momentum: 0.0 }, ..OffPolicy::default() };
        let config = Config { ent_coef: 0.5, target_entropy: -1.5, off_policy: sgd, ..Config::default() };
        let mut temperature = Temperature::new(&config, 2);
        // Entropy 1 and target -3: log alpha falls by .1 * 4; entropy -4: it rises by .1 * 1.
        temperature.learn(1.0, 0.1);
        assert!((temperature.log_alpha - (0.5f32.ln() - 0.4)).abs() < 1e-6);
        temperature.learn(-4.0, 0.1);
        assert!((temperature.log_alpha - (0.5f32.ln() - 0.3)).abs() < 1e-6);
        let mut constant = Temperature::new(&Config { autotune: false, ..config }, 2);
        constant.learn(1.0, 0.1);
        assert!((constant.alpha() - 0.5).abs() < 1e-6);
    }

    /// The first update of the temperature is a step of the learning rate, towards the target entropy.
    #[test]
    fn alpha_falls_while_the_entropy_is_high() {
        let settings = OffPolicy { batch_size: 8, learning_starts: 16, ..smooth() };
        let settings = OffPolicy { optimizer: OptimizerConfig::default(), ..settings };
        let mut envs = crate::tests::world(5, 1, 0);
        let budget = Budget { steps: 40, num_envs: 1 };
        let config = Config { off_policy: settings, ..Config::default() };
        let mut sac = Sac::new(&envs.spec().clone(), config, budget, Streams::new(0)).unwrap();
        sac.learn(&mut *envs, 17).unwrap();
        // Adam's first step is the learning rate.
        assert!((sac.temperature.log_alpha + 3e-4).abs() < 1e-7, "{}", sac.temperature.log_alpha);
    }
}
