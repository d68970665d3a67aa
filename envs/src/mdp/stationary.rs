//! Best stationary policies within a horizon for an agent that does not observe the number of steps left.
//!
//! For such an agent, time is a hidden part of the state, and no recursion has the best stationary policy as its fixed
//! point; therefore the policy is found by search. Candidates are the optima without a horizon at several discounts,
//! and the time-dependent optimal policy frozen at several times. The best candidate is improved by gradients (see
//! [`gradient`]). If the process is small enough, branch and bound finds the best deterministic policy. Finally
//! stochastic policies, which may be better, are tried. The optimal value with observed time is an upper bound on the
//! value of every stationary policy.
//!
//! Work is counted in transitions, never in seconds, so that the result is the same on every machine.

use std::cell::Cell;

use super::chain::{Chain, STOP};
use super::kernel::Kernel;
use super::optimal::{TimedOptimum, backward_induction, optimum};

mod branch;
mod gradient;

/// Work budget of one search, in transitions: about half a second.
const WORK_BUDGET: u64 = 250_000_000;
/// Relative difference up to which two values count as equal.
const TOLERANCE: f64 = 1e-12;

/// Stationary policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StationaryPolicy {
    /// Action of each state, `[S]`.
    Deterministic(Vec<u32>),
    /// Probability of each action, `[S * A]`.
    Stochastic(Vec<f64>),
}

/// Stationary policy with its value from the start.
#[derive(Clone, Debug)]
pub(super) struct EvaluatedPolicy {
    pub(super) policy: StationaryPolicy,
    pub(super) value: f64,
}

/// Search for the best stationary policy.
pub(super) struct Search<'a> {
    kernel: &'a Kernel,
    start: &'a [(u32, f64)],
    horizon: u32,
    /// Absolute rounding error of a value of about 0.
    rounding: f64,
    budget: Cell<u64>,
}

impl<'a> Search<'a> {
    pub(super) fn new(kernel: &'a Kernel, start: &'a [(u32, f64)], horizon: u32) -> Self {
        let rounding = kernel.reward.iter().fold(0.0f64, |most, r| most.max(r.abs())) * 4.0 * f64::EPSILON;
        Search { kernel, start, horizon, rounding, budget: Cell::new(WORK_BUDGET) }
    }

    /// Whether `value` equals the upper bound `upper`, up to rounding.
    pub(super) fn reaches(&self, value: f64, upper: f64) -> bool {
        upper - value <= TOLERANCE * upper.abs().max(value.abs()) + self.rounding
    }

    /// Optimal policy without a horizon, with its value within the horizon.
    pub(super) fn stationary_optimum(&self) -> EvaluatedPolicy {
        self.evaluate(StationaryPolicy::Deterministic(optimum(self.kernel).policy))
    }

    /// Best policy found, and the optimal value with observed time.
    pub(super) fn best(&self) -> (EvaluatedPolicy, f64) {
        let times: Vec<u32> = (1..=8).map(|i| (u64::from(self.horizon) * i / 8) as u32).collect();
        let TimedOptimum { values, slices } = backward_induction(self.kernel, self.horizon, &times);
        let upper = self.mean(&values);
        let mut top = self.stationary_optimum();
        let others =
            slices.into_iter().rev().map(StationaryPolicy::Deterministic).map(|policy| self.evaluate(policy));
        let discounted = [4.0, 1.0, 0.5, 0.25].into_iter().filter_map(|c| {
            let factor = 1.0 - 1.0 / (1.0 + c * f64::from(self.horizon));
            let kernel =
                (self.kernel.gamma > 0.0).then(|| self.kernel.with_gamma(self.kernel.gamma * factor))?;
            Some(self.evaluate(StationaryPolicy::Deterministic(optimum(&kernel).policy)))
        });
        for candidate in others.chain(discounted) {
            if self.reaches(top.value, upper) {
                return (top, upper);
            }
            if candidate.value > top.value {
                top = candidate;
            }
        }
        let improved = self.improve(top);
        let deterministic = self.branch_and_bound(improved);
        let stochastic = self.search_stochastic(&deterministic);
        let top =
            if !self.reaches(deterministic.value, stochastic.value) { stochastic } else { deterministic };
        (top, upper)
    }

    /// Evaluates a policy.
    fn evaluate(&self, policy: StationaryPolicy) -> EvaluatedPolicy {
        let chain = self.chain(&policy);
        let (values, steps) = chain.total_within_and_steps(self.horizon);
        self.spend(u64::from(steps) * chain.transitions() as u64);
        EvaluatedPolicy { value: self.mean(&values), policy }
    }

    fn chain(&self, policy: &StationaryPolicy) -> Chain<'a> {
        match policy {
            StationaryPolicy::Deterministic(actions) => Chain::of_deterministic(self.kernel, actions),
            StationaryPolicy::Stochastic(policy) => Chain::of_stochastic(self.kernel, policy),
        }
    }

    /// Values of a policy with all steps left, and with one step fewer, each `[S]`.
    pub(super) fn values(&self, policy: &StationaryPolicy) -> (Vec<f64>, Vec<f64>) {
        let chain = self.chain(policy);
        if self.horizon == 0 {
            return (vec![0.0; self.kernel.states], vec![0.0; self.kernel.states]);
        }
        let next = chain.total_within(self.horizon - 1);
        ((0..self.kernel.states).map(|s| chain.step(s, &next)).collect(), next)
    }

    /// Mean of `values` over the start distribution.
    fn mean(&self, values: &[f64]) -> f64 {
        self.start.iter().map(|&(s, p)| p * values[s as usize]).sum()
    }

    /// Subtracts `transitions` from the work budget; returns whether the budget was sufficient.
    fn spend(&self, transitions: u64) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(transitions));
        left >= transitions
    }

    /// Action probabilities of a policy, `[S * A]`.
    fn weights(&self, policy: &StationaryPolicy) -> Vec<f64> {
        match policy {
            StationaryPolicy::Stochastic(policy) => policy.clone(),
            StationaryPolicy::Deterministic(actions) => {
                let mut policy = vec![0.0; self.kernel.states * self.kernel.actions];
                for (s, &a) in actions.iter().enumerate().filter(|(_, a)| **a != STOP) {
                    policy[s * self.kernel.actions + a as usize] = 1.0;
                }
                policy
            }
        }
    }
}
