//! Screens of an episode as JSON, for a player that draws cells: each different cell once, and the changes of each
//! screen.

use std::collections::BTreeMap;

use freewheel_core::Result;
use serde_json::{Value, json};

use super::screen::{Glyph, Screen};
use super::{Schedule, Timing};
use crate::tui::Offscreen;

/// Episode of `viewer`: `columns`, `rows`, `glyphs` (character, bold, color, background), `end` (s) and `frames`: time
/// in s and pairs of a cell's index and its glyph's index.
///
/// # Errors
/// Errors of replaying the episode.
pub(crate) fn cells(viewer: &mut Offscreen, timing: Timing) -> Result<Value> {
    let Schedule { screens, end } =
        Schedule::new(viewer.steps(), viewer.speed(), timing.fps, timing.max_seconds);
    let mut known: BTreeMap<Glyph, usize> = BTreeMap::new();
    let (mut glyphs, mut frames, mut last) = (Vec::new(), Vec::new(), Vec::new());
    let mut size = (0, 0);
    for (step, time) in screens {
        let screen = Screen::of(&viewer.draw(step)?, viewer.theme());
        size = (screen.columns, screen.rows());
        let mut changes: Vec<usize> = Vec::new();
        for (at, glyph) in screen.cells.iter().enumerate() {
            if last.get(at) == Some(glyph) {
                continue;
            }
            let index = *known.entry(*glyph).or_insert_with(|| {
                let hex = |[r, g, b]: [u8; 3]| format!("#{r:02x}{g:02x}{b:02x}");
                let bold = u8::from(glyph.bold);
                glyphs.push(json!([glyph.symbol.to_string(), bold, hex(glyph.fg), hex(glyph.bg)]));
                glyphs.len() - 1
            });
            changes.extend([at, index]);
        }
        // Milliseconds are enough.
        frames.push(json!([(time * 1000.0).round() / 1000.0, changes]));
        last = screen.cells;
    }
    Ok(json!({ "columns": size.0, "rows": size.1, "glyphs": glyphs, "frames": frames, "end": end }))
}
