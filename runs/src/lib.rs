//! The program `freewheel` as a library: a user's own crate adds its worlds and agents to the [`Registry`] and calls
//! [`Registry::main`] to have every subcommand for them, the viewer included.

pub mod cli;
mod command;
pub mod contest;
pub mod document;
pub mod error;
pub mod experiment;
pub mod fit;
pub mod job;
pub mod map;
pub mod metrics;
pub mod observation;
mod output;
pub mod picture;
pub mod plan;
pub mod progress;
pub mod registry;
pub mod report;
pub mod score_scale;
pub mod seeds;
pub mod stall;
mod trained;
mod training;
pub mod tui;

pub use error::{Error, Result};
pub use registry::Registry;
