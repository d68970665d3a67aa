//! Finite Markov decision processes and their construction.

use freewheel_core::{Error, Result};

/// Possible result of an action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Probability in [0, 1]; the probabilities of all outcomes of one action sum to 1.
    pub probability: f64,
    /// Next state; ignored if `terminal` is true.
    pub next: u32,
    /// Reward of the step.
    pub reward: f64,
    /// Whether the episode ends with this outcome.
    pub terminal: bool,
}

/// Builder of a [`FiniteMdp`]: [`MdpBuilder::push`] adds the outcomes state by state, and within a state action by
/// action.
#[derive(Clone, Debug)]
pub struct MdpBuilder {
    actions: usize,
    /// Index of the first outcome of each (state, action) pair, and the number of outcomes, `[S * A + 1]`.
    rows: Vec<usize>,
    outcomes: Vec<Outcome>,
    error: Option<String>,
}

impl MdpBuilder {
    /// Empty builder for a process with at most `num_actions` actions in each state.
    pub fn new(num_actions: usize) -> Self {
        MdpBuilder { actions: num_actions, rows: vec![0], outcomes: Vec::new(), error: None }
    }

    /// Adds the outcomes of the next action, state by state. An empty list makes the action illegal. An error is
    /// reported by [`MdpBuilder::build`].
    pub fn push(&mut self, outcomes: &[Outcome]) {
        let pair = self.rows.len() - 1;
        if let Some(error) = find_error(outcomes) {
            let (state, action) = (pair / self.actions.max(1), pair % self.actions.max(1));
            self.error.get_or_insert(format!("state {state}, action {action}: {error}"));
        }
        // Outcomes of probability 0 would look like paths to the graph searches.
        self.outcomes.extend(outcomes.iter().filter(|o| o.probability > 0.0));
        self.rows.push(self.outcomes.len());
    }

    /// Process with the start distribution `start`: pairs of state and probability.
    ///
    /// # Errors
    /// [`Error::Config`] if an action is missing, probabilities do not sum to 1 (within 1e-9), or a state does not
    /// exist.
    pub fn build(self, start: Vec<(u32, f64)>) -> Result<FiniteMdp> {
        let pairs = self.rows.len() - 1;
        let states = pairs.checked_div(self.actions).unwrap_or(0);
        let error = if let Some(error) = self.error {
            Some(error)
        } else if self.actions == 0 || states == 0 || !pairs.is_multiple_of(self.actions) {
            Some(format!(
                "{pairs} pairs of state and action do not make states of {} actions each",
                self.actions
            ))
        } else if u32::try_from(pairs).is_err() || u32::try_from(self.outcomes.len()).is_err() {
            Some("more than 2^32 pairs or outcomes".into())
        } else if let Some(o) = self.outcomes.iter().find(|o| !o.terminal && o.next as usize >= states) {
            Some(format!("an outcome leads to state {}, but there are {states} states", o.next))
        } else if let Some((s, _)) = start.iter().find(|(s, _)| *s as usize >= states) {
            Some(format!("the start state {s} does not exist: there are {states} states"))
        } else if !sums_to_one(start.iter().map(|&(_, p)| p)) {
            Some("the probabilities of the start states do not sum to 1".into())
        } else {
            None
        };
        match error {
            Some(error) => Err(Error::Config(format!("decision process: {error}"))),
            None => Ok(FiniteMdp {
                states,
                actions: self.actions,
                rows: self.rows,
                outcomes: self.outcomes,
                start,
            }),
        }
    }
}

fn find_error(outcomes: &[Outcome]) -> Option<&'static str> {
    if outcomes.iter().any(|o| !o.reward.is_finite()) {
        Some("a reward is not finite")
    } else if !outcomes.is_empty() && !sums_to_one(outcomes.iter().map(|o| o.probability)) {
        Some("the probabilities of the outcomes do not sum to 1")
    } else {
        None
    }
}

fn sums_to_one(probabilities: impl Iterator<Item = f64>) -> bool {
    let mut sum = 0.0;
    for p in probabilities {
        if !(0.0..=1.0 + 1e-9).contains(&p) {
            return false;
        }
        sum += p;
    }
    (sum - 1.0).abs() <= 1e-9
}

/// Finite Markov decision process, built by [`MdpBuilder`].
#[derive(Clone, Debug)]
pub struct FiniteMdp {
    states: usize,
    actions: usize,
    rows: Vec<usize>,
    outcomes: Vec<Outcome>,
    pub(super) start: Vec<(u32, f64)>,
}

impl FiniteMdp {
    /// Process in which action `a` in state `s` has the outcomes `outcomes(s, a)`, an empty list if the action is
    /// illegal.
    ///
    /// # Errors
    /// As [`MdpBuilder::build`].
    pub fn from_fn(
        states: usize,
        actions: usize,
        start: Vec<(u32, f64)>,
        outcomes: impl Fn(u32, u32) -> Vec<Outcome>,
    ) -> Result<FiniteMdp> {
        let mut builder = MdpBuilder::new(actions);
        for state in 0..states as u32 {
            (0..actions as u32).for_each(|action| builder.push(&outcomes(state, action)));
        }
        builder.build(start)
    }

    /// Number of states, S.
    pub fn states(&self) -> usize {
        self.states
    }

    /// Largest number of actions of a state, A.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// Outcomes of action `a` in state `s` with positive probability; empty if the action is illegal or does not exist.
    pub fn outcomes(&self, s: usize, a: usize) -> impl Iterator<Item = Outcome> {
        self.row(s, a).iter().copied()
    }

    /// Whether action `a` is legal in state `s`.
    pub fn is_legal(&self, s: usize, a: usize) -> bool {
        !self.row(s, a).is_empty()
    }

    pub(super) fn row(&self, s: usize, a: usize) -> &[Outcome] {
        if s >= self.states || a >= self.actions {
            return &[];
        }
        let pair = s * self.actions + a;
        &self.outcomes[self.rows[pair]..self.rows[pair + 1]]
    }
}
