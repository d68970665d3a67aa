//! `run`, `train` and `resume`: train a list of jobs.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use freewheel_core::Error as Core;
use freewheel_core::checkpoint::write_atomically;
use toml::Value;

use super::map::maps;
use super::{DEFAULT_EXPERIMENT, overlay, stop_flag};
use crate::Registry;
use crate::cli::{ProgressOutput, Resume, Run, Threads, Train, Training};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::experiment::{self, JobOutcome, pool};
use crate::folders::files_below;
use crate::format::quoted;
use crate::job::Job;
use crate::map::MapPlan;
use crate::output;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::Report;
use crate::score_scale::ScoreScales;
use crate::training::Outcome;

pub(super) fn run(registry: &Registry, args: Run) -> Result<()> {
    let mut doc = match &args.file {
        Some(file) => Document::read(file)?,
        None => Document::parse("the default experiment", DEFAULT_EXPERIMENT)?,
    };
    let plan = plan(registry, &mut doc, &args.training)?;
    let out = args.training.out.clone().unwrap_or_else(|| Path::new("results").join(&plan.name));
    train_all(registry, &plan, &out, args.training.output, args.training.threads)
}

pub(super) fn train(registry: &Registry, args: Train) -> Result<()> {
    let mut doc = Document::one_run(&args.world, &args.agent, args.steps, "0");
    let plan = plan(registry, &mut doc, &args.training)?;
    let out = args.training.out.clone().unwrap_or_else(|| "results/train".into());
    train_all(registry, &plan, &out, args.training.output, args.training.threads)
}

/// Plan of an experiment, with the overrides and seeds of the command line.
fn plan(registry: &Registry, doc: &mut Document, training: &Training) -> Result<Plan> {
    overlay(doc, &training.overrides.set)?;
    if let Some(seeds) = &training.seeds {
        doc.table.insert("seeds".into(), Value::String(seeds.to_string()));
    }
    // Encoders are fitted in this call, on the same number of threads as the training.
    Ok(pool(training.threads.count())?.install(|| Plan::new(registry, doc))?)
}

pub(super) fn resume(registry: &Registry, args: Resume) -> Result<()> {
    let found = registry.find_jobs(&args.dir)?;
    // Folder of each experiment: the parent of `<configuration>/seed-<n>`. All runs of one experiment have the same.
    let roots: Vec<PathBuf> =
        found.iter().filter_map(|(dir, _)| Some(dir.parent()?.parent()?.to_owned())).collect();
    let Some(root) = roots.first().filter(|first| roots.iter().all(|root| root == *first)) else {
        let message =
            format!("{}: this folder contains several experiments; name one of them", args.dir.display());
        return Err(Error::Usage(message));
    };
    let jobs: Vec<Job> = found.into_iter().map(|(_, job)| job).collect();
    let map = saved_map_plan(root)?;
    if let Some(moved) = jobs.iter().find(|job| !job.directory(root).join("config.toml").exists()) {
        let expected = moved.directory(root);
        let message = format!(
            "{}: this run has been moved; move it back to {}",
            args.dir.display(),
            expected.display()
        );
        return Err(Error::Core(Core::Config(message)));
    }
    let name = root.file_name().map_or_else(|| "resumed".into(), |name| name.to_string_lossy().into_owned());
    train_all(registry, &Plan { name, jobs, map }, root, args.output, args.threads)
}

/// File in an experiment's folder with the settings of its map, read by `resume`.
const MAP_FILE: &str = "map.toml";

/// Map settings of the experiment in `root`; `None` if the experiment asks for no maps.
fn saved_map_plan(root: &Path) -> Result<Option<MapPlan>> {
    let file = root.join(MAP_FILE);
    let text = match std::fs::read_to_string(&file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(Core::io(&file))?,
    };
    let damaged = |e: toml::de::Error| Core::Damaged { file, reason: e.message().to_owned() };
    Ok(Some(toml::from_str(&text).map_err(damaged)?))
}

