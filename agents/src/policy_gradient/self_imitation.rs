//! Self-imitation: the agent gathers episodes, keeps the best share of them, clones those, and again.
//!
//! ```text
//! loss = -mean ln pi(a|s) - ent_coef mean H        over the steps of the kept episodes
//! ```
//!
//! The cross-entropy method with a policy network (Rubinstein 1999; Oh et al. 2018, arXiv 1806.05635, for the name):
//! filtered cloning whose demonstrator is the agent itself. The kept episodes compete with the new ones, so that the
//! best are never lost; in a world with random rewards this favors lucky ones. It needs no value function.

use freewheel_core::{Agent, Error, MetricSink, Policy, PolicyMode, Result, Spec, Streams, VectorEnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor_critic::ActorCritic;
use super::rollout::Losses;
use super::settings::PolicyGradient;
use super::trajectory::Trajectory;
use crate::Budget;
use crate::estimator::rows::shuffle;
use crate::memory;
use crate::nn::model::candle_error;
use crate::schedule::Schedule;
use crate::settings::within;

/// One-line description in the list of agents.
pub const ABOUT: &str =
    "Self-imitation: clones its own best episodes (cross-entropy method, Rubinstein 1999)";

/// Settings of [`SelfImitation`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)] // serde cannot deny unknown fields through two flattenings; `settings::read` does.
pub struct Config {
    /// New episodes per update, 1 to 100000.
    pub num_episodes: u32,
    /// Kept episodes as a share of num_episodes, above 0 and at most 1.
    pub keep_share: f64,
    /// Epochs over the kept episodes per update, 1 to 1000.
    pub num_epochs: u32,
    /// Steps of a minibatch, at least 1.
    pub minibatch_size: u32,
    /// Settings of all policy-gradient agents.
    #[serde(flatten, deserialize_with = "freewheel_core::settings::flattened")]
    pub policy_gradient: PolicyGradient,
}

impl Default for Config {
    fn default() -> Self {
        let policy_gradient = PolicyGradient {
            learning_rate: Schedule::Constant(1e-3),
            ent_coef: Schedule::Constant(0.01),
            // Returns of different updates are compared.
            normalize_rewards: false,
            ..PolicyGradient::default()
        };
        Config { num_episodes: 32, keep_share: 0.2, num_epochs: 4, minibatch_size: 64, policy_gradient }
    }
}

impl Config {
    /// Checks the settings for worlds with the observations and actions of `spec`, without building an agent.
    pub(super) fn check(&self, spec: &Spec, budget: Budget) -> Result<()> {
        within("num_episodes", f64::from(self.num_episodes), 1.0, 1e5)?;
        within("keep_share", self.keep_share, f64::MIN_POSITIVE, 1.0)?;
        within("num_epochs", f64::from(self.num_epochs), 1.0, 1000.0)?;
        within("minibatch_size", f64::from(self.minibatch_size), 1.0, f64::from(u32::MAX))?;
        if self.policy_gradient.normalize_rewards {
            let message =
                "normalize_rewards = true: this agent compares returns of different updates; leave it out";
            return Err(Error::setting("normalize_rewards", message));
        }
        if spec.players > 1 {
            return Err(Error::Config(format!(
                "world {} has two players: the best episodes of one are the worst of the other",
                spec.id
            )));
        }
        let (_, network) = ActorCritic::check(spec, &self.policy_gradient, budget)?;
        memory::require_network(&network, "minibatch_size", self.minibatch_size as usize)
    }

    /// Number of kept episodes, at least 1.
    fn kept(&self) -> usize {
        ((self.keep_share * f64::from(self.num_episodes)).ceil() as usize).max(1)
    }
}

/// Self-imitation agent.
///
/// ```
/// # use freewheel_agents::{Budget, example::Corridor, policy_gradient::self_imitation::{Config, SelfImitation}};
/// # use freewheel_core::{Agent, PolicyMode, Streams, VectorEnv};
/// let mut envs = Corridor::batch(8, 0);
/// let budget = Budget { steps: 16384, num_envs: 8 };
/// let mut agent = SelfImitation::new(envs.spec(), Config::default(), budget, Streams::new(0))?;
/// agent.learn(&mut envs, budget.steps)?;
/// let mut probabilities = [0.0; 2];
/// agent.policy(PolicyMode::Greedy).action_values(&[2.0], &[true; 2], &mut probabilities);
/// assert!(probabilities[1] > 0.5, "right, towards the goal");
/// # Ok::<(), freewheel_core::Error>(())
/// ```
pub struct SelfImitation {
    config: Config,
    actor_critic: ActorCritic,
    /// Running episode of each environment, `[N]`.
    running: Vec<Trajectory>,
    /// Kept episodes, best first, then the new ones since the last update.
    episodes: Vec<Trajectory>,
    /// Number of new episodes since the last update.
    new: u32,
}

impl Agent for SelfImitation {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        for _ in 0..self.actor_critic.begin_learning(envs, steps)? {
            self.actor_critic.collect_step(envs)?;
            let ended = Trajectory::push_all(&mut self.running, &self.actor_critic.batch);
            self.new += ended.len() as u32;
            self.episodes.extend(ended);
            if self.new >= self.config.num_episodes {
                self.update()?;
            }
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        self.actor_critic.policy(mode, false)
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        self.actor_critic.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        self.actor_critic.save(&(&self.running, &self.episodes, self.new))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let (num_envs, shape) = (self.actor_critic.num_envs(), self.actor_critic.step_shape());
        let (kept, num_episodes) = (self.config.kept(), self.config.num_episodes);
        let is_valid = |(running, episodes, new): &(Vec<Trajectory>, Vec<Trajectory>, u32)| {
            running.len() == num_envs
                && running.iter().chain(episodes).all(|trajectory| trajectory.is_valid(&shape))
                && *new < num_episodes
                && (*new as usize..=*new as usize + kept).contains(&episodes.len())
        };
        (self.running, self.episodes, self.new) = self.actor_critic.load(bytes, is_valid)?;
        Ok(())
    }
}

impl SelfImitation {
    /// Agent with new parameters.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for a world of two players, or without
    /// observations or actions.
    pub fn new(spec: &Spec, config: Config, budget: Budget, streams: Streams) -> Result<Self> {
        config.check(spec, budget)?;
        let actor_critic =
            ActorCritic::new("self-imitation", spec, &config.policy_gradient, budget, streams)?;
        let running = vec![Trajectory::default(); actor_critic.num_envs()];
        Ok(SelfImitation { config, actor_critic, running, episodes: Vec::new(), new: 0 })
    }

    /// Keeps the best episodes and makes epochs of gradient steps on them.
    fn update(&mut self) -> Result<()> {
        self.new = 0;
        let gamma = f64::from(self.actor_critic.gamma);
        keep_best(&mut self.episodes, self.config.kept(), gamma);
        let mut all = Trajectory::default();
        self.episodes.iter().for_each(|episode| all.append(&mut episode.clone()));
        let n = all.steps.len();
        let actor_critic = &mut self.actor_critic;
        actor_critic.means.add("kept_return", self.episodes.first().map_or(0.0, |best| score(best, gamma)));
        let mut order: Vec<u32> = (0..n as u32).collect();
        for _ in 0..self.config.num_epochs {
            shuffle(&mut order, &mut actor_critic.rng);
            for rows in order.chunks(self.config.minibatch_size as usize) {
                let obs = select(&all.obs, n, rows);
                actor_critic.catch_up(&obs)?;
                let (actions, legal) = (select(&all.actions, n, rows), select(&all.legal, n, rows));
                let (evaluation, warm) = actor_critic.evaluate_warm(obs, actions, legal)?;
                let ent_coef = actor_critic.ent_coef();
                let losses = || -> candle_core::Result<_> {
                    Ok(Losses {
                        policy: evaluation.get(0)?.mean_all()?.neg()?,
                        value: None,
                        entropy: evaluation.get(1)?.mean_all()?,
                        vf_coef: 0.0,
                        ent_coef,
                        warm,
                    })
                };
                actor_critic.gradient_step(&losses().map_err(candle_error)?, &evaluation)?;
            }
        }
        actor_critic.end_update()
    }
}

/// Keeps the `count` episodes with the greatest returns, best first; of equal returns the earlier one is better.
fn keep_best(episodes: &mut Vec<Trajectory>, count: usize, gamma: f64) {
    episodes.sort_by(|a, b| score(b, gamma).total_cmp(&score(a, gamma)));
    episodes.truncate(count);
}

/// Discounted return of an episode.
fn score(episode: &Trajectory, gamma: f64) -> f64 {
    episode.steps.iter().rev().fold(0.0, |next, step| f64::from(step.reward) + gamma * next)
}

/// Rows of `data [n, width]` with the indices `rows [B]`, `[B, width]`.
fn select<T: Copy>(data: &[T], n: usize, rows: &[u32]) -> Vec<T> {
    let width = data.len() / n.max(1);
    rows.iter().flat_map(|&i| &data[i as usize * width..(i as usize + 1) * width]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy_gradient::advantage::Step;
    use crate::tabular::graph::{Graph, greedy_return};

    #[test]
    fn the_best_are_kept_by_hand() {
        let episode = |rewards: &[f32]| Trajectory {
            steps: rewards.iter().map(|&reward| Step { reward, ..Step::default() }).collect(),
            ..Trajectory::default()
        };
        // Returns at gamma .5: 1, 2, 1.5, 2.
        let mut all = vec![episode(&[1.0]), episode(&[2.0]), episode(&[1.0, 1.0]), episode(&[1.0, 2.0])];
        assert_eq!(all.iter().map(|it| score(it, 0.5)).collect::<Vec<_>>(), [1.0, 2.0, 1.5, 2.0]);
        keep_best(&mut all, 3, 0.5);
        let lengths: Vec<usize> = all.iter().map(|it| it.steps.len()).collect();
        assert_eq!(lengths, [1, 2, 2]);
    }

    /// A maze with one reward at the goal: the agent finds a shortest path, 6 steps.
    #[test]
    fn finds_the_shortest_path() {
        let maze = || Graph::maze(&["S..#.", ".#...", "...#G"]).with_limit(60);
        let budget = Budget { steps: 40_000, num_envs: 8 };
        let mut agent =
            SelfImitation::new(maze().spec(), Config::default(), budget, Streams::new(1)).unwrap();
        agent.learn(&mut maze().batch(8, 0), budget.steps).unwrap();
        let (score, length) = greedy_return(&agent, maze());
        assert!(length == 6 && score > 0.77, "{score} {length}");
    }

    #[test]
    fn resumed_runs_end_in_the_same_bytes() {
        let budget = Budget { steps: 3000, num_envs: 2 };
        let new = || {
            let config = Config { num_episodes: 4, ..Config::default() };
            SelfImitation::new(Graph::deep_sea(5).spec(), config, budget, Streams::new(2)).unwrap()
        };
        let (mut whole, mut envs) = (new(), Graph::deep_sea(5).batch(2, 3));
        whole.learn(&mut envs, 3000).unwrap();
        let (mut first, mut envs) = (new(), Graph::deep_sea(5).batch(2, 3));
        first.learn(&mut envs, 1110).unwrap();
        let mut second = new();
        second.load(&first.save().unwrap()).unwrap();
        second.learn(&mut envs, 1890).unwrap();
        assert_eq!(second.save().unwrap(), whole.save().unwrap());
    }
}
