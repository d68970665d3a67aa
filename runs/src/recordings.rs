//! Episodes to watch from files: recorded episodes, demonstrations, and games of Go in SGF.

use std::path::Path;
use std::sync::Arc;

use freewheel_core::demonstrations::Demonstration;
use freewheel_core::record::{self, EpisodeRecord, FORMAT, RecordedActions};
use freewheel_core::{DynWorld, Ending, Error, Purpose, Result};
use freewheel_envs::go::rules::Ko;
use freewheel_envs::go::sgf::{self, GameActions, GameRecord};
use toml::{Table, Value};

use crate::tui::Recording;
use crate::{Registry, demonstrations};

/// Whether `path` is a file of episodes, by its name, or a store of demonstrations.
pub(crate) fn is_recording(path: &Path) -> bool {
    if demonstrations::is_store(path) {
        return true;
    }
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase);
    path.is_file() && matches!(extension.as_deref(), Some("jsonl" | "sgf"))
}

/// Episodes at `path`: one for each line of a file of recorded episodes, one for each game of an SGF file, and those of
/// a store of demonstrations.
///
/// # Errors
/// Errors of reading; [`Error::Config`] for a file without episodes, and for games that cannot be shown.
pub(crate) fn read(registry: &Registry, path: &Path) -> Result<Vec<Recording>> {
    let is_sgf = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("sgf"));
    let recordings = match (demonstrations::is_store(path), is_sgf) {
        (true, _) => demonstrated(registry, path)?,
        (false, true) => games(registry, path)?,
        (false, false) => episodes(registry, path)?,
    };
    match recordings.is_empty() {
        true => Err(Error::Config(format!("{}: no episodes in this file", path.display()))),
        false => Ok(recordings),
    }
}

fn episodes(registry: &Registry, path: &Path) -> Result<Vec<Recording>> {
    let records = record::read(path)?;
    let total = records.len();
    let mut worlds: Vec<(String, serde_json::Value, Arc<dyn DynWorld>)> = Vec::new();
    let mut recordings = Vec::new();
    for (i, record) in records.into_iter().enumerate() {
        let built =
            worlds.iter().find(|(id, settings, _)| *id == record.world && *settings == record.settings);
        let world = match built {
            Some((_, _, world)) => Arc::clone(world),
            None => {
                let world = registry.build_recorded_world(&record.world, &record.settings)?;
                worlds.push((record.world.clone(), record.settings.clone(), Arc::clone(&world)));
                world
            }
        };
        recordings.push(Recording { title: format!("recording {} of {total}", i + 1), world, record });
    }
    Ok(recordings)
}

/// Episodes of the store of demonstrations in `folder`.
fn demonstrated(registry: &Registry, folder: &Path) -> Result<Vec<Recording>> {
    let set = demonstrations::read(folder)?;
    let wrong = |why: String| Error::Config(format!("{}: {why}", folder.display()));
    let (header, total) = (&set.header, set.episodes.len());
    if header.world.is_empty() {
        return Err(wrong("these demonstrations come from another program: their world is unknown".into()));
    }
    let world = registry.build_recorded_world(&header.world, &header.settings)?;
    header.check(world.spec()).map_err(wrong)?;
    let recording = |(number, episode): (usize, &Demonstration)| {
        let origin = episode.origin.ok_or_else(|| {
            wrong(format!("episode {number} comes from another program: it has no seed to replay it from"))
        })?;
        let mut actions = episode.opening.clone();
        match (&mut actions, &episode.actions) {
            (RecordedActions::Discrete(all), RecordedActions::Discrete(more)) => all.extend(more),
            (RecordedActions::Continuous(all), RecordedActions::Continuous(more)) => {
                all.extend(more.iter().cloned());
            }
            (all, more) => all.clone_from(more),
        }
        let record = EpisodeRecord {
            format: FORMAT,
            world: header.world.clone(),
            version: header.version,
            settings: header.settings.clone(),
            seed: origin.streams.seed,
            purpose: origin.streams.purpose,
            index: origin.streams.index,
            episode: origin.episode,
            length: actions.len() as u32,
            actions,
            episode_return: episode.episode_return,
            ending: episode.ending,
            digest: String::new(),
        };
        let title = format!("{}  {} of {total}", episode.label.title(), number + 1);
        Ok(Recording { title, world: Arc::clone(&world), record })
    };
    set.episodes.iter().enumerate().map(recording).collect()
}

fn games(registry: &Registry, path: &Path) -> Result<Vec<Recording>> {
    let text = sgf::open(path)?.text;
    let games = sgf::read(&text).map_err(|e| e.in_file(path))?;
    let total = games.len();
    games.iter().enumerate().map(|(i, game)| game_recording(registry, path, game, (i + 1, total))).collect()
}

