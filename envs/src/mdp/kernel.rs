//! Decision process with a given discount: expected rewards and discounted transitions, in compressed sparse rows.

use std::cell::OnceCell;

use super::{FiniteMdp, ordering};

/// Rewards and discounted transitions of all pairs of state `s` and action `a`; the row of a pair is `s * A + a`.
pub(super) struct Kernel {
    pub(super) states: usize,
    pub(super) actions: usize,
    pub(super) gamma: f64,
    pub(super) legal: Vec<bool>,
    /// Expected reward, `[S * A]`; 0 where illegal.
    pub(super) reward: Vec<f64>,
    /// Probability that the episode ends, `[S * A]`.
    end_probability: Vec<f64>,
    /// Index in `next` where each row begins, and the length of `next`, `[S * A + 1]`.
    rows: Vec<u32>,
    next: Vec<u32>,
    /// Discounted probability of each transition: gamma times the probability of all outcomes with the same next state.
    weight: Vec<f64>,
    order: OnceCell<Vec<u32>>,
}

/// Sums transitions of one row that lead to the same state.
pub(super) struct Merge {
    /// Position in the current row of each state; not valid for states outside the row.
    position: Vec<u32>,
}

impl Merge {
    pub(super) fn new(states: usize) -> Self {
        Merge { position: vec![u32::MAX; states] }
    }

    /// Adds a transition to state `to` with weight `w` to the row that begins at index `begin` of `next` and `weight`.
    #[inline]
    pub(super) fn add(&mut self, begin: usize, next: &mut Vec<u32>, weight: &mut Vec<f64>, to: u32, w: f64) {
        let position = self.position[to as usize] as usize;
        if (begin..next.len()).contains(&position) && next[position] == to {
            weight[position] += w;
        } else {
            self.position[to as usize] = next.len() as u32;
            next.push(to);
            weight.push(w);
        }
    }
}

