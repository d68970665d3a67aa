//! Markov reward process of a fixed policy, and its exact value.
//!
//! `v = r + W v`, where `W [S, S]` are the discounted transition probabilities, `exit = 1 - W 1` (1: the vector of
//! ones) is the probability of leaving for good, and `r [S]` are the expected rewards. Strongly connected components
//! are solved one after the other, in reverse topological order. Within a component, states are *eliminated*: the
//! elimination of state `k` distributes the weight `w_ik` of each transition into `k` over the successors of `k`,
//!
//! ```text
//! d_k = exit_k + sum over j not k of w_kj       l = w_ik / d_k
//! w_ij += l w_kj    exit_i += l exit_k    r_i += l r_k
//! ```
//!
//! This is Gaussian elimination without a single subtraction, since `d_k` is a sum instead of `1 - w_kk`: every number
//! keeps its relative accuracy, however long the chain takes to end (Grassmann, Taksar & Heyman 1985; O'Cinneide 1993).
//! No pivoting is needed, so the nonzero entries that the elimination adds (the fill) are known beforehand, from the
//! elimination tree of the symmetrized pattern (Liu 1990) in the order of nested dissection.

use super::graph;
use super::kernel::{Kernel, Merge, drop_rounding};
use elimination::Elimination;

mod elimination;

/// Marks a state in which a policy takes no action and gets no further reward.
pub(super) const STOP: u32 = u32::MAX;

/// Maximum number of states of a component that is eliminated in any order.
const SMALL: usize = 16;

/// Markov reward process: the transitions of each state, in compressed sparse rows.
pub(super) struct Chain<'k> {
    kernel: &'k Kernel,
    rows: Vec<u32>,
    next: Vec<u32>,
    weight: Vec<f64>,
    exit: Vec<f64>,
    reward: Vec<f64>,
}

