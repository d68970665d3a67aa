//! Game records in the Smart Game Format (SGF).
//!
//! | file | contents |
//! |---|---|
//! | `tree` | syntax: [`parse`] gives [`GameTree`]s with locations |
//! | `record`, `outcome` | [`GameRecord`]: game info, setup and moves of the main line |
//! | `replay` | from a record to a [`Game`](super::rules::Game) |
//! | `write` | from a record to text |
//!
//! ```
//! use freewheel_envs::go::sgf;
//!
//! let records = sgf::read("(;SZ[9]RU[Chinese]KM[7.5];B[ee];W[])")?;
//! let game = records[0].replay(records[0].ruleset())?;
//! assert_eq!(game.score(), 73.5);
//! # Ok::<(), sgf::SgfError>(())
//! ```

mod outcome;
mod record;
mod replay;
#[cfg(test)]
mod tests;
mod tree;
mod write;

use std::path::Path;

use freewheel_core::Error;

pub use outcome::{Outcome, WinReason};
pub use record::{Edit, Event, EventKind, GameRecord, PlayerInfo};
pub use tree::{GameTree, Location, Node, Property, SgfError, Value, decode, parse};

/// Reads all games of a collection.
///
/// # Errors
/// [`SgfError`] for the first game that cannot be read; see [`parse`] and [`GameRecord::from_tree`].
pub fn read(text: &str) -> Result<Vec<GameRecord>, SgfError> {
    parse(text)?.iter().map(GameRecord::from_tree).collect()
}

/// Reads all games of a file, UTF-8 or Latin-1.
///
/// # Errors
/// [`Error::Io`], and [`Error::Input`] for the errors of [`read`].
pub fn read_file(file: &Path) -> freewheel_core::Result<Vec<GameRecord>> {
    let bytes = std::fs::read(file).map_err(Error::io(file))?;
    read(&decode(&bytes)).map_err(|e| e.in_file(file))
}

impl SgfError {
    /// [`Error::Input`] with the name of the file, and the location and message of this error.
    pub fn in_file(self, file: &Path) -> Error {
        let SgfError { location, message } = self;
        Error::Input { file: file.to_owned(), line: location.line, column: location.column, message }
    }
}
