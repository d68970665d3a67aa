//! `replay`: recorded episodes, listed or verified.

use std::path::Path;

use freewheel_core::Error as Core;
use freewheel_core::record::{self, EpisodeRecord};
use serde_json::json;

use crate::checksums::{EPISODES, read_checked};
use crate::cli::Replay;
use crate::error::{Error, Result};
use crate::folders::files_below;
use crate::format::decimal;
use crate::table::{Column, Table};
use crate::{Registry, output};

pub(super) fn replay(registry: &Registry, args: Replay) -> Result<()> {
    let files = if args.path.is_dir() {
        files_below(&args.path, "evaluation.jsonl")?
    } else {
        vec![args.path.clone()]
    };
    let mut episodes = Vec::new();
    for file in files {
        check_in_run(&file)?;
        // A line that is not an episode means a damaged file.
        let records = record::read(&file).map_err(|e| match e {
            Core::Input { .. } => Error::Mismatch(e.to_string()),
            e => e.into(),
        })?;
        let name = file.to_string_lossy().into_owned();
        episodes.extend(records.into_iter().enumerate().map(|(i, record)| (name.clone(), i + 1, record)));
    }
    if episodes.is_empty() {
        let message = format!("{}: no recorded episodes in or below this path", args.path.display());
        return Err(Core::Config(message).into());
    }
    let mut mismatches: Vec<Option<String>> = Vec::new();
    for (file, line, record) in episodes.iter().filter(|_| args.verify) {
        mismatches.push(match verify(registry, record) {
            Ok(()) => None,
            Err(Core::Mismatch(why)) => Some(format!("{file}:{line}: {why}")),
            // An error of building the world is not a fault of the recording.
            Err(e) => return Err(e.into()),
        });
    }
    let failures: Vec<&str> = mismatches.iter().flatten().map(String::as_str).collect();
    if args.output.json {
        let shown: Vec<_> = episodes.iter().enumerate().map(|(i, (file, line, record))| json!({
            "file": file, "line": line, "world": record.world, "seed": record.seed, "index": record.index,
            "episode": record.episode, "length": record.length, "score": record.episode_return, "ending": record.ending,
            "verified": mismatches.get(i).map(Option::is_none),
        })).collect();
        output::json(&json!({ "episodes": shown, "failures": failures }))?;
    } else {
        let mut table = Table::new(vec![
            Column::text("file", 0),
            Column::number("line", 0),
            Column::text("world", 0),
            Column::number("seed", 2),
            Column::number("steps", 3),
            Column::number("score", 1),
            Column::text("ending", 4),
        ]);
        for (file, line, record) in &episodes {
            let EpisodeRecord { world, seed, length, episode_return: score, ending, .. } = record;
            table.row([
                file.clone(),
                line.to_string(),
                world.clone(),
                seed.to_string(),
                length.to_string(),
                decimal(*score),
                format!("{ending:?}").to_lowercase(),
            ]);
        }
        let mut text = table.text(args.wide.layout());
        if args.verify {
            let (good, all) = (episodes.len() - failures.len(), episodes.len());
            text.push_str(&format!("{good} of {all} episodes replay exactly\n"));
        }
        output::picture(&text)?;
    }
    if failures.is_empty() { Ok(()) } else { Err(Error::Mismatch(failures.join("\n"))) }
}

/// Compares `file` with its checksum, if it is in the folder of a run.
fn check_in_run(file: &Path) -> freewheel_core::Result<()> {
    match file.parent().and_then(Path::parent).filter(|folder| file.ends_with(EPISODES) && folder.is_dir()) {
        Some(run) => read_checked(run, EPISODES).map(drop),
        _ => Ok(()),
    }
}

/// Replays the episode `record` and compares every step with the record.
///
/// # Errors
/// [`Core::Mismatch`] if they differ; errors of building the world.
fn verify(registry: &Registry, record: &EpisodeRecord) -> freewheel_core::Result<()> {
    let world = registry.build_recorded_world(&record.world, &record.settings)?;
    record::verify(record, &*world)
}
