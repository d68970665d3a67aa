//! Warm start of a table from demonstrations.
//!
//! The first value of a demonstrated pair is the mean of its demonstrated returns; other pairs keep `initial_value`,
//! which is optimistic if it is above them. While learning, a share of the updates are those of demonstrated steps:
//!
//! ```text
//! Q(s, a) += alpha [ r + gamma max_a' Q(s', a') - Q(s, a) ]
//! ```
//!
//! The demonstrated step of update k is drawn by a random stream of its own, so that a checkpoint needs no state.

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::{Actions, Ending, Purpose, Result, Streams};

use super::core::TabularCore;
use super::exploration::max;
use crate::demonstrations::auto::Methods;
use crate::demonstrations::{WarmStart, returns, sign, steps};

/// Methods of the tabular agents.
pub(super) const METHODS: [&str; 1] = ["demonstrated-returns"];
/// Methods between which `auto` chooses.
pub(super) const AUTO: Methods = Methods { protecting: "jump-start", other: METHODS[0] };
/// Default share of demonstrated steps in the updates.
const SHARE: f64 = 0.15;
/// Index of the random streams of demonstrated steps.
const STREAM: u64 = 1;

/// Demonstrated steps as pairs of a table.
pub(super) struct Demonstrations {
    steps: Vec<TableStep>,
    /// Masks of legal actions after each step, `[n, A]`.
    legal: Vec<bool>,
    /// Demonstrated updates for each environment step.
    rate: f64,
    streams: Streams,
    /// Pairs that the last batch step has changed, with the differences.
    pub(super) changes: Vec<(usize, f64)>,
}

/// Demonstrated step.
struct TableStep {
    pair: usize,
    reward: f64,
    /// Factor of the successor's value: gamma, negative if the opponent moves next, or 0 after termination.
    discount: f64,
    successor: usize,
}

impl Demonstrations {
    /// Demonstrated steps of `set`; sets the first values of their pairs in the table of `core`.
    ///
    /// # Errors
    /// Errors of the discretizer, and of a growing table.
    pub(super) fn new(
        core: &mut TabularCore,
        set: &DemonstrationSet,
        settings: &WarmStart,
        streams: Streams,
    ) -> Result<Self> {
        let a = core.table.actions;
        let share = settings.share.unwrap_or(SHARE);
        let mut all = Demonstrations {
            steps: Vec::new(),
            legal: Vec::new(),
            rate: share / (1.0 - share),
            streams,
            changes: Vec::new(),
        };
        for step in steps(set) {
            let Actions::Discrete(&[action]) = step.action else { continue };
            let pair = core.state_index(step.obs)? * a + action as usize;
            let successor = core.state_index(step.successor.0)?;
            let discount =
                if step.ending == Ending::Terminal { 0.0 } else { core.gamma * sign(step.player_changed) };
            all.steps.push(TableStep { pair, reward: f64::from(step.reward), discount, successor });
            match step.successor.1 {
                [] => all.legal.resize(all.legal.len() + a, true),
                legal => all.legal.extend_from_slice(legal),
            }
        }
        let returns = set.episodes.iter().flat_map(|episode| returns(episode, core.gamma));
        for (step, demonstrated) in all.steps.iter().zip(returns) {
            let visits = &mut core.table.visits[step.pair];
            *visits = visits.saturating_add(1);
            let q = &mut core.table.q[step.pair];
            // The first return replaces the initial value; then a running mean.
            *q = if *visits == 1 { demonstrated } else { *q + (demonstrated - *q) / f64::from(*visits) };
        }
        Ok(all)
    }

