//! Schedules of learning rates, exploration probabilities and temperatures.

use std::fmt;

use freewheel_core::{Error, Result};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Number that may depend on the environment step, or on the visits of a state-action pair.
///
/// | in an experiment file | meaning |
/// |---|---|
/// | `0.1` | constant 0.1 |
/// | `{ from = 1.0, to = 0.05, over = 0.5 }` | linear over the first half of the steps, then 0.05 |
/// | `{ from = 1.0, to = 0.05, over = 0.5, shape = "exponential" }` | the same, geometric |
/// | `"harmonic"` | 1/n at the n-th visit of a pair: values are averages |
/// | `{ harmonic = 0.8 }` | 1/n^0.8; powers between 0.5 and 1 forget early values faster (Even-Dar & Mansour 2003) |
///
/// ```
/// # use freewheel_agents::schedule::{RampShape, Schedule};
/// let epsilon = Schedule::Ramp { from: 1.0, to: 0.0, over: 0.5, shape: RampShape::Linear };
/// assert_eq!(epsilon.at(25, 100), Some(0.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// Constant value.
    Constant(f64),
    /// `from` at the first step, `to` after the share `over` of the steps and later.
    Ramp {
        /// Initial value.
        from: f64,
        /// Final value.
        to: f64,
        /// Duration as a share of the steps of the run, 0 to 1.
        over: f64,
        /// Shape of the interpolation between `from` and `to`.
        shape: RampShape,
    },
    /// 1 / visits^power, for each state-action pair.
    Harmonic {
        /// Exponent, above 0.5 and at most 1.
        power: f64,
    },
}

/// Choice of the interpolation of a ramp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RampShape {
    /// Linear: same difference every step.
    #[default]
    Linear,
    /// Exponential: same factor every step.
    Exponential,
}

impl Schedule {
    /// Value of the schedule after `step` of `budget` steps; `None` for `Harmonic`, which depends on visits.
    #[inline]
    pub fn at(&self, step: u64, budget: u64) -> Option<f64> {
        match *self {
            Schedule::Constant(value) => Some(value),
            Schedule::Ramp { from, to, over, shape } => {
                let length = over * budget as f64;
                let t = if (step as f64) < length { step as f64 / length } else { 1.0 };
                Some(match shape {
                    RampShape::Linear => from + t * (to - from),
                    RampShape::Exponential => from * (to / from).powf(t),
                })
            }
            Schedule::Harmonic { .. } => None,
        }
    }

    /// Checks like [`Schedule::check`], and returns [`Error::Setting`] also for `Harmonic`, for settings that do not
    /// belong to state-action pairs.
    pub(crate) fn check_ramp(&self, field: &str, low: f64, high: f64, closed: bool) -> Result<()> {
        match self {
            Schedule::Harmonic { .. } => Err(Error::setting(
                field,
                format!(
                    "{field} = \"harmonic\": only the learning rate of tabular agents can be harmonic; use a number \
                     or a ramp"
                ),
            )),
            _ => self.check(field, low, high, closed),
        }
    }

    /// Checks that all values of the schedule are in `low..=high` (else [`Error::Setting`]); unless `closed`, `low`
    /// itself is out of range.
    pub(crate) fn check(&self, field: &str, low: f64, high: f64, closed: bool) -> Result<()> {
        let fits = |x: f64| (x > low || (closed && x == low)) && x <= high && x.is_finite();
        let least = format!("{} {low}", if closed { "at least" } else { "above" });
        let brackets = match high {
            f64::MAX => format!("{least} and finite"),
            _ => format!("{least} and at most {high}"),
        };
        let refuse = |what: &str, value: f64, range: &str| {
            let message = format!("{field}{what} = {value} is out of range: it must be {range}");
            Err(Error::setting(field, message))
        };
        match *self {
            Schedule::Constant(value) if !fits(value) => refuse("", value, &brackets),
            Schedule::Ramp { from, .. } if !fits(from) => refuse(".from", from, &brackets),
            Schedule::Ramp { to, .. } if !fits(to) => refuse(".to", to, &brackets),
            Schedule::Ramp { over, .. } if !(0.0..=1.0).contains(&over) => {
                refuse(".over", over, "a share of the steps, at least 0 and at most 1")
            }
            Schedule::Ramp { from, to, shape: RampShape::Exponential, .. } if from.min(to) <= 0.0 => refuse(
                if from <= 0.0 { ".from" } else { ".to" },
                from.min(to),
                "above 0 in an exponential ramp",
            ),
            Schedule::Harmonic { power } if !(power > 0.5 && power <= 1.0) => {
                refuse(".harmonic", power, "above 0.5 and at most 1")
            }
            _ => Ok(()),
        }
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Schedule::Constant(value) => serializer.serialize_f64(value),
            Schedule::Ramp { from, to, over, shape } => {
                let mut map = serializer.serialize_map(Some(4))?;
                map.serialize_entry("from", &from)?;
                map.serialize_entry("to", &to)?;
                map.serialize_entry("over", &over)?;
                map.serialize_entry("shape", &shape)?;
                map.end()
            }
            Schedule::Harmonic { power } => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("harmonic", &power)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScheduleVisitor)
    }
}

struct ScheduleVisitor;

