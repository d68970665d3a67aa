//! Freewheel's agents: what learns by reward, knowing no world but its [`Spec`](freewheel_core::Spec); and beside them what learns from
//! answers and from samples alone.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dqn`](mod@dqn) | deep Q-learning |
//! | [`family`] | [`AgentKind`]: what the program needs to list, configure and build an agent; one line adds your own |
//! | [`fit`] | what learners without reward share: progress, files, the catalogue |
//! | [`fixed`] | agents that learn nothing: the random player and the reference |
//! | [`nn`] | networks over candle: layers, first values, optimisers, normalisation |
//! | [`policy_gradient`] | REINFORCE, A2C, PPO |
//! | [`schedule`] | rates that change while a run goes on |
//! | [`supervised`] | learners that are told the answer: regression, classification |
//! | [`tabular`] | agents that keep a number for every state and action |
//! | [`unsupervised`] | learners that are told nothing: k-means, PCA, VAE |

mod clock;
pub mod dqn;
pub mod family;
pub mod fit;
pub mod fixed;
pub mod nn;
pub mod policy_gradient;
pub mod schedule;
mod settings;
pub mod supervised;
pub mod tabular;
mod tally;
#[cfg(test)]
mod tests;
pub mod unsupervised;

pub use family::{AgentKind, Budget, Kind};

/// Every agent of this crate, in the order in which they are listed.
pub fn all() -> Vec<Box<dyn AgentKind>> {
    let mut all: Vec<Box<dyn AgentKind>> = vec![Box::new(fixed::random())];
    all.extend(tabular::all());
    all.push(Box::new(dqn::dqn()));
    all.extend(policy_gradient::all());
    all.push(Box::new(fixed::scripted()));
    all.push(Box::new(fixed::Reference));
    all
}
