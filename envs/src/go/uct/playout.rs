//! Playouts with patterns (Gelly et al. 2006), stronger and slower than uniform playouts.
//!
//! No move fills an own eye. Moves near the last two moves are tried first:
//!
//! 1. with probability 0.9, moves about chains on and around the last two stones: capture chains in atari; save own
//!    chains from atari by a capture, or by an extension that is not caught in a ladder; catch, or save, chains whose
//!    two liberties are both on the first line;
//! 2. the vital point of an eye space of 3 to 6 points next to the last stone (nakade);
//! 3. with probability 0.95, a move around the last two stones that matches a 3x3 pattern;
//! 4. any move.
//!
//! A self-atari (a move that leaves the own chain with one liberty) is rejected with probability 0.9 in 1 to 3; the
//! first one found in 4 is rejected with probability 0.5. A playout uses simple ko, and stops as if both had passed
//! after three moves for each point of the board.

use freewheel_core::Stream;

use super::pattern;
use super::settings::UctSettings;
use super::tactics::{self, Ladders, Liberties, is_self_atari};
use crate::go::rules::{Board, Color, Game, Geometry, Point, Vertex};

/// Index that is no vertex of a board; stands for a pass.
const NOWHERE: Vertex = 0;

/// Probability of searching for captures and escapes. It is below 1, so that the tree search can correct wrong moves.
const ATARI_PROBABILITY: f64 = 0.9;
/// Probability of searching for patterns.
const PATTERN_PROBABILITY: f64 = 0.95;
/// Most pseudo-liberties of a chain with two liberties at the edge.
const MOST_OF_TWO_EDGE_LIBERTIES: u16 = 6;
/// Probability with which a self-atari among the moves near the last ones is rejected.
const LOCAL_REJECTION: f64 = 0.9;
/// Probability with which the first self-atari among all other moves is rejected.
const RANDOM_REJECTION: f64 = 0.5;

/// Reusable board for playouts with patterns; a playout allocates nothing.
pub(super) struct PatternPlayouts {
    board: Board,
    to_play: Color,
    /// Vertices of the last stone and of the one before; [`NOWHERE`] for a pass.
    last: [Vertex; 2],
    /// Vertex that simple ko forbids, or [`NOWHERE`].
    ko: Vertex,
    /// Points on and around the last two stones.
    near: Vec<Vertex>,
    /// Candidate moves near the last moves.
    found: Vec<Vertex>,
    /// For each vertex, the last round in which it was met.
    met: Vec<u32>,
    round: u32,
    ladders: Ladders,
    settings: UctSettings,
}

impl PatternPlayouts {
    /// Playouts on boards of the same size as the board of `game`.
    pub(super) fn new(settings: &UctSettings, game: &Game) -> Self {
        PatternPlayouts {
            board: game.board().clone(),
            to_play: Color::Black,
            last: [NOWHERE; 2],
            ko: NOWHERE,
            near: Vec::with_capacity(18),
            found: Vec::with_capacity(4 * game.area()),
            met: vec![0; game.geometry().vertices()],
            round: 0,
            ladders: Ladders::new(game.board()),
            settings: settings.clone(),
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
        self.last =
            game.last_moves().map(|last| last.filter(|&point| point != game.pass()).map_or(NOWHERE, vertex));
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
        self.last = [vertex, self.last[0]];
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
            if rejected == NOWHERE
                && is_self_atari(&self.board, vertex, self.to_play)
                && rng.chance(RANDOM_REJECTION)
            {
                rejected = vertex;
                continue;
            }
            return vertex;
        }
        rejected
    }

    /// Move near the last moves by the rules 1 to 3 above, if any.
    fn local_move(&mut self, geometry: &Geometry, rng: &mut Stream) -> Option<Vertex> {
        self.find_near();
        if self.near.is_empty() {
            return None;
        }
        if rng.chance(ATARI_PROBABILITY) {
            self.find_atari_moves(geometry);
            if let Some(vertex) = self.draw_found(rng) {
                return Some(vertex);
            }
        }
        if self.settings.nakade
            && let Some(vertex) = self.vital_point(geometry)
        {
            return Some(vertex);
        }
        if rng.chance(PATTERN_PROBABILITY) {
            self.find_pattern_moves();
            return self.draw_found(rng);
        }
        None
    }

