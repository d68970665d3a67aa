//! The prices of one or several assets on common dates.

use std::path::Path;

use freewheel_core::{Error, Result};
use jiff::civil::DateTime;

use super::bars::{Bars, days_between};
use super::settings::Settings;

/// Prices of n assets at T bars that all of them have.
#[derive(Clone, Debug, PartialEq)]
pub struct Prices {
    /// The assets, `[n]`, in the order of the files.
    pub assets: Vec<String>,
    /// When each bar is, `[T]`.
    pub dates: Vec<DateTime>,
    /// First prices, `[T, n]`, bar after bar.
    pub open: Vec<f64>,
    /// Last prices, `[T, n]`.
    pub close: Vec<f64>,
    /// Volumes, `[T, n]`; empty where a file has none.
    pub volume: Vec<f64>,
    /// Bars of all files together that were left out because another file has none of that date.
    pub dropped: usize,
}

impl Prices {
    /// Reads all files of the settings.
    ///
    /// # Errors
    /// As [`Bars::read`] and [`Prices::align`].
    pub fn read(settings: &Settings) -> Result<Prices> {
        let files = std::iter::once(&settings.file).chain(&settings.others);
        let bars: Vec<Bars> =
            files.map(|file| Bars::read(Path::new(file), settings)).collect::<Result<_>>()?;
        Prices::align(&bars, settings.largest_gap)
    }

    /// Keeps the dates that all have. All series are ascending, so one pass over each does it.
    ///
    /// # Errors
    /// [`Error::Config`] where less than two dates are common, or leaving out the others makes a gap of more than
    /// `largest_gap` days.
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
        while let Some(date) = furthest(all, &at) {
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
                    "{} have no common date between {before} and {date}; fill the gap in, or raise largest_gap",
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
                "{assets} have {n} dates in common; give files of the same time"
            )));
        }
        let rows: usize = all.iter().map(|bars| bars.dates.len()).sum();
        prices.dropped = rows - prices.dates.len() * all.len();
        Ok(prices)
    }

    /// T.
    pub fn bars(&self) -> usize {
        self.dates.len()
    }

    /// n.
    pub fn width(&self) -> usize {
        self.assets.len()
    }

    /// Bars in a year, from the usual distance of two bars: 252 of days, 52 of weeks, 12 of months, 4 of quarters, 1 of
    /// years; for shorter bars, as many as there are in the file over the years it spans.
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

/// The latest of the dates at which the series stand; `None` where one is at its end.
fn furthest(all: &[Bars], at: &[usize]) -> Option<DateTime> {
    let dates: Option<Vec<DateTime>> =
        all.iter().zip(at).map(|(bars, &at)| bars.dates.get(at).copied()).collect();
    dates?.into_iter().max()
}
