//! Errors of programs that speak GTP.

use std::time::Duration;

/// Maximum number of characters of a text from outside in an error message.
const MAX_TEXT: usize = 500;

/// `text` for an error message: control characters are escaped, and a long text keeps its end.
pub(super) fn printable(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' | '\r' | '\t' => ' '.to_string(),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    let length = text.chars().count();
    let start = if length > MAX_TEXT { "..." } else { "" };
    let kept = text.chars().skip(length.saturating_sub(MAX_TEXT)).map(escape);
    start.chars().map(String::from).chain(kept).collect()
}

/// Error of a program that speaks GTP. `program` is the command line of the program, `sent` the command that failed.
#[derive(Debug, thiserror::Error)]
pub enum GtpError {
    /// The command line contains no word, or a quote that is not closed.
    #[error("`{program}` is not a command line: it is empty, or a quote is not closed")]
    InvalidCommandLine {
        /// Command line of the program.
        program: String,
    },
    /// The program could not be started.
    #[error("`{program}` cannot be started: {source}; is it installed, and is its name correct?")]
    SpawnFailed {
        /// Command line of the program.
        program: String,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The program exited.
    #[error("`{program}` exited ({status}) after the command `{sent}`{stderr_tail}")]
    Exited {
        /// Command line of the program.
        program: String,
        /// Command that was sent to the program.
        sent: String,
        /// Exit status of the program, if known.
        status: String,
        /// Last part of the program's standard error.
        stderr_tail: String,
    },
    /// The program did not respond in time, and was killed.
    #[error("`{program}` did not respond to `{sent}` within {limit:?} and was stopped{stderr_tail}")]
    TimedOut {
        /// Command line of the program.
        program: String,
        /// Command that was sent to the program.
        sent: String,
        /// Time limit of one response.
        limit: Duration,
        /// Last part of the program's standard error.
        stderr_tail: String,
    },
    /// The program sent too much output, and was killed.
    #[error("`{program}` sent {what} after the command `{sent}` and was stopped")]
    Flooded {
        /// Command line of the program.
        program: String,
        /// Command that was sent to the program.
        sent: String,
        /// Amount of output.
        what: String,
    },
    /// All programs were stopped by [`interrupt`](super::interrupt).
    #[error("`{program}` was stopped by an interruption")]
    Interrupted {
        /// Command line of the program.
        program: String,
    },
    /// The program answered with an error response (`?`).
    #[error("`{program}` answered `{sent}` with an error: {message}")]
    ErrorResponse {
        /// Command line of the program.
        program: String,
        /// Command that was sent to the program.
        sent: String,
        /// Message of the response.
        message: String,
    },
    /// The response is not valid for the command.
    #[error("`{program}` answered `{sent}` with `{response}`, which is not a valid response")]
    InvalidResponse {
        /// Command line of the program.
        program: String,
        /// Command that was sent to the program.
        sent: String,
        /// Response of the program.
        response: String,
    },
}

impl From<GtpError> for freewheel_core::Error {
    fn from(error: GtpError) -> Self {
        freewheel_core::Error::Unsupported(error.to_string())
    }
}
