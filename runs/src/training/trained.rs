//! Agents of the checkpoints of a run.

use std::path::Path;

use freewheel_core::{Agent, ManagedVectorEnv, Policy, PolicyMode, Purpose, Result, Streams};

use crate::checkpoints::{history_store, newest, of_this_run, stores};
use crate::job::{CheckpointPlan, Job, JobConfig};
use crate::registry::Registry;

impl Job {
    /// Agent of the latest intact checkpoint, and the step of this checkpoint; `None` if there is no checkpoint yet.
    ///
    /// # Errors
    /// `Error::Damaged` if there are checkpoints and none is intact, or if they belong to another run.
    pub fn trained(
        &self,
        registry: &Registry,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<Option<(u64, Box<dyn Agent>)>> {
        let Some((step, checkpoint)) = newest(directory, &self.config, note)? else { return Ok(None) };
        let mut agent = self.new_agent(registry)?;
        agent.load(checkpoint.section("agent")?)?;
        Ok(Some((step, agent)))
    }

    /// Greedy policies of all intact checkpoints with their steps, oldest first. Damaged checkpoints are reported to
    /// `note`.
    ///
    /// # Errors
    /// Errors of reading the checkpoints.
    pub fn history(
        &self,
        registry: &Registry,
        directory: &Path,
        note: &dyn Fn(&str),
    ) -> Result<Vec<(u64, Box<dyn Policy>)>> {
        self.history_besides(registry, directory, &[], note)
    }

    /// [`Job::history`] without the checkpoints of the steps in `known`.
    ///
    /// # Errors
    /// Errors of reading the checkpoints.
    pub(crate) fn history_besides(
        &self,
        registry: &Registry,
        directory: &Path,
        known: &[u64],
        note: &dyn Fn(&str),
    ) -> Result<Vec<(u64, Box<dyn Policy>)>> {
        let mut history: Vec<(u64, Box<dyn Policy>)> = Vec::new();
        let CheckpointPlan { keep, history: log_spaced, .. } = self.config.checkpoint;
        let spaced = history_store(directory, log_spaced);
        for store in stores(directory, keep).iter().chain([&spaced]) {
            for step in store.steps()? {
                if known.contains(&step) || history.iter().any(|(other, _)| *other == step) {
                    continue;
                }
                match store.load(step).and_then(|checkpoint| of_this_run(checkpoint, &self.config, directory))
                {
                    Ok(checkpoint) => {
                        let mut agent = self.new_agent(registry)?;
                        agent.load(checkpoint.section("agent")?)?;
                        history.push((step, agent.policy(PolicyMode::Greedy)));
                    }
                    Err(damaged) => note(&damaged.to_string()),
                }
            }
        }
        history.sort_by_key(|(step, _)| *step);
        Ok(history)
    }

    /// Saved states of the agent in the checkpoints of the run in `directory` after these `steps`, in their order; up
    /// to the first that is missing or damaged.
    ///
    /// # Errors
    /// Errors of reading the checkpoints.
    pub(crate) fn agent_states(&self, directory: &Path, steps: &[u64]) -> Result<Vec<Vec<u8>>> {
        let CheckpointPlan { keep, history: log_spaced, .. } = self.config.checkpoint;
        let mut states = Vec::new();
        for &step in steps {
            let mut all = stores(directory, keep).into_iter().chain([history_store(directory, log_spaced)]);
            let found = all.find_map(|store| {
                let checkpoint =
                    store.load(step).and_then(|found| of_this_run(found, &self.config, directory));
                checkpoint.and_then(|checkpoint| checkpoint.section("agent").map(<[u8]>::to_vec)).ok()
            });
            match found {
                Some(state) => states.push(state),
                None => break,
            }
        }
        Ok(states)
    }

    /// Untrained agent of the run, without demonstrations: it loads a checkpoint and acts.
    pub(crate) fn new_agent(&self, registry: &Registry) -> Result<Box<dyn Agent>> {
        let JobConfig { seed, ref agent, ref agent_settings, .. } = self.config;
        let budget = self.config.budget();
        registry.find_agent(agent)?.build_in(&*self.world, agent_settings, budget, Streams::new(seed))
    }

    /// Vector environment of the run, at the start of its first episodes.
    pub(crate) fn new_vector_env(&self) -> Box<dyn ManagedVectorEnv> {
        let JobConfig { seed, num_envs, .. } = self.config;
        self.world.vector_env(num_envs, Streams::new(seed), Purpose::Environment, 0)
    }
}
