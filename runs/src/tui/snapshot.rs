//! Screens as text, for the snapshots of the tests.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::palette::{Depth, Palette};
use crate::format;
use crate::messages::Language;

/// Sizes of the snapshots.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (60, 16)];

/// Snapshots of a screen in three sizes: `NAME-color`, `NAME-no-color` and `NAME-ascii`. `draw` draws it, with ASCII
/// glyphs if the second argument says so.
pub(super) fn in_each_mode(name: &str, mut draw: impl FnMut(Palette, bool, Rect, &mut Buffer)) {
    for (mode, depth, ascii) in
        [("color", Depth::True, false), ("no-color", Depth::None, false), ("ascii", Depth::None, true)]
    {
        let mut all = String::new();
        for (width, height) in SIZES {
            let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
            let area = buf.area;
            draw(Palette::new(depth), ascii, area, &mut buf);
            let shown = if ascii { text(&buf) } else { styled(&buf) };
            assert!(!ascii || shown.is_ascii(), "{name}: {shown}");
            let colorless = |cell: &Cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset);
            assert!(depth == Depth::True || buf.content.iter().all(colorless), "{name}");
            all += &format!("{width} x {height}\n{shown}");
        }
        insta::assert_snapshot!(format!("{name}-{mode}"), all);
    }
}

/// Snapshot `NAME-ko` of a screen in Korean, in three sizes. No wide character is cut, neither by the end of a row nor
/// by a box.
pub(super) fn in_korean(name: &str, mut draw: impl FnMut(Palette, Rect, &mut Buffer)) {
    Language::Ko.choose();
    let mut all = String::new();
    for (width, height) in SIZES {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let area = buf.area;
        draw(Palette::new(Depth::True), area, &mut buf);
        for row in buf.content.chunks(usize::from(width)) {
            let is_wide = |cell: &Cell| format::width(cell.symbol()) > 1;
            for pair in row.windows(2).filter(|pair| is_wide(&pair[0])) {
                assert_eq!(pair[1].symbol(), " ", "{name} {width} x {height}: {}", pair[0].symbol());
            }
            assert!(row.last().is_none_or(|cell| !is_wide(cell)), "{name} {width} x {height}");
        }
        all += &format!("{width} x {height}\n{}", wide_text(&buf));
    }
    Language::En.choose();
    insta::assert_snapshot!(format!("{name}-ko"), all);
}

/// Same as [`text`], with one character for a wide one.
pub(super) fn wide_text(buf: &Buffer) -> String {
    let line = |row: &[Cell]| {
        let mut line = String::new();
        let mut covered = 0;
        for cell in row {
            if covered == 0 {
                line += cell.symbol();
                covered = format::width(cell.symbol());
            }
            covered = covered.saturating_sub(1);
        }
        line.trim_end().to_owned() + "\n"
    };
    buf.content.chunks(usize::from(buf.area.width.max(1))).map(line).collect()
}

/// Glyphs of a screen, row by row, without the blanks at the ends of the rows.
pub(super) fn text(buf: &Buffer) -> String {
    let line = |row: &[Cell]| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned() + "\n";
    buf.content.chunks(usize::from(buf.area.width.max(1))).map(line).collect()
}

/// Glyphs of a screen with the names of the styles: below each row a list of its runs of equal style, such as
/// `0..4 bold`.
pub(super) fn styled(buf: &Buffer) -> String {
    let mut out = String::new();
    for row in buf.content.chunks(usize::from(buf.area.width.max(1))) {
        out += row.iter().map(Cell::symbol).collect::<String>().trim_end();
        let mut runs = Vec::new();
        let mut from = 0;
        for run in row.chunk_by(|a, b| style(a) == style(b)) {
            let name = style(&run[0]);
            if !name.is_empty() {
                runs.push(format!("{from}..{} {name}", from + run.len()));
            }
            from += run.len();
        }
        out += &format!("\n    | {}\n", runs.join(", "));
    }
    out
}

/// Style of a cell: foreground, background and modifiers.
fn style(cell: &Cell) -> String {
    let color = |color: Color| match color {
        Color::Rgb(r, g, b) => format!("{r:02x}{g:02x}{b:02x}"),
        other => other.to_string(),
    };
    let mut parts = Vec::new();
    if cell.fg != Color::Reset {
        parts.push(color(cell.fg));
    }
    if cell.bg != Color::Reset {
        parts.push(format!("on {}", color(cell.bg)));
    }
    for (name, _) in cell.modifier.iter_names() {
        parts.push(name.to_lowercase());
    }
    parts.join(" ")
}
