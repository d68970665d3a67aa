//! Historical prices to be traded on: decide at a close, fill at the next open, pay for it.
//!
//! | file | what it holds |
//! |---|---|
//! | `bars`, `columns`, `dates` | files of prices and what can be wrong with them |
//! | `prices` | several assets on common dates |
//! | `indicators`, `features` | what can be seen of the past |
//! | `split` | walk-forward folds with an embargo |
//! | `rules` | the account: trades, costs, equity |
//! | `market`, `target`, `world` | the adapter: [`Replay`] is an `Env` and a `World` |
//! | `scripts`, `foresight`, `reference` | the players it ships, what foresight would give, the reference |
//! | `draw` | the drawing |
//! | `settings`, `build` | settings; worlds by settings and by file |
//! | `walk` | a made series |

mod bars;
mod build;
mod columns;
mod dates;
mod draw;
mod features;
mod foresight;
mod indicators;
mod market;
mod prices;
mod reference;
mod rules;
mod scripts;
mod settings;
mod split;
mod target;
#[cfg(test)]
mod tests;
mod walk;
mod world;

pub use bars::Bars;
pub use build::{build, open, sources};
pub use market::Market;
pub use prices::Prices;
pub use rules::Account;
pub use settings::{Actions, Settings, Split};
pub use split::Fold;
pub use target::Target;
pub use walk::random_walk;
pub use world::{Replay, State};
