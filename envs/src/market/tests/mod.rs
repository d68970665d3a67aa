//! What every market must do.

mod contract;
mod golden;
mod odd;
mod played;

use std::sync::Arc;

use freewheel_core::{DynWorld, NoPolicyLoader, WorldFamily};

use super::Markets;

/// Worlds and settings that the tests go through; smaller than by default where a search takes long.
pub(super) const WORLDS: &[(&str, &str)] = &[
    ("ar1", "signals = 9"),
    ("garleanu-pedersen", "signals = 5\nlevels = 7"),
    ("garleanu-pedersen", "actions = 'continuous'"),
    ("regime", ""),
    ("regime", "actions = 'continuous'\nobserve = 'belief'"),
    ("making", ""),
    ("making", "actions = 'continuous'\nsteps = 300"),
    ("gbm", ""),
    ("gbm", "actions = 'continuous'"),
    ("heston", ""),
    ("heston", "actions = 'continuous'"),
    ("execution", ""),
    ("execution", "actions = 'continuous'"),
];

pub(super) fn world(name: &str, settings: &str) -> Arc<dyn DynWorld> {
    Markets.build(name, &settings.parse().unwrap(), &NoPolicyLoader).unwrap().unwrap()
}
