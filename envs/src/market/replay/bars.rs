//! Price files: CSV bars, checked row by row.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use flate2::read::MultiGzDecoder;
use freewheel_core::{Error, Result};
use jiff::civil::DateTime;

use super::dates;
use super::settings::Settings;

/// Maximum number of bytes of an unpacked file.
const MAX_BYTES: u64 = 1 << 30;

/// Bars of one asset in chronological order; all vectors are `[T]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// Name of the file without its extensions, such as `GOOGL`.
    pub asset: String,
    /// Date and time of each bar, as in the file.
    pub dates: Vec<DateTime>,
    /// Opening prices.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Closing prices.
    pub close: Vec<f64>,
    /// Traded volumes; empty where the file has none.
    pub volume: Vec<f64>,
}

impl Bars {
    /// Reads a file, plain or gzipped, with the file settings in `settings`.
    ///
    /// # Errors
    /// [`Error::Io`] for a file that cannot be read; [`Error::Input`] with file, line, column, problem and remedy.
    pub fn read(file: &Path, settings: &Settings) -> Result<Bars> {
        let mut packed = BufReader::new(File::open(file).map_err(Error::io(file))?);
        let gzipped =
            std::io::BufRead::fill_buf(&mut packed).map_err(Error::io(file))?.starts_with(&[0x1f, 0x8b]);
        let bytes: Box<dyn Read> =
            if gzipped { Box::new(MultiGzDecoder::new(packed)) } else { Box::new(packed) };
        let mut text = Vec::new();
        bytes.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(Error::io(file))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(Error::Config(format!(
                "{}: the file has more than 1 GiB of prices; split it",
                file.display()
            )));
        }
        Bars::parse(file, &text, settings)
    }

    /// Parses the contents of a file; `file` is the name of the file in error messages.
    ///
    /// # Errors
    /// Same errors as [`Bars::read`].
    pub fn parse(file: &Path, text: &[u8], settings: &Settings) -> Result<Bars> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).delimiter(delimiter(text)).from_reader(text);
        let header = reader.headers().map_err(|e| unreadable(file, &e))?.clone();
        let columns =
            Columns::find(&header).map_err(|message| Location { file, line: 1 }.error(1, message))?;
        let adjusted = columns.adjusted.filter(|_| settings.adjust);
        let mut bars = Bars { asset: asset_of(file), ..Bars::default() };
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|e| unreadable(file, &e))? {
            let line = record.position().map_or(0, csv::Position::line) as usize;
            let location = Location { file, line };
            if record.len() != header.len() {
                let (fields, expected) = (record.len(), header.len());
                return Err(location.error(
                    1,
                    format!("this row has {fields} fields and the header {expected}; correct the row"),
                ));
            }
            let row = Row { location: &location, record: &record };
            bars.push(&row, &columns, adjusted, settings)?;
        }
        if bars.dates.len() < 2 {
            let n = bars.dates.len();
            return Err(Location { file, line: 1 }
                .error(1, format!("the file has {n} bars and needs 2 or more; add more rows")));
        }
        Ok(bars)
    }

    /// Appends the bar in a row of the file.
    fn push(
        &mut self,
        row: &Row,
        columns: &Columns,
        adjusted: Option<usize>,
        settings: &Settings,
    ) -> Result<()> {
        let date = row.date(columns.date, settings.day_first)?;
        if let Some(&before) = self.dates.last() {
            let refuse = |message: String| Err(row.error(columns.date, message));
            if date == before {
                return refuse(format!("the date {date} appears twice; delete one of the rows"));
            }
            if date < before {
                return refuse(format!("{date} comes after {before}; sort the rows by date, oldest first"));
            }
            let days = days_between(before, date);
            if days > settings.largest_gap {
                return refuse(format!(
                    "{days:.1} days without bars since {before}; fill the gap, or allow it with largest_gap = {}",
                    days.ceil()
                ));
            }
        }
        let [open, high, low, close] = [
            row.price(columns.open)?,
            row.price(columns.high)?,
            row.price(columns.low)?,
            row.price(columns.close)?,
        ];
        if high < low {
            return Err(row.error(columns.high, format!("high {high} is below low {low}; correct the row")));
        }
        for (name, field, price) in [("open", columns.open, open), ("close", columns.close, close)] {
            if price > high * (1.0 + settings.tolerance) || price < low * (1.0 - settings.tolerance) {
                return Err(row.error(
                    field,
                    format!(
                        "{name} {price} lies outside low {low} and high {high}; correct it or raise tolerance"
                    ),
                ));
            }
        }
        if let Some(volume) = columns.volume {
            self.volume.push(row.volume(volume)?);
        }
        let factor = adjusted.map_or(Ok(1.0), |field| row.price(field).map(|adjusted| adjusted / close))?;
        self.dates.push(date);
        self.open.push(open * factor);
        self.high.push(high * factor);
        self.low.push(low * factor);
        self.close.push(close * factor);
        Ok(())
    }
}

