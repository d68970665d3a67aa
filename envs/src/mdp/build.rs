//! A process, and how it is put together.

use freewheel_core::{Error, Result};

/// What an action may lead to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// How often, in [0, 1]; those of one action sum to 1.
    pub probability: f64,
    /// The state after it; of no meaning where `terminal`.
    pub next: u32,
    /// What is paid.
    pub reward: f64,
    /// Whether the episode ends with it.
    pub terminal: bool,
}

/// Takes the outcomes of each action, state after state and in each action after action.
#[derive(Clone, Debug)]
pub struct MdpBuilder {
    actions: usize,
    /// Where the outcomes of each (state, action) begin, and the end, `[S * A + 1]`.
    rows: Vec<usize>,
    outcomes: Vec<Outcome>,
    fault: Option<String>,
}

impl MdpBuilder {
    /// For a process of at most `num_actions` actions in each state.
    pub fn new(num_actions: usize) -> Self {
        MdpBuilder { actions: num_actions, rows: vec![0], outcomes: Vec::new(), fault: None }
    }

    /// The outcomes of the next action: state-major, action by action. None at all: the action is not legal
    /// there. A fault is kept for [`MdpBuilder::build`] to tell.
    pub fn push(&mut self, outcomes: &[Outcome]) {
        let pair = self.rows.len() - 1;
        if let Some(what) = fault(outcomes) {
            let (state, action) = (pair / self.actions.max(1), pair % self.actions.max(1));
            self.fault.get_or_insert(format!("state {state}, action {action}: {what}"));
        }
        // What never happens would only look like a path to the graph searches.
        self.outcomes.extend(outcomes.iter().filter(|o| o.probability > 0.0));
        self.rows.push(self.outcomes.len());
    }

    /// The process that starts in each state of `start` with the probability beside it.
    ///
    /// # Errors
    /// [`Error::Config`] where an action is missing, probabilities do not sum to 1 (within 1e-9), or a state
    /// does not exist.
    pub fn build(self, start: Vec<(u32, f64)>) -> Result<FiniteMdp> {
        let pairs = self.rows.len() - 1;
        let states = pairs.checked_div(self.actions).unwrap_or(0);
        let fault = if let Some(fault) = self.fault {
            Some(fault)
        } else if self.actions == 0 || states == 0 || !pairs.is_multiple_of(self.actions) {
            Some(format!(
                "{pairs} pairs of state and action do not make states of {} actions each",
                self.actions
            ))
        } else if u32::try_from(pairs).is_err() || u32::try_from(self.outcomes.len()).is_err() {
            Some("more than 2^32 pairs or outcomes".into())
        } else if let Some(o) = self.outcomes.iter().find(|o| !o.terminal && o.next as usize >= states) {
            Some(format!("an outcome leads to state {}, but there are {states}", o.next))
        } else if let Some((s, _)) = start.iter().find(|(s, _)| *s as usize >= states) {
            Some(format!("the start {s} is not a state: there are {states}"))
        } else if !sums_to_one(start.iter().map(|&(_, p)| p)) {
            Some("the probabilities of the starts do not sum to 1".into())
        } else {
            None
        };
        match fault {
            Some(fault) => Err(Error::Config(format!("decision process: {fault}"))),
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

fn fault(outcomes: &[Outcome]) -> Option<&'static str> {
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

/// A finite Markov decision process; made by [`MdpBuilder`].
#[derive(Clone, Debug)]
pub struct FiniteMdp {
    states: usize,
    actions: usize,
    rows: Vec<usize>,
    outcomes: Vec<Outcome>,
    pub(super) start: Vec<(u32, f64)>,
}

impl FiniteMdp {
    /// The process whose action `a` in state `s` has the outcomes `of(s, a)`; none where it is not legal.
    ///
    /// # Errors
    /// As [`MdpBuilder::build`].
    pub fn from_fn(
        states: usize,
        actions: usize,
        start: Vec<(u32, f64)>,
        of: impl Fn(u32, u32) -> Vec<Outcome>,
    ) -> Result<FiniteMdp> {
        let mut builder = MdpBuilder::new(actions);
        for state in 0..states as u32 {
            (0..actions as u32).for_each(|action| builder.push(&of(state, action)));
        }
        builder.build(start)
    }

    /// S, the number of states.
    pub fn states(&self) -> usize {
        self.states
    }

    /// A, the greatest number of actions of a state.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// What action `a` in state `s` may lead to, with positive probability; nothing where it is not legal, or
    /// where there is no such state or action.
    pub fn outcomes(&self, s: usize, a: usize) -> impl Iterator<Item = Outcome> {
        self.row(s, a).iter().copied()
    }

    /// Whether action `a` may be taken in state `s`.
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
