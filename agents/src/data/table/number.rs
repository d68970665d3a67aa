//! Numbers in the fields of a table: decimal point or comma, missing values, digits beyond f64.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Choice of the decimal mark of a table's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decimal {
    /// Comma if numbers have commas that cannot separate thousands, else point.
    #[default]
    Auto,
    /// Point; commas separate thousands.
    Point,
    /// Comma.
    Comma,
}

/// Whether `text` stands for a missing value.
pub(super) fn is_missing(text: &str) -> bool {
    matches!(text, "" | "?" | "NA" | "N/A" | "n/a" | "#N/A" | "NaN" | "nan" | "null" | "NULL")
}

/// Form of a number with a comma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comma {
    /// Thousands, such as `1,234.5` and `1,234,567`.
    Thousands,
    /// Decimal comma or thousands, such as `40,973`.
    Either,
    /// Decimal comma, such as `1,5`.
    Decimal,
}

/// Form of `text` if it is a number with a comma.
pub(super) fn comma(text: &str) -> Option<Comma> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    if rest.is_empty() || !digits(first) || fraction.is_some_and(|f| !f.is_empty() && !digits(f)) {
        return None;
    }
    let thousands =
        (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3 && digits(group));
    match (thousands, rest.len(), fraction) {
        (true, 1, None) if first != "0" => Some(Comma::Either),
        (true, 1, None) => Some(Comma::Decimal),
        (true, ..) => Some(Comma::Thousands),
        (false, 1, None) => rest[0].replacen(',', ".", 1).parse::<f64>().ok().map(|_| Comma::Decimal),
        _ => None,
    }
}

/// The number `text`, which may be infinite; `None` if it is none. `decimal` is not `Auto`.
pub(super) fn parse(text: &str, decimal: Decimal) -> Option<f64> {
    let number = match decimal {
        Decimal::Comma if text.contains('.') => return None,
        Decimal::Comma if text.contains(',') => text.replacen(',', ".", 1).parse(),
        Decimal::Point | Decimal::Auto if text.contains(',') => match comma(text)? {
            Comma::Thousands | Comma::Either => text.replace(',', "").parse(),
            Comma::Decimal => return None,
        },
        _ => text.parse::<f64>(),
    };
    number.ok().filter(|number| !number.is_nan())
}

/// Texts of one column that are different numbers but one f64.
#[derive(Default)]
pub(super) struct Digits {
    /// Hash of the digits of each f64, for numbers with more digits than an f64 always keeps.
    seen: HashMap<u64, u64>,
}

impl Digits {
    /// Adds the number `value` with its `text`; false if another number of the column is the same f64.
    pub(super) fn add(&mut self, text: &str, value: f64) -> bool {
        // An f64 keeps 15 digits, and whole numbers below 2^53.
        let long = text.len() > 15 || value == 0.0 || value.abs() < 1e-290;
        if !long || value.abs() < 9_007_199_254_740_992.0 && text.bytes().all(|b| b.is_ascii_digit()) {
            return true;
        }
        let (digits, exponent) = significant(text);
        if digits.is_empty() || digits.len() <= 15 && value != 0.0 && value.abs() > 1e-290 {
            return true;
        }
        let mut hash = DefaultHasher::new();
        (digits, exponent).hash(&mut hash);
        let hash = hash.finish();
        // 0 is the value of 0 alone.
        value != 0.0 && *self.seen.entry(value.to_bits()).or_insert(hash) == hash
    }
}

/// Significant digits of a number, without zeros at both ends, and the exponent of the last one.
fn significant(text: &str) -> (String, i64) {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse().unwrap_or(0)),
        None => (text, 0i64),
    };
    let (mut digits, mut exponent, mut after_mark) = (String::new(), exponent, false);
    // A comma is the mark only where no point is; commas of thousands are left out.
    let mark = if mantissa.contains('.') { '.' } else { ',' };
    let thousands = mark == ',' && matches!(comma(mantissa), Some(Comma::Thousands | Comma::Either));
    for c in mantissa.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            exponent -= i64::from(after_mark);
        } else if c == mark && !thousands {
            after_mark = true;
        }
    }
    let kept = digits.trim_end_matches('0').len();
    exponent += (digits.len() - kept) as i64;
    (digits[..kept].trim_start_matches('0').to_owned(), exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_point_or_a_comma() {
        let point = |text| parse(text, Decimal::Point);
        assert_eq!((point("1.5"), point("-.5e3"), point("1,234.5")), (Some(1.5), Some(-500.0), Some(1234.5)));
        assert_eq!((point("1,5"), point("0x10"), point("1_0"), point("nan")), (None, None, None, None));
        assert_eq!((point("1e400"), point("40,973")), (Some(f64::INFINITY), Some(40973.0)));
        let comma = |text| parse(text, Decimal::Comma);
        assert_eq!((comma("1,5"), comma("-0,25"), comma("7")), (Some(1.5), Some(-0.25), Some(7.0)));
        assert_eq!((comma("1.5"), comma("1,2,3")), (None, None));
        use super::comma as form;
        assert_eq!(
            (form("1,5"), form("40,973"), form("0,973")),
            (Some(Comma::Decimal), Some(Comma::Either), Some(Comma::Decimal))
        );
        assert_eq!(
            (form("1,234,567"), form("1,234.5"), form("a,b"), form("15")),
            (Some(Comma::Thousands), Some(Comma::Thousands), None, None)
        );
    }

    #[test]
    fn different_numbers_are_told_apart() {
        let same = |texts: &[&str]| {
            let mut digits = Digits::default();
            texts.iter().all(|text| digits.add(text, text.parse().unwrap()))
        };
        assert!(same(&["16777216", "16777217", "9007199254740990", "9007199254740992"]));
        assert!(!same(&["9007199254740992", "9007199254740993"]));
        assert!(!same(&["12345678901234567890", "12345678901234567891"]));
        assert!(same(&["12345678901234567890", "12345678901234567890.0", "1234567890123456789e1"]));
        assert!(!same(&["0.30000000000000004", "0.300000000000000041"]));
        assert!(!same(&["1e-400"]) && same(&["0", "0.000", "-0", "0e10"]));
        assert!(same(&["0.30000000000000004", "0.3", "0.1000000000000000"]));
    }
}
