//! Prices of one or several assets on common dates.

use std::fmt::Write;
use std::path::Path;

use freewheel_core::{Error, Purpose, Result, Streams};
use jiff::civil::DateTime;

use super::bars::{Bars, days_between};
use super::settings::Settings;

/// Prices of n assets at T common bars; matrices are row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// Names of the assets, `[n]`, in the order of the files.
    pub assets: Vec<String>,
    /// Date and time of each bar, `[T]`.
    pub dates: Vec<DateTime>,
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

    /// Keeps the dates that all series have, in one pass over the ascending series.
    ///
    /// # Errors
    /// [`Error::Config`] for less than two common dates, or a gap of more than `largest_gap` days between them.
    pub fn align(all: &[Bars], largest_gap: f64) -> Result<Prices> {
        let assets: Vec<String> = all.iter().map(|bars| bars.asset.clone()).collect();
        let with_volume = all.iter().all(|bars| !bars.volume.is_empty());
        let mut prices = Prices {
            assets,
            dates: Vec::new(),
            open: Vec::new(),
            close: Vec::new(),
            volume: Vec::new(),
            dropped: 0,
        };
        let mut at = vec![0; all.len()];
        while let Some(date) = latest_date(all, &at) {
            for (bars, at) in all.iter().zip(&mut at) {
                *at += bars.dates[*at..].iter().take_while(|&&other| other < date).count();
            }
            if !all.iter().zip(&at).all(|(bars, &at)| bars.dates.get(at) == Some(&date)) {
                continue;
            }
            if let Some(&before) =
                prices.dates.last().filter(|&&before| days_between(before, date) > largest_gap)
            {
                return Err(Error::Config(format!(
                    "{} have no common date between {before} and {date}; fill the gap or raise largest_gap",
                    prices.assets.join(", ")
                )));
            }
            prices.dates.push(date);
            for (bars, at) in all.iter().zip(&mut at) {
                prices.open.push(bars.open[*at]);
                prices.close.push(bars.close[*at]);
                prices.volume.extend(bars.volume.get(*at).filter(|_| with_volume));
                *at += 1;
            }
        }
        if prices.dates.len() < 2 {
            let (n, assets) = (prices.dates.len(), prices.assets.join(", "));
            return Err(Error::Config(format!(
                "{assets} have {n} dates in common and need 2 or more; use files of the same period"
            )));
        }
        let rows: usize = all.iter().map(|bars| bars.dates.len()).sum();
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

    /// Bars per year, from the median distance of two bars: 252 for daily bars, 52 weekly, 12 monthly, 4 quarterly, 1
    /// yearly; for shorter bars, the number of bars divided by the years of the file.
    pub fn periods(&self) -> f64 {
        let mut days: Vec<f64> = self.dates.windows(2).map(|pair| days_between(pair[0], pair[1])).collect();
        days.sort_by(f64::total_cmp);
        match days[days.len() / 2] {
            300.0.. => 1.0,
            80.0.. => 4.0,
            25.0.. => 12.0,
            6.0.. => 52.0,
            0.8.. => 252.0,
            _ => (days.len() as f64) / (days.iter().sum::<f64>() / 365.25),
        }
    }
}

/// Latest of the dates at the positions `at`, one position for each series; `None` if a series is at its end.
fn latest_date(all: &[Bars], at: &[usize]) -> Option<DateTime> {
    let dates: Option<Vec<DateTime>> =
        all.iter().zip(at).map(|(bars, &at)| bars.dates.get(at).copied()).collect();
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
