//! Deep Q-learning: a network of action values, trained on steps sampled from a replay buffer.
//!
//! ```text
//! loss = mean w (Q(s, a) - y)^2 / 2,   y = r + gamma r' + ... + gamma^n max_a' Q_target(s_n, a')
//! ```
//!
//! Here w is the importance weight of a sampled step (1 without prioritized replay), y the target, and s_n the state n
//! steps later. Mnih et al. 2015 (Nature 518). Rewards are divided by a running scale of the returns, so that the
//! settings suit rewards of any size. Settings add
//!
//! | setting | method | source |
//! |---|---|---|
//! | `double` | the online network selects a', the target network evaluates it | arXiv 1509.06461 |
//! | `dueling` | state value and advantages | arXiv 1511.06581 |
//! | `n_step` | n-step returns | arXiv 1710.02298 |
//! | `prioritized` | steps sampled by their last TD error | arXiv 1511.05952 |
//! | `noisy` | noisy layers instead of random actions | arXiv 1706.10295 |
//! | `repeat_random` | random actions repeated for a random number of steps (ez-greedy) | arXiv 2006.01782 |
//! | `quantiles` | quantiles of the return instead of its mean (QR-DQN) | arXiv 1710.10044 |
//!
//! With `warm_start` it starts from demonstrations ([`WarmStart`](crate::demonstrations::WarmStart)).
//!
//! All of them together are Rainbow (Hessel et al. 2018, arXiv 1710.02298), with quantiles for its categorical
//! distribution. The maximum is over the legal actions of the next state. A truncated episode bootstraps from its
//! final observation. In a two-player game the value of the next state counts with the opposite sign if the opponent
//! moves in the next state.

use std::sync::Arc;

use candle_core::Tensor;
use freewheel_core::{
    Actions, Agent, Distributed, Error, MetricSink, Player, Policy, PolicyMode, Purpose, Result, Spec,
    Stream, Streams, VectorEnv,
};

mod demonstrations;
mod distributed;
mod loss;
mod policy;
pub mod recurrent;
mod scale;
mod settings;
#[cfg(test)]
mod tests;

pub use crate::replay::Storage;
pub use settings::Config;
use settings::{HEADS, num_actions};

use crate::demonstrations::not_loaded;
use crate::memory;
use crate::nn::model::{candle_error, check_finite, tensor, with_slice};
use crate::nn::optimizer::{all_finite, polyak_update};
use crate::nn::{Model, Network, ObservationNormalizer, Optimizer, Workspace};
use crate::progress::{MAX_COUNT, RunningMeans, StepCounter, decode, shape_mismatch};
use crate::replay::{Priorities, Replay, Sample, SampleRequest, SavedReplay, Transition};
use crate::schedule::Schedule;
use crate::settings::{learning_discount, within};
use crate::{AgentFactory, Budget, FnFactory};
use demonstrations::{Demonstrations, PRIORITY_BONUS};
use distributed::Blocks;
use loss::{loss, priority, quantile_loss};
use policy::{MAX_REPEATS, QPolicy, action_values, argmax_legal, begin_probability, random_repeats};
use scale::ReturnScale;

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "DQN: deep Q-learning with replay; settings up to Rainbow with quantiles (Mnih et al. 2015)";

/// Version of the checkpoint format.
const FORMAT: u32 = 2;

/// DQN agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, dqn::{Config, Dqn}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(1, 0);
/// let budget = Budget { steps: 4096, num_envs: 1 };
/// let mut agent = Dqn::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut q = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut q);
/// assert!(q[1] > q[0], "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Dqn {
    config: Config,
    budget: Budget,
    gamma: f64,
    model: Model,
    /// Parameters of the target network, `[P]`.
    target: Vec<f32>,
    optimizer: Optimizer,
    normalizer: ObservationNormalizer,
    /// Scale of the returns; the networks learn values in units of it.
    scale: ReturnScale,
    replay: Replay<u32>,
    /// Demonstrated steps, once they are loaded.
    demonstrations: Option<Demonstrations>,
    /// Random stream of each environment's actions, `[N]`.
    rngs: Vec<Stream>,
    /// Random stream of the replay samples and of noisy layers.
    rng: Stream,
    counter: StepCounter,
    /// Number of gradient steps.
    updates: u64,
    means: RunningMeans,
    /// Last actions, `[N]`, and for how many more steps they are repeated.
    actions: Vec<u32>,
    repeats: Vec<u32>,
    // Buffers reused between steps.
    obs: Vec<f32>,
    legal: Vec<bool>,
    players: Vec<Player>,
    sample: Sample<u32>,
    workspace: Workspace,
    normalized: Vec<f32>,
    q: Vec<f32>,
    target_q: Vec<f32>,
}

