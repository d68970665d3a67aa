//! Preparation of a table for estimators, fitted to its training rows alone: missing values, texts and scales.
//!
//! | column | prepared |
//! |---|---|
//! | numbers | missing values become the mean of the training rows; then scaled, if [`Scale`] says so |
//! | texts | one column `NAME=TEXT` per text of the training rows, 1 or 0; also one for missing values, if there are any |
//!
//! A text that no training row has becomes 0 in all columns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::table::{Column, Values};
use crate::Samples;
use freewheel_core::{Error, Result, memory};

/// Maximum number of different texts of a column in the training rows.
const MAX_TEXTS: usize = 1000;
/// Number of different texts up to which a column may have a text for every second row or more.
const FEW_TEXTS: usize = 10;

/// Choice of the scale of the columns of numbers; columns of texts are 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Numbers as they are.
    #[default]
    None,
    /// Mean 0 and standard deviation 1 in the training rows.
    Standard,
    /// 0 to 1 in the training rows.
    Minmax,
}

/// Preparation of the columns of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preparation {
    columns: Vec<Prepared>,
}

/// Preparation of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Prepared {
    name: String,
    encoding: Encoding,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Encoding {
    /// `(x - shift) * factor`, with `fill` for a missing x.
    Number { fill: f64, shift: f64, factor: f64 },
    /// One column per text, and one for missing values.
    OneHot { texts: Vec<String>, missing: bool },
}

impl Preparation {
    /// Preparation of `columns` of the data set `name`, fitted to the `rows` for training.
    ///
    /// # Errors
    /// [`Error::Config`] for a column of texts with too many texts.
    pub fn fit(name: &str, columns: &[Column], rows: &[usize], scale: Scale) -> Result<Self> {
        let encode = |column: &Column| -> Result<Prepared> {
            let encoding = match &column.values {
                Values::Numbers(values) => fit_number(rows.iter().map(|&row| values[row]), scale),
                Values::Texts { names, codes } => {
                    let mut seen = vec![false; names.len()];
                    let mut missing = false;
                    for &row in rows {
                        match seen.get_mut(codes[row] as usize) {
                            Some(seen) => *seen = true,
                            None => missing = true,
                        }
                    }
                    let texts: Vec<String> = names
                        .iter()
                        .zip(seen)
                        .filter(|(_, seen)| *seen)
                        .map(|(name, _)| name.clone())
                        .collect();
                    let unique = texts.len() > 2 && texts.len() == rows.len();
                    let rare = texts.len() > FEW_TEXTS && 2 * texts.len() > rows.len();
                    if unique || rare || texts.len() > MAX_TEXTS {
                        return Err(Error::Config(format!(
                            "{name}: column {0} has {1} different texts in {2} training rows, too many for one column \
                             each; leave it out (--set 'data.leave_out=[\"{0}\"]')",
                            column.name,
                            texts.len(),
                            rows.len()
                        )));
                    }
                    Encoding::OneHot { texts, missing }
                }
            };
            Ok(Prepared { name: column.name.clone(), encoding })
        };
        Ok(Preparation { columns: columns.iter().map(encode).collect::<Result<_>>()? })
    }

    /// Number of columns of the table.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Whether column `i` has texts.
    pub(super) fn is_text(&self, i: usize) -> bool {
        matches!(self.columns[i].encoding, Encoding::OneHot { .. })
    }

    /// Names of the prepared columns, `[D]`.
    pub fn names(&self) -> Vec<String> {
        let of = |column: &Prepared| match &column.encoding {
            Encoding::Number { .. } => vec![column.name.clone()],
            Encoding::OneHot { texts, missing } => {
                let texts = texts.iter().map(|text| format!("{}={text}", column.name));
                texts.chain(missing.then(|| format!("{} missing", column.name))).collect()
            }
        };
        self.columns.iter().flat_map(of).collect()
    }

