//! Bars of one asset, read from a price file.

use std::path::{Path, PathBuf};

use freewheel_core::input::Source;
use freewheel_core::{Result, memory};

use super::file::{PriceFile, Times, text_of};
use super::settings::Settings;
use super::stock_split;

/// Bars of one asset in chronological order; all vectors are `[T]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// Name of the file without its extensions, such as `GOOGL`.
    pub asset: String,
    /// Date and time of each bar.
    pub times: Times,
    /// Opening prices.
    pub open: Vec<f64>,
    /// Highest prices.
    pub high: Vec<f64>,
    /// Lowest prices.
    pub low: Vec<f64>,
    /// Closing prices.
    pub close: Vec<f64>,
    /// Traded volumes; empty where the file has none or no feature uses them.
    pub volume: Vec<f64>,
}

impl Bars {
    /// Reads a file, plain or gzipped, with the file settings in `settings`.
    ///
    /// # Errors
    /// [`freewheel_core::Error::Io`] for a file that cannot be read; [`freewheel_core::Error::Bytes`] for a damaged
    /// gzip stream; [`freewheel_core::Error::Input`] with file, line, column, problem and remedy;
    /// [`freewheel_core::Error::Unsupported`] for a file above the size limit.
    pub fn read(file: &Path, settings: &Settings) -> Result<Bars> {
        Bars::from_text(file, &text_of(file, Source::open(file)?.bytes()?)?, settings)
    }

    /// Parses the contents of a file; `file` is the name of the file in error messages.
    ///
    /// # Errors
    /// Same errors as [`Bars::read`].
    pub fn parse(file: &Path, bytes: &[u8], settings: &Settings) -> Result<Bars> {
        Bars::from_text(file, &text_of(file, bytes.to_vec())?, settings)
    }

    fn from_text(file: &Path, text: &str, settings: &Settings) -> Result<Bars> {
        // A bar has at least 11 characters, and 6 numbers.
        memory::require(&file.display().to_string(), text.len() as u128 / 11 * 48)?;
        let rows = PriceFile::new(file, text, settings)?;
        let (times, newest_first) = Times::read(&rows, settings)?;
        if times.len() < 2 {
            let n = times.len();
            return Err(rows.error(format!("the file has {n} bars and needs 2 or more; add more rows")));
        }
        let mut bars = Bars { asset: asset_of(file), times, ..Bars::default() };
        bars.read_prices(&rows, settings)?;
        if newest_first {
            bars.reverse_prices();
        }
        let split = stock_split::check(&mut bars, settings.splits);
        split.map_err(|(index, message)| {
            let row = if newest_first { bars.times.len() - 1 - index } else { index };
            rows.date_error(row, message)
        })?;
        Ok(bars)
    }

    fn read_prices(&mut self, rows: &PriceFile, settings: &Settings) -> Result<()> {
        let with_volume = rows.has_volume() && !settings.volume.is_empty();
        let mut rows = rows.rows();
        while let Some(row) = rows.next()? {
            let [open, high, low, close] = row.prices(settings.tolerance)?;
            let factor = row.adjusted()?.map_or(1.0, |adjusted| adjusted / close);
            self.open.push(open * factor);
            self.high.push(high * factor);
            self.low.push(low * factor);
            self.close.push(close * factor);
            if with_volume {
                self.volume.push(row.volume()?);
            }
        }
        Ok(())
    }

    /// All series of prices, and the volumes.
    pub(super) fn series(&mut self) -> [&mut Vec<f64>; 5] {
        [&mut self.open, &mut self.high, &mut self.low, &mut self.close, &mut self.volume]
    }

    fn reverse_prices(&mut self) {
        self.series().into_iter().for_each(|series| series.reverse());
    }
}

/// Name of the asset of a file: `GOOGL` for `prices/GOOGL.csv.gz`.
fn asset_of(file: &Path) -> String {
    let name = PathBuf::from(file.file_name().unwrap_or_default());
    let name = name.to_string_lossy().into_owned();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    [".csv", ".txt", ".tsv"].iter().find_map(|end| plain.strip_suffix(end)).unwrap_or(plain).to_owned()
}