impl Agent for Dqn {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.begin_learning(&*envs, steps)? {
            self.collect_step(envs)?;
            self.train()?;
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        let epsilon = if mode == PolicyMode::Exploring { self.epsilon() } else { 0.0 };
        let frozen = match mode {
            PolicyMode::Exploring => self.model.freeze(),
            PolicyMode::Greedy => self.model.freeze_without_noise(),
        };
        match frozen {
            Ok(frozen) => Box::new(QPolicy {
                frozen,
                normalizer: self.normalizer.clone(),
                epsilon,
                quantiles: self.quantiles(),
                unit: 1.0 / self.reward_factor(),
            }),
            // `freeze` fails only for parameters that are not a contiguous tensor on the CPU.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("epsilon", self.epsilon());
        metrics.scalar("learning_rate", self.current(self.config.learning_rate));
        metrics.scalar("updates", self.updates as f64);
        metrics.scalar("return_scale", 1.0 / f64::from(self.scale.factor()));
        self.means.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let networks =
            (self.model.parameters()?, &self.target, &self.optimizer, &self.normalizer, &self.scale);
        let actions = (&self.actions, &self.repeats);
        let counters = (&self.rngs, &self.rng, self.counter, self.updates, &self.means, actions);
        let unsupported = |e| Error::Unsupported(format!("agent dqn cannot be saved: {e}"));
        let mut bytes = postcard::to_stdvec(&("dqn", FORMAT, networks, counters, self.replay.save()))
            .map_err(unsupported)?;
        if let Some(demonstrations) = &self.demonstrations {
            bytes.extend(postcard::to_stdvec(demonstrations.replay.priorities()).map_err(unsupported)?);
        }
        Ok(bytes)
    }

