//! `run`, `train` and `resume`: train a list of jobs.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use freewheel_core::Error as Core;
use freewheel_core::checkpoint::{remove_temporary_files, write_atomically};
use freewheel_core::input::read_raw;
use toml::Value;

use super::map::draw_maps;
use super::{DEFAULT_EXPERIMENT, overlay, stop_flag_with_screen};
use crate::Registry;
use crate::board::Board;
use crate::checksums::CONFIG;
use crate::cli::{ProgressOutput, Resume, Run, Threads, Train, Training};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::experiment::{self, JobOutcome, pool};
use crate::export::tensorboard;
use crate::extension;
use crate::folders::{WorldCache, files_below, no_run, open_file, run_order};
use crate::format::quoted;
use crate::job::Job;
use crate::map::MapPlan;
use crate::output;
use crate::plan::Plan;
use crate::plan_file::{self, SavedPlan};
use crate::presets;
use crate::progress::Progress;
use crate::report::Report;
use crate::score_scale::ScoreScales;
use crate::training::Outcome;
use crate::tui::{self, dashboard};

pub(super) fn run(registry: &Registry, args: Run) -> Result<()> {
    let plan = match (&args.file, &args.presets) {
        (_, Some(text)) => plan_of_presets(registry, text, &args.training)?,
        (Some(file), None) => plan(registry, &mut Document::read(file)?, &args.training)?,
        (None, None) => {
            let mut doc = Document::parse("the default experiment", DEFAULT_EXPERIMENT)?;
            plan(registry, &mut doc, &args.training)?
        }
    };
    let out = args.training.out.clone().unwrap_or_else(|| Path::new("results").join(&plan.name));
    train_new(registry, plan, &out, &args.training)
}

pub(super) fn train(registry: &Registry, args: Train) -> Result<()> {
    let mut doc = Document::one_run(&args.world, &args.agent, args.steps, "0");
    let plan = plan(registry, &mut doc, &args.training)?;
    let out = args.training.out.clone().unwrap_or_else(|| "results/train".into());
    train_new(registry, plan, &out, &args.training)
}

/// Trains the runs of a plan that is not on disk yet.
fn train_new(registry: &Registry, plan: Plan, out: &Path, training: &Training) -> Result<()> {
    let maps: Vec<MapPlan> = plan.map.iter().cloned().collect();
    let has_report = plan.report;
    train_all(registry, plan, &maps, Source::New, out, training.output.clone(), training.threads)?;
    if has_report {
        let file = out.join("report.html");
        super::report::write(registry, &[out.to_owned()], &file, None)?;
        output::note(&format!("report: {}", file.display()));
    }
    Ok(())
}

/// Plan of an experiment, with the overrides and seeds of the command line.
fn plan(registry: &Registry, doc: &mut Document, training: &Training) -> Result<Plan> {
    overlay(doc, &training.overrides.set)?;
    if let Some(seeds) = &training.seeds {
        doc.table.insert("seeds".into(), Value::String(seeds.to_string()));
    }
    if training.no_preset {
        doc.table.insert("presets".into(), Value::Boolean(false));
    }
    if training.tensorboard {
        doc.table.insert("tensorboard".into(), Value::Boolean(true));
    }
    if training.report {
        doc.table.insert("report".into(), Value::Boolean(true));
    }
    // Encoders are fitted in this call, on the same number of threads as the training.
    Ok(pool(training.threads.count())?.install(|| Plan::new(registry, doc))?)
}

/// Plan with a run of every preset whose name contains `text`.
fn plan_of_presets(registry: &Registry, text: &str, training: &Training) -> Result<Plan> {
    let mut all = Plan { name: "presets".into(), ..Plan::default() };
    for preset in presets::all().iter().filter(|preset| preset.name().contains(text)) {
        let mut doc = Document::one_run(&preset.world, &preset.agent, Some(preset.steps), "0");
        let plan = plan(registry, &mut doc, training)?;
        all.jobs.extend(plan.jobs);
        all.presets.extend(plan.presets);
        all.warnings.extend(plan.warnings);
        all.schedule_is_given = plan.schedule_is_given;
        all.report = plan.report;
        all.notes.extend(plan.notes);
    }
    match all.jobs.is_empty() {
        true => Err(Error::Usage(format!("--presets {text}: no preset's name contains this text"))),
        false => Ok(all),
    }
}

