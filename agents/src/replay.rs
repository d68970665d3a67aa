//! Replay buffer that stores every observation once.
//!
//! Each environment has a ring of slots. A slot holds an observation, the mask of legal actions, the action and the
//! reward. An action is one index (u32) or K numbers (f32), the type parameter of the buffer. While an episode runs,
//! the next slot holds the successor of a step. After a truncated episode an additional slot holds the final
//! observation of the episode. After termination no successor is needed.

use freewheel_core::{ActionSpace, Ending, Error, Result, Spec, Stream, memory};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

mod priorities;
pub(crate) mod storage;
#[cfg(test)]
mod tests;

pub use storage::Storage;

use crate::nn::optimizer::all_finite;
pub(crate) use priorities::Priorities;
use storage::{Observations, bytes, restore_rings, written_rings};

/// Number of a stored action: the index of a discrete action, or one of the K numbers of a continuous action.
pub(crate) trait ActionNumber: Copy + Default + Serialize + DeserializeOwned {
    /// Numbers of one action in `space`, W.
    fn width(space: &ActionSpace) -> usize;
    /// Whether this number, read from a checkpoint, can be part of an action in a space of `num_actions` discrete
    /// actions.
    fn is_valid(self, num_actions: usize) -> bool;
}

impl ActionNumber for u32 {
    fn width(_space: &ActionSpace) -> usize {
        1
    }

    fn is_valid(self, num_actions: usize) -> bool {
        (self as usize) < num_actions
    }
}

/// A number from -1 to 1, the lower and the upper bound of the space.
impl ActionNumber for f32 {
    fn width(space: &ActionSpace) -> usize {
        space.dimensions()
    }

    fn is_valid(self, _num_actions: usize) -> bool {
        (-1.0..=1.0).contains(&self)
    }
}

/// Kind of a slot of the replay buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Slot {
    Empty,
    /// Step after which the episode continues with the same player.
    Step,
    /// Step after which the episode continues with the opponent.
    StepOpponent,
    /// Step that terminated the episode.
    Terminal,
    /// Step at which the episode was truncated; the next slot holds the final observation.
    Truncated,
    /// Truncated step after which the opponent would move.
    TruncatedOpponent,
    /// Final observation of a truncated episode; not a step.
    FinalObservation,
}

impl Slot {
    const ALL: [Slot; 7] = [
        Slot::Empty,
        Slot::Step,
        Slot::StepOpponent,
        Slot::Terminal,
        Slot::Truncated,
        Slot::TruncatedOpponent,
        Slot::FinalObservation,
    ];
}

/// Bytes of a slot besides its observation, its mask and its action: reward and kind.
const STEP: u128 = 5;

/// One step of one environment.
pub(crate) struct Transition<'a, T> {
    /// Observation before the step, `[D]`.
    pub(crate) obs: &'a [f32],
    /// Mask of legal actions, `[A]`.
    pub(crate) legal: &'a [bool],
    /// Action, `[W]`.
    pub(crate) action: &'a [T],
    pub(crate) reward: f32,
    pub(crate) ending: Ending,
    /// Whether the opponent moves after this step.
    pub(crate) player_changed: bool,
    /// Observation `[D]` and mask `[A]` after the step; stored only if the episode was truncated.
    pub(crate) successor: (&'a [f32], &'a [bool]),
}

/// B n-step transitions, sampled from the replay buffer.
#[derive(Debug, Default)]
pub(crate) struct Sample<T> {
    /// Slots of the sampled steps, `[B]`.
    pub(crate) indices: Vec<usize>,
    /// Observations, `[B, D]`.
    pub(crate) obs: Vec<f32>,
    /// Actions, `[B, W]`.
    pub(crate) actions: Vec<T>,
    /// Discounted sums of the rewards of n steps, `[B]`, for the player that makes the first of these steps.
    pub(crate) rewards: Vec<f32>,
    /// Discounts of the values of the successors, `[B]`: gamma^n; negative if the opponent moves in the successor; 0
    /// after termination.
    pub(crate) discounts: Vec<f32>,
    /// Observations of the successors, n steps later, `[B, D]`; arbitrary where the discount is 0.
    pub(crate) successors: Vec<f32>,
    /// Masks of legal actions of the successors, `[B, A]`.
    pub(crate) legal: Vec<bool>,
    /// Importance-sampling weights of the losses, `[B]`.
    pub(crate) weights: Vec<f32>,
}

/// Parameters of [`Replay::sample`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleRequest {
    /// Number of steps to sample, B.
    pub(crate) batch_size: usize,
    /// Number of steps between a state and its successor, n.
    pub(crate) n_step: usize,
    pub(crate) gamma: f64,
    /// Exponent of the importance-sampling weights; used only with priorities.
    pub(crate) beta: f64,
}

