//! Deep Q-learning: a network of action values, learned from experience drawn again and again.
//!
//! ```text
//! loss = mean w huber(Q(s, a) - y),   y = r + gamma r' + ... + gamma^n max_a' Q_target(s_n, a')
//! ```
//!
//! Mnih et al. 2015 (Nature 518); double (van Hasselt et al. 2016, arXiv 1509.06461: the online network chooses a', the target network judges it),
//! dueling (Wang et al. 2016, arXiv 1511.06581), n-step (Hessel et al. 2018, arXiv 1710.02298) and prioritized replay (Schaul et al. 2016, arXiv 1511.05952)
//! are settings. Only legal actions of the successor count; a truncated episode still has a future; in a game for two the value of who
//! moves next counts against the one who moved.

use candle_core::Tensor;
use freewheel_core::{
    ActionBuffer, ActionSpace, Actions, Agent, Error, MetricSink, Mode, Player, Policy, Purpose, Result,
    Spec, Stream, Streams, VectorEnv,
};

mod priorities;
mod replay;
mod settings;
mod storage;
#[cfg(test)]
mod tests;

pub use settings::Config;
pub use storage::Storage;

use crate::nn::model::{candle, finite, tensor, with_slice};
use crate::nn::optimizer::polyak;
use crate::nn::{Frozen, Model, ObservationNormalizer, Optimizer, Workspace};
use crate::running_means::RunningMeans;
use crate::schedule::Schedule;
use crate::step_counter::StepCounter;
use crate::tabular::exploration::any;
use crate::{AgentFactory, Budget, Kind};
use replay::{Draw, Replay, Sample, Saved, Transition};

/// For the list of agents.
pub const ABOUT: &str =
    "DQN: deep Q-learning with replay; double, dueling, n-step, prioritized (Mnih et al. 2015)";

/// Raised whenever the bytes of a saved learner change their meaning.
const FORMAT: u32 = 1;

/// The agent, for a catalog.
pub fn dqn() -> impl AgentFactory {
    Kind::new("dqn", ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(Dqn::new(spec, config, budget, streams)?))
    })
}

/// The learner; see the module.
pub struct Dqn {
    config: Config,
    budget: Budget,
    gamma: f64,
    model: Model,
    /// Parameters of the network that judges successors, `[P]`.
    target: Vec<f32>,
    optimizer: Optimizer,
    normalizer: ObservationNormalizer,
    replay: Replay,
    /// What each row's choices are drawn from, `[N]`.
    rngs: Vec<Stream>,
    /// Draws from the replay.
    rng: Stream,
    counter: StepCounter,
    /// Updates made.
    updates: u64,
    means: RunningMeans,
    // What the tick at hand needs.
    obs: Vec<f32>,
    legal: Vec<bool>,
    actions: Vec<u32>,
    movers: Vec<Player>,
    sample: Sample,
    work: Workspace,
    seen: Vec<f32>,
    out: Vec<f32>,
    judged: Vec<f32>,
}

