//! A Markov chain that pays: what a fixed policy makes of a process, and its exact value.
//!
//! `v = r + W v`, with `W [S, S]` the discounted transitions, `exit = 1 - W 1` what leaves each state for
//! ever and `r [S]` the expected rewards. Strongly connected components are solved one after the other, the
//! last ones first. Within one, states are *eliminated*: taking out `k` sends `w_ik` on to where `k` leads,
//!
//! ```text
//! d_k = exit_k + sum over j not k of w_kj       l = w_ik / d_k
//! w_ij += l w_kj    exit_i += l exit_k    r_i += l r_k
//! ```
//!
//! This is Gaussian elimination, but without a single subtraction, since `d_k` is a sum instead of `1 -
//! w_kk`: every number keeps its relative accuracy, however long the chain takes to end (Grassmann, Taksar &
//! Heyman 1985; O'Cinneide 1993). No pivoting is needed, so the fill is known beforehand: elimination tree of
//! the symmetrized pattern (Liu 1990) in the order of nested dissection.

use super::kernel::{Kernel, Merge, clean};
use elimination::Elimination;

mod components;
mod elimination;

/// Stands for an action where a policy rests: nothing is paid any more.
pub(super) const REST: u32 = u32::MAX;

/// Components of at most this many states are eliminated in any order.
const FEW: usize = 16;

/// One compressed row a state.
pub(super) struct Chain<'k> {
    kernel: &'k Kernel,
    rows: Vec<u32>,
    next: Vec<u32>,
    weight: Vec<f64>,
    exit: Vec<f64>,
    reward: Vec<f64>,
}

impl<'k> Chain<'k> {
    /// The chain of a policy that takes `choice[s]` in `s`, or rests. States without actions rest anyhow.
    pub(super) fn of_choice(kernel: &'k Kernel, choice: &[u32]) -> Self {
        let mut chain = Chain::empty(kernel);
        for (s, &a) in choice.iter().enumerate() {
            let row = s * kernel.actions + a as usize;
            if a == REST || !kernel.legal[row] {
                chain.finish_row(0.0, 1.0);
                continue;
            }
            for (to, w) in kernel.row(row) {
                chain.next.push(to);
                chain.weight.push(w);
            }
            chain.finish_row(kernel.reward[row], kernel.exit(row));
        }
        chain
    }

    /// The chain of a policy that takes `a` in `s` with probability `policy[s * A + a]`.
    pub(super) fn of_mixture(kernel: &'k Kernel, policy: &[f64]) -> Self {
        let mut chain = Chain::empty(kernel);
        let mut merge = Merge::new(kernel.states);
        for s in 0..kernel.states {
            let begin = chain.next.len();
            let (mut reward, mut size, mut exit, mut any) = (0.0, 0.0, 0.0, false);
            for a in kernel.legal_actions(s) {
                let row = s * kernel.actions + a;
                let p = policy[row];
                if p > 0.0 {
                    any = true;
                    reward += p * kernel.reward[row];
                    size += p * kernel.reward[row].abs();
                    exit += p * kernel.exit(row);
                    for (to, w) in kernel.row(row) {
                        merge.add(begin, &mut chain.next, &mut chain.weight, to, p * w);
                    }
                }
            }
            chain.finish_row(clean(reward, size), if any { exit } else { 1.0 });
        }
        chain
    }

    fn empty(kernel: &'k Kernel) -> Self {
        let states = kernel.states;
        let mut rows = Vec::with_capacity(states + 1);
        rows.push(0);
        let (exit, reward) = (Vec::with_capacity(states), Vec::with_capacity(states));
        Chain { kernel, rows, next: Vec::new(), weight: Vec::new(), exit, reward }
    }

    fn finish_row(&mut self, reward: f64, exit: f64) {
        self.reward.push(reward);
        self.exit.push(exit);
        self.rows.push(self.next.len() as u32);
    }

    #[inline]
    fn row(&self, s: usize) -> impl Iterator<Item = (usize, f64)> {
        let (begin, end) = (self.rows[s] as usize, self.rows[s + 1] as usize);
        self.next[begin..end].iter().map(|&to| to as usize).zip(self.weight[begin..end].iter().copied())
    }

    #[inline]
    fn successors(&self, s: usize) -> &[u32] {
        &self.next[self.rows[s] as usize..self.rows[s + 1] as usize]
    }

    /// What is expected within `horizon` steps, `[S]`.
    pub(super) fn total_within(&self, horizon: u32) -> Vec<f64> {
        self.total_within_counted(horizon).0
    }

