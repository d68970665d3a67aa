//! Calendars: bars in a year, gaps, order of days and months, instants of several time zones.

use std::path::Path;

use freewheel_core::{SolveQuery, World};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Weekday, date};

use super::super::calendar::Calendar;
use super::*;

fn periods(times: &[DateTime]) -> f64 {
    Calendar::of(times).bars_per_year(times)
}

/// `n` times, `hours` apart.
fn every(hours: i64, n: i64) -> Vec<DateTime> {
    let first = date(2016, 1, 1).at(0, 0, 0, 0);
    (0..n).map(|i| first.checked_add(SignedDuration::from_hours(hours * i)).unwrap()).collect()
}

/// Midnights of `n` days from 2016 on that `keep` keeps.
fn days(n: i64, keep: impl Fn(Date) -> bool) -> Vec<DateTime> {
    every(24, n).into_iter().filter(|time| keep(time.date())).collect()
}

fn is_weekday(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Times of day of each of `days`.
fn sessions(days: &[DateTime], minutes: impl Iterator<Item = i64> + Clone) -> Vec<DateTime> {
    let at = |day: &DateTime, minute| day.checked_add(SignedDuration::from_mins(minute)).unwrap();
    days.iter().flat_map(|day| minutes.clone().map(move |minute| at(day, minute))).collect()
}

#[test]
fn bars_in_a_year() {
    let holiday =
        |day: Date| matches!((day.month(), day.day()), (1, 1) | (7, 4) | (12, 25) | (5, 28) | (9, 3));
    let golden_weeks = |day: Date| matches!((day.month(), day.day()), (2, 5..=11) | (10, 1..=7));
    let trading = days(3000, |day| is_weekday(day) && !holiday(day));
    let exact: [(&str, Vec<DateTime>, f64); 20] = [
        ("weekdays", days(1500, is_weekday), 252.0),
        ("trading days", trading.clone(), 252.0),
        ("trading days of China", days(3000, |day| is_weekday(day) && !golden_weeks(day)), 252.0),
        (
            "Sunday to Thursday",
            days(1500, |day| !matches!(day.weekday(), Weekday::Friday | Weekday::Saturday)),
            252.0,
        ),
        ("a month of weekdays", days(30, is_weekday), 252.0),
        ("two days", days(6, is_weekday)[..2].to_vec(), 252.0),
        ("a week of weekdays", days(9, is_weekday), 252.0),
        ("every day", every(24, 1500), 365.0),
        ("20 days", every(24, 20), 365.0),
        ("weekly", every(24 * 7, 200), 52.0),
        ("three weeks", every(24 * 7, 3), 52.0),
        ("fortnightly", every(24 * 14, 200), 26.0),
        ("monthly", days(3000, |day| day.day() == 1), 12.0),
        ("last weekday of a month", days(3000, |day| is_weekday(day) && day == last_weekday(day)), 12.0),
        ("quarterly", days(3000, |day| day.day() == 1 && day.month() % 3 == 1), 4.0),
        ("half-yearly", days(3000, |day| day.day() == 30 && day.month() % 6 == 0), 2.0),
        ("yearly", days(3000, |day| (day.month(), day.day()) == (12, 31)), 1.0),
        ("hourly", every(1, 5000), 8760.0),
        (
            "seven hours on weekdays",
            sessions(&days(700, is_weekday), (0..7).map(|hour| 570 + 60 * hour)),
            1764.0,
        ),
        ("minutes of two days", sessions(&days(6, is_weekday)[1..3], 570..960), 98_280.0),
    ];
    for (name, times, expected) in exact {
        assert_eq!(periods(&times), expected, "{name}");
    }
    for (hours, expected) in
        [(48, 182.621), (72, 121.748), (120, 73.049), (20, 438.291), (4, 2190.0), (36, 243.495)]
    {
        let found = periods(&every(hours, 1500));
        assert!((found / expected - 1.0).abs() < 2e-3, "{hours} hours: {found}");
    }
    // A hole of a year does not count.
    let hole = days(3000, |day| is_weekday(day) && !holiday(day) && day.year() != 2018);
    assert_eq!(periods(&hole), 252.0);
    // Half days make fewer bars.
    let half = |time: &DateTime| time.date().day() != 24 || time.hour() < 12;
    let hours: Vec<DateTime> =
        sessions(&trading, (0..7).map(|hour| 570 + 60 * hour)).into_iter().filter(half).collect();
    assert!((1700.0..1764.0).contains(&periods(&hours)), "{}", periods(&hours));
}

fn last_weekday(day: Date) -> Date {
    let mut last = day.last_of_month();
    while !is_weekday(last) {
        last = last.yesterday().unwrap();
    }
    last
}

/// CSV of bars of constant prices at `times`.
fn file(times: impl IntoIterator<Item = String>) -> String {
    let rows: String = times.into_iter().map(|time| format!("{time},1,1,1,1\n")).collect();
    format!("date,open,high,low,close\n{rows}")
}

fn read(text: &str, more: &str) -> Result<Bars, String> {
    let parsed = Bars::parse(Path::new("a.csv"), text.as_bytes(), &settings(more));
    parsed.map_err(|error| error.to_string())
}

#[test]
fn gaps_are_counted_in_trading_days() {
    let without = |times: Vec<DateTime>, from: Date, to: Date| {
        file(
            times.into_iter().filter(|time| !(from..=to).contains(&time.date())).map(|time| time.to_string()),
        )
    };
    let daily = || days(1500, is_weekday);
    let never = (date(1999, 1, 1), date(1999, 1, 1));
    let accepted: [(&str, String, &str); 9] = [
        ("weekends", without(daily(), never.0, never.1), "largest_gap = 0.5"),
        ("New Year in China", without(daily(), date(2017, 1, 27), date(2017, 2, 2)), ""),
        ("two weeks", without(daily(), date(2017, 1, 30), date(2017, 2, 10)), ""),
        ("weekly, New Year", without(every(24 * 7, 200), date(2017, 12, 25), date(2018, 1, 1)), ""),
        ("monthly", without(days(3000, |day| day.day() == 1), never.0, never.1), "largest_gap = 3"),
        (
            "quarterly",
            without(days(3000, |day| day.day() == 1 && day.month() % 3 == 1), never.0, never.1),
            "largest_gap = 3",
        ),
        (
            "yearly",
            without(days(3000, |day| (day.month(), day.day()) == (12, 31)), never.0, never.1),
            "largest_gap = 3",
        ),
        ("every day", without(every(24, 500), never.0, never.1), "largest_gap = 0.5"),
        ("hours from Sunday to Friday", without(currency_hours(), never.0, never.1), "largest_gap = 1"),
    ];
    for (name, text, more) in accepted {
        assert!(read(&text, more).is_ok(), "{name}: {:?}", read(&text, more).err());
    }
    let refused: [(&str, String, &str, &str); 5] = [
        ("three weeks", without(daily(), date(2017, 1, 30), date(2017, 2, 17)), "", "largest_gap = 15"),
        (
            "a month",
            without(days(3000, |day| day.day() == 1), date(2017, 3, 1), date(2017, 3, 1)),
            "",
            "largest_gap = 2",
        ),
        (
            "a day",
            without(daily(), date(2017, 3, 1), date(2017, 3, 1)),
            "largest_gap = 0.5",
            "largest_gap = 1",
        ),
        (
            "eleven of all days",
            without(every(24, 500), date(2017, 1, 1), date(2017, 1, 11)),
            "",
            "largest_gap = 11",
        ),
        (
            "two weeks of hours",
            without(currency_hours(), date(2016, 5, 1), date(2016, 5, 15)),
            "",
            "largest_gap = 14",
        ),
    ];
    for (name, text, more, words) in refused {
        let error = read(&text, more).unwrap_err();
        assert!(error.contains(words) && error.contains("fill the gap"), "{name}: {error}");
        let allowed = error.rsplit("with ").next().unwrap();
        assert!(read(&text, allowed).is_ok(), "{name}: {allowed}");
    }
}

/// Hours in which currencies are traded, from Sunday 22:00 to Friday 21:00.
fn currency_hours() -> Vec<DateTime> {
    let open = |time: &DateTime| match time.weekday() {
        Weekday::Saturday => false,
        Weekday::Sunday => time.hour() >= 22,
        Weekday::Friday => time.hour() <= 21,
        _ => true,
    };
    every(1, 6000).into_iter().filter(open).collect()
}

#[test]
fn the_order_of_day_and_month_is_told() {
    let written =
        |order: fn(Date) -> String| file(days(400, is_weekday).iter().map(|time| order(time.date())));
    let day_first: [fn(Date) -> String; 3] = [
        |day| format!("{:02}/{:02}/{}", day.day(), day.month(), day.year()),
        |day| format!("{:02}-{:02}-{}", day.day(), day.month(), day.year()),
        |day| format!("{}/{}/{} 9:30", day.day(), day.month(), day.year()),
    ];
    for order in day_first {
        let text = written(order);
        let error = read(&text, "").unwrap_err();
        assert!(error.contains("set day_first = true") && error.starts_with("a.csv:"), "{error}");
        assert!(read(&text, "day_first = true").is_ok());
    }
    let dots = written(|day| format!("{}.{}.{}", day.month(), day.day(), day.year()));
    let error = read(&dots, "").unwrap_err();
    assert!(error.contains("set day_first = false") && read(&dots, "day_first = false").is_ok(), "{error}");
    // Monthly bars have no day above 12.
    let months = days(900, |day| day.day() == 1);
    let text = file(months.iter().map(|time| format!("01/{:02}/{}", time.month(), time.year())));
    assert!(read(&text, "").unwrap_err().contains("set day_first = true"));
    // Other faults are not blamed on it.
    let error = read(&text.replace("01/03/2017", "01/03/2027"), "").unwrap_err();
    assert!(!error.contains("set day_first = true"), "{error}");
}

/// The hours of a clock change: as instants in UTC, in New York and in seconds since 1970, they are the same bars.
#[test]
fn instants_are_compared_in_utc() {
    let first = date(2020, 10, 31).at(0, 0, 0, 0);
    let change = date(2020, 11, 1).at(6, 0, 0, 0);
    let hours: Vec<DateTime> =
        (0..72).map(|i| first.checked_add(SignedDuration::from_hours(i)).unwrap()).collect();
    let utc = file(hours.iter().map(|time| format!("{}+00:00", time.to_string().replace('T', " "))));
    let new_york = file(hours.iter().map(|&time| {
        let offset = if time < change { 4 } else { 5 };
        let local = time.checked_sub(SignedDuration::from_hours(offset)).unwrap();
        format!("{}-0{offset}:00", local.to_string().replace('T', " "))
    }));
    let epoch = date(1970, 1, 1).at(0, 0, 0, 0);
    let seconds = file(hours.iter().map(|time| time.duration_since(epoch).as_secs().to_string()));
    assert!(new_york.contains("2020-11-01 01:00:00-04:00") && new_york.contains("2020-11-01 01:00:00-05:00"));
    let all = [utc, new_york, seconds].map(|text| read(&text, "").unwrap());
    let alone = Prices::align(&all[..1], 10.0).unwrap();
    assert_eq!(alone.dates, hours);
    for a in &all {
        for b in &all {
            let both = Prices::align(&[a.clone(), b.clone()], 10.0).unwrap();
            assert_eq!((&both.dates, both.dropped, both.periods()), (&alone.dates, 0, alone.periods()));
            assert_eq!(both.date_text(1), "2020-10-31T01:00:00Z");
        }
    }
    // The same times without offsets repeat an hour, and are of no known instant.
    let civil = file(hours.iter().map(|time| {
        let offset = if *time < change { 4 } else { 5 };
        time.checked_sub(SignedDuration::from_hours(offset)).unwrap().to_string()
    }));
    let error = read(&civil, "").unwrap_err();
    assert!(error.contains("appears twice") && error.contains("clock change"), "{error}");
    let civil = read(&file(hours.iter().map(DateTime::to_string)), "").unwrap();
    for files in [[all[0].clone(), civil.clone()], [civil, all[1].clone()]] {
        let error = Prices::align(&files, 10.0).unwrap_err().to_string();
        assert!(error.contains("write offsets in both files"), "{error}");
    }
}

/// The date of a daily bar is the civil date of its exchange, whatever the offset.
#[test]
fn daily_bars_keep_their_civil_dates() {
    let days = days(400, is_weekday);
    let with = |offset: &str| file(days.iter().map(|time| format!("{} 00:00:00{offset}", time.date())));
    let all = ["", "-05:00", "+09:00", "Z"].map(|offset| read(&with(offset), "").unwrap());
    let prices = Prices::align(&all, 10.0).unwrap();
    assert_eq!((prices.dates, prices.dropped), (days, 0));
}

#[test]
fn a_year_of_daily_bars_is_solved_with_the_default_settings() {
    let world = replay(prices(&walk(252, 1, [0.005, 0.01])), &settings(""));
    let solution = world.solve(&SolveQuery::for_spec(world.spec())).unwrap();
    assert!(solution.value.is_finite() && solution.upper.unwrap() > solution.value);
    let test = replay(prices(&walk(252, 1, [0.005, 0.01])), &settings("split = \"test\""));
    assert!(test.solve(&SolveQuery::for_spec(test.spec())).is_ok());
}

#[test]
fn an_unadjusted_split_is_pointed_out() {
    let mut rows: Vec<String> = walk(300, 1, [0.005, 0.01]).lines().map(str::to_owned).collect();
    for row in &mut rows[201..] {
        let mut fields: Vec<String> = row.split(',').map(str::to_owned).collect();
        for price in &mut fields[1..5] {
            *price = (price.parse::<f64>().unwrap() / 4.0).to_string();
        }
        *row = fields.join(",");
    }
    let text = rows.join("\n");
    let error = read(&text, "").unwrap_err();
    assert!(error.starts_with("a.csv:202:1: ") && error.contains("a 4:1 stock split"), "{error}");
    assert!(read(&text, "splits = \"keep\"").is_ok());
    let whole = read(&walk(300, 1, [0.005, 0.01]), "").unwrap();
    let adjusted = read(&text, "splits = \"adjust\"").unwrap();
    for (adjusted, whole) in adjusted.close.iter().zip(&whole.close) {
        assert!((4.0 * adjusted / whole - 1.0).abs() < 1e-12);
    }
    rows[1..].reverse();
    let error = read(&rows.join("\n"), "").unwrap_err();
    assert!(error.starts_with("a.csv:101:1: "), "{error}");
}

/// Prices that grow by 0.1 % a bar, rounded to 12 decimals: the Sharpe ratio of holding is none.
#[test]
fn constant_growth_has_no_sharpe_ratio() {
    let mut text = "date,open,high,low,close\n".to_owned();
    for (index, day) in days(560, is_weekday).iter().enumerate() {
        let (open, close) = (100.0 * 1.001f64.powi(index as i32), 100.0 * 1.001f64.powi(index as i32 + 1));
        writeln!(text, "{},{open:.12},{close:.12},{open:.12},{close:.12}", day.date()).unwrap();
    }
    let world = replay(
        prices(&text),
        &short("split = \"test\"\ncommission = 0\nspread = 0\nslippage = 0\nlevels = [0, 1]"),
    );
    let mut rng = test_rng(1);
    let mut state = world.reset(&mut rng);
    while !world.step(&mut state, 1, &mut rng).ending.is_over() {}
    let mut measures = vec![0.0; world.spec().measures.len()];
    world.measure(&state, &mut measures);
    for (measure, value) in world.spec().measures.iter().zip(measures) {
        let has_none = ["Sharpe ratio", "Sortino ratio", "Calmar ratio"].contains(&measure.name.as_str());
        assert_eq!(value.is_nan(), has_none, "{}: {value}", measure.name);
    }
}
