//! What a world ships beside its rules: the best that can be done in it, a baseline, a drawing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Batch, Cell, Env, EpisodeRunner, Error, Frame, Policy, Purpose, Result, Spec, Streams, VectorEnv,
    runner::SingleEpisode,
};

/// An [`Env`] with its reference, its baseline and its drawing. Everything has a default: rules alone make a world.
pub trait World: Env + Sized + 'static {
    /// Answers a question about what can be done here.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there is no answer, or it is infinite.
    fn solve(&self, _question: &SolveQuery) -> Result<Solution> {
        Err(Error::Unsupported(format!("{} has no reference", self.spec().id)))
    }

    /// What a score is read against from below: by default the uniformly random player, solved.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there is no answer.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let solution = self.solve(&SolveQuery { policy_class: PolicyClass::Random, ..*query })?;
        Ok(Baseline { name: "random".into(), value: solution.value })
    }

    /// Where what was learned here is judged, if not here: a game that is learned against oneself is judged against a
    /// fixed opponent.
    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        None
    }

    /// Whose [`Solution::upper`] is, where that is what somebody gets who knows what no player does, such as
    /// `clairvoyant`.
    fn upper_bound_player(&self) -> Option<&str> {
        None
    }

    /// Paints a state. With a policy, also what it thinks of the states around.
    fn draw(&self, state: &Self::State, _policy: Option<&dyn Policy>, frame: &mut Frame) {
        let mut obs = vec![0.0; self.spec().observation.len()];
        self.observe(state, &mut obs);
        let text = format!("{obs:?}");
        frame.clear(text.chars().count(), 1);
        frame.write(0, 0, &text, Cell::default().fg, Cell::default().bg);
    }

    /// The world as a catalog takes it.
    fn shared(self) -> Arc<dyn DynWorld> {
        Arc::new(Arc::new(self))
    }
}

/// The object-safe face of a [`World`].
pub trait DynWorld: Send + Sync {
    /// Name, version, observation, actions, players, time limit.
    fn spec(&self) -> &Spec;
    /// N episodes; see [`Batch::new`].
    fn vector_env(
        &self,
        num_envs: usize,
        streams: Streams,
        purpose: Purpose,
        first: u64,
    ) -> Box<dyn VectorEnv>;
    /// One episode to watch, to play by hand, to record or to replay.
    fn episode_runner(&self, streams: Streams, purpose: Purpose, index: u64) -> Box<dyn EpisodeRunner>;
    /// See [`World::solve`].
    fn solve(&self, query: &SolveQuery) -> Result<Solution>;
    /// See [`World::baseline`].
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline>;
    /// See [`World::evaluation_world`].
    fn evaluation_world(&self) -> Option<&EvaluationWorld>;
    /// See [`World::upper_bound_player`].
    fn upper_bound_player(&self) -> Option<&str> {
        None
    }
}

impl<W: World> DynWorld for Arc<W> {
    fn spec(&self) -> &Spec {
        W::spec(self)
    }

    fn vector_env(
        &self,
        num_envs: usize,
        streams: Streams,
        purpose: Purpose,
        first: u64,
    ) -> Box<dyn VectorEnv> {
        Box::new(Batch::new(Arc::clone(self), num_envs, streams, purpose, first))
    }

    fn episode_runner(&self, streams: Streams, purpose: Purpose, index: u64) -> Box<dyn EpisodeRunner> {
        Box::new(SingleEpisode::new(Arc::clone(self), streams, purpose, index))
    }

    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        W::solve(self, query)
    }

    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        W::baseline(self, query)
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        W::evaluation_world(self)
    }

    fn upper_bound_player(&self) -> Option<&str> {
        W::upper_bound_player(self)
    }
}

/// What is asked of a world's reference. A time limit changes the optimum, so it must be told the horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SolveQuery {
    /// The discount.
    pub gamma: f64,
    /// Steps after which everything ends; `None` is never.
    pub horizon: Option<u32>,
    /// Whether the player sees how many steps are left; only matters with a horizon.
    pub time_observed: bool,
    /// Whose value.
    pub policy_class: PolicyClass,
}

