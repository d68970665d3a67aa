//! A driving track.
//!
//! | folder | what it holds |
//! |---|---|
//! | [`circuit`] | closed roads: built in, random, from files |

pub mod circuit;
