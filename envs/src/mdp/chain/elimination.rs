//! Gaussian elimination without subtractions within one strongly connected component; the formulas are in the parent
//! module `chain`.

/// Buffers of the elimination, used again for each component. States are numbered in the order of elimination.
pub(super) struct Elimination {
    /// Position of each state in the present component, [`NONE`] for others.
    position_of: Vec<u32>,
    members: Vec<u32>,
    rows: Vec<usize>,
    next: Vec<u32>,
    weight: Vec<f64>,
    exit: Vec<f64>,
    reward: Vec<f64>,
    /// Sum of the absolute terms of `reward`: the scale of rounding errors.
    magnitude: Vec<f64>,
}

const NONE: u32 = u32::MAX;

impl Elimination {
    pub(super) fn new(states: usize) -> Self {
        Elimination {
            position_of: vec![NONE; states],
            members: Vec::new(),
            rows: Vec::new(),
            next: Vec::new(),
            weight: Vec::new(),
            exit: Vec::new(),
            reward: Vec::new(),
            magnitude: Vec::new(),
        }
    }

    /// Starts a component; its states are eliminated in the order of `component`.
    pub(super) fn begin(&mut self, component: &[u32]) {
        for s in self.members.drain(..) {
            self.position_of[s as usize] = NONE;
        }
        for (&s, position) in component.iter().zip(0..) {
            self.position_of[s as usize] = position;
        }
        self.members.extend_from_slice(component);
        self.rows.clear();
        self.rows.push(0);
        self.next.clear();
        self.weight.clear();
        self.exit.clear();
        self.reward.clear();
        self.magnitude.clear();
    }

    #[inline]
    pub(super) fn position(&self, state: usize) -> Option<usize> {
        let position = self.position_of[state];
        (position != NONE).then_some(position as usize)
    }

    /// Adds a transition to the current row. A loop to the same state has no effect.
    #[inline]
    pub(super) fn transition(&mut self, from: usize, to: usize, weight: f64) {
        if from != to {
            self.next.push(to as u32);
            self.weight.push(weight);
        }
    }

    pub(super) fn finish_row(&mut self, exit: f64, reward: f64, magnitude: f64) {
        self.rows.push(self.next.len());
        self.exit.push(exit);
        self.reward.push(reward);
        self.magnitude.push(magnitude);
    }

    /// Calls `visit(position, value, magnitude)` for each state. At least one state must have an exit.
    pub(super) fn solve(&mut self, mut visit: impl FnMut(usize, f64, f64)) {
        let upper = self.eliminate();
        let (values, magnitudes) = (&mut self.reward, &mut self.magnitude);
        for i in (0..upper.diagonal.len()).rev() {
            let (mut value, mut magnitude) = (values[i], magnitudes[i]);
            let (columns, weights) = upper.row(i);
            for (&j, w) in columns.iter().zip(weights) {
                value += w * values[j as usize];
                magnitude += w * magnitudes[j as usize];
            }
            (values[i], magnitudes[i]) = (value / upper.diagonal[i], magnitude / upper.diagonal[i]);
            visit(i, values[i], magnitudes[i]);
        }
    }

    /// Total reward in a component without an exit: the reward of a cycle through its last state, times infinity.
    pub(super) fn infinite_cycle_total(&mut self) -> f64 {
        self.eliminate();
        match (self.reward.last(), self.magnitude.last()) {
            (Some(&gain), Some(&magnitude)) => super::infinite_total(gain, magnitude),
            _ => 0.0,
        }
    }

    /// Eliminates every state from the rows of all later states; updates `exit`, `reward` and `magnitude` too.
    fn eliminate(&mut self) -> Upper {
        let n = self.exit.len();
        let tree = EliminationTree::new(n, &self.rows, &self.next);
        let mut upper = Upper::new(n, &tree);
        let mut reach = Reach::new(n);
        let mut w = vec![0.0; n];
        for i in 0..n {
            let range = self.rows[i]..self.rows[i + 1];
            for (&j, &weight) in self.next[range.clone()].iter().zip(&self.weight[range]) {
                w[j as usize] += weight;
            }
            for &k in reach.of(i, &tree) {
                let k = k as usize;
                let weight = std::mem::take(&mut w[k]);
                if weight == 0.0 {
                    continue;
                }
                let l = weight / upper.diagonal[k];
                self.exit[i] += l * self.exit[k];
                self.reward[i] += l * self.reward[k];
                self.magnitude[i] += l * self.magnitude[k];
                let (columns, weights) = upper.row(k);
                for (&j, u) in columns.iter().zip(weights) {
                    w[j as usize] += l * u;
                }
            }
            w[i] = 0.0;
            let mut diagonal = self.exit[i];
            let (columns, weights) = upper.row_mut(i);
            for (&j, u) in columns.iter().zip(weights) {
                *u = std::mem::take(&mut w[j as usize]);
                diagonal += *u;
            }
            upper.diagonal[i] = diagonal;
        }
        upper
    }
}

