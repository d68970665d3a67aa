//! Playouts with patterns (Gelly et al. 2006), stronger and slower than uniform playouts.
//!
//! No move fills an own eye. Moves near the last move are tried first:
//!
//! 1. with probability 0.9, moves about chains in atari around the last move: capture chains of the opponent; save own
//!    chains by capturing or by extending to at least two liberties;
//! 2. with probability 0.95, a move on one of the last move's eight neighbors that matches a 3x3 pattern and is not a
//!    self-atari (a move that leaves the own chain with one liberty);
//! 3. any move; the first self-atari found is rejected with probability 0.5.
//!
//! A playout uses simple ko, and stops as if both had passed after three moves for each point of the board.

use freewheel_core::Stream;

use super::pattern::{self, PointState};
use crate::go::rules::{Board, Color, Game, Geometry, Point, Vertex};

/// Index that is no vertex of a board; stands for a pass.
const NOWHERE: Vertex = 0;

/// Probability of searching for captures and escapes. It is below 1, so that the tree search can correct wrong moves.
const ATARI_PROBABILITY: f64 = 0.9;
/// Probability of searching for patterns.
const PATTERN_PROBABILITY: f64 = 0.95;

/// Reusable board for playouts with patterns; a playout allocates nothing.
pub(super) struct PatternPlayouts {
    board: Board,
    to_play: Color,
    /// Vertex of the last stone; [`NOWHERE`] after a pass.
    last: Vertex,
    /// Vertex that simple ko forbids, or [`NOWHERE`].
    ko: Vertex,
    /// Candidate moves near the last move.
    found: Vec<Vertex>,
}

impl PatternPlayouts {
    /// Playouts on boards of the same size as the board of `game`.
    pub(super) fn new(game: &Game) -> Self {
        PatternPlayouts {
            board: game.board().clone(),
            to_play: Color::Black,
            last: NOWHERE,
            ko: NOWHERE,
            found: Vec::with_capacity(game.area()),
        }
    }

    /// Plays a copy of `game` to its end and returns Black's area minus White's, points; calls `on_move` for each
    /// move in order, without passes.
    pub(super) fn run(
        &mut self,
        game: &Game,
        rng: &mut Stream,
        mut on_move: impl FnMut(Color, Point),
    ) -> i32 {
        let geometry = game.geometry();
        let vertex = |point: Point| geometry.vertex(point);
        self.board.clone_from(game.board());
        self.to_play = game.to_play();
        let last = game.last_move().map(|last| last.point).filter(|&last| last != game.pass());
        self.last = last.map_or(NOWHERE, vertex);
        self.ko = game.ko().map_or(NOWHERE, vertex);
        let mut passes = game.passes();
        for _ in 0..3 * game.area() {
            if passes == 2 {
                break;
            }
            let vertex = self.local_move(geometry, rng).unwrap_or_else(|| self.random_move(rng));
            if vertex == NOWHERE {
                passes += 1;
            } else {
                passes = 0;
                on_move(self.to_play, geometry.point(vertex));
            }
            self.play(vertex);
        }
        self.score()
    }

    /// Plays a stone, or passes.
    #[inline]
    fn play(&mut self, vertex: Vertex) {
        self.ko = NOWHERE;
        if vertex != NOWHERE {
            let mut captured = NOWHERE;
            let count = self.board.play(vertex, self.to_play, |stone, _| captured = stone);
            let lone = self.board.chain_stones(vertex) == 1;
            if count == 1 && lone && self.board.last_liberty(vertex) == Some(captured) {
                self.ko = captured;
            }
        }
        self.last = vertex;
        self.to_play = self.to_play.other();
    }

    /// Whether playouts allow a move: the vertex is empty and not an own eye, and the move is no ko and no suicide.
    #[inline]
    fn is_candidate(&self, vertex: Vertex) -> bool {
        vertex != self.ko
            && self.board.lives(vertex, self.to_play)
            && !self.board.is_eye(vertex, self.to_play)
    }

    /// First allowed move in the list of empty points, from a random place in the list on; a pass if there is none.
    #[inline]
    fn random_move(&self, rng: &mut Stream) -> Vertex {
        let empties = self.board.empties();
        let start = rng.below(empties.len() as u32) as usize;
        let (before, after) = empties.split_at(start);
        let mut rejected = NOWHERE;
        for &vertex in after.iter().chain(before) {
            if !self.is_candidate(vertex) {
                continue;
            }
            if rejected == NOWHERE && is_self_atari(&self.board, vertex, self.to_play) && rng.chance(0.5) {
                rejected = vertex;
                continue;
            }
            return vertex;
        }
        rejected
    }

