//! Agents that keep a number for every state and action.
//!
//! | agent | target of `Q(s, a)` | |
//! |---|---|---|
//! | [`q_learning`] | `r + gamma max_a' Q(s', a')` | Watkins 1989 |
//! | [`sarsa`] | `r + gamma Q(s', a')`, a' being what it does next | Rummery & Niranjan 1994 |
//! | [`expected_sarsa`] | `r + gamma sum_a' pi(a'\|s') Q(s', a')` | van Seijen et al. 2009 |
//! | [`double_q`] | `r + gamma Q_B(s', argmax_a' Q_A(s', a'))` | van Hasselt 2010 |
//! | [`q_lambda`] | Q-learning's error, also credited to the pairs that led here | Watkins 1989 |
//! | [`n_step_sarsa`] | n rewards, then `gamma^n Q` | Sutton & Barto, chapter 7 |
//! | [`dyna_q`] | Q-learning, and again from a learned model | Sutton 1990; Moore & Atkeson 1993 |
//!
//! Everywhere the successor of a step is what the episode itself saw last, a truncated episode still has a future, a
//! terminated one has none, and only legal actions of the successor count. Rows of a batch share one table, and move
//! it one after the other in the order of rows.

mod core;
pub mod discretizer;
pub mod double_q;
pub mod dyna_q;
pub mod expected_sarsa;
pub mod exploration;
#[cfg(test)]
pub(crate) mod graph;
pub mod n_step_sarsa;
pub mod q_lambda;
pub mod q_learning;
pub mod sarsa;
pub mod settings;
mod table;
#[cfg(test)]
pub(crate) mod tests;

pub use settings::Tabular;

use crate::{AgentFactory, Kind};

/// The tabular agents.
pub fn all() -> Vec<Box<dyn AgentFactory>> {
    vec![
        Box::new(Kind::new("q-learning", q_learning::ABOUT, |spec, config, budget, streams| {
            Ok(Box::new(q_learning::QLearning::new(spec, config, budget, streams)?))
        })),
        Box::new(Kind::new("sarsa", sarsa::ABOUT, |spec, config, budget, streams| {
            Ok(Box::new(sarsa::Sarsa::new(spec, config, budget, streams)?))
        })),
        Box::new(Kind::new("expected-sarsa", expected_sarsa::ABOUT, |spec, config, budget, streams| {
            Ok(Box::new(expected_sarsa::ExpectedSarsa::new(spec, config, budget, streams)?))
        })),
        Box::new(Kind::new("double-q", double_q::ABOUT, |spec, config, budget, streams| {
            Ok(Box::new(double_q::DoubleQ::new(spec, config, budget, streams)?))
        })),
        Box::new(Kind::new("q-lambda", q_lambda::ABOUT, |spec, config, budget, streams| {
            Ok(Box::new(q_lambda::QLambda::new(spec, config, budget, streams)?))
        })),
        Box::new(Kind::new("n-step-sarsa", n_step_sarsa::ABOUT, |spec, config, budget, streams| {
            Ok(Box::new(n_step_sarsa::NStepSarsa::new(spec, config, budget, streams)?))
        })),
        Box::new(Kind::new("dyna-q", dyna_q::ABOUT, |spec, config, budget, streams| {
            Ok(Box::new(dyna_q::DynaQ::new(spec, config, budget, streams)?))
        })),
    ]
}
