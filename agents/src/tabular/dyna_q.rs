//! Dyna-Q: Q-learning that remembers what the world did, and goes on learning from that between its steps.
//!
//! ```text
//! a real step:          Q(s, a) += alpha [ r + gamma max_a' Q(s', a') - Q(s, a) ];   Model(s, a) learns (r, s')
//! then, so many times:  pick a pair x = (s, a) that was tried before
//!                       Q(x) += planning_learning_rate [ E_Model( r + gamma max_a' Q(s', a') ) + kappa sqrt(tau(x)) - Q(x) ]
//! ```
//!
//! Sutton, "Integrated architectures for learning, planning, and reacting", 1990; Sutton & Barto, sections 8.2 to 8.4.
//! Which pair is picked: the one whose value is most in error, and then those that lead to it (prioritized sweeping;
//! Moore & Atkeson, Machine Learning 13, 1993), or any with equal probability. tau is the number of environment steps
//! since x was last tried (Dyna-Q+), so that a world that has changed is noticed. The table is `[S, A]`.

mod model;
mod queue;

use freewheel_core::{
    Agent, Error, MetricSink, Mode, Policy, Purpose, Result, Spec, Stream, Streams, VectorEnv,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::model::Model;
use self::queue::Queue;
use super::core::{TabularCore, unless_terminal};
use super::exploration::max;
use super::settings::Tabular;
use super::table::Table;
use crate::Budget;
use crate::settings::within;

/// For the list of agents.
pub const ABOUT: &str =
    "Dyna-Q: Q-learning, and planning with a learned model (Sutton 1990; Moore & Atkeson 1993)";

/// Settings of [`DynaQ`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Planned updates after each environment step, at most so many when prioritized, 0 to 100000; 0 is Q-learning.
    pub planning_steps: u32,
    /// Learning rate of planned updates, above 0 and at most 1; 1 is right where the model holds no noise.
    pub planning_learning_rate: f64,
    /// Plans where values are most in error first; otherwise anywhere with equal probability.
    pub prioritized: bool,
    /// Errors up to this are not worth a planned update when prioritized, in units of return, at least 0.
    pub theta: f64,
    /// What the model expects of a pair: "average" over all it has seen, or the "latest", for worlds that change.
    pub model: Expects,
    /// Dyna-Q+: bonus for the root of the steps a pair was left untried, in units of reward, at least 0; 0 is none.
    pub kappa: f64,
    /// What all tabular agents are told.
    #[serde(flatten)]
    pub tabular: Tabular,
}

/// What a model expects of a pair that has led to different outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expects {
    /// All of them, each as often as it was seen.
    #[default]
    Average,
    /// The last one again.
    Latest,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            planning_steps: 10,
            planning_learning_rate: 1.0,
            prioritized: true,
            theta: 1e-4,
            model: Expects::Average,
            kappa: 0.0,
            tabular: Tabular::default(),
        }
    }
}

impl Config {
    fn validate(&self) -> Result<()> {
        within("planning_steps", f64::from(self.planning_steps), 0.0, 1e5)?;
        within("planning_learning_rate", self.planning_learning_rate, f64::MIN_POSITIVE, 1.0)?;
        within("theta", self.theta, 0.0, f64::MAX)?;
        within("kappa", self.kappa, 0.0, f64::MAX)?;
        if self.kappa > 0.0 && self.prioritized {
            return Err(Error::Config(format!(
                "kappa = {} needs prioritized = false: the bonus grows everywhere at once, and a queue sees only changes",
                self.kappa
            )));
        }
        Ok(())
    }
}

/// The learner; see the module.
pub struct DynaQ {
    pub(super) core: TabularCore,
    config: Config,
    model: Model,
    queue: Queue,
    /// Picks pairs where they are not prioritized.
    rng: Stream,
    planned: u64,
}

impl DynaQ {
    /// With an untouched table and a model that knows nothing.
    ///
    /// # Errors
    /// [`Error::Config`] for a setting out of range or a world without counted actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.validate()?;
        let core = TabularCore::new("dyna-q", spec, &config.tabular, budget, streams)?;
        let model = Model::new(spec.actions.count(), spec.masked, config.model, config.kappa);
        let rng = streams.stream(Purpose::Agent, 0, 0);
        Ok(DynaQ { core, model, queue: Queue::default(), rng, config, planned: 0 })
    }

    /// Plans after a real step.
    fn plan(&mut self) -> Result<()> {
        for _ in 0..self.config.planning_steps {
            let picked =
                if self.config.prioritized { self.queue.pop() } else { self.model.any(&mut self.rng) };
            let Some(pair) = picked else { break };
            let error = self.error(pair);
            if !error.is_finite() {
                return Err(self.core.diverged(error));
            }
            self.core.table.q[pair] += self.config.planning_learning_rate * error;
            self.planned += 1;
            if self.config.prioritized {
                self.sweep(pair / self.core.table.actions);
            }
        }
        Ok(())
    }

    /// How far the value of a pair is from what the model expects.
    fn error(&self, pair: usize) -> f64 {
        let target = self.model.target(pair, &self.core.table, self.core.gamma, self.core.step());
        target - self.core.table.q[pair]
    }

    /// The value of a state has moved: queues the pairs that lead to it, where theirs should follow.
    fn sweep(&mut self, state: usize) {
        for pair in self.model.predecessors(state) {
            let target = self.model.target(pair, &self.core.table, self.core.gamma, 0);
            self.queue.push(pair, (target - self.core.table.q[pair]).abs(), self.config.theta);
        }
    }
}

