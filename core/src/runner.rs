//! [`EpisodeRunner`]: one episode at a time without automatic reset, to watch, to play by hand, to record or to replay.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::{EpisodeClock, EpisodeLimits, no_script};
use crate::{
    Action, ActionBuffer, Actions, CellState, Ending, EnvSimulator, Error, Event, Frame, Insight, Player,
    Policy, Purpose, Result, Scene, Simulator, Spec, Step, Stream, Streams, World,
};

/// Random streams of a runner: episode e uses the stream (seed, purpose, index, e).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Seed of the run.
    pub seed: u64,
    /// Purpose of the streams.
    pub purpose: Purpose,
    /// Environment index.
    pub index: u64,
}

/// One environment without automatic reset, with the loop of Gymnasium's `Env`.
///
/// ```
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::corridor;
///
/// let mut runner = corridor().shared().episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0);
/// for episode in 0..3 {
///     runner.reset(episode);
///     while !runner.ending().is_over() {
///         runner.step(Actions::Discrete(&[1]))?;
///     }
///     assert_eq!((runner.length(), runner.episode_return()), (4, 1.0));
/// }
/// # Ok::<(), Error>(())
/// ```
pub trait EpisodeRunner: Send {
    /// Static description of the world.
    fn spec(&self) -> &Spec;
    /// Random streams of the episodes of this runner.
    fn origin(&self) -> Origin;
    /// Starts the episode number `episode`, which is a pure function of the random streams and this number.
    fn reset(&mut self, episode: u64);
    /// Number of the current episode.
    fn episode(&self) -> u64;
    /// Observation of the player to move, `[D]`.
    fn obs(&self) -> &[f32];
    /// Untransformed observation of the world, as recorded. It differs from [`EpisodeRunner::obs`] if a wrapper, such
    /// as a [`FrameStack`](crate::FrameStack) or an encoder, transforms observations.
    fn world_obs(&self) -> &[f32] {
        self.obs()
    }
    /// Mask of legal actions, `[A]`.
    fn legal(&self) -> &[bool];
    /// Player to move.
    fn to_play(&self) -> Player;
    /// Writes the action of `policy` into `actions`, a buffer of one action, and updates its `memory`, whose length
    /// becomes [`Policy::memory_len`]; the memory is empty or 0 at the start of an episode. A scripted policy
    /// ([`Policy::script`]) is computed from the state instead of the observation, and a planning one
    /// ([`Policy::plans`]) by simulation.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the world does not have the scripted policy.
    fn select_action(
        &self,
        policy: &dyn Policy,
        memory: &mut Vec<f32>,
        rng: &mut Stream,
        actions: &mut ActionBuffer,
    ) -> Result<()> {
        memory.resize(policy.memory_len(), 0.0);
        match policy.script() {
            Some(script) => {
                self.scripted(script, rng, actions)?;
                policy.disturb(0, self.legal(), rng, actions);
                Ok(())
            }
            None => {
                let rngs = std::slice::from_mut(rng);
                if policy.plans()
                    && let Some(simulator) = self.simulator()
                {
                    policy.plan(&mut [simulator], rngs, actions);
                    return Ok(());
                }
                policy.act_with_memory(self.obs(), self.legal(), memory, rngs, actions);
                Ok(())
            }
        }
    }
    /// Copy of this runner in its current state, with its history: equal steps of both give equal results. `None` where
    /// an episode cannot be copied.
    fn fork(&self) -> Option<Box<dyn EpisodeRunner>> {
        None
    }
    /// Simulator that begins in the current state; see [`VectorEnv::simulator`](crate::VectorEnv::simulator).
    fn simulator(&self) -> Option<Box<dyn Simulator>> {
        None
    }
    /// Writes the action of scripted policy `script` into `actions`, a buffer of one action.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the world does not have the scripted policy.
    fn scripted(&self, script: usize, rng: &mut Stream, actions: &mut ActionBuffer) -> Result<()>;
    /// Takes one action and applies the world's time limit.
    ///
    /// # Errors
    /// [`Error::IllegalAction`]; [`Error::Config`] after the end of the episode, or for actions of another kind or
    /// number. After an error, the episode is unchanged.
    fn step(&mut self, action: Actions<'_>) -> Result<Step>;
    /// Number of steps of the episode so far.
    fn length(&self) -> u32;
    /// Return of the first player so far, with the world's discount.
    fn episode_return(&self) -> f64;
    /// Current values of [`Spec::measures`], `[M]`.
    fn measures(&self) -> Vec<f64>;
    /// Whether the episode is running, terminated or truncated after the last step.
    fn ending(&self) -> Ending;
    /// Keeps the states of the episode from now on, for [`EpisodeRunner::seek`], [`EpisodeRunner::events`] and drawings
    /// with a trail. Each step then copies a state.
    fn keep_history(&mut self) {}
    /// Goes to the state after `step` steps of the episode, back or forward; false, without a change, if the runner has
    /// not kept this state. The next [`EpisodeRunner::step`] forgets the later states.
    fn seek(&mut self, _step: u32) -> bool {
        false
    }
    /// Events of the steps up to the current state, each with the number of steps before it; empty without a history.
    fn events(&self) -> &[(u32, Event)] {
        &[]
    }
    /// Numbers of `policy`, with the memory `memory [M]`, about the current state. For a scripted policy, see
    /// [`World::script_insight`]; `rng` is the generator of its next action, of which a copy is used.
    fn insight(&self, policy: &dyn Policy, memory: &[f32], _rng: &Stream) -> Option<Insight> {
        match policy.script() {
            Some(_) => None,
            None => policy.insight(self.obs(), self.legal(), memory),
        }
    }
    /// See [`World::observation_names`].
    fn observation_names(&self) -> Vec<String> {
        Vec::new()
    }
    /// Description of the current state; see [`World::describe`].
    fn describe(&self) -> Option<String> {
        None
    }
    /// Complete state of the episode for [`EpisodeRunner::load`], random stream included; a history is not part of it.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a runner that cannot be saved, such as one of transformed observations.
    fn save(&self) -> Result<Vec<u8>> {
        Err(Error::Unsupported(format!("an episode of {} cannot be saved", self.spec().id)))
    }
    /// Restores the state that [`EpisodeRunner::save`] returned, of any episode of this world; the history is
    /// forgotten.
    ///
    /// # Errors
    /// [`Error::Config`] for bytes of another world; the episode is unchanged then.
    fn load(&mut self, _bytes: &[u8]) -> Result<()> {
        Err(Error::Unsupported(format!("an episode of {} cannot be restored", self.spec().id)))
    }
    /// Draws the current state into `frame`; see [`World::draw`].
    fn draw(&self, policy: Option<&dyn Policy>, frame: &mut Frame);
    /// Action that a click on a cell of `frame` means, a drawing of the current state; see [`World::action_at`].
    fn action_at(&self, _frame: &Frame, _column: usize, _row: usize) -> Option<u32> {
        None
    }
    /// Column and row of the cell of `frame` that stands for `action`; see [`World::action_cell`].
    fn action_cell(&self, _frame: &Frame, _action: u32) -> Option<(usize, usize)> {
        None
    }
    /// State that a cell of `frame` stands for, a drawing of the current state; see [`World::cell_at`].
    fn cell_at(&self, _frame: &Frame, _column: usize, _row: usize) -> Option<CellState> {
        None
    }
}

/// An [`EpisodeRunner`] over the rules of a world.
pub(crate) struct SingleEpisode<W: World> {
    world: Arc<W>,
    streams: Streams,
    purpose: Purpose,
    index: u64,
    rng: Stream,
    state: W::State,
    obs: Vec<f32>,
    legal: Vec<bool>,
    clock: EpisodeClock,
    ending: Ending,
    history: Option<History<W::State>>,
}

/// States of an episode before each of its steps, and the states after the current one, if the runner went back.
#[derive(Clone)]
struct History<S> {
    states: Vec<S>,
    /// Random stream and clock that belong to each state.
    sources: Vec<(Stream, EpisodeClock)>,
    /// States after the current one with their streams, clocks and endings, the last one first.
    later: Vec<(S, Stream, EpisodeClock, Ending)>,
    /// Events of all steps, also those of `later`.
    events: Vec<(u32, Event)>,
}

impl<S> History<S> {
    /// History of an episode from its current state on.
    fn new() -> Self {
        History { states: Vec::new(), sources: Vec::new(), later: Vec::new(), events: Vec::new() }
    }
}

impl<W: World> SingleEpisode<W> {
    pub(crate) fn new(world: Arc<W>, streams: Streams, purpose: Purpose, index: u64) -> Self {
        let spec = world.spec();
        let (obs, legal) = (vec![0.0; spec.observation.len()], vec![true; spec.actions.count()]);
        let mut rng = streams.stream(purpose, index, 0);
        let state = world.reset(&mut rng);
        let mut runner = SingleEpisode {
            world,
            streams,
            purpose,
            index,
            rng,
            state,
            obs,
            legal,
            clock: EpisodeClock::start(0),
            ending: Ending::Running,
            history: None,
        };
        runner.observe();
        runner
    }

