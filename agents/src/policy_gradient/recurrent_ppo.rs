//! Recurrent PPO: proximal policy optimization of a policy with a memory, for worlds with a hidden state.
//!
//! ```text
//! h_t   = GRU(encoder(o_t), h_{t-1}),   h = 0 before the first step of an episode
//! ratio = pi(a|h) / pi_old(a|h)
//! loss  = -mean min(ratio A, clip(ratio, 1 - c, 1 + c) A) + vf_coef mean (V - R)^2 / 2 - ent_coef mean H
//! ```
//!
//! PPO as in [`ppo`](super::ppo), with the gated recurrent unit of [`gru`](crate::nn::gru); recurrent model-free agents
//! for hidden states: Ni et al. 2022, arXiv 2110.05038. A rollout `[T, N]` is cut into sequences of `sequence_length`
//! steps. The state before each sequence is stored with the rollout; gradients flow through one sequence. Episodes that
//! start inside of a sequence start with the state 0, so that sequences need no padding and every step counts once.

use freewheel_core::{
    ActionBuffer, Agent, Error, Graph, Insight, MetricSink, Policy, PolicyMode, Purpose, Result, Spec,
    Stream, Streams, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor_critic::{ActorCritic, ActorModel};
use super::advantage::{explained_variance, standardize};
use super::head::Head;
use super::ppo::approx_kl_and_clip_fraction;
use super::rollout::{Rollout, check_rollout};
use super::settings::PolicyGradient;
use crate::Budget;
use crate::estimator::rows::shuffle;
use crate::nn::model::check_finite;
use crate::nn::{ObservationNormalizer, Optimizer};
use crate::schedule::Schedule;
use crate::settings::within;

mod network;
mod warm;

use network::{Part, RecurrentNetwork, Sequences};

/// One-line description in the list of agents.
pub const ABOUT: &str = "Recurrent PPO: PPO with a gated recurrent unit as memory (Schulman et al. 2017)";

/// Settings of [`RecurrentPpo`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct Config {
    /// Steps of each environment between updates, 1 to 1000000.
    pub num_steps: u32,
    /// Epochs over each rollout, 1 to 1000.
    pub num_epochs: u32,
    /// Steps of a sequence through which gradients flow, at least 1; a divisor of num_steps.
    pub sequence_length: u32,
    /// Steps of a minibatch, at least sequence_length; rounded down to whole sequences.
    pub minibatch_size: u32,
    /// Units of the recurrent layer, 1 to 4096; policy and value have their own layers unless shared_network = true.
    pub gru_units: u32,
    /// Lambda of generalized advantage estimation, 0 to 1.
    pub gae_lambda: f64,
    /// Clip range of the probability ratio, above 0: a number or a ramp.
    pub clip_range: Schedule,
    /// Weight of the value loss in the loss, at least 0.
    pub vf_coef: f64,
    /// Scale the advantages of each minibatch to mean 0 and standard deviation 1.
    pub normalize_advantage: bool,
    /// Approximate KL divergence from the old policy, in nats, that ends an update early; 0 for never.
    pub target_kl: f64,
    /// Settings of all policy-gradient agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub policy_gradient: PolicyGradient,
}

