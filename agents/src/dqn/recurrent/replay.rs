//! Replay buffer of sequences: the last steps of every environment, with the state of the network every few steps.

use std::collections::BTreeMap;

use freewheel_core::{BatchView, Ending, Spec, Stream};
use serde::{Deserialize, Serialize};

use crate::progress::MAX_COUNT;

/// Last T steps of N environments; the oldest steps are overwritten.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SequenceReplay {
    pub(super) num_envs: usize,
    pub(super) obs_len: usize,
    pub(super) num_actions: usize,
    pub(super) state_len: usize,
    /// Number of steps of each environment that are kept, T; a multiple of `stride`.
    pub(super) slots: usize,
    /// Number of steps from one kept state to the next one.
    pub(super) stride: usize,
    /// Number of steps of each environment so far.
    pub(super) pushed: u64,
    /// Observations before the steps, `[T, N, D]`.
    pub(super) obs: Vec<f32>,
    /// Masks before the steps, `[T, N, A]`.
    pub(super) legal: Vec<bool>,
    /// Whether each step is the first one of an episode, `[T, N]`.
    pub(super) starts: Vec<bool>,
    /// Actions, rewards and endings of the steps, `[T, N]`.
    pub(super) actions: Vec<u32>,
    pub(super) rewards: Vec<f32>,
    pub(super) endings: Vec<Ending>,
    /// State of the network before every `stride`-th step, `[T / stride, N, M]`.
    pub(super) states: Vec<f32>,
    /// Last observation and mask of each episode that was truncated, by step and environment.
    pub(super) last: BTreeMap<(u64, usize), Last>,
}

/// Observation `[D]` and mask `[A]`.
type Last = (Vec<f32>, Vec<bool>);

/// B sequences of L steps, time-major.
#[derive(Debug, Default)]
pub(super) struct SequenceSample {
    /// Number of sequences, B.
    pub(super) count: usize,
    /// Observations of the steps and of the one after them, `[L + 1, B, D]`.
    pub(super) obs: Vec<f32>,
    /// Masks, `[L + 1, B, A]`.
    pub(super) legal: Vec<bool>,
    /// Starts of episodes, `[L + 1, B]`.
    pub(super) starts: Vec<bool>,
    /// Actions, rewards and endings, `[L, B]`.
    pub(super) actions: Vec<u32>,
    pub(super) rewards: Vec<f32>,
    pub(super) endings: Vec<Ending>,
    /// State of the network before the first step, `[B, M]`.
    pub(super) first: Vec<f32>,
    /// Steps at which episodes were truncated, as indices in `[L, B]`, in ascending order.
    pub(super) truncated: Vec<usize>,
    /// Last observations and masks of these episodes, `[F, D]` and `[F, A]`.
    pub(super) last_obs: Vec<f32>,
    pub(super) last_legal: Vec<bool>,
}

impl SequenceReplay {
    /// Empty buffer for about `capacity` steps, and at least for one sequence of `length` steps, of `num_envs`
    /// environments. States of `state_len` numbers are kept every `stride` steps.
    pub(super) fn new(
        spec: &Spec,
        num_envs: usize,
        capacity: usize,
        state_len: usize,
        (length, stride): (usize, usize),
    ) -> Self {
        SequenceReplay {
            num_envs,
            obs_len: spec.observation.len(),
            num_actions: spec.actions.count(),
            state_len,
            slots: slots(num_envs, capacity, length, stride),
            stride,
            ..SequenceReplay::default()
        }
    }

    /// Bytes of a full buffer, without the last observations of truncated episodes.
    pub(super) fn bytes(
        spec: &Spec,
        num_envs: usize,
        capacity: usize,
        state_len: usize,
        (length, stride): (usize, usize),
    ) -> u128 {
        let steps = slots(num_envs, capacity, length, stride) as u128 * num_envs as u128;
        let step = 4 * spec.observation.len() + spec.actions.count() + 10;
        steps * step as u128 + steps / stride as u128 * 4 * state_len as u128
    }

    /// Keeps the states of the network before the next step, `states [N, M]`, if they are due.
    pub(super) fn keep_states(&mut self, states: &[f32]) {
        if self.pushed.is_multiple_of(self.stride as u64) {
            let at = self.slot(self.pushed) / self.stride * states.len();
            place(&mut self.states, at, states);
        }
    }

    /// Adds one step of all environments: observations, masks, starts and actions before it, and `after`, the view
    /// after it.
    pub(super) fn push(
        &mut self,
        (obs, legal): (&[f32], &[bool]),
        starts: &[bool],
        actions: &[u32],
        after: &BatchView<'_>,
    ) {
        let (n, slot) = (self.num_envs, self.slot(self.pushed));
        place(&mut self.obs, slot * obs.len(), obs);
        place(&mut self.legal, slot * legal.len(), legal);
        place(&mut self.starts, slot * n, starts);
        place(&mut self.actions, slot * n, actions);
        place(&mut self.rewards, slot * n, after.reward);
        place(&mut self.endings, slot * n, after.ending);
        for env in (0..n).filter(|&env| after.ending[env] == Ending::Truncated) {
            let (obs, legal) = after.successor(env);
            self.last.insert((self.pushed, env), (obs.to_vec(), legal.to_vec()));
        }
        self.pushed += 1;
        let oldest = (self.oldest(), 0);
        while self.last.first_key_value().is_some_and(|(key, _)| *key < oldest) {
            self.last.pop_first();
        }
    }