    /// The same, and how many steps it took to know it: fewer than `horizon` where more time changes nothing.
    pub(super) fn total_within_counted(&self, horizon: u32) -> (Vec<f64>, u32) {
        let mut values = vec![0.0; self.exit.len()];
        let mut before = values.clone();
        for step in 0..horizon {
            std::mem::swap(&mut values, &mut before);
            for (s, v) in values.iter_mut().enumerate() {
                *v = self.step(s, &before);
            }
            if values == before {
                return (values, step);
            }
        }
        (values, horizon)
    }

    /// `d W`: where one is a step later, `[S]`.
    pub(super) fn forward(&self, here: &[f64]) -> Vec<f64> {
        let mut there = vec![0.0; here.len()];
        for (s, &d) in here.iter().enumerate().filter(|(_, d)| **d > 0.0) {
            self.row(s).for_each(|(to, w)| there[to] += d * w);
        }
        there
    }

    /// The number of transitions.
    pub(super) fn transitions(&self) -> usize {
        self.next.len()
    }

    /// `r + W v` of one state.
    #[inline]
    pub(super) fn step(&self, s: usize, values: &[f64]) -> f64 {
        self.row(s).fold(self.reward[s], |v, (to, w)| v + w * values[to])
    }

    /// What is expected for ever. Where the chain goes round for ever and that is paid: `+inf`, `-inf`, or
    /// NaN where the rewards cancel in the long run, and upstream of these too.
    pub(super) fn total(&self) -> Total {
        let n = self.exit.len();
        let mut total = Total { values: vec![f64::NAN; n], sizes: vec![f64::NAN; n] };
        let mut elimination = Elimination::new(n);
        components::each(
            n,
            |s| self.successors(s),
            |component| match component {
                [s] => self.alone(*s as usize, &mut total),
                _ => self.together(component, &mut total, &mut elimination),
            },
        );
        total
    }

    /// Fills in a state that cannot be returned to, but perhaps stayed in.
    fn alone(&self, s: usize, total: &mut Total) {
        let (mut reward, mut size, mut leaves) = (self.reward[s], self.reward[s].abs(), self.exit[s]);
        for (to, w) in self.row(s).filter(|&(to, _)| to != s) {
            reward += w * total.values[to];
            size += w * total.sizes[to];
            leaves += w;
        }
        if leaves > 0.0 {
            (total.values[s], total.sizes[s]) = (reward / leaves, size / leaves);
        } else {
            (total.values[s], total.sizes[s]) = (endless(reward, size), 0.0);
        }
    }

    /// Fills in a component of at least two states.
    fn together(&self, component: &mut [u32], total: &mut Total, elimination: &mut Elimination) {
        if component.len() > FEW {
            let order = self.kernel.order();
            component.sort_unstable_by_key(|&s| order[s as usize]);
        }
        elimination.begin(component);
        let (mut closed, mut paid, mut beyond) = (true, false, 0.0);
        for (i, &s) in component.iter().enumerate() {
            let s = s as usize;
            let (mut reward, mut size, mut exit) = (self.reward[s], self.reward[s].abs(), self.exit[s]);
            for (to, w) in self.row(s) {
                match elimination.seat(to) {
                    Some(j) => elimination.transition(i, j, w),
                    None => {
                        exit += w;
                        reward += w * total.values[to];
                        size += w * total.sizes[to];
                    }
                }
            }
            closed &= exit == 0.0;
            paid |= self.reward[s] != 0.0;
            if !reward.is_finite() {
                beyond += reward;
            }
            elimination.finish_row(exit, reward, size);
        }
        let same = if beyond != 0.0 {
            // Every state of the component gets there with some probability.
            beyond
        } else if !closed {
            return elimination.solve(|i, value, size| {
                let s = component[i] as usize;
                (total.values[s], total.sizes[s]) = (value, size);
            });
        } else if paid {
            elimination.cycle_reward()
        } else {
            0.0
        };
        for &mut s in component {
            (total.values[s as usize], total.sizes[s as usize]) = (same, 0.0);
        }
    }
}

/// What a chain is worth.
pub(super) struct Total {
    /// `[S]`.
    pub(super) values: Vec<f64>,
    /// The same with every reward counted without its sign, `[S]`: what rounding errors are measured by. Of
    /// no meaning where the value is not finite.
    pub(super) sizes: Vec<f64>,
}

/// The total of a gain that never ends; `size` is what was added up to it, without the signs.
fn endless(gain: f64, size: f64) -> f64 {
    if size == 0.0 {
        0.0
    } else if gain.abs() <= 1e-11 * size {
        f64::NAN
    } else {
        gain.signum() * f64::INFINITY
    }
}
