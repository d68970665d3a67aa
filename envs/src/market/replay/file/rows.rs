//! Rows of a price file that have a bar.

use std::path::Path;

use freewheel_core::{Error, Result, input};

use super::super::settings::Settings;
use super::clock;
use super::columns::Columns;
use super::header::Layout;
use super::moment::{self, Moment, Order};
use super::number::{self, Mark};
use super::records::{Record, Records};

/// Text of a price file; bytes that are not UTF-8 become replacement characters, as only numbers and dates are read.
///
/// # Errors
/// [`Error::Input`] for text that is not UTF-16 as its byte order mark says.
pub(in super::super) fn text_of(file: &Path, bytes: Vec<u8>) -> Result<String> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => text.into_bytes(),
        Err(e) if matches!(e.as_bytes().get(..2), Some([0xff, 0xfe] | [0xfe, 0xff])) => e.into_bytes(),
        Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned().into_bytes(),
    };
    input::text_of(file, bytes)
}

/// Price file with its columns.
pub(in super::super) struct PriceFile<'a> {
    file: &'a Path,
    layout: Layout<'a>,
    /// Column of the time of day that is part of the date.
    time: Option<usize>,
    mark: Mark,
}

impl<'a> PriceFile<'a> {
    /// Finds the columns and the decimal mark of `text`; `file` is the name of the file in error messages.
    ///
    /// # Errors
    /// [`Error::Input`] for a file without the required columns, or whose prices have both decimal marks.
    pub(in super::super) fn new(file: &'a Path, text: &'a str, settings: &Settings) -> Result<Self> {
        let layout = Layout::find(file, text, settings)?;
        let mut found = PriceFile { file, layout, time: None, mark: Mark::Point };
        found.time = found.time_of_day(settings)?;
        found.mark = match settings.decimal_comma {
            Some(true) => Mark::Comma,
            Some(false) => Mark::Point,
            None => found.decimal_mark()?,
        };
        Ok(found)
    }

    /// Rows that have a bar, in the order of the file.
    pub(in super::super) fn rows(&self) -> Rows<'_> {
        let Layout { delimiter, body, line, .. } = self.layout;
        let records = Records::new(self.file, body, line, delimiter);
        Rows { of: self, records, record: Record::default(), is_first: true, text_line: None }
    }

    /// Column of the time of day, if the first row has a date without a time.
    fn time_of_day(&self, settings: &Settings) -> Result<Option<usize>> {
        let mut rows = self.rows();
        let Some(row) = rows.next()? else { return Ok(None) };
        let is_date = moment::parse(row.field(self.layout.columns.date), Order::of(settings.day_first))
            .is_ok_and(|moment| !moment.timed);
        let is_time = |&time: &usize| clock::parse(row.field(time)).is_some();
        Ok(self.layout.columns.time.filter(is_time).filter(|_| is_date))
    }

    /// Decimal mark of the prices. Without a price that tells, `1,234` is a fraction if commas do not separate columns.
    fn decimal_mark(&self) -> Result<Mark> {
        let (mut known, mut comma) = (None, false);
        let mut rows = self.rows();
        while let Some(row) = rows.next()? {
            for field in self.layout.columns.prices() {
                let text = row.field(field);
                comma |= text.contains(',');
                match (known, number::mark(text)) {
                    (Some(known), Some(mark)) if known != mark => {
                        let message = format!(
                            "`{}` and a price before it have different decimal marks; write all with the same mark, \
                             or set decimal_comma = true or false",
                            number::shown(text, 40)
                        );
                        return Err(row.error(field, message));
                    }
                    (_, mark) => known = known.or(mark),
                }
            }
        }
        let by_delimiter = if comma && !self.layout.is_comma_separated() { Mark::Comma } else { Mark::Point };
        Ok(known.unwrap_or(by_delimiter))
    }

    /// Error about the date of the row number `index` of [`PriceFile::rows`].
    pub(in super::super) fn date_error(&self, index: usize, message: String) -> Error {
        let mut rows = self.rows();
        let mut at = 0;
        loop {
            match rows.next() {
                Ok(Some(row)) if at == index => return row.error(self.layout.columns.date, message),
                Ok(Some(_)) => at += 1,
                Ok(None) => return self.error(message),
                Err(error) => return error,
            }
        }
    }

    /// Error about the whole file.
    pub(in super::super) fn error(&self, message: String) -> Error {
        let line = self.layout.line.saturating_sub(1).max(1);
        Error::Input { file: self.file.to_path_buf(), line, column: 1, message }
    }

    /// Whether the file has volumes.
    pub(in super::super) fn has_volume(&self) -> bool {
        self.layout.columns.volume.is_some()
    }
}

/// Iterator over the rows that have a bar. Skipped are comments (`#`), rows whose prices are all missing, repeated
/// headers, the lines of a header below the names, and lines of text after the last bar.
pub(in super::super) struct Rows<'a> {
    of: &'a PriceFile<'a>,
    records: Records<'a>,
    record: Record<'a>,
    is_first: bool,
    /// Error about a line of text, which is an error if bars follow.
    text_line: Option<Error>,
}

