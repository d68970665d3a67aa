//! Gumbel AlphaZero: a network of policy and value that learns from a tree search guided by itself.
//!
//! ```text
//! loss = mean -sum_a policy'(a) ln p(a) + vf_coef mean (V - z)^2 / 2
//! ```
//!
//! policy' is the improved policy of the search, z the return of the rest of the episode, or of the next `n_step` steps
//! and the value of the search after them. Danihelka et al. 2022, <https://openreview.net/forum?id=bERaNdoegnO>, after
//! Silver et al. 2018, arXiv 1712.01815.
//!
//! The rules of the world are the model: each search simulates copies of the state ([`Simulator`]). In a two-player
//! game the agent plays both sides, and values are those of the player to move. All environments search at once, so
//! that one forward pass evaluates a leaf of each.
//!
//! The network gives values in a unit of rewards, the root mean square of the first returns other than 0, which then
//! stays.
//!
//! [`Simulator`]: freewheel_core::Simulator

use freewheel_core::{
    Actions, Agent, Distributed, Ending, Error, MetricSink, Player, Policy, PolicyMode, Purpose, Result,
    Spec, Stream, Streams, VectorEnv,
};
use serde::{Deserialize, Serialize};

use super::experience::{Examples, Pending, SavedWindow, Visit, Window};
use super::gumbel::Decision;
use super::policy::PlanningPolicy;
use super::search;
use super::settings::Config;
use crate::Budget;
use crate::demonstrations::{full_mask, not_loaded, returns};
use crate::nn::ObservationNormalizer;
use crate::nn::model::check_finite;
use crate::off_policy::trained::{SavedNetwork, TrainedNetwork};
use crate::policy_gradient::head::Head;
use crate::progress::{MAX_COUNT, RunningMeans, StepCounter, decode, shape_mismatch};
use crate::symmetries::{self, Symmetries};

use distributed::Blocks;

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "Gumbel AlphaZero: tree search with a learned policy and value (Danihelka et al. 2022)";

/// Name and version of the checkpoint format.
const CHECKPOINT: (&str, u32) = ("alphazero", 1);

/// Gumbel AlphaZero.
pub struct AlphaZero {
    config: Config,
    spec: Spec,
    budget: Budget,
    head: Head,
    network: TrainedNetwork,
    normalizer: ObservationNormalizer,
    symmetries: Option<Symmetries>,
    /// Steps of the running episodes, `[N]`.
    pending: Vec<Pending>,
    window: Window,
    /// Whether the demonstrations of a warm start are in the window, if the settings name any.
    loaded: bool,
    progress: Progress,
    scratch: Scratch,
}

/// Counters, random streams and metrics.
#[derive(Serialize, Deserialize)]
struct Progress {
    /// Random stream of the search of each environment, `[N]`.
    rngs: Vec<Stream>,
    /// Random stream of the samples.
    rng: Stream,
    counter: StepCounter,
    /// Gradient steps made.
    updates: u64,
    /// Unit of the network's values, in rewards; `None` before the first return other than 0.
    unit: Option<f32>,
    means: RunningMeans,
}

/// Buffers that are used again.
#[derive(Default)]
struct Scratch {
    normalized: Vec<f32>,
    outputs: Vec<f32>,
    examples: Examples,
    turned: Examples,
}

impl Agent for AlphaZero {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.begin_learning(&*envs, steps)? {
            self.play(envs)?;
            self.train()?;
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        let unit = self.unit();
        let mut search = self.config.search(&self.spec, unit);
        let stochastic = mode == PolicyMode::Exploring;
        if !stochastic {
            (search.noise, search.simulations) = (false, self.config.evaluation_simulations);
        }
        match self.network.freeze() {
            Ok(frozen) => Box::new(PlanningPolicy {
                frozen,
                head: self.head.clone(),
                normalizer: self.normalizer.clone(),
                stochastic,
                unit,
                search,
                searches: search.simulations > 0,
            }),
            // `freeze` fails only for parameters that are not a contiguous tensor on the CPU.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    fn abandon_episodes(&mut self) {
        self.pending.iter_mut().for_each(Pending::clear);
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("learning_rate", self.learning_rate());
        metrics.scalar("updates", self.progress.updates as f64);
        self.progress.means.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        let (name, version) = CHECKPOINT;
        let networks = (self.network.save(), &self.normalizer);
        postcard::to_stdvec(&(name, version, networks, &self.pending, self.window.save(), &self.progress))
            .map_err(|e| Error::Unsupported(format!("agent alphazero cannot be saved: {e}")))
    }