    /// Samples `count` sequences of `length` steps with equal probabilities; false if there is no whole one.
    pub(super) fn sample(
        &self,
        count: usize,
        length: usize,
        rng: &mut Stream,
        sample: &mut SequenceSample,
    ) -> bool {
        let (n, d, a, m) = (self.num_envs, self.obs_len, self.num_actions, self.state_len);
        let stride = self.stride as u64;
        let first = self.oldest().div_ceil(stride);
        // The observation after the last step must be there.
        let Some(end) = self.pushed.checked_sub(length as u64 + 1) else { return false };
        let Some(choices) = (end / stride + 1).checked_sub(first).filter(|&all| all > 0) else {
            return false;
        };
        let chosen: Vec<(u64, usize)> = (0..count)
            .map(|_| {
                let sequence = first + u64::from(rng.below(choices.min(u64::from(u32::MAX)) as u32));
                (sequence * stride, rng.below(n as u32) as usize)
            })
            .collect();
        *sample = SequenceSample { count, ..SequenceSample::default() };
        for &(step, env) in &chosen {
            let at = (self.slot(step) / self.stride * n + env) * m;
            sample.first.extend_from_slice(&self.states[at..at + m]);
        }
        for t in 0..=length {
            for (b, &(step, env)) in chosen.iter().enumerate() {
                let row = self.slot(step + t as u64) * n + env;
                sample.obs.extend_from_slice(&self.obs[row * d..(row + 1) * d]);
                sample.legal.extend_from_slice(&self.legal[row * a..(row + 1) * a]);
                sample.starts.push(self.starts[row]);
                if t == length {
                    continue;
                }
                sample.actions.push(self.actions[row]);
                sample.rewards.push(self.rewards[row]);
                sample.endings.push(self.endings[row]);
                if let Some((obs, legal)) = self.last.get(&(step + t as u64, env)) {
                    sample.truncated.push(t * count + b);
                    sample.last_obs.extend_from_slice(obs);
                    sample.last_legal.extend_from_slice(legal);
                }
            }
        }
        true
    }

    /// Whether this buffer, read from a checkpoint, can stand in place of `own`.
    pub(super) fn can_replace(&self, own: &SequenceReplay) -> bool {
        let shape = |x: &Self| (x.num_envs, x.obs_len, x.num_actions, x.state_len, x.slots, x.stride);
        if shape(self) != shape(own) || self.pushed > MAX_COUNT {
            return false;
        }
        let (n, d, a, m) = (self.num_envs, self.obs_len, self.num_actions, self.state_len);
        let kept = self.pushed.min(self.slots as u64) as usize;
        let states = kept.div_ceil(self.stride) * n * m;
        let lengths = [self.starts.len(), self.actions.len(), self.rewards.len(), self.endings.len()];
        let finite = |all: &[f32]| all.iter().all(|x| x.is_finite());
        let is_last = |(&(step, env), (obs, legal)): (&(u64, usize), &Last)| {
            (self.oldest()..self.pushed).contains(&step)
                && env < n
                && self.endings[self.slot(step) * n + env] == Ending::Truncated
                && (obs.len(), legal.len()) == (d, a)
                && finite(obs)
        };
        lengths == [kept * n; 4]
            && (self.obs.len(), self.legal.len(), self.states.len()) == (kept * n * d, kept * n * a, states)
            && self.actions.iter().all(|&action| (action as usize) < a)
            && finite(&self.obs)
            && finite(&self.rewards)
            && self.states.iter().all(|h| h.abs() <= 1.0)
            && self.endings.iter().filter(|&&ending| ending == Ending::Truncated).count() == self.last.len()
            && self.last.iter().all(is_last)
    }

    /// Number of the oldest step that is kept.
    fn oldest(&self) -> u64 {
        self.pushed.saturating_sub(self.slots as u64)
    }

    fn slot(&self, step: u64) -> usize {
        (step % self.slots as u64) as usize
    }
}

/// Number of steps of each environment in a buffer for about `capacity` steps.
fn slots(num_envs: usize, capacity: usize, length: usize, stride: usize) -> usize {
    // One stride more than a sequence and the step after it: the oldest sequence begins at a kept state.
    (capacity / num_envs.max(1)).max(length + 1 + stride).next_multiple_of(stride)
}

/// Writes `part` to `all` from index `at` on, which is at most its length.
fn place<T: Copy>(all: &mut Vec<T>, at: usize, part: &[T]) {
    if at == all.len() {
        all.extend_from_slice(part);
    } else {
        all[at..at + part.len()].copy_from_slice(part);
    }
}
