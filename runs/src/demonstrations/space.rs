//! Spaces as Minari writes them: JSON of `Discrete` and `Box`.

use freewheel_core::{ActionSpace, ObservationSpace};
use serde_json::Value;

/// Largest number of values of an observation or action, and of the elements of a discrete space.
const MAX_LEN: usize = 1 << 24;

/// A space of Gymnasium.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Space {
    /// Integers `start` to `start + n - 1`.
    Discrete {
        /// Number of elements.
        n: usize,
        /// First element.
        start: i64,
    },
    /// Arrays of numbers, flattened.
    Box {
        /// Shape.
        shape: Vec<usize>,
        /// Lower bounds, `[D]`.
        low: Vec<f32>,
        /// Upper bounds, `[D]`.
        high: Vec<f32>,
        /// Whether Minari stores the values as images in the format JPEG, unless told otherwise.
        image: bool,
    },
}

impl Space {
    /// Reads the JSON of Minari, in which `Infinity` stands for an infinite bound.
    pub(super) fn parse(text: &str) -> Result<Space, String> {
        // JSON itself has no infinite number; in these spaces, no text has this word.
        let text = text.replace("-Infinity", "\"-inf\"").replace("Infinity", "\"inf\"");
        let json: Value =
            serde_json::from_str(&text).map_err(|e| format!("this is not a space in JSON: {e}"))?;
        match json["type"].as_str() {
            Some("Discrete") => {
                let n = json["n"].as_u64().and_then(|n| usize::try_from(n).ok());
                let n = n.filter(|n| (1..=MAX_LEN).contains(n)).ok_or("`n` must be 1 to 16777216")?;
                Ok(Space::Discrete { n, start: json["start"].as_i64().unwrap_or(0) })
            }
            Some("Box") => {
                let sizes = json["shape"].as_array().ok_or("`shape` is missing")?;
                let shape: Option<Vec<usize>> =
                    sizes.iter().map(|size| usize::try_from(size.as_u64()?).ok()).collect();
                let shape = shape.ok_or("`shape` must be a list of sizes")?;
                let len = shape.iter().try_fold(1usize, |len, &size| len.checked_mul(size));
                let len = len.filter(|len| (1..=MAX_LEN).contains(len));
                let len = len.ok_or("the number of values must be 1 to 16777216")?;
                let bounds = |name: &str| {
                    let mut all = Vec::new();
                    flatten(&json[name], &mut all)
                        .filter(|()| all.len() == len)
                        .ok_or(format!("`{name}` must have {len} numbers"))?;
                    Ok::<_, String>(all)
                };
                let large = matches!(shape.as_slice(), [h, w] | [h, w, _] if *h >= 32 && *w >= 32);
                let image = large && json["dtype"] == "uint8";
                Ok(Space::Box { low: bounds("low")?, high: bounds("high")?, shape, image })
            }
            Some(other) => Err(format!("spaces of the type {other} cannot be read; Discrete and Box can")),
            None => Err("`type` is missing".into()),
        }
    }

    /// JSON of this space.
    pub(super) fn to_json(&self) -> String {
        match self {
            Space::Discrete { n, start } => {
                format!(r#"{{"type": "Discrete", "dtype": "int64", "start": {start}, "n": {n}}}"#)
            }
            Space::Box { shape, low, high, .. } => format!(
                r#"{{"type": "Box", "dtype": "float32", "shape": {shape:?}, "low": {}, "high": {}}}"#,
                nested(low, shape),
                nested(high, shape)
            ),
        }
    }

    pub(super) fn of_observations(space: &ObservationSpace) -> Space {
        match space {
            ObservationSpace::Discrete { n } => Space::Discrete { n: *n, start: 0 },
            ObservationSpace::Box { shape, low, high } => {
                Space::Box { shape: shape.clone(), low: low.clone(), high: high.clone(), image: false }
            }
        }
    }

    pub(super) fn of_actions(space: &ActionSpace) -> Space {
        match space {
            ActionSpace::Discrete { names } => Space::Discrete { n: names.len(), start: 0 },
            ActionSpace::Continuous { low, high, .. } => {
                Space::Box { shape: vec![low.len()], low: low.clone(), high: high.clone(), image: false }
            }
        }
    }

    pub(super) fn observations(&self) -> ObservationSpace {
        match self.clone() {
            Space::Discrete { n, .. } => ObservationSpace::Discrete { n },
            Space::Box { shape, low, high, .. } => ObservationSpace::Box { shape, low, high },
        }
    }

    /// Action space with these names; numbers are the names if there is another number of them.
    pub(super) fn actions(&self, names: &[String]) -> ActionSpace {
        let named = |n: usize| match names.len() == n {
            true => names.to_vec(),
            false => (0..n).map(|i| i.to_string()).collect(),
        };
        match self.clone() {
            Space::Discrete { n, .. } => ActionSpace::Discrete { names: named(n) },
            Space::Box { low, high, .. } => ActionSpace::Continuous { names: named(low.len()), low, high },
        }
    }

    /// Number of values of an element.
    pub(super) fn len(&self) -> usize {
        match self {
            Space::Discrete { .. } => 1,
            Space::Box { low, .. } => low.len(),
        }
    }
}

/// Appends the numbers of nested lists to `out`; `None` for something else than numbers.
fn flatten(json: &Value, out: &mut Vec<f32>) -> Option<()> {
    match json {
        Value::Array(all) => all.iter().try_for_each(|value| flatten(value, out)),
        Value::Number(x) => {
            out.push(x.as_f64()? as f32);
            Some(())
        }
        Value::String(text) => {
            out.push(match text.as_str() {
                "inf" => f32::INFINITY,
                "-inf" => f32::NEG_INFINITY,
                _ => return None,
            });
            Some(())
        }
        _ => None,
    }
}

/// `all` as nested lists of this shape.
fn nested(all: &[f32], shape: &[usize]) -> String {
    let Some((&first, inner)) = shape.split_first() else {
        return all.first().map(|x| number(*x)).unwrap_or_default();
    };
    let width = all.len() / first.max(1);
    let parts: Vec<String> = (0..first).map(|i| nested(&all[i * width..(i + 1) * width], inner)).collect();
    format!("[{}]", parts.join(", "))
}

fn number(x: f32) -> String {
    match f64::from(x) {
        x if x == f64::INFINITY => "Infinity".into(),
        x if x == f64::NEG_INFINITY => "-Infinity".into(),
        x => format!("{x:?}"),
    }
}
