//! The board's shape as tables that all games of one ruleset share.
//!
//! Inside, a point is a *vertex*: a place on the board with an edge around it, row after row with one column of edge
//! between them, so that the four neighbors of a vertex always exist and are found by adding a constant.

use super::{Color, Point};

/// A place on the board with its edge.
pub type Vertex = u16;

/// Vertices of the largest board: 19x19, with its edge.
pub(super) const MAX_VERTICES: usize = 20 * 21 + 1;

/// The shape of a board.
#[derive(Clone, Debug)]
pub struct Geometry {
    /// The distance from one row to the next.
    pub(super) stride: Vertex,
    /// Vertices, edge included.
    pub(super) vertices: usize,
    /// The vertex of each point.
    pub(super) vertex: Vec<Vertex>,
    /// The point of each vertex; `Point::MAX` on the edge.
    pub(super) point: Vec<Point>,
    /// Random numbers of a black and of a white stone on each vertex (Zobrist 1970).
    zobrist: Vec<[u64; 2]>,
    /// The random number of "White to move".
    pub(super) white_to_move: u64,
}

impl Geometry {
    /// The shape of a board of `width` x `height`; both from 1 to 19.
    pub(super) fn new(width: u8, height: u8) -> Self {
        Geometry::with_hash_mask(width, height, u64::MAX)
    }

    /// The same with all hashes cut to the bits of `mask`, so that tests can make different positions collide.
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

    /// The vertex of a point of the board.
    #[inline]
    pub fn vertex(&self, point: Point) -> Vertex {
        self.vertex[usize::from(point)]
    }

    /// The point of a vertex; `Point::MAX` on the edge.
    #[inline]
    pub fn point(&self, vertex: Vertex) -> Point {
        self.point[usize::from(vertex)]
    }

    /// The random number of a stone.
    #[inline]
    pub(super) fn hash(&self, color: Color, vertex: Vertex) -> u64 {
        self.zobrist[usize::from(vertex)][color as usize]
    }
}