impl Default for Config {
    fn default() -> Self {
        let mut policy_gradient = super::ppo::Config::default().policy_gradient;
        policy_gradient.network.hidden_sizes = vec![64];
        Config {
            num_steps: 128,
            num_epochs: 4,
            sequence_length: 32,
            minibatch_size: 256,
            gru_units: 64,
            gae_lambda: 0.95,
            clip_range: Schedule::Constant(0.2),
            vf_coef: 0.5,
            normalize_advantage: true,
            target_kl: 0.0,
            policy_gradient,
        }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`, without building an agent.
    pub(super) fn check(&self, spec: &Spec, budget: Budget) -> Result<()> {
        self.network(spec, budget).map(drop)
    }

    /// Checks the settings; returns the head and the network.
    fn network(&self, spec: &Spec, budget: Budget) -> Result<(Head, RecurrentNetwork)> {
        within("num_steps", f64::from(self.num_steps), 1.0, 1e6)?;
        within("num_epochs", f64::from(self.num_epochs), 1.0, 1000.0)?;
        within("sequence_length", f64::from(self.sequence_length), 1.0, 1e6)?;
        within("gru_units", f64::from(self.gru_units), 1.0, 4096.0)?;
        within("gae_lambda", self.gae_lambda, 0.0, 1.0)?;
        self.clip_range.check_ramp("clip_range", 0.0, f64::MAX, false)?;
        within("vf_coef", self.vf_coef, 0.0, f64::MAX)?;
        within("target_kl", self.target_kl, 0.0, f64::MAX)?;
        let (length, steps) = (self.sequence_length, self.num_steps);
        if !steps.is_multiple_of(length) {
            let message = format!("sequence_length = {length}: must divide num_steps = {steps}");
            return Err(Error::setting("sequence_length", message));
        }
        within(
            "minibatch_size",
            f64::from(self.minibatch_size),
            f64::from(length.max(2)),
            f64::from(u32::MAX),
        )?;
        let head = ActorCritic::check_head(spec, &self.policy_gradient, budget)?;
        if spec.players == 2 {
            let message = format!("world {}: recurrent-ppo is for worlds with one player; use ppo", spec.id);
            return Err(Error::Config(message));
        }
        let network = RecurrentNetwork::new(spec, &self.policy_gradient, self.gru_units as usize, &head);
        network::check_size(network.size())?;
        let steps = check_rollout(spec, head.clone(), self.num_steps, budget)?;
        let what = format!(
            "training a network of {} parameters (hidden_sizes, gru_units) with minibatch_size = {}",
            network.size(),
            self.minibatch_size
        );
        let rows = steps.min(self.minibatch_size as usize);
        freewheel_core::memory::require(&what, network.training_bytes(rows))?;
        Ok((head, network))
    }
}

/// Recurrent PPO agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, policy_gradient::recurrent_ppo::{Config, RecurrentPpo}};
/// # use freewheel_core::{Agent, ActionBuffer, PolicyMode, Purpose, Streams, VectorEnv};
/// let mut envs = Corridor::batch(8, 0);
/// let budget = Budget { steps: 8192, num_envs: 8 };
/// let mut agent = RecurrentPpo::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let policy = agent.policy(PolicyMode::Greedy);
/// let mut memory = vec![0.0; policy.memory_len()];
/// let mut action = ActionBuffer::Discrete(vec![9]);
/// let mut rngs = [Streams::new(0).stream(Purpose::EvaluationAction, 0, 0)];
/// policy.act_with_memory(&[2.0], &[true; 2], &mut memory, &mut rngs, &mut action);
/// assert_eq!(action.discrete(), Some(1), "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct RecurrentPpo {
    config: Config,
    actor_critic: ActorCritic<RecurrentModel>,
    rollout: Rollout,
    context: Context,
    parts: Vec<Part>,
    gradient: Vec<f32>,
    /// Demonstrated steps, once they are loaded.
    demonstrations: Option<warm::Demonstrations>,
}

/// Starts of episodes and states of the network in a rollout.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Context {
    /// Whether each step is the first one of an episode, `[T * N]`.
    starts: Vec<bool>,
    /// States before the first steps of the sequences, `[T / L, N, M]`.
    first: Vec<f32>,
}

impl Agent for RecurrentPpo {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.actor_critic.begin_learning(envs, steps)? {
            let n = self.actor_critic.num_envs();
            if self.rollout.len().is_multiple_of(self.config.sequence_length as usize * n) {
                self.context.first.extend_from_slice(&self.actor_critic.model.states);
            }
            self.context.starts.extend_from_slice(&self.actor_critic.model.starts);
            self.actor_critic.collect_step(envs)?;
            self.rollout.push(&self.actor_critic.batch);
            if self.rollout.len() == self.config.num_steps as usize * n {
                self.update(envs)?;
            }
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        Box::new(RecurrentPolicy {
            network: self.actor_critic.model.network.clone(),
            parameters: self.actor_critic.model.parameters.clone(),
            head: self.actor_critic.head.clone(),
            normalizer: self.actor_critic.normalizer.clone(),
            stochastic: mode == PolicyMode::Exploring,
            value_unit: self.actor_critic.value_unit(),
        })
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.actor_critic.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let model = &self.actor_critic.model;
        self.actor_critic.save(&(&self.rollout, &self.context, &model.states, &model.starts))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (n, m) = (self.actor_critic.num_envs(), self.actor_critic.model.network.state_len());
        let capacity = self.config.num_steps as usize * n;
        let per_sequence = self.config.sequence_length as usize * n;
        let shape = self.actor_critic.step_shape();
        type State = (Rollout, Context, Vec<f32>, Vec<bool>);
        let is_state = |states: &[f32]| states.iter().all(|h| h.abs() <= 1.0);
        let is_valid = |(rollout, context, states, starts): &State| {
            rollout.is_valid(n, capacity, &shape)
                && context.starts.len() == rollout.len()
                && context.first.len() == rollout.len().div_ceil(per_sequence) * n * m
                && [states.len(), starts.len()] == [n * m, n]
                && is_state(&context.first)
                && is_state(states)
        };
        let (rollout, context, states, starts) = self.actor_critic.load(bytes, is_valid)?;
        (self.rollout, self.context) = (rollout, context);
        (self.actor_critic.model.states, self.actor_critic.model.starts) = (states, starts);
        Ok(())
    }
}

impl RecurrentPpo {
    /// Agent with new parameters.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for a world of two players, or without
    /// observations or actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        let (head, network) = config.network(spec, budget)?;
        let parameters = network.initial(&mut streams.stream(Purpose::Initialization, 0, 0));
        let model = RecurrentModel {
            states: vec![0.0; budget.num_envs * network.state_len()],
            starts: vec![true; budget.num_envs],
            network,
            parameters,
            part: Part::default(),
        };
        let settings = &config.policy_gradient;
        let mut actor_critic =
            ActorCritic::with_model("recurrent-ppo", spec, settings, budget, streams, (head, model));
        let length = config.sequence_length as usize;
        let demonstrations = warm::warm_start(&mut actor_critic, length, spec, streams)?;
        Ok(RecurrentPpo {
            demonstrations,
            config,
            actor_critic,
            rollout: Rollout::default(),
            context: Context::default(),
            parts: Vec::new(),
            gradient: Vec::new(),
        })
    }

    /// Makes epochs of gradient steps on the full rollout, then clears the rollout.
    fn update(&mut self, envs: &dyn VectorEnv) -> Result<()> {
        self.rollout.compute_advantages(&mut self.actor_critic, envs, self.config.gae_lambda)?;
        let length = self.config.sequence_length;
        let mut order: Vec<u32> = (0..self.rollout.len() as u32 / length).collect();
        let count = ((self.config.minibatch_size / length) as usize).max(1);
        if let Some(all) = &mut self.demonstrations {
            let RecurrentModel { network, parameters, .. } = &self.actor_critic.model;
            all.refresh(network, parameters);
        }
        'epochs: for _ in 0..self.config.num_epochs {
            shuffle(&mut order, &mut self.actor_critic.rng);
            for sequences in order.chunks(count) {
                let approx_kl = self.gradient_step(sequences)?;
                if self.config.target_kl > 0.0 && approx_kl > self.config.target_kl {
                    break 'epochs;
                }
            }
        }
        let values = self.rollout.steps.iter().map(|step| step.value);
        if let Some(explained) = explained_variance(values, &self.rollout.returns) {
            self.actor_critic.means.add("explained_variance", explained);
        }
        self.rollout.clear();
        self.context.starts.clear();
        self.context.first.clear();
        self.actor_critic.end_update()
    }

    /// Makes one gradient step on the sequences with the indices `indices` in `[T / L, N]`; returns the approximate KL
    /// divergence from the old policy before the step.
    fn gradient_step(&mut self, indices: &[u32]) -> Result<f64> {
        let (n, l) = (self.actor_critic.num_envs(), self.config.sequence_length as usize);
        // Steps of the minibatch, `[L, S]`, as indices in `[T, N]`.
        let step = |t: usize, index: u32| ((index as usize / n) * l + t) * n + index as usize % n;
        let rows: Vec<u32> =
            (0..l).flat_map(|t| indices.iter().map(move |&index| step(t, index) as u32)).collect();
        let mut minibatch = self.rollout.gather(&rows);
        if self.config.normalize_advantage && rows.len() > 1 {
            standardize(&mut minibatch.advantages);
        }
        let m = self.actor_critic.model.network.state_len();
        let first = indices.iter().flat_map(|&i| &self.context.first[i as usize * m..(i as usize + 1) * m]);
        let sequences = Sequences {
            count: indices.len(),
            obs: std::mem::take(&mut minibatch.obs),
            starts: rows.iter().map(|&row| self.context.starts[row as usize]).collect(),
            first: first.copied().collect(),
        };
        let clip = self.actor_critic.current(self.config.clip_range) as f32;
        let (weight, frozen) = self.actor_critic.imitation();
        let loss = Loss {
            head: &self.actor_critic.head,
            clip_range: clip,
            vf_coef: self.config.vf_coef as f32,
            ent_coef: self.actor_critic.ent_coef() as f32,
            frozen,
            scale: 1.0 / rows.len() as f32,
        };
        let (w, a) = (loss.head.action_len(), minibatch.legal.len() / rows.len());
        let model = &self.actor_critic.model;
        self.gradient.resize(model.network.size(), 0.0);
        let terms = model.network.gradient(
            &model.parameters,
            &sequences,
            &mut self.parts,
            &mut self.gradient,
            |rows, outputs, gradients| {
                let width = outputs.len() / rows.len();
                let each =
                    rows.iter().zip(outputs.chunks_exact(width)).zip(gradients.chunks_exact_mut(width));
                let mut terms = Vec::with_capacity(rows.len());
                for ((&i, outputs), gradients) in each {
                    let old = Old {
                        action: &minibatch.actions[i * w..(i + 1) * w],
                        legal: &minibatch.legal[i * a..(i + 1) * a],
                        log_prob: minibatch.log_prob[i],
                        advantage: minibatch.advantages[i],
                        ret: minibatch.returns[i],
                    };
                    terms.push(loss.of(outputs, &old, gradients));
                }
                terms
            },
        );
        if let Some(all) = self.demonstrations.as_mut().filter(|_| weight > 0.0 && !frozen) {
            let ActorCritic { model, rng, .. } = &mut self.actor_critic;
            all.add_gradient(&model.network, &model.parameters, weight, rng, &mut self.gradient);
        }
        self.optimize(&terms.concat(), clip)
    }

    /// Makes one step of the optimizer with the gradient of a minibatch whose steps have the loss terms `terms`; returns
    /// the approximate KL divergence.
    fn optimize(&mut self, terms: &[Terms], clip_range: f32) -> Result<f64> {
        let actor_critic = &mut self.actor_critic;
        let step = actor_critic.counter.step;
        let mean = |of: fn(&Terms) -> f32| {
            terms.iter().map(|term| f64::from(of(term))).sum::<f64>() / terms.len() as f64
        };
        let (policy, value) = (mean(|term| term.policy), mean(|term| term.value));
        let entropy = mean(|term| term.entropy);
        let ent_coef = actor_critic.ent_coef();
        let loss = policy + self.config.vf_coef * value - ent_coef * entropy;
        check_finite("loss", &[loss as f32], step)?;
        let learning_rate = actor_critic.current(actor_critic.settings.learning_rate);
        let max_norm = actor_critic.settings.max_norm();
        let parameters = &mut actor_critic.model.parameters;
        let done = actor_critic.optimizer.step(parameters, &self.gradient, learning_rate, max_norm);
        let diverged = |quantity: &str, value| Error::Diverged { quantity: quantity.into(), value, step };
        if !done.norm.is_finite() {
            return Err(diverged("gradient norm", done.norm));
        }
        if !done.finite {
            return Err(diverged("a parameter", f64::NAN));
        }
        let log_ratio: Vec<f32> = terms.iter().map(|term| term.log_ratio).collect();
        let (approx_kl, clip_fraction) = approx_kl_and_clip_fraction(&log_ratio, f64::from(clip_range));
        let metrics = [
            ("loss", loss),
            ("policy_loss", policy),
            ("value_loss", value),
            ("entropy", entropy),
            ("grad_norm", done.norm),
            ("approx_kl", approx_kl),
            ("clip_fraction", clip_fraction),
        ];
        metrics.into_iter().for_each(|(name, value)| actor_critic.means.add(name, value));
        Ok(approx_kl)
    }
}

/// Loss of one step of a minibatch.
struct Loss<'a> {
    head: &'a Head,
    clip_range: f32,
    vf_coef: f32,
    ent_coef: f32,
    /// Whether only the value function learns.
    frozen: bool,
    /// 1 / B, for the mean over a minibatch of B steps.
    scale: f32,
}

/// One step of a minibatch, under the policy that made it.
struct Old<'a> {
    action: &'a [f32],
    legal: &'a [bool],
    log_prob: f32,
    advantage: f32,
    ret: f32,
}

/// Terms of the loss of one step.
#[derive(Clone, Copy)]
struct Terms {
    policy: f32,
    /// Half the squared error of the value.
    value: f32,
    entropy: f32,
    log_ratio: f32,
}

impl Loss<'_> {
    /// Terms of the loss of a step with the network outputs `outputs [H + 1]`; writes the gradient of the mean loss to
    /// `gradients [H + 1]`.
    fn of(&self, outputs: &[f32], old: &Old<'_>, gradients: &mut [f32]) -> Terms {
        let h = self.head.len();
        let (log_prob, entropy) = self.head.log_prob_entropy(&outputs[..h], old.legal, old.action);
        let log_ratio = log_prob - old.log_prob;
        let ratio = log_ratio.exp();
        let unclipped = ratio * old.advantage;
        let clipped = ratio.clamp(1.0 - self.clip_range, 1.0 + self.clip_range) * old.advantage;
        let error = outputs[h] - old.ret;
        // The clipped term has no gradient.
        let is_free = unclipped <= clipped && !self.frozen;
        let grad_log_prob = if is_free { -unclipped * self.scale } else { 0.0 };
        let (grad_head, grad_value) = gradients.split_at_mut(h);
        grad_head.fill(0.0);
        let grad_entropy = -self.ent_coef * self.scale;
        self.head.backward(&outputs[..h], old.legal, old.action, grad_log_prob, grad_entropy, grad_head);
        grad_value[0] = self.vf_coef * error * self.scale;
        Terms { policy: -unclipped.min(clipped), value: 0.5 * error * error, entropy, log_ratio }
    }
}

/// Recurrent network with its parameters, and the states of the running episodes.
struct RecurrentModel {
    network: RecurrentNetwork,
    parameters: Vec<f32>,
    /// State of each environment, `[N, M]`.
    states: Vec<f32>,
    /// Whether the next step of each environment is the first one of an episode, `[N]`.
    starts: Vec<bool>,
    part: Part,
}

impl ActorModel for RecurrentModel {
    fn size(&self) -> usize {
        self.network.size()
    }

    fn input_len(&self) -> usize {
        self.network.input_len()
    }

    fn log_std(&self) -> Option<std::ops::Range<usize>> {
        self.network.log_std()
    }

    fn parameters(&self) -> Result<Vec<f32>> {
        Ok(self.parameters.clone())
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        self.parameters.copy_from_slice(parameters);
        Ok(())
    }

    fn act(&mut self, obs: &[f32], _: &mut crate::nn::Workspace, out: &mut [f32]) -> Result<()> {
        self.network.act(&self.parameters, obs, &mut self.states, &mut self.part, out);
        self.starts.fill(false);
        Ok(())
    }

    fn next(
        &mut self,
        envs: &[usize],
        obs: &[f32],
        _: &mut crate::nn::Workspace,
        out: &mut [f32],
    ) -> Result<()> {
        let m = self.network.state_len();
        let mut states: Vec<f32> =
            envs.iter().flat_map(|&env| &self.states[env * m..(env + 1) * m]).copied().collect();
        self.network.act(&self.parameters, obs, &mut states, &mut self.part, out);
        Ok(())
    }

    fn begin_episode(&mut self, env: usize) {
        let m = self.network.state_len();
        self.states[env * m..(env + 1) * m].fill(0.0);
        self.starts[env] = true;
    }

    fn settle(&mut self, _: &mut Optimizer) -> Result<()> {
        Ok(())
    }
}

/// Policy of a recurrent network with fixed parameters.
struct RecurrentPolicy {
    network: RecurrentNetwork,
    parameters: Vec<f32>,
    head: Head,
    normalizer: ObservationNormalizer,
    /// Sample from the distribution; otherwise take the most probable action.
    stochastic: bool,
    /// Unit of the critic's values, in rewards.
    value_unit: f32,
}

impl Policy for RecurrentPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let mut memory = vec![0.0; rngs.len() * self.memory_len()];
        self.act_with_memory(obs, legal, &mut memory, rngs, actions);
    }

    fn memory_len(&self) -> usize {
        self.network.state_len()
    }

    fn act_with_memory(
        &self,
        obs: &[f32],
        legal: &[bool],
        memory: &mut [f32],
        rngs: &mut [Stream],
        actions: &mut ActionBuffer,
    ) {
        let (h, a) = (self.head.len(), legal.len() / rngs.len().max(1));
        let (mut action, mut scratch) = (vec![0.0; self.head.action_len()], Vec::new());
        let mut outputs = vec![0.0; rngs.len() * (h + 1)];
        let obs = self.normalizer.normalize(obs, &mut scratch);
        self.network.act(&self.parameters, obs, memory, &mut Part::default(), &mut outputs);
        for ((i, outputs), rng) in outputs.chunks_exact(h + 1).enumerate().zip(rngs) {
            let legal = &legal[i * a..(i + 1) * a];
            if self.stochastic {
                self.head.sample(&outputs[..h], legal, rng, &mut action);
            } else {
                self.head.most_probable(&outputs[..h], legal, &mut action);
            }
            self.head.write_action(&action, i, actions);
        }
    }

    fn insight(&self, obs: &[f32], legal: &[bool], memory: &[f32]) -> Option<Insight> {
        let (mut memory, mut scratch) = (memory.to_vec(), Vec::new());
        memory.resize(self.memory_len(), 0.0);
        let mut outputs = vec![0.0; self.head.len() + 1];
        let obs = self.normalizer.normalize(obs, &mut scratch);
        self.network.act(&self.parameters, obs, &mut memory, &mut Part::default(), &mut outputs);
        Some(self.head.insight(&outputs, legal, Some(self.value_unit)))
    }

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        let mut graph = Graph::default();
        let x = graph.observation(spec);
        let x = self.normalizer.add_to(&mut graph, x);
        let outputs = self.network.add_policy_to(&mut graph, &self.parameters, x)?;
        self.head.add_to(&mut graph, spec, outputs);
        Ok(graph)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, WorldHeader};
    use freewheel_core::record::RecordedActions;
    use freewheel_core::{Batch, Env, ObservationSpace, Step};

    use super::*;
    use crate::demonstrations::{Demonstrated, WarmStart};

    /// The first observation, 1 or 2, is the action that pays in the fourth step; in between the observation is 0.
    struct Recall(Spec);

    impl Env for Recall {
        type State = (u32, u32);
        type Action = u32;

        fn spec(&self) -> &Spec {
            &self.0
        }

        fn reset(&self, rng: &mut Stream) -> (u32, u32) {
            (0, rng.below(2))
        }

        fn step(&self, (t, cue): &mut (u32, u32), action: u32, _: &mut Stream) -> Step {
            *t += 1;
            match *t {
                4 => Step::termination(if action == *cue { 1.0 } else { -1.0 }),
                _ => Step::transition(0.0),
            }
        }

        fn observe(&self, &(t, cue): &(u32, u32), out: &mut [f32]) {
            out[0] = if t == 0 { (1 + cue) as f32 } else { 0.0 };
        }
    }

    fn recall(index: bool) -> Arc<Recall> {
        let spec = Spec::discrete("test/recall", 3, &["a", "b"]);
        let vector = Spec { observation: ObservationSpace::vector(&[(0.0, 2.0)]), ..spec.clone() };
        Arc::new(Recall(if index { spec } else { vector }))
    }

    fn mean_return(policy: &dyn Policy, env: &Arc<Recall>) -> f64 {
        let streams = Streams::new(9);
        let mut batch = Batch::new(Arc::clone(env), 32, streams, Purpose::EvaluationEnvironment, 0);
        let mut rngs: Vec<Stream> =
            (0..32).map(|i| streams.stream(Purpose::EvaluationAction, i, 0)).collect();
        let mut memory = vec![0.0; 32 * policy.memory_len()];
        let mut actions = ActionBuffer::Discrete(vec![0; 32]);
        let mut total = 0.0;
        for _ in 0..4 {
            let view = batch.view();
            policy.act_with_memory(view.obs, view.legal, &mut memory, &mut rngs, &mut actions);
            batch.step(actions.as_actions()).unwrap();
            total += batch.view().reward.iter().map(|&r| f64::from(r)).sum::<f64>();
        }
        total / 32.0
    }

    /// A policy without memory reaches 0.
    #[test]
    fn a_cue_is_remembered() {
        for (index, shared_network) in [(true, false), (false, true)] {
            let env = recall(index);
            let mut config = Config { num_steps: 32, sequence_length: 8, gru_units: 16, ..Config::default() };
            config.policy_gradient.shared_network = shared_network;
            config.policy_gradient.network.hidden_sizes = vec![16];
            config.policy_gradient.learning_rate = Schedule::Constant(3e-3);
            let budget = Budget { steps: 30_000, num_envs: 8 };
            let mut agent = RecurrentPpo::new(&env.0, config, budget, Streams::new(1)).unwrap();
            let mut batch = Batch::new(Arc::clone(&env), 8, Streams::new(1), Purpose::Environment, 0);
            agent.learn(&mut batch, budget.steps).unwrap();
            assert_eq!(mean_return(&*agent.policy(PolicyMode::Greedy), &env), 1.0, "index {index}");
        }
    }

    /// Evaluated again with the parameters that made it, a rollout has the same log-probabilities and values, whether
    /// sequences are cut at starts of episodes or not: the ratio is 1, and the values are those of the rollout.
    #[test]
    fn a_rollout_is_evaluated_as_it_was_made() {
        for sequence_length in [1, 3, 4] {
            let env = recall(true);
            let config = Config { num_steps: 12, sequence_length, gru_units: 5, ..Config::default() };
            let budget = Budget { steps: 1000, num_envs: 3 };
            let mut agent = RecurrentPpo::new(&env.0, config, budget, Streams::new(4)).unwrap();
            let mut batch = Batch::new(Arc::clone(&env), 3, Streams::new(4), Purpose::Environment, 0);
            // Eleven of twelve steps, so that the rollout is kept.
            agent.learn(&mut batch, 33).unwrap();
            let l = sequence_length as usize;
            let whole = 11 / l * l;
            let m = agent.actor_critic.model.network.state_len();
            for (index, env) in (0..whole / l).flat_map(|index| (0..3).map(move |env| (index, env))) {
                let rows: Vec<usize> = (0..l).map(|t| (index * l + t) * 3 + env).collect();
                let at = (index * 3 + env) * m;
                let sequences = Sequences {
                    count: 1,
                    obs: rows.iter().map(|&row| agent.rollout.obs[row]).collect(),
                    starts: rows.iter().map(|&row| agent.context.starts[row]).collect(),
                    first: agent.context.first[at..at + m].to_vec(),
                };
                let model = &agent.actor_critic.model;
                let mut gradient = vec![0.0; model.network.size()];
                model.network.gradient(
                    &model.parameters,
                    &sequences,
                    &mut Vec::new(),
                    &mut gradient,
                    |_, outputs, _| {
                        for (&row, outputs) in rows.iter().zip(outputs.chunks_exact(3)) {
                            let action = &agent.rollout.actions[row..row + 1];
                            let head = &agent.actor_critic.head;
                            let (log_prob, _) = head.log_prob_entropy(&outputs[..2], &[true; 2], action);
                            assert!((log_prob - agent.rollout.log_prob[row]).abs() < 1e-6);
                            assert!((outputs[2] - agent.rollout.steps[row].value).abs() < 1e-6);
                        }
                    },
                );
            }
        }
    }

    /// Episodes in which the cue is remembered.
    fn shown(spec: &Spec) -> Arc<DemonstrationSet> {
        let episode = |cue: u32| Demonstration {
            label: Label::default(),
            origin: None,
            opening: RecordedActions::Discrete(Vec::new()),
            observations: vec![(1 + cue) as f32, 0.0, 0.0, 0.0, 0.0],
            legal: Vec::new(),
            to_play: Vec::new(),
            actions: RecordedActions::Discrete(vec![0, 1, 0, cue]),
            rewards: vec![0.0, 0.0, 0.0, 1.0],
            ending: freewheel_core::Ending::Terminal,
            episode_return: 1.0,
            score: 1.0,
        };
        let header = WorldHeader::of(spec, "test/recall", serde_json::Value::Null);
        Arc::new(DemonstrationSet { header, episodes: (0..10).map(|i| episode(i % 2)).collect() })
    }

    /// The cloned policy remembers before its first step, in sequences that end within an episode, too; the bytes do not
    /// depend on the calls of `learn`, nor on a checkpoint in between.
    #[test]
    fn a_memory_is_cloned_and_runs_are_resumed() {
        let env = recall(true);
        let set = shown(&env.0);
        let new = || {
            let warm = WarmStart {
                demonstrated: Demonstrated::of(Arc::clone(&set)),
                pretraining: 3000,
                ..WarmStart::default()
            };
            let mut config = Config { num_steps: 12, sequence_length: 6, gru_units: 16, ..Config::default() };
            config.policy_gradient.warm_start = Some(warm);
            RecurrentPpo::new(&env.0, config, Budget { steps: 240, num_envs: 2 }, Streams::new(1)).unwrap()
        };
        assert_eq!(mean_return(&*new().policy(PolicyMode::Greedy), &env), 1.0);
        let batch = || Batch::new(Arc::clone(&env), 2, Streams::new(1), Purpose::Environment, 0);
        let (mut whole, mut envs) = (new(), batch());
        whole.learn(&mut envs, 240).unwrap();
        let (mut first, mut envs) = (new(), batch());
        first.learn(&mut envs, 100).unwrap();
        let mut second = new();
        second.load(&first.save().unwrap()).unwrap();
        second.learn(&mut envs, 140).unwrap();
        assert!(second.save().unwrap() == whole.save().unwrap());
    }

    /// Gradients of the loss with respect to outputs agree with central differences.
    #[test]
    fn loss_gradients_agree_with_finite_differences() {
        let head = Head::Categorical { num_actions: 3 };
        let loss =
            Loss { head: &head, clip_range: 0.2, vf_coef: 0.7, ent_coef: 0.1, frozen: false, scale: 0.5 };
        let legal = [true, true, false];
        // Inside the clip range, above it with positive and with negative advantage.
        for (log_prob, advantage) in [(-0.6, 1.5), (-1.5, 1.5), (-1.5, -1.5)] {
            let old = Old { action: &[1.0], legal: &legal, log_prob, advantage, ret: 2.0 };
            let outputs = [0.3, 0.5, 9.0, -0.4];
            let total = |outputs: &[f32]| {
                let terms = loss.of(outputs, &old, &mut [0.0; 4]);
                0.5 * (terms.policy + 0.7 * terms.value - 0.1 * terms.entropy)
            };
            let mut gradients = [9.0; 4];
            loss.of(&outputs, &old, &mut gradients);
            for k in [0, 1, 3] {
                let moved = |by: f32| {
                    let mut outputs = outputs;
                    outputs[k] += by;
                    total(&outputs)
                };
                let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                assert!((gradients[k] - expected).abs() < 1e-3, "{k}: {} {expected}", gradients[k]);
            }
            assert_eq!(gradients[2], 0.0, "an illegal action has no gradient");
        }
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let env = recall(true);
        let refused = |config: Config| {
            let budget = Budget { steps: 100, num_envs: 2 };
            RecurrentPpo::new(&env.0, config, budget, Streams::new(0)).err().unwrap().to_string()
        };
        let uneven = refused(Config { num_steps: 100, ..Config::default() });
        assert!(uneven.contains("sequence_length = 32: must divide num_steps = 100"), "{uneven}");
        let small = refused(Config { minibatch_size: 8, ..Config::default() });
        assert!(small.contains("minibatch_size"), "{small}");
    }
}
