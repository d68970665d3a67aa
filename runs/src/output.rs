//! Standard output: text or one JSON document. A reader that went away (`| head`) is no error.

use std::io::{ErrorKind, Write};

use freewheel_core::Error;
use serde::Serialize;

use crate::error::Result;

/// Prints `text` as it is.
pub(crate) fn text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::io("standard output")(e).into()),
        _ => Ok(()),
    }
}

/// Prints `value` as JSON. Numbers that JSON has no word for become null.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string_pretty(value).map_err(|e| Error::Unsupported(e.to_string()))?;
    text(&format!("{json}\n"))
}

/// Tells the user something beside the result, on standard error. Losing it is no reason to stop.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
