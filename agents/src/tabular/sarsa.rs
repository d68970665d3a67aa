//! Sarsa: on-policy learning of the action values of the behavior policy.
//!
//! ```text
//! Q(s, a) += alpha [ r + gamma Q(s', a') - Q(s, a) ]        a' is sampled in s' and is the next action
//! ```
//!
//! Rummery & Niranjan, "On-line Q-learning using connectionist systems", 1994; Sutton & Barto, section 6.4.
//! In a truncated episode a' is sampled in the final state for the target only. The table is `[S, A]`.

use freewheel_core::{
    Agent, Ending, MetricSink, Policy, PolicyMode, Result, Spec, Streams, Update, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{TabularCore, TargetSymbols};
use super::settings::Tabular;
use crate::Budget;

/// One-line description in the list of agents.
pub const ABOUT: &str = "Sarsa: bootstraps from the action it takes next (Rummery & Niranjan 1994)";

/// Settings of [`Sarsa`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Settings of all tabular agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub tabular: Tabular,
}

/// Sarsa agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, tabular::sarsa::{Config, Sarsa}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(1, 0);
/// let budget = Budget { steps: 10_000, num_envs: 1 };
/// let mut agent = Sarsa::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut q = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut q);
/// assert!(q[1] > q[0], "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct Sarsa {
    /// Shared part of the tabular agents; after `begun` its `actions` are those of the next step.
    pub(super) core: TabularCore,
    /// Whether the first actions were selected.
    begun: bool,
}

impl Agent for Sarsa {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        let batch_steps = core.begin_learning(envs, steps)?;
        if !self.begun && batch_steps > 0 {
            core.select_actions(&envs.view());
            self.begun = true;
        }
        for _ in 0..batch_steps {
            core.step_envs(envs)?;
            let view = envs.view();
            for env in 0..view.num_envs {
                let (obs, legal) = view.successor(env);
                let (pair, successor) = (core.pair_index(env), core.state_index(obs)?);
                let (mut action, mut next) = (0, 0.0);
                if view.ending[env] != Ending::Terminal {
                    action = core.select_action(env, successor, legal);
                    next = core.table.row(successor)[action as usize];
                }
                let (reward, discount) = (f64::from(view.reward[env]), core.discount(env, &view));
                core.update(pair, reward + discount * next, || {
                    TargetSymbols::one_step("Q(s',a')", reward, discount, next, view.ending[env])
                        .next_action(view.ending[env], action)
                })?;
                core.advance(env, &view, successor)?;
                if view.ending[env].is_over() {
                    action = core.select_action(env, core.states[env], view.legal_row(env));
                }
                core.actions[env] = action;
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

    fn abandon_episodes(&mut self) {
        self.begun = false;
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.core.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.core.save(&self.begun)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        self.begun = self.core.load(bytes, |_: &bool, _| true)?;
        Ok(())
    }
}

impl Sarsa {
    /// Agent with an initial table.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for a setting out of range;
    /// [`Error::Config`](freewheel_core::Error::Config) for a world without discrete actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        Ok(Sarsa { core: TabularCore::new("sarsa", spec, &config.tabular, budget, streams)?, begun: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, ends, goes_to, one_env};

    /// Chain 0 -(reward 1)-> 1 -(reward 2)-> end; in state 1 both actions are legal.
    fn world(limit: u32) -> Graph {
        Graph::new(vec![vec![Some(goes_to(1, 1.0)), None], vec![Some(ends(0, 2.0)); 2]], 0).with_limit(limit)
    }

    fn agent(limit: u32) -> Sarsa {
        let tabular = Tabular {
            learning_rate: Schedule::Constant(0.5),
            gamma: Some(0.9),
            epsilon: Schedule::Constant(1.0),
            ..Tabular::default()
        };
        let mut sarsa =
            Sarsa::new(world(limit).spec(), Config { tabular }, one_env(1), Streams::new(0)).unwrap();
        sarsa.core.table.q = vec![1.0, 0.0, 4.0, 6.0];
        sarsa
    }

    #[test]
    fn bootstraps_from_the_next_action() {
        let (mut sarsa, mut batch) = (agent(9), world(9).batch(1, 0));
        sarsa.learn(&mut batch, 1).unwrap();
        // 1 + .5 (1 + .9 Q(1, a') - 1): 2.8 for the first action, 3.7 for the second.
        let next = sarsa.core.actions[0] as usize;
        assert!((sarsa.core.table.q[0] - [2.8, 3.7][next]).abs() < 1e-12);
        sarsa.learn(&mut batch, 1).unwrap();
        // The next action is the one in the target: 4 + .5 (2 - 4) = 3 or 6 + .5 (2 - 6) = 4.
        assert_eq!(sarsa.core.table.q[2 + next], [3.0, 4.0][next]);
        assert_eq!(sarsa.core.table.q[3 - next], [4.0, 6.0][1 - next]);
    }

    #[test]
    fn truncated_episodes_bootstrap_from_the_final_state() {
        let (mut sarsa, mut batch) = (agent(1), world(1).batch(1, 0));
        let mut found = [false; 2];
        for _ in 0..40 {
            sarsa.core.table.q[0] = 1.0;
            sarsa.learn(&mut batch, 1).unwrap();
            let which = [2.8, 3.7].map(|value| (sarsa.core.table.q[0] - value).abs() < 1e-12);
            assert!(which[0] || which[1], "{:?}", sarsa.core.table.q);
            found = [found[0] || which[0], found[1] || which[1]];
            // The next episode begins with the only action that is legal there.
            assert_eq!(sarsa.core.actions, [0]);
        }
        assert_eq!((found, &sarsa.core.table.q[2..]), ([true; 2], &[4.0, 6.0][..]));
    }
}
