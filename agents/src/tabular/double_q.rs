//! Double Q-learning: one table chooses the next action, another says what it is worth, so that luck is not taken for value.
//!
//! ```text
//! a coin: heads   Q_A(s, a) += alpha [ r + gamma Q_B(s', argmax_a' Q_A(s', a')) - Q_A(s, a) ]
//!         tails   the same with A and B exchanged
//! ```
//!
//! Van Hasselt, "Double Q-learning", NIPS 2010. It acts on the mean of both tables. Three tables are kept, each
//! `[S, A]`: Q_A, Q_B and, as the walker's own, their mean.

use freewheel_core::{Agent, MetricSink, Mode, Policy, Purpose, Result, Spec, Stream, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{TabularCore, unless_terminal};
use super::exploration::best;
use super::settings::Tabular;
use crate::Budget;

/// For the list of agents.
pub const ABOUT: &str = "Double Q-learning: two tables keep each other from optimism (van Hasselt 2010)";

/// Settings of [`DoubleQ`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all tabular agents are told.
    #[serde(flatten)]
    pub tabular: Tabular,
}

/// The learner; see the module.
pub struct DoubleQ {
    /// Its table is the mean of the two.
    pub(super) core: TabularCore,
    pub(super) own: Own,
}

/// What it keeps beside the walker.
#[derive(Serialize, Deserialize)]
pub(super) struct Own {
    /// Q_A and Q_B, `[S, A]` each.
    pub(super) tables: [Vec<f64>; 2],
    /// The coin, and the breaking of ties in the argmax.
    coin: Stream,
}

impl DoubleQ {
    /// With two untouched tables.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        let core = TabularCore::new("double-q", spec, &config.tabular, budget, streams)?;
        let tables = [core.table.q.clone(), core.table.q.clone()];
        Ok(DoubleQ { core, own: Own { tables, coin: streams.stream(Purpose::Agent, 0, 0) } })
    }
}

impl Own {
    /// Makes both tables as long as the walker's.
    #[inline]
    fn grow(&mut self, core: &TabularCore) {
        if self.tables[0].len() < core.table.q.len() {
            self.tables.iter_mut().for_each(|table| table.resize(core.table.q.len(), core.table.initial));
        }
    }
}

impl Agent for DoubleQ {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let (core, own) = (&mut self.core, &mut self.own);
        let a = core.table.actions;
        for _ in 0..core.begin(episodes, steps)? {
            core.act(episodes)?;
            let view = episodes.view();
            for row in 0..view.num_envs {
                let (obs, legal) = view.successor(row);
                let (pair, successor) = (core.pair(row), core.see(obs)?);
                own.grow(core);
                let learns = (own.coin.bits() >> 63) as usize;
                let next = unless_terminal(view.ending[row], || {
                    let of_successor = successor * a..(successor + 1) * a;
                    let chosen = best(&own.tables[learns][of_successor], legal, &mut own.coin) as usize;
                    own.tables[1 - learns][successor * a + chosen]
                });
                let target = f64::from(view.reward[row]) + core.discount(row, &view) * next;
                let td_error = target - own.tables[learns][pair];
                core.visit(pair, td_error)?;
                own.tables[learns][pair] += core.learning_rate(pair) * td_error;
                core.table.q[pair] = 0.5 * (own.tables[0][pair] + own.tables[1][pair]);
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
        self.core.save(&self.own)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let fits =
            |own: &Own, table: &super::table::Table| own.tables.iter().all(|q| q.len() <= table.q.len());
        self.own = self.core.load(bytes, fits)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, alone, end, go};

    #[test]
    fn one_table_chooses_and_the_other_values() {
        // 0 -(1)-> 1, where two actions are legal. A prefers the first, B the second.
        let graph = || Graph::new(vec![vec![Some(go(1, 1.0)), None], vec![Some(end(0, 0.0)); 2]], 0);
        let mut coins = [0; 2];
        for seed in 0..200 {
            let tabular =
                Tabular { learning_rate: Schedule::Constant(0.5), gamma: Some(0.9), ..Tabular::default() };
            let mut learner =
                DoubleQ::new(graph().look(), Config { tabular }, alone(1), Streams::new(seed)).unwrap();
            learner.own.tables = [vec![1.0, 0.0, 8.0, 6.0], vec![2.0, 0.0, 4.0, 5.0]];
            learner.learn(&mut graph().batch(1, 0), 1).unwrap();
            let [a, b] = [&learner.own.tables[0], &learner.own.tables[1]];
            if b[0] == 2.0 {
                // A chooses the first, which B values at 4: 1 + .5 (1 + .9 4 - 1) = 2.8; the mean is 2.4.
                assert!((a[0] - 2.8).abs() < 1e-12 && (learner.core.table.q[0] - 2.4).abs() < 1e-12);
                coins[0] += 1;
            } else {
                // B chooses the second, which A values at 6: 2 + .5 (1 + .9 6 - 2) = 4.2; the mean is 2.6.
                assert!((b[0] - 4.2).abs() < 1e-12 && (learner.core.table.q[0] - 2.6).abs() < 1e-12);
                assert_eq!(a[0], 1.0);
                coins[1] += 1;
            }
        }
        // Five standard errors of a fair coin over 200 throws.
        assert!((coins[0] - 100i32).abs() < 36, "{coins:?}");
    }
}
