//! Whole numbers as people write them: `100000`, `100_000`, `1e5`, `100k`, `2M`.

use std::fmt;

use serde::{Deserializer, de};

/// Number in `text`, at least 1.
///
/// ```
/// assert_eq!(freewheel::count::parse("1e5"), Ok(100_000));
/// assert_eq!(freewheel::count::parse("2.5M"), Ok(2_500_000));
/// assert!(freewheel::count::parse("0").is_err());
/// ```
///
/// # Errors
/// A message for a text that is not such a number.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a whole number of at least 1; write 100000, 1e5, 100k or 2M");
    let digits = text.trim().replace('_', "");
    let (digits, scale) = match digits.char_indices().last() {
        Some((at, 'k' | 'K')) => (&digits[..at], 1e3),
        Some((at, 'm' | 'M')) => (&digits[..at], 1e6),
        Some((at, 'g' | 'G')) => (&digits[..at], 1e9),
        _ => (&*digits, 1.0),
    };
    if scale == 1.0
        && let Ok(exact) = digits.parse::<u64>()
    {
        return if exact > 0 { Ok(exact) } else { Err(wrong()) };
    }
    digits.parse::<f64>().ok().and_then(|number| whole(number * scale)).ok_or_else(wrong)
}

/// A float that is a whole number of at least 1, as this number.
fn whole(number: f64) -> Option<u64> {
    // Every whole number below 2^53 is exact as a float.
    let exact = number.fract() == 0.0 && (1.0..9_007_199_254_740_992.0).contains(&number);
    exact.then_some(number as u64)
}

/// Deserializes a number, or a text as for [`parse`].
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    struct Count;
    impl de::Visitor<'_> for Count {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number, such as 100000, 1e5 or \"100k\"")
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
            u64::try_from(number).map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
            Ok(number)
        }

        fn visit_f64<E: de::Error>(self, number: f64) -> Result<u64, E> {
            whole(number).ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
            parse(text).map_err(E::custom)
        }
    }
    from.deserialize_any(Count).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, number) in [
            ("100000", 100_000),
            ("100_000", 100_000),
            ("1e5", 100_000),
            ("1E5", 100_000),
            ("100k", 100_000),
            ("2M", 2_000_000),
            ("1.5e3", 1500),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse(text), Ok(number), "{text}");
        }
        for wrong in ["", "0", "-1", "1.5", "1e-5", "1e300", "nan", "inf", "k", "ten", "0x10", "1e16"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
