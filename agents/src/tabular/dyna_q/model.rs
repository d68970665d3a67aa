//! Model of the world: outcomes of each state-action pair, and predecessors of each state.
//!
//! Outcomes and predecessors are linked lists: the entries of all lists are in one vector and refer to each other by
//! index.

use freewheel_core::Stream;
use serde::{Deserialize, Serialize};

use super::OutcomeModel;
use crate::tabular::exploration::max;
use crate::tabular::table::Table;

/// End of a linked list.
const END: u32 = u32::MAX;

/// Learned model of S states and A actions; S grows with the visited states.
#[derive(Serialize, Deserialize)]
pub(super) struct Model {
    actions: usize,
    outcome_model: OutcomeModel,
    kappa: f64,
    /// Index of the first outcome of each state-action pair, `[S, A]`.
    first: Vec<u32>,
    outcomes: Vec<Outcome>,
    /// Index of the first predecessor of each state, `[S]`.
    first_predecessor: Vec<u32>,
    links: Vec<Link>,
    /// State-action pairs available for planning, in the order of their first visit.
    known: Vec<u64>,
    /// Masks of legal actions, `[S, A]`; `[A]` if the world has no masks.
    legal: Vec<bool>,
    masked: bool,
    /// Environment step of the last visit of each state-action pair, `[S, A]`; stored only with kappa above 0.
    tried: Vec<Option<u64>>,
}

#[derive(Serialize, Deserialize)]
struct Outcome {
    successor: u32,
    /// Sign of the successor's value: 1 same player, -1 opponent, 0 episode over.
    sign: f64,
    /// Number of observations; with [`OutcomeModel::Latest`] 1 or 0.
    count: u32,
    /// Mean reward of the observations.
    reward: f64,
    next: u32,
}

#[derive(Serialize, Deserialize)]
struct Link {
    pair: u64,
    next: u32,
}

impl Model {
    pub(super) fn new(actions: usize, masked: bool, outcome_model: OutcomeModel, kappa: f64) -> Self {
        Model {
            actions,
            outcome_model,
            kappa,
            first: Vec::new(),
            outcomes: Vec::new(),
            first_predecessor: Vec::new(),
            links: Vec::new(),
            known: Vec::new(),
            legal: if masked { Vec::new() } else { vec![true; actions] },
            masked,
            tried: Vec::new(),
        }
    }

    /// Whether a loaded model is consistent, has the settings of `other`, and suits a table of `pairs` values.
    pub(super) fn is_compatible(&self, other: &Model, pairs: usize) -> bool {
        let (states, len) = (self.first_predecessor.len(), self.first.len());
        let is_index = |index: u32, len: usize| index == END || (index as usize) < len;
        (self.actions, self.masked, self.outcome_model) == (other.actions, other.masked, other.outcome_model)
            && self.kappa.to_bits() == other.kappa.to_bits()
            && len == states * self.actions
            && len <= pairs
            && self.legal.len() == if self.masked { len } else { self.actions }
            && self.tried.len() == if self.kappa > 0.0 { len } else { 0 }
            && self.first.iter().all(|&at| is_index(at, self.outcomes.len()))
            && self.first_predecessor.iter().all(|&at| is_index(at, self.links.len()))
            && self.known.iter().all(|&pair| pair < len as u64)
            // Lists grow at the front: each entry points to an older one, so that no list is a cycle.
            && self.outcomes.iter().enumerate().all(|(at, outcome)| {
                (outcome.next == END || (outcome.next as usize) < at)
                    && outcome.reward.is_finite()
                    && (outcome.sign == 0.0 || outcome.sign.abs() == 1.0 && (outcome.successor as usize) < states)
            })
            && self.links.iter().enumerate().all(|(at, link)| {
                (link.next == END || (link.next as usize) < at) && link.pair < len as u64
            })
    }

    /// Whether `pair` belongs to a state of the model.
    pub(super) fn has_pair(&self, pair: u64) -> bool {
        pair < self.first.len() as u64
    }

    /// Adds `state` with its mask of legal actions.
    #[inline]
    pub(super) fn add_state(&mut self, state: usize, legal: &[bool]) {
        if state >= self.first_predecessor.len() {
            self.grow(state + 1);
        }
        let pairs = state * self.actions..(state + 1) * self.actions;
        if self.masked {
            self.legal[pairs.clone()].copy_from_slice(legal);
        }
        if self.kappa > 0.0 {
            // Dyna-Q+ also plans with untried pairs, as if they led back to the state in which they are tried.
            for (pair, _) in pairs.zip(legal).filter(|(_, legal)| **legal) {
                if self.tried[pair].is_none() {
                    self.tried[pair] = Some(0);
                    self.known.push(pair as u64);
                }
            }
        }
    }

    #[cold]
    fn grow(&mut self, states: usize) {
        self.first_predecessor.resize(states, END);
        self.first.resize(states * self.actions, END);
        if self.masked {
            self.legal.resize(states * self.actions, false);
        }
        if self.kappa > 0.0 {
            self.tried.resize(states * self.actions, None);
        }
    }

