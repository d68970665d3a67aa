//! What all policy-gradient learners share: a network that acts and learns, eyes, streams, a clock.

use std::ops::Range;

use freewheel_core::{
    Choice, Ending, Episodes, Error, Mode, Monitor, Player, Policy, Purpose, Result, Spec, Stream, Streams,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::advantage::Step;
use super::head::Head;
use super::settings::{LOG_STD, PolicyGradient};
use crate::Budget;
use crate::clock::Clock;
use crate::nn::model::finite;
use crate::nn::normalise::ReturnScale;
use crate::nn::{Eyes, Frozen, Model, Optimiser, Workspace};
use crate::schedule::Schedule;
use crate::tally::Tally;

/// Raised whenever the bytes of a saved learner change their meaning.
const FORMAT: u32 = 1;

pub(super) struct Actor {
    id: &'static str,
    pub(super) settings: PolicyGradient,
    budget: Budget,
    pub(super) gamma: f32,
    pub(super) head: Head,
    pub(super) model: Model,
    optimiser: Optimiser,
    eyes: Eyes,
    scale: Option<ReturnScale>,
    /// What each row's choices are drawn from, `[N]`.
    rngs: Vec<Stream>,
    /// Shuffles.
    pub(super) dice: Stream,
    clock: Clock,
    pub(super) tally: Tally,
    /// A, the width of the mask.
    actions: usize,
    /// The tick just made.
    pub(super) tick: Tick,
    choice: Choice,
    movers: Vec<Player>,
    room: Room,
}

/// What a tick leaves of each row, for whoever learns from it.
#[derive(Debug, Default)]
pub(super) struct Tick {
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
struct Room {
    work: Workspace,
    out: Vec<f32>,
    seen: Vec<f32>,
    rows: Vec<usize>,
    obs: Vec<f32>,
}

impl Actor {
    /// For a learner that the messages call `id`.
    pub(super) fn new(
        id: &'static str,
        spec: &Spec,
        settings: &PolicyGradient,
        budget: Budget,
        streams: Streams,
    ) -> Result<Self> {
        settings.validate(spec)?;
        let rows = budget.rows;
        if rows == 0 {
            return Err(Error::Config("a batch of 0 rows teaches nothing".into()));
        }
        let learned = matches!(settings.log_std, Schedule::Constant(_));
        let head = Head::of(spec, settings.squash, learned)?;
        if head.is_empty() || spec.observation.is_empty() {
            return Err(Error::Config(format!("{} has nothing to see or to choose from", spec.id)));
        }
        let gamma = settings.gamma.unwrap_or(spec.gamma);
        let network = settings.network(spec, &head);
        let model = Model::new(network, &mut streams.stream(Purpose::Initialisation, 0, 0))?;
        Ok(Actor {
            id,
            settings: settings.clone(),
            budget,
            gamma: gamma as f32,
            optimiser: Optimiser::new(settings.optimiser, model.network().size()),
            eyes: Eyes::new(spec, settings.shape.normalise_observations),
            scale: settings.normalise_returns.then(|| ReturnScale::new(gamma, rows)),
            rngs: (0..rows as u64).map(|row| streams.stream(Purpose::Action, row, 0)).collect(),
            dice: streams.stream(Purpose::Learner, 0, 0),
            clock: Clock::default(),
            tally: Tally::default(),
            actions: spec.actions.count(),
            tick: Tick {
                taken: vec![0.0; rows * head.taken_len()],
                log_prob: vec![0.0; rows],
                steps: vec![Step::default(); rows],
                ..Tick::default()
            },
            choice: Choice::for_spec(spec, rows),
            movers: if spec.players == 2 { vec![Player::First; rows] } else { Vec::new() },
            room: Room::default(),
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
        schedule.at(self.clock.step, self.budget.steps).unwrap_or_default()
    }

    /// How many ticks make `steps` more steps.
    pub(super) fn begin(&mut self, episodes: &dyn Episodes, steps: u64) -> Result<u64> {
        let view = episodes.view();
        if view.rows != self.rows()
            || view.actions != self.actions
            || view.obs_len != self.model.network().input_len()
        {
            return Err(Error::Config(format!(
                "{}: a learner for {} rows of {} numbers and {} actions was given {} rows of {} and {}",
                self.id,
                self.rows(),
                self.model.network().input_len(),
                self.actions,
                view.rows,
                view.obs_len,
                view.actions
            )));
        }
        Ok(self.clock.ask(steps, view.rows))
    }

    /// Draws an action for every row, takes it, and leaves in [`Actor::tick`] what came of it.
    pub(super) fn act(&mut self, episodes: &mut dyn Episodes) -> Result<()> {
        let Actor { tick, head, room, model, eyes, rngs, choice, movers, clock, .. } = self;
        let view = episodes.view();
        let (rows, h, w) = (view.rows, head.len(), head.taken_len());
        // As it comes: normalising would hide what is infinite, and keep it.
        finite("an observation", view.obs, clock.step)?;
        tick.obs.clear();
        tick.obs.extend_from_slice(eyes.see(view.obs, &mut room.seen));
        tick.legal.clear();
        tick.legal.extend_from_slice(view.legal);
        room.out.resize(rows * (h + 1), 0.0);
        model.act(&tick.obs, &mut room.work, &mut room.out)?;
        finite("the network's output", &room.out, clock.step)?;
        for (row, out) in room.out.chunks_exact(h + 1).enumerate() {
            let taken = &mut tick.taken[row * w..(row + 1) * w];
            tick.log_prob[row] = head.sample(&out[..h], view.legal_row(row), &mut rngs[row], taken);
            tick.steps[row].value = out[h];
            head.put(taken, row, choice);
        }
        eyes.watch(view.obs);
        movers.iter_mut().zip(view.to_play).for_each(|(mover, now)| *mover = *now);
        episodes.step(choice.actions())?;
        self.clock.tick(rows);
        self.look_back(episodes)
    }

    /// What the tick just made has led to.
    fn look_back(&mut self, episodes: &dyn Episodes) -> Result<()> {
        let view = episodes.view();
        let Tick { steps, ending, .. } = &mut self.tick;
        ending.clear();
        ending.extend_from_slice(view.ending);
        self.room.rows.clear();
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
                    self.room.rows.push(row);
                }
            }
        }
        finite("a reward", view.reward, self.clock.step)?;
        if let Some(scale) = &mut self.scale {
            scale.update(view.reward, steps.iter().map(|step| step.carry));
        }
        for (step, &reward) in steps.iter_mut().zip(view.reward) {
            step.reward = self.scale.as_ref().map_or(reward, |scale| scale.scale(reward));
        }
        if self.room.rows.is_empty() {
            return Ok(());
        }
        // Where an episode was cut short its last observation still has a value.
        let Room { rows, obs, seen, work, out } = &mut self.room;
        obs.clear();
        rows.iter().for_each(|&row| obs.extend_from_slice(view.successor(row).0));
        let width = self.head.len() + 1;
        out.resize(rows.len() * width, 0.0);
        self.model.act(self.eyes.see(obs, seen), work, out)?;
        for (&row, out) in rows.iter().zip(out.chunks_exact(width)) {
            self.tick.steps[row].beyond *= out[width - 1];
        }
        Ok(())
    }

    /// The value of what each row sees now, for who moves there, `[N]`.
    pub(super) fn values(&mut self, episodes: &dyn Episodes) -> Result<Vec<f32>> {
        let view = episodes.view();
        let Room { seen, work, out, .. } = &mut self.room;
        let width = self.head.len() + 1;
        out.resize(view.rows * width, 0.0);
        self.model.act(self.eyes.see(view.obs, seen), work, out)?;
        Ok(out.chunks_exact(width).map(|out| out[width - 1]).collect())
    }

    /// A step of the optimiser against `loss`.
    pub(super) fn descend(&mut self, loss: &candle_core::Tensor) -> Result<()> {
        let (lr, clip) = (self.rate(self.settings.lr), self.settings.clip());
        let stepped = self.model.learn(loss, &mut self.optimiser, lr, clip, self.clock.step)?;
        self.tally.add("loss", stepped.loss);
        self.tally.add("grad_norm", stepped.norm);
        Ok(())
    }

    /// After an update: what was seen meanwhile comes into force, and the deviation that the schedule has by now, so that a rollout is
    /// read and drawn alike from its first tick to its last.
    pub(super) fn adapt(&mut self) -> Result<()> {
        self.eyes.adapt();
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
            Ok(frozen) => Box::new(Rider {
                frozen,
                head: self.head.clone(),
                eyes: self.eyes.clone(),
                draws: mode == Mode::Exploring,
            }),
            // The parameters are on the CPU: there is nothing that could fail.
            Err(_) => unreachable!("parameters are a contiguous tensor on the CPU"),
        }
    }

    pub(super) fn report(&mut self, monitor: &mut dyn Monitor) {
        monitor.scalar("lr", self.rate(self.settings.lr));
        if let Some(at) = self.log_std()
            && let Ok(mean) =
                self.model.with_parameters(|all| all[at.clone()].iter().sum::<f32>() / at.len() as f32)
        {
            monitor.scalar("log_std", f64::from(mean));
        }
        self.tally.report(monitor);
    }

    /// Everything here and `own`, the learner's own part.
    pub(super) fn save(&self, own: &impl Serialize) -> Result<Vec<u8>> {
        let parameters = self.model.parameters()?;
        let common = (&parameters, &self.optimiser, &self.eyes, &self.scale, &self.rngs, &self.dice);
        postcard::to_stdvec(&(self.id, FORMAT, common, self.clock, &self.tally, own))
            .map_err(|e| Error::Unsupported(format!("this agent cannot be saved: {e}")))
    }

    /// Takes back what [`Actor::save`] gave, and gives the learner's own part where `fits` says that it is one of this learner.
    pub(super) fn load<T: DeserializeOwned>(&mut self, bytes: &[u8], fits: impl Fn(&T) -> bool) -> Result<T> {
        type Common = (Vec<f32>, Optimiser, Eyes, Option<ReturnScale>, Vec<Stream>, Stream);
        let refuse = |why: String| Error::Config(format!("this is not a saved {}: {why}", self.id));
        let ((id, format), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|e| refuse(e.to_string()))?;
        if (&*id, format) != (self.id, FORMAT) {
            return Err(refuse(format!("it is {id:?} of format {format}")));
        }
        let ((parameters, optimiser, eyes, scale, rngs, dice), clock, tally, own): (Common, Clock, Tally, T) =
            postcard::from_bytes(rest).map_err(|e| refuse(e.to_string()))?;
        if parameters.len() != self.model.network().size()
            || !eyes.is_like(&self.eyes)
            || scale.is_some() != self.scale.is_some()
            || rngs.len() != self.rngs.len()
            || !fits(&own)
            || !self.optimiser.resume(optimiser)
        {
            return Err(refuse("it has other settings or rows".into()));
        }
        self.model.set_parameters(&parameters)?;
        (self.eyes, self.scale) = (eyes, scale);
        (self.rngs, self.dice, self.clock, self.tally) = (rngs, dice, clock, tally);
        Ok(own)
    }
}

