//! Moments in time: the one reader of dates and times of price files.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, ISOWeekDate, Weekday};

use super::clock::{self, Clock};
use super::number::shown;

/// Start of 1970, from which seconds are counted.
const EPOCH: DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// Maximum number of bytes of a date and time.
const MAX_LENGTH: usize = 100;

/// Date and time of day as written, and their offset from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Date and time as written; midnight without a time.
    pub(super) civil: DateTime,
    /// Offset from UTC in seconds; `None` for a civil time, which is no instant.
    pub(super) offset: Option<i32>,
    /// Whether the text has a time of day.
    pub(super) timed: bool,
}

/// Order of day and month in dates whose year is last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// Day first in dates with dots, month first in others.
    #[default]
    BySeparator,
    DayFirst,
    MonthFirst,
}

impl Order {
    /// Order of the setting `day_first`.
    pub(super) fn of(day_first: Option<bool>) -> Order {
        match day_first {
            None => Order::BySeparator,
            Some(true) => Order::DayFirst,
            Some(false) => Order::MonthFirst,
        }
    }

    /// Whether the day is first in a date with the separator `separator`.
    pub(super) fn is_day_first(self, separator: char) -> bool {
        match self {
            Order::BySeparator => separator == '.',
            Order::DayFirst => true,
            Order::MonthFirst => false,
        }
    }
}

/// Parses a date with or without a time of day:
///
/// * `2017-01-31`, `2017/1/31`, `2017.01.31`, `20170131`, `31.01.2017`, `1/31/2017`, `1-31-2017`, `1/31/17`; the day
///   comes first as `order` says;
/// * `3-Jan-22`, `3 Jan 2022`, `Jan 3, 2022`, `Mon 3 January 2022`, `2022-Jan-03`, with English names;
/// * `2018-W05-1` and `2018-W05` (ISO 8601 weeks), `2018-01`, `201801`, `2018M01`, `2018-Q1`, `2018` (the first day);
/// * `20170131093000` and `201701310930`; seconds, milliseconds, microseconds or nanoseconds since 1970.
///
/// # Errors
/// The problem and the remedy.
pub(super) fn parse(text: &str, order: Order) -> Result<Moment, String> {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    if text.len() > MAX_LENGTH {
        return Err(unknown(&shown(text, 40)));
    }
    if let Some(moment) = number(text)? {
        return Ok(moment);
    }
    let mut date = String::new();
    let mut clock = Clock::default();
    for word in words(text) {
        let complete = matches!(runs(&date)[..], [only] if is_day(only)) || runs(&date).len() >= 3;
        if clock.take(word, complete).map_err(|problem| format!("`{text}`: {problem}"))? {
            continue;
        }
        if weekday(word).is_none() {
            date.push(' ');
            date.push_str(word);
        }
    }
    let date = parse_date(date.trim(), text, order)?;
    finish(date, &clock, text)
}

/// Parses a date and the time of day in a column of its own.
///
/// # Errors
/// Same errors as [`parse`].
pub(super) fn parse_with_time(date: &str, time: &str, order: Order) -> Result<Moment, String> {
    let moment = parse(date, order)?;
    if moment.timed || time.trim().is_empty() {
        return Ok(moment);
    }
    let clock = clock::parse(time)
        .ok_or_else(|| format!("`{time}` is not a time of day; write it as 09:30 or 09:30:00"))?;
    finish(moment.civil.date(), &clock, time)
}

fn finish(date: Date, clock: &Clock, text: &str) -> Result<Moment, String> {
    let (time, next_day) = clock.time().map_err(|problem| format!("`{text}`: {problem}"))?;
    let date = if next_day { date.tomorrow().map_err(|_| unknown(text))? } else { date };
    Ok(Moment { civil: date.to_datetime(time), offset: clock.offset, timed: clock.is_given() })
}

