//! Go as worlds: the game for two, and the game against an opponent who is part of the world.
//!
//! * **Rules**: see [`rules`](crate::go::rules); by default Tromp-Taylor.
//! * **State**: the game, as it has been played so far.
//! * **Actions**: 0 to N² - 1 a stone on that point, counted row by row from the lower left corner (a1); N² the pass.
//! * **Observation**: 2 K + 4 planes of N x N, see [`observe`](self::observation).
//! * **Reward**: the mover's, at the end alone: 1 a win, -1 a loss, 0 a draw; or the margin divided by N².
//! * **Endings**: two passes are terminal. A game is truncated after 2 N² moves, but at least 50 (a setting), with
//!   reward 0; measures count such a board as it stands, as AlphaGo Zero did (Silver et al. 2017).
//! * **Version**: 1.
//!
//! | file | what it holds |
//! |---|---|
//! | `settings` | what an experiment may change: [`Settings`] |
//! | `terms` | what all episodes of a world share |
//! | `observation` | the planes |
//! | `duel` | the game for two: [`Go`] |
//! | `against` | the game against an opponent: [`GoAgainst`] |
//! | `trained` | a policy as a player: [`Trained`] |
//! | `reference` | what is the best, and what a random player gets |
//! | `ladder` | who is the best that is known on 9x9 |
//! | `draw` | the board as cells |
//! | `family` | the family `go`: [`Boards`] |

mod against;
mod draw;
mod duel;
mod family;
mod ladder;
mod observation;
mod reference;
mod settings;
mod terms;
#[cfg(test)]
mod tests;
mod trained;

pub use against::{GoAgainst, Presence, Seated};
pub use duel::Go;
pub use family::Boards;
pub use settings::{Reward, Ruleset, Seat, Settings};
pub use trained::Trained;
