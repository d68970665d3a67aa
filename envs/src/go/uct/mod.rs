//! Monte-Carlo tree search with UCT, and with RAVE, patterns and priors where they are wanted.
//!
//! | file | what it holds |
//! |---|---|
//! | `settings` | what a search may spend and how it weighs: [`UctSettings`] |
//! | `search` | simulate, expand, play out, back up: [`Search`] |
//! | `tree` | the nodes, in one arena |
//! | `expand` | the children of a node, and their priors |
//! | `playout` | games to the end with patterns; uniform ones are the rules' |
//! | `pattern` | the 3x3 patterns of MoGo |

mod expand;
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
