//! Reader for tables in delimited text: one sample per row, one column of targets.
//!
//! | part | rule |
//! |---|---|
//! | delimiter | the first of comma, semicolon, tab and `\|` in the first line; else spaces |
//! | column names | in the first row, unless [`Header`] or a comparison with the rows below says otherwise |
//! | column of numbers | all values are numbers; a missing value becomes the mean of the training rows |
//! | column of texts | no value is a number; one column per text, 1 or 0 ([`Preparation`]) |
//! | missing value | blank, `?`, `NA`, `N/A`, `#N/A`, `NaN` or `null`, see [`Missing`] |
//! | target | the last column; class names, whole numbers from 0 or 1 as class labels, or numbers |
//!
//! Numbers are f64. Different numbers that are one f64 are an error.
//!
//! ```
//! use std::path::Path;
//!
//! use freewheel_agents::data::Targets;
//! use freewheel_agents::data::table::{Layout, Table};
//!
//! let text = "length,color,species\n1.4,red,setosa\n4.7,blue,versicolor\n?,red,setosa\n";
//! let table = Table::parse(Path::new("iris.csv"), text, Layout::default())?;
//! assert_eq!(table.targets, Targets::Labels(vec![0, 1, 0]));
//! let set = table.into_data_set("iris", Layout::default())?;
//! let Some(prepared) = &set.preparation else { panic!() };
//! assert_eq!(prepared.names(), ["length", "color=blue", "color=red"]);
//! assert_eq!(set.train.samples.row(2), [(1.4 + 4.7) / 2.0, 0.0, 1.0]);
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preparation::{Preparation, Scale};
use super::{DataSet, Shape, Subset, TargetSpec, Targets, split};
use freewheel_core::input::Source;
use freewheel_core::{Error, Result, memory, settings};

mod columns;
mod number;
mod profile;
mod records;
mod targets;

pub use columns::{Column, Values};
pub use number::Decimal;

use columns::Builder;
use number::is_missing;
use profile::Profiles;
use records::Records;

/// Choice of whether the first row of a table has the column names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// Found by a comparison of the first row with the rows below.
    #[default]
    Auto,
    /// The first row has the column names.
    Yes,
    /// The first row is a sample.
    No,
}

/// Choice of the kind of the targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Detected from the targets.
    #[default]
    Auto,
    /// Class labels.
    Classes,
    /// Values for regression.
    Number,
}

/// Choice of what is done with missing values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// A missing number becomes the mean of the training rows, a missing text a category of its own; a row without a
    /// target is left out.
    #[default]
    Fill,
    /// A row with a missing value is left out.
    Drop,
    /// A missing value is an error.
    Refuse,
}

/// Layout of a table, and its preparation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Layout<'a> {
    /// Whether the first row has the column names.
    pub header: Header,
    /// Target column: its name, its number from 1, `last` or empty for the last one, or `none`.
    pub target: &'a str,
    /// Kind of the targets.
    pub kind: Kind,
    /// Columns that are not read: their names, or their numbers from 1.
    pub leave_out: &'a [String],
    /// Columns whose values are texts although they look like numbers: their names, or their numbers from 1.
    pub text: &'a [String],
    /// Decimal mark.
    pub decimal: Decimal,
    /// Rule for missing values.
    pub missing: Missing,
    /// Scale of the columns of numbers.
    pub scale: Scale,
    /// Fraction of the rows for testing, and the seed of the shuffle.
    pub test: (f64, u64),
    /// Preparation of a fit, for rows that its model predicts: rows without a target are kept.
    pub prepared: Option<&'a Preparation>,
}

impl Layout<'_> {
    /// Checks that the layout is the default, for the data set `name`, which has a known layout.
    ///
    /// # Errors
    /// [`Error::Config`] for another layout than the default.
    pub(super) fn require_default(&self, name: &str) -> Result<()> {
        let layout = Layout { test: (0.0, 0), prepared: None, ..*self };
        match layout == Layout::default() {
            true => Ok(()),
            false => Err(Error::Config(format!(
                "{name} has known targets; leave target, kind, header, leave_out, text, decimal, missing and scale out"
            ))),
        }
    }
}

/// Content of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Feature columns.
    pub columns: Vec<Column>,
    /// Kind of the targets.
    pub target: TargetSpec,
    /// Targets of all rows.
    pub targets: Targets,
    /// Rows that were left out, in sentences.
    pub notes: Vec<String>,
    rows: usize,
}

impl Table {
    /// Reads a file, plain or gzipped.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Input`] with line and column of the error; [`Error::Bytes`] for a damaged gzip stream;
    /// [`Error::Unsupported`] for a table that needs too much memory.
    pub fn read(file: &Path, layout: Layout<'_>) -> Result<Table> {
        Table::parse(file, &Source::open(file)?.text()?, layout)
    }

