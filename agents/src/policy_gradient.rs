//! Agents that follow the gradient of their own return.
//!
//! | agent | what an action's probability moves by | |
//! |---|---|---|
//! | [`reinforce`] | the return of the whole episode, less a learned baseline if wanted | Williams 1992 |
//! | [`a2c`] | the advantage over a few steps | Mnih et al. 2016 |
//! | [`ppo`] | the advantage, several times over, not too far at once | Schulman et al. 2017 |
//!
//! Counted actions have a categorical distribution over the legal ones, continuous ones a normal distribution ([`head`]). A truncated
//! episode still has a future, a terminated one has none; in a game for two, what is good for one is bad for the other
//! ([`advantage`]).

pub mod a2c;
mod actor_critic;
pub mod advantage;
pub mod head;
pub mod ppo;
pub mod reinforce;
mod rollout;
pub mod settings;

pub use settings::PolicyGradient;

use crate::{AgentFactory, Kind};

/// The policy-gradient agents.
pub fn all() -> Vec<Box<dyn AgentFactory>> {
    // Flattened settings have defaults of their own; these are the agents'.
    let reinforce = Kind::new("reinforce", reinforce::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(reinforce::Reinforce::new(spec, config, budget, streams)?))
    });
    let a2c = Kind::new("a2c", a2c::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(a2c::A2c::new(spec, config, budget, streams)?))
    });
    let ppo = Kind::new("ppo", ppo::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(ppo::Ppo::new(spec, config, budget, streams)?))
    });
    vec![
        Box::new(reinforce.with_defaults(reinforce::Config::default())),
        Box::new(a2c.with_defaults(a2c::Config::default())),
        Box::new(ppo.with_defaults(ppo::Config::default())),
    ]
}
