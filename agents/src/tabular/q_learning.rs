//! Q-learning: the value of the best policy, learned from any other.
//!
//! ```text
//! Q(s, a) += alpha [ r + gamma max_a' Q(s', a') - Q(s, a) ]
//! ```
//!
//! Watkins, "Learning from Delayed Rewards", 1989; Watkins & Dayan, Machine Learning 8, 1992, for the convergence.
//! The table is `[S, A]`.

use freewheel_core::{Episodes, Learner, Mode, Monitor, Policy, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exploration::max;
use super::settings::Tabular;
use super::walker::{Walker, unless_terminal};
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
    pub(super) walker: Walker,
}

impl QLearning {
    /// With an untouched table.
    ///
    /// # Errors
    /// [`Error::Config`](freewheel_core::Error::Config) for a setting out of range or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        Ok(QLearning { walker: Walker::new("q-learning", spec, &config.tabular, budget, streams)? })
    }
}

impl Learner for QLearning {
    fn learn(&mut self, episodes: &mut dyn Episodes, steps: u64) -> Result<()> {
        let walker = &mut self.walker;
        for _ in 0..walker.begin(episodes, steps)? {
            walker.act(episodes)?;
            let view = episodes.view();
            for row in 0..view.rows {
                let (obs, legal) = view.successor(row);
                let successor = walker.see(obs)?;
                let next = unless_terminal(view.ending[row], || max(walker.table.row(successor), legal));
                let target = f64::from(view.reward[row]) + walker.gamma * next;
                walker.update(walker.pair(row), target)?;
                walker.arrive(row, &view, successor)?;
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
        self.walker.save(&())
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        self.walker.load(bytes, |_: &(), _| true)
    }
}
