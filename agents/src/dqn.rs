//! Deep Q-learning: a network of action values, trained on steps sampled from a replay buffer.
//!
//! ```text
//! loss = mean w huber(Q(s, a) - y),   y = r + gamma r' + ... + gamma^n max_a' Q_target(s_n, a')
//! ```
//!
//! Here w is the importance weight of a sampled step (1 without prioritized replay), y the target, and s_n the state n
//! steps later. Mnih et al. 2015 (Nature 518). Settings add double Q-learning (van Hasselt et al. 2016, arXiv
//! 1509.06461: the online network selects a', the target network evaluates it), a dueling network (Wang et al. 2016,
//! arXiv 1511.06581), n-step returns (Hessel et al. 2018, arXiv 1710.02298) and prioritized replay (Schaul et al. 2016,
//! arXiv 1511.05952). The maximum is over the legal actions of the next state. A truncated episode bootstraps from its
//! final observation. In a two-player game the value of the next state counts with the opposite sign if the opponent
//! moves in the next state.

use candle_core::Tensor;
use freewheel_core::{
    ActionBuffer, ActionSpace, Actions, Agent, Error, MetricSink, Player, Policy, PolicyMode, Purpose,
    Result, Spec, Stream, Streams, VectorEnv,
};

mod settings;
#[cfg(test)]
mod tests;

pub use crate::replay::Storage;
pub use settings::Config;

use crate::memory;
use crate::nn::model::{candle_error, check_finite, tensor, with_slice};
use crate::nn::optimizer::{all_finite, polyak_update};
use crate::nn::{Frozen, Model, Network, ObservationNormalizer, Optimizer, Workspace};
use crate::progress::{MAX_COUNT, RunningMeans, StepCounter, decode, shape_mismatch};
use crate::replay::{Replay, Sample, SampleRequest, SavedReplay, Transition};
use crate::schedule::Schedule;
use crate::settings::{learning_discount, within};
use crate::tabular::exploration::random_legal;
use crate::{AgentFactory, Budget, FnFactory};

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "DQN: deep Q-learning with replay; double, dueling, n-step, prioritized (Mnih et al. 2015)";

/// Version of the checkpoint format.
const FORMAT: u32 = 1;

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
    replay: Replay<u32>,
    /// Random stream of each environment's actions, `[N]`.
    rngs: Vec<Stream>,
    /// Random stream of the replay samples.
    rng: Stream,
    counter: StepCounter,
    /// Number of gradient steps.
    updates: u64,
    means: RunningMeans,
    // Buffers reused between steps.
    obs: Vec<f32>,
    legal: Vec<bool>,
    actions: Vec<u32>,
    players: Vec<Player>,
    sample: Sample<u32>,
    workspace: Workspace,
    normalized: Vec<f32>,
    q: Vec<f32>,
    target_q: Vec<f32>,
}

