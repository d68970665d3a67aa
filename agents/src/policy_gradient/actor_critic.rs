//! Shared part of the policy-gradient agents: network, optimizer, normalizers, random streams, step counter.

use std::ops::Range;

use candle_core::Tensor;
use freewheel_core::{
    ActionBuffer, Ending, Error, Graph, Insight, MetricSink, Neuron, Player, Policy, PolicyMode, Purpose,
    Result, Spec, Stream, Streams, VectorEnv,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::advantage::Step;
use super::bonus::CountBonus;
use super::head::{Head, log_prob_entropy_value};
use super::rollout::{Losses, StepBatch, StepShape};
use super::settings::{LOG_STD, PolicyGradient};
use crate::Budget;
use crate::demonstrations::not_loaded;
use crate::nn::model::{candle_error, check_finite, tensor, with_slice};
use crate::nn::normalizer::RewardScaler;
use crate::nn::optimizer::all_finite;
use crate::nn::{Frozen, Model, Network, ObservationNormalizer, Optimizer, Workspace};
use crate::progress::{RunningMeans, StepCounter, decode, shape_mismatch};
use crate::schedule::Schedule;
use crate::settings::{learning_discount, within};

/// Version of the checkpoint format.
const FORMAT: u32 = 2;

/// Network of an actor-critic, which may remember the steps of the running episodes.
pub(super) trait ActorModel {
    /// Number of parameters, P.
    fn size(&self) -> usize;
    /// Numbers of an observation, D.
    fn input_len(&self) -> usize;
    /// Range of the log standard deviations in the slice of parameters; `None` for discrete actions.
    fn log_std(&self) -> Option<Range<usize>>;
    /// Copy of the parameters, `[P]`.
    fn parameters(&self) -> Result<Vec<f32>>;
    /// Replaces the parameters `[P]`.
    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()>;
    /// Outputs `out [N, H + 1]` for the observations `obs [N, D]`, which all N environments now have.
    fn act(&mut self, obs: &[f32], workspace: &mut Workspace, out: &mut [f32]) -> Result<()>;
    /// Outputs `out [B, H + 1]` for the next observations `obs [B, D]` of the environments `envs [B]`; nothing is
    /// remembered.
    fn next(&mut self, envs: &[usize], obs: &[f32], workspace: &mut Workspace, out: &mut [f32])
    -> Result<()>;
    /// Begins another episode of the environment `env`.
    fn begin_episode(&mut self, env: usize);
    /// Makes the steps of `optimizer` that some parameters are owed.
    fn settle(&mut self, optimizer: &mut Optimizer) -> Result<()>;
}

impl ActorModel for Model {
    fn size(&self) -> usize {
        self.network().size()
    }

    fn input_len(&self) -> usize {
        self.network().input_len()
    }

    fn log_std(&self) -> Option<Range<usize>> {
        log_std_range(self.network())
    }

    fn parameters(&self) -> Result<Vec<f32>> {
        Model::parameters(self)
    }

    fn set_parameters(&mut self, parameters: &[f32]) -> Result<()> {
        Model::set_parameters(self, parameters)
    }

    fn act(&mut self, obs: &[f32], workspace: &mut Workspace, out: &mut [f32]) -> Result<()> {
        Model::act(self, obs, workspace, out)
    }

    fn next(&mut self, _: &[usize], obs: &[f32], workspace: &mut Workspace, out: &mut [f32]) -> Result<()> {
        Model::act(self, obs, workspace, out)
    }

    fn begin_episode(&mut self, _: usize) {}

    fn settle(&mut self, optimizer: &mut Optimizer) -> Result<()> {
        Model::settle(self, optimizer)
    }
}

/// Range of the log standard deviations in the slice of the parameters of `network`.
pub(super) fn log_std_range(network: &Network) -> Option<Range<usize>> {
    let is_log_std = |name: &str| name.strip_suffix(".value") == Some(LOG_STD);
    let mut blocks = network.parameters().iter();
    blocks.find(|block| is_log_std(&block.name)).map(|block| block.range.clone())
}

/// Actor-critic network with optimizer, normalizers and bookkeeping.
pub(super) struct ActorCritic<M = Model> {
    pub(super) id: &'static str,
    pub(super) settings: PolicyGradient,
    budget: Budget,
    pub(super) gamma: f32,
    pub(super) head: Head,
    pub(super) model: M,
    pub(super) optimizer: Optimizer,
    pub(super) normalizer: ObservationNormalizer,
    reward_scaler: Option<RewardScaler>,
    count_bonus: Option<CountBonus>,
    /// Parameters of the cloned policy of a warm start, `[P]`, once the demonstrations are loaded.
    pub(super) teacher: Option<Vec<f32>>,
    /// Random stream of each environment's actions, `[N]`.
    pub(super) rngs: Vec<Stream>,
    /// Random stream of the minibatch order.
    pub(super) rng: Stream,
    pub(super) counter: StepCounter,
    pub(super) means: RunningMeans,
    /// Width of the mask of legal actions, A.
    pub(super) num_actions: usize,
    /// Results of the last batch step.
    pub(super) batch: StepBatch,
    action_buffer: ActionBuffer,
    /// Player that made the last step of each environment, `[N]`; empty in one-player worlds.
    players: Vec<Player>,
    scratch: Scratch,
}

/// Buffers reused between steps.
#[derive(Default)]
struct Scratch {
    workspace: Workspace,
    outputs: Vec<f32>,
    normalized: Vec<f32>,
    truncated: Vec<usize>,
    /// Signs of the next values and last observations of truncated episodes; see [`Outcome`].
    outcome: (Vec<f32>, Vec<f32>),
}

/// Results of one step of N environments.
pub(super) struct Outcome<'a> {
    /// Rewards, `[N]`.
    pub(super) reward: &'a [f32],
    /// Endings, `[N]`.
    pub(super) ending: &'a [Ending],
    /// Signs of the next values, `[N]`: 1 same player, -1 opponent; empty in one-player worlds.
    pub(super) signs: &'a [f32],
    /// Last observations of the B episodes that were truncated, `[B, D]`.
    pub(super) last_obs: &'a [f32],
}

