//! Files of prices: comma-separated bars, checked row by row.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use flate2::read::MultiGzDecoder;
use freewheel_core::{Error, Result};
use jiff::civil::DateTime;

use super::columns::Columns;
use super::dates;
use super::settings::Settings;

/// Bytes that are read of a file at most, unpacked: more is no file of bars.
const LARGEST: u64 = 1 << 30;

/// The bars of one asset, in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// The file's name without its endings, such as `GOOGL`.
    pub asset: String,
    /// When each bar begins or ends, as the file says it.
    pub dates: Vec<DateTime>,
    /// First price of each bar.
    pub open: Vec<f64>,
    /// Highest.
    pub high: Vec<f64>,
    /// Lowest.
    pub low: Vec<f64>,
    /// Last.
    pub close: Vec<f64>,
    /// What was traded, where the file says it; else empty.
    pub volume: Vec<f64>,
}

/// Where in a file something is wrong.
struct Place<'a> {
    file: &'a Path,
    line: usize,
}

impl Place<'_> {
    /// The error at this line, in the `field`-th field of `record`.
    fn field(&self, record: &StringRecord, field: usize, message: String) -> Error {
        let before: usize = record.iter().take(field).map(|text| text.chars().count() + 1).sum();
        self.at(before + 1, message)
    }

    fn at(&self, column: usize, message: String) -> Error {
        Error::Input { file: self.file.to_path_buf(), line: self.line, column, message }
    }
}

impl Bars {
    /// Reads a file, plain or gzipped, with the settings that are about files.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Input`] with file, line, column and the mend for what is missing or makes no sense.
    pub fn read(file: &Path, settings: &Settings) -> Result<Bars> {
        let mut packed = BufReader::new(File::open(file).map_err(Error::io(file))?);
        let gzipped =
            std::io::BufRead::fill_buf(&mut packed).map_err(Error::io(file))?.starts_with(&[0x1f, 0x8b]);
        let bytes: Box<dyn Read> =
            if gzipped { Box::new(MultiGzDecoder::new(packed)) } else { Box::new(packed) };
        let mut text = Vec::new();
        bytes.take(LARGEST + 1).read_to_end(&mut text).map_err(Error::io(file))?;
        if text.len() as u64 > LARGEST {
            return Err(Error::Config(format!(
                "{}: more than 1 GiB of prices; cut the file",
                file.display()
            )));
        }
        Bars::parse(file, &text, settings)
    }

    /// Reads what stands in a file; `file` is what errors call it.
    ///
    /// # Errors
    /// As [`Bars::read`].
    pub fn parse(file: &Path, text: &[u8], settings: &Settings) -> Result<Bars> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).delimiter(delimiter(text)).from_reader(text);
        let header = reader.headers().map_err(|e| unreadable(file, &e))?.clone();
        let columns = Columns::find(&header).map_err(|wrong| Place { file, line: 1 }.at(1, wrong))?;
        let adjusted = columns.adjusted.filter(|_| settings.adjust);
        let mut bars = Bars { asset: asset_of(file), ..Bars::default() };
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|e| unreadable(file, &e))? {
            let line = record.position().map_or(0, csv::Position::line) as usize;
            let place = Place { file, line };
            if record.len() != header.len() {
                let (is, wanted) = (record.len(), header.len());
                return Err(
                    place.at(1, format!("this row has {is} fields and the header {wanted}; mend the row"))
                );
            }
            let row = Row { place: &place, record: &record };
            bars.push(&row, &columns, adjusted, settings)?;
        }
        if bars.dates.len() < 2 {
            let n = bars.dates.len();
            return Err(
                Place { file, line: 1 }.at(1, format!("{n} bars are no history; give a file with more rows"))
            );
        }
        Ok(bars)
    }

    /// One more row.
    fn push(
        &mut self,
        row: &Row,
        columns: &Columns,
        adjusted: Option<usize>,
        settings: &Settings,
    ) -> Result<()> {
        let date = row.date(columns.date, settings.day_first)?;
        if let Some(&before) = self.dates.last() {
            let wrong = |message: String| Err(row.wrong(columns.date, message));
            if date == before {
                return wrong(format!("the date {date} stands here twice; delete one of the rows"));
            }
            if date < before {
                return wrong(format!("{date} comes after {before}; sort the rows by date, oldest first"));
            }
            let days = days_between(before, date);
            if days > settings.largest_gap {
                return wrong(format!(
                    "{days:.1} days without bars since {before}; fill the gap in, or allow it with largest_gap = {}",
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
            return Err(row.wrong(columns.high, format!("high {high} is below low {low}; mend the row")));
        }
        for (name, field, price) in [("open", columns.open, open), ("close", columns.close, close)] {
            if price > high * (1.0 + settings.tolerance) || price < low * (1.0 - settings.tolerance) {
                return Err(row.wrong(
                    field,
                    format!("{name} {price} lies outside low {low} and high {high}; mend the row, or raise tolerance"),
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

/// A row and where it stands.
struct Row<'a> {
    place: &'a Place<'a>,
    record: &'a StringRecord,
}

impl Row<'_> {
    fn text(&self, field: usize) -> &str {
        self.record.get(field).unwrap_or_default().trim()
    }

    fn wrong(&self, field: usize, message: String) -> Error {
        self.place.field(self.record, field, message)
    }

    fn date(&self, field: usize, day_first: Option<bool>) -> Result<DateTime> {
        dates::parse(self.text(field), day_first).map_err(|message| self.wrong(field, message))
    }

    fn price(&self, field: usize) -> Result<f64> {
        match self.text(field).parse::<f64>() {
            Ok(price) if (1e-15..=1e15).contains(&price) => Ok(price),
            _ => {
                let text = self.text(field);
                Err(self.wrong(
                    field,
                    format!("`{text}` is no price, a number above 0 and below 1e15; mend or delete the row"),
                ))
            }
        }
    }

    fn volume(&self, field: usize) -> Result<f64> {
        match self.text(field).parse::<f64>() {
            Ok(volume) if volume.is_finite() && volume >= 0.0 => Ok(volume),
            _ => {
                let text = self.text(field);
                Err(self.wrong(field, format!("`{text}` is no volume, a number of 0 or more; mend the row")))
            }
        }
    }
}

/// Days from one moment to a later one.
pub(super) fn days_between(from: DateTime, to: DateTime) -> f64 {
    to.duration_since(from).as_secs_f64() / 86_400.0
}

/// The first of `,`, `;` and tab in the header.
fn delimiter(text: &[u8]) -> u8 {
    let header = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    header.iter().copied().find(|byte| b",;\t".contains(byte)).unwrap_or(b',')
}

/// `prices/GOOGL.csv.gz` is of the asset `GOOGL`.
fn asset_of(file: &Path) -> String {
    let name = PathBuf::from(file.file_name().unwrap_or_default());
    let name = name.to_string_lossy().into_owned();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    plain.strip_suffix(".csv").unwrap_or(plain).to_owned()
}

fn unreadable(file: &Path, error: &csv::Error) -> Error {
    let line = error.position().map_or(1, |position| position.line() as usize);
    Place { file, line }.at(1, format!("this is no line of comma-separated UTF-8 text: {error}"))
}
