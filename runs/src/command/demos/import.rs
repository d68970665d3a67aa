//! `demos import`: games of Go from SGF files, and logs of any world from CSV files.

use std::path::Path;
use std::sync::Arc;

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, Source, WorldHeader};
use freewheel_core::input::read_text;
use freewheel_core::record::RecordedActions;
use freewheel_core::{DynWorld, Error as Core, Purpose, Streams};
use freewheel_envs::go::sgf::{self, GameActions, GameRecord};
use rayon::prelude::*;
use serde_json::json;
use toml::Value;

use super::replayed::{ActionList, Skipped, replayed};
use super::world_settings;
use crate::cli::DemosImport;
use crate::demonstrations::recording::header;
use crate::demonstrations::{self, log};
use crate::error::{Error, Result};
use crate::{Registry, output};

pub(super) fn import(registry: &Registry, args: &DemosImport) -> Result<()> {
    let games = args.files.iter().filter(|file| is_of(file, "sgf")).count();
    if games != 0 && games != args.files.len() {
        return Err(Error::Usage("import games and logs by two commands, into two stores".into()));
    }
    let mut skipped = Skipped::default();
    let set = match games {
        0 => logs(registry, args, &mut skipped)?,
        _ => self::games(registry, args, &mut skipped)?,
    };
    if set.episodes.is_empty() {
        let message = format!("nothing was imported\n{}", skipped.to_text());
        return Err(Core::Config(message.trim_end().to_owned()).into());
    }
    demonstrations::append(&args.to, &set)?;
    let (episodes, steps) = (set.episodes.len(), set.steps());
    if args.output.json {
        return output::json(&json!({
            "store": args.to.to_string_lossy(), "episodes": episodes, "steps": steps,
            "skipped": skipped.count(), "reasons": skipped.to_json(),
        }));
    }
    let name = args.to.display();
    output::text(&format!("{name}: {episodes} episodes imported, {steps} steps\n{}", skipped.to_text()))
}

/// Whether the name of `file` ends in `extension`, perhaps gzipped.
fn is_of(file: &Path, extension: &str) -> bool {
    let name = file.to_string_lossy().to_lowercase();
    name.strip_suffix(".gz").unwrap_or(&name).ends_with(&format!(".{extension}"))
}

/// Demonstrations in CSV files.
fn logs(registry: &Registry, args: &DemosImport, skipped: &mut Skipped) -> Result<DemonstrationSet> {
    let settings = world_settings(&args.overrides.set)?;
    let Some(id) = &args.world else {
        return Err(Error::Usage(
            "name the world of the log with --world, such as --world grid/cliff".into(),
        ));
    };
    let world = registry.build_world(id, &settings)?;
    let mut lists = Vec::new();
    for file in &args.files {
        if !is_of(file, "csv") {
            return Err(Error::Usage(format!("{}: neither a .sgf nor a .csv file", file.display())));
        }
        let name = file.display().to_string();
        for logged in log::parse(file, &read_text(file)?, &world.spec().actions)? {
            let list = ActionList {
                label: Label::of(Source::Imported, &name),
                opening: RecordedActions::for_spec(world.spec()),
                actions: logged.actions,
                rewards: logged.rewards,
                episode: logged.episode,
            };
            lists.push((format!("{name}, episode {}", list.episode), list));
        }
    }
    let header = WorldHeader { actions_only: args.actions_only, ..header(&*world, id, &settings)? };
    Ok(DemonstrationSet { header, episodes: play(lists, &*world, args, skipped) })
}

/// Replays all lists in parallel; those that cannot be replayed are counted.
fn play(
    lists: Vec<(String, ActionList)>,
    world: &dyn DynWorld,
    args: &DemosImport,
    skipped: &mut Skipped,
) -> Vec<Demonstration> {
    let play = |(name, list): (String, ActionList)| {
        let streams = Streams::new(args.seed);
        let mut runner = world.episode_runner(streams, Purpose::DemonstrationEnvironment, 0);
        let episode = replayed(list, &mut *runner);
        (name, if args.actions_only { episode.map(Demonstration::actions_only) } else { episode })
    };
    let played: Vec<_> = lists.into_par_iter().map(play).collect();
    let mut episodes = Vec::new();
    for (name, played) in played {
        match played {
            Ok(episode) => episodes.push(episode),
            Err(why) => skipped.add("the world cannot replay it".into(), format!("{name}: {why}")),
        }
    }
    episodes
}

/// Demonstrations in files of game records.
fn games(registry: &Registry, args: &DemosImport, skipped: &mut Skipped) -> Result<DemonstrationSet> {
    let mut records = Vec::new();
    for file in &args.files {
        let text = sgf::open(file)?.text;
        for (number, record) in sgf::read_each(&text).into_iter().enumerate() {
            let name = format!("{}, game {}", file.display(), number + 1);
            match record {
                Ok(record) => records.push((name, record)),
                Err(e) => skipped.add("it cannot be read".into(), format!("{name}: {}", e.in_file(file))),
            }
        }
    }
    let Some((_, first)) = records.first() else {
        return Err(Core::Config(format!("there is no game in these files\n{}", skipped.to_text())).into());
    };
    let id = args.world.clone().unwrap_or_else(|| format!("go/{0}x{0}", first.width));
    let mut settings = world_settings(&args.overrides.set)?;
    // Records follow several rules: what any of them allows is legal.
    let defaults: [(&str, Value); 4] = [
        ("opponent", "self".into()),
        ("ko", "simple".into()),
        ("suicide", true.into()),
        // Long games are no fault here.
        ("move_limit", 2000.into()),
    ];
    for (key, value) in defaults {
        settings.entry(key).or_insert(value);
    }
    let world: Arc<dyn DynWorld> = registry.build_world(&id, &settings)?;
    if !id.starts_with("go/") || world.spec().players != 2 {
        return Err(Error::Usage(format!(
            "--world {id}: games need a two-player world of Go, such as go/19x19"
        )));
    }
    let pass = world.spec().actions.count() - 1;
    let mut lists = Vec::new();
    for (name, record) in records {
        match actions(&record, pass) {
            Ok(list) => lists.push((name, list)),
            Err(reason) => skipped.add(reason, name),
        }
    }
    let header = WorldHeader { actions_only: args.actions_only, ..header(&*world, &id, &settings)? };
    Ok(DemonstrationSet { header, episodes: play(lists, &*world, args, skipped) })
}

/// Moves of `record` on a board with `pass` points. The stones of its setup are the opening, as moves of both players
/// in turn with passes.
///
/// # Errors
/// Why the game cannot be imported, as text.
fn actions(record: &GameRecord, pass: usize) -> Result<ActionList, String> {
    if record.is_rectangular() || usize::from(record.pass()) != pass {
        return Err("its board has another size than that of the world".into());
    }
    if record.moves().next().is_none() {
        return Err("it has no moves".into());
    }
    let GameActions { opening, moves, has_double_moves } = record.actions()?;
    if has_double_moves {
        return Err("a player moves twice in a row".into());
    }
    let [black, white] = [0, 1].map(|i| record.players[i].name.clone());
    let result = record.outcome.as_ref().map(|outcome| format!(", {outcome}")).unwrap_or_default();
    Ok(ActionList {
        label: Label::of(Source::Imported, format!("{black} - {white}{result}")),
        opening: RecordedActions::Discrete(opening),
        actions: RecordedActions::Discrete(moves),
        rewards: Vec::new(),
        episode: 0,
    })
}
