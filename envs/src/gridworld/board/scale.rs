//! How large a cell of a board is on the screen.

/// Columns and rows on the screen that a cell takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) width: usize,
    pub(super) height: usize,
}

/// From the smallest on. A character is about twice as high as it is wide, so most of these look square.
const SCALES: [Scale; 11] = [
    Scale::of(1, 1),
    Scale::of(2, 1),
    Scale::of(3, 1),
    Scale::of(4, 2),
    Scale::of(5, 2),
    Scale::of(6, 2),
    Scale::of(7, 3),
    Scale::of(9, 4),
    Scale::of(11, 5),
    Scale::of(13, 6),
    Scale::of(15, 7),
];

/// Where nothing fits, the board is scrolled, and square cells are easier to read.
const SCROLLED: Scale = Scale::of(2, 1);

impl Scale {
    const fn of(width: usize, height: usize) -> Self {
        Scale { width, height }
    }

    /// For a board of so many cells in `room` columns and rows; on paper where there is no limit.
    pub(super) fn fitting(columns: usize, rows: usize, room: Option<(usize, usize)>) -> Self {
        let Some((wide, high)) = room else { return Scale::on_paper(columns, rows) };
        let fits = |scale: &&Scale| columns * scale.width <= wide && rows * scale.height <= high;
        SCALES.iter().rev().find(fits).copied().unwrap_or(SCROLLED)
    }

    fn on_paper(columns: usize, rows: usize) -> Self {
        match (columns, rows) {
            (..=16, ..=16) => Scale::of(6, 2),
            (..=60, _) => Scale::of(3, 1),
            _ => Scale::of(1, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(columns: usize, rows: usize, room: (usize, usize)) -> (usize, usize) {
        let scale = Scale::fitting(columns, rows, Some(room));
        (scale.width, scale.height)
    }

    #[test]
    fn the_largest_cells_that_fit_are_taken() {
        assert_eq!(scale(4, 4, (46, 22)), (11, 5));
        assert_eq!(scale(4, 4, (166, 53)), (15, 7));
        assert_eq!(scale(12, 4, (78, 9)), (6, 2));
        assert_eq!(scale(12, 4, (86, 38)), (7, 3));
        assert_eq!(scale(20, 20, (46, 22)), (2, 1));
        assert_eq!(scale(80, 36, (86, 38)), (1, 1));
    }

    #[test]
    fn what_never_fits_is_scrolled() {
        assert_eq!(scale(100, 100, (86, 38)), (2, 1));
        assert_eq!(scale(4, 4, (0, 0)), (2, 1));
    }
}
