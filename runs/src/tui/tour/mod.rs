//! `freewheel tour`: eight scenes that show the three kinds of learning, live, with something to do in each.
//!
//! | file | content |
//! |---|---|
//! | `page` | trait of a page, its controls, and what all pages share |
//! | `pages` | the pages: one file for each, or for two similar ones |
//! | `plan` | the scenes and their pages, in order |
//! | `screen` | screen: keys, mouse, time |
//! | `view` | frame of the screen: header, text, controls, footer, contents, help |
//! | `canvas` | drawing of points, lines, images and worlds |
//! | `work` | work in the background, with progress and cancellation |
//! | `network` | a small network in two dimensions that learns step by step |
//! | `ledger` | costs of what ran on the screen |
//!
//! The texts are in `runs/messages`, one table for each language.

mod canvas;
mod ledger;
mod network;
mod page;
mod pages;
mod plan;
mod screen;
mod view;
mod work;

#[cfg(test)]
mod figures;
#[cfg(test)]
mod tests;

use freewheel_core::Result;

use super::app::App;
use super::{Exit, terminal};
use crate::Registry;
use crate::messages::Language;

pub(crate) use plan::printed;

/// Settings of the tour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Language of the texts.
    pub(crate) language: Language,
    /// Number of the first scene, from 1; `None` for the contents.
    pub(crate) scene: Option<usize>,
    /// Whether all glyphs but letters are ASCII.
    pub(crate) ascii: bool,
}

/// Shows the tour until the user quits.
///
/// # Errors
/// Errors of the terminal.
pub(crate) fn show(registry: &'static Registry, options: Options) -> Result<Exit> {
    let ascii = options.ascii || super::needs_ascii();
    terminal::show(App::new(screen::Tour::new(registry, Options { ascii, ..options })))
}
