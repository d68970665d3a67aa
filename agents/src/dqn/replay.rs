//! Replay buffer that stores every observation once.
//!
//! Each environment has a ring of slots. A slot holds an observation, the mask of legal actions, the action and the
//! reward. While an episode runs, the next slot holds the successor of a step. After a truncated episode an additional
//! slot holds the final observation of the episode. After termination no successor is needed.

use freewheel_core::{Ending, Error, Result, Spec, Stream, memory};
use serde::{Deserialize, Serialize};

use super::priorities::Priorities;
use super::storage::{Observations, Storage, bytes, restore_rings, written_rings};
use crate::nn::optimizer::all_finite;

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

/// Bytes of a slot besides its observation and its mask: action, reward and kind.
const STEP: u128 = 9;

/// One step of one environment.
pub(super) struct Transition<'a> {
    /// Observation before the step, `[D]`.
    pub(super) obs: &'a [f32],
    /// Mask of legal actions, `[A]`.
    pub(super) legal: &'a [bool],
    pub(super) action: u32,
    pub(super) reward: f32,
    pub(super) ending: Ending,
    /// Whether the opponent moves after this step.
    pub(super) player_changed: bool,
    /// Observation `[D]` and mask `[A]` after the step; stored only if the episode was truncated.
    pub(super) successor: (&'a [f32], &'a [bool]),
}

/// B n-step transitions, sampled from the replay buffer.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// Slots of the sampled steps, `[B]`.
    pub(super) indices: Vec<usize>,
    /// Observations, `[B, D]`.
    pub(super) obs: Vec<f32>,
    /// Actions, `[B]`.
    pub(super) actions: Vec<u32>,
    /// Discounted sums of the rewards of n steps, `[B]`, for the player that makes the first of these steps.
    pub(super) rewards: Vec<f32>,
    /// Discounts of the values of the successors, `[B]`: gamma^n; negative if the opponent moves in the successor; 0
    /// after termination.
    pub(super) discounts: Vec<f32>,
    /// Observations of the successors, n steps later, `[B, D]`; arbitrary where the discount is 0.
    pub(super) successors: Vec<f32>,
    /// Masks of legal actions of the successors, `[B, A]`.
    pub(super) legal: Vec<bool>,
    /// Importance-sampling weights of the losses, `[B]`.
    pub(super) weights: Vec<f32>,
}

/// Parameters of [`Replay::sample`].
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleRequest {
    /// Number of steps to sample, B.
    pub(super) batch_size: usize,
    /// Number of steps between a state and its successor, n.
    pub(super) n_step: usize,
    pub(super) gamma: f64,
    /// Exponent of the importance-sampling weights; used only with priorities.
    pub(super) beta: f64,
}

/// Replay buffer of N environments.
pub(super) struct Replay {
    num_envs: usize,
    /// Number of slots of each environment.
    slots: usize,
    num_actions: usize,
    masked: bool,
    obs: Observations,
    /// Masks of legal actions as bits, `[N * slots, ceil(A / 8)]` for A actions; empty if all actions are always legal.
    legal: Vec<u8>,
    action: Vec<u32>,
    reward: Vec<f32>,
    kind: Vec<Slot>,
    /// Index of the slot that is written next, for each environment, `[N]`.
    next: Vec<usize>,
    priorities: Option<Priorities>,
}

/// Replay buffer in a checkpoint: the written slots of every environment.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedReplay {
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