    fn observe(&mut self) {
        self.world.observe(&self.state, &mut self.obs);
        if self.world.spec().masked {
            self.world.legal(&self.state, &mut self.legal);
        }
    }
}

impl<W: World> EpisodeRunner for SingleEpisode<W> {
    fn spec(&self) -> &Spec {
        self.world.spec()
    }

    fn origin(&self) -> Origin {
        Origin { seed: self.streams.seed, purpose: self.purpose, index: self.index }
    }

    fn reset(&mut self, episode: u64) {
        self.rng = self.streams.stream(self.purpose, self.index, episode);
        self.state = self.world.reset(&mut self.rng);
        (self.clock, self.ending) = (EpisodeClock::start(episode), Ending::Running);
        if self.history.is_some() {
            self.keep_history();
        }
        self.observe();
    }

    fn episode(&self) -> u64 {
        self.clock.episode
    }

    fn obs(&self) -> &[f32] {
        &self.obs
    }

    fn legal(&self) -> &[bool] {
        &self.legal
    }

    fn to_play(&self) -> Player {
        self.world.to_play(&self.state)
    }

    fn scripted(&self, script: usize, rng: &mut Stream, actions: &mut ActionBuffer) -> Result<()> {
        match self.world.scripted(script, &self.state, rng) {
            Some(action) => actions.set(0, action.as_actions()),
            None => Err(no_script(self.world.spec(), script)),
        }
    }

