//! Market with discrete positions: a finite Markov decision process, solved exactly.

use freewheel_core::{Baseline, Event, Result, SolveQuery, Step, Stream};

use super::super::account::Account;
use super::super::adapter::{Market, Reference};
use super::super::draw::{Chart, Story, Style};
use super::rules::{Rules, State};
use crate::mdp::{FiniteMdp, Outcome};

/// Rules of a signal world with discrete positions.
pub(super) struct DiscreteMarket {
    rules: Rules,
    /// Positions, equally spaced, the middle one 0.
    levels: Vec<f64>,
    /// Steps of an episode.
    steps: u32,
    mdp: FiniteMdp,
}

impl DiscreteMarket {
    /// Market with the positions `levels` and episodes of `steps` steps.
    ///
    /// # Errors
    /// Errors of [`FiniteMdp::from_fn`].
    pub(super) fn new(rules: Rules, levels: Vec<f64>, steps: u32) -> Result<Self> {
        let (signals, count) = (rules.chain.states(), levels.len());
        let start = (0..).zip(rules.chain.stationary());
        let start = start.map(|(signal, &p)| (signal * count as u32 + (count / 2) as u32, p)).collect();
        let mdp = FiniteMdp::from_fn(signals * count, count, start, |state, action| {
            let (signal, level) = (state as usize / count, state as usize % count);
            let reward = rules.expected_reward(signal, levels[level], levels[action as usize]);
            let row = (0u32..).zip(rules.chain.transition_row(signal));
            let to = |(next, &probability): (u32, &f64)| Outcome {
                probability,
                next: next * count as u32 + action,
                reward,
                terminal: false,
            };
            row.map(to).collect()
        })?;
        Ok(DiscreteMarket { rules, levels, steps, mdp })
    }

    /// Markov decision process: state `signal * levels + level`; the action is the level of the new position.
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

impl Market<1> for DiscreteMarket {
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

    fn baseline(&self, _query: &SolveQuery) -> Result<Baseline> {
        Ok(flat())
    }

    fn chart<'a>(&'a self, story: &Story<'a, State>) -> Chart<'a> {
        chart(&self.rules, story, self.limits(), self.steps)
    }

    fn follow(&self, own: &State, [target]: [f64; 1], before: &State, after: &State) -> Option<State> {
        Some(self.rules.follow(own, target, before, after))
    }

    fn trade(&self, before: &State, after: &State) -> Option<Event> {
        trade(before, after)
    }

    fn scripted(&self, script: usize, state: &State) -> Option<[f64; 1]> {
        scripted(script, state)
    }
}

/// Scripted policies of both signal worlds.
pub(super) const SCRIPTS: &[&str] = &["flat", "hold"];

/// Target position of the scripted policy with the index `script` in [`SCRIPTS`].
pub(super) fn scripted(script: usize, state: &State) -> Option<[f64; 1]> {
    [[0.0], [state.position]].get(script).copied()
}

/// Baseline policy without a position; its value is 0.
pub(super) fn flat() -> Baseline {
    Baseline { name: "flat".into(), value: 0.0 }
}

/// Chart of an episode of `steps` steps with positions within `limits`.
pub(super) fn chart<'a>(
    rules: &Rules,
    story: &Story<'a, State>,
    limits: (f64, f64),
    steps: u32,
) -> Chart<'a> {
    let end = Some(steps as usize);
    let mut chart = story.chart("price", end, |s| &s.price_history, |s| s.position, limits);
    let now = chart.now();
    let position = story.series(now, "own", |s| s.position);
    let reference = story.reference(now, Style::Dotted, |s| s.position);
    chart.add_area("position", position, Some(reference), Some(limits));
    let signal = story.series(now, "signal", |s| rules.chain.value(rules.signal(s)));
    chart.add_area("signal: expected price change of the next step", signal, None, None);
    let profit = story.series(now, "profit", |s| s.account.profit);
    let reference = story.reference(now, Style::Line, |s| s.account.profit);
    chart.add_equity("profit", &profit, vec![reference]);
    chart.add_drawdown(&profit, false);
    chart.notes.insert(0, ("signal", format!("{:+.5}", rules.chain.value(rules.signal(story.state)))));
    chart.notes.insert(0, ("position", format!("{:+.3}", story.state.position)));
    chart
}

/// Trade between two states in words.
pub(super) fn trade(before: &State, after: &State) -> Option<Event> {
    let size = after.position - before.position;
    let side = if size > 0.0 { "bought" } else { "sold" };
    let (price, position) = (before.price_history.last(), after.position);
    let text = format!("{side} {:.2} at {price:.2}, position {position:+.2}", size.abs());
    (size.abs() >= 0.005).then(|| Event::new("trade", text))
}
