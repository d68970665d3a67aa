//! Worlds: rules ([`Env`]) with a reference score, a baseline score and a drawing; and families of worlds, built by
//! name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Batch, Cell, Env, EpisodeRunner, Error, Frame, Insight, ManagedVectorEnv, Policy, Purpose, Result, Spec,
    Step, Stream, Streams, runner::SingleEpisode,
};

/// An [`Env`] with a reference score, a baseline score and a drawing. Every method has a default, so that an empty
/// implementation is enough.
///
/// ```
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::corridor;
///
/// // `impl World for Corridor {}` is enough.
/// let world = corridor();
/// let mut frame = Frame::default();
/// world.draw(&Scene::of(&2), &mut frame);
/// assert_eq!(frame.to_text(), "[2.0]\n");
/// assert!(world.solve(&SolveQuery::for_spec(world.spec())).is_err());
/// ```
pub trait World: Env + Sized + 'static {
    /// Reference score: the value of the optimal policy, or of the policy class in `query`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the world has no solver for `query`, or if the value is infinite.
    fn solve(&self, _query: &SolveQuery) -> Result<Solution> {
        Err(Error::Unsupported(format!("{} has no reference", self.spec().id)))
    }

    /// Baseline: the score of a policy that has learned nothing; by default the uniformly random one, by
    /// [`World::solve`].
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the world has no baseline.
    fn baseline(&self, query: &SolveQuery) -> Result<Baseline> {
        let solution = self.solve(&SolveQuery { policy_class: PolicyClass::Random, ..*query })?;
        Ok(Baseline { name: "random".into(), value: solution.value })
    }

    /// World in which policies that were trained in this world are evaluated; `None` for this world itself. A game that
    /// is learned by self-play is evaluated against a fixed opponent.
    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        None
    }

    /// Name of the policy with privileged information that reaches the bound [`Solution::upper`], such as `clairvoyant`
    /// (knows all prices); `None` for a bound without such a policy.
    fn upper_bound_player(&self) -> Option<&str> {
        None
    }

    /// Whether a step may take long or fail, because an opponent thinks. A training run then keeps a copy of its state
    /// from before each slice of steps, so that it can be interrupted during a step.
    fn is_slow(&self) -> bool {
        false
    }

    /// Next message for the user, such as the first failure of an opponent; `None` if there is no new one.
    fn take_note(&self) -> Option<String> {
        None
    }

    /// Draws a state into `frame`, and the action values or probabilities of a given policy. The default prints the
    /// observation.
    fn draw(&self, scene: &Scene<'_, Self::State>, frame: &mut Frame) {
        let mut obs = vec![0.0; self.spec().observation.len()];
        self.observe(scene.state, &mut obs);
        let text = format!("{obs:?}");
        frame.clear(text.chars().count(), 1);
        frame.write(0, 0, &text, Cell::default().fg, Cell::default().bg);
    }

    /// Names of the optional layers of the drawing, such as `territory`, of which [`Frame::layer`] selects one.
    fn layers(&self) -> &[&'static str] {
        &[]
    }

    /// Event of a step that a viewer marks on its timeline, such as a capture, a trade or a lap; `None` for an
    /// ordinary step. `before` and `after` are the states around the step.
    fn event(
        &self,
        _before: &Self::State,
        _action: Self::Action,
        _after: &Self::State,
        _step: Step,
    ) -> Option<Event> {
        None
    }

    /// Action that a click on a cell of the drawing `frame` of `state` means, such as the stone on a point of a board,
    /// or the move to a neighboring cell; `None` for a cell without an action. The action may be illegal.
    fn action_at(&self, _state: &Self::State, _frame: &Frame, _column: usize, _row: usize) -> Option<u32> {
        None
    }

    /// Column and row of the cell of the drawing `frame` of `state` that stands for `action`: the inverse of
    /// [`World::action_at`], for a cursor. `None` for an action without a cell.
    fn action_cell(&self, _state: &Self::State, _frame: &Frame, _action: u32) -> Option<(usize, usize)> {
        None
    }

    /// State that a cell of the drawing `frame` of `state` stands for, such as that of the agent on this cell of a
    /// grid; `None` for a cell without a state in which an action is chosen.
    fn cell_at(
        &self,
        _state: &Self::State,
        _frame: &Frame,
        _column: usize,
        _row: usize,
    ) -> Option<CellState> {
        None
    }

    /// Duration of one step on the world's own clock, s; `None` for a world without a clock, such as a board game.
    fn step_seconds(&self) -> Option<f64> {
        None
    }

    /// Names of the numbers of an observation with their units, such as `speed (m/s)`, `[D]`; empty if they have no
    /// names.
    fn observation_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Description of a state in words, such as `row 3, column 0`, for worlds whose observation is an index; `None` if
    /// the observation says as much.
    fn describe(&self, _state: &Self::State) -> Option<String> {
        None
    }

    /// Numbers by which scripted policy `script` chooses its action in `state`, such as the visits of a tree search;
    /// `None` if it has no numbers. `rng` is the generator of the action.
    fn script_insight(&self, _script: usize, _state: &Self::State, _rng: &mut Stream) -> Option<Insight> {
        None
    }

    /// This world as a shared trait object, the form that registries and runs use.
    fn shared(self) -> Arc<dyn DynWorld> {
        Arc::new(Arc::new(self))
    }
}

