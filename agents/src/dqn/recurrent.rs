//! Recurrent DQN: deep Q-learning of action values with a memory, for worlds with a hidden state.
//!
//! ```text
//! h_t  = GRU(encoder(o_t), h_{t-1}),   h = 0 before the first step of an episode
//! loss = mean (Q(h_t, a_t) - y_t)^2 / 2,   y_t = r_t + gamma Q_target(h_{t+1}, argmax_a Q(h_{t+1}, a))
//! ```
//!
//! Hausknecht & Stone 2015 (arXiv 1507.06527) with the stored states and burn-in of R2D2 (Kapturowski et al. 2019). The
//! replay buffer keeps the state of the network before every sequence. The first `burn_in` steps of a sequence only
//! make the state that the parameters of today would have; they count in the loss of the sequence before. Sequences are
//! sampled with equal probabilities. Episodes that start inside of a sequence start with the state 0, and a truncated
//! episode bootstraps from its last observation.

use freewheel_core::{
    Actions, Agent, Ending, Error, MetricSink, Policy, PolicyMode, Purpose, Result, Spec, Stream, Streams,
    VectorEnv,
};

mod policy;
mod replay;
mod settings;
#[cfg(test)]
mod tests;

pub use settings::Config;

use super::policy::argmax_legal;
use super::scale::ReturnScale;
use crate::nn::model::check_finite;
use crate::nn::optimizer::{all_finite, polyak_update};
use crate::nn::recurrent::{Part, RecurrentNetwork, Sequences};
use crate::nn::{ObservationNormalizer, Optimizer};
use crate::progress::{MAX_COUNT, RunningMeans, StepCounter, shape_mismatch};
use crate::schedule::Schedule;
use crate::settings::learning_discount;
use crate::{AgentFactory, Budget, FnFactory};
use policy::RecurrentQPolicy;
use replay::{SequenceReplay, SequenceSample};

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "Recurrent DQN: deep Q-learning with a gated recurrent unit as memory (Kapturowski et al. 2019)";

/// Name of the agent.
const ID: &str = "recurrent-dqn";
/// Version of the checkpoint format.
const FORMAT: u32 = 1;

/// Recurrent DQN agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, dqn::recurrent::{Config, RecurrentDqn}};
/// # use freewheel_core::{Agent, ActionBuffer, PolicyMode, Purpose, Streams, VectorEnv};
/// let mut envs = Corridor::batch(4, 0);
/// let budget = Budget { steps: 8192, num_envs: 4 };
/// let mut agent = RecurrentDqn::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let policy = agent.policy(PolicyMode::Greedy);
/// let mut memory = vec![0.0; policy.memory_len()];
/// let mut action = ActionBuffer::Discrete(vec![9]);
/// let mut rngs = [Streams::new(0).stream(Purpose::EvaluationAction, 0, 0)];
/// policy.act_with_memory(&[2.0], &[true; 2], &mut memory, &mut rngs, &mut action);
/// assert_eq!(action.discrete(), Some(1), "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct RecurrentDqn {
    config: Config,
    budget: Budget,
    gamma: f64,
    network: RecurrentNetwork,
    /// Parameters of the online and of the target network, `[P]`.
    parameters: Vec<f32>,
    target: Vec<f32>,
    optimizer: Optimizer,
    normalizer: ObservationNormalizer,
    /// Scale of the returns; the networks learn values in units of it.
    scale: ReturnScale,
    replay: SequenceReplay,
    /// State of the network in each environment, `[N, M]`.
    states: Vec<f32>,
    /// Whether the next step of each environment is the first one of an episode, `[N]`.
    starts: Vec<bool>,
    /// Random stream of each environment's actions, `[N]`.
    rngs: Vec<Stream>,
    /// Random stream of the replay samples.
    rng: Stream,
    counter: StepCounter,
    /// Number of gradient steps.
    updates: u64,
    means: RunningMeans,
    // Buffers reused between steps.
    actions: Vec<u32>,
    obs: Vec<f32>,
    legal: Vec<bool>,
    normalized: Vec<f32>,
    q: Vec<f32>,
    part: Part,
    parts: Vec<Part>,
    gradient: Vec<f32>,
    sample: SequenceSample,
}

