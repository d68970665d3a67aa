//! What can be wrong with a map, where, and how to mend it.

use std::path::Path;

use freewheel_core::Error;

/// What is wrong with a map. Every message ends in its mend.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// No row of cells at all.
    #[error("there is no map here; write rows of cells such as `S.#G`")]
    Empty,
    /// Rows of different lengths.
    #[error("this row has {found} cells, the first has {expected}; make all rows equally long")]
    Ragged {
        /// Cells of the first row.
        expected: usize,
        /// Cells of this one.
        found: usize,
    },
    /// A character that is no cell.
    #[error(
        "`{0}` is no cell known here; known are # . S G H ^ v < >, a letter for a key with its capital for the \
         door, and what the legend defines: add [cells.\"{0}\"] below a line ---"
    )]
    UnknownGlyph(char),
    /// A door that nothing opens.
    #[error(
        "the door `{door}` has no key `{key}` on the map; add one, or define [cells.{door}] in the legend"
    )]
    DoorWithoutKey {
        /// The door.
        door: char,
        /// Its missing key.
        key: char,
    },
    /// A key that opens nothing.
    #[error(
        "the key `{key}` opens no door `{door}` on the map; add one, or define [cells.{key}] in the legend"
    )]
    KeyWithoutDoor {
        /// The key.
        key: char,
        /// Its missing door.
        door: char,
    },
    /// A key of the legend that is not one of its own.
    #[error("{0}")]
    UnknownKey(String),
    /// The legend is not TOML, or a value is of the wrong type.
    #[error("the legend: {0}")]
    Legend(String),
    /// A value that cannot be.
    #[error("{0}")]
    Value(String),
    /// Nowhere to begin.
    #[error("there is no start; mark one or more cells with S, or write start = \"anywhere\" in the legend")]
    NoStart,
    /// A goal that no way leads to.
    #[error("this goal cannot be reached from any start; open a way to it, or make it a plain cell")]
    UnreachableGoal,
    /// A start from which no way leads to any goal.
    #[error("no goal can be reached from this start; open a way, or move the start")]
    StrandedStart,
    /// Nothing ever ends and returns would be infinite.
    #[error("an episode would never end; add a goal G, or a time_limit or a gamma below 1 in the legend")]
    Endless,
    /// More observations than an `f32` can count.
    #[error(
        "{cells} cells and {keys} keys make {observations} observations, more than 2^24; make the map smaller"
    )]
    TooLarge {
        /// Cells that can be stood on.
        cells: usize,
        /// Keys.
        keys: u32,
        /// Cells times combinations of keys.
        observations: u64,
    },
    /// More different rewards than the compact table can tell apart.
    #[error("more than 256 different (reward, ending) pairs; use fewer different rewards")]
    TooManyRewards,
    /// A file of another format that is not what its format says.
    #[error("{0}")]
    Format(String),
}

/// A [`Fault`] with its place in the text; `line` and `column` count from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{line}:{column}: {fault}")]
pub struct MapError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl MapError {
    pub(super) fn new(line: usize, column: usize, fault: Fault) -> Self {
        MapError { line, column, fault }
    }

    /// As the core's error, naming `file`.
    pub fn in_file(self, file: impl AsRef<Path>) -> Error {
        Error::Input {
            file: file.as_ref().to_path_buf(),
            line: self.line,
            column: self.column,
            message: self.fault.to_string(),
        }
    }
}

/// Line and column, from 1, of the byte `offset` of `text`.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}
