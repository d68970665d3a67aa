//! Expected Sarsa: Sarsa's value without the noise of drawing the next action.
//!
//! ```text
//! Q(s, a) += alpha [ r + gamma sum_a' pi(a'|s') Q(s', a') - Q(s, a) ]
//! ```
//!
//! pi is the exploration of this very step, ties shared alike; with greedy exploration this is Q-learning.
//! Van Seijen, van Hasselt, Whiteson & Wiering, "A Theoretical and Empirical Analysis of Expected Sarsa", ADPRL 2009.
//! The table is `[S, A]`.

use freewheel_core::{Agent, MetricSink, Mode, Policy, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{TabularCore, unless_terminal};
use super::settings::Tabular;
use crate::Budget;

/// For the list of agents.
pub const ABOUT: &str =
    "Expected Sarsa: bootstraps from the mean over its next actions (van Seijen et al. 2009)";

/// Settings of [`ExpectedSarsa`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all tabular agents are told.
    #[serde(flatten)]
    pub tabular: Tabular,
}

/// The learner; see the module.
pub struct ExpectedSarsa {
    pub(super) core: TabularCore,
}

impl ExpectedSarsa {
    /// With an untouched table.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        Ok(ExpectedSarsa {
            core: TabularCore::new("expected-sarsa", spec, &config.tabular, budget, streams)?,
        })
    }
}

impl Agent for ExpectedSarsa {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        for _ in 0..core.begin(episodes, steps)? {
            core.act(episodes)?;
            let view = episodes.view();
            for row in 0..view.num_envs {
                let (obs, legal) = view.successor(row);
                let successor = core.see(obs)?;
                let next = unless_terminal(view.ending[row], || {
                    let (q, n) = (core.table.row(successor), core.table.visits_row(successor));
                    core.explore.value(q, n, legal)
                });
                let target = f64::from(view.reward[row]) + core.discount(row, &view) * next;
                core.update(core.pair(row), target)?;
                core.arrive(row, &view, successor)?;
            }
            core.tick();
        }
        Ok(())
    }

    fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        self.core.policy(mode)
    }

    fn report(&mut self, monitor: &mut dyn MetricSink) {
        self.core.report(monitor);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.core.save(&())
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        self.core.load(bytes, |_: &(), _| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::exploration::Exploration;
    use crate::tabular::graph::{Graph, alone, end, go};

    #[test]
    fn one_update_by_hand() {
        // 0 -(1)-> 1, where two of three actions are legal, worth 4 and 6; truncated there, which changes nothing.
        for limit in [1, 9] {
            let graph = || {
                let second = vec![Some(end(0, 0.0)), Some(end(0, 0.0)), None];
                Graph::new(vec![vec![Some(go(1, 1.0)), None, None], second], 0).with_limit(limit)
            };
            let after = |exploration, initial: f64| {
                let tabular = Tabular {
                    learning_rate: Schedule::Constant(0.5),
                    gamma: Some(0.9),
                    epsilon: Schedule::Constant(0.2),
                    temperature: Schedule::Constant(2.0 / 3f64.ln()),
                    exploration,
                    ..Tabular::default()
                };
                let mut learner =
                    ExpectedSarsa::new(graph().look(), Config { tabular }, alone(1), Streams::new(0))
                        .unwrap();
                learner.core.table.q = vec![initial, 0.0, 0.0, 4.0, 6.0, 100.0];
                learner.learn(&mut graph().batch(1, 0), 1).unwrap();
                learner.core.table.q[0]
            };
            // .9 * 6 + .1 * 4 = 5.8; 1 + .5 (1 + .9 5.8 - 1) = 3.61
            assert!((after(Exploration::EpsilonGreedy, 1.0) - 3.61).abs() < 1e-12);
            // exp((6 - 4) / T) = 3: .75 * 6 + .25 * 4 = 5.5; 1 + .5 (1 + 4.95 - 1) = 3.475
            assert!((after(Exploration::Softmax, 1.0) - 3.475).abs() < 1e-12);
            // 1 + .5 (1 + .9 6 - 1) = 3.7
            assert!((after(Exploration::Greedy, 1.0) - 3.7).abs() < 1e-12);
        }
    }
}