impl ActorCritic<Model> {
    /// Checks the settings for worlds with the observations and actions of `spec`, without creating parameters; returns
    /// the head and the network.
    ///
    /// # Errors
    /// As [`ActorCritic::new`].
    pub(super) fn check(spec: &Spec, settings: &PolicyGradient, budget: Budget) -> Result<(Head, Network)> {
        let head = Self::check_head(spec, settings, budget)?;
        let network = settings.network(spec, &head);
        Model::check_size(&network)?;
        Ok((head, network))
    }

    /// Checks the settings for worlds with the observations and actions of `spec`; returns the head.
    ///
    /// # Errors
    /// As [`ActorCritic::new`].
    pub(super) fn check_head(spec: &Spec, settings: &PolicyGradient, budget: Budget) -> Result<Head> {
        settings.validate(spec)?;
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        let learn_std = matches!(settings.log_std, Schedule::Constant(_));
        let head = Head::new(spec, settings.squash_output, learn_std)?;
        if head.is_empty() || spec.observation.is_empty() {
            return Err(Error::Config(format!("world {} has no observations or no actions", spec.id)));
        }
        Ok(head)
    }

    /// Actor-critic of the agent `id` with new parameters.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for no environments, or a world without
    /// observations or actions.
    pub(super) fn new(
        id: &'static str,
        spec: &Spec,
        settings: &PolicyGradient,
        budget: Budget,
        streams: Streams,
    ) -> Result<Self> {
        let (head, network) = Self::check(spec, settings, budget)?;
        let model = Model::new(network, &mut streams.stream(Purpose::Initialization, 0, 0))?;
        let mut all = ActorCritic::with_model(id, spec, settings, budget, streams, (head, model));
        all.warm_start(spec, streams)?;
        Ok(all)
    }
}

