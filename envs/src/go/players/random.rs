//! The random player.

use freewheel_core::{Result, Stream};

use super::{Player, Turn};
use crate::go::rules::{Game, Point, Vertex};

/// Any legal move that fills none of its own eyes, each equally often; passes when there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Player for Random {
    fn name(&self) -> String {
        "random".into()
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<Turn> {
        Ok(Turn::Play(random(game, rng)))
    }
}

/// Every legal move that fills none of the mover's own eyes; the pass is not among them.
fn sensible(game: &Game) -> impl Iterator<Item = Point> {
    let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
    let kept = move |&&vertex: &&Vertex| !board.is_eye(vertex, color) && game.legal(geometry.point(vertex));
    board.empties().iter().filter(kept).map(|&vertex| geometry.point(vertex))
}

/// What [`Random`] plays. Allocates nothing.
pub(super) fn random(game: &Game, rng: &mut Stream) -> Point {
    // The k-th move met takes the place of the one before with probability 1/k: in the end all are equally likely.
    let mut chosen = game.pass();
    for (point, met) in sensible(game).zip(1..) {
        if rng.below(met) == 0 {
            chosen = point;
        }
    }
    chosen
}
