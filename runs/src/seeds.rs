//! List of seeds in text form: `0..5`, `0..=4`, `7`, `1,5,9`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// List of seeds without duplicates, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(Vec<u64>);

impl Seeds {
    /// The seeds of the list, at least one.
    pub fn as_slice(&self) -> &[u64] {
        &self.0
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Seeds((0..5).collect())
    }
}

impl FromIterator<u64> for Seeds {
    fn from_iter<I: IntoIterator<Item = u64>>(seeds: I) -> Self {
        Seeds(seeds.into_iter().collect())
    }
}

/// Maximum number of seeds in a range, to detect typing errors.
const MAX_RANGE: u64 = 100_000;

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |s: &str| s.trim().parse::<u64>().map_err(|_| wrong(text));
        let mut seeds = Vec::new();
        for part in text.split(',') {
            let range = match part.split_once("..") {
                Some((from, to)) => match to.strip_prefix('=') {
                    Some(last) => number(from)?..number(last)?.saturating_add(1),
                    None => number(from)?..number(to)?,
                },
                None => number(part)?..number(part)?.saturating_add(1),
            };
            if range.is_empty() {
                let (from, to) = (range.start, range.end);
                let mend = if from == to { from.to_string() } else { format!("{to}..={from}") };
                return Err(format!("`{}` has no seeds; did you mean {mend}?", part.trim()));
            }
            if range.end - range.start > MAX_RANGE {
                return Err(format!("`{}` has more than {MAX_RANGE} seeds", part.trim()));
            }
            seeds.extend(range);
        }
        let mut seen = std::collections::HashSet::new();
        seeds.retain(|seed| seen.insert(*seed));
        Ok(Seeds(seeds))
    }
}

fn wrong(text: &str) -> String {
    format!("`{text}` is not a list of whole numbers; write 0..5 (5 not included), 0..=4, 7, or 1,5,9")
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        let consecutive = self.0.chunk_by(|a, b| a.checked_add(1) == Some(*b));
        // A longer range could not be parsed again.
        for run in consecutive.flat_map(|run| run.chunks(MAX_RANGE as usize)) {
            if !std::mem::take(&mut first) {
                write!(f, ",")?;
            }
            match run {
                [one] => write!(f, "{one}")?,
                [from, .., to] => write!(f, "{from}..={to}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

impl Serialize for Seeds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => text,
            toml::Value::Array(seeds) => {
                seeds.iter().map(toml::Value::to_string).collect::<Vec<_>>().join(",")
            }
            other => other.to_string(),
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Seeds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seeds".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsed_and_printed() {
        let of = |text: &str| text.parse::<Seeds>().map(|s| s.0);
        assert_eq!(of("0..3"), Ok(vec![0, 1, 2]));
        assert_eq!(of("0..=3"), Ok(vec![0, 1, 2, 3]));
        assert_eq!(of("7"), Ok(vec![7]));
        assert_eq!(of("1, 5,5..7"), Ok(vec![1, 5, 6]));
        for bad in ["", "3..3", "5..2", "x", "1..", "0..999999999", "-1"] {
            assert!(of(bad).is_err(), "{bad}");
        }
        let empty = |text: &str| of(text).unwrap_err();
        assert_eq!(empty("5..2"), "`5..2` has no seeds; did you mean 2..=5?");
        assert_eq!(empty("3..3"), "`3..3` has no seeds; did you mean 3?");
        assert_eq!("0..3,9".parse::<Seeds>().unwrap().to_string(), "0..=2,9");
    }
}
