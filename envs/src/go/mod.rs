//! The game of Go.

pub mod gtp;
pub mod sgf;