/// Replay buffer of N environments.
pub(crate) struct Replay<T> {
    num_envs: usize,
    /// Number of slots of each environment.
    slots: usize,
    num_actions: usize,
    /// Numbers of one action, W.
    width: usize,
    masked: bool,
    obs: Observations,
    /// Masks of legal actions as bits, `[N * slots, ceil(A / 8)]` for A actions; empty if all actions are always legal.
    legal: Vec<u8>,
    /// Actions, `[N * slots, W]`.
    action: Vec<T>,
    reward: Vec<f32>,
    kind: Vec<Slot>,
    /// Index of the slot that is written next, for each environment, `[N]`.
    next: Vec<usize>,
    priorities: Option<Priorities>,
}

/// Replay buffer in a checkpoint: the written slots of every environment.
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedReplay<T> {
    written: usize,
    #[serde(with = "bytes")]
    obs: Vec<u8>,
    #[serde(with = "bytes")]
    legal: Vec<u8>,
    action: Vec<T>,
    reward: Vec<f32>,
    #[serde(with = "bytes")]
    kind: Vec<u8>,
    next: Vec<usize>,
    priorities: Option<Priorities>,
}

impl<T: ActionNumber> Replay<T> {
    /// Checks the sizes of a replay buffer without building the buffer; returns the number of slots of each
    /// environment.
    ///
    /// # Errors
    /// As [`Replay::new`].
    pub(crate) fn check(
        spec: &Spec,
        num_envs: usize,
        capacity: usize,
        min_slots: usize,
        storage: Storage,
        prioritized: bool,
    ) -> Result<usize> {
        let slots = capacity / num_envs;
        let number: u128 = if storage == Storage::U8 { 1 } else { 4 };
        let mask = if spec.masked { spec.actions.count().div_ceil(8) } else { 0 };
        let sums = if prioritized { 2 * capacity.next_power_of_two() } else { 0 };
        let d = spec.observation.len();
        let action = 4 * T::width(&spec.actions) as u128;
        let step = number * d as u128 + mask as u128 + action + STEP;
        let what = format!("buffer_size = {capacity} with observations of {d} numbers");
        memory::require(&what, capacity as u128 * step + 8 * sums as u128)?;
        if slots < min_slots {
            return Err(Error::setting(
                "buffer_size",
                format!(
                    "buffer_size = {capacity}: must be at least {} ({min_slots} steps for each of {num_envs} \
                     environments)",
                    min_slots * num_envs
                ),
            ));
        }
        Observations::new(spec, storage, 0)?;
        Ok(slots)
    }

    /// Replay buffer with `capacity` slots for all `num_envs` environments together; with `prioritized`, steps are
    /// sampled by priority.
    ///
    /// # Errors
    /// [`Error::Setting`] if an environment gets fewer than `min_slots` slots, or `storage` does not support the
    /// observations of `spec`; [`Error::Unsupported`] if the buffer needs more memory than there is.
    pub(crate) fn new(
        spec: &Spec,
        num_envs: usize,
        capacity: usize,
        min_slots: usize,
        storage: Storage,
        prioritized: bool,
    ) -> Result<Self> {
        let slots = Self::check(spec, num_envs, capacity, min_slots, storage, prioritized)?;
        let (all, num_actions, width) = (num_envs * slots, spec.actions.count(), T::width(&spec.actions));
        Ok(Replay {
            num_envs,
            slots,
            num_actions,
            width,
            masked: spec.masked,
            obs: Observations::new(spec, storage, all)?,
            legal: vec![0; if spec.masked { all * num_actions.div_ceil(8) } else { 0 }],
            action: vec![T::default(); all * width],
            reward: vec![0.0; all],
            kind: vec![Slot::Empty; all],
            next: vec![0; num_envs],
            priorities: prioritized.then(|| Priorities::new(all)),
        })
    }

    /// Stores a step of environment `env`.
    pub(crate) fn push(&mut self, env: usize, step: &Transition<'_, T>) {
        let kind = match (step.ending, step.player_changed) {
            (Ending::Running, false) => Slot::Step,
            (Ending::Running, true) => Slot::StepOpponent,
            (Ending::Terminal, _) => Slot::Terminal,
            (Ending::Truncated, false) => Slot::Truncated,
            (Ending::Truncated, true) => Slot::TruncatedOpponent,
        };
        let index = self.write(env, kind, step.obs, step.legal);
        self.action[index * self.width..(index + 1) * self.width].copy_from_slice(step.action);
        self.reward[index] = step.reward;
        if step.ending == Ending::Truncated {
            self.write(env, Slot::FinalObservation, step.successor.0, step.successor.1);
        }
    }

