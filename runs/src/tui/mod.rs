//! The viewer behind `freewheel watch`: a world, who plays it, and how well, in a terminal.
//!
//! | file | what it holds |
//! |---|---|
//! | `episode` | one episode that can be stepped, taken back and replayed |
//! | `returns` | the returns of the episodes that ended, one collection a player |
//! | `camera` | which part of the world's picture is on the screen |
//! | `hand` | which key plays which action |
//! | `keys` | keys to commands |
//! | `layout` | where things stand on a screen |
//! | `model` | the state of the screen: commands and time in, no terminal, no clock |
//! | `person` | the model's part of playing by hand |
//! | `view` | the model to characters; it changes nothing |
//! | `palette` | colors, for terminals with millions of them down to none |
//! | `terminal` | the loop: takes the terminal, always gives it back |

mod camera;
mod episode;
mod hand;
mod keys;
mod layout;
mod model;
mod palette;
mod person;
mod returns;
mod terminal;
mod view;

#[cfg(test)]
mod pond;

pub use palette::Depth;
pub(crate) use palette::cube;

use std::sync::Arc;

use freewheel_core::{DynWorld, Policy, Result, Streams};

/// What is to be watched.
pub struct Watch<'a> {
    /// The world.
    pub world: &'a dyn DynWorld,
    /// What stands at the top left; the world's id unless changed.
    pub title: String,
    /// Who plays, by name; the last one begins. The viewer flips through them, so a run's checkpoints in their order
    /// show it learning. Without any, the world is played by hand.
    pub policies: Vec<(String, Arc<dyn Policy>)>,
    /// Where the world's dice and the policies' come from: an episode is the same whenever it is shown.
    pub streams: Streams,
    /// The episode to begin with.
    pub first_episode: u64,
    /// The speed to begin with; 0.1 to 1,000,000.
    pub steps_per_second: f64,
    /// Steps after which the viewer cuts an episode that does not end by itself; 0 is never.
    pub max_steps: u32,
    /// The best return that can be expected, drawn as a line.
    pub reference: Option<f64>,
    /// The return of the baseline, drawn as a line.
    pub baseline: Option<f64>,
}

impl<'a> Watch<'a> {
    /// A world and nobody to play it: ten steps a second, seed 0, episodes cut at 10,000 steps.
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

    /// One more to watch.
    pub fn policy(mut self, name: impl Into<String>, policy: impl Into<Arc<dyn Policy>>) -> Self {
        self.policies.push((name.into(), policy.into()));
        self
    }
}

/// Why watching ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The user left.
    Quit,
    /// A signal of this number asked for it; a program that is asked so exits with 128 + this.
    Signal(i32),
}

/// Shows it until the user leaves. Takes the terminal and gives it back however it ends: by a key, an error, a panic or
/// a signal.
///
/// # Errors
/// [`Error::Unsupported`](freewheel_core::Error::Unsupported) where the output is not a terminal;
/// [`Error::Io`](freewheel_core::Error::Io) where the terminal fails.
pub fn watch(watch: Watch<'_>) -> Result<Parting> {
    terminal::show(watch)
}
