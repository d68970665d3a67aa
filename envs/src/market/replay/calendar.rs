//! Calendar of a series of bars: days of the week with bars, gaps, and bars in a year.

use jiff::civil::{Date, DateTime};

/// Days of a year.
const YEAR: f64 = 365.2425;

/// Days in a year of a market that trades every day, and of an exchange.
const EVERY_DAY: f64 = 365.0;
const EXCHANGE: f64 = 252.0;

/// Numbers of bars in a year that have a name, from fortnights to years, and weeks.
const CONVENTIONS: [f64; 6] = [52.0, 26.0, 12.0, 4.0, 2.0, 1.0];

/// Number of missing trading days above which a gap is left out when bars are counted.
const MAX_COUNTED_GAP: f64 = 10.0;

/// Smallest number of bars on a day of the week, as a fraction of the mean over all days, that makes it a trading day.
const MIN_SHARE: f64 = 0.1;

/// Calendar of a series of bars.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calendar {
    /// Whether the day of the week is a trading day, from Monday.
    trades: [bool; 7],
    /// Usual distance of two bars, in trading days: the median.
    usual: f64,
}

impl Calendar {
    /// Calendar of ascending times.
    pub(super) fn of(times: &[DateTime]) -> Calendar {
        let mut calendar = Calendar { trades: trading_days(times), usual: 0.0 };
        let mut distances: Vec<f64> =
            times.windows(2).map(|pair| calendar.distance(pair[0], pair[1])).collect();
        distances.sort_by(f64::total_cmp);
        calendar.usual = distances.get(distances.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
        calendar
    }

    /// Trading days from `from` to `to`: days, less the whole days between them that are no trading days.
    fn distance(&self, from: DateTime, to: DateTime) -> f64 {
        let days = to.duration_since(from).as_secs_f64() / 86_400.0;
        let first = from.date().tomorrow().unwrap_or(from.date());
        days - count_days(first, to.date(), &self.trades.map(|trades| !trades)) as f64
    }

    /// Trading days without bars between two bars, beyond the usual distance of bars.
    fn missing(&self, from: DateTime, to: DateTime) -> f64 {
        self.distance(from, to) - self.usual
    }

    /// First pair of bars with more than `largest` missing trading days between them: the index of the first bar, and
    /// the problem with its remedy.
    pub(super) fn first_gap(&self, times: &[DateTime], largest: f64) -> Option<(usize, String)> {
        let missing = || times.windows(2).map(|pair| self.missing(pair[0], pair[1]));
        // Times of day are inexact fractions of days.
        let index = missing().position(|days| days > largest + 1e-9)?;
        let days = missing().nth(index)?;
        let longest = (missing().fold(days, f64::max) - 1e-9).ceil();
        let weekend = if self.trades == [true; 7] { "" } else { ", weekends left out" };
        Some((
            index,
            format!(
                "{days:.1} days without bars between {} and {}{weekend}; fill the gap, or allow the gaps of the file \
                 with largest_gap = {longest}",
                times[index],
                times[index + 1]
            ),
        ))
    }

    /// Bars in a year: bars on a day that has bars, times the number of such days in a year. That number is counted,
    /// without long gaps, and rounded to 365, 252 (trading days), 52, 26, 12, 4, 2 or 1 where it agrees
    /// with one of them.
    pub(super) fn bars_per_year(&self, times: &[DateTime]) -> f64 {
        let mut days: Vec<Date> = times.iter().map(|time| time.date()).collect();
        days.dedup();
        let per_day = bars_per_day(times, &days);
        let midnights: Vec<DateTime> = days.iter().map(|day| day.at(0, 0, 0, 0)).collect();
        if midnights.len() < 2 {
            return EXCHANGE * per_day;
        }
        let calendar = Calendar::of(&midnights);
        let (mut steps, mut span) = (0.0, 0.0);
        for pair in midnights.windows(2) {
            if calendar.missing(pair[0], pair[1]) <= MAX_COUNTED_GAP {
                steps += 1.0;
                span += match calendar.usual {
                    // Daily bars, so that a short file may begin and end on any day of the week.
                    ..1.5 => calendar.distance(pair[0], pair[1]) * 7.0 / calendar.trading_days_of_week(),
                    _ => pair[1].duration_since(pair[0]).as_secs_f64() / 86_400.0,
                };
            }
        }
        per_day * calendar.convention(steps / span * YEAR)
    }

    /// Conventional number of days with bars in a year that agrees with the number `counted`, or that number. A year
    /// has 261 days from Monday to Friday; less the holidays of an exchange, 242 to 255 are trading days.
    fn convention(&self, counted: f64) -> f64 {
        let agrees = |convention: f64, tolerance: f64| (counted / convention - 1.0).abs() <= tolerance;
        let daily = if self.trading_days_of_week() <= 5.0 { (EXCHANGE, 0.04) } else { (EVERY_DAY, 0.02) };
        let coarse = CONVENTIONS.iter().map(|&convention| (convention, 0.02));
        let mut all = std::iter::once(daily).chain(coarse);
        all.find(|&(convention, tolerance)| agrees(convention, tolerance))
            .map_or(counted, |(convention, _)| convention)
    }

    fn trading_days_of_week(&self) -> f64 {
        self.trades.iter().filter(|&&trades| trades).count() as f64
    }
}

/// Mean number of bars on a day that has bars; of a series of more than two days, without the first and the last day,
/// which may not be whole.
fn bars_per_day(times: &[DateTime], days: &[Date]) -> f64 {
    let (bars, days) = match days {
        [first, .., last] if days.len() > 2 => {
            let inner = times.iter().filter(|time| time.date() != *first && time.date() != *last).count();
            (inner, days.len() - 2)
        }
        _ => (times.len(), days.len()),
    };
    bars as f64 / days.max(1) as f64
}

/// Days of the week, from Monday, on which there are bars. Bars that are at least a week apart, and a few bars, say
/// nothing about days without bars other than a weekend.
fn trading_days(times: &[DateTime]) -> [bool; 7] {
    let mut days: Vec<Date> = times.iter().map(|time| time.date()).collect();
    days.dedup();
    let mut counts = [0.0; 7];
    for day in &days {
        counts[day.weekday().to_monday_zero_offset() as usize] += 1.0;
    }
    let mean = days.len() as f64 / 7.0;
    let has_bars = counts.map(|count| count > MIN_SHARE * mean);
    let mut gaps: Vec<i32> = days.windows(2).map(|pair| (pair[1] - pair[0]).get_days()).collect();
    gaps.sort_unstable();
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(1);
    let is_daily = usual <= 3;
    let weekdays = [true, true, true, true, true, false, false];
    match (is_daily, days.len() >= 28) {
        (true, true) => has_bars,
        (true, false) => std::array::from_fn(|day| weekdays[day] || counts[day] > 0.0),
        (false, _) => weekdays,
    }
}

/// Number of days from `from` to the day before `to` whose day of the week, from Monday, is in `of`.
fn count_days(from: Date, to: Date, of: &[bool; 7]) -> i64 {
    let days = i64::from((to - from).get_days());
    if days <= 0 {
        return 0;
    }
    let weeks = days / 7 * of.iter().filter(|&&counts| counts).count() as i64;
    let start = from.weekday().to_monday_zero_offset() as usize;
    let rest = (0..(days % 7) as usize).filter(|day| of[(start + day) % 7]).count() as i64;
    weeks + rest
}
