//! The rules of Go, and no learning word.
//!
//! | file | what it holds |
//! |---|---|
//! | `ruleset` | [`Rules`]: size, komi, ko, suicide, handicap compensation, move limit |
//! | `setup` | [`Setup`]: the position a game begins with, handicaps among them |
//! | `geometry`, `board` | [`Board`]: stones, chains and pseudo-liberties on a padded board |
//! | `game`, `legal`, `history` | [`Game`]: whose move, what is allowed, ko and superko, endings |
//! | `score` | area scoring |
//! | `chain` | [`Chain`]: a chain, looked at |
//! | `record` | a game as data |
//! | `symmetry` | the eight symmetries of a square board |
//! | `playout` | uniform random games to the end |
//!
//! ```
//! use freewheel_envs::go::rules::{Game, Rules};
//!
//! let mut game = Game::new(Rules::tromp_taylor(9))?;
//! game.play(40).expect("the center is free");
//! assert_eq!(game.area_score(), 81);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

mod board;
mod chain;
mod color;
mod game;
mod geometry;
mod history;
mod legal;
mod playout;
mod record;
mod ruleset;
mod score;
mod setup;
mod symmetry;
#[cfg(test)]
mod tests;

/// A point of a board, counted row by row from the lower left corner: a1 = 0. The number after the last is the pass.
pub type Point = u16;

pub use board::Board;
pub use chain::Chain;
pub use color::Color;
pub use game::{Game, Move};
pub use geometry::{Geometry, Vertex};
pub use legal::Illegal;
pub use playout::{Playout, Playouts};
pub use ruleset::{Compensation, Ko, MAX_SIDE, Rules};
pub use setup::Setup;
pub use symmetry::Symmetry;
