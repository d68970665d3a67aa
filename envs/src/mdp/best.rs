//! The best stationary policy without a horizon: policy iteration with exact evaluation.

use super::chain::{Chain, REST, Total};
use super::ends::{Graph, States};
use super::kernel::Kernel;

/// An action must be better by this share of what is added up before it replaces another: well above
/// rounding, so that each round truly improves and the last policy is left.
const STRICT: f64 = 1e-13;
/// Actions within this share of the best count as best.
const TIE: f64 = 1e-11;
/// Pairs of sweeps of value iteration, at most, that guess a policy to begin with.
const WARM: usize = 50;
/// Rounds of policy iteration, at most: far more than were ever seen.
const ROUNDS: usize = 10_000;

/// The best values, and the greedy policy that has them.
pub(super) struct Optimum {
    /// `[S]`; `+inf` where an endless gain can be reached, `-inf` where nothing is sure to end.
    pub(super) values: Vec<f64>,
    /// `[S]`; [`REST`] only where there is no action.
    pub(super) choice: Vec<u32>,
    /// Which actions are among the best, `[S * A]`. Taken equally often they too end, and have these values.
    pub(super) ties: Vec<bool>,
}

/// The best stationary policy.
pub(super) fn best(kernel: &Kernel) -> Optimum {
    if kernel.gamma < 1.0 { discounted(kernel) } else { undiscounted(kernel) }
}

fn discounted(kernel: &Kernel) -> Optimum {
    let search = Search { kernel, allowed: kernel.legal.clone(), may_rest: vec![false; kernel.states] };
    let mut choice = search.guess();
    let total = search.iterate(&mut choice);
    let ties = search.ties(&total);
    let first = |best: &[bool]| best.iter().position(|best| *best).map_or(REST, |a| a as u32);
    let choice = ties.chunks_exact(kernel.actions).map(first).collect();
    Optimum { values: total.values, choice, ties }
}

fn undiscounted(kernel: &Kernel) -> Optimum {
    let graph = Graph::new(kernel);
    let (rest, _) = graph.rest(&vec![true; kernel.states]);
    let sure = graph.way(&rest, |_| true).sure;
    // From `sure` nobody goes where nothing ends. The others may stop at no cost: only to find out whether
    // going round there pays.
    let may_rest: States = rest.iter().zip(&sure).map(|(rest, sure)| *rest || !sure).collect();
    let stays = |row: usize| kernel.row(row).all(|(to, _)| sure[to as usize]);
    let rows = kernel.states * kernel.actions;
    let allowed =
        (0..rows).map(|row| kernel.legal[row] && (!sure[row / kernel.actions] || stays(row))).collect();
    let mut search = Search { kernel, allowed, may_rest };
    let mut endless = vec![false; kernel.states];

    let mut choice = search.guess();
    search.mend(&graph, &mut choice);
    let mut total = search.iterate(&mut choice);
    // Who reaches an endless gain is set aside; the others cannot get there, and are solved alone.
    while total.values.contains(&f64::INFINITY) {
        let gain: States = total.values.iter().map(|v| *v == f64::INFINITY).collect();
        for (s, found) in graph.upstream(&gain).into_iter().enumerate() {
            if found {
                endless[s] = true;
                search.may_rest[s] = true;
                search.allowed[s * kernel.actions..(s + 1) * kernel.actions].fill(false);
                choice[s] = REST;
            }
        }
        search.mend(&graph, &mut choice);
        total = search.iterate(&mut choice);
    }
    let (choice, ties) = search.settle(&graph, &rest, &total, &choice);
    let mut values = total.values;
    for s in 0..kernel.states {
        if endless[s] {
            values[s] = f64::INFINITY;
        } else if !sure[s] {
            values[s] = f64::NEG_INFINITY;
        }
    }
    Optimum { values, choice, ties }
}

struct Search<'k> {
    kernel: &'k Kernel,
    /// The rows that a policy may use, `[S * A]`.
    allowed: Vec<bool>,
    /// Where a policy may also stop at no cost.
    may_rest: States,
}

