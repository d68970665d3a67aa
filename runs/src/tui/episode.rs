//! Episode of the viewer, in which the user can go to any step. The same episode number always gives the same episode.

mod thinking;

use std::sync::Arc;

use super::PlayedEpisode;
use freewheel_core::record::{EpisodeRecord, RecordedActions};
use freewheel_core::{
    ActionBuffer, CellState, DynWorld, Ending, EpisodeRunner, Error, Event, Insight, Neuron, Origin, Player,
    Policy, Purpose, Result, Spec, Stream, Streams,
};

use thinking::KnownInsight;
pub(super) use thinking::Thinking;

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
}

/// Steps of an episode with all that makes them again, for another thread.
pub(super) struct EpisodeCopy {
    origin: Origin,
    number: u64,
    streams: Streams,
    max_steps: u32,
    steps: Vec<EpisodeStep>,
    sources: Vec<(Stream, Vec<f32>)>,
    events: Vec<(u32, Event)>,
    recorded: Option<RecordedActions>,
    complete: bool,
}

/// Reason for the end of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EpisodeEnd {
    /// The world reached a terminal state, which has no future rewards.
    Terminal,
    /// The world or its time limit truncated the episode.
    Truncated,
    /// The viewer truncated the episode after `Watch::max_steps` steps, or the recording ends here.
    Cut,
}

/// Episode of the viewer, and the steps made so far. After going back, the later steps are kept and made again, unless
/// a new action differs.
pub(super) struct Episode {
    runner: Box<dyn EpisodeRunner>,
    /// Random streams of the policy.
    streams: Streams,
    max_steps: u32,
    /// Known steps: those up to the current state, and later ones after going back.
    steps: Vec<EpisodeStep>,
    /// Random stream and memory of the policy before each known step, and after the last one.
    sources: Vec<(Stream, Vec<f32>)>,
    /// Events of the known steps, each with the number of steps before it.
    events: Vec<(u32, Event)>,
    /// Actions of a recording, which are made instead of those of a policy.
    recorded: Option<RecordedActions>,
    actions: ActionBuffer,
    /// Whether the last known step ends the episode.
    complete: bool,
    /// Numbers of a policy after the last known step, computed with this step.
    insight: Option<KnownInsight>,
}

impl Episode {
    /// Episode of `world` with this `number`, before its first step.
    pub(super) fn new(world: &dyn DynWorld, streams: Streams, number: u64, max_steps: u32) -> Self {
        let mut episode =
            Episode::of(world.episode_runner(streams, Purpose::WatchEnvironment, 0), streams, max_steps);
        episode.begin(number);
        episode
    }

    /// Episode of `world` with the same number and limit, with other random streams, before its first step.
    pub(super) fn with_streams(&self, world: &dyn DynWorld, streams: Streams) -> Self {
        Episode::new(world, streams, self.number(), self.max_steps)
    }

    /// Recorded episode of `world`, before its first step.
    pub(super) fn of_recording(world: &dyn DynWorld, record: &EpisodeRecord) -> Self {
        let streams = Streams::new(record.seed);
        let runner = world.episode_runner(streams, record.purpose, record.index);
        let mut episode = Episode::of(runner, streams, 0);
        episode.begin(record.episode);
        episode.recorded = Some(record.actions.clone());
        episode
    }

    /// Copy of the known steps.
    pub(super) fn copy(&self) -> EpisodeCopy {
        EpisodeCopy {
            origin: self.runner.origin(),
            number: self.number(),
            streams: self.streams,
            max_steps: self.max_steps,
            steps: self.steps.clone(),
            sources: self.sources.clone(),
            events: self.events.clone(),
            recorded: self.recorded.clone(),
            complete: self.complete,
        }
    }

    /// Copied episode of `world`, before its first step; its steps are known.
    pub(super) fn of_copy(world: &dyn DynWorld, copy: EpisodeCopy) -> Self {
        let Origin { seed, purpose, index } = copy.origin;
        let runner = world.episode_runner(Streams::new(seed), purpose, index);
        let mut episode = Episode::of(runner, copy.streams, copy.max_steps);
        episode.begin(copy.number);
        (episode.steps, episode.sources, episode.events) = (copy.steps, copy.sources, copy.events);
        (episode.recorded, episode.complete) = (copy.recorded, copy.complete);
        episode
    }

    fn of(mut runner: Box<dyn EpisodeRunner>, streams: Streams, max_steps: u32) -> Self {
        runner.keep_history();
        let actions = ActionBuffer::for_spec(runner.spec(), 1);
        let (steps, sources, events) = (Vec::new(), Vec::new(), Vec::new());
        Episode {
            runner,
            streams,
            max_steps,
            steps,
            sources,
            events,
            recorded: None,
            actions,
            complete: false,
            insight: None,
        }
    }