    /// `None` with noisy layers, whose noise changes after each step.
    fn distributed(&mut self) -> Option<Box<dyn Distributed + '_>> {
        if self.config.noisy { None } else { Some(Box::new(Blocks::new(self))) }
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type Networks = (Vec<f32>, Vec<f32>, Optimizer, ObservationNormalizer, ReturnScale);
        type Counters = (Vec<Stream>, Stream, StepCounter, u64, RunningMeans, (Vec<u32>, Vec<u32>));
        let refuse = |why: &str| Error::Config(format!("this is not a saved dqn: {why}"));
        let ((id, format), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if (&*id, format) != ("dqn", FORMAT) {
            return Err(refuse(&format!("it is {id:?} of format {format}")));
        }
        type Saved = (Networks, Counters, SavedReplay<u32>);
        let (saved, rest): (Saved, _) =
            postcard::take_from_bytes(rest).map_err(|e| refuse(&e.to_string()))?;
        let ((parameters, target, optimizer, normalizer, scale), counters, replay) = saved;
        let priorities: Option<Priorities> = match (&self.config.warm_start, rest) {
            (None, []) => None,
            (None, rest) => return Err(refuse(&format!("{} bytes are left over", rest.len()))),
            (Some(_), rest) => decode(rest).map_err(|e| refuse(&e))?,
        };
        if parameters.len() != self.model.network().size()
            || !normalizer.can_replace(&self.normalizer)
            || !scale.can_replace(&self.scale)
            || counters.0.len() != self.rngs.len()
            || target.len() != self.target.len()
        {
            return Err(refuse("its settings or num_envs differ"));
        }
        let (_, _, counter, updates, means, (actions, repeats)) = &counters;
        if !counter.is_valid(self.rngs.len()) || *updates > MAX_COUNT || !means.is_valid() {
            return Err(refuse("a count in it is out of range"));
        }
        let num_actions = self.model.network().output_len() / self.quantiles();
        if [actions.len(), repeats.len()] != [self.rngs.len(); 2]
            || actions.iter().any(|&action| action as usize >= num_actions)
            || repeats.iter().any(|&repeats| repeats >= MAX_REPEATS)
        {
            return Err(refuse("an action in it is out of range"));
        }
        if !all_finite(&parameters) || !all_finite(&target) {
            return Err(refuse("a parameter is not finite"));
        }
        if self.demonstrations.as_mut().is_some_and(|all| !all.replay.load_priorities(priorities)) {
            return Err(refuse("it has other demonstrations"));
        }
        self.replay.load(replay)?;
        if !self.optimizer.resume(optimizer) {
            return Err(refuse("its optimizer has another kind or size, or moments out of range"));
        }
        self.model.set_parameters(&parameters)?;
        (self.target, self.normalizer, self.scale) = (target, normalizer, scale);
        let actions;
        (self.rngs, self.rng, self.counter, self.updates, self.means, actions) = counters;
        (self.actions, self.repeats) = actions;
        Ok(())
    }
}

impl Dqn {
    /// Agent with new parameters and an empty replay buffer.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for a world without observations or discrete
    /// actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        let network = config.check(spec, budget)?;
        let num_envs = budget.num_envs;
        let model = Model::new(network, &mut streams.stream(Purpose::Initialization, 0, 0))?;
        let capacity = config.buffer_size as usize;
        let gamma = learning_discount(config.gamma, spec);
        let set = match &config.warm_start {
            Some(warm) => warm.demonstrated.episodes(spec)?,
            None => None,
        };
        let demonstrations = match (&config.warm_start, &set) {
            (Some(warm), Some(set)) => {
                Some(Demonstrations::new(spec, set, warm, config.storage, config.prioritized)?)
            }
            _ => None,
        };
        let mut agent = Dqn {
            demonstrations,
            gamma,
            target: model.parameters()?,
            optimizer: Optimizer::new(config.optimizer, model.network().size()),
            normalizer: ObservationNormalizer::new(spec, config.network.normalize_observations),
            scale: ReturnScale::new(gamma, num_envs),
            replay: Replay::new(
                spec,
                num_envs,
                capacity,
                config.min_slots(),
                config.storage,
                config.prioritized,
            )?,
            rngs: (0..num_envs as u64).map(|i| streams.stream(Purpose::Action, i, 0)).collect(),
            rng: streams.stream(Purpose::Agent, 0, 0),
            counter: StepCounter::default(),
            updates: 0,
            means: RunningMeans::default(),
            actions: vec![0; num_envs],
            repeats: vec![0; num_envs],
            obs: Vec::new(),
            legal: Vec::new(),
            players: vec![Player::First; num_envs],
            sample: Sample::default(),
            workspace: Workspace::default(),
            normalized: Vec::new(),
            q: vec![0.0; num_envs * model.network().output_len()],
            target_q: Vec::new(),
            model,
            config,
            budget,
        };
        if let Some(set) = set {
            agent.pretrain(&set)?;
        }
        Ok(agent)
    }

    /// Number of batch steps of `envs` that make `steps` more environment steps.
    ///
    /// # Errors
    /// [`Error::Config`] if `envs` has another shape than the agent.
    fn begin_learning(&mut self, envs: &dyn VectorEnv, steps: u64) -> Result<u64> {
        let (view, network) = (envs.view(), self.model.network());
        let expected = (self.rngs.len(), network.input_len(), network.output_len());
        let found = (view.num_envs, view.obs_len, view.num_actions * self.quantiles());
        if found != expected {
            return Err(shape_mismatch("dqn", expected, found));
        }
        if let (Some(warm), None) = (&self.config.warm_start, &self.demonstrations) {
            return Err(not_loaded(&warm.demonstrated.demos));
        }
        Ok(self.counter.request(steps, expected.0))
    }

    /// Current probability of a random action.
    fn epsilon(&self) -> f64 {
        self.current(self.config.epsilon).min(self.config.max_epsilon())
    }

    /// Value of `schedule` at the current step.
    fn current(&self, schedule: Schedule) -> f64 {
        schedule.at(self.counter.step, self.budget.steps).unwrap_or_default()
    }

