//! Drawing of the tour's pictures: points, lines, images and worlds.

use freewheel_core::{Cell, Frame, Rgb};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

pub(super) use crate::format::{beginning as cut, width};
use crate::tui::palette::{Depth, Palette, Role};
use crate::tui::plot::letter;

/// Surface on which a page draws.
pub(super) struct Canvas<'a> {
    pub(super) buf: &'a mut Buffer,
    pub(super) palette: Palette,
}

/// Range of the two axes of a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axes {
    /// Left and right end.
    pub(super) x: (f64, f64),
    /// Lower and upper end.
    pub(super) y: (f64, f64),
}

impl Axes {
    /// Point at the end of the vertical axis, if it is beyond it.
    fn clamped(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (low, high) = self.y;
        [x, y.clamp(low, high - 1e-9 * (high - low))]
    }

    /// Axes around all `points`, with a margin.
    pub(super) fn around<'p>(points: impl Iterator<Item = &'p [f64; 2]>) -> Axes {
        let (mut x, mut y) = ((f64::INFINITY, f64::NEG_INFINITY), (f64::INFINITY, f64::NEG_INFINITY));
        for point in points {
            (x.0, x.1) = (x.0.min(point[0]), x.1.max(point[0]));
            (y.0, y.1) = (y.0.min(point[1]), y.1.max(point[1]));
        }
        let wider = |(low, high): (f64, f64)| match high > low {
            true => (low - 0.05 * (high - low), high + 0.05 * (high - low)),
            false => (-1.0, 1.0),
        };
        Axes { x: wider(x), y: wider(y) }
    }

    /// Cell of `area` with the point; `None` outside.
    pub(super) fn cell(self, point: [f64; 2], area: Rect) -> Option<(u16, u16)> {
        let share = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        let (x, y) = (share(point[0], self.x), 1.0 - share(point[1], self.y));
        let inside = (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y) && !area.is_empty();
        inside.then(|| {
            let at = |share: f64, size: u16| ((share * f64::from(size)) as u16).min(size - 1);
            (area.x + at(x, area.width), area.y + at(y, area.height))
        })
    }

    /// Point at the center of a cell of `area`.
    pub(super) fn point(self, (column, row): (u16, u16), area: Rect) -> [f64; 2] {
        let at = |index: u16, size: u16, (low, high): (f64, f64)| {
            low + (high - low) * (f64::from(index) + 0.5) / f64::from(size.max(1))
        };
        let (x, y) = (column.saturating_sub(area.x), row.saturating_sub(area.y));
        [at(x, area.width, self.x), at(area.height.saturating_sub(1).saturating_sub(y), area.height, self.y)]
    }
}

