//! Off-policy actor-critic agents for continuous actions: twin critics trained on steps from a replay buffer, and a
//! policy trained to maximize the critics.
//!
//! | agent | policy | source |
//! |---|---|---|
//! | [`sac`] | normal distribution, mapped into the range by tanh; entropy bonus with a learned weight | Haarnoja et al. 2018 |
//! | [`td3`] | deterministic, updated less often; noise while learning and in the targets | Fujimoto et al. 2018 |
//!
//! Actions are stored as numbers from -1 to 1, the bounds of the world's range. A terminated episode has no next value;
//! a truncated one bootstraps from its final observation.

pub(crate) mod critic;
pub(crate) mod demonstrations;
mod experience;
pub mod sac;
pub mod settings;
pub mod td3;
#[cfg(test)]
mod tests;
pub(crate) mod trained;

pub use settings::OffPolicy;

use crate::{AgentFactory, FnFactory};

/// The off-policy agents for continuous actions.
pub fn all() -> Vec<Box<dyn AgentFactory>> {
    // The defaults of flattened settings differ between the agents.
    let sac = FnFactory::new("sac", sac::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(sac::Sac::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &sac::Config, budget| config.check(spec, budget))
    .with_warm_start(|config| &mut config.off_policy.warm_start, demonstrations::AUTO)
    .with_warnings(|config, budget| config.off_policy.warnings(budget));
    let td3 = FnFactory::new("td3", td3::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(td3::Td3::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &td3::Config, budget| config.check(spec, budget))
    .with_warm_start(|config| &mut config.off_policy.warm_start, demonstrations::AUTO)
    .with_warnings(|config, budget| config.off_policy.warnings(budget));
    vec![
        Box::new(sac.with_defaults(sac::Config::default())),
        Box::new(td3.with_defaults(td3::Config::default())),
    ]
}
