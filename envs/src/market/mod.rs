//! Markets for one trader: synthetic markets with a reference solution, and replays of historical prices.
//!
//! | folder or file | content |
//! |---|---|
//! | `signal` | trading on a signal that predicts returns: [`Ar1`], [`GarleanuPedersen`] |
//! | `regime` | portfolio choice with a hidden regime: [`Regime`] |
//! | `making` | market making: [`MarketMaking`] |
//! | `growth` | portfolio choice: [`Gbm`], [`Heston`] |
//! | `execution` | optimal execution of a large order: [`Execution`] |
//! | [`replay`] | trading on historical prices |
//! | [`metrics`] | performance measures of a series of returns |
//! | `adapter`, `actions` | adapter from rules and an action map to an `Env` and a `World` |
//! | `account`, `draw` | profit and costs, last prices, drawing: [`Account`], [`PriceHistory`], [`Chart`], [`Panel`] |
//! | `chain`, `normal`, `average` | Rouwenhorst chain, normal distribution, average rewards: [`optimal_average`] |
//! | `family`, `settings` | world family `market`: [`MarketFamily`]; checks of settings |
//!
//! ```
//! use freewheel_envs::market::Ar1;
//!
//! let optimum = Ar1 { cost: 0.0, ..Ar1::default() }.optimal_average()?;
//! assert!((optimum.value() - 9.106_719_033_6e-4).abs() < 5e-14);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

mod account;
mod actions;
mod adapter;
mod average;
mod chain;
mod draw;
mod execution;
mod family;
mod growth;
mod making;
pub mod metrics;
mod normal;
mod regime;
pub mod replay;
mod settings;
mod signal;
#[cfg(test)]
mod tests;

pub use account::{Account, PRICE_WINDOW, PriceHistory};
pub use average::{AverageReward, optimal_average, policy_average};
pub use draw::{Axis, Chart, Panel, Series, Style};
pub use execution::Execution;
pub use family::MarketFamily;
pub use growth::{Gbm, Heston};
pub use making::{MarketMaking, continuous_values};
pub use regime::{Observe, Regime};
pub use settings::{ActionKind, Reward};
pub use signal::{Ar1, GarleanuPedersen};
