//! Agents that learn from demonstrations alone, without steps of their own.
//!
//! | agent | learns | source |
//! |---|---|---|
//! | [`cloning`] | the demonstrated action of each observation, by any classifier or regressor | Pomerleau 1989 |
//! | [`deep_cloning`] | the same by a network, with symmetries of boards and held-out episodes | Clark & Storkey 2015 |
//! | [`iql`] | values of the demonstrated actions, and a policy weighted by them | Kostrikov et al. 2021 |
//!
//! [`Agent::learn`] steps no environment; its steps are those of the demonstrations.

pub mod cloning;
pub mod deep_cloning;
mod features;
pub mod iql;
mod policy;
mod training;

use freewheel_core::{ActionSpace, Agent};

use crate::{AgentFactory, FnFactory};

/// Factories of the agents that learn from demonstrations.
pub fn all() -> Vec<Box<dyn AgentFactory>> {
    let cloning = FnFactory::new("bc", cloning::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(cloning::Cloning::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &cloning::Config, _| config.check(spec))
    .with_demonstrations(|config| Some(&mut config.demonstrated))
    .offline();
    let iql = FnFactory::new("iql", iql::ABOUT, |spec, config, budget, streams| {
        let agent: Box<dyn Agent> = match spec.actions {
            ActionSpace::Discrete { .. } => Box::new(iql::Iql::new(spec, config, budget, streams)?),
            ActionSpace::Continuous { .. } => {
                Box::new(iql::ContinuousIql::new(spec, config, budget, streams)?)
            }
        };
        Ok(agent)
    })
    .with_defaults(iql::Config::default())
    .with_check(|spec, config: &iql::Config, _| config.check(spec))
    .with_demonstrations(|config| Some(&mut config.demonstrated))
    .offline();
    vec![Box::new(cloning), Box::new(deep_cloning::DeepCloningFactory::new()), Box::new(iql)]
}
