//! Optimal policies: without a horizon by policy iteration with exact evaluation, with a horizon by backward induction.

use super::chain::{Chain, STOP, TotalReward};
use super::graph::{Graph, States};
use super::kernel::Kernel;

/// Minimum relative improvement by which an action replaces another one in policy iteration. It is well above rounding
/// errors, so that each round truly improves the policy and the iteration ends.
const IMPROVEMENT_TOLERANCE: f64 = 1e-13;
/// Relative difference up to which actions count as equally good.
const TIE_TOLERANCE: f64 = 1e-11;
/// Maximum number of pairs of value iteration sweeps for the first policy.
const WARM_START_SWEEPS: usize = 50;
/// Maximum number of rounds of policy iteration: far more than were ever needed.
const MAX_ROUNDS: usize = 10_000;

/// Optimal values, and the greedy policy.
pub(super) struct Optimum {
    /// Optimal value of each state, `[S]`; `+inf` where an infinite gain can be reached, `-inf` where no policy is sure
    /// to end.
    pub(super) values: Vec<f64>,
    /// Action of each state, `[S]`; [`STOP`] only where there is no action.
    pub(super) policy: Vec<u32>,
    /// Whether each action is optimal, `[S * A]`. The uniform policy over the optimal actions is sure to end too, and
    /// has the optimal values.
    pub(super) ties: Vec<bool>,
}

/// Optimal stationary policy.
pub(super) fn optimum(kernel: &Kernel) -> Optimum {
    if kernel.gamma < 1.0 { discounted(kernel) } else { undiscounted(kernel) }
}

fn discounted(kernel: &Kernel) -> Optimum {
    let iteration =
        PolicyIteration { kernel, allowed: kernel.legal.clone(), may_stop: vec![false; kernel.states] };
    let mut policy = iteration.warm_start();
    let total = iteration.iterate(&mut policy);
    let ties = iteration.ties(&total);
    let first = |best: &[bool]| best.iter().position(|best| *best).map_or(STOP, |a| a as u32);
    let policy = ties.chunks_exact(kernel.actions).map(first).collect();
    Optimum { values: total.values, policy, ties }
}

fn undiscounted(kernel: &Kernel) -> Optimum {
    let graph = Graph::new(kernel);
    let (zero_reward, _) = graph.zero_reward_states(&vec![true; kernel.states]);
    let sure = graph.almost_sure_reachability(&zero_reward, |_| true).sure;
    // From states of `sure` no action leads to states that cannot end. All other states may stop with value 0, only to
    // find out whether a cycle among them has a positive reward.
    let may_stop: States =
        zero_reward.iter().zip(&sure).map(|(zero_reward, sure)| *zero_reward || !sure).collect();
    let stays = |row: usize| kernel.row(row).all(|(to, _)| sure[to as usize]);
    let rows = kernel.states * kernel.actions;
    let allowed =
        (0..rows).map(|row| kernel.legal[row] && (!sure[row / kernel.actions] || stays(row))).collect();
    let mut iteration = PolicyIteration { kernel, allowed, may_stop };
    let mut infinite = vec![false; kernel.states];

    let mut policy = iteration.warm_start();
    iteration.repair(&graph, &mut policy);
    let mut total = iteration.iterate(&mut policy);
    // States that reach an infinite gain are set aside; the other states cannot reach them, and are solved alone.
    while total.values.contains(&f64::INFINITY) {
        let gain: States = total.values.iter().map(|v| *v == f64::INFINITY).collect();
        for (s, found) in graph.can_reach(&gain).into_iter().enumerate() {
            if found {
                infinite[s] = true;
                iteration.may_stop[s] = true;
                iteration.allowed[s * kernel.actions..(s + 1) * kernel.actions].fill(false);
                policy[s] = STOP;
            }
        }
        iteration.repair(&graph, &mut policy);
        total = iteration.iterate(&mut policy);
    }
    let (policy, ties) = iteration.terminating_policy(&graph, &zero_reward, &total, &policy);
    let mut values = total.values;
    for s in 0..kernel.states {
        if infinite[s] {
            values[s] = f64::INFINITY;
        } else if !sure[s] {
            values[s] = f64::NEG_INFINITY;
        }
    }
    Optimum { values, policy, ties }
}

struct PolicyIteration<'k> {
    kernel: &'k Kernel,
    /// Whether a policy may use each pair of state and action, `[S * A]`.
    allowed: Vec<bool>,
    /// States where a policy may also stop with value 0.
    may_stop: States,
}

