//! Freewheel's agents and estimators. An agent receives only the [`Spec`](freewheel_core::Spec) of a world and learns
//! from rewards; an estimator learns from samples.
//!
//! | module | content |
//! |---|---|
//! | [`data`] | data sets: built-in and generated ones, and readers for IDX, CSV and JSON |
//! | [`demonstrations`] | demonstrations in the settings of agents, warm starts |
//! | [`dqn`](mod@dqn) | deep Q-learning |
//! | [`estimator`] | estimators: `fit`, `predict`, `transform`, `score`; metrics, files, registry entries |
//! | [`example`] | a tiny world for the examples of this documentation |
//! | [`factory`] | [`AgentFactory`]: lists, configures and builds an agent; registers your own |
//! | [`fixed`] | agents that do not learn: random, scripted and reference policies |
//! | [`nn`] | neural networks on top of candle: layers, initialization, optimizers, normalization |
//! | [`off_policy`] | SAC, TD3 |
//! | [`offline`] | agents that learn from demonstrations alone: cloning, IQL |
//! | [`planning`] | Gumbel AlphaZero |
//! | [`policy_gradient`] | REINFORCE, A2C, PPO |
//! | [`samples`] | [`Samples`]: a matrix of features `[N, D]` |
//! | [`schedule`] | learning rates and other parameters that change during training |
//! | [`supervised`] | classifiers and regressors |
//! | [`tabular`] | agents with a table of action values |
//! | [`unsupervised`] | k-means, PCA, VAE |

mod blocks;
pub mod data;
pub mod demonstrations;
pub mod dqn;
pub mod estimator;
pub mod example;
pub mod factory;
pub mod fixed;
mod memory;
pub mod nn;
pub mod off_policy;
pub mod offline;
pub mod planning;
pub mod policy_gradient;
mod progress;
mod replay;
pub mod samples;
pub mod schedule;
mod settings;
pub mod supervised;
mod symmetries;
pub mod tabular;
#[cfg(test)]
mod tests;
pub mod unsupervised;

pub use factory::{AgentFactory, Budget, FnFactory};
pub use samples::Samples;

/// Factories of all agents of this crate, in the order of the list of agents.
pub fn all() -> Vec<Box<dyn AgentFactory>> {
    let mut all: Vec<Box<dyn AgentFactory>> = vec![Box::new(fixed::random())];
    all.extend(tabular::all());
    all.push(Box::new(dqn::dqn()));
    all.push(Box::new(dqn::recurrent::recurrent_dqn()));
    all.extend(policy_gradient::all());
    all.extend(off_policy::all());
    all.extend(planning::all());
    all.extend(offline::all());
    all.push(Box::new(fixed::scripted()));
    all.push(Box::new(fixed::ReferenceFactory));
    all
}