/// A frozen policy.
struct Rider {
    frozen: Frozen,
    head: Head,
    eyes: Eyes,
    /// Whether it draws from its distribution; else it takes the most probable action.
    draws: bool,
}

impl Rider {
    /// The network's output for `obs [B, D]`.
    fn out(&self, obs: &[f32]) -> Vec<f32> {
        let network = self.frozen.network();
        let mut out = vec![0.0; obs.len() / network.input_len() * network.output_len()];
        self.frozen.act(self.eyes.see(obs, &mut Vec::new()), &mut out);
        out
    }
}

impl Policy for Rider {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut Choice) {
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
        let budget = Budget { rows: 1, steps: 10 };
        let actor = |log_std| {
            let settings = PolicyGradient { log_std, ..PolicyGradient::default() };
            Actor::new("ppo", &spec, &settings, budget, Streams::new(1)).unwrap()
        };
        let deviations = |actor: &Actor| actor.model.parameters().unwrap()[actor.log_std().unwrap()].to_vec();
        let ramp = Schedule::Ramp { from: 0.0, to: -2.0, over: 1.0, shape: Default::default() };
        let mut follows = actor(ramp);
        assert_eq!(deviations(&follows), [0.0; 2]);
        assert!(matches!(follows.head, Head::Gaussian { learned: false, .. }));
        (0..5).for_each(|_| follows.clock.tick(1));
        follows.adapt().unwrap();
        assert_eq!(deviations(&follows), [-1.0; 2]);
        let learns = actor(Schedule::Constant(-0.5));
        assert_eq!(deviations(&learns), [-0.5; 2]);
        assert!(matches!(learns.head, Head::Gaussian { learned: true, .. }));
    }
}
