//! Learning from the steps that are watched: an agent acts in the episode of the viewer and learns from each step.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, Actions, Agent, BatchView, DynWorld, Ending, EpisodeRunner, Error, Player, Policy,
    PolicyMode, Purpose, Result, Simulator, Spec, Stream, Streams, Update, VectorEnv,
};

use super::episode::Episode;
use crate::messages::screens::tr;

/// Agent that can learn in the viewer.
pub struct LearnHere {
    /// Name of the agent, such as `q-learning`.
    pub name: String,
    /// The agent, for one environment; it must keep its updates, see [`Agent::keep_updates`].
    pub agent: Box<dyn Agent>,
    /// Saved states of the agent, one for each policy of the viewer, in their order; for a policy without one, the
    /// agent begins with the state that it has.
    pub saved: Vec<Vec<u8>>,
}

/// Agent that learns in the viewer, with its current policy.
pub(super) struct Learner {
    agent: Box<dyn Agent>,
    name: String,
    saved: Vec<Vec<u8>>,
    /// State of the agent before any learning here.
    fresh: Vec<u8>,
    /// Whether the agent learns now.
    is_active: bool,
    /// Name of the agent, and the table it began with.
    label: String,
    /// Greedy policy of the agent after its last update.
    policy: Arc<dyn Policy>,
    /// Number of steps that the agent has learned from.
    steps: u64,
    /// Runner of the episode after the current one, whose first state the agent gets when an episode ends.
    next: Box<dyn EpisodeRunner>,
    /// Number of the episode and the steps in it where the agent continues.
    place: Option<(u64, u32)>,
}

impl Learner {
    /// Learner in episodes of `world` with the random streams `streams` of the viewer; it does not learn yet.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an agent whose updates are no equations; errors of [`Agent::save`].
    pub(super) fn new(learn_here: LearnHere, world: &dyn DynWorld, streams: Streams) -> Result<Self> {
        let LearnHere { name, mut agent, saved } = learn_here;
        if !agent.keep_updates() {
            return Err(Error::Unsupported(format!("{name} has no updates of single values to show")));
        }
        Ok(Learner {
            fresh: agent.save()?,
            policy: Arc::from(agent.policy(PolicyMode::Greedy)),
            agent,
            label: name.clone(),
            name,
            saved,
            is_active: false,
            steps: 0,
            next: world.episode_runner(streams, Purpose::WatchEnvironment, 0),
            place: None,
        })
    }

    /// Begins to learn, from the table of the policy with this index and name if its state is saved, else from a fresh
    /// one.
    ///
    /// # Errors
    /// Errors of [`Agent::load`].
    pub(super) fn start(&mut self, index: usize, policy: Option<&str>) -> Result<()> {
        let (state, from) = match (self.saved.get(index), policy) {
            (Some(state), Some(policy)) => (state, tr!("the table of {}", policy)),
            (Some(state), None) => (state, tr!("a saved table").to_owned()),
            (None, _) => (&self.fresh, tr!("a fresh table").to_owned()),
        };
        self.agent.load(state)?;
        self.policy = Arc::from(self.agent.policy(PolicyMode::Greedy));
        self.label = tr!("{} learns here from {}", self.name, from);
        (self.is_active, self.steps, self.place) = (true, 0, None);
        Ok(())
    }

    /// Ends learning.
    pub(super) fn stop(&mut self) {
        self.is_active = false;
    }

    /// Whether the agent learns now.
    pub(super) fn is_active(&self) -> bool {
        self.is_active
    }

    /// Name of the agent, and the table it began with.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// State of the agent, for [`LearnHere::saved`].
    ///
    /// # Errors
    /// Errors of [`Agent::save`].
    pub(super) fn save(&self) -> Result<Vec<u8>> {
        self.agent.save()
    }

    /// Number of steps that the agent has learned from.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// Greedy policy of the agent.
    pub(super) fn policy(&self) -> &dyn Policy {
        &*self.policy
    }

    /// Updates of the last step, in their order.
    pub(super) fn updates(&self) -> &[Update] {
        if self.steps > 0 { self.agent.last_updates() } else { &[] }
    }

    /// Makes one step of the agent in `episode`, which must not be over, and learns from it.
    ///
    /// # Errors
    /// Errors of the world and of the agent.
    pub(super) fn step(&mut self, episode: &mut Episode) -> Result<()> {
        let here = (episode.number(), episode.runner().length());
        if self.place != Some(here) {
            self.agent.abandon_episodes();
        }
        let mut env = WatchedEnv::new(episode, &mut *self.next);
        self.agent.learn(&mut env, 1)?;
        self.steps += 1;
        self.policy = Arc::from(self.agent.policy(PolicyMode::Greedy));
        self.place = Some(match episode.over() {
            // The viewer goes on with the next episode.
            Some(_) => (episode.number().saturating_add(1), 0),
            None => (episode.number(), episode.runner().length()),
        });
        Ok(())
    }
}

/// The viewer's episode as a vectorized environment of one row. When the episode ends, the row shows the first state of
/// the next episode, while the viewer still shows the end.
struct WatchedEnv<'a> {
    episode: &'a mut Episode,
    next: &'a mut dyn EpisodeRunner,
    obs: Vec<f32>,
    legal: Vec<bool>,
    to_play: [Player; 1],
    reward: [f32; 1],
    ending: [Ending; 1],
    last_obs: Vec<f32>,
    last_legal: Vec<bool>,
    last_to_play: [Player; 1],
}