    /// Collects the last stone, its eight neighbors, and the same of the stone before.
    #[inline]
    fn find_near(&mut self) {
        self.near.clear();
        self.round = self.round.wrapping_add(1);
        let count = if self.settings.last_two { 2 } else { 1 };
        for &last in self.last.iter().take(count).filter(|&&last| last != NOWHERE) {
            let around = [[last; 4], self.board.neighbors(last), self.board.diagonals(last)];
            for &vertex in around[0][..1].iter().chain(around[1..].as_flattened()) {
                let met = &mut self.met[usize::from(vertex)];
                if *met != self.round {
                    *met = self.round;
                    self.near.push(vertex);
                }
            }
        }
    }

    /// Random move of the candidates found; self-ataris are rejected with a probability.
    fn draw_found(&mut self, rng: &mut Stream) -> Option<Vertex> {
        while !self.found.is_empty() {
            let vertex = self.found.swap_remove(rng.below(self.found.len() as u32) as usize);
            if !is_self_atari(&self.board, vertex, self.to_play) || !rng.chance(LOCAL_REJECTION) {
                return Some(vertex);
            }
        }
        None
    }

    /// Collects the moves that capture, catch or save chains near the last moves.
    fn find_atari_moves(&mut self, geometry: &Geometry) {
        let PatternPlayouts { board, found, ladders, settings, near, met, round, ko, to_play, .. } = self;
        let (ko, to_play) = (*ko, *to_play);
        found.clear();
        *round = round.wrapping_add(1);
        for &stone in near.iter() {
            let Some(color) = board.color(stone) else { continue };
            let met = &mut met[usize::from(board.chain(stone))];
            if std::mem::replace(met, *round) == *round {
                continue;
            }
            let mut find = |vertex: Vertex| {
                if vertex != ko && !found.contains(&vertex) && board.lives(vertex, to_play) {
                    found.push(vertex);
                }
            };
            if let Some(liberty) = board.last_liberty(stone) {
                if color != to_play {
                    find(liberty);
                } else {
                    let ladders = settings.ladders.then_some(&mut *ladders);
                    tactics::each_escape(board, stone, liberty, to_play, ladders, find);
                }
            } else if settings.ladders
                && board.pseudo_liberties(stone) <= MOST_OF_TWO_EDGE_LIBERTIES
                && board.chain_stones(stone) > 1
                && let Liberties::Two(two) = tactics::liberties(board, stone)
                && two.iter().all(|&liberty| is_first_line(board, geometry, liberty))
                && let Some(vertex) = ladders.attack(board, stone, two)
            {
                find(vertex);
            }
        }
    }

    /// Collects moves near the last moves that match a pattern.
    fn find_pattern_moves(&mut self) {
        self.found.clear();
        for &vertex in &self.near {
            if self.board.is_empty(vertex)
                && pattern::matches(self.board.surroundings(vertex))
                && self.is_candidate(vertex)
            {
                self.found.push(vertex);
            }
        }
    }

    /// Vital point of an eye space next to the last stone.
    fn vital_point(&self, geometry: &Geometry) -> Option<Vertex> {
        let [last, _] = self.last;
        if last == NOWHERE {
            return None;
        }
        let empty = self.board.neighbors(last).into_iter().filter(|&vertex| self.board.is_empty(vertex));
        empty
            .filter_map(|vertex| tactics::vital_point(&self.board, geometry, vertex))
            .find(|&vertex| vertex != self.ko && self.board.lives(vertex, self.to_play))
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

/// Whether a vertex is at the edge of the board.
#[inline]
fn is_first_line(board: &Board, geometry: &Geometry, vertex: Vertex) -> bool {
    board.neighbors(vertex).into_iter().any(|n| geometry.point(n) == Point::MAX)
}
