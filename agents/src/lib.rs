//! Freewheel's agents: what learns by reward, knowing no world but its [`Spec`](freewheel_core::Spec); and beside them what learns from
//! answers and from samples alone.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dqn`](mod@dqn) | deep Q-learning |
//! | [`family`] | [`AgentFactory`]: what the program needs to list, configure and build an agent; one line adds your own |
//! | [`fit`] | what learners without reward share: progress, files, the catalog |
//! | [`fixed`] | agents that learn nothing: the random player and the reference |
//! | [`nn`] | networks over candle: layers, first values, optimizers, normalization |
//! | [`policy_gradient`] | REINFORCE, A2C, PPO |
//! | [`schedule`] | rates that change while a run goes on |
//! | [`supervised`] | learners that are told the answer: regression, classification |
//! | [`tabular`] | agents that keep a number for every state and action |
//! | [`unsupervised`] | learners that are told nothing: k-means, PCA, VAE |

pub mod dqn;
pub mod factory;
pub mod fit;
pub mod fixed;
pub mod nn;
pub mod policy_gradient;
mod running_means;
pub mod schedule;
mod settings;
mod step_counter;
pub mod supervised;
pub mod tabular;
#[cfg(test)]
mod tests;
pub mod unsupervised;

pub use factory::{AgentFactory, Budget, Kind};

/// Every agent of this crate, in the order in which they are listed.
pub fn all() -> Vec<Box<dyn AgentFactory>> {
    let mut all: Vec<Box<dyn AgentFactory>> = vec![Box::new(fixed::random())];
    all.extend(tabular::all());
    all.push(Box::new(dqn::dqn()));
    all.extend(policy_gradient::all());
    all.push(Box::new(fixed::scripted()));
    all.push(Box::new(fixed::Reference));
    all
}