/// The sum `sum`, or exactly 0 where it is only a rounding error: if rewards that cancel had a small negative sum,
/// stopping would look like a gain. `magnitude` is the sum of the absolute terms.
pub(super) fn drop_rounding(sum: f64, magnitude: f64) -> f64 {
    if sum.abs() <= 4.0 * f64::EPSILON * magnitude { 0.0 } else { sum }
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
                let (mut reward, mut magnitude, mut end_probability) = (0.0, 0.0, 0.0);
                // Exactly 1 for exact tables; else the builder accepts a sum within its tolerance, which is corrected
                // here.
                let total: f64 = outcomes.iter().map(|o| o.probability).sum();
                for o in outcomes {
                    let p = o.probability / total;
                    reward += p * o.reward;
                    magnitude += p * o.reward.abs();
                    if o.terminal {
                        end_probability += p;
                    } else if gamma > 0.0 {
                        merge.add(begin, &mut kernel.next, &mut kernel.weight, o.next, gamma * p);
                    }
                }
                kernel.finish_row(!outcomes.is_empty(), drop_rounding(reward, magnitude), end_probability);
            }
        }
        kernel
    }

    /// Process with epsilon-random actions: action `a` has the effect of `a` with probability 1 - epsilon, else that of
    /// a legal action, all equally likely.
    pub(super) fn epsilon_soft(&self, epsilon: f64) -> Self {
        let mut epsilon_soft = Kernel::empty(self.states, self.actions, self.gamma);
        let mut merge = Merge::new(self.states);
        for s in 0..self.states {
            let uniform_share = epsilon / self.legal_actions(s).count() as f64;
            for a in 0..self.actions {
                let begin = epsilon_soft.next.len();
                let legal = self.legal[s * self.actions + a];
                let (mut reward, mut magnitude, mut end_probability) = (0.0, 0.0, 0.0);
                for b in self.legal_actions(s).filter(|_| legal) {
                    let row = s * self.actions + b;
                    let p = uniform_share + if b == a { 1.0 - epsilon } else { 0.0 };
                    if p == 0.0 {
                        continue;
                    }
                    reward += p * self.reward[row];
                    magnitude += p * self.reward[row].abs();
                    end_probability += p * self.end_probability[row];
                    for (to, w) in self.row(row) {
                        merge.add(begin, &mut epsilon_soft.next, &mut epsilon_soft.weight, to, p * w);
                    }
                }
                epsilon_soft.finish_row(legal, drop_rounding(reward, magnitude), end_probability);
            }
        }
        epsilon_soft
    }

    /// Uniform policy over the actions for which `actions` `[S * A]` is true: probabilities `[S * A]`.
    pub(super) fn uniform_over(&self, actions: &[bool]) -> Vec<f64> {
        let even = |row: &[bool]| {
            let uniform_share = 1.0 / row.iter().filter(|a| **a).count() as f64;
            row.iter().map(move |a| if *a { uniform_share } else { 0.0 }).collect::<Vec<_>>()
        };
        actions.chunks_exact(self.actions).flat_map(even).collect()
    }

    /// Turns a policy `[S * A]` for the process [`Kernel::epsilon_soft`] into the policy of this process with the same
    /// behavior.
    pub(super) fn mix_uniform(&self, mut policy: Vec<f64>, epsilon: f64) -> Vec<f64> {
        for s in 0..self.states {
            let uniform_share = epsilon / self.legal_actions(s).count() as f64;
            for a in self.legal_actions(s) {
                let p = &mut policy[s * self.actions + a];
                *p = (1.0 - epsilon) * *p + uniform_share;
            }
        }
        policy
    }

    /// Same process with another discount.
    pub(super) fn with_gamma(&self, gamma: f64) -> Self {
        Kernel {
            states: self.states,
            actions: self.actions,
            gamma,
            legal: self.legal.clone(),
            reward: self.reward.clone(),
            end_probability: self.end_probability.clone(),
            rows: self.rows.clone(),
            next: self.next.clone(),
            weight: self.weight.iter().map(|w| w / self.gamma * gamma).collect(),
            order: self.order.clone(),
        }
    }

    /// Probability of leaving for good in a row, by the end of the episode or by the discount: 1 minus the sum of the
    /// row's weights, computed without a subtraction.
    #[inline]
    pub(super) fn exit(&self, row: usize) -> f64 {
        (1.0 - self.gamma) + self.gamma * self.end_probability[row]
    }

    fn empty(states: usize, actions: usize, gamma: f64) -> Self {
        let pairs = states * actions;
        Kernel {
            states,
            actions,
            gamma,
            legal: Vec::with_capacity(pairs),
            reward: Vec::with_capacity(pairs),
            end_probability: Vec::with_capacity(pairs),
            rows: vec![0],
            next: Vec::with_capacity(2 * pairs),
            weight: Vec::with_capacity(2 * pairs),
            order: OnceCell::new(),
        }
    }

    fn finish_row(&mut self, legal: bool, reward: f64, end_probability: f64) {
        self.legal.push(legal);
        self.reward.push(reward);
        self.end_probability.push(end_probability);
        self.rows.push(self.next.len() as u32);
    }

    /// Transitions of a row: pairs of next state and discounted probability.
    #[inline]
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (u32, f64)> + Clone {
        let (begin, end) = (self.rows[row] as usize, self.rows[row + 1] as usize);
        self.next[begin..end].iter().copied().zip(self.weight[begin..end].iter().copied())
    }

    /// Transitions of all actions of a state.
    pub(super) fn successors(&self, s: usize) -> &[u32] {
        &self.next[self.rows[s * self.actions] as usize..self.rows[(s + 1) * self.actions] as usize]
    }

    /// Number of transitions of all rows.
    pub(super) fn transitions(&self) -> usize {
        self.next.len()
    }

    /// Legal actions of a state, ascending.
    #[inline]
    pub(super) fn legal_actions(&self, s: usize) -> impl Iterator<Item = usize> {
        let legal = &self.legal[s * self.actions..(s + 1) * self.actions];
        legal.iter().enumerate().filter(|(_, l)| **l).map(|(a, _)| a)
    }

    /// Action value Q of a row, given the state values V.
    #[inline]
    pub(super) fn q(&self, row: usize, values: &[f64]) -> f64 {
        self.row(row).fold(self.reward[row], |q, (to, w)| q + w * values[to as usize])
    }

    /// Sum of the absolute terms of [`Kernel::q`], given the sums for the states: the scale of rounding errors.
    #[inline]
    pub(super) fn magnitude(&self, row: usize, magnitudes: &[f64]) -> f64 {
        self.row(row).fold(self.reward[row].abs(), |sum, (to, w)| sum + w * magnitudes[to as usize])
    }

    /// Rank of each state in an elimination order that keeps the matrix sparse for every policy, `[S]`.
    pub(super) fn order(&self) -> &[u32] {
        self.order.get_or_init(|| ordering::nested_dissection(self.states, |s| self.successors(s as usize)))
    }
}
