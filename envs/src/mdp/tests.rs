//! Tests against published figures and against brute force.

mod edges;
mod figures;
mod random;
mod worlds;

use freewheel_core::{PolicyClass, Solution, SolveQuery};

use super::FiniteMdp;

/// Query without a horizon.
fn endless(policy_class: PolicyClass, gamma: f64) -> SolveQuery {
    SolveQuery { gamma, horizon: None, time_observed: false, policy_class }
}

/// Query within a horizon.
fn within(policy_class: PolicyClass, gamma: f64, horizon: u32, time_observed: bool) -> SolveQuery {
    SolveQuery { gamma, horizon: Some(horizon), time_observed, policy_class }
}

fn solve(mdp: &FiniteMdp, query: SolveQuery) -> Solution {
    mdp.solve(&query).unwrap_or_else(|error| panic!("{query:?}: {error}"))
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected} +- {tolerance}");
}
