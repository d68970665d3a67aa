//! Table of action values, and the policy of a table.

use freewheel_core::graph::{Data, Graph, Kind, Op};
use freewheel_core::{ActionBuffer, Insight, Policy, Result, Spec, Stream, memory};
use serde::{Deserialize, Serialize};

use super::discretizer::Discretizer;
use super::exploration::{BehaviorPolicy, first_argmax};

/// Bytes of a value and a visit count.
const BYTES: u128 = 12;
/// Number of pairs up to which a growing table does not ask for the memory of the machine.
const MIN_CHECKED: usize = 1 << 20;

/// Table with a value and a visit count for each pair of S states and A actions, `[S, A]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) actions: usize,
    pub(super) initial: f64,
    /// Action values, `[S, A]`, in units of return.
    pub(super) q: Vec<f64>,
    /// Number of updates of each pair by environment steps, `[S, A]`.
    pub(super) visits: Vec<u32>,
}

impl Table {
    pub(super) fn new(states: usize, actions: usize, initial: f64) -> Self {
        Table { actions, initial, q: vec![initial; states * actions], visits: vec![0; states * actions] }
    }

    /// Action values of a state, `[A]`.
    #[inline]
    pub(super) fn row(&self, state: usize) -> &[f64] {
        &self.q[state * self.actions..][..self.actions]
    }

    /// Visit counts of the actions of a state, `[A]`.
    #[inline]
    pub(super) fn visits_row(&self, state: usize) -> &[u32] {
        &self.visits[state * self.actions..][..self.actions]
    }

    /// Checks the memory of `states` states with `actions` actions each, and of a copy of the table.
    ///
    /// # Errors
    /// [`Error::Unsupported`](freewheel_core::Error::Unsupported) with the number.
    pub(super) fn require(states: usize, actions: usize) -> Result<()> {
        let what = format!("a table of {states} states with {actions} actions");
        memory::require(&what, 2 * BYTES * states as u128 * actions as u128)
    }

    /// Grows the table to at least `states` rows.
    ///
    /// # Errors
    /// As [`Table::require`].
    #[inline]
    pub(super) fn grow(&mut self, states: usize) -> Result<()> {
        let len = states * self.actions;
        if len > self.q.len() {
            if len > self.q.capacity().max(MIN_CHECKED) {
                // The vectors double.
                Self::require(2 * states, self.actions)?;
            }
            self.q.resize(len, self.initial);
            self.visits.resize(len, 0);
        }
        Ok(())
    }

    /// Number of states with at least one visit.
    pub(super) fn visited_states(&self) -> usize {
        self.visits.chunks(self.actions.max(1)).filter(|row| row.iter().any(|&n| n > 0)).count()
    }
}

/// Policy of a table: the greedy policy or the behavior policy.
pub(super) struct TablePolicy {
    pub(super) table: Table,
    pub(super) discretizer: Discretizer,
    /// `None` for the greedy policy, which takes the first of the best actions.
    pub(super) behavior: Option<BehaviorPolicy>,
}

impl Policy for TablePolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let ActionBuffer::Discrete(actions) = actions else { return };
        let (width, mut key) = (obs.len() / rngs.len().max(1), Vec::new());
        let rows = obs.chunks(width.max(1)).zip(legal.chunks(self.table.actions));
        for (((obs, legal), rng), action) in rows.zip(rngs).zip(actions) {
            *action = match (self.discretizer.find(obs, &mut key), self.behavior) {
                (Some(state), Some(behavior)) => {
                    behavior.select(self.table.row(state), self.table.visits_row(state), legal, rng)
                }
                (Some(state), None) => first_argmax(self.table.row(state), legal),
                (None, Some(_)) => rng.legal_action(legal),
                (None, None) => legal.iter().position(|legal| *legal).unwrap_or(0) as u32,
            };
        }
    }

    fn action_values(&self, obs: &[f32], _legal: &[bool], out: &mut [f32]) -> bool {
        let Some(state) = self.discretizer.find(obs, &mut Vec::new()) else { return false };
        for (out, &q) in out.iter_mut().zip(self.table.row(state)) {
            *out = q as f32;
        }
        true
    }

    fn insight(&self, obs: &[f32], legal: &[bool], _memory: &[f32]) -> Option<Insight> {
        let state = self.discretizer.find(obs, &mut Vec::new())?;
        let q = self.table.row(state).iter().map(|q| *q as f32).collect();
        let mut insight = Insight::action_values(q, legal);
        let visits = self.table.visits_row(state).iter().map(|n| u64::from(*n)).sum::<u64>();
        insight.rows.push(("visits".to_owned(), visits.to_string()));
        if let Some(BehaviorPolicy::EpsilonGreedy(epsilon)) = self.behavior {
            insight.rows.push(("epsilon".to_owned(), format!("{epsilon:.3}")));
        }
        Some(insight)
    }

    /// A row of the table, chosen by the index of the state; a state without a row has the values 0, so that the first
    /// legal action is chosen.
    fn graph(&self, spec: &Spec) -> Result<Graph> {
        let mut graph = Graph::default();
        let a = self.table.actions;
        let x = graph.observation(spec);
        let state = self.discretizer.add_to(&mut graph, x)?;
        let rows = self.discretizer.rows();
        let mut q = self.table.q.iter().copied().take(rows * a).collect::<Vec<f64>>();
        q.resize((rows + usize::from(self.discretizer.grows())) * a, 0.0);
        let table = graph.parameter("q", &[q.len() / a, a], Data::F64(q));
        let values = graph.apply(Op::Gather { axis: 0 }, &[table, state]);
        graph.choose(spec, values, Kind::F64);
        graph.output("action_values", values, Kind::F64, &[a], "action values Q(s, a), in units of return");
        Ok(graph)
    }
}
