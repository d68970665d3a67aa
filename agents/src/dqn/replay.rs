//! What was experienced, to be learned from again: every observation is kept once.
//!
//! Each row of the batch has a ring of its own. A slot is an observation with its mask and what was done there; where the episode went on, the
//! next slot is what it led to. After an episode that was cut short, a slot more keeps what it last saw: cut or not, the
//! successor of a step is the true one. After a terminal step nothing is kept, for nothing can be earned there.

use freewheel_core::{Ending, Error, Result, Spec, Stream};
use serde::{Deserialize, Serialize};

use super::priorities::Priorities;
use super::storage::{Observations, Storage};

/// What a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Slot {
    /// Nothing yet.
    Empty,
    /// A step after which the episode went on, and the same player with it.
    Step,
    /// The same, and the turn passed.
    Turn,
    /// A step that ended the episode by the rules.
    Terminal,
    /// A step after which the episode was cut short; the next slot is what it last saw.
    Cut,
    /// The same, with the other player to move there.
    CutTurn,
    /// What a cut episode last saw.
    Last,
}

impl Slot {
    const ALL: [Slot; 7] =
        [Slot::Empty, Slot::Step, Slot::Turn, Slot::Terminal, Slot::Cut, Slot::CutTurn, Slot::Last];
}

/// Observations that a replay may hold at most: what is more is a slip, and ends in no memory at all.
const MOST_BYTES: u64 = 64 << 30;

/// A step of one row, to be kept.
pub(super) struct Transition<'a> {
    /// What was seen, `[D]`.
    pub(super) obs: &'a [f32],
    /// What was legal there, `[A]`.
    pub(super) legal: &'a [bool],
    pub(super) action: u32,
    pub(super) reward: f32,
    pub(super) ending: Ending,
    /// Whether another player moves next.
    pub(super) turned: bool,
    /// What it led to, `[D]` and `[A]`; kept only where the episode was cut short.
    pub(super) successor: (&'a [f32], &'a [bool]),
}

/// Steps drawn from a replay, B of them.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// Where each stands in the replay, `[B]`.
    pub(super) at: Vec<usize>,
    /// `[B, D]`.
    pub(super) obs: Vec<f32>,
    /// `[B]`.
    pub(super) actions: Vec<u32>,
    /// The discounted sum of the next n rewards, the mover's, `[B]`.
    pub(super) rewards: Vec<f32>,
    /// What the successor's value counts, `[B]`: gamma^n, negative where another player moves there, 0 after the end.
    pub(super) discounts: Vec<f32>,
    /// What was seen n steps later, `[B, D]`; anything where the discount is 0.
    pub(super) successors: Vec<f32>,
    /// The mask there, `[B, A]`.
    pub(super) legal: Vec<bool>,
    /// What each one's error counts, `[B]`.
    pub(super) weights: Vec<f32>,
}

/// How steps are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    /// Steps.
    pub(super) batch: usize,
    /// Steps to the successor.
    pub(super) n: usize,
    pub(super) gamma: f64,
    /// The exponent of the weights' correction, where steps are drawn by priority.
    pub(super) beta: f64,
}

/// The replay of a batch of rows.
pub(super) struct Replay {
    rings: usize,
    slots: usize,
    actions: usize,
    masked: bool,
    obs: Observations,
    /// A bit an action, `[slots, A / 8]`, where the world has masks.
    legal: Vec<u8>,
    action: Vec<u32>,
    reward: Vec<f32>,
    kind: Vec<Slot>,
    /// The slot each ring writes next, `[N]`.
    next: Vec<usize>,
    priorities: Option<Priorities>,
}

/// What a checkpoint keeps of a replay: of each ring, the slots written.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    written: usize,
    #[serde(with = "bytes")]
    obs: Vec<u8>,
    #[serde(with = "bytes")]
    legal: Vec<u8>,
    action: Vec<u32>,
    reward: Vec<f32>,
    #[serde(with = "bytes")]
    kind: Vec<u8>,
    next: Vec<usize>,
    priorities: Option<Priorities>,
}

/// Bytes as one block: a number at a time they would take a hundred times as long.
mod bytes {
    use serde::de::{Error, SeqAccess, Visitor};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
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

impl Replay {
    /// Room for about `capacity` steps of `rows` rows; `prioritized` to draw by priority.
    ///
    /// # Errors
    /// [`Error::Config`] where the rows have less than `least` steps of room each, or the storage does not suit the world.
    pub(super) fn new(
        spec: &Spec,
        rows: usize,
        capacity: usize,
        least: usize,
        storage: Storage,
        prioritized: bool,
    ) -> Result<Self> {
        let slots = capacity / rows;
        let bytes = spec.observation.len() * if storage == Storage::U8 { 1 } else { 4 };
        if (bytes as u64).saturating_mul(capacity as u64) > MOST_BYTES {
            return Err(Error::Config(format!(
                "buffer_size = {capacity}: observations of {bytes} bytes each are more than {} GiB; keep fewer, or a byte a number with storage = \"u8\"",
                MOST_BYTES >> 30
            )));
        }
        if slots < least {
            return Err(Error::Config(format!(
                "buffer_size = {capacity}: {rows} rows share it, and each needs room for at least {least} steps"
            )));
        }
        let (all, actions) = (rows * slots, spec.actions.count());
        Ok(Replay {
            rings: rows,
            slots,
            actions,
            masked: spec.masked,
            obs: Observations::new(spec, storage, all)?,
            legal: vec![0; if spec.masked { all * actions.div_ceil(8) } else { 0 }],
            action: vec![0; all],
            reward: vec![0.0; all],
            kind: vec![Slot::Empty; all],
            next: vec![0; rows],
            priorities: prioritized.then(|| Priorities::new(all)),
        })
    }

