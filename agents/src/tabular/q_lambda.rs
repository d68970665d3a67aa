//! Watkins's Q(lambda): Q-learning whose error is credited at once to all pairs that led to it.
//!
//! ```text
//! delta = r + gamma max_a' Q(s', a') - Q(s, a)
//! e(s, a) += 1 (accumulating)  or  e(s, a) = 1 (replacing)
//! for every pair x with a trace:   Q(x) += alpha e(x) delta
//! when the next action is chosen:  e *= gamma lambda if it is a best one, else e = 0
//! ```
//!
//! Watkins, "Learning from Delayed Rewards", 1989, chapter 7; Sutton & Barto, first edition, section 7.6; replacing
//! traces: Singh & Sutton, Machine Learning 22, 1996. An exploratory action ends all traces, because what follows it
//! says nothing of the best policy; "naive" keeps them. Each row has traces of its own, ended with its episode.

use freewheel_core::{Agent, MetricSink, Mode, Policy, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{TabularCore, unless_terminal};
use super::exploration::max;
use super::settings::Tabular;
use super::table::Table;
use crate::Budget;
use crate::settings::within;

/// For the list of agents.
pub const ABOUT: &str = "Watkins's Q(lambda): Q-learning with eligibility traces (Watkins 1989)";

/// A trace below this is forgotten: it would move a value by less than a ten-thousandth of the error.
const FORGOTTEN: f64 = 1e-4;

/// Settings of [`QLambda`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What a trace keeps at each step, beside gamma, 0 to 1; 0 is Q-learning.
    pub lambda: f64,
    /// What a visit does to its trace: "replacing" sets it to 1, "accumulating" adds 1.
    pub traces: Traces,
    /// Keeps traces through exploratory actions: faster, but the values are no longer those of the best policy.
    pub naive: bool,
    /// What all tabular agents are told.
    #[serde(flatten)]
    pub tabular: Tabular,
}

/// What a visit does to the trace of its pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Traces {
    /// Sets it to 1.
    #[default]
    Replacing,
    /// Adds 1.
    Accumulating,
}

impl Default for Config {
    fn default() -> Self {
        Config { lambda: 0.9, traces: Traces::Replacing, naive: false, tabular: Tabular::default() }
    }
}

/// The learner; see the module.
pub struct QLambda {
    pub(super) core: TabularCore,
    lambda: f64,
    traces: Traces,
    naive: bool,
    /// The traces of each row, `[N]`, as pairs of the table and their weights; oldest first.
    pub(super) eligible: Vec<Vec<(u64, f64)>>,
}

impl QLambda {
    /// With an untouched table and no traces.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        within("lambda", config.lambda, 0.0, 1.0)?;
        Ok(QLambda {
            core: TabularCore::new("q-lambda", spec, &config.tabular, budget, streams)?,
            lambda: config.lambda,
            traces: config.traces,
            naive: config.naive,
            eligible: vec![Vec::new(); budget.num_envs],
        })
    }
}

/// Lets the traces fade by `factor`, or ends them.
fn fade(eligible: &mut Vec<(u64, f64)>, factor: f64) {
    eligible.iter_mut().for_each(|(_, e)| *e *= factor);
    eligible.retain(|(_, e)| e.abs() >= FORGOTTEN);
}

/// Marks a visit to `pair`.
fn mark(eligible: &mut Vec<(u64, f64)>, pair: u64, traces: Traces) {
    match (eligible.iter_mut().find(|(marked, _)| *marked == pair), traces) {
        (Some((_, e)), Traces::Replacing) => *e = 1.0,
        (Some((_, e)), Traces::Accumulating) => *e += 1.0,
        (None, _) => eligible.push((pair, 1.0)),
    }
}

