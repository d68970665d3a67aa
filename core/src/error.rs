use std::path::{Path, PathBuf};

/// Errors of Freewheel. Each message says what is wrong, where, and how to correct it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Wrong configuration: an unknown name, an invalid combination, an unsuitable world.
    #[error("{0}")]
    Config(String),
    /// A setting that is unknown, of the wrong type or out of range.
    #[error("{message}")]
    Setting {
        /// Name of the setting, so that the caller can find its place in a file.
        key: String,
        /// Fault and correction, with the name of the setting.
        message: String,
    },
    /// Error in a text file.
    #[error("{}:{line}:{column}: {message}", file.display())]
    Input {
        /// File, or name of a built-in text.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// Fault and correction.
        message: String,
    },
    /// Error in a binary file.
    #[error("{}: byte {offset}: {message}", file.display())]
    Bytes {
        /// File.
        file: PathBuf,
        /// Offset in bytes, from 0; in a compressed file, in the uncompressed bytes.
        offset: u64,
        /// Fault and correction.
        message: String,
    },
    /// Action that is illegal in the current state.
    #[error("row {row}: action {action} is not legal here; choose one that the mask allows")]
    IllegalAction {
        /// Index of the environment in the batch.
        row: usize,
        /// Illegal action, as text.
        action: String,
    },
    /// Divergence: a quantity became NaN or infinite in training.
    #[error("{quantity} became {value} at step {step}; checkpoints made before that are kept")]
    Diverged {
        /// Name of the quantity, such as `td_error`.
        quantity: String,
        /// Value of the quantity: NaN or infinity.
        value: f64,
        /// Number of environment steps before the divergence.
        step: u64,
    },
    /// Damaged file: its bytes differ from those that were written.
    #[error("{}: damaged: {reason}", file.display())]
    Damaged {
        /// File.
        file: PathBuf,
        /// Description of the difference.
        reason: String,
    },
    /// Replay of a recorded episode whose results differ from the record.
    #[error("{0}")]
    Mismatch(String),
    /// Request that cannot be answered, such as an infinite optimal return.
    #[error("{0}")]
    Unsupported(String),
    /// Error of the operating system.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Error that the operating system returned.
        source: std::io::Error,
    },
}

impl Error {
    /// [`Error::Setting`] about the setting `key`; `message` has the name of the setting, what is wrong, and how to
    /// correct it.
    pub fn setting(key: &str, message: impl Into<String>) -> Error {
        Error::Setting { key: key.to_owned(), message: message.into() }
    }

    /// This error with `name` and a colon before the message, such as `agent ppo: `; applies to [`Error::Setting`] and
    /// [`Error::Config`], other errors are unchanged.
    pub fn of(self, name: &str) -> Error {
        match self {
            Error::Setting { key, message } => Error::Setting { key, message: format!("{name}: {message}") },
            Error::Config(message) => Error::Config(format!("{name}: {message}")),
            other => other,
        }
    }

    /// Function that makes [`Error::Io`] of an error of the operating system at `path`, for `map_err`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io { path, source }
    }
}

/// Result with [`Error`] as its default error type.
pub type Result<T, E = Error> = std::result::Result<T, E>;
