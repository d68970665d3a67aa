//! Pictures of classifiers and regressors.

use freewheel_agents::Samples;
use freewheel_agents::data::{DataSet, Shape, Subset, TargetSpec};
use freewheel_agents::estimator::{Regressor, argmax, metrics};
use freewheel_agents::supervised::linear::{Linear, Ridge};
use freewheel_core::Result;

use super::super::axes::format_number;
use super::super::{Chart, ConfusionMatrix, ImageGrid, NamedPicture, check_same_length, thousands};
use super::class_names;
use crate::fit::fitted_model;

/// Maximum number of misclassified images in the picture.
const MAX_MISTAKES: usize = 40;

/// Confusion matrix and, for images, misclassified samples of `part`, from the predicted `probabilities [N, C]` of C
/// classes.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) if the data set has no classes, or if the numbers of samples
/// differ.
pub fn classification(set: &DataSet, part: &Subset, probabilities: &Samples) -> Result<Vec<NamedPicture>> {
    let labels = part.targets.labels()?;
    check_same_length(&set.name, ("predictions", probabilities.rows()), ("samples", part.rows()))?;
    let predicted: Vec<u32> = probabilities.iter().map(argmax).collect();
    let title = format!("{}: confusion matrix", set.name);
    let mut all = vec![NamedPicture::new(
        "confusion",
        ConfusionMatrix::confusion(&title, class_names(set)?, labels, &predicted)?,
    )];
    if matches!(set.shape, Shape::Image { .. })
        && let Some(grid) = mistakes(set, part, probabilities, &predicted)?
    {
        all.push(NamedPicture::new("mistakes", grid));
    }
    Ok(all)
}

/// Misclassified images, the most confident ones first; `None` if there are none.
fn mistakes(
    set: &DataSet,
    part: &Subset,
    probabilities: &Samples,
    predicted: &[u32],
) -> Result<Option<ImageGrid>> {
    let (labels, names) = (part.targets.labels()?, class_names(set)?);
    let confidence = |i: usize| probabilities.row(i)[predicted[i] as usize];
    let mut wrong: Vec<usize> = (0..part.rows()).filter(|&i| predicted[i] != labels[i]).collect();
    wrong.sort_by(|&a, &b| confidence(b).total_cmp(&confidence(a)).then(a.cmp(&b)));
    if wrong.is_empty() {
        return Ok(None);
    }
    let count = wrong.len();
    wrong.truncate(MAX_MISTAKES);
    let caption = |&i: &usize| {
        let (truth, prediction) = (&names[labels[i] as usize], &names[predicted[i] as usize]);
        format!("{truth} → {prediction}\n{:.0} %, row {}", 100.0 * confidence(i), i + 1)
    };
    let title = format!(
        "{}: true → predicted, most confident mistakes\n{} of {} are wrong; percent: predicted probability",
        set.name,
        thousands(count as u64),
        thousands(part.rows() as u64)
    );
    let columns = wrong.len().min(8);
    let grid = ImageGrid::new(&title, &set.shape, &part.samples.select(&wrong), columns)?;
    grid.with_captions(wrong.iter().map(caption).collect()).map(Some)
}

/// Chart of the data with the fitted line if samples have one column, otherwise of predicted against true values.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) if the targets are not numbers, or if the regressor `it` was fitted
/// to samples of another width.
pub fn regression(it: &dyn Regressor, set: &DataSet, part: &Subset) -> Result<Chart> {
    let y = part.targets.values()?;
    let predicted = it.predict(&part.samples)?;
    let r_squared = metrics::r_squared(predicted.values(), y);
    let (name, unit) = match &set.target {
        TargetSpec::Number { name, unit } => (name.as_str(), unit.as_str()),
        _ => ("target", ""),
    };
    let with_unit = if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") };
    let pairs = |a: &[f64], b: &[f64]| a.iter().copied().zip(b.iter().copied()).collect::<Vec<_>>();
    let column = match &set.shape {
        Shape::Columns(columns) if columns.len() == 1 => &columns[0],
        _ => {
            let title = format!("{}: {name}, predicted against true values\nR² = {r_squared:.5}", set.name);
            let chart = Chart::new(&title, [&format!("true {with_unit}"), &format!("predicted {with_unit}")]);
            let (low, high) =
                y.iter().fold((f64::MAX, f64::MIN), |(low, high), &y| (low.min(y), high.max(y)));
            let chart = chart.points("samples", pairs(y, predicted.values()))?;
            return chart.line("equal", vec![(low, low), (high, high)]);
        }
    };
    // A column name may contain its unit: `height (in)`.
    let short = column.split_once(" (").map_or(column.as_str(), |(short, _)| short);
    let x = part.samples.values();
    let (low, high) = x.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    let along: Vec<f64> = (0..=200u8).map(|i| low + (high - low) * f64::from(i) / 200.0).collect();
    let line = pairs(&along, it.predict(&Samples::new(along.clone(), 1)?)?.values());
    let equation = match line_coefficients(it, low, high)? {
        Some((slope, intercept)) => {
            let sign = if intercept < 0.0 { '−' } else { '+' };
            format!("{name} = {} · {short} {sign} {:.3}, ", format_number(slope, 3), intercept.abs())
        }
        None => String::new(),
    };
    let title = format!("{}: {name} by {short}\n{equation}R² = {r_squared:.5}", set.name);
    Chart::new(&title, [column, &with_unit]).points("samples", pairs(x, y))?.line(it.id(), line)
}

/// Slope and intercept of a linear model; `None` for other models.
fn line_coefficients(it: &dyn Regressor, low: f64, high: f64) -> Result<Option<(f64, f64)>> {
    let model = fitted_model::<Linear>(it)?.or(fitted_model::<Ridge>(it)?);
    Ok(model.filter(|_| low < high).map(|model| (model.weights()[0], model.intercepts()[0])))
}