/// Line of a file, for the location in error messages.
struct Location<'a> {
    file: &'a Path,
    line: usize,
}

impl Location<'_> {
    /// Error whose location is the start of field number `field` of `record`.
    fn error_at_field(&self, record: &StringRecord, field: usize, message: String) -> Error {
        let before: usize = record.iter().take(field).map(|text| text.chars().count() + 1).sum();
        self.error(before + 1, message)
    }

    fn error(&self, column: usize, message: String) -> Error {
        Error::Input { file: self.file.to_path_buf(), line: self.line, column, message }
    }
}

/// Row of a price file and its location.
struct Row<'a> {
    location: &'a Location<'a>,
    record: &'a StringRecord,
}

impl Row<'_> {
    fn text(&self, field: usize) -> &str {
        self.record.get(field).unwrap_or_default().trim()
    }

    fn error(&self, field: usize, message: String) -> Error {
        self.location.error_at_field(self.record, field, message)
    }

    fn date(&self, field: usize, day_first: Option<bool>) -> Result<DateTime> {
        dates::parse(self.text(field), day_first).map_err(|message| self.error(field, message))
    }

    fn price(&self, field: usize) -> Result<f64> {
        match self.text(field).parse::<f64>() {
            Ok(price) if (1e-15..=1e15).contains(&price) => Ok(price),
            _ => {
                let text = self.text(field);
                Err(self.error(
                    field,
                    format!(
                        "`{text}` is not a price: a number from 1e-15 to 1e15; correct or delete the row"
                    ),
                ))
            }
        }
    }

    fn volume(&self, field: usize) -> Result<f64> {
        match self.text(field).parse::<f64>() {
            Ok(volume) if volume.is_finite() && volume >= 0.0 => Ok(volume),
            _ => {
                let text = self.text(field);
                Err(self.error(
                    field,
                    format!("`{text}` is not a volume: a number of 0 or more; correct the row"),
                ))
            }
        }
    }
}

/// Days from `from` to `to`.
pub(super) fn days_between(from: DateTime, to: DateTime) -> f64 {
    to.duration_since(from).as_secs_f64() / 86_400.0
}

/// Delimiter of the header: the first of `,`, `;` and tab.
fn delimiter(text: &[u8]) -> u8 {
    let header = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    header.iter().copied().find(|byte| b",;\t".contains(byte)).unwrap_or(b',')
}

/// Name of the asset of a file: `GOOGL` for `prices/GOOGL.csv.gz`.
fn asset_of(file: &Path) -> String {
    let name = PathBuf::from(file.file_name().unwrap_or_default());
    let name = name.to_string_lossy().into_owned();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    plain.strip_suffix(".csv").unwrap_or(plain).to_owned()
}

fn unreadable(file: &Path, error: &csv::Error) -> Error {
    let line = error.position().map_or(1, |position| position.line() as usize);
    Location { file, line }.error(1, format!("the line is not comma-separated UTF-8 text: {error}"))
}

/// Index of the CSV field of each column.
#[derive(Debug, PartialEq)]
struct Columns {
    date: usize,
    open: usize,
    high: usize,
    low: usize,
    close: usize,
    adjusted: Option<usize>,
    volume: Option<usize>,
}

const DATE: &[&str] = &["date", "time", "datetime", "timestamp"];
const ADJUSTED: &[&str] = &["adj close", "adjusted close", "adjclose", "adj_close", "adjusted_close"];
const VOLUME: &[&str] = &["volume", "vol"];

impl Columns {
    /// Finds the columns in a header, in any order and case; other columns are ignored.
    fn find(header: &StringRecord) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
        let find = |known: &[&str]| -> Result<Option<usize>, String> {
            let mut found = names.iter().enumerate().filter(|(_, name)| known.contains(&name.as_str()));
            match (found.next(), found.next()) {
                (Some((_, a)), Some((_, b))) => Err(format!(
                    "`{a}` and `{b}` are both read as the column {}; rename or delete one of them",
                    known[0]
                )),
                (first, _) => Ok(first.map(|(field, _)| field)),
            }
        };
        let required = |known: &[&str]| {
            find(known)?.ok_or_else(|| {
                format!(
                    "column `{}` is missing; the first line must name date, open, high, low and close (it names {})",
                    known[0],
                    if names.iter().all(String::is_empty) { "nothing".to_owned() } else { names.join(", ") }
                )
            })
        };
        Ok(Columns {
            date: required(DATE)?,
            open: required(&["open"])?,
            high: required(&["high"])?,
            low: required(&["low"])?,
            close: required(&["close"])?,
            adjusted: find(ADJUSTED)?,
            volume: find(VOLUME)?,
        })
    }
}