    /// Number of quantiles of each action value.
    fn quantiles(&self) -> usize {
        self.config.quantiles as usize
    }

    /// Factor of the rewards.
    fn reward_factor(&self) -> f32 {
        self.config.reward_scale as f32 * self.scale.factor()
    }

    /// Selects an epsilon-greedy action for every environment, steps the environments, and stores the steps in the
    /// replay buffer.
    fn collect_step(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        self.choose(&*envs)?;
        self.normalizer.update(&self.obs);
        envs.step(Actions::Discrete(&self.actions))?;
        let view = envs.view();
        self.counter.advance(view.num_envs);
        check_finite("a reward", view.reward, self.counter.step)?;
        let (a, d) = (view.num_actions, view.obs_len);
        for i in 0..view.num_envs {
            let (ending, player_changed) = (view.ending[i], self.players[i] != view.successor_to_play(i));
            if ending.is_over() {
                self.repeats[i] = 0;
            }
            if self.config.normalize_rewards {
                self.scale.update(i, view.reward[i], ending, player_changed);
            }
            self.replay.push(
                i,
                &Transition {
                    obs: &self.obs[i * d..(i + 1) * d],
                    legal: &self.legal[i * a..(i + 1) * a],
                    action: &self.actions[i..=i],
                    reward: view.reward[i],
                    ending,
                    player_changed,
                    successor: view.successor(i),
                },
            );
        }
        Ok(())
    }

    /// Selects an epsilon-greedy action for every environment; keeps the observations, masks and players.
    fn choose(&mut self, envs: &dyn VectorEnv) -> Result<()> {
        let epsilon = self.epsilon();
        let epsilon = if self.config.repeat_random { begin_probability(epsilon) } else { epsilon };
        let view = envs.view();
        let a = view.num_actions;
        self.obs.clear();
        self.obs.extend_from_slice(view.obs);
        self.legal.clear();
        self.legal.extend_from_slice(view.legal);
        self.players.copy_from_slice(view.to_play);
        self.resample_noise()?;
        let normalized = self.normalizer.normalize(&self.obs, &mut self.normalized);
        self.model.act(normalized, &mut self.workspace, &mut self.q)?;
        check_finite("an observation", &self.obs, self.counter.step)?;
        check_finite("an action value", &self.q, self.counter.step)?;
        let values = action_values(&self.q, self.config.quantiles as usize);
        let rows = self.actions.iter_mut().zip(&mut self.repeats).zip(&mut self.rngs).enumerate();
        for (i, ((action, repeats), rng)) in rows {
            let (q, legal) = (&values[i * a..(i + 1) * a], &self.legal[i * a..(i + 1) * a]);
            if *repeats > 0 && legal[*action as usize] {
                *repeats -= 1;
                continue;
            }
            let explore = rng.chance(epsilon);
            *action = if explore { rng.legal_action(legal) } else { argmax_legal(q, legal) };
            *repeats = if explore && self.config.repeat_random { random_repeats(rng) } else { 0 };
        }
        Ok(())
    }

    /// Makes the gradient steps and target network updates that are due after a batch step (one step of every
    /// environment).
    fn train(&mut self) -> Result<()> {
        let (timing, step) = (self.config.timing(), self.counter.step);
        let made = step - self.rngs.len() as u64..step;
        for _ in 0..timing.gradient_steps(&made) {
            self.update(false)?;
        }
        if let Some(tau) = timing.target_share(&made) {
            let target = &mut self.target;
            self.model.with_parameters(|parameters| polyak_update(target, parameters, tau))?;
            self.refresh()?;
        }
        Ok(())
    }

    /// Makes the networks use the current statistics of observations and returns. The last layers are scaled, so that
    /// the action values in units of reward stay the same (van Hasselt et al. 2016, arXiv 1602.07714).
    fn refresh(&mut self) -> Result<()> {
        self.normalizer.refresh();
        let ratio = self.scale.refresh();
        // The first values are random numbers in units of the scale, whatever the scale is.
        if ratio != 1.0 && self.updates > 0 {
            let network = Arc::clone(self.model.network());
            self.model.change_parameters(|parameters| scale_heads(&network, parameters, ratio))?;
            scale_heads(&network, &mut self.target, ratio);
        }
        Ok(())
    }

