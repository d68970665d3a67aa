//! Standard output: text, pictures or one JSON document. A closed pipe (`| head`) is not an error.
//!
//! Names and texts of files reach the terminal as plain text: control characters, which could move the cursor or change
//! the terminal, are printed as escapes such as `\u{1b}`.

use std::borrow::Cow;
use std::io::{ErrorKind, Write};

use freewheel_core::Error;
use serde::Serialize;

use crate::error::Result;

/// Prints `text`; control characters other than line ends and tabs are escaped.
///
/// # Errors
/// [`Error::Io`], except for a closed pipe.
pub(crate) fn text(text: &str) -> Result<()> {
    raw(&plain(text))
}

/// Prints a picture: as [`text`], but with the color sequences (`ESC [ ... m`) unchanged.
///
/// # Errors
/// As [`text`].
pub(crate) fn picture(picture: &str) -> Result<()> {
    let mut shown = String::with_capacity(picture.len());
    let mut rest = picture;
    while let Some(start) = rest.find("\u{1b}[") {
        let (before, sequence) = rest.split_at(start);
        let end =
            sequence[2..].find(|c: char| !c.is_ascii_digit() && c != ';').map_or(sequence.len(), |n| n + 2);
        // A sequence of another kind is escaped with the text around it.
        let taken = if sequence[end..].starts_with('m') { end + 1 } else { 0 };
        shown.push_str(&plain(before));
        shown.push_str(&sequence[..taken]);
        let (escaped, after) = sequence[taken..].split_at(if taken == 0 { 2 } else { 0 });
        shown.push_str(&plain(escaped));
        rest = after;
    }
    shown.push_str(&plain(rest));
    raw(&shown)
}

/// Prints `value` as indented JSON. NaN and infinite numbers become null.
///
/// # Errors
/// As [`text`].
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string_pretty(value).map_err(|e| Error::Unsupported(e.to_string()))?;
    // JSON itself escapes only the control characters below 32. The others are in strings, too.
    let escape = |c: char| match acts_on_terminal(c) {
        true => format!("\\u{:04x}", u32::from(c)),
        false => c.to_string(),
    };
    match json.contains(acts_on_terminal) {
        true => raw(&format!("{}\n", json.chars().map(escape).collect::<String>())),
        false => raw(&format!("{json}\n")),
    }
}

/// Prints a message on standard error, as [`text`]. Failure to print is ignored.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", plain(text));
}

/// Text in which control characters other than line ends and tabs are escaped.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    match text.contains(acts_on_terminal) {
        false => Cow::Borrowed(text),
        true => {
            let escape = |c: char| match acts_on_terminal(c) {
                true => c.escape_unicode().to_string(),
                false => c.to_string(),
            };
            Cow::Owned(text.chars().map(escape).collect())
        }
    }
}

/// Whether `c` is a control character, or changes the direction of the text after it.
fn acts_on_terminal(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Prints `text` unchanged.
fn raw(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::io("standard output")(e).into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(plain("a\tb\n"), "a\tb\n");
        assert_eq!(plain("\u{1b}]0;title\u{7}"), "\\u{1b}]0;title\\u{7}");
        // A line that overwrites itself, the one-character form of ESC [, and a reversal of the text direction.
        assert_eq!(plain("a\rb \u{9b}2J \u{202e}"), "a\\u{d}b \\u{9b}2J \\u{202e}");
    }
}
