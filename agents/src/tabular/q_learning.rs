//! Q-learning: the value of the best policy, learned from any other.
//!
//! ```text
//! Q(s, a) += alpha [ r + gamma max_a' Q(s', a') - Q(s, a) ]
//! ```
//!
//! Watkins, "Learning from Delayed Rewards", 1989; Watkins & Dayan, Machine Learning 8, 1992, for the convergence.
//! The table is `[S, A]`.

use freewheel_core::{Agent, MetricSink, Mode, Policy, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{TabularCore, unless_terminal};
use super::exploration::max;
use super::settings::Tabular;
use crate::Budget;

/// For the list of agents.
pub const ABOUT: &str = "Q-learning: bootstraps from the best next action (Watkins 1989)";

/// Settings of [`QLearning`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all tabular agents are told.
    #[serde(flatten)]
    pub tabular: Tabular,
}

/// The learner; see the module.
pub struct QLearning {
    pub(super) core: TabularCore,
}

impl QLearning {
    /// With an untouched table.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        Ok(QLearning { core: TabularCore::new("q-learning", spec, &config.tabular, budget, streams)? })
    }
}

impl Agent for QLearning {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        for _ in 0..core.begin(episodes, steps)? {
            core.act(episodes)?;
            let view = episodes.view();
            for row in 0..view.num_envs {
                let (obs, legal) = view.successor(row);
                let successor = core.see(obs)?;
                let next = unless_terminal(view.ending[row], || max(core.table.row(successor), legal));
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
    use crate::tabular::graph::{Graph, alone, end, go};

    /// 0 -(1)-> 1 -(2)-> the end; in 1 a second action is legal, a third is not.
    fn world() -> Graph {
        Graph::new(
            vec![vec![Some(go(1, 1.0)), None, None], vec![Some(end(0, 2.0)), Some(end(0, 2.0)), None]],
            0,
        )
    }

    fn learner(graph: &Graph, learning_rate: Schedule) -> QLearning {
        let tabular = Tabular { learning_rate, gamma: Some(0.9), ..Tabular::default() };
        QLearning::new(graph.look(), Config { tabular }, alone(1), Streams::new(0)).unwrap()
    }

    #[test]
    fn one_update_by_hand() {
        let mut q = learner(&world(), Schedule::Constant(0.5));
        q.core.table.q = vec![1.0, 0.0, 0.0, 4.0, 6.0, 100.0];
        let mut batch = world().batch(1, 0);
        q.learn(&mut batch, 1).unwrap();
        // 1 + .5 (1 + .9 max(4, 6) - 1) = 3.7: what is illegal does not count.
        assert!((q.core.table.q[0] - 3.7).abs() < 1e-12);
        // The end: 2 + .9 * 0; the better action goes from 6 to 6 + .5 (2 - 6) = 4, at most.
        q.core.table.q[3] = -50.0;
        while freewheel_core::VectorEnv::take_finished(&mut batch).is_empty() {
            q.learn(&mut batch, 1).unwrap();
        }
        let moved = [q.core.table.q[3] == -24.0, q.core.table.q[4] == 4.0];
        assert_eq!(moved.iter().filter(|moved| **moved).count(), 1, "{:?}", q.core.table.q);
    }

    #[test]
    fn a_truncated_episode_still_has_a_future() {
        let graph = || world().with_limit(1);
        let mut q = learner(&graph(), Schedule::Constant(0.5));
        q.core.table.q = vec![1.0, 0.0, 0.0, 4.0, 6.0, 100.0];
        q.learn(&mut graph().batch(1, 0), 1).unwrap();
        assert!((q.core.table.q[0] - 3.7).abs() < 1e-12);
    }

    #[test]
    fn harmonic_rates_make_the_average() {
        let bandit = || Graph::maximization_bias().with_limit(2);
        let mut q = learner(&bandit(), Schedule::Harmonic { power: 1.0 });
        q.learn(&mut bandit().batch(1, 0), 20_000).unwrap();
        let (values, n) = (q.core.table.row(1), q.core.table.visits_row(1));
        // Five standard errors of a mean over n draws of N(-0.1, 1).
        assert!(values.iter().zip(n).all(|(q, &n)| (q + 0.1).abs() < 5.0 / f64::from(n).sqrt()));
    }

    #[test]
    fn rows_move_one_table_in_their_order() {
        let bandit = || Graph::new(vec![vec![Some(end(0, 1.0))]], 0);
        let tabular = Tabular { learning_rate: Schedule::Constant(0.5), ..Tabular::default() };
        let budget = Budget { steps: 1, num_envs: 3 };
        let mut q = QLearning::new(bandit().look(), Config { tabular }, budget, Streams::new(0)).unwrap();
        q.learn(&mut bandit().batch(3, 0), 1).unwrap();
        // 0, 1/2, 3/4, 7/8: one tick of three rows.
        assert_eq!(q.core.table.q, [0.875]);
        assert_eq!(q.core.step(), 3);
    }
}
