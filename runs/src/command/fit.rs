//! `fit`: fits an estimator to a data set, evaluates it and saves it.

use std::fs::File;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use freewheel_agents::data::{self, DataSet, Options, TargetSpec};
use freewheel_agents::estimator::{EstimatorFactory, FitProgress};
use freewheel_core::Error as Core;
use freewheel_core::settings::{read, unknown};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use toml::Table;

use super::run::lock;
use super::{overlay, stop_flag};
use crate::cli::Fit;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::fit::{self, Cost, Plan, Report, score};
use crate::format::decimal;
use crate::picture::{self, NamedPicture};
use crate::table::{Layout, list};
use crate::{Registry, output};

pub(super) fn fit(registry: &Registry, args: Fit) -> Result<()> {
    let factory = registry.find_estimator(&args.estimator)?;
    let [estimator, options] = settings(&args.overrides.set, ["estimator", "data"])?;
    let plan = Plan {
        estimator: args.estimator,
        settings: factory.resolve(&estimator)?,
        options: options_of(&args.data, &options)?,
        data: absolute_path(args.data)?,
        seed: args.seed,
    };
    // Checks the settings before the data set is opened.
    factory.build(&plan.settings, freewheel_core::Streams::new(plan.seed))?;
    let folder = args.out.unwrap_or_else(|| PathBuf::from("results/fit").join(plan.folder_name()));
    let pool = pool(args.threads.count())?;
    let data = pool.install(|| data::open(&plan.data, &plan.options))?;
    let lock = lock(&folder)?;
    let (report, cost, pictures) =
        pool.install(|| fit_and_save(factory, plan, &data, &folder, args.output.quiet))?;
    check_folder(&folder, &lock)?;
    report.notes.iter().for_each(|note| output::note(note));
    if args.output.json {
        output::json(&json!({ "folder": folder, "report": report, "cost": cost }))?;
    } else {
        output::text(&summary(&report, &cost, args.output.wide.layout()))?;
        let (width, depth) = picture::terminal_size();
        for NamedPicture { picture, .. } in selected(&pictures, &args.show) {
            output::picture(&format!("\n{}", picture.text(width, depth)))?;
        }
        output::text(&format!(
            "\nSaved in {0}; to use it: {1} predict {0}\n",
            folder.display(),
            registry.name()
        ))?;
    }
    match report.stopped {
        true => Err(Error::Interrupted("the same command, from the beginning".into())),
        false => Ok(()),
    }
}

/// Fits and evaluates the estimator and saves everything in `folder`.
fn fit_and_save(
    factory: &dyn EstimatorFactory,
    plan: Plan,
    data: &DataSet,
    folder: &Path,
    quiet: bool,
) -> Result<(Report, Cost, Vec<NamedPicture>)> {
    let stop = stop_flag()?;
    let bar = bar(&plan, quiet);
    let mut stopped = false;
    let began = Instant::now();
    let estimator = fit::fit(factory, &plan.settings, data, plan.seed, &mut |progress: FitProgress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        if !progress.loss.is_nan() {
            bar.set_message(format!("loss {}", decimal(progress.loss)));
        }
        stopped = stop.load(Ordering::Relaxed) && progress.done < progress.total;
        if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    let estimator = estimator?;
    let fit_s = began.elapsed().as_secs_f64();
    let scores = score::scores(&estimator, data, plan.seed)?;
    let report = Report {
        preparation: data.preparation.clone(),
        notes: [data.notes.clone(), score::not_reached(&estimator)?].concat(),
        target: data.target.clone(),
        shape: data.shape.clone(),
        train_rows: data.train.rows(),
        test_rows: data.test.rows(),
        split: data.split.to_string(),
        credit: data.credit.clone(),
        parameters: estimator.base().n_parameters()?,
        stopped,
        scores,
        plan,
    };
    let files = fit::Encoded::new(&estimator, &report)?;
    let cost = fit::measure_cost(&estimator, data, fit_s, files.model_size())?;
    files.write(folder, &cost)?;
    // The estimator is saved before the pictures are drawn, so that an error in a picture does not lose the estimator.
    let pictures = picture::estimators::all(&estimator, data).unwrap_or_else(|e| {
        output::note(&format!("no pictures: {e}"));
        Vec::new()
    });
    for NamedPicture { name, picture } in &pictures {
        if let Err(e) = picture::write(folder.join("pictures"), name, &**picture) {
            output::note(&format!("picture {name}: {e}"));
        }
    }
    Ok((report, cost, pictures))
}

/// Checks that `folder` is still the folder in which `lock` was taken.
fn check_folder(folder: &Path, lock: &File) -> Result<()> {
    let file = folder.join(".lock");
    let same = match (std::fs::symlink_metadata(&file), lock.metadata()) {
        #[cfg(unix)]
        (Ok(found), Ok(own)) => {
            use std::os::unix::fs::MetadataExt;
            (found.dev(), found.ino()) == (own.dev(), own.ino())
        }
        (found, _) => found.is_ok(),
    };
    match same {
        true => Ok(()),
        false => Err(Core::Config(format!(
            "{}: the folder was deleted or replaced while the fit was written into it; fit again",
            folder.display()
        ))
        .into()),
    }
}

/// Pictures chosen by `--show`. Default: the first picture if the output is a terminal, else none.
fn selected<'a>(pictures: &'a [NamedPicture], names: &[String]) -> Vec<&'a NamedPicture> {
    if names.is_empty() && std::io::stdout().is_terminal() {
        return pictures.iter().take(1).collect();
    }
    let known: Vec<&str> = pictures.iter().map(|one| one.name.as_str()).collect();
    for name in names.iter().filter(|name| *name != "all" && !known.contains(&name.as_str())) {
        output::note(&unknown("picture", name, &known, "this fit"));
    }
    let is_named = |one: &&NamedPicture| names.iter().any(|name| name == "all" || *name == one.name);
    pictures.iter().filter(is_named).collect()
}

