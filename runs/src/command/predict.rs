//! `predict`: applies a fitted estimator to rows of the test set or to a file.

use std::path::Path;

use freewheel_agents::Samples;
use freewheel_agents::data::{self, DataSet, Options, Shape, Subset, TargetSpec, Targets};
use freewheel_agents::estimator::{AnyEstimator, argmax};
use freewheel_core::Error as Core;
use serde::Serialize;
use serde_json::json;
use toml::Table;

use super::fit::{options_of, settings};
use crate::cli::Predict;
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::fit::{self, Report, evaluation_subset, nearest_cluster};
use crate::format::decimal;
use crate::{Registry, output, table};

/// Number of rows that are predicted if `--rows` is not given.
const DEFAULT_ROWS: usize = 10;

/// Prediction for one row.
#[derive(Serialize)]
struct PredictedRow {
    /// Index of the row in its part of the data set, from 0.
    row: usize,
    /// Target in the data set.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<serde_json::Value>,
    /// Predicted class, number or cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction: Option<serde_json::Value>,
    /// Probability of the predicted class.
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    /// Probabilities of all classes, or the code; empty for a regressor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<f64>,
}

pub(super) fn predict(registry: &Registry, args: &Predict) -> Result<()> {
    let (estimator, report) = fit::read(&args.fit, registry.estimators())?;
    let [table] = settings(&args.overrides.set, ["data"])?;
    let (name, options) = match &args.data {
        // A table is read with the options of the training table, unless overridden.
        Some(name) if matches!(report.shape, Shape::Columns(_)) && Path::new(name).exists() => {
            let mut all = Table::try_from(&report.plan.options)
                .map_err(|e| Core::Config(format!("{}: {e}", args.fit.display())))?;
            all.extend(table);
            (name.clone(), options_of(name, &all)?)
        }
        Some(name) => (name.clone(), options_of(name, &table)?),
        None if table.is_empty() => (report.plan.data.clone(), report.plan.options.clone()),
        None => return Err(Error::Usage("--set data.KEY=VALUE needs --data too".into())),
    };
    let foreign = args.data.is_some() && Path::new(&name).exists();
    // All rows of a table that was not split for training are predicted, in the order of the table.
    if foreign && let Some(prepared) = &report.preparation {
        let options = Options { test_size: Some(0.0), ..options };
        let whole = data::open_prepared(&name, &options, Some(prepared))?;
        whole.notes.iter().for_each(|note| output::note(note));
        return print_predictions(args, &estimator, &report, &whole, &whole.train, "all");
    }
    let data = data::open(&name, &options)?;
    if foreign && data.test.rows() > 0 && !matches!(data.split, data::Split::Given) {
        let whole = data::open(&name, &Options { test_size: Some(0.0), ..options })?;
        return print_predictions(args, &estimator, &report, &whole, &whole.train, "all");
    }
    let (part, part_name) = evaluation_subset(&data);
    print_predictions(args, &estimator, &report, &data, part, part_name)
}

/// Prints the predictions for the rows of `part`; messages call the part `part_name`.
fn print_predictions(
    args: &Predict,
    estimator: &AnyEstimator,
    report: &Report,
    data: &DataSet,
    part: &Subset,
    part_name: &str,
) -> Result<()> {
    let rows: Vec<usize> = match &args.rows {
        Some(rows) => rows.as_slice().iter().map(|&row| row as usize).collect(),
        None => (0..part.rows().min(DEFAULT_ROWS)).collect(),
    };
    if let Some(row) = rows.iter().find(|&&row| row >= part.rows()) {
        return Err(Core::Config(format!(
            "--rows: there is no row {row}; {} has {} {part_name} rows, counted from 0",
            data.name,
            part.rows()
        ))
        .into());
    }
    let pool = pool(args.threads.count())?;
    let part = part.select(&rows);
    let all = pool.install(|| predictions(estimator, [&report.target, &data.target], &part, &rows))?;
    if args.output.json {
        return output::json(
            &json!({ "estimator": report.plan.estimator, "data": data.name, "part": part_name, "rows": all }),
        );
    }
    let word = |value: &Option<serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Number(number)) if number.is_u64() => number.to_string(),
        Some(serde_json::Value::Number(number)) => decimal(number.as_f64().unwrap_or_default()),
        _ => "-".to_owned(),
    };
    let head = match estimator {
        AnyEstimator::Classifier(_) => "probability",
        AnyEstimator::Regressor(_) => "",
        AnyEstimator::Transformer(_) => "code",
    };
    let lines = all.iter().map(|it| {
        let last = match it.probability {
            Some(p) => format!("{p:.3}"),
            None => it.numbers.iter().take(8).map(|&x| decimal(x)).collect::<Vec<_>>().join("  "),
        };
        [it.row.to_string(), word(&it.target), word(&it.prediction), last]
    });
    let header = ["row", "target", "prediction", head].map(str::to_owned);
    output::text(&table::list([header].into_iter().chain(lines), args.wide.layout()))
}

/// Predictions for the rows of `part` with the indices `rows`. `targets` are the targets of the estimator and of the
/// data set; they contain the class names.
fn predictions(
    estimator: &AnyEstimator,
    targets: [&TargetSpec; 2],
    part: &Subset,
    rows: &[usize],
) -> Result<Vec<PredictedRow>> {
    let x: &Samples = &part.samples;
    let class = |target: &TargetSpec, class: u32| match target {
        TargetSpec::Classes(names) => {
            names.get(class as usize).map_or_else(|| json!(class), |name| json!(name))
        }
        _ => json!(class),
    };
    let target = |i: usize| match &part.targets {
        Targets::None => None,
        Targets::Labels(all) => Some(class(targets[1], all[i])),
        Targets::Values(all) => Some(json!(all[i])),
    };
    let numbers = fit::outputs(estimator, x)?;
    let predicted = numbers.iter().zip(rows).enumerate().map(|(i, (numbers, &row))| {
        let (prediction, probability) = match estimator {
            AnyEstimator::Classifier(_) => {
                let best = argmax(numbers);
                (Some(class(targets[0], best)), Some(numbers[best as usize]))
            }
            AnyEstimator::Regressor(_) => (Some(json!(numbers[0])), None),
            AnyEstimator::Transformer(it) if it.id() == "kmeans" => {
                (nearest_cluster(numbers).map(|c| json!(c)), None)
            }
            AnyEstimator::Transformer(_) => (None, None),
        };
        let numbers =
            if matches!(estimator, AnyEstimator::Regressor(_)) { Vec::new() } else { numbers.to_vec() };
        PredictedRow { row, target: target(i), prediction, probability, numbers }
    });
    Ok(predicted.collect())
}
