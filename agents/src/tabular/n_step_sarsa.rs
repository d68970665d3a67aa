//! n-step Sarsa: n rewards before the bootstrap from an action value.
//!
//! ```text
//! G = r_1 + gamma r_2 + ... + gamma^(n-1) r_n + gamma^n Q(s_n, a_n)
//! Q(s_0, a_0) += alpha [ G - Q(s_0, a_0) ]
//! ```
//!
//! Sutton & Barto, section 7.2; n = 1 is Sarsa. At the end of an episode the pairs in the window get shorter returns:
//! without a bootstrap after termination; after truncation with a bootstrap from the final state and an action sampled
//! in that state. Each environment has a window of up to n pairs and rewards.

use std::collections::VecDeque;

use freewheel_core::{
    Agent, Ending, MetricSink, Policy, PolicyMode, Result, Spec, Streams, Update, VectorEnv, memory,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{TabularCore, TargetSymbols};
use super::settings::Tabular;
use super::table::Table;
use crate::Budget;
use crate::settings::within;

/// One-line description in the list of agents.
pub const ABOUT: &str = "n-step Sarsa: n rewards, then a bootstrap (Sutton & Barto, chapter 7)";

/// Settings of [`NStepSarsa`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Rewards summed before the bootstrap, 1 to 10000; 1 is Sarsa.
    pub n_step: u32,
    /// Settings of all tabular agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub tabular: Tabular,
}

impl Default for Config {
    fn default() -> Self {
        Config { n_step: 4, tabular: Tabular::default() }
    }
}

impl Config {
    /// Checks the ranges of the settings that only n-step Sarsa has.
    pub(super) fn validate(&self) -> Result<()> {
        within("n_step", f64::from(self.n_step), 1.0, 10_000.0)
    }

    /// Checks the ranges, and the memory of a window of each environment.
    pub(super) fn check(&self, budget: Budget) -> Result<()> {
        self.validate()?;
        let what = format!("n_step = {} with num_envs = {}", self.n_step, budget.num_envs);
        memory::require(&what, size_of::<Step>() as u128 * u128::from(self.n_step) * budget.num_envs as u128)
    }
}

/// n-step Sarsa agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, tabular::n_step_sarsa::{Config, NStepSarsa}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(1, 0);
/// let budget = Budget { steps: 10_000, num_envs: 1 };
/// let mut agent = NStepSarsa::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut q = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut q);
/// assert!(q[1] > q[0], "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct NStepSarsa {
    /// Shared part of the tabular agents; after `begun` its `actions` are those of the next step.
    pub(super) core: TabularCore,
    n: usize,
    state: Windows,
}

impl Agent for NStepSarsa {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        let batch_steps = core.begin_learning(envs, steps)?;
        if !self.state.begun && batch_steps > 0 {
            core.select_actions(&envs.view());
            self.state.begun = true;
        }
        for _ in 0..batch_steps {
            core.step_envs(envs)?;
            let view = envs.view();
            for (env, window) in self.state.windows.iter_mut().enumerate() {
                window.push_back(Step {
                    pair: core.pair_index(env) as u64,
                    reward: f64::from(view.reward[env]),
                    discount: core.discount(env, &view),
                });
                let (obs, legal) = view.successor(env);
                let successor = core.state_index(obs)?;
                let (mut action, mut bootstrap) = (0, 0.0);
                if view.ending[env] != Ending::Terminal {
                    action = core.select_action(env, successor, legal);
                    bootstrap = core.table.row(successor)[action as usize];
                }
                // A full window updates its oldest pair; the end of an episode updates all pairs of the window.
                let ending = view.ending[env];
                let over = ending.is_over();
                while window.len() >= self.n || (over && !window.is_empty()) {
                    let target = n_step_return(window, bootstrap);
                    if let Some(step) = window.pop_front() {
                        core.update(step.pair as usize, target, || {
                            explain(&step, window, bootstrap, ending)
                        })?;
                    }
                }
                core.advance(env, &view, successor)?;
                if over {
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
        self.state.begun = false;
        self.state.windows.iter_mut().for_each(VecDeque::clear);
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.core.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.core.save(&self.state)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (num_envs, n) = (self.state.windows.len(), self.n);
        let is_valid = |state: &Windows, table: &Table| {
            state.windows.len() == num_envs
                && state.windows.iter().all(|window| window.len() < n)
                && state.windows.iter().flatten().all(|step| {
                    step.pair < table.q.len() as u64 && step.reward.is_finite() && step.discount.abs() <= 1.0
                })
        };
        self.state = self.core.load(bytes, is_valid)?;
        Ok(())
    }
}

/// Step whose n-step return is not complete yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Step {
    pair: u64,
    reward: f64,
    /// Discount of the return after this step, negative if the opponent moves next.
    discount: f64,
}

/// State of the algorithm besides [`TabularCore`].
#[derive(Serialize, Deserialize)]
struct Windows {
    /// Whether the first actions were selected.
    begun: bool,
    /// Steps of each environment without a complete return, oldest first.
    windows: Vec<VecDeque<Step>>,
}

impl NStepSarsa {
    /// Agent with an initial table and empty windows.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for a setting out of range;
    /// [`Error::Config`](freewheel_core::Error::Config) for a world without discrete actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.check(budget)?;
        let state = Windows { begun: false, windows: vec![VecDeque::new(); budget.num_envs] };
        let core = TabularCore::new("n-step-sarsa", spec, &config.tabular, budget, streams)?;
        Ok(NStepSarsa { core, n: config.n_step as usize, state })
    }
}

