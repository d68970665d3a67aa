//! Space of a sweep: settings with their ranges, and the map from the unit interval to the values of a range.

use toml::Value;

/// Setting that a sweep searches.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Setting of the agent; dotted, such as `epsilon.from`, for an entry of a table; or `num_envs`.
    pub name: String,
    /// Values to search.
    pub range: Range,
}

/// Values of a setting.
///
/// | in a sweep file | meaning |
/// |---|---|
/// | `{ uniform = [0.0, 0.5] }` | uniform between two numbers |
/// | `{ log = [1e-4, 1.0] }` | uniform in the logarithm |
/// | `{ int = [1, 8] }` | whole number, both ends included |
/// | `{ log_int = [16, 1024] }` | whole number, uniform in the logarithm |
/// | `{ choice = ["relu", "tanh"] }`, or the list alone | one of some values |
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// Number between two bounds.
    Uniform(f64, f64),
    /// Number between two bounds above 0, uniform in the logarithm.
    Log(f64, f64),
    /// Whole number between two bounds, both included.
    Int(i64, i64),
    /// Whole number between two bounds of at least 1, both included, uniform in the logarithm.
    LogInt(i64, i64),
    /// One of some values, without an order.
    Choice(Vec<Value>),
}

impl Range {
    /// Range in a sweep file.
    ///
    /// # Errors
    /// Message for another form, or bounds out of order.
    pub fn of(value: &Value) -> Result<Self, String> {
        const FORMS: &str = "write { uniform = [0.0, 0.5] }, { log = [1e-4, 1.0] }, { int = [1, 8] }, \
                             { log_int = [16, 1024] } or { choice = [\"a\", \"b\"] }";
        let (kind, bounds) = match value {
            Value::Array(_) => ("choice", value),
            Value::Table(table) if table.len() == 1 => {
                table.iter().next().map(|(key, value)| (key.as_str(), value)).ok_or(FORMS)?
            }
            _ => return Err(FORMS.into()),
        };
        let Value::Array(bounds) = bounds else { return Err(FORMS.into()) };
        let two = || match &bounds[..] {
            [low, high] => Ok((low, high)),
            _ => Err(format!("`{kind}` has two bounds, such as {kind} = [1, 8]")),
        };
        let float = |value: &Value| match value {
            Value::Integer(n) => Ok(*n as f64),
            Value::Float(x) if x.is_finite() => Ok(*x),
            _ => Err(format!("`{kind}` has numbers as bounds")),
        };
        let int = |value: &Value| value.as_integer().ok_or(format!("`{kind}` has whole numbers as bounds"));
        let range = match kind {
            "uniform" => two().and_then(|(low, high)| Ok(Range::Uniform(float(low)?, float(high)?)))?,
            "log" => two().and_then(|(low, high)| Ok(Range::Log(float(low)?, float(high)?)))?,
            "int" => two().and_then(|(low, high)| Ok(Range::Int(int(low)?, int(high)?)))?,
            "log_int" => two().and_then(|(low, high)| Ok(Range::LogInt(int(low)?, int(high)?)))?,
            "choice" if bounds.len() > 1 => Range::Choice(bounds.clone()),
            "choice" => return Err("`choice` has at least two values".into()),
            _ => return Err(format!("unknown range `{kind}`; {FORMS}")),
        };
        let wrong = match &range {
            Range::Uniform(low, high) => low >= high,
            Range::Log(low, high) => *low <= 0.0 || low >= high,
            Range::Int(low, high) => {
                low >= high || high.checked_sub(*low).is_none_or(|width| width > 1 << 50)
            }
            Range::LogInt(low, high) => *low < 1 || low >= high || *high > 1 << 50,
            Range::Choice(_) => false,
        };
        match wrong {
            true => Err(format!(
                "the first bound of `{kind}` must be below the second{}",
                if kind.starts_with("log") { ", and above 0" } else { "" }
            )),
            false => Ok(range),
        }
    }

    /// Value at the coordinate `u` of the unit interval, 1 excluded. Numbers are rounded to four significant digits, so
    /// that a table shows the very value.
    pub fn value(&self, u: f64) -> Value {
        let u = u.clamp(0.0, 1.0);
        let between = |low: f64, high: f64| low + u * (high - low);
        match self {
            Range::Uniform(low, high) => Value::Float(rounded(between(*low, *high)).clamp(*low, *high)),
            Range::Log(low, high) => {
                Value::Float(rounded(between(low.ln(), high.ln()).exp()).clamp(*low, *high))
            }
            Range::Int(low, high) => {
                let width = (high - low + 1) as f64;
                Value::Integer((low + (u * width) as i64).clamp(*low, *high))
            }
            Range::LogInt(low, high) => {
                let x = between((*low as f64).ln(), (*high as f64 + 1.0).ln()).exp();
                Value::Integer((x as i64).clamp(*low, *high))
            }
            Range::Choice(values) => values[Range::index(values.len(), u)].clone(),
        }
    }

    /// Number of values without an order; `None` for numbers.
    pub fn choices(&self) -> Option<usize> {
        match self {
            Range::Choice(values) => Some(values.len()),
            _ => None,
        }
    }

    /// Index of the value at the coordinate `u` among `count` ones.
    pub(crate) fn index(count: usize, u: f64) -> usize {
        ((u * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// Coordinates that a check of the whole range tries: its ends, or all choices.
    pub(crate) fn corners(&self) -> Vec<f64> {
        match self.choices() {
            None => vec![0.0, 1.0],
            Some(count) => (0..count).map(|index| (index as f64 + 0.5) / count as f64).collect(),
        }
    }
}

/// `x` with four significant digits.
fn rounded(x: f64) -> f64 {
    format!("{x:.3e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Result<Range, String> {
        Range::of(&crate::document::value_of(text))
    }

    #[test]
    fn ranges_are_read_and_their_values_are_within_the_bounds() {
        let at = |text: &str| {
            let range = range(text).unwrap();
            [0.0, 0.25, 0.5, 0.999_999].map(|u| range.value(u).to_string())
        };
        assert_eq!(at("{ uniform = [0, 8] }"), ["0.0", "2.0", "4.0", "8.0"]);
        // 10^-4, 10^-3, 10^-2, 10^0
        assert_eq!(at("{ log = [1e-4, 1.0] }"), ["0.0001", "0.001", "0.01", "1.0"]);
        assert_eq!(at("{ int = [1, 8] }"), ["1", "3", "5", "8"]);
        assert_eq!(at("{ log_int = [1, 300] }"), ["1", "4", "17", "300"]);
        assert_eq!(at("[true, \"a\"]"), ["true", "true", "\"a\"", "\"a\""]);
        assert_eq!(range("{ uniform = [0.0, 1.0] }").unwrap().value(1.0 / 3.0), Value::Float(0.3333));
    }

    #[test]
    fn wrong_ranges_are_refused() {
        for (text, why) in [
            ("5", "write { uniform"),
            ("{ uniform = [1, 0] }", "below the second"),
            ("{ log = [0, 1] }", "above 0"),
            ("{ log_int = [0, 4] }", "above 0"),
            ("{ int = [1.5, 2] }", "whole numbers"),
            ("{ uniform = [1] }", "two bounds"),
            ("{ normal = [0, 1] }", "unknown range `normal`"),
            ("{ choice = [1] }", "at least two"),
            ("{ uniform = [\"a\", 1] }", "numbers"),
        ] {
            let found = range(text).unwrap_err();
            assert!(found.contains(why), "{text}: {found}");
        }
    }
}
