//! A process at one discount, as the solvers want it: expected rewards and discounted transitions, in
//! compressed rows.

use std::cell::OnceCell;

use super::{FiniteMdp, order};

/// Rows are pairs of state and action, `row = s * A + a`.
pub(super) struct Kernel {
    pub(super) states: usize,
    pub(super) actions: usize,
    pub(super) gamma: f64,
    pub(super) legal: Vec<bool>,
    /// Expected reward, `[S * A]`; 0 where not legal.
    pub(super) reward: Vec<f64>,
    /// The probability that the episode ends, `[S * A]`.
    ends: Vec<f64>,
    /// Where each row begins, and the end, `[S * A + 1]`.
    rows: Vec<u32>,
    next: Vec<u32>,
    /// gamma p, merged over the outcomes that lead to the same state.
    weight: Vec<f64>,
    order: OnceCell<Vec<u32>>,
}

/// Adds up the transitions of a row, merging equal successors.
pub(super) struct Merge {
    /// Where in the present row each state stands, if at all.
    seat: Vec<u32>,
}

impl Merge {
    pub(super) fn new(states: usize) -> Self {
        Merge { seat: vec![u32::MAX; states] }
    }

    /// Adds a transition to the row that begins at `begin`.
    #[inline]
    pub(super) fn add(&mut self, begin: usize, next: &mut Vec<u32>, weight: &mut Vec<f64>, to: u32, w: f64) {
        let seat = self.seat[to as usize] as usize;
        if (begin..next.len()).contains(&seat) && next[seat] == to {
            weight[seat] += w;
        } else {
            self.seat[to as usize] = next.len() as u32;
            next.push(to);
            weight.push(w);
        }
    }
}

/// A sum without what is only rounding: rewards that cancel sum to 0, or resting there would look like a
/// gain. `size` is the sum without signs.
pub(super) fn clean(sum: f64, size: f64) -> f64 {
    if sum.abs() <= 4.0 * f64::EPSILON * size { 0.0 } else { sum }
}

impl Kernel {
    pub(super) fn new(mdp: &FiniteMdp, gamma: f64) -> Self {
        let (states, actions) = (mdp.states(), mdp.actions());
        let mut kernel = Kernel::empty(states, actions, gamma);
        let mut merge = Merge::new(states);
        for s in 0..states {
            for a in 0..actions {
                let outcomes = mdp.row(s, a);
                let begin = kernel.next.len();
                let (mut reward, mut size, mut ends) = (0.0, 0.0, 0.0);
                // Exactly 1 for honest tables; evens out what the builder lets pass.
                let total: f64 = outcomes.iter().map(|o| o.probability).sum();
                for o in outcomes {
                    let p = o.probability / total;
                    reward += p * o.reward;
                    size += p * o.reward.abs();
                    if o.terminal {
                        ends += p;
                    } else if gamma > 0.0 {
                        merge.add(begin, &mut kernel.next, &mut kernel.weight, o.next, gamma * p);
                    }
                }
                kernel.finish_row(!outcomes.is_empty(), clean(reward, size), ends);
            }
        }
        kernel
    }

    /// The process whose action `a` is: `a` with probability 1 - epsilon, else any legal action, each equally
    /// often.
    pub(super) fn soft(&self, epsilon: f64) -> Self {
        let mut soft = Kernel::empty(self.states, self.actions, self.gamma);
        let mut merge = Merge::new(self.states);
        for s in 0..self.states {
            let share = epsilon / self.legal_actions(s).count() as f64;
            for a in 0..self.actions {
                let begin = soft.next.len();
                let legal = self.legal[s * self.actions + a];
                let (mut reward, mut size, mut ends) = (0.0, 0.0, 0.0);
                for b in self.legal_actions(s).filter(|_| legal) {
                    let row = s * self.actions + b;
                    let p = share + if b == a { 1.0 - epsilon } else { 0.0 };
                    if p == 0.0 {
                        continue;
                    }
                    reward += p * self.reward[row];
                    size += p * self.reward[row].abs();
                    ends += p * self.ends[row];
                    for (to, w) in self.row(row) {
                        merge.add(begin, &mut soft.next, &mut soft.weight, to, p * w);
                    }
                }
                soft.finish_row(legal, clean(reward, size), ends);
            }
        }
        soft
    }