    /// Makes the demonstrated updates that are due after the environment steps from `before` to `now`.
    pub(super) fn update(&mut self, core: &mut TabularCore, before: u64, now: u64) -> Result<()> {
        self.changes.clear();
        let due = |step: u64| (step as f64 * self.rate) as u64;
        for k in due(before)..due(now) {
            let mut rng = self.streams.stream(Purpose::Agent, STREAM, k);
            let i = rng.below(self.steps.len() as u32) as usize;
            let TableStep { pair, reward, discount, successor } = self.steps[i];
            let a = core.table.actions;
            let next = max(core.table.row(successor), &self.legal[i * a..(i + 1) * a]);
            let error = reward + discount * next - core.table.q[pair];
            if !error.is_finite() {
                return Err(core.divergence_error(error));
            }
            let change = core.learning_rate(pair) * error;
            core.table.q[pair] += change;
            self.changes.push((pair, change));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use freewheel_core::{Agent, ManagedVectorEnv, World};

    use super::*;
    use crate::demonstrations::Demonstrated;
    use crate::demonstrations::recorded::record;
    use crate::schedule::{RampShape, Schedule};
    use crate::tabular::graph::{Graph, ends, goes_to, greedy_return, one_env};
    use crate::tabular::q_learning::{Config, QLearning};
    use crate::tabular::{Tabular, all};

    fn tabular(set: &Arc<DemonstrationSet>) -> Tabular {
        let warm = WarmStart { demonstrated: Demonstrated::of(Arc::clone(set)), ..WarmStart::default() };
        Tabular { warm_start: Some(warm), ..Tabular::default() }
    }

    /// Chain 0 -> 1 -> 2 -> end with the rewards 1, 2 and 4 of action 0; action 1 ends at once.
    fn chain() -> Graph {
        let state = |to: usize, reward: f32| vec![Some(goes_to(to, reward)), Some(ends(0, 0.0))];
        Graph::new(vec![state(1, 1.0), state(2, 2.0), vec![Some(ends(0, 4.0)), Some(ends(0, 0.0))]], 0)
    }

    #[test]
    fn first_values_are_mean_returns() {
        // Two episodes: 0, 0, 0 with the returns 3, 4, 4 at gamma .5, and action 1 in state 1.
        let set = record(&chain(), 2, 9, 0, |_, _| 0);
        let mut both = (*set).clone();
        both.episodes[1] = record(&chain(), 1, 9, 0, |state, _| u32::from(state == 1)).episodes[0].clone();
        let settings = Tabular { gamma: Some(0.5), initial_value: 7.0, ..tabular(&Arc::new(both)) };
        let agent =
            QLearning::new(chain().spec(), Config { tabular: settings }, one_env(10), Streams::new(0))
                .unwrap();
        // Pair (0, 0): returns 1 + .5 (2 + .5 4) = 3 and 1 + .5 0 = 1, mean 2. The rest keeps 7.
        assert_eq!(agent.core.table.q, [2.0, 7.0, 4.0, 0.0, 4.0, 7.0]);
        assert_eq!(agent.core.table.visits, [2, 0, 1, 1, 1, 0]);
    }

    #[test]
    fn demonstrated_updates_by_hand() {
        let set = record(&chain(), 1, 1, 0, |_, _| 0);
        let warm = WarmStart {
            demonstrated: Demonstrated::of(set),
            share: Some(0.5),
            epsilon: 0.0,
            ..WarmStart::default()
        };
        let settings = Tabular {
            warm_start: Some(warm),
            gamma: Some(0.5),
            learning_rate: Schedule::Constant(0.5),
            ..Tabular::default()
        };
        let config = Config { tabular: settings };
        let mut agent = QLearning::new(chain().spec(), config, one_env(10), Streams::new(0)).unwrap();
        // The demonstration is the one step 0 -> 1, truncated: its return is 1.
        assert_eq!(agent.core.table.q[0], 1.0);
        agent.core.table.q = vec![1.0, 0.0, 8.0, 0.0, 0.0, 0.0];
        agent.learn(&mut chain().batch(1, 0), 1).unwrap();
        // Own update: 1 + .5 (1 + .5 8 - 1) = 3; the demonstrated one: 3 + .5 (5 - 3) = 4.
        assert_eq!(agent.core.table.q[0], 4.0);
    }

    /// Steps after which the greedy policy finds the treasure, at most `limit`.
    fn steps_to_treasure(agent: &mut dyn Agent, n: usize, limit: u64) -> u64 {
        let mut envs = Graph::deep_sea(n).batch(1, 0);
        let mut steps = 0;
        while steps < limit && greedy_return(agent, Graph::deep_sea(n)).0 < 0.9 {
            agent.learn(&mut envs, 100).unwrap();
            envs.take_finished();
            steps += 100;
        }
        steps
    }

    /// All tabular agents find the treasure of DeepSea with 12 rows at once, and not in 20,000 steps from scratch;
    /// the demonstrator takes a random action with probability 0.3, so that few of its episodes reach the treasure.
    #[test]
    fn warm_starts_need_fewer_steps() {
        let n = 12;
        let set = record(&Graph::deep_sea(n), 100, 50, 0, |_, rng| u32::from(!rng.chance(0.15)));
        let reached = set.episodes.iter().filter(|episode| episode.episode_return > 0.9).count();
        assert!((1..40).contains(&reached), "{reached}");
        for factory in all() {
            let table: toml::Table = "warm_start = { demos = \"store\" }".parse().unwrap();
            let world = Graph::deep_sea(n);
            let (spec, budget) = (world.spec().clone(), one_env(20_000));
            let mut scratch = factory.build(&spec, &toml::Table::new(), budget, Streams::new(1)).unwrap();
            let mut empty = factory.build(&spec, &table, budget, Streams::new(1)).unwrap();
            let error = empty.learn(&mut Graph::deep_sea(n).batch(1, 0), 1).unwrap_err().to_string();
            assert!(error.contains("not loaded"), "{error}");
            let mut warm = factory
                .build_from(&*world.shared(), &table, budget, Streams::new(1), Arc::clone(&set))
                .unwrap();
            let (cold, warm) =
                (steps_to_treasure(&mut *scratch, n, 20_000), steps_to_treasure(&mut *warm, n, 20_000));
            assert!(cold >= 3 * warm.max(100), "{}: {cold} {warm}", factory.id());
        }
    }

    /// The bytes do not depend on the calls of `learn`, nor on a checkpoint in between.
    #[test]
    fn resumed_runs_end_in_the_same_bytes() {
        let set = record(&Graph::cliff(), 10, 100, 0, |_, rng| rng.below(4));
        let epsilon = Schedule::Ramp { from: 1.0, to: 0.1, over: 1.0, shape: RampShape::Linear };
        let config = || Config { tabular: Tabular { epsilon, ..tabular(&set) } };
        let new = || QLearning::new(Graph::cliff().spec(), config(), one_env(600), Streams::new(3)).unwrap();
        let (mut whole, mut envs) = (new(), Graph::cliff().batch(1, 3));
        whole.learn(&mut envs, 600).unwrap();
        let (mut first, mut envs) = (new(), Graph::cliff().batch(1, 3));
        first.learn(&mut envs, 251).unwrap();
        let mut second = new();
        second.load(&first.save().unwrap()).unwrap();
        second.learn(&mut envs, 349).unwrap();
        assert_eq!(second.save().unwrap(), whole.save().unwrap());
        let mut cold = QLearning::new(
            Graph::cliff().spec(),
            Config { tabular: Tabular { epsilon, ..Tabular::default() } },
            one_env(600),
            Streams::new(3),
        )
        .unwrap();
        cold.learn(&mut Graph::cliff().batch(1, 3), 600).unwrap();
        assert_ne!(cold.save().unwrap(), whole.save().unwrap());
    }
}
