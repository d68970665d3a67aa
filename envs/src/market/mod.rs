//! Markets: one trader, and the best that can be done where the law of the prices is known.

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