impl Agent for DynaQ {
    fn learn(&mut self, episodes: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.core.begin(episodes, steps)? {
            let (view, plans) = (episodes.view(), self.config.planning_steps > 0);
            for row in (0..view.num_envs).filter(|_| plans) {
                self.model.enter(self.core.states[row], view.legal_row(row));
            }
            self.core.act(episodes)?;
            let view = episodes.view();
            for row in 0..view.num_envs {
                let (core, (obs, legal)) = (&mut self.core, view.successor(row));
                let (pair, successor) = (core.pair(row), core.see(obs)?);
                let next = unless_terminal(view.ending[row], || max(core.table.row(successor), legal));
                let reward = f64::from(view.reward[row]);
                let td_error = core.update(pair, reward + core.discount(row, &view) * next)?;
                if plans {
                    let sign = unless_terminal(view.ending[row], || core.sign(row, &view));
                    if sign != 0.0 {
                        self.model.enter(successor, legal);
                    }
                    self.model.learn(pair, reward, successor, sign, core.step());
                    if self.config.prioritized {
                        self.queue.push(pair, td_error.abs(), self.config.theta);
                    }
                    self.plan()?;
                }
                self.core.arrive(row, &view, successor)?;
            }
            self.core.tick();
        }
        Ok(())
    }

    fn policy(&self, mode: Mode) -> Box<dyn Policy> {
        self.core.policy(mode)
    }

    fn report(&mut self, monitor: &mut dyn MetricSink) {
        self.core.report(monitor);
        monitor.scalar("planned", self.planned as f64);
        monitor.scalar("pairs_known", self.model.pairs_known() as f64);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.core.save(&(&self.model, self.queue.waiting(), &self.rng, self.planned))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        type Own = (Model, Vec<(u64, f64)>, Stream, u64);
        let fits = |(model, waiting, ..): &Own, table: &Table| {
            model.fits(&self.model, table.q.len())
                && waiting.iter().all(|(pair, _)| *pair < table.q.len() as u64)
        };
        let (model, waiting, rng, planned) = self.core.load(bytes, fits)?;
        (self.model, self.queue) = (model, Queue::from_waiting(&waiting));
        (self.rng, self.planned) = (rng, planned);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::tabular::graph::{Graph, alone, end, go};

    /// 0 -(0)-> 1 -(0)-> 2 -(1)-> the end, one action each.
    fn line() -> Graph {
        Graph::new(vec![vec![Some(go(1, 0.0))], vec![Some(go(2, 0.0))], vec![Some(end(0, 1.0))]], 0)
    }

    fn learner(config: Config) -> DynaQ {
        let tabular =
            Tabular { learning_rate: Schedule::Constant(0.5), gamma: Some(0.5), ..Tabular::default() };
        DynaQ::new(line().look(), Config { tabular, ..config }, alone(1), Streams::new(0)).unwrap()
    }

    #[test]
    fn a_surprise_is_swept_back_at_once() {
        let after = |planning_steps| {
            let mut dyna = learner(Config { planning_steps, ..Config::default() });
            dyna.learn(&mut line().batch(1, 0), 3).unwrap();
            (dyna.core.table.q, dyna.queue.waiting())
        };
        // The real step: .5. Then its own backup: 1; what led there: .5; what led there: .25.
        assert_eq!(after(1), (vec![0.0, 0.0, 1.0], vec![(1, 0.5)]));
        assert_eq!(after(2), (vec![0.0, 0.5, 1.0], vec![(0, 0.25)]));
        assert_eq!(after(3), (vec![0.25, 0.5, 1.0], vec![]));
        assert_eq!(after(100), (vec![0.25, 0.5, 1.0], vec![]));
    }

    #[test]
    fn theta_stops_the_sweep() {
        let mut dyna = learner(Config { theta: 0.3, ..Config::default() });
        dyna.learn(&mut line().batch(1, 0), 3).unwrap();
        assert_eq!(dyna.core.table.q, [0.0, 0.5, 1.0]);
    }

    #[test]
    fn planning_picks_among_what_was_tried() {
        let mut dyna = learner(Config {
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
