//! Searched steps: those of the running episodes, whose returns are not known yet, and the replay window.

use std::collections::VecDeque;

use freewheel_core::{Result, Spec, Stream};
use serde::{Deserialize, Serialize};

use crate::nn::optimizer::all_finite;
use crate::replay::Storage;
use crate::replay::storage::{Observations, bytes};

/// A searched step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Visit {
    /// Observation, `[D]`.
    pub(super) obs: Vec<f32>,
    /// Mask of legal actions, `[A]`.
    pub(super) legal: Vec<bool>,
    /// Improved policy, `[A]`.
    pub(super) policy: Vec<f32>,
    /// Value by the search, in rewards, for the player to move.
    pub(super) value: f32,
    /// Reward of the step.
    pub(super) reward: f32,
    /// Factor of the next value: the discount, negative if the other player moves next.
    pub(super) factor: f32,
}

/// Steps of the running episode of one environment, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending(VecDeque<Visit>);

impl Pending {
    /// Adds a step, before it is made. If the oldest one then has `n` later ones, it is removed and returned with its
    /// return, which ends in the value of the new step's search.
    pub(super) fn push(&mut self, visit: Visit, n: usize) -> Option<(Visit, f32)> {
        let mut value = visit.value;
        self.0.push_back(visit);
        if self.0.len() <= n {
            return None;
        }
        for step in self.0.iter().take(n).rev() {
            value = step.reward + step.factor * value;
        }
        self.0.pop_front().map(|oldest| (oldest, value))
    }

    /// Sets reward and factor of the newest step, which was made.
    pub(super) fn made(&mut self, reward: f32, factor: f32) {
        if let Some(newest) = self.0.back_mut() {
            (newest.reward, newest.factor) = (reward, factor);
        }
    }

    /// Removes all steps of an episode that is over, the newest first, each with its return; `value` is that of the
    /// last state.
    pub(super) fn finish(&mut self, mut value: f32) -> impl Iterator<Item = (Visit, f32)> {
        self.0.drain(..).rev().map(move |step| {
            value = step.reward + step.factor * value;
            (step, value)
        })
    }

    /// Forgets all steps.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether loaded steps have observations of `d` numbers, `a` actions, and are at most `n`.
    pub(super) fn is_valid(&self, d: usize, a: usize, n: usize) -> bool {
        self.0.len() <= n
            && self.0.iter().all(|step| {
                [step.obs.len(), step.legal.len(), step.policy.len()] == [d, a, a]
                    && step.legal.contains(&true)
                    && all_finite(&step.obs)
                    && is_policy(&step.policy)
                    && all_finite(&[step.value, step.reward, step.factor])
            })
    }
}

/// Whether all numbers of a loaded policy are probabilities.
fn is_policy(policy: &[f32]) -> bool {
    policy.iter().all(|p| (0.0..=1.0).contains(p))
}

/// Replay window: the last searched steps of finished returns.
pub(super) struct Window {
    capacity: usize,
    num_actions: usize,
    /// Observations `[capacity, D]`.
    obs: Observations,
    /// Masks, `[capacity, A]`.
    legal: Vec<bool>,
    /// Improved policies, `[capacity, A]`.
    policies: Vec<f32>,
    /// Returns, in rewards.
    returns: Vec<f32>,
    /// Slot of the next step.
    next: usize,
    /// Number of steps.
    len: usize,
}

/// Window in a checkpoint: the steps that it holds.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedWindow {
    next: u64,
    len: u64,
    #[serde(with = "bytes")]
    obs: Vec<u8>,
    #[serde(with = "bytes")]
    legal: Vec<u8>,
    #[serde(with = "bytes")]
    policies: Vec<u8>,
    #[serde(with = "bytes")]
    returns: Vec<u8>,
}

/// Sampled steps.
#[derive(Default)]
pub(super) struct Examples {
    /// Observations, `[B, D]`.
    pub(super) obs: Vec<f32>,
    /// Masks, `[B, A]`.
    pub(super) legal: Vec<bool>,
    /// Improved policies, `[B, A]`.
    pub(super) policies: Vec<f32>,
    /// Returns, `[B]`, in rewards.
    pub(super) returns: Vec<f32>,
}

impl Window {
    /// Empty window of `capacity` steps in worlds of `spec`.
    ///
    /// # Errors
    /// As [`Observations::new`].
    pub(super) fn new(spec: &Spec, storage: Storage, capacity: usize) -> Result<Self> {
        let a = spec.actions.count();
        Ok(Window {
            capacity,
            num_actions: a,
            obs: Observations::new(spec, storage, capacity)?,
            legal: vec![false; capacity * a],
            policies: vec![0.0; capacity * a],
            returns: vec![0.0; capacity],
            next: 0,
            len: 0,
        })
    }

    /// Number of steps.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a step with its return; the oldest one gives way.
    pub(super) fn add(&mut self, visit: &Visit, value: f32) {
        let (a, slot) = (self.num_actions, self.next);
        self.obs.write(slot, &visit.obs);
        self.legal[slot * a..(slot + 1) * a].copy_from_slice(&visit.legal);
        self.policies[slot * a..(slot + 1) * a].copy_from_slice(&visit.policy);
        self.returns[slot] = value;
        self.next = (slot + 1) % self.capacity;
        self.len = (self.len + 1).min(self.capacity);
    }

