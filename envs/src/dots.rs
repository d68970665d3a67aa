//! Drawings in braille dots: 2 x 4 dots per cell, square dots in cells of about 1:2.

use freewheel_core::{Cell, Frame, Rgb};

/// Dots per cell, across and down.
pub(crate) const ACROSS: usize = 2;
pub(crate) const DOWN: usize = 4;

/// Bit of each dot in a braille character, by row and column in the cell.
const BITS: [[u8; ACROSS]; DOWN] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Dots over a rectangle of cells. Each cell has the color of its last dot.
pub(crate) struct Dots {
    columns: usize,
    rows: usize,
    cells: Vec<(u8, Rgb)>,
}

impl Dots {
    /// No dots over `columns` x `rows` cells.
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        Dots { columns, rows, cells: vec![(0, Rgb::default()); columns * rows] }
    }

    /// Width and height in dots.
    pub(crate) fn size(&self) -> (f64, f64) {
        ((self.columns * ACROSS) as f64, (self.rows * DOWN) as f64)
    }

    /// Sets the dot that contains the point `(x, y)`, in dots from the upper left corner; does nothing outside.
    pub(crate) fn set(&mut self, (x, y): (f64, f64), color: Rgb) {
        let (width, height) = self.size();
        if (0.0..width).contains(&x) && (0.0..height).contains(&y) {
            let (x, y) = (x as usize, y as usize);
            let cell = &mut self.cells[y / DOWN * self.columns + x / ACROSS];
            *cell = (cell.0 | BITS[y % DOWN][x % ACROSS], color);
        }
    }

    /// Sets the dots on the segment between two points, in dots.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: Rgb) {
        let Some((from, to)) = self.clip(from, to) else { return };
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let count = dx.abs().max(dy.abs()).ceil();
        for i in 0..=count as usize {
            let t = i as f64 / count.max(1.0);
            self.set((from.0 + t * dx, from.1 + t * dy), color);
        }
    }

    /// Part of a segment inside of the drawing (Liang & Barsky); `None` if there is none.
    fn clip(&self, from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let (width, height) = self.size();
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        if !(dx.is_finite() && dy.is_finite()) {
            return None;
        }
        let (mut first, mut last) = (0.0f64, 1.0f64);
        for (rate, room) in [(-dx, from.0), (dx, width - from.0), (-dy, from.1), (dy, height - from.1)] {
            if rate == 0.0 && room < 0.0 {
                return None;
            }
            if rate < 0.0 {
                first = first.max(room / rate);
            } else if rate > 0.0 {
                last = last.min(room / rate);
            }
        }
        let at = |t: f64| (from.0 + t * dx, from.1 + t * dy);
        (first <= last).then(|| (at(first), at(last)))
    }

    /// Braille character and color of a cell; `None` without dots.
    pub(crate) fn glyph(&self, column: usize, row: usize) -> Option<(char, Rgb)> {
        let (mask, color) = *self.cells.get(row * self.columns + column)?;
        let glyph = char::from_u32(0x2800 + u32::from(mask))?;
        (mask != 0).then_some((glyph, color))
    }

    /// Writes all cells with dots into `frame`, the upper left one at `(left, top)`; the background stays.
    pub(crate) fn draw(&self, frame: &mut Frame, left: usize, top: usize) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                if let Some((glyph, fg)) = self.glyph(column, row) {
                    let (x, y) = (left + column, top + row);
                    let bg = frame.get(x, y).copied().unwrap_or_default().bg;
                    frame.set(x, y, Cell { glyph, fg, bg });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLOR: Rgb = Rgb(1, 2, 3);

    fn text(dots: &Dots) -> String {
        let mut frame = Frame::default();
        frame.clear(dots.columns, dots.rows);
        dots.draw(&mut frame, 0, 0);
        frame.to_text()
    }

    #[test]
    fn dots_are_braille() {
        let mut dots = Dots::new(2, 1);
        dots.set((0.5, 0.5), COLOR);
        dots.set((3.9, 3.9), COLOR);
        for outside in [(-0.1, 0.0), (4.0, 0.0), (0.0, 4.0), (f64::NAN, 0.0)] {
            dots.set(outside, COLOR);
        }
        assert_eq!(text(&dots), "⠁⢀\n");
    }

    #[test]
    fn lines_are_clipped() {
        let mut dots = Dots::new(2, 1);
        dots.line((-1e12, 0.5), (1e12, 0.5), COLOR);
        assert_eq!(text(&dots), "⠉⠉\n");
        let mut dots = Dots::new(1, 2);
        dots.line((0.5, 0.5), (0.5, 7.5), COLOR);
        dots.line((-3.0, -1.0), (-1.0, 9.0), COLOR);
        dots.line((f64::NAN, 0.0), (1.0, f64::INFINITY), COLOR);
        assert_eq!(text(&dots), "⡇\n⡇\n");
    }
}
