use std::path::{Path, PathBuf};

/// Errors of Freewheel. Each message says the fault, its place and the mend.
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
        /// Fault and mend, with the setting named.
        message: String,
    },
    /// Fault in a text file.
    #[error("{}:{line}:{column}: {message}", file.display())]
    Input {
        /// File, or name of a built-in text.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// Fault and mend.
        message: String,
    },
    /// Fault in a binary file.
    #[error("{}: byte {offset}: {message}", file.display())]
    Bytes {
        /// File.
        file: PathBuf,
        /// Offset in bytes, from 0; in a compressed file, in the uncompressed bytes.
        offset: u64,
        /// Fault and mend.
        message: String,
    },
    /// Illegal action in the current state.
    #[error("row {row}: action {action} is not legal here; choose one that the mask allows")]
    IllegalAction {
        /// Index of the environment in the batch.
        row: usize,
        /// The action.
        action: String,
    },
    /// A quantity that became NaN or infinite in training.
    #[error("{quantity} became {value} at step {step}; checkpoints made before that are kept")]
    Diverged {
        /// Name of the quantity, such as `td_error`.
        quantity: String,
        /// NaN or infinity.
        value: f64,
        /// Environment step.
        step: u64,
    },
    /// A damaged file: its bytes are not those that were written.
    #[error("{}: damaged: {reason}", file.display())]
    Damaged {
        /// File.
        file: PathBuf,
        /// Mismatch that was found.
        reason: String,
    },
    /// A recorded episode that does not replay.
    #[error("{0}")]
    Mismatch(String),
    /// A request without an answer, such as an infinite optimal return.
    #[error("{0}")]
    Unsupported(String),
    /// Error of the operating system.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Error of the system.
        source: std::io::Error,
    },
}

impl Error {
    /// An [`Error::Setting`] about `key`, whose `message` names the setting, the fault and the mend.
    pub fn setting(key: &str, message: impl Into<String>) -> Error {
        Error::Setting { key: key.to_owned(), message: message.into() }
    }

    /// The same error with `name: ` before the message of a setting or a configuration, such as `agent ppo: `.
    pub fn of(self, name: &str) -> Error {
        match self {
            Error::Setting { key, message } => Error::Setting { key, message: format!("{name}: {message}") },
            Error::Config(message) => Error::Config(format!("{name}: {message}")),
            other => other,
        }
    }

    /// Attaches a path to an error of the operating system; for `map_err`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io { path, source }
    }
}

/// A result whose error is the core's.
pub type Result<T, E = Error> = std::result::Result<T, E>;