impl<M: ActorModel> ActorCritic<M> {
    /// Actor-critic of the agent `id` with the `model` for the action distribution `head`.
    pub(super) fn with_model(
        id: &'static str,
        spec: &Spec,
        settings: &PolicyGradient,
        budget: Budget,
        streams: Streams,
        (head, model): (Head, M),
    ) -> Self {
        let num_envs = budget.num_envs;
        let gamma = learning_discount(settings.gamma, spec);
        ActorCritic {
            id,
            settings: settings.clone(),
            budget,
            gamma: gamma as f32,
            optimizer: Optimizer::new(settings.optimizer, model.size()),
            normalizer: ObservationNormalizer::new(spec, settings.network.normalize_observations),
            reward_scaler: settings.normalize_rewards.then(|| RewardScaler::new(gamma, num_envs)),
            count_bonus: (settings.count_bonus != Schedule::Constant(0.0))
                .then(|| CountBonus::new(spec))
                .flatten(),
            teacher: None,
            rngs: (0..num_envs as u64).map(|i| streams.stream(Purpose::Action, i, 0)).collect(),
            rng: streams.stream(Purpose::Agent, 0, 0),
            counter: StepCounter::default(),
            means: RunningMeans::default(),
            num_actions: spec.actions.count(),
            batch: StepBatch {
                actions: vec![0.0; num_envs * head.action_len()],
                log_prob: vec![0.0; num_envs],
                steps: vec![Step::default(); num_envs],
                ..StepBatch::default()
            },
            action_buffer: ActionBuffer::for_spec(spec, num_envs),
            players: if spec.players == 2 { vec![Player::First; num_envs] } else { Vec::new() },
            scratch: Scratch::default(),
            head,
            model,
        }
    }

    /// Shape of the steps that this agent stores.
    pub(super) fn step_shape(&self) -> StepShape {
        let (obs, legal) = (self.model.input_len(), self.num_actions);
        StepShape { obs, legal, head: self.head.clone() }
    }

    /// Unit of the critic's values, in rewards: the critic learns from scaled rewards.
    pub(super) fn value_unit(&self) -> f32 {
        self.reward_scaler.as_ref().map_or(1.0, |scaler| 1.0 / scaler.factor())
    }

    /// Whether the worlds are games for two.
    pub(super) fn has_opponent(&self) -> bool {
        !self.players.is_empty()
    }

    /// Size of the run.
    pub(super) fn budget(&self) -> Budget {
        self.budget
    }

    /// Number of environments, N.
    pub(super) fn num_envs(&self) -> usize {
        self.rngs.len()
    }

    /// Value of `schedule` at the current step.
    pub(super) fn current(&self, schedule: Schedule) -> f64 {
        schedule.at(self.counter.step, self.budget.steps).unwrap_or_default()
    }

    /// Number of batch steps of `envs` that make `steps` more environment steps.
    ///
    /// # Errors
    /// [`Error::Config`] if `envs` has another shape than the agent.
    pub(super) fn begin_learning(&mut self, envs: &dyn VectorEnv, steps: u64) -> Result<u64> {
        let view = envs.view();
        let expected = (self.num_envs(), self.model.input_len(), self.num_actions);
        let found = (view.num_envs, view.obs_len, view.num_actions);
        if found != expected {
            return Err(shape_mismatch(self.id, expected, found));
        }
        if let (Some(warm), None) = (&self.settings.warm_start, &self.teacher) {
            return Err(not_loaded(&warm.demonstrated.demos));
        }
        Ok(self.counter.request(steps, view.num_envs))
    }

