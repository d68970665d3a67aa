//! The game of Go.

pub mod rules;