    /// Move near the last move by the rules 1 and 2 above, if any.
    fn local_move(&mut self, geometry: &Geometry, rng: &mut Stream) -> Option<Vertex> {
        if self.last == NOWHERE || self.board.is_empty(self.last) {
            return None;
        }
        self.found.clear();
        if rng.chance(ATARI_PROBABILITY) {
            self.find_atari_moves();
        }
        if self.found.is_empty() && rng.chance(PATTERN_PROBABILITY) {
            self.find_pattern_moves(geometry);
        }
        let pick = rng.below(self.found.len() as u32) as usize;
        self.found.get(pick).copied()
    }

    /// Collects the moves that capture the chain of the last stone, and those that save chains next to the last stone
    /// from atari.
    fn find_atari_moves(&mut self) {
        if let Some(liberty) = self.board.last_liberty(self.last)
            && self.is_candidate(liberty)
        {
            self.found.push(liberty);
        }
        for n in self.board.neighbors(self.last) {
            if self.board.color(n) == Some(self.to_play)
                && let Some(liberty) = self.board.last_liberty(n)
            {
                let (ko, to_play) = (self.ko, self.to_play);
                let found = &mut self.found;
                each_escape(&self.board, n, liberty, to_play, |vertex| {
                    if vertex != ko && !found.contains(&vertex) {
                        found.push(vertex);
                    }
                });
            }
        }
    }

    /// Collects moves next to the last move that match a pattern.
    fn find_pattern_moves(&mut self, geometry: &Geometry) {
        let (board, last) = (&self.board, self.last);
        for vertex in board.neighbors(last).into_iter().chain(board.diagonals(last)) {
            if self.board.is_empty(vertex)
                && self.is_candidate(vertex)
                && pattern::matches(neighborhood(&self.board, geometry, vertex))
                && !is_self_atari(&self.board, vertex, self.to_play)
            {
                self.found.push(vertex);
            }
        }
    }

    /// Black's area minus White's, points, if all empty points are eyes: stones and the points that they surround.
    fn score(&self) -> i32 {
        let count = |color| {
            let eyes = self.board.empties().iter().filter(|&&v| self.board.is_surrounded(v, color)).count();
            i32::from(self.board.stones(color)) + eyes as i32
        };
        count(Color::Black) - count(Color::White)
    }
}

/// Content of the eight points around an empty vertex, in reading order.
pub(super) fn neighborhood(board: &Board, geometry: &Geometry, vertex: Vertex) -> [PointState; 8] {
    let [up, down, left, right] = board.neighbors(vertex);
    [up - 1, up, up + 1, left, right, down - 1, down, down + 1].map(|v| match board.color(v) {
        Some(Color::Black) => PointState::Black,
        Some(Color::White) => PointState::White,
        None if geometry.point(v) == Point::MAX => PointState::Edge,
        None => PointState::Empty,
    })
}

/// Calls `escape` for each move of `color` that saves the chain of the stone `stone` from atari. `liberty` is the last
/// liberty of the chain. The moves are captures of neighbors in atari, and the extension to `liberty` if the chain then
/// has a second liberty.
pub(super) fn each_escape(
    board: &Board,
    stone: Vertex,
    liberty: Vertex,
    color: Color,
    mut escape: impl FnMut(Vertex),
) {
    let mut at = stone;
    loop {
        for n in board.neighbors(at) {
            if board.color(n) == Some(color.other())
                && let Some(capture) = board.last_liberty(n)
            {
                escape(capture);
            }
        }
        at = board.next_stone(at);
        if at == stone {
            break;
        }
    }
    if board.lives(liberty, color) && !is_self_atari(board, liberty, color) {
        escape(liberty);
    }
}

/// Whether a stone put on an empty vertex would be in atari; a move that captures is never a self-atari.
pub(in crate::go) fn is_self_atari(board: &Board, vertex: Vertex, color: Color) -> bool {
    let neighbors = board.neighbors(vertex);
    let mut liberty = NOWHERE;
    for n in neighbors {
        if board.is_empty(n) {
            if liberty != NOWHERE {
                return false;
            }
            liberty = n;
        } else if board.color(n) == Some(color.other()) && board.in_atari(n) {
            return false;
        }
    }
    for n in neighbors {
        if board.color(n) != Some(color) || board.in_atari(n) {
            continue;
        }
        // This chain has at least one liberty besides `vertex`.
        let mut at = n;
        loop {
            for near in board.neighbors(at) {
                if near != vertex && board.is_empty(near) && near != liberty {
                    if liberty != NOWHERE {
                        return false;
                    }
                    liberty = near;
                }
            }
            at = board.next_stone(at);
            if at == n {
                break;
            }
        }
    }
    true
}