    /// Draws `count` steps with replacement into `out`; the window must not be empty.
    pub(super) fn sample(&self, count: usize, rng: &mut Stream, out: &mut Examples) {
        let Examples { obs, legal, policies, returns } = out;
        obs.clear();
        legal.clear();
        policies.clear();
        returns.clear();
        let a = self.num_actions;
        for _ in 0..count {
            let slot = rng.below(self.len as u32) as usize;
            self.obs.append_to(slot, obs);
            legal.extend_from_slice(&self.legal[slot * a..(slot + 1) * a]);
            policies.extend_from_slice(&self.policies[slot * a..(slot + 1) * a]);
            returns.push(self.returns[slot]);
        }
    }

    /// Root mean square of the returns other than 0; `None` if there are none.
    pub(super) fn size_of_returns(&self) -> Option<f32> {
        let squares =
            self.returns[..self.len].iter().map(|&x| f64::from(x) * f64::from(x)).filter(|x| *x > 0.0);
        let (sum, count) = squares.fold((0.0, 0u64), |(sum, count), x| (sum + x, count + 1));
        let size = (sum / count as f64).sqrt() as f32;
        (1e-30..=1e30).contains(&size).then_some(size)
    }

    pub(super) fn save(&self) -> SavedWindow {
        let (a, n) = (self.num_actions, self.len);
        let le = |all: &[f32]| all.iter().flat_map(|x| x.to_le_bytes()).collect();
        SavedWindow {
            next: self.next as u64,
            len: n as u64,
            obs: self.obs.save(1, n),
            legal: self.legal[..n * a].iter().map(|&legal| u8::from(legal)).collect(),
            policies: le(&self.policies[..n * a]),
            returns: le(&self.returns[..n]),
        }
    }

    /// Restores the window that [`Window::save`] returned; false if a size or a number is out of range.
    pub(super) fn load(&mut self, saved: &SavedWindow) -> bool {
        let a = self.num_actions;
        let (Ok(next), Ok(n)) = (usize::try_from(saved.next), usize::try_from(saved.len)) else {
            return false;
        };
        // The slots fill from the first on.
        if n > self.capacity || next != n % self.capacity && n < self.capacity || next >= self.capacity {
            return false;
        }
        let (Some(policies), Some(returns)) = (numbers(&saved.policies, n * a), numbers(&saved.returns, n))
        else {
            return false;
        };
        let has_actions = || saved.legal.chunks_exact(a).all(|legal| legal.contains(&1));
        if !is_policy(&policies)
            || !all_finite(&returns)
            || saved.legal.len() != n * a
            || saved.legal.iter().any(|&legal| legal > 1)
            || !has_actions()
            || !self.obs.load(&saved.obs, 1, n)
        {
            return false;
        }
        self.legal.iter_mut().zip(&saved.legal).for_each(|(own, &legal)| *own = legal == 1);
        self.policies[..n * a].copy_from_slice(&policies);
        self.returns[..n].copy_from_slice(&returns);
        (self.next, self.len) = (next, n);
        true
    }
}

/// The `count` numbers in `bytes`; `None` if there are more or fewer.
fn numbers(bytes: &[u8], count: usize) -> Option<Vec<f32>> {
    let (words, rest) = bytes.as_chunks::<4>();
    let fits = words.len() == count && rest.is_empty();
    fits.then(|| words.iter().map(|word| f32::from_le_bytes(*word)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(reward: f32, factor: f32, value: f32) -> Visit {
        Visit { obs: vec![reward], legal: vec![true], policy: vec![1.0], value, reward, factor }
    }

    /// Two players in turn, discount 1/2: a step of reward 1, then one of reward 3 that ends the episode.
    #[test]
    fn returns_change_sign_with_the_player() {
        let mut pending = Pending::default();
        for (reward, factor) in [(1.0, -0.5), (3.0, 0.0)] {
            assert!(pending.push(visit(0.0, 0.0, 9.0), 10).is_none());
            pending.made(reward, factor);
        }
        let returns: Vec<f32> = pending.finish(100.0).map(|(_, value)| value).collect();
        // 3 + 0 * 100; 1 - 3 / 2.
        assert_eq!(returns, [3.0, -0.5]);
    }

    #[test]
    fn n_steps_end_in_the_value_of_the_search() {
        let mut pending = Pending::default();
        for reward in [1.0, 2.0] {
            assert!(pending.push(visit(0.0, 0.0, 7.0), 2).is_none());
            pending.made(reward, 0.5);
        }
        // 1 + (2 + 8 / 2) / 2
        let (oldest, value) = pending.push(visit(0.0, 0.0, 8.0), 2).unwrap();
        assert_eq!((oldest.reward, value), (1.0, 4.0));
        pending.made(4.0, 0.5);
        // A truncated episode: 4 + 6 / 2, then 2 + 7 / 2.
        let returns: Vec<f32> = pending.finish(6.0).map(|(_, value)| value).collect();
        assert_eq!(returns, [7.0, 5.5]);
    }
}
