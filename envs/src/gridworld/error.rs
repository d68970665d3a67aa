//! Errors of map files: kind, position, and a message that says how to correct the error.

use std::path::Path;

use freewheel_core::Error;

/// Kind of error in a map. Every message says how to correct the error.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MapErrorKind {
    /// Map without a row of cells.
    #[error("the map has no rows; write rows of cells such as `S.#G`")]
    Empty,
    /// Rows of different lengths.
    #[error("this row has {found} cells, the first has {expected}; make all rows equally long")]
    UnequalRows {
        /// Number of cells of the first row.
        expected: usize,
        /// Number of cells of the row in error.
        found: usize,
    },
    /// Character on the map without a meaning.
    #[error(
        "unknown glyph `{0}`; valid are # . S G H ^ v < >, a letter for a key with its capital for the door, \
         and glyphs of the legend: add [cells.\"{0}\"] below a line ---"
    )]
    UnknownGlyph(char),
    /// Door without a key on the map.
    #[error(
        "the door `{door}` has no key `{key}` on the map; add one, or define [cells.{door}] in the legend"
    )]
    DoorWithoutKey {
        /// Letter of the door.
        door: char,
        /// Letter of the missing key.
        key: char,
    },
    /// Key without a door on the map.
    #[error(
        "the key `{key}` opens no door `{door}` on the map; add one, or define [cells.{key}] in the legend"
    )]
    KeyWithoutDoor {
        /// Letter of the key.
        key: char,
        /// Letter of the missing door.
        door: char,
    },
    /// Unknown TOML key in the legend.
    #[error("{0}")]
    UnknownKey(String),
    /// Legend that is not TOML, or a value of the wrong type.
    #[error("the legend: {0}")]
    InvalidLegend(String),
    /// Value of the legend that is out of range.
    #[error("{0}")]
    InvalidValue(String),
    /// Map without a start cell.
    #[error("there is no start; mark one or more cells with S, or write start = \"anywhere\" in the legend")]
    NoStart,
    /// Goal that cannot be reached.
    #[error("this goal cannot be reached from any start; open a path to it, or make it a plain cell")]
    UnreachableGoal,
    /// Start from which no goal can be reached.
    #[error("no goal can be reached from this start; open a path, or move the start")]
    StartWithoutGoal,
    /// Map without any ending, so that returns would be infinite.
    #[error("an episode would never end; add a goal G, or a time_limit or a gamma below 1 in the legend")]
    NeverEnds,
    /// More observations than an `f32` can represent exactly.
    #[error(
        "{cells} cells and {keys} keys make {observations} observations, more than 2^24; make the map smaller"
    )]
    TooLarge {
        /// Number of cells that are not walls.
        cells: usize,
        /// Number of keys.
        keys: u32,
        /// Number of observations: cells times sets of keys.
        observations: u64,
    },
    /// More different rewards than the compact table can store.
    #[error("more than 256 different (reward, ending) pairs; use fewer different rewards")]
    TooManyRewards,
    /// Error in a file of another format (Gymnasium or MovingAI).
    #[error("{0}")]
    InvalidFormat(String),
}

/// Error in a map, with its position in the text; `line` and `column` count from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct MapError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Kind of error.
    pub kind: MapErrorKind,
}

impl MapError {
    pub(super) fn new(line: usize, column: usize, kind: MapErrorKind) -> Self {
        MapError { line, column, kind }
    }

    /// Converts the error to an [`Error::Input`] with the path `file`.
    pub fn in_file(self, file: impl AsRef<Path>) -> Error {
        Error::Input {
            file: file.as_ref().to_path_buf(),
            line: self.line,
            column: self.column,
            message: self.kind.to_string(),
        }
    }
}

/// Line and column, from 1, of the byte at `offset` in `text`.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}
