//! The game of Go.

pub mod rules;
pub mod solver;