    /// Samples an action for every environment, steps the environments, and stores the results in
    /// [`ActorCritic::batch`].
    pub(super) fn collect_step(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        self.act(envs)?;
        if self.teacher.is_none() {
            self.normalizer.update(envs.view().obs);
        }
        self.step(envs)?;
        let view = envs.view();
        let (mut signs, mut last_obs) = std::mem::take(&mut self.scratch.outcome);
        self.signs(&*envs, &mut signs);
        last_obs.clear();
        let truncated = |ending: &Ending| ending.is_over() && ending.discount() != 0.0;
        let all = view.ending.iter().enumerate().filter(|(_, ending)| truncated(ending));
        all.for_each(|(i, _)| last_obs.extend_from_slice(view.successor(i).0));
        let outcome =
            Outcome { reward: view.reward, ending: view.ending, signs: &signs, last_obs: &last_obs };
        self.store(outcome)?;
        self.scratch.outcome = (signs, last_obs);
        Ok(())
    }

    /// Samples an action for every environment; stores observations, masks, actions and values.
    pub(super) fn act(&mut self, envs: &dyn VectorEnv) -> Result<()> {
        let ActorCritic {
            batch,
            head,
            scratch,
            model,
            normalizer,
            rngs,
            action_buffer,
            players,
            counter,
            ..
        } = self;
        let view = envs.view();
        let (num_envs, h, w) = (view.num_envs, head.len(), head.action_len());
        // Checked before normalization, which would hide infinite values and store them in the statistics.
        check_finite("an observation", view.obs, counter.step)?;
        batch.obs.clear();
        batch.obs.extend_from_slice(normalizer.normalize(view.obs, &mut scratch.normalized));
        batch.legal.clear();
        batch.legal.extend_from_slice(view.legal);
        scratch.outputs.resize(num_envs * (h + 1), 0.0);
        model.act(&batch.obs, &mut scratch.workspace, &mut scratch.outputs)?;
        check_finite("the network's output", &scratch.outputs, counter.step)?;
        for (i, outputs) in scratch.outputs.chunks_exact(h + 1).enumerate() {
            let action = &mut batch.actions[i * w..(i + 1) * w];
            batch.log_prob[i] = head.sample(&outputs[..h], view.legal_row(i), &mut rngs[i], action);
            batch.steps[i].value = outputs[h];
            head.write_action(action, i, action_buffer);
        }
        players.iter_mut().zip(view.to_play).for_each(|(player, to_play)| *player = *to_play);
        Ok(())
    }

    /// Steps the environments by the sampled actions.
    pub(super) fn step(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        envs.step(self.action_buffer.as_actions())?;
        self.counter.advance(self.num_envs());
        Ok(())
    }

    /// Writes the signs of the next values after the step just made to `signs [N]`; to no numbers in one-player worlds.
    pub(super) fn signs(&self, envs: &dyn VectorEnv, signs: &mut Vec<f32>) {
        let view = envs.view();
        let sign = |(i, &player): (usize, &Player)| {
            if player != view.successor_to_play(i) { -1.0 } else { 1.0 }
        };
        signs.clear();
        signs.extend(self.players.iter().enumerate().map(sign));
    }

    /// Stores rewards, endings and bootstrap values of the step just made.
    pub(super) fn store(&mut self, outcome: Outcome<'_>) -> Result<()> {
        let StepBatch { obs: seen, actions, steps, ending, .. } = &mut self.batch;
        ending.clear();
        ending.extend_from_slice(outcome.ending);
        self.scratch.truncated.clear();
        for (i, step) in steps.iter_mut().enumerate() {
            let sign = outcome.signs.get(i).copied().unwrap_or(1.0);
            (step.next_sign, step.bootstrap) = (sign, 0.0);
            if ending[i].is_over() {
                // `bootstrap` holds the sign until the value is computed below.
                (step.next_sign, step.bootstrap) = (0.0, sign * ending[i].discount());
                if step.bootstrap != 0.0 {
                    self.scratch.truncated.push(i);
                }
            }
        }
        check_finite("a reward", outcome.reward, self.counter.step)?;
        if let Some(scaler) = &mut self.reward_scaler {
            scaler.update(outcome.reward, steps.iter().map(|step| step.next_sign));
        }
        for (step, &reward) in steps.iter_mut().zip(outcome.reward) {
            step.reward = self.reward_scaler.as_ref().map_or(reward, |scaler| scaler.scale(reward));
        }
        let weight = self.settings.count_bonus.at(self.counter.step, self.budget.steps).unwrap_or_default();
        if let Some(bonus) = &mut self.count_bonus {
            let (a, w) = (self.num_actions.max(1), self.head.action_len());
            let action = |i: usize| if self.num_actions > 0 { actions[i * w] as usize } else { 0 };
            for (i, (step, &state)) in steps.iter_mut().zip(seen.iter()).enumerate() {
                step.reward += weight as f32 * bonus.visit(state as usize * a + action(i));
            }
        }
        self.bootstrap_truncated(outcome.last_obs)?;
        let over = self.batch.ending.iter().enumerate().filter(|(_, ending)| ending.is_over());
        over.for_each(|(env, _)| self.model.begin_episode(env));
        Ok(())
    }

