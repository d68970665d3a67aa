//! Dyna-Q: Q-learning, with additional updates from a learned model between the environment steps.
//!
//! ```text
//! environment step:  Q(s, a) += alpha [ r + gamma max_a' Q(s', a') - Q(s, a) ];   Model(s, a) learns (r, s')
//! planning, repeat:  select a pair x = (s, a) that was tried before
//!                    Q(x) += beta [ E_Model( r + gamma max_a' Q(s', a') ) + kappa sqrt(tau(x)) - Q(x) ]
//! ```
//!
//! Sutton, "Integrated architectures for learning, planning, and reacting", 1990; Sutton & Barto, sections 8.2 to 8.4.
//! Planning updates the pairs with the largest errors first and then their predecessors (prioritized sweeping; Moore &
//! Atkeson, Machine Learning 13, 1993), or random pairs. tau is the number of environment steps since x was last tried
//! (Dyna-Q+): the bonus kappa sqrt(tau) detects changes of the world. beta is `planning_learning_rate`. The
//! table is `[S, A]`.

mod model;
mod queue;

use freewheel_core::{
    Agent, Error, MetricSink, Policy, PolicyMode, Purpose, Result, Spec, Stream, Streams, Update, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::model::Model;
use self::queue::Queue;
use super::core::{Change, TabularCore, TargetSymbols, unless_terminal};
use super::exploration::max;
use super::settings::Tabular;
use super::table::Table;
use crate::Budget;
use crate::progress::MAX_COUNT;
use crate::settings::within;

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "Dyna-Q: Q-learning, and planning with a learned model (Sutton 1990; Moore & Atkeson 1993)";

/// Maximum number of updates of a batch step that are kept for an explanation.
const MAX_KEPT: usize = 32;

/// Settings of [`DynaQ`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Planned updates after each environment step (when prioritized, at most), 0 to 100000; 0 is Q-learning.
    pub planning_steps: u32,
    /// Learning rate of planned updates, above 0 and at most 1; 1 suits deterministic worlds.
    pub planning_learning_rate: f64,
    /// Plan the pairs with the largest errors first; otherwise random pairs.
    pub prioritized: bool,
    /// Minimum error for a planned update when prioritized, in units of return, at least 0.
    pub theta: f64,
    /// Outcome of a pair in the model: the "average" of all observed ones, or the "latest", for worlds that change.
    pub model: OutcomeModel,
    /// Dyna-Q+: bonus per square root of the steps since a pair was tried, in units of reward, at least 0; 0 for none.
    pub kappa: f64,
    /// Settings of all tabular agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub tabular: Tabular,
}

/// Choice of the outcome that the model predicts for a state-action pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeModel {
    /// Average of all observed outcomes.
    #[default]
    Average,
    /// Latest observed outcome, for worlds that change.
    Latest,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            planning_steps: 10,
            planning_learning_rate: 1.0,
            prioritized: true,
            theta: 1e-4,
            model: OutcomeModel::Average,
            kappa: 0.0,
            tabular: Tabular::default(),
        }
    }
}

impl Config {
    pub(super) fn validate(&self) -> Result<()> {
        within("planning_steps", f64::from(self.planning_steps), 0.0, 1e5)?;
        within("planning_learning_rate", self.planning_learning_rate, f64::MIN_POSITIVE, 1.0)?;
        within("theta", self.theta, 0.0, f64::MAX)?;
        within("kappa", self.kappa, 0.0, f64::MAX)?;
        if self.kappa > 0.0 && self.prioritized {
            return Err(Error::setting(
                "kappa",
                format!(
                    "kappa = {} needs prioritized = false: the bonus changes all pairs, a queue holds only some",
                    self.kappa
                ),
            ));
        }
        Ok(())
    }
}

/// Dyna-Q agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, tabular::dyna_q::{Config, DynaQ}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(1, 0);
/// let budget = Budget { steps: 10_000, num_envs: 1 };
/// let mut agent = DynaQ::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut q = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut q);
/// assert!(q[1] > q[0], "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct DynaQ {
    pub(super) core: TabularCore,
    config: Config,
    model: Model,
    queue: Queue,
    /// Random stream for the choice of pairs when not prioritized.
    rng: Stream,
    /// Number of planned updates.
    planned: u64,
}

impl Agent for DynaQ {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.core.begin_learning(envs, steps)? {
            let (view, planning) = (envs.view(), self.config.planning_steps > 0);
            for env in (0..view.num_envs).filter(|_| planning) {
                self.model.add_state(self.core.states[env], view.legal_row(env));
            }
            self.core.act(envs)?;
            let view = envs.view();
            for env in 0..view.num_envs {
                let (core, (obs, legal)) = (&mut self.core, view.successor(env));
                let (pair, successor) = (core.pair_index(env), core.state_index(obs)?);
                let next = unless_terminal(view.ending[env], || max(core.table.row(successor), legal));
                let reward = f64::from(view.reward[env]);
                let discount = core.discount(env, &view);
                let td_error = core.update(pair, reward + discount * next, || {
                    TargetSymbols::one_step("max Q(s',·)", reward, discount, next, view.ending[env])
                })?;
                if planning {
                    let sign = unless_terminal(view.ending[env], || core.next_sign(env, &view));
                    if sign != 0.0 {
                        self.model.add_state(successor, legal);
                    }
                    self.model.update(pair, reward, successor, sign, core.step());
                    if self.config.prioritized {
                        self.queue.push(pair, td_error.abs(), self.config.theta);
                    }
                    self.plan()?;
                }
                self.core.advance(env, &view, successor)?;
            }
            self.core.end_step()?;
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

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.core.report(metrics);
        metrics.scalar("planned", self.planned as f64);
        metrics.scalar("pairs_known", self.model.pairs_known() as f64);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.core.save(&(&self.model, self.queue.entries(), &self.rng, self.planned))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type State = (Model, Vec<(u64, f64)>, Stream, u64);
        let is_valid = |(model, entries, _, planned): &State, table: &Table| {
            model.is_compatible(&self.model, table.q.len())
                && entries.iter().all(|(pair, priority)| model.has_pair(*pair) && *priority > 0.0)
                && *planned <= MAX_COUNT
        };
        let (model, entries, rng, planned) = self.core.load(bytes, is_valid)?;
        (self.model, self.queue) = (model, Queue::from_entries(&entries));
        (self.rng, self.planned) = (rng, planned);
        Ok(())
    }
}

