//! Episodes whose first steps are demonstrated: warm starts of every agent that steps environments.
//!
//! | method | first h steps of an episode | source |
//! |---|---|---|
//! | `jump-start` | those of a clone of the demonstrations | Uchendu et al. 2022, arXiv 2204.02372 |
//! | `demonstrated-states` | those of a recorded episode, from its seed | Salimans & Chen 2018, arXiv 1812.03381 |
//!
//! ```text
//! h = floor(u f T),   u uniform in 0..1,   T the length of a random demonstration,   f falls linearly from 1 to 0
//! ```
//!
//! The agent gets the steps after the opening; those of the opening count as environment steps of the run. f reaches 0
//! after the share `over` of the steps: the agent ends with whole episodes of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::{
    Agent, Error, MetricSink, ObservationSpace, Opener, Opening, Policy, PolicyMode, Purpose, Result, Spec,
    Streams, Update, VectorEnv,
};

use super::{WarmStart, not_loaded};
use crate::Budget;
use crate::offline::cloning;
use crate::progress::{MAX_COUNT, decode};

/// Methods of a warm start that choose the first steps of episodes.
pub(crate) const METHODS: [&str; 2] = ["jump-start", "demonstrated-states"];
/// First index of the random streams of the openings, one index for each environment.
const STREAM: u64 = 1 << 32;

/// Estimator of a clone: exact for an index, smooth for numbers.
pub(crate) fn clone_estimator(spec: &Spec) -> &'static str {
    match spec.observation {
        ObservationSpace::Discrete { .. } => "tree",
        ObservationSpace::Box { .. } => "mlp",
    }
}

/// Openings from demonstrations.
struct Demonstrated {
    set: Arc<DemonstrationSet>,
    /// Clone of the demonstrations; `None` for recorded steps.
    guide: Option<Box<dyn Policy>>,
    streams: Streams,
    /// Bits of the factor f.
    factor: AtomicU64,
    /// Steps that openings have made since the last [`Demonstrated::take`].
    made: AtomicU64,
}

impl Demonstrated {
    fn take(&self) -> u64 {
        self.made.swap(0, Ordering::Relaxed)
    }
}

impl Opener for Demonstrated {
    fn opening(&self, index: u64, episode: u64) -> Opening<'_> {
        let factor = f64::from_bits(self.factor.load(Ordering::Relaxed));
        let mut rng = self.streams.stream(Purpose::Agent, STREAM + index, episode);
        let shown = &self.set.episodes[rng.below(self.set.episodes.len() as u32) as usize];
        let steps = (rng.uniform() * factor * shown.len() as f64) as u32;
        match (&self.guide, shown.origin) {
            _ if steps == 0 => Opening::None,
            (Some(guide), _) => Opening::Guided { policy: &**guide, steps, rng },
            (None, Some(origin)) => {
                let streams = Streams::new(origin.streams.seed);
                let stream = streams.stream(origin.streams.purpose, origin.streams.index, origin.episode);
                Opening::Recorded { stream, before: &shown.opening, actions: &shown.actions, steps }
            }
            (None, None) => Opening::None,
        }
    }

    fn count(&self, steps: u32) {
        self.made.fetch_add(u64::from(steps), Ordering::Relaxed);
    }
}

/// Agent in whose episodes the first steps are demonstrated.
pub(crate) struct Opened {
    agent: Box<dyn Agent>,
    settings: WarmStart,
    budget: Budget,
    /// `None` until the demonstrations are loaded.
    openings: Option<Arc<Demonstrated>>,
    /// Environment steps that were asked for, and those that were made, with the openings.
    requested: u64,
    spent: u64,
}

impl Opened {
    /// `agent` with openings by the method of `settings`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a setting out of range; [`Error::Config`] for demonstrations of another world, or without
    /// seeds to replay them from.
    pub(crate) fn new(
        agent: Box<dyn Agent>,
        settings: WarmStart,
        spec: &Spec,
        budget: Budget,
        streams: Streams,
    ) -> Result<Self> {
        let method = settings.check(&METHODS)?;
        let openings = match settings.demonstrated.episodes(spec)? {
            None => None,
            Some(set) => {
                let is_guided = method == METHODS[0];
                if !is_guided && set.episodes.iter().all(|episode| episode.origin.is_none()) {
                    let demos = &settings.demonstrated.demos;
                    let why = format!(
                        "{demos}: these episodes have no seeds, which {method} needs; use {}",
                        METHODS[0]
                    );
                    return Err(Error::Config(why));
                }
                let guide = is_guided.then(|| cloning::greedy(spec, &set, streams)).transpose()?;
                let (factor, made) = (AtomicU64::new(1f64.to_bits()), AtomicU64::new(0));
                Some(Arc::new(Demonstrated { set, guide, streams, factor, made }))
            }
        };
        Ok(Opened { agent, settings, budget, openings, requested: 0, spent: 0 })
    }

    /// Factor f of the lengths of the openings.
    fn factor(&self) -> f64 {
        WarmStart { weight: 1.0, ..self.settings.clone() }.weight_at(self.spent, self.budget.steps)
    }
}

impl Agent for Opened {
    fn learn(&mut self, envs: &mut dyn VectorEnv, steps: u64) -> Result<()> {
        let Some(openings) = self.openings.clone() else {
            return Err(not_loaded(&self.settings.demonstrated.demos));
        };
        if !envs.set_opener(Arc::clone(&openings) as Arc<dyn Opener>) {
            let method = self.settings.method.as_deref().unwrap_or_default();
            let why =
                format!("{method} needs the observations of the world; leave out frame_stack and encoder");
            return Err(Error::Config(why));
        }
        let n = envs.view().num_envs as u64;
        self.requested = self.requested.saturating_add(steps);
        // One batch step at a time, so that the result does not depend on the calls.
        while self.spent < self.requested {
            openings.factor.store(self.factor().to_bits(), Ordering::Relaxed);
            self.agent.learn(envs, n)?;
            self.spent += n + openings.take();
        }
        Ok(())
    }