    /// Computes the bootstrap values of the truncated episodes of the step just made, B with the last observations
    /// `last_obs [B, D]`.
    fn bootstrap_truncated(&mut self, last_obs: &[f32]) -> Result<()> {
        if self.scratch.truncated.is_empty() {
            return Ok(());
        }
        let Scratch { truncated, normalized, workspace, outputs, .. } = &mut self.scratch;
        let width = self.head.len() + 1;
        outputs.resize(truncated.len() * width, 0.0);
        self.model.next(truncated, self.normalizer.normalize(last_obs, normalized), workspace, outputs)?;
        for (&i, outputs) in truncated.iter().zip(outputs.chunks_exact(width)) {
            self.batch.steps[i].bootstrap *= outputs[width - 1];
        }
        Ok(())
    }

    /// Values of the current observations, `[N]`, each for the player that moves next.
    pub(super) fn values(&mut self, envs: &dyn VectorEnv) -> Result<Vec<f32>> {
        let view = envs.view();
        let Scratch { normalized, workspace, outputs, .. } = &mut self.scratch;
        let width = self.head.len() + 1;
        outputs.resize(view.num_envs * width, 0.0);
        let all: Vec<usize> = (0..view.num_envs).collect();
        self.model.next(&all, self.normalizer.normalize(view.obs, normalized), workspace, outputs)?;
        Ok(outputs.chunks_exact(width).map(|outputs| outputs[width - 1]).collect())
    }

    /// Ends an update: brings all rows of one-hot layers up to date, applies the new observation statistics and the
    /// scheduled log standard deviation, both of which stay constant during a rollout.
    pub(super) fn end_update(&mut self) -> Result<()> {
        self.model.settle(&mut self.optimizer)?;
        if self.teacher.is_none() {
            self.normalizer.refresh();
        }
        if let Head::Gaussian { learn_std: false, .. } = self.head
            && let Some(range) = self.model.log_std()
        {
            let mut parameters = self.model.parameters()?;
            parameters[range].fill(self.current(self.settings.log_std) as f32);
            self.model.set_parameters(&parameters)?;
        }
        Ok(())
    }