impl Agent for Dqn {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let (view, network) = (envs.view(), self.model.network());
        let expected = (self.rngs.len(), network.input_len(), network.output_len());
        let found = (view.num_envs, view.obs_len, view.num_actions);
        if found != expected {
            return Err(shape_mismatch("dqn", expected, found));
        }
        for _ in 0..self.counter.request(steps, expected.0) {
            self.collect_step(envs)?;
            self.train()?;
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        let epsilon = if mode == PolicyMode::Exploring { self.current(self.config.epsilon) } else { 0.0 };
        match self.model.freeze() {
            Ok(frozen) => Box::new(NetworkPolicy { frozen, normalizer: self.normalizer.clone(), epsilon }),
            // `freeze` fails only for parameters that are not a contiguous tensor on the CPU.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("epsilon", self.current(self.config.epsilon));
        metrics.scalar("learning_rate", self.current(self.config.learning_rate));
        metrics.scalar("updates", self.updates as f64);
        self.means.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let networks = (self.model.parameters()?, &self.target, &self.optimizer, &self.normalizer);
        let counters = (&self.rngs, &self.rng, self.counter, self.updates, &self.means);
        postcard::to_stdvec(&("dqn", FORMAT, networks, counters, self.replay.save()))
            .map_err(|e| Error::Unsupported(format!("agent dqn cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type Networks = (Vec<f32>, Vec<f32>, Optimizer, ObservationNormalizer);
        type Counters = (Vec<Stream>, Stream, StepCounter, u64, RunningMeans);
        let refuse = |why: &str| Error::Config(format!("this is not a saved dqn: {why}"));
        let ((id, format), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if (&*id, format) != ("dqn", FORMAT) {
            return Err(refuse(&format!("it is {id:?} of format {format}")));
        }
        let ((parameters, target, optimizer, normalizer), counters, replay): (
            Networks,
            Counters,
            SavedReplay<u32>,
        ) = decode(rest).map_err(|e| refuse(&e))?;
        if parameters.len() != self.model.network().size()
            || !normalizer.can_replace(&self.normalizer)
            || counters.0.len() != self.rngs.len()
            || target.len() != self.target.len()
        {
            return Err(refuse("its settings or num_envs differ"));
        }
        let (_, _, counter, updates, means) = &counters;
        if !counter.is_valid(self.rngs.len()) || *updates > MAX_COUNT || !means.is_valid() {
            return Err(refuse("a count in it is out of range"));
        }
        if !all_finite(&parameters) || !all_finite(&target) {
            return Err(refuse("a parameter is not finite"));
        }
        self.replay.load(replay)?;
        if !self.optimizer.resume(optimizer) {
            return Err(refuse("its optimizer has another kind or size, or moments out of range"));
        }
        self.model.set_parameters(&parameters)?;
        (self.target, self.normalizer) = (target, normalizer);
        (self.rngs, self.rng, self.counter, self.updates, self.means) = counters;
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
        let (num_envs, num_actions) = (budget.num_envs, spec.actions.count());
        let model = Model::new(network, &mut streams.stream(Purpose::Initialization, 0, 0))?;
        let capacity = config.buffer_size as usize;
        Ok(Dqn {
            gamma: learning_discount(config.gamma, spec),
            target: model.parameters()?,
            optimizer: Optimizer::new(config.optimizer, model.network().size()),
            normalizer: ObservationNormalizer::new(spec, config.network.normalize_observations),
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
            obs: Vec::new(),
            legal: Vec::new(),
            actions: vec![0; num_envs],
            players: vec![Player::First; num_envs],
            sample: Sample::default(),
            workspace: Workspace::default(),
            normalized: Vec::new(),
            q: vec![0.0; num_envs * num_actions],
            target_q: Vec::new(),
            model,
            config,
            budget,
        })
    }

    /// Value of `schedule` at the current step.
    fn current(&self, schedule: Schedule) -> f64 {
        schedule.at(self.counter.step, self.budget.steps).unwrap_or_default()
    }

    /// Selects an epsilon-greedy action for every environment, steps the environments, and stores the steps in the
    /// replay buffer.
    fn collect_step(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        let epsilon = self.current(self.config.epsilon);
        let view = envs.view();
        let (num_envs, a, d) = (view.num_envs, view.num_actions, view.obs_len);
        self.obs.clear();
        self.obs.extend_from_slice(view.obs);
        self.legal.clear();
        self.legal.extend_from_slice(view.legal);
        self.players.copy_from_slice(view.to_play);
        let normalized = self.normalizer.normalize(&self.obs, &mut self.normalized);
        self.model.act(normalized, &mut self.workspace, &mut self.q)?;
        check_finite("an observation", &self.obs, self.counter.step)?;
        check_finite("an action value", &self.q, self.counter.step)?;
        for (i, (action, rng)) in self.actions.iter_mut().zip(&mut self.rngs).enumerate() {
            let (q, legal) = (&self.q[i * a..(i + 1) * a], &self.legal[i * a..(i + 1) * a]);
            *action = if rng.chance(epsilon) { random_legal(legal, rng) } else { argmax_legal(q, legal) };
        }
        self.normalizer.update(&self.obs);
        envs.step(Actions::Discrete(&self.actions))?;
        self.counter.advance(num_envs);
        let view = envs.view();
        check_finite("a reward", view.reward, self.counter.step)?;
        for i in 0..num_envs {
            self.replay.push(
                i,
                &Transition {
                    obs: &self.obs[i * d..(i + 1) * d],
                    legal: &self.legal[i * a..(i + 1) * a],
                    action: &self.actions[i..=i],
                    reward: view.reward[i],
                    ending: view.ending[i],
                    player_changed: self.players[i] != view.successor_to_play(i),
                    successor: view.successor(i),
                },
            );
        }
        Ok(())
    }

    /// Makes the gradient steps and target network updates that are due after a batch step (one step of every
    /// environment).
    fn train(&mut self) -> Result<()> {
        let due = |step: u64| {
            step.saturating_sub(u64::from(self.config.learning_starts)) / u64::from(self.config.train_freq)
        };
        let before = self.counter.step - self.rngs.len() as u64;
        for _ in 0..(due(self.counter.step) - due(before)) * u64::from(self.config.gradient_steps) {
            self.update()?;
        }
        let target_updates = |step: u64| step / u64::from(self.config.target_update_interval);
        let due = target_updates(self.counter.step) - target_updates(before);
        if due > 0 {
            // k updates of the target network with `tau` equal one update with 1 - (1 - tau)^k.
            let tau = 1.0 - (1.0 - self.config.tau).powi(i32::try_from(due).unwrap_or(i32::MAX));
            let target = &mut self.target;
            self.model.with_parameters(|parameters| polyak_update(target, parameters, tau))?;
            // Observation statistics change together with the target network.
            self.normalizer.refresh();
        }
        Ok(())
    }

    /// Makes one gradient step on a new sample, if the replay buffer holds enough steps.
    fn update(&mut self) -> Result<()> {
        let request = SampleRequest {
            batch_size: self.config.batch_size as usize,
            n_step: self.config.n_step as usize,
            gamma: self.gamma,
            beta: self.current(self.config.prioritized_beta),
        };
        let mut sample = std::mem::take(&mut self.sample);
        if self.replay.sample(request, &mut self.rng, &mut sample) {
            let targets = self.targets(&sample)?;
            self.gradient_step(&sample, targets)?;
        }
        self.sample = sample;
        Ok(())
    }

    /// Targets `[B]` of the action values of the B sampled steps: n-step reward plus discounted value of the successor.
    fn targets(&mut self, sample: &Sample<u32>) -> Result<Vec<f32>> {
        let (b, a) = (sample.indices.len(), self.model.network().output_len());
        self.target_q.resize(b * a, 0.0);
        let successors = self.normalizer.normalize(&sample.successors, &mut self.normalized);
        self.model.network().act(&self.target, successors, &mut self.workspace, &mut self.target_q);
        let mut selection_q = &self.target_q;
        let mut online_q = Vec::new();
        if self.config.double {
            online_q.resize(b * a, 0.0);
            self.model.act(successors, &mut self.workspace, &mut online_q)?;
            selection_q = &online_q;
        }
        let scale = self.config.reward_scale as f32;
        let target = |i: usize| {
            let (row, legal) = (i * a..(i + 1) * a, &sample.legal[i * a..(i + 1) * a]);
            let next = argmax_legal(&selection_q[row.clone()], legal) as usize;
            // A state without legal actions has value 0.
            let value = if legal[next] { self.target_q[row][next] } else { 0.0 };
            sample.rewards[i] * scale + sample.discounts[i] * value
        };
        Ok((0..b).map(target).collect())
    }

    /// Makes one optimizer step of the sampled action values towards `targets [B]`; updates the priorities of the
    /// sampled steps.
    fn gradient_step(&mut self, sample: &Sample<u32>, targets: Vec<f32>) -> Result<()> {
        let b = sample.indices.len();
        let obs = self.normalizer.normalize(&sample.obs, &mut self.normalized).to_vec();
        let q = self.model.forward(&tensor(obs, (b, sample.obs.len() / b))?, false)?;
        let weights = tensor(sample.weights.clone(), b)?;
        let (loss, td_errors) =
            loss(&q, &sample.actions, &tensor(targets, b)?, &weights, self.config.huber_delta)
                .map_err(candle_error)?;
        let (learning_rate, max_norm) = (self.current(self.config.learning_rate), self.config.max_norm());
        let step =
            self.model.learn(&loss, &mut self.optimizer, learning_rate, max_norm, self.counter.step)?;
        self.model.settle(&mut self.optimizer)?;
        self.updates += 1;
        let (alpha, replay) = (self.config.prioritized_alpha, &mut self.replay);
        let td_error = with_slice(&td_errors, |errors| {
            replay.set_priorities(&sample.indices, errors.iter().map(|&error| priority(error, alpha)));
            errors.iter().map(|error| f64::from(error.abs())).sum::<f64>() / b as f64
        })?;
        let q_mean = with_slice(&q, |q| q.iter().map(|&q| f64::from(q)).sum::<f64>() / q.len() as f64)?;
        self.means.add("loss", step.loss);
        self.means.add("grad_norm", step.norm);
        self.means.add("td_error", td_error);
        self.means.add("q_mean", q_mean);
        Ok(())
    }
}

/// Priority of a step in prioritized replay, `(|td_error| + 1e-6)^alpha`: a step with error 0 is still sampled
/// sometimes.
fn priority(td_error: f32, alpha: f64) -> f64 {
    (f64::from(td_error.abs()) + 1e-6).powf(alpha)
}

/// Mean Huber loss (Huber 1964) of B sampled steps, weighted by `weights [B]`, and the TD errors `[B]`. The TD error is
/// the difference of the value in `q [B, A]` of the action taken, `actions [B]`, and its target, `targets [B]`. The
/// loss is quadratic up to an error of `delta` and linear beyond; with `delta` 0 it is quadratic everywhere.
fn loss(
    q: &Tensor,
    actions: &[u32],
    targets: &Tensor,
    weights: &Tensor,
    delta: f64,
) -> candle_core::Result<(Tensor, Tensor)> {
    let index = Tensor::from_slice(actions, (actions.len(), 1), q.device())?;
    let error = (q.gather(&index, 1)?.squeeze(1)? - targets)?;
    let quadratic = (error.sqr()? * 0.5)?;
    let losses = match delta {
        0.0 => quadratic,
        delta => {
            let size = error.abs()?;
            let linear = ((&size * delta)? - 0.5 * delta * delta)?;
            size.le(delta)?.where_cond(&quadratic, &linear)?
        }
    };
    Ok(((losses * weights)?.mean_all()?, error.detach()))
}

/// Index of the first legal action with the maximum value in `q`; 0 if no action is legal.
fn argmax_legal(q: &[f32], legal: &[bool]) -> u32 {
    let mut best = legal.iter().position(|legal| *legal).unwrap_or(0);
    for (a, (&value, &legal)) in q.iter().zip(legal).enumerate() {
        if legal && value > q[best] {
            best = a;
        }
    }
    best as u32
}

/// Epsilon-greedy policy of a network of action values with fixed parameters.
struct NetworkPolicy {
    frozen: Frozen,
    normalizer: ObservationNormalizer,
    epsilon: f64,
}

impl Policy for NetworkPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let ActionBuffer::Discrete(actions) = actions else { return };
        let (a, epsilon) = (self.frozen.network().output_len(), self.epsilon);
        let q = self.frozen.outputs(&self.normalizer, obs);
        let rows = q.chunks_exact(a).zip(legal.chunks_exact(a)).zip(rngs);
        for (action, ((q, legal), rng)) in actions.iter_mut().zip(rows) {
            let explore = epsilon > 0.0 && rng.chance(epsilon);
            *action = if explore { random_legal(legal, rng) } else { argmax_legal(q, legal) };
        }
    }

    fn action_values(&self, obs: &[f32], _legal: &[bool], values: &mut [f32]) -> bool {
        values.copy_from_slice(&self.frozen.outputs(&self.normalizer, obs));
        true
    }
}

/// Factory of the DQN agent.
pub fn dqn() -> impl AgentFactory {
    FnFactory::new("dqn", ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(Dqn::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &Config, budget| config.check(spec, budget).map(drop))
    .with_warnings(Config::warnings)
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
        let ActionSpace::Discrete { names } = &spec.actions else {
            return Err(Error::Config(format!(
                "world {} has continuous actions, but dqn needs discrete ones; use another agent, or the world's \
                 setting for discrete actions if it has one",
                spec.id
            )));
        };
        if names.is_empty() || spec.observation.is_empty() {
            return Err(Error::Config(format!("world {} has no observations or no actions", spec.id)));
        }
        let network = self.network(spec, names.len());
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
