//! Graph searches on a decision process: strongly connected components, and the ways in which undiscounted episodes can
//! end.

use super::chain::STOP;
use super::kernel::Kernel;

/// Set of states: whether each state is a member, `[S]`.
pub(super) type States = Vec<bool>;

/// Reverse graph: for each state, the pairs of state and action (rows of the kernel) that may lead to it.
pub(super) struct Graph<'k> {
    kernel: &'k Kernel,
    rows: Vec<u32>,
    sources: Vec<u32>,
}

/// States from which a goal is reached, and a policy that reaches it.
pub(super) struct Reachability {
    /// States from which the policy reaches the goal.
    pub(super) sure: States,
    /// Action that may lead a step nearer to the goal and never out of `sure`, `[S]`; [`STOP`] at the goal.
    pub(super) policy: Vec<u32>,
    /// Smallest possible number of steps to the goal, `[S]`; `u32::MAX` elsewhere.
    pub(super) distance: Vec<u32>,
}

impl<'k> Graph<'k> {
    pub(super) fn new(kernel: &'k Kernel) -> Self {
        let pairs = kernel.states * kernel.actions;
        let mut rows = vec![0; kernel.states + 1];
        let transitions =
            || (0..pairs).flat_map(|row| kernel.row(row).map(move |(to, _)| (row as u32, to as usize)));
        for (_, to) in transitions() {
            rows[to + 1] += 1;
        }
        for s in 0..kernel.states {
            rows[s + 1] += rows[s];
        }
        let mut next_slot = rows.clone();
        let mut sources = vec![0; kernel.transitions()];
        for (row, to) in transitions() {
            sources[next_slot[to] as usize] = row;
            next_slot[to] += 1;
        }
        Graph { kernel, rows, sources }
    }

    fn sources(&self, s: usize) -> &[u32] {
        &self.sources[self.rows[s] as usize..self.rows[s + 1] as usize]
    }

    /// States of `among` from which some policy stays in `among` or ends, with reward 0 for ever; and the actions of
    /// this policy, [`STOP`] in other states.
    pub(super) fn zero_reward_states(&self, among: &[bool]) -> (States, Vec<u32>) {
        let k = self.kernel;
        let mut inside = among.to_vec();
        let mut open: Vec<bool> = (0..k.states * k.actions)
            .map(|row| k.legal[row] && k.reward[row] == 0.0 && k.row(row).all(|(to, _)| among[to as usize]))
            .collect();
        let has_no_action = |s: usize| k.legal_actions(s).next().is_none();
        let first_open =
            |open: &[bool], s: usize| open[s * k.actions..(s + 1) * k.actions].iter().position(|o| *o);
        let mut removed: Vec<usize> = (0..k.states)
            .filter(|&s| inside[s] && !has_no_action(s) && first_open(&open, s).is_none())
            .collect();
        removed.iter().for_each(|&s| inside[s] = false);
        while let Some(t) = removed.pop() {
            for &row in self.sources(t) {
                let s = row as usize / k.actions;
                if std::mem::take(&mut open[row as usize]) && inside[s] && first_open(&open, s).is_none() {
                    inside[s] = false;
                    removed.push(s);
                }
            }
        }
        let policy = (0..k.states).map(|s| match first_open(&open, s) {
            Some(a) if inside[s] => a as u32,
            _ => STOP,
        });
        let policy = policy.collect();
        (inside, policy)
    }

    /// States from which some policy reaches `goal`, or an end, with probability one, using only pairs of state and
    /// action for which `allowed(row)` is true (de Alfaro 1997). States without actions count as ends.
    pub(super) fn almost_sure_reachability(
        &self,
        goal: &[bool],
        allowed: impl Fn(usize) -> bool,
    ) -> Reachability {
        let k = self.kernel;
        let mut sure = vec![true; k.states];
        loop {
            let found = self.positive_reachability(goal, &sure, &allowed);
            if found.sure == sure {
                return found;
            }
            sure = found.sure;
        }
    }