impl Dqn {
    /// With first parameters and an empty replay.
    ///
    /// # Errors
    /// [`Error::Config`] for a setting out of range, or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.validate(spec)?;
        let rows = budget.num_envs;
        if rows == 0 {
            return Err(Error::Config("a batch of 0 rows teaches nothing".into()));
        }
        let ActionSpace::Discrete { names } = &spec.actions else {
            return Err(Error::Config(format!(
                "{} has continuous actions, and this agent counts them; choose counted ones in its settings where it has such",
                spec.id
            )));
        };
        let actions = names.len();
        if actions == 0 || spec.observation.is_empty() {
            return Err(Error::Config(format!("{} has nothing to see or to choose from", spec.id)));
        }
        let model =
            Model::new(config.network(spec, actions), &mut streams.stream(Purpose::Initialization, 0, 0))?;
        let size = model.network().size();
        let least = 2 * config.n_step as usize + 2;
        let capacity = config.buffer_size as usize;
        Ok(Dqn {
            gamma: config.gamma.unwrap_or(spec.gamma),
            target: model.parameters()?,
            optimizer: Optimizer::new(config.optimizer, size),
            normalizer: ObservationNormalizer::new(spec, config.shape.normalize_observations),
            replay: Replay::new(spec, rows, capacity, least, config.storage, config.prioritized)?,
            rngs: (0..rows as u64).map(|row| streams.stream(Purpose::Action, row, 0)).collect(),
            rng: streams.stream(Purpose::Agent, 0, 0),
            counter: StepCounter::default(),
            updates: 0,
            means: RunningMeans::default(),
            obs: Vec::new(),
            legal: Vec::new(),
            actions: vec![0; rows],
            movers: vec![Player::First; rows],
            sample: Sample::default(),
            work: Workspace::default(),
            seen: Vec::new(),
            out: vec![0.0; rows * actions],
            judged: Vec::new(),
            model,
            config,
            budget,
        })
    }

    fn rate(&self, schedule: Schedule) -> f64 {
        schedule.at(self.counter.step, self.budget.steps).unwrap_or_default()
    }

    /// Chooses an action for every row and takes it; the replay keeps what came of it.
    fn act(&mut self, episodes: &mut dyn VectorEnv) -> Result<()> {
        let epsilon = self.rate(self.config.epsilon);
        let view = episodes.view();
        let (rows, a) = (view.num_envs, view.actions);
        self.obs.clear();
        self.obs.extend_from_slice(view.obs);
        self.legal.clear();
        self.legal.extend_from_slice(view.legal);
        self.movers.copy_from_slice(view.to_play);
        self.model.act(
            self.normalizer.normalize(&self.obs, &mut self.seen),
            &mut self.work,
            &mut self.out,
        )?;
        finite("an observation", &self.obs, self.counter.step)?;
        finite("an action value", &self.out, self.counter.step)?;
        for (row, (action, rng)) in self.actions.iter_mut().zip(&mut self.rngs).enumerate() {
            let (q, legal) = (&self.out[row * a..(row + 1) * a], &self.legal[row * a..(row + 1) * a]);
            *action = if rng.chance(epsilon) { any(legal, rng) } else { best(q, legal) };
        }
        self.normalizer.update(&self.obs);
        episodes.step(Actions::Discrete(&self.actions))?;
        self.counter.tick(rows);
        let view = episodes.view();
        finite("a reward", view.reward, self.counter.step)?;
        for row in 0..rows {
            let d = view.obs_len;
            self.replay.push(
                row,
                &Transition {
                    obs: &self.obs[row * d..(row + 1) * d],
                    legal: &self.legal[row * a..(row + 1) * a],
                    action: self.actions[row],
                    reward: view.reward[row],
                    ending: view.ending[row],
                    turned: self.movers[row] != view.successor_to_play(row),
                    successor: view.successor(row),
                },
            );
        }
        Ok(())
    }

    /// The updates that are due after a tick: one for every `train_freq` steps beyond the warm-up.
    fn train(&mut self) -> Result<()> {
        let due = |step: u64| {
            step.saturating_sub(u64::from(self.config.learning_starts)) / u64::from(self.config.train_freq)
        };
        let before = self.counter.step - self.rngs.len() as u64;
        for _ in 0..(due(self.counter.step) - due(before)) * u64::from(self.config.gradient_steps) {
            self.update()?;
        }
        let moves = |step: u64| step / u64::from(self.config.target_update_interval);
        let due = moves(self.counter.step) - moves(before);
        if due > 0 {
            // Several moves to one place are one: what is left of the way shrinks by 1 - tau with each.
            let tau = 1.0 - (1.0 - self.config.tau).powi(i32::try_from(due).unwrap_or(i32::MAX));
            let target = &mut self.target;
            self.model.with_parameters(|parameters| polyak(target, parameters, tau))?;
            // What was seen meanwhile comes into force where the target changes anyway.
            self.normalizer.adapt();
        }
        Ok(())
    }

    fn update(&mut self) -> Result<()> {
        let draw = Draw {
            batch: self.config.batch_size as usize,
            n: self.config.n_step as usize,
            gamma: self.gamma,
            beta: self.rate(self.config.prioritized_beta),
        };
        let mut sample = std::mem::take(&mut self.sample);
        if self.replay.sample(draw, &mut self.rng, &mut sample) {
            let targets = self.targets(&sample)?;
            self.descend(&sample, targets)?;
        }
        self.sample = sample;
        Ok(())
    }

    /// What the value of each action drawn should be, `[B]`.
    fn targets(&mut self, sample: &Sample) -> Result<Vec<f32>> {
        let (b, a) = (sample.at.len(), self.model.network().output_len());
        self.judged.resize(b * a, 0.0);
        let successors = self.normalizer.normalize(&sample.successors, &mut self.seen);
        self.model.network().act(&self.target, successors, &mut self.work, &mut self.judged);
        let mut chosen = &self.judged;
        let mut online = Vec::new();
        if self.config.double {
            online.resize(b * a, 0.0);
            self.model.act(successors, &mut self.work, &mut online)?;
            chosen = &online;
        }
        let scale = self.config.reward_scale as f32;
        let target = |i: usize| {
            let (row, legal) = (i * a..(i + 1) * a, &sample.legal[i * a..(i + 1) * a]);
            let next = best(&chosen[row.clone()], legal) as usize;
            // Where nothing is legal nothing can be earned.
            let value = if legal[next] { self.judged[row][next] } else { 0.0 };
            sample.rewards[i] * scale + sample.discounts[i] * value
        };
        Ok((0..b).map(target).collect())
    }

    /// A step of the optimizer towards `targets [B]`.
    fn descend(&mut self, sample: &Sample, targets: Vec<f32>) -> Result<()> {
        let b = sample.at.len();
        let seen = self.normalizer.normalize(&sample.obs, &mut self.seen).to_vec();
        let q = self.model.forward(&tensor(seen, (b, sample.obs.len() / b))?, false)?;
        let weights = tensor(sample.weights.clone(), b)?;
        let (loss, errors) =
            loss(&q, &sample.actions, &tensor(targets, b)?, &weights, self.config.huber_delta)
                .map_err(candle)?;
        let (lr, clip) = (self.rate(self.config.learning_rate), self.config.clip());
        let stepped = self.model.learn(&loss, &mut self.optimizer, lr, clip, self.counter.step)?;
        self.updates += 1;
        let (alpha, replay) = (self.config.prioritized_alpha, &mut self.replay);
        let error = with_slice(&errors, |errors| {
            replay.set_priorities(&sample.at, errors.iter().map(|&error| priority(error, alpha)));
            errors.iter().map(|error| f64::from(error.abs())).sum::<f64>() / b as f64
        })?;
        let q = with_slice(&q, |q| q.iter().map(|&q| f64::from(q)).sum::<f64>() / q.len() as f64)?;
        self.means.add("loss", stepped.loss);
        self.means.add("grad_norm", stepped.norm);
        self.means.add("td_error", error);
        self.means.add("q_mean", q);
        Ok(())
    }
}