    /// Draws new noise of the online network, if it has noisy layers.
    fn resample_noise(&mut self) -> Result<()> {
        if !self.config.noisy {
            return Ok(());
        }
        let (network, rng) = (Arc::clone(self.model.network()), &mut self.rng);
        self.model.change_parameters(|parameters| network.resample_noise(parameters, rng))
    }

    /// Makes one gradient step on a new sample, if the replay buffer holds enough steps; with `pretraining`, on a
    /// sample of the demonstrations.
    fn update(&mut self, pretraining: bool) -> Result<()> {
        let request = SampleRequest {
            batch_size: self.config.batch_size as usize,
            n_step: self.config.n_step as usize,
            gamma: self.gamma,
            beta: self.current(self.config.prioritized_beta),
        };
        let mut sample = std::mem::take(&mut self.sample);
        let is_full = match &mut self.demonstrations {
            None => self.replay.sample(request, &mut self.rng, &mut sample),
            Some(all) => {
                let own = (!pretraining).then_some(&self.replay);
                all.sample(own, request, &mut self.rng, &mut sample)
            }
        };
        if is_full {
            if self.updates == 0 {
                self.refresh()?;
            }
            self.resample_noise()?;
            self.model.network().resample_noise(&mut self.target, &mut self.rng);
            let targets = self.targets(&sample)?;
            self.gradient_step(&sample, targets)?;
        }
        self.sample = sample;
        Ok(())
    }

    /// Targets `[B, N]` of the N quantiles (or the mean, N = 1) of the action values of the B sampled steps: n-step
    /// reward plus discounted value of the successor.
    fn targets(&mut self, sample: &Sample<u32>) -> Result<Vec<f32>> {
        let (b, o, n) = (sample.indices.len(), self.model.network().output_len(), self.quantiles());
        self.target_q.resize(b * o, 0.0);
        let successors = self.normalizer.normalize(&sample.successors, &mut self.normalized);
        self.model.network().act(&self.target, successors, &mut self.workspace, &mut self.target_q);
        let mut online_q = Vec::new();
        if self.config.double {
            online_q.resize(b * o, 0.0);
            self.model.act(successors, &mut self.workspace, &mut online_q)?;
        }
        let selection_q = action_values(if self.config.double { &online_q } else { &self.target_q }, n);
        let (a, factor) = (o / n, self.reward_factor());
        let mut targets = Vec::with_capacity(b * n);
        for i in 0..b {
            let legal = &sample.legal[i * a..(i + 1) * a];
            let next = argmax_legal(&selection_q[i * a..(i + 1) * a], legal) as usize;
            let reward = sample.rewards[i] * factor;
            // A state without legal actions has value 0.
            let discount = if legal[next] { sample.discounts[i] } else { 0.0 };
            let values = &self.target_q[i * o + next * n..i * o + (next + 1) * n];
            targets.extend(values.iter().map(|value| reward + discount * value));
        }
        Ok(targets)
    }

    /// `loss` plus the margin loss of the demonstrated steps in the last sample, whose network outputs are
    /// `outputs [B, A * N]` and whose actions are `actions [B]`.
    fn with_margin(&mut self, loss: Tensor, outputs: &Tensor, actions: &[u32]) -> Result<Tensor> {
        let (weight, unit, n) = (self.margin_weight(), f64::from(self.reward_factor()), self.quantiles());
        let Some(all) = self.demonstrations.as_ref().filter(|_| weight > 0.0) else { return Ok(loss) };
        let q = match n {
            1 => outputs.clone(),
            n => {
                let (b, o) = outputs.dims2().map_err(candle_error)?;
                outputs.reshape((b, o / n, n)).and_then(|q| q.mean(2)).map_err(candle_error)?
            }
        };
        let Some(margin) = all.margin_loss(&q, actions, unit)? else { return Ok(loss) };
        self.means.add("margin_loss", with_slice(&margin, |loss| f64::from(loss[0]))?);
        (margin * weight).and_then(|margin| loss + margin).map_err(candle_error)
    }

