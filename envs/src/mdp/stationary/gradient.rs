//! Improvement of stationary policies within a horizon of H steps by exact gradients.
//!
//! Let `d_t(s)` be the discounted probability of being in state `s` after `t` steps, and `V_k` the value of the policy
//! with `k` steps left. One forward pass over time computes all `d_t`, one backward pass all `V_k` (adjoint method).
//! The value `J` of the policy `pi [S, A]` has the gradient
//!
//! ```text
//! dJ / d pi(a | s) = sum over t < H of  d_t(s) (r(s, a) + gamma P V_{H-1-t} (s, a))        [S, A]
//! ```

use super::{EvaluatedPolicy, Search, StationaryPolicy, TOLERANCE};
use crate::mdp::chain::STOP;

/// Maximum number of values kept for a gradient; larger processes have no gradient.
const MAX_VALUES: u64 = 1 << 25;
/// Maximum number of steps of the search for a stochastic policy.
const MAX_STEPS: usize = 1000;

impl Search<'_> {
    /// Gradient of the policy's value with respect to its probabilities, `[S * A]`; `None` when the work budget is
    /// spent.
    fn gradient(&self, policy: &StationaryPolicy) -> Option<Vec<f64>> {
        let (k, n) = (self.kernel, self.kernel.states);
        let chain = self.chain(policy);
        if n as u64 * u64::from(self.horizon) > MAX_VALUES
            || !self.spend(u64::from(self.horizon) * (2 * chain.transitions() + k.transitions()) as u64)
        {
            return None;
        }
        let steps = self.horizon as usize;
        let mut values = vec![0.0; n * steps.max(1)];
        for left in 1..steps {
            let (previous, now) = values.split_at_mut(left * n);
            let previous = &previous[(left - 1) * n..];
            for (s, v) in now[..n].iter_mut().enumerate() {
                *v = chain.step(s, previous);
            }
        }
        let mut distribution = vec![0.0; n];
        self.start.iter().for_each(|&(s, p)| distribution[s as usize] += p);
        let mut gradient = vec![0.0; n * k.actions];
        for t in 0..steps {
            let next = &values[(steps - 1 - t) * n..][..n];
            for s in (0..n).filter(|&s| distribution[s] > 0.0) {
                for a in k.legal_actions(s) {
                    let row = s * k.actions + a;
                    gradient[row] += distribution[s] * k.q(row, next);
                }
            }
            distribution = chain.propagate(&distribution);
        }
        Some(gradient)
    }

    /// Changes actions while the value rises: first all actions with a positive gradient at once, else half of them,
    /// and so on, and finally each action alone.
    pub(super) fn improve(&self, mut top: EvaluatedPolicy) -> EvaluatedPolicy {
        while let Some(better) = self.switch_actions(&top) {
            top = better;
        }
        top
    }

    fn switch_actions(&self, top: &EvaluatedPolicy) -> Option<EvaluatedPolicy> {
        let k = self.kernel;
        let StationaryPolicy::Deterministic(actions) = &top.policy else { return None };
        let gradient = self.gradient(&top.policy)?;
        // First-order gain in value of each action, with its state.
        let mut gains: Vec<(f64, usize, u32)> = Vec::new();
        for s in (0..k.states).filter(|&s| actions[s] != STOP) {
            let present = gradient[s * k.actions + actions[s] as usize];
            let others = k.legal_actions(s).filter(|&a| a as u32 != actions[s]);
            // States that are never visited have a gain of exactly 0.
            let all = others.map(|a| (gradient[s * k.actions + a] - present, s, a as u32));
            gains.extend(all.filter(|p| p.0 != 0.0));
        }
        gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let switched = |switches: &[(f64, usize, u32)]| {
            let mut actions = actions.clone();
            // The action with the largest gain of a state comes first in the list, so it is written last.
            switches.iter().rev().for_each(|&(_, s, a)| actions[s] = a);
            Some(self.evaluate(StationaryPolicy::Deterministic(actions)))
                .filter(|candidate| is_greater(candidate.value, top.value))
        };
        let mut count = gains.partition_point(|p| p.0 > 0.0);
        while count > 0 {
            if let Some(better) = switched(&gains[..count]) {
                return Some(better);
            }
            count /= 2;
        }
        let cost = u64::from(self.horizon) * self.chain(&top.policy).transitions() as u64;
        for gain in &gains {
            if self.budget.get() < cost {
                return None;
            }
            if let Some(better) = switched(std::slice::from_ref(gain)) {
                return Some(better);
            }
        }
        None
    }

    /// Best stochastic policy found by gradient steps from policies with little and with much randomness.
    pub(super) fn search_stochastic(&self, top: &EvaluatedPolicy) -> EvaluatedPolicy {
        let mut best = top.clone();
        for random in [0.0, 0.1, 0.5] {
            let mut weights = self.weights(&top.policy);
            for s in 0..self.kernel.states {
                let share = random / self.kernel.legal_actions(s).count() as f64;
                for a in self.kernel.legal_actions(s) {
                    let p = &mut weights[s * self.kernel.actions + a];
                    *p = *p * (1.0 - random) + share;
                }
            }
            let mut candidate = self.evaluate(StationaryPolicy::Stochastic(weights));
            for _ in 0..MAX_STEPS {
                match self.shift_probability(&candidate) {
                    Some(better) => candidate = better,
                    None => break,
                }
            }
            if candidate.value > best.value {
                best = candidate;
            }
        }
        best
    }

    /// Moves probability, in every state, from the worst action to the best one, with the largest step that raises the
    /// value.
    fn shift_probability(&self, candidate: &EvaluatedPolicy) -> Option<EvaluatedPolicy> {
        let k = self.kernel;
        let gradient = self.gradient(&candidate.policy)?;
        let weights = self.weights(&candidate.policy);
        let mut moves = Vec::new();
        for s in 0..k.states {
            let row = |a: usize| s * k.actions + a;
            let by = |a: &usize, b: &usize| gradient[row(*a)].total_cmp(&gradient[row(*b)]);
            let used = k.legal_actions(s).filter(|&a| weights[row(a)] > 0.0);
            if let (Some(from), Some(to)) = (used.min_by(by), k.legal_actions(s).max_by(by))
                && gradient[row(to)] > gradient[row(from)]
            {
                moves.push((row(from), row(to)));
            }
        }
        let mut step = 1.0;
        while step > 1e-4 && !moves.is_empty() && self.budget.get() > 0 {
            let mut weights = weights.clone();
            for &(from, to) in &moves {
                let mass = weights[from] * step;
                weights[from] = if step == 1.0 { 0.0 } else { weights[from] - mass };
                weights[to] += mass;
            }
            let next = self.evaluate(StationaryPolicy::Stochastic(weights));
            if is_greater(next.value, candidate.value) {
                return Some(next);
            }
            step /= 2.0;
        }
        None
    }
}

fn is_greater(value: f64, other: f64) -> bool {
    value - other > TOLERANCE * other.abs().max(f64::MIN_POSITIVE)
}
