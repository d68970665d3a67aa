//! Who plays Go: random, greedy, searching, and programs of others.
//!
//! A [`Player`] sees the whole game, not an observation. The same players sit opposite a learner, answer over GTP and
//! meet in matches; [`parse`] finds them by name.

mod greedy;
mod gtp;
mod random;
#[cfg(test)]
mod tests;
mod uct;

use std::sync::Arc;

use freewheel_core::{Error, Result, Stream, settings};

pub use greedy::Greedy;
pub use gtp::Program;
pub use random::Random;
pub use uct::Uct;

use super::rules::{Game, Point};
use super::uct::UctSettings;

/// What a player does on its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A stone on this point, or the pass.
    Play(Point),
    /// It gives the game up.
    Resign,
}

/// Something that plays. One value serves many games at once, on many threads.
pub trait Player: Send + Sync {
    /// Its name, which [`parse`] reads.
    fn name(&self) -> String;

    /// A legal move of the player to move in `game`, which is not over. It draws from `rng` and from nothing else,
    /// unless it is another program.
    ///
    /// # Errors
    /// Those of another program: it died, it took too long, it answered with nonsense.
    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<Turn>;

    /// Whether it can play games that begin as `start`: asked once, before the first of many.
    ///
    /// # Errors
    /// Those of another program: it cannot be started, or it does not take such a board. A trained player knows one
    /// size of board.
    fn ready(&self, _start: &Game) -> Result<()> {
        Ok(())
    }
}

/// The players that are known, as they are written.
const KNOWN: [&str; 4] = ["random", "greedy", "uct:N", "gtp:COMMAND"];

/// The player called `name`: `random`, `greedy`, `uct:1000` (see [`UctSettings::parse`] for more),
/// `gtp:gnugo --mode gtp --level 1`.
///
/// # Errors
/// [`Error::Config`], naming those that are known.
pub fn parse(name: &str) -> Result<Arc<dyn Player>> {
    match name.trim().split_once(':') {
        None if name.trim() == "random" => Ok(Arc::new(Random)),
        None if name.trim() == "greedy" => Ok(Arc::new(Greedy)),
        Some(("uct", settings)) => Ok(Arc::new(Uct::new(UctSettings::parse(settings)?))),
        Some(("gtp", command)) if !command.trim().is_empty() => Ok(Arc::new(Program::new(command))),
        _ => Err(Error::Config(settings::unknown("player", name, &KNOWN, "go"))),
    }
}
