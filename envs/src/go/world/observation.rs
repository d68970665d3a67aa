//! What a player sees: planes of N x N, rows from the bottom up, each number 0 or 1.
//!
//! | planes | what they show |
//! |---|---|
//! | 2 k | own stones as they stood k moves ago, k from 0 to K - 1 |
//! | 2 k + 1 | the other's stones then |
//! | 2 K | empty points that ko or superko forbids |
//! | 2 K + 1 | all 1 where the player is Black |
//! | 2 K + 2 | all 1 where the other has just passed: another pass ends the game |
//! | 2 K + 3 | all 1: where the board is |
//!
//! K is the setting `history`. What was before the first move is all 0, as in AlphaGo Zero.

use crate::go::rules::{Color, Game, Illegal, MAX_SIDE, Point};

/// Planes beside those of the stones.
const EXTRA: usize = 4;

/// Points of the largest board.
const MOST: usize = MAX_SIDE as usize * MAX_SIDE as usize;

/// How many planes there are.
pub(super) fn planes(history: usize) -> usize {
    2 * history + EXTRA
}

/// Writes what `viewer` sees of `game`, `[2 K + 4, N, N]`. Allocates nothing.
pub(super) fn observe(game: &Game, viewer: Color, history: usize, out: &mut [f32]) {
    out.fill(0.0);
    let area = game.area();
    let mut planes = out.chunks_exact_mut(area);
    let mut stones = [None; MOST];
    for back in 0..history {
        let (Some(own), Some(other)) = (planes.next(), planes.next()) else { return };
        if back > game.move_number() as usize {
            continue;
        }
        game.look_back(back, &mut stones);
        for ((stone, own), other) in stones.iter().zip(own).zip(other) {
            match stone {
                Some(color) if *color == viewer => *own = 1.0,
                Some(_) => *other = 1.0,
                None => {}
            }
        }
    }
    if let Some(forbidden) = planes.next() {
        for &vertex in game.board().empties() {
            let point = game.geometry().point(vertex);
            if is_repetition(game, point)
                && let Some(out) = forbidden.get_mut(usize::from(point))
            {
                *out = 1.0;
            }
        }
    }
    for shown in [viewer == Color::Black, game.passes() > 0, true] {
        if let Some(plane) = planes.next() {
            plane.fill(f32::from(u8::from(shown)));
        }
    }
}

fn is_repetition(game: &Game, point: Point) -> bool {
    matches!(game.check(point), Err(Illegal::Ko | Illegal::Repetition { .. }))
}