/// Words of a text: separated by spaces, by a T or an underscore between digits; without commas at their
/// ends.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    text.match_indices(|c: char| c.is_whitespace() || c == '_' || c == 'T' || c == 't')
        .filter(move |&(at, sep)| {
            !matches!(sep, "T" | "t" | "_") || (digit(at.checked_sub(1)) && digit(Some(at + 1)))
        })
        .map(|(at, sep)| (at, at + sep.len()))
        .chain(std::iter::once((text.len(), text.len())))
        .scan(0, |from, (at, next)| {
            let word = &text[*from..at];
            *from = next;
            Some(word.trim_end_matches(','))
        })
        .filter(|word| !word.is_empty())
}

/// Moment of a text that is one number; `None` for other texts.
fn number(text: &str) -> Result<Option<Moment>, String> {
    let (negative, plain) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Ok(None);
    }
    if !negative
        && fraction.trim_end_matches('0').is_empty()
        && matches!(whole.len(), 4 | 6 | 8 | 12 | 14 | 17)
    {
        let date = |year: &str, month: &str, day: &str| {
            let [month, day] = [month, day].map(|part| part.parse().unwrap_or(0));
            Date::new(year.parse().unwrap_or(0), month, day).ok().filter(|date| date.year() >= 1800)
        };
        let found = match whole.len() {
            4 => date(whole, "1", "1"),
            // 180105 is no month.
            6 => date(&whole[..4], &whole[4..], "1").filter(|date| (1900..2100).contains(&date.year())),
            _ => date(&whole[..4], &whole[4..6], &whole[6..8]),
        };
        let clock = if whole.len() > 8 { clock::parse(&whole[8..]) } else { Some(Clock::default()) };
        // 12 digits are also milliseconds before 2001, 17 microseconds after 5138.
        if let (Some(date), Some(clock)) = (found, clock)
            && (whole.len() <= 8 || date.year() >= 1900)
        {
            return finish(date, &clock, text).map(Some);
        }
        if whole.len() <= 8 {
            return Err(unknown(text));
        }
    }
    let scale: i128 = match whole.len() {
        ..=5 if !negative => {
            let serial = "looks like the serial number of a day in a spreadsheet; give the column a date format \
                          there, such as 2017-01-31, and export it again";
            return Err(format!("`{text}` {serial}"));
        }
        ..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1000,
        _ => 1,
    };
    let digits: i128 = whole.parse().map_err(|_| unknown(text))?;
    // Fractions of seconds, such as 1514764800.0 of a table of floating-point numbers.
    let parts: i128 = format!("{fraction:0<9.9}").parse().unwrap_or(0);
    let nanoseconds = digits * scale + parts * scale / 1_000_000_000;
    let nanoseconds = if negative { -nanoseconds } else { nanoseconds };
    let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).map_err(|_| unknown(text))?;
    let since = SignedDuration::new(seconds, nanoseconds.rem_euclid(1_000_000_000) as i32);
    let civil = EPOCH.checked_add(since).map_err(|_| unknown(text))?;
    Ok(Some(Moment { civil, offset: Some(0), timed: true }))
}