    /// Adds an observed outcome of the state-action pair `pair` at environment step `step`; `sign` as in [`Outcome`].
    pub(super) fn update(&mut self, pair: usize, reward: f64, successor: usize, sign: f64, step: u64) {
        if self.kappa > 0.0 {
            self.tried[pair] = Some(step);
        } else if self.first[pair] == END {
            self.known.push(pair as u64);
        }
        let (mut at, mut found) = (self.first[pair], false);
        while at != END {
            let outcome = &mut self.outcomes[at as usize];
            let same = outcome.successor == successor as u32 && outcome.sign == sign;
            if same {
                outcome.count = if self.outcome_model == OutcomeModel::Latest {
                    1
                } else {
                    outcome.count.saturating_add(1)
                };
                outcome.reward += (reward - outcome.reward) / f64::from(outcome.count);
            } else if self.outcome_model == OutcomeModel::Latest {
                outcome.count = 0;
            }
            (at, found) = (outcome.next, found || same);
        }
        if !found {
            let next = std::mem::replace(&mut self.first[pair], self.outcomes.len() as u32);
            self.outcomes.push(Outcome { successor: successor as u32, sign, count: 1, reward, next });
            if sign != 0.0 {
                let next = std::mem::replace(&mut self.first_predecessor[successor], self.links.len() as u32);
                self.links.push(Link { pair: pair as u64, next });
            }
        }
    }

    /// Target `E( r + gamma max_a' Q(s', a') )` of a state-action pair, plus the bonus of Dyna-Q+ at environment step
    /// `step`.
    pub(super) fn target(&self, pair: usize, table: &Table, gamma: f64, step: u64) -> f64 {
        let value = |state: usize| gamma * max(table.row(state), self.legal_row(state));
        let (mut at, mut count, mut sum) = (self.first[pair], 0.0, 0.0);
        while at != END {
            let Outcome { successor, sign, count: n, reward, next } = self.outcomes[at as usize];
            if n > 0 {
                let target = if sign == 0.0 { reward } else { reward + sign * value(successor as usize) };
                // Running mean: exact if there is only one outcome.
                count += f64::from(n);
                sum += (target - sum) * (f64::from(n) / count);
            }
            at = next;
        }
        let expected = if count > 0.0 { sum } else { value(pair / self.actions) };
        if self.kappa > 0.0 {
            let tau = step.saturating_sub(self.tried[pair].unwrap_or(step));
            expected + self.kappa * (tau as f64).sqrt()
        } else {
            expected
        }
    }

    /// State-action pairs that have led to `state`, newest first.
    pub(super) fn predecessors(&self, state: usize) -> impl Iterator<Item = usize> {
        let mut at = self.first_predecessor[state];
        std::iter::from_fn(move || {
            let link = self.links.get(at as usize)?;
            at = link.next;
            Some(link.pair as usize)
        })
    }

    /// State-action pair drawn from the uniform distribution; `None` if the model has no pair.
    pub(super) fn random_pair(&self, rng: &mut Stream) -> Option<usize> {
        self.known.get(rng.below(self.known.len() as u32) as usize).map(|&pair| pair as usize)
    }

    pub(super) fn pairs_known(&self) -> usize {
        self.known.len()
    }

    fn legal_row(&self, state: usize) -> &[bool] {
        let row = if self.masked { state } else { 0 };
        &self.legal[row * self.actions..(row + 1) * self.actions]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table of three states and two actions with the values 1 to 6.
    fn table() -> Table {
        let mut table = Table::new(3, 2, 0.0);
        table.q = (1..=6).map(f64::from).collect();
        table
    }

    fn model(outcome_model: OutcomeModel, kappa: f64) -> Model {
        let mut model = Model::new(2, false, outcome_model, kappa);
        (0..3).for_each(|state| model.add_state(state, &[true; 2]));
        model
    }

    #[test]
    fn average_and_latest_outcomes() {
        // Pair 0 led three times to state 1 (value 4) with rewards 1, 2, 3 and once to termination with reward 10.
        let learn = |outcome_model| {
            let mut model = model(outcome_model, 0.0);
            model.update(0, 10.0, 2, 0.0, 0);
            [1.0, 2.0, 3.0].iter().for_each(|&reward| model.update(0, reward, 1, 1.0, 1));
            model
        };
        let average = learn(OutcomeModel::Average);
        // (3 (2 + .5 4) + 10) / 4 = 5.5
        assert!((average.target(0, &table(), 0.5, 0) - 5.5).abs() < 1e-12);
        assert_eq!(average.predecessors(1).collect::<Vec<_>>(), [0]);
        assert_eq!(average.predecessors(2).count(), 0, "terminal outcomes have no predecessors");
        // 3 + .5 4 = 5
        assert_eq!(learn(OutcomeModel::Latest).target(0, &table(), 0.5, 0), 5.0);
    }

    #[test]
    fn masks_hold_in_the_model() {
        let mut model = Model::new(2, true, OutcomeModel::Average, 0.0);
        (0..3).for_each(|state| model.add_state(state, &[true, state != 1]));
        model.update(0, 1.0, 1, 1.0, 0);
        // The value of state 1 is 3, not 4.
        assert_eq!(model.target(0, &table(), 1.0, 0), 4.0);
    }

    #[test]
    fn pairs_not_tried_recently_get_a_bonus() {
        let mut model = model(OutcomeModel::Latest, 0.1);
        assert_eq!(model.pairs_known(), 6);
        model.update(0, 1.0, 1, 1.0, 84);
        // 1 + 4 + .1 sqrt(100 - 84); never tried: 0 + 2 + .1 sqrt(100).
        assert!((model.target(0, &table(), 1.0, 100) - 5.4).abs() < 1e-12);
        assert!((model.target(1, &table(), 1.0, 100) - 3.0).abs() < 1e-12);
    }
}
