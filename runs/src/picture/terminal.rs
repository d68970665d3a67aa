//! Pictures drawn with the characters of a terminal: with colors, a character cell shows two pixels, one above the
//! other; without colors, a cell is one character.

use freewheel_core::Rgb;

use super::Depth;
use super::colors::luma;
use crate::tui::cube;

/// Characters from dark to light, for light text on a dark background.
const RAMP: &[u8] = b" .:-=+*#%@";

/// Content of a character cell.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    Glyph {
        glyph: char,
        fg: Option<Rgb>,
        bg: Option<Rgb>,
    },
    /// Two pixels of a cell; `fallback` is the character used without colors.
    HalfBlocks {
        top: Option<Rgb>,
        bottom: Option<Rgb>,
        fallback: Option<char>,
    },
}

const EMPTY: Cell = Cell::Glyph { glyph: ' ', fg: None, bg: None };

/// Rows of character cells; grows downwards as needed.
pub(super) struct Canvas {
    width: usize,
    rows: Vec<Vec<Cell>>,
}

impl Canvas {
    /// Empty canvas, `width` columns wide, at least 20.
    pub(super) fn new(width: u16) -> Self {
        Canvas { width: usize::from(width).max(20), rows: Vec::new() }
    }

    /// Width in columns.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Height in rows.
    pub(super) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Writes `text` in row `y` from column `x` on; the text is clipped at the right edge.
    pub(super) fn write(&mut self, x: usize, y: usize, text: &str, fg: Option<Rgb>, bg: Option<Rgb>) {
        for (i, glyph) in text.chars().enumerate() {
            let glyph = if glyph.is_control() { ' ' } else { glyph };
            if let Some(cell) = self.cell(x + i, y) {
                *cell = Cell::Glyph { glyph, fg, bg };
            }
        }
        self.grow_to(y);
    }

    /// Writes the lines of a title below the last row; returns the row below the title.
    pub(super) fn title(&mut self, title: &str) -> usize {
        title.lines().for_each(|line| self.write(0, self.height(), line, None, None));
        self.height()
    }

    /// Colors the pixel `(x, y)`, with y in half rows. Without colors, the cell shows `fallback`, or else a character
    /// for the brightness.
    pub(super) fn pixel(&mut self, x: usize, y: usize, rgb: Rgb, fallback: Option<char>) {
        let Some(cell) = self.cell(x, y / 2) else { return };
        let (mut top, mut bottom) = match *cell {
            Cell::HalfBlocks { top, bottom, .. } => (top, bottom),
            Cell::Glyph { .. } => (None, None),
        };
        *(if y.is_multiple_of(2) { &mut top } else { &mut bottom }) = Some(rgb);
        *cell = Cell::HalfBlocks { top, bottom, fallback };
    }

    fn grow_to(&mut self, y: usize) {
        if self.rows.len() <= y {
            self.rows.resize(y + 1, vec![EMPTY; self.width]);
        }
    }

    fn cell(&mut self, x: usize, y: usize) -> Option<&mut Cell> {
        self.grow_to(y);
        self.rows[y].get_mut(x)
    }

    /// Canvas as text: one line per row, without trailing spaces.
    pub(super) fn render(&self, depth: Depth) -> String {
        let mut out = String::new();
        for row in &self.rows {
            let used = row.iter().rposition(|cell| *cell != EMPTY).map_or(0, |last| last + 1);
            let (mut style, start) = ((None, None), out.len());
            for cell in &row[..used] {
                let (glyph, fg, bg) = glyph_of(cell, depth);
                if (fg, bg) != style {
                    out.push_str("\x1b[0m");
                    fg.iter().for_each(|rgb| out.push_str(&code(38, *rgb, depth)));
                    bg.iter().for_each(|rgb| out.push_str(&code(48, *rgb, depth)));
                    style = (fg, bg);
                }
                out.push(glyph);
            }
            if style != (None, None) {
                out.push_str("\x1b[0m");
            }
            let kept = out[start..].trim_end_matches(' ').len();
            out.truncate(start + kept);
            out.push('\n');
        }
        out
    }
}

/// Whether colors are used. With 16 colors they are not, because the shades depend on the terminal.
pub(super) fn has_colors(depth: Depth) -> bool {
    matches!(depth, Depth::True | Depth::Cube)
}

fn glyph_of(cell: &Cell, depth: Depth) -> (char, Option<Rgb>, Option<Rgb>) {
    match (*cell, has_colors(depth)) {
        (Cell::Glyph { glyph, fg, bg }, true) => (glyph, fg, bg),
        (Cell::Glyph { glyph, .. }, false) => (glyph, None, None),
        (Cell::HalfBlocks { top: None, bottom: None, .. }, true) => (' ', None, None),
        (Cell::HalfBlocks { top: None, bottom, .. }, true) => ('▄', bottom, None),
        (Cell::HalfBlocks { top, bottom, .. }, true) => ('▀', top, bottom),
        (Cell::HalfBlocks { fallback: Some(fallback), .. }, false) => (fallback, None, None),
        (Cell::HalfBlocks { top, bottom, fallback: None }, false) => {
            let lights: Vec<f32> = [top, bottom].into_iter().flatten().map(luma).collect();
            let light = lights.iter().sum::<f32>() / lights.len().max(1) as f32;
            let at = (light * RAMP.len() as f32) as usize;
            (char::from(RAMP[at.min(RAMP.len() - 1)]), None, None)
        }
    }
}

/// Escape sequence for a foreground (38) or background (48) color.
fn code(layer: u8, rgb: Rgb, depth: Depth) -> String {
    match depth {
        Depth::Cube => format!("\x1b[{layer};5;{}m", cube(rgb)),
        _ => format!("\x1b[{layer};2;{};{};{}m", rgb.0, rgb.1, rgb.2),
    }
}

/// `text` cut to at most `width` characters, with `…` at the end if it was longer.
pub(super) fn truncate(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).take(width).collect()
}

/// Character for class `i` in a terminal without colors.
pub(super) fn class_symbol(i: usize) -> char {
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
        let colors = "\x1b[0m\x1b[38;2;1;2;3mab\x1b[0m\n\
            \x1b[0m\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[0m\x1b[38;2;0;255;0m▄\x1b[0m\n";
        assert_eq!(canvas.render(Depth::True), colors);
        assert_eq!(canvas.render(Depth::None), "ab\n.x\n");
        assert!(canvas.render(Depth::Cube).contains("\x1b[38;5;196m\x1b[48;5;21m▀"));
        assert_eq!(truncate("abcdef", 4), "abc…");
    }
}
