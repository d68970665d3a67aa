//! Header of a price file: its place, its delimiter and its columns.

use std::path::Path;

use freewheel_core::{Error, Result, input};

use super::super::settings::Settings;
use super::columns::{Columns, known};
use super::records::{Delimiter, Record, Records};

/// Number of lines at the start of a file among which the header is searched.
const MAX_BANNER: usize = 50;

/// Maximum number of bytes of a header.
const MAX_LENGTH: usize = 1 << 20;

/// Delimiter, columns and header of a file.
#[derive(Clone, Debug)]
pub(super) struct Layout<'a> {
    pub(super) delimiter: Delimiter,
    pub(super) columns: Columns,
    /// Number of fields of a row; `None` if rows may be longer than the columns in the settings.
    pub(super) width: Option<usize>,
    /// Names of the columns in the file; empty without a header.
    pub(super) names: Vec<String>,
    /// Text after the header.
    pub(super) body: &'a str,
    /// Line at which `body` begins.
    pub(super) line: usize,
}

impl<'a> Layout<'a> {
    /// Finds the header of `text`, or takes the names in `settings.columns` unless these are empty.
    pub(super) fn find(file: &'a Path, text: &'a str, settings: &Settings) -> Result<Self> {
        let (separator, body, line) = separator_line(text);
        if !settings.columns.is_empty() {
            return Layout::named(file, body, line, settings, separator);
        }
        let at = |line, message| Error::Input { file: file.to_path_buf(), line, column: 1, message };
        // The best line so far: number of its known names, its line and what is wrong with it.
        let mut best: Option<(usize, usize, String)> = None;
        let mut rest = body;
        let mut record = Record::default();
        for (number, content) in (line..).zip(input::lines(body).map(|(_, content)| content)).take(MAX_BANNER)
        {
            let next = after_line(rest, content);
            let content = if content.len() > MAX_LENGTH { "" } else { content };
            let given = separator.into_iter();
            let delimiters: Vec<Delimiter> = match separator {
                Some(_) => given.collect(),
                None => Delimiter::candidates(content).collect(),
            };
            for delimiter in delimiters {
                let mut records = Records::new(file, content, number, delimiter);
                if !records.read(&mut record).unwrap_or(false) {
                    continue;
                }
                match Columns::find(&record.fields, settings.adjust) {
                    Ok(columns) => {
                        let names = record.fields.iter().map(|&name| name.to_owned()).collect();
                        let width = Some(record.fields.len());
                        return Ok(Layout { delimiter, columns, width, names, body: next, line: number + 1 });
                    }
                    Err(message) => {
                        let known = known(&record.fields);
                        if best.as_ref().is_none_or(|(most, ..)| known > *most) {
                            best = Some((known, number, message));
                        }
                    }
                }
            }
            rest = next;
        }
        let Some((known, line, message)) = best else {
            return Err(at(1, Columns::find(&[], false).err().unwrap_or_default()));
        };
        if known == 0 && content_is_data(text) {
            let message = "the file has no header; add a line that names the columns, or name them in order with the \
                           setting columns, such as columns = [\"date\", \"open\", \"high\", \"low\", \"close\", \
                           \"volume\"]; columns after these are ignored";
            return Err(at(line, message.to_owned()));
        }
        Err(at(line, message))
    }

    /// Whether the record repeats the header.
    pub(super) fn is_header(&self, record: &Record) -> bool {
        let mut pairs = record.fields.iter().zip(&self.names);
        !self.names.is_empty()
            && record.fields.len() == self.names.len()
            && pairs.all(|(field, name)| field.eq_ignore_ascii_case(name))
    }

    /// Largest number of fields of a row.
    pub(super) fn most_fields(&self) -> usize {
        self.width.unwrap_or(usize::MAX)
    }

    /// Smallest number of fields of a row: without columns at the end that have no name.
    pub(super) fn fewest_fields(&self) -> usize {
        match self.names.iter().rposition(|name| !name.is_empty()) {
            Some(last) => last + 1,
            None => self.columns.prices().into_iter().fold(self.columns.date, usize::max) + 1,
        }
    }

    /// Problem and remedy of a row with too few or too many fields; `None` for other rows.
    pub(super) fn wrong_fields(&self, record: &Record) -> Option<String> {
        let (fields, fewest, most) = (record.fields.len(), self.fewest_fields(), self.most_fields());
        let remedy = match (fields > most, self.is_comma_separated()) {
            (true, true) => {
                "correct the row; numbers with commas need quotes, or columns separated by semicolons"
            }
            _ => "correct the row",
        };
        let of = if self.names.is_empty() { "the columns of the settings" } else { "the header" };
        (!(fewest..=most).contains(&fields)).then(|| {
            format!(
                "this row has {fields} fields and {of} {}; {remedy}",
                most.min(fewest.max(self.names.len()))
            )
        })
    }

    /// Whether commas separate the columns.
    pub(super) fn is_comma_separated(&self) -> bool {
        self.delimiter == Delimiter::Char(',')
    }

    /// Layout of a file whose columns are named by the settings, with a header line or without one.
    fn named(
        file: &Path,
        body: &'a str,
        line: usize,
        settings: &Settings,
        separator: Option<Delimiter>,
    ) -> Result<Self> {
        let columns = Columns::named(settings)?;
        let count = settings.columns.len();
        let fields = |delimiter, content: &str| {
            let mut record = Record::default();
            let read = Records::new(file, content, line, delimiter).read(&mut record);
            if read.unwrap_or(false) { record.fields.len() } else { 0 }
        };
        let short = |content: &&str| content.len() <= MAX_LENGTH;
        let rows = || input::lines(body).map(|(_, content)| content).take(MAX_BANNER).filter(short);
        let fits = rows().flat_map(|content| {
            Delimiter::candidates(content).find(|&delimiter| fields(delimiter, content) >= count)
        });
        let delimiter = separator.or_else(|| fits.last()).unwrap_or(Delimiter::Char(','));
        Ok(Layout { delimiter, columns, width: None, names: Vec::new(), body, line })
    }
}

/// Delimiter of a first line `sep=;`, and the text and line after it.
fn separator_line(text: &str) -> (Option<Delimiter>, &str, usize) {
    let first = input::lines(text).next().map_or("", |(_, line)| line);
    let plain = first.trim().trim_matches('"');
    match plain.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")) {
        None => (None, text, 1),
        Some(_) => {
            let delimiter = first.trim_matches('"')[4..].chars().next();
            let delimiter = delimiter.map_or(Delimiter::Char(','), |c| {
                if c == ' ' { Delimiter::Spaces } else { Delimiter::Char(c) }
            });
            (Some(delimiter), after_line(text, first), 2)
        }
    }
}

/// Text after the line `line`, with which `text` begins.
fn after_line<'a>(text: &'a str, line: &str) -> &'a str {
    let rest = &text[line.len()..];
    rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r'])).unwrap_or(rest)
}

/// Whether a text begins with a row of data: most of the characters of its first line are those of numbers.
fn content_is_data(text: &str) -> bool {
    let line =
        input::lines(text).map(|(_, line)| line).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let digits = line.chars().filter(char::is_ascii_digit).count();
    2 * digits > line.chars().count()
}