/// Parses the words of a date; `text` is the whole text, for error messages.
fn parse_date(date: &str, text: &str, order: Order) -> Result<Date, String> {
    let separator = date.chars().find(|c| !c.is_alphanumeric()).unwrap_or('-');
    let runs = runs(date);
    let small = |run: &str| run.parse::<i8>().unwrap_or(0);
    let year = |run: &str| run.parse::<i16>().ok().filter(|_| run.len() == 4);
    let first_of = |run: &str, month: i8| {
        year(run).and_then(|year| Date::new(year, month, 1).ok()).ok_or_else(|| unknown(text))
    };
    let names: Vec<&str> = runs.iter().copied().filter(|run| !run.as_bytes()[0].is_ascii_digit()).collect();
    let numbers: Vec<&str> = runs.iter().copied().filter(|run| run.as_bytes()[0].is_ascii_digit()).collect();
    match (names.as_slice(), numbers.as_slice()) {
        ([], &[only]) if is_day(only) => match number(only)? {
            Some(moment) => Ok(moment.civil.date()),
            None => Err(unknown(text)),
        },
        ([], &[a, b]) => first_of(a, small(b)),
        ([], &[a, b, c]) => {
            let (y, m, d) = match (a.len() == 4, order.is_day_first(separator)) {
                (true, _) => (a, b, c),
                (false, true) => (c, b, a),
                (false, false) => (c, a, b),
            };
            // 17-01-31 may be 31 January 2017 or 17 January 2031.
            let short = c.len() == 2 && matches!(separator, '/' | '.');
            let Some(y) = year(y).or_else(|| short.then(|| century(y)).flatten()) else {
                return Err(format!("the year of `{text}` must have four digits, as in 2017-01-31"));
            };
            let (m, d) = (small(m), small(d));
            Date::new(y, m, d).map_err(|_| {
                let other = if m > 12 { "; set day_first if the day comes first" } else { "" };
                format!("`{text}` has day {d} of month {m}, which does not exist{other}")
            })
        }
        (&[marker], &[y, n]) if marker.eq_ignore_ascii_case("M") => first_of(y, small(n)),
        (&[marker], &[y, n]) if marker.eq_ignore_ascii_case("Q") => {
            let quarter = small(n).clamp(0, 5);
            first_of(y, if quarter == 0 { 0 } else { 3 * quarter - 2 })
        }
        (&[marker], &[y, n]) if marker.eq_ignore_ascii_case("W") => {
            week(year(y), n, "1").ok_or_else(|| unknown(text))
        }
        (&[marker], &[y, n, day]) if marker.eq_ignore_ascii_case("W") => {
            week(year(y), n, day).ok_or_else(|| unknown(text))
        }
        (&[name], numbers) => {
            let month = month(name).ok_or_else(|| unknown(text))?;
            let (y, d) = match *numbers {
                [y] => (y, "1"),
                [a, b] if a.len() == 4 => (a, b),
                [a, b] => (b, a),
                _ => return Err(unknown(text)),
            };
            let y = year(y).or_else(|| (numbers.len() == 2).then(|| century(y)).flatten());
            y.and_then(|y| Date::new(y, month, small(d)).ok()).ok_or_else(|| unknown(text))
        }
        _ => Err(unknown(text)),
    }
}

/// Whether a text has the form `20170131`.
fn is_day(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Runs of digits and runs of letters of a text.
fn runs(text: &str) -> Vec<&str> {
    let kind = |c: char| (c.is_ascii_digit(), c.is_alphabetic());
    let mut runs = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len());
        if kind(first) != (false, false) {
            runs.push(&rest[..end]);
        }
        rest = &rest[end..];
    }
    runs
}

/// Year of two digits: 1969 to 2068.
fn century(text: &str) -> Option<i16> {
    let year = text.parse::<i16>().ok().filter(|_| text.len() == 2)?;
    Some(if year < 69 { 2000 + year } else { 1900 + year })
}

fn week(year: Option<i16>, week: &str, day: &str) -> Option<Date> {
    // 2018W051 has the day next to the week.
    let (week, day) = if week.len() == 3 { week.split_at(2) } else { (week, day) };
    let day = Weekday::from_monday_one_offset(day.parse().ok()?).ok()?;
    Some(ISOWeekDate::new(year?, week.parse().ok()?, day).ok()?.date())
}

/// Whether `text` is the English name `full` or an abbreviation of it with three letters or more.
fn names(full: &str, text: &str) -> bool {
    text.len() >= 3 && full.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
}

fn month(text: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let month = (1..).zip(MONTHS).find(|(_, name)| names(name, text)).map(|(month, _)| month);
    month.or(text.eq_ignore_ascii_case("sept").then_some(9))
}

fn weekday(text: &str) -> Option<usize> {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    DAYS.iter().position(|name| names(name, text.trim_end_matches('.')))
}

fn unknown(text: &str) -> String {
    format!("`{text}` is not a date; write it as 2017-01-31 or 2017-01-31 22:00:00")
}
