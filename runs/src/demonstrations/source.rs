//! Demonstrations that the settings of an agent name: their path, their content hash, and the kept episodes with the
//! observations that the agent gets.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use freewheel_agents::demonstrations::Demonstrated;
use freewheel_agents::{AgentFactory, Budget};
use freewheel_core::demonstrations::{Demonstration, DemonstrationSet};
use freewheel_core::input::read_raw;
use freewheel_core::{Agent, DynWorld, Error, Result, Spec, Streams, memory};
use toml::{Table, Value};

use super::{METADATA, facts, read};
use crate::job::{Job, JobConfig};
use crate::observation::ObservationConfig;
use crate::registry::Registry;

/// Value of the setting that names a store: `demos`, or `demos` in the table `warm_start`.
pub(crate) fn path_in(settings: &mut Table) -> Option<&mut Value> {
    let warm = settings.get("warm_start").is_some_and(Value::is_table);
    let table =
        if warm { settings.get_mut("warm_start").and_then(Value::as_table_mut) } else { Some(settings) };
    table.and_then(|table| table.get_mut("demos"))
}

/// Sets the method of the warm start in `settings`.
pub(crate) fn set_method(settings: &mut Table, method: &str) {
    if let Some(warm) = settings.get_mut("warm_start").and_then(Value::as_table_mut) {
        warm.insert("method".into(), method.into());
    }
}

/// BLAKE3 hash of the content of the store in `folder`: of its metadata and of those of its episodes, which have the
/// checksums of their steps.
///
/// # Errors
/// As [`facts`]; [`Error::Io`].
pub(crate) fn digest(folder: &Path) -> Result<String> {
    let (data, episodes) = (folder.join("data"), facts(folder)?.episodes);
    let files = (0..episodes).map(|id| data.join(id.to_string()).join(METADATA));
    let mut hash = blake3::Hasher::new();
    for file in std::iter::once(data.join(METADATA)).chain(files) {
        let bytes = read_raw(&file)?;
        hash.update(&(bytes.len() as u64).to_le_bytes()).update(&bytes);
    }
    Ok(hash.finalize().to_hex().to_string())
}

/// Stores that a plan has read: each one is hashed once, and each choice of its episodes is loaded once, however many
/// agents name it.
#[derive(Default)]
pub(crate) struct Stores {
    digests: HashMap<String, String>,
    sets: HashMap<String, Arc<DemonstrationSet>>,
}

impl Stores {
    /// [`digest`] of the store that the `settings` of an agent name; `None` if they name none.
    ///
    /// # Errors
    /// As [`digest`]; [`Error::Setting`].
    pub(crate) fn digest_of(
        &mut self,
        factory: &dyn AgentFactory,
        settings: &Table,
    ) -> Result<Option<String>> {
        let source = factory.demonstrations(settings)?.filter(|source| !source.demos.is_empty());
        let Some(Demonstrated { demos, .. }) = source else { return Ok(None) };
        if !self.digests.contains_key(&demos) {
            self.digests.insert(demos.clone(), digest(Path::new(&demos))?);
        }
        Ok(self.digests.get(&demos).cloned())
    }

    /// [`load`] for an agent in `world`, which the registry builds from `id` and `settings`.
    ///
    /// # Errors
    /// As [`load`].
    pub(crate) fn load(
        &mut self,
        source: &Demonstrated,
        id: &str,
        settings: &Table,
        world: &dyn DynWorld,
        transforms: &ObservationConfig,
    ) -> Result<Arc<DemonstrationSet>> {
        let Demonstrated { demos, keep, replays, .. } = source;
        let key = format!("{demos}\n{keep}\n{replays}\n{id}\n{settings}\n{transforms:?}");
        if let Some(set) = self.sets.get(&key) {
            return Ok(Arc::clone(set));
        }
        let set = load(source, id, world, transforms)?;
        self.sets.insert(key, Arc::clone(&set));
        Ok(set)
    }
}

