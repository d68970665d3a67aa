//! Against figures that were not computed here, and against brute force.

mod edges;
mod figures;
mod random;
mod worlds;

use freewheel_core::{Question, Solution, Who};

use super::FiniteMdp;

/// A question without a horizon.
fn endless(who: Who, gamma: f64) -> Question {
    Question { gamma, horizon: None, time_observed: false, who }
}

/// A question within a horizon.
fn within(who: Who, gamma: f64, horizon: u32, time_observed: bool) -> Question {
    Question { gamma, horizon: Some(horizon), time_observed, who }
}

fn solve(mdp: &FiniteMdp, question: Question) -> Solution {
    mdp.solve(&question).unwrap_or_else(|error| panic!("{question:?}: {error}"))
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected} +- {tolerance}");
}
