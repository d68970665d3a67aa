//! Reader for comma-separated text: one sample per row, one column of targets.
//!
//! The delimiter is the first comma, semicolon or tab in the first line. The first row is a header if none of its
//! fields is a number. Targets that are not numbers are class names, sorted alphabetically. Targets that are
//! consecutive integers from 0 or 1, with at least two rows per integer on average, are class labels, too; other
//! numbers are values for regression. `name (unit)` in a header is a name and a unit.
//!
//! ```
//! use std::path::Path;
//!
//! use freewheel_agents::data::Targets;
//! use freewheel_agents::data::table::{Layout, Table};
//!
//! let text = "length,species\n1.4,setosa\n4.7,versicolor\n1.3,setosa\n";
//! let table = Table::parse(Path::new("iris.csv"), text, Layout::default())?;
//! assert_eq!(table.columns, ["length"]);
//! assert_eq!(table.all.targets, Targets::Labels(vec![0, 1, 0]));
//! # Ok::<(), freewheel_core::Error>(())
//! ```

use std::path::Path;

use csv::StringRecord;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Subset, TargetSpec, Targets};
use crate::Samples;
use freewheel_core::input::Source;
use freewheel_core::{Error, Result, settings};

/// Choice of whether the first row of a table has the column names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// The first row has the column names if none of its fields is a number.
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

/// Layout of a table: header, target column, kind of the targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout<'a> {
    /// Whether the first row has the column names.
    pub header: Header,
    /// Target column: its name, its number from 1, `last` or empty for the last one, or `none`.
    pub target: &'a str,
    /// Kind of the targets.
    pub kind: Kind,
}

impl Layout<'_> {
    /// Checks that the layout is the default, for the data set `name`, which has a known layout.
    ///
    /// # Errors
    /// [`Error::Config`] for another layout than the default.
    pub(super) fn require_default(&self, name: &str) -> Result<()> {
        match *self == Layout::default() {
            true => Ok(()),
            false => {
                Err(Error::Config(format!("{name} has known targets; leave target, kind and header out")))
            }
        }
    }
}

/// Content of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of the feature columns, `[D]`; `x1`, `x2`, ... without a header.
    pub columns: Vec<String>,
    /// Kind of the targets.
    pub target: TargetSpec,
    /// All samples with their targets.
    pub all: Subset,
}

impl Table {
    /// Reads a file, plain or gzipped.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Input`] with line and column of the error; [`Error::Bytes`] for a damaged gzip stream.
    pub fn read(file: &Path, layout: Layout<'_>) -> Result<Table> {
        Table::parse(file, &Source::open(file)?.text()?, layout)
    }

    /// Table in `text`; `file` is the name in error messages.
    ///
    /// # Errors
    /// [`Error::Input`] with line and column.
    pub fn parse(file: &Path, text: &str, layout: Layout<'_>) -> Result<Table> {
        let text = TableText { file, text };
        let mut records = text.records();
        let mut record = StringRecord::new();
        let mut more = records.next(&mut record)?;
        let width = record.len();
        let has_header = match layout.header {
            Header::Auto => more && !record.iter().any(|field| field.trim().parse::<f64>().is_ok()),
            Header::Yes => more,
            Header::No => false,
        };
        let names: Vec<String> =
            (1..).zip(&record).map(|(i, name)| column_name(i, name, has_header)).collect();
        if has_header {
            more = records.next(&mut record)?;
        }
        if !more {
            return Err(text.error(1, 1, "the file has no row of numbers; add at least one"));
        }
        let target = find_column(&names, layout.target).map_err(|message| text.error(1, 1, message))?;
        if width == usize::from(target.is_some()) {
            let message = "the target is the only column; set target = none to use it as a feature";
            return Err(text.error(1, 1, message));
        }
        let (mut values, mut fields) = (Vec::new(), Vec::new());
        for row in usize::from(has_header).. {
            if record.len() != width {
                let message = format!(
                    "this row has {} fields, and the first row {width}; correct the row",
                    record.len()
                );
                return Err(text.field_error(row, 0, message));
            }
            for (column, field) in record.iter().enumerate() {
                if field.contains('\n') {
                    let message =
                        "this field continues on the next line; close its quote, or remove the quotes";
                    return Err(text.field_error(row, column, message.to_owned()));
                }
                if Some(column) == target {
                    fields.push(field.trim().to_owned());
                } else {
                    values.push(number(field).map_err(|message| text.field_error(row, column, message))?);
                }
            }
            if !records.next(&mut record)? {
                break;
            }
        }
        let (spec, targets) = match target {
            None => (TargetSpec::None, Targets::None),
            Some(column) => parse_targets(&fields, &names[column], layout.kind)
                .map_err(|(row, message)| text.field_error(row + usize::from(has_header), column, message))?,
        };
        let columns: Vec<String> =
            names.into_iter().enumerate().filter(|&(i, _)| Some(i) != target).map(|(_, name)| name).collect();
        let samples = Samples::new(values, columns.len())?;
        Ok(Table { columns, target: spec, all: Subset { samples, targets, factors: None } })
    }
}

/// Text of a table.
struct TableText<'a> {
    file: &'a Path,
    text: &'a str,
}

/// Reader of the rows of a table, one after the other.
struct Records<'a> {
    text: &'a TableText<'a>,
    reader: csv::Reader<&'a [u8]>,
}

