//! What learners that are told the answer made of it.

use freewheel_agents::supervised::{Regressor, metrics};
use freewheel_core::data::{DataSet, Part, Shape, Target};
use freewheel_core::{Result, Samples};

use super::super::plane::written;
use super::super::{Chart, Matrix, Named, Sheet, as_many, counted};
use super::names;

/// Mistakes that are shown at most.
const MISTAKES: usize = 40;

/// The confusion and, of images, the mistakes, for the `probabilities [N, C]` that were given to the samples of `part`.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) where the set has no classes, or other counts.
pub fn classified(set: &DataSet, part: &Part, probabilities: &Samples) -> Result<Vec<Named>> {
    let labels = part.answers.classes()?;
    as_many(&set.name, ("predictions", probabilities.rows()), ("samples", part.rows()))?;
    let most =
        |row: &[f32]| (1..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best }) as u32;
    let predicted: Vec<u32> = probabilities.iter().map(most).collect();
    let title = format!("{}: what was taken for what", set.name);
    let mut all = vec![Named::new("confusion", Matrix::confusion(&title, names(set)?, labels, &predicted)?)];
    if matches!(set.shape, Shape::Image { .. })
        && let Some(sheet) = mistakes(set, part, probabilities, &predicted)?
    {
        all.push(Named::new("mistakes", sheet));
    }
    Ok(all)
}

/// The images that were taken for something else, the surest mistakes first; `None` where there are none.
fn mistakes(set: &DataSet, part: &Part, probabilities: &Samples, predicted: &[u32]) -> Result<Option<Sheet>> {
    let (labels, names) = (part.answers.classes()?, names(set)?);
    let sure = |i: usize| probabilities.row(i)[predicted[i] as usize];
    let mut wrong: Vec<usize> = (0..part.rows()).filter(|&i| predicted[i] != labels[i]).collect();
    wrong.sort_by(|&a, &b| sure(b).total_cmp(&sure(a)).then(a.cmp(&b)));
    if wrong.is_empty() {
        return Ok(None);
    }
    let count = wrong.len();
    wrong.truncate(MISTAKES);
    let caption = |&i: &usize| {
        let (label, said) = (&names[labels[i] as usize], &names[predicted[i] as usize]);
        format!("{label} → {said}\n{:.0} %, row {}", 100.0 * sure(i), i + 1)
    };
    let title = format!(
        "{}: true → predicted, the surest mistakes\n{} of {} are wrong; percent: how probable the learner held it",
        set.name,
        counted(count as u64),
        counted(part.rows() as u64)
    );
    let columns = wrong.len().min(8);
    let sheet = Sheet::new(&title, &set.shape, &part.samples.select(&wrong), columns)?;
    sheet.captions(wrong.iter().map(caption).collect()).map(Some)
}

/// Of samples of one column: the samples and what `it` says between them; of more: what it says of each beside the answer.
///
/// # Errors
/// [`Error::Config`](freewheel_core::Error::Config) where the answers are no numbers, or `it` was not fitted to such samples.
pub fn regression(it: &dyn Regressor, set: &DataSet, part: &Part) -> Result<Chart> {
    let y = part.answers.numbers()?;
    let predicted = it.predict(&part.samples)?;
    let r_squared = metrics::r_squared(predicted.values(), y);
    let (name, unit) = match &set.target {
        Target::Number { name, unit } => (name.as_str(), unit.as_str()),
        _ => ("answer", ""),
    };
    let with_unit = if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") };
    let pairs = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(&a, &b)| (f64::from(a), f64::from(b))).collect::<Vec<_>>()
    };
    let column = match &set.shape {
        Shape::Columns(columns) if columns.len() == 1 => &columns[0],
        _ => {
            let title = format!("{}: {name}, predicted beside true\nR² = {r_squared:.5}", set.name);
            let chart = Chart::new(&title, [&format!("true {with_unit}"), &format!("predicted {with_unit}")]);
            let (low, high) =
                y.iter().fold((f32::MAX, f32::MIN), |(low, high), &y| (low.min(y), high.max(y)));
            let chart = chart.points("samples", pairs(y, predicted.values()))?;
            return chart.line("equal", vec![(low.into(), low.into()), (high.into(), high.into())]);
        }
    };
    // A column may be named with its unit: `height (in)`.
    let short = column.split_once(" (").map_or(column.as_str(), |(short, _)| short);
    let x = part.samples.values();
    let (low, high) = x.iter().fold((f32::MAX, f32::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    let along: Vec<f32> = (0..=200u8).map(|i| low + (high - low) * f32::from(i) / 200.0).collect();
    let line = pairs(&along, it.predict(&Samples::new(along.clone(), 1)?)?.values());
    let equation = match straight(it, low, high)? {
        Some((slope, intercept)) => {
            let sign = if intercept < 0.0 { '−' } else { '+' };
            format!("{name} = {} · {short} {sign} {:.3}, ", written(slope, 3), intercept.abs())
        }
        None => String::new(),
    };
    let title = format!("{}: {name} by {short}\n{equation}R² = {r_squared:.5}", set.name);
    Chart::new(&title, [column, &with_unit]).points("samples", pairs(x, y))?.line(it.id(), line)
}

/// Slope and intercept, where `it` is a line.
fn straight(it: &dyn Regressor, low: f32, high: f32) -> Result<Option<(f64, f64)>> {
    if !matches!(it.id(), "linear" | "ridge") || low == high {
        return Ok(None);
    }
    let it: &dyn std::any::Any = it;
    use freewheel_agents::fit::Fit;
    use freewheel_agents::supervised::linear::{Linear, Ridge};
    let model = match (it.downcast_ref::<Fit<Linear>>(), it.downcast_ref::<Fit<Ridge>>()) {
        (Some(fit), _) => fit.model()?,
        (_, Some(fit)) => fit.model()?,
        _ => return Ok(None),
    };
    Ok(Some((model.weights()[0], model.intercepts()[0])))
}
