//! Board geometry: tables shared by all positions of a game, and the eight symmetries of a square board.
//!
//! Internally a point is a *vertex*: an index on a larger board that has an edge around it, row by row with one edge
//! column between rows, so that the four neighbors of a vertex always exist and lie at constant offsets.

use super::{Color, Point};

/// Index of a point on the board with the edge around it.
pub type Vertex = u16;

/// Number of vertices of the largest board, 19x19, the edge included.
pub(super) const MAX_VERTICES: usize = 20 * 21 + 1;

/// Tables for a board of one size.
#[derive(Clone, Debug)]
pub struct Geometry {
    /// Difference of the vertex indices of a point and the point above or below.
    pub(super) stride: Vertex,
    /// Number of vertices, the edge included.
    pub(super) vertices: usize,
    /// Vertex of each point.
    pub(super) vertex: Vec<Vertex>,
    /// Point of each vertex; `Point::MAX` on the edge.
    pub(super) point: Vec<Point>,
    /// Zobrist hashes of a black and of a white stone on each vertex (Zobrist 1970).
    zobrist: Vec<[u64; 2]>,
    /// Zobrist hash of "White to move".
    pub(super) white_to_move: u64,
}

impl Geometry {
    /// Geometry of a board of `width` x `height`, each 1..=19.
    pub(super) fn new(width: u8, height: u8) -> Self {
        Geometry::with_hash_mask(width, height, u64::MAX)
    }

    /// Same as `new`, with all hashes masked by `mask`, so that tests can make different positions collide.
    pub(super) fn with_hash_mask(width: u8, height: u8, mask: u64) -> Self {
        let (width, height) = (u16::from(width), u16::from(height));
        let stride = width + 1;
        let vertices = usize::from(stride * (height + 2) + 1);
        let vertex: Vec<Vertex> = (0..height)
            .flat_map(|row| (0..width).map(move |column| (row + 1) * stride + column + 1))
            .collect();
        let mut point = vec![Point::MAX; vertices];
        for (p, &v) in vertex.iter().enumerate() {
            point[usize::from(v)] = p as Point;
        }
        // SplitMix64 (Steele, Lea & Flood 2014): fixed numbers, the same on every machine.
        let mut state = 0u64;
        let mut random = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) & mask
        };
        let white_to_move = random();
        let zobrist = (0..vertices).map(|_| [random(), random()]).collect();
        Geometry { stride, vertices, vertex, point, zobrist, white_to_move }
    }

    /// Vertex of a point of the board.
    #[inline]
    pub fn vertex(&self, point: Point) -> Vertex {
        self.vertex[usize::from(point)]
    }

    /// Number of vertices, the edge included.
    #[inline]
    pub fn vertices(&self) -> usize {
        self.vertices
    }

    /// Point of a vertex; `Point::MAX` on the edge.
    #[inline]
    pub fn point(&self, vertex: Vertex) -> Point {
        self.point[usize::from(vertex)]
    }

    /// Zobrist hash of a stone.
    #[inline]
    pub(super) fn hash(&self, color: Color, vertex: Vertex) -> u64 {
        self.zobrist[usize::from(vertex)][color as usize]
    }
}

/// One of the eight symmetries of a square board: columns and rows are mirrored or not, then exchanged or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Symmetry(u8);

impl Symmetry {
    /// All eight symmetries; the first is the identity.
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

    /// Image of `point` on a board of side `side`; the pass stays the pass.
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

    /// Inverse symmetry.
    pub fn inverse(self) -> Self {
        // Mirrors are their own inverse; a transposition swaps row and column mirrors.
        let mirrors = self.0 & (Self::MIRROR_COLUMNS | Self::MIRROR_ROWS);
        match self.0 & Self::TRANSPOSE {
            0 => self,
            _ => Symmetry(Self::TRANSPOSE | (mirrors >> 1) | ((mirrors & 1) << 1)),
        }
    }

    /// Composition: this symmetry first, then `next`.
    pub fn then(self, next: Self) -> Self {
        // On a transposed board, mirroring rows is mirroring columns before it.
        let mirrors = match self.0 & Self::TRANSPOSE {
            0 => next.0 & 3,
            _ => ((next.0 & 1) << 1) | ((next.0 >> 1) & 1),
        };
        Symmetry((self.0 ^ mirrors) ^ (next.0 & Self::TRANSPOSE))
    }

    /// Copies every value of `from` to its symmetric point in `to`. Both slices are planes of `plane` values one after
    /// another. A plane holds the values of the `side * side` points, and optionally a value of the pass after them.
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
