//! n-step Sarsa: n real rewards before it trusts its own estimate.
//!
//! ```text
//! G = r_1 + gamma r_2 + ... + gamma^(n-1) r_n + gamma^n Q(s_n, a_n)
//! Q(s_0, a_0) += alpha [ G - Q(s_0, a_0) ]
//! ```
//!
//! Sutton & Barto, section 7.2; n = 1 is Sarsa. At an ending every pair still waiting gets its shorter return: without
//! a bootstrap where the rules ended the episode; where it was truncated, with one from the last state it saw and an
//! action drawn there. Each row has a window of its own, `[n]` pairs with their rewards.

use std::collections::VecDeque;

use freewheel_core::{Agent, Ending, MetricSink, Mode, Policy, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::TabularCore;
use super::settings::Tabular;
use super::table::Table;
use crate::Budget;
use crate::settings::within;

/// For the list of agents.
pub const ABOUT: &str = "n-step Sarsa: n rewards, then its own estimate (Sutton & Barto, chapter 7)";

/// Settings of [`NStepSarsa`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Rewards counted before the bootstrap, in steps, 1 to 10000; 1 is Sarsa.
    pub n_step: u32,
    /// What all tabular agents are told.
    #[serde(flatten)]
    pub tabular: Tabular,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_step: 4, tabular: Tabular::default() }
    }
}

/// The learner; see the module.
pub struct NStepSarsa {
    /// Its `actions` are already those of the next tick, once begun.
    pub(super) core: TabularCore,
    n: usize,
    own: Own,
}

/// A step that waits for its return.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Step {
    pair: u64,
    reward: f64,
    /// What all that comes after it counts: the discount, below 0 where the other player moves next.
    discount: f64,
}

/// What it keeps beside the walker.
#[derive(Serialize, Deserialize)]
struct Own {
    begun: bool,
    /// For each row the steps that wait for their return, oldest first.
    windows: Vec<VecDeque<Step>>,
}

impl NStepSarsa {
    /// With an untouched table and empty windows.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        within("n_step", f64::from(config.n_step), 1.0, 10_000.0)?;
        let own = Own { begun: false, windows: vec![VecDeque::new(); budget.num_envs] };
        let core = TabularCore::new("n-step-sarsa", spec, &config.tabular, budget, streams)?;
        Ok(NStepSarsa { core, n: config.n_step as usize, own })
    }
}

/// `r_1 + gamma r_2 + ... + gamma^m bootstrap` over the `m` rewards of a window.
fn n_step_return(window: &VecDeque<Step>, bootstrap: f64) -> f64 {
    window.iter().rev().fold(bootstrap, |after, step| step.reward + step.discount * after)
}

impl Agent for NStepSarsa {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        let ticks = core.begin(episodes, steps)?;
        if !self.own.begun && ticks > 0 {
            core.choose(&episodes.view());
            self.own.begun = true;
        }
        for _ in 0..ticks {
            core.take(episodes)?;
            let view = episodes.view();
            for (row, window) in self.own.windows.iter_mut().enumerate() {
                window.push_back(Step {
                    pair: core.pair(row) as u64,
                    reward: f64::from(view.reward[row]),
                    discount: core.discount(row, &view),
                });
                let (obs, legal) = view.successor(row);
                let successor = core.see(obs)?;
                let (mut action, mut bootstrap) = (0, 0.0);
                if view.ending[row] != Ending::Terminal {
                    action = core.draw(row, successor, legal);
                    bootstrap = core.table.row(successor)[action as usize];
                }
                // A full window gives up its oldest pair; an ending gives up all.
                let over = view.ending[row].is_over();
                while window.len() >= self.n || (over && !window.is_empty()) {
                    let target = n_step_return(window, bootstrap);
                    if let Some(step) = window.pop_front() {
                        core.update(step.pair as usize, target)?;
                    }
                }
                core.arrive(row, &view, successor)?;
                if over {
                    action = core.draw(row, core.states[row], view.legal_row(row));
                }
                core.actions[row] = action;
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
        let (rows, n) = (self.own.windows.len(), self.n);
        let fits = |own: &Own, table: &Table| {
            own.windows.len() == rows
                && own.windows.iter().all(|window| window.len() < n)
                && own.windows.iter().flatten().all(|step| step.pair < table.q.len() as u64)
        };
        self.own = self.core.load(bytes, fits)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, alone, end, go};

    /// 0 -(1)-> 1 -(2)-> 2 -(3)-> 3 -(4)-> the end, one action each.
    fn line(limit: u32) -> Graph {
        let states = vec![
            vec![Some(go(1, 1.0))],
            vec![Some(go(2, 2.0))],
            vec![Some(go(3, 3.0))],
            vec![Some(end(0, 4.0))],
        ];
        Graph::new(states, 0).with_limit(limit)
    }

    fn after(limit: u32, steps: u64) -> Vec<f64> {
        let tabular =
            Tabular { learning_rate: Schedule::Constant(0.5), gamma: Some(0.5), ..Tabular::default() };
        let mut learner =
            NStepSarsa::new(line(limit).look(), Config { n_step: 2, tabular }, alone(1), Streams::new(0))
                .unwrap();
        learner.core.table.q = vec![0.0, 10.0, 20.0, 40.0];
        learner.learn(&mut line(limit).batch(1, 0), steps).unwrap();
        learner.core.table.q
    }

    #[test]
    fn two_step_returns_by_hand() {
        assert_eq!(after(9, 1), [0.0, 10.0, 20.0, 40.0]);
        // G = 1 + .5 2 + .25 20 = 7; 0 + .5 7
        assert_eq!(after(9, 2), [3.5, 10.0, 20.0, 40.0]);
        // G = 2 + .5 3 + .25 40 = 13.5; 10 + .5 3.5
        assert_eq!(after(9, 3), [3.5, 11.75, 20.0, 40.0]);
        // The end: G = 3 + .5 4 = 5, 20 - 7.5; then G = 4, 40 - 18.
        assert_eq!(after(9, 4), [3.5, 11.75, 12.5, 22.0]);
    }

    #[test]
    fn a_truncated_window_bootstraps_from_what_it_saw_last() {
        // Cut after three steps in state 3: as above, then the pair left over gets G = 3 + .5 40 = 23; 20 + 1.5.
        assert_eq!(after(3, 3), [3.5, 11.75, 21.5, 40.0]);
        // The next episode begins with an empty window.
        assert_eq!(after(3, 4), [3.5, 11.75, 21.5, 40.0]);
    }
}