impl Canvas<'_> {
    /// Style of a role.
    pub(super) fn role(&self, role: Role) -> Style {
        self.palette.role(role)
    }

    /// Writes `text` at a place, at most `columns` columns; returns the column after it.
    pub(super) fn text(&mut self, (x, y): (u16, u16), text: &str, columns: u16, style: Style) -> u16 {
        let area = self.buf.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return x;
        }
        let room = usize::from(columns.min(area.right() - x));
        let shown = cut(text, room);
        self.buf.set_stringn(x, y, shown, room, style);
        x + width(shown) as u16
    }

    /// Writes lines of text from the top of `area`.
    pub(super) fn lines<'t>(&mut self, lines: impl IntoIterator<Item = (&'t str, Role)>, area: Rect) {
        for ((text, role), y) in lines.into_iter().zip(area.top()..area.bottom()) {
            let style = self.role(role);
            self.text((area.x, y), text, area.width, style);
        }
    }

    /// Sets the glyph of a cell and its style.
    pub(super) fn glyph(&mut self, at: (u16, u16), glyph: char, style: Style) {
        if let Some(cell) = self.buf.cell_mut(at) {
            cell.set_char(glyph).set_style(style);
        }
    }

    /// Colors the background of a cell as the mixture of the background and a series, by `share`; without colors, cells
    /// with a share of at least a half get a dot.
    pub(super) fn shade(&mut self, at: (u16, u16), series: usize, share: f64) {
        let palette = self.palette;
        let Some(cell) = self.buf.cell_mut(at) else { return };
        match palette.depth {
            Depth::True | Depth::Cube => {
                let rgb = palette.theme.background().mix(palette.theme.series(series), share as f32);
                let colored = Cell { glyph: ' ', fg: rgb, bg: rgb };
                palette.draw_cell(&colored, false, cell);
            }
            _ if share >= 0.5 => {
                cell.set_char('·').set_style(palette.role(Role::Dim));
            }
            _ => {}
        }
    }

    /// Point of the class `class` at a cell: ● and ○ where there are no colors.
    pub(super) fn class_point(&mut self, at: (u16, u16), class: usize, selected: bool) {
        let mut style = self.series(class);
        if selected {
            style = style.add_modifier(Modifier::REVERSED);
        }
        let glyph = if class.is_multiple_of(2) { '●' } else { '○' };
        let palette = self.palette;
        if let Some(cell) = self.buf.cell_mut(at) {
            let background = cell.bg;
            cell.set_char(glyph).set_style(style);
            if palette.depth != Depth::None && !selected {
                cell.set_bg(background);
            }
        }
    }

    /// Style of the curve or class with this index.
    pub(super) fn series(&self, index: usize) -> Style {
        match self.palette.depth {
            Depth::None => Style::new(),
            _ => self.palette.series(index, true),
        }
    }

    /// Draws a gray image of `side` x `side` numbers from 0 to 1 at a place, two columns a pixel; the whole image must
    /// fit into `area`.
    pub(super) fn image(&mut self, pixels: &[f64], side: usize, at: (u16, u16), area: Rect) {
        let palette = self.palette;
        for (i, &gray) in pixels.iter().enumerate() {
            let (x, y) = (at.0 + 2 * (i % side) as u16, at.1 + (i / side) as u16);
            if x + 1 >= area.right() || y >= area.bottom() {
                continue;
            }
            for column in [x, x + 1] {
                if let Some(cell) = self.buf.cell_mut((column, y)) {
                    palette.draw_cell(&gray_cell(gray), true, cell);
                }
            }
        }
    }

    /// Draws a gray image at half the size: one column a pixel, and two rows of pixels a row of cells.
    pub(super) fn small_image(&mut self, pixels: &[f64], side: usize, at: (u16, u16), area: Rect) {
        let palette = self.palette;
        for y in 0..side.div_ceil(2) {
            for x in 0..side {
                let gray = |row: usize| pixels.get(row * side + x).copied().unwrap_or(0.0);
                let (upper, lower) = (gray_cell(gray(2 * y)).bg, gray_cell(gray(2 * y + 1)).bg);
                let place = (at.0 + x as u16, at.1 + y as u16);
                if place.0 >= area.right() || place.1 >= area.bottom() {
                    continue;
                }
                if let Some(cell) = self.buf.cell_mut(place) {
                    let both = Cell { glyph: '▀', fg: upper, bg: lower };
                    match palette.depth {
                        Depth::None => {
                            let mean = (gray(2 * y) + gray(2 * y + 1)) / 2.0;
                            palette.draw_cell(&gray_cell(mean), true, cell);
                        }
                        _ => palette.draw_cell(&both, true, cell),
                    }
                }
            }
        }
    }

    /// Draws the picture of a world in the middle of `area`; returns its upper left corner.
    pub(super) fn frame(&mut self, frame: &Frame, area: Rect) -> (u16, u16) {
        let margin = |size: u16, used: usize| (usize::from(size).saturating_sub(used) / 2) as u16;
        let origin =
            (area.x + margin(area.width, frame.width()), area.y + margin(area.height, frame.height()));
        let palette = self.palette;
        for y in 0..frame.height() {
            for x in 0..frame.width() {
                let at = (origin.0.saturating_add(x as u16), origin.1.saturating_add(y as u16));
                if at.0 >= area.right() || at.1 >= area.bottom() {
                    continue;
                }
                if let (Some(from), Some(to)) = (frame.get(x, y), self.buf.cell_mut(at)) {
                    palette.draw_cell(from, false, to);
                }
            }
        }
        origin
    }

    /// Draws lines through points in braille, each with the index of its series.
    pub(super) fn curves(&mut self, curves: &[(Vec<[f64; 2]>, usize)], axes: Axes, area: Rect) {
        let fine = Rect::new(0, 0, area.width.saturating_mul(2), area.height.saturating_mul(4));
        for (points, series) in curves {
            let style = self.series(*series);
            let mut before: Option<(u16, u16)> = None;
            for point in points {
                let Some(at) = axes.cell(axes.clamped(*point), fine) else {
                    before = None;
                    continue;
                };
                let from = before.unwrap_or(at);
                let steps = from.0.abs_diff(at.0).max(from.1.abs_diff(at.1)).max(1);
                for step in 0..=steps {
                    let t = f64::from(step) / f64::from(steps);
                    let mid =
                        |a: u16, b: u16| (f64::from(a) + (f64::from(b) - f64::from(a)) * t).round() as u16;
                    self.dot((mid(from.0, at.0), mid(from.1, at.1)), area, style);
                }
                before = Some(at);
            }
        }
    }

    /// Sets one dot of braille.
    fn dot(&mut self, (x, y): (u16, u16), area: Rect, style: Style) {
        const BITS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        let place = (area.x + x / 2, area.y + y / 4);
        let Some(cell) = self.buf.cell_mut(place) else { return };
        let now = cell.symbol().chars().next().map_or(0, |c| c as u32);
        let bits = if (0x2800..0x2900).contains(&now) { now - 0x2800 } else { 0 };
        let bits = bits | BITS[usize::from(x % 2)][usize::from(y % 4)];
        cell.set_char(char::from_u32(0x2800 + bits).unwrap_or(' ')).set_style(style);
    }

    /// Letters of series at the ends of their curves, where there are no colors.
    pub(super) fn ends(&mut self, curves: &[(&[[f64; 2]], usize)], axes: Axes, area: Rect) {
        if self.palette.depth != Depth::None {
            return;
        }
        for (points, series) in curves {
            let Some(&point) = points.last() else { continue };
            if let Some(at) = axes.cell(axes.clamped(point), area) {
                self.glyph(at, letter(*series), self.role(Role::Text).add_modifier(Modifier::BOLD));
            }
        }
    }

    /// Names of curves with their colors, or their letters, in the first row of `area`.
    pub(super) fn legend(&mut self, names: &[(&str, usize)], area: Rect) {
        let style = self.role(Role::Text).add_modifier(Modifier::BOLD);
        let mut x = area.x;
        for (name, series) in names {
            let line = self.series(*series);
            let mark = if self.palette.depth == Depth::None { letter(*series) } else { '━' };
            x = self.text((x, area.y), &format!("{mark} "), area.right().saturating_sub(x), line);
            x = self.text((x, area.y), name, area.right().saturating_sub(x), style) + 2;
        }
    }

    /// Horizontal bar that fills `share` of `columns`.
    pub(super) fn bar(&mut self, (x, y): (u16, u16), columns: u16, share: f64, style: Style) {
        let full = (share.clamp(0.0, 1.0) * f64::from(columns)).round() as u16;
        for column in 0..columns {
            let (glyph, style) = if column < full { ('█', style) } else { ('·', self.role(Role::Line)) };
            self.glyph((x + column, y), glyph, style);
        }
    }
}

/// Cell of a gray value from 0 to 1. Black is not quite black, which would be the background of the terminal.
fn gray_cell(gray: f64) -> Cell {
    let level = (gray.clamp(0.0, 1.0) * 235.0) as u8 + 12;
    let rgb = Rgb(level, level, level);
    Cell { glyph: ' ', fg: rgb, bg: rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_are_not_cut_in_two() {
        assert_eq!((width("학습"), cut("학습", 3), cut("학습", 4), cut("a학", 1)), (4, "학", "학습", "a"));
        assert_eq!(cut("", 3), "");
    }

    #[test]
    fn cells_and_points_agree() {
        let axes = Axes { x: (0.0, 10.0), y: (-1.0, 1.0) };
        let area = Rect::new(3, 2, 20, 8);
        for x in 3..23 {
            for y in 2..10 {
                assert_eq!(axes.cell(axes.point((x, y), area), area), Some((x, y)));
            }
        }
        assert_eq!(axes.cell([11.0, 0.0], area), None);
        assert_eq!(axes.cell([1.0, 0.0], Rect::ZERO), None);
    }
}
