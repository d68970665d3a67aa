//! Times of day and offsets from UTC, parts of a moment.

use jiff::civil::Time;

/// Time of day and offset from UTC, collected word by word.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// Hour, minute, second and nanosecond; the hour may be 24 with 0 after it.
    parts: Option<[u32; 4]>,
    /// Whether the hour is one of 12 after noon; `None` for 24 hours.
    afternoon: Option<bool>,
    /// Offset from UTC in seconds.
    pub(super) offset: Option<i32>,
}

/// Parses a time of day alone: `9:30`, `09:30:00.000`, `9:30 AM`, `09:30:00-05:00`, `0930`, `093000`, `93000`.
pub(super) fn parse(text: &str) -> Option<Clock> {
    let text = text.trim().trim_matches(['"', '\'']);
    let mut clock = Clock::default();
    for word in text.split_whitespace() {
        if !clock.take(word, true).ok()? {
            return None;
        }
    }
    (clock.is_given() && clock.time().is_ok()).then_some(clock)
}

impl Clock {
    /// Whether there is a time of day.
    pub(super) fn is_given(&self) -> bool {
        self.parts.is_some()
    }

    /// Takes a word that is part of a time; returns whether it is one. `after_date` is whether a date comes before it,
    /// so that digits are a time.
    ///
    /// # Errors
    /// The problem and the remedy.
    pub(super) fn take(&mut self, word: &str, after_date: bool) -> Result<bool, String> {
        if let Some(afternoon) = meridiem(word) {
            self.afternoon = Some(afternoon);
            return Ok(self.is_given());
        }
        if self.is_given()
            && self.offset.is_none()
            && let Some(offset) = offset(word)
        {
            self.offset = Some(offset);
            return Ok(true);
        }
        if word.starts_with('[') && self.is_given() {
            return match self.offset {
                Some(_) => Ok(true),
                None => Err(zone_name(word)),
            };
        }
        if !word.starts_with(|c: char| c.is_ascii_digit()) {
            return if self.is_given() && word.chars().all(char::is_alphabetic) {
                Err(zone_name(word))
            } else {
                Ok(false)
            };
        }
        let end =
            word.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(word.len());
        let (digits, rest) = word.split_at(end);
        let colons = digits.contains(':');
        let hour_only = meridiem(rest.trim_start_matches('-')).is_some();
        let compact_time = after_date && self.parts.is_none() && is_compact(digits);
        if !(colons || hour_only || compact_time) {
            return Ok(false);
        }
        let parts = if colons { with_colons(digits) } else { compact(digits, hour_only) };
        self.parts = Some(parts.ok_or("the time of day is not readable; write it as 09:30 or 09:30:00")?);
        let zone = match meridiem(rest.trim_start_matches('-')) {
            Some(afternoon) => {
                self.afternoon = Some(afternoon);
                ""
            }
            None => rest,
        };
        if let Some((offset_text, bracket)) = zone.split_once('[') {
            self.offset = offset(offset_text);
            self.offset.ok_or_else(|| zone_name(bracket))?;
        } else if !zone.is_empty() {
            self.offset = Some(offset(zone).ok_or_else(|| zone_name(zone))?);
        }
        Ok(true)
    }

    /// Time of day, midnight if none is given; and whether it is the end of the day, 24:00, midnight of the next day.
    ///
    /// # Errors
    /// The problem and the remedy.
    pub(super) fn time(&self) -> Result<(Time, bool), String> {
        let Some([hour, minute, second, nanosecond]) = self.parts else {
            return Ok((Time::midnight(), false));
        };
        let hour = match self.afternoon {
            Some(afternoon) if hour <= 12 => hour % 12 + if afternoon { 12 } else { 0 },
            Some(_) if hour > 23 => 99,
            _ => hour,
        };
        if (hour, minute, second, nanosecond) == (24, 0, 0, 0) {
            return Ok((Time::midnight(), true));
        }
        let small = |part: u32| i8::try_from(part).unwrap_or(-1);
        let nanosecond = i32::try_from(nanosecond).unwrap_or(-1);
        match Time::new(small(hour), small(minute), small(second), nanosecond) {
            Ok(time) => Ok((time, false)),
            Err(_) => Err("there is no such time of day; write it as 09:30 or 09:30:00".to_owned()),
        }
    }
}

