//! Branch and bound over deterministic stationary policies.
//!
//! If the actions of some states are fixed, the optimal policy with observed time for the other states is at least as
//! good as any stationary policy with the same fixed actions. If the actions of this optimal policy do not depend on
//! time, it is itself such a stationary policy. Otherwise the state whose action depends most on time is fixed, to each
//! of its actions in turn.

use super::{EvaluatedPolicy, Search, StationaryPolicy, TOLERANCE};
use crate::mdp::chain::STOP;

/// Maximum number of values (states times steps); larger processes are not searched.
const MAX_VALUES: u64 = 1 << 20;

impl Search<'_> {
    /// Best deterministic policy, if the work budget is sufficient; else `top` or a better policy.
    pub(super) fn branch_and_bound(&self, mut top: EvaluatedPolicy) -> EvaluatedPolicy {
        if self.kernel.states as u64 * u64::from(self.horizon) > MAX_VALUES {
            return top;
        }
        // Half of the budget is kept for the search over stochastic policies.
        let reserve = self.budget.get() / 2;
        let mut open = vec![vec![STOP; self.kernel.states]];
        while let Some(fixed) = open.pop() {
            if self.budget.get() < reserve {
                break;
            }
            let bound = self.bound(&fixed);
            if bound.value - top.value <= TOLERANCE * top.value.abs() {
                continue;
            }
            match bound.branch_state {
                None => {
                    let candidate = self.evaluate(StationaryPolicy::Deterministic(bound.most_used));
                    if candidate.value > top.value {
                        top = candidate;
                    }
                }
                // The action used most often is tried first: it is pushed last.
                Some((s, by_use)) => open.extend(by_use.into_iter().map(|a| {
                    let mut fixed = fixed.clone();
                    fixed[s] = a;
                    fixed
                })),
            }
        }
        top
    }

    fn bound(&self, fixed: &[u32]) -> Bound {
        let (k, n, steps) = (self.kernel, self.kernel.states, self.horizon as usize);
        self.spend(2 * u64::from(self.horizon) * k.transitions() as u64);
        let mut values = vec![0.0; n];
        let mut previous = values.clone();
        let mut best_actions = vec![STOP; n * steps];
        for left in 1..=steps {
            std::mem::swap(&mut values, &mut previous);
            for s in 0..n {
                let choices = k.legal_actions(s).filter(|&a| fixed[s] == STOP || fixed[s] == a as u32);
                let mut best = (f64::NEG_INFINITY, STOP);
                for a in choices {
                    let q = k.q(s * k.actions + a, &previous);
                    if q > best.0 {
                        best = (q, a as u32);
                    }
                }
                values[s] = if best.1 == STOP { 0.0 } else { best.0 };
                best_actions[(left - 1) * n + s] = best.1;
            }
        }
        // Expected number of uses of each action, over all time.
        let mut uses = vec![0.0; n * k.actions];
        let mut distribution = vec![0.0; n];
        self.start.iter().for_each(|&(s, p)| distribution[s as usize] += p);
        for left in (1..=steps).rev() {
            let mut next_distribution = vec![0.0; n];
            for s in (0..n).filter(|&s| distribution[s] > 0.0) {
                let a = best_actions[(left - 1) * n + s];
                if a != STOP {
                    let row = s * k.actions + a as usize;
                    uses[row] += distribution[s];
                    k.row(row).for_each(|(to, w)| next_distribution[to as usize] += distribution[s] * w);
                }
            }
            distribution = next_distribution;
        }
        let mut most_used = best_actions[n * steps.saturating_sub(1)..].to_vec();
        most_used.resize(n, STOP);
        let mut widest = 0.0;
        let mut branch_state = None;
        for s in 0..n {
            let uses = &uses[s * k.actions..(s + 1) * k.actions];
            let mut by_use: Vec<u32> = k.legal_actions(s).map(|a| a as u32).collect();
            by_use.sort_by(|a, b| uses[*a as usize].total_cmp(&uses[*b as usize]));
            let Some(&most) = by_use.last() else { continue };
            let rest = uses.iter().sum::<f64>() - uses[most as usize];
            if uses[most as usize] > 0.0 {
                most_used[s] = most;
            }
            if rest > widest {
                (widest, branch_state) = (rest, Some((s, by_use)));
            }
        }
        Bound { value: self.mean(&values), most_used, branch_state }
    }
}

struct Bound {
    /// Upper bound on the value of every stationary policy with the fixed actions.
    value: f64,
    /// Action used most often in each state, `[S]`.
    most_used: Vec<u32>,
    /// State whose action depends most on time, and its actions, the one used most often last.
    branch_state: Option<(usize, Vec<u32>)>,
}
