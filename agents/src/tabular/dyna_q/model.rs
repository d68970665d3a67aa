//! What the world did: for each pair its outcomes, for each state the pairs that led to it.
//!
//! Lists are chains through one vector, so that a model is a few vectors whatever its size.

use freewheel_core::Stream;
use serde::{Deserialize, Serialize};

use super::Expects;
use crate::tabular::exploration::max;
use crate::tabular::table::Table;

/// The end of a chain.
const END: u32 = u32::MAX;

/// A learned model of S states and A actions; S grows.
#[derive(Serialize, Deserialize)]
pub(super) struct Model {
    actions: usize,
    expects: Expects,
    kappa: f64,
    /// `[S, A]`: where the chain of the pair's outcomes begins.
    first: Vec<u32>,
    outcomes: Vec<Outcome>,
    /// `[S]`: where the chain of the pairs that led to a state begins.
    led_here: Vec<u32>,
    links: Vec<Link>,
    /// The pairs that planning may pick, in the order of meeting.
    known: Vec<u64>,
    /// `[S, A]`: what is legal; one row of all where the world has no mask.
    legal: Vec<bool>,
    masked: bool,
    /// `[S, A]`: whether a state's pairs were met, and the environment step of each pair's last trial; with kappa only.
    tried: Vec<Option<u64>>,
}

#[derive(Serialize, Deserialize)]
struct Outcome {
    successor: u32,
    /// What the successor's value counts before the discount: 1, -1 where the other player moves there, 0 at an ending.
    sign: f64,
    /// How often it was seen; under [`Expects::Latest`], 1 or 0.
    count: u32,
    /// The mean reward over these.
    reward: f64,
    next: u32,
}

#[derive(Serialize, Deserialize)]
struct Link {
    pair: u64,
    next: u32,
}

impl Model {
    pub(super) fn new(actions: usize, masked: bool, expects: Expects, kappa: f64) -> Self {
        Model {
            actions,
            expects,
            kappa,
            first: Vec::new(),
            outcomes: Vec::new(),
            led_here: Vec::new(),
            links: Vec::new(),
            known: Vec::new(),
            legal: if masked { Vec::new() } else { vec![true; actions] },
            masked,
            tried: Vec::new(),
        }
    }

    /// Whether it can take the place of `other` over a table of `pairs`.
    pub(super) fn fits(&self, other: &Model, pairs: usize) -> bool {
        let (states, ours) = (self.led_here.len(), self.first.len());
        let inside = |chain: u32, length: usize| chain == END || (chain as usize) < length;
        (self.actions, self.masked, self.expects) == (other.actions, other.masked, other.expects)
            && self.kappa.to_bits() == other.kappa.to_bits()
            && ours == states * self.actions
            && ours <= pairs
            && self.legal.len() == if self.masked { ours } else { self.actions }
            && self.tried.len() == if self.kappa > 0.0 { ours } else { 0 }
            && self.first.iter().all(|&at| inside(at, self.outcomes.len()))
            && self.led_here.iter().all(|&at| inside(at, self.links.len()))
            && self.known.iter().all(|&pair| pair < ours as u64)
            // Chains are built by prepending: each points to something older, so none runs in a circle.
            && self.outcomes.iter().enumerate().all(|(at, outcome)| {
                (outcome.next == END || (outcome.next as usize) < at)
                    && (outcome.sign == 0.0 || outcome.sign.abs() == 1.0 && (outcome.successor as usize) < states)
            })
            && self.links.iter().enumerate().all(|(at, link)| {
                (link.next == END || (link.next as usize) < at) && link.pair < ours as u64
            })
    }

