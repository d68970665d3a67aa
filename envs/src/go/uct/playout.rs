//! Playouts with patterns (Gelly et al. 2006), stronger and slower than the uniform ones of the rules.
//!
//! No move fills an own eye. The answer to the last move is looked for first:
//!
//! 1. with probability .9, chains in atari around it: the opponent's are captured; own ones are saved, by capturing
//!    or by extending to at least two liberties;
//! 2. with probability .95, a move next to it, of the eight neighbors, that makes a 3x3 pattern and is no self-atari;
//! 3. any move; a self-atari is rejected once in two.
//!
//! A playout knows simple ko alone, and stops as if both had passed after three moves a point.

use freewheel_core::Stream;

use super::pattern::{self, Around};
use crate::go::rules::{Board, Color, Game, Geometry, Point, Vertex};

/// No vertex of a board.
const NOWHERE: Vertex = 0;

/// How often a look for captures, or for patterns, is made at all: what is not always done can be unlearnt by the
/// search.
const LOOK_FOR_ATARI: f64 = 0.9;
const LOOK_FOR_PATTERNS: f64 = 0.95;

/// A board for playouts with patterns, used over and over: nothing is allocated in a playout.
pub(super) struct PatternPlayouts {
    board: Board,
    to_play: Color,
    /// Where the last stone was put; [`NOWHERE`] after a pass.
    last: Vertex,
    /// Where nobody may play because of simple ko.
    ko: Vertex,
    /// Moves found by a rule.
    found: Vec<Vertex>,
}

impl PatternPlayouts {
    /// For games of the same size as this one.
    pub(super) fn new(game: &Game) -> Self {
        PatternPlayouts {
            board: game.board().clone(),
            to_play: Color::Black,
            last: NOWHERE,
            ko: NOWHERE,
            found: Vec::with_capacity(game.area()),
        }
    }

    /// Plays a copy of `game` to its end and returns Black's area minus White's; `seen` is told every move in its
    /// order, passes left out.
    pub(super) fn run(&mut self, game: &Game, rng: &mut Stream, mut seen: impl FnMut(Color, Point)) -> i32 {
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
            let vertex = self.answer(geometry, rng).unwrap_or_else(|| self.any(rng));
            if vertex == NOWHERE {
                passes += 1;
            } else {
                passes = 0;
                seen(self.to_play, geometry.point(vertex));
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
            let mut taken = NOWHERE;
            let count = self.board.play(vertex, self.to_play, |stone, _| taken = stone);
            let lone = self.board.chain_stones(vertex) == 1;
            if count == 1 && lone && self.board.last_liberty(vertex) == Some(taken) {
                self.ko = taken;
            }
        }
        self.last = vertex;
        self.to_play = self.to_play.other();
    }

    /// Whether the rules of playouts allow a move: empty, no ko, no suicide, no own eye.
    #[inline]
    fn is_sensible(&self, vertex: Vertex) -> bool {
        vertex != self.ko
            && self.board.lives(vertex, self.to_play)
            && !self.board.is_eye(vertex, self.to_play)
    }

    /// A random sensible move: from a random empty point on, the first. A pass where there is none.
    #[inline]
    fn any(&self, rng: &mut Stream) -> Vertex {
        let empties = self.board.empties();
        let start = rng.below(empties.len() as u32) as usize;
        let (before, after) = empties.split_at(start);
        let mut rejected = NOWHERE;
        for &vertex in after.iter().chain(before) {
            if !self.is_sensible(vertex) {
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

    /// A move that answers the last one.
    fn answer(&mut self, geometry: &Geometry, rng: &mut Stream) -> Option<Vertex> {
        if self.last == NOWHERE || self.board.is_empty(self.last) {
            return None;
        }
        self.found.clear();
        if rng.chance(LOOK_FOR_ATARI) {
            self.look_for_atari();
        }
        if self.found.is_empty() && rng.chance(LOOK_FOR_PATTERNS) {
            self.look_for_patterns(geometry);
        }
        let pick = rng.below(self.found.len() as u32) as usize;
        self.found.get(pick).copied()
    }

    /// Captures of the chain just played and escapes of its neighbors.
    fn look_for_atari(&mut self) {
        if let Some(liberty) = self.board.last_liberty(self.last)
            && self.is_sensible(liberty)
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

    /// Moves beside the last one that make a pattern.
    fn look_for_patterns(&mut self, geometry: &Geometry) {
        let (board, last) = (&self.board, self.last);
        for vertex in board.neighbors(last).into_iter().chain(board.diagonals(last)) {
            if self.board.is_empty(vertex)
                && self.is_sensible(vertex)
                && pattern::matches(around(&self.board, geometry, vertex))
                && !is_self_atari(&self.board, vertex, self.to_play)
            {
                self.found.push(vertex);
            }
        }
    }

    /// Black's points minus White's where only eyes are left: stones and the points they surround.
    fn score(&self) -> i32 {
        let count = |color| {
            let eyes = self.board.empties().iter().filter(|&&v| self.board.is_surrounded(v, color)).count();
            i32::from(self.board.stones(color)) + eyes as i32
        };
        count(Color::Black) - count(Color::White)
    }
}

/// The eight points around an empty one, in reading order.
pub(super) fn around(board: &Board, geometry: &Geometry, vertex: Vertex) -> [Around; 8] {
    let [up, down, left, right] = board.neighbors(vertex);
    [up - 1, up, up + 1, left, right, down - 1, down, down + 1].map(|v| match board.color(v) {
        Some(Color::Black) => Around::Black,
        Some(Color::White) => Around::White,
        None if geometry.point(v) == Point::MAX => Around::Edge,
        None => Around::Empty,
    })
}

/// Calls `escape` with the moves of `color` that save its chain at `stone`, whose last liberty is `liberty`:
/// captures of neighbors in atari, and the extension if it gains a second liberty.
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

/// Whether a stone put on an empty vertex is in atari at once, captures apart: a move that captures is none.
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
        // This chain has at least one liberty beside `vertex`: a second one is looked for.
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
