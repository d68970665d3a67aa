//! Game records in the Smart Game Format (SGF).
//!
//! | file | contents |
//! |---|---|
//! | `decode` | from the bytes of a file to text: UTF-8, UTF-16, GBK, Big5, Shift-JIS, EUC-KR and others |
//! | `parse`, `tree` | syntax: [`Games`] gives [`GameTree`]s with locations and warnings |
//! | `record`, `game_info`, `outcome` | [`GameRecord`]: game info, setup and moves of the main line |
//! | `replay` | from a record to a [`Game`](super::rules::Game) |
//! | `write`, `convert` | from a record or a whole tree to text |
//!
//! ```
//! use freewheel_envs::go::sgf;
//!
//! let records = sgf::read("(;SZ[9]RU[Chinese]KM[7.5];B[ee];W[])")?;
//! let game = records[0].replay(records[0].ruleset())?;
//! assert_eq!(game.score(), 73.5);
//! # Ok::<(), sgf::SgfError>(())
//! ```
//!
//! A fault in a game hides no other game of its collection, and a fault in game info is a warning:
//!
//! ```
//! use freewheel_envs::go::sgf;
//!
//! let records = sgf::read_each("(;SZ[9]KM[6.5 points];B[ee])\n(;SZ[9];B[zz])");
//! assert_eq!(records[0].as_ref().map(|record| record.komi), Ok(Some(6.5)));
//! assert_eq!(sgf::read_first("(;SZ[9];B[ee])\n(;SZ[9];B[zz])")?.moves().count(), 1);
//! let error = records[1].as_ref().map(|_| ()).unwrap_err();
//! assert_eq!(error.to_string(), "line 2, column 11: `zz` is not a point of a board of 9x9");
//! # Ok::<(), sgf::SgfError>(())
//! ```

mod actions;
mod convert;
mod decode;
mod game_info;
mod outcome;
mod parse;
mod record;
mod replay;
#[cfg(test)]
mod tests;
mod tree;
mod write;

use std::path::Path;

use freewheel_core::Error;

pub use actions::GameActions;
pub use decode::{Decoded, decode, decode_bytes, open};
pub use game_info::NamedRules;
pub use outcome::{Outcome, WinReason};
pub use parse::{Games, parse};
pub use record::{Edit, Event, EventKind, GameRecord, PlayerInfo};
pub use tree::{GameTree, Location, Node, Property, SgfError, Value, Warning, is_control, shown};

/// Reads all games of a collection; a game that cannot be read is an error of its own. A text without a game is one
/// error.
pub fn read_each(text: &str) -> Vec<Result<GameRecord, SgfError>> {
    Games::new(text).map(|game| GameRecord::from_tree(&game?)).collect()
}

/// Reads all games of a collection.
///
/// # Errors
/// [`SgfError`] for the first game that cannot be read; see [`parse`] and [`GameRecord::from_tree`].
pub fn read(text: &str) -> Result<Vec<GameRecord>, SgfError> {
    Games::new(text).map(|game| GameRecord::from_tree(&game?)).collect()
}

/// Reads the first game of a collection, whatever follows it.
///
/// # Errors
/// [`SgfError`] if the first game cannot be read, or the text has no game.
pub fn read_first(text: &str) -> Result<GameRecord, SgfError> {
    match Games::new(text).next() {
        Some(game) => GameRecord::from_tree(&game?),
        None => Err(Location { line: 1, column: 1 }.error("no game found; a game begins with `(;`")),
    }
}

/// Reads the first game of a file, whatever follows it; the warnings of the record include those of its encoding.
///
/// # Errors
/// Errors of [`open`], and [`Error::Input`] for the errors of [`read_first`].
pub fn read_first_file(file: &Path) -> freewheel_core::Result<GameRecord> {
    let Decoded { text, warnings, .. } = open(file)?;
    let mut record = read_first(&text).map_err(|e| e.in_file(file))?;
    record.warnings.splice(..0, warnings);
    Ok(record)
}

impl SgfError {
    /// [`Error::Input`] with the name of the file, and the location and message of this error.
    pub fn in_file(self, file: &Path) -> Error {
        let SgfError { location, message } = self;
        Error::Input { file: file.to_owned(), line: location.line, column: location.column, message }
    }
}