impl Search<'_> {
    fn options(&self, s: usize) -> impl Iterator<Item = (usize, usize)> {
        let begin = s * self.kernel.actions;
        (0..self.kernel.actions).map(move |a| (a, begin + a)).filter(|&(_, row)| self.allowed[row])
    }

    /// A policy to begin with: greedy after some sweeps of value iteration, discounted at least a little so
    /// that it does not go round in circles.
    fn guess(&self) -> Vec<u32> {
        let fade = if self.kernel.gamma < 0.999 { 1.0 } else { 0.999 };
        let mut values = vec![0.0; self.kernel.states];
        let mut choice = vec![REST; self.kernel.states];
        let mut changed = true;
        let mut sweep = |s: usize| {
            let start = if self.may_rest[s] { (0.0, REST) } else { (f64::NEG_INFINITY, REST) };
            let pick = self.options(s).fold(start, |best, (a, row)| {
                let q = self.kernel.q(row, &values);
                if q > best.0 { (q, a as u32) } else { best }
            });
            values[s] = if pick.1 == REST { 0.0 } else { fade * pick.0 };
            std::mem::replace(&mut choice[s], pick.1) != pick.1
        };
        for _ in 0..WARM {
            if !std::mem::take(&mut changed) {
                break;
            }
            for s in (0..self.kernel.states).chain((0..self.kernel.states).rev()) {
                changed |= sweep(s);
            }
        }
        choice
    }

    /// Where `choice` is not sure to end, replaces it by a way to where it is.
    fn mend(&self, graph: &Graph<'_>, choice: &mut [u32]) {
        let k = self.kernel;
        let resting: States = choice.iter().map(|&a| a == REST).collect();
        let chosen = |row: usize| choice[row / k.actions] == (row % k.actions) as u32;
        let good = graph.way(&resting, chosen).sure;
        if good.contains(&false) {
            let goal: States = good.iter().zip(&self.may_rest).map(|(good, rest)| *good || *rest).collect();
            let way = graph.way(&goal, |row| self.allowed[row]);
            for s in (0..k.states).filter(|&s| !good[s]) {
                choice[s] = way.choice[s];
            }
        }
    }

    /// Howard's policy iteration; stops early where a value is `+inf`.
    fn iterate(&self, choice: &mut Vec<u32>) -> Total {
        let mut total = Chain::of_choice(self.kernel, choice).total();
        for _ in 0..ROUNDS {
            let mut better = self.improve(choice, &total);
            if better == *choice {
                break;
            }
            let mut now = Chain::of_choice(self.kernel, &better).total();
            if now.values.contains(&f64::INFINITY) {
                return now;
            }
            if now.values.iter().any(|v| !v.is_finite()) {
                // Only rounding can do this, on gains of about nothing: they are left alone.
                for s in 0..better.len() {
                    if !now.values[s].is_finite() {
                        better[s] = choice[s];
                    }
                }
                now = Chain::of_choice(self.kernel, &better).total();
            }
            // Each round raises a value, or rounding is all that is left.
            let raised = |s: usize| now.values[s] - total.values[s] > STRICT / 2.0 * total.sizes[s];
            if !(0..better.len()).any(raised) || now.values.iter().any(|v| !v.is_finite()) {
                break;
            }
            (*choice, total) = (better, now);
        }
        total
    }

    /// The best action of each state where it beats the present one, the present one elsewhere.
    fn improve(&self, choice: &[u32], Total { values, sizes }: &Total) -> Vec<u32> {
        let k = self.kernel;
        let better = |s: usize| {
            let present = choice[s];
            let (q, size) = match present {
                REST => (0.0, 0.0),
                a => {
                    let row = s * k.actions + a as usize;
                    (k.q(row, values), k.size(row, sizes))
                }
            };
            if present == REST && !self.may_rest[s] {
                return self.options(s).next().map_or(REST, |(a, _)| a as u32);
            }
            let mut best = (q, present);
            if self.may_rest[s] && q < -STRICT * size {
                best = (0.0, REST);
            }
            for (a, row) in self.options(s) {
                let candidate = k.q(row, values);
                if candidate > best.0 && candidate - q > STRICT * (size + k.size(row, sizes)) {
                    best = (candidate, a as u32);
                }
            }
            best.1
        };
        (0..k.states).map(better).collect()
    }

    /// The actions that are as good as the best, `[S * A]`.
    fn ties(&self, Total { values, sizes }: &Total) -> Vec<bool> {
        let k = self.kernel;
        let mut ties = vec![false; k.states * k.actions];
        for s in 0..k.states {
            let start = (f64::NEG_INFINITY, 0.0);
            let (best, size) = self.options(s).fold(start, |best, (_, row)| {
                let q = k.q(row, values);
                if q > best.0 { (q, k.size(row, sizes)) } else { best }
            });
            for (_, row) in self.options(s) {
                ties[row] = k.q(row, values) >= best - TIE * (size + k.size(row, sizes));
            }
        }
        ties
    }

    /// The greedy policy at gamma 1, and the best actions. In each state it takes the best one of lowest
    /// index that may lead nearer to the end: it ends, or rests, with probability one, because nearer is
    /// never impossible.
    fn settle(
        &self,
        graph: &Graph<'_>,
        rest: &[bool],
        total: &Total,
        choice: &[u32],
    ) -> (Vec<u32>, Vec<bool>) {
        let k = self.kernel;
        let worthless = |s: usize| choice[s] == REST || total.values[s].abs() <= TIE * total.sizes[s];
        let still: States = (0..k.states).map(|s| rest[s] && worthless(s)).collect();
        let (still, stay) = graph.rest(&still);
        let mut ties = self.ties(total);
        let way = graph.way(&still, |row| ties[row]);
        let mut picks = vec![REST; k.states];
        for s in 0..k.states {
            let begin = s * k.actions;
            let nearer = |row: usize| {
                k.exit(row) > 0.0 || k.row(row).any(|(to, _)| way.distance[to as usize] < way.distance[s])
            };
            let first = k.legal_actions(s).next();
            picks[s] = if still[s] {
                stay[s]
            } else if way.sure[s] {
                k.legal_actions(s).find(|a| ties[begin + a] && nearer(begin + a)).map_or(REST, |a| a as u32)
            } else {
                choice[s]
            };
            if picks[s] == REST {
                picks[s] = first.map_or(REST, |a| a as u32);
            }
            if still[s] || !way.sure[s] {
                for a in k.legal_actions(s) {
                    ties[begin + a] = a as u32 == picks[s];
                }
            }
        }
        (picks, ties)
    }
}
