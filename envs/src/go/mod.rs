//! The game of Go.

pub mod players;
pub mod rules;
pub mod uct;
