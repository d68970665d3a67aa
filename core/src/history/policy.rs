//! Between policies that remember and those that do not.

use std::sync::Arc;

use super::Stack;
use crate::{ActionBuffer, Policy, Stream};

/// A policy of the world itself, who looks at the present alone.
pub(super) struct Present {
    pub(super) policy: Arc<dyn Policy>,
    pub(super) stack: Stack,
}

impl Policy for Present {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        self.policy.act(&self.stack.present(obs, rngs.len()), legal, rngs, choice);
    }

    fn script(&self) -> Option<usize> {
        self.policy.script()
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        self.policy.action_values(&self.stack.present(obs, 1), legal, out)
    }
}

/// A policy that remembers, asked about other presents after one and the same past.
pub(super) struct Supposing<'a> {
    pub(super) policy: &'a dyn Policy,
    /// `[H]`.
    pub(super) history: &'a [f32],
    pub(super) stack: Stack,
}

impl Supposing<'_> {
    /// The histories that end in each of `rows` observations, `[N, H]`.
    fn suppose(&self, obs: &[f32], rows: usize) -> Vec<f32> {
        let mut histories = self.history.repeat(rows);
        let width = (obs.len() / rows.max(1)).max(1);
        for (history, seen) in histories.chunks_mut(self.history.len().max(1)).zip(obs.chunks(width)) {
            self.stack.replace(history, seen);
        }
        histories
    }
}

impl Policy for Supposing<'_> {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        self.policy.act(&self.suppose(obs, rngs.len()), legal, rngs, choice);
    }

    fn script(&self) -> Option<usize> {
        self.policy.script()
    }

    fn action_values(&self, obs: &[f32], legal: &[bool], out: &mut [f32]) -> bool {
        self.policy.action_values(&self.suppose(obs, 1), legal, out)
    }
}
