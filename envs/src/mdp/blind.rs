//! The best within a horizon for a player who does not see how many steps are left.
//!
//! Time is then a hidden part of the state, and the best stationary policy is no fixed point of any
//! recursion: it is searched. Candidates are the optima without a horizon at several discounts, and what a
//! player who sees the clock does at several moments. The best of them climbs (see [`ascent`]), and where the
//! process is small enough, branch and bound (see [`branch`]) makes sure of the best deterministic one. At
//! last a random policy is tried, for it may be better than all of these. Play that sees the clock is the
//! upper bound.
//!
//! All effort is counted in transitions, never in seconds, so that the answer is the same on every machine.

use std::cell::Cell;

use super::best::best;
use super::chain::{Chain, REST};
use super::horizon::{Timed, timed};
use super::kernel::Kernel;

mod ascent;
mod branch;

/// Transitions that one search may follow: about half a second.
const EFFORT: u64 = 250_000_000;
/// Two values are the same within this share.
const SAME: f64 = 1e-12;

/// A stationary policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plan {
    /// The action of each state, `[S]`.
    ActionBuffer(Vec<u32>),
    /// The probability of each action, `[S * A]`.
    Mixture(Vec<f64>),
}

/// A policy with its value from the start.
#[derive(Clone, Debug)]
pub(super) struct Play {
    pub(super) plan: Plan,
    pub(super) value: f64,
}

/// One search.
pub(super) struct Search<'a> {
    kernel: &'a Kernel,
    start: &'a [(u32, f64)],
    horizon: u32,
    /// What rounding alone may do to a value of about nothing.
    grain: f64,
    effort: Cell<u64>,
}

impl<'a> Search<'a> {
    pub(super) fn new(kernel: &'a Kernel, start: &'a [(u32, f64)], horizon: u32) -> Self {
        let grain = kernel.reward.iter().fold(0.0f64, |most, r| most.max(r.abs())) * 4.0 * f64::EPSILON;
        Search { kernel, start, horizon, grain, effort: Cell::new(EFFORT) }
    }

    /// Whether a value reaches an upper bound, but for rounding.
    pub(super) fn is_upper(&self, value: f64, upper: f64) -> bool {
        upper - value <= SAME * upper.abs().max(value.abs()) + self.grain
    }

    /// The optimum without a horizon.
    pub(super) fn stationary_optimum(&self) -> Play {
        self.play(Plan::ActionBuffer(best(self.kernel).choice))
    }

    /// The best policy found, and the value of play that sees the clock.
    pub(super) fn best(&self) -> (Play, f64) {
        let quarters: Vec<u32> = (1..=8).map(|i| (u64::from(self.horizon) * i / 8) as u32).collect();
        let Timed { values, slices } = timed(self.kernel, self.horizon, &quarters);
        let upper = self.mean(&values);
        let mut top = self.stationary_optimum();
        let others = slices.into_iter().rev().map(Plan::ActionBuffer).map(|plan| self.play(plan));
        let shorter = [4.0, 1.0, 0.5, 0.25].into_iter().filter_map(|c| {
            let fade = 1.0 - 1.0 / (1.0 + c * f64::from(self.horizon));
            let kernel = (self.kernel.gamma > 0.0).then(|| self.kernel.at(self.kernel.gamma * fade))?;
            Some(self.play(Plan::ActionBuffer(best(&kernel).choice)))
        });
        for play in others.chain(shorter) {
            if self.is_upper(top.value, upper) {
                return (top, upper);
            }
            if play.value > top.value {
                top = play;
            }
        }
        let climbed = self.climb(top);
        let sure = self.branch(climbed);
        let mixed = self.mix(&sure);
        let top = if !self.is_upper(sure.value, mixed.value) { mixed } else { sure };
        (top, upper)
    }

    /// Attaches its value to a policy.
    fn play(&self, plan: Plan) -> Play {
        let chain = self.chain(&plan);
        let (values, steps) = chain.total_within_counted(self.horizon);
        self.spend(u64::from(steps) * chain.transitions() as u64);
        Play { value: self.mean(&values), plan }
    }

    fn chain(&self, plan: &Plan) -> Chain<'a> {
        match plan {
            Plan::ActionBuffer(choice) => Chain::of_choice(self.kernel, choice),
            Plan::Mixture(policy) => Chain::of_mixture(self.kernel, policy),
        }
    }

    /// The values of a policy with all steps left, and with one step less, each `[S]`.
    pub(super) fn values(&self, plan: &Plan) -> (Vec<f64>, Vec<f64>) {
        let chain = self.chain(plan);
        if self.horizon == 0 {
            return (vec![0.0; self.kernel.states], vec![0.0; self.kernel.states]);
        }
        let next = chain.total_within(self.horizon - 1);
        ((0..self.kernel.states).map(|s| chain.step(s, &next)).collect(), next)
    }

    /// The mean over the starts.
    fn mean(&self, values: &[f64]) -> f64 {
        self.start.iter().map(|&(s, p)| p * values[s as usize]).sum()
    }

    /// Takes from what may be spent; says whether it was there.
    fn spend(&self, transitions: u64) -> bool {
        let left = self.effort.get();
        self.effort.set(left.saturating_sub(transitions));
        left >= transitions
    }

    /// The probabilities `[S * A]` of a policy.
    fn weights(&self, plan: &Plan) -> Vec<f64> {
        match plan {
            Plan::Mixture(policy) => policy.clone(),
            Plan::ActionBuffer(choice) => {
                let mut policy = vec![0.0; self.kernel.states * self.kernel.actions];
                for (s, &a) in choice.iter().enumerate().filter(|(_, a)| **a != REST) {
                    policy[s * self.kernel.actions + a as usize] = 1.0;
                }
                policy
            }
        }
    }
}
