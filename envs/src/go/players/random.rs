//! The random player.

use freewheel_core::{Result, Stream};

use super::{Player, Turn};
use crate::go::rules::{Game, Point};

/// Any legal move that fills none of its own eyes, each equally often; passes when there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Player for Random {
    fn name(&self) -> String {
        "random".into()
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<Turn> {
        Ok(Turn::Play(sensible(game, rng)))
    }
}

/// What [`Random`] plays. Allocates nothing.
pub(super) fn sensible(game: &Game, rng: &mut Stream) -> Point {
    let (board, geometry, colour) = (game.board(), game.geometry(), game.to_play());
    // The k-th legal move met has taken the place of the one before with probability 1/k: in the end all are equally likely.
    let mut chosen = game.pass();
    let mut met = 0;
    for &vertex in board.empties() {
        let point = geometry.point(vertex);
        if !board.is_eye(vertex, colour) && game.legal(point) {
            met += 1;
            if rng.below(met) == 0 {
                chosen = point;
            }
        }
    }
    chosen
}