/// Elimination tree of the symmetrized pattern of nonzero entries, and the lower half of this pattern in compressed
/// sparse rows.
struct EliminationTree {
    parent: Vec<u32>,
    rows: Vec<u32>,
    lower: Vec<u32>,
}

impl EliminationTree {
    fn new(n: usize, rows: &[usize], next: &[u32]) -> Self {
        let mut count = vec![0u32; n + 1];
        let pairs = || (0..n).flat_map(|i| next[rows[i]..rows[i + 1]].iter().map(move |&j| (i as u32, j)));
        for (i, j) in pairs() {
            count[i.max(j) as usize + 1] += 1;
        }
        for i in 0..n {
            count[i + 1] += count[i];
        }
        let mut next_slot = count.clone();
        let mut lower = vec![0; next.len()];
        for (i, j) in pairs() {
            let slot = &mut next_slot[i.max(j) as usize];
            lower[*slot as usize] = i.min(j);
            *slot += 1;
        }
        let mut tree = EliminationTree { parent: vec![NONE; n], rows: count, lower };
        // Liu's algorithm with path compression.
        let mut ancestor = vec![NONE; n];
        for i in 0..n as u32 {
            for at in tree.rows[i as usize]..tree.rows[i as usize + 1] {
                let mut k = tree.lower[at as usize];
                while k != i {
                    let up = std::mem::replace(&mut ancestor[k as usize], i);
                    if up == NONE {
                        tree.parent[k as usize] = i;
                        break;
                    }
                    k = up;
                }
            }
        }
        tree
    }
}

/// Search for the states to be eliminated from a row: descendants in the elimination tree, reached from the entries of
/// the row.
struct Reach {
    mark: Vec<u32>,
    found: Vec<u32>,
    path: Vec<u32>,
}

impl Reach {
    fn new(n: usize) -> Self {
        Reach { mark: vec![NONE; n], found: Vec::new(), path: Vec::new() }
    }

    /// States to be eliminated from row `i`, descendants before ancestors.
    fn of(&mut self, i: usize, tree: &EliminationTree) -> &[u32] {
        self.found.clear();
        self.mark[i] = i as u32;
        for &k in &tree.lower[tree.rows[i] as usize..tree.rows[i + 1] as usize] {
            let mut k = k;
            self.path.clear();
            while self.mark[k as usize] != i as u32 {
                self.mark[k as usize] = i as u32;
                self.path.push(k);
                k = tree.parent[k as usize];
            }
            // Later paths end below earlier paths, so they must come before them: the list is reversed at the end.
            self.found.extend(self.path.iter().rev());
        }
        self.found.reverse();
        &self.found
    }
}

/// Upper triangle: for each state, its row at the time of its elimination (transitions to later states).
struct Upper {
    rows: Vec<usize>,
    columns: Vec<u32>,
    weights: Vec<f64>,
    diagonal: Vec<f64>,
}

impl Upper {
    /// Rows with the pattern computed from the elimination tree, and all weights 0.
    fn new(n: usize, tree: &EliminationTree) -> Self {
        let mut reach = Reach::new(n);
        let mut rows = vec![0; n + 1];
        for i in 0..n {
            for &k in reach.of(i, tree) {
                rows[k as usize + 1] += 1;
            }
        }
        for i in 0..n {
            rows[i + 1] += rows[i];
        }
        let mut next_slot = rows.clone();
        let mut columns = vec![0; rows[n]];
        let mut reach = Reach::new(n);
        for i in 0..n {
            for &k in reach.of(i, tree) {
                columns[next_slot[k as usize]] = i as u32;
                next_slot[k as usize] += 1;
            }
        }
        let weights = vec![0.0; columns.len()];
        Upper { rows, columns, weights, diagonal: vec![0.0; n] }
    }

    #[inline]
    fn row(&self, i: usize) -> (&[u32], &[f64]) {
        let range = self.rows[i]..self.rows[i + 1];
        (&self.columns[range.clone()], &self.weights[range])
    }

    #[inline]
    fn row_mut(&mut self, i: usize) -> (&[u32], &mut [f64]) {
        let range = self.rows[i]..self.rows[i + 1];
        (&self.columns[range.clone()], &mut self.weights[range])
    }
}
