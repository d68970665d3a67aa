//! [`Demonstration`]: one episode.

use super::{EpisodeOrigin, Label, WorldHeader};
use crate::record::RecordedActions;
use crate::{
    ActionSpace, Actions, DynWorld, Ending, EpisodeRunner, ObservationSpace, Player, Spec, Step, Streams,
};

/// A recorded episode of T steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Demonstration {
    /// Origin of the actions.
    pub label: Label,
    /// Random stream of the world, to replay the episode; `None` for an episode of another program.
    pub origin: Option<EpisodeOrigin>,
    /// Actions from the start of the world's episode to the first recorded observation, such as the moves that place
    /// handicap stones; usually none. They are replayed, and not learned from.
    pub opening: RecordedActions,
    /// Observations of the player to move, `[T + 1, D]`; empty in a set of actions only.
    pub observations: Vec<f32>,
    /// Masks of legal actions, `[T + 1, A]`; empty in a world without masks and in a set of actions only.
    pub legal: Vec<bool>,
    /// Players to move, `[T + 1]`; empty in a world of one player.
    pub to_play: Vec<Player>,
    /// Actions, `[T]`.
    pub actions: RecordedActions,
    /// Rewards of the player who moved, `[T]`.
    pub rewards: Vec<f32>,
    /// State of the episode after the last step; `Truncated` also for an episode that its player has left.
    pub ending: Ending,
    /// Return of the first player, with the discount of the world.
    pub episode_return: f64,
    /// Score of the episode, see [`Spec::score`]; the return, unless the world has another score.
    pub score: f64,
}

impl Demonstration {
    /// Episode without steps at the state of `runner`, whose world observation, mask and player are recorded.
    pub fn start(runner: &dyn EpisodeRunner, label: Label) -> Self {
        let spec = runner.spec();
        let mut episode = Demonstration {
            label,
            origin: Some(EpisodeOrigin { streams: runner.origin(), episode: runner.episode() }),
            opening: RecordedActions::for_spec(spec),
            observations: Vec::new(),
            legal: Vec::new(),
            to_play: Vec::new(),
            actions: RecordedActions::for_spec(spec),
            rewards: Vec::new(),
            ending: Ending::Running,
            episode_return: 0.0,
            score: 0.0,
        };
        episode.push_state(runner);
        episode
    }

    /// Adds a step that `runner` has just made with `action`.
    pub fn push(&mut self, action: Actions<'_>, step: Step, runner: &dyn EpisodeRunner) {
        self.actions.push(action);
        self.rewards.push(step.reward);
        self.push_state(runner);
    }

    fn push_state(&mut self, runner: &dyn EpisodeRunner) {
        self.observations.extend(runner.world_obs());
        if runner.spec().masked {
            self.legal.extend(runner.legal());
        }
        if runner.spec().players > 1 {
            self.to_play.push(runner.to_play());
        }
        self.take_result(runner);
    }

    fn take_result(&mut self, runner: &dyn EpisodeRunner) {
        self.ending = runner.ending();
        self.episode_return = runner.episode_return();
        self.score = runner.spec().score.of(self.episode_return, &runner.measures());
    }

    /// Forgets all steps after the first `steps`, after which `runner` is now.
    pub fn rewind(&mut self, steps: usize, runner: &dyn EpisodeRunner) {
        if steps >= self.len() {
            return;
        }
        let states = self.len() + 1;
        let rows = |len: usize| len / states * (steps + 1);
        self.observations.truncate(rows(self.observations.len()));
        self.legal.truncate(rows(self.legal.len()));
        self.to_play.truncate(rows(self.to_play.len()));
        self.actions.truncate(steps);
        self.rewards.truncate(steps);
        self.take_result(runner);
    }

    /// Makes all recorded steps the opening of an episode that starts now, at the state of `runner`.
    pub fn begin_here(&mut self, runner: &dyn EpisodeRunner) {
        for i in 0..self.actions.len() {
            if let Some(action) = self.actions.get(i) {
                self.opening.push(action);
            }
        }
        self.actions.truncate(0);
        (self.observations, self.legal, self.to_play) = (Vec::new(), Vec::new(), Vec::new());
        self.rewards.clear();
        self.push_state(runner);
    }

    /// The finished episode: a running one is truncated after the last step.
    #[must_use]
    pub fn finish(mut self) -> Self {
        if !self.ending.is_over() {
            self.ending = Ending::Truncated;
        }
        self
    }