    /// Keeps a step of ring `ring`.
    pub(super) fn push(&mut self, ring: usize, step: &Transition<'_>) {
        let kind = match (step.ending, step.turned) {
            (Ending::Running, false) => Slot::Step,
            (Ending::Running, true) => Slot::Turn,
            (Ending::Terminal, _) => Slot::Terminal,
            (Ending::Truncated, false) => Slot::Cut,
            (Ending::Truncated, true) => Slot::CutTurn,
        };
        let at = self.write(ring, kind, step.obs, step.legal);
        (self.action[at], self.reward[at]) = (step.action, step.reward);
        if step.ending == Ending::Truncated {
            self.write(ring, Slot::Last, step.successor.0, step.successor.1);
        }
    }

    fn write(&mut self, ring: usize, kind: Slot, obs: &[f32], legal: &[bool]) -> usize {
        let at = ring * self.slots + self.next[ring];
        self.next[ring] = (self.next[ring] + 1) % self.slots;
        self.kind[at] = kind;
        self.obs.put(at, obs);
        if self.masked {
            let width = self.actions.div_ceil(8);
            let bytes = &mut self.legal[at * width..(at + 1) * width];
            for (byte, legal) in bytes.iter_mut().zip(legal.chunks(8)) {
                *byte = legal.iter().enumerate().map(|(bit, &legal)| u8::from(legal) << bit).sum();
            }
        }
        if let Some(priorities) = &mut self.priorities {
            let priority = if kind == Slot::Last { 0.0 } else { priorities.most() };
            priorities.set(at, priority);
        }
        at
    }

    /// Draws steps into `sample`; false where there are too few.
    pub(super) fn sample(&self, draw: Draw, rng: &mut Stream, sample: &mut Sample) -> bool {
        sample.clear();
        let total = self.priorities.as_ref().map_or(0.0, Priorities::total);
        // What is drawn and cannot be used, such as the newest step, whose successor has not been seen, is drawn anew.
        let (mut tries, mut anew) = (0, false);
        while sample.at.len() < draw.batch {
            tries += 1;
            if tries > 100 * draw.batch {
                return false;
            }
            let at = match &self.priorities {
                None => {
                    let ring = rng.below(self.rings as u32) as usize;
                    ring * self.slots + rng.below(self.written(ring) as u32) as usize
                }
                // One of each of B equal shares; where that cannot be used, as the newest steps cannot, one of all.
                Some(priorities) => {
                    let share = total / draw.batch as f64;
                    let mass = match std::mem::take(&mut anew) {
                        false => (sample.at.len() as f64 + rng.uniform()) * share,
                        true => rng.uniform() * total,
                    };
                    priorities.find(mass)
                }
            };
            if let Some((reward, discount, successor)) = self.look_ahead(at, draw) {
                sample.at.push(at);
                self.obs.get(at, &mut sample.obs);
                sample.actions.push(self.action[at]);
                sample.rewards.push(reward as f32);
                sample.discounts.push(discount as f32);
                self.obs.get(successor, &mut sample.successors);
                self.read_mask(successor, &mut sample.legal);
            } else {
                anew = true;
            }
        }
        self.weigh(draw.beta, sample);
        true
    }

    /// Slots of ring `ring` that hold something.
    fn written(&self, ring: usize) -> usize {
        let full = self.kind[(ring + 1) * self.slots - 1] != Slot::Empty;
        if full { self.slots } else { self.next[ring] }
    }

    /// The discounted rewards of up to n steps from slot `at` on, what the value of the slot that follows counts, and that slot; `None` where
    /// no step stands at `at`, or what follows has not been seen yet.
    fn look_ahead(&self, at: usize, draw: Draw) -> Option<(f64, f64, usize)> {
        let (ring, mut slot) = (at / self.slots, at % self.slots);
        let (mut reward, mut weight) = (0.0, 1.0);
        for _ in 0..draw.n {
            let here = ring * self.slots + slot;
            let kind = self.kind[here];
            if matches!(kind, Slot::Empty | Slot::Last) {
                return None;
            }
            reward += weight * f64::from(self.reward[here]);
            slot = (slot + 1) % self.slots;
            if kind == Slot::Terminal {
                return Some((reward, 0.0, at));
            }
            if slot == self.next[ring] {
                return None;
            }
            weight *= if matches!(kind, Slot::Turn | Slot::CutTurn) { -draw.gamma } else { draw.gamma };
            if matches!(kind, Slot::Cut | Slot::CutTurn) {
                break;
            }
        }
        Some((reward, weight, ring * self.slots + slot))
    }