    fn distributed(&mut self) -> Option<Box<dyn Distributed + '_>> {
        Some(Box::new(Blocks::new(self)))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refuse = |why: &str| Error::Config(format!("this is not a saved alphazero: {why}"));
        let ((name, version), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(&e.to_string()))?;
        if (&*name, version) != CHECKPOINT {
            return Err(refuse(&format!("it is {name:?} of format {version}")));
        }
        type Saved = ((SavedNetwork, ObservationNormalizer), Vec<Pending>, SavedWindow, Progress);
        let ((network, normalizer), pending, window, progress): Saved =
            decode(rest).map_err(|e| refuse(&e))?;
        let (n, d, a) = (self.budget.num_envs, self.spec.observation.len(), self.head.len());
        if !normalizer.can_replace(&self.normalizer) || [pending.len(), progress.rngs.len()] != [n; 2] {
            return Err(refuse("its settings or num_envs differ"));
        }
        let n_step = self.config.n_step(&self.spec);
        let in_range = pending.iter().all(|pending| pending.is_valid(d, a, n_step))
            && progress.is_valid(n)
            && self.window.load(&window)
            && self.network.load(network);
        if !in_range {
            return Err(refuse("its network has another size, or a number in it is out of range"));
        }
        (self.normalizer, self.pending, self.progress) = (normalizer, pending, progress);
        Ok(())
    }
}

impl Progress {
    /// Whether a loaded state is possible between two calls of `learn` with `num_envs` environments.
    fn is_valid(&self, num_envs: usize) -> bool {
        self.counter.is_valid(num_envs)
            && self.updates <= MAX_COUNT
            && self.unit.is_none_or(|unit| (1e-30..=1e30).contains(&unit))
            && self.means.is_valid()
    }
}