    /// T, the number of steps.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether T is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Observation before step `t` of 0..=T, `[D]`; empty for another `t`.
    pub fn observation(&self, t: usize) -> &[f32] {
        row(&self.observations, t, self.len() + 1)
    }

    /// Mask before step `t` of 0..=T, `[A]`; empty in a world without masks.
    pub fn mask(&self, t: usize) -> &[bool] {
        row(&self.legal, t, self.len() + 1)
    }

    /// Return of the first player by the rewards, with discount `gamma`.
    pub fn return_of_rewards(&self, gamma: f64) -> f64 {
        let mut discount = 1.0;
        self.rewards.iter().enumerate().fold(0.0, |sum, (t, &reward)| {
            let sign = if self.to_play.get(t) == Some(&Player::Second) { -1.0 } else { 1.0 };
            let sum = sum + discount * f64::from(sign * reward);
            discount *= gamma;
            sum
        })
    }

    /// Checks the lengths and values: spaces, masks, players, actions, rewards and the ending.
    ///
    /// # Errors
    /// The first fault, as text.
    pub fn check(&self, header: &WorldHeader) -> Result<(), String> {
        let (steps, states) = (self.len(), self.len() + 1);
        let fail = |why: String| Err(why);
        let numbers = if header.actions_only { 0 } else { states * header.observation.len() };
        if self.observations.len() != numbers || self.rewards.len() != steps {
            return fail(format!("the numbers of observations and rewards do not fit {steps} steps"));
        }
        let (masks, players) = (
            if header.masked && !header.actions_only { states * header.actions.count() } else { 0 },
            if header.players > 1 { states } else { 0 },
        );
        if (self.legal.len(), self.to_play.len()) != (masks, players) {
            return fail("the masks or players do not fit the world".into());
        }
        if let ObservationSpace::Discrete { n } = header.observation
            && let Some(t) =
                self.observations.iter().position(|&x| !(0.0..n as f32).contains(&x) || x.fract() != 0.0)
        {
            return fail(format!(
                "observation {t} is {}, and must be an index below {n}",
                self.observations[t]
            ));
        }
        if let Some(t) = self.observations.iter().position(|x| x.is_nan()) {
            return fail(format!("observation {} is NaN", t / header.observation.len().max(1)));
        }
        if let Some(t) = self.rewards.iter().position(|x| !x.is_finite()) {
            return fail(format!("reward {t} is {}, and must be finite", self.rewards[t]));
        }
        if self.ending == Ending::Running {
            return fail("the episode has no ending".into());
        }
        for t in 0..steps {
            let allowed = match (self.actions.get(t), &header.actions) {
                (Some(Actions::Discrete(&[a])), ActionSpace::Discrete { names }) => {
                    (a as usize) < names.len() && self.mask(t).get(a as usize) != Some(&false)
                }
                (Some(Actions::Continuous(a)), ActionSpace::Continuous { names, .. }) => {
                    a.len() == names.len() && a.iter().all(|x| x.is_finite())
                }
                _ => false,
            };
            if !allowed {
                return fail(format!("the action of step {t} is not legal"));
            }
        }
        Ok(())
    }

    /// Replays the actions in `world` from the seed, and compares all observations, masks, rewards and the ending.
    ///
    /// # Errors
    /// The first difference, as text; or that the episode has no seed.
    pub fn verify(&self, world: &dyn DynWorld) -> Result<(), String> {
        let Some(origin) = self.origin else {
            return Err("it has no seed, because it comes from another program".into());
        };
        let streams = Streams::new(origin.streams.seed);
        let mut runner = world.episode_runner(streams, origin.streams.purpose, origin.streams.index);
        let again = self.replay(&mut *runner, origin.episode)?;
        let states = self.len() + 1;
        for t in 0..states {
            let bits = |all: &[f32]| all.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            let seen = !self.observations.is_empty();
            if seen && bits(self.observation(t)) != bits(again.observation(t)) {
                return Err(format!("the observation before step {t} differs"));
            }
            let same_mask = !seen || self.mask(t) == again.mask(t);
            if !same_mask || self.to_play.get(t) != again.to_play.get(t) {
                return Err(format!("the mask or the player before step {t} differs"));
            }
            if self.rewards.get(t).map(|x| x.to_bits()) != again.rewards.get(t).map(|x| x.to_bits()) {
                let of = |rewards: &[f32]| rewards.get(t).copied().unwrap_or(f32::NAN);
                return Err(format!(
                    "the reward of step {t} was {} and is {}",
                    of(&self.rewards),
                    of(&again.rewards)
                ));
            }
        }
        let same = |was: f64, is: f64| was == is || (was.is_nan() && is.is_nan());
        if !same(self.episode_return, again.episode_return) || !same(self.score, again.score) {
            let (was, is) = (self.score, again.score);
            return Err(format!("the return or the score differs: the score was {was} and is {is}"));
        }
        match (self.ending, again.ending) {
            (was, is) if was == is => Ok(()),
            // Left by its player.
            (Ending::Truncated, Ending::Running) => Ok(()),
            (was, is) => Err(format!("the ending was {was:?} and is {is:?}")),
        }
    }

