//! Drawing with the characters of a terminal: two pixels to a cell, one above the other, where there are colors; where there are
//! none, a character to a cell.

use freewheel_core::Rgb;

use super::Depth;
use super::colors::luma;
use crate::tui::cube;

/// From dark to light, for a light pen.
const RAMP: &[u8] = b" .:-=+*#%@";

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    Glyph {
        glyph: char,
        fg: Option<Rgb>,
        bg: Option<Rgb>,
    },
    /// Two pixels, and what is written where they cannot be shown.
    Halves {
        top: Option<Rgb>,
        bottom: Option<Rgb>,
        plain: Option<char>,
    },
}

const EMPTY: Cell = Cell::Glyph { glyph: ' ', fg: None, bg: None };

/// Rows of cells, as many as are drawn on.
pub(super) struct Canvas {
    width: usize,
    rows: Vec<Vec<Cell>>,
}

impl Canvas {
    /// Nothing yet, `width` columns wide.
    pub(super) fn new(width: u16) -> Self {
        Canvas { width: usize::from(width).max(20), rows: Vec::new() }
    }

    /// Columns.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Rows that were drawn on.
    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Writes `text` in row `y` from column `x` on; what is beyond the edge is left out.
    pub(super) fn write(&mut self, x: usize, y: usize, text: &str, fg: Option<Rgb>, bg: Option<Rgb>) {
        for (i, glyph) in text.chars().enumerate() {
            let glyph = if glyph.is_control() { ' ' } else { glyph };
            if let Some(cell) = self.cell(x + i, y) {
                *cell = Cell::Glyph { glyph, fg, bg };
            }
        }
        self.reach(y);
    }

    /// Writes the lines of a title; gives the row below.
    pub(super) fn title(&mut self, title: &str) -> usize {
        title.lines().for_each(|line| self.write(0, self.height(), line, None, None));
        self.height()
    }

    /// Colors pixel `(x, y)`, y in half rows; `plain` stands for its cell where there are no colors, else its greys do.
    pub(super) fn pixel(&mut self, x: usize, y: usize, rgb: Rgb, plain: Option<char>) {
        let Some(cell) = self.cell(x, y / 2) else { return };
        let (mut top, mut bottom) = match *cell {
            Cell::Halves { top, bottom, .. } => (top, bottom),
            Cell::Glyph { .. } => (None, None),
        };
        *(if y.is_multiple_of(2) { &mut top } else { &mut bottom }) = Some(rgb);
        *cell = Cell::Halves { top, bottom, plain };
    }

    fn reach(&mut self, y: usize) {
        if self.rows.len() <= y {
            self.rows.resize(y + 1, vec![EMPTY; self.width]);
        }
    }

    fn cell(&mut self, x: usize, y: usize) -> Option<&mut Cell> {
        self.reach(y);
        self.rows[y].get_mut(x)
    }

    /// As text: a line a row, nothing behind the last character of it.
    pub(super) fn finish(&self, depth: Depth) -> String {
        let mut out = String::new();
        for row in &self.rows {
            let used = row.iter().rposition(|cell| *cell != EMPTY).map_or(0, |last| last + 1);
            let (mut ink, start) = ((None, None), out.len());
            for cell in &row[..used] {
                let (glyph, fg, bg) = shown(cell, depth);
                if (fg, bg) != ink {
                    out.push_str("\x1b[0m");
                    fg.iter().for_each(|rgb| out.push_str(&code(38, *rgb, depth)));
                    bg.iter().for_each(|rgb| out.push_str(&code(48, *rgb, depth)));
                    ink = (fg, bg);
                }
                out.push(glyph);
            }
            if ink != (None, None) {
                out.push_str("\x1b[0m");
            }
            let kept = out[start..].trim_end_matches(' ').len();
            out.truncate(start + kept);
            out.push('\n');
        }
        out
    }
}

/// A terminal of 16 colors has its own shades of them: characters tell more.
pub(super) fn colored(depth: Depth) -> bool {
    matches!(depth, Depth::True | Depth::Cube)
}

fn shown(cell: &Cell, depth: Depth) -> (char, Option<Rgb>, Option<Rgb>) {
    match (*cell, colored(depth)) {
        (Cell::Glyph { glyph, fg, bg }, true) => (glyph, fg, bg),
        (Cell::Glyph { glyph, .. }, false) => (glyph, None, None),
        (Cell::Halves { top: None, bottom: None, .. }, true) => (' ', None, None),
        (Cell::Halves { top: None, bottom, .. }, true) => ('▄', bottom, None),
        (Cell::Halves { top, bottom, .. }, true) => ('▀', top, bottom),
        (Cell::Halves { plain: Some(plain), .. }, false) => (plain, None, None),
        (Cell::Halves { top, bottom, plain: None }, false) => {
            let lights: Vec<f32> = [top, bottom].into_iter().flatten().map(luma).collect();
            let light = lights.iter().sum::<f32>() / lights.len().max(1) as f32;
            let at = (light * RAMP.len() as f32) as usize;
            (char::from(RAMP[at.min(RAMP.len() - 1)]), None, None)
        }
    }
}

/// The escape sequence for a color of what is written (38) or of the ground (48).
fn code(layer: u8, rgb: Rgb, depth: Depth) -> String {
    match depth {
        Depth::Cube => format!("\x1b[{layer};5;{}m", cube(rgb)),
        _ => format!("\x1b[{layer};2;{};{};{}m", rgb.0, rgb.1, rgb.2),
    }
}

/// `text` in at most `width` columns, its end cut off where it is longer.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).take(width).collect()
}

/// What stands for class `i` where there are no colors.
pub(super) fn letter(i: usize) -> char {
    const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    char::from(LETTERS[i % LETTERS.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pixels_share_a_cell() {
        let mut canvas = Canvas::new(20);
        canvas.write(0, 0, "ab", Some(Rgb(1, 2, 3)), None);
        canvas.pixel(0, 2, Rgb(255, 0, 0), None);
        canvas.pixel(0, 3, Rgb(0, 0, 255), None);
        canvas.pixel(1, 3, Rgb(0, 255, 0), Some('x'));
        let colors = "\x1b[0m\x1b[38;2;1;2;3mab\x1b[0m\n\x1b[0m\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[0m\x1b[38;2;0;255;0m▄\x1b[0m\n";
        assert_eq!(canvas.finish(Depth::True), colors);
        assert_eq!(canvas.finish(Depth::None), "ab\n.x\n");
        assert!(canvas.finish(Depth::Cube).contains("\x1b[38;5;196m\x1b[48;5;21m▀"));
        assert_eq!(cut("abcdef", 4), "abc…");
    }
}
