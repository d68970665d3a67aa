//! Traits and types that all parts of Freewheel share: worlds, agents, evaluation, statistics, files, data sets.
//!
//! | module | contents |
//! |---|---|
//! | [`mod@env`] | [`Env`], the rules of a world: immutable rules, plain state, random streams as arguments |
//! | [`spec`] | [`Spec`]: id, observation space, action space, time limit, score |
//! | [`world`] | [`World`], [`DynWorld`], [`WorldFamily`]: rules with a reference policy, a baseline and a drawing |
//! | [`vector_env`] | [`VectorEnv`]: N environments of one world, stepped together |
//! | [`batch`] | [`Batch`], the vectorized environment over buffers allocated once |
//! | [`runner`] | [`EpisodeRunner`]: one episode, step by step, to watch, to play by hand or to record |
//! | [`agent`] | [`Policy`], [`Agent`], [`ActionBuffer`], [`MetricSink`] |
//! | [`insight`] | [`Insight`]: action values, probabilities or visits of a policy in one state |
//! | [`update`] | [`Update`]: a change of an action value as an equation with its numbers |
//! | [`graph`] | [`Graph`]: a policy as a graph of tensor operations, for export |
//! | [`neuron`] | [`Neuron`]: one neuron of a network with its inputs, weights and sum |
//! | [`encoder`] | [`ObservationEncoder`]: fitted encoders (clusters, PCA, VAE) between a world and an agent |
//! | [`frame_stack`] | [`FrameStack`]: the last K observations stacked into one |
//! | [`wrapper`] | worlds with transformed observations |
//! | [`stream`] | [`Streams`]: random streams, pure functions of (seed, purpose, environment index, episode) |
//! | [`mod@evaluate`] | evaluation of a policy on separate seeds, in parallel |
//! | [`stats`] | mean, interquartile mean, bootstrap confidence intervals |
//! | [`record`] | episodes on disk as seed and actions; replay and verification |
//! | [`demonstrations`] | recorded episodes to learn from: observations, actions, rewards, source; replay and verification |
//! | [`distributed`] | agents whose steps other processes can make |
//! | [`checkpoint`] | checkpoint files, verified by a checksum |
//! | [`simulator`] | simulated continuations of an episode, for planners |
//! | [`settings`] | settings read from TOML; an unknown key is an error with the most similar known key |
//! | [`input`] | input files: plain or gzipped, text without byte order mark, with a limit on the size |
//! | [`memory`] | limit on memory, compared with an estimate before memory is taken |
//! | [`names`] | unknown names: a message with the name that was meant |
//! | [`frame`] | [`Frame`]: a drawing as character cells |

pub mod agent;
pub mod batch;
pub mod checkpoint;
pub mod demonstrations;
pub mod distributed;
pub mod encoder;
pub mod env;
mod error;
pub mod evaluate;
pub mod frame;
pub mod frame_stack;
pub mod graph;
pub mod input;
pub mod insight;
pub mod memory;
pub mod names;
pub mod neuron;
pub mod opening;
pub mod record;
pub mod runner;
pub mod settings;
pub mod simulator;
pub mod spec;
pub mod stats;
pub mod stream;
pub mod update;
pub mod vector_env;
pub mod world;
pub mod wrapper;

pub use agent::{ActionBuffer, Agent, MetricSink, Policy, PolicyMode, ScriptedPolicy};
pub use batch::Batch;
pub use distributed::Distributed;
pub use encoder::ObservationEncoder;
pub use env::{Action, Actions, Ending, Env, Player, Step};
pub use error::{Error, Result};
pub use frame::{Cell, Frame, Rgb};
pub use frame_stack::FrameStack;
pub use graph::Graph;
pub use insight::{ActionDistribution, Insight, InsightKind};
pub use neuron::{Neuron, NeuronInput};
pub use opening::{Opener, Opening};
pub use runner::{EpisodeRunner, Origin};
pub use simulator::{EnvSimulator, Simulator};
pub use spec::{ActionSpace, Better, Measure, ObservationSpace, Score, Spec};
pub use stream::{Purpose, Stream, Streams};
pub use update::Update;
pub use vector_env::{BatchView, EpisodeSummary, ManagedVectorEnv, VectorEnv};
pub use world::{
    Baseline, CellState, Certainty, DynWorld, EvaluationWorld, Event, NoPolicyLoader, PolicyClass,
    PolicyLoader, Scene, Solution, SolveQuery, World, WorldFamily, WorldInfo, WorldSource,
};
