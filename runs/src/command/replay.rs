//! `replay`: recorded episodes, shown or verified.

use freewheel_core::Error as Core;
use freewheel_core::record::{self, EpisodeRecord};
use serde_json::json;

use super::files_below;
use crate::cli::Replay;
use crate::error::{Error, Result};
use crate::{Registry, output};

pub(super) fn replay(registry: &Registry, args: Replay) -> Result<()> {
    let files = if args.path.is_dir() {
        files_below(&args.path, "evaluation.jsonl")?
    } else {
        vec![args.path.clone()]
    };
    let mut episodes = Vec::new();
    for file in files {
        // A line that is no episode any more is a damaged recording.
        let records = record::read(&file).map_err(|e| match e {
            Core::Input { .. } => Error::Mismatch(e.to_string()),
            e => e.into(),
        })?;
        let name = file.to_string_lossy().into_owned();
        episodes.extend(records.into_iter().enumerate().map(|(i, record)| (name.clone(), i + 1, record)));
    }
    if episodes.is_empty() {
        let message = format!("{}: there is no recorded episode in or below this", args.path.display());
        return Err(Core::Config(message).into());
    }
    let mut verdicts: Vec<Option<String>> = Vec::new();
    for (file, line, record) in episodes.iter().filter(|_| args.verify) {
        verdicts.push(match verify(registry, record) {
            Ok(()) => None,
            Err(Core::Mismatch(why)) => Some(format!("{file}:{line}: {why}")),
            // A world that is not to be had says nothing of the recording.
            Err(e) => return Err(e.into()),
        });
    }
    let failures: Vec<&str> = verdicts.iter().flatten().map(String::as_str).collect();
    if args.json {
        let shown: Vec<_> = episodes.iter().enumerate().map(|(i, (file, line, record))| json!({
            "file": file, "line": line, "world": record.world, "seed": record.seed, "index": record.index,
            "episode": record.episode, "length": record.length, "score": record.score, "ending": record.ending,
            "verified": verdicts.get(i).map(Option::is_none),
        })).collect();
        output::json(&json!({ "episodes": shown, "failures": failures }))?;
    } else {
        let mut text = String::new();
        for (file, line, record) in &episodes {
            let EpisodeRecord { world, seed, length, score, ending, .. } = record;
            text.push_str(&format!(
                "{file}:{line}  {world}  seed {seed}  {length} steps  score {score}  {ending:?}\n"
            ));
        }
        if args.verify {
            let (good, all) = (episodes.len() - failures.len(), episodes.len());
            text.push_str(&format!("{good} of {all} episodes replay to the last bit\n"));
        }
        output::text(&text)?;
    }
    if failures.is_empty() { Ok(()) } else { Err(Error::Mismatch(failures.join("\n"))) }
}

fn verify(registry: &Registry, record: &EpisodeRecord) -> freewheel_core::Result<()> {
    let settings: toml::Table = serde_json::from_value(record.settings.clone())
        .map_err(|e| Core::Config(format!("the settings of this episode cannot be read: {e}")))?;
    let world = registry.build_world(&record.world, &settings)?;
    record::verify(record, &*world)
}
