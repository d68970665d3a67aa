//! Columns of a price file: the one finder of columns by their names.

use freewheel_core::{Error, Result};

use super::super::settings::Settings;
use super::number::shown;

/// Maximum number of columns.
const MAX_COLUMNS: usize = 4096;

/// Quantity in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    /// Date, with or without a time of day.
    Date,
    /// Time of day, next to a date.
    Time,
    /// Opening price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Closing price.
    Close,
    /// Closing price adjusted for splits and dividends.
    Adjusted,
    /// Traded volume.
    Volume,
}

/// Names of the quantities, the preferred ones first, without spaces, punctuation and upper case.
const NAMES: [(Quantity, &[&str]); 8] = [
    (
        Quantity::Date,
        &[
            "date",
            "datetime",
            "dateandtime",
            "timestamp",
            "time",
            "day",
            "tradedate",
            "tradingday",
            "opentime",
            "gmttime",
            "localtime",
            "dateutc",
            "timeutc",
            "datetimeutc",
            "timestamputc",
            "begin",
            "unix",
            "unixtime",
            "unixtimestamp",
            "epoch",
            "dt",
            "d",
            "t",
            "price",
            "index",
            "",
        ],
    ),
    (Quantity::Time, &["time", "timeofday", "hour"]),
    (Quantity::Open, &["open", "openprice", "openingprice", "priceopen", "opening", "o"]),
    (Quantity::High, &["high", "highprice", "highest", "pricehigh", "dayhigh", "h"]),
    (Quantity::Low, &["low", "lowprice", "lowest", "pricelow", "daylow", "l"]),
    (
        Quantity::Close,
        &[
            "close",
            "closelast",
            "closeprice",
            "closingprice",
            "priceclose",
            "closing",
            "last",
            "lastprice",
            "c",
            "price",
        ],
    ),
    (
        Quantity::Adjusted,
        &[
            "adjclose",
            "adjustedclose",
            "closeadjusted",
            "closeadj",
            "adjusted",
            "adjcloseprice",
            "adjustedcloseprice",
            "adjustedclosingprice",
            "aclose",
        ],
    ),
    (
        Quantity::Volume,
        &[
            "volume",
            "vol",
            "totalvolume",
            "shares",
            "sharevolume",
            "tickvolume",
            "tickvol",
            "realvolume",
            "v",
        ],
    ),
];

/// Field numbers of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Columns {
    pub(super) date: usize,
    pub(super) time: Option<usize>,
    pub(super) open: usize,
    pub(super) high: usize,
    pub(super) low: usize,
    pub(super) close: usize,
    pub(super) adjusted: Option<usize>,
    pub(super) volume: Option<usize>,
}

impl Columns {
    /// Field numbers of open, high, low and close.
    pub(super) fn prices(&self) -> [usize; 4] {
        [self.open, self.high, self.low, self.close]
    }

    /// Columns that the settings name.
    ///
    /// # Errors
    /// [`Error::Setting`] if a required column is not named, or named twice.
    pub(in super::super) fn named(settings: &Settings) -> Result<Columns> {
        let names: Vec<&str> = settings.columns.iter().map(String::as_str).collect();
        Columns::find(&names, settings.adjust).map_err(|_| {
            let message = "columns must name date, open, high, low and close once each, and may name time, volume and \
                           adj close; write \"-\" for other columns";
            Error::setting("columns", message)
        })
    }

