//! Numbers of price files, with decimal points or commas and separators of thousands.

/// Decimal mark of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    /// `1,234.56`
    #[default]
    Point,
    /// `1.234,56`
    Comma,
}

/// Whether a text stands for a missing number.
pub(super) fn is_missing(text: &str) -> bool {
    const MARKS: [&str; 13] =
        ["", "-", "--", ".", "?", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "#value!"];
    MARKS.contains(&text.trim().to_ascii_lowercase().as_str())
}

/// Decimal mark that a number must have; `None` if it may be read with both, such as `40,973`.
pub(super) fn mark(text: &str) -> Option<Mark> {
    let text = plain(text);
    let count = |c: char| text.matches(c).count();
    match (count('.'), count(',')) {
        (0, 0) => None,
        (points, commas) if points > 0 && commas > 0 => {
            Some(if text.rfind('.') > text.rfind(',') { Mark::Point } else { Mark::Comma })
        }
        (1, 0) if !is_group(&text, '.') => Some(Mark::Point),
        (0, 1) if !is_group(&text, ',') => Some(Mark::Comma),
        (1, 0) | (0, 1) => None,
        (0, _) => Some(Mark::Point),
        _ => Some(Mark::Comma),
    }
}

/// Whether the digits around the only separator may be a group of thousands: up to three digits, not only a zero,
/// before it, and three after it.
fn is_group(text: &str, separator: char) -> bool {
    let Some((before, after)) = text.split_once(separator) else { return false };
    let before = before.trim_start_matches(['+', '-']);
    (1..=3).contains(&before.len()) && !before.starts_with('0') && after.len() == 3
}

/// Number in a text, with a currency sign or code, separators of thousands (also spaces and apostrophes) and an
/// exponent or not; `None` for other texts.
pub(super) fn parse(text: &str, mark: Mark) -> Option<f64> {
    let text = plain(text);
    let (decimal, group) = match mark {
        Mark::Point => ('.', ','),
        Mark::Comma => (',', '.'),
    };
    let exponent = text.find(['e', 'E']).unwrap_or(text.len());
    let (mantissa, exponent) = text.split_at(exponent);
    let (whole, fraction) = mantissa.split_once(decimal).unwrap_or((mantissa, ""));
    let mut groups = whole.trim_start_matches(['+', '-']).rsplit(group);
    let (last, mut rest) = (groups.next()?, groups.peekable());
    if rest.peek().is_some() {
        // Thousands, or lakh and crore: groups of two before the last three digits.
        let lengths: Vec<usize> = std::iter::once(last.len()).chain(rest.map(str::len)).collect();
        let (first, inner) = (lengths[lengths.len() - 1], &lengths[1..lengths.len() - 1]);
        if lengths[0] != 3 || !(1..=3).contains(&first) || inner.iter().any(|n| !(2..=3).contains(n)) {
            return None;
        }
    }
    if !(fraction.bytes().all(|byte| byte.is_ascii_digit())
        && whole.chars().all(|c| c.is_ascii_digit() || c == group || matches!(c, '+' | '-')))
    {
        return None;
    }
    let whole: String = whole.chars().filter(|&c| c != group).collect();
    format!("{whole}.{fraction}{exponent}").parse().ok()
}

/// Number with a unit or not: `40.97K`, `1.5M`, `2B`.
pub(super) fn parse_amount(text: &str, mark: Mark) -> Option<f64> {
    let text = text.trim();
    let scale = match text.chars().last()? {
        'k' | 'K' => 1e3,
        'm' | 'M' => 1e6,
        'b' | 'B' => 1e9,
        't' | 'T' => 1e12,
        _ => return parse(text, mark),
    };
    Some(scale * parse(&text[..text.len() - 1], mark)?)
}

/// Text without currencies, spaces and apostrophes.
fn plain(text: &str) -> String {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    let text = ["USD", "EUR", "GBP", "JPY", "CNY", "INR", "CHF"]
        .iter()
        .find_map(|code| text.strip_prefix(code).or_else(|| text.strip_suffix(code)))
        .unwrap_or(text);
    let dropped = |c: char| {
        c.is_whitespace()
            || matches!(c, '\'' | '\u{2019}' | '_' | '$' | '€' | '£' | '¥' | '₹' | '₩' | '₽' | '\u{202f}')
    };
    text.chars().filter(|&c| !dropped(c)).collect()
}

/// Start of a text with at most `length` characters, for messages.
pub(super) fn shown(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_points_and_commas() {
        for (text, value) in [
            ("1234.5", 1234.5),
            ("1,234.5", 1234.5),
            ("40,973", 40_973.0),
            ("$1,234,567.25", 1_234_567.25),
            ("1,23,456.5", 123_456.5),
            (" 1 234.5 ", 1234.5),
            ("1'234", 1234.0),
            ("EUR 3.5", 3.5),
            ("-2", -2.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1.5e-3", 0.0015),
            ("+1E+3", 1000.0),
        ] {
            assert_eq!(parse(text, Mark::Point), Some(value), "{text}");
        }
        for (text, value) in [("1.234,5", 1234.5), ("1,5", 1.5), ("1\u{a0}234,5 €", 1234.5), ("2", 2.0)] {
            assert_eq!(parse(text, Mark::Comma), Some(value), "{text}");
        }
        for text in
            ["", "x", "1,2", "12,34.5", "1,2345", "inf", "NaN", "1.2.3", "--1", "1-2", "0x10", "1,234,", "e5"]
        {
            assert_eq!(parse(text, Mark::Point), None, "{text}");
        }
        for (text, value) in [("1.5M", 1.5e6), ("40.97K", 40_970.0), ("2b", 2e9), ("7", 7.0)] {
            assert_eq!(parse_amount(text, Mark::Point), Some(value), "{text}");
        }
    }

    #[test]
    fn the_mark_that_a_number_must_have() {
        for text in ["1.5", "1,234.5", "1,234,567", "0.123", "1234.567"] {
            assert_eq!(mark(text), Some(Mark::Point), "{text}");
        }
        for text in ["1,5", "1.234,5", "1.234.567", "0,123", "1234,567"] {
            assert_eq!(mark(text), Some(Mark::Comma), "{text}");
        }
        for text in ["1", "40,973", "1.234", ""] {
            assert_eq!(mark(text), None, "{text}");
        }
    }
}
