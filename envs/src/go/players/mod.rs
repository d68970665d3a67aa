//! Players of Go: random, greedy, tree search, and other programs.
//!
//! A [`Player`] gets the whole game, not an observation. Players are opponents in the worlds, answer over GTP and play
//! matches. [`parse`] returns the player with a name.

mod gtp;
#[cfg(test)]
mod tests;
mod uct;

use std::sync::Arc;
use std::time::Duration;

use freewheel_core::{Error, Insight, Result, Stream, settings};

pub use gtp::GtpPlayer;
pub use uct::Uct;

use super::rules::{Board, Color, Game, Point, Vertex};
use super::uct::{Search, UctSettings, is_self_atari};

/// Action of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayerAction {
    /// The player plays on this point, or passes.
    Play(Point),
    /// The player resigns.
    Resign,
}

/// Searches that a player keeps from move to move of one game; empty at its start.
#[derive(Default)]
pub struct Memory {
    searches: Vec<Search>,
}

/// Player of Go. One value serves many games at once, on many threads.
pub trait Player: Send + Sync {
    /// Name of the player, as read by [`parse`].
    fn name(&self) -> String;

    /// Whether the player may take long to choose a move, or fail, as tree searches and other programs may.
    fn is_slow(&self) -> bool {
        false
    }

    /// Chooses a legal move in `game`, which must not be over. All random numbers are drawn from `rng`, except in other
    /// programs.
    ///
    /// # Errors
    /// For a player that is another program: the program exited, timed out or gave an invalid response. For programs
    /// and tree searches: [`interrupt`](super::gtp::interrupt) was called.
    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<PlayerAction>;

    /// Same as [`Player::choose`], for a player who has played the game so far with the same `memory`, and who has
    /// `time` for the move if there is a clock. A tree search keeps its tree in `memory`, and stops when the time is
    /// over; other players ignore both.
    ///
    /// # Errors
    /// Those of [`Player::choose`].
    fn choose_in_game(
        &self,
        game: &Game,
        _memory: &mut Memory,
        _time: Option<Duration>,
        rng: &mut Stream,
    ) -> Result<PlayerAction> {
        self.choose(game, rng)
    }

    /// Visits, win rate and principal variation of the search by which [`Player::choose`] would choose its move with
    /// the same `rng`; `None` for a player without a search, or if it fails.
    fn insight(&self, _game: &Game, _rng: &mut Stream) -> Option<Insight> {
        None
    }

    /// Checks that the player can play games that begin as `start`; called once before the first game.
    ///
    /// # Errors
    /// For a player that is another program: the program cannot be started, or does not support the board. For
    /// [`PolicyPlayer`](super::PolicyPlayer): the board has another size than the boards of the policy.
    fn check_ready(&self, _start: &Game) -> Result<()> {
        Ok(())
    }
}

/// Forms of the player names that [`parse`] accepts, for error messages.
const KNOWN: [&str; 4] = ["random", "greedy", "uct:N", "gtp:COMMAND"];

/// Player with the name `name`: `random`, `greedy`, `uct:1000` (see [`UctSettings::parse`] for options), or
/// `gtp:COMMAND` such as `gtp:gnugo --mode gtp --level 1`.
///
/// # Errors
/// [`Error::Config`] for an unknown name; the message lists the known names.
pub fn parse(name: &str) -> Result<Arc<dyn Player>> {
    match (name.trim().split_once(':'), program(name)) {
        (None, _) if name.trim() == "random" => Ok(Arc::new(Random)),
        (None, _) if name.trim() == "greedy" => Ok(Arc::new(Greedy)),
        (Some(("uct", settings)), _) => Ok(Arc::new(Uct::new(UctSettings::parse(settings)?))),
        (_, Some(command)) if !command.is_empty() => Ok(Arc::new(GtpPlayer::new(command))),
        _ => Err(Error::Config(settings::unknown("player", name, &KNOWN, "go"))),
    }
}

/// Command line of the program that the player `name` starts, such as `gnugo --mode gtp` for `gtp:gnugo --mode gtp`;
/// `None` for a built-in player.
pub fn program(name: &str) -> Option<&str> {
    name.trim().strip_prefix("gtp:").map(str::trim)
}

/// Random player: each legal move that fills no own eye has the same probability; passes if there is no such move.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl Player for Random {
    fn name(&self) -> String {
        "random".into()
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<PlayerAction> {
        Ok(PlayerAction::Play(random_move(game, rng)))
    }
}

/// Legal moves that fill none of the mover's own eyes, without the pass.
fn sensible(game: &Game) -> impl Iterator<Item = Point> {
    let (board, geometry, color) = (game.board(), game.geometry(), game.to_play());
    let kept = move |&&vertex: &&Vertex| !board.is_eye(vertex, color) && game.legal(geometry.point(vertex));
    board.empties().iter().filter(kept).map(|&vertex| geometry.point(vertex))
}

/// Move of the player [`Random`]. Allocates nothing.
fn random_move(game: &Game, rng: &mut Stream) -> Point {
    // Reservoir sampling: the k-th move replaces the move chosen before with probability 1/k.
    let mut chosen = game.pass();
    for (point, met) in sensible(game).zip(1..) {
        if rng.below(met) == 0 {
            chosen = point;
        }
    }
    chosen
}

/// Greedy player. Plays the first of these moves that is legal, ties broken at random:
///
/// 1. the capture of the most stones;
/// 2. the move on the last liberty of own chains in atari that saves the most stones, if the new chain has at least
///    two liberties;
/// 3. a move of [`Random`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Greedy;

impl Player for Greedy {
    fn name(&self) -> String {
        "greedy".into()
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<PlayerAction> {
        let point = best(game, rng, captured).or_else(|| best(game, rng, saved));
        Ok(PlayerAction::Play(point.unwrap_or_else(|| random_move(game, rng))))
    }
}

/// Legal move with the largest value of the function `gain`, ties broken at random; `None` if no value is above 0.
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

/// Number of stones that a move captures.
pub(super) fn captured(board: &Board, vertex: Vertex, color: Color) -> u16 {
    in_atari(board, vertex, color.other()).map(|chain| board.chain_stones(chain)).sum()
}

/// Number of own stones in atari that a move on `vertex` saves; 0 if the new chain would have only one liberty.
pub(super) fn saved(board: &Board, vertex: Vertex, color: Color) -> u16 {
    let stones = in_atari(board, vertex, color).map(|chain| board.chain_stones(chain)).sum();
    if stones > 0 && !is_self_atari(board, vertex, color) { stones } else { 0 }
}

/// Chains of `color` in atari whose last liberty is `vertex`, each once, by their representative stones.
fn in_atari(board: &Board, vertex: Vertex, color: Color) -> impl Iterator<Item = Vertex> {
    let neighbors = board.neighbors(vertex);
    let chain = move |n: Vertex| (board.color(n) == Some(color) && board.in_atari(n)).then(|| board.chain(n));
    (0..4).filter_map(move |i| {
        let own = chain(neighbors[i])?;
        (!neighbors[..i].iter().any(|&before| chain(before) == Some(own))).then_some(own)
    })
}