    /// Forgets the observations and masks.
    #[must_use]
    pub fn actions_only(self) -> Self {
        Demonstration { observations: Vec::new(), legal: Vec::new(), ..self }
    }

    /// Plays the opening and the actions of this episode in `world`, and calls `before_step` before each action with
    /// the runner and the action. Returns the number of steps: fewer than T if an action is illegal in `world`.
    ///
    /// # Errors
    /// That the episode has no seed, or an action of its opening is illegal, as text.
    pub fn replay_each(
        &self,
        world: &dyn DynWorld,
        mut before_step: impl FnMut(&dyn EpisodeRunner, Actions<'_>),
    ) -> Result<usize, String> {
        let origin = self.origin.ok_or("it has no seed, because it comes from another program")?;
        let streams = Streams::new(origin.streams.seed);
        let mut runner = world.episode_runner(streams, origin.streams.purpose, origin.streams.index);
        runner.reset(origin.episode);
        for i in 0..self.opening.len() {
            if let Some(action) = self.opening.get(i) {
                runner.step(action).map_err(|e| format!("action {i} of the opening: {e}"))?;
            }
        }
        for t in 0..self.len() {
            let Some(action) = self.actions.get(t) else { return Ok(t) };
            let legal = match action {
                Actions::Discrete(&[a]) => runner.legal().get(a as usize) == Some(&true),
                _ => true,
            };
            if !legal || runner.ending().is_over() {
                return Ok(t);
            }
            before_step(&*runner, action);
            if runner.step(action).is_err() {
                return Ok(t + 1);
            }
        }
        Ok(self.len())
    }

    /// Plays the opening and the actions of this episode in `runner`, and records the result anew.
    ///
    /// # Errors
    /// An action that the world refuses, as text.
    pub fn replay(&self, runner: &mut dyn EpisodeRunner, episode: u64) -> Result<Demonstration, String> {
        runner.reset(episode);
        for i in 0..self.opening.len() {
            if let Some(action) = self.opening.get(i) {
                runner.step(action).map_err(|e| format!("action {i} of the opening: {e}"))?;
            }
        }
        let mut again = Demonstration::start(runner, self.label.clone());
        again.opening = self.opening.clone();
        for t in 0..self.len() {
            if let Some(action) = self.actions.get(t) {
                let step = runner.step(action).map_err(|e| format!("step {t}: {e}"))?;
                again.push(action, step, runner);
            }
        }
        Ok(again)
    }
}

/// Row `i` of `all`, which has `rows` rows; empty for a row outside.
fn row<T>(all: &[T], i: usize, rows: usize) -> &[T] {
    let width = all.len() / rows;
    all.get(i * width..(i + 1) * width).unwrap_or_default()
}

impl RecordedActions {
    /// No actions, of the kind of the world of `spec`.
    pub fn for_spec(spec: &Spec) -> Self {
        RecordedActions::for_space(&spec.actions)
    }

    /// No actions, of the kind of `space`.
    pub fn for_space(space: &ActionSpace) -> Self {
        match space {
            ActionSpace::Discrete { .. } => RecordedActions::Discrete(Vec::new()),
            ActionSpace::Continuous { .. } => RecordedActions::Continuous(Vec::new()),
        }
    }

    /// Forgets all actions after the first `len`.
    pub fn truncate(&mut self, len: usize) {
        match self {
            RecordedActions::Discrete(all) => all.truncate(len),
            RecordedActions::Continuous(all) => all.truncate(len),
        }
    }
}
