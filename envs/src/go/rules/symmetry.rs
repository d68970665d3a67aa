//! The eight symmetries of a square board.

use super::Point;

/// One of the eight ways to turn and mirror a square board: columns and rows are mirrored or not, then exchanged or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Symmetry(u8);

impl Symmetry {
    /// All eight; the first leaves everything where it is.
    pub const ALL: [Symmetry; 8] = [
        Symmetry(0),
        Symmetry(1),
        Symmetry(2),
        Symmetry(3),
        Symmetry(4),
        Symmetry(5),
        Symmetry(6),
        Symmetry(7),
    ];

    const MIRROR_COLUMNS: u8 = 1;
    const MIRROR_ROWS: u8 = 2;
    const TRANSPOSE: u8 = 4;

    /// Where `point` goes on a board of side `side`; the pass stays the pass.
    #[inline]
    pub fn point(self, side: u8, point: Point) -> Point {
        let side = Point::from(side);
        if point >= side * side {
            return point;
        }
        let (mut row, mut column) = (point / side, point % side);
        if self.0 & Self::MIRROR_COLUMNS != 0 {
            column = side - 1 - column;
        }
        if self.0 & Self::MIRROR_ROWS != 0 {
            row = side - 1 - row;
        }
        if self.0 & Self::TRANSPOSE != 0 {
            (row, column) = (column, row);
        }
        row * side + column
    }

    /// The one that undoes it.
    pub fn inverse(self) -> Self {
        // Mirrors undo themselves; after a transposition, rows and columns have changed names.
        let mirrors = self.0 & (Self::MIRROR_COLUMNS | Self::MIRROR_ROWS);
        match self.0 & Self::TRANSPOSE {
            0 => self,
            _ => Symmetry(Self::TRANSPOSE | (mirrors >> 1) | ((mirrors & 1) << 1)),
        }
    }

    /// This one, and then another.
    pub fn then(self, next: Self) -> Self {
        // On a transposed board, mirroring rows is what mirroring columns was before.
        let mirrors = match self.0 & Self::TRANSPOSE {
            0 => next.0 & 3,
            _ => ((next.0 & 1) << 1) | ((next.0 >> 1) & 1),
        };
        Symmetry((self.0 ^ mirrors) ^ (next.0 & Self::TRANSPOSE))
    }

    /// Moves every value of `from` to where its point goes. Both are planes `[side * side]` one after another, each with
    /// or without values for passes after it: `plane` is the length of one, at least `side * side`.
    pub fn planes<T: Copy>(self, side: u8, plane: usize, from: &[T], to: &mut [T]) {
        if plane == 0 {
            return;
        }
        for (from, to) in from.chunks_exact(plane).zip(to.chunks_exact_mut(plane)) {
            for (point, &value) in from.iter().enumerate() {
                if let Some(to) = to.get_mut(usize::from(self.point(side, point as Point))) {
                    *to = value;
                }
            }
        }
    }
}
