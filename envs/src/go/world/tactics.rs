//! Observation planes of tactics, in the manner of Clark & Storkey 2015 (arXiv 1412.3409) and Maddison et al. 2015
//! (arXiv 1412.6564).
//!
//! | plane | content |
//! |---|---|
//! | 0 - 2 | own stones whose chain has 1, 2, or at least 3 liberties |
//! | 3 - 5 | the same of the opponent |
//! | 6 - 9 | point of the last move, and of those 2, 3 and 4 moves ago |
//! | 10, 11 | moves that capture 1 stone, or more |
//! | 12 | moves that save own stones from atari |
//! | 13 | moves that put themselves in atari |
//! | 14 | sensible moves: legal, and not into an own eye |

use std::slice::ChunksExactMut;

use crate::go::players::{captured, saved};
use crate::go::rules::{Color, Game, Vertex};
use crate::go::uct::{Liberties, is_self_atari, liberties};

/// Number of planes.
pub(super) const PLANES: usize = 15;
/// Number of last moves.
const LAST_MOVES: usize = 4;

/// Sets the points of the next planes of `planes`, each `[N²]` and 0, for the player `viewer`.
pub(super) fn write(game: &Game, viewer: Color, planes: ChunksExactMut<'_, f32>) {
    let (board, geometry) = (game.board(), game.geometry());
    let mut all: [&mut [f32]; PLANES] = Default::default();
    for (plane, rest) in all.iter_mut().zip(planes) {
        *plane = rest;
    }
    let mut set = |plane: usize, vertex: Vertex| {
        if let Some(value) = all.get_mut(plane).and_then(|it| it.get_mut(usize::from(geometry.point(vertex))))
        {
            *value = 1.0;
        }
    };
    for point in 0..game.pass() {
        let stone = geometry.vertex(point);
        let Some(color) = board.color(stone) else { continue };
        // Once for each chain: only at the chain's representative stone.
        if board.chain(stone) != stone {
            continue;
        }
        let class = match liberties(board, stone) {
            Liberties::One(_) => 0,
            Liberties::Two(_) => 1,
            Liberties::Many => 2,
        };
        let plane = class + if color == viewer { 0 } else { 3 };
        let mut at = stone;
        loop {
            set(plane, at);
            at = board.next_stone(at);
            if at == stone {
                break;
            }
        }
    }
    for (plane, last) in (6..).zip(game.moves().rev().take(LAST_MOVES)) {
        if last.point != game.pass() {
            set(plane, geometry.vertex(last.point));
        }
    }
    for &vertex in board.empties() {
        match captured(board, vertex, viewer) {
            0 => {}
            1 => set(10, vertex),
            _ => set(11, vertex),
        }
        if saved(board, vertex, viewer) > 0 {
            set(12, vertex);
        }
        if is_self_atari(board, vertex, viewer) {
            set(13, vertex);
        }
        if !board.is_eye(vertex, viewer) && game.legal(geometry.point(vertex)) {
            set(14, vertex);
        }
    }
}