impl AlphaZero {
    /// Agent with new parameters; with loaded demonstrations, the window and the network begin with them.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for continuous actions, or demonstrations of
    /// another world.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        let network = config.check(spec, budget)?;
        let symmetries = match config.symmetries {
            true => Some(Symmetries::of(symmetries::side(spec)?)),
            false => None,
        };
        let mut rng = streams.stream(Purpose::Initialization, 0, 0);
        let n = budget.num_envs;
        let mut agent = AlphaZero {
            spec: spec.clone(),
            budget,
            head: Head::Categorical { num_actions: spec.actions.count() },
            network: TrainedNetwork::new(network, config.optimizer, false, &mut rng),
            normalizer: ObservationNormalizer::new(spec, config.network.normalize_observations),
            symmetries,
            pending: vec![Pending::default(); n],
            window: Window::new(spec, config.storage, config.buffer_size as usize)?,
            loaded: false,
            progress: Progress {
                rngs: (0..n as u64).map(|i| streams.stream(Purpose::Action, i, 0)).collect(),
                rng: streams.stream(Purpose::Agent, 0, 0),
                counter: StepCounter::default(),
                updates: 0,
                unit: None,
                means: RunningMeans::default(),
            },
            scratch: Scratch::default(),
            config,
        };
        agent.warm_start()?;
        Ok(agent)
    }

    /// Puts the demonstrations of the settings, if they are loaded, into the window, and learns from them: a
    /// demonstrated action is a certain policy, and its return a value.
    fn warm_start(&mut self) -> Result<()> {
        let Some(warm) = self.config.warm_start.clone() else { return Ok(()) };
        let Some(set) = warm.demonstrated.episodes(&self.spec)? else { return Ok(()) };
        let (a, gamma) = (self.head.len(), self.config.discount(&self.spec));
        for episode in &set.episodes {
            for (t, value) in returns(episode, gamma).into_iter().enumerate() {
                let mut policy = vec![0.0; a];
                if let Some(Actions::Discrete(&[action])) = episode.actions.get(t) {
                    policy[action as usize] = 1.0;
                }
                let (obs, legal) = (episode.observation(t).to_vec(), full_mask(episode.mask(t), a));
                self.normalizer.update(&obs);
                let visit = Visit { obs, legal, policy, value: 0.0, reward: 0.0, factor: 0.0 };
                self.window.add(&visit, value as f32);
            }
        }
        self.loaded = true;
        (0..warm.pretraining).try_for_each(|_| self.update())
    }

    /// Number of batch steps of `envs` that make `steps` more environment steps.
    ///
    /// # Errors
    /// [`Error::Config`] if `envs` has another shape than the agent.
    fn begin_learning(&mut self, envs: &dyn VectorEnv, steps: u64) -> Result<u64> {
        let view = envs.view();
        let expected = (self.budget.num_envs, self.spec.observation.len(), self.head.len());
        let found = (view.num_envs, view.obs_len, view.num_actions);
        if found != expected {
            return Err(shape_mismatch("alphazero", expected, found));
        }
        if let (Some(warm), false) = (&self.config.warm_start, self.loaded) {
            return Err(not_loaded(&warm.demonstrated.demos));
        }
        Ok(self.progress.counter.request(steps, found.0))
    }

    /// Unit of the network's values, in rewards.
    fn unit(&self) -> f32 {
        self.progress.unit.unwrap_or(1.0)
    }

    fn learning_rate(&self) -> f64 {
        self.config.learning_rate.at(self.progress.counter.step, self.budget.steps).unwrap_or_default()
    }

    /// Searches in every environment, makes the steps, and adds the steps whose returns are known to the window.
    fn play(&mut self, envs: &mut dyn VectorEnv) -> Result<()> {
        let decisions = self.decide(envs)?;
        let view = envs.view();
        let actions: Vec<u32> = decisions.iter().map(|decision| decision.action).collect();
        let players: Vec<Player> = view.to_play.to_vec();
        self.normalizer.update(view.obs);
        for (i, Decision { policy, value, .. }) in decisions.into_iter().enumerate() {
            self.searched(i, (view.obs_row(i), view.legal_row(i)), policy, value);
        }
        envs.step(Actions::Discrete(&actions))?;
        self.progress.counter.advance(players.len());
        let view = envs.view();
        check_finite("a reward", view.reward, self.progress.counter.step)?;
        for (i, player) in players.into_iter().enumerate() {
            let sign = self.sign(view.successor_to_play(i), player);
            self.made(i, view.reward[i], view.ending[i], sign, view.successor(i).0)?;
        }
        Ok(())
    }

    /// Sign of the next value: 1 same player, -1 opponent.
    fn sign(&self, next: Player, player: Player) -> f32 {
        if self.spec.players == 2 && next != player { -1.0 } else { 1.0 }
    }

    /// Keeps the result of a search in environment `i`, before the step: the observation with its mask, improved policy
    /// and value.
    fn searched(&mut self, i: usize, (obs, legal): (&[f32], &[bool]), policy: Vec<f32>, value: f32) {
        self.progress.means.add("search_value", f64::from(value));
        let (obs, legal) = (obs.to_vec(), legal.to_vec());
        let visit = Visit { obs, legal, policy, value, reward: 0.0, factor: 0.0 };
        if let Some((visit, value)) = self.pending[i].push(visit, self.config.n_step(&self.spec)) {
            self.window.add(&visit, value);
        }
    }

    /// Keeps the results of a step of environment `i`; `sign` is that of the next value, and `successor [D]` the next
    /// observation, which is read for a truncated episode.
    fn made(&mut self, i: usize, reward: f32, ending: Ending, sign: f32, successor: &[f32]) -> Result<()> {
        let gamma = self.config.discount(&self.spec) as f32;
        self.pending[i].made(reward, ending.discount() * gamma * sign);
        if ending.is_over() {
            let value = if ending.discount() > 0.0 { self.value(successor)? } else { 0.0 };
            self.pending[i].finish(value).for_each(|(visit, value)| self.window.add(&visit, value));
        }
        Ok(())
    }

    /// Decisions of a search in every environment.
    fn decide(&mut self, envs: &dyn VectorEnv) -> Result<Vec<Decision>> {
        let view = envs.view();
        check_finite("an observation", view.obs, self.progress.counter.step)?;
        let simulators: Option<Vec<_>> = (0..view.num_envs).map(|i| envs.simulator(i)).collect();
        let Some(mut simulators) = simulators else {
            return Err(no_simulator(&self.spec));
        };
        let (unit, width) = (self.unit(), self.head.len() + 1);
        let search = self.config.search(&self.spec, unit);
        let Self { network, normalizer, scratch, progress, .. } = self;
        let mut fault = Ok(());
        let mut evaluate = |obs: &[f32], out: &mut Vec<f32>| {
            network.forward(normalizer.normalize(obs, &mut scratch.normalized), out);
            if fault.is_ok() {
                fault = check_finite("the network's output", out, progress.counter.step);
            }
            out.chunks_exact_mut(width).for_each(|row| row[width - 1] *= unit);
        };
        let trees = search::run(&search, &mut simulators, &mut progress.rngs, &mut evaluate);
        fault?;
        Ok(trees.iter().map(|tree| tree.decide(&search, width - 1)).collect())
    }

    /// Value by the network of the observation `obs [D]`, in rewards.
    fn value(&mut self, obs: &[f32]) -> Result<f32> {
        let Scratch { normalized, outputs, .. } = &mut self.scratch;
        self.network.act(self.normalizer.normalize(obs, normalized), outputs);
        check_finite("the network's output", outputs, self.progress.counter.step)?;
        Ok(outputs[self.head.len()] * self.unit())
    }

    /// Makes the gradient steps that are due after a batch step.
    fn train(&mut self) -> Result<()> {
        let (step, n) = (self.progress.counter.step, self.budget.num_envs as u64);
        let every = u64::from(self.config.train_freq);
        if step < u64::from(self.config.learning_starts) || self.window.len() == 0 {
            return Ok(());
        }
        let due = (step / every - (step - n) / every) * u64::from(self.config.gradient_steps);
        (0..due).try_for_each(|_| self.update())
    }

    /// Makes one gradient step on a sample of the window.
    fn update(&mut self) -> Result<()> {
        let Progress { rng, unit, means, counter, updates, .. } = &mut self.progress;
        if unit.is_none() {
            *unit = self.window.size_of_returns();
        }
        let unit = unit.unwrap_or(1.0);
        let Scratch { normalized, outputs, examples, turned } = &mut self.scratch;
        let b = self.config.batch_size as usize;
        self.window.sample(b, rng, examples);
        let examples = match &self.symmetries {
            None => &*examples,
            Some(all) => {
                turn(all, examples, rng, turned);
                &*turned
            }
        };
        self.normalizer.refresh();
        let obs = self.normalizer.normalize(&examples.obs, normalized);
        self.network.forward(obs, outputs);
        let (policy_loss, value_loss) =
            gradient(&self.head, examples, unit, self.config.vf_coef as f32, outputs);
        let step = counter.step;
        check_finite("loss", &[policy_loss, value_loss], step)?;
        let learning_rate = self.config.learning_rate.at(step, self.budget.steps).unwrap_or_default();
        let max_norm = (self.config.max_grad_norm > 0.0).then_some(self.config.max_grad_norm);
        let norm = self.network.learn(obs, outputs, learning_rate, max_norm, step)?;
        *updates += 1;
        means.add("policy_loss", f64::from(policy_loss));
        means.add("value_loss", f64::from(value_loss));
        means.add("grad_norm", norm);
        Ok(())
    }
}

