//! Watkins's Q(lambda): Q-learning with eligibility traces, which pass each TD error to the pairs visited before.
//!
//! ```text
//! delta = r + gamma max_a' Q(s', a') - Q(s, a)
//! e(s, a) += 1 (accumulating)  or  e(s, a) = 1 (replacing)
//! for every pair x with a trace:   Q(x) += alpha e(x) delta
//! when the next action is selected: e *= gamma lambda if it is greedy, else e = 0
//! ```
//!
//! Watkins, "Learning from Delayed Rewards", 1989, chapter 7; Sutton & Barto, first edition, section 7.6; replacing
//! traces: Singh & Sutton, Machine Learning 22, 1996. An exploratory action ends all traces, because the following
//! rewards are not those of the greedy policy; `naive` keeps them. Each environment has its own traces, which end
//! with its episode.

use freewheel_core::{Agent, MetricSink, Policy, PolicyMode, Result, Spec, Streams, Update, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::core::{Change, TabularCore, TargetSymbols, unless_terminal};
use super::exploration::max;
use super::settings::Tabular;
use super::table::Table;
use crate::Budget;
use crate::settings::within;

/// One-line description in the list of agents.
pub const ABOUT: &str = "Watkins's Q(lambda): Q-learning with eligibility traces (Watkins 1989)";

/// Minimum trace; smaller traces are removed, because they would change a value by less than 1/10000 of the TD error.
const MIN_TRACE: f64 = 1e-4;

/// Settings of [`QLambda`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Decay of the traces per step, in addition to gamma, 0 to 1; 0 is Q-learning.
    pub lambda: f64,
    /// Effect of a visit on its trace: "replacing" sets it to 1, "accumulating" adds 1.
    pub traces: Traces,
    /// Keep traces after exploratory actions: faster, but the values are no longer those of the greedy policy.
    pub naive: bool,
    /// Settings of all tabular agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub tabular: Tabular,
}

/// Choice of the effect of a visit on the eligibility trace of the state-action pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Traces {
    /// Sets the trace to 1.
    #[default]
    Replacing,
    /// Adds 1 to the trace.
    Accumulating,
}

impl Default for Config {
    fn default() -> Self {
        Config { lambda: 0.9, traces: Traces::Replacing, naive: false, tabular: Tabular::default() }
    }
}

impl Config {
    /// Checks the ranges of the settings that only Q(lambda) has.
    pub(super) fn validate(&self) -> Result<()> {
        within("lambda", self.lambda, 0.0, 1.0)
    }
}

/// Watkins's Q(lambda) agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, tabular::q_lambda::{Config, QLambda}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(1, 0);
/// let budget = Budget { steps: 10_000, num_envs: 1 };
/// let mut agent = QLambda::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut q = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut q);
/// assert!(q[1] > q[0], "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct QLambda {
    pub(super) core: TabularCore,
    lambda: f64,
    traces: Traces,
    naive: bool,
    /// Eligibility traces of each environment, `[N]`: index of the state-action pair and weight, oldest first.
    pub(super) eligible: Vec<Vec<(u64, f64)>>,
}

impl Agent for QLambda {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let core = &mut self.core;
        for _ in 0..core.begin_learning(envs, steps)? {
            let view = envs.view();
            core.select_actions(&view);
            for (env, eligible) in self.eligible.iter_mut().enumerate() {
                let q = core.table.row(core.states[env]);
                let greedy = q[core.actions[env] as usize] == max(q, view.legal_row(env));
                decay(eligible, if greedy || self.naive { core.gamma * self.lambda } else { 0.0 });
            }
            core.step_envs(envs)?;
            let view = envs.view();
            for (env, eligible) in self.eligible.iter_mut().enumerate() {
                let (obs, legal) = view.successor(env);
                let (pair, successor) = (core.pair_index(env), core.state_index(obs)?);
                let next = unless_terminal(view.ending[env], || max(core.table.row(successor), legal));
                let (reward, discount) = (f64::from(view.reward[env]), core.discount(env, &view));
                let td_error = reward + discount * next - core.table.q[pair];
                core.record_update(pair, td_error)?;
                mark_visit(eligible, pair as u64, self.traces);
                for &(traced, e) in eligible.iter() {
                    let traced = traced as usize;
                    let (old, step_size) = (core.table.q[traced], core.learning_rate(traced));
                    core.table.q[traced] += step_size * td_error * e;
                    if core.updates.is_some() {
                        let change = Change { pair: traced, old, step_size: step_size * e, error: td_error };
                        let symbols = match traced == pair && e == 1.0 {
                            true => TargetSymbols::one_step(
                                "max Q(s',·)",
                                reward,
                                discount,
                                next,
                                view.ending[env],
                            ),
                            false => TargetSymbols::default().note(format!("trace e = {e:.3}")),
                        };
                        core.keep_update("Q(s,a)", change, core.table.q[traced], symbols);
                    }
                }
                if view.ending[env].is_over() {
                    eligible.clear();
                } else if core.next_sign(env, &view) < 0.0 {
                    // TD errors of the opponent count with the opposite sign.
                    eligible.iter_mut().for_each(|(_, e)| *e = -*e);
                }
                core.advance(env, &view, successor)?;
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
        self.eligible.iter_mut().for_each(Vec::clear);
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.core.report(metrics);
        let traces = self.eligible.iter().map(Vec::len).sum::<usize>() as f64;
        metrics.scalar("traces", traces / self.eligible.len() as f64);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.core.save(&self.eligible)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let num_envs = self.eligible.len();
        let is_valid = |eligible: &Vec<Vec<(u64, f64)>>, table: &Table| {
            eligible.len() == num_envs
                && eligible.iter().flatten().all(|(pair, e)| *pair < table.q.len() as u64 && e.is_finite())
        };
        self.eligible = self.core.load(bytes, is_valid)?;
        Ok(())
    }
}

impl QLambda {
    /// Agent with an initial table and no traces.
    ///
    /// # Errors
    /// [`Error::Setting`](freewheel_core::Error::Setting) for a setting out of range;
    /// [`Error::Config`](freewheel_core::Error::Config) for a world without discrete actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.validate()?;
        Ok(QLambda {
            core: TabularCore::new("q-lambda", spec, &config.tabular, budget, streams)?,
            lambda: config.lambda,
            traces: config.traces,
            naive: config.naive,
            eligible: vec![Vec::new(); budget.num_envs],
        })
    }
}

