//! Area scoring as defined by Tromp and Taylor, and chains with their liberties.

use super::board::{Board, EMPTY};
use super::geometry::{Geometry, MAX_VERTICES, Vertex};
use super::{Color, Game, Point};

impl Game {
    /// Black's area minus White's, points, without komi.
    pub fn area_score(&self) -> i32 {
        self.board.area(&self.shared.geometry, |_, _| {})
    }

    /// Black's score minus White's, points: area, komi and compensation for handicap stones.
    pub fn score(&self) -> f32 {
        let rules = &self.shared.rules;
        self.area_score() as f32 - rules.komi - rules.compensation_for(self.shared.setup.handicap)
    }

    /// Writes the owner of each point to `out`, `[area]`: 1 Black, -1 White, 0 neutral.
    pub fn ownership(&self, out: &mut [i8]) {
        self.board.area(&self.shared.geometry, |point, owner| {
            if let Some(out) = out.get_mut(usize::from(point)) {
                *out = owner;
            }
        });
    }
}

impl Board {
    /// Black's area minus White's, points. By the Tromp-Taylor rules an area consists of the stones and of the empty
    /// regions that touch one color only. Calls `owner` for each point with 1 for Black, -1 for White, 0 for neutral.
    pub(super) fn area(&self, geometry: &Geometry, mut owner: impl FnMut(Point, i8)) -> i32 {
        // Regions that reach Black and regions that reach White, by flood fill of the empty vertices from the stones.
        let mut reach = [0u8; MAX_VERTICES];
        let mut queue = [0; MAX_VERTICES];
        for color in Color::BOTH {
            let bit = 1 << color as u8;
            let mut length = 0;
            for &v in self.empties() {
                let touches = self.neighbors(v).into_iter().any(|n| self.stone(n) == color as u8);
                if touches {
                    reach[usize::from(v)] |= bit;
                    queue[length] = v;
                    length += 1;
                }
            }
            while length > 0 {
                length -= 1;
                for n in self.neighbors(queue[length]) {
                    if self.is_empty(n) && reach[usize::from(n)] & bit == 0 {
                        reach[usize::from(n)] |= bit;
                        queue[length] = n;
                        length += 1;
                    }
                }
            }
        }
        let mut score = 0;
        for (p, &v) in geometry.vertex.iter().enumerate() {
            let own = match (self.stone(v), reach[usize::from(v)]) {
                (0, _) | (EMPTY, 1) => 1,
                (1, _) | (EMPTY, 2) => -1,
                _ => 0,
            };
            owner(p as Point, own);
            score += i32::from(own);
        }
        score
    }

    /// Black's area minus White's if every empty point is surrounded by one color, as after most playouts; else
    /// `None`.
    #[inline]
    pub(super) fn quick_area(&self) -> Option<i32> {
        let mut score = i32::from(self.stones(Color::Black)) - i32::from(self.stones(Color::White));
        for &v in self.empties() {
            let [black, white] = Color::BOTH.map(|color| self.is_surrounded(v, color));
            if !black && !white {
                return None;
            }
            score += i32::from(black) - i32::from(white);
        }
        Some(score)
    }
}

/// Chain of connected stones, with its liberties.
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

    /// Color of the chain.
    pub fn color(&self) -> Color {
        self.color
    }

    /// Number of stones of the chain.
    pub fn size(&self) -> usize {
        usize::from(self.board.chain_stones(self.vertex))
    }

    /// Points of the stones of the chain, in no particular order.
    pub fn stones(&self) -> impl Iterator<Item = Point> + 'a {
        let geometry = self.geometry;
        self.vertices().map(move |v| geometry.point(v))
    }

    /// Whether the chain has only one liberty.
    pub fn in_atari(&self) -> bool {
        self.board.in_atari(self.vertex)
    }

    /// Number of liberties of the chain.
    pub fn liberties(&self) -> usize {
        self.liberty_points().count()
    }

    /// Points of the liberties of the chain, sorted.
    pub fn liberty_points(&self) -> impl Iterator<Item = Point> + 'a {
        let board = self.board;
        let mut touched = [false; MAX_VERTICES];
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