/// How often a step with this error is drawn: in proportion. Nothing is forgotten for good, an error of 0 keeps a little.
fn priority(error: f32, alpha: f64) -> f64 {
    (f64::from(error.abs()) + 1e-6).powf(alpha)
}

/// The mean of Huber's loss (Huber 1964), quadratic up to `huber` and straight beyond (0: quadratic everywhere), of the errors of `q [B, A]` at
/// `actions [B]` against `targets [B]`, each weighed; and the errors, `[B]`.
fn loss(
    q: &Tensor,
    actions: &[u32],
    targets: &Tensor,
    weights: &Tensor,
    huber: f64,
) -> candle_core::Result<(Tensor, Tensor)> {
    let index = Tensor::from_slice(actions, (actions.len(), 1), q.device())?;
    let error = (q.gather(&index, 1)?.squeeze(1)? - targets)?;
    let square = (error.sqr()? * 0.5)?;
    let each = match huber {
        0.0 => square,
        most => {
            let size = error.abs()?;
            let straight = ((&size * most)? - 0.5 * most * most)?;
            size.le(most)?.where_cond(&square, &straight)?
        }
    };
    Ok(((each * weights)?.mean_all()?, error.detach()))
}

/// The first of the best legal actions; the first of all where none is legal.
fn best(q: &[f32], legal: &[bool]) -> u32 {
    let mut best = legal.iter().position(|legal| *legal).unwrap_or(0);
    for (a, (&value, &legal)) in q.iter().zip(legal).enumerate() {
        if legal && value > q[best] {
            best = a;
        }
    }
    best as u32
}