impl DynaQ {
    /// Agent with an initial table and an empty model.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for a world without discrete actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.validate()?;
        let core = TabularCore::new("dyna-q", spec, &config.tabular, budget, streams)?;
        let model = Model::new(spec.actions.count(), spec.masked, config.model, config.kappa);
        let rng = streams.stream(Purpose::Agent, 0, 0);
        Ok(DynaQ { core, model, queue: Queue::default(), rng, config, planned: 0 })
    }

    /// Makes the planned updates after an environment step.
    fn plan(&mut self) -> Result<()> {
        for _ in 0..self.config.planning_steps {
            let next = if self.config.prioritized {
                self.queue.pop()
            } else {
                self.model.random_pair(&mut self.rng)
            };
            let Some(pair) = next else { break };
            let error = self.error(pair);
            if !error.is_finite() {
                return Err(self.core.divergence_error(error));
            }
            let (old, step_size) = (self.core.table.q[pair], self.config.planning_learning_rate);
            self.core.table.q[pair] += step_size * error;
            self.planned += 1;
            if self.core.updates.as_ref().is_some_and(|updates| updates.len() < MAX_KEPT) {
                let target = "E[r + γ max Q(s',·)]";
                let symbols = TargetSymbols::new(target, vec![(target, old + error)])
                    .note("planned: expectation in the learned model");
                let change = Change { pair, old, step_size, error };
                self.core.keep_update("Q(s,a)", change, self.core.table.q[pair], symbols);
            }
            if self.config.prioritized {
                self.queue_predecessors(pair / self.core.table.actions);
            }
        }
        Ok(())
    }

    /// Error of a state-action pair: target in the model minus current value.
    fn error(&self, pair: usize) -> f64 {
        let target = self.model.target(pair, &self.core.table, self.core.gamma, self.core.step());
        target - self.core.table.q[pair]
    }

    /// Adds the predecessors of a state whose value has changed to the queue.
    fn queue_predecessors(&mut self, state: usize) {
        for pair in self.model.predecessors(state) {
            let target = self.model.target(pair, &self.core.table, self.core.gamma, 0);
            self.queue.push(pair, (target - self.core.table.q[pair]).abs(), self.config.theta);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, ends, goes_to, one_env};

    /// Chain 0 -(0)-> 1 -(0)-> 2 -(1)-> end, one action each.
    fn line() -> Graph {
        Graph::new(
            vec![vec![Some(goes_to(1, 0.0))], vec![Some(goes_to(2, 0.0))], vec![Some(ends(0, 1.0))]],
            0,
        )
    }

    fn agent(config: Config) -> DynaQ {
        let tabular =
            Tabular { learning_rate: Schedule::Constant(0.5), gamma: Some(0.5), ..Tabular::default() };
        DynaQ::new(line().spec(), Config { tabular, ..config }, one_env(1), Streams::new(0)).unwrap()
    }

    #[test]
    fn changes_are_propagated_to_predecessors() {
        let after = |planning_steps| {
            let mut dyna = agent(Config { planning_steps, ..Config::default() });
            dyna.learn(&mut line().batch(1, 0), 3).unwrap();
            (dyna.core.table.q, dyna.queue.entries())
        };
        // The environment step: .5. Then the planned updates: 1 in the last state, .5 in its predecessor, .25 in the
        // first state.
        assert_eq!(after(1), (vec![0.0, 0.0, 1.0], vec![(1, 0.5)]));
        assert_eq!(after(2), (vec![0.0, 0.5, 1.0], vec![(0, 0.25)]));
        assert_eq!(after(3), (vec![0.25, 0.5, 1.0], vec![]));
        assert_eq!(after(100), (vec![0.25, 0.5, 1.0], vec![]));
    }

    #[test]
    fn theta_stops_planning() {
        let mut dyna = agent(Config { theta: 0.3, ..Config::default() });
        dyna.learn(&mut line().batch(1, 0), 3).unwrap();
        assert_eq!(dyna.core.table.q, [0.0, 0.5, 1.0]);
    }

    #[test]
    fn random_planning_uses_tried_pairs() {
        let mut dyna = agent(Config {
            planning_steps: 1000,
            planning_learning_rate: 0.5,
            prioritized: false,
            ..Config::default()
        });
        dyna.learn(&mut line().batch(1, 0), 2).unwrap();
        assert_eq!((dyna.core.table.q.clone(), dyna.model.pairs_known()), (vec![0.0; 3], 2));
        dyna.learn(&mut line().batch(1, 1), 3).unwrap();
        let expected = [0.25, 0.5, 1.0];
        let q = &dyna.core.table.q;
        assert!(q.iter().zip(expected).all(|(q, expected)| (q - expected).abs() < 1e-12), "{q:?}");
    }
}
