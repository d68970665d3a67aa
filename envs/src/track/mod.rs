//! A driving track.
//!
//! | folder | what it holds |
//! |---|---|
//! | [`circuit`] | closed roads: built in, random, from files |
//! | [`vehicle`] | how a car moves |

pub mod circuit;
pub mod line;
pub mod vehicle;