/// Whose value is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PolicyClass {
    /// The optimal policy.
    Optimal,
    /// The player who takes every legal action equally often.
    Random,
    /// The player who is greedy for the best values, but takes a random action with probability epsilon.
    EpsilonGreedy(f64),
    /// The best of all players who take a random action with probability epsilon.
    EpsilonSoft(f64),
}

impl SolveQuery {
    /// The best that the world's own rules allow to a player who sees what an agent sees: with its discount and
    /// time limit, time not observed. Scores are read against this.
    pub fn for_spec(spec: &Spec) -> Self {
        SolveQuery {
            gamma: spec.gamma,
            horizon: spec.time_limit,
            time_observed: false,
            policy_class: PolicyClass::Optimal,
        }
    }
}

/// How sure an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Solved.
    Exact,
    /// Between two proved bounds; `value` is the one that is reached, by `policy`.
    Bracket,
    /// The best that anybody found.
    BestKnown,
}

/// The answer to a [`SolveQuery`].
#[derive(Clone)]
pub struct Solution {
    /// How sure `value` is.
    pub certainty: Certainty,
    /// The expected score from the start, over the distribution of starts.
    pub value: f64,
    /// A proved bound that no player passes, an upper one (a lower one where less is better); equal to `value` where
    /// that is exact.
    pub upper: Option<f64>,
    /// The value of each discrete observation, `[n]`; empty where there are none.
    pub values: Vec<f64>,
    /// Plays it; `None` where no policy of observations alone does.
    pub policy: Option<Arc<dyn Policy>>,
}

/// Another world, in which what was learned in this one is judged.
#[derive(Clone)]
pub struct EvaluationWorld {
    /// It looks the same: the same observations and actions.
    pub world: Arc<dyn DynWorld>,
    /// What it is built with; its name is the same.
    pub settings: toml::Table,
}

/// The score that counts as nothing learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Who gets it, such as `random` or `buy-and-hold`.
    pub name: String,
    /// The expected score.
    pub value: f64,
}

/// Trained players, to be seated in a world.
pub trait PolicyLoader {
    /// The player that the run in `folder` has trained, for a world that looks like `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] where there is no such run, it has no checkpoint, or it was trained for another look.
    fn load(&self, folder: &Path, spec: &Spec) -> Result<Arc<dyn Policy>>;
}

/// Nobody has been trained yet.
pub struct NoPolicyLoader;

impl PolicyLoader for NoPolicyLoader {
    fn load(&self, folder: &Path, _spec: &Spec) -> Result<Arc<dyn Policy>> {
        Err(Error::Config(format!("{}: no trained players are to be had here", folder.display())))
    }
}

/// A family of worlds: what stands before the slash in `grid/cliff`.
pub trait WorldFamily: Send + Sync {
    /// Its name, such as `grid`.
    fn name(&self) -> &str;
    /// The worlds that have names.
    fn list(&self) -> Vec<WorldInfo>;
    /// Builds the world called `name` (without the family), `None` where there is none. Settings are a table of the
    /// experiment file; `cast` has the trained players that they may ask for.
    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        cast: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>>;
    /// Builds a world from a file.
    fn open(&self, file: &Path, _settings: &toml::Table) -> Result<Arc<dyn DynWorld>> {
        Err(Error::Config(format!(
            "{}: worlds of the family {} are not read from files",
            file.display(),
            self.name()
        )))
    }
    /// Every file that [`WorldFamily::open`] reads for `file`: together they are what the world is.
    fn sources(&self, file: &Path, _settings: &toml::Table) -> Result<Vec<PathBuf>> {
        Ok(vec![file.to_owned()])
    }
    /// The settings that the world called `name` takes, or one from a file where that is empty, as a JSON schema. One that names a file or a run's folder has
    /// the format `path`: it is looked for from the experiment file on, and what it holds is part of what the world is.
    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "properties": {} })
    }
}

/// A line of the list of worlds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorldInfo {
    /// `family/name`; a number to be chosen is written `N`, as in `grid/deepsea-N`.
    pub id: String,
    /// One line: what it is and where it is from.
    pub about: String,
}
