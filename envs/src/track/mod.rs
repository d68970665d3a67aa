//! A driving track: cars on closed roads, against the clock.
//!
//! | module | what it holds |
//! |---|---|
//! | [`circuit`] | closed roads: built in, random, from files |
//! | [`vehicle`] | how a car moves |
//! | [`mod@line`] | the fastest line around a circuit, its speed profile, and a bound that nobody beats |
//! | `world` | the rules of driving, what a driver sees, the scripted drivers |
//! | `draw` | the drawing |
//! | `family` | the family `track`: [`Tracks`] |

pub mod circuit;
mod draw;
mod family;
pub mod line;
#[cfg(test)]
mod tests;
pub mod vehicle;
mod world;

pub use family::Tracks;
pub use world::{Actions, Observation, Settings, Start, State, Steering};
