//! The program `freewheel` as a library: a user's own crate adds its worlds and agents to the [`Catalogue`] and calls
//! [`Catalogue::main`] to have every subcommand for them, the viewer included.

mod cast;
pub mod catalogue;
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
mod output;
pub mod picture;
pub mod plan;
pub mod progress;
pub mod report;
pub mod seeds;
pub mod sight;
pub mod stall;
mod training;
pub mod tui;
pub mod yardstick;

pub use catalogue::Catalogue;
pub use error::{Error, Result};