/// Game of Go as a recorded episode of the two-player world of its size; it is number `place.0` of `place.1`.
fn game_recording(
    registry: &Registry,
    path: &Path,
    game: &GameRecord,
    place: (usize, usize),
) -> Result<Recording> {
    let refuse = |why: String| Error::Config(format!("{}: game {}: {why}", path.display(), place.0));
    if game.is_rectangular() || game.width < 2 {
        return Err(refuse(format!("boards of {}x{} are not shown", game.width, game.height)));
    }
    let GameActions { opening, moves, .. } = game.actions().map_err(refuse)?;
    let moves = [opening, moves].concat();
    let id = format!("go/{0}x{0}", game.width);
    // The most lenient rules accept the moves of all rule books; the komi is that of the record.
    let settings = Table::from_iter([
        ("opponent".to_owned(), Value::from("self")),
        ("ko".to_owned(), Value::from(serde_name(Ko::Simple))),
        ("suicide".to_owned(), Value::from(true)),
        ("komi".to_owned(), Value::from(f64::from(game.ruleset().komi))),
        ("move_limit".to_owned(), Value::from(moves.len() as i64 + 1)),
    ]);
    let world = registry.build_world(&id, &settings)?;
    let [black, white] = game.players.each_ref().map(|player| match player.name.trim() {
        "" => "?".to_owned(),
        name => name.chars().filter(|c| !c.is_control()).take(20).collect(),
    });
    let record = EpisodeRecord {
        format: FORMAT,
        world: id,
        version: world.spec().version,
        settings: serde_json::Value::Null,
        seed: 0,
        purpose: Purpose::WatchEnvironment,
        index: 0,
        episode: 0,
        length: moves.len() as u32,
        actions: RecordedActions::Discrete(moves),
        episode_return: 0.0,
        ending: Ending::Running,
        digest: String::new(),
    };
    let title = match place {
        (_, 1) => format!("{black} - {white}"),
        (number, all) => format!("{black} - {white}  game {number} of {all}"),
    };
    Ok(Recording { title, world, record })
}

/// Name of a ko rule in the settings.
fn serde_name(ko: Ko) -> String {
    toml::Value::try_from(ko).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game_is_replayed_in_the_world_of_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("game.sgf");
        std::fs::write(&file, "(;SZ[5]KM[0.5]PB[Ann]PW[Bo];B[cc];W[bb];B[];W[])").unwrap();
        assert!(is_recording(&file));
        let recordings = read(&Registry::standard(), &file).unwrap();
        assert_eq!((recordings.len(), recordings[0].title.as_str()), (1, "Ann - Bo"));
        let Recording { world, record, .. } = &recordings[0];
        let mut runner = world.episode_runner(freewheel_core::Streams::new(0), record.purpose, 0);
        for i in 0..record.actions.len() {
            runner.step(record.actions.get(i).unwrap()).unwrap();
        }
        assert_eq!(runner.ending(), Ending::Terminal);
        std::fs::write(&file, "").unwrap();
        assert!(read(&Registry::standard(), &file).is_err());
    }

    #[test]
    fn demonstrations_are_recordings() {
        let registry = Registry::standard();
        let world = registry.build_world("grid/cliff", &Table::new()).unwrap();
        let (policy, source) =
            demonstrations::recording::named_player(&*world, "reference").unwrap().unwrap();
        let label = freewheel_core::demonstrations::Label::of(source, "reference");
        let episodes = demonstrations::recording::play(&*world, &*policy, &label, (2, 7, 100)).unwrap();
        let header = demonstrations::recording::header(&*world, "grid/cliff", &Table::new()).unwrap();
        let set = freewheel_core::demonstrations::DemonstrationSet { header, episodes };
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("reference-v0");
        demonstrations::write(&store, &set).unwrap();
        assert!(is_recording(&store) && !is_recording(folder.path()));
        let recordings = read(&registry, &store).unwrap();
        assert_eq!((recordings.len(), &*recordings[1].title), (2, "reference: reference  2 of 2"));
        let Recording { world, record, .. } = &recordings[1];
        let streams = freewheel_core::Streams::new(record.seed);
        let mut runner = world.episode_runner(streams, record.purpose, record.index);
        runner.reset(record.episode);
        for i in 0..record.actions.len() {
            runner.step(record.actions.get(i).unwrap()).unwrap();
        }
        assert_eq!((runner.ending(), runner.episode_return()), (Ending::Terminal, -13.0));
    }
}
