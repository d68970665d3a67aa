//! Rules of Go, without any term of machine learning.
//!
//! | file | contents |
//! |---|---|
//! | `ruleset` | [`Rules`]: size, komi, ko, suicide, compensation, move limit; [`Setup`]: start position |
//! | `rule_set` | [`RULE_SETS`]: rule sets by name |
//! | `geometry`, `board` | [`Board`]: stones, chains and pseudo-liberties on a padded board; [`Symmetry`] |
//! | `game`, `legal`, `history` | [`Game`]: moves, legality, ko and superko, endings, serialization |
//! | `score` | area scoring; [`Chain`]: a chain and its liberties |
//! | `playout` | [`Playouts`]: uniform random games |
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
mod game;
mod geometry;
mod history;
mod legal;
mod playout;
mod rule_set;
mod ruleset;
mod score;
#[cfg(test)]
mod tests;

/// Point of a board, counted row by row from the lower left corner: a1 = 0. The number after the last point is the
/// pass.
pub type Point = u16;

pub use board::Board;
pub use game::{Game, Move};
pub use geometry::{Geometry, Symmetry, Vertex};
pub use legal::IllegalMove;
pub use playout::{Playout, Playouts};
pub use rule_set::{RULE_SETS, RuleSet};
pub use ruleset::{Color, Compensation, Ko, MAX_SIDE, Rules, Setup};
pub use score::Chain;
