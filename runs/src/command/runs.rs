//! `runs`: list, show and verify runs on disk, and remove files that are no longer needed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use freewheel_core::Error as Core;
use serde::Serialize;
use serde_json::json;

use super::run::lock;
use crate::checkpoints::check_is_run;
use crate::checksums::CONFIG;
use crate::cli::{RunsCommand, RunsFolder, RunsGc, RunsLs, RunsShow};
use crate::error::{Error, Result};
use crate::folders::no_run;
use crate::format::{bytes, count, decimal_or_dash};
use crate::garbage::{self, Garbage};
use crate::job::{Job, JobConfig};
use crate::output::plain;
use crate::run_list::{RunEntry, RunState, list, size_of};
use crate::table::{self, Column, Layout, Table};
use crate::{Registry, output};

pub(super) fn runs(registry: &Registry, command: RunsCommand) -> Result<()> {
    match command {
        RunsCommand::Ls(args) => ls(&args),
        RunsCommand::Show(args) => show(&args),
        RunsCommand::Verify(args) => verify(&args),
        RunsCommand::Gc(args) => gc(registry, &args),
    }
}

/// Run in the list.
#[derive(Serialize)]
struct Listed<'a> {
    run: &'a Path,
    world: &'a str,
    agent: &'a str,
    seed: u64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    steps: u64,
    of_steps: u64,
    score: Option<f64>,
    bytes: u64,
}

impl<'a> Listed<'a> {
    fn of(entry: &'a RunEntry) -> Self {
        Listed {
            run: &entry.folder,
            world: &entry.world,
            agent: &entry.agent,
            seed: entry.seed,
            state: entry.state.name(),
            reason: match &entry.state {
                RunState::Damaged(reason) | RunState::Diverged(reason) => Some(reason),
                _ => None,
            },
            steps: entry.steps.0,
            of_steps: entry.steps.1,
            score: entry.score,
            bytes: entry.size,
        }
    }
}

fn ls(args: &RunsLs) -> Result<()> {
    let all = list(&args.folder)?;
    let listed: Vec<Listed<'_>> = all.iter().map(Listed::of).collect();
    let size: u64 = listed.iter().map(|run| run.bytes).sum();
    if args.output.json {
        return output::json(&json!({ "runs": listed, "bytes": size }));
    }
    if listed.is_empty() {
        return Err(no_run(&args.folder).into());
    }
    let mut table = Table::new(vec![
        Column::text("configuration", 0),
        Column::number("seed", 0),
        Column::text("state", 0),
        Column::number("steps", 3),
        Column::number("score", 1),
        Column::number("size", 0),
        Column::number("age", 2),
    ]);
    for (run, entry) in listed.iter().zip(&all) {
        let folder = run.run.parent().unwrap_or(run.run);
        let folder = folder.strip_prefix(&args.folder).unwrap_or(folder);
        let steps = match run.steps == run.of_steps {
            true => count(run.steps as f64),
            false => format!("{} of {}", count(run.steps as f64), count(run.of_steps as f64)),
        };
        table.row([
            if folder.as_os_str().is_empty() { ".".into() } else { folder.display().to_string() },
            run.seed.to_string(),
            run.state.to_owned(),
            steps,
            decimal_or_dash(run.score),
            bytes(run.bytes),
            entry.age.map_or("-".into(), age),
        ]);
    }
    let layout = args.wide.layout();
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    listed.iter().for_each(|run| *states.entry(run.state).or_default() += 1);
    let states: Vec<String> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let reasons = listed.iter().filter_map(|run| Some((run.run, run.reason?)));
    let reasons = reasons.map(|(run, reason)| format!("{}: damaged: {reason}\n", run.display()));
    let text = format!(
        "{}{}{}",
        table.text(layout),
        plain(&reasons.collect::<String>()),
        table::wrapped(
            &format!("{}, {}: {}\n", runs_text(listed.len()), bytes(size), states.join(", ")),
            2,
            layout
        )
    );
    output::picture(&text)
}

