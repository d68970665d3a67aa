//! Double Q-learning: one table selects the next action, another evaluates it, which avoids the maximization bias.
//!
//! ```text
//! coin flip: heads   Q_A(s, a) += alpha [ r + gamma Q_B(s', argmax_a' Q_A(s', a')) - Q_A(s, a) ]
//!         tails   the same with A and B exchanged
//! ```
//!
//! Van Hasselt, "Double Q-learning", NIPS 2010. The behavior policy uses the mean of both tables. Three tables `[S, A]`
//! are stored: Q_A, Q_B and their mean.

use freewheel_core::{
    Agent, MetricSink, Policy, PolicyMode, Purpose, Result, Spec, Stream, Streams, Update, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{Change, TabularCore, TargetSymbols, unless_terminal};
use super::exploration::random_argmax;
use super::settings::Tabular;
use super::table::Table;
use crate::Budget;

/// One-line description in the list of agents.
pub const ABOUT: &str = "Double Q-learning: two tables keep each other from optimism (van Hasselt 2010)";

/// Settings of [`DoubleQ`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Settings of all tabular agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub tabular: Tabular,
}

/// Double Q-learning agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, tabular::double_q::{Config, DoubleQ}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(1, 0);
/// let budget = Budget { steps: 10_000, num_envs: 1 };
/// let mut agent = DoubleQ::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut q = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut q);
/// assert!(q[1] > q[0], "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct DoubleQ {
    /// Shared part of the tabular agents; its table is the mean of Q_A and Q_B.
    pub(super) core: TabularCore,
    pub(super) state: Tables,
}

impl Agent for DoubleQ {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let (core, state) = (&mut self.core, &mut self.state);
        let a = core.table.actions;
        for _ in 0..core.begin_learning(envs, steps)? {
            core.act(envs)?;
            let view = envs.view();
            for env in 0..view.num_envs {
                let (obs, legal) = view.successor(env);
                let (pair, successor) = (core.pair_index(env), core.state_index(obs)?);
                state.grow(core);
                let updated = (state.coin.bits() >> 63) as usize;
                let next = unless_terminal(view.ending[env], || {
                    let of_successor = successor * a..(successor + 1) * a;
                    let selected =
                        random_argmax(&state.tables[updated][of_successor], legal, &mut state.coin) as usize;
                    state.tables[1 - updated][successor * a + selected]
                });
                let (reward, discount) = (f64::from(view.reward[env]), core.discount(env, &view));
                let old = state.tables[updated][pair];
                let td_error = reward + discount * next - old;
                core.record_update(pair, td_error)?;
                let step_size = core.learning_rate(pair);
                state.tables[updated][pair] += step_size * td_error;
                core.table.q[pair] = 0.5 * (state.tables[0][pair] + state.tables[1][pair]);
                if core.updates.is_some() {
                    let (cell, value) =
                        [("Q₁(s,a)", "Q₂(s',argmax Q₁(s',·))"), ("Q₂(s,a)", "Q₁(s',argmax Q₂(s',·))")]
                            [updated];
                    let symbols = TargetSymbols::one_step(value, reward, discount, next, view.ending[env]);
                    let change = Change { pair, old, step_size, error: td_error };
                    core.keep_update(cell, change, state.tables[updated][pair], symbols);
                }
                core.advance(env, &view, successor)?;
            }
            core.end_step()?;
            for &(pair, change) in core.demonstrated_changes() {
                state.tables.iter_mut().for_each(|table| table[pair] += change);
            }
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
        self.core.save(&self.state)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let is_valid = |state: &Tables, table: &Table| {
            let [a, b] = &state.tables;
            a.len() == b.len()
                && a.len() <= table.q.len()
                && a.len().is_multiple_of(table.actions.max(1))
                && a.iter().chain(b).all(|q| q.is_finite())
        };
        self.state = self.core.load(bytes, is_valid)?;
        Ok(())
    }
}

/// State of the algorithm besides [`TabularCore`].
#[derive(Serialize, Deserialize)]
pub(super) struct Tables {
    /// Q_A and Q_B, `[S, A]` each.
    pub(super) tables: [Vec<f64>; 2],
    /// Random stream of the coin flips and of ties in the argmax.
    coin: Stream,
}

impl DoubleQ {
    /// Agent with two initial tables.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for a setting out of range;
    /// [`Error::Config`](freewheel_core::Error::Config) for a world without discrete actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        // The mean, Q_A and Q_B.
        Table::require(TabularCore::check(spec, &config.tabular, budget)?.rows(), 3 * spec.actions.count())?;
        let core = TabularCore::new("double-q", spec, &config.tabular, budget, streams)?;
        let tables = [core.table.q.clone(), core.table.q.clone()];
        Ok(DoubleQ { core, state: Tables { tables, coin: streams.stream(Purpose::Agent, 0, 0) } })
    }
}

impl Tables {
    /// Grows Q_A and Q_B to the number of states of their mean.
    #[inline]
    fn grow(&mut self, core: &TabularCore) {
        if self.tables[0].len() < core.table.q.len() {
            self.tables.iter_mut().for_each(|table| table.resize(core.table.q.len(), core.table.initial));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, ends, goes_to, one_env};

    #[test]
    fn one_table_selects_and_the_other_evaluates() {
        // 0 -(1)-> 1, where two actions are legal. A prefers the first, B the second.
        let graph = || Graph::new(vec![vec![Some(goes_to(1, 1.0)), None], vec![Some(ends(0, 0.0)); 2]], 0);
        let mut coins = [0; 2];
        for seed in 0..200 {
            let tabular =
                Tabular { learning_rate: Schedule::Constant(0.5), gamma: Some(0.9), ..Tabular::default() };
            let mut agent =
                DoubleQ::new(graph().spec(), Config { tabular }, one_env(1), Streams::new(seed)).unwrap();
            agent.state.tables = [vec![1.0, 0.0, 8.0, 6.0], vec![2.0, 0.0, 4.0, 5.0]];
            agent.learn(&mut graph().batch(1, 0), 1).unwrap();
            let [a, b] = [&agent.state.tables[0], &agent.state.tables[1]];
            if b[0] == 2.0 {
                // A selects the first, with value 4 in B: 1 + .5 (1 + .9 4 - 1) = 2.8; the mean is 2.4.
                assert!((a[0] - 2.8).abs() < 1e-12 && (agent.core.table.q[0] - 2.4).abs() < 1e-12);
                coins[0] += 1;
            } else {
                // B selects the second, with value 6 in A: 2 + .5 (1 + .9 6 - 2) = 4.2; the mean is 2.6.
                assert!((b[0] - 4.2).abs() < 1e-12 && (agent.core.table.q[0] - 2.6).abs() < 1e-12);
                assert_eq!(a[0], 1.0);
                coins[1] += 1;
            }
        }
        // Five standard errors of a fair coin over 200 throws.
        assert!((coins[0] - 100i32).abs() < 36, "{coins:?}");
    }
}
