//! Maps in the format of Gymnasium's argument `desc`: a frozen lake as a list of strings, such as
//! `["SFFF", "FHFH", "FFFH", "HFFG"]`.

use super::error::{MapError, MapErrorKind, position};
use super::legend::{CellRule, Direction, Legend};
use super::map::Map;
use super::settings::GYMNASIUM_SLIP;

/// Whether `text` looks like a `desc` list of Gymnasium, not like a map file.
pub(super) fn is_list(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('[').map(str::trim_start);
    inside.is_some_and(|rest| rest.starts_with(['"', '\'']))
}

/// Legend of FrozenLake-v1: slippery, reward 1 at the goal, truncation after `time_limit` steps.
pub(super) fn frozen_lake_legend(about: impl Into<String>, time_limit: u32) -> Legend {
    let reward_cell = |reward| CellRule { reward: Some(reward), ..CellRule::default() };
    Legend {
        about: about.into(),
        step: 0.0,
        actions: vec![Direction::Left, Direction::Down, Direction::Right, Direction::Up],
        slip: GYMNASIUM_SLIP,
        time_limit,
        cells: [("G".to_owned(), reward_cell(1.0)), ("H".to_owned(), reward_cell(0.0))].into(),
        ..Legend::default()
    }
}

/// Parses a `desc` list of strings, in Python or JSON notation, as the map of a frozen lake.
///
/// # Errors
/// [`MapError`] if the text is not a list of strings, or has letters other than S, F, H, G.
pub(super) fn parse(text: &str) -> Result<Map, MapError> {
    let rows = parse_strings(text)?;
    let mut map_rows = Vec::new();
    // Place of the row before, from which the place of the next row is counted.
    let (mut before, mut place) = (0, (1, 1));
    for (row, offset) in &rows {
        if let Some((column, letter)) = row.char_indices().find(|(_, letter)| !"SFHG".contains(*letter)) {
            let message = format!("unknown cell `{letter}`; a frozen lake has S, F, H and G");
            return Err(error(text, offset + column, message));
        }
        let (line, column) = position(&text[before..*offset], *offset - before);
        place = if line == 1 { (place.0, place.1 + column - 1) } else { (place.0 + line - 1, column) };
        before = *offset;
        map_rows.push((row.replace('F', "."), place));
    }
    let legend = frozen_lake_legend("A frozen lake from Gymnasium's desc", 100);
    Map::with_positions(map_rows.iter().map(|(row, position)| (row.as_str(), *position)), legend)
}

fn error(text: &str, offset: usize, message: impl Into<String>) -> MapError {
    let (line, column) = position(text, offset);
    MapError::new(line, column, MapErrorKind::InvalidFormat(message.into()))
}

/// Strings of a `desc` list, each with the byte offset in `text` at which the string begins.
fn parse_strings(text: &str) -> Result<Vec<(&str, usize)>, MapError> {
    let mut rows = Vec::new();
    let mut offset = skip_blank(text, 0);
    if !text[offset..].starts_with('[') {
        return Err(error(text, offset, "expected `[` at the start of the list"));
    }
    offset = skip_blank(text, offset + 1);
    while !text[offset..].starts_with(']') {
        let quote = match text[offset..].chars().next() {
            Some(quote @ ('"' | '\'')) => quote,
            _ => return Err(error(text, offset, "expected a row in quotes or the closing `]`")),
        };
        let begin = offset + 1;
        let Some(length) = text[begin..].find([quote, '\n']).filter(|n| text[begin + n..].starts_with(quote))
        else {
            return Err(error(text, offset, format!("this row has no closing {quote}")));
        };
        rows.push((&text[begin..begin + length], begin));
        offset = skip_blank(text, begin + length + 1);
        match text[offset..].chars().next() {
            Some(',') => offset = skip_blank(text, offset + 1),
            Some(']') => {}
            _ => return Err(error(text, offset, "expected a comma or the closing `]`")),
        }
    }
    let end = skip_blank(text, offset + 1);
    if end < text.len() {
        return Err(error(text, end, "text after the end of the list; remove it"));
    }
    Ok(rows)
}

fn skip_blank(text: &str, from: usize) -> usize {
    text[from..].find(|c: char| !c.is_whitespace()).map_or(text.len(), |n| from + n)
}