impl Replay {
    /// Checks the sizes of a replay buffer without building the buffer; returns the number of slots of each
    /// environment.
    ///
    /// # Errors
    /// As [`Replay::new`].
    pub(super) fn check(
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
        let step = number * d as u128 + mask as u128 + STEP;
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
    pub(super) fn new(
        spec: &Spec,
        num_envs: usize,
        capacity: usize,
        min_slots: usize,
        storage: Storage,
        prioritized: bool,
    ) -> Result<Self> {
        let slots = Self::check(spec, num_envs, capacity, min_slots, storage, prioritized)?;
        let (all, num_actions) = (num_envs * slots, spec.actions.count());
        Ok(Replay {
            num_envs,
            slots,
            num_actions,
            masked: spec.masked,
            obs: Observations::new(spec, storage, all)?,
            legal: vec![0; if spec.masked { all * num_actions.div_ceil(8) } else { 0 }],
            action: vec![0; all],
            reward: vec![0.0; all],
            kind: vec![Slot::Empty; all],
            next: vec![0; num_envs],
            priorities: prioritized.then(|| Priorities::new(all)),
        })
    }

    /// Stores a step of environment `env`.
    pub(super) fn push(&mut self, env: usize, step: &Transition<'_>) {
        let kind = match (step.ending, step.player_changed) {
            (Ending::Running, false) => Slot::Step,
            (Ending::Running, true) => Slot::StepOpponent,
            (Ending::Terminal, _) => Slot::Terminal,
            (Ending::Truncated, false) => Slot::Truncated,
            (Ending::Truncated, true) => Slot::TruncatedOpponent,
        };
        let index = self.write(env, kind, step.obs, step.legal);
        (self.action[index], self.reward[index]) = (step.action, step.reward);
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
    pub(super) fn sample(&self, request: SampleRequest, rng: &mut Stream, sample: &mut Sample) -> bool {
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
                sample.actions.push(self.action[index]);
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

    fn append_mask(&self, index: usize, out: &mut Vec<bool>) {
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
    fn append_weights(&self, beta: f64, sample: &mut Sample) {
        let Some(priorities) = &self.priorities else {
            return sample.weights.resize(sample.indices.len(), 1.0);
        };
        let min = sample.indices.iter().map(|&index| priorities.get(index)).fold(f64::INFINITY, f64::min);
        let weight = |&index: &usize| (priorities.get(index) / min).powf(-beta) as f32;
        sample.weights.extend(sample.indices.iter().map(weight));
    }

    /// Sets the priorities of the steps at `indices`.
    pub(super) fn set_priorities(&mut self, indices: &[usize], priorities: impl Iterator<Item = f64>) {
        if let Some(tree) = &mut self.priorities {
            indices.iter().zip(priorities).for_each(|(&index, priority)| tree.set(index, priority));
        }
    }

    pub(super) fn save(&self) -> SavedReplay {
        let written = (0..self.num_envs).map(|env| self.written(env)).max().unwrap_or(0);
        let (n, slots) = (self.num_envs, self.slots);
        let kind: Vec<u8> = self.kind.iter().map(|&kind| kind as u8).collect();
        SavedReplay {
            written,
            obs: self.obs.save(n, written),
            legal: written_rings(&self.legal, n, written * (self.legal.len() / (n * slots))),
            action: written_rings(&self.action, n, written),
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
    pub(super) fn load(&mut self, saved: SavedReplay) -> Result<()> {
        let width = if self.masked { self.num_actions.div_ceil(8) } else { 0 };
        let (n, written) = (self.num_envs, saved.written);
        let is_valid = written <= self.slots
            && saved.next.len() == n
            && saved.next.iter().all(|&next| next < self.slots)
            && saved.priorities.is_some() == self.priorities.is_some()
            && saved.priorities.as_ref().is_none_or(|tree| tree.is_valid(n * self.slots))
            && all_finite(&saved.reward)
            && saved.kind.iter().all(|&kind| usize::from(kind) < Slot::ALL.len())
            && saved.action.iter().all(|&action| (action as usize) < self.num_actions)
            && [saved.kind.len(), saved.action.len(), saved.reward.len()] == [n * written; 3]
            && saved.legal.len() == n * written * width;
        if !is_valid || !self.obs.load(&saved.obs, n, written) {
            return Err(Error::Config(
                "the saved replay buffer has another size, or a number in it is out of range".into(),
            ));
        }
        let kind: Vec<Slot> = saved.kind.iter().map(|&kind| Slot::ALL[usize::from(kind)]).collect();
        self.kind.fill(Slot::Empty);
        restore_rings(&mut self.legal, &saved.legal, n, written * width);
        restore_rings(&mut self.action, &saved.action, n, written);
        restore_rings(&mut self.reward, &saved.reward, n, written);
        restore_rings(&mut self.kind, &kind, n, written);
        (self.next, self.priorities) = (saved.next, saved.priorities);
        Ok(())
    }
}

impl Sample {
    fn clear(&mut self) {
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