pub(super) fn resume(registry: &Registry, args: Resume) -> Result<()> {
    // The folder of the experiment is above that of a run: the path of a run must contain it.
    let is_run = |dir: &Path| dir.join(CONFIG).is_file() || dir.join("seed-0").is_dir();
    let dir = &match args.dir.components().count() < 3 && is_run(&args.dir) {
        true => std::path::absolute(&args.dir).map_err(Core::io(&args.dir))?,
        false => args.dir,
    };
    let found = files_below(dir, CONFIG)?;
    let found: Vec<&Path> = found.iter().filter_map(|file| file.parent()).collect();
    // The plan of an experiment is in its folder: `dir`, one below it, or one of the two above a single run.
    let mut plans = plan_file::below(dir)?;
    for folder in dir.ancestors().skip(1).take(2).filter(|folder| !folder.as_os_str().is_empty()) {
        if plans.is_empty() && folder.is_dir() {
            plans = plan_file::in_folder(folder)?;
        }
    }
    let roots_of_runs = found.iter().filter_map(|dir| dir.parent()?.parent());
    let roots_of_plans = plans.iter().filter_map(|file| file.parent());
    let mut roots: Vec<&Path> = roots_of_runs.chain(roots_of_plans).collect();
    roots.sort_unstable();
    roots.dedup();
    let root = match roots[..] {
        [root] => root,
        [] => return Err(no_run(dir).into()),
        _ => {
            let message =
                format!("{}: this folder contains several experiments; name one of them", dir.display());
            return Err(Error::Usage(message));
        }
    };
    // A run that cannot be read is named in the end; the others are continued.
    let mut worlds = WorldCache::default();
    let mut jobs: HashMap<PathBuf, Job> = HashMap::new();
    let mut unread: Vec<(PathBuf, Core)> = Vec::new();
    for folder in &found {
        match registry.load_job(folder, &mut worlds) {
            Ok(job) if job.directory(root) != **folder => {
                let expected = job.directory(root);
                let message = format!(
                    "{}: this run has been moved; move it back to {}",
                    folder.display(),
                    expected.display()
                );
                return Err(Error::Core(Core::Config(message)));
            }
            Ok(job) => drop(jobs.insert((*folder).to_owned(), job)),
            Err(error) => unread.push(((*folder).to_owned(), error)),
        }
    }
    let mut maps: Vec<MapPlan> = saved_map_plan(root)?.into_iter().collect();
    let (mut names, mut places) = (Vec::new(), HashMap::new());
    for file in &plans {
        let SavedPlan { file, name, configs, map } = plan_file::read(file)?;
        names.push(name);
        maps.extend(map);
        for config in configs {
            let folder = config.directory(root);
            let place = places.len();
            places.entry(folder.clone()).or_insert(place);
            // A longer run in a plan extends a shorter one.
            let known = jobs.get(&folder).is_some_and(|job| job.config.steps >= config.steps);
            let failed = unread.iter().any(|(other, _)| *other == folder);
            if (dir == root || folder.starts_with(dir)) && !known && !failed {
                match registry.job_of(config, &file, &mut worlds) {
                    Ok(job) => drop(jobs.insert(folder, job)),
                    Err(error) => unread.push((folder, error)),
                }
            }
        }
    }
    if jobs.is_empty()
        && let Some((_, error)) = unread.pop()
    {
        return Err(error.into());
    }
    maps.dedup();
    let mut jobs: Vec<(PathBuf, Job)> = jobs.into_iter().collect();
    // The runs that have not begun get an event file if others have one.
    let follow = !files_below(root, tensorboard::FILE)?.is_empty();
    jobs.iter_mut().for_each(|(_, job)| job.tensorboard |= follow);
    // The order of the experiment; runs without a plan come last.
    let place = |folder: &PathBuf| places.get(folder).copied().unwrap_or(usize::MAX);
    jobs.sort_by_key(|(folder, _)| (place(folder), run_order(folder)));
    let name = match &names[..] {
        [name] => name.clone(),
        _ => root.file_name().map_or_else(|| "resumed".into(), |name| name.to_string_lossy().into_owned()),
    };
    let plan = Plan { name, jobs: jobs.into_iter().map(|(_, job)| job).collect(), ..Plan::default() };
    train_all(registry, plan, &maps, Source::Disk { unread }, root, args.output, args.threads)
}

