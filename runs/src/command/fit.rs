//! `fit`: a learner without reward, a data set, and what came of it.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use freewheel_agents::fit::{EstimatorFactory, Progress};
use freewheel_core::data::{self, DataSet, Options, Target};
use freewheel_core::settings::{read, unknown};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use toml::Table;

use super::{columns, overlay, stop_flag, threads};
use crate::cli::Fit;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::fit::{self, Cost, Plan, Report, folder, score};
use crate::picture::{self, Named};
use crate::report::digits;
use crate::{Registry, output};

pub(super) fn fit(registry: &Registry, args: Fit) -> Result<()> {
    let kind = registry.find_learner(&args.learner)?;
    let [learner, options] = settings(&args.set, ["learner", "data"])?;
    let plan = Plan {
        learner: args.learner,
        settings: kind.resolve(&learner)?,
        options: options_of(&args.data, &options)?,
        data: located(args.data)?,
        seed: args.seed,
    };
    // Before hours of learning: whether its settings can be at all.
    kind.build(&plan.settings, freewheel_core::Streams::new(plan.seed))?;
    let folder = args.out.unwrap_or_else(|| PathBuf::from("results/fit").join(plan.folder_name()));
    let pool = pool(threads(args.threads))?;
    let data = pool.install(|| data::open(&plan.data, &plan.options))?;
    let (report, cost, pictures) = pool.install(|| learned(kind, plan, &data, &folder, args.output.quiet))?;
    if args.output.json {
        output::json(&json!({ "folder": folder, "report": report, "cost": cost }))?;
    } else {
        output::text(&told(&report, &cost))?;
        let (width, depth) = picture::screen();
        for Named { picture, .. } in shown(&pictures, &args.show) {
            output::text(&format!("\n{}", picture.text(width, depth)))?;
        }
        output::text(&format!(
            "\nKept in {0}; use it: {1} predict {0}\n",
            folder.display(),
            registry.name()
        ))?;
    }
    match report.stopped {
        true => Err(Error::Interrupted("the same command, from the beginning".into())),
        false => Ok(()),
    }
}

/// Fits, judges, and keeps everything in `folder`.
fn learned(
    kind: &dyn EstimatorFactory,
    plan: Plan,
    data: &DataSet,
    folder: &std::path::Path,
    quiet: bool,
) -> Result<(Report, Cost, Vec<Named>)> {
    let stop = stop_flag()?;
    let bar = bar(&plan, quiet);
    let mut stopped = false;
    let began = Instant::now();
    let estimator = fit::fit(kind, &plan.settings, data, plan.seed, &mut |progress: Progress| {
        bar.set_length(progress.of);
        bar.set_position(progress.done);
        if !progress.loss.is_nan() {
            bar.set_message(format!("loss {}", digits(progress.loss)));
        }
        stopped = stop.load(Ordering::Relaxed) && progress.done < progress.of;
        if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    let estimator = estimator?;
    let fit_s = began.elapsed().as_secs_f64();
    let scores = score::scores(&estimator, data, plan.seed)?;
    let bytes = folder::write_model(folder, &estimator)?;
    let report = Report {
        target: data.target.clone(),
        shape: data.shape.clone(),
        train_rows: data.train.rows(),
        test_rows: data.test.rows(),
        split: data.split.to_string(),
        credit: data.credit.clone(),
        parameters: estimator.estimate().parameters()?,
        stopped,
        scores,
        plan,
    };
    let cost = fit::cost(&estimator, data, fit_s, bytes)?;
    folder::write_report(folder, &report, &cost)?;
    // What was learned is kept by now: a picture that cannot be drawn takes nothing away from it.
    let pictures = picture::learners::all(&estimator, data).unwrap_or_else(|e| {
        output::note(&format!("no pictures: {e}"));
        Vec::new()
    });
    for Named { name, picture } in &pictures {
        if let Err(e) = picture::write(folder.join("pictures"), name, &**picture) {
            output::note(&format!("picture {name}: {e}"));
        }
    }
    Ok((report, cost, pictures))
}

/// The pictures that are asked for; where nobody asks, in a terminal the first one, which says most.
fn shown<'a>(pictures: &'a [Named], asked: &[String]) -> Vec<&'a Named> {
    if asked.is_empty() && std::io::stdout().is_terminal() {
        return pictures.iter().take(1).collect();
    }
    let known: Vec<&str> = pictures.iter().map(|one| one.name.as_str()).collect();
    for name in asked.iter().filter(|name| *name != "all" && !known.contains(&name.as_str())) {
        output::note(&unknown("picture", name, &known, "this fit"));
    }
    let is_asked = |one: &&Named| asked.iter().any(|name| name == "all" || *name == one.name);
    pictures.iter().filter(is_asked).collect()
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
    bar.set_prefix(format!("{} {}", plan.data, plan.learner));
    bar
}

