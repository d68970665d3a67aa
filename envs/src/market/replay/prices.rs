//! Prices of one or several assets on common dates.

use std::fmt::Write;
use std::path::Path;

use freewheel_core::{Error, Purpose, Result, Streams};
use jiff::civil::DateTime;

use super::bars::Bars;
use super::calendar::Calendar;
use super::file::Key;
use super::settings::Settings;

/// Prices of n assets at T common bars; matrices are row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// Names of the assets, `[n]`, in the order of the files.
    pub assets: Vec<String>,
    /// Date and time of each bar, `[T]`; the meaning is `key`.
    pub dates: Vec<DateTime>,
    /// Meaning of the dates: as written in the files, or instants in UTC.
    pub key: Key,
    /// Opening prices, `[T, n]`.
    pub open: Vec<f64>,
    /// Closing prices, `[T, n]`.
    pub close: Vec<f64>,
    /// Volumes, `[T, n]`; empty where a file has none.
    pub volume: Vec<f64>,
    /// Number of bars of all files that were dropped because another file lacks their date.
    pub dropped: usize,
}

impl Prices {
    /// Reads all files of the settings.
    ///
    /// # Errors
    /// Errors of [`Bars::read`] and [`Prices::align`].
    pub fn read(settings: &Settings) -> Result<Prices> {
        let files = std::iter::once(&settings.file).chain(&settings.others);
        let bars: Vec<Bars> =
            files.map(|file| Bars::read(Path::new(file), settings)).collect::<Result<_>>()?;
        Prices::align(&bars, settings.largest_gap)
    }

    /// Keeps the times that all series have, in one pass over the ascending series. Times are compared as instants
    /// where all files have offsets from UTC, else as they are written.
    ///
    /// # Errors
    /// [`Error::Config`] for files that mix times with and without offsets, for less than two common times, or for a
    /// gap of more than `largest_gap` days between them.
    pub fn align(all: &[Bars], largest_gap: f64) -> Result<Prices> {
        let key = common_key(all)?;
        let times: Vec<Vec<DateTime>> = all.iter().map(|bars| bars.times.by(key)).collect();
        let with_volume = all.iter().all(|bars| !bars.volume.is_empty());
        let mut prices = Prices {
            assets: all.iter().map(|bars| bars.asset.clone()).collect(),
            dates: Vec::new(),
            key,
            open: Vec::new(),
            close: Vec::new(),
            volume: Vec::new(),
            dropped: 0,
        };
        let mut at = vec![0; all.len()];
        while let Some(date) = latest_date(&times, &at) {
            for (times, at) in times.iter().zip(&mut at) {
                *at += times[*at..].iter().take_while(|&&other| other < date).count();
            }
            if !times.iter().zip(&at).all(|(times, &at)| times.get(at) == Some(&date)) {
                continue;
            }
            prices.dates.push(date);
            for (bars, at) in all.iter().zip(&mut at) {
                prices.open.push(bars.open[*at]);
                prices.close.push(bars.close[*at]);
                prices.volume.extend(bars.volume.get(*at).filter(|_| with_volume));
                *at += 1;
            }
        }
        let assets = prices.assets.join(", ");
        if prices.dates.len() < 2 {
            let n = prices.dates.len();
            return Err(Error::Config(format!(
                "{assets} have {n} dates in common and need 2 or more; use files of the same period and the same times"
            )));
        }
        let gap = Calendar::of(&prices.dates).first_gap(&prices.dates, largest_gap).filter(|_| all.len() > 1);
        if let Some((_, gap)) = gap {
            return Err(Error::Config(format!("{assets}: common dates: {gap}")));
        }
        let rows: usize = times.iter().map(Vec::len).sum();
        prices.dropped = rows - prices.dates.len() * all.len();
        Ok(prices)
    }

    /// Number of bars T.
    pub fn bars(&self) -> usize {
        self.dates.len()
    }

    /// Number of assets n.
    pub fn width(&self) -> usize {
        self.assets.len()
    }

    /// Bars per year, counted from the calendar of the bars: 252 for daily bars of an exchange, 365 for those of every
    /// day, 52 weekly, 12 monthly, and 24 times 365 for hourly ones around the clock.
    pub fn periods(&self) -> f64 {
        Calendar::of(&self.dates).bars_per_year(&self.dates)
    }

    /// Date of a bar as text; an instant ends in `Z`.
    pub(super) fn date_text(&self, bar: usize) -> String {
        let end = if self.key == Key::Utc { "Z" } else { "" };
        format!("{}{end}", self.dates[bar])
    }
}

/// Meaning of the times that all series share.
fn common_key(all: &[Bars]) -> Result<Key> {
    if all.iter().all(|bars| bars.times.are_dates()) {
        return Ok(Key::Civil);
    }
    let (with, without): (Vec<&Bars>, Vec<&Bars>) =
        all.iter().partition(|bars| !bars.times.offsets.is_empty());
    match (with.first(), without.first()) {
        (Some(with), Some(without)) => Err(Error::Config(format!(
            "the times of {} have offsets from UTC and those of {} have none, so that their bars cannot be aligned; \
             write offsets in both files, such as 2017-01-31 22:00:00-05:00, or in neither",
            with.asset, without.asset
        ))),
        (Some(_), None) => Ok(Key::Utc),
        _ => Ok(Key::Civil),
    }
}

/// Latest of the times at the positions `at`, one position for each series; `None` if a series is at its end.
fn latest_date(all: &[Vec<DateTime>], at: &[usize]) -> Option<DateTime> {
    let dates: Option<Vec<DateTime>> =
        all.iter().zip(at).map(|(times, &at)| times.get(at).copied()).collect();
    dates?.into_iter().max()
}

/// Daily bars of a random walk with fixed seed, 28 a month from 2000 on; log returns have standard deviations of 0.2
/// % overnight and 1 % during the day.
///
/// # Errors
/// Errors of [`Bars::parse`], for settings that reject the generated bars.
pub fn random_walk(days: usize, settings: &Settings) -> Result<Prices> {
    let mut rng = Streams::new(1).stream(Purpose::Generation, 0, 0);
    let (mut text, mut close) = ("date,open,high,low,close\n".to_owned(), 100.0);
    for day in 0..days {
        let date = format!("{}-{:02}-{:02}", 2000 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
        let open = close * (0.002 * rng.normal()).exp();
        close = open * (0.01 * rng.normal()).exp();
        let (high, low) = (f64::max(open, close), f64::min(open, close));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{date},{open},{high},{low},{close}");
    }
    let bars = Bars::parse(Path::new("random-walk.csv"), text.as_bytes(), settings)?;
    Prices::align(&[bars], settings.largest_gap)
}