/// Moment of an episode that is drawn.
#[derive(Clone, Copy)]
pub struct Scene<'a, S> {
    /// Current state.
    pub state: &'a S,
    /// Earlier states of the episode, the oldest first; empty if the runner keeps no history.
    pub past: &'a [S],
    /// Policy whose action values or probabilities are drawn.
    pub policy: Option<&'a dyn Policy>,
}

impl<'a, S> Scene<'a, S> {
    /// Scene of a single state, without history and policy.
    pub fn of(state: &'a S) -> Self {
        Scene { state, past: &[], policy: None }
    }
}

/// State that a part of a drawing stands for; see [`World::cell_at`].
#[derive(Clone, Debug, PartialEq)]
pub struct CellState {
    /// Name, such as `row 3, column 0`.
    pub name: String,
    /// Part of the drawing: left column, upper row, columns and rows.
    pub area: (usize, usize, usize, usize),
    /// Observation, `[D]`.
    pub obs: Vec<f32>,
    /// Mask of the legal actions, `[A]`.
    pub legal: Vec<bool>,
}

/// Event of a step; see [`World::event`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Kind, one word in lower case, such as `capture`, `trade`, `lap` or `slip`.
    pub kind: &'static str,
    /// Description, such as `captured 2 stones`.
    pub text: String,
}

impl Event {
    /// Event of this kind with this description.
    pub fn new(kind: &'static str, text: impl Into<String>) -> Self {
        Event { kind, text: text.into() }
    }
}

/// A [`World`] as a trait object.
///
/// ```
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::corridor;
///
/// let world = corridor().shared();
/// let mut env = world.vector_env(4, Streams::new(0), Purpose::Environment, 0);
/// env.step(Actions::Discrete(&[1, 1, 0, 0]))?;
/// assert_eq!(env.view().obs, [1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait DynWorld: Send + Sync {
    /// Static description of the world.
    fn spec(&self) -> &Spec;
    /// `num_envs` environments that are stepped together; see [`Batch::new`].
    fn vector_env(
        &self,
        num_envs: usize,
        streams: Streams,
        purpose: Purpose,
        first: u64,
    ) -> Box<dyn ManagedVectorEnv>;
    /// Runner of one episode at a time: to watch, to play by hand, to record or to replay.
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
    /// See [`World::is_slow`].
    fn is_slow(&self) -> bool {
        false
    }
    /// See [`World::take_note`].
    fn take_note(&self) -> Option<String> {
        None
    }
    /// See [`World::layers`].
    fn layers(&self) -> &[&'static str] {
        &[]
    }
    /// See [`World::step_seconds`].
    fn step_seconds(&self) -> Option<f64> {
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
    ) -> Box<dyn ManagedVectorEnv> {
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

    fn is_slow(&self) -> bool {
        W::is_slow(self)
    }

    fn take_note(&self) -> Option<String> {
        W::take_note(self)
    }

    fn layers(&self) -> &[&'static str] {
        W::layers(self)
    }

    fn step_seconds(&self) -> Option<f64> {
        W::step_seconds(self)
    }
}

