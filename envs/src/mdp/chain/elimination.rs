//! The elimination within one component; see the module above for the formulas.

/// Buffers used again for each component. States are numbered by their seat in the order of elimination.
pub(super) struct Elimination {
    /// The seat of each state of the chain in the present component, [`NOBODY`] for others.
    seats: Vec<u32>,
    seated: Vec<u32>,
    rows: Vec<usize>,
    next: Vec<u32>,
    weight: Vec<f64>,
    exit: Vec<f64>,
    reward: Vec<f64>,
    /// As `reward`, but all added up without signs.
    size: Vec<f64>,
}

const NOBODY: u32 = u32::MAX;

impl Elimination {
    pub(super) fn new(states: usize) -> Self {
        Elimination {
            seats: vec![NOBODY; states],
            seated: Vec::new(),
            rows: Vec::new(),
            next: Vec::new(),
            weight: Vec::new(),
            exit: Vec::new(),
            reward: Vec::new(),
            size: Vec::new(),
        }
    }

    /// Begins a component whose states are eliminated in this order.
    pub(super) fn begin(&mut self, component: &[u32]) {
        for s in self.seated.drain(..) {
            self.seats[s as usize] = NOBODY;
        }
        for (&s, seat) in component.iter().zip(0..) {
            self.seats[s as usize] = seat;
        }
        self.seated.extend_from_slice(component);
        self.rows.clear();
        self.rows.push(0);
        self.next.clear();
        self.weight.clear();
        self.exit.clear();
        self.reward.clear();
        self.size.clear();
    }

    #[inline]
    pub(super) fn seat(&self, state: usize) -> Option<usize> {
        let seat = self.seats[state];
        (seat != NOBODY).then_some(seat as usize)
    }

    /// A transition of the row that is being written. What leads back to the same state changes nothing.
    #[inline]
    pub(super) fn transition(&mut self, from: usize, to: usize, weight: f64) {
        if from != to {
            self.next.push(to as u32);
            self.weight.push(weight);
        }
    }

    pub(super) fn finish_row(&mut self, exit: f64, reward: f64, size: f64) {
        self.rows.push(self.next.len());
        self.exit.push(exit);
        self.reward.push(reward);
        self.size.push(size);
    }

    /// Calls `put(seat, value, size)` for each state. Some state must have an exit.
    pub(super) fn solve(&mut self, mut put: impl FnMut(usize, f64, f64)) {
        let upper = self.eliminate();
        let (values, sizes) = (&mut self.reward, &mut self.size);
        for i in (0..upper.diagonal.len()).rev() {
            let (mut value, mut size) = (values[i], sizes[i]);
            let (columns, weights) = upper.row(i);
            for (&j, w) in columns.iter().zip(weights) {
                value += w * values[j as usize];
                size += w * sizes[j as usize];
            }
            (values[i], sizes[i]) = (value / upper.diagonal[i], size / upper.diagonal[i]);
            put(i, values[i], sizes[i]);
        }
    }

    /// The total of a component without an exit: what a cycle through its last state pays, times infinity.
    pub(super) fn cycle_reward(&mut self) -> f64 {
        self.eliminate();
        match (self.reward.last(), self.size.last()) {
            (Some(&gain), Some(&size)) => super::endless(gain, size),
            _ => 0.0,
        }
    }

    /// Eliminates every state from those after it; `exit`, `reward` and `size` go along.
    fn eliminate(&mut self) -> Upper {
        let n = self.exit.len();
        let tree = Tree::new(n, &self.rows, &self.next);
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
                self.size[i] += l * self.size[k];
                let (columns, weights) = upper.row(k);
                for (&j, u) in columns.iter().zip(weights) {
                    w[j as usize] += l * u;
                }
            }
            w[i] = 0.0;
            let mut leaves = self.exit[i];
            let (columns, weights) = upper.row_mut(i);
            for (&j, u) in columns.iter().zip(weights) {
                *u = std::mem::take(&mut w[j as usize]);
                leaves += *u;
            }
            upper.diagonal[i] = leaves;
        }
        upper
    }
}

/// The elimination tree of the symmetrized pattern, and that pattern's lower half in compressed rows.
struct Tree {
    parent: Vec<u32>,
    rows: Vec<u32>,
    lower: Vec<u32>,
}

impl Tree {
    fn new(n: usize, rows: &[usize], next: &[u32]) -> Self {
        let mut count = vec![0u32; n + 1];
        let pairs = || (0..n).flat_map(|i| next[rows[i]..rows[i + 1]].iter().map(move |&j| (i as u32, j)));
        for (i, j) in pairs() {
            count[i.max(j) as usize + 1] += 1;
        }
        for i in 0..n {
            count[i + 1] += count[i];
        }
        let mut free = count.clone();
        let mut lower = vec![0; next.len()];
        for (i, j) in pairs() {
            let slot = &mut free[i.max(j) as usize];
            lower[*slot as usize] = i.min(j);
            *slot += 1;
        }
        let mut tree = Tree { parent: vec![NOBODY; n], rows: count, lower };
        // Liu's algorithm with path compression.
        let mut ancestor = vec![NOBODY; n];
        for i in 0..n as u32 {
            for at in tree.rows[i as usize]..tree.rows[i as usize + 1] {
                let mut k = tree.lower[at as usize];
                while k != i {
                    let up = std::mem::replace(&mut ancestor[k as usize], i);
                    if up == NOBODY {
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

/// Which states must be eliminated from a row: those below it in the tree, reached from its entries.
struct Reach {
    mark: Vec<u32>,
    found: Vec<u32>,
    path: Vec<u32>,
}

impl Reach {
    fn new(n: usize) -> Self {
        Reach { mark: vec![NOBODY; n], found: Vec::new(), path: Vec::new() }
    }

    /// Ancestors come after their descendants.
    fn of(&mut self, i: usize, tree: &Tree) -> &[u32] {
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
            // Later paths hang below earlier ones, so they are put before them: all is reversed at the end.
            self.found.extend(self.path.iter().rev());
        }
        self.found.reverse();
        &self.found
    }
}

/// The rows that are left of each state when it is eliminated.
struct Upper {
    rows: Vec<usize>,
    columns: Vec<u32>,
    weights: Vec<f64>,
    diagonal: Vec<f64>,
}

impl Upper {
    /// The pattern, from the tree; all weights 0.
    fn new(n: usize, tree: &Tree) -> Self {
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
        let mut free = rows.clone();
        let mut columns = vec![0; rows[n]];
        let mut reach = Reach::new(n);
        for i in 0..n {
            for &k in reach.of(i, tree) {
                columns[free[k as usize]] = i as u32;
                free[k as usize] += 1;
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
