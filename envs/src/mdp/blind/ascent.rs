//! Climbing in the space of stationary policies, by exact gradients.
//!
//! With `d_t(s)` the discounted probability of being in `s` after `t` steps and `V_k` the policy's value with
//! `k` steps left, both of one pass over time, one forwards and one backwards (an adjoint), the value `J` of
//! the policy `pi [S, A]` has
//!
//! ```text
//! dJ / d pi(a | s) = sum over t < H of  d_t(s) (r(s, a) + gamma P V_{H-1-t} (s, a))        [S, A]
//! ```

use super::{Plan, Play, SAME, Search};
use crate::mdp::chain::REST;

/// Values kept at once for a gradient; beyond that no climbing is tried.
const MEMORY: u64 = 1 << 25;
/// Steps of the search for a random policy.
const MIXES: usize = 1000;

impl Search<'_> {
    /// The gradient, `[S * A]`; `None` when the effort is spent.
    fn gradient(&self, plan: &Plan) -> Option<Vec<f64>> {
        let (k, n) = (self.kernel, self.kernel.states);
        let chain = self.chain(plan);
        if n as u64 * u64::from(self.horizon) > MEMORY
            || !self.spend(u64::from(self.horizon) * (2 * chain.transitions() + k.transitions()) as u64)
        {
            return None;
        }
        let steps = self.horizon as usize;
        let mut values = vec![0.0; n * steps.max(1)];
        for left in 1..steps {
            let (before, now) = values.split_at_mut(left * n);
            let before = &before[(left - 1) * n..];
            for (s, v) in now[..n].iter_mut().enumerate() {
                *v = chain.step(s, before);
            }
        }
        let mut here = vec![0.0; n];
        self.start.iter().for_each(|&(s, p)| here[s as usize] += p);
        let mut gradient = vec![0.0; n * k.actions];
        for t in 0..steps {
            let next = &values[(steps - 1 - t) * n..][..n];
            for s in (0..n).filter(|&s| here[s] > 0.0) {
                for a in k.legal_actions(s) {
                    let row = s * k.actions + a;
                    gradient[row] += here[s] * k.q(row, next);
                }
            }
            here = chain.forward(&here);
        }
        Some(gradient)
    }

    /// Switches actions while that helps: all that promise something at once, else half of them, and so on;
    /// at last each alone.
    pub(super) fn climb(&self, mut top: Play) -> Play {
        while let Some(better) = self.switch(&top) {
            top = better;
        }
        top
    }

    fn switch(&self, top: &Play) -> Option<Play> {
        let k = self.kernel;
        let Plan::ActionBuffer(choice) = &top.plan else { return None };
        let gradient = self.gradient(&top.plan)?;
        // How much better each action promises to be, with its state.
        let mut promises: Vec<(f64, usize, u32)> = Vec::new();
        for s in (0..k.states).filter(|&s| choice[s] != REST) {
            let present = gradient[s * k.actions + choice[s] as usize];
            let others = k.legal_actions(s).filter(|&a| a as u32 != choice[s]);
            // What is never visited promises exactly nothing.
            let all = others.map(|a| (gradient[s * k.actions + a] - present, s, a as u32));
            promises.extend(all.filter(|p| p.0 != 0.0));
        }
        promises.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let switched = |switches: &[(f64, usize, u32)]| {
            let mut choice = choice.clone();
            // The best promise of a state stands first: written last.
            switches.iter().rev().for_each(|&(_, s, a)| choice[s] = a);
            Some(self.play(Plan::ActionBuffer(choice))).filter(|play| exceeds(play.value, top.value))
        };
        let mut some = promises.partition_point(|p| p.0 > 0.0);
        while some > 0 {
            if let Some(better) = switched(&promises[..some]) {
                return Some(better);
            }
            some /= 2;
        }
        let cost = u64::from(self.horizon) * self.chain(&top.plan).transitions() as u64;
        for promise in &promises {
            if self.effort.get() < cost {
                return None;
            }
            if let Some(better) = switched(std::slice::from_ref(promise)) {
                return Some(better);
            }
        }
        None
    }

    /// Climbs from policies that are a little, and very, random.
    pub(super) fn mix(&self, top: &Play) -> Play {
        let mut best = top.clone();
        for random in [0.0, 0.1, 0.5] {
            let mut weights = self.weights(&top.plan);
            for s in 0..self.kernel.states {
                let share = random / self.kernel.legal_actions(s).count() as f64;
                for a in self.kernel.legal_actions(s) {
                    let p = &mut weights[s * self.kernel.actions + a];
                    *p = *p * (1.0 - random) + share;
                }
            }
            let mut play = self.play(Plan::Mixture(weights));
            for _ in 0..MIXES {
                match self.shift(&play) {
                    Some(better) => play = better,
                    None => break,
                }
            }
            if play.value > best.value {
                best = play;
            }
        }
        best
    }

    /// Moves probability, in every state, from its worst action to its best one: as much as helps.
    fn shift(&self, play: &Play) -> Option<Play> {
        let k = self.kernel;
        let gradient = self.gradient(&play.plan)?;
        let weights = self.weights(&play.plan);
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
        while step > 1e-4 && !moves.is_empty() && self.effort.get() > 0 {
            let mut weights = weights.clone();
            for &(from, to) in &moves {
                let mass = weights[from] * step;
                weights[from] = if step == 1.0 { 0.0 } else { weights[from] - mass };
                weights[to] += mass;
            }
            let next = self.play(Plan::Mixture(weights));
            if exceeds(next.value, play.value) {
                return Some(next);
            }
            step /= 2.0;
        }
        None
    }
}

fn exceeds(value: f64, other: f64) -> bool {
    value - other > SAME * other.abs().max(f64::MIN_POSITIVE)
}