/// Choice of a world: by its id in a registry, or as a value.
///
/// ```
/// use freewheel_core::WorldSource;
///
/// assert!(matches!(WorldSource::from("grid/cliff"), WorldSource::Id(id) if id == "grid/cliff"));
/// ```
pub enum WorldSource {
    /// `family/name` or `family:file`, looked up in a registry.
    Id(String),
    /// A world value.
    World(Arc<dyn DynWorld>),
}

impl From<&str> for WorldSource {
    fn from(id: &str) -> Self {
        WorldSource::Id(id.to_owned())
    }
}

impl From<String> for WorldSource {
    fn from(id: String) -> Self {
        WorldSource::Id(id)
    }
}

impl From<Arc<dyn DynWorld>> for WorldSource {
    fn from(world: Arc<dyn DynWorld>) -> Self {
        WorldSource::World(world)
    }
}

impl<W: World> From<W> for WorldSource {
    fn from(world: W) -> Self {
        WorldSource::World(world.shared())
    }
}

/// Query for [`World::solve`]: policy class, discount, and horizon of the value.
///
/// ```
/// use freewheel_core::{PolicyClass, SolveQuery, Spec};
///
/// let spec = Spec { time_limit: Some(20), ..Spec::discrete("example/corridor", 5, &["left", "right"]) };
/// let optimal = SolveQuery::for_spec(&spec);
/// assert_eq!((optimal.gamma, optimal.horizon), (1.0, Some(20)));
/// let random = SolveQuery { policy_class: PolicyClass::Random, ..optimal };
/// assert_ne!(random, optimal);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SolveQuery {
    /// Discount, 0 to 1.
    pub gamma: f64,
    /// Steps after which an episode ends; the optimal policy may depend on this limit. `None` for no limit.
    pub horizon: Option<u32>,
    /// Whether the policy observes the number of remaining steps; without effect if `horizon` is `None`.
    pub time_observed: bool,
    /// Policy class.
    pub policy_class: PolicyClass,
}

/// Policy class of a [`SolveQuery`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PolicyClass {
    /// The optimal policy.
    Optimal,
    /// The uniformly random policy over legal actions.
    Random,
    /// The optimal policy, with a uniformly random action with probability epsilon.
    EpsilonGreedy(f64),
    /// The best of all policies that take a uniformly random action with probability epsilon.
    EpsilonSoft(f64),
}

impl SolveQuery {
    /// Query for the optimal policy of an agent that does not observe the time, under the discount and time limit of
    /// `spec`. Scores of agents are compared with this value.
    pub fn for_spec(spec: &Spec) -> Self {
        SolveQuery {
            gamma: spec.gamma,
            horizon: spec.time_limit,
            time_observed: false,
            policy_class: PolicyClass::Optimal,
        }
    }
}

/// Certainty of a [`Solution`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The value is exact.
    Exact,
    /// The value is a lower bound of the optimum, reached by `policy`; `upper` is a proved upper bound.
    Bracket,
    /// The value is the best known one, without a proof of optimality.
    BestKnown,
}

/// Result of [`World::solve`].
#[derive(Clone)]
pub struct Solution {
    /// Certainty of `value`.
    pub certainty: Certainty,
    /// Expected score over the distribution of start states.
    pub value: f64,
    /// Proved bound on the score of every policy: an upper bound, or a lower bound if lower scores are better. Equal to
    /// `value` if the value is exact; `None` if no bound is known.
    pub upper: Option<f64>,
    /// Values of the n states of a world with discrete observations, `[n]`; else empty.
    pub values: Vec<f64>,
    /// Policy whose expected score is `value`; `None` if no policy reaches it from observations alone.
    pub policy: Option<Arc<dyn Policy>>,
}

/// World in which policies that were trained in another world are evaluated; see [`World::evaluation_world`].
#[derive(Clone)]
pub struct EvaluationWorld {
    /// Evaluation world, with the observation and action spaces of the training world.
    pub world: Arc<dyn DynWorld>,
    /// Settings of the evaluation world; its id is that of the training world.
    pub settings: toml::Table,
}

