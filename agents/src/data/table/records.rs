//! Rows of delimited text: fields with quotes, and the place of each field.

use std::borrow::Cow;
use std::path::Path;

use freewheel_core::{Error, Result};

/// Separator of the fields of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// A character.
    Byte(u8),
    /// Any number of spaces and tabs.
    Space,
}

/// One field of a row.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    /// Text without quotes and without spaces around it.
    pub(super) text: Cow<'a, str>,
    /// Byte of its first character in the file.
    pub(super) start: usize,
}

/// Reader of the rows, one after the other; blank lines are left out.
#[derive(Clone)]
pub(super) struct Records<'a> {
    file: &'a Path,
    text: &'a str,
    at: usize,
    delimiter: Delimiter,
}

impl<'a> Records<'a> {
    /// Reader of `text`. The delimiter is the first of comma, semicolon, tab and `|` in the first line outside of
    /// quotes, or the X of a first line `sep=X`; if there is none, fields are separated by spaces.
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        let mut records = Records { file, text, at: 0, delimiter: Delimiter::Byte(b',') };
        records.skip_blank_lines();
        let line = records.text[records.at..].split(['\n', '\r']).next().unwrap_or_default();
        if let Some(named) = line.trim().strip_prefix("sep=")
            && let [delimiter] = *named.as_bytes()
            && delimiter.is_ascii()
        {
            records.at += line.len();
            records.delimiter = Delimiter::Byte(delimiter);
            return records;
        }
        let mut quoted = false;
        let found = line.bytes().find(|&byte| {
            quoted ^= byte == b'"';
            !quoted && b",;\t|".contains(&byte)
        });
        records.delimiter = match found {
            Some(byte) => Delimiter::Byte(byte),
            // A single column may have spaces in its name.
            None if line.split_whitespace().count() > 1 && records.words_of_second_line(line) > 1 => {
                Delimiter::Space
            }
            None => Delimiter::Byte(b','),
        };
        records
    }

    /// Number of words in the line after the `first` one.
    fn words_of_second_line(&self, first: &str) -> usize {
        let rest = self.text[self.at + first.len()..].trim_start();
        rest.split(['\n', '\r']).next().unwrap_or_default().split_whitespace().count()
    }

    pub(super) fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// Reads the fields of the next row into `fields`; false at the end.
    ///
    /// # Errors
    /// [`Error::Input`] for a quote that is not closed, or text after a closing quote.
    pub(super) fn next(&mut self, fields: &mut Vec<Field<'a>>) -> Result<bool> {
        fields.clear();
        self.skip_blank_lines();
        if self.at == self.text.len() {
            return Ok(false);
        }
        loop {
            self.skip_spaces();
            let field = if self.byte() == Some(b'"') { self.quoted()? } else { self.plain() };
            fields.push(field);
            self.skip_spaces();
            match self.byte() {
                None => break,
                Some(b'\n' | b'\r') => break,
                // Spaces have been skipped, and another field follows.
                Some(_) if self.delimiter == Delimiter::Space => {}
                Some(_) => {
                    self.at += 1;
                }
            }
        }
        Ok(true)
    }

    /// Error at byte `at` of the file.
    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> Error {
        let before = &self.text[..at.min(self.text.len())];
        let bytes = before.as_bytes();
        let line_end =
            |i: usize| bytes[i] == b'\n' || bytes[i] == b'\r' && self.byte_at(i + 1) != Some(b'\n');
        let line = 1 + (0..bytes.len()).filter(|&i| line_end(i)).count();
        let start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        Error::Input {
            file: self.file.to_path_buf(),
            line,
            column: before[start..].chars().count() + 1,
            message: message.into(),
        }
    }

    /// Text of the field at byte `at`.
    pub(super) fn text_at(&self, at: usize) -> Cow<'a, str> {
        let mut records = Records { at, ..self.clone() };
        match records.byte() {
            Some(b'"') => records.quoted().map_or(Cow::default(), |field| field.text),
            _ => records.plain().text,
        }
    }

    /// Upper bound on the number of fields, from the number of delimiters.
    pub(super) fn fields_bound(&self) -> usize {
        let rest = self.text[self.at..].bytes();
        1 + match self.delimiter {
            Delimiter::Byte(delimiter) => {
                rest.filter(|&byte| byte == delimiter || Self::ends_line(byte)).count()
            }
            Delimiter::Space => rest.filter(|&byte| self.is_blank(byte) || Self::ends_line(byte)).count(),
        }
    }

    fn byte(&self) -> Option<u8> {
        self.byte_at(self.at)
    }

    fn byte_at(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn skip_blank_lines(&mut self) {
        let mut at = self.at;
        while let Some(byte) = self.byte_at(at) {
            match byte {
                b'\n' | b'\r' => self.at = at + 1,
                _ if self.is_blank(byte) => {}
                _ => return,
            }
            at += 1;
        }
        self.at = at;
    }

    fn skip_spaces(&mut self) {
        while self.byte().is_some_and(|byte| self.is_blank(byte)) {
            self.at += 1;
        }
    }

    /// Space, tab or form feed that is no delimiter.
    fn is_blank(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t' | b'\x0C') && self.delimiter != Delimiter::Byte(byte)
    }

    fn ends_line(byte: u8) -> bool {
        matches!(byte, b'\n' | b'\r')
    }

    fn plain(&mut self) -> Field<'a> {
        let start = self.at;
        let ends = |byte: u8| match self.delimiter {
            Delimiter::Byte(delimiter) => byte == delimiter || Self::ends_line(byte),
            Delimiter::Space => self.is_blank(byte) || Self::ends_line(byte),
        };
        let length = self.text.as_bytes()[start..].iter().position(|&byte| ends(byte));
        self.at = length.map_or(self.text.len(), |length| start + length);
        Field { text: Cow::Borrowed(self.text[start..self.at].trim()), start }
    }

    fn quoted(&mut self) -> Result<Field<'a>> {
        let start = self.at;
        let mut text = Cow::Borrowed("");
        let mut from = start + 1;
        loop {
            let Some(length) = self.text[from..].find('"') else {
                return Err(self.error(
                    start,
                    "this field continues to the end of the file; close its quote, or remove the quotes",
                ));
            };
            let part = &self.text[from..from + length];
            if text.is_empty() {
                text = Cow::Borrowed(part);
            } else {
                text.to_mut().push_str(part);
            }
            from += length + 1;
            if self.byte_at(from) != Some(b'"') {
                break;
            }
            text.to_mut().push('"');
            from += 1;
        }
        self.at = from;
        self.skip_spaces();
        let ends = match self.byte() {
            None | Some(b'\n' | b'\r') => true,
            Some(byte) => match self.delimiter {
                Delimiter::Byte(delimiter) => byte == delimiter,
                Delimiter::Space => self.at > from,
            },
        };
        if !ends {
            return Err(
                self.error(from, "text follows a closing quote; write two quotes for a quote inside a field")
            );
        }
        Ok(Field { text, start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<Vec<String>>> {
        let mut records = Records::new(Path::new("a.csv"), text);
        let (mut all, mut fields) = (Vec::new(), Vec::new());
        while records.next(&mut fields)? {
            all.push(fields.iter().map(|field| field.text.to_string()).collect());
        }
        Ok(all)
    }

    #[test]
    fn fields_are_separated() {
        let expected = vec![vec!["a", "b c"], vec!["1", "2"]];
        for text in [
            "a,b c\n1,2\n",
            "a;b c\r\n1;2",
            "a\tb c\r\n\r\n 1 \t2\n",
            "sep=|\na|b c\n1|2",
            "\"a\", \"b c\"\n1 ,2\n",
        ] {
            assert_eq!(rows(text).unwrap(), expected, "{text:?}");
        }
        assert_eq!(rows("a  b c\n 1 2   3 \n").unwrap(), [["a", "b", "c"], ["1", "2", "3"]]);
        assert_eq!(rows("a b c\n1\x0C2\t3\x0C\n\x0C\n").unwrap(), [["a", "b", "c"], ["1", "2", "3"]]);
        assert_eq!(rows("a\x0B1 b\n1 2\n").unwrap(), [["a\x0B1", "b"], ["1", "2"]]);
        assert_eq!(rows("\"say \"\"a, b\"\"\nagain\",2\n").unwrap(), [["say \"a, b\"\nagain", "2"]]);
        assert_eq!(rows("a,,\n,1,\n").unwrap(), [["a", "", ""], ["", "1", ""]]);
        assert_eq!(rows("a\t\tb\n").unwrap(), [["a", "", "b"]]);
    }

    #[test]
    fn quotes_are_closed() {
        let error = rows("a,b\n1,\"y\n3,z\n").unwrap_err().to_string();
        assert!(error.starts_with("a.csv:2:3: ") && error.contains("close its quote"), "{error}");
        let error = rows("a\r\n\r\nb,\"c\"d\r\n").unwrap_err().to_string();
        assert!(error.starts_with("a.csv:3:6: ") && error.contains("closing quote"), "{error}");
    }
}
