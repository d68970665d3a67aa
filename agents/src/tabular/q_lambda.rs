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

use freewheel_core::{Episodes, Learner, Mode, Monitor, Policy, Result, Spec, Streams};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exploration::max;
use super::settings::{Tabular, within};
use super::table::Table;
use super::walker::{Walker, unless_terminal};
use crate::Budget;

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
    pub(super) walker: Walker,
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
            walker: Walker::new("q-lambda", spec, &config.tabular, budget, streams)?,
            lambda: config.lambda,
            traces: config.traces,
            naive: config.naive,
            eligible: vec![Vec::new(); budget.rows],
        })
    }
}

/// Lets the traces fade by `factor`, or ends them.
fn fade(eligible: &mut Vec<(u64, f64)>, factor: f64) {
    eligible.iter_mut().for_each(|(_, e)| *e *= factor);
    eligible.retain(|(_, e)| *e >= FORGOTTEN);
}

/// Marks a visit to `pair`.
fn mark(eligible: &mut Vec<(u64, f64)>, pair: u64, traces: Traces) {
    match (eligible.iter_mut().find(|(marked, _)| *marked == pair), traces) {
        (Some((_, e)), Traces::Replacing) => *e = 1.0,
        (Some((_, e)), Traces::Accumulating) => *e += 1.0,
        (None, _) => eligible.push((pair, 1.0)),
    }
}

impl Learner for QLambda {
    fn learn(&mut self, episodes: &mut dyn Episodes, steps: u64) -> Result<()> {
        let walker = &mut self.walker;
        for _ in 0..walker.begin(episodes, steps)? {
            let view = episodes.view();
            walker.choose(&view);
            for (row, eligible) in self.eligible.iter_mut().enumerate() {
                let q = walker.table.row(walker.states[row]);
                let greedy = q[walker.actions[row] as usize] == max(q, view.legal_row(row));
                fade(eligible, if greedy || self.naive { walker.gamma * self.lambda } else { 0.0 });
            }
            walker.take(episodes)?;
            let view = episodes.view();
            for (row, eligible) in self.eligible.iter_mut().enumerate() {
                let (obs, legal) = view.successor(row);
                let (pair, successor) = (walker.pair(row), walker.see(obs)?);
                let next = unless_terminal(view.ending[row], || max(walker.table.row(successor), legal));
                let td_error = f64::from(view.reward[row]) + walker.gamma * next - walker.table.q[pair];
                walker.visit(pair, td_error)?;
                mark(eligible, pair as u64, self.traces);
                for &(traced, e) in eligible.iter() {
                    let traced = traced as usize;
                    walker.table.q[traced] += walker.alpha(traced) * td_error * e;
                }
                if view.ending[row].is_over() {
                    eligible.clear();
                }
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
        let traces = self.eligible.iter().map(Vec::len).sum::<usize>() as f64;
        monitor.scalar("traces", traces / self.eligible.len() as f64);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.walker.save(&self.eligible)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let rows = self.eligible.len();
        let fits = |eligible: &Vec<Vec<(u64, f64)>>, table: &Table| {
            eligible.len() == rows && eligible.iter().flatten().all(|(pair, _)| *pair < table.q.len() as u64)
        };
        self.eligible = self.walker.load(bytes, fits)?;
        Ok(())
    }
}