impl Records<'_> {
    /// Reads the next row into `record`; false at the end.
    fn next(&mut self, record: &mut StringRecord) -> Result<bool> {
        self.reader
            .read_record(record)
            .map_err(|e| self.text.error(1, 1, format!("this is not comma-separated text: {e}")))
    }
}

impl TableText<'_> {
    fn records(&self) -> Records<'_> {
        let first_line = self.text.lines().next().unwrap_or_default();
        let delimiter = first_line.bytes().find(|byte| b",;\t".contains(byte)).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.flexible(true).has_headers(false).delimiter(delimiter);
        Records { text: self, reader: reader.from_reader(self.text.as_bytes()) }
    }

    fn error(&self, line: usize, column: usize, message: impl Into<String>) -> Error {
        Error::Input { file: self.file.to_path_buf(), line, column, message: message.into() }
    }

    /// Error in a field, given by the indices of row and field from 0; reads the text again to find the line.
    fn field_error(&self, row: usize, field: usize, message: String) -> Error {
        let (mut records, mut record) = (self.records(), StringRecord::new());
        for _ in 0..=row {
            if let Err(e) = records.next(&mut record) {
                return e;
            }
        }
        // The reader gives the position before blank lines that it skips.
        let start = record.position().map_or(0, csv::Position::byte) as usize;
        let rest = self.text.get(start..).unwrap_or_default();
        let start = start + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
        let line = 1 + self.text.bytes().take(start).filter(|&byte| byte == b'\n').count();
        let before: usize = record.iter().take(field).map(|text| text.chars().count() + 1).sum();
        self.error(line, before + 1, message)
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
fn find_column(names: &[String], target: &str) -> Result<Option<usize>, String> {
    match target {
        "none" => return Ok(None),
        "" | "last" => return Ok(names.len().checked_sub(1)),
        _ => {}
    }
    let mut found = (0..names.len()).filter(|&i| names[i] == target || split_unit(&names[i]).0 == target);
    match (found.next(), found.next(), target.parse::<usize>()) {
        (Some(_), Some(_), _) => Err(format!("two columns have the name `{target}`; use the number instead")),
        (Some(column), ..) => Ok(Some(column)),
        (None, _, Ok(number)) if (1..=names.len()).contains(&number) => Ok(Some(number - 1)),
        (None, _, Ok(number)) => Err(format!("there is no column {number}, only 1..={}", names.len())),
        (None, ..) => Err(settings::unknown("column", target, names, "target")),
    }
}

/// Name and unit in a header field `name (unit)`.
fn split_unit(name: &str) -> (&str, &str) {
    name.strip_suffix(')').and_then(|name| name.split_once(" (")).unwrap_or((name, ""))
}

fn number(text: &str) -> Result<f64, String> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ if text.is_empty() => Err("the value is missing; add it, or delete the row".to_owned()),
        Ok(_) => Err(format!("`{text}` is not a finite number; correct or delete the row")),
        Err(_) => Err(format!("`{text}` is not a number; correct the row, or set `target` to this column")),
    }
}

/// Kind and values of the targets; an error has the index of the row.
fn parse_targets(
    fields: &[String],
    name: &str,
    kind: Kind,
) -> Result<(TargetSpec, Targets), (usize, String)> {
    if let Some(row) = fields.iter().position(String::is_empty) {
        return Err((row, "the target is missing; add it, or delete the row".to_owned()));
    }
    let is_number = |text: &String| text.parse::<f64>().is_ok();
    let numbers = fields.iter().filter(|text| is_number(text)).count();
    if numbers == 0 || kind == Kind::Classes {
        if kind == Kind::Number {
            return Err((0, format!("`{}` is not a number; set kind = classes", fields[0])));
        }
        return named_classes(fields, kind);
    }
    let values = fields.iter().enumerate().map(|(row, text)| number(text).map_err(|message| (row, message)));
    let values: Vec<f64> = match values.collect() {
        Ok(values) => values,
        // Numbers and class names are mixed: the rarer kind is reported as the mistake.
        Err((_, _)) if numbers * 2 < fields.len() => {
            let row = fields.iter().position(is_number).unwrap_or_default();
            let message =
                format!("`{}` is a number among class names; correct it, or set kind = classes", fields[row]);
            return Err((row, message));
        }
        Err(e) => return Err(e),
    };
    if kind == Kind::Auto
        && let Some(labels) = consecutive_labels(&values)
    {
        return Ok(labels);
    }
    let (name, unit) = split_unit(name);
    Ok((TargetSpec::Number { name: name.to_owned(), unit: unit.to_owned() }, Targets::Values(values)))
}

/// Class labels of consecutive integers from 0 or 1; `None` for other values.
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

/// Classes whose names are the values of the fields, in numerical or alphabetical order.
fn named_classes(fields: &[String], kind: Kind) -> Result<(TargetSpec, Targets), (usize, String)> {
    let mut names = fields.to_vec();
    let value = |name: &String| name.parse::<f64>().unwrap_or(f64::INFINITY);
    names.sort_by(|a, b| value(a).total_cmp(&value(b)).then_with(|| a.cmp(b)));
    names.dedup();
    if kind == Kind::Auto && names.len() == fields.len() && names.len() > 1 {
        let message = format!(
            "`{}`: every row has another class; set `target` to the column of the targets",
            fields[0]
        );
        return Err((0, message));
    }
    let index: std::collections::HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let labels = fields.iter().map(|text| index[text.as_str()]).collect();
    Ok((TargetSpec::Classes(names), Targets::Labels(labels)))
}