/// Hour, minute, second and nanosecond of `9:30`, `09:30:00`, `09:30:00.123` or `09:30:00:123`.
fn with_colons(text: &str) -> Option<[u32; 4]> {
    let (clock, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let parts: Vec<u32> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let nanosecond = if fraction.is_empty() { 0 } else { format!("{fraction:0<9.9}").parse().ok()? };
    match parts[..] {
        [hour, minute] => Some([hour, minute, 0, nanosecond]),
        [hour, minute, second] => Some([hour, minute, second, nanosecond]),
        [hour, minute, second, millisecond] if millisecond < 1000 => {
            Some([hour, minute, second, millisecond * 1_000_000])
        }
        _ => None,
    }
}

fn is_compact(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.len() <= 6 || digits.len() == 9)
}

/// Hour, minute, second and nanosecond of `9`, `0930`, `093000` or `093000123`, also without zeros in front; of an
/// hour alone if `hour_only`.
fn compact(digits: &str, hour_only: bool) -> Option<[u32; 4]> {
    let number: u32 = digits.parse().ok()?;
    match digits.len() {
        _ if hour_only => (number <= 24).then_some([number, 0, 0, 0]),
        1 | 2 => Some([number, 0, 0, 0]),
        3 | 4 => Some([number / 100, number % 100, 0, 0]),
        5 | 6 => Some([number / 10_000, number / 100 % 100, number % 100, 0]),
        9 => Some([
            number / 10_000_000,
            number / 100_000 % 100,
            number / 1000 % 100,
            number % 1000 * 1_000_000,
        ]),
        _ => None,
    }
}

/// Whether a text is PM; `None` for texts other than AM and PM.
fn meridiem(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "am" | "a.m." => Some(false),
        "pm" | "p.m." => Some(true),
        _ => None,
    }
}

/// Seconds of an offset such as `Z`, `UTC`, `+00:00`, `-0500`, `+01` or `GMT+0100`.
fn offset(text: &str) -> Option<i32> {
    let upper = text.to_ascii_uppercase();
    let named = upper.strip_prefix("UTC").or(upper.strip_prefix("GMT"));
    let rest = named.unwrap_or(&upper);
    if rest == "Z" || (rest.is_empty() && named.is_some()) {
        return Some(0);
    }
    let sign = match rest.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let mut parts = rest[1..].split(':');
    let hours = parts.next()?;
    let digits = parts.try_fold(hours.to_owned(), |all, part| (part.len() == 2).then(|| all + part))?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes, seconds) = match digits.len() {
        1 | 2 => (number, 0, 0),
        3 | 4 => (number / 100, number % 100, 0),
        6 => (number / 10_000, number / 100 % 100, number % 100),
        _ => return None,
    };
    (hours <= 15 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

fn zone_name(text: &str) -> String {
    let name = text.trim_matches(['[', ']']);
    format!("the time zone `{name}` has no fixed offset; write the offset, such as 2017-01-31 22:00:00-05:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day() {
        let cases = [
            ("9:30", "09:30:00"),
            ("09:30:15.25", "09:30:15.25"),
            ("09:30:15:250", "09:30:15.25"),
            ("9:30 PM", "21:30:00"),
            ("12:05:00am", "00:05:00"),
            ("12 p.m.", "12:00:00"),
            ("0930", "09:30:00"),
            ("93000", "09:30:00"),
            ("0", "00:00:00"),
            ("170000000", "17:00:00"),
            ("09:30:00-05:00", "09:30:00"),
        ];
        for (text, time) in cases {
            let (found, _) = parse(text).unwrap_or_else(|| panic!("{text}")).time().unwrap();
            assert_eq!(found, time.parse().unwrap(), "{text}");
        }
        for text in ["", "noon", "25:00", "9:60", "13:00:00:1000", "1514764800", "9:30 EST", "14 PM x"] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(parse("24:00").unwrap().time().unwrap().1);
    }

    #[test]
    fn offsets() {
        let cases = [
            ("Z", 0),
            ("UTC", 0),
            ("+00:00", 0),
            ("+0000", 0),
            ("-05", -18_000),
            ("-0500", -18_000),
            ("+05:30", 19_800),
            ("GMT+0100", 3600),
            ("UTC+1", 3600),
        ];
        for (text, seconds) in cases {
            assert_eq!(offset(text), Some(seconds), "{text}");
        }
        for text in ["", "EST", "+", "+99:00", "+1:2:3:4", "Q"] {
            assert_eq!(offset(text), None, "{text}");
        }
    }
}
