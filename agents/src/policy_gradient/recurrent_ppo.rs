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
    Agent, Error, MetricSink, Policy, PolicyMode, Purpose, Result, Spec, Streams, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor_critic::ActorCritic;
use super::advantage::{explained_variance, standardize};
use super::head::Head;
use super::ppo::approx_kl_and_clip_fraction;
use super::rollout::{Rollout, check_rollout};
use super::settings::PolicyGradient;
use crate::Budget;
use crate::estimator::rows::shuffle;
use crate::nn::model::check_finite;
use crate::nn::recurrent::{Part, RecurrentNetwork, Sequences};
use crate::schedule::Schedule;
use crate::settings::within;

mod policy;
#[cfg(test)]
mod tests;
mod warm;

use policy::{RecurrentModel, RecurrentPolicy};

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
        let network = policy::network(spec, &self.policy_gradient, self.gru_units as usize, &head);
        network.check_size()?;
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

    /// Makes one step of the optimizer with the gradient of a minibatch whose steps have the loss terms `terms`;
    /// returns the approximate KL divergence.
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
        let done =
            actor_critic.optimizer.step(parameters, &self.gradient, learning_rate, max_norm).finite(step)?;
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