/// A report in words.
fn told(report: &Report, cost: &Cost) -> String {
    let plan = &report.plan;
    let asked = match &report.target {
        Target::None => "no answers".to_owned(),
        Target::Classes(names) => format!("{} classes", names.len()),
        Target::Number { name, unit } if unit.is_empty() => format!("a number, {name}"),
        Target::Number { name, unit } => format!("a number, {name} ({unit})"),
    };
    let mut text = columns([
        ["learner".to_owned(), plan.learner.clone()],
        ["data".to_owned(), format!("{}: rows of {} numbers, {asked}", plan.data, report.shape.width())],
        [
            "rows".to_owned(),
            format!("{} to learn from, {} held out ({})", report.train_rows, report.test_rows, report.split),
        ],
        ["from".to_owned(), report.credit.clone()],
    ]);
    if report.stopped {
        text.push_str("\nStopped before its end: these are the figures of what was learned so far.\n");
    }
    let rows = report.scores.iter().map(|score| {
        let part = if score.part.is_empty() { String::new() } else { format!("on {} rows", score.part) };
        [score.name.clone(), format!("{} {}", digits(score.value), score.unit), part]
    });
    text.push_str(&format!("\n{}", columns(rows)));
    let us = |us: Option<f64>| us.map_or("-".to_owned(), |us| format!("{} us", digits(us)));
    text.push_str(&format!(
        "\n{}",
        columns([
            ["learning".to_owned(), format!("{} s, once", digits(cost.fit_s))],
            [
                "use".to_owned(),
                format!("{} a sample in a batch, {} alone", us(cost.batch_us), us(cost.single_us)),
            ],
            [
                "size".to_owned(),
                format!("{} numbers learned, {} bytes on disk", report.parameters, cost.bytes),
            ],
        ])
    ));
    text
}

/// The tables of `--set` under the names that are allowed.
pub(super) fn settings<const N: usize>(set: &[String], names: [&str; N]) -> Result<[Table; N]> {
    let mut doc = Document::parse("the command line", "")?;
    overlay(&mut doc, set)?;
    if let Some(key) = doc.table.keys().find(|key| !names.contains(&key.as_str())) {
        let allowed: Vec<String> = names.iter().map(|name| format!("{name}.KEY=VALUE")).collect();
        return Err(Error::Usage(format!("--set {key}...: write {}", allowed.join(" or "))));
    }
    Ok(names.map(|name| doc.table.get(name).and_then(|table| table.as_table()).cloned().unwrap_or_default()))
}

/// A file by its full path, so that it is found from anywhere; a set by its name.
pub(super) fn located(data: String) -> Result<String> {
    let path = std::path::Path::new(&data);
    if !path.exists() || data::list().iter().any(|set| set.name == data) {
        return Ok(data);
    }
    let full = std::path::absolute(path).map_err(freewheel_core::Error::io(path))?;
    Ok(full.display().to_string())
}

/// How a set is opened.
pub(super) fn options_of(data: &str, table: &Table) -> Result<Options> {
    Ok(read(table, &format!("data set {data}"))?)
}
