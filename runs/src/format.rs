//! Text formats that all commands share: numbers, counts, intervals and shell arguments.

use freewheel_core::stats::Interval;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Number with fixed decimals: three below 10, two from 10, one from 100, none from 10,000 on.
pub(crate) fn decimal(x: f64) -> String {
    match x.abs() {
        a if a >= 1e4 => format!("{x:.0}"),
        a if a >= 100.0 => format!("{x:.1}"),
        a if a >= 10.0 => format!("{x:.2}"),
        _ => format!("{x:.3}"),
    }
}

/// Same as [`decimal`], or `-` for `None`.
pub(crate) fn decimal_or_dash(x: Option<f64>) -> String {
    x.map_or("-".into(), decimal)
}

/// Interval as `low .. high`, or `-` for `None`.
pub(crate) fn interval_or_dash(interval: Option<Interval>) -> String {
    interval.map_or("-".into(), |i| format!("{} .. {}", decimal(i.low), decimal(i.high)))
}

/// Count in four to six characters: `950`, `12 k`, `3.4 M`, `1.7 G`.
pub(crate) fn count(count: f64) -> String {
    match count {
        x if x >= 1e9 => format!("{:.1} G", x / 1e9),
        x if x >= 1e6 => format!("{:.1} M", x / 1e6),
        x if x >= 1e3 => format!("{:.0} k", x / 1e3),
        x => format!("{x:.0}"),
    }
}

/// Size in bytes: `950 B`, `12 kB`, `3.4 MB`, `1.7 GB`; 1 kB is 1000 B.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes as f64 {
        x if x >= 1e9 => format!("{:.1} GB", x / 1e9),
        x if x >= 1e6 => format!("{:.1} MB", x / 1e6),
        x if x >= 1e3 => format!("{:.0} kB", x / 1e3),
        x => format!("{x:.0} B"),
    }
}

/// Number with about four significant digits.
pub(crate) fn compact(x: f64) -> String {
    compact_column(&[x]).swap_remove(0)
}

/// Numbers with about four significant digits, all with the same number of decimals, so that they align in a column.
pub(crate) fn compact_column(all: &[f64]) -> Vec<String> {
    let finite = || all.iter().filter(|x| x.is_finite());
    let largest = finite().fold(0.0f64, |largest, x| largest.max(x.abs()));
    let whole = finite().all(|x| x.fract() == 0.0);
    let text = |x: &f64| match (*x, largest) {
        (x, _) if !x.is_finite() => format!("{x}"),
        (x, largest) if largest >= 1e6 || (largest > 0.0 && largest < 1e-3) => {
            if x == 0.0 {
                "0".into()
            } else {
                format!("{x:.2e}")
            }
        }
        // `+ 0.0` turns -0 into 0.
        (x, _) if whole => format!("{:.0}", x + 0.0),
        (x, largest) if largest >= 1000.0 => format!("{x:.0}"),
        (x, largest) if largest >= 100.0 => format!("{x:.1}"),
        (x, largest) if largest >= 1.0 => format!("{x:.2}"),
        (x, _) => format!("{x:.3}"),
    };
    all.iter().map(text).collect()
}

/// Text `arg` as a shell argument, in single quotes if needed.
pub(crate) fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

/// Number of columns of `text` on the screen: two for a wide character, such as Hangul.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Beginning of `text` with at most `columns` columns; a wide character is not cut in two.
pub(crate) fn beginning(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// Text of at most `columns` columns; a longer one is cut and ends in an ellipsis.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    format!("{}…", beginning(text, columns.saturating_sub(1)))
}

/// Text filled up with spaces to `columns` columns.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Text after as many spaces as fill `columns` columns.
pub(crate) fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_numbers() {
        let all = [0.0, -0.0, -13.0, 0.25, 3.456, -123.456, 1234.5, 1e7, 0.00012, f64::NAN, f64::INFINITY];
        let text = all.map(compact);
        assert_eq!(
            text,
            ["0", "0", "-13", "0.250", "3.46", "-123.5", "1234", "1.00e7", "1.20e-4", "NaN", "inf"]
        );
    }

    #[test]
    fn numbers_in_a_column_have_the_same_decimals() {
        assert_eq!(compact_column(&[-5.0, -8.5, f64::NAN, -16.25]), ["-5.00", "-8.50", "NaN", "-16.25"]);
        assert_eq!(compact_column(&[-5.0, 1234.5]), ["-5", "1234"]);
        assert_eq!(compact_column(&[0.0, 0.25]), ["0.000", "0.250"]);
        assert_eq!(compact_column(&[0.0, -5.42e-5]), ["0", "-5.42e-5"]);
        assert!(compact_column(&[]).is_empty());
    }

    #[test]
    fn sizes() {
        assert_eq!(
            [0, 999, 12_345, 3_400_000, 1_700_000_000].map(bytes),
            ["0 B", "999 B", "12 kB", "3.4 MB", "1.7 GB"]
        );
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!([cut("q-learning", 10), cut("q-learning", 5)], ["q-learning", "q-le…"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!((width("학습 3"), beginning("학습", 3), beginning("a학", 1)), (6, "학", "a"));
        assert_eq!(
            [cut("강화 학습", 9), cut("강화 학습", 8), cut("강화 학습", 6)],
            ["강화 학습", "강화 학…", "강화 …"]
        );
        assert_eq!([pad("학습", 6), pad_left("학습", 6), pad("학습", 3)], ["학습  ", "  학습", "학습"]);
    }

    #[test]
    fn shell_arguments() {
        assert_eq!(quoted("results/a-b"), "results/a-b");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