/// Number of runs in words.
fn runs_text(count: usize) -> String {
    if count == 1 { "1 run".into() } else { format!("{count} runs") }
}

/// Time since an event: `5 s`, `12 min`, `3 h`, `20 d`.
fn age(age: Duration) -> String {
    match age.as_secs() {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3600 => format!("{} min", s / 60),
        s @ 3600..86_400 => format!("{} h", s / 3600),
        s => format!("{} d", s / 86_400),
    }
}

fn show(args: &RunsShow) -> Result<()> {
    check_is_run(&args.run)?;
    let config = JobConfig::read(&args.run)?;
    let result = Job::result_in(&args.run)?;
    let entry = list(&args.run)?.into_iter().next().ok_or_else(|| no_run(&args.run))?;
    let mut files: BTreeMap<String, u64> = BTreeMap::new();
    for found in std::fs::read_dir(&args.run).map_err(Core::io(&args.run))? {
        let found = found.map_err(Core::io(&args.run))?;
        let size = match found.file_type().map_err(Core::io(found.path()))?.is_dir() {
            true => size_of(&found.path()),
            false => found.metadata().map_err(Core::io(found.path()))?.len(),
        };
        files.insert(found.file_name().to_string_lossy().into_owned(), size);
    }
    if args.output.json {
        return output::json(
            &json!({ "run": Listed::of(&entry), "config": config, "result": result, "files": files }),
        );
    }
    let listed = Listed::of(&entry);
    let mut lines = vec![
        ["run".to_owned(), format!("{} in {}, seed {}", config.agent, config.world, config.seed)],
        [
            "state".to_owned(),
            match listed.reason {
                Some(reason) => format!("damaged: {reason}"),
                None => listed.state.to_owned(),
            },
        ],
        [
            "steps".to_owned(),
            match config.schedule_steps {
                Some(schedule) => format!("{} of {}, schedule of {schedule}", listed.steps, listed.of_steps),
                None => format!("{} of {}", listed.steps, listed.of_steps),
            },
        ],
        ["score".to_owned(), decimal_or_dash(listed.score)],
    ];
    if let Some(result) = &result {
        let of = |window: &crate::metrics::Window| {
            let std = decimal_or_dash(window.std());
            format!("{} over {} episodes, std {std}", decimal_or_dash(window.score()), window.episodes)
        };
        lines.push(["evaluation".into(), of(&result.evaluation)]);
        lines.push(["training score".into(), of(&result.online)]);
        let measures = result.measures.iter().map(|one| [one.name.clone(), decimal_or_dash(one.mean)]);
        lines.extend(measures);
    }
    let settings =
        |table: &toml::Table| table.iter().map(|(k, v)| format!("{k} = {v}\n")).collect::<String>();
    lines.push(["environments".into(), config.num_envs.to_string()]);
    lines.push(["world".into(), settings(&config.world_settings)]);
    lines.push(["agent".into(), settings(&config.agent_settings)]);
    let sizes: String = files.iter().map(|(name, size)| format!("{name} {}\n", bytes(*size))).collect();
    lines.push(["files".into(), format!("{sizes}{} in all", bytes(entry.size))]);
    lines.retain(|[_, text]| !text.is_empty());
    output::text(&table::list(lines, Layout::of_stdout(false)))
}

fn verify(args: &RunsFolder) -> Result<()> {
    let (runs, damaged) = garbage::inspect(&args.folder)?;
    let checked: usize = runs.iter().map(|run| run.checked.len()).sum();
    let unchecked: Vec<&PathBuf> =
        runs.iter().filter(|run| !run.has_checksums).map(|run| &run.folder).collect();
    let errors: Vec<String> = damaged.iter().map(ToString::to_string).collect();
    if args.output.json {
        output::json(&json!({
            "runs": runs.len(), "files": checked, "damaged": errors, "without_checksums": unchecked,
        }))?;
    } else if runs.is_empty() && errors.is_empty() {
        return Err(no_run(&args.folder).into());
    } else {
        let mut text = format!("{}, {checked} files match their checksums\n", runs_text(runs.len()));
        if let Some(first) = unchecked.first() {
            let more = unchecked.len();
            text.push_str(&format!(
                "{more} runs of an earlier version have no checksums, such as {}\n",
                first.display()
            ));
        }
        output::text(&text)?;
    }
    match errors.len() {
        0 => Ok(()),
        n => Err(Error::Mismatch(format!("{n} damaged:\n  {}", errors.join("\n  ")))),
    }
}