/// The kept episodes of the store that `source` names, for an agent in `world`, which the registry builds from the name
/// `id`. Observations that `transforms` changes are made anew: the episodes are replayed in `world`.
///
/// # Errors
/// Errors of reading the store; [`Error::Config`] for demonstrations of another world, or if none is kept.
pub(crate) fn load(
    source: &Demonstrated,
    id: &str,
    world: &dyn DynWorld,
    transforms: &ObservationConfig,
) -> Result<Arc<DemonstrationSet>> {
    let folder = Path::new(&source.demos);
    let set = read(folder)?;
    let refuse = |why: String| Error::Config(format!("{}: {why}", folder.display()));
    // The same file has several paths; its spaces are compared below.
    let named = |name: &str| !name.is_empty() && !name.contains(':');
    if named(&set.header.world) && named(id) && set.header.world != id {
        return Err(refuse(format!(
            "these demonstrations are of {}, and the agent learns in {id}",
            set.header.world
        )));
    }
    let kept = set.kept(source.keep);
    if kept.is_empty() {
        return Err(refuse(format!(
            "keep = \"{}\" leaves none of {} episodes",
            source.keep,
            set.episodes.len()
        )));
    }
    let mut set = set.select(&kept);
    if set.header.actions_only {
        set.header.check(world.spec()).map_err(refuse)?;
        if !source.replays {
            let rows = (set.steps() + set.episodes.len()) as u128;
            let what = format!("the observations of {} episodes", set.episodes.len());
            memory::require(&what, rows * (4 * world.spec().observation.len() as u128))?;
            for (episode, number) in set.episodes.iter_mut().zip(&kept) {
                transform(episode, world).map_err(|why| refuse(format!("episode {number}: {why}")))?;
            }
            set.header.actions_only = false;
        }
        set.header.observation = world.spec().observation.clone();
    } else if *transforms != ObservationConfig::default() {
        let spec = Spec { observation: set.header.observation.clone(), ..world.spec().clone() };
        set.header.check(&spec).map_err(refuse)?;
        for (episode, number) in set.episodes.iter_mut().zip(&kept) {
            transform(episode, world).map_err(|why| refuse(format!("episode {number}: {why}")))?;
        }
        set.header.observation = world.spec().observation.clone();
    }
    set.header.check(world.spec()).map_err(refuse)?;
    Ok(Arc::new(set))
}

/// Replaces the observations of `episode` by those of an agent in `world`; adds masks if they are missing.
fn transform(episode: &mut Demonstration, world: &dyn DynWorld) -> Result<(), String> {
    let Some(origin) = episode.origin else {
        let why = "it has no seed to replay it from, which `frame_stack`, `encoder` and stores of actions only need";
        return Err(why.into());
    };
    let streams = Streams::new(origin.streams.seed);
    let mut runner = world.episode_runner(streams, origin.streams.purpose, origin.streams.index);
    runner.reset(origin.episode);
    let all = (0..episode.opening.len()).filter_map(|i| episode.opening.get(i));
    for action in all {
        runner.step(action).map_err(|e| e.to_string())?;
    }
    let no_masks = episode.legal.is_empty() && world.spec().masked;
    let (mut observations, mut legal) = (runner.obs().to_vec(), runner.legal().to_vec());
    for t in 0..episode.len() {
        let Some(action) = episode.actions.get(t) else { continue };
        let step = runner.step(action).map_err(|e| e.to_string())?;
        if episode.rewards.get(t).map(|reward| reward.to_bits()) != Some(step.reward.to_bits()) {
            return Err(format!("step {t} has another reward than was recorded"));
        }
        observations.extend_from_slice(runner.obs());
        legal.extend_from_slice(runner.legal());
    }
    episode.observations = observations;
    if no_masks {
        episode.legal = legal;
    }
    Ok(())
}

/// Agent of `factory` that can learn: with its demonstrations, if its settings name any.
///
/// # Errors
/// As [`load`] and [`AgentFactory::build_from`].
pub(crate) fn build(
    factory: &dyn AgentFactory,
    id: &str,
    world: &dyn DynWorld,
    settings: &Table,
    budget: Budget,
    streams: Streams,
) -> Result<Box<dyn Agent>> {
    match factory.demonstrations(settings)? {
        None => factory.build_in(world, settings, budget, streams),
        Some(source) => {
            let set = load(&source, id, world, &ObservationConfig::of(settings)?)?;
            let mut settings = settings.clone();
            if let Some(chosen) = factory.choose_method(world, &settings, &set)? {
                set_method(&mut settings, &chosen.method);
            }
            factory.build_from(world, &settings, budget, streams, set)
        }
    }
}

impl Job {
    /// Untrained agent of the run, with its demonstrations.
    ///
    /// # Errors
    /// As [`build`]; [`Error::Config`] if the store has changed since the run was started.
    pub(crate) fn agent_to_train(&self, registry: &Registry) -> Result<Box<dyn Agent>> {
        let JobConfig { seed, ref agent, ref agent_settings, .. } = self.config;
        let (factory, streams) = (registry.find_agent(agent)?, Streams::new(seed));
        let budget = self.config.budget();
        if let (Some(set), true) = (&self.demonstrations, self.config.demonstrations_digest.is_some()) {
            return factory.build_from(&*self.world, agent_settings, budget, streams, Arc::clone(set));
        }
        if let (Some(digest_of_run), Some(source)) =
            (&self.config.demonstrations_digest, factory.demonstrations(agent_settings)?)
            && digest(Path::new(&source.demos))? != *digest_of_run
        {
            return Err(Error::Config(format!(
                "{}: these demonstrations have changed since the run was started; train again",
                source.demos
            )));
        }
        build(factory, &self.config.world, &*self.world, agent_settings, budget, streams)
    }
}
