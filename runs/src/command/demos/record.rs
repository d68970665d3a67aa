//! `demos record`: episodes of the random player, a scripted policy, the reference or a trained run.

use std::path::Path;
use std::sync::Arc;

use freewheel_core::demonstrations::{DemonstrationSet, Label, Source};
use freewheel_core::{DynWorld, Policy, PolicyMode};
use toml::Table;

use super::{save, world_settings};
use crate::checkpoints::no_checkpoint;
use crate::cli::DemosRecord;
use crate::demonstrations::recording::{self, header};
use crate::demonstrations::{append, default_store};
use crate::error::{Error, Result};
use crate::{Registry, output};

/// Player that is recorded.
struct Player {
    policy: Arc<dyn Policy>,
    source: Source,
    name: String,
    /// World with the observations of the player; the world itself, unless a run transforms them.
    world: Arc<dyn DynWorld>,
    settings: Table,
}

pub(super) fn record(registry: &Registry, args: &DemosRecord) -> Result<()> {
    let settings = world_settings(&args.overrides.set)?;
    let world = registry.build_world(&args.world, &settings)?;
    let player = find(registry, args, &world, settings)?;
    let label = Label {
        delay: args.delay,
        noise: args.noise,
        blunders: args.blunders,
        ..Label::of(player.source, &player.name)
    };
    label.check(world.spec()).map_err(|why| Error::Usage(format!("--{why}")))?;
    let store = args.to.clone().unwrap_or_else(|| default_store(&args.world, &player.name));
    if store.exists() && !args.append {
        let message =
            format!("{}: exists already; choose another store with --to, or add --append", store.display());
        return Err(Error::Usage(message));
    }
    let amount = (args.episodes, args.seed, args.max_steps);
    let episodes = recording::play(&*player.world, &*player.policy, &label, amount)?;
    let set = DemonstrationSet { header: header(&*world, &args.world, &player.settings)?, episodes };
    if args.append && store.exists() {
        append(&store, &set)?;
        let (episodes, steps) = (set.episodes.len(), set.steps());
        return output::text(&format!("{}: {episodes} episodes more, {steps} steps\n", store.display()));
    }
    save(&store, &set)
}

/// Player with the name that `--from` gives.
fn find(
    registry: &Registry,
    args: &DemosRecord,
    world: &Arc<dyn DynWorld>,
    settings: Table,
) -> Result<Player> {
    let name = args.from.as_str();
    let player = |policy: Arc<dyn Policy>, source| Player {
        policy,
        source,
        name: name.to_owned(),
        world: Arc::clone(world),
        settings: settings.clone(),
    };
    if let Some((policy, source)) = recording::named_player(&**world, name)? {
        return Ok(player(policy, source));
    }
    if Path::new(name).is_dir() {
        return trained(registry, args, Path::new(name), &settings);
    }
    let message = recording::unknown_player(&**world, name);
    Err(Error::Usage(format!("--from: {message}, or the folder of a run")))
}

/// Greedy policy of the run in `folder`, in the run's own world.
fn trained(registry: &Registry, args: &DemosRecord, folder: &Path, settings: &Table) -> Result<Player> {
    let job = registry.job_in(folder)?;
    let config = &job.config;
    if config.world != args.world || !(settings.is_empty() || *settings == config.world_settings) {
        let message = format!(
            "--from {}: this run is of the world {} with its own settings; write {} and no --set",
            folder.display(),
            config.world,
            config.world
        );
        return Err(Error::Usage(message));
    }
    if !config.world_settings.is_empty() && settings.is_empty() {
        let sets: Vec<String> =
            config.world_settings.iter().map(|(key, value)| format!("--set 'world.{key}={value}'")).collect();
        let message =
            format!("--from {}: this run's world has settings; add {}", folder.display(), sets.join(" "));
        return Err(Error::Usage(message));
    }
    let Some((step, agent)) = job.trained(registry, folder, &output::note)? else {
        return Err(no_checkpoint(folder).into());
    };
    Ok(Player {
        policy: Arc::from(agent.policy(PolicyMode::Greedy)),
        source: Source::Agent,
        name: format!("{} after {step} steps", config.agent_label),
        world: Arc::clone(&job.world),
        settings: settings.clone(),
    })
}
