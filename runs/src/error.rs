//! Errors that end the program, and their exit codes.

use freewheel_core::Error as Core;

/// Error that ends the program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Error of a crate below this one: see [`freewheel_core::Error`].
    #[error(transparent)]
    Core(#[from] Core),
    /// Wrong command line.
    #[error("{0}")]
    Usage(String),
    /// Error of an experiment in which runs diverged: number of diverged runs, number of all runs. The other runs are
    /// finished.
    #[error("{0} of {1} runs diverged; their earlier checkpoints are kept")]
    Diverged(usize, usize),
    /// Error of an experiment in which runs failed, with their names and errors. The other runs are finished.
    #[error("{failed} of {all} runs failed:\n{text}")]
    Failed {
        /// Number of failed runs.
        failed: usize,
        /// Number of all runs.
        all: usize,
        /// A line for each failed run.
        text: String,
        /// Exit code of the first error.
        code: u8,
    },
    /// Interruption by Ctrl-C, after everything was saved. The text is the command that continues the run.
    #[error("interrupted and saved; continue with: {0}")]
    Interrupted(String),
    /// End of the program by the signal with this number; there was nothing to save.
    #[error("ended by signal {0}")]
    Signal(i32),
    /// Recorded episodes that differ from their replay.
    #[error("{0}")]
    Mismatch(String),
}

impl Error {
    /// Exit code of the program for this error, as documented in `--help`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) => 2,
            Error::Core(Core::Diverged { .. }) | Error::Diverged(..) => 4,
            Error::Core(Core::Damaged { .. } | Core::Mismatch(_)) | Error::Mismatch(_) => 5,
            Error::Core(_) => 3,
            Error::Failed { code, .. } => *code,
            Error::Interrupted(_) => 130,
            Error::Signal(number) => u8::try_from(128 + number).unwrap_or(130),
        }
    }
}

/// Result with an [`enum@Error`] that ends the program.
pub type Result<T, E = Error> = std::result::Result<T, E>;
