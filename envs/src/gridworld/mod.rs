//! Grid-worlds: ASCII maps anybody can write, the textbook's and Gymnasium's among them, and their exact optima.
//!
//! | file | what it holds |
//! |---|---|
//! | `map`, `legend`, `tiles`, `fault` | map files: the text, its legend, what glyphs mean, what can be wrong |
//! | `rules` | the rules: where a move leads, what it pays, when an episode ends |
//! | `reach` | whether a map can be solved |
//! | `table` | every transition, in 4 bytes each |
//! | `world` | the adapter: [`Gridworld`] is an `Env` and a `World` |
//! | `board`, `draw` | the drawing, with what a policy thinks |
//! | `taxi`, `deepsea` | two worlds that no map can say |
//! | `random` | random maps that can be solved |
//! | `gymnasium`, `movingai` | maps of other houses |
//! | `named`, `settings`, `family` | the family `grid`: [`Grids`] |
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
mod direction;
mod draw;
mod family;
mod fault;
mod gymnasium;
mod legend;
mod map;
mod movingai;
mod named;
mod random;
mod reach;
mod rules;
mod settings;
mod table;
mod taxi;
#[cfg(test)]
mod tests;
mod tiles;
mod world;

pub use direction::{Direction, Moves};
pub use family::Grids;
pub use fault::{Fault, MapError};
pub use legend::{CellRule, Legend, SlipTo, Start};
pub use map::Map;
pub use settings::Settings;
pub use world::{Gridworld, State};
