//! The game of Go.

pub mod gtp;
pub mod rules;
pub mod sgf;