/// Return `r_1 + gamma r_2 + ... + gamma^m bootstrap` of the `m` rewards of a window.
fn n_step_return(window: &VecDeque<Step>, bootstrap: f64) -> f64 {
    window.iter().rev().fold(bootstrap, |next, step| step.reward + step.discount * next)
}

/// Explanation of the target of `first`, which is followed by the steps `rest` and the value `bootstrap`.
fn explain(first: &Step, rest: &VecDeque<Step>, bootstrap: f64, ending: Ending) -> TargetSymbols {
    const REWARDS: [&str; 4] = ["r₁", "r₂", "r₃", "r₄"];
    const POWERS: [&str; 4] = ["γ", "γ²", "γ³", "γ⁴"];
    let count = rest.len() + 1;
    let (mut target, mut terms) = (REWARDS[0].to_owned(), vec![(REWARDS[0], first.reward)]);
    // Of a long return, the first two rewards and the last term are shown.
    let shown = if count <= REWARDS.len() { count } else { 2 };
    let mut factor = first.discount;
    for (i, step) in rest.iter().enumerate() {
        if i + 1 < shown {
            target.push_str(&format!(" + {} {}", POWERS[i], REWARDS[i + 1]));
            terms.extend([(POWERS[i], factor), (REWARDS[i + 1], step.reward)]);
        }
        factor *= step.discount;
    }
    if shown < count {
        target.push_str(" + …");
    }
    if ending != Ending::Terminal {
        let power = if shown < count { "γⁿ" } else { POWERS[count - 1] };
        target.push_str(&format!(" + {power} Q(sₙ,aₙ)"));
        terms.extend([(power, factor), ("Q(sₙ,aₙ)", bootstrap)]);
    }
    let end = if ending == Ending::Terminal { ", terminal: no next value" } else { "" };
    TargetSymbols::new(target, terms).note(format!("n = {count}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, ends, goes_to, one_env};

    /// Chain 0 -(1)-> 1 -(2)-> 2 -(3)-> 3 -(4)-> end, one action each.
    fn line(limit: u32) -> Graph {
        let states = vec![
            vec![Some(goes_to(1, 1.0))],
            vec![Some(goes_to(2, 2.0))],
            vec![Some(goes_to(3, 3.0))],
            vec![Some(ends(0, 4.0))],
        ];
        Graph::new(states, 0).with_limit(limit)
    }

    fn after(limit: u32, steps: u64) -> Vec<f64> {
        let tabular =
            Tabular { learning_rate: Schedule::Constant(0.5), gamma: Some(0.5), ..Tabular::default() };
        let mut agent =
            NStepSarsa::new(line(limit).spec(), Config { n_step: 2, tabular }, one_env(1), Streams::new(0))
                .unwrap();
        agent.core.table.q = vec![0.0, 10.0, 20.0, 40.0];
        agent.learn(&mut line(limit).batch(1, 0), steps).unwrap();
        agent.core.table.q
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
    fn truncated_windows_bootstrap_from_the_final_state() {
        // Truncated after three steps in state 3: as above, then the remaining pair gets G = 3 + .5 40 = 23; 20 + 1.5.
        assert_eq!(after(3, 3), [3.5, 11.75, 21.5, 40.0]);
        // The next episode begins with an empty window.
        assert_eq!(after(3, 4), [3.5, 11.75, 21.5, 40.0]);
    }
}
