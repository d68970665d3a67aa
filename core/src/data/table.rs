//! Comma-separated text: one sample a row, one of its columns the answer.
//!
//! The delimiter is the first of comma, semicolon and tab in the first line. The first row is a header where none of its fields is
//! a number. Answers that are no numbers are classes, in the order of the alphabet; whole numbers that count from 0 or 1
//! without a gap, two rows each on average, are classes too; other numbers are numbers. `name (unit)` in a header is a name and a unit.

use std::path::Path;

use csv::StringRecord;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::Source;
use super::{Answers, Part, Target};
use crate::{Error, Result, Samples, settings};

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Header {
    /// It does where none of its fields is a number.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It is a sample like the others.
    No,
}

/// What the answers are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Read off the answers.
    #[default]
    Auto,
    /// Classes.
    Classes,
    /// Numbers.
    Number,
}

/// How a table is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout<'a> {
    /// Whether the first row names the columns.
    pub header: Header,
    /// The answer's column: its name, its number from 1, `last` (also where it is empty), or `none`.
    pub answer: &'a str,
    /// What the answers are.
    pub kind: Kind,
}

impl Layout<'_> {
    /// Of what is no table, or of one whose layout is known.
    ///
    /// # Errors
    /// [`Error::Config`] where anything was asked for.
    pub(super) fn unused(&self, name: &str) -> Result<()> {
        match *self == Layout::default() {
            true => Ok(()),
            false => Err(Error::Config(format!(
                "{name} says itself what its answers are; leave answer, kind and header out"
            ))),
        }
    }
}

/// What a table holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The names of the samples' columns; `x1`, `x2`, ... where the file names none.
    pub columns: Vec<String>,
    /// What is asked.
    pub target: Target,
    /// All rows.
    pub all: Part,
}

impl Table {
    /// Reads a file, plain or gzipped.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Input`] with line and column of what is wrong; [`Error::Bytes`] for damaged packing.
    pub fn read(file: &Path, layout: Layout<'_>) -> Result<Table> {
        Table::parse(file, &Source::open(file)?.text()?, layout)
    }

    /// Reads what stands in a file; `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Input`] with line and column.
    pub fn parse(file: &Path, text: &str, layout: Layout<'_>) -> Result<Table> {
        let page = Page { file, text };
        let mut records = page.records();
        let mut record = StringRecord::new();
        let mut more = records.next(&mut record)?;
        let width = record.len();
        let has_header = match layout.header {
            Header::Auto => more && !record.iter().any(|field| field.trim().parse::<f32>().is_ok()),
            Header::Yes => more,
            Header::No => false,
        };
        let names: Vec<String> = (1..).zip(&record).map(|(i, name)| named(i, name, has_header)).collect();
        if has_header {
            more = records.next(&mut record)?;
        }
        if !more {
            return Err(page.at(1, 1, "there is no row of numbers in this file; give one that has some"));
        }
        let answer = column(&names, layout.answer).map_err(|message| page.at(1, 1, message))?;
        if width == usize::from(answer.is_some()) {
            return Err(page.at(
                1,
                1,
                "there is no column beside the answer; say answer = none to have it as the sample",
            ));
        }
        let (mut values, mut answers) = (Vec::new(), Vec::new());
        for row in usize::from(has_header).. {
            if record.len() != width {
                let message =
                    format!("this row has {} fields and the first one {width}; mend the row", record.len());
                return Err(page.wrong(row, 0, message));
            }
            for (field, text) in record.iter().enumerate() {
                if text.contains('\n') {
                    let message =
                        "this field goes on in the next line; close its quote, or take the quotes away";
                    return Err(page.wrong(row, field, message.to_owned()));
                }
                if Some(field) == answer {
                    answers.push(text.trim().to_owned());
                } else {
                    values.push(number(text).map_err(|message| page.wrong(row, field, message))?);
                }
            }
            if !records.next(&mut record)? {
                break;
            }
        }
        let (target, answers) = match answer {
            None => (Target::None, Answers::None),
            Some(field) => asked(&answers, &names[field], layout.kind)
                .map_err(|(row, message)| page.wrong(row + usize::from(has_header), field, message))?,
        };
        let columns: Vec<String> =
            names.into_iter().enumerate().filter(|&(i, _)| Some(i) != answer).map(|(_, name)| name).collect();
        let samples = Samples::new(values, columns.len())?;
        Ok(Table { columns, target, all: Part { samples, answers, factors: None } })
    }
}

/// A file's text.
struct Page<'a> {
    file: &'a Path,
    text: &'a str,
}

/// Its rows, one by one.
struct Records<'a> {
    page: &'a Page<'a>,
    reader: csv::Reader<&'a [u8]>,
}

impl Records<'_> {
    /// The next row into `record`; false at the end.
    fn next(&mut self, record: &mut StringRecord) -> Result<bool> {
        self.reader.read_record(record).map_err(|e| self.page.at(1, 1, format!("this is no table: {e}")))
    }
}

