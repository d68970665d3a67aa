//! The greedy player.

use freewheel_core::{Result, Stream};

use super::{Player, Turn, random};
use crate::go::rules::{Board, Color, Game, Point, Vertex};
use crate::go::uct;

/// Looks one move ahead. It plays the first of these that is legal, of equals a random one:
///
/// 1. the capture of the most stones;
/// 2. the move that saves the largest own chain in atari: its last liberty, if the chain then has two liberties or
///    more;
/// 3. what [`Random`](super::Random) plays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Greedy;

impl Player for Greedy {
    fn name(&self) -> String {
        "greedy".into()
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<Turn> {
        let point = best(game, rng, captured).or_else(|| best(game, rng, saved));
        Ok(Turn::Play(point.unwrap_or_else(|| random::random(game, rng))))
    }
}

/// The legal move for which `gain` is the most, above 0.
fn best(game: &Game, rng: &mut Stream, gain: fn(&Board, Vertex, Color) -> u16) -> Option<Point> {
    let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
    let mut most = (0, None);
    let mut equals = 0;
    for &vertex in board.empties() {
        let stones = gain(board, vertex, color);
        let point = geometry.point(vertex);
        if stones == 0 || stones < most.0 || !game.legal(point) {
            continue;
        }
        equals = if stones > most.0 { 1 } else { equals + 1 };
        if rng.below(equals) == 0 {
            most = (stones, Some(point));
        }
    }
    most.1
}

/// How many stones a move takes.
fn captured(board: &Board, vertex: Vertex, color: Color) -> u16 {
    in_atari(board, vertex, color.other()).map(|chain| board.chain_stones(chain)).sum()
}

/// How many stones a move saves by giving their chain two liberties.
fn saved(board: &Board, vertex: Vertex, color: Color) -> u16 {
    let stones = in_atari(board, vertex, color).map(|chain| board.chain_stones(chain)).sum();
    if stones > 0 && !uct::is_self_atari(board, vertex, color) { stones } else { 0 }
}

/// The chains of `color` beside a vertex whose last liberty it is, each once, by their representatives.
fn in_atari(board: &Board, vertex: Vertex, color: Color) -> impl Iterator<Item = Vertex> {
    let neighbors = board.neighbors(vertex);
    let chain = move |n: Vertex| (board.color(n) == Some(color) && board.in_atari(n)).then(|| board.chain(n));
    (0..4).filter_map(move |i| {
        let own = chain(neighbors[i])?;
        (!neighbors[..i].iter().any(|&before| chain(before) == Some(own))).then_some(own)
    })
}