    /// Starts episode `number`, with its own random streams; its steps are not known yet.
    pub(super) fn begin(&mut self, number: u64) {
        self.runner.reset(number);
        self.steps.clear();
        self.events.clear();
        self.complete = false;
        self.insight = None;
        self.sources.clear();
        self.sources.push((self.streams.stream(Purpose::WatchAction, 0, number), Vec::new()));
    }

    /// Makes one step: a known or recorded one, or else one with an action of `policy`. False without any of these.
    pub(super) fn act(&mut self, policy: Option<&dyn Policy>) -> Result<bool> {
        let at = self.position();
        if at < self.steps.len() {
            return self.go_to_known(at + 1).map(|()| true);
        }
        let Some(mut source) = self.sources.last().cloned() else { return Ok(false) };
        let mut actions = self.actions.clone();
        match (self.recorded.as_ref().map(|all| all.get(at)), policy) {
            (Some(Some(recorded)), _) => actions.set(0, recorded)?,
            (None, Some(policy)) => {
                self.runner.select_action(policy, &mut source.1, &mut source.0, &mut actions)?;
            }
            _ => return Ok(false),
        }
        self.step(actions, false, source).map(|()| true)
    }

    /// Makes one step with an action of the user.
    pub(super) fn play(&mut self, action: ActionBuffer) -> Result<()> {
        let at = self.position();
        if let Some(known) = self.steps.get_mut(at)
            && known.action == action
        {
            known.by_human = true;
            return self.go_to_known(at + 1);
        }
        let Some(source) = self.sources.get(at).cloned() else { return Ok(()) };
        self.step(action, true, source)
    }

    /// Makes a step that is not known; `source` is the policy's random stream and memory after it.
    fn step(&mut self, action: ActionBuffer, by_human: bool, source: (Stream, Vec<f32>)) -> Result<()> {
        let (at, mover) = (self.position(), self.runner.to_play());
        let step = self.runner.step(action.as_actions())?;
        self.insight = None;
        self.add_step(at, EpisodeStep { action, reward: step.reward, mover, by_human }, source);
        Ok(())
    }

    /// Adds the step that the runner has made after `at` steps, in place of later ones.
    fn add_step(&mut self, at: usize, step: EpisodeStep, source: (Stream, Vec<f32>)) {
        self.steps.truncate(at);
        self.sources.truncate(at + 1);
        self.events.retain(|(before, _)| (*before as usize) < at);
        self.events.extend(self.runner.events().last().filter(|(before, _)| *before as usize == at).cloned());
        // From the first other action on, the recording is not valid.
        let recorded = self.recorded.as_ref().and_then(|all| all.get(at));
        if step.by_human && recorded != Some(step.action.as_actions()) {
            self.recorded = None;
        }
        self.steps.push(step);
        self.sources.push(source);
        self.complete = self.over().is_some();
    }

    /// Goes to the state after `step` steps, or to the last one that is known or recorded. Later steps stay known.
    ///
    /// # Errors
    /// Errors of a step; [`Error::Config`] if the world is not reproducible, because it uses random numbers that are
    /// not from its stream.
    pub(super) fn go_to(&mut self, step: usize) -> Result<()> {
        self.go_to_known(step.min(self.steps.len()))?;
        while self.position() < step && self.recorded.is_some() && self.act(None)? {}
        Ok(())
    }

    fn go_to_known(&mut self, step: usize) -> Result<()> {
        if self.runner.seek(step as u32) {
            return Ok(());
        }
        // Runner without a history: all steps are made again.
        if step < self.position() {
            self.runner.reset(self.runner.episode());
        }
        for known in &self.steps[self.position().min(step)..step] {
            let again = self.runner.step(known.action.as_actions())?;
            if again.reward.to_bits() != known.reward.to_bits() {
                return Err(Error::Config(format!(
                    "{} is not reproducible: a reward of {} became {} in a replay of episode {}",
                    self.spec().id,
                    known.reward,
                    again.reward,
                    self.number()
                )));
            }
        }
        Ok(())
    }

    /// Number of steps from the start to the current state.
    pub(super) fn position(&self) -> usize {
        self.runner.length() as usize
    }

    /// Number of steps that are known or recorded, at least [`Episode::position`].
    pub(super) fn known(&self) -> usize {
        self.recorded.as_ref().map_or(0, RecordedActions::len).max(self.steps.len())
    }

