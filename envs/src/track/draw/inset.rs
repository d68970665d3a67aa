//! Place of the chase view inside of the map of the whole circuit: a blank rectangle.

use freewheel_core::{Cell, Frame, Rgb};

use super::raster::GROUND;

/// Smallest and largest inside of the frame, columns and rows.
const LEAST: (usize, usize) = (26, 8);
const MOST: (usize, usize) = (56, 18);
const FRAME: Rgb = Rgb(92, 97, 108);

/// Rectangle of cells: left column, upper row, columns and rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Rectangle {
    fn area(self) -> usize {
        self.columns * self.rows
    }

    /// Rectangle of at most this size in the middle of this one.
    fn middle(self, (columns, rows): (usize, usize)) -> Self {
        let (columns, rows) = (self.columns.min(columns), self.rows.min(rows));
        Rectangle {
            left: self.left + (self.columns - columns) / 2,
            top: self.top + (self.rows - rows) / 2,
            columns,
            rows,
        }
    }

    /// Rectangle without its outermost cells.
    fn inside(self) -> Self {
        let Rectangle { left, top, columns, rows } = self;
        Rectangle {
            left: left + 1,
            top: top + 1,
            columns: columns.saturating_sub(2),
            rows: rows.saturating_sub(2),
        }
    }
}

/// Largest rectangle of cells that are `blank`, in a picture of `columns` x `rows` cells.
fn largest(columns: usize, rows: usize, blank: impl Fn(usize, usize) -> bool) -> Rectangle {
    let mut best = Rectangle::default();
    // Number of blank cells from each cell upward.
    let mut heights = vec![0; columns];
    // Starts of the rectangles that are still open, with their heights, which increase.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for row in 0..rows {
        for (column, height) in heights.iter_mut().enumerate() {
            *height = if blank(column, row) { *height + 1 } else { 0 };
        }
        for column in 0..=columns {
            let height = heights.get(column).copied().unwrap_or(0);
            let mut start = column;
            while let Some(&(left, tall)) = open.last().filter(|(_, tall)| *tall > height) {
                open.pop();
                let here = Rectangle { left, top: row + 1 - tall, columns: column - left, rows: tall };
                if here.area() > best.area() {
                    best = here;
                }
                start = left;
            }
            if height > 0 && open.last().is_none_or(|(_, tall)| *tall < height) {
                open.push((start, height));
            }
        }
    }
    best
}

/// Inside of the frame of the chase view in a picture of `columns` x `rows` cells; `None` without enough room.
pub(super) fn place(columns: usize, rows: usize, blank: impl Fn(usize, usize) -> bool) -> Option<Rectangle> {
    // One blank cell and the frame on each side.
    let room = largest(columns, rows, blank).inside().inside().middle(MOST);
    (room.columns >= LEAST.0 && room.rows >= LEAST.1).then_some(room)
}

/// Copies `inner` into the rectangle of `frame`, with a frame around it.
pub(super) fn put(inner: &Frame, at: Rectangle, frame: &mut Frame) {
    let Rectangle { left, top, columns, rows } = at;
    for row in 0..rows {
        for column in 0..columns {
            if let Some(cell) = inner.get(column, row) {
                frame.set(left + column, top + row, *cell);
            }
        }
    }
    let mut line = |x: usize, y: usize, glyph: char| frame.set(x, y, Cell { glyph, fg: FRAME, bg: GROUND });
    for column in left..left + columns {
        line(column, top - 1, '─');
        line(column, top + rows, '─');
    }
    for row in top..top + rows {
        line(left - 1, row, '│');
        line(left + columns, row, '│');
    }
    line(left - 1, top - 1, '╭');
    line(left + columns, top - 1, '╮');
    line(left - 1, top + rows, '╰');
    line(left + columns, top + rows, '╯');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest blank rectangle of all that there are.
    #[test]
    fn the_largest_rectangle_is_found() {
        let picture = ["....#...", ".....#..", "#.......", "........", "..#....."];
        let (columns, rows) = (8, picture.len());
        let blank = |x: usize, y: usize| picture[y].as_bytes()[x] == b'.';
        let mut most = 0;
        for (left, top) in (0..columns).flat_map(|x| (0..rows).map(move |y| (x, y))) {
            for (right, bottom) in (left + 1..=columns).flat_map(|x| (top + 1..=rows).map(move |y| (x, y))) {
                if (left..right).all(|x| (top..bottom).all(|y| blank(x, y))) {
                    most = most.max((right - left) * (bottom - top));
                }
            }
        }
        let found = largest(columns, rows, blank);
        assert_eq!(found.area(), most);
        let Rectangle { left, top, columns, rows } = found;
        assert!((left..left + columns).all(|x| (top..top + rows).all(|y| blank(x, y))), "{found:?}");
    }

    #[test]
    fn a_small_room_has_no_chase_view() {
        assert_eq!(place(29, 40, |_, _| true), None);
        let whole = Rectangle { left: 2, top: 2, columns: 26, rows: 8 };
        assert_eq!(place(30, 12, |_, _| true), Some(whole));
        assert_eq!(place(30, 12, |x, y| (x, y) != (15, 6)), None);
        let most = place(200, 60, |_, _| true).unwrap();
        assert_eq!((most.columns, most.rows), MOST);
    }
}
