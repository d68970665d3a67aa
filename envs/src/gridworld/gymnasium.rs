//! Gymnasium's `desc`: a frozen lake as a list of strings, such as `["SFFF", "FHFH", "FFFH", "HFFG"]`.

use super::direction::Direction;
use super::fault::{Fault, MapError, position};
use super::legend::{CellRule, Legend};
use super::map::Map;
use super::settings::ICE;

/// Whether `text` looks like such a list rather than a map of our own.
pub(super) fn is_list(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('[').map(str::trim_start);
    inside.is_some_and(|rest| rest.starts_with(['"', '\'']))
}

/// The legend of FrozenLake-v1: slippery, 1 for the goal, 100 steps.
pub(super) fn lake_legend(about: impl Into<String>, time_limit: u32) -> Legend {
    let pays = |reward| CellRule { reward: Some(reward), ..CellRule::default() };
    Legend {
        about: about.into(),
        step: 0.0,
        actions: vec![Direction::Left, Direction::Down, Direction::Right, Direction::Up],
        slip: ICE,
        time_limit,
        cells: [("G".to_owned(), pays(1.0)), ("H".to_owned(), pays(0.0))].into(),
        ..Legend::default()
    }
}

/// Reads a list of strings, as Python or JSON write it, as a frozen lake.
///
/// # Errors
/// [`MapError`] where it is no such list, or has other letters than S, F, H, G.
pub(super) fn read(text: &str) -> Result<Map, MapError> {
    let rows = strings(text)?;
    let mut lake = Vec::new();
    for (row, offset) in &rows {
        if let Some((column, letter)) = row.char_indices().find(|(_, letter)| !"SFHG".contains(*letter)) {
            let message = format!("`{letter}` is no cell of a frozen lake; those are S, F, H and G");
            return Err(fault(text, offset + column, message));
        }
        lake.push((row.replace('F', "."), position(text, *offset)));
    }
    let legend = lake_legend("A frozen lake from Gymnasium's desc", 100);
    Map::placed(lake.iter().map(|(row, place)| (row.as_str(), *place)), legend)
}

fn fault(text: &str, offset: usize, message: impl Into<String>) -> MapError {
    let (line, column) = position(text, offset);
    MapError::new(line, column, Fault::Format(message.into()))
}

/// The strings of a list, each with the byte at which it begins.
fn strings(text: &str) -> Result<Vec<(&str, usize)>, MapError> {
    let mut rows = Vec::new();
    let mut offset = skip_blank(text, 0);
    if !text[offset..].starts_with('[') {
        return Err(fault(text, offset, "a list of rows begins with `[`"));
    }
    offset = skip_blank(text, offset + 1);
    while !text[offset..].starts_with(']') {
        let quote = match text[offset..].chars().next() {
            Some(quote @ ('"' | '\'')) => quote,
            _ => return Err(fault(text, offset, "a row in quotes is wanted here, or the closing `]`")),
        };
        let begin = offset + 1;
        let Some(length) = text[begin..].find([quote, '\n']).filter(|n| text[begin + n..].starts_with(quote))
        else {
            return Err(fault(text, offset, format!("this row has no closing {quote}")));
        };
        rows.push((&text[begin..begin + length], begin));
        offset = skip_blank(text, begin + length + 1);
        match text[offset..].chars().next() {
            Some(',') => offset = skip_blank(text, offset + 1),
            Some(']') => {}
            _ => return Err(fault(text, offset, "a comma is wanted here, or the closing `]`")),
        }
    }
    let end = skip_blank(text, offset + 1);
    if end < text.len() {
        return Err(fault(text, end, "the list has ended; remove what follows"));
    }
    Ok(rows)
}

fn skip_blank(text: &str, from: usize) -> usize {
    text[from..].find(|c: char| !c.is_whitespace()).map_or(text.len(), |n| from + n)
}