    fn step(&mut self, action: Actions<'_>) -> Result<Step> {
        if self.ending.is_over() {
            return Err(Error::Config("the episode has ended; call reset first".into()));
        }
        let action = match <W::Action as Action>::from_actions(action, 1) {
            Some([action]) => *action,
            _ => {
                return Err(Error::Config(format!(
                    "{}: expected one action of the world's own kind",
                    self.spec().id
                )));
            }
        };
        if !action.is_allowed(&self.legal) {
            return Err(Error::IllegalAction { row: 0, action: format!("{action:?}") });
        }
        let mover = self.to_play();
        if let Some(history) = &mut self.history {
            history.states.push(self.state.clone());
            history.sources.push((self.rng.clone(), self.clock));
            history.later.clear();
            history.events.retain(|(at, _)| *at < self.clock.length);
        }
        let mut step = self.world.step(&mut self.state, action, &mut self.rng);
        step.ending = self.clock.advance(step, mover, EpisodeLimits::of(self.world.spec()));
        self.ending = step.ending;
        if let Some(history) = &mut self.history
            && let Some(before) = history.states.last()
            && let Some(event) = self.world.event(before, action, &self.state, step)
        {
            history.events.push((self.clock.length - 1, event));
        }
        self.observe();
        self.world.check()?;
        Ok(step)
    }

    fn length(&self) -> u32 {
        self.clock.length
    }

    fn episode_return(&self) -> f64 {
        self.clock.episode_return
    }

    fn measures(&self) -> Vec<f64> {
        let mut measures = vec![f64::NAN; self.world.spec().measures.len()];
        self.world.measure(&self.state, &mut measures);
        measures
    }

    fn ending(&self) -> Ending {
        self.ending
    }

    fn keep_history(&mut self) {
        self.history = Some(History::new());
    }

