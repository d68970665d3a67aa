//! Monte-Carlo tree search with UCT, and optionally RAVE, patterns and priors.
//!
//! | file | contents |
//! |---|---|
//! | `settings` | [`UctSettings`] |
//! | `search` | [`Search`]: select, expand, play out, back up |
//! | `insight` | visits, win rate and principal variation for the viewer |
//! | `tree` | nodes in one arena |
//! | `expand` | children of a node, and their priors |
//! | `prior` | [`MovePrior`]: probabilities of moves, such as those of a trained policy |
//! | `playout` | playouts with patterns; uniform playouts are in [`rules`](crate::go::rules) |
//! | `pattern` | 3x3 patterns of MoGo |
//! | `tactics` | liberties, self-atari, ladders, vital points, distances |

mod expand;
mod insight;
mod pattern;
mod playout;
mod prior;
mod search;
mod settings;
mod tactics;
#[cfg(test)]
mod tests;
mod tree;

pub use prior::MovePrior;
pub use search::{Candidate, Search, choose, merge};
pub use settings::UctSettings;
pub(in crate::go) use tactics::{Liberties, is_self_atari, liberties};