fn bar(plan: &Plan, quiet: bool) -> ProgressBar {
    let bar = match std::io::stderr().is_terminal() && !quiet {
        true => ProgressBar::new(1),
        false => ProgressBar::hidden(),
    };
    let form = "{prefix}  {bar:20.cyan/blue} {pos:>5} of {len}  {eta:.dim} left  {wide_msg}";
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.set_prefix(format!("{} {}", plan.data, plan.estimator));
    bar
}

/// Report and cost as text.
fn summary(report: &Report, cost: &Cost, layout: Layout) -> String {
    let plan = &report.plan;
    let target = match &report.target {
        TargetSpec::None => "no target".to_owned(),
        TargetSpec::Classes(names) => format!("{} classes", names.len()),
        TargetSpec::Number { name, unit } if unit.is_empty() => format!("target {name}"),
        TargetSpec::Number { name, unit } => format!("target {name} ({unit})"),
    };
    let facts = [
        ["estimator".to_owned(), plan.estimator.clone()],
        ["data".to_owned(), format!("{}: {} numbers per sample, {target}", plan.data, report.shape.width())],
        [
            "rows".to_owned(),
            format!("{} training, {} test ({})", report.train_rows, report.test_rows, report.split),
        ],
        ["source".to_owned(), report.credit.clone()],
    ];
    let mut text = list(facts, layout);
    if report.stopped {
        text.push_str("\nStopped before its end: the scores are those of the estimator at that point.\n");
    }
    let rows = report.scores.iter().map(|score| {
        let part = if score.part.is_empty() { String::new() } else { format!("{} set", score.part) };
        [score.name.clone(), format!("{} {}", decimal(score.value), score.unit), part]
    });
    text.push_str(&format!("\n{}", list(rows, layout)));
    let us = |us: Option<f64>| us.map_or("-".to_owned(), |us| format!("{} us", decimal(us)));
    let costs = [
        ["fit".to_owned(), format!("{} s", decimal(cost.fit_s))],
        [
            "prediction".to_owned(),
            format!(
                "{} per sample in a batch, {} for a single sample",
                us(cost.batch_us),
                us(cost.single_us)
            ),
        ],
        ["size".to_owned(), format!("{} fitted numbers, {} bytes on disk", report.parameters, cost.bytes)],
    ];
    text.push_str(&format!("\n{}", list(costs, layout)));
    text
}

/// Tables of the settings `--set NAME.KEY=VALUE`, one table for each of the allowed `names`.
pub(super) fn settings<const N: usize>(set: &[String], names: [&str; N]) -> Result<[Table; N]> {
    let mut doc = Document::parse("the command line", "")?;
    overlay(&mut doc, set)?;
    if let Some(key) = doc.table.keys().find(|key| !names.contains(&key.as_str())) {
        let allowed: Vec<String> = names.iter().map(|name| format!("{name}.KEY=VALUE")).collect();
        return Err(Error::Usage(format!("--set {key}...: write {}", allowed.join(" or "))));
    }
    Ok(names.map(|name| doc.table.get(name).and_then(|table| table.as_table()).cloned().unwrap_or_default()))
}

/// Absolute path of a data file, so that a fit can be used from another folder; the name of a data set is unchanged.
pub(super) fn absolute_path(data: String) -> Result<String> {
    let path = std::path::Path::new(&data);
    if !path.exists() || data::list().iter().any(|set| set.name == data) {
        return Ok(data);
    }
    let full = std::path::absolute(path).map_err(freewheel_core::Error::io(path))?;
    Ok(full.display().to_string())
}

/// Options of a data set from its settings.
pub(super) fn options_of(data: &str, table: &Table) -> Result<Options> {
    Ok(read(table, &format!("data set {data}"))?)
}