impl<'de> Visitor<'de> for ScheduleVisitor {
    type Value = Schedule;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number, a ramp such as { from = 1.0, to = 0.05, over = 0.5 }, or \"harmonic\"")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Schedule, E> {
        Ok(Schedule::Constant(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Schedule, E> {
        Ok(Schedule::Constant(value as f64))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Schedule, E> {
        Ok(Schedule::Constant(value as f64))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Schedule, E> {
        match value {
            "harmonic" => Ok(Schedule::Harmonic { power: 1.0 }),
            _ => Err(E::invalid_value(de::Unexpected::Str(value), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Schedule, A::Error> {
        use de::Error;
        let (mut from, mut to, mut over, mut shape, mut harmonic) = (None, None, None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "from" => from = Some(map.next_value()?),
                "to" => to = Some(map.next_value()?),
                "over" => over = Some(map.next_value()?),
                "shape" => shape = Some(map.next_value()?),
                "harmonic" => harmonic = Some(map.next_value()?),
                _ => {
                    return Err(A::Error::custom(format!(
                        "unknown key {key:?} in a schedule: use from, to, over and shape, or harmonic alone"
                    )));
                }
            }
        }
        match (from, to, harmonic) {
            (Some(from), Some(to), None) => {
                Ok(Schedule::Ramp { from, to, over: over.unwrap_or(1.0), shape: shape.unwrap_or_default() })
            }
            (None, None, Some(power)) if over.is_none() && shape.is_none() => {
                Ok(Schedule::Harmonic { power })
            }
            (_, _, Some(_)) => {
                Err(A::Error::custom("harmonic cannot be combined with other keys of a schedule"))
            }
            (None, ..) => Err(A::Error::custom("a ramp needs its initial value, from")),
            (_, None, _) => Err(A::Error::custom("a ramp needs its final value, to")),
        }
    }
}

impl JsonSchema for Schedule {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Schedule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "number" },
                { "const": "harmonic" },
                {
                    "type": "object",
                    "properties": {
                        "from": { "type": "number" },
                        "to": { "type": "number" },
                        "over": { "type": "number", "minimum": 0, "maximum": 1 },
                        "shape": { "enum": ["linear", "exponential"] },
                    },
                    "required": ["from", "to"],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "properties": { "harmonic": { "type": "number" } },
                    "required": ["harmonic"],
                    "additionalProperties": false,
                },
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Config {
        rate: Schedule,
    }

    fn read(text: &str) -> Result<Schedule, String> {
        toml::from_str::<Config>(text).map(|config| config.rate).map_err(|e| e.message().to_owned())
    }

    #[test]
    fn reads_numbers_ramps_and_words() {
        use Schedule::*;
        assert_eq!(read("rate = 1"), Ok(Constant(1.0)));
        assert_eq!(read("rate = 0.25"), Ok(Constant(0.25)));
        assert_eq!(read("rate = 'harmonic'"), Ok(Harmonic { power: 1.0 }));
        assert_eq!(read("rate = { harmonic = 0.8 }"), Ok(Harmonic { power: 0.8 }));
        let ramp = Ramp { from: 1.0, to: 0.05, over: 0.5, shape: RampShape::Linear };
        assert_eq!(read("rate = { from = 1, to = 0.05, over = 0.5 }"), Ok(ramp));
        for bad in
            ["'often'", "{ form = 1, to = 2 }", "{ from = 1 }", "{ to = 1 }", "{ harmonic = 1, to = 1 }"]
        {
            let message = read(&format!("rate = {bad}")).unwrap_err();
            assert!(message.contains("harmonic") || message.contains("ramp needs"), "{bad}: {message}");
        }
    }

    #[test]
    fn round_trip() {
        for text in ["rate = 0.5", "rate = { harmonic = 0.7 }", "rate = { from = 1, to = 0.1, over = 0.3 }"] {
            let config: Config = toml::from_str(text).unwrap();
            let again: Config = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
            assert_eq!(config, again);
        }
    }

    #[test]
    fn ramps_reach_their_ends() {
        let line = Schedule::Ramp { from: 1.0, to: 0.0, over: 0.5, shape: RampShape::Linear };
        assert_eq!([0, 25, 50, 80].map(|step| line.at(step, 100)), [1.0, 0.5, 0.0, 0.0].map(Some));
        let curve = Schedule::Ramp { from: 1.0, to: 0.25, over: 1.0, shape: RampShape::Exponential };
        assert_eq!([0, 50, 100].map(|step| curve.at(step, 100)), [1.0, 0.5, 0.25].map(Some));
        let at_once = Schedule::Ramp { from: 1.0, to: 0.25, over: 0.0, shape: RampShape::Linear };
        assert_eq!(at_once.at(0, 100), Some(0.25));
    }

    #[test]
    fn refusals_name_field_value_and_range() {
        let message = Schedule::Constant(1.5).check("epsilon", 0.0, 1.0, true).unwrap_err().to_string();
        assert_eq!(message, "epsilon = 1.5 is out of range: it must be at least 0 and at most 1");
        assert!(Schedule::Constant(0.0).check("alpha", 0.0, 1.0, false).is_err());
        assert!(Schedule::Constant(f64::NAN).check("alpha", 0.0, 1.0, false).is_err());
        let to_zero = Schedule::Ramp { from: 1.0, to: 0.0, over: 1.0, shape: RampShape::Exponential };
        assert!(
            to_zero.check("epsilon", 0.0, 1.0, true).unwrap_err().to_string().starts_with("epsilon.to = 0")
        );
    }
}
