//! Uniform random games to the end.
//!
//! Each move is drawn uniformly among the legal moves that do not fill an eye of the mover ([`Board::is_eye`]); a
//! player without such a move passes. Playouts use simple ko and forbid suicide, whatever the rules of the game: in
//! random games superko hardly ever matters, and checking it would cost most of the speed (libEGo, Lew 2010). A playout
//! ends by two passes, or after three moves for each point of the board, which only rare cycles of several kos reach.

use freewheel_core::Stream;

use super::board::Board;
use super::geometry::Vertex;
use super::{Color, Game, Point};

/// Result of a playout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playout {
    /// Black's area minus White's at the end, points, without komi.
    pub area_score: i32,
    /// Number of moves of the playout, passes included.
    pub moves: u32,
}

/// Reusable board for playouts; a playout allocates nothing.
#[derive(Clone, Debug)]
pub struct Playouts {
    board: Board,
}

impl Playouts {
    /// Playouts on boards of the same size as the board of `game`.
    pub fn new(game: &Game) -> Self {
        Playouts { board: game.board().clone() }
    }

    /// Plays a copy of `game` to the end by random moves.
    pub fn run(&mut self, game: &Game, rng: &mut Stream) -> Playout {
        self.run_with(game, rng, |_, _| {})
    }

    /// Same as [`Playouts::run`]; calls `on_move` for each move in order, without passes.
    #[inline]
    pub fn run_with(
        &mut self,
        game: &Game,
        rng: &mut Stream,
        mut on_move: impl FnMut(Color, Point),
    ) -> Playout {
        let geometry = game.geometry();
        self.board.clone_from(game.board());
        let board = &mut self.board;
        let mut mover = game.to_play();
        let mut ko = game.ko().map_or(0, |ko| geometry.vertex(ko));
        let mut passes = game.passes();
        let limit = 3 * game.area() as u32;
        let mut moves = 0;
        while passes < 2 && moves < limit {
            moves += 1;
            match draw(board, mover, ko, rng) {
                Some(vertex) => {
                    let mut last = 0;
                    let captured = board.play(vertex, mover, |v, _| last = v);
                    ko = if captured == 1 && board.is_lone_in_atari(vertex) { last } else { 0 };
                    passes = 0;
                    on_move(mover, geometry.point(vertex));
                }
                None => {
                    ko = 0;
                    passes += 1;
                }
            }
            mover = mover.other();
        }
        let area_score = board.quick_area().unwrap_or_else(|| board.area(geometry, |_, _| {}));
        Playout { area_score, moves }
    }

    /// Board at the end of the last playout.
    pub fn board(&self) -> &Board {
        &self.board
    }
}

/// Random move, uniform over the moves that playouts allow; `None` for a pass. `ko` is the vertex that simple ko
/// forbids, or 0.
#[inline]
fn draw(board: &mut Board, mover: Color, ko: Vertex, rng: &mut Stream) -> Option<Vertex> {
    // Rejected candidates are moved behind those not yet tried, so that each draw is uniform over the remaining ones.
    let mut untried = board.empties().len();
    while untried > 0 {
        let slot = rng.below(untried as u32) as usize;
        let vertex = board.empties()[slot];
        if vertex != ko && !board.is_eye(vertex, mover) && board.lives(vertex, mover) {
            return Some(vertex);
        }
        untried -= 1;
        board.swap_empties(slot, untried);
    }
    None
}
