//! Screens as text with the color sequences of terminals.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Style of a cell: foreground, background and modifiers.
pub(super) type Style = (Color, Color, Modifier);

/// Style of a cell.
pub(super) fn style(cell: &Cell) -> Style {
    (cell.fg, cell.bg, cell.modifier)
}

/// Style of a terminal after a reset.
pub(super) const PLAIN: Style = (Color::Reset, Color::Reset, Modifier::empty());

/// Sequence that changes the style `from` to `to`, with the colors that differ only where the modifiers are equal.
pub(super) fn change(from: Style, to: Style) -> String {
    if from.2 != to.2 {
        return sequence(to);
    }
    let mut codes = Vec::new();
    for (before, after, layer) in [(from.0, to.0, 30), (from.1, to.1, 40)] {
        if before != after {
            codes.push(code(after, layer).unwrap_or_else(|| (layer + 9).to_string()));
        }
    }
    format!("\u{1b}[{}m", codes.join(";"))
}

/// Code of a color for the layer 30, foreground, or 40, background; `None` for the default color.
fn code(color: Color, layer: u8) -> Option<String> {
    match color {
        Color::Rgb(r, g, b) => Some(format!("{};2;{r};{g};{b}", layer + 8)),
        Color::Indexed(index) => Some(format!("{};5;{index}", layer + 8)),
        other => sixteen(other).map(|number| match number {
            0..8 => (layer + number).to_string(),
            _ => (layer + 52 + number).to_string(),
        }),
    }
}

/// Sequence that sets a style.
pub(super) fn sequence((fg, bg, modifier): Style) -> String {
    let mut out = String::from("\u{1b}[0");
    for (flag, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
    ] {
        if modifier.contains(flag) {
            let _ = write!(out, ";{code}");
        }
    }
    for (color, layer) in [(fg, 30), (bg, 40)] {
        if let Some(code) = code(color, layer) {
            let _ = write!(out, ";{code}");
        }
    }
    out.push('m');
    out
}

/// Number of one of the 16 colors.
pub(super) fn sixteen(color: Color) -> Option<u8> {
    const ALL: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    ALL.iter().position(|known| *known == color).map(|number| number as u8)
}

/// Rows of `buf` as lines, with colors, and without the blanks at their ends.
pub(crate) fn lines(buf: &Buffer) -> String {
    let mut out = String::new();
    for row in buf.content.chunks(usize::from(buf.area.width.max(1))) {
        let is_blank = |cell: &Cell| cell.symbol() == " " && cell.bg == Color::Reset;
        let used = row.iter().rposition(|cell| !is_blank(cell)).map_or(0, |last| last + 1);
        let mut now = PLAIN;
        for cell in &row[..used] {
            if style(cell) != now {
                now = style(cell);
                out.push_str(&sequence(now));
            }
            out.push_str(cell.symbol());
        }
        if now != PLAIN {
            out.push_str(&sequence(PLAIN));
        }
        out.push('\n');
    }
    out
}

/// Rows of `buf` as lines, without colors and without the blanks at their ends.
pub(crate) fn text(buf: &Buffer) -> String {
    let line = |row: &[Cell]| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned() + "\n";
    buf.content.chunks(usize::from(buf.area.width.max(1))).map(line).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn a_change_has_what_differs() {
        let (red, blue) = (Color::Rgb(9, 0, 0), Color::LightBlue);
        let (none, bold) = (Modifier::empty(), Modifier::BOLD);
        assert_eq!(change((red, blue, none), (blue, blue, none)), "\u{1b}[94m");
        assert_eq!(change((red, blue, none), (red, Color::Reset, none)), "\u{1b}[49m");
        assert_eq!(change(PLAIN, (red, blue, none)), "\u{1b}[38;2;9;0;0;104m");
        assert_eq!(change((red, blue, none), (red, blue, bold)), "\u{1b}[0;1;38;2;9;0;0;104m");
    }

    #[test]
    fn colors_are_sequences() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 2));
        buf.set_string(0, 0, "ab", Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD));
        buf.set_string(2, 0, "c", Style::new());
        buf.set_string(1, 1, "d", Style::new().fg(Color::LightRed).bg(Color::Indexed(7)));
        assert_eq!(lines(&buf), "\u{1b}[0;1;38;2;1;2;3mab\u{1b}[0mc\n \u{1b}[0;91;48;5;7md\u{1b}[0m\n");
        assert_eq!(text(&buf), "abc\n d\n");
    }
}
