//! The contracts and the numbers that every part of Freewheel shares.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@env`] | [`Env`]: rules are shared, state is data, randomness is passed in |
//! | [`spec`] | [`Spec`]: what a world looks like from outside |
//! | [`stream`] | random streams, a pure function of (run seed, purpose, environment index, episode) |
//! | [`batch`] | [`Batch`]: N episodes over buffers allocated once, and its object-safe face [`VectorEnv`] |
//! | [`runner`] | one episode that can be watched, played by hand, recorded |
//! | [`world`] | what a world ships beside its rules: its reference, its baseline, its drawing |
//! | [`learner`] | [`Policy`] and [`Agent`] |
//! | [`evaluate`] | playing a policy on fresh seeds, in parallel |
//! | [`stats`] | mean, interquartile mean, bootstrap intervals |
//! | [`record`] | an episode on disk: seed and actions, replayable and verifiable |
//! | [`checkpoint`] | a run's state on disk, whole or refused |
//! | [`settings`] | settings read from TOML; unknown keys name the nearest known one |
//! | [`frame`] | a drawing as plain cells |
//! | [`samples`] | rows of numbers, for learners without reward |
//! | [`data`] | data sets: embedded ones, drawn ones, and readers for IDX, CSV and JSON |
//! | [`history`] | memory: the last K observations seen at once |
//! | [`lens`] | what was learned without reward between a world and an agent |

pub mod agent;
pub mod batch;
pub mod checkpoint;
pub mod data;
pub mod env;
mod error;
pub mod evaluate;
pub mod frame;
pub mod history;
pub mod lens;
pub mod record;
pub mod runner;
pub mod samples;
pub mod settings;
pub mod spec;
pub mod stats;
pub mod stream;
pub mod world;

pub use agent::{ActionBuffer, Agent, MetricSink, Mode, Policy, ScriptedPolicy};
pub use batch::{Batch, BatchView, EpisodeSummary, VectorEnv};
pub use env::{Action, Actions, Ending, Env, Player, Step};
pub use error::{Error, Result};
pub use frame::{Cell, Frame, Rgb};
pub use history::FrameStack;
pub use lens::{EncodedWorld, ObservationEncoder};
pub use runner::{EpisodeRunner, Origin};
pub use samples::Samples;
pub use spec::{ActionSpace, Better, Measure, ObservationSpace, Score, Spec};
pub use stream::{Purpose, Stream, Streams};
pub use world::{
    Baseline, Certainty, DynWorld, EvaluationWorld, NoPolicyLoader, PolicyClass, PolicyLoader, Solution,
    SolveQuery, World, WorldFamily, WorldInfo,
};
