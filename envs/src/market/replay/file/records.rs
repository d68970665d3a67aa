//! Records of delimited text, each with its line.

use freewheel_core::Error;
use std::path::Path;

/// Maximum number of fields of a record that are kept.
const MAX_FIELDS: usize = 1 << 16;

/// Separator of the fields of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// One character.
    Char(char),
    /// One or more spaces or tabs.
    Spaces,
}

impl Delimiter {
    /// Delimiters that a line may have, the most telling one first.
    pub(super) fn candidates(line: &str) -> impl Iterator<Item = Delimiter> {
        [';', '\t', '|', ',']
            .into_iter()
            .filter(|&c| line.contains(c))
            .map(Delimiter::Char)
            .chain([Delimiter::Spaces])
    }
}

/// Record: the fields of a line, or of several lines if a quoted field has line ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Record<'a> {
    /// Line of the first field, from 1.
    pub(super) line: usize,
    /// Text from the first field to the end of the record.
    text: &'a str,
    /// Fields without quotes and without spaces around them.
    pub(super) fields: Vec<&'a str>,
    /// Byte offsets of the fields in `text`.
    offsets: Vec<usize>,
}

impl<'a> Record<'a> {
    /// Field number `index`, empty if there is none.
    pub(super) fn field(&self, index: usize) -> &'a str {
        self.fields.get(index).copied().unwrap_or_default()
    }

    /// Column in characters, from 1, at which the field number `index` begins.
    pub(super) fn column(&self, index: usize) -> usize {
        let offset = self.offsets.get(index).copied().unwrap_or(self.text.len());
        self.text[..offset].chars().count() + 1
    }

    /// Drops empty fields at the end until `count` fields are left.
    pub(super) fn trim(&mut self, count: usize) {
        while self.fields.len() > count && self.fields.last().is_some_and(|field| field.is_empty()) {
            self.fields.pop();
        }
    }

    /// Reads the record at the start of `text`, which is not empty, and returns the rest of the text; `None` for a
    /// quoted field without an end.
    fn read(&mut self, text: &'a str, delimiter: Delimiter) -> Option<&'a str> {
        self.fields.clear();
        self.offsets.clear();
        let is_end = |c: char| matches!(c, '\n' | '\r');
        let is_delimiter = |c: char| match delimiter {
            Delimiter::Char(delimiter) => c == delimiter,
            Delimiter::Spaces => matches!(c, ' ' | '\t'),
        };
        let blank = |c: char| matches!(c, ' ' | '\t') && delimiter != Delimiter::Char(c);
        let mut at = 0;
        loop {
            let start = at + (text[at..].len() - text[at..].trim_start_matches(blank).len());
            let mut field = None;
            if text[start..].starts_with('"') {
                let close = closing_quote(&text[start + 1..])? + start + 1;
                let after = text[close + 1..].trim_start_matches(blank);
                if after.is_empty()
                    || after.starts_with(|c| is_delimiter(c) || is_end(c) || delimiter == Delimiter::Spaces)
                {
                    field = Some((&text[start + 1..close], text.len() - after.len()));
                }
            }
            let (field, end) = field.unwrap_or_else(|| {
                let length =
                    text[start..].find(|c| is_delimiter(c) || is_end(c)).unwrap_or(text.len() - start);
                (&text[start..start + length], start + length)
            });
            if self.fields.len() < MAX_FIELDS {
                self.fields.push(field.trim());
                self.offsets.push(at);
            }
            let rest = &text[end..];
            match rest.chars().next() {
                Some(c) if is_end(c) => {
                    self.text = &text[..end];
                    return Some(rest.strip_prefix("\r\n").unwrap_or(&rest[1..]));
                }
                None => {
                    self.text = text;
                    return Some("");
                }
                Some(_) if delimiter == Delimiter::Spaces => {
                    at = end + (rest.len() - rest.trim_start_matches(is_delimiter).len());
                    if text[at..].is_empty() || text[at..].starts_with(is_end) {
                        // Spaces at the end of a line are no field.
                        let rest = &text[at..];
                        self.text = &text[..at];
                        return Some(rest.strip_prefix("\r\n").unwrap_or(rest.get(1..).unwrap_or_default()));
                    }
                }
                Some(c) => at = end + c.len_utf8(),
            }
        }
    }
}

