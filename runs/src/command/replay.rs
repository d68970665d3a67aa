//! `replay`: recorded episodes, shown or verified.

use freewheel_core::record::{self, EpisodeRecord};
use serde_json::json;
use std::path::PathBuf;

use super::files_below;
use crate::cli::Replay;
use crate::error::{Error, Result};
use crate::{Catalogue, output};

pub(super) fn replay(catalogue: &Catalogue, args: Replay) -> Result<()> {
    let files = if args.path.is_dir() {
        files_below(&args.path, "evaluation.jsonl")?
    } else {
        vec![args.path.clone()]
    };
    let mut episodes: Vec<(PathBuf, usize, EpisodeRecord)> = Vec::new();
    for file in files {
        let records = record::read(&file)?;
        episodes.extend(records.into_iter().enumerate().map(|(i, record)| (file.clone(), i + 1, record)));
    }
    if episodes.is_empty() {
        let message = format!("{}: there is no recorded episode in or below this", args.path.display());
        return Err(Error::Core(freewheel_core::Error::Config(message)));
    }
    let mut failures = Vec::new();
    let mut shown = Vec::new();
    for (file, line, record) in &episodes {
        let verdict = if args.verify { Some(verify(catalogue, record)) } else { None };
        if let Some(Err(why)) = &verdict {
            failures.push(format!("{}:{line}: {why}", file.display()));
        }
        shown.push(json!({
            "file": file, "line": line, "world": record.world, "seed": record.seed, "index": record.index,
            "episode": record.episode, "length": record.length, "score": record.score, "ending": record.ending,
            "verified": verdict.map(|v| v.is_ok()),
        }));
    }
    if args.json {
        output::json(&json!({ "episodes": shown, "failures": failures }))?;
    } else {
        let mut text = String::new();
        for (file, line, record) in &episodes {
            text.push_str(&format!(
                "{}:{line}  {}  seed {}  {} steps  score {}  {:?}\n",
                file.display(),
                record.world,
                record.seed,
                record.length,
                record.score,
                record.ending,
            ));
        }
        if args.verify {
            text.push_str(&format!(
                "{} of {} episodes replay to the last bit\n",
                episodes.len() - failures.len(),
                episodes.len()
            ));
        }
        output::text(&text)?;
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(Error::Mismatch(failures.join("\n"))),
    }
}

fn verify(catalogue: &Catalogue, record: &EpisodeRecord) -> freewheel_core::Result<()> {
    let settings: toml::Table = serde_json::from_value(record.settings.clone()).map_err(|e| {
        freewheel_core::Error::Config(format!("the settings of this episode cannot be read: {e}"))
    })?;
    let world = catalogue.build_world(&record.world, &settings)?;
    record::verify(record, &*world)
}
