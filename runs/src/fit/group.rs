//! Groups of samples named on the command line: by row, by class, by a bound on a known factor.

use std::str::FromStr;

use freewheel_agents::Samples;
use freewheel_agents::data::{DataSet, Subset, TargetSpec, Targets};
use freewheel_core::settings::unknown;
use freewheel_core::{Error, Result};

use crate::seeds::Seeds;

/// Group of training samples, parsed from `0..50`, `class=NAME`, `FACTOR>NUMBER` or `FACTOR<NUMBER`.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleGroup {
    /// Text of the group on the command line.
    pub text: String,
    selector: Selector,
}

/// Choice of the rule that selects the samples of a group.
#[derive(Clone, Debug, PartialEq)]
enum Selector {
    /// Samples with these row indices: `0..50`.
    Rows(Seeds),
    /// Samples of the class with this name: `class=7`.
    Class(String),
    /// Samples for which a known factor is above or below a bound: `smile>0.5`, `smile<0`.
    Factor {
        /// Name of the factor.
        name: String,
        /// Whether the factor must be above the bound (true) or below (false).
        above: bool,
        /// Bound in the unit of the factor.
        bound: f64,
    },
}

impl FromStr for SampleGroup {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let selector = if let Some(class) = text.strip_prefix("class=") {
            Selector::Class(class.to_owned())
        } else if let Some(at) = text.find(['<', '>']) {
            let (name, bound) = (text[..at].trim(), text[at + 1..].trim());
            let bound = bound.parse().map_err(|_| format!("`{bound}` is not a number, in `{text}`"))?;
            Selector::Factor { name: name.to_owned(), above: text[at..].starts_with('>'), bound }
        } else {
            let rows = text.parse().map_err(|_| {
                format!("`{text}` is not a group of samples; write 0..50, class=NAME, FACTOR>NUMBER or FACTOR<NUMBER")
            });
            Selector::Rows(rows?)
        };
        Ok(SampleGroup { text: text.to_owned(), selector })
    }
}

impl SampleGroup {
    /// Name of the group for tables: its class or factor; `concept` for a group of rows.
    pub fn name(&self) -> &str {
        match &self.selector {
            Selector::Rows(_) => "concept",
            Selector::Class(name) | Selector::Factor { name, .. } => name,
        }
    }

    /// Samples `[n, D]` of the group in the training set.
    ///
    /// # Errors
    /// [`Error::Config`] for an empty group, or a row, class or factor that the data set does not have.
    pub fn samples(&self, set: &DataSet) -> Result<Samples> {
        let part = &set.train;
        let rows_where = |wanted: &dyn Fn(usize) -> bool| (0..part.rows()).filter(|&i| wanted(i)).collect();
        let rows: Vec<usize> = match &self.selector {
            Selector::Rows(rows) => {
                check_rows(rows.as_slice().iter().map(|&row| row as usize), part, &set.name, "train")?
            }
            Selector::Class(name) => match (&set.target, &part.targets) {
                (TargetSpec::Classes(names), Targets::Labels(labels)) => {
                    let Some(class) = names.iter().position(|one| one == name) else {
                        return Err(Error::Config(unknown("class", name, names, &set.name)));
                    };
                    rows_where(&|i| labels[i] as usize == class)
                }
                _ => return Err(Error::Config(format!("{}: this data set has no classes", set.name))),
            },
            Selector::Factor { name, above, bound } => {
                let (column, factors) = factor_column(set, name)?;
                let value = |i: usize| factors.row(i)[column];
                rows_where(&|i| if *above { value(i) > *bound } else { value(i) < *bound })
            }
        };
        if rows.is_empty() {
            return Err(Error::Config(format!(
                "{}: no training sample is in the group {}",
                set.name, self.text
            )));
        }
        Ok(part.samples.select(&rows))
    }
}

/// Column index of the factor `name`, and the known factors `[N, K]` of the training set (K factors of N samples).
///
/// # Errors
/// [`Error::Config`] if the data set has no such factor.
pub fn factor_column<'a>(set: &'a DataSet, name: &str) -> Result<(usize, &'a Samples)> {
    let known: Vec<&str> = set.factors.iter().map(|factor| factor.name.as_str()).collect();
    match (known.iter().position(|one| *one == name), &set.train.factors) {
        (Some(column), Some(factors)) => Ok((column, factors)),
        (_, Some(_)) if !known.is_empty() => Err(Error::Config(unknown("factor", name, &known, &set.name))),
        _ => {
            let message = format!(
                "{}: this data set has no known factors; write two groups of samples, --with GROUP --without GROUP",
                set.name
            );
            Err(Error::Config(message))
        }
    }
}

/// Checks that `part` has all `rows`, and returns the indices as a vector. The error message contains `name` (of the
/// data set) and `part_name`.
///
/// # Errors
/// [`Error::Config`] for a row out of range.
pub fn check_rows(
    rows: impl Iterator<Item = usize>,
    part: &Subset,
    name: &str,
    part_name: &str,
) -> Result<Vec<usize>> {
    let rows: Vec<usize> = rows.collect();
    match rows.iter().find(|&&row| row >= part.rows()) {
        None => Ok(rows),
        Some(row) => Err(Error::Config(format!(
            "there is no row {row}; {name} has {} {part_name} rows, counted from 0",
            part.rows()
        ))),
    }
}

/// Pair of row indices, parsed from `3-17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowPair(pub [usize; 2]);

impl FromStr for RowPair {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let pair =
            text.split_once('-').and_then(|(a, b)| Some([a.trim().parse().ok()?, b.trim().parse().ok()?]));
        pair.map(RowPair).ok_or_else(|| format!("`{text}` is not a pair of rows; write 3-17"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_pairs_are_parsed() {
        let parsed = |text: &str| text.parse::<SampleGroup>().unwrap().selector;
        assert_eq!(parsed("class=Ankle boot"), Selector::Class("Ankle boot".into()));
        assert_eq!(parsed("0..3"), Selector::Rows("0,1,2".parse().unwrap()));
        let smile = |above, bound| Selector::Factor { name: "smile".into(), above, bound };
        assert_eq!(parsed("smile>0.5"), smile(true, 0.5));
        assert_eq!(parsed("smile < -0.5"), smile(false, -0.5));
        assert!("smile>much".parse::<SampleGroup>().unwrap_err().contains("not a number"));
        assert!("smiling".parse::<SampleGroup>().unwrap_err().contains("class=NAME"));
        assert_eq!("3-17".parse(), Ok(RowPair([3, 17])));
        assert!("3".parse::<RowPair>().is_err() && "a-b".parse::<RowPair>().is_err());
    }
}