    /// Prepared samples `[rows, D]` of the `rows` of `columns`. Texts that the training rows do not have are added to
    /// the `notes`; `name` is the name of the data set in error messages.
    ///
    /// # Errors
    /// [`Error::Config`] for other columns than those of the fit; [`Error::Unsupported`] for samples that need too much
    /// memory.
    pub fn apply(
        &self,
        name: &str,
        columns: &[Column],
        rows: &[usize],
        notes: &mut Vec<String>,
    ) -> Result<Samples> {
        self.check(name, columns)?;
        let width = self.names().len();
        let what = format!("{name}: {} rows of {width} columns, texts included,", rows.len());
        memory::require(&what, 8 * rows.len() as u128 * width as u128)?;
        let mut out = vec![0.0; rows.len() * width];
        let mut first = 0;
        for (column, prepared) in columns.iter().zip(&self.columns) {
            match (&column.values, &prepared.encoding) {
                (Values::Numbers(values), &Encoding::Number { fill, shift, factor }) => {
                    for (out, &row) in out.chunks_exact_mut(width).zip(rows) {
                        let x = if values[row].is_nan() { fill } else { values[row] };
                        out[first] = (x - shift) * factor;
                    }
                    first += 1;
                }
                (Values::Texts { names, codes }, Encoding::OneHot { texts, missing }) => {
                    let place: Vec<Option<usize>> =
                        names.iter().map(|name| texts.iter().position(|text| text == name)).collect();
                    let mut unknown = 0;
                    for (out, &row) in out.chunks_exact_mut(width).zip(rows) {
                        let at = match place.get(codes[row] as usize) {
                            Some(place) => *place,
                            None => missing.then_some(texts.len()),
                        };
                        match at {
                            Some(at) => out[first + at] = 1.0,
                            None => unknown += 1,
                        }
                    }
                    if unknown > 0 {
                        notes.push(format!(
                            "{}: {unknown} rows have a text that no training row has, and are 0 in all its columns",
                            column.name
                        ));
                    }
                    first += texts.len() + usize::from(*missing);
                }
                _ => return Err(self.other_columns(name, columns)),
            }
        }
        Samples::new(out, width)
    }

    /// Description of the preparation, in sentences.
    pub(super) fn notes(&self) -> Vec<String> {
        let texts = self.columns.iter().filter_map(|column| match &column.encoding {
            Encoding::OneHot { texts, .. } => Some(format!("{} ({})", column.name, texts.len())),
            Encoding::Number { .. } => None,
        });
        let texts: Vec<String> = texts.collect();
        match texts.is_empty() {
            true => Vec::new(),
            false => vec![format!("one column per text for {}", texts.join(", "))],
        }
    }

    fn check(&self, name: &str, columns: &[Column]) -> Result<()> {
        // Columns without a header are named x1, x2, ...; such names are not compared.
        let is_numbered =
            |name: &str| name.strip_prefix('x').is_some_and(|rest| rest.parse::<usize>().is_ok());
        let same = |(own, given): (&Prepared, &Column)| {
            own.name == given.name || is_numbered(&own.name) || is_numbered(&given.name)
        };
        match self.columns.len() == columns.len() && self.columns.iter().zip(columns).all(same) {
            true => Ok(()),
            false => Err(self.other_columns(name, columns)),
        }
    }

    fn other_columns(&self, name: &str, columns: &[Column]) -> Error {
        let given: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let own: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        Error::Config(format!(
            "{name}: its columns are {}, and the estimator was fitted to {}; use the same order, or name the target \
             column (--set data.target=COLUMN, or none)",
            given.join(", "),
            own.join(", ")
        ))
    }
}

/// Encoding of a column with the training `values`; NaN for a missing one.
fn fit_number(values: impl Iterator<Item = f64> + Clone, scale: Scale) -> Encoding {
    let known = values.filter(|value| !value.is_nan());
    let n = known.clone().count().max(1) as f64;
    // Divided before the sum, which could exceed the largest f64.
    let rough: f64 = known.clone().map(|value| value / n).sum();
    let fill = rough + known.clone().map(|value| (value - rough) / n).sum::<f64>();
    let (shift, width) = match scale {
        Scale::None => (0.0, 1.0),
        Scale::Standard => {
            let squares: f64 = known.map(|value| (value - fill).powi(2) / n).sum();
            let deviation = squares.sqrt();
            (fill, if deviation > fill.abs() * 1e-14 { deviation } else { 0.0 })
        }
        Scale::Minmax => {
            let ends = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
            let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), ends);
            if low <= high { (low, high - low) } else { (0.0, 0.0) }
        }
    };
    // A constant column becomes 0.
    Encoding::Number { fill, shift, factor: if width > 0.0 { 1.0 / width } else { 0.0 } }
}
