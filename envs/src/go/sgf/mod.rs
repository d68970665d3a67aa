//! Game records in the Smart Game Format.
//!
//! | file | what it holds |
//! |---|---|
//! | `tree` | the text: [`parse`] gives [`GameTree`]s with the place of everything |
//! | `record`, `outcome` | [`GameRecord`]: the main line of a tree, its facts, its setup, its moves |
//! | `replay` | a record on the board: [`Game`](super::rules::Game) |
//! | `write` | a record as text |
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

pub use outcome::{By, Outcome};
pub use record::{Edit, Event, GameRecord, Person, What};
pub use tree::{GameTree, Node, Place, Property, SgfError, Value, decode, parse};

/// Reads every game of a collection.
///
/// # Errors
/// [`SgfError`] for the first of them that cannot be read; see [`parse`] and [`GameRecord::from_tree`].
pub fn read(text: &str) -> Result<Vec<GameRecord>, SgfError> {
    parse(text)?.iter().map(GameRecord::from_tree).collect()
}

/// Reads every game of a file, UTF-8 or Latin-1.
///
/// # Errors
/// [`Error::Io`], and [`Error::Input`] where [`read`] says so.
pub fn read_file(file: &Path) -> freewheel_core::Result<Vec<GameRecord>> {
    let bytes = std::fs::read(file).map_err(Error::io(file))?;
    read(&decode(&bytes)).map_err(|e| e.in_file(file))
}

impl SgfError {
    /// The same with the name of the file that it stands in.
    pub fn in_file(self, file: &Path) -> Error {
        let SgfError { place, message } = self;
        Error::Input { file: file.to_owned(), line: place.line, column: place.column, message }
    }
}
