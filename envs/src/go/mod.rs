//! The game of Go: its rules, players of every strength, and the worlds of the family `go`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`rules`] | boards, ko, superko, scores, playouts |
//! | [`solver`] | exact results of small boards |
//! | [`uct`] | Monte-Carlo tree search |
//! | [`players`] | who plays: random, greedy, searching, other programs |
//! | [`sgf`], [`gtp`] | game records; the Go Text Protocol |
//! | [`Boards`] | the family `go`; [`Go`] the game for two, [`GoAgainst`] the game against an opponent |

pub mod gtp;
pub mod players;
pub mod rules;
pub mod sgf;
pub mod solver;
pub mod uct;
mod world;

pub use world::{Boards, Go, GoAgainst, Presence, Reward, Ruleset, Seat, Seated, Settings, Trained};
