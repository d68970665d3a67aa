//! Contracts of the core, tested on small worlds.

#![allow(clippy::unwrap_used, clippy::panic)]

mod batch;
mod checkpoint;
mod demonstrations;
mod evaluate;
mod frame_stack;
mod record;
mod runner;
mod settings;
mod stats;
mod worlds;