impl Page<'_> {
    fn records(&self) -> Records<'_> {
        let first_line = self.text.lines().next().unwrap_or_default();
        let delimiter = first_line.bytes().find(|byte| b",;\t".contains(byte)).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.flexible(true).has_headers(false).delimiter(delimiter);
        Records { page: self, reader: reader.from_reader(self.text.as_bytes()) }
    }

    fn at(&self, line: usize, column: usize, message: impl Into<String>) -> Error {
        Error::Input { file: self.file.to_path_buf(), line, column, message: message.into() }
    }

    /// The error in field `field` of row `row`, both from 0; found again by reading the file once more.
    fn wrong(&self, row: usize, field: usize, message: String) -> Error {
        let (mut records, mut record) = (self.records(), StringRecord::new());
        for _ in 0..=row {
            if let Err(e) = records.next(&mut record) {
                return e;
            }
        }
        // The reader's place may lie before blank lines that it skips.
        let begin = record.position().map_or(0, csv::Position::byte) as usize;
        let rest = self.text.get(begin..).unwrap_or_default();
        let begin = begin + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
        let line = 1 + self.text.bytes().take(begin).filter(|&byte| byte == b'\n').count();
        let before: usize = record.iter().take(field).map(|text| text.chars().count() + 1).sum();
        self.at(line, before + 1, message)
    }
}

fn named(i: usize, name: &str, has_header: bool) -> String {
    match name.trim() {
        name if has_header && !name.is_empty() => name.to_owned(),
        _ => format!("x{i}"),
    }
}

/// Which column is the answer.
fn column(names: &[String], answer: &str) -> Result<Option<usize>, String> {
    match answer {
        "none" => return Ok(None),
        "" | "last" => return Ok(names.len().checked_sub(1)),
        _ => {}
    }
    let mut found = (0..names.len()).filter(|&i| names[i] == answer || unit_of(&names[i]).0 == answer);
    match (found.next(), found.next(), answer.parse::<usize>()) {
        (Some(_), Some(_), _) => Err(format!("two columns are called `{answer}`; give its number instead")),
        (Some(field), ..) => Ok(Some(field)),
        (None, _, Ok(number)) if (1..=names.len()).contains(&number) => Ok(Some(number - 1)),
        (None, _, Ok(number)) => Err(format!("there is no column {number}, only 1..={}", names.len())),
        (None, ..) => Err(settings::unknown("column", answer, names, "answer")),
    }
}

/// `weight (lb)` is a weight in lb.
fn unit_of(name: &str) -> (&str, &str) {
    name.strip_suffix(')').and_then(|name| name.split_once(" (")).unwrap_or((name, ""))
}

fn number(text: &str) -> Result<f32, String> {
    let text = text.trim();
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ if text.is_empty() => Err("there is no value here; fill it in, or delete the row".to_owned()),
        Ok(_) => Err(format!("`{text}` is no finite number; mend or delete the row")),
        Err(_) => {
            Err(format!("`{text}` is no number; mend the row, or name the answer's column with `answer`"))
        }
    }
}

/// What `answers` are; an error names the row.
fn asked(answers: &[String], name: &str, kind: Kind) -> Result<(Target, Answers), (usize, String)> {
    if let Some(row) = answers.iter().position(String::is_empty) {
        return Err((row, "there is no answer here; fill it in, or delete the row".to_owned()));
    }
    let is_number = |text: &String| text.parse::<f32>().is_ok();
    let numbers = answers.iter().filter(|text| is_number(text)).count();
    if numbers == 0 || kind == Kind::Classes {
        if kind == Kind::Number {
            return Err((0, format!("`{}` is no number; say kind = classes", answers[0])));
        }
        return classes(answers, kind);
    }
    let all = answers.iter().enumerate().map(|(row, text)| number(text).map_err(|message| (row, message)));
    let all: Vec<f32> = match all.collect() {
        Ok(all) => all,
        // A class among numbers, or a number among classes: the rarer of the two is the slip.
        Err((_, _)) if numbers * 2 < answers.len() => {
            let row = answers.iter().position(is_number).unwrap_or_default();
            let message =
                format!("`{}` is a number among classes; mend it, or say kind = classes", answers[row]);
            return Err((row, message));
        }
        Err(e) => return Err(e),
    };
    if kind == Kind::Auto
        && let Some(counted) = counted(&all)
    {
        return Ok(counted);
    }
    let (name, unit) = unit_of(name);
    Ok((Target::Number { name: name.to_owned(), unit: unit.to_owned() }, Answers::Numbers(all)))
}

/// Classes that count from 0 or 1 without a gap.
fn counted(all: &[f32]) -> Option<(Target, Answers)> {
    let most = all.iter().copied().fold(0.0, f32::max);
    if all.iter().any(|&v| v < 0.0 || v.fract() != 0.0) || most as usize > all.len() / 2 {
        return None;
    }
    let mut seen = vec![false; most as usize + 1];
    all.iter().for_each(|&value| seen[value as usize] = true);
    let first = seen.iter().position(|&seen| seen)?;
    if first > 1 || seen[first..].contains(&false) || 2 * (seen.len() - first) > all.len() {
        return None;
    }
    let names = (first..seen.len()).map(|class| class.to_string()).collect();
    let classes = all.iter().map(|&value| value as u32 - first as u32).collect();
    Some((Target::Classes(names), Answers::Classes(classes)))
}

/// Classes by their text, in the order of their numbers or of the alphabet.
fn classes(answers: &[String], kind: Kind) -> Result<(Target, Answers), (usize, String)> {
    let mut names = answers.to_vec();
    let value = |name: &String| name.parse::<f32>().unwrap_or(f32::INFINITY);
    names.sort_by(|a, b| value(a).total_cmp(&value(b)).then_with(|| a.cmp(b)));
    names.dedup();
    if kind == Kind::Auto && names.len() == answers.len() && names.len() > 1 {
        let message = format!(
            "`{}`, and every row has a class of its own; name the answer's column with `answer`",
            answers[0]
        );
        return Err((0, message));
    }
    let index: std::collections::HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
    let classes = answers.iter().map(|text| index[text.as_str()]).collect();
    Ok((Target::Classes(names), Answers::Classes(classes)))
}