impl Agent for QLambda {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        for _ in 0..core.begin(episodes, steps)? {
            let view = episodes.view();
            core.choose(&view);
            for (row, eligible) in self.eligible.iter_mut().enumerate() {
                let q = core.table.row(core.states[row]);
                let greedy = q[core.actions[row] as usize] == max(q, view.legal_row(row));
                fade(eligible, if greedy || self.naive { core.gamma * self.lambda } else { 0.0 });
            }
            core.take(episodes)?;
            let view = episodes.view();
            for (row, eligible) in self.eligible.iter_mut().enumerate() {
                let (obs, legal) = view.successor(row);
                let (pair, successor) = (core.pair(row), core.see(obs)?);
                let next = unless_terminal(view.ending[row], || max(core.table.row(successor), legal));
                let td_error =
                    f64::from(view.reward[row]) + core.discount(row, &view) * next - core.table.q[pair];
                core.visit(pair, td_error)?;
                mark(eligible, pair as u64, self.traces);
                for &(traced, e) in eligible.iter() {
                    let traced = traced as usize;
                    core.table.q[traced] += core.learning_rate(traced) * td_error * e;
                }
                if view.ending[row].is_over() {
                    eligible.clear();
                } else if core.sign(row, &view) < 0.0 {
                    // What will surprise the other player will do so the other way round.
                    eligible.iter_mut().for_each(|(_, e)| *e = -*e);
                }
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
        let traces = self.eligible.iter().map(Vec::len).sum::<usize>() as f64;
        monitor.scalar("traces", traces / self.eligible.len() as f64);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.core.save(&self.eligible)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let rows = self.eligible.len();
        let fits = |eligible: &Vec<Vec<(u64, f64)>>, table: &Table| {
            eligible.len() == rows && eligible.iter().flatten().all(|(pair, _)| *pair < table.q.len() as u64)
        };
        self.eligible = self.core.load(bytes, fits)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::exploration::Exploration;
    use crate::tabular::graph::{Graph, alone, end, go};

    fn learner(graph: &Graph, config: Config) -> QLambda {
        let tabular = Tabular {
            learning_rate: Schedule::Constant(0.5),
            gamma: Some(0.8),
            exploration: Exploration::Greedy,
            ..Tabular::default()
        };
        QLambda::new(graph.look(), Config { lambda: 0.5, tabular, ..config }, alone(1), Streams::new(0))
            .unwrap()
    }

    fn close(a: &[f64], b: &[f64]) {
        assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} {b:?}");
    }

    #[test]
    fn errors_reach_back_along_the_traces() {
        // 0 -(0)-> 1 -(0)-> 2 -(10)-> the end, one action each.
        let graph =
            || Graph::new(vec![vec![Some(go(1, 0.0))], vec![Some(go(2, 0.0))], vec![Some(end(0, 10.0))]], 0);
        let (mut q, mut batch) = (learner(&graph(), Config::default()), graph().batch(1, 0));
        q.learn(&mut batch, 2).unwrap();
        assert_eq!(q.eligible[0], [(0, 0.4), (1, 1.0)]);
        q.learn(&mut batch, 1).unwrap();
        // delta = 10; traces .4^2, .4, 1; alpha .5.
        close(&q.core.table.q, &[0.8, 2.0, 5.0]);
        assert!(q.eligible[0].is_empty(), "ended with the episode");
        q.learn(&mut batch, 1).unwrap();
        // delta = .8 2 - .8 = .8, once more: .8 + .4
        close(&q.core.table.q, &[1.2, 2.0, 5.0]);
        q.learn(&mut batch, 1).unwrap();
        // delta = .8 5 - 2 = 2: 1.2 + .5 .4 2 = 1.6 and 2 + 1.
        close(&q.core.table.q, &[1.6, 3.0, 5.0]);
    }

    #[test]
    fn traces_replace_or_accumulate_and_end_with_a_truncated_episode() {
        // A state that leads to itself with reward 1, cut short after three steps.
        let graph = || Graph::new(vec![vec![Some(go(0, 1.0))]], 0).with_limit(3);
        let after = |traces, steps| {
            let mut q = learner(&graph(), Config { traces, ..Config::default() });
            q.learn(&mut graph().batch(1, 0), steps).unwrap();
            (q.core.table.q[0], q.eligible[0].first().map(|(_, e)| *e))
        };
        // Q = .5; then delta = 1 + .8 .5 - .5 = .9 and e = 1 or 1.4.
        assert_eq!(after(Traces::Replacing, 1), (0.5, Some(1.0)));
        let (q, e) = after(Traces::Replacing, 2);
        close(&[q, e.unwrap()], &[0.95, 1.0]);
        let (q, e) = after(Traces::Accumulating, 2);
        close(&[q, e.unwrap()], &[0.5 + 0.5 * 0.9 * 1.4, 1.4]);
        // .95, delta = 1 + .8 .95 - .95 = .81: the truncated step still has a future, but no trace after it.
        let (q, e) = after(Traces::Replacing, 3);
        close(&[q], &[0.95 + 0.405]);
        assert_eq!(e, None);
    }

    #[test]
    fn exploring_ends_traces_unless_naive() {
        // Both actions of the one state lead back to it.
        let graph = || Graph::new(vec![vec![Some(go(0, 0.0)); 2]], 0);
        for (naive, expected) in [(false, 1), (true, 2)] {
            let mut q = learner(&graph(), Config { naive, ..Config::default() });
            q.core.explore = crate::tabular::exploration::Explore::EpsilonGreedy(1.0);
            q.core.table.q = vec![1.0, 0.0];
            let mut batch = graph().batch(1, 0);
            // Until it has done the better thing, then the worse one.
            let mut last = 9;
            loop {
                q.learn(&mut batch, 1).unwrap();
                q.core.table.q = vec![1.0, 0.0];
                if (last, q.core.actions[0]) == (0, 1) {
                    break;
                }
                last = q.core.actions[0];
            }
            assert_eq!(q.eligible[0].len(), expected, "{:?}", q.eligible);
        }
    }
}
