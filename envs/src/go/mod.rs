//! The game of Go: rules, players, and the worlds of the family `go`.
//!
//! | module | contents |
//! |---|---|
//! | [`rules`] | boards, ko, superko, scores, playouts |
//! | [`solver`] | exact values of small boards |
//! | [`uct`] | Monte-Carlo tree search |
//! | [`players`] | random, greedy and tree search players, and other programs |
//! | [`sgf`], [`gtp`] | game records; Go Text Protocol |
//! | [`GoFamily`] | world family `go`: [`Go`] for two players, [`GoVersusOpponent`] for one |

pub mod gtp;
pub mod players;
pub mod rules;
pub mod sgf;
pub mod solver;
pub mod uct;
mod world;

pub use world::{
    AgentColor, Go, GoFamily, GoVersusOpponent, OpponentStatus, PolicyPlayer, Reward, Ruleset, Settings,
    VersusOpponentState,
};