impl<'a> Rows<'a> {
    /// Next row; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Input`] for a row with too many or too few fields.
    pub(in super::super) fn next(&mut self) -> Result<Option<Row<'_>>> {
        let layout = &self.of.layout;
        while self.records.read(&mut self.record)? {
            let record = &mut self.record;
            if record.field(0).starts_with('#') || layout.is_header(record) {
                continue;
            }
            record.trim(layout.most_fields());
            if let Some(message) = layout.wrong_fields(record) {
                let error = self.of.error_in(record, 0, message);
                let is_text = record.fields.len() < layout.fewest_fields()
                    && !record.field(0).starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'));
                if !is_text {
                    return Err(error);
                }
                if !self.is_first {
                    self.text_line.get_or_insert(error);
                }
                continue;
            }
            let prices = layout.columns.prices().map(|field| record.field(field));
            let is_number = |text: &str| {
                [Mark::Point, Mark::Comma].iter().any(|&mark| number::parse(text, mark).is_some())
            };
            let below_names = self.is_first
                && !prices.into_iter().any(is_number)
                && moment::parse(record.field(layout.columns.date), Order::default()).is_err();
            if below_names || prices.into_iter().all(number::is_missing) {
                continue;
            }
            if let Some(error) = self.text_line.take() {
                return Err(error);
            }
            self.is_first = false;
            return Ok(Some(Row { of: self.of, record: &self.record }));
        }
        Ok(None)
    }
}

/// Row of a price file.
pub(in super::super) struct Row<'a> {
    of: &'a PriceFile<'a>,
    record: &'a Record<'a>,
}

impl Row<'_> {
    fn field(&self, field: usize) -> &str {
        self.record.field(field)
    }

    fn columns(&self) -> &Columns {
        &self.of.layout.columns
    }

    /// Error whose location is the field number `field`.
    fn error(&self, field: usize, message: String) -> Error {
        self.of.error_in(self.record, field, message)
    }

    /// Date and time of the bar.
    ///
    /// # Errors
    /// [`Error::Input`] for a text that is not a date.
    pub(super) fn moment(&self, order: Order) -> Result<Moment> {
        let date = self.columns().date;
        match self.of.time {
            None => moment::parse(self.field(date), order).map_err(|message| self.error(date, message)),
            Some(time) => moment::parse_with_time(self.field(date), self.field(time), order)
                .map_err(|message| self.error(date, message)),
        }
    }

    /// Open, high, low and close, after a check of their order.
    ///
    /// # Errors
    /// [`Error::Input`] for a text that is not a price, high below low, and open or close outside low..high by more
    /// than the fraction `tolerance`.
    pub(in super::super) fn prices(&self, tolerance: f64) -> Result<[f64; 4]> {
        let fields = self.columns().prices();
        let mut prices = [0.0; 4];
        for (price, field) in prices.iter_mut().zip(fields) {
            *price = self.price(field, "")?;
        }
        let [open, high, low, close] = prices;
        if high < low {
            let message = format!("high {high} is below low {low}; correct the row");
            return Err(self.error(fields[1], message));
        }
        for (name, field, price) in [("open", fields[0], open), ("close", fields[3], close)] {
            if price > high * (1.0 + tolerance) || price < low * (1.0 - tolerance) {
                let message = format!(
                    "{name} {price} lies outside low {low} and high {high}; correct it or raise tolerance"
                );
                return Err(self.error(field, message));
            }
        }
        Ok(prices)
    }

    /// Adjusted closing price; `None` where the file has none or the settings ignore it.
    ///
    /// # Errors
    /// [`Error::Input`] for a text that is not a price.
    pub(in super::super) fn adjusted(&self) -> Result<Option<f64>> {
        let price = |field| self.price(field, ", or set adjust = false");
        self.columns().adjusted.map(price).transpose()
    }

    fn price(&self, field: usize, remedy: &str) -> Result<f64> {
        let text = self.field(field);
        match number::parse(text, self.of.mark) {
            Some(price) if (1e-15..=1e15).contains(&price) => Ok(price),
            _ => Err(self.error(
                field,
                format!(
                    "`{}` is not a price: a number from 1e-15 to 1e15; correct or delete the row{remedy}",
                    number::shown(text, 40)
                ),
            )),
        }
    }

    /// Traded volume, 0 where the file has none.
    ///
    /// # Errors
    /// [`Error::Input`] for a text that is not a volume.
    pub(in super::super) fn volume(&self) -> Result<f64> {
        let Some(field) = self.columns().volume else { return Ok(0.0) };
        let text = self.field(field);
        match number::parse_amount(text, self.of.mark) {
            Some(volume) if volume.is_finite() && volume >= 0.0 => Ok(volume),
            _ => Err(self.error(
                field,
                format!(
                    "`{}` is not a volume: a number of 0 or more; correct the row, or remove the setting volume",
                    number::shown(text, 40)
                ),
            )),
        }
    }
}

impl PriceFile<'_> {
    fn error_in(&self, record: &Record, field: usize, message: String) -> Error {
        Error::Input {
            file: self.file.to_path_buf(),
            line: record.line,
            column: record.column(field),
            message,
        }
    }
}