    fn policy(&self, mode: PolicyMode) -> Box<dyn Policy> {
        self.agent.policy(mode)
    }

    fn learns(&self) -> bool {
        self.agent.learns()
    }

    fn keep_updates(&mut self) -> bool {
        self.agent.keep_updates()
    }

    fn last_updates(&self) -> &[Update] {
        self.agent.last_updates()
    }

    fn abandon_episodes(&mut self) {
        self.agent.abandon_episodes();
    }

    fn report(&mut self, metrics: &mut dyn MetricSink) {
        metrics.scalar("opening_factor", self.factor());
        self.agent.report(metrics);
    }

    fn save(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(&("opened", self.requested, self.spent, self.agent.save()?))
            .map_err(|e| Error::Unsupported(format!("the agent cannot be saved: {e}")))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let refuse = |why: &str| Error::Config(format!("this is not a saved agent with openings: {why}"));
        let (id, requested, spent, agent): (String, u64, u64, Vec<u8>) =
            decode(bytes).map_err(|e| refuse(&e))?;
        if id != "opened" || requested > MAX_COUNT || spent > MAX_COUNT {
            return Err(refuse("a number in it is out of range"));
        }
        self.agent.load(&agent)?;
        (self.requested, self.spent) = (requested, spent);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use freewheel_core::{ManagedVectorEnv, World as _};

    use super::*;
    use crate::demonstrations::recorded::record;
    use crate::tabular::graph::{Graph, greedy_return, one_env};
    use crate::{AgentFactory, tabular};

    fn agent(id: &str, method: &str, set: Option<&Arc<DemonstrationSet>>, steps: u64) -> Box<dyn Agent> {
        let factory: Box<dyn AgentFactory> =
            tabular::all().into_iter().find(|factory| factory.id() == id).unwrap();
        let text = format!("warm_start = {{ demos = \"store\", method = \"{method}\", over = 1.0 }}");
        let (table, world) = (text.parse().unwrap(), Graph::deep_sea(10));
        let (spec, budget, streams) = (world.spec().clone(), one_env(steps), Streams::new(1));
        match set {
            None => factory.build(&spec, &table, budget, streams).unwrap(),
            Some(set) => {
                factory.build_from(&*world.shared(), &table, budget, streams, Arc::clone(set)).unwrap()
            }
        }
    }

    /// Demonstrations of DeepSea with seeds: the world is deterministic, so that any seed replays them.
    fn shown() -> Arc<DemonstrationSet> {
        let mut set =
            (*record(&Graph::deep_sea(10), 40, 50, 0, |_, rng| u32::from(!rng.chance(0.1)))).clone();
        let origin = freewheel_core::Origin { seed: 0, purpose: Purpose::DemonstrationEnvironment, index: 0 };
        for (episode, shown) in (0..).zip(&mut set.episodes) {
            shown.origin = Some(freewheel_core::demonstrations::EpisodeOrigin { streams: origin, episode });
        }
        Arc::new(set)
    }

    #[test]
    fn the_treasure_is_found_from_demonstrated_starts() {
        let set = shown();
        for method in METHODS {
            let mut warm = agent("q-learning", method, Some(&set), 6000);
            let mut envs = Graph::deep_sea(10).batch(1, 0);
            warm.learn(&mut envs, 6000).unwrap();
            let best = greedy_return(&*warm, Graph::deep_sea(10)).0;
            assert!(best > 0.9, "{method}: {best}");
            // The steps of the openings count.
            let made: u64 = envs.take_finished().iter().map(|episode| u64::from(episode.length)).sum();
            assert!((5950..6050).contains(&made), "{method}: {made}");
        }
    }

    /// The bytes do not depend on the calls of `learn`, nor on a checkpoint in between.
    #[test]
    fn resumed_runs_end_in_the_same_bytes() {
        let set = shown();
        for method in METHODS {
            let (mut whole, mut envs) =
                (agent("sarsa", method, Some(&set), 900), Graph::deep_sea(10).batch(1, 3));
            whole.learn(&mut envs, 900).unwrap();
            let (mut first, mut envs) =
                (agent("sarsa", method, Some(&set), 900), Graph::deep_sea(10).batch(1, 3));
            first.learn(&mut envs, 333).unwrap();
            let mut second = agent("sarsa", method, Some(&set), 900);
            second.load(&first.save().unwrap()).unwrap();
            second.learn(&mut envs, 567).unwrap();
            assert_eq!(second.save().unwrap(), whole.save().unwrap(), "{method}");
            let mut without = agent("sarsa", method, None, 900);
            without.load(&whole.save().unwrap()).unwrap();
            assert!(without.learn(&mut envs, 1).unwrap_err().to_string().contains("not loaded"));
        }
    }

    #[test]
    fn episodes_without_seeds_are_refused() {
        let set = record(&Graph::deep_sea(10), 2, 50, 0, |_, _| 1);
        let factory = tabular::all().into_iter().next().unwrap();
        let table = "warm_start = { demos = \"store\", method = \"demonstrated-states\" }".parse().unwrap();
        let (world, budget) = (Graph::deep_sea(10).shared(), one_env(10));
        let error = factory.build_from(&*world, &table, budget, Streams::new(0), set).err().unwrap();
        assert!(
            error.to_string().contains("no seeds") && error.to_string().contains("jump-start"),
            "{error}"
        );
    }
}