impl Agent for Dqn {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let (view, rows, d) = (episodes.view(), self.rngs.len(), self.model.network().input_len());
        let a = self.model.network().output_len();
        if (view.num_envs, view.actions, view.obs_len) != (rows, a, d) {
            return Err(Error::Config(format!(
                "dqn: a learner for {rows} rows of {d} numbers and {a} actions was given {} rows of {} and {}",
                view.num_envs, view.obs_len, view.actions
            )));
        }
        for _ in 0..self.counter.plan(steps, rows) {
            self.act(episodes)?;
            self.train()?;
        }
        Ok(())
    }

    fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        let epsilon = if mode == Mode::Exploring { self.rate(self.config.epsilon) } else { 0.0 };
        match self.model.freeze() {
            Ok(frozen) => Box::new(NetworkPolicy { frozen, normalizer: self.normalizer.clone(), epsilon }),
            // The parameters are on the CPU: there is nothing that could fail.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    fn report(&mut self, monitor: &mut dyn MetricSink) {
        monitor.scalar("epsilon", self.rate(self.config.epsilon));
        monitor.scalar("learning_rate", self.rate(self.config.learning_rate));
        monitor.scalar("updates", self.updates as f64);
        self.means.report(monitor);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let networks = (self.model.parameters()?, &self.target, &self.optimizer, &self.normalizer);
        let counters = (&self.rngs, &self.rng, self.counter, self.updates, &self.means);
        postcard::to_stdvec(&("dqn", FORMAT, networks, counters, self.replay.save()))
            .map_err(|e| Error::Unsupported(format!("this agent cannot be saved: {e}")))
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
        let ((parameters, target, optimizer, normalizer), counters, replay): (Networks, Counters, Saved) =
            postcard::from_bytes(rest).map_err(|e| refuse(&e.to_string()))?;
        if parameters.len() != self.model.network().size()
            || !normalizer.is_like(&self.normalizer)
            || counters.0.len() != self.rngs.len()
            || target.len() != self.target.len()
        {
            return Err(refuse("it has other settings or rows"));
        }
        self.replay.load(replay)?;
        if !self.optimizer.resume(optimizer) {
            return Err(refuse("its optimizer keeps other moments"));
        }
        self.model.set_parameters(&parameters)?;
        (self.target, self.normalizer) = (target, normalizer);
        (self.rngs, self.rng, self.counter, self.updates, self.means) = counters;
        Ok(())
    }
}

/// A frozen network of action values, greedy but for `epsilon`.
struct NetworkPolicy {
    frozen: Frozen,
    normalizer: ObservationNormalizer,
    epsilon: f64,
}

impl NetworkPolicy {
    /// Action values `[B, A]` of `obs [B, D]`.
    fn values(&self, obs: &[f32]) -> Vec<f32> {
        let network = self.frozen.network();
        let mut out = vec![0.0; obs.len() / network.input_len() * network.output_len()];
        self.frozen.act(self.normalizer.normalize(obs, &mut Vec::new()), &mut out);
        out
    }
}

impl Policy for NetworkPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        let a = self.frozen.network().output_len();
        let ActionBuffer::Discrete(actions) = choice else { return };
        let (values, epsilon) = (self.values(obs), self.epsilon);
        let rows = values.chunks_exact(a).zip(legal.chunks_exact(a)).zip(rngs);
        for (action, ((q, legal), rng)) in actions.iter_mut().zip(rows) {
            let explores = epsilon > 0.0 && rng.chance(epsilon);
            *action = if explores { any(legal, rng) } else { best(q, legal) };
        }
    }

    fn action_values(&self, obs: &[f32], _legal: &[bool], out: &mut [f32]) -> bool {
        out.copy_from_slice(&self.values(obs));
        true
    }
}