/// Byte offset of the quote that closes a quoted field; two quotes are a quote in the field.
fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += text[at..].find('"')?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// Number of line ends `\n`, `\r\n` or `\r` in a text.
fn line_ends(text: &str) -> usize {
    text.matches('\n').count() + text.matches('\r').count() - text.matches("\r\n").count()
}

/// Reader of the records of a text; blank lines are no records.
#[derive(Clone, Debug)]
pub(super) struct Records<'a> {
    file: &'a Path,
    rest: &'a str,
    line: usize,
    delimiter: Delimiter,
}

impl<'a> Records<'a> {
    /// Reader of `text`, whose first line is the line `line` of `file`.
    pub(super) fn new(file: &'a Path, text: &'a str, line: usize, delimiter: Delimiter) -> Self {
        Records { file, rest: text, line, delimiter }
    }

    /// Reads the next record into `record`; `false` at the end of the text.
    ///
    /// # Errors
    /// [`Error::Input`] for a quoted field without an end.
    pub(super) fn read(&mut self, record: &mut Record<'a>) -> Result<bool, Error> {
        loop {
            let trimmed = self.rest.trim_start_matches([' ', '\t']);
            let Some(end) = trimmed.chars().next().filter(|c| matches!(c, '\n' | '\r')) else { break };
            self.rest =
                if end == '\r' { trimmed.strip_prefix("\r\n") } else { None }.unwrap_or(&trimmed[1..]);
            self.line += 1;
        }
        if self.rest.trim_start_matches([' ', '\t']).is_empty() {
            return Ok(false);
        }
        record.line = self.line;
        let Some(rest) = record.read(self.rest, self.delimiter) else {
            let message = "a quoted field begins here or later and has no end; close the quote".to_owned();
            return Err(Error::Input { file: self.file.to_path_buf(), line: self.line, column: 1, message });
        };
        self.line += line_ends(&self.rest[..self.rest.len() - rest.len()]);
        self.rest = rest;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, delimiter: Delimiter) -> Vec<(usize, Vec<String>, Vec<usize>)> {
        let mut records = Records::new(Path::new("a.csv"), text, 1, delimiter);
        let mut record = Record::default();
        let mut all = Vec::new();
        while records.read(&mut record).unwrap() {
            let columns = (0..record.fields.len()).map(|index| record.column(index)).collect();
            all.push((record.line, record.fields.iter().map(|&field| field.to_owned()).collect(), columns));
        }
        all
    }

    fn record(line: usize, fields: &[&str], columns: &[usize]) -> (usize, Vec<String>, Vec<usize>) {
        (line, fields.iter().map(|&field| field.to_owned()).collect(), columns.to_vec())
    }

    #[test]
    fn lines_are_counted_for_each_kind_of_line_end() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "1,\"two", "lines\"", "  ", "3,4"].join(end);
            let found = all(&text, Delimiter::Char(','));
            let quoted = format!("two{end}lines");
            let expected = [
                record(1, &["a", "b"], &[1, 3]),
                record(3, &["1", &quoted], &[1, 3]),
                record(6, &["3", "4"], &[1, 3]),
            ];
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn fields_are_separated_and_unquoted() {
        let text = "\"1,5\" ; \"say \"\"hi\"\"\";;x \"y\"";
        let fields = ["1,5", "say \"\"hi\"\"", "", "x \"y\""];
        assert_eq!(all(text, Delimiter::Char(';')), [record(1, &fields, &[1, 8, 22, 23])]);
        assert_eq!(all(" a  \"b c\"\td \n", Delimiter::Spaces), [record(1, &["a", "b c", "d"], &[1, 5, 11])]);
        assert_eq!(all("a\t\tb\t\n", Delimiter::Char('\t')), [record(1, &["a", "", "b", ""], &[1, 3, 4, 6])]);
        let mut open = Records::new(Path::new("a.csv"), "\n\"a,b", 4, Delimiter::Char(','));
        let error = open.read(&mut Record::default()).unwrap_err().to_string();
        assert!(error.starts_with("a.csv:5:1: ") && error.contains("close the quote"), "{error}");
    }
}
