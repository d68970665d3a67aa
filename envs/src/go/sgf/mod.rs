//! sgf
pub mod tree;