    /// The policy that takes, in each state, those of its `actions` (`[S * A]`) equally often, `[S * A]`.
    pub(super) fn evenly(&self, actions: &[bool]) -> Vec<f64> {
        let even = |row: &[bool]| {
            let share = 1.0 / row.iter().filter(|a| **a).count() as f64;
            row.iter().map(move |a| if *a { share } else { 0.0 }).collect::<Vec<_>>()
        };
        actions.chunks_exact(self.actions).flat_map(even).collect()
    }

    /// A policy `[S * A]` of [`Kernel::soft`] as one of this process.
    pub(super) fn softened(&self, mut policy: Vec<f64>, epsilon: f64) -> Vec<f64> {
        for s in 0..self.states {
            let share = epsilon / self.legal_actions(s).count() as f64;
            for a in self.legal_actions(s) {
                let p = &mut policy[s * self.actions + a];
                *p = (1.0 - epsilon) * *p + share;
            }
        }
        policy
    }

    /// The same process at another discount.
    pub(super) fn at(&self, gamma: f64) -> Self {
        Kernel {
            states: self.states,
            actions: self.actions,
            gamma,
            legal: self.legal.clone(),
            reward: self.reward.clone(),
            ends: self.ends.clone(),
            rows: self.rows.clone(),
            next: self.next.clone(),
            weight: self.weight.iter().map(|w| w / self.gamma * gamma).collect(),
            order: self.order.clone(),
        }
    }

    /// 1 minus the sum of a row's weights, but not computed as a difference.
    #[inline]
    pub(super) fn exit(&self, row: usize) -> f64 {
        (1.0 - self.gamma) + self.gamma * self.ends[row]
    }

    fn empty(states: usize, actions: usize, gamma: f64) -> Self {
        let pairs = states * actions;
        Kernel {
            states,
            actions,
            gamma,
            legal: Vec::with_capacity(pairs),
            reward: Vec::with_capacity(pairs),
            ends: Vec::with_capacity(pairs),
            rows: vec![0],
            next: Vec::with_capacity(2 * pairs),
            weight: Vec::with_capacity(2 * pairs),
            order: OnceCell::new(),
        }
    }

    fn finish_row(&mut self, legal: bool, reward: f64, ends: f64) {
        self.legal.push(legal);
        self.reward.push(reward);
        self.ends.push(ends);
        self.rows.push(self.next.len() as u32);
    }

    /// The transitions of a row: (state, gamma p).
    #[inline]
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (u32, f64)> + Clone {
        let (begin, end) = (self.rows[row] as usize, self.rows[row + 1] as usize);
        self.next[begin..end].iter().copied().zip(self.weight[begin..end].iter().copied())
    }

    /// The transitions of all actions of a state.
    pub(super) fn successors(&self, s: usize) -> &[u32] {
        &self.next[self.rows[s * self.actions] as usize..self.rows[(s + 1) * self.actions] as usize]
    }

    /// The number of transitions of all rows.
    pub(super) fn transitions(&self) -> usize {
        self.next.len()
    }

    /// The legal actions of a state, ascending.
    #[inline]
    pub(super) fn legal_actions(&self, s: usize) -> impl Iterator<Item = usize> {
        let legal = &self.legal[s * self.actions..(s + 1) * self.actions];
        legal.iter().enumerate().filter(|(_, l)| **l).map(|(a, _)| a)
    }

    /// Q of a row, given V of the states.
    #[inline]
    pub(super) fn q(&self, row: usize, values: &[f64]) -> f64 {
        self.row(row).fold(self.reward[row], |q, (to, w)| q + w * values[to as usize])
    }

    /// The size of what [`Kernel::q`] adds up, given those of the states: what rounding errors are measured
    /// by.
    #[inline]
    pub(super) fn size(&self, row: usize, sizes: &[f64]) -> f64 {
        self.row(row).fold(self.reward[row].abs(), |sum, (to, w)| sum + w * sizes[to as usize])
    }

    /// A rank of the states in which elimination stays sparse, whatever the policy, `[S]`.
    pub(super) fn order(&self) -> &[u32] {
        self.order.get_or_init(|| order::nested_dissection(self.states, |s| self.successors(s as usize)))
    }
}
