//! `run`, `train` and `resume`: three ways to name the same thing, a list of jobs.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use freewheel_core::Error as Core;
use freewheel_core::checkpoint::write_atomically;
use toml::Value;

use super::map::maps;
use super::{DEFAULT_EXPERIMENT, files_below, overlay, stop_flag, threads};
use crate::Registry;
use crate::cli::{Output, Resume, Run, Train, Training};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::experiment::{self, Ran, pool};
use crate::job::{Job, Outcome};
use crate::map::MapPlan;
use crate::output;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::Report;
use crate::score_scale::ScoreScales;

pub(super) fn run(registry: &Registry, args: Run) -> Result<()> {
    let mut doc = match &args.file {
        Some(file) => Document::read(file)?,
        None => Document::parse("the default experiment", DEFAULT_EXPERIMENT)?,
    };
    prepare(&mut doc, &args.training)?;
    // Encoders are fitted here: on as many threads as everything else.
    let plan = pool(threads(args.training.threads))?.install(|| Plan::new(registry, &doc))?;
    let out = args.training.out.clone().unwrap_or_else(|| Path::new("results").join(&plan.name));
    finish(registry, &plan, &out, args.training.output, args.training.threads)
}

pub(super) fn train(registry: &Registry, args: Train) -> Result<()> {
    let mut doc = Document::one_run(&args.world, &args.agent, args.steps, "0");
    prepare(&mut doc, &args.training)?;
    // Encoders are fitted here: on as many threads as everything else.
    let plan = pool(threads(args.training.threads))?.install(|| Plan::new(registry, &doc))?;
    let out = args.training.out.clone().unwrap_or_else(|| "results/train".into());
    finish(registry, &plan, &out, args.training.output, args.training.threads)
}

fn prepare(doc: &mut Document, training: &Training) -> Result<()> {
    overlay(doc, &training.set)?;
    if let Some(seeds) = &training.seeds {
        doc.table.insert("seeds".into(), Value::String(seeds.to_string()));
    }
    Ok(())
}

pub(super) fn resume(registry: &Registry, args: Resume) -> Result<()> {
    let found = registry.find_jobs(&args.dir)?;
    // The folder above `<configuration>/seed-<n>`, the same for all of them in a folder that an experiment made.
    let roots: Vec<PathBuf> =
        found.iter().filter_map(|(dir, _)| Some(dir.parent()?.parent()?.to_owned())).collect();
    let Some(root) = roots.first().filter(|first| roots.iter().all(|root| root == *first)) else {
        let message = format!("{}: holds runs of several experiments; name one of them", args.dir.display());
        return Err(Error::Usage(message));
    };
    let jobs: Vec<Job> = found.into_iter().map(|(_, job)| job).collect();
    let map = asked_map(root)?;
    if let Some(moved) = jobs.iter().find(|job| !job.directory(root).join("config.toml").exists()) {
        let expected = moved.directory(root);
        let message =
            format!("{}: is not where its run was made; expected {}", args.dir.display(), expected.display());
        return Err(Error::Core(Core::Config(message)));
    }
    let name = root.file_name().map_or_else(|| "resumed".into(), |name| name.to_string_lossy().into_owned());
    finish(registry, &Plan { name, jobs, map }, root, args.output, args.threads)
}

/// Which map the experiment in a folder asks for, so that `resume` knows.
const MAP: &str = "map.toml";

fn asked_map(root: &Path) -> Result<Option<MapPlan>> {
    let file = root.join(MAP);
    let text = match std::fs::read_to_string(&file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(Core::io(&file))?,
    };
    let damaged = |e: toml::de::Error| Core::Damaged { file, reason: e.message().to_owned() };
    Ok(Some(toml::from_str(&text).map_err(damaged)?))
}

/// Runs the jobs, prints the table, and leaves it beside the runs.
fn finish(registry: &Registry, plan: &Plan, out: &Path, output: Output, said: Option<u16>) -> Result<()> {
    let Plan { name, jobs, map } = plan;
    let stop = stop_flag()?;
    let _lock = lock(out)?;
    // All of them before the first begins: whatever happens, `resume` knows what was asked for.
    jobs.iter().try_for_each(|job| job.prepare(out))?;
    if let Some(map) = map {
        let text = toml::to_string(map).map_err(|e| Core::Unsupported(e.to_string()))?;
        write_atomically(out.join(MAP), text.as_bytes())?;
    }
    let progress = Progress::new(
        jobs.iter().fold(0, |sum: u64, job| sum.saturating_add(job.config.steps)),
        output.quiet || output.json,
    );
    let score_scales = ScoreScales::default();
    let ran = experiment::run(registry, jobs, out, threads(said), &stop, &progress, &score_scales);
    progress.close();
    let ran = ran?;
    let unfinished = |ran: &Ran<'_>| matches!(ran.outcome, None | Some(Outcome::Interrupted));
    if stop.load(Ordering::Relaxed) && ran.iter().any(unfinished) {
        let again = format!("{} resume {}", registry.name(), quoted(&out.to_string_lossy()));
        return Err(Error::Interrupted(again));
    }
    let report = Report::new(name, &out.to_string_lossy(), &ran, &score_scales)?;
    // The table beside the runs is that of the whole folder, never of a part of it.
    if files_below(out, "config.toml")?.len() == jobs.len() {
        let json = serde_json::to_string_pretty(&report).map_err(|e| Core::Unsupported(e.to_string()))?;
        write_atomically(out.join("results.json"), json.as_bytes())?;
        write_atomically(out.join("results.md"), report.to_text(true).as_bytes())?;
    } else {
        let (out, again) = (out.display(), quoted(&out.to_string_lossy()));
        let resume = format!("{} resume {again}", registry.name());
        output::note(&format!(
            "{out} holds other runs too: its results.md is left as it is; of all of them: {resume}"
        ));
    }
    if output.json {
        output::json(&report)?;
    } else {
        let text = report.to_text(false);
        output::text(&format!(
            "{text}\n{} runs in {}; look at one with: {} watch {}\n",
            jobs.len(),
            out.display(),
            registry.name(),
            example(jobs, out)
        ))?;
    }
    if let Some(map) = map {
        let done = ran.iter().filter(|ran| matches!(ran.outcome, Some(Outcome::Done(_)))).map(|ran| ran.job);
        let done: Vec<(PathBuf, &Job)> = done.map(|job| (job.directory(out), job)).collect();
        let mut refused = maps(registry, map, &done, threads(said), &stop)?.refused;
        refused.dedup_by_key(|why| why.to_string());
        refused.iter().for_each(|why| output::note(&format!("no map: {why}")));
    }
    let diverged: usize = report.rows.iter().map(|row| row.diverged).sum();
    if diverged > 0 { Err(Error::Diverged(diverged, jobs.len())) } else { Ok(()) }
}

/// Two processes in one folder would write into each other's runs. The lock ends with the process, however that ends.
fn lock(out: &Path) -> Result<std::fs::File> {
    let file = out.join(".lock");
    std::fs::create_dir_all(out).map_err(Core::io(out))?;
    let lock = std::fs::File::create(&file).map_err(Core::io(&file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => {
            let message = format!(
                "{}: another freewheel is at work here; wait for it, or name another --out",
                out.display()
            );
            Err(Core::Config(message).into())
        }
        // A file system without locks is no reason to do nothing.
        Err(std::fs::TryLockError::Error(_)) => Ok(lock),
    }
}

fn example(jobs: &[Job], out: &Path) -> String {
    jobs.last().map(|job| quoted(&job.directory(out).to_string_lossy())).unwrap_or_default()
}

fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}
