//! Costs of what ran on the screen: what learning took, and what one answer takes.

use std::time::{Duration, Instant};

/// Cost of one thing that learned.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cost {
    /// Key of its name, without the prefix `cost.`.
    pub(super) name: &'static str,
    /// Examples or steps from which it learned.
    pub(super) examples: u64,
    /// Time of learning.
    pub(super) learning: Duration,
    /// Numbers that it has learned.
    pub(super) parameters: u64,
    /// Time of one answer; `None` if it was not measured.
    pub(super) answer: Option<Duration>,
    /// What it reached and the best possible, as texts.
    pub(super) score: (String, String),
}

/// Costs in the order in which they were met first.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    costs: Vec<Cost>,
}

impl Ledger {
    /// Enters `cost`; it replaces an older one of the same name.
    pub(super) fn enter(&mut self, cost: Cost) {
        match self.costs.iter_mut().find(|old| old.name == cost.name) {
            Some(old) => *old = cost,
            None => self.costs.push(cost),
        }
    }

    /// All costs.
    pub(super) fn costs(&self) -> &[Cost] {
        &self.costs
    }
}

/// Time of one call of `answer`: the mean over as many calls as take about 2 ms.
pub(super) fn time_of(mut answer: impl FnMut()) -> Duration {
    let started = Instant::now();
    let mut calls = 0;
    while calls < 1 || (started.elapsed() < Duration::from_millis(2) && calls < 10_000) {
        answer();
        calls += 1;
    }
    started.elapsed() / calls
}