    fn read_mask(&self, at: usize, out: &mut Vec<bool>) {
        if self.masked {
            let width = self.actions.div_ceil(8);
            let bytes = &self.legal[at * width..(at + 1) * width];
            out.extend((0..self.actions).map(|a| bytes[a / 8] >> (a % 8) & 1 == 1));
        } else {
            out.resize(out.len() + self.actions, true);
        }
    }

    /// Weights that undo what drawing by priority prefers, the greatest being 1: (n P)^-beta.
    fn weigh(&self, beta: f64, sample: &mut Sample) {
        let Some(priorities) = &self.priorities else {
            return sample.weights.resize(sample.at.len(), 1.0);
        };
        let least = sample.at.iter().map(|&at| priorities.get(at)).fold(f64::INFINITY, f64::min);
        let weight = |&at: &usize| (priorities.get(at) / least).powf(-beta) as f32;
        sample.weights.extend(sample.at.iter().map(weight));
    }

    /// Gives the steps at `at` priorities.
    pub(super) fn set_priorities(&mut self, at: &[usize], priority: impl Iterator<Item = f64>) {
        if let Some(priorities) = &mut self.priorities {
            at.iter().zip(priority).for_each(|(&at, priority)| priorities.set(at, priority));
        }
    }

    pub(super) fn save(&self) -> Saved {
        let written = (0..self.rings).map(|ring| self.written(ring)).max().unwrap_or(0);
        Saved {
            written,
            obs: self.obs.save(self.rings, written),
            legal: self.heads(&self.legal, written),
            action: self.heads(&self.action, written),
            reward: self.heads(&self.reward, written),
            kind: self.heads(&self.kind, written).into_iter().map(|kind| kind as u8).collect(),
            next: self.next.clone(),
            priorities: self.priorities.clone(),
        }
    }

    /// Takes back what [`Replay::save`] gave.
    ///
    /// # Errors
    /// [`Error::Config`] where it is of another size.
    pub(super) fn load(&mut self, saved: Saved) -> Result<()> {
        let refuse = || Error::Config("a saved replay has another size".into());
        let width = if self.masked { self.actions.div_ceil(8) } else { 0 };
        let kept = self.rings * saved.written;
        let fits = saved.written <= self.slots
            && saved.next.len() == self.rings
            && saved.next.iter().all(|&next| next < self.slots)
            && saved.priorities.as_ref().map(Priorities::len)
                == self.priorities.as_ref().map(Priorities::len)
            && saved.kind.iter().all(|&kind| usize::from(kind) < Slot::ALL.len())
            && saved.action.iter().all(|&action| (action as usize) < self.actions)
            && [saved.kind.len(), saved.action.len(), saved.reward.len()] == [kept; 3]
            && saved.legal.len() == kept * width;
        if !fits || !self.obs.load(&saved.obs, self.rings, saved.written) {
            return Err(refuse());
        }
        let kind: Vec<Slot> = saved.kind.iter().map(|&kind| Slot::ALL[usize::from(kind)]).collect();
        self.kind.fill(Slot::Empty);
        put_heads(&mut self.legal, &saved.legal, self.rings, saved.written * width);
        put_heads(&mut self.action, &saved.action, self.rings, saved.written);
        put_heads(&mut self.reward, &saved.reward, self.rings, saved.written);
        put_heads(&mut self.kind, &kind, self.rings, saved.written);
        (self.next, self.priorities) = (saved.next, saved.priorities);
        Ok(())
    }

    /// What belongs to the first `written` slots of each ring.
    fn heads<T: Copy>(&self, all: &[T], written: usize) -> Vec<T> {
        let width = all.len() / self.kind.len();
        all.chunks((self.slots * width).max(1)).flat_map(|ring| &ring[..written * width]).copied().collect()
    }
}

/// Puts `heads` back at the beginning of each of `rings` equal parts of `all`, `keep` to each.
fn put_heads<T: Copy>(all: &mut [T], heads: &[T], rings: usize, keep: usize) {
    let part = (all.len() / rings).max(1);
    for (part, head) in all.chunks_mut(part).zip(heads.chunks(keep.max(1))) {
        part[..keep].copy_from_slice(head);
    }
}

impl Sample {
    fn clear(&mut self) {
        self.at.clear();
        self.obs.clear();
        self.actions.clear();
        self.rewards.clear();
        self.discounts.clear();
        self.successors.clear();
        self.legal.clear();
        self.weights.clear();
    }
}
