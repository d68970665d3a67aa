//! Episode of the viewer that can be stepped forward and backward. The same episode number always gives the same
//! episode.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, DynWorld, Ending, EpisodeRunner, Error, Player, Policy, Purpose, Result, Spec, Stream,
    Streams,
};

/// One step of the episode.
#[derive(Clone, Debug)]
pub(super) struct EpisodeStep {
    /// Action of the step.
    pub(super) action: ActionBuffer,
    /// Reward of the player who acted.
    pub(super) reward: f32,
    /// Player who acted.
    pub(super) mover: Player,
    /// Whether the user chose the action.
    pub(super) by_human: bool,
    /// State of the policy's random stream and memory before the step; a step back restores this state.
    before: (Stream, Vec<f32>),
}

/// Reason for the end of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EpisodeEnd {
    /// The world reached a terminal state, which has no future rewards.
    Terminal,
    /// The world or its time limit truncated the episode.
    Truncated,
    /// The viewer truncated the episode after `Watch::max_steps` steps.
    Cut,
}

/// Episode of the viewer, and the steps made so far.
pub(super) struct Episode {
    runner: Box<dyn EpisodeRunner>,
    streams: Streams,
    max_steps: u32,
    rng: Stream,
    /// Memory of the policy, see [`Policy::memory_len`].
    memory: Vec<f32>,
    steps: Vec<EpisodeStep>,
    actions: ActionBuffer,
}

impl Episode {
    /// Episode of `world` with this `number`, before its first step.
    pub(super) fn new(world: &dyn DynWorld, streams: Streams, number: u64, max_steps: u32) -> Self {
        let mut episode = Episode {
            runner: world.episode_runner(streams, Purpose::WatchEnvironment, 0),
            streams,
            max_steps,
            rng: streams.stream(Purpose::WatchAction, 0, number),
            memory: Vec::new(),
            steps: Vec::new(),
            actions: ActionBuffer::for_spec(world.spec(), 1),
        };
        episode.begin(number);
        episode
    }

    /// Starts episode `number`, with its own random streams.
    pub(super) fn begin(&mut self, number: u64) {
        self.runner.reset(number);
        self.rng = self.streams.stream(Purpose::WatchAction, 0, number);
        self.memory.clear();
        self.steps.clear();
    }

    /// Makes one step with an action of `policy`.
    pub(super) fn act(&mut self, policy: &dyn Policy) -> Result<()> {
        let before = (self.rng.clone(), self.memory.clone());
        let mut actions = self.actions.clone();
        self.runner.select_action(policy, &mut self.memory, &mut self.rng, &mut actions)?;
        self.step(actions, false, before)
    }

    /// Makes one step with an action of the user.
    pub(super) fn play(&mut self, action: ActionBuffer) -> Result<()> {
        let before = (self.rng.clone(), self.memory.clone());
        self.step(action, true, before)
    }

    fn step(&mut self, action: ActionBuffer, by_human: bool, before: (Stream, Vec<f32>)) -> Result<()> {
        let mover = self.runner.to_play();
        let step = self.runner.step(action.as_actions())?;
        self.steps.push(EpisodeStep { action, reward: step.reward, mover, by_human, before });
        Ok(())
    }

    /// Goes one step back by replaying all steps but the last; false at the start of the episode.
    ///
    /// # Errors
    /// [`Error::Config`] if the world is not reproducible, because it uses random numbers that are not from its stream.
    pub(super) fn back(&mut self) -> Result<bool> {
        let Some(last) = self.steps.pop() else { return Ok(false) };
        let number = self.runner.episode();
        self.runner.reset(number);
        for step in &self.steps {
            let again = self.runner.step(step.action.as_actions())?;
            if again.reward.to_bits() != step.reward.to_bits() {
                return Err(Error::Config(format!(
                    "{} is not reproducible: a reward of {} became {} in a replay of episode {number}",
                    self.spec().id,
                    step.reward,
                    again.reward
                )));
            }
        }
        (self.rng, self.memory) = last.before;
        Ok(true)
    }

    /// Reason for the end of the episode; `None` while the episode runs.
    pub(super) fn over(&self) -> Option<EpisodeEnd> {
        match self.runner.ending() {
            Ending::Terminal => Some(EpisodeEnd::Terminal),
            Ending::Truncated => Some(EpisodeEnd::Truncated),
            Ending::Running if self.max_steps > 0 && self.runner.length() >= self.max_steps => {
                Some(EpisodeEnd::Cut)
            }
            Ending::Running => None,
        }
    }

    /// Last step of the episode.
    pub(super) fn last(&self) -> Option<&EpisodeStep> {
        self.steps.last()
    }

    /// Whether the user chose any action of the episode.
    pub(super) fn by_human(&self) -> bool {
        self.steps.iter().any(|step| step.by_human)
    }

    /// Number of the episode.
    pub(super) fn number(&self) -> u64 {
        self.runner.episode()
    }

    /// Runner of the world in its current state.
    pub(super) fn runner(&self) -> &dyn EpisodeRunner {
        &*self.runner
    }

    /// Specification of the world.
    pub(super) fn spec(&self) -> &Spec {
        self.runner.spec()
    }

    /// Number of steps after which the world or the viewer truncates the episode; `None` for never.
    pub(super) fn limit(&self) -> Option<u32> {
        let own = (self.max_steps > 0).then_some(self.max_steps);
        match (own, self.spec().time_limit) {
            (Some(own), Some(world)) => Some(own.min(world)),
            (own, world) => own.or(world),
        }
    }
}

/// Policies with their names, in the order in which the user cycles through them.
pub(super) type Policies = Vec<(String, Arc<dyn Policy>)>;
