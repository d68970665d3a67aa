//! Grid-worlds: ASCII maps from text files, built-in maps of Sutton & Barto and of Gymnasium, and their exact optima.
//!
//! | file | content |
//! |---|---|
//! | `map`, `legend`, `tiles`, `error` | map files: text, legend, meaning of glyphs, errors |
//! | `rules` | rules of map worlds: transitions, rewards, endings |
//! | `solvable` | check that a map can be solved |
//! | `table` | transition tables, 4 bytes an entry |
//! | `world` | [`Gridworld`], the environment: implements `Env` and `World` |
//! | `board`, `map_board` | drawing, with the action values of a policy |
//! | `taxi`, `deepsea` | two worlds that are not maps |
//! | `random` | random maps that can be solved |
//! | `gymnasium`, `movingai` | map formats of other programs |
//! | `named`, `settings`, `family` | family `grid`: [`GridworldFamily`] |
//!
//! ```
//! use freewheel_envs::gridworld::{Gridworld, Map};
//!
//! let map = Map::parse("S.G\n...\n---\nstep = -1\n")?;
//! let world = Gridworld::from_map("grid/mine", &map)?;
//! assert_eq!(world.states(), 6);
//! # Ok::<(), freewheel_envs::gridworld::MapError>(())
//! ```

mod board;
mod deepsea;
mod error;
mod family;
mod gymnasium;
mod legend;
mod map;
mod map_board;
mod movingai;
mod named;
mod random;
mod rules;
mod settings;
mod solvable;
mod table;
mod taxi;
#[cfg(test)]
mod tests;
mod tiles;
mod world;

pub use error::{MapError, MapErrorKind};
pub use family::GridworldFamily;
pub use legend::{CellRule, Direction, Legend, Moves, SlipTo, Start};
pub use map::Map;
pub use settings::Settings;
pub use world::{Gridworld, State};
