//! `demos`: stores of demonstrations, listed, shown, recorded, imported, filtered, merged, split, exported and
//! verified.

mod export;
mod import;
mod record;
pub(super) mod replayed;
mod show;

use std::path::{Path, PathBuf};

use freewheel_core::Error as Core;
use freewheel_core::demonstrations::{DemonstrationSet, Keep};
use toml::Table;

use super::overlay;
use crate::cli::{DemosCommand, DemosFilter, DemosMerge, DemosSplit, DemosVerify};
use crate::demonstrations::{self, list::stores_below};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::{Registry, output};

pub(super) fn demos(registry: &Registry, command: DemosCommand) -> Result<()> {
    match command {
        DemosCommand::Ls(args) => show::list(&args),
        DemosCommand::Stats(args) => show::stats(&args),
        DemosCommand::Show(args) => show::show(&args),
        DemosCommand::Record(args) => record::record(registry, &args),
        DemosCommand::Import(args) => import::import(registry, &args),
        DemosCommand::Filter(args) => filter(&args),
        DemosCommand::Merge(args) => merge(&args),
        DemosCommand::Split(args) => split(&args),
        DemosCommand::Export(args) => export::export(&args),
        DemosCommand::Verify(args) => verify(registry, &args),
    }
}

fn filter(args: &DemosFilter) -> Result<()> {
    let set = demonstrations::read(&args.store)?;
    let keep = match (args.top, args.min_return, args.source) {
        (Some(share), ..) => Keep::Top(share),
        (_, Some(least), _) => Keep::MinReturn(least),
        (.., Some(source)) => Keep::Source(source),
        // The command line requires one of the three.
        (None, None, None) => Keep::Top(1.0),
    };
    let kept = set.select(&set.kept(keep));
    if kept.episodes.is_empty() {
        return Err(Core::Config(format!("{}: no episode is left", args.store.display())).into());
    }
    save(&args.to, &kept)?;
    output::text(&format!("kept {} of {} episodes\n", kept.episodes.len(), set.episodes.len()))
}

fn merge(args: &DemosMerge) -> Result<()> {
    let mut stores = args.stores.iter();
    let mut all = match stores.next() {
        Some(first) => demonstrations::read(first)?,
        None => return Err(Error::Usage("name two stores or more".into())),
    };
    for store in stores {
        all.merge(demonstrations::read(store)?).map_err(|e| e.of(&store.display().to_string()))?;
    }
    save(&args.to, &all)
}

fn split(args: &DemosSplit) -> Result<()> {
    let set = demonstrations::read(&args.store)?;
    let parts = set.split(args.share, args.seed);
    if parts.iter().any(|part| part.episodes.is_empty()) {
        let message = format!(
            "{}: {} episodes cannot be split with --share {}; one part would be empty",
            args.store.display(),
            set.episodes.len(),
            args.share
        );
        return Err(Core::Config(message).into());
    }
    for (folder, part) in [&args.to, &args.rest].into_iter().zip(&parts) {
        save(folder, part)?;
    }
    Ok(())
}

fn verify(registry: &Registry, args: &DemosVerify) -> Result<()> {
    let (mut faults, mut text) = (Vec::new(), String::new());
    for store in stores(&args.folder)? {
        let set = match demonstrations::read(&store) {
            Ok(set) => set,
            Err(e @ Core::Damaged { .. }) => {
                faults.push(e.to_string());
                continue;
            }
            Err(e) => return Err(e.into()),
        };
        let (name, episodes) = (store.display(), set.episodes.len());
        if set.header.world.is_empty() {
            text.push_str(&format!("{name}: intact; of another program, so that it cannot be replayed\n"));
            continue;
        }
        let world = registry.build_recorded_world(&set.header.world, &set.header.settings)?;
        match set.verify(&*world) {
            Ok(without) => {
                text.push_str(&format!("{name}: {} episodes replay exactly\n", episodes - without))
            }
            Err(Core::Mismatch(why)) => faults.push(format!("{name}: {why}")),
            Err(e) => return Err(e.into()),
        }
    }
    output::text(&text)?;
    if faults.is_empty() { Ok(()) } else { Err(Error::Mismatch(faults.join("\n"))) }
}

/// Stores in and below `folder`, sorted.
///
/// # Errors
/// [`Core::Config`] if there is none.
fn stores(folder: &Path) -> Result<Vec<PathBuf>> {
    let found = stores_below(folder)?;
    match found.is_empty() {
        true => Err(Core::Config(format!(
            "{}: no demonstrations here; `demos record` and `play` make some",
            folder.display()
        ))
        .into()),
        false => Ok(found),
    }
}

/// Writes a new store, and tells it.
fn save(folder: &Path, set: &DemonstrationSet) -> Result<()> {
    demonstrations::write(folder, set)?;
    output::text(&format!("{}: {} episodes, {} steps\n", folder.display(), set.episodes.len(), set.steps()))
}

/// Settings of the world that `--set world.KEY=VALUE` gives.
///
/// # Errors
/// [`Error::Usage`] for another setting.
pub(super) fn world_settings(set: &[String]) -> Result<Table> {
    let mut doc = Document::one_run("", "", None, "0");
    let before = doc.table.clone();
    overlay(&mut doc, set)?;
    let other = doc.table.iter().find(|(key, value)| *key != "world" && before.get(*key) != Some(value));
    match (other, doc.table.get("world")) {
        (Some((key, _)), _) => Err(Error::Usage(format!(
            "--set {key}: only settings of the world apply here, such as world.KEY=VALUE"
        ))),
        (None, Some(toml::Value::Table(table))) => Ok(table.clone()),
        _ => Ok(Table::new()),
    }
}
