//! Help of the viewer: the keys and the rules of the world, in a box over the screen. Keys without an effect in the
//! present state are dim.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::format::pad;
use crate::messages::screens::{tr, translated};
use crate::tui::boxes::{boxed, wrapped, write_lines};
use crate::tui::keys::KEYS;
use crate::tui::layout::centered;
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};
use crate::tui::rules;

/// Columns of the box.
const WIDTH: usize = 80;
/// Columns of the names of the keys.
const KEYS_WIDTH: usize = 24;

/// Draws the help.
pub(super) fn draw(model: &Model, palette: Palette, screen: Rect, buf: &mut Buffer) {
    let lines = lines(model, palette);
    let size = (WIDTH as u16, lines.len() as u16 + 2);
    let shown = usize::from(centered(size, screen).height.saturating_sub(2));
    let first = usize::from(model.help_scroll).min(lines.len().saturating_sub(shown));
    let more = if shown < lines.len() {
        let last = (first + shown).min(lines.len());
        format!(" {} ", tr!("↑ ↓ scroll: {}-{} of {}", first + 1, last, lines.len()))
    } else {
        format!(" {} ", tr!("any key closes"))
    };
    let titles = [format!(" {} ", tr!("keys")), more]
        .map(|title: String| Line::styled(title, palette.role(Role::Dim)));
    let inside = boxed(titles, size, palette, screen, buf);
    write_lines(lines.into_iter().skip(first), inside, buf);
}

/// Headings and keys; the group for playing comes first only while the user plays.
fn lines(model: &Model, palette: Palette) -> Vec<Line<'static>> {
    let playing = model.active_input().is_some();
    let mut lines = Vec::new();
    let (play, others) = KEYS.split_at(1);
    let ordered = if playing { play.iter().chain(others) } else { others.iter().chain(play) };
    for (heading, rows) in ordered {
        lines.push(Line::styled(translated(heading), palette.role(Role::Accent)));
        for row in *rows {
            let (key, does) = match row.when.applies(model) {
                true => (Role::Text, Role::Text),
                false => (Role::Dim, Role::Dim),
            };
            lines.push(Line::from(vec![
                Span::styled(format!("  {}", pad(translated(row.keys), KEYS_WIDTH)), palette.role(key)),
                Span::styled(translated(row.does), palette.role(does)),
            ]));
        }
    }
    let rules = rules::of(&model.episode.spec().id);
    if !rules.is_empty() {
        lines.push(Line::styled(tr!("this world"), palette.role(Role::Accent)));
    }
    for (heading, text) in rules {
        for (row, part) in wrapped(translated(text), WIDTH - KEYS_WIDTH - 6).into_iter().enumerate() {
            let heading = if row == 0 { translated(heading) } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("  {}", pad(heading, KEYS_WIDTH)), palette.role(Role::Dim)),
                Span::styled(part, palette.role(Role::Text)),
            ]));
        }
    }
    lines
}