fn gc(registry: &Registry, args: &RunsGc) -> Result<()> {
    // The folder of the experiment is above that of a run: the path of a run must contain it.
    let is_run = args.folder.join(CONFIG).is_file() || args.folder.join("seed-0").is_dir();
    let folder = match is_run {
        true => std::path::absolute(&args.folder).map_err(Core::io(&args.folder))?,
        false => args.folder.clone(),
    };
    let found = garbage::find(&folder)?;
    let all: Vec<&Garbage> = found.values().flatten().collect();
    let chosen = |garbage: &Garbage| args.delete.contains(&garbage.kind);
    let size = |garbage: &[&Garbage]| garbage.iter().map(|one| one.bytes).sum::<u64>();
    if args.delete.is_empty() {
        if args.output.json {
            return output::json(&json!({ "removable": all, "bytes": size(&all), "removed": [] }));
        }
        let mut text = String::new();
        for (kind, name) in KINDS {
            let of: Vec<&Garbage> = all.iter().copied().filter(|one| one.kind == kind).collect();
            text.push_str(&format!("{name}: {}, {}\n", entries(of.len()), bytes(size(&of))));
            let shown = of.iter().take(SHOWN).map(|one| format!("  {}\n", one.path.display()));
            text.extend(shown);
            if of.len() > SHOWN {
                text.push_str(&format!("  and {} more\n", of.len() - SHOWN));
            }
        }
        let found = KINDS.iter().filter(|(kind, _)| all.iter().any(|one| one.kind == *kind));
        let kinds: Vec<&str> = found.map(|(_, name)| *name).collect();
        if !kinds.is_empty() {
            text.push_str(&format!(
                "Nothing was removed. To remove them: {} runs gc {} --delete {}\n",
                registry.name(),
                crate::format::quoted(&args.folder.to_string_lossy()),
                kinds.join(",")
            ));
        }
        return output::text(&text);
    }
    let mut removed: Vec<Garbage> = Vec::new();
    let mut busy = Vec::new();
    for (root, garbage) in &found {
        if !garbage.iter().any(chosen) {
            continue;
        }
        let lock = match lock(root) {
            Ok(lock) => lock,
            Err(error) => {
                busy.push(error.to_string());
                continue;
            }
        };
        // Another process may have trained since the first look.
        let now = garbage::find(root)?.remove(root).unwrap_or_default();
        for one in now.into_iter().filter(|one| chosen(one) && one.path.starts_with(&folder)) {
            garbage::remove(&one)?;
            removed.push(one);
        }
        drop(lock);
    }
    busy.iter().for_each(|message| output::note(message));
    if args.output.json {
        return output::json(&json!({ "removable": all, "bytes": size(&all), "removed": removed }));
    }
    output::text(&format!(
        "Removed {}, {}\n",
        entries(removed.len()),
        bytes(removed.iter().map(|one| one.bytes).sum())
    ))
}

/// Number of things that can be removed, in words.
fn entries(count: usize) -> String {
    if count == 1 { "1 entry".into() } else { format!("{count} entries") }
}

/// Number of files of each kind that are listed.
const SHOWN: usize = 10;

/// Kinds with their names on the command line.
const KINDS: [(crate::cli::GarbageKind, &str); 3] = [
    (crate::cli::GarbageKind::Leftovers, "leftovers"),
    (crate::cli::GarbageKind::Checkpoints, "checkpoints"),
    (crate::cli::GarbageKind::Unnamed, "unnamed"),
];