    fn seek(&mut self, step: u32) -> bool {
        let Some(history) = &mut self.history else { return false };
        let now = self.clock.length;
        // A history that began in the middle of an episode lacks the first states.
        let (back, forward) = (now.saturating_sub(step) as usize, step.saturating_sub(now) as usize);
        if back > history.states.len() || forward > history.later.len() {
            return false;
        }
        for _ in 0..back {
            let (Some(state), Some((rng, clock))) = (history.states.pop(), history.sources.pop()) else {
                break;
            };
            let after = std::mem::replace(&mut self.state, state);
            let (after_rng, after_clock) =
                (std::mem::replace(&mut self.rng, rng), std::mem::replace(&mut self.clock, clock));
            history.later.push((after, after_rng, after_clock, self.ending));
            self.ending = Ending::Running;
        }
        for _ in 0..forward {
            let Some((state, rng, clock, ending)) = history.later.pop() else { break };
            history.states.push(std::mem::replace(&mut self.state, state));
            let before = (std::mem::replace(&mut self.rng, rng), std::mem::replace(&mut self.clock, clock));
            history.sources.push(before);
            self.ending = ending;
        }
        if step != now {
            self.observe();
        }
        true
    }

    fn events(&self) -> &[(u32, Event)] {
        let Some(history) = &self.history else { return &[] };
        let made = history.events.partition_point(|(at, _)| *at < self.clock.length);
        &history.events[..made]
    }

    fn insight(&self, policy: &dyn Policy, memory: &[f32], rng: &Stream) -> Option<Insight> {
        match policy.script() {
            Some(script) => self.world.script_insight(script, &self.state, &mut rng.clone()),
            None if policy.plans() && !self.ending.is_over() => {
                policy.plan_insight(self.simulator()?, &mut rng.clone())
            }
            None => policy.insight(&self.obs, &self.legal, memory),
        }
    }

    fn fork(&self) -> Option<Box<dyn EpisodeRunner>> {
        Some(Box::new(SingleEpisode {
            world: Arc::clone(&self.world),
            streams: self.streams,
            purpose: self.purpose,
            index: self.index,
            rng: self.rng.clone(),
            state: self.state.clone(),
            obs: self.obs.clone(),
            legal: self.legal.clone(),
            clock: self.clock,
            ending: self.ending,
            history: self.history.clone(),
        }))
    }

    fn simulator(&self) -> Option<Box<dyn Simulator>> {
        let limits = EpisodeLimits::of(self.world.spec());
        let (world, state) = (Arc::clone(&self.world), self.state.clone());
        Some(Box::new(EnvSimulator::after(world, state, self.clock.length, limits)?))
    }

    fn observation_names(&self) -> Vec<String> {
        self.world.observation_names()
    }

    fn describe(&self) -> Option<String> {
        self.world.describe(&self.state)
    }

    fn save(&self) -> Result<Vec<u8>> {
        let spec = self.world.spec();
        let saved = (&spec.id, spec.version, &self.state, &self.rng, self.clock, self.ending);
        postcard::to_stdvec(&saved)
            .map_err(|e| Error::Unsupported(format!("an episode of {} cannot be saved: {e}", spec.id)))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let spec = self.world.spec();
        let not_ours = || Error::Config(format!("this is not a saved episode of {}", spec.id));
        // The world first: bytes of another world may parse as a state of this one.
        let ((id, version), rest): ((String, u32), _) =
            postcard::take_from_bytes(bytes).map_err(|_| not_ours())?;
        if (id.as_str(), version) != (spec.id.as_str(), spec.version) {
            return Err(not_ours());
        }
        let ((state, rng, clock, ending), rest): ((W::State, Stream, EpisodeClock, Ending), _) =
            postcard::take_from_bytes(rest).map_err(|_| not_ours())?;
        if !rest.is_empty() || !self.world.is_valid(&state) {
            return Err(not_ours());
        }
        (self.state, self.rng, self.clock, self.ending) = (state, rng, clock, ending);
        if self.history.is_some() {
            self.keep_history();
        }
        self.observe();
        Ok(())
    }

    fn draw(&self, policy: Option<&dyn Policy>, frame: &mut Frame) {
        let past = self.history.as_ref().map_or(&[][..], |history| &history.states);
        self.world.draw(&Scene { state: &self.state, past, policy }, frame);
    }

    fn action_at(&self, frame: &Frame, column: usize, row: usize) -> Option<u32> {
        self.world.action_at(&self.state, frame, column, row)
    }

    fn action_cell(&self, frame: &Frame, action: u32) -> Option<(usize, usize)> {
        self.world.action_cell(&self.state, frame, action)
    }

    fn cell_at(&self, frame: &Frame, column: usize, row: usize) -> Option<CellState> {
        self.world.cell_at(&self.state, frame, column, row)
    }
}