/// Place that a plan comes from.
enum Source {
    /// The command line or an experiment file: the plan is written before the first run starts.
    New,
    /// Folders and plans on disk.
    Disk {
        /// Runs that could not be read.
        unread: Vec<(PathBuf, Core)>,
    },
}

/// File with the settings of the map in an experiment's folder of an earlier version, which had no plan.
const MAP_FILE: &str = "map.toml";

/// Settings in [`MAP_FILE`]; `None` without this file.
fn saved_map_plan(root: &Path) -> Result<Option<MapPlan>> {
    let file = root.join(MAP_FILE);
    let bytes = match read_raw(&file) {
        Err(Core::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let damaged = |reason: String| Core::Damaged { file: file.clone(), reason };
    let map: MapPlan = toml::from_slice(&bytes).map_err(|e| damaged(e.message().to_owned()))?;
    match map.out_of_range() {
        Some((_, message)) => Err(damaged(message).into()),
        None => Ok(Some(map)),
    }
}

/// Runs the jobs of `plan`, prints the results table, saves it in `out`, and draws the maps `maps`.
fn train_all(
    registry: &Registry,
    mut plan: Plan,
    maps: &[MapPlan],
    source: Source,
    out: &Path,
    output: ProgressOutput,
    threads: Threads,
) -> Result<()> {
    if !plan.presets.is_empty() && !output.quiet {
        output::note(&format!("presets: {}", plan.presets.join(", ")));
    }
    plan.notes.iter().filter(|_| !output.quiet).for_each(|text| output::note(text));
    plan.warnings.iter().for_each(|warning| output::note(&format!("warning: {warning}")));
    let active = Arc::new(AtomicBool::new(false));
    let stop = stop_flag_with_screen(&active)?;
    let _lock = lock(out)?;
    remove_temporary_files(out)?;
    let unread = match source {
        Source::New => {
            let extended = extension::extend(registry, &mut plan.jobs, out, plan.schedule_is_given)?;
            extended.iter().for_each(|message| output::note(message));
            // The plan is on disk before the first job starts, so that `resume` finds all runs after any interruption.
            plan_file::write(&plan, out)?;
            Vec::new()
        }
        Source::Disk { unread } => unread,
    };
    let Plan { name, jobs, .. } = &plan;
    let score_scales = Arc::new(ScoreScales::default());
    let board = Arc::new(Board::new(jobs.len()));
    let has_dashboard = !(output.plain || output.quiet || output.json)
        && tui::is_interactive()
        && jobs.iter().any(|job| !matches!(job.result(out), Ok(Some(_))));
    let ran = if has_dashboard {
        let (stop, score_scales) = (&stop, &score_scales);
        let training = dashboard::Training {
            registry,
            title: name,
            jobs,
            out,
            board: &board,
            stop,
            score_scales,
            active: &active,
        };
        train_with_dashboard(training, &board, threads)
    } else {
        let steps = jobs.iter().fold(0, |sum: u64, job| sum.saturating_add(job.config.steps));
        let progress = Progress::new(steps, output.quiet || output.json);
        let ran = experiment::run(registry, jobs, out, threads.count(), &stop, &progress, &score_scales);
        progress.close();
        ran
    }?;
    let unfinished = |ran: &JobOutcome<'_>| {
        ran.error.is_none() && matches!(ran.outcome, None | Some(Outcome::Interrupted))
    };
    if stop.load(Ordering::Relaxed) && ran.iter().any(unfinished) {
        let again = format!("{} resume {}", registry.name(), quoted(&out.to_string_lossy()));
        return Err(Error::Interrupted(again));
    }
    let report = Report::new(name, &out.to_string_lossy(), &ran, &score_scales)?;
    // The table is saved only if these jobs are all runs in the folder; otherwise the saved table is left unchanged.
    if !unread.is_empty() || ran.iter().any(|ran| ran.error.is_some()) {
        output::note("runs failed, so results.md was not updated");
    } else if runs_in(out)? == jobs.len() {
        let json = serde_json::to_string_pretty(&report).map_err(|e| Core::Unsupported(e.to_string()))?;
        write_atomically(out.join("results.json"), json.as_bytes())?;
        write_atomically(out.join("results.md"), report.to_markdown().as_bytes())?;
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
        let text = report.to_text(output.wide.layout());
        output::picture(&format!(
            "{text}\n{} runs in {}; watch one with: {} watch {}\n",
            jobs.len(),
            out.display(),
            registry.name(),
            example(jobs, out)
        ))?;
    }
    let done = ran.iter().filter(|ran| matches!(ran.outcome, Some(Outcome::Done(_)))).map(|ran| ran.job);
    let done: Vec<(PathBuf, &Job)> = done.map(|job| (job.directory(out), job)).collect();
    for map in maps {
        let mut refused = draw_maps(registry, map, &done, threads.count(), &stop)?.refused;
        refused.dedup_by_key(|why| why.to_string());
        refused.iter().for_each(|why| output::note(&format!("no map: {why}")));
    }
    let diverged: usize = report.rows.iter().map(|row| row.diverged).sum();
    let failed = ran.into_iter().filter_map(|ran| Some((ran.job.title(), ran.error?)));
    let unread = unread.into_iter().map(|(folder, error)| (folder.display().to_string(), error));
    let failed: Vec<(String, Core)> = failed.chain(unread).collect();
    match failed.is_empty() {
        false => Err(failure(failed, jobs.len())),
        true if diverged > 0 => Err(Error::Diverged(diverged, jobs.len())),
        true => Ok(()),
    }
}

/// Number of failed runs that a message names.
const NAMED: usize = 20;

/// Error of an experiment of `all` runs in which those of `failed` failed, with their names.
pub(super) fn failure(failed: Vec<(String, Core)>, all: usize) -> Error {
    let count = failed.len();
    let mut lines: Vec<String> =
        failed.iter().take(NAMED).map(|(name, error)| format!("  {name}: {error}")).collect();
    if count > NAMED {
        lines.push(format!("  and {} more", count - NAMED));
    }
    let code = failed.into_iter().next().map_or(3, |(_, error)| Error::Core(error).exit_code());
    Error::Failed { failed: count, all: all.max(count), text: lines.join("\n"), code }
}

/// Runs the jobs while the dashboard is shown. Its messages are printed when it has closed.
///
/// # Errors
/// Errors of [`experiment::run`].
fn train_with_dashboard<'a>(
    training: dashboard::Training<'a>,
    board: &Arc<Board>,
    threads: Threads,
) -> freewheel_core::Result<Vec<JobOutcome<'a>>> {
    let dashboard::Training { registry, jobs, out, stop, score_scales, .. } = training;
    let progress = Progress::on_board(Arc::clone(board));
    let train = || experiment::run(registry, jobs, out, threads.count(), stop, &progress, score_scales);
    let (ran, shown) = dashboard::show(training, train);
    board.notes_from(0).iter().for_each(|note| output::note(note));
    if let Err(e) = shown {
        output::note(&format!("no dashboard: {e}"));
    }
    // A panic has printed its message; the terminal is restored.
    ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Number of runs in the folder `out`: started ones, and those in the plans.
fn runs_in(out: &Path) -> Result<usize> {
    let started = files_below(out, CONFIG)?;
    let mut runs: HashSet<PathBuf> =
        started.iter().filter_map(|file| file.parent()).map(Path::to_owned).collect();
    for file in plan_file::in_folder(out)? {
        runs.extend(plan_file::read(&file)?.configs.iter().map(|config| config.directory(out)));
    }
    Ok(runs.len())
}

/// Lock on the folder `out`, so that only one process writes into the folder. The system releases it when the process
/// ends.
pub(super) fn lock(out: &Path) -> Result<File> {
    locked(out, File::try_lock)
}

/// Lock on the folder `out` that several processes hold at once, so that none has [`lock`].
pub(super) fn lock_shared(out: &Path) -> Result<File> {
    locked(out, File::try_lock_shared)
}

fn locked(out: &Path, try_lock: fn(&File) -> Result<(), std::fs::TryLockError>) -> Result<File> {
    std::fs::create_dir_all(out).map_err(Core::io(out))?;
    let lock = open_file(&out.join(".lock"))?;
    match try_lock(&lock) {
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