    /// Whether the end of the episode is known.
    pub(super) fn is_complete(&self) -> bool {
        self.recorded.is_some() || self.complete
    }

    /// Whether a step can be made without a policy, because it is known or recorded.
    pub(super) fn has_next(&self) -> bool {
        self.position() < self.known()
    }

    /// Lets the user or a policy continue after the last step of a recording.
    pub(super) fn continue_recording(&mut self) {
        if self.position() == self.known() {
            self.recorded = None;
        }
    }

    /// Reason for the end of the episode; `None` while the episode runs.
    pub(super) fn over(&self) -> Option<EpisodeEnd> {
        let at = self.position();
        match self.runner.ending() {
            Ending::Terminal => Some(EpisodeEnd::Terminal),
            Ending::Truncated => Some(EpisodeEnd::Truncated),
            Ending::Running if self.max_steps > 0 && at >= self.max_steps as usize => Some(EpisodeEnd::Cut),
            Ending::Running if self.recorded.as_ref().is_some_and(|all| at >= all.len()) => {
                Some(EpisodeEnd::Cut)
            }
            Ending::Running => None,
        }
    }

    /// Numbers of `policy` about the current state.
    pub(super) fn insight(&self, policy: &dyn Policy) -> Option<Insight> {
        let known = self.insight.as_ref().filter(|known| known.is_of(policy, self.position()));
        if let Some(known) = known {
            return known.insight.clone();
        }
        let (rng, memory) = self.sources.get(self.position())?;
        self.runner.insight(policy, memory, rng)
    }

    /// Numbers of `policy` about the state of a cell of the picture, with the memory of the current state; `None` for a
    /// scripted policy.
    pub(super) fn insight_into(&self, policy: &dyn Policy, cell: &CellState) -> Option<Insight> {
        let (_, memory) = self.sources.get(self.position())?;
        policy.script().is_none().then(|| policy.insight(&cell.obs, &cell.legal, memory)).flatten()
    }

    /// Neuron of the network of `policy`; see [`Policy::neuron`].
    pub(super) fn neuron(&self, policy: &dyn Policy, layer: usize, unit: usize) -> Option<Neuron> {
        let (_, memory) = self.sources.get(self.position())?;
        policy.neuron(self.runner.obs(), memory, layer, unit)
    }

    /// Action of the next step: the known or recorded one, or else that of `policy`, without a step; `None` for a
    /// scripted or a planning policy, which may take long.
    pub(super) fn next_action(&self, policy: Option<&dyn Policy>) -> Option<ActionBuffer> {
        let at = self.position();
        if let Some(step) = self.steps.get(at) {
            return Some(step.action.clone());
        }
        let mut actions = self.actions.clone();
        if let Some(recorded) = &self.recorded {
            actions.set(0, recorded.get(at)?).ok()?;
            return Some(actions);
        }
        let policy = policy.filter(|policy| policy.script().is_none() && !policy.plans())?;
        let (mut rng, mut memory) = self.sources.get(at).cloned()?;
        self.runner.select_action(policy, &mut memory, &mut rng, &mut actions).ok()?;
        Some(actions)
    }

    /// Makes one step with an action of an agent that learns from it.
    pub(super) fn learn(&mut self, action: ActionBuffer) -> Result<()> {
        let Some(source) = self.sources.get(self.position()).cloned() else { return Ok(()) };
        self.step(action, false, source)
    }

    /// Rewards of the steps up to the current state.
    pub(super) fn rewards(&self) -> Vec<f32> {
        self.steps.iter().take(self.position()).map(|step| step.reward).collect()
    }

    /// Last step of the episode up to the current state.
    pub(super) fn last(&self) -> Option<&EpisodeStep> {
        self.steps.get(self.position().checked_sub(1)?)
    }

    /// Known steps, also those after the current state.
    pub(super) fn steps(&self) -> &[EpisodeStep] {
        &self.steps
    }

    /// Events of the known steps, each with the number of steps before it.
    pub(super) fn events(&self) -> &[(u32, Event)] {
        &self.events
    }

    /// Whether the user chose any action up to the current state.
    pub(super) fn by_human(&self) -> bool {
        self.steps.iter().take(self.position()).any(|step| step.by_human)
    }

    /// Episode so far, as the user played it; `None` without an action of the user.
    pub(super) fn played(&self) -> Option<PlayedEpisode> {
        let steps = &self.steps[..self.position().min(self.steps.len())];
        let human_steps = steps.iter().filter(|step| step.by_human).count();
        if human_steps == 0 {
            return None;
        }
        let actions = steps.iter().map(|step| step.action.clone()).collect();
        Some(PlayedEpisode { episode: self.number(), actions, human_steps })
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