    /// Writes the next slot of environment `env`; returns the index of this slot.
    fn write(&mut self, env: usize, kind: Slot, obs: &[f32], legal: &[bool]) -> usize {
        let index = env * self.slots + self.next[env];
        self.next[env] = (self.next[env] + 1) % self.slots;
        self.kind[index] = kind;
        self.obs.write(index, obs);
        if self.masked {
            let width = self.num_actions.div_ceil(8);
            let bytes = &mut self.legal[index * width..(index + 1) * width];
            for (byte, legal) in bytes.iter_mut().zip(legal.chunks(8)) {
                *byte = legal.iter().enumerate().map(|(bit, &legal)| u8::from(legal) << bit).sum();
            }
        }
        if let Some(priorities) = &mut self.priorities {
            let priority = if kind == Slot::FinalObservation { 0.0 } else { priorities.max() };
            priorities.set(index, priority);
        }
        index
    }

    /// Samples `request.batch_size` steps; returns false if the buffer holds too few steps.
    pub(crate) fn sample(&self, request: SampleRequest, rng: &mut Stream, sample: &mut Sample<T>) -> bool {
        sample.clear();
        let total = self.priorities.as_ref().map_or(0.0, Priorities::total);
        // Slots that are not complete transitions, such as the newest step, are rejected and drawn again.
        let (mut tries, mut rejected) = (0, false);
        while sample.indices.len() < request.batch_size {
            tries += 1;
            if tries > 100 * request.batch_size {
                return false;
            }
            let index = match &self.priorities {
                None => {
                    let env = rng.below(self.num_envs as u32) as usize;
                    env * self.slots + rng.below(self.written(env) as u32) as usize
                }
                // Stratified sampling: one step from each of B equal shares of the sum of priorities; after a
                // rejection, from the whole sum.
                Some(priorities) => {
                    let share = total / request.batch_size as f64;
                    let mass = match std::mem::take(&mut rejected) {
                        false => (sample.indices.len() as f64 + rng.uniform()) * share,
                        true => rng.uniform() * total,
                    };
                    priorities.find(mass)
                }
            };
            if let Some((reward, discount, successor)) = self.n_step_transition(index, request) {
                sample.indices.push(index);
                self.obs.append_to(index, &mut sample.obs);
                let action = &self.action[index * self.width..(index + 1) * self.width];
                sample.actions.extend_from_slice(action);
                sample.rewards.push(reward as f32);
                sample.discounts.push(discount as f32);
                self.obs.append_to(successor, &mut sample.successors);
                self.append_mask(successor, &mut sample.legal);
            } else {
                rejected = true;
            }
        }
        self.append_weights(request.beta, sample);
        true
    }

    /// Number of written slots of environment `env`.
    fn written(&self, env: usize) -> usize {
        let full = self.kind[(env + 1) * self.slots - 1] != Slot::Empty;
        if full { self.slots } else { self.next[env] }
    }

    /// n-step transition that begins in slot `index`: discounted sum of up to n rewards, discount of the successor's
    /// value, and slot of the successor. `None` if slot `index` holds no step, or the successor is not stored yet.
    fn n_step_transition(&self, index: usize, request: SampleRequest) -> Option<(f64, f64, usize)> {
        let (env, mut slot) = (index / self.slots, index % self.slots);
        let (mut reward, mut discount) = (0.0, 1.0);
        for _ in 0..request.n_step {
            let current = env * self.slots + slot;
            let kind = self.kind[current];
            if matches!(kind, Slot::Empty | Slot::FinalObservation) {
                return None;
            }
            reward += discount * f64::from(self.reward[current]);
            slot = (slot + 1) % self.slots;
            if kind == Slot::Terminal {
                return Some((reward, 0.0, index));
            }
            if slot == self.next[env] {
                return None;
            }
            let opponent = matches!(kind, Slot::StepOpponent | Slot::TruncatedOpponent);
            discount *= if opponent { -request.gamma } else { request.gamma };
            if matches!(kind, Slot::Truncated | Slot::TruncatedOpponent) {
                break;
            }
        }
        Some((reward, discount, env * self.slots + slot))
    }

    /// Appends the mask of legal actions of slot `index`, `[A]`, to `out`.
    pub(crate) fn append_mask(&self, index: usize, out: &mut Vec<bool>) {
        if self.masked {
            let width = self.num_actions.div_ceil(8);
            let bytes = &self.legal[index * width..(index + 1) * width];
            out.extend((0..self.num_actions).map(|a| bytes[a / 8] >> (a % 8) & 1 == 1));
        } else {
            out.resize(out.len() + self.num_actions, true);
        }
    }

    /// Appends the importance-sampling weights `P^-beta`, divided by their maximum in the sample, where P is the
    /// probability of sampling a step. All weights are 1 without priorities.
    fn append_weights(&self, beta: f64, sample: &mut Sample<T>) {
        let Some(priorities) = &self.priorities else {
            return sample.weights.resize(sample.indices.len(), 1.0);
        };
        let min = sample.indices.iter().map(|&index| priorities.get(index)).fold(f64::INFINITY, f64::min);
        let weight = |&index: &usize| (priorities.get(index) / min).powf(-beta) as f32;
        sample.weights.extend(sample.indices.iter().map(weight));
    }

