//! `tour`: scenes about the three kinds of learning.

use crate::cli::Tour;
use crate::error::{Error, Result};
use crate::messages::Language;
use crate::tui::{self, Exit};
use crate::{Registry, output};

pub(super) fn tour(registry: &'static Registry, args: &Tour) -> Result<()> {
    let language = Language::chosen();
    if !tui::is_interactive() {
        return output::text(&tui::tour::printed(language));
    }
    if let Some(theme) = args.theme {
        theme.choose();
    }
    let scene = args.scene.map(usize::from);
    match tui::tour::show(registry, tui::tour::Options { language, scene, ascii: args.ascii })? {
        Exit::Quit => Ok(()),
        Exit::Signal(number) => Err(Error::Signal(number)),
    }
}
