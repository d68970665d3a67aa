//! The table itself, and the policy that plays from one.

use freewheel_core::{ActionBuffer, Policy, Stream};
use serde::{Deserialize, Serialize};

use super::discretizer::Discretizer;
use super::exploration::{Explore, any, first_best};

/// A value and a count for every state and action, row after row: `[S, A]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) actions: usize,
    pub(super) initial: f64,
    /// `[S, A]`, in units of return.
    pub(super) q: Vec<f64>,
    /// `[S, A]`: how often each value was moved by experience.
    pub(super) visits: Vec<u32>,
}

impl Table {
    pub(super) fn new(states: usize, actions: usize, initial: f64) -> Self {
        Table { actions, initial, q: vec![initial; states * actions], visits: vec![0; states * actions] }
    }

    /// The values of a state, `[A]`.
    #[inline]
    pub(super) fn row(&self, state: usize) -> &[f64] {
        &self.q[state * self.actions..][..self.actions]
    }

    /// The visits of a state, `[A]`.
    #[inline]
    pub(super) fn visits_row(&self, state: usize) -> &[u32] {
        &self.visits[state * self.actions..][..self.actions]
    }

    /// Makes room for `states`.
    #[inline]
    pub(super) fn grow(&mut self, states: usize) {
        if states * self.actions > self.q.len() {
            self.q.resize(states * self.actions, self.initial);
            self.visits.resize(states * self.actions, 0);
        }
    }

    /// States of which some action was tried.
    pub(super) fn seen(&self) -> usize {
        self.visits.chunks(self.actions.max(1)).filter(|row| row.iter().any(|&n| n > 0)).count()
    }
}

/// Plays from a table: greedily, or with some exploration.
pub(super) struct TablePolicy {
    pub(super) table: Table,
    pub(super) encoder: Discretizer,
    /// `None` is a function of what is seen: the first of the best actions.
    pub(super) explore: Option<Explore>,
}

impl Policy for TablePolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], choice: &mut ActionBuffer) {
        let ActionBuffer::Discrete(actions) = choice else { return };
        let (width, mut key) = (obs.len() / rngs.len().max(1), Vec::new());
        let rows = obs.chunks(width.max(1)).zip(legal.chunks(self.table.actions));
        for (((obs, legal), rng), action) in rows.zip(rngs).zip(actions) {
            *action = match (self.encoder.find(obs, &mut key), self.explore) {
                (Some(state), Some(explore)) => {
                    explore.choose(self.table.row(state), self.table.visits_row(state), legal, rng)
                }
                (Some(state), None) => first_best(self.table.row(state), legal),
                (None, Some(_)) => any(legal, rng),
                (None, None) => legal.iter().position(|legal| *legal).unwrap_or(0) as u32,
            };
        }
    }

    fn action_values(&self, obs: &[f32], _legal: &[bool], out: &mut [f32]) -> bool {
        let Some(state) = self.encoder.find(obs, &mut Vec::new()) else { return false };
        for (out, &q) in out.iter_mut().zip(self.table.row(state)) {
            *out = q as f32;
        }
        true
    }
}