/// Baseline: the score of a policy that has learned nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Name of the baseline policy, such as `random` or `buy-and-hold`.
    pub name: String,
    /// Expected score of the baseline policy.
    pub value: f64,
}

/// Loader of trained policies, for worlds with a setting for a trained opponent.
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::AlwaysRight;
///
/// struct Fixed;
///
/// impl PolicyLoader for Fixed {
///     fn load(&self, _folder: &Path, _spec: &Spec) -> Result<Arc<dyn Policy>> {
///         Ok(Arc::new(AlwaysRight))
///     }
/// }
///
/// let spec = Spec::discrete("example/corridor", 5, &["left", "right"]);
/// assert!(Fixed.load(Path::new("results/best"), &spec).is_ok());
/// assert!(NoPolicyLoader.load(Path::new("results/best"), &spec).is_err());
/// ```
pub trait PolicyLoader {
    /// Policy that was trained by the run in `folder`, for a world with the spaces of `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] if `folder` is not a run, or the run has no checkpoint or other spaces than `spec`.
    fn load(&self, folder: &Path, spec: &Spec) -> Result<Arc<dyn Policy>>;
}

/// A [`PolicyLoader`] without policies: [`PolicyLoader::load`] always returns an error.
pub struct NoPolicyLoader;

impl PolicyLoader for NoPolicyLoader {
    fn load(&self, folder: &Path, _spec: &Spec) -> Result<Arc<dyn Policy>> {
        Err(Error::Config(format!("{}: trained policies are not available here", folder.display())))
    }
}

/// Family of worlds: the part before the slash in `grid/cliff`.
///
/// ```
/// use std::sync::Arc;
///
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::corridor;
///
/// struct Examples;
///
/// impl WorldFamily for Examples {
///     fn name(&self) -> &str {
///         "example"
///     }
///
///     fn list(&self) -> Vec<WorldInfo> {
///         vec![WorldInfo { id: "example/corridor".into(), about: "Five cells in a row.".into() }]
///     }
///
///     fn build(
///         &self,
///         name: &str,
///         _settings: &toml::Table,
///         _loader: &dyn PolicyLoader,
///     ) -> Result<Option<Arc<dyn DynWorld>>> {
///         Ok((name == "corridor").then(|| corridor().shared()))
///     }
/// }
///
/// let world = Examples.build("corridor", &toml::Table::new(), &NoPolicyLoader)?.unwrap();
/// assert_eq!(world.spec().id, "example/corridor");
/// # Ok::<(), Error>(())
/// ```
pub trait WorldFamily: Send + Sync {
    /// Name of the family, such as `grid`.
    fn name(&self) -> &str;
    /// Worlds of the family that are built by name, for lists.
    fn list(&self) -> Vec<WorldInfo>;
    /// Builds the world `name` (the part after the slash); `None` for an unknown name. `settings` is the table of the
    /// world in the experiment file; `loader` loads trained policies whose folders are in the settings.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that do not fit the world.
    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        loader: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>>;
    /// Builds a world from a file.
    ///
    /// # Errors
    /// [`Error::Config`] for a family whose worlds are not read from files; errors of the file.
    fn open(&self, file: &Path, _settings: &toml::Table) -> Result<Arc<dyn DynWorld>> {
        Err(Error::Config(format!(
            "{}: worlds of the family {} are not read from files",
            file.display(),
            self.name()
        )))
    }
    /// All files that [`WorldFamily::open`] reads for `file`. A run stores a digest of their bytes.
    ///
    /// # Errors
    /// Errors of the file.
    fn sources(&self, file: &Path, _settings: &toml::Table) -> Result<Vec<PathBuf>> {
        Ok(vec![file.to_owned()])
    }
    /// JSON schema of the settings of the world `name`, or of a world from a file if `name` is empty. A setting that is
    /// the path of a file, or of the folder of a run, has the format `path`: it is relative to the experiment file, and
    /// a run stores a digest of its content.
    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "properties": {} })
    }
}

/// Entry of the list of worlds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorldInfo {
    /// `family/name`; `N` is a number to choose, as in `grid/deepsea-N`.
    pub id: String,
    /// Description and source in one line.
    pub about: String,
}
