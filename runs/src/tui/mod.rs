//! Viewer of `freewheel watch`: episodes of a world in the terminal, played by a policy or by the user.
//!
//! | file | content |
//! |---|---|
//! | `episode` | episode that can be stepped forward and backward |
//! | `returns` | returns of the finished episodes of one player |
//! | `viewport` | visible part of the world's picture |
//! | `human_input` | actions chosen by the user |
//! | `keys` | mapping of keys to commands |
//! | `layout` | areas of the screen |
//! | `model` | state of the viewer, changed by commands and time; without terminal and clock |
//! | `view` | drawing of the model |
//! | `palette` | colors for terminals with 24-bit, 256, 16 or no colors |
//! | `terminal` | event loop; restores the terminal at the end |
//! | `signals` | signals that end, suspend or continue the program |

mod episode;
mod human_input;
mod keys;
mod layout;
mod model;
mod palette;
mod returns;
mod signals;
mod terminal;
mod view;
mod viewport;

#[cfg(test)]
mod test_worlds;

pub use palette::Depth;
pub(crate) use palette::cube;

use std::sync::Arc;

use freewheel_core::{DynWorld, Policy, Result, Streams};

/// Input of the viewer: world, policies and settings.
pub struct Watch<'a> {
    /// World that is shown.
    pub world: &'a dyn DynWorld,
    /// Title at the top left; default: the world's id.
    pub title: String,
    /// Policies with their names; the last one is shown first. The policies of a run's checkpoints, in order, show the
    /// progress of training. Without policies, the user plays.
    pub policies: Vec<(String, Arc<dyn Policy>)>,
    /// Random streams of the world and the policies: an episode is the same each time it is shown.
    pub streams: Streams,
    /// Number of the first episode.
    pub first_episode: u64,
    /// Initial speed, 0.1 to 1,000,000 steps a second.
    pub steps_per_second: f64,
    /// Number of steps after which the viewer ends an episode; 0 for never.
    pub max_steps: u32,
    /// Reference score, drawn as a line in the chart.
    pub reference: Option<f64>,
    /// Baseline score, drawn as a line in the chart.
    pub baseline: Option<f64>,
}

impl<'a> Watch<'a> {
    /// Viewer input without policies: ten steps a second, seed 0, at most 10,000 steps an episode.
    pub fn new(world: &'a dyn DynWorld) -> Self {
        Watch {
            world,
            title: world.spec().id.clone(),
            policies: Vec::new(),
            streams: Streams::new(0),
            first_episode: 0,
            steps_per_second: 10.0,
            max_steps: 10_000,
            reference: None,
            baseline: None,
        }
    }

    /// Adds a policy.
    pub fn policy(mut self, name: impl Into<String>, policy: impl Into<Arc<dyn Policy>>) -> Self {
        self.policies.push((name.into(), policy.into()));
        self
    }
}

/// Choice of the reason for the end of the viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user quit the viewer.
    Quit,
    /// The viewer was ended by the signal with this number. The exit code is 128 + this number.
    Signal(i32),
}

/// Runs the viewer until the user quits. The terminal is restored after a key, an error, a panic or a signal.
///
/// # Errors
/// [`Error::Unsupported`](freewheel_core::Error::Unsupported) if the output is not a terminal;
/// [`Error::Io`](freewheel_core::Error::Io) if the terminal fails.
pub fn watch(watch: Watch<'_>) -> Result<Exit> {
    terminal::show(watch)
}
