//! Times of the bars of a file: instants or civil times, their order and gaps.

use freewheel_core::{Error, Result};
use jiff::SignedDuration;
use jiff::civil::{DateTime, Time};

use super::super::calendar::Calendar;
use super::super::settings::Settings;
use super::moment::Order;
use super::rows::PriceFile;

/// Meaning of the times by which bars are ordered and aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Dates and times as written.
    Civil,
    /// Instants, in UTC.
    Utc,
}

/// Times of the bars of a file, `[T]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// Dates and times as written in the file.
    pub civil: Vec<DateTime>,
    /// Offsets from UTC in seconds; empty where the file has none.
    pub offsets: Vec<i32>,
}

impl Times {
    /// Reads the times of a file, oldest first, and returns whether the file has the newest first.
    ///
    /// # Errors
    /// [`Error::Input`] for an invalid, repeated or unsorted time, a time with an offset next to one without, and a gap
    /// longer than `settings.largest_gap`.
    pub(in super::super) fn read(file: &PriceFile, settings: &Settings) -> Result<(Times, bool)> {
        let order = Order::of(settings.day_first);
        let error = match Times::read_in_order(file, settings, order) {
            Err(error) if order == Order::BySeparator => error,
            result => return result,
        };
        for (other, name, value) in [(Order::DayFirst, "day", true), (Order::MonthFirst, "month", false)] {
            if let (Error::Input { file: path, line, column, message }, Ok(_)) =
                (&error, Times::read_in_order(file, settings, other))
            {
                let (file, line, column) = (path.clone(), *line, *column);
                let message = format!(
                    "{message}. All dates of the file are in order if the {name} comes first: set day_first = {value}"
                );
                return Err(Error::Input { file, line, column, message });
            }
        }
        Err(error)
    }

    fn read_in_order(file: &PriceFile, settings: &Settings, order: Order) -> Result<(Times, bool)> {
        let mut times = Times::default();
        let mut rows = file.rows();
        while let Some(row) = rows.next()? {
            let moment = row.moment(order)?;
            let index = times.civil.len();
            if index > 0 && moment.offset.is_some() == times.offsets.is_empty() {
                let (this, other) = if moment.offset.is_some() { ("an", "none") } else { ("no", "one") };
                let message = format!(
                    "this time has {this} offset from UTC and those before have {other}; write the offset in every \
                     row, such as 2017-01-31 22:00:00-05:00, or in none"
                );
                return Err(file.date_error(index, message));
            }
            times.civil.push(moment.civil);
            times.offsets.extend(moment.offset);
        }
        let newest_first = times.check(file, settings.largest_gap)?;
        if newest_first {
            times.civil.reverse();
            times.offsets.reverse();
        }
        Ok((times, newest_first))
    }

    /// Number of bars.
    pub fn len(&self) -> usize {
        self.civil.len()
    }

    /// Whether there are no bars.
    pub fn is_empty(&self) -> bool {
        self.civil.is_empty()
    }

    /// Whether all times are midnight where they were written: such bars have a date, no time.
    pub fn are_dates(&self) -> bool {
        self.civil.iter().all(|time| time.time() == Time::midnight())
    }

    /// Meaning of the times of this file alone: instants where they have offsets and are not just dates.
    pub fn key(&self) -> Key {
        if self.offsets.is_empty() || self.are_dates() { Key::Civil } else { Key::Utc }
    }

    /// Times by which bars are ordered and aligned; the meaning `Utc` needs offsets.
    pub fn by(&self, key: Key) -> Vec<DateTime> {
        let utc = |(civil, offset): (&DateTime, &i32)| {
            civil.saturating_sub(SignedDuration::from_secs((*offset).into()))
        };
        match key {
            Key::Civil => self.civil.clone(),
            Key::Utc => self.civil.iter().zip(&self.offsets).map(utc).collect(),
        }
    }

    /// Checks order and gaps, in the order of the file; returns whether the newest time is first.
    fn check(&self, file: &PriceFile, largest_gap: f64) -> Result<bool> {
        let key = self.key();
        let times = self.by(key);
        let steps = || times.windows(2).map(|pair| pair[1].cmp(&pair[0]));
        let falls = steps().filter(|step| step.is_lt()).count();
        let newest_first = falls > steps().filter(|step| step.is_gt()).count();
        let clock_change = if key == Key::Civil && !self.are_dates() {
            "; if a clock change repeats an hour, write times with offsets, such as 2017-01-31 22:00:00-05:00"
        } else {
            ""
        };
        for (index, pair) in times.windows(2).enumerate() {
            let (before, time) = (pair[0], pair[1]);
            let refuse = |message: String| Err(file.date_error(index + 1, message + clock_change));
            let shown = self.civil[index + 1];
            if time == before {
                return refuse(format!("the date {shown} appears twice; delete one of the rows"));
            }
            if (time < before) != newest_first {
                let direction = if newest_first { "newest" } else { "oldest" };
                return refuse(format!(
                    "{shown} comes after {}; sort the rows by date, {direction} first",
                    self.civil[index]
                ));
            }
        }
        let mut sorted = times;
        if newest_first {
            sorted.reverse();
        }
        let calendar = Calendar::of(&sorted);
        if let Some((index, gap)) = calendar.first_gap(&sorted, largest_gap) {
            let at = if newest_first { sorted.len() - 1 - index } else { index + 1 };
            return Err(file.date_error(at, gap));
        }
        Ok(newest_first)
    }
}
