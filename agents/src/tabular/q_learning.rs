//! Q-learning: off-policy learning of the optimal action values.
//!
//! ```text
//! Q(s, a) += alpha [ r + gamma max_a' Q(s', a') - Q(s, a) ]
//! ```
//!
//! Watkins, "Learning from Delayed Rewards", 1989; Watkins & Dayan, Machine Learning 8, 1992 (convergence).
//! The table is `[S, A]`.

use freewheel_core::{Agent, MetricSink, Policy, PolicyMode, Result, Spec, Streams, Update, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{TabularCore, TargetSymbols, unless_terminal};
use super::exploration::max;
use super::settings::Tabular;
use crate::Budget;

/// One-line description in the list of agents.
pub const ABOUT: &str = "Q-learning: bootstraps from the best next action (Watkins 1989)";

/// Settings of [`QLearning`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Settings of all tabular agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub tabular: Tabular,
}

/// Q-learning agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, tabular::q_learning::{Config, QLearning}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(1, 0);
/// let budget = Budget { steps: 10_000, num_envs: 1 };
/// let mut agent = QLearning::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut q = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut q);
/// assert!(q[1] > q[0], "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct QLearning {
    pub(super) core: TabularCore,
}

impl Agent for QLearning {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        for _ in 0..core.begin_learning(envs, steps)? {
            core.act(envs)?;
            let view = envs.view();
            for env in 0..view.num_envs {
                let (obs, legal) = view.successor(env);
                let successor = core.state_index(obs)?;
                let next = unless_terminal(view.ending[env], || max(core.table.row(successor), legal));
                let (reward, discount) = (f64::from(view.reward[env]), core.discount(env, &view));
                core.update(core.pair_index(env), reward + discount * next, || {
                    TargetSymbols::one_step("max Q(s',·)", reward, discount, next, view.ending[env])
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

impl QLearning {
    /// Agent with an initial table.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for a setting out of range;
    /// [`Error::Config`](freewheel_core::Error::Config) for a world without discrete actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        Ok(QLearning { core: TabularCore::new("q-learning", spec, &config.tabular, budget, streams)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, ends, goes_to, one_env};

    /// Chain 0 -(reward 1)-> 1 -(reward 2)-> end; in state 1 two of three actions are legal.
    fn world() -> Graph {
        Graph::new(
            vec![vec![Some(goes_to(1, 1.0)), None, None], vec![Some(ends(0, 2.0)), Some(ends(0, 2.0)), None]],
            0,
        )
    }

    fn agent(graph: &Graph, learning_rate: Schedule) -> QLearning {
        let tabular = Tabular { learning_rate, gamma: Some(0.9), ..Tabular::default() };
        QLearning::new(graph.spec(), Config { tabular }, one_env(1), Streams::new(0)).unwrap()
    }

    #[test]
    fn one_update_by_hand() {
        let mut q = agent(&world(), Schedule::Constant(0.5));
        q.core.table.q = vec![1.0, 0.0, 0.0, 4.0, 6.0, 100.0];
        let mut batch = world().batch(1, 0);
        q.learn(&mut batch, 1).unwrap();
        // 1 + .5 (1 + .9 max(4, 6) - 1) = 3.7: illegal actions do not count.
        assert!((q.core.table.q[0] - 3.7).abs() < 1e-12);
        // Termination: target 2, one of -50 + .5 (2 + 50) = -24 and 6 + .5 (2 - 6) = 4.
        q.core.table.q[3] = -50.0;
        while freewheel_core::ManagedVectorEnv::take_finished(&mut batch).is_empty() {
            q.learn(&mut batch, 1).unwrap();
        }
        let moved = [q.core.table.q[3] == -24.0, q.core.table.q[4] == 4.0];
        assert_eq!(moved.iter().filter(|moved| **moved).count(), 1, "{:?}", q.core.table.q);
    }

    #[test]
    fn truncated_episodes_bootstrap() {
        let graph = || world().with_limit(1);
        let mut q = agent(&graph(), Schedule::Constant(0.5));
        q.core.table.q = vec![1.0, 0.0, 0.0, 4.0, 6.0, 100.0];
        q.learn(&mut graph().batch(1, 0), 1).unwrap();
        assert!((q.core.table.q[0] - 3.7).abs() < 1e-12);
    }

    #[test]
    fn harmonic_learning_rates_average() {
        let bandit = || Graph::maximization_bias().with_limit(2);
        let mut q = agent(&bandit(), Schedule::Harmonic { power: 1.0 });
        q.learn(&mut bandit().batch(1, 0), 20_000).unwrap();
        let (values, n) = (q.core.table.row(1), q.core.table.visits_row(1));
        // Five standard errors of a mean over n draws of N(-0.1, 1).
        assert!(values.iter().zip(n).all(|(q, &n)| (q + 0.1).abs() < 5.0 / f64::from(n).sqrt()));
    }

    #[test]
    fn environments_update_one_table_in_order() {
        let bandit = || Graph::new(vec![vec![Some(ends(0, 1.0))]], 0);
        let tabular = Tabular { learning_rate: Schedule::Constant(0.5), ..Tabular::default() };
        let budget = Budget { steps: 1, num_envs: 3 };
        let mut q = QLearning::new(bandit().spec(), Config { tabular }, budget, Streams::new(0)).unwrap();
        q.learn(&mut bandit().batch(3, 0), 1).unwrap();
        // 0, 1/2, 3/4, 7/8: one batch step of three rows.
        assert_eq!(q.core.table.q, [0.875]);
        assert_eq!(q.core.step(), 3);
    }
}
