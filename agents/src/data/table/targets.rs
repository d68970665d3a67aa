//! Targets of a table: class names, class labels or numbers.

use super::{Kind, Values, split_unit};
use crate::data::{TargetSpec, Targets};

/// Kind and values of the targets in the column `name`. If `fitted`, each row with a class of its own is an error.
pub(super) fn of(
    values: Values,
    name: &str,
    kind: Kind,
    fitted: bool,
) -> Result<(TargetSpec, Targets), String> {
    match values {
        Values::Texts { names, codes } => match names.len() == codes.len() && names.len() > 1 {
            true if fitted && kind == Kind::Auto => Err(format!(
                "column {name}: every row has another class; set `target` to the column of the targets"
            )),
            _ => Ok((TargetSpec::Classes(names), Targets::Labels(codes))),
        },
        Values::Numbers(values) => {
            if kind == Kind::Auto
                && let Some(labels) = consecutive_labels(&values)
            {
                return Ok(labels);
            }
            let (name, unit) = split_unit(name);
            let spec = TargetSpec::Number { name: name.to_owned(), unit: unit.to_owned() };
            Ok((spec, Targets::Values(values)))
        }
    }
}

/// Class labels of consecutive integers from 0 or 1, with at least two rows per integer on average; `None` for other
/// values.
fn consecutive_labels(values: &[f64]) -> Option<(TargetSpec, Targets)> {
    let max = values.iter().copied().fold(0.0, f64::max);
    if values.iter().any(|&v| v < 0.0 || v.fract() != 0.0) || max as usize > values.len() / 2 {
        return None;
    }
    let mut seen = vec![false; max as usize + 1];
    values.iter().for_each(|&value| seen[value as usize] = true);
    let first = seen.iter().position(|&seen| seen)?;
    if first > 1 || seen[first..].contains(&false) || 2 * (seen.len() - first) > values.len() {
        return None;
    }
    let names = (first..seen.len()).map(|class| class.to_string()).collect();
    let labels = values.iter().map(|&value| value as u32 - first as u32).collect();
    Some((TargetSpec::Classes(names), Targets::Labels(labels)))
}
