//! Cells of a screen with their colors.

use freewheel_core::Rgb;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthChar;

use super::ansi;
use crate::tui::Theme;

/// Content of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Glyph {
    /// Character.
    pub(super) symbol: char,
    /// Whether it is bold.
    pub(super) bold: bool,
    /// Color of the character: red, green, blue.
    pub(super) fg: [u8; 3],
    /// Color of the background.
    pub(super) bg: [u8; 3],
}

/// Cells of a screen, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Screen {
    /// Number of columns.
    pub(super) columns: usize,
    /// Cells.
    pub(super) cells: Vec<Glyph>,
}

impl Screen {
    /// Screen with the contents of `buf`; cells without colors have those of `theme`.
    pub(super) fn of(buf: &Buffer, theme: Theme) -> Self {
        let mut cells: Vec<Glyph> = buf.content.iter().map(|cell| glyph(cell, theme)).collect();
        let columns = usize::from(buf.area.width);
        // A wide character covers the next cell, too.
        for row in cells.chunks_mut(columns.max(1)) {
            for x in 1..row.len() {
                if row[x - 1].symbol.width() > Some(1) {
                    row[x].bg = row[x - 1].bg;
                }
            }
        }
        Screen { columns, cells }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or(0)
    }
}

fn glyph(cell: &Cell, theme: Theme) -> Glyph {
    let [text, background] = theme.base().map(|rgb| [rgb.0, rgb.1, rgb.2]);
    let of = |color: Color, default: [u8; 3]| match color {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(index) => indexed(index),
        other => ansi::sixteen(other).map_or(default, indexed),
    };
    let (mut fg, mut bg) = (of(cell.fg, text), of(cell.bg, background));
    if cell.modifier.contains(Modifier::REVERSED) {
        (fg, bg) = (bg, fg);
    }
    if cell.modifier.contains(Modifier::DIM) {
        let mixed = Rgb(fg[0], fg[1], fg[2]).mix(Rgb(bg[0], bg[1], bg[2]), 0.4);
        fg = [mixed.0, mixed.1, mixed.2];
    }
    let symbol = cell.symbol().chars().next().filter(|c| !c.is_control()).unwrap_or(' ');
    let symbol = if cell.modifier.contains(Modifier::HIDDEN) { ' ' } else { symbol };
    Glyph { symbol, bold: cell.modifier.contains(Modifier::BOLD), fg, bg }
}

/// Color of a terminal with 256 colors: 16 usual ones, a cube of 6 x 6 x 6 colors, 24 grays.
fn indexed(index: u8) -> [u8; 3] {
    const SIXTEEN: [[u8; 3]; 16] = [
        [0, 0, 0],
        [205, 49, 49],
        [13, 188, 121],
        [229, 229, 16],
        [36, 114, 200],
        [188, 63, 188],
        [17, 168, 205],
        [229, 229, 229],
        [102, 102, 102],
        [241, 76, 76],
        [35, 209, 139],
        [245, 245, 67],
        [59, 142, 234],
        [214, 112, 214],
        [41, 184, 219],
        [255, 255, 255],
    ];
    let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
    match index {
        0..16 => SIXTEEN[usize::from(index)],
        16..232 => [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(level),
        232.. => [8 + 10 * (index - 232); 3],
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn indexed_colors_are_those_of_xterm() {
        let of = |index| indexed(index);
        assert_eq!([of(16), of(231), of(196), of(67)], [[0; 3], [255; 3], [255, 0, 0], [95, 135, 175]]);
        assert_eq!([of(232), of(255)], [[8; 3], [238; 3]]);
        let mut buf = Buffer::empty(Rect::new(0, 0, 1, 1));
        buf.set_string(0, 0, "x", Style::new().fg(Color::LightRed).bg(Color::Indexed(244)));
        let cell = Screen::of(&buf, Theme::Light).cells[0];
        assert_eq!((cell.fg, cell.bg), ([241, 76, 76], [128; 3]));
    }

    #[test]
    fn cells_have_their_colors() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 3, 2));
        let style = Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD | Modifier::REVERSED);
        buf.set_string(1, 1, "x", style);
        let screen = Screen::of(&buf, Theme::Dark);
        assert_eq!((screen.columns, screen.rows()), (3, 2));
        let [text, background] = Theme::Dark.base().map(|rgb| [rgb.0, rgb.1, rgb.2]);
        assert_eq!(screen.cells[0], Glyph { symbol: ' ', bold: false, fg: text, bg: background });
        assert_eq!(screen.cells[4], Glyph { symbol: 'x', bold: true, fg: background, bg: [1, 2, 3] });
        // The second cell of a wide character has the same background; the next row has its own.
        buf.set_string(1, 0, "학", style);
        let screen = Screen::of(&buf, Theme::Dark);
        assert_eq!([1, 2, 3].map(|cell| screen.cells[cell].bg), [[1, 2, 3], [1, 2, 3], background]);
    }
}