/// Runs the jobs, prints the results table, saves it in `out`, and draws maps if the plan asks for them.
fn train_all(
    registry: &Registry,
    plan: &Plan,
    out: &Path,
    output: ProgressOutput,
    threads: Threads,
) -> Result<()> {
    let Plan { name, jobs, map } = plan;
    let stop = stop_flag()?;
    let _lock = lock(out)?;
    // All configurations are written before the first job starts, so that `resume` finds them after any interruption.
    jobs.iter().try_for_each(|job| job.prepare(out))?;
    if let Some(map) = map {
        let text = toml::to_string(map).map_err(|e| Core::Unsupported(e.to_string()))?;
        write_atomically(out.join(MAP_FILE), text.as_bytes())?;
    }
    let progress = Progress::new(
        jobs.iter().fold(0, |sum: u64, job| sum.saturating_add(job.config.steps)),
        output.quiet || output.json,
    );
    let score_scales = ScoreScales::default();
    let ran = experiment::run(registry, jobs, out, threads.count(), &stop, &progress, &score_scales);
    progress.close();
    let ran = ran?;
    let unfinished = |ran: &JobOutcome<'_>| matches!(ran.outcome, None | Some(Outcome::Interrupted));
    if stop.load(Ordering::Relaxed) && ran.iter().any(unfinished) {
        let again = format!("{} resume {}", registry.name(), quoted(&out.to_string_lossy()));
        return Err(Error::Interrupted(again));
    }
    let report = Report::new(name, &out.to_string_lossy(), &ran, &score_scales)?;
    // The table is saved only if these jobs are all runs in the folder; otherwise the saved table is left unchanged.
    if files_below(out, "config.toml")?.len() == jobs.len() {
        let json = serde_json::to_string_pretty(&report).map_err(|e| Core::Unsupported(e.to_string()))?;
        write_atomically(out.join("results.json"), json.as_bytes())?;
        write_atomically(out.join("results.md"), report.to_text(true).as_bytes())?;
    } else {
        output::note(&format!(
            "{} contains other runs too, so results.md was not updated; for a table of all runs: {} resume {}",
            out.display(),
            registry.name(),
            quoted(&out.to_string_lossy())
        ));
    }
    if output.json {
        output::json(&report)?;
    } else {
        let text = report.to_text(false);
        output::text(&format!(
            "{text}\n{} runs in {}; watch one with: {} watch {}\n",
            jobs.len(),
            out.display(),
            registry.name(),
            example(jobs, out)
        ))?;
    }
    if let Some(map) = map {
        let done = ran.iter().filter(|ran| matches!(ran.outcome, Some(Outcome::Done(_)))).map(|ran| ran.job);
        let done: Vec<(PathBuf, &Job)> = done.map(|job| (job.directory(out), job)).collect();
        let mut refused = maps(registry, map, &done, threads.count(), &stop)?.refused;
        refused.dedup_by_key(|why| why.to_string());
        refused.iter().for_each(|why| output::note(&format!("no map: {why}")));
    }
    let diverged: usize = report.rows.iter().map(|row| row.diverged).sum();
    if diverged > 0 { Err(Error::Diverged(diverged, jobs.len())) } else { Ok(()) }
}

/// Lock on the folder `out`, so that only one process writes into the folder. The system releases it when the process
/// ends.
fn lock(out: &Path) -> Result<std::fs::File> {
    let file = out.join(".lock");
    std::fs::create_dir_all(out).map_err(Core::io(out))?;
    let lock = std::fs::File::create(&file).map_err(Core::io(&file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => {
            let message = format!(
                "{}: another freewheel process uses this folder; wait for it, or choose another folder with --out",
                out.display()
            );
            Err(Core::Config(message).into())
        }
        // The file system has no locks: continue without a lock.
        Err(std::fs::TryLockError::Error(_)) => Ok(lock),
    }
}

/// Folder of the last job, as a shell argument for the printed example commands.
fn example(jobs: &[Job], out: &Path) -> String {
    jobs.last().map(|job| quoted(&job.directory(out).to_string_lossy())).unwrap_or_default()
}