/// Multiplies the traces by `factor` and removes those below [`MIN_TRACE`].
fn decay(eligible: &mut Vec<(u64, f64)>, factor: f64) {
    eligible.iter_mut().for_each(|(_, e)| *e *= factor);
    eligible.retain(|(_, e)| e.abs() >= MIN_TRACE);
}

/// Updates the traces for a visit of the state-action pair `pair`.
fn mark_visit(eligible: &mut Vec<(u64, f64)>, pair: u64, traces: Traces) {
    match (eligible.iter_mut().find(|(traced, _)| *traced == pair), traces) {
        (Some((_, e)), Traces::Replacing) => *e = 1.0,
        (Some((_, e)), Traces::Accumulating) => *e += 1.0,
        (None, _) => eligible.push((pair, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::exploration::Exploration;
    use crate::tabular::graph::{Graph, ends, goes_to, one_env};

    fn agent(graph: &Graph, config: Config) -> QLambda {
        let tabular = Tabular {
            learning_rate: Schedule::Constant(0.5),
            epsilon: Schedule::Constant(0.1),
            gamma: Some(0.8),
            exploration: Exploration::Greedy,
            ..Tabular::default()
        };
        QLambda::new(graph.spec(), Config { lambda: 0.5, tabular, ..config }, one_env(1), Streams::new(0))
            .unwrap()
    }

    fn close(a: &[f64], b: &[f64]) {
        assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} {b:?}");
    }

    #[test]
    fn td_errors_update_all_traces() {
        // Chain 0 -(0)-> 1 -(0)-> 2 -(10)-> end, one action each.
        let graph = || {
            Graph::new(
                vec![vec![Some(goes_to(1, 0.0))], vec![Some(goes_to(2, 0.0))], vec![Some(ends(0, 10.0))]],
                0,
            )
        };
        let (mut q, mut batch) = (agent(&graph(), Config::default()), graph().batch(1, 0));
        q.learn(&mut batch, 2).unwrap();
        assert_eq!(q.eligible[0], [(0, 0.4), (1, 1.0)]);
        q.learn(&mut batch, 1).unwrap();
        // delta = 10; traces .4^2, .4, 1; alpha .5.
        close(&q.core.table.q, &[0.8, 2.0, 5.0]);
        assert!(q.eligible[0].is_empty(), "traces end with the episode");
        q.learn(&mut batch, 1).unwrap();
        // delta = .8 2 - .8 = .8, once more: .8 + .4
        close(&q.core.table.q, &[1.2, 2.0, 5.0]);
        q.learn(&mut batch, 1).unwrap();
        // delta = .8 5 - 2 = 2: 1.2 + .5 .4 2 = 1.6 and 2 + 1.
        close(&q.core.table.q, &[1.6, 3.0, 5.0]);
    }

    #[test]
    fn traces_replace_or_accumulate_and_end_with_a_truncated_episode() {
        // A state that leads to itself with reward 1, truncated after three steps.
        let graph = || Graph::new(vec![vec![Some(goes_to(0, 1.0))]], 0).with_limit(3);
        let after = |traces, steps| {
            let mut q = agent(&graph(), Config { traces, ..Config::default() });
            q.learn(&mut graph().batch(1, 0), steps).unwrap();
            (q.core.table.q[0], q.eligible[0].first().map(|(_, e)| *e))
        };
        // Q = .5; then delta = 1 + .8 .5 - .5 = .9 and e = 1 or 1.4.
        assert_eq!(after(Traces::Replacing, 1), (0.5, Some(1.0)));
        let (q, e) = after(Traces::Replacing, 2);
        close(&[q, e.unwrap()], &[0.95, 1.0]);
        let (q, e) = after(Traces::Accumulating, 2);
        close(&[q, e.unwrap()], &[0.5 + 0.5 * 0.9 * 1.4, 1.4]);
        // .95, delta = 1 + .8 .95 - .95 = .81: the truncated step bootstraps, and the traces end.
        let (q, e) = after(Traces::Replacing, 3);
        close(&[q], &[0.95 + 0.405]);
        assert_eq!(e, None);
    }

    #[test]
    fn exploring_ends_traces_unless_naive() {
        // Both actions of the only state lead back to this state.
        let graph = || Graph::new(vec![vec![Some(goes_to(0, 0.0)); 2]], 0);
        for (naive, expected) in [(false, 1), (true, 2)] {
            let mut q = agent(&graph(), Config { naive, ..Config::default() });
            q.core.behavior = crate::tabular::exploration::BehaviorPolicy::EpsilonGreedy(1.0);
            q.core.table.q = vec![1.0, 0.0];
            let mut batch = graph().batch(1, 0);
            // Until the better action is followed by the worse one.
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