    pub(super) fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("learning_rate", self.current(self.settings.learning_rate));
        if let Some(range) = self.model.log_std()
            && let Ok(parameters) = self.model.parameters()
        {
            let sum = parameters[range.clone()].iter().sum::<f32>();
            metrics.scalar("log_std", f64::from(sum / range.len() as f32));
        }
        self.means.report(metrics);
    }

    /// Checkpoint of the actor-critic and of `rest`, the state of the algorithm (such as a rollout).
    pub(super) fn save(&self, rest: &impl Serialize) -> Result<Vec<u8>> {
        let parameters = self.model.parameters()?;
        let scalers = (&self.normalizer, &self.reward_scaler, &self.count_bonus);
        let common = (&parameters, &self.optimizer, scalers, &self.rngs, &self.rng);
        postcard::to_stdvec(&(self.id, FORMAT, common, self.counter, &self.means, rest))
            .map_err(|e| Error::Unsupported(format!("agent {} cannot be saved: {e}", self.id)))
    }

    /// Restores a checkpoint of [`ActorCritic::save`] and returns the state of the algorithm after a check by
    /// `is_valid`.
    pub(super) fn load<T: DeserializeOwned>(
        &mut self,
        bytes: &[u8],
        is_valid: impl Fn(&T) -> bool,
    ) -> Result<T> {
        type Scalers = (ObservationNormalizer, Option<RewardScaler>, Option<CountBonus>);
        type Common = (Vec<f32>, Optimizer, Scalers, Vec<Stream>, Stream);
        let refuse = |why: String| Error::Config(format!("this is not a saved {}: {why}", self.id));
        let ((id, format), bytes): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(e.to_string()))?;
        if (&*id, format) != (self.id, FORMAT) {
            return Err(refuse(format!("it is {id:?} of format {format}")));
        }
        let ((parameters, optimizer, scalers, rngs, rng), counter, means, rest): (
            Common,
            StepCounter,
            RunningMeans,
            T,
        ) = decode(bytes).map_err(refuse)?;
        let (normalizer, reward_scaler, count_bonus) = scalers;
        let same_bonus = match (&count_bonus, &self.count_bonus) {
            (None, None) => true,
            (Some(saved), Some(own)) => saved.can_replace(own),
            _ => false,
        };
        let same_scaler = match (&reward_scaler, &self.reward_scaler) {
            (None, None) => true,
            (Some(saved), Some(own)) => saved.can_replace(own),
            _ => false,
        };
        if parameters.len() != self.model.size()
            || !normalizer.can_replace(&self.normalizer)
            || !same_scaler
            || !same_bonus
            || rngs.len() != self.rngs.len()
        {
            return Err(refuse("its settings or num_envs differ".into()));
        }
        if !counter.is_valid(rngs.len())
            || !means.is_valid()
            || !all_finite(&parameters)
            || !is_valid(&rest)
            || !self.optimizer.resume(optimizer)
        {
            return Err(refuse("a number or a length in it is out of range".into()));
        }
        self.model.set_parameters(&parameters)?;
        (self.normalizer, self.reward_scaler, self.count_bonus) = (normalizer, reward_scaler, count_bonus);
        (self.rngs, self.rng, self.counter, self.means) = (rngs, rng, counter, means);
        Ok(rest)
    }
}

impl ActorCritic<Model> {
    /// Log-probabilities of `actions [B, W]` (W numbers each), entropies and values for B observations `obs [B, D]`
    /// with masks of legal actions `legal [B, A]`: a tensor `[3, B]` in candle's graph.
    pub(super) fn evaluate(&self, obs: Vec<f32>, actions: Vec<f32>, legal: Vec<bool>) -> Result<Tensor> {
        let d = self.model.input_len();
        let obs = tensor(obs.clone(), (obs.len() / d, d))?;
        log_prob_entropy_value(&self.head, &self.model.forward(&obs, false)?, actions, legal)
    }

    /// Makes one optimizer step on the total of `losses`; logs the terms of `losses` and the mean entropy in
    /// `evaluation [3, B]`.
    pub(super) fn gradient_step(&mut self, losses: &Losses, evaluation: &Tensor) -> Result<()> {
        let n = evaluation.dim(1).map_err(candle_error)?;
        let entropy = with_slice(evaluation, |all| all[n..2 * n].iter().map(|&h| f64::from(h)).sum::<f64>())?;
        let loss = losses.total().map_err(candle_error)?;
        let (learning_rate, max_norm) = (self.current(self.settings.learning_rate), self.settings.max_norm());
        let step =
            self.model.learn(&loss, &mut self.optimizer, learning_rate, max_norm, self.counter.step)?;
        self.means.add("loss", step.loss);
        self.means.add("policy_loss", with_slice(&losses.policy, |loss| f64::from(loss[0]))?);
        if let Some(value) = &losses.value {
            self.means.add("value_loss", with_slice(value, |loss| f64::from(loss[0]))?);
        }
        self.means.add("entropy", entropy / n as f64);
        self.means.add("grad_norm", step.norm);
        Ok(())
    }

