//! Branch and bound over deterministic stationary policies.
//!
//! With the actions of some states fixed, a player who sees the clock and is free elsewhere does at least as
//! well as any stationary policy that agrees on the fixed ones. Where what it does in the free states does
//! not depend on the clock, it is such a policy itself. Otherwise the state in which it most depends on it is
//! fixed, to each action in turn.

use super::{Plan, Play, SAME, Search};
use crate::mdp::chain::REST;

/// Processes of more numbers (states times steps) than these are not tried.
const MEMORY: u64 = 1 << 20;

impl Search<'_> {
    /// The best deterministic policy, where the effort suffices; `top` or something better in any case.
    pub(super) fn branch(&self, mut top: Play) -> Play {
        if self.kernel.states as u64 * u64::from(self.horizon) > MEMORY {
            return top;
        }
        // Half is kept for what comes after.
        let reserve = self.effort.get() / 2;
        let mut open = vec![vec![REST; self.kernel.states]];
        while let Some(fixed) = open.pop() {
            if self.effort.get() < reserve {
                break;
            }
            let bound = self.bound(&fixed);
            if bound.value - top.value <= SAME * top.value.abs() {
                continue;
            }
            match bound.branch {
                None => {
                    let play = self.play(Plan::ActionBuffer(bound.usual));
                    if play.value > top.value {
                        top = play;
                    }
                }
                // The most usual action is tried first: it is pushed last.
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
        let mut before = values.clone();
        let mut plans = vec![REST; n * steps];
        for left in 1..=steps {
            std::mem::swap(&mut values, &mut before);
            for s in 0..n {
                let choices = k.legal_actions(s).filter(|&a| fixed[s] == REST || fixed[s] == a as u32);
                let mut best = (f64::NEG_INFINITY, REST);
                for a in choices {
                    let q = k.q(s * k.actions + a, &before);
                    if q > best.0 {
                        best = (q, a as u32);
                    }
                }
                values[s] = if best.1 == REST { 0.0 } else { best.0 };
                plans[(left - 1) * n + s] = best.1;
            }
        }
        // How often each action is taken, over all time.
        let mut uses = vec![0.0; n * k.actions];
        let mut here = vec![0.0; n];
        self.start.iter().for_each(|&(s, p)| here[s as usize] += p);
        for left in (1..=steps).rev() {
            let mut there = vec![0.0; n];
            for s in (0..n).filter(|&s| here[s] > 0.0) {
                let a = plans[(left - 1) * n + s];
                if a != REST {
                    let row = s * k.actions + a as usize;
                    uses[row] += here[s];
                    k.row(row).for_each(|(to, w)| there[to as usize] += here[s] * w);
                }
            }
            here = there;
        }
        let mut usual = plans[n * steps.saturating_sub(1)..].to_vec();
        usual.resize(n, REST);
        let mut widest = 0.0;
        let mut branch = None;
        for s in 0..n {
            let uses = &uses[s * k.actions..(s + 1) * k.actions];
            let mut by_use: Vec<u32> = k.legal_actions(s).map(|a| a as u32).collect();
            by_use.sort_by(|a, b| uses[*a as usize].total_cmp(&uses[*b as usize]));
            let Some(&most) = by_use.last() else { continue };
            let rest = uses.iter().sum::<f64>() - uses[most as usize];
            if uses[most as usize] > 0.0 {
                usual[s] = most;
            }
            if rest > widest {
                (widest, branch) = (rest, Some((s, by_use)));
            }
        }
        Bound { value: self.mean(&values), usual, branch }
    }
}

struct Bound {
    /// No policy with these actions fixed is better.
    value: f64,
    /// The action most used in each state, `[S]`.
    usual: Vec<u32>,
    /// The state in which the clock matters most, and its actions, the most used ones last.
    branch: Option<(usize, Vec<u32>)>,
}