    /// States from which some policy reaches `goal`, or an end, with positive probability and never leaves `inside`,
    /// using only pairs of state and action for which `allowed(row)` is true.
    fn positive_reachability(
        &self,
        goal: &[bool],
        inside: &[bool],
        allowed: impl Fn(usize) -> bool,
    ) -> Reachability {
        let k = self.kernel;
        let open = |row: usize| k.legal[row] && allowed(row) && k.row(row).all(|(to, _)| inside[to as usize]);
        let (mut policy, mut distance) = (vec![STOP; k.states], vec![u32::MAX; k.states]);
        let mut queue = Vec::with_capacity(k.states);
        for s in (0..k.states).filter(|&s| inside[s] && (goal[s] || k.legal_actions(s).next().is_none())) {
            distance[s] = 0;
            queue.push(s);
        }
        for s in (0..k.states).filter(|&s| inside[s] && !goal[s]) {
            let ends = |&a: &usize| k.exit(s * k.actions + a) > 0.0 && open(s * k.actions + a);
            if let Some(a) = k.legal_actions(s).find(ends) {
                (distance[s], policy[s]) = (1, a as u32);
                queue.push(s);
            }
        }
        let mut head = 0;
        while let Some(&t) = queue.get(head) {
            head += 1;
            for &row in self.sources(t) {
                let (s, a) = (row as usize / k.actions, row as usize % k.actions);
                if inside[s] && distance[s] == u32::MAX && open(row as usize) {
                    (distance[s], policy[s]) = (distance[t] + 1, a as u32);
                    queue.push(s);
                }
            }
        }
        Reachability { sure: distance.iter().map(|d| *d != u32::MAX).collect(), policy, distance }
    }

    /// States from which `goal` can be reached with positive probability.
    pub(super) fn can_reach(&self, goal: &[bool]) -> States {
        let mut found = goal.to_vec();
        let mut queue: Vec<usize> = (0..goal.len()).filter(|&s| goal[s]).collect();
        while let Some(t) = queue.pop() {
            for &row in self.sources(t) {
                let s = row as usize / self.kernel.actions;
                if !std::mem::replace(&mut found[s], true) {
                    queue.push(s);
                }
            }
        }
        found
    }
}

/// Calls `visit` with each strongly connected component (Tarjan 1972), each after the components that it leads to.
/// `visit` may reorder its argument.
pub(super) fn strongly_connected_components<'a>(
    states: usize,
    successors: impl Fn(usize) -> &'a [u32],
    mut visit: impl FnMut(&mut [u32]),
) {
    const NEW: u32 = u32::MAX;
    // Number of each state in the order of discovery; `DONE` once the component of the state is known.
    const DONE: u32 = u32::MAX - 1;
    let mut number = vec![NEW; states];
    let mut low = vec![0; states];
    let mut discovered = 0;
    // Current path of the search: states, each with the number of its successors already followed.
    let mut path: Vec<(u32, u32)> = Vec::new();
    let mut pending: Vec<u32> = Vec::new();
    for root in 0..states as u32 {
        if number[root as usize] != NEW {
            continue;
        }
        path.push((root, 0));
        while let Some((s, at)) = path.last_mut() {
            let state = *s as usize;
            if *at == 0 {
                number[state] = discovered;
                low[state] = discovered;
                discovered += 1;
                pending.push(*s);
            }
            if let Some(&to) = successors(state).get(*at as usize) {
                *at += 1;
                match number[to as usize] {
                    NEW => path.push((to, 0)),
                    DONE => {}
                    earlier => low[state] = low[state].min(earlier),
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                low[parent as usize] = low[parent as usize].min(low[state]);
            }
            if low[state] == number[state] {
                let begin = pending.iter().rposition(|&t| t as usize == state).unwrap_or(0);
                for &t in &pending[begin..] {
                    number[t as usize] = DONE;
                }
                visit(&mut pending[begin..]);
                pending.truncate(begin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cycles_and_a_tail() {
        let graph: [&[u32]; 7] = [&[1], &[0, 2], &[3], &[4], &[2], &[5], &[0]];
        let mut found = Vec::new();
        strongly_connected_components(
            7,
            |s| graph[s],
            |component| {
                component.sort_unstable();
                found.push(component.to_vec());
            },
        );
        assert_eq!(found, [vec![2, 3, 4], vec![0, 1], vec![5], vec![6]]);
    }
}