    /// Makes one optimizer step of the sampled action values towards `targets [B, N]`; updates the priorities of the
    /// sampled steps.
    fn gradient_step(&mut self, sample: &Sample<u32>, targets: Vec<f32>) -> Result<()> {
        let (b, n) = (sample.indices.len(), self.quantiles());
        let obs = self.normalizer.normalize(&sample.obs, &mut self.normalized).to_vec();
        let q = self.model.forward(&tensor(obs, (b, sample.obs.len() / b))?, false)?;
        let weights = tensor(sample.weights.clone(), b)?;
        let delta = self.config.huber_delta;
        let (loss, td_errors) = match n {
            1 => loss(&q, &sample.actions, &tensor(targets, b)?, &weights, delta),
            n => quantile_loss(&q, &sample.actions, &tensor(targets, (b, n))?, &weights, delta),
        }
        .map_err(candle_error)?;
        let loss = self.with_margin(loss, &q, &sample.actions)?;
        let (learning_rate, max_norm) = (self.current(self.config.learning_rate), self.config.max_norm());
        let step =
            self.model.learn(&loss, &mut self.optimizer, learning_rate, max_norm, self.counter.step)?;
        self.model.settle(&mut self.optimizer)?;
        self.updates += 1;
        let (alpha, replay) = (self.config.prioritized_alpha, &mut self.replay);
        let demonstrations = &mut self.demonstrations;
        let td_error = with_slice(&td_errors, |errors| {
            let own = b - demonstrations.as_ref().map_or(0, |all| all.rows);
            let priorities = errors[..own].iter().map(|&error| priority(error, alpha));
            replay.set_priorities(&sample.indices[..own], priorities);
            if let Some(all) = demonstrations {
                let size = |&error: &f32| priority(error.abs() + PRIORITY_BONUS, alpha);
                all.replay.set_priorities(&sample.indices[own..], errors[own..].iter().map(size));
            }
            errors.iter().map(|error| f64::from(error.abs())).sum::<f64>() / b as f64
        })?;
        let unit = f64::from(self.reward_factor());
        let q_mean =
            with_slice(&q, |q| q.iter().map(|&q| f64::from(q)).sum::<f64>() / q.len() as f64 / unit)?;
        self.means.add("loss", step.loss);
        self.means.add("grad_norm", step.norm);
        self.means.add("td_error", td_error);
        self.means.add("q_mean", q_mean);
        Ok(())
    }
}

/// Multiplies the parameters of the last layers of `network`, which are linear in them, by `ratio`.
fn scale_heads(network: &Network, parameters: &mut [f32], ratio: f32) {
    for block in network.parameters() {
        let is_head =
            HEADS.iter().any(|head| block.name.strip_prefix(head).is_some_and(|s| s.starts_with('.')));
        if is_head && !block.name.ends_with(".noise") {
            parameters[block.range.clone()].iter_mut().for_each(|p| *p *= ratio);
        }
    }
}

/// Factory of the DQN agent.
pub fn dqn() -> impl AgentFactory {
    FnFactory::new("dqn", ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(Dqn::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &Config, budget| config.check(spec, budget).map(drop))
    .with_warnings(Config::warnings)
    .with_warm_start(|config| &mut config.warm_start, demonstrations::AUTO)
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`, without building an agent; returns
    /// the network.
    ///
    /// # Errors
    /// As [`Dqn::new`].
    fn check(&self, spec: &Spec, budget: Budget) -> Result<Network> {
        self.validate(spec)?;
        within("num_envs", budget.num_envs as f64, 1.0, f64::MAX)?;
        let network = self.network(spec, num_actions("dqn", spec)?);
        Model::check_size(&network)?;
        let capacity = self.buffer_size as usize;
        Replay::<u32>::check(
            spec,
            budget.num_envs,
            capacity,
            self.min_slots(),
            self.storage,
            self.prioritized,
        )?;
        memory::require_network(&network, "batch_size", self.batch_size as usize)?;
        Ok(network)
    }

    /// Minimum number of steps of each environment that the replay buffer must hold.
    fn min_slots(&self) -> usize {
        2 * self.n_step as usize + 2
    }
}
