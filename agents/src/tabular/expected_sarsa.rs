//! Expected Sarsa: Sarsa with the expectation over the next action, which has less variance.
//!
//! ```text
//! Q(s, a) += alpha [ r + gamma sum_a' pi(a'|s') Q(s', a') - Q(s, a) ]
//! ```
//!
//! pi is the current behavior policy, with equal probabilities of ties; with greedy exploration this is Q-learning.
//! Van Seijen, van Hasselt, Whiteson & Wiering, "A Theoretical and Empirical Analysis of Expected Sarsa", ADPRL 2009.
//! The table is `[S, A]`.

use freewheel_core::{Agent, MetricSink, Policy, PolicyMode, Result, Spec, Streams, Update, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{TabularCore, TargetSymbols, unless_terminal};
use super::settings::Tabular;
use crate::Budget;

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "Expected Sarsa: bootstraps from the mean over its next actions (van Seijen et al. 2009)";

/// Settings of [`ExpectedSarsa`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Settings of all tabular agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub tabular: Tabular,
}

/// Expected Sarsa agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, tabular::expected_sarsa::{Config, ExpectedSarsa}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(1, 0);
/// let budget = Budget { steps: 10_000, num_envs: 1 };
/// let mut agent = ExpectedSarsa::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut q = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut q);
/// assert!(q[1] > q[0], "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct ExpectedSarsa {
    pub(super) core: TabularCore,
}

impl Agent for ExpectedSarsa {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        for _ in 0..core.begin_learning(envs, steps)? {
            core.act(envs)?;
            let view = envs.view();
            for env in 0..view.num_envs {
                let (obs, legal) = view.successor(env);
                let successor = core.state_index(obs)?;
                let next = unless_terminal(view.ending[env], || {
                    let (q, n) = (core.table.row(successor), core.table.visits_row(successor));
                    core.behavior.expected_value(q, n, legal)
                });
                let (reward, discount) = (f64::from(view.reward[env]), core.discount(env, &view));
                core.update(core.pair_index(env), reward + discount * next, || {
                    TargetSymbols::one_step("Σ π(a')Q(s',a')", reward, discount, next, view.ending[env])
                })?;
                core.advance(env, &view, successor)?;
            }
            core.end_step()?;
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        self.core.policy(mode)
    }

    fn keep_updates(&mut self) -> bool {
        self.core.updates = Some(Vec::new());
        true
    }

    fn last_updates(&self) -> &[Update] {
        self.core.updates.as_deref().unwrap_or_default()
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.core.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.core.save(&())
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        self.core.load(bytes, |_: &(), _| true)
    }
}

impl ExpectedSarsa {
    /// Agent with an initial table.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for a setting out of range;
    /// [`Error::Config`](freewheel_core::Error::Config) for a world without discrete actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        Ok(ExpectedSarsa {
            core: TabularCore::new("expected-sarsa", spec, &config.tabular, budget, streams)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::exploration::Exploration;
    use crate::tabular::graph::{Graph, ends, goes_to, one_env};

    #[test]
    fn one_update_by_hand() {
        // 0 -(1)-> 1, where two of three actions are legal, with values 4 and 6; truncation in state 1 makes no
        // difference.
        for limit in [1, 9] {
            let graph = || {
                let second = vec![Some(ends(0, 0.0)), Some(ends(0, 0.0)), None];
                Graph::new(vec![vec![Some(goes_to(1, 1.0)), None, None], second], 0).with_limit(limit)
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
                let mut agent =
                    ExpectedSarsa::new(graph().spec(), Config { tabular }, one_env(1), Streams::new(0))
                        .unwrap();
                agent.core.table.q = vec![initial, 0.0, 0.0, 4.0, 6.0, 100.0];
                agent.learn(&mut graph().batch(1, 0), 1).unwrap();
                agent.core.table.q[0]
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
