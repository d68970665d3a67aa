//! Limit on memory: what a setting or a file asks for is estimated and compared with the memory of the machine before
//! it is taken.

use crate::{Error, Result};

/// Variable of the environment that sets [`max_bytes`].
pub const MAX_MEMORY: &str = "FREEWHEEL_MAX_MEMORY";

/// Maximum number of bytes that one part of a run may take: the memory of the machine or of its container, or the value
/// of the environment variable `FREEWHEEL_MAX_MEMORY`, such as `500MB` or `64GiB`.
///
/// # Errors
/// [`Error::Config`] for a value of the variable that is not a size.
pub fn max_bytes() -> Result<u64> {
    if let Some(limit) = size_variable(MAX_MEMORY)? {
        return Ok(limit);
    }
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    match system.total_memory().min(container) {
        // A system that does not tell its memory.
        0 => Ok(u64::MAX),
        total => Ok(total),
    }
}

/// Checks that `bytes` are available for `what`, such as `agent.capacity = 4294967295 with 4 values in an observation`.
///
/// ```
/// use freewheel_core::memory;
///
/// memory::require("rows = 8", 1 << 10)?;
/// let error = memory::require("rows = 9223372036854775807", 1 << 70).unwrap_err().to_string();
/// assert!(error.starts_with("rows = 9223372036854775807 needs 1024 EiB of memory and "));
/// # Ok::<(), freewheel_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unsupported`] with both numbers if it is more than [`max_bytes`]; errors of [`max_bytes`].
pub fn require(what: &str, bytes: u128) -> Result<()> {
    let limit = u128::from(max_bytes()?);
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::Unsupported(format!(
        "{what} needs {} of memory and {} are there; choose a smaller value, or set the environment variable \
         {MAX_MEMORY}",
        size_text(bytes),
        size_text(limit)
    )))
}

/// Names of the units of [`size_text`], each 1,024 times the one before.
const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// Number of bytes as text with three digits, such as `1.5 GiB`.
pub fn size_text(bytes: u128) -> String {
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    let decimals = if value.fract() == 0.0 || value >= 100.0 { 0 } else { 1 };
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// Number of bytes in the environment variable `name`; `None` if it is not set.
pub(crate) fn size_variable(name: &str) -> Result<Option<u64>> {
    let Some(value) = std::env::var_os(name) else { return Ok(None) };
    let value = value.to_string_lossy();
    match parse_size(&value) {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(Error::Config(format!(
            "{name} = '{value}' is not a size; write bytes, or a number with a unit, such as 500MB or 4GiB"
        ))),
    }
}

/// Number of bytes of a text such as `1000`, `500MB` or `1.5 GiB`.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        "tib" => 1_099_511_627_776.0,
        _ => return None,
    };
    Some((number.parse::<f64>().ok()? * scale) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("1000"), Some(1000));
        assert_eq!(parse_size("1.5 GiB"), Some(3 << 29));
        assert_eq!(parse_size("500MB"), Some(500_000_000));
        for wrong in ["", "-1", "x", "1 parsec"] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
        assert_eq!(size_text(3 << 29), "1.5 GiB");
        assert_eq!(size_text(1 << 30), "1 GiB");
        assert_eq!(size_text(17), "17 B");
    }

    #[test]
    fn memory_of_this_machine_is_known_and_bounds_a_request() {
        let limit = max_bytes().unwrap();
        assert!(limit > 1 << 28, "{limit}");
        require("a test", u128::from(limit)).unwrap();
        assert!(matches!(require("a test", u128::from(limit) + 1), Err(Error::Unsupported(_))));
    }
}