impl PolicyIteration<'_> {
    fn options(&self, s: usize) -> impl Iterator<Item = (usize, usize)> {
        let begin = s * self.kernel.actions;
        (0..self.kernel.actions).map(move |a| (a, begin + a)).filter(|&(_, row)| self.allowed[row])
    }

    /// First policy of policy iteration: greedy after some sweeps of value iteration, with a discount below 1, so that
    /// the policy does not run in circles.
    fn warm_start(&self) -> Vec<u32> {
        let damping = if self.kernel.gamma < 0.999 { 1.0 } else { 0.999 };
        let mut values = vec![0.0; self.kernel.states];
        let mut policy = vec![STOP; self.kernel.states];
        let mut changed = true;
        let mut sweep = |s: usize| {
            let start = if self.may_stop[s] { (0.0, STOP) } else { (f64::NEG_INFINITY, STOP) };
            let chosen = self.options(s).fold(start, |best, (a, row)| {
                let q = self.kernel.q(row, &values);
                if q > best.0 { (q, a as u32) } else { best }
            });
            values[s] = if chosen.1 == STOP { 0.0 } else { damping * chosen.0 };
            std::mem::replace(&mut policy[s], chosen.1) != chosen.1
        };
        for _ in 0..WARM_START_SWEEPS {
            if !std::mem::take(&mut changed) {
                break;
            }
            for s in (0..self.kernel.states).chain((0..self.kernel.states).rev()) {
                changed |= sweep(s);
            }
        }
        policy
    }

    /// In states from which `policy` is not sure to end, replaces the action by one that leads towards states from
    /// which the policy is sure to end.
    fn repair(&self, graph: &Graph<'_>, policy: &mut [u32]) {
        let kernel = self.kernel;
        let stopped: States = policy.iter().map(|&a| a == STOP).collect();
        let chosen = |row: usize| policy[row / kernel.actions] == (row % kernel.actions) as u32;
        let ends_surely = graph.almost_sure_reachability(&stopped, chosen).sure;
        if ends_surely.contains(&false) {
            let goal: States = ends_surely
                .iter()
                .zip(&self.may_stop)
                .map(|(ends_surely, zero_reward)| *ends_surely || *zero_reward)
                .collect();
            let almost_sure = graph.almost_sure_reachability(&goal, |row| self.allowed[row]);
            for s in (0..kernel.states).filter(|&s| !ends_surely[s]) {
                policy[s] = almost_sure.policy[s];
            }
        }
    }

    /// Howard's policy iteration; ends early where a value is `+inf`.
    fn iterate(&self, policy: &mut Vec<u32>) -> TotalReward {
        let mut total = Chain::of_deterministic(self.kernel, policy).total();
        for _ in 0..MAX_ROUNDS {
            let mut improved = self.improve(policy, &total);
            if improved == *policy {
                break;
            }
            let mut next_total = Chain::of_deterministic(self.kernel, &improved).total();
            if next_total.values.contains(&f64::INFINITY) {
                return next_total;
            }
            if next_total.values.iter().any(|v| !v.is_finite()) {
                // Such a change is caused only by rounding, on gains of about 0: these actions stay as they were.
                for s in 0..improved.len() {
                    if !next_total.values[s].is_finite() {
                        improved[s] = policy[s];
                    }
                }
                next_total = Chain::of_deterministic(self.kernel, &improved).total();
            }
            // Each round raises a value; otherwise only rounding is left.
            let is_raised = |s: usize| {
                next_total.values[s] - total.values[s] > IMPROVEMENT_TOLERANCE / 2.0 * total.magnitudes[s]
            };
            if !(0..improved.len()).any(is_raised) || next_total.values.iter().any(|v| !v.is_finite()) {
                break;
            }
            (*policy, total) = (improved, next_total);
        }
        total
    }

    /// Improved policy, `[S]`: in each state the best action if it is better than the action of `policy`, else the
    /// action of `policy`.
    fn improve(&self, policy: &[u32], TotalReward { values, magnitudes }: &TotalReward) -> Vec<u32> {
        let kernel = self.kernel;
        let improved = |s: usize| {
            let current = policy[s];
            let (q, magnitude) = match current {
                STOP => (0.0, 0.0),
                a => {
                    let row = s * kernel.actions + a as usize;
                    (kernel.q(row, values), kernel.magnitude(row, magnitudes))
                }
            };
            if current == STOP && !self.may_stop[s] {
                return self.options(s).next().map_or(STOP, |(a, _)| a as u32);
            }
            let mut best = (q, current);
            if self.may_stop[s] && q < -IMPROVEMENT_TOLERANCE * magnitude {
                best = (0.0, STOP);
            }
            for (a, row) in self.options(s) {
                let candidate = kernel.q(row, values);
                if candidate > best.0
                    && candidate - q > IMPROVEMENT_TOLERANCE * (magnitude + kernel.magnitude(row, magnitudes))
                {
                    best = (candidate, a as u32);
                }
            }
            best.1
        };
        (0..kernel.states).map(improved).collect()
    }

    /// Whether each action is as good as the best one of its state, up to rounding, `[S * A]`.
    fn ties(&self, TotalReward { values, magnitudes }: &TotalReward) -> Vec<bool> {
        let kernel = self.kernel;
        let mut ties = vec![false; kernel.states * kernel.actions];
        for s in 0..kernel.states {
            let start = (f64::NEG_INFINITY, 0.0);
            let (best, magnitude) = self.options(s).fold(start, |best, (_, row)| {
                let q = kernel.q(row, values);
                if q > best.0 { (q, kernel.magnitude(row, magnitudes)) } else { best }
            });
            for (_, row) in self.options(s) {
                ties[row] = kernel.q(row, values)
                    >= best - TIE_TOLERANCE * (magnitude + kernel.magnitude(row, magnitudes));
            }
        }
        ties
    }

    /// Greedy policy at gamma 1, `[S]`, and whether each action is optimal, `[S * A]`. In each state the policy takes
    /// the optimal action of lowest index that may lead nearer to the end. Episodes therefore end, or stop, with
    /// probability one.
    fn terminating_policy(
        &self,
        graph: &Graph<'_>,
        zero_reward: &[bool],
        total: &TotalReward,
        policy: &[u32],
    ) -> (Vec<u32>, Vec<bool>) {
        let kernel = self.kernel;
        let is_zero =
            |s: usize| policy[s] == STOP || total.values[s].abs() <= TIE_TOLERANCE * total.magnitudes[s];
        let stopped: States = (0..kernel.states).map(|s| zero_reward[s] && is_zero(s)).collect();
        let (stopped, stop_policy) = graph.zero_reward_states(&stopped);
        let mut ties = self.ties(total);
        let almost_sure = graph.almost_sure_reachability(&stopped, |row| ties[row]);
        let mut greedy = vec![STOP; kernel.states];
        for s in 0..kernel.states {
            let begin = s * kernel.actions;
            let leads_nearer = |row: usize| {
                kernel.exit(row) > 0.0
                    || kernel
                        .row(row)
                        .any(|(to, _)| almost_sure.distance[to as usize] < almost_sure.distance[s])
            };
            let first = kernel.legal_actions(s).next();
            greedy[s] = if stopped[s] {
                stop_policy[s]
            } else if almost_sure.sure[s] {
                kernel
                    .legal_actions(s)
                    .find(|a| ties[begin + a] && leads_nearer(begin + a))
                    .map_or(STOP, |a| a as u32)
            } else {
                policy[s]
            };
            if greedy[s] == STOP {
                greedy[s] = first.map_or(STOP, |a| a as u32);
            }
            if stopped[s] || !almost_sure.sure[s] {
                for a in kernel.legal_actions(s) {
                    ties[begin + a] = a as u32 == greedy[s];
                }
            }
        }
        (greedy, ties)
    }
}

