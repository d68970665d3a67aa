//! Monte-Carlo tree search with UCT, and optionally RAVE, patterns and priors.
//!
//! | file | contents |
//! |---|---|
//! | `settings` | [`UctSettings`] |
//! | `search` | [`Search`]: select, expand, play out, back up |
//! | `insight` | visits, win rate and principal variation for the viewer |
//! | `tree` | nodes in one arena |
//! | `expand` | children of a node, and their priors |
//! | `playout` | playouts with patterns; uniform playouts are in [`rules`](crate::go::rules) |
//! | `pattern` | 3x3 patterns of MoGo |

mod expand;
mod insight;
mod pattern;
mod playout;
mod search;
mod settings;
#[cfg(test)]
mod tests;
mod tree;

pub(in crate::go) use playout::is_self_atari;
pub use search::{Candidate, Search};
pub use settings::UctSettings;
