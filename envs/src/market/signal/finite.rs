//! Positions from a table: the market is a finite decision process, and its optimum exact.

use freewheel_core::{Baseline, Result, SolveQuery, Step, Stream};

use super::super::account::{Account, SEEN};
use super::super::desk::{Market, Reference};
use super::super::draw::Chart;
use super::rules::{Rules, State};
use crate::mdp::{FiniteMdp, Outcome};

/// Trading with counted positions.
pub(super) struct Finite {
    rules: Rules,
    /// Equally spaced, the middle one 0.
    levels: Vec<f64>,
    mdp: FiniteMdp,
}

impl Finite {
    /// # Errors
    /// What [`FiniteMdp::from_fn`] says.
    pub(super) fn new(rules: Rules, levels: Vec<f64>) -> Result<Self> {
        let (signals, count) = (rules.chain.states(), levels.len());
        let start = (0..).zip(rules.chain.stationary());
        let start = start.map(|(signal, &p)| (signal * count as u32 + (count / 2) as u32, p)).collect();
        let mdp = FiniteMdp::from_fn(signals * count, count, start, |state, action| {
            let (signal, level) = (state as usize / count, state as usize % count);
            let reward = rules.expected(signal, levels[level], levels[action as usize]);
            let row = (0u32..).zip(rules.chain.row(signal));
            let to = |(next, &probability): (u32, &f64)| Outcome {
                probability,
                next: next * count as u32 + action,
                reward,
                terminal: false,
            };
            row.map(to).collect()
        })?;
        Ok(Finite { rules, levels, mdp })
    }

    /// The decision process: state `signal * levels + level`, action the level to go to.
    pub(super) fn mdp(&self) -> &FiniteMdp {
        &self.mdp
    }

    fn level(&self, position: f64) -> usize {
        let (low, high) = self.limits();
        let (share, last) = ((position - low) / (high - low), self.levels.len() - 1);
        ((share * last as f64).round() as usize).min(last)
    }

    fn limits(&self) -> (f64, f64) {
        (self.levels[0], self.levels[self.levels.len() - 1])
    }
}

impl Market<1> for Finite {
    type State = State;

    fn reset(&self, rng: &mut Stream) -> State {
        self.rules.reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut State, [target]: [f64; 1], rng: &mut Stream) -> Step {
        self.rules.step(state, target, rng)
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        out[0] = (self.rules.signal(state) * self.levels.len() + self.level(state.position)) as f32;
    }

    fn account<'a>(&self, state: &'a State) -> &'a Account {
        &state.account
    }

    fn solve(&self, query: &SolveQuery) -> Result<Reference<1>> {
        self.mdp.solve(query).map(Reference::from)
    }

    fn baseline(&self, _question: &SolveQuery) -> Result<Baseline> {
        Ok(flat())
    }

    fn chart(&self, state: &State) -> Chart<'_> {
        chart(&self.rules, state, self.limits())
    }

    fn scripted(&self, script: usize, state: &State) -> Option<[f64; 1]> {
        scripted(script, state)
    }
}

/// The players of both signal worlds, beside the optimal and the random one.
pub(super) const SCRIPTS: &[&str] = &["flat", "hold"];

/// Player `script` of [`SCRIPTS`].
pub(super) fn scripted(script: usize, state: &State) -> Option<[f64; 1]> {
    [[0.0], [state.position]].get(script).copied()
}

/// Whoever holds nothing earns and pays nothing.
pub(super) fn flat() -> Baseline {
    Baseline { name: "flat".into(), value: 0.0 }
}

pub(super) fn chart(rules: &Rules, state: &State, limits: (f64, f64)) -> Chart<'static> {
    Chart {
        title: "price",
        prices: state.trail.prices().collect(),
        window: SEEN,
        position: state.position,
        limits,
        notes: vec![("signal", format!("{:+.5}", rules.chain.value(rules.signal(state))))],
    }
}
