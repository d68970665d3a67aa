//! `predict`: a fitted learner at work.

use std::path::Path;

use freewheel_agents::fit::Estimator;
use freewheel_agents::supervised::most_probable;
use freewheel_core::data::{self, Answers, DataSet, Options, Part, Shape, Target};
use freewheel_core::{Error as Core, Samples};
use serde::Serialize;
use serde_json::json;
use toml::Table;

use super::fit::{options_of, settings};
use super::{columns, threads};
use crate::cli::Predict;
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::fit::{Report, folder, judged, nearest};
use crate::report::digits;
use crate::{Registry, output};

/// Rows that are predicted if nobody says which.
const FIRST: usize = 10;

/// What a learner says of one row.
#[derive(Serialize)]
struct Said {
    /// Its number in the part, from 0.
    row: usize,
    /// The answer that the data has.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<serde_json::Value>,
    /// The class, the number, or the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction: Option<serde_json::Value>,
    /// Of a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f32>,
    /// Probabilities of all classes; or the code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<f32>,
}

pub(super) fn predict(registry: &Registry, args: &Predict) -> Result<()> {
    let (estimator, report) = folder::read(&args.fit, registry.learners())?;
    let [table] = settings(&args.set, ["data"])?;
    let (name, options) = match &args.data {
        // A table is read as the one before it was, unless something else is said.
        Some(name) if matches!(report.shape, Shape::Columns(_)) && Path::new(name).exists() => {
            let mut all = Table::try_from(&report.plan.options)
                .map_err(|e| Core::Config(format!("{}: {e}", args.fit.display())))?;
            all.extend(table);
            (name.clone(), options_of(name, &all)?)
        }
        Some(name) => (name.clone(), options_of(name, &table)?),
        None if table.is_empty() => (report.plan.data.clone(), report.plan.options.clone()),
        None => return Err(Error::Usage("--set data....: name the set with --data too".into())),
    };
    let data = data::open(&name, &options)?;
    same_columns(&report, &data)?;
    // Rows that nobody parted for learning are all there to be predicted, in their order.
    let foreign = args.data.is_some() && Path::new(&name).exists() && data.test.rows() > 0;
    if foreign && !matches!(data.split, data::Split::Given) {
        let whole = data::open(&name, &Options { test_share: Some(0.0), ..options })?;
        return said(args, &estimator, &report, &whole, &whole.train, "all");
    }
    let (part, called) = judged(&data);
    said(args, &estimator, &report, &data, part, called)
}

/// Columns in another order would be taken for each other.
fn same_columns(report: &Report, data: &DataSet) -> Result<()> {
    let (Shape::Columns(learned), Shape::Columns(given)) = (&report.shape, &data.shape) else {
        return Ok(());
    };
    // Without a header columns are called by their numbers, which say nothing.
    let are_named = |names: &[String]| (1..).zip(names).any(|(i, name)| *name != format!("x{i}"));
    if learned == given || !are_named(learned) || !are_named(given) {
        return Ok(());
    }
    Err(Core::Config(format!(
        "{}: its columns are {}, and {} was fitted to {}; bring them into that order, or say which is the answer \
         (--set data.answer=COLUMN, or none)",
        data.name,
        given.join(", "),
        report.plan.learner,
        learned.join(", ")
    ))
    .into())
}

fn said(
    args: &Predict,
    estimator: &Estimator,
    report: &Report,
    data: &DataSet,
    part: &Part,
    called: &str,
) -> Result<()> {
    let rows: Vec<usize> = match &args.rows {
        Some(rows) => rows.as_slice().iter().map(|&row| row as usize).collect(),
        None => (0..part.rows().min(FIRST)).collect(),
    };
    if let Some(row) = rows.iter().find(|&&row| row >= part.rows()) {
        return Err(Core::Config(format!(
            "--rows: there is no row {row}; {} has {} {called} rows, counted from 0",
            data.name,
            part.rows()
        ))
        .into());
    }
    let pool = pool(threads(args.threads))?;
    let part = part.select(&rows);
    let all = pool.install(|| answers(estimator, [&report.target, &data.target], &part, &rows))?;
    if args.json {
        return output::json(
            &json!({ "learner": report.plan.learner, "data": data.name, "part": called, "rows": all }),
        );
    }
    let word = |value: &Option<serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Number(number)) if number.is_u64() => number.to_string(),
        Some(serde_json::Value::Number(number)) => digits(number.as_f64().unwrap_or_default()),
        _ => "-".to_owned(),
    };
    let head = match estimator {
        Estimator::Classifier(_) => "probability",
        Estimator::Regressor(_) => "",
        Estimator::Encoder(_) => "code",
    };
    let lines = all.iter().map(|said| {
        let last = match said.probability {
            Some(p) => format!("{p:.3}"),
            None => said.numbers.iter().take(8).map(|&x| digits(x.into())).collect::<Vec<_>>().join("  "),
        };
        [said.row.to_string(), word(&said.answer), word(&said.prediction), last]
    });
    let header = ["row", "answer", "prediction", head].map(str::to_owned);
    output::text(&columns([header].into_iter().chain(lines)))
}

/// `targets` are that of the learner, whose classes are predicted, and that of the data, whose classes are its answers.
fn answers(estimator: &Estimator, targets: [&Target; 2], part: &Part, rows: &[usize]) -> Result<Vec<Said>> {
    let x: &Samples = &part.samples;
    let class = |target: &Target, class: u32| match target {
        Target::Classes(names) => names.get(class as usize).map_or_else(|| json!(class), |name| json!(name)),
        _ => json!(class),
    };
    let answer = |i: usize| match &part.answers {
        Answers::None => None,
        Answers::Classes(all) => Some(class(targets[1], all[i])),
        Answers::Numbers(all) => Some(json!(all[i])),
    };
    let numbers = crate::fit::answer(estimator, x)?;
    let made = numbers.iter().zip(rows).enumerate().map(|(i, (numbers, &row))| {
        let (prediction, probability) = match estimator {
            Estimator::Classifier(_) => {
                let best = most_probable(numbers);
                (Some(class(targets[0], best)), Some(numbers[best as usize]))
            }
            Estimator::Regressor(_) => (Some(json!(numbers[0])), None),
            Estimator::Encoder(it) if it.id() == "kmeans" => (nearest(numbers).map(|c| json!(c)), None),
            Estimator::Encoder(_) => (None, None),
        };
        let numbers =
            if matches!(estimator, Estimator::Regressor(_)) { Vec::new() } else { numbers.to_vec() };
        Said { row, answer: answer(i), prediction, probability, numbers }
    });
    Ok(made.collect())
}
