//! A chain, looked at.

use super::board::Board;
use super::geometry::{Geometry, Vertex};
use super::{Color, Point};

/// The stones connected with one stone, and their liberties.
#[derive(Clone, Copy)]
pub struct Chain<'a> {
    board: &'a Board,
    geometry: &'a Geometry,
    vertex: Vertex,
    color: Color,
}

impl<'a> Chain<'a> {
    pub(super) fn of(board: &'a Board, geometry: &'a Geometry, vertex: Vertex) -> Self {
        let color = board.color(vertex).unwrap_or_default();
        Chain { board, geometry, vertex, color }
    }

    /// The color of its stones.
    pub fn color(&self) -> Color {
        self.color
    }

    /// The number of its stones.
    pub fn size(&self) -> usize {
        usize::from(self.board.chain_stones(self.vertex))
    }

    /// The points of its stones, in no particular order.
    pub fn stones(&self) -> impl Iterator<Item = Point> + 'a {
        let geometry = self.geometry;
        self.vertices().map(move |v| geometry.point(v))
    }

    /// Whether it has only one liberty.
    pub fn in_atari(&self) -> bool {
        self.board.in_atari(self.vertex)
    }

    /// The number of its liberties.
    pub fn liberties(&self) -> usize {
        self.liberty_points().count()
    }

    /// Its liberties, sorted.
    pub fn liberty_points(&self) -> impl Iterator<Item = Point> + 'a {
        let board = self.board;
        let mut touched = [false; super::geometry::MAX_VERTICES];
        for n in self.vertices().flat_map(|v| board.neighbors(v)) {
            touched[usize::from(n)] = board.is_empty(n);
        }
        let vertices = self.geometry.vertex.iter().enumerate();
        vertices.filter(move |&(_, &v)| touched[usize::from(v)]).map(|(p, _)| p as Point)
    }

    fn vertices(&self) -> impl Iterator<Item = Vertex> + 'a {
        let (board, first) = (self.board, self.vertex);
        let following = move |&v: &Vertex| Some(board.next_stone(v)).filter(|&next| next != first);
        std::iter::successors(Some(first), following)
    }
}
