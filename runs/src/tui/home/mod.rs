//! Home screen of a bare `freewheel`: worlds, agents, runs and demonstrations to choose from.
//!
//! | file | content |
//! |---|---|
//! | `model` | state of the screen: tabs, selection, filter |
//! | `choice` | actions of the user on the selected item |
//! | `form` | settings of a training that is about to start |
//! | `keys` | mapping of keys to commands |
//! | `details` | world that is built in the background, with its picture and its scores |
//! | `screen` | connection of model, keys and background work |
//! | `view` | drawing of the model |
//!
//! A choice of the user is a command line of the program: the home screen closes, the command runs, and the home screen
//! opens again.

mod choice;
mod details;
mod form;
mod keys;
mod model;
pub(super) mod screen;
mod view;

#[cfg(test)]
mod tests;

use std::path::Path;

use freewheel_core::Result;

use super::app::App;
use super::{Exit, terminal};
use crate::Registry;

pub(crate) use model::{Home, Tab};

/// Shows the home screen until the user quits or chooses a command, which is left in `home`.
///
/// # Errors
/// Errors of the terminal.
pub(crate) fn show(registry: &'static Registry, folder: &Path, home: &mut Home) -> Result<Exit> {
    terminal::show(App::new(screen::HomeScreen::new(registry, folder, home)))
}