/// Error about a world, or a transform of its observations, without a simulator.
pub(super) fn no_simulator(spec: &Spec) -> Error {
    Error::Config(format!(
        "world {}: its states cannot be simulated, which a tree search needs; leave out frame_stack and encoder",
        spec.id
    ))
}

/// Turns and mirrors each of the `examples` by one of the `symmetries`, drawn from `rng`, into `out`.
fn turn(symmetries: &Symmetries, examples: &Examples, rng: &mut Stream, out: &mut Examples) {
    let b = examples.returns.len().max(1);
    let (d, a) = (examples.obs.len() / b, examples.legal.len() / b);
    out.obs.resize(examples.obs.len(), 0.0);
    out.legal.resize(examples.legal.len(), false);
    out.policies.resize(examples.policies.len(), 0.0);
    out.returns.clone_from(&examples.returns);
    for row in 0..b {
        let symmetry = rng.below(symmetries::COUNT as u32) as usize;
        for i in 0..d {
            out.obs[row * d + symmetries.plane(symmetry, i)] = examples.obs[row * d + i];
        }
        for i in 0..a {
            let to = row * a + symmetries.action(symmetry, i);
            out.legal[to] = examples.legal[row * a + i];
            out.policies[to] = examples.policies[row * a + i];
        }
    }
}

/// Replaces the `outputs [B, A + 1]` of the network by the gradient of the loss; returns the mean divergence of the
/// policy from its target, sum p' ln(p' / p), and the mean squared error of the value, in units. The value loss has the
/// weight `vf_coef`.
fn gradient(head: &Head, examples: &Examples, unit: f32, vf_coef: f32, outputs: &mut [f32]) -> (f32, f32) {
    let (a, b) = (head.len(), examples.returns.len());
    let (mut divergence, mut error) = (0.0, 0.0);
    let mut p = vec![0.0; a];
    let rows = outputs.chunks_exact_mut(a + 1).zip(examples.returns.iter());
    let targets = examples.policies.chunks_exact(a).zip(examples.legal.chunks_exact(a));
    for ((outputs, value), (target, legal)) in rows.zip(targets) {
        head.probabilities(&outputs[..a], legal, &mut p);
        for (action, (&p, &target)) in p.iter().zip(target).enumerate() {
            if target > 0.0 {
                divergence += target * (target / p.max(f32::MIN_POSITIVE)).ln();
            }
            outputs[action] = if legal[action] { (p - target) / b as f32 } else { 0.0 };
        }
        let difference = outputs[a] - value / unit;
        error += difference * difference;
        outputs[a] = vf_coef * difference / b as f32;
    }
    (divergence / b as f32, error / b as f32)
}

mod distributed;
#[cfg(test)]
mod tests;