impl<'k> Chain<'k> {
    /// Chain of a deterministic policy: action `policy[s]` in state `s`, or [`STOP`]. The chain also stops in all
    /// states without actions.
    pub(super) fn of_deterministic(kernel: &'k Kernel, policy: &[u32]) -> Self {
        let mut chain = Chain::empty(kernel);
        for (s, &a) in policy.iter().enumerate() {
            let row = s * kernel.actions + a as usize;
            if a == STOP || !kernel.legal[row] {
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

    /// Chain of a stochastic policy: action `a` in state `s` with probability `policy[s * A + a]`.
    pub(super) fn of_stochastic(kernel: &'k Kernel, policy: &[f64]) -> Self {
        let mut chain = Chain::empty(kernel);
        let mut merge = Merge::new(kernel.states);
        for s in 0..kernel.states {
            let begin = chain.next.len();
            let (mut reward, mut magnitude, mut exit, mut any) = (0.0, 0.0, 0.0, false);
            for a in kernel.legal_actions(s) {
                let row = s * kernel.actions + a;
                let p = policy[row];
                if p > 0.0 {
                    any = true;
                    reward += p * kernel.reward[row];
                    magnitude += p * kernel.reward[row].abs();
                    exit += p * kernel.exit(row);
                    for (to, w) in kernel.row(row) {
                        merge.add(begin, &mut chain.next, &mut chain.weight, to, p * w);
                    }
                }
            }
            chain.finish_row(drop_rounding(reward, magnitude), if any { exit } else { 1.0 });
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

    /// Expected total reward within `horizon` steps, `[S]`.
    pub(super) fn total_within(&self, horizon: u32) -> Vec<f64> {
        self.total_within_and_steps(horizon).0
    }

    /// Expected total reward within `horizon` steps, `[S]`, and the number of steps computed: fewer than `horizon`
    /// where a fixed point is reached.
    pub(super) fn total_within_and_steps(&self, horizon: u32) -> (Vec<f64>, u32) {
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

    /// Distribution over states one step after the distribution `here`, `here W`, `[S]`.
    pub(super) fn propagate(&self, here: &[f64]) -> Vec<f64> {
        let mut there = vec![0.0; here.len()];
        for (s, &d) in here.iter().enumerate().filter(|(_, d)| **d > 0.0) {
            self.row(s).for_each(|(to, w)| there[to] += d * w);
        }
        there
    }

    /// Number of transitions.
    pub(super) fn transitions(&self) -> usize {
        self.next.len()
    }

    /// `r + W v` for state `s`: expected reward of the next step plus the value after it, given `values`.
    #[inline]
    pub(super) fn step(&self, s: usize, values: &[f64]) -> f64 {
        self.row(s).fold(self.reward[s], |v, (to, w)| v + w * values[to])
    }

    /// Expected total reward without a horizon. In states of a cycle that never ends and has rewards, the value is
    /// `+inf`, `-inf`, or NaN if the rewards cancel in the long run; the values of states that can get to such a cycle
    /// are not finite either.
    pub(super) fn total(&self) -> TotalReward {
        let n = self.exit.len();
        let mut total = TotalReward { values: vec![f64::NAN; n], magnitudes: vec![f64::NAN; n] };
        let mut elimination = Elimination::new(n);
        graph::strongly_connected_components(
            n,
            |s| self.successors(s),
            |component| match component {
                [s] => self.solve_single(*s as usize, &mut total),
                _ => self.solve_component(component, &mut total, &mut elimination),
            },
        );
        total
    }

    /// Solves a component of one state `s`: no path leads back to `s`, except perhaps a loop of one step.
    fn solve_single(&self, s: usize, total: &mut TotalReward) {
        let (mut reward, mut magnitude, mut diagonal) = (self.reward[s], self.reward[s].abs(), self.exit[s]);
        for (to, w) in self.row(s).filter(|&(to, _)| to != s) {
            reward += w * total.values[to];
            magnitude += w * total.magnitudes[to];
            diagonal += w;
        }
        if diagonal > 0.0 {
            (total.values[s], total.magnitudes[s]) = (reward / diagonal, magnitude / diagonal);
        } else {
            (total.values[s], total.magnitudes[s]) = (infinite_total(reward, magnitude), 0.0);
        }
    }

    /// Solves a component of at least two states.
    fn solve_component(&self, component: &mut [u32], total: &mut TotalReward, elimination: &mut Elimination) {
        if component.len() > SMALL {
            let order = self.kernel.order();
            component.sort_unstable_by_key(|&s| order[s as usize]);
        }
        elimination.begin(component);
        let (mut closed, mut has_reward, mut infinite) = (true, false, 0.0);
        for (i, &s) in component.iter().enumerate() {
            let s = s as usize;
            let (mut reward, mut magnitude, mut exit) = (self.reward[s], self.reward[s].abs(), self.exit[s]);
            for (to, w) in self.row(s) {
                match elimination.position(to) {
                    Some(j) => elimination.transition(i, j, w),
                    None => {
                        exit += w;
                        reward += w * total.values[to];
                        magnitude += w * total.magnitudes[to];
                    }
                }
            }
            closed &= exit == 0.0;
            has_reward |= self.reward[s] != 0.0;
            if !reward.is_finite() {
                infinite += reward;
            }
            elimination.finish_row(exit, reward, magnitude);
        }
        let component_value = if infinite != 0.0 {
            // Every state of the component can get to the infinite total.
            infinite
        } else if !closed {
            return elimination.solve(|i, value, magnitude| {
                let s = component[i] as usize;
                (total.values[s], total.magnitudes[s]) = (value, magnitude);
            });
        } else if has_reward {
            elimination.infinite_cycle_total()
        } else {
            0.0
        };
        for &mut s in component {
            (total.values[s as usize], total.magnitudes[s as usize]) = (component_value, 0.0);
        }
    }
}

/// Total reward of a chain.
pub(super) struct TotalReward {
    /// Total reward, `[S]`.
    pub(super) values: Vec<f64>,
    /// Total of the absolute rewards, `[S]`: the scale of rounding errors. Undefined where the value is not finite.
    pub(super) magnitudes: Vec<f64>,
}

/// Total reward of a cycle that never ends, from its gain a round: `+inf`, `-inf`, 0 or NaN. `magnitude` is the sum of
/// the absolute terms of `gain`.
fn infinite_total(gain: f64, magnitude: f64) -> f64 {
    if magnitude == 0.0 {
        0.0
    } else if gain.abs() <= 1e-11 * magnitude {
        f64::NAN
    } else {
        gain.signum() * f64::INFINITY
    }
}
