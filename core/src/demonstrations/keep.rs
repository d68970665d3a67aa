//! [`Keep`]: choice of episodes, written as a short text in settings.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Source;

/// Choice of episodes.
///
/// ```
/// use freewheel_core::demonstrations::Keep;
///
/// assert_eq!("top 20%".parse(), Ok(Keep::Top(0.2)));
/// assert_eq!("min-return -40".parse(), Ok(Keep::MinReturn(-40.0)));
/// assert_eq!(Keep::default().to_string(), "all");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Keep {
    /// Share of the episodes with the best scores, above 0 and at most 1, at least one episode; of equal scores the
    /// earlier one is better. The share 1 is written `all`.
    Top(f64),
    /// Episodes with at least this return.
    MinReturn(f64),
    /// Episodes of one source.
    Source(Source),
}

/// Forms of the text.
const FORMS: &str = "write \"all\", \"top 20%\", \"min-return 10\" or \"source human\"";

impl Default for Keep {
    fn default() -> Self {
        Keep::Top(1.0)
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Keep::Top(share) if *share >= 1.0 => f.write_str("all"),
            // Rounded, because a share such as 0.07 times 100 is not exactly 7.
            Keep::Top(share) => write!(f, "top {}%", (share * 1e8).round() / 1e6),
            Keep::MinReturn(least) => write!(f, "min-return {least}"),
            Keep::Source(source) => write!(f, "source {}", source.name()),
        }
    }
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no choice of episodes: {FORMS}");
        let (kind, value) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let value = value.trim();
        match kind {
            "all" if value.is_empty() => Ok(Keep::default()),
            "top" => {
                let percent = value.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
                let share = percent.map(|percent| percent / 100.0);
                share.filter(|share| *share > 0.0 && *share <= 1.0).map(Keep::Top).ok_or_else(wrong)
            }
            "min-return" => {
                let least = value.parse::<f64>().ok().filter(|least| least.is_finite());
                least.map(Keep::MinReturn).ok_or_else(wrong)
            }
            "source" => value.parse().map(Keep::Source),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Keep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Keep {
    fn schema_name() -> Cow<'static, str> {
        "Keep".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_and_written() {
        for text in ["all", "top 20%", "top 7%", "top 0.5%", "min-return -12.5", "source human"] {
            assert_eq!(text.parse::<Keep>().unwrap().to_string(), text);
        }
        assert_eq!("top 100%".parse::<Keep>().unwrap(), Keep::default());
        for wrong in ["", "some", "top 20", "top 0%", "top 120%", "min-return", "min-return nan", "all 3"] {
            assert!(wrong.parse::<Keep>().unwrap_err().contains("top 20%"), "{wrong}");
        }
        assert!("source humans".parse::<Keep>().unwrap_err().contains("human"));
    }
}