    /// Finds the columns in the names of a header, in any order and case; other columns are ignored, the adjusted close
    /// too unless `adjust`.
    pub(super) fn find(header: &[&str], adjust: bool) -> Result<Columns, String> {
        if header.len() > MAX_COLUMNS {
            return Err(format!(
                "the line has {} columns and may have {MAX_COLUMNS}; remove some",
                header.len()
            ));
        }
        let keys = Keys::new(header);
        let find = |quantity| keys.find(quantity);
        let required = |quantity: Quantity, name: &str| {
            find(quantity)?.ok_or_else(|| {
                let named: Vec<&str> = header.iter().copied().filter(|name| !name.is_empty()).collect();
                let named = if named.is_empty() { "nothing".to_owned() } else { shown(&named.join(", "), 200) };
                format!(
                    "column `{name}` is missing; the header must name date, open, high, low and close (it names \
                     {named}); correct it, or name the columns with the setting columns, such as \
                     columns = [\"date\", \"open\", \"high\", \"low\", \"close\"]"
                )
            })
        };
        let [date, open, high, low, close] = [
            (Quantity::Date, "date"),
            (Quantity::Open, "open"),
            (Quantity::High, "high"),
            (Quantity::Low, "low"),
            (Quantity::Close, "close"),
        ]
        .map(|(quantity, name)| required(quantity, name));
        let date = date?;
        Ok(Columns {
            date,
            time: find(Quantity::Time).unwrap_or(None).filter(|&time| time != date),
            open: open?,
            high: high?,
            low: low?,
            close: close?,
            adjusted: if adjust { find(Quantity::Adjusted)? } else { None },
            volume: find(Quantity::Volume)?,
        })
    }
}

/// Known names of a header: of whole names and of the ends of names, `None` for others.
struct Keys {
    whole: Vec<Option<String>>,
    last: Vec<Option<String>>,
}

impl Keys {
    fn new(header: &[&str]) -> Keys {
        Keys {
            whole: header.iter().map(|name| key(name)).collect(),
            last: header.iter().map(|name| last_key(name)).collect(),
        }
    }

    /// Field number of a quantity, by its preferred name; `None` if it is not there. Whole names come before names of
    /// which only the end is known.
    fn find(&self, quantity: Quantity) -> Result<Option<usize>, String> {
        let names = NAMES.iter().find(|(of, _)| *of == quantity).map_or(&[][..], |(_, names)| names);
        for keys in [&self.whole, &self.last] {
            for &name in names {
                // The first column of a table may have no name, or a label of the header.
                let first_only = quantity == Quantity::Date && matches!(name, "" | "price" | "index");
                let never_first = quantity == Quantity::Close && name == "price";
                let found: Vec<usize> = (0..keys.len())
                    .filter(|&index| keys[index].as_deref() == Some(name))
                    .filter(|&index| if index == 0 { !never_first } else { !first_only })
                    .collect();
                match found[..] {
                    [] => {}
                    [only] => return Ok(Some(only)),
                    // Such as the volumes in both currencies of a pair.
                    [first, ..] if quantity == Quantity::Volume => return Ok(Some(first)),
                    [a, b, ..] => {
                        return Err(format!(
                            "the columns {} and {} are both read as `{name}`; a file has the prices of one asset: keep \
                             one of them",
                            a + 1,
                            b + 1
                        ));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// Number of known names in a header.
pub(super) fn known(header: &[&str]) -> usize {
    let is_known = |name: &&&str| key(name).or(last_key(name)).is_some_and(|key| !key.is_empty());
    header.iter().take(MAX_COLUMNS).filter(is_known).count()
}

/// Name as in [`NAMES`]; `None` for an unknown name. `<DATE>`, `Close (USD)` and `Adj Close**` are known.
fn key(name: &str) -> Option<String> {
    let name = name.trim_start_matches('#').trim();
    let letters = name.split(['(', '[']).next().unwrap_or_default().chars().filter(|c| c.is_alphanumeric());
    let plain = letters.collect::<String>().to_lowercase();
    if plain.starts_with("unnamed") || name.is_empty() {
        return Some(String::new());
    }
    if plain.starts_with("volume") {
        return Some("volume".to_owned());
    }
    let is_known = NAMES.iter().any(|(_, names)| names.contains(&plain.as_str()));
    Some(plain).filter(|plain| is_known && !plain.is_empty())
}

/// Name as in [`NAMES`] after the last point or colon, such as that of `1. open` and `GOOGL.Open`.
fn last_key(name: &str) -> Option<String> {
    let (before, last) = name.rsplit_once(['.', ':'])?;
    key(last).filter(|key| !key.is_empty() && !before.trim().to_lowercase().starts_with("adj"))
}
