//! Planning agents, which simulate copies of the state of a world.
//!
//! | module | content |
//! |---|---|
//! | [`alphazero`] | Gumbel AlphaZero (Danihelka et al. 2022): a network that learns from its own searches |
//! | [`gumbel`] | tree search with sequential halving at the root and completed action values |
//! | [`search`] | searches of several games, with one forward pass for all new leaves |
//! | [`settings`] | settings and network |

pub mod alphazero;
mod experience;
pub mod gumbel;
mod policy;
pub mod search;
pub mod settings;

use crate::demonstrations::auto::Methods;
use crate::{AgentFactory, FnFactory};

/// Methods of a warm start between which `auto` chooses.
const AUTO: Methods = Methods { protecting: settings::METHODS[0], other: "demonstrated-states" };

/// Factories of the planning agents.
pub fn all() -> Vec<Box<dyn AgentFactory>> {
    let alphazero = FnFactory::new("alphazero", alphazero::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(alphazero::AlphaZero::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &settings::Config, budget| config.check(spec, budget).map(drop))
    .with_warm_start(|config| &mut config.warm_start, AUTO)
    .with_num_envs(16)
    .simulates();
    vec![Box::new(alphazero)]
}
