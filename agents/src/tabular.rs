//! Agents with a table of action values, one for every state and action.
//!
//! | agent | target of `Q(s, a)` | source |
//! |---|---|---|
//! | [`q_learning`] | `r + gamma max_a' Q(s', a')` | Watkins 1989 |
//! | [`sarsa`] | `r + gamma Q(s', a')` with the next action a' | Rummery & Niranjan 1994 |
//! | [`expected_sarsa`] | `r + gamma sum_a' pi(a'\|s') Q(s', a')` | van Seijen et al. 2009 |
//! | [`double_q`] | `r + gamma Q_B(s', argmax_a' Q_A(s', a'))` | van Hasselt 2010 |
//! | [`q_lambda`] | as Q-learning, with eligibility traces | Watkins 1989 |
//! | [`n_step_sarsa`] | n rewards, then `gamma^n Q` | Sutton & Barto, chapter 7 |
//! | [`dyna_q`] | as Q-learning, also from a learned model | Sutton 1990; Moore & Atkeson 1993 |
//!
//! Targets of truncated episodes bootstrap from the final observation, those of terminated episodes do not; only legal
//! actions of the next state count. All environments share one table and update it in order.

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
mod warm;

pub use settings::Tabular;

use freewheel_core::{Result, Spec};

use crate::{AgentFactory, Budget, FnFactory};

/// Factories of the tabular agents.
pub fn all() -> Vec<Box<dyn AgentFactory>> {
    vec![
        Box::new(
            FnFactory::new("q-learning", q_learning::ABOUT, |spec, config, budget, streams| {
                Ok(Box::new(q_learning::QLearning::new(spec, config, budget, streams)?))
            })
            .with_check(|spec, config: &q_learning::Config, budget| check(spec, &config.tabular, budget))
            .with_warm_start(|config: &mut q_learning::Config| &mut config.tabular.warm_start, warm::AUTO),
        ),
        Box::new(
            FnFactory::new("sarsa", sarsa::ABOUT, |spec, config, budget, streams| {
                Ok(Box::new(sarsa::Sarsa::new(spec, config, budget, streams)?))
            })
            .with_check(|spec, config: &sarsa::Config, budget| check(spec, &config.tabular, budget))
            .with_warm_start(|config: &mut sarsa::Config| &mut config.tabular.warm_start, warm::AUTO),
        ),
        Box::new(
            FnFactory::new("expected-sarsa", expected_sarsa::ABOUT, |spec, config, budget, streams| {
                Ok(Box::new(expected_sarsa::ExpectedSarsa::new(spec, config, budget, streams)?))
            })
            .with_check(|spec, config: &expected_sarsa::Config, budget| check(spec, &config.tabular, budget))
            .with_warm_start(
                |config: &mut expected_sarsa::Config| &mut config.tabular.warm_start,
                warm::AUTO,
            ),
        ),
        Box::new(
            FnFactory::new("double-q", double_q::ABOUT, |spec, config, budget, streams| {
                Ok(Box::new(double_q::DoubleQ::new(spec, config, budget, streams)?))
            })
            .with_check(|spec, config: &double_q::Config, budget| check(spec, &config.tabular, budget))
            .with_warm_start(|config: &mut double_q::Config| &mut config.tabular.warm_start, warm::AUTO),
        ),
        Box::new(
            FnFactory::new("q-lambda", q_lambda::ABOUT, |spec, config, budget, streams| {
                Ok(Box::new(q_lambda::QLambda::new(spec, config, budget, streams)?))
            })
            .with_check(|spec, config: &q_lambda::Config, budget| {
                config.validate().and_then(|()| check(spec, &config.tabular, budget))
            })
            .with_warm_start(|config: &mut q_lambda::Config| &mut config.tabular.warm_start, warm::AUTO),
        ),
        Box::new(
            FnFactory::new("n-step-sarsa", n_step_sarsa::ABOUT, |spec, config, budget, streams| {
                Ok(Box::new(n_step_sarsa::NStepSarsa::new(spec, config, budget, streams)?))
            })
            .with_check(|spec, config: &n_step_sarsa::Config, budget| {
                config.check(budget).and_then(|()| check(spec, &config.tabular, budget))
            })
            .with_warm_start(|config: &mut n_step_sarsa::Config| &mut config.tabular.warm_start, warm::AUTO),
        ),
        Box::new(
            FnFactory::new("dyna-q", dyna_q::ABOUT, |spec, config, budget, streams| {
                Ok(Box::new(dyna_q::DynaQ::new(spec, config, budget, streams)?))
            })
            .with_check(|spec, config: &dyna_q::Config, budget| {
                config.validate().and_then(|()| check(spec, &config.tabular, budget))
            })
            .with_warm_start(|config: &mut dyna_q::Config| &mut config.tabular.warm_start, warm::AUTO),
        ),
    ]
}

/// Checks the settings that all tabular agents share, for worlds with the observations and actions of `spec`.
fn check(spec: &Spec, settings: &Tabular, budget: Budget) -> Result<()> {
    core::TabularCore::check(spec, settings, budget).map(drop)
}

#[cfg(test)]
pub(crate) mod tests {
    //! Tests of all tabular agents.

    mod published;
    mod registry;
    mod same_bytes;
    pub(crate) mod two_players;
    mod updates;
}
