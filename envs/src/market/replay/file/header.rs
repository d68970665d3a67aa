//! Columns of a price file: the one finder of its header, its delimiter and its columns.

use std::path::Path;

use freewheel_core::{Error, Result, input};

use super::super::settings::Settings;
use super::records::{Delimiter, Record, Records};

/// Number of lines at the start of a file among which the header is searched.
const MAX_BANNER: usize = 50;

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
    fn find(header: &[&str], adjust: bool) -> Result<Columns, String> {
        let find = |quantity| find(header, quantity);
        let required = |quantity: Quantity, name: &str| {
            find(quantity)?.ok_or_else(|| {
                let named: Vec<&str> = header.iter().copied().filter(|name| !name.is_empty()).collect();
                let named = if named.is_empty() { "nothing".to_owned() } else { named.join(", ") };
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

/// Field number of a quantity in a header, by its preferred name; `None` if it is not there.
fn find(header: &[&str], quantity: Quantity) -> Result<Option<usize>, String> {
    let names = NAMES.iter().find(|(of, _)| *of == quantity).map_or(&[][..], |(_, names)| names);
    for name in names {
        // The first column of a table may have no name, or a label of the header.
        let first_only = quantity == Quantity::Date && matches!(*name, "" | "price" | "index");
        let found: Vec<usize> = (0..header.len())
            .filter(|&index| key(header[index]).as_deref() == Some(name) && (index == 0 || !first_only))
            .filter(|&index| index > 0 || quantity != Quantity::Close || *name != "price")
            .collect();
        match found[..] {
            [] => {}
            [only] => return Ok(Some(only)),
            // Such as the volumes in both currencies of a pair.
            [first, ..] if quantity == Quantity::Volume => return Ok(Some(first)),
            [a, b, ..] => {
                return Err(format!(
                    "the columns {} and {} are both named `{}`; a file has the prices of one asset: keep one of them",
                    a + 1,
                    b + 1,
                    header[a]
                ));
            }
        }
    }
    Ok(None)
}

/// Name as in [`NAMES`]; `None` for an unknown name. `<DATE>`, `1. open`, `GOOGL.Open`, `Close (USD)` and `Adj Close**`
/// are known.
fn key(name: &str) -> Option<String> {
    let plain = |name: &str| -> String {
        name.split(['(', '['])
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    let known = |key: &String| NAMES.iter().any(|(_, names)| names.contains(&key.as_str()));
    let name = name.trim_start_matches('#').trim();
    let whole = plain(name);
    if whole.starts_with("unnamed") || (whole.is_empty() && name.is_empty()) {
        return Some(String::new());
    }
    if whole.starts_with("volume") {
        return Some("volume".to_owned());
    }
    let after_point = || name.rsplit_once(['.', ':']).map(|(_, part)| plain(part));
    Some(whole)
        .filter(|key| !key.is_empty() && known(key))
        .or_else(|| after_point().filter(|key| !key.is_empty() && known(key)))
}

/// Delimiter, columns and header of a file.
#[derive(Clone, Debug)]
pub(super) struct Layout<'a> {
    pub(super) delimiter: Delimiter,
    pub(super) columns: Columns,
    /// Number of fields of a row; `None` if rows may be longer than the columns in the settings.
    pub(super) width: Option<usize>,
    /// Names of the columns in the file; empty without a header.
    pub(super) names: Vec<String>,
    /// Text after the header.
    pub(super) body: &'a str,
    /// Line at which `body` begins.
    pub(super) line: usize,
}

impl<'a> Layout<'a> {
    /// Finds the header of `text`, or takes the names in `settings.columns` unless these are empty.
    pub(super) fn find(file: &'a Path, text: &'a str, settings: &Settings) -> Result<Self> {
        let (separator, body, line) = separator_line(text);
        if !settings.columns.is_empty() {
            return Layout::named(file, body, line, settings, separator);
        }
        let at = |line, message| Error::Input { file: file.to_path_buf(), line, column: 1, message };
        // The best line so far: number of its known names, its line and what is wrong with it.
        let mut best: Option<(usize, usize, String)> = None;
        let mut rest = body;
        let mut record = Record::default();
        for (number, content) in (line..).zip(input::lines(body).map(|(_, content)| content)).take(MAX_BANNER)
        {
            let next = after_line(rest, content);
            let given = separator.into_iter();
            let delimiters: Vec<Delimiter> = match separator {
                Some(_) => given.collect(),
                None => Delimiter::candidates(content).collect(),
            };
            for delimiter in delimiters {
                let mut records = Records::new(file, content, number, delimiter);
                if !records.read(&mut record).unwrap_or(false) {
                    continue;
                }
                match Columns::find(&record.fields, settings.adjust) {
                    Ok(columns) => {
                        let names = record.fields.iter().map(|&name| name.to_owned()).collect();
                        let width = Some(record.fields.len());
                        return Ok(Layout { delimiter, columns, width, names, body: next, line: number + 1 });
                    }
                    Err(message) => {
                        let known =
                            record.fields.iter().filter(|name| key(name).is_some_and(|key| !key.is_empty()));
                        let known = known.count();
                        if best.as_ref().is_none_or(|(most, ..)| known > *most) {
                            best = Some((known, number, message));
                        }
                    }
                }
            }
            rest = next;
        }
        let Some((known, line, message)) = best else {
            return Err(at(1, Columns::find(&[], false).err().unwrap_or_default()));
        };
        if known == 0 && content_is_data(text) {
            let message = "the file has no header; add a line that names the columns, or name them in order with the \
                           setting columns, such as columns = [\"date\", \"open\", \"high\", \"low\", \"close\", \
                           \"volume\"]; columns after these are ignored";
            return Err(at(line, message.to_owned()));
        }
        Err(at(line, message))
    }

    /// Whether the record repeats the header.
    pub(super) fn is_header(&self, record: &Record) -> bool {
        let mut pairs = record.fields.iter().zip(&self.names);
        !self.names.is_empty()
            && record.fields.len() == self.names.len()
            && pairs.all(|(field, name)| field.eq_ignore_ascii_case(name))
    }

    /// Largest number of fields of a row.
    pub(super) fn most_fields(&self) -> usize {
        self.width.unwrap_or(usize::MAX)
    }

    /// Smallest number of fields of a row: without columns at the end that have no name.
    pub(super) fn fewest_fields(&self) -> usize {
        match self.names.iter().rposition(|name| !name.is_empty()) {
            Some(last) => last + 1,
            None => self.columns.prices().into_iter().fold(self.columns.date, usize::max) + 1,
        }
    }

    /// Problem and remedy of a row with too few or too many fields; `None` for other rows.
    pub(super) fn wrong_fields(&self, record: &Record) -> Option<String> {
        let (fields, fewest, most) = (record.fields.len(), self.fewest_fields(), self.most_fields());
        let remedy = match (fields > most, self.is_comma_separated()) {
            (true, true) => {
                "correct the row; numbers with commas need quotes, or columns separated by semicolons"
            }
            _ => "correct the row",
        };
        let of = if self.names.is_empty() { "the columns of the settings" } else { "the header" };
        (!(fewest..=most).contains(&fields)).then(|| {
            format!(
                "this row has {fields} fields and {of} {}; {remedy}",
                most.min(fewest.max(self.names.len()))
            )
        })
    }

    /// Whether commas separate the columns.
    pub(super) fn is_comma_separated(&self) -> bool {
        self.delimiter == Delimiter::Char(',')
    }

    /// Layout of a file whose columns are named by the settings, with a header line or without one.
    fn named(
        file: &Path,
        body: &'a str,
        line: usize,
        settings: &Settings,
        separator: Option<Delimiter>,
    ) -> Result<Self> {
        let columns = Columns::named(settings)?;
        let count = settings.columns.len();
        let fields = |delimiter, content: &str| {
            let mut record = Record::default();
            let read = Records::new(file, content, line, delimiter).read(&mut record);
            if read.unwrap_or(false) { record.fields.len() } else { 0 }
        };
        let rows = || input::lines(body).map(|(_, content)| content).take(MAX_BANNER);
        let fits = rows().flat_map(|content| {
            Delimiter::candidates(content).find(|&delimiter| fields(delimiter, content) >= count)
        });
        let delimiter = separator.or_else(|| fits.last()).unwrap_or(Delimiter::Char(','));
        Ok(Layout { delimiter, columns, width: None, names: Vec::new(), body, line })
    }
}

/// Delimiter of a first line `sep=;`, and the text and line after it.
fn separator_line(text: &str) -> (Option<Delimiter>, &str, usize) {
    let first = input::lines(text).next().map_or("", |(_, line)| line);
    let plain = first.trim().trim_matches('"');
    match plain.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")) {
        None => (None, text, 1),
        Some(_) => {
            let delimiter = first.trim_matches('"')[4..].chars().next();
            let delimiter = delimiter.map_or(Delimiter::Char(','), |c| {
                if c == ' ' { Delimiter::Spaces } else { Delimiter::Char(c) }
            });
            (Some(delimiter), after_line(text, first), 2)
        }
    }
}

/// Text after the line `line`, with which `text` begins.
fn after_line<'a>(text: &'a str, line: &str) -> &'a str {
    let rest = &text[line.len()..];
    rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r'])).unwrap_or(rest)
}

/// Whether a text begins with a row of data: most of the characters of its first line are those of numbers.
fn content_is_data(text: &str) -> bool {
    let line =
        input::lines(text).map(|(_, line)| line).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let digits = line.chars().filter(char::is_ascii_digit).count();
    2 * digits > line.chars().count()
}
