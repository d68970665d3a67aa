//! Recording of demonstrations: players by name, and the section `demonstrations` of experiment files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use freewheel_agents::fixed::UniformPolicy;
use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, Source, WorldHeader};
use freewheel_core::{DynWorld, Error, Policy, Purpose, Result, ScriptedPolicy, SolveQuery, Streams};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{default_store, is_store, write};
use crate::registry::Registry;

/// Player with this name in `world`: `random`, a scripted policy, or `reference`; `None` for another name.
///
/// # Errors
/// Errors of the solver; [`Error::Config`] if the world has no reference policy.
pub(crate) fn named_player(world: &dyn DynWorld, name: &str) -> Result<Option<(Arc<dyn Policy>, Source)>> {
    let spec = world.spec();
    if let Some(script) = spec.scripts.iter().position(|script| script == name) {
        return Ok(Some((Arc::new(ScriptedPolicy(script)), Source::Scripted)));
    }
    match name {
        "random" => Ok(Some((Arc::new(UniformPolicy::new(spec)?), Source::Scripted))),
        "reference" => match world.solve(&SolveQuery::for_spec(spec))?.policy {
            Some(policy) => Ok(Some((policy, Source::Reference))),
            None => Err(Error::Config(format!("{} has a reference score, but no reference policy", spec.id))),
        },
        _ => Ok(None),
    }
}

/// Message about a `name` that is no player of `world`.
pub(crate) fn unknown_player(world: &dyn DynWorld, name: &str) -> String {
    let mut known = vec!["random".to_owned(), "reference".to_owned()];
    known.extend(world.spec().scripts.iter().cloned());
    freewheel_core::names::unknown("player", name, &known, "")
}

/// Plays `episodes` episodes by `policy` in `world`, with random streams of `seed` that no evaluation has, on all
/// threads; each episode is truncated after `max_steps` steps.
///
/// # Errors
/// Errors of playing an episode.
pub(crate) fn play(
    world: &dyn DynWorld,
    policy: &dyn Policy,
    label: &Label,
    (episodes, seed, max_steps): (u64, u64, u32),
) -> Result<Vec<Demonstration>> {
    play_in_turn(world, &[(policy, label)], (episodes, seed, max_steps))
}

/// As [`play`], with several players, at least one, who play the episodes in turn.
///
/// # Errors
/// Errors of playing an episode.
fn play_in_turn(
    world: &dyn DynWorld,
    players: &[(&dyn Policy, &Label)],
    (episodes, seed, max_steps): (u64, u64, u32),
) -> Result<Vec<Demonstration>> {
    let streams = Streams::new(seed);
    let one = |episode: u64| {
        let (policy, label) = players[episode as usize % players.len()];
        let mut runner = world.episode_runner(streams, Purpose::DemonstrationEnvironment, 0);
        let mut rng = streams.stream(Purpose::DemonstrationAction, 0, episode);
        Demonstration::play(&mut *runner, episode, policy, label, &mut rng, max_steps)
    };
    (0..episodes).into_par_iter().map(one).collect()
}

/// Header of the world `id` with `settings`.
///
/// # Errors
/// [`Error::Unsupported`] for settings that JSON cannot express.
pub(crate) fn header(world: &dyn DynWorld, id: &str, settings: &Table) -> Result<WorldHeader> {
    let json = match settings.is_empty() {
        true => serde_json::Value::Null,
        false => serde_json::to_value(settings)
            .map_err(|e| Error::Unsupported(format!("the settings of {id} cannot be stored: {e}")))?,
    };
    Ok(WorldHeader::of(world.spec(), id, json))
}

/// Demonstrations that an experiment records before its first run: the table `demonstrations.NAME` of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Recording {
    /// World; default: each world of the experiment in which an agent names these demonstrations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) world: Option<String>,
    /// Player: random, a scripted policy of the world, or reference; several, separated by commas, play in turn.
    pub(crate) from: String,
    /// Number of episodes, at least 1.
    pub(crate) episodes: u64,
    /// Reaction delay, steps.
    pub(crate) delay: u32,
    /// Probability of a random action, or size of the noise of a continuous action.
    pub(crate) noise: f64,
    /// Probability of a blunder, 0 to 1.
    pub(crate) blunders: f64,
    /// Seed of the episodes.
    pub(crate) seed: u64,
    /// Number of steps after which an episode is truncated.
    pub(crate) max_steps: u32,
    /// Settings of the world for these episodes, such as those of an older map; the others are those of the experiment.
    #[serde(skip_serializing_if = "Table::is_empty")]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub(crate) world_settings: Table,
}

impl Default for Recording {
    fn default() -> Self {
        Recording {
            world: None,
            from: "reference".into(),
            episodes: 20,
            delay: 0,
            noise: 0.0,
            blunders: 0.0,
            seed: 0,
            max_steps: 1000,
            world_settings: Table::new(),
        }
    }
}

impl Recording {
    /// Store of this recording, called `name`, in the world that `registry` builds from `id` and `settings`. Its name
    /// has a hash of everything that the episodes depend on; it is recorded unless it exists.
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown player or a setting out of range; errors of playing and writing.
    pub(crate) fn store(
        &self,
        registry: &Registry,
        name: &str,
        id: &str,
        settings: &Table,
    ) -> Result<PathBuf> {
        let refuse = |why: String| Error::Config(format!("demonstrations.{name}: {why}"));
        if self.episodes == 0 || self.max_steps == 0 {
            return Err(refuse("`episodes` and `max_steps` must be at least 1".into()));
        }
        let settings: Table = settings.clone().into_iter().chain(self.world_settings.clone()).collect();
        let world = registry.build_world_of_file(id, &settings).map_err(|e| refuse(e.to_string()))?;
        let text = toml::to_string(self).map_err(|e| refuse(e.to_string()))?;
        let source = format!("{text}\n{id} version {}\n{settings}", world.spec().version);
        let hash = blake3::hash(source.as_bytes()).to_hex();
        let folder = default_store(id, &format!("{name}-{}", &hash[..8]));
        let folder = std::path::absolute(&folder).map_err(Error::io(&folder))?;
        if is_store(&folder) {
            return Ok(folder);
        }
        let Recording { delay, noise, blunders, .. } = *self;
        let player = |name: &str| {
            let Some((policy, source)) = named_player(&*world, name)? else {
                return Err(refuse(unknown_player(&*world, name)));
            };
            let label = Label { delay, noise, blunders, ..Label::of(source, name) };
            label.check(world.spec()).map_err(refuse)?;
            Ok((policy, label))
        };
        let players: Vec<(Arc<dyn Policy>, Label)> =
            self.from.split(',').map(|name| player(name.trim())).collect::<Result<_>>()?;
        let players: Vec<(&dyn Policy, &Label)> =
            players.iter().map(|(policy, label)| (&**policy, label)).collect();
        let episodes = play_in_turn(&*world, &players, (self.episodes, self.seed, self.max_steps))?;
        let set = DemonstrationSet { header: header(&*world, id, &settings)?, episodes };
        match write(&folder, &set) {
            // Another process has recorded the same episodes in the meantime.
            Err(_) if is_store(&folder) => Ok(folder),
            written => written.map(|()| folder),
        }
    }
}