    /// Sets the priorities of the steps at `indices`.
    pub(crate) fn set_priorities(&mut self, indices: &[usize], priorities: impl Iterator<Item = f64>) {
        if let Some(tree) = &mut self.priorities {
            indices.iter().zip(priorities).for_each(|(&index, priority)| tree.set(index, priority));
        }
    }

    /// Sum of all priorities; 0 without priorities.
    pub(crate) fn total_priority(&self) -> f64 {
        self.priorities.as_ref().map_or(0.0, Priorities::total)
    }

    /// Priorities of a buffer whose steps are not part of a checkpoint.
    pub(crate) fn priorities(&self) -> &Option<Priorities> {
        &self.priorities
    }

    /// Restores the priorities that [`Replay::priorities`] returned; returns false if they do not fit.
    pub(crate) fn load_priorities(&mut self, saved: Option<Priorities>) -> bool {
        let fits = saved.is_some() == self.priorities.is_some()
            && saved.as_ref().is_none_or(|tree| tree.is_valid(self.num_envs * self.slots));
        if fits {
            self.priorities = saved;
        }
        fits
    }

    pub(crate) fn save(&self) -> SavedReplay<T> {
        let written = (0..self.num_envs).map(|env| self.written(env)).max().unwrap_or(0);
        let (n, slots) = (self.num_envs, self.slots);
        let kind: Vec<u8> = self.kind.iter().map(|&kind| kind as u8).collect();
        SavedReplay {
            written,
            obs: self.obs.save(n, written),
            legal: written_rings(&self.legal, n, written * (self.legal.len() / (n * slots))),
            action: written_rings(&self.action, n, written * self.width),
            reward: written_rings(&self.reward, n, written),
            kind: written_rings(&kind, n, written),
            next: self.next.clone(),
            priorities: self.priorities.clone(),
        }
    }

    /// Restores the buffer that [`Replay::save`] returned.
    ///
    /// # Errors
    /// [`Error::Config`] if the size of `saved` differs.
    pub(crate) fn load(&mut self, saved: SavedReplay<T>) -> Result<()> {
        let mask = if self.masked { self.num_actions.div_ceil(8) } else { 0 };
        let (n, written) = (self.num_envs, saved.written);
        let is_valid = written <= self.slots
            && saved.next.len() == n
            && saved.next.iter().all(|&next| next < self.slots)
            && saved.priorities.is_some() == self.priorities.is_some()
            && saved.priorities.as_ref().is_none_or(|tree| tree.is_valid(n * self.slots))
            && all_finite(&saved.reward)
            && saved.kind.iter().all(|&kind| usize::from(kind) < Slot::ALL.len())
            && saved.action.iter().all(|number| number.is_valid(self.num_actions))
            && [saved.kind.len(), saved.reward.len()] == [n * written; 2]
            && saved.action.len() == n * written * self.width
            && saved.legal.len() == n * written * mask;
        if !is_valid || !self.obs.load(&saved.obs, n, written) {
            return Err(Error::Config(
                "the saved replay buffer has another size, or a number in it is out of range".into(),
            ));
        }
        let kind: Vec<Slot> = saved.kind.iter().map(|&kind| Slot::ALL[usize::from(kind)]).collect();
        self.kind.fill(Slot::Empty);
        restore_rings(&mut self.legal, &saved.legal, n, written * mask);
        restore_rings(&mut self.action, &saved.action, n, written * self.width);
        restore_rings(&mut self.reward, &saved.reward, n, written);
        restore_rings(&mut self.kind, &kind, n, written);
        (self.next, self.priorities) = (saved.next, saved.priorities);
        Ok(())
    }
}

impl<T: Copy> Sample<T> {
    /// Appends the steps of `other`.
    pub(crate) fn append(&mut self, other: &Sample<T>) {
        self.indices.extend_from_slice(&other.indices);
        self.obs.extend_from_slice(&other.obs);
        self.actions.extend_from_slice(&other.actions);
        self.rewards.extend_from_slice(&other.rewards);
        self.discounts.extend_from_slice(&other.discounts);
        self.successors.extend_from_slice(&other.successors);
        self.legal.extend_from_slice(&other.legal);
        self.weights.extend_from_slice(&other.weights);
    }
}

impl<T> Sample<T> {
    /// Removes all steps.
    pub(crate) fn clear(&mut self) {
        self.indices.clear();
        self.obs.clear();
        self.actions.clear();
        self.rewards.clear();
        self.discounts.clear();
        self.successors.clear();
        self.legal.clear();
        self.weights.clear();
    }
}
