//! Standard output: text or one JSON document. A closed pipe (`| head`) is not an error.

use std::io::{ErrorKind, Write};

use freewheel_core::Error;
use serde::Serialize;

use crate::error::Result;

/// Prints `text` unchanged.
///
/// # Errors
/// [`Error::Io`], except for a closed pipe.
pub(crate) fn text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::io("standard output")(e).into()),
        _ => Ok(()),
    }
}

/// Prints `value` as indented JSON. NaN and infinite numbers become null.
///
/// # Errors
/// As [`text`].
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string_pretty(value).map_err(|e| Error::Unsupported(e.to_string()))?;
    text(&format!("{json}\n"))
}

/// Prints a message on standard error. Failure to print is ignored.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
