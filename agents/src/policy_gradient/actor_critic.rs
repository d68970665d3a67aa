//! What all policy-gradient learners share: a network that acts and learns, eyes, streams, a clock.

use std::ops::Range;

use freewheel_core::{
    ActionBuffer, Ending, Error, MetricSink, Mode, Player, Policy, Purpose, Result, Spec, Stream, Streams,
    VectorEnv,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::advantage::Step;
use super::head::Head;
use super::settings::{LOG_STD, PolicyGradient};
use crate::Budget;
use crate::nn::model::finite;
use crate::nn::normalizer::RewardScaler;
use crate::nn::{Frozen, Model, ObservationNormalizer, Optimizer, Workspace};
use crate::running_means::RunningMeans;
use crate::schedule::Schedule;
use crate::step_counter::StepCounter;

/// Raised whenever the bytes of a saved learner change their meaning.
const FORMAT: u32 = 1;

pub(super) struct ActorCritic {
    id: &'static str,
    pub(super) settings: PolicyGradient,
    budget: Budget,
    pub(super) gamma: f32,
    pub(super) head: Head,
    pub(super) model: Model,
    optimizer: Optimizer,
    normalizer: ObservationNormalizer,
    scale: Option<RewardScaler>,
    /// What each row's choices are drawn from, `[N]`.
    rngs: Vec<Stream>,
    /// Shuffles.
    pub(super) rng: Stream,
    counter: StepCounter,
    pub(super) means: RunningMeans,
    /// A, the width of the mask.
    actions: usize,
    /// The tick just made.
    pub(super) tick: StepBatch,
    choice: ActionBuffer,
    movers: Vec<Player>,
    scratch: Scratch,
}

/// What a tick leaves of each row, for whoever learns from it.
#[derive(Debug, Default)]
pub(super) struct StepBatch {
    /// What the network read, `[N, D]`.
    pub(super) obs: Vec<f32>,
    /// The mask, `[N, A]`.
    pub(super) legal: Vec<bool>,
    /// What was drawn, `[N, W]`.
    pub(super) taken: Vec<f32>,
    /// The logarithm of its probability, `[N]`.
    pub(super) log_prob: Vec<f32>,
    /// `[N]`.
    pub(super) steps: Vec<Step>,
    /// How each row's episode stands, `[N]`.
    pub(super) ending: Vec<Ending>,
}

/// Room to work in.
#[derive(Default)]
struct Scratch {
    work: Workspace,
    out: Vec<f32>,
    seen: Vec<f32>,
    rows: Vec<usize>,
    obs: Vec<f32>,
}

impl ActorCritic {
    /// For a learner that the messages call `id`.
    pub(super) fn new(
        id: &'static str,
        spec: &Spec,
        settings: &PolicyGradient,
        budget: Budget,
        streams: Streams,
    ) -> Result<Self> {
        settings.validate(spec)?;
        let rows = budget.num_envs;
        if rows == 0 {
            return Err(Error::Config("a batch of 0 rows teaches nothing".into()));
        }
        let learned = matches!(settings.log_std, Schedule::Constant(_));
        let head = Head::of(spec, settings.squash_output, learned)?;
        if head.is_empty() || spec.observation.is_empty() {
            return Err(Error::Config(format!("{} has nothing to see or to choose from", spec.id)));
        }
        let gamma = settings.gamma.unwrap_or(spec.gamma);
        let network = settings.network(spec, &head);
        let model = Model::new(network, &mut streams.stream(Purpose::Initialization, 0, 0))?;
        Ok(ActorCritic {
            id,
            settings: settings.clone(),
            budget,
            gamma: gamma as f32,
            optimizer: Optimizer::new(settings.optimizer, model.network().size()),
            normalizer: ObservationNormalizer::new(spec, settings.shape.normalize_observations),
            scale: settings.normalize_rewards.then(|| RewardScaler::new(gamma, rows)),
            rngs: (0..rows as u64).map(|row| streams.stream(Purpose::Action, row, 0)).collect(),
            rng: streams.stream(Purpose::Agent, 0, 0),
            counter: StepCounter::default(),
            means: RunningMeans::default(),
            actions: spec.actions.count(),
            tick: StepBatch {
                taken: vec![0.0; rows * head.taken_len()],
                log_prob: vec![0.0; rows],
                steps: vec![Step::default(); rows],
                ..StepBatch::default()
            },
            choice: ActionBuffer::for_spec(spec, rows),
            movers: if spec.players == 2 { vec![Player::First; rows] } else { Vec::new() },
            scratch: Scratch::default(),
            head,
            model,
        })
    }

    /// N.
    pub(super) fn rows(&self) -> usize {
        self.rngs.len()
    }

    /// What a schedule says now.
    pub(super) fn rate(&self, schedule: Schedule) -> f64 {
        schedule.at(self.counter.step, self.budget.steps).unwrap_or_default()
    }

    /// How many ticks make `steps` more steps.
    pub(super) fn begin(&mut self, episodes: &dyn VectorEnv, steps: u64) -> Result<u64> {
        let view = episodes.view();
        if view.num_envs != self.rows()
            || view.actions != self.actions
            || view.obs_len != self.model.network().input_len()
        {
            return Err(Error::Config(format!(
                "{}: a learner for {} rows of {} numbers and {} actions was given {} rows of {} and {}",
                self.id,
                self.rows(),
                self.model.network().input_len(),
                self.actions,
                view.num_envs,
                view.obs_len,
                view.actions
            )));
        }
        Ok(self.counter.plan(steps, view.num_envs))
    }

    /// Draws an action for every row, takes it, and leaves in [`ActorCritic::tick`] what came of it.
    pub(super) fn act(&mut self, episodes: &mut dyn VectorEnv) -> Result<()> {
        let ActorCritic { tick, head, scratch, model, normalizer, rngs, choice, movers, counter, .. } = self;
        let view = episodes.view();
        let (rows, h, w) = (view.num_envs, head.len(), head.taken_len());
        // As it comes: normalizing would hide what is infinite, and keep it.
        finite("an observation", view.obs, counter.step)?;
        tick.obs.clear();
        tick.obs.extend_from_slice(normalizer.normalize(view.obs, &mut scratch.seen));
        tick.legal.clear();
        tick.legal.extend_from_slice(view.legal);
        scratch.out.resize(rows * (h + 1), 0.0);
        model.act(&tick.obs, &mut scratch.work, &mut scratch.out)?;
        finite("the network's output", &scratch.out, counter.step)?;
        for (row, out) in scratch.out.chunks_exact(h + 1).enumerate() {
            let taken = &mut tick.taken[row * w..(row + 1) * w];
            tick.log_prob[row] = head.sample(&out[..h], view.legal_row(row), &mut rngs[row], taken);
            tick.steps[row].value = out[h];
            head.put(taken, row, choice);
        }
        normalizer.update(view.obs);
        movers.iter_mut().zip(view.to_play).for_each(|(mover, now)| *mover = *now);
        episodes.step(choice.actions())?;
        self.counter.tick(rows);
        self.look_back(episodes)
    }

    /// What the tick just made has led to.
    fn look_back(&mut self, episodes: &dyn VectorEnv) -> Result<()> {
        let view = episodes.view();
        let StepBatch { steps, ending, .. } = &mut self.tick;
        ending.clear();
        ending.extend_from_slice(view.ending);
        self.scratch.rows.clear();
        for (row, step) in steps.iter_mut().enumerate() {
            let sign = match self.movers.get(row) {
                Some(&mover) if mover != view.successor_to_play(row) => -1.0,
                _ => 1.0,
            };
            (step.carry, step.beyond) = (sign, 0.0);
            if ending[row].is_over() {
                // The sign is kept in `beyond` until its value is known.
                (step.carry, step.beyond) = (0.0, sign * ending[row].discount());
                if step.beyond != 0.0 {
                    self.scratch.rows.push(row);
                }
            }
        }
        finite("a reward", view.reward, self.counter.step)?;
        if let Some(scale) = &mut self.scale {
            scale.update(view.reward, steps.iter().map(|step| step.carry));
        }
        for (step, &reward) in steps.iter_mut().zip(view.reward) {
            step.reward = self.scale.as_ref().map_or(reward, |scale| scale.scale(reward));
        }
        if self.scratch.rows.is_empty() {
            return Ok(());
        }
        // Where an episode was cut short its last observation still has a value.
        let Scratch { rows, obs, seen, work, out } = &mut self.scratch;
        obs.clear();
        rows.iter().for_each(|&row| obs.extend_from_slice(view.successor(row).0));
        let width = self.head.len() + 1;
        out.resize(rows.len() * width, 0.0);
        self.model.act(self.normalizer.normalize(obs, seen), work, out)?;
        for (&row, out) in rows.iter().zip(out.chunks_exact(width)) {
            self.tick.steps[row].beyond *= out[width - 1];
        }
        Ok(())
    }

    /// The value of what each row sees now, for who moves there, `[N]`.
    pub(super) fn values(&mut self, episodes: &dyn VectorEnv) -> Result<Vec<f32>> {
        let view = episodes.view();
        let Scratch { seen, work, out, .. } = &mut self.scratch;
        let width = self.head.len() + 1;
        out.resize(view.num_envs * width, 0.0);
        self.model.act(self.normalizer.normalize(view.obs, seen), work, out)?;
        Ok(out.chunks_exact(width).map(|out| out[width - 1]).collect())
    }

    /// A step of the optimizer against `loss`.
    pub(super) fn descend(&mut self, loss: &candle_core::Tensor) -> Result<()> {
        let (lr, clip) = (self.rate(self.settings.learning_rate), self.settings.clip());
        let stepped = self.model.learn(loss, &mut self.optimizer, lr, clip, self.counter.step)?;
        self.means.add("loss", stepped.loss);
        self.means.add("grad_norm", stepped.norm);
        Ok(())
    }

    /// After an update: what was seen meanwhile comes into force, and the deviation that the schedule has by now, so that a rollout is
    /// read and drawn alike from its first tick to its last.
    pub(super) fn adapt(&mut self) -> Result<()> {
        self.normalizer.adapt();
        if let Head::Gaussian { learned: false, .. } = self.head
            && let Some(at) = self.log_std()
        {
            let mut parameters = self.model.parameters()?;
            parameters[at].fill(self.rate(self.settings.log_std) as f32);
            self.model.set_parameters(&parameters)?;
        }
        Ok(())
    }

    /// Where the logarithms of the deviations are among the parameters.
    fn log_std(&self) -> Option<Range<usize>> {
        let is_it = |name: &str| name.strip_suffix(".value") == Some(LOG_STD);
        self.model
            .network()
            .parameters()
            .iter()
            .find(|block| is_it(&block.name))
            .map(|block| block.at.clone())
    }

    pub(super) fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        match self.model.freeze() {
            Ok(frozen) => Box::new(NetworkPolicy {
                frozen,
                head: self.head.clone(),
                normalizer: self.normalizer.clone(),
                draws: mode == Mode::Exploring,
            }),
            // The parameters are on the CPU: there is nothing that could fail.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    pub(super) fn report(&mut self, monitor: &mut dyn MetricSink) {
        monitor.scalar("learning_rate", self.rate(self.settings.learning_rate));
        if let Some(at) = self.log_std()
            && let Ok(mean) =
                self.model.with_parameters(|all| all[at.clone()].iter().sum::<f32>() / at.len() as f32)
        {
            monitor.scalar("log_std", f64::from(mean));
        }
        self.means.report(monitor);
    }

    /// Everything here and `own`, the learner's own part.
    pub(super) fn save(&self, own: &impl Serialize) -> Result<Vec<u8>> {
        let parameters = self.model.parameters()?;
        let common = (&parameters, &self.optimizer, &self.normalizer, &self.scale, &self.rngs, &self.rng);
        postcard::to_stdvec(&(self.id, FORMAT, common, self.counter, &self.means, own))
            .map_err(|e| Error::Unsupported(format!("this agent cannot be saved: {e}")))
    }

    /// Takes back what [`ActorCritic::save`] gave, and gives the learner's own part where `fits` says that it is one of this learner.
    pub(super) fn load<T: DeserializeOwned>(&mut self, bytes: &[u8], fits: impl Fn(&T) -> bool) -> Result<T> {
        type Common = (Vec<f32>, Optimizer, ObservationNormalizer, Option<RewardScaler>, Vec<Stream>, Stream);
        let refuse = |why: String| Error::Config(format!("this is not a saved {}: {why}", self.id));
        let ((id, format), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(e.to_string()))?;
        if (&*id, format) != (self.id, FORMAT) {
            return Err(refuse(format!("it is {id:?} of format {format}")));
        }
        let ((parameters, optimizer, normalizer, scale, rngs, rng), counter, means, own): (
            Common,
            StepCounter,
            RunningMeans,
            T,
        ) = postcard::from_bytes(rest).map_err(|e| refuse(e.to_string()))?;
        if parameters.len() != self.model.network().size()
            || !normalizer.is_like(&self.normalizer)
            || scale.is_some() != self.scale.is_some()
            || rngs.len() != self.rngs.len()
            || !fits(&own)
            || !self.optimizer.resume(optimizer)
        {
            return Err(refuse("it has other settings or rows".into()));
        }
        self.model.set_parameters(&parameters)?;
        (self.normalizer, self.scale) = (normalizer, scale);
        (self.rngs, self.rng, self.counter, self.means) = (rngs, rng, counter, means);
        Ok(own)
    }
}

/// A frozen policy.
struct NetworkPolicy {
    frozen: Frozen,
    head: Head,
    normalizer: ObservationNormalizer,
    /// Whether it draws from its distribution; else it takes the most probable action.
    draws: bool,
}

impl NetworkPolicy {
    /// The network's output for `obs [B, D]`.
    fn out(&self, obs: &[f32]) -> Vec<f32> {
        let network = self.frozen.network();
        let mut out = vec![0.0; obs.len() / network.input_len() * network.output_len()];
        self.frozen.act(self.normalizer.normalize(obs, &mut Vec::new()), &mut out);
        out
    }
}

impl Policy for NetworkPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        let (h, a) = (self.head.len(), legal.len() / rngs.len().max(1));
        let mut taken = vec![0.0; self.head.taken_len()];
        for ((row, out), rng) in self.out(obs).chunks_exact(h + 1).enumerate().zip(rngs) {
            let legal = &legal[row * a..(row + 1) * a];
            if self.draws {
                self.head.sample(&out[..h], legal, rng, &mut taken);
            } else {
                self.head.best(&out[..h], legal, &mut taken);
            }
            self.head.put(&taken, row, choice);
        }
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        self.head.probabilities(&self.out(obs)[..self.head.len()], legal, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freewheel_core::{ActionSpace, ObservationSpace};

    /// A ramp of the deviation is followed and not learned; a number is where learning begins.
    #[test]
    fn a_deviation_follows_its_schedule() {
        let actions =
            ActionSpace::Continuous { names: vec!["u".into(); 2], low: vec![-1.0; 2], high: vec![1.0; 2] };
        let spec = Spec::new("test/u", ObservationSpace::vector(&[(0.0, 1.0)]), actions);
        let budget = Budget { num_envs: 1, steps: 10 };
        let actor_critic = |log_std| {
            let settings = PolicyGradient { log_std, ..PolicyGradient::default() };
            ActorCritic::new("ppo", &spec, &settings, budget, Streams::new(1)).unwrap()
        };
        let deviations = |actor_critic: &ActorCritic| {
            actor_critic.model.parameters().unwrap()[actor_critic.log_std().unwrap()].to_vec()
        };
        let ramp = Schedule::Ramp { from: 0.0, to: -2.0, over: 1.0, shape: Default::default() };
        let mut follows = actor_critic(ramp);
        assert_eq!(deviations(&follows), [0.0; 2]);
        assert!(matches!(follows.head, Head::Gaussian { learned: false, .. }));
        (0..5).for_each(|_| follows.counter.tick(1));
        follows.adapt().unwrap();
        assert_eq!(deviations(&follows), [-1.0; 2]);
        let learns = actor_critic(Schedule::Constant(-0.5));
        assert_eq!(deviations(&learns), [-0.5; 2]);
        assert!(matches!(learns.head, Head::Gaussian { learned: true, .. }));
    }
}
