//! Observations of a replay buffer, stored as f32 or as one byte per number, and the used slots in a checkpoint.

use freewheel_core::{Error, ObservationSpace, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nn::optimizer::all_finite;

/// Choice of the storage format of observations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// 4 bytes per number, exact.
    #[default]
    F32,
    /// 1 byte per number: one of 256 levels between the bounds of the number; exact for planes of 0 and 1.
    U8,
}

/// Buffer of observations `[slots, D]`.
#[derive(Clone, Debug)]
pub(crate) struct Observations {
    /// Numbers per observation, D.
    len: usize,
    data: Data,
}

#[derive(Clone, Debug)]
enum Data {
    F32(Vec<f32>),
    /// Levels `[slots, D]`; then the lower bound and the distance between two levels for each of the D numbers.
    U8(Vec<u8>, Vec<(f32, f32)>),
}

impl Observations {
    /// Buffer with `slots` slots for the observations of `spec`.
    ///
    /// # Errors
    /// [`Error::Setting`] for `storage = "u8"` and observations without finite bounds.
    pub(crate) fn new(spec: &Spec, storage: Storage, slots: usize) -> Result<Self> {
        let len = spec.observation.len();
        let data = match (storage, &spec.observation) {
            (Storage::F32, _) => Data::F32(vec![0.0; slots * len]),
            (Storage::U8, ObservationSpace::Box { low, high, .. })
                if low.iter().zip(high).all(|(low, high)| (high - low).is_finite()) =>
            {
                let level = |(&low, &high): (&f32, &f32)| (low, (high - low) / 255.0);
                Data::U8(vec![0; slots * len], low.iter().zip(high).map(level).collect())
            }
            (Storage::U8, _) => {
                return Err(Error::setting(
                    "storage",
                    format!(
                        "storage = \"u8\": observations of world {} have no finite bounds; use storage = \"f32\"",
                        spec.id
                    ),
                ));
            }
        };
        Ok(Observations { len, data })
    }

    /// Writes `obs [D]` to slot `index`.
    pub(crate) fn write(&mut self, index: usize, obs: &[f32]) {
        let slot = index * self.len..(index + 1) * self.len;
        match &mut self.data {
            Data::F32(all) => all[slot].copy_from_slice(obs),
            Data::U8(all, levels) => {
                for ((byte, x), (low, step)) in all[slot].iter_mut().zip(obs).zip(levels) {
                    // A cast from float saturates: values outside the bounds get the first or last level.
                    *byte = ((x - *low) / *step).round() as u8;
                }
            }
        }
    }

    /// Appends the observation of slot `index` to `out`.
    pub(crate) fn append_to(&self, index: usize, out: &mut Vec<f32>) {
        let slot = index * self.len..(index + 1) * self.len;
        match &self.data {
            Data::F32(all) => out.extend_from_slice(&all[slot]),
            Data::U8(all, levels) => {
                let values =
                    all[slot].iter().zip(levels).map(|(&byte, (low, step))| low + f32::from(byte) * step);
                out.extend(values);
            }
        }
    }

    /// Bytes of the first `written` slots of each environment; the slots are `num_envs` equal parts, one for each.
    pub(crate) fn save(&self, num_envs: usize, written: usize) -> Vec<u8> {
        let keep = written * self.len;
        match &self.data {
            Data::F32(all) => {
                let kept = written_rings(all, num_envs, keep);
                kept.iter().flat_map(|x| x.to_le_bytes()).collect()
            }
            Data::U8(all, _) => written_rings(all, num_envs, keep),
        }
    }

    /// Restores the bytes that [`Observations::save`] returned; returns false if their number differs or one
    /// is not finite.
    pub(crate) fn load(&mut self, bytes: &[u8], num_envs: usize, written: usize) -> bool {
        let keep = written * self.len;
        match &mut self.data {
            Data::F32(all) => {
                let (words, rest) = bytes.as_chunks::<4>();
                if words.len() != num_envs * keep || !rest.is_empty() {
                    return false;
                }
                let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
                if !all_finite(&values) {
                    return false;
                }
                restore_rings(all, &values, num_envs, keep);
            }
            Data::U8(all, _) => {
                if bytes.len() != num_envs * keep {
                    return false;
                }
                restore_rings(all, bytes, num_envs, keep);
            }
        }
        true
    }
}

/// First `keep` elements of each of `num_envs` equal parts of `all`, one part for each environment.
pub(crate) fn written_rings<T: Copy>(all: &[T], num_envs: usize, keep: usize) -> Vec<T> {
    all.chunks((all.len() / num_envs).max(1)).flat_map(|ring| &ring[..keep]).copied().collect()
}

/// Writes `saved`, the result of [`written_rings`], back to `all`.
pub(crate) fn restore_rings<T: Copy>(all: &mut [T], saved: &[T], num_envs: usize, keep: usize) {
    let len = (all.len() / num_envs).max(1);
    for (ring, saved) in all.chunks_mut(len).zip(saved.chunks(keep.max(1))) {
        ring[..keep].copy_from_slice(saved);
    }
}

/// Serialization of bytes as one block, about 100 times as fast as one element after another.
pub(crate) mod bytes {
    use serde::de::{Error, SeqAccess, Visitor};
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(bytes)
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
