//! The game of Go.

pub mod gtp;
pub mod players;
pub mod rules;
pub mod sgf;
pub mod uct;
