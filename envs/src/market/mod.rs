//! Markets: one trader, and the best that can be done where the law of the prices is known.
//!
//! | folder or file | what it holds |
//! |---|---|
//! | `signal` | a signal that predicts returns, at a cost: [`Ar1`], [`GarleanuPedersen`] |
//! | `regime` | a hidden regime: [`Regime`] |
//! | `making` | quoting both sides: [`Making`] |
//! | `growth` | what fraction of the wealth to hold: [`Gbm`], [`Heston`] |
//! | `execution` | selling a large order: [`Execution`] |
//! | `desk`, `menu` | the adapter: rules and a menu of orders become an `Env` and a `World` |
//! | `account`, `draw` | the books, the last prices, the drawing: [`Account`], [`Trail`], [`Chart`] |
//! | `chain`, `normal`, `average` | Rouwenhorst's chain, normal expectations, average rewards: [`best_average`] |
//! | `family`, `settings`, `refuse` | the family `market`: [`Markets`] |
//!
//! ```
//! use freewheel_envs::market::Ar1;
//!
//! let best = Ar1 { cost: 0.0, ..Ar1::default() }.best_average()?;
//! assert!((best.value() - 9.106_719_033_6e-4).abs() < 5e-14);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

mod account;
mod average;
mod chain;
mod desk;
mod draw;
mod execution;
mod family;
mod growth;
mod making;
mod menu;
pub mod metrics;
mod normal;
mod refuse;
mod regime;
pub mod replay;
mod settings;
mod signal;
#[cfg(test)]
mod tests;

pub use account::{Account, SEEN, Trail};
pub use average::{Average, average_of, best_average};
pub use draw::Chart;
pub use execution::Execution;
pub use family::Markets;
pub use growth::{Gbm, Heston};
pub use making::{Making, continuous_values};
pub use regime::{Observe, Regime};
pub use settings::{ActionKind, Reward};
pub use signal::{Ar1, GarleanuPedersen};