    /// A row stands in `state`: there is room for it, and its mask is known.
    #[inline]
    pub(super) fn enter(&mut self, state: usize, legal: &[bool]) {
        if state >= self.led_here.len() {
            self.grow(state + 1);
        }
        let pairs = state * self.actions..(state + 1) * self.actions;
        if self.masked {
            self.legal[pairs.clone()].copy_from_slice(legal);
        }
        if self.kappa > 0.0 {
            // Dyna-Q+ also imagines what was never tried: that nothing would happen, since the very beginning.
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
        self.led_here.resize(states, END);
        self.first.resize(states * self.actions, END);
        if self.masked {
            self.legal.resize(states * self.actions, false);
        }
        if self.kappa > 0.0 {
            self.tried.resize(states * self.actions, None);
        }
    }

    /// A pair was tried at environment step `step`; what its successor is worth counts `sign` times.
    pub(super) fn learn(&mut self, pair: usize, reward: f64, successor: usize, sign: f64, step: u64) {
        if self.kappa > 0.0 {
            self.tried[pair] = Some(step);
        } else if self.first[pair] == END {
            self.known.push(pair as u64);
        }
        let (mut at, mut seen) = (self.first[pair], false);
        while at != END {
            let outcome = &mut self.outcomes[at as usize];
            let same = outcome.successor == successor as u32 && outcome.sign == sign;
            if same {
                outcome.count =
                    if self.expects == Expects::Latest { 1 } else { outcome.count.saturating_add(1) };
                outcome.reward += (reward - outcome.reward) / f64::from(outcome.count);
            } else if self.expects == Expects::Latest {
                outcome.count = 0;
            }
            (at, seen) = (outcome.next, seen || same);
        }
        if !seen {
            let next = std::mem::replace(&mut self.first[pair], self.outcomes.len() as u32);
            self.outcomes.push(Outcome { successor: successor as u32, sign, count: 1, reward, next });
            if sign != 0.0 {
                let next = std::mem::replace(&mut self.led_here[successor], self.links.len() as u32);
                self.links.push(Link { pair: pair as u64, next });
            }
        }
    }

    /// `E( r + gamma max_a' Q(s', a') )`, and the bonus of a pair long untried at environment step `step`.
    pub(super) fn target(&self, pair: usize, table: &Table, gamma: f64, step: u64) -> f64 {
        let value = |state: usize| gamma * max(table.row(state), self.legal_row(state));
        let (mut at, mut count, mut sum) = (self.first[pair], 0.0, 0.0);
        while at != END {
            let Outcome { successor, sign, count: n, reward, next } = self.outcomes[at as usize];
            if n > 0 {
                let worth = if sign == 0.0 { reward } else { reward + sign * value(successor as usize) };
                // A running mean: where there is one outcome only, it is that outcome's worth to the bit.
                count += f64::from(n);
                sum += (worth - sum) * (f64::from(n) / count);
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

    /// The pairs that have led to `state`, the newest first.
    pub(super) fn predecessors(&self, state: usize) -> impl Iterator<Item = usize> {
        let mut at = self.led_here[state];
        std::iter::from_fn(move || {
            let link = self.links.get(at as usize)?;
            at = link.next;
            Some(link.pair as usize)
        })
    }

    /// One of the pairs known, each with equal probability; `None` before there is one.
    pub(super) fn any(&self, rng: &mut Stream) -> Option<usize> {
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

    /// Three states, two actions; values 1 .. 6.
    fn table() -> Table {
        let mut table = Table::new(3, 2, 0.0);
        table.q = (1..=6).map(f64::from).collect();
        table
    }

    fn model(expects: Expects, kappa: f64) -> Model {
        let mut model = Model::new(2, false, expects, kappa);
        (0..3).for_each(|state| model.enter(state, &[true; 2]));
        model
    }

    #[test]
    fn expects_the_average_or_the_latest() {
        // Pair 0 led three times to state 1 (worth 4) with rewards 1, 2, 3 and once to the end with reward 10.
        let learn = |expects| {
            let mut model = model(expects, 0.0);
            model.learn(0, 10.0, 2, 0.0, 0);
            [1.0, 2.0, 3.0].iter().for_each(|&reward| model.learn(0, reward, 1, 1.0, 1));
            model
        };
        let average = learn(Expects::Average);
        // (3 (2 + .5 4) + 10) / 4 = 5.5
        assert!((average.target(0, &table(), 0.5, 0) - 5.5).abs() < 1e-12);
        assert_eq!(average.predecessors(1).collect::<Vec<_>>(), [0]);
        assert_eq!(average.predecessors(2).count(), 0, "after a terminal outcome nothing counts");
        // 3 + .5 4 = 5
        assert_eq!(learn(Expects::Latest).target(0, &table(), 0.5, 0), 5.0);
    }

    #[test]
    fn masks_hold_in_the_model() {
        let mut model = Model::new(2, true, Expects::Average, 0.0);
        (0..3).for_each(|state| model.enter(state, &[true, state != 1]));
        model.learn(0, 1.0, 1, 1.0, 0);
        // State 1 is worth 3, not 4.
        assert_eq!(model.target(0, &table(), 1.0, 0), 4.0);
    }

    #[test]
    fn what_is_long_untried_earns_a_bonus() {
        let mut model = model(Expects::Latest, 0.1);
        assert_eq!(model.pairs_known(), 6);
        model.learn(0, 1.0, 1, 1.0, 84);
        // 1 + 4 + .1 sqrt(100 - 84); never tried: 0 + 2 + .1 sqrt(100).
        assert!((model.target(0, &table(), 1.0, 100) - 5.4).abs() < 1e-12);
        assert!((model.target(1, &table(), 1.0, 100) - 3.0).abs() < 1e-12);
    }
}
