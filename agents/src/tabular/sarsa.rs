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
                walker.update(pair, f64::from(view.reward[row]) + walker.gamma * next)?;
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
