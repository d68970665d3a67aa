//! Pages of the tour: each has a picture, a few controls and some numbers.

use std::sync::Arc;
use std::time::Duration;

use freewheel_agents::data::DataSet;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::ledger::Ledger;
use crate::Registry;
use crate::messages::Language;
use crate::tui::Watch;

/// Worlds, costs, language and data that all pages use.
pub(super) struct Shared {
    /// Worlds, agents and estimators.
    pub(super) registry: &'static Registry,
    /// Costs of what ran on the screen.
    pub(super) ledger: Ledger,
    /// Language of the texts.
    pub(super) language: Language,
    /// Garments of the scenes 2 and 3, once a page has read them.
    pub(super) garments: Option<Arc<DataSet>>,
}

/// A control of a page, in the order in which they are listed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Control {
    /// Number that the user changes.
    Slider {
        /// Key of the label, without the prefix `control.`.
        label: &'static str,
        /// Present value.
        value: f64,
        /// Smallest and largest value.
        range: (f64, f64),
        /// Change by one key.
        step: f64,
    },
    /// Action of the page.
    Button {
        /// Key of the label, without the prefix `control.`.
        label: &'static str,
        /// Letter that presses the button.
        key: char,
        /// Whether the action is going on.
        on: bool,
    },
    /// The picture, with a cursor for the arrow keys.
    Board {
        /// Key of the label, without the prefix `control.`.
        label: &'static str,
    },
}

/// A number of a page: key of its name, without the prefix `fact.`, and its text.
pub(super) type Fact = (&'static str, String);

/// Button of a page.
pub(super) fn button(label: &'static str, key: char) -> Control {
    Control::Button { label, key, on: false }
}

/// Button of a page for an action that goes on.
pub(super) fn toggle(label: &'static str, key: char, on: bool) -> Control {
    Control::Button { label, key, on }
}

/// Slider of a page.
pub(super) fn slider(label: &'static str, value: f64, range: (f64, f64), step: f64) -> Control {
    Control::Slider { label, value, range, step }
}

/// A page of a scene.
pub(super) trait Page {
    /// Controls, from top to bottom; their number does not change.
    fn controls(&self) -> Vec<Control>;

    /// Sets slider `control`.
    fn set(&mut self, _control: usize, _value: f64, _shared: &mut Shared) {}

    /// Presses button `control`. A page may open the viewer above the tour.
    fn press(&mut self, _control: usize, _shared: &mut Shared) -> Option<Box<Watch>> {
        None
    }

    /// Moves the cursor of the board by columns and rows.
    fn move_cursor(&mut self, _by: (i32, i32), _shared: &mut Shared) {}

    /// Acts on the place of the cursor of the board.
    fn act(&mut self, _shared: &mut Shared) {}

    /// Pointer on the picture at this cell, relative to the upper left corner of the picture's area: pressed, or moved
    /// while pressed (`drag`).
    fn point(&mut self, _at: (u16, u16), _drag: bool, _shared: &mut Shared) {}

    /// Takes the time since the last call; true if the page has changed.
    fn advance(&mut self, _elapsed: Duration, _shared: &mut Shared) -> bool {
        false
    }

    /// Whether the page changes by itself at present.
    fn is_live(&self) -> bool {
        false
    }

    /// Work in the background: key of its name, without the prefix `work.`, and the share that is done, 0 to 1.
    fn progress(&self) -> Option<(&'static str, f64)> {
        None
    }

    /// Cancels the work in the background.
    fn cancel(&mut self) {}

    /// Numbers below the controls.
    fn facts(&self, _shared: &Shared) -> Vec<Fact> {
        Vec::new()
    }

    /// What can be said about the present state: key of the text, and the texts of its placeholders.
    fn outcome(&self) -> Option<(&'static str, Vec<(&'static str, String)>)> {
        None
    }

    /// Whether the picture takes the whole width, below the controls.
    fn is_wide(&self) -> bool {
        false
    }

    /// Draws the picture into `area`.
    fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, shared: &Shared);
}
