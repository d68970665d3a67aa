//! How an undiscounted episode can end: searches on the graph of a process, blind to how much things pay.

use super::chain::REST;
use super::kernel::Kernel;

/// A set of states, `[S]`.
pub(super) type States = Vec<bool>;

/// Which rows (pairs of state and action) may lead to each state.
pub(super) struct Graph<'k> {
    kernel: &'k Kernel,
    rows: Vec<u32>,
    sources: Vec<u32>,
}

/// A way to the end from every state that has a sure one.
pub(super) struct Way {
    /// The states from which some policy is sure to get there.
    pub(super) sure: States,
    /// An action that may lead a step nearer, and never out of `sure`; [`REST`] at the goal.
    pub(super) choice: Vec<u32>,
    /// How many steps it takes with luck.
    pub(super) distance: Vec<u32>,
}

impl<'k> Graph<'k> {
    pub(super) fn new(kernel: &'k Kernel) -> Self {
        let pairs = kernel.states * kernel.actions;
        let mut rows = vec![0; kernel.states + 1];
        let each =
            || (0..pairs).flat_map(|row| kernel.row(row).map(move |(to, _)| (row as u32, to as usize)));
        for (_, to) in each() {
            rows[to + 1] += 1;
        }
        for s in 0..kernel.states {
            rows[s + 1] += rows[s];
        }
        let mut free = rows.clone();
        let mut sources = vec![0; kernel.transitions()];
        for (row, to) in each() {
            sources[free[to] as usize] = row;
            free[to] += 1;
        }
        Graph { kernel, rows, sources }
    }

    fn sources(&self, s: usize) -> &[u32] {
        &self.sources[self.rows[s] as usize..self.rows[s + 1] as usize]
    }

    /// The states of `among` where one can stay in `among`, or end, without ever being paid (or charged)
    /// anything; with an action that does so, [`REST`] elsewhere.
    pub(super) fn rest(&self, among: &[bool]) -> (States, Vec<u32>) {
        let k = self.kernel;
        let mut still = among.to_vec();
        let mut open: Vec<bool> = (0..k.states * k.actions)
            .map(|row| k.legal[row] && k.reward[row] == 0.0 && k.row(row).all(|(to, _)| among[to as usize]))
            .collect();
        let idle = |s: usize| k.legal_actions(s).next().is_none();
        let ways = |open: &[bool], s: usize| open[s * k.actions..(s + 1) * k.actions].iter().position(|o| *o);
        let mut lost: Vec<usize> =
            (0..k.states).filter(|&s| still[s] && !idle(s) && ways(&open, s).is_none()).collect();
        lost.iter().for_each(|&s| still[s] = false);
        while let Some(t) = lost.pop() {
            for &row in self.sources(t) {
                let s = row as usize / k.actions;
                if std::mem::take(&mut open[row as usize]) && still[s] && ways(&open, s).is_none() {
                    still[s] = false;
                    lost.push(s);
                }
            }
        }
        let choice = (0..k.states).map(|s| match ways(&open, s) {
            Some(a) if still[s] => a as u32,
            _ => REST,
        });
        let choice = choice.collect();
        (still, choice)
    }

    /// The states from which `goal`, or an end, is reached with probability one by some policy that uses only
    /// the actions that `allowed(row)` allows (de Alfaro 1997). States without actions are at an end.
    pub(super) fn way(&self, goal: &[bool], allowed: impl Fn(usize) -> bool) -> Way {
        let k = self.kernel;
        let mut sure = vec![true; k.states];
        loop {
            let way = self.luck(goal, &sure, &allowed);
            if way.sure == sure {
                return way;
            }
            sure = way.sure;
        }
    }

    /// The same with some probability instead of one, but without ever leaving `inside`.
    fn luck(&self, goal: &[bool], inside: &[bool], allowed: impl Fn(usize) -> bool) -> Way {
        let k = self.kernel;
        let open = |row: usize| k.legal[row] && allowed(row) && k.row(row).all(|(to, _)| inside[to as usize]);
        let (mut choice, mut distance) = (vec![REST; k.states], vec![u32::MAX; k.states]);
        let mut queue = Vec::with_capacity(k.states);
        for s in (0..k.states).filter(|&s| inside[s] && (goal[s] || k.legal_actions(s).next().is_none())) {
            distance[s] = 0;
            queue.push(s);
        }
        for s in (0..k.states).filter(|&s| inside[s] && !goal[s]) {
            let ends = |&a: &usize| k.exit(s * k.actions + a) > 0.0 && open(s * k.actions + a);
            if let Some(a) = k.legal_actions(s).find(ends) {
                (distance[s], choice[s]) = (1, a as u32);
                queue.push(s);
            }
        }
        let mut head = 0;
        while let Some(&t) = queue.get(head) {
            head += 1;
            for &row in self.sources(t) {
                let (s, a) = (row as usize / k.actions, row as usize % k.actions);
                if inside[s] && distance[s] == u32::MAX && open(row as usize) {
                    (distance[s], choice[s]) = (distance[t] + 1, a as u32);
                    queue.push(s);
                }
            }
        }
        Way { sure: distance.iter().map(|d| *d != u32::MAX).collect(), choice, distance }
    }

    /// The states that can get to `goal` with some probability.
    pub(super) fn upstream(&self, goal: &[bool]) -> States {
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