    /// Brings the rows of one-hot layers that the observations `obs [B, D]` read up to date, before
    /// [`ActorCritic::evaluate`].
    pub(super) fn catch_up(&mut self, obs: &[f32]) -> Result<()> {
        self.model.catch_up(obs, &mut self.optimizer)
    }

    /// Policy with the current parameters; with `critic`, it also gives the value of a state.
    pub(super) fn policy(&self, mode: PolicyMode, critic: bool) -> Box<dyn Policy> {
        match self.model.freeze() {
            Ok(frozen) => Box::new(NetworkPolicy {
                frozen,
                head: self.head.clone(),
                normalizer: self.normalizer.clone(),
                stochastic: mode == PolicyMode::Exploring,
                value_unit: critic.then(|| self.value_unit()),
            }),
            // `freeze` fails only for parameters that are not a contiguous tensor on the CPU.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }
}

/// Policy of an actor network with fixed parameters, shared between threads.
struct NetworkPolicy {
    frozen: Frozen,
    head: Head,
    normalizer: ObservationNormalizer,
    /// Sample from the distribution; otherwise take the most probable action.
    stochastic: bool,
    /// Unit of the critic's values, in rewards; `None` without a critic.
    value_unit: Option<f32>,
}

impl Policy for NetworkPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let (h, a) = (self.head.len(), legal.len() / rngs.len().max(1));
        let mut action = vec![0.0; self.head.action_len()];
        let outputs = self.frozen.outputs(&self.normalizer, obs);
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

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        self.head.probabilities(&outputs[..self.head.len()], legal, out)
    }

    fn insight(&self, obs: &[f32], legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        let outputs = self.frozen.outputs(&self.normalizer, obs);
        Some(self.head.insight(&outputs, legal, self.value_unit))
    }

    fn neuron(&self, obs: &[f32], _memory: &[f32], layer: usize, unit: usize) -> Option<Neuron> {
        self.frozen.neuron(&self.normalizer, obs, layer, unit)
    }

    fn graph(&self, spec: &Spec) -> Result<Graph> {
        let (mut graph, outputs) = self.frozen.graph(spec, &self.normalizer, 1)?;
        self.head.add_to(&mut graph, spec, outputs[0]);
        Ok(graph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freewheel_core::{ActionSpace, ObservationSpace};

    /// A ramp sets the log standard deviation; a number is the initial value of a learned one.
    #[test]
    fn log_std_follows_its_schedule() {
        let actions =
            ActionSpace::Continuous { names: vec!["u".into(); 2], low: vec![-1.0; 2], high: vec![1.0; 2] };
        let spec = Spec::new("test/u", ObservationSpace::vector(&[(0.0, 1.0)]), actions);
        let budget = Budget { num_envs: 1, steps: 10 };
        let actor_critic = |log_std| {
            let settings = PolicyGradient { log_std, ..PolicyGradient::default() };
            ActorCritic::new("ppo", &spec, &settings, budget, Streams::new(1)).unwrap()
        };
        let log_std = |actor_critic: &ActorCritic| {
            actor_critic.model.parameters().unwrap()[actor_critic.model.log_std().unwrap()].to_vec()
        };
        let ramp = Schedule::Ramp { from: 0.0, to: -2.0, over: 1.0, shape: Default::default() };
        let mut scheduled = actor_critic(ramp);
        assert_eq!(log_std(&scheduled), [0.0; 2]);
        assert!(matches!(scheduled.head, Head::Gaussian { learn_std: false, .. }));
        (0..5).for_each(|_| scheduled.counter.advance(1));
        scheduled.end_update().unwrap();
        assert_eq!(log_std(&scheduled), [-1.0; 2]);
        let learned = actor_critic(Schedule::Constant(-0.5));
        assert_eq!(log_std(&learned), [-0.5; 2]);
        assert!(matches!(learned.head, Head::Gaussian { learn_std: true, .. }));
    }
}
