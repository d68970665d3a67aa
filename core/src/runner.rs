//! One episode, step by step, without an automatic reset: to watch, to play by hand, to record, to replay.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::{EpisodeClock, EpisodeLimits, no_script};
use crate::{
    Action, ActionBuffer, Actions, Ending, Error, Frame, Player, Policy, Purpose, Result, Spec, Step, Stream,
    Streams, World,
};

/// Which streams a stage draws from: its world's dice in episode e are the stream (seed, purpose, index, e).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The run's seed.
    pub seed: u64,
    /// What the stream is for.
    pub purpose: Purpose,
    /// The environment index.
    pub index: u64,
}

/// The object-safe face of one episode.
pub trait EpisodeRunner: Send {
    /// The world's.
    fn spec(&self) -> &Spec;
    /// Which streams it draws from.
    fn origin(&self) -> Origin;
    /// Begins episode `episode` of this stage's environment index.
    fn reset(&mut self, episode: u64);
    /// Its number.
    fn episode(&self) -> u64;
    /// What the player to move sees, `[D]`.
    fn obs(&self) -> &[f32];
    /// What the world itself shows, `[D]`: what is recorded. It is `obs`, unless a player sees more than the world shows now,
    /// as with a [`FrameStack`](crate::FrameStack).
    fn world_obs(&self) -> &[f32] {
        self.obs()
    }
    /// What it may do, `[A]`.
    fn legal(&self) -> &[bool];
    /// Who moves next.
    fn to_play(&self) -> Player;
    /// Asks `policy` for an action; a policy that is one of the world's own [scripts](Policy::script) is asked with the
    /// state.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the world has no such script.
    fn select_action(&self, policy: &dyn Policy, rng: &mut Stream, actions: &mut ActionBuffer) -> Result<()> {
        match policy.script() {
            Some(script) => self.scripted(script, rng, actions),
            None => {
                policy.act(self.obs(), self.legal(), std::slice::from_mut(rng), actions);
                Ok(())
            }
        }
    }
    /// Puts what the world's player `script` would do into `actions`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the world has no such script.
    fn scripted(&self, script: usize, rng: &mut Stream, actions: &mut ActionBuffer) -> Result<()>;
    /// One action. The world's time limit is applied.
    ///
    /// # Errors
    /// [`Error::IllegalAction`]; [`Error::Config`] after the episode has ended.
    fn step(&mut self, action: Actions<'_>) -> Result<Step>;
    /// Steps made in this episode.
    fn length(&self) -> u32;
    /// The first player's return so far, counted with the world's discount.
    fn episode_return(&self) -> f64;
    /// The world's [measures](Spec::measures) of the episode as it stands, `[M]`.
    fn measures(&self) -> Vec<f64>;
    /// How the last step left the episode.
    fn ending(&self) -> Ending;
    /// Paints the present state; see [`World::draw`].
    fn draw(&self, policy: Option<&dyn Policy>, frame: &mut Frame);
}

/// The one implementation of [`EpisodeRunner`].
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
        };
        runner.look();
        runner
    }

    fn look(&mut self) {
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
        self.look();
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
            return Err(Error::Config("this episode has ended; begin another".into()));
        }
        let action = match <W::Action as Action>::from_actions(action, 1) {
            Some([action]) => *action,
            _ => {
                return Err(Error::Config(format!(
                    "{}: one action of its own kind is wanted",
                    self.spec().id
                )));
            }
        };
        if !action.is_allowed(&self.legal) {
            return Err(Error::IllegalAction { row: 0, action: format!("{action:?}") });
        }
        let mover = self.to_play();
        let mut step = self.world.step(&mut self.state, action, &mut self.rng);
        step.ending = self.clock.count(step, mover, EpisodeLimits::of(self.world.spec()));
        self.ending = step.ending;
        self.look();
        Ok(step)
    }

    fn length(&self) -> u32 {
        self.clock.length
    }

    fn episode_return(&self) -> f64 {
        self.clock.score
    }

    fn measures(&self) -> Vec<f64> {
        let mut measures = vec![f64::NAN; self.world.spec().measures.len()];
        self.world.measure(&self.state, &mut measures);
        measures
    }

    fn ending(&self) -> Ending {
        self.ending
    }

    fn draw(&self, policy: Option<&dyn Policy>, frame: &mut Frame) {
        self.world.draw(&self.state, policy, frame);
    }
}