    /// Table in `text`; `file` is the name in error messages.
    ///
    /// # Errors
    /// [`Error::Input`] with line and column; [`Error::Unsupported`] for a table that needs too much memory.
    pub fn parse(file: &Path, text: &str, layout: Layout<'_>) -> Result<Table> {
        let mut records = Records::new(file, text);
        let bound = records.fields_bound();
        // Each field is a number or a code, first in its column, then in its row.
        memory::require(&format!("{}, with up to {bound} fields,", file.display()), 24 * bound as u128)?;
        let from_first = records.clone();
        let mut first = Vec::new();
        if !records.next(&mut first)? {
            return Err(records.error(0, "the file has no row of numbers; add at least one"));
        }
        let (profiles, decimal) = Profiles::new(records.clone(), first.len(), layout.decimal)?;
        let start = first.first().map_or(0, |field| field.start);
        let has_header = match layout.header {
            Header::Auto => profiles.has_header(&first).map_err(|message| records.error(start, message))?,
            Header::Yes => true,
            Header::No => false,
        };
        let (mut body, profiles) = match has_header {
            true => (records.clone(), profiles),
            false => (from_first.clone(), Profiles::new(from_first.clone(), first.len(), layout.decimal)?.0),
        };
        if profiles.rows == 0 && profiles.uneven.is_none() {
            return Err(records.error(start, "the file has no row of numbers; add at least one"));
        }
        let names: Vec<String> =
            (1..).zip(&first).map(|(i, field)| column_name(i, &field.text, has_header)).collect();
        let at_top = |message: String| records.error(start, message);
        let target = find_target(&names, layout.target).map_err(at_top)?;
        if names.len() == usize::from(target.is_some()) {
            let message = "the target is the only column; set target = none to use it as a feature";
            return Err(at_top(message.to_owned()));
        }
        if let Some((at, count)) = profiles.uneven {
            let message = format!(
                "this row has {count} fields, and the first row {}; correct the row{}",
                names.len(),
                if records.delimiter() == records::Delimiter::Space {
                    ", or separate the fields by commas"
                } else {
                    ""
                }
            );
            return Err(records.error(at, message));
        }
        let chosen = |columns: &[String], setting: &str| -> Result<Vec<usize>> {
            // A file that is predicted may lack columns that the fit left out.
            let found = columns.iter().map(|name| find_column(&names, name, setting).map_err(at_top));
            found.filter(|found| layout.prepared.is_none() || found.is_ok()).collect()
        };
        let (left_out, as_text) = (chosen(layout.leave_out, "leave_out")?, chosen(layout.text, "text")?);
        let mut builder = Builder::new(&records, &names, &profiles, decimal, layout, target);
        builder.choose_kinds(&left_out, &as_text)?;
        let mut fields = Vec::new();
        while body.next(&mut fields)? {
            builder.push(&fields)?;
        }
        builder.finish()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Data set of the rows: split into training and test set, and prepared as the training rows require, or as
    /// [`Layout::prepared`] says.
    ///
    /// # Errors
    /// [`Error::Config`] for a fraction of test rows out of range, a text column with too many texts, and columns that
    /// are not those of the preparation.
    pub fn into_data_set(self, name: &str, layout: Layout<'_>) -> Result<DataSet> {
        let (test_size, seed) = layout.test;
        let (train, test, split) = split::indices(self.rows, seed, test_size)?;
        let preparation = match layout.prepared {
            Some(preparation) => preparation.clone(),
            None => Preparation::fit(name, &self.columns, &train, layout.scale)?,
        };
        let mut notes = self.notes;
        let subset = |rows: &[usize], notes: &mut Vec<String>| -> Result<Subset> {
            let samples = preparation.apply(name, &self.columns, rows, notes)?;
            Ok(Subset { samples, targets: self.targets.select(rows), factors: None })
        };
        let (train, test) = (subset(&train, &mut notes)?, subset(&test, &mut notes)?);
        let shape = Shape::Columns(preparation.names());
        let set = DataSet::whole(name, shape, self.target, train, "");
        notes.extend(preparation.notes());
        Ok(DataSet { test, split, notes, preparation: Some(preparation), ..set })
    }
}

/// Name of column `i` (from 1): its field in the header, or `x<i>` without a header.
fn column_name(i: usize, header: &str, has_header: bool) -> String {
    match header.trim() {
        name if has_header && !name.is_empty() => name.to_owned(),
        _ => format!("x{i}"),
    }
}

/// Index of the target column, given by the setting `target`; `None` if the setting is `none`.
fn find_target(names: &[String], target: &str) -> Result<Option<usize>, String> {
    match target {
        "none" => Ok(None),
        "" | "last" => Ok(names.len().checked_sub(1)),
        name => find_column(names, name, "target").map(Some),
    }
}

/// Index of the column with the name or the number `column`, which is a value of the setting `setting`.
fn find_column(names: &[String], column: &str, setting: &str) -> Result<usize, String> {
    let mut found = (0..names.len()).filter(|&i| names[i] == column || split_unit(&names[i]).0 == column);
    match (found.next(), found.next(), column.parse::<usize>()) {
        (Some(_), Some(_), _) => Err(format!("two columns have the name `{column}`; use the number instead")),
        (Some(column), ..) => Ok(column),
        (None, _, Ok(number)) if (1..=names.len()).contains(&number) => Ok(number - 1),
        (None, _, Ok(number)) => Err(format!("there is no column {number}, only 1..={}", names.len())),
        (None, ..) => {
            // Long headers are cut, because the comparison of names takes time.
            let short: Vec<String> =
                names.iter().take(100).map(|name| name.chars().take(60).collect()).collect();
            Err(settings::unknown("column", column, &short, setting))
        }
    }
}

/// Name and unit in a header field `name (unit)`.
fn split_unit(name: &str) -> (&str, &str) {
    name.strip_suffix(')').and_then(|name| name.split_once(" (")).unwrap_or((name, ""))
}
