//! Layout of the drawing of a board: sizes, and the cells of points and of the pass.

use freewheel_core::Frame;

use super::draw;
use crate::go::rules::Game;

/// Columns that the lines below the board need.
const STATUS: usize = 42;
/// Rows from one point to the next in the largest drawing.
const MAX_PITCH: usize = 8;

/// Layout of the drawing of a board.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Layout {
    /// Columns and rows of points.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Columns and rows from one point to the next.
    pub(super) pitch: (usize, usize),
    /// Whether coordinates and status lines are drawn.
    pub(super) framed: bool,
    /// Columns for the lines below the board.
    text: usize,
}

impl Layout {
    /// Layout of the board of `game`: without a maximum size of `frame` points of 2 x 1 cells, else the largest layout
    /// that fits. Each step of the zoom makes the points a row higher or lower.
    pub(super) fn of(game: &Game, frame: &Frame) -> Self {
        let (width, height) = (usize::from(game.rules().width), usize::from(game.rules().height));
        let text = frame.max_size().map_or(STATUS, |room| room.0.min(STATUS));
        let layout = |pitch, framed| Layout { width, height, pitch, framed, text };
        let Some(room) = frame.max_size() else { return layout((2, 1), true) };
        let all = (1..=MAX_PITCH).rev().map(|rows| layout((2 * rows, rows), true));
        let small = [layout((2, 1), false), layout((1, 1), false)];
        let fits = |layout: &Layout| {
            let (columns, rows) = layout.size();
            columns <= room.0 && rows <= room.1
        };
        let fitting = all.chain(small).find(fits).unwrap_or(layout((1, 1), false));
        let zoomed = fitting.pitch.1.saturating_add_signed(isize::from(frame.zoom())).clamp(1, MAX_PITCH);
        match frame.zoom() {
            0 => fitting,
            _ => layout((2 * zoomed, zoomed), fitting.framed),
        }
    }

    /// Columns and rows of a stone.
    pub(super) fn stone(self) -> (usize, usize) {
        (self.pitch.0.max(2) - 1, self.pitch.1)
    }

    /// Column and row of the middle of a stone.
    pub(super) fn middle(self) -> (usize, usize) {
        ((self.stone().0 - 1) / 2, (self.pitch.1 - 1) / 2)
    }

    /// Columns and rows of the board. The board extends one column beyond the first and the last stone.
    pub(super) fn board(self) -> (usize, usize) {
        (self.pitch.0 * (self.width - 1) + self.stone().0 + 2, self.pitch.1 * self.height)
    }

    /// Columns and rows of the drawing.
    pub(super) fn size(self) -> (usize, usize) {
        let (columns, rows) = self.board();
        if self.framed { ((columns + 6).max(self.text), rows + 4) } else { (columns, rows) }
    }

    /// Column and row of the upper left corner of the board.
    pub(super) fn origin(self) -> (usize, usize) {
        if self.framed { (3, 1) } else { (0, 0) }
    }

    /// Column and row of the upper left corner of the stone on a point.
    pub(super) fn stone_cell(self, point: usize) -> (usize, usize) {
        let (left, top) = self.origin();
        let (x, y) = (point % self.width, self.height - 1 - point / self.width);
        (left + 1 + self.pitch.0 * x, top + self.pitch.1 * y)
    }

    /// Column and row of the middle of a point.
    pub(super) fn point_cell(self, point: usize) -> (usize, usize) {
        let ((x, y), middle) = (self.stone_cell(point), self.middle());
        (x + middle.0, y + middle.1)
    }

    /// First column and row of the label of the pass; `None` without lines of text.
    fn pass_cell(self, game: &Game) -> Option<(usize, usize)> {
        let column = draw::captures(game).chars().count() + 2;
        let fits = self.framed && column + "pass".len() <= self.size().0;
        fits.then(|| (column, self.board().1 + 3))
    }

    /// Action of the cell at `column` and `row`: the nearest point, or the pass.
    pub(super) fn action_at(self, game: &Game, column: usize, row: usize) -> Option<u32> {
        if self.pass_cell(game).is_some_and(|(x, y)| y == row && (x..x + "pass".len()).contains(&column)) {
            return Some(u32::from(game.pass()));
        }
        let (left, top) = self.origin();
        let (x, y) = (column.checked_sub(left)?, row.checked_sub(top)?);
        // The column between two stones belongs to the right one, except at the right edge.
        let x = if self.pitch.0 == 1 { x.checked_sub(1)? } else { x };
        let x = if x + 1 == self.board().0 { x - 1 } else { x } / self.pitch.0;
        let y = self.height.checked_sub(1 + y / self.pitch.1)?;
        (x < self.width).then_some((y * self.width + x) as u32)
    }

    /// Cell of an action: the middle of the point, or the label of the pass.
    pub(super) fn action_cell(self, game: &Game, action: u32) -> Option<(usize, usize)> {
        match action {
            point if point < u32::from(game.pass()) => Some(self.point_cell(point as usize)),
            pass if pass == u32::from(game.pass()) => self.pass_cell(game),
            _ => None,
        }
    }
}
