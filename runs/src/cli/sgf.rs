//! Arguments of the command for game records: `sgf`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Output;

/// `freewheel sgf`
#[derive(Args, Debug)]
pub struct Sgf {
    /// Subcommand with its arguments.
    #[command(subcommand)]
    pub command: SgfCommand,
}

/// Subcommands of `freewheel sgf`.
#[derive(Subcommand, Debug)]
pub enum SgfCommand {
    /// Print games: game info, the board after a move, and the moves of the main line.
    #[command(after_help = "\
Examples:
  freewheel sgf show game.sgf
  freewheel sgf show collection.sgf.gz --game 12 --move 50")]
    Show(SgfShow),
    /// Check every game of every file: faults with line and column, and a count for each file.
    #[command(after_help = "\
Examples:
  freewheel sgf check games/*.sgf
  freewheel sgf check collection.sgf --json

A warning is a fault that leaves the game clear. Exit code 3: some game could not be read.")]
    Check(SgfCheck),
    /// Write all games as valid SGF (`FF[4]`) in UTF-8, with their variations.
    #[command(after_help = "\
Examples:
  freewheel sgf convert old.sgf > new.sgf
  freewheel sgf convert games/*.sgf --out collection.sgf")]
    Convert(SgfConvert),
    /// Write one game of a collection, or the position after a move.
    #[command(after_help = "\
Examples:
  freewheel sgf extract collection.sgf --game 12 --out game.sgf
  freewheel sgf extract game.sgf --move 50")]
    Extract(SgfExtract),
}

/// `freewheel sgf show`
#[derive(Args, Debug)]
pub struct SgfShow {
    /// Files of game records, SGF, plain or gzipped.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Number of the game in each file, from 1; default: all games.
    #[arg(long, value_name = "N")]
    pub game: Option<NonZeroUsize>,
    /// Number of moves to play; default: all moves.
    #[arg(long = "move", value_name = "N")]
    pub moves: Option<usize>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
}

/// `freewheel sgf check`
#[derive(Args, Debug)]
pub struct SgfCheck {
    /// Files of game records, SGF, plain or gzipped.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: Output,
}

/// `freewheel sgf convert`
#[derive(Args, Debug)]
pub struct SgfConvert {
    /// Files of game records, SGF, plain or gzipped.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// File for the games; default: standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `freewheel sgf extract`
#[derive(Args, Debug)]
pub struct SgfExtract {
    /// File of game records, SGF, plain or gzipped.
    pub file: PathBuf,
    /// Number of the game, from 1.
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    pub game: NonZeroUsize,
    /// Write the position after move N instead of the game.
    #[arg(long = "move", value_name = "N")]
    pub moves: Option<usize>,
    /// File for the game; default: standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