impl<'a> WatchedEnv<'a> {
    fn new(episode: &'a mut Episode, next: &'a mut dyn EpisodeRunner) -> Self {
        let runner = episode.runner();
        let (obs, legal, player) = (runner.obs().to_vec(), runner.legal().to_vec(), runner.to_play());
        WatchedEnv {
            last_obs: obs.clone(),
            last_legal: legal.clone(),
            last_to_play: [player],
            obs,
            legal,
            to_play: [player],
            reward: [0.0],
            ending: [Ending::Running],
            episode,
            next,
        }
    }
}

impl VectorEnv for WatchedEnv<'_> {
    fn spec(&self) -> &Spec {
        self.episode.spec()
    }

    fn view(&self) -> BatchView<'_> {
        BatchView {
            obs: &self.obs,
            legal: &self.legal,
            to_play: &self.to_play,
            reward: &self.reward,
            ending: &self.ending,
            last_obs: &self.last_obs,
            last_legal: &self.last_legal,
            last_to_play: &self.last_to_play,
            num_envs: 1,
            obs_len: self.obs.len(),
            num_actions: self.legal.len(),
        }
    }

    fn step(&mut self, actions: Actions<'_>) -> Result<()> {
        let mut action = ActionBuffer::for_spec(self.episode.spec(), 1);
        action.set(0, actions)?;
        self.episode.learn(action)?;
        self.reward = [self.episode.last().map_or(0.0, |last| last.reward)];
        let runner = self.episode.runner();
        // The viewer's own limit truncates an episode, too.
        let ending = match (runner.ending(), self.episode.over()) {
            (Ending::Running, Some(_)) => Ending::Truncated,
            (ending, _) => ending,
        };
        self.ending = [ending];
        self.last_obs.copy_from_slice(runner.obs());
        self.last_legal.copy_from_slice(runner.legal());
        self.last_to_play = [runner.to_play()];
        if ending.is_over() {
            self.next.reset(self.episode.number().saturating_add(1));
        }
        let now: &dyn EpisodeRunner = if ending.is_over() { &*self.next } else { self.episode.runner() };
        self.obs.copy_from_slice(now.obs());
        self.legal.copy_from_slice(now.legal());
        self.to_play = [now.to_play()];
        Ok(())
    }

    fn scripted(&self, script: usize, _: usize, rng: &mut Stream, actions: &mut ActionBuffer) -> Result<()> {
        self.episode.runner().scripted(script, rng, actions)
    }

    fn simulator(&self, _: usize) -> Option<Box<dyn Simulator>> {
        if self.ending[0].is_over() { self.next.simulator() } else { self.episode.runner().simulator() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::tui::test_worlds::SlipperyGrid;

    /// Agent with this id for `spec`, with default settings.
    pub(in crate::tui) fn learn_here(id: &str, spec: &Spec) -> LearnHere {
        let factory =
            freewheel_agents::tabular::all().into_iter().find(|factory| factory.id() == id).unwrap();
        let budget = freewheel_agents::Budget { steps: 1000, num_envs: 1 };
        let agent = factory.build(spec, &toml::Table::new(), budget, Streams::new(4)).unwrap();
        LearnHere { name: id.to_owned(), agent, saved: Vec::new() }
    }

    /// The agent has the same table, random streams and counters after watched steps as after as many steps of training
    /// in the same episodes.
    #[test]
    fn watched_steps_teach_what_training_teaches() {
        let world = SlipperyGrid::world(5, 3);
        for factory in freewheel_agents::tabular::all() {
            let id = factory.id();
            let mut trained = learn_here(id, world.spec()).agent;
            let streams = Streams::new(3);
            let mut env = world.vector_env(1, streams, Purpose::WatchEnvironment, 0);
            trained.learn(&mut *env, 150).unwrap();
            let mut learner = Learner::new(learn_here(id, world.spec()), &*world, streams).unwrap();
            learner.start(0, None).unwrap();
            let mut episode = Episode::new(&*world, streams, 0, 0);
            for _ in 0..150 {
                if episode.over().is_some() {
                    episode.begin(episode.number() + 1);
                }
                learner.step(&mut episode).unwrap();
            }
            assert!(episode.number() > 1, "{id}");
            assert!(learner.agent.save().unwrap() == trained.save().unwrap(), "{id}");
        }
    }

    #[test]
    fn a_fresh_start_forgets() {
        let world = SlipperyGrid::world(5, 3);
        let streams = Streams::new(3);
        let mut learner = Learner::new(learn_here("sarsa", world.spec()), &*world, streams).unwrap();
        let fresh = learner.fresh.clone();
        learner.start(0, None).unwrap();
        let mut episode = Episode::new(&*world, streams, 0, 0);
        learner.step(&mut episode).unwrap();
        assert!(learner.agent.save().unwrap() != fresh && learner.updates().len() == 1);
        learner.start(0, None).unwrap();
        assert!(learner.agent.save().unwrap() == fresh && learner.updates().is_empty());
    }
}
