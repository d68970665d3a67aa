//! Sarsa: the value of what the agent itself does, exploration included.
//!
//! ```text
//! Q(s, a) += alpha [ r + gamma Q(s', a') - Q(s, a) ]        a' is drawn in s', and is what it does next
//! ```
//!
//! Rummery & Niranjan, "On-line Q-learning using connectionist systems", 1994; Sutton & Barto, section 6.4.
//! Where an episode is truncated, a' is drawn in the last state it saw, and only serves the target. The table is
//! `[S, A]`.

use freewheel_core::{Agent, Ending, MetricSink, Mode, Policy, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::TabularCore;
use super::settings::Tabular;
use crate::Budget;

/// For the list of agents.
pub const ABOUT: &str = "Sarsa: bootstraps from the action it takes next (Rummery & Niranjan 1994)";

/// Settings of [`Sarsa`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What all tabular agents are told.
    #[serde(flatten)]
    pub tabular: Tabular,
}

/// The learner; see the module.
pub struct Sarsa {
    /// Its `actions` are already those of the next tick, once `begun`.
    pub(super) core: TabularCore,
    begun: bool,
}

impl Sarsa {
    /// With an untouched table.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        Ok(Sarsa { core: TabularCore::new("sarsa", spec, &config.tabular, budget, streams)?, begun: false })
    }
}

impl Agent for Sarsa {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        let ticks = core.begin(episodes, steps)?;
        if !self.begun && ticks > 0 {
            core.choose(&episodes.view());
            self.begun = true;
        }
        for _ in 0..ticks {
            core.take(episodes)?;
            let view = episodes.view();
            for row in 0..view.num_envs {
                let (obs, legal) = view.successor(row);
                let (pair, successor) = (core.pair(row), core.see(obs)?);
                let (mut action, mut next) = (0, 0.0);
                if view.ending[row] != Ending::Terminal {
                    action = core.draw(row, successor, legal);
                    next = core.table.row(successor)[action as usize];
                }
                let target = f64::from(view.reward[row]) + core.discount(row, &view) * next;
                core.update(pair, target)?;
                core.arrive(row, &view, successor)?;
                if view.ending[row].is_over() {
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
        self.core.save(&self.begun)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        self.begun = self.core.load(bytes, |_: &bool, _| true)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, alone, end, go};

    /// 0 -(1)-> 1, where two actions are legal; both end with 2.
    fn world(limit: u32) -> Graph {
        Graph::new(vec![vec![Some(go(1, 1.0)), None], vec![Some(end(0, 2.0)); 2]], 0).with_limit(limit)
    }

    fn learner(limit: u32) -> Sarsa {
        let tabular = Tabular {
            learning_rate: Schedule::Constant(0.5),
            gamma: Some(0.9),
            epsilon: Schedule::Constant(1.0),
            ..Tabular::default()
        };
        let mut sarsa =
            Sarsa::new(world(limit).look(), Config { tabular }, alone(1), Streams::new(0)).unwrap();
        sarsa.core.table.q = vec![1.0, 0.0, 4.0, 6.0];
        sarsa
    }

    #[test]
    fn bootstraps_from_what_it_does_next() {
        let (mut sarsa, mut batch) = (learner(9), world(9).batch(1, 0));
        sarsa.learn(&mut batch, 1).unwrap();
        // 1 + .5 (1 + .9 Q(1, a') - 1): 2.8 for the first action, 3.7 for the second.
        let next = sarsa.core.actions[0] as usize;
        assert!((sarsa.core.table.q[0] - [2.8, 3.7][next]).abs() < 1e-12);
        sarsa.learn(&mut batch, 1).unwrap();
        // And that is what it did: 4 + .5 (2 - 4) = 3 or 6 + .5 (2 - 6) = 4.
        assert_eq!(sarsa.core.table.q[2 + next], [3.0, 4.0][next]);
        assert_eq!(sarsa.core.table.q[3 - next], [4.0, 6.0][1 - next]);
    }

    #[test]
    fn a_truncated_episode_bootstraps_from_what_it_saw_last() {
        let (mut sarsa, mut batch) = (learner(1), world(1).batch(1, 0));
        let mut seen = [false; 2];
        for _ in 0..40 {
            sarsa.core.table.q[0] = 1.0;
            sarsa.learn(&mut batch, 1).unwrap();
            let which = [2.8, 3.7].map(|value| (sarsa.core.table.q[0] - value).abs() < 1e-12);
            assert!(which[0] || which[1], "{:?}", sarsa.core.table.q);
            seen = [seen[0] || which[0], seen[1] || which[1]];
            // The next episode begins with the only action that is legal there.
            assert_eq!(sarsa.core.actions, [0]);
        }
        assert_eq!((seen, &sarsa.core.table.q[2..]), ([true; 2], &[4.0, 6.0][..]));
    }
}