/// Action values of B sequences of L steps.
struct Unrolled {
    /// At every step and the one after the last, `[L + 1, B, A]`.
    q: Vec<f32>,
    /// At the last observations of truncated episodes, `[F, A]`.
    last: Vec<f32>,
}

impl Agent for RecurrentDqn {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let view = envs.view();
        let expected = (self.rngs.len(), self.network.input_len(), self.network.output_len());
        let found = (view.num_envs, view.obs_len, view.num_actions);
        if found != expected {
            return Err(shape_mismatch(ID, expected, found));
        }
        for _ in 0..self.counter.request(steps, expected.0) {
            self.collect_step(envs)?;
            self.train()?;
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        Box::new(RecurrentQPolicy {
            network: self.network.clone(),
            parameters: self.parameters.clone(),
            normalizer: self.normalizer.clone(),
            epsilon: if mode == PolicyMode::Exploring { self.current(self.config.epsilon) } else { 0.0 },
            unit: 1.0 / self.reward_factor(),
        })
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("epsilon", self.current(self.config.epsilon));
        metrics.scalar("learning_rate", self.current(self.config.learning_rate));
        metrics.scalar("updates", self.updates as f64);
        metrics.scalar("return_scale", 1.0 / f64::from(self.scale.factor()));
        self.means.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let networks = (&self.parameters, &self.target, &self.optimizer, &self.normalizer, &self.scale);
        let counters = (&self.rngs, &self.rng, self.counter, self.updates, &self.means);
        let memory = (&self.states, &self.starts, &self.replay);
        postcard::to_stdvec(&(ID, FORMAT, networks, counters, memory))
            .map_err(|e| Error::Unsupported(format!("agent {ID} cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type Networks = (Vec<f32>, Vec<f32>, Optimizer, ObservationNormalizer, ReturnScale);
        type Counters = (Vec<Stream>, Stream, StepCounter, u64, RunningMeans);
        type Memory = (Vec<f32>, Vec<bool>, SequenceReplay);
        let refuse = |why: &str| Error::Config(format!("this is not a saved {ID}: {why}"));
        let ((id, format), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if (&*id, format) != (ID, FORMAT) {
            return Err(refuse(&format!("it is {id:?} of format {format}")));
        }
        let ((networks, counters, memory), rest): ((Networks, Counters, Memory), _) =
            postcard::take_from_bytes(rest).map_err(|e| refuse(&e.to_string()))?;
        if !rest.is_empty() {
            return Err(refuse(&format!("{} bytes are left over", rest.len())));
        }
        let (parameters, target, optimizer, normalizer, scale) = networks;
        let (rngs, rng, counter, updates, means) = counters;
        let (states, starts, replay) = memory;
        let sizes = [parameters.len(), target.len(), rngs.len(), states.len(), starts.len()];
        let (p, n) = (self.network.size(), self.rngs.len());
        if sizes != [p, p, n, n * self.network.state_len(), n]
            || !normalizer.can_replace(&self.normalizer)
            || !scale.can_replace(&self.scale)
            || !replay.can_replace(&self.replay)
        {
            return Err(refuse("its settings or num_envs differ, or a step in it is not possible"));
        }
        if !counter.is_valid(n) || updates > MAX_COUNT || !means.is_valid() {
            return Err(refuse("a count in it is out of range"));
        }
        if !all_finite(&parameters) || !all_finite(&target) || !states.iter().all(|h| h.abs() <= 1.0) {
            return Err(refuse("a parameter or a state is out of range"));
        }
        if !self.optimizer.resume(optimizer) {
            return Err(refuse("its optimizer has another kind or size, or moments out of range"));
        }
        (self.parameters, self.target, self.normalizer, self.scale) = (parameters, target, normalizer, scale);
        (self.rngs, self.rng, self.counter, self.updates, self.means) = (rngs, rng, counter, updates, means);
        (self.states, self.starts, self.replay) = (states, starts, replay);
        Ok(())
    }
}

impl RecurrentDqn {
    /// Agent with new parameters and an empty replay buffer.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for a world of two players, or without
    /// observations or discrete actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        let network = config.check(spec, budget)?;
        let (n, m) = (budget.num_envs, network.state_len());
        let parameters = network.initial(&mut streams.stream(Purpose::Initialization, 0, 0));
        let gamma = learning_discount(config.gamma, spec);
        Ok(RecurrentDqn {
            gamma,
            target: parameters.clone(),
            optimizer: Optimizer::new(config.optimizer, network.size()),
            normalizer: ObservationNormalizer::new(spec, config.network.normalize_observations),
            scale: ReturnScale::new(gamma, n),
            replay: SequenceReplay::new(spec, n, config.buffer_size as usize, m, config.cut()),
            states: vec![0.0; n * m],
            starts: vec![true; n],
            rngs: (0..n as u64).map(|i| streams.stream(Purpose::Action, i, 0)).collect(),
            rng: streams.stream(Purpose::Agent, 0, 0),
            counter: StepCounter::default(),
            updates: 0,
            means: RunningMeans::default(),
            actions: vec![0; n],
            obs: Vec::new(),
            legal: Vec::new(),
            normalized: Vec::new(),
            q: vec![0.0; n * network.output_len()],
            part: Part::default(),
            parts: Vec::new(),
            gradient: vec![0.0; network.size()],
            sample: SequenceSample::default(),
            network,
            parameters,
            config,
            budget,
        })
    }

    /// Value of `schedule` at the current step.
    fn current(&self, schedule: Schedule) -> f64 {
        schedule.at(self.counter.step, self.budget.steps).unwrap_or_default()
    }

    /// Factor of the rewards.
    fn reward_factor(&self) -> f32 {
        self.config.reward_scale as f32 * self.scale.factor()
    }

    /// Selects an epsilon-greedy action for every environment, steps the environments, and stores the steps in the
    /// replay buffer.
    fn collect_step(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        let epsilon = self.current(self.config.epsilon);
        let view = envs.view();
        let (num_envs, a) = (view.num_envs, view.num_actions);
        self.obs.clear();
        self.obs.extend_from_slice(view.obs);
        self.legal.clear();
        self.legal.extend_from_slice(view.legal);
        self.replay.keep_states(&self.states);
        let normalized = self.normalizer.normalize(&self.obs, &mut self.normalized);
        self.network.act(&self.parameters, normalized, &mut self.states, &mut self.part, &mut self.q);
        check_finite("an observation", &self.obs, self.counter.step)?;
        check_finite("an action value", &self.q, self.counter.step)?;
        let rows = self.q.chunks_exact(a).zip(self.legal.chunks_exact(a)).zip(&mut self.rngs);
        for (action, ((q, legal), rng)) in self.actions.iter_mut().zip(rows) {
            let explore = rng.chance(epsilon);
            *action = if explore { rng.legal_action(legal) } else { argmax_legal(q, legal) };
        }
        self.normalizer.update(&self.obs);
        envs.step(Actions::Discrete(&self.actions))?;
        self.counter.advance(num_envs);
        let view = envs.view();
        check_finite("a reward", view.reward, self.counter.step)?;
        self.replay.push((&self.obs, &self.legal), &self.starts, &self.actions, &view);
        let m = self.network.state_len();
        for (i, ending) in view.ending.iter().enumerate() {
            self.starts[i] = ending.is_over();
            if ending.is_over() {
                self.states[i * m..(i + 1) * m].fill(0.0);
            }
            if self.config.normalize_rewards {
                self.scale.update(i, view.reward[i], *ending, false);
            }
        }
        Ok(())
    }

    /// Makes the gradient steps and target network updates that are due after a batch step (one step of every
    /// environment).
    fn train(&mut self) -> Result<()> {
        let (timing, step) = (self.config.timing(), self.counter.step);
        let made = step - self.rngs.len() as u64..step;
        for _ in 0..timing.gradient_steps(&made) {
            self.update()?;
        }
        if let Some(tau) = timing.target_share(&made) {
            polyak_update(&mut self.target, &self.parameters, tau);
            self.refresh();
        }
        Ok(())
    }

    /// Makes the networks use the current statistics of observations and returns. The last layer is scaled, so that the
    /// action values in units of reward stay the same, as in [`dqn`](super).
    fn refresh(&mut self) {
        self.normalizer.refresh();
        let ratio = self.scale.refresh();
        if ratio != 1.0
            && self.updates > 0
            && let Some((_, range)) = self.network.first_head()
        {
            for parameters in [&mut self.parameters, &mut self.target] {
                parameters[range.clone()].iter_mut().for_each(|p| *p *= ratio);
            }
        }
    }

    /// Makes one gradient step on new sequences, if the replay buffer holds a whole one.
    fn update(&mut self) -> Result<()> {
        let mut sample = std::mem::take(&mut self.sample);
        let (count, length) = (self.config.batch_size as usize, self.config.sequence_length as usize);
        if self.replay.sample(count, length, &mut self.rng, &mut sample) {
            if self.updates == 0 {
                self.refresh();
            }
            sample.obs = self.normalizer.normalize(&sample.obs, &mut self.normalized).to_vec();
            sample.last_obs = self.normalizer.normalize(&sample.last_obs, &mut self.normalized).to_vec();
            let targets = self.targets(&sample);
            self.gradient_step(&sample, &targets)?;
        }
        self.sample = sample;
        Ok(())
    }

    /// Action values of `sample`, whose observations are normalized, under `parameters`.
    fn unroll(&mut self, online: bool, sample: &SequenceSample) -> Unrolled {
        let parameters = if online { &self.parameters } else { &self.target };
        let (d, m, a) = (self.network.input_len(), self.network.state_len(), self.network.output_len());
        let b = sample.count;
        let mut states = sample.first.clone();
        let mut q = vec![0.0; sample.starts.len() * a];
        let mut last = vec![0.0; sample.truncated.len() * a];
        let mut done = 0;
        for (t, starts) in sample.starts.chunks_exact(b).enumerate() {
            for (state, _) in states.chunks_exact_mut(m).zip(starts).filter(|(_, start)| **start) {
                state.fill(0.0);
            }
            let (obs, out) = (&sample.obs[t * b * d..(t + 1) * b * d], &mut q[t * b * a..(t + 1) * b * a]);
            self.network.act(parameters, obs, &mut states, &mut self.part, out);
            let rows = sample.truncated[done..].iter().take_while(|&&row| row < (t + 1) * b);
            let mut ended: Vec<f32> =
                rows.flat_map(|row| &states[row % b * m..(row % b + 1) * m]).copied().collect();
            let end = done + ended.len() / m;
            if end > done {
                let (obs, out) = (&sample.last_obs[done * d..end * d], &mut last[done * a..end * a]);
                self.network.act(parameters, obs, &mut ended, &mut self.part, out);
            }
            done = end;
        }
        Unrolled { q, last }
    }

    /// Targets `[L, B]` of the action values of `sample`: reward plus discounted value of the next state.
    fn targets(&mut self, sample: &SequenceSample) -> Vec<f32> {
        let (a, b, factor) = (self.network.output_len(), sample.count, self.reward_factor());
        let target = self.unroll(false, sample);
        let online = if self.config.double { Some(self.unroll(true, sample)) } else { None };
        let chosen = online.as_ref().unwrap_or(&target);
        // Value of a state; 0 without a legal action.
        let value = |selection: &[f32], values: &[f32], legal: &[bool], row: usize| {
            let range = row * a..(row + 1) * a;
            let next = argmax_legal(&selection[range.clone()], &legal[range.clone()]) as usize;
            if legal[range.start + next] { values[range.start + next] } else { 0.0 }
        };
        let mut truncated = 0;
        let rows = sample.rewards.iter().zip(&sample.endings).enumerate();
        rows.map(|(row, (reward, ending))| {
            let next = match ending {
                Ending::Terminal => 0.0,
                Ending::Running => value(&chosen.q, &target.q, &sample.legal, row + b),
                Ending::Truncated => {
                    truncated += 1;
                    value(&chosen.last, &target.last, &sample.last_legal, truncated - 1)
                }
            };
            reward * factor + self.gamma as f32 * next
        })
        .collect()
    }

    /// Makes one optimizer step of the action values of `sample` towards `targets [L, B]`.
    fn gradient_step(&mut self, sample: &SequenceSample, targets: &[f32]) -> Result<()> {
        let (a, b, n) = (self.network.output_len(), sample.count, targets.len());
        let counts = counted(&sample.starts[..n], b, self.config.burn_in as usize);
        let scale = 1.0 / counts.iter().filter(|&&counts| counts).count().max(1) as f32;
        let sequences = Sequences {
            count: b,
            obs: sample.obs[..n * self.network.input_len()].to_vec(),
            starts: sample.starts[..n].to_vec(),
            first: sample.first.clone(),
        };
        let delta = self.config.huber_delta as f32;
        let terms = self.network.gradient(
            &self.parameters,
            &sequences,
            &mut self.parts,
            &mut self.gradient,
            |rows, outputs, gradients| {
                let mut terms = Vec::with_capacity(rows.len());
                let each = rows.iter().zip(outputs.chunks_exact(a)).zip(gradients.chunks_exact_mut(a));
                for ((&row, q), gradient) in each {
                    gradient.fill(0.0);
                    if counts[row] {
                        let action = sample.actions[row] as usize;
                        let error = q[action] - targets[row];
                        let (loss, slope) = huber(error, delta);
                        gradient[action] = slope * scale;
                        terms.push([loss, error.abs(), q.iter().sum::<f32>() / a as f32]);
                    }
                }
                terms
            },
        );
        let terms = terms.concat();
        let mean =
            |i: usize| terms.iter().map(|term| f64::from(term[i])).sum::<f64>() / terms.len().max(1) as f64;
        let [loss, td_error, q_mean] = [mean(0), mean(1), mean(2)];
        let step = self.counter.step;
        check_finite("loss", &[loss as f32], step)?;
        let learning_rate = self.current(self.config.learning_rate);
        let max_norm = (self.config.max_grad_norm > 0.0).then_some(self.config.max_grad_norm);
        let done = self
            .optimizer
            .step(&mut self.parameters, &self.gradient, learning_rate, max_norm)
            .finite(step)?;
        self.updates += 1;
        let unit = f64::from(self.reward_factor());
        let metrics =
            [("loss", loss), ("grad_norm", done.norm), ("td_error", td_error), ("q_mean", q_mean / unit)];
        metrics.into_iter().for_each(|(name, value)| self.means.add(name, value));
        Ok(())
    }
}

/// Whether each of the steps `[L, B]` counts in the loss: all but the first `burn_in` ones, up to the first start of an
/// episode, whose state is known exactly.
fn counted(starts: &[bool], sequences: usize, burn_in: usize) -> Vec<bool> {
    let mut exact = vec![false; sequences];
    let row = |(t, starts): (usize, &[bool])| {
        exact.iter_mut().zip(starts).for_each(|(exact, start)| *exact |= start);
        exact.iter().map(|exact| *exact || t >= burn_in).collect::<Vec<_>>()
    };
    starts.chunks_exact(sequences).enumerate().flat_map(row).collect()
}

/// Huber loss of a TD error and its derivative; half the squared error for `delta` 0.
fn huber(error: f32, delta: f32) -> (f32, f32) {
    if delta == 0.0 || error.abs() <= delta {
        (0.5 * error * error, error)
    } else {
        (delta * (error.abs() - 0.5 * delta), delta * error.signum())
    }
}

/// Factory of the recurrent DQN agent.
pub fn recurrent_dqn() -> impl AgentFactory {
    FnFactory::new(ID, ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(RecurrentDqn::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &Config, budget| config.check(spec, budget).map(drop))
    .with_warnings(Config::warnings)
}
