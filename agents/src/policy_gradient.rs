//! Policy-gradient agents.
//!
//! | agent | weight of the gradient of ln pi(a\|s) | source |
//! |---|---|---|
//! | [`reinforce`] | return of the whole episode, optionally less a learned baseline | Williams 1992 |
//! | [`a2c`] | n-step or generalized advantage | Mnih et al. 2016 |
//! | [`ppo`] | generalized advantage, several epochs, clipped | Schulman et al. 2017 |
//! | [`self_imitation`] | 1 for the best episodes, 0 for the others | Rubinstein 1999 |
//! | [`recurrent_ppo`] | the same, with a gated recurrent unit as memory | Schulman et al. 2017 |
//!
//! Discrete actions have a categorical distribution over the legal ones, continuous actions a normal distribution
//! ([`head`]). Returns of truncated episodes bootstrap from the final observation; in two-player games the value of the
//! opponent's states counts with the opposite sign ([`advantage`]).

pub mod a2c;
mod actor_critic;
pub mod advantage;
mod bonus;
mod distributed;
pub mod head;
mod insight;
mod kickstart;
pub mod ppo;
pub mod recurrent_ppo;
pub mod reinforce;
mod rollout;
pub mod self_imitation;
pub mod settings;
mod trajectory;

pub use settings::PolicyGradient;

use crate::{AgentFactory, Budget, FnFactory};

/// Warning about a run that ends before its first rollout of `num_steps` steps in each environment.
fn rollout_warnings(num_steps: u32, budget: Budget) -> Vec<String> {
    let rollout = u64::from(num_steps) * budget.num_envs as u64;
    let text = format!(
        "it learns nothing in {} steps: its first update is after {rollout} (num_steps x num_envs); take more steps, \
         or lower num_steps",
        budget.steps
    );
    if budget.steps < rollout { vec![text] } else { Vec::new() }
}

/// The policy-gradient agents.
pub fn all() -> Vec<Box<dyn AgentFactory>> {
    // The defaults of flattened settings differ between the agents.
    let reinforce = FnFactory::new("reinforce", reinforce::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(reinforce::Reinforce::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &reinforce::Config, budget| config.check(spec, budget))
    .with_warm_start(|config| &mut config.policy_gradient.warm_start, kickstart::AUTO);
    let a2c = FnFactory::new("a2c", a2c::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(a2c::A2c::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &a2c::Config, budget| config.check(spec, budget))
    .with_warm_start(|config| &mut config.policy_gradient.warm_start, kickstart::AUTO)
    .with_warnings(|config, budget| rollout_warnings(config.num_steps, budget))
    .with_num_envs(8);
    let ppo = FnFactory::new("ppo", ppo::ABOUT, |spec, config, budget, streams| {
        Ok(Box::new(ppo::Ppo::new(spec, config, budget, streams)?))
    })
    .with_check(|spec, config: &ppo::Config, budget| config.check(spec, budget))
    .with_warm_start(|config| &mut config.policy_gradient.warm_start, kickstart::AUTO)
    .with_warnings(|config, budget| rollout_warnings(config.num_steps, budget))
    .with_num_envs(8);
    let recurrent_ppo =
        FnFactory::new("recurrent-ppo", recurrent_ppo::ABOUT, |spec, config, budget, streams| {
            Ok(Box::new(recurrent_ppo::RecurrentPpo::new(spec, config, budget, streams)?))
        })
        .with_check(|spec, config: &recurrent_ppo::Config, budget| config.check(spec, budget))
        .with_warm_start(|config| &mut config.policy_gradient.warm_start, kickstart::AUTO)
        .with_warnings(|config, budget| rollout_warnings(config.num_steps, budget))
        .with_num_envs(8);
    let self_imitation =
        FnFactory::new("self-imitation", self_imitation::ABOUT, |spec, config, budget, streams| {
            Ok(Box::new(self_imitation::SelfImitation::new(spec, config, budget, streams)?))
        })
        .with_check(|spec, config: &self_imitation::Config, budget| config.check(spec, budget))
        .with_warm_start(|config| &mut config.policy_gradient.warm_start, kickstart::AUTO)
        .with_num_envs(8);
    vec![
        Box::new(self_imitation.with_defaults(self_imitation::Config::default())),
        Box::new(reinforce.with_defaults(reinforce::Config::default())),
        Box::new(a2c.with_defaults(a2c::Config::default())),
        Box::new(ppo.with_defaults(ppo::Config::default())),
        Box::new(recurrent_ppo.with_defaults(recurrent_ppo::Config::default())),
    ]
}
