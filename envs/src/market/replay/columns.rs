//! Which column of a file is which.

use csv::StringRecord;

/// The field of each column.
#[derive(Debug, PartialEq)]
pub(super) struct Columns {
    pub(super) date: usize,
    pub(super) open: usize,
    pub(super) high: usize,
    pub(super) low: usize,
    pub(super) close: usize,
    pub(super) adjusted: Option<usize>,
    pub(super) volume: Option<usize>,
}

const DATE: &[&str] = &["date", "time", "datetime", "timestamp"];
const ADJUSTED: &[&str] = &["adj close", "adjusted close", "adjclose", "adj_close", "adjusted_close"];
const VOLUME: &[&str] = &["volume", "vol"];

impl Columns {
    /// Finds them in a header, in any order and any case; other columns are left alone.
    pub(super) fn find(header: &StringRecord) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
        let find = |known: &[&str]| -> Result<Option<usize>, String> {
            let mut found = names.iter().enumerate().filter(|(_, name)| known.contains(&name.as_str()));
            match (found.next(), found.next()) {
                (Some((_, a)), Some((_, b))) => Err(format!(
                    "`{a}` and `{b}` are both the column {}; rename or delete one of them",
                    known[0]
                )),
                (first, _) => Ok(first.map(|(field, _)| field)),
            }
        };
        let need = |known: &[&str]| {
            find(known)?.ok_or_else(|| {
                format!(
                    "there is no column `{}`; the first line must name date, open, high, low and close (it names {})",
                    known[0],
                    if names.iter().all(String::is_empty) { "nothing".to_owned() } else { names.join(", ") }
                )
            })
        };
        Ok(Columns {
            date: need(DATE)?,
            open: need(&["open"])?,
            high: need(&["high"])?,
            low: need(&["low"])?,
            close: need(&["close"])?,
            adjusted: find(ADJUSTED)?,
            volume: find(VOLUME)?,
        })
    }
}
