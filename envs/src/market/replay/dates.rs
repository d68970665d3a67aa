//! Date formats of price files.

use jiff::civil::{Date, DateTime, Time};

/// Parses `2017-01-31`, `20170131`, `31.01.2017`, `1/31/2017` or `2017/01/31`, each with or without a time such as
/// `22:00`, `22:00:00.000` or `T22:00:00Z`. `day_first` says whether the first of two numbers is the day; by default
/// the day is first in dates with dots and the month in dates with slashes. Time zones are ignored: times stay as in
/// the file.
pub(super) fn parse(text: &str, day_first: Option<bool>) -> Result<DateTime, String> {
    let text = text.trim();
    let separator = match text.find(['/', '.', '-', ' ']).map(|at| text.as_bytes()[at]) {
        Some(b'/') => '/',
        Some(b'.') => '.',
        _ => {
            let civil = text.strip_suffix('Z').unwrap_or(text);
            return civil.parse().map_err(|_| unknown(text));
        }
    };
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let numbers: Option<Vec<i16>> = date.split(separator).map(|part| part.parse().ok()).collect();
    let Some([a, b, c]) = numbers.as_deref().and_then(|numbers| <[i16; 3]>::try_from(numbers).ok()) else {
        return Err(unknown(text));
    };
    let (year, month, day) = match (a > 31, day_first.unwrap_or(separator == '.')) {
        (true, _) => (a, b, c),
        (false, true) => (c, b, a),
        (false, false) => (c, a, b),
    };
    if year < 1000 {
        return Err(format!("the year of `{text}` must have four digits, as in 2017-01-31"));
    }
    let small = |n: i16| i8::try_from(n).unwrap_or(0);
    let date = Date::new(year, small(month), small(day)).map_err(|_| {
        let other = if month > 12 { "; set day_first if the day comes first" } else { "" };
        format!("`{text}` has day {day} of month {month}, which does not exist{other}")
    })?;
    let time = match time.trim().trim_end_matches('Z') {
        "" => Time::midnight(),
        time => time.parse().map_err(|_| unknown(text))?,
    };
    Ok(date.to_datetime(time))
}

fn unknown(text: &str) -> String {
    format!("`{text}` is not a date; write it as 2017-01-31 or 2017-01-31 22:00:00")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_form_is_read() {
        let day = date(2017, 2, 1).at(0, 0, 0, 0);
        let hour = date(2017, 2, 1).at(22, 0, 0, 0);
        for text in
            ["2017-02-01", "20170201", "01.02.2017", "1.2.2017", "2/1/2017", "2017/02/01", " 2/1/2017 "]
        {
            assert_eq!(parse(text, None), Ok(day), "{text}");
        }
        let hours = ["2017-02-01 22:00", "2017-02-01T22:00:00Z", "2017-02-01 22:00:00-05:00"];
        for text in hours.into_iter().chain(["01.02.2017 22:00:00.000", "2/1/2017 22:00"]) {
            assert_eq!(parse(text, None), Ok(hour), "{text}");
        }
        assert_eq!(parse("1/2/2017", Some(true)), Ok(day));
        assert_eq!(parse("2.1.2017", Some(false)), Ok(day));
    }

    #[test]
    fn other_texts_are_refused() {
        let says = |text: &str, words: &str| {
            let message = parse(text, None).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        };
        for text in ["", "yesterday", "2017-13-01", "1/2", "1/2/2017 25:00", "1/x/2017", "2017-02-30"] {
            says(text, "write it as 2017-01-31");
        }
        says("1/2/17", "four digits");
        says("31/1/2017", "day_first");
        says("2/30/2017", "day 30 of month 2");
    }
}
