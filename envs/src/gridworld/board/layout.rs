//! Sizes of the cells of a board, and the texts below it.

use freewheel_core::Frame;

use super::Board;

/// Size of the cells, and the texts below the board.
pub(super) struct Layout {
    /// Size of a cell.
    pub(super) size: CellSize,
    /// Text of the board.
    pub(super) status: String,
    /// Label of each column; all `None` if they do not fit.
    pub(super) labels: Vec<Option<String>>,
    /// Blank lines between the board and the status text: one on a screen.
    pub(super) gap: usize,
}

impl Layout {
    /// Layout of `board` at `observation` with the largest cells that fit the maximum size of `frame`.
    pub(super) fn of(board: &dyn Board, observation: u32, frame: &Frame) -> Self {
        let (columns, rows) = board.size();
        let status = board.status(observation);
        let mut labels: Vec<Option<String>> = (0..columns).map(|column| board.column_label(column)).collect();
        let has_labels = labels.iter().any(Option::is_some);
        let has_status = !status.is_empty() || frame.layer().is_some();
        let gap = usize::from(frame.max_size().is_some() && has_status);
        let lines = gap + usize::from(has_labels) + usize::from(has_status);
        let max_size = frame.max_size().map(|(columns, rows)| (columns, rows.saturating_sub(lines)));
        let size = CellSize::fitting(columns, rows, max_size, frame.zoom());
        if size.width == 1 {
            labels.fill(None);
        }
        Layout { size, status, labels, gap }
    }
}

/// Size of a cell in columns and rows of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellSize {
    /// Columns.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
}

/// Cell sizes, smallest first. A character is about twice as high as it is wide, so most of these look square.
const CELL_SIZES: [CellSize; 21] = [
    CellSize::of(1, 1),
    CellSize::of(2, 1),
    CellSize::of(3, 1),
    CellSize::of(4, 2),
    CellSize::of(5, 2),
    CellSize::of(6, 2),
    CellSize::of(6, 3),
    CellSize::of(7, 3),
    CellSize::of(8, 4),
    CellSize::of(9, 4),
    CellSize::of(10, 5),
    CellSize::of(11, 5),
    CellSize::of(12, 6),
    CellSize::of(13, 6),
    CellSize::of(15, 7),
    CellSize::of(17, 8),
    CellSize::of(19, 9),
    CellSize::of(21, 10),
    CellSize::of(25, 12),
    CellSize::of(29, 14),
    CellSize::of(37, 18),
];

/// Cell size if the whole board does not fit: the board is scrolled, and square cells are easier to read.
const SCROLLED: CellSize = CellSize::of(2, 1);

impl CellSize {
    const fn of(width: usize, height: usize) -> Self {
        CellSize { width, height }
    }

    /// Largest cell size with which a board of `columns` x `rows` cells fits into `max_size` (`None`: no limit).
    /// Each step of `zoom` takes the next larger or smaller size.
    fn fitting(columns: usize, rows: usize, max_size: Option<(usize, usize)>, zoom: i8) -> Self {
        let Some((max_width, max_height)) = max_size else { return CellSize::without_limit(columns, rows) };
        let fits = |size: &CellSize| columns * size.width <= max_width && rows * size.height <= max_height;
        let scrolled = CELL_SIZES.iter().position(|size| *size == SCROLLED).unwrap_or_default();
        let largest = CELL_SIZES.iter().rposition(fits).unwrap_or(scrolled);
        let zoomed = largest.saturating_add_signed(isize::from(zoom)).min(CELL_SIZES.len() - 1);
        CELL_SIZES[zoomed]
    }

    fn without_limit(columns: usize, rows: usize) -> Self {
        match (columns, rows) {
            (..=16, ..=16) => CellSize::of(6, 2),
            (..=60, _) => CellSize::of(3, 1),
            _ => CellSize::of(1, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(columns: usize, rows: usize, max_size: (usize, usize)) -> (usize, usize) {
        let size = CellSize::fitting(columns, rows, Some(max_size), 0);
        (size.width, size.height)
    }

    #[test]
    fn the_largest_cells_that_fit_are_taken() {
        assert_eq!(size(4, 4, (46, 22)), (11, 5));
        assert_eq!(size(4, 4, (166, 53)), (25, 12));
        assert_eq!(size(12, 4, (78, 9)), (6, 2));
        assert_eq!(size(12, 4, (86, 38)), (7, 3));
        assert_eq!(size(20, 20, (46, 22)), (2, 1));
        assert_eq!(size(80, 36, (86, 38)), (1, 1));
    }

    #[test]
    fn zoom_takes_neighboring_sizes() {
        let zoomed = |zoom| CellSize::fitting(4, 4, Some((46, 22)), zoom).width;
        assert_eq!([-100, -1, 0, 1, 2, 100].map(zoomed), [1, 10, 11, 12, 13, 37]);
    }

    #[test]
    fn a_board_that_never_fits_is_scrolled() {
        assert_eq!(size(100, 100, (86, 38)), (2, 1));
        assert_eq!(size(4, 4, (0, 0)), (2, 1));
    }
}
