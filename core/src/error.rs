use std::path::{Path, PathBuf};

/// What can go wrong in the core, each with its mend in the message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting, an identifier or an experiment file says something that cannot be.
    #[error("{0}")]
    Config(String),
    /// A setting that is unknown, of the wrong type or out of range.
    #[error("{message}")]
    Setting {
        /// Name of the setting, so that the caller can find its place in a file.
        key: String,
        /// The fault and its mend, with the setting named.
        message: String,
    },
    /// An input file is not what its format says; `line` and `column` count from 1.
    #[error("{}:{line}:{column}: {message}", file.display())]
    Input {
        /// The file, or the name of the built-in text.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// A binary input file is not what its format says; `offset` counts from 0, in the unpacked bytes of a packed file.
    #[error("{}: byte {offset}: {message}", file.display())]
    Bytes {
        /// The file.
        file: PathBuf,
        /// How many bytes stand before the place.
        offset: u64,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// An action that the rules do not allow in this state.
    #[error("row {row}: action {action} is not legal here; choose one that the mask allows")]
    IllegalAction {
        /// The row of the batch.
        row: usize,
        /// The action, as the world prints it.
        action: String,
    },
    /// A quantity became NaN or infinite while learning.
    #[error("{quantity} became {value} at step {step}; checkpoints made before that are kept")]
    Diverged {
        /// The quantity's name, such as `td_error`.
        quantity: String,
        /// Its value, NaN or infinite.
        value: f64,
        /// The environment step at which it was seen.
        step: u64,
    },
    /// A file of ours whose bytes are not those that were written.
    #[error("{}: damaged: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A recorded episode that does not come out again as it was recorded.
    #[error("{0}")]
    Mismatch(String),
    /// A question that has no answer here, such as an infinite return.
    #[error("{0}")]
    Unsupported(String),
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was being read or written.
        path: PathBuf,
        /// The system's own words.
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
