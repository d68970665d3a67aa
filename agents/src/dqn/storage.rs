//! Observations as a replay keeps them: whole, or a byte a number.

use freewheel_core::{Error, ObservationSpace, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How observations are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// As they are, 4 bytes a number.
    #[default]
    F32,
    /// One of 256 levels between a number's bounds, a byte each: exact for planes of 0 and 1.
    U8,
}

/// Room for rows of D numbers.
#[derive(Clone, Debug)]
pub(super) struct Observations {
    len: usize,
    rows: Rows,
}

#[derive(Clone, Debug)]
enum Rows {
    F32(Vec<f32>),
    /// With the lower bound and the step between two levels of each number, `[D]`.
    U8(Vec<u8>, Vec<(f32, f32)>),
}

impl Observations {
    /// Room for `rows` observations of worlds that look like `spec`.
    ///
    /// # Errors
    /// [`Error::Config`] where bytes are asked for and an observation has no bounds to cut up.
    pub(super) fn new(spec: &Spec, storage: Storage, rows: usize) -> Result<Self> {
        let len = spec.observation.len();
        let rows = match (storage, &spec.observation) {
            (Storage::F32, _) => Rows::F32(vec![0.0; rows * len]),
            (Storage::U8, ObservationSpace::Box { low, high, .. })
                if low.iter().zip(high).all(|(low, high)| (high - low).is_finite()) =>
            {
                let level = |(&low, &high): (&f32, &f32)| (low, (high - low) / 255.0);
                Rows::U8(vec![0; rows * len], low.iter().zip(high).map(level).collect())
            }
            (Storage::U8, _) => {
                return Err(Error::Config(format!(
                    "storage = \"u8\": observations of {} are no numbers between bounds; use \"f32\"",
                    spec.id
                )));
            }
        };
        Ok(Observations { len, rows })
    }

    /// Puts `obs [D]` in the place of row `at`.
    pub(super) fn put(&mut self, at: usize, obs: &[f32]) {
        let own = at * self.len..(at + 1) * self.len;
        match &mut self.rows {
            Rows::F32(all) => all[own].copy_from_slice(obs),
            Rows::U8(all, levels) => {
                for ((byte, x), (low, step)) in all[own].iter_mut().zip(obs).zip(levels) {
                    // A cast from float saturates: what lies outside is at the edge.
                    *byte = ((x - *low) / *step).round() as u8;
                }
            }
        }
    }

    /// Appends row `at` to `out`.
    pub(super) fn get(&self, at: usize, out: &mut Vec<f32>) {
        let own = at * self.len..(at + 1) * self.len;
        match &self.rows {
            Rows::F32(all) => out.extend_from_slice(&all[own]),
            Rows::U8(all, levels) => {
                out.extend(
                    all[own].iter().zip(levels).map(|(&byte, (low, step))| low + f32::from(byte) * step),
                );
            }
        }
    }

    /// The bytes of the first `rows` rows of each of the equal parts that all rows are divided into.
    pub(super) fn save(&self, parts: usize, rows: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let keep = rows * self.len;
        match &self.rows {
            Rows::F32(all) => {
                let kept = all.chunks((all.len() / parts).max(1)).flat_map(|part| &part[..keep]);
                bytes.reserve(4 * parts * keep);
                kept.for_each(|x| bytes.extend_from_slice(&x.to_le_bytes()));
            }
            Rows::U8(all, _) => {
                all.chunks((all.len() / parts).max(1))
                    .for_each(|part| bytes.extend_from_slice(&part[..keep]));
            }
        }
        bytes
    }

    /// Takes back what [`Observations::save`] gave; false where it has another size.
    pub(super) fn load(&mut self, bytes: &[u8], parts: usize, rows: usize) -> bool {
        let keep = rows * self.len;
        match &mut self.rows {
            Rows::F32(all) => {
                let (words, rest) = bytes.as_chunks::<4>();
                if words.len() != parts * keep || !rest.is_empty() {
                    return false;
                }
                let part = (all.len() / parts).max(1);
                for (part, words) in all.chunks_mut(part).zip(words.chunks(keep.max(1))) {
                    part.iter_mut().zip(words).for_each(|(x, word)| *x = f32::from_le_bytes(*word));
                }
            }
            Rows::U8(all, _) => {
                if bytes.len() != parts * keep {
                    return false;
                }
                let part = (all.len() / parts).max(1);
                for (part, bytes) in all.chunks_mut(part).zip(bytes.chunks(keep.max(1))) {
                    part[..keep].copy_from_slice(bytes);
                }
            }
        }
        true
    }
}