/// Optimum for a finite horizon when the number of steps left is observed: backward induction (Puterman 1994,
/// section 4.5).
///
/// ```text
/// V_0 = 0      V_k(s) = max over a  Q_k(s, a)      Q_k(s, a) = r + gamma P V_{k-1}
/// ```
pub(super) struct TimedOptimum {
    /// Optimal values with all steps left, `[S]`.
    pub(super) values: Vec<f64>,
    /// Optimal actions, one list `[S]` for each of the requested numbers of steps left.
    pub(super) slices: Vec<Vec<u32>>,
}

/// Backward induction over `horizon` steps. The optimal actions are kept for the numbers of steps left in `steps_left`
/// (ascending).
pub(super) fn backward_induction(kernel: &Kernel, horizon: u32, steps_left: &[u32]) -> TimedOptimum {
    let mut values = vec![0.0; kernel.states];
    let mut before = values.clone();
    let mut slices = Vec::new();
    let mut policy = vec![STOP; kernel.states];
    let mut steps_left = steps_left.iter().peekable();
    for left in 1..=horizon {
        std::mem::swap(&mut values, &mut before);
        for s in 0..kernel.states {
            (values[s], policy[s]) = greedy(kernel, s, &before);
        }
        while steps_left.next_if(|w| **w <= left).is_some() {
            slices.push(policy.clone());
        }
        if values == before {
            // At a fixed point, more time changes nothing.
            break;
        }
    }
    slices.extend(steps_left.map(|_| policy.clone()));
    TimedOptimum { values, slices }
}

/// Optimal value of state `s` given the `values` of the next step, and the lowest index of an action that has this
/// value up to rounding.
fn greedy(kernel: &Kernel, s: usize, values: &[f64]) -> (f64, u32) {
    let mut best = (f64::NEG_INFINITY, f64::NEG_INFINITY, STOP);
    for a in kernel.legal_actions(s) {
        let row = s * kernel.actions + a;
        let q = kernel.q(row, values);
        if q > best.1 {
            // Ties up to rounding keep the first action, but the value is the greatest of all.
            best = (q.max(best.0), q + 1e-13 * q.abs(), a as u32);
        } else {
            best.0 = q.max(best.0);
        }
    }
    if best.2 == STOP { (0.0, STOP) } else { (best.0, best.2) }
}
