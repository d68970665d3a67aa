//! Sarsa: the value of what the agent itself does, exploration included.
//!
//! ```text
//! Q(s, a) += alpha [ r + gamma Q(s', a') - Q(s, a) ]        a' is drawn in s', and is what it does next
//! ```
//!
//! Rummery & Niranjan, "On-line Q-learning using connectionist systems", 1994; Sutton & Barto, section 6.4.
//! Where an episode is truncated, a' is drawn in the last state it saw, and only serves the target. The table is
//! `[S, A]`.

use freewheel_core::{Ending, Episodes, Learner, Mode, Monitor, Policy, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::Tabular;
use super::walker::Walker;
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
    pub(super) walker: Walker,
    begun: bool,
}

impl Sarsa {
    /// With an untouched table.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        Ok(Sarsa { walker: Walker::new("sarsa", spec, &config.tabular, budget, streams)?, begun: false })
    }
}

impl Learner for Sarsa {
    fn learn(&mut self, episodes: &mut dyn Episodes, steps: u64) -> Result<()> {
        let walker = &mut self.walker;
        let ticks = walker.begin(episodes, steps)?;
        if !self.begun && ticks > 0 {
            walker.choose(&episodes.view());
            self.begun = true;
        }
        for _ in 0..ticks {
            walker.take(episodes)?;
            let view = episodes.view();
            for row in 0..view.rows {
                let (obs, legal) = view.successor(row);
                let (pair, successor) = (walker.pair(row), walker.see(obs)?);
                let (mut action, mut next) = (0, 0.0);
                if view.ending[row] != Ending::Terminal {
                    action = walker.draw(row, successor, legal);
                    next = walker.table.row(successor)[action as usize];
                }
                let target = f64::from(view.reward[row]) + walker.discount(row, &view) * next;
                walker.update(pair, target)?;
                walker.arrive(row, &view, successor)?;
                if view.ending[row].is_over() {
                    action = walker.draw(row, walker.states[row], view.legal_row(row));
                }
                walker.actions[row] = action;
            }
            walker.tick();
        }
        Ok(())
    }

    fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        self.walker.policy(mode)
    }

    fn report(&mut self, monitor: &mut dyn Monitor) {
        self.walker.report(monitor);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.walker.save(&self.begun)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        self.begun = self.walker.load(bytes, |_: &bool, _| true)?;
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
            alpha: Schedule::Constant(0.5),
            gamma: Some(0.9),
            epsilon: Schedule::Constant(1.0),
            ..Tabular::default()
        };
        let mut sarsa =
            Sarsa::new(world(limit).look(), Config { tabular }, alone(1), Streams::new(0)).unwrap();
        sarsa.walker.table.q = vec![1.0, 0.0, 4.0, 6.0];
        sarsa
    }

    #[test]
    fn bootstraps_from_what_it_does_next() {
        let (mut sarsa, mut batch) = (learner(9), world(9).batch(1, 0));
        sarsa.learn(&mut batch, 1).unwrap();
        // 1 + .5 (1 + .9 Q(1, a') - 1): 2.8 for the first action, 3.7 for the second.
        let next = sarsa.walker.actions[0] as usize;
        assert!((sarsa.walker.table.q[0] - [2.8, 3.7][next]).abs() < 1e-12);
        sarsa.learn(&mut batch, 1).unwrap();
        // And that is what it did: 4 + .5 (2 - 4) = 3 or 6 + .5 (2 - 6) = 4.
        assert_eq!(sarsa.walker.table.q[2 + next], [3.0, 4.0][next]);
        assert_eq!(sarsa.walker.table.q[3 - next], [4.0, 6.0][1 - next]);
    }

    #[test]
    fn a_truncated_episode_bootstraps_from_what_it_saw_last() {
        let (mut sarsa, mut batch) = (learner(1), world(1).batch(1, 0));
        let mut seen = [false; 2];
        for _ in 0..40 {
            sarsa.walker.table.q[0] = 1.0;
            sarsa.learn(&mut batch, 1).unwrap();
            let which = [2.8, 3.7].map(|value| (sarsa.walker.table.q[0] - value).abs() < 1e-12);
            assert!(which[0] || which[1], "{:?}", sarsa.walker.table.q);
            seen = [seen[0] || which[0], seen[1] || which[1]];
            // The next episode begins with the only action that is legal there.
            assert_eq!(sarsa.walker.actions, [0]);
        }
        assert_eq!((seen, &sarsa.walker.table.q[2..]), ([true; 2], &[4.0, 6.0][..]));
    }
}
