//! What the program says when it stops, and with which exit code.

use freewheel_core::Error as Core;

/// Everything that ends the program early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// From below: see [`freewheel_core::Error`].
    #[error(transparent)]
    Core(#[from] Core),
    /// The command line asks for something that cannot be done.
    #[error("{0}")]
    Usage(String),
    /// Some runs of an experiment diverged; the others are done.
    #[error("{0} of {1} runs diverged; checkpoints made before that are kept")]
    Diverged(usize, usize),
    /// Stopped by Ctrl-C; everything is saved.
    #[error("interrupted and saved; go on with: {0}")]
    Interrupted(String),
    /// Ended by a signal while there was nothing to save.
    #[error("ended by signal {0}")]
    Signal(i32),
    /// Some recorded episodes do not replay.
    #[error("{0}")]
    Mismatch(String),
}

impl Error {
    /// The documented exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) => 2,
            Error::Core(Core::Diverged { .. }) | Error::Diverged(..) => 4,
            Error::Core(Core::Damaged { .. } | Core::Mismatch(_)) | Error::Mismatch(_) => 5,
            Error::Core(_) => 3,
            Error::Interrupted(_) => 130,
            Error::Signal(number) => u8::try_from(128 + number).unwrap_or(130),
        }
    }
}

/// A result whose error ends the program.
pub type Result<T, E = Error> = std::result::Result<T, E>;
