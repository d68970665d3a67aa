//! Elimination order that keeps a sparse matrix sparse: nested dissection by the middle level of a breadth-first
//! search (George & Liu 1978). On an n x n grid, elimination then takes of the order of n^3 operations.

/// Maximum number of states of a piece that is not cut again.
const LEAF: usize = 6;

/// Rank of each state in the elimination order, `[S]`: the states of a separator come after the two sides that it
/// separates. `successors(s)` may contain repetitions; directions do not matter.
pub(super) fn nested_dissection<'a>(states: usize, successors: impl Fn(u32) -> &'a [u32]) -> Vec<u32> {
    let mut search = Search::new(Graph::undirected(states, successors));
    let mut rank = vec![0; states];
    // Pieces to be ranked, each with the end of its range of ranks.
    let mut pieces = vec![((0..states as u32).collect::<Vec<_>>(), states as u32)];
    while let Some((nodes, mut end)) = pieces.pop() {
        search.enter(&nodes);
        for &root in &nodes {
            if search.is_visited(root) {
                continue;
            }
            // One connected part, searched again from the node farthest from `root`.
            let part = search.levels(root).order;
            let far = search.restart(&part);
            let levels = search.levels(far);
            end = match levels.split(&search.graph) {
                Some((below, separator, above)) => {
                    let end = assign(&separator, end, &mut rank);
                    let middle = end - above.len() as u32;
                    let begin = middle - below.len() as u32;
                    pieces.push((above, end));
                    pieces.push((below, middle));
                    begin
                }
                None => assign(&levels.order, end, &mut rank),
            };
        }
    }
    rank
}

/// Gives `nodes` the ranks just below `end`; returns the first of these ranks.
fn assign(nodes: &[u32], end: u32, rank: &mut [u32]) -> u32 {
    let begin = end - nodes.len() as u32;
    for (&node, r) in nodes.iter().zip(begin..) {
        rank[node as usize] = r;
    }
    begin
}

/// Undirected graph: the neighbors of each state, in compressed sparse rows.
struct Graph {
    rows: Vec<u32>,
    neighbors: Vec<u32>,
}

impl Graph {
    fn undirected<'a>(states: usize, successors: impl Fn(u32) -> &'a [u32]) -> Self {
        let edges = || {
            let all_neighbors = (0..states as u32).flat_map(|s| successors(s).iter().map(move |&t| (s, t)));
            all_neighbors.filter(|(s, t)| s != t)
        };
        let mut row_starts = vec![0; states + 1];
        for (s, t) in edges() {
            row_starts[s as usize + 1] += 1;
            row_starts[t as usize + 1] += 1;
        }
        for s in 0..states {
            row_starts[s + 1] += row_starts[s];
        }
        let mut next_slot = row_starts.clone();
        let mut all_neighbors = vec![0; row_starts[states] as usize];
        for (s, t) in edges() {
            for (from, to) in [(s, t), (t, s)] {
                all_neighbors[next_slot[from as usize] as usize] = to;
                next_slot[from as usize] += 1;
            }
        }
        // Each edge is found several times: repetitions are removed.
        let (mut rows, mut neighbors) = (vec![0], Vec::new());
        for s in 0..states {
            let row = &mut all_neighbors[row_starts[s] as usize..row_starts[s + 1] as usize];
            row.sort_unstable();
            neighbors.extend(row.chunk_by(|a, b| a == b).map(|same| same[0]));
            rows.push(neighbors.len() as u32);
        }
        Graph { rows, neighbors }
    }

    fn of(&self, s: u32) -> &[u32] {
        &self.neighbors[self.rows[s as usize] as usize..self.rows[s as usize + 1] as usize]
    }
}

/// Breadth-first searches within one piece.
struct Search {
    graph: Graph,
    /// Piece of each state.
    piece: Vec<u32>,
    visited: Vec<bool>,
    current: u32,
}

/// Nodes of a connected part in breadth-first order, and the index where each level begins.
struct BfsLevels {
    order: Vec<u32>,
    begins: Vec<usize>,
}

impl Search {
    fn new(graph: Graph) -> Self {
        let states = graph.rows.len() - 1;
        Search { graph, piece: vec![0; states], visited: vec![false; states], current: 0 }
    }

    fn enter(&mut self, nodes: &[u32]) {
        self.current += 1;
        for &node in nodes {
            self.piece[node as usize] = self.current;
            self.visited[node as usize] = false;
        }
    }

    fn is_visited(&self, node: u32) -> bool {
        self.visited[node as usize]
    }

    /// Marks a part as not visited, to search it again; returns the last node of the part.
    fn restart(&mut self, part: &[u32]) -> u32 {
        for &node in part {
            self.visited[node as usize] = false;
        }
        part.last().copied().unwrap_or(0)
    }

    fn levels(&mut self, root: u32) -> BfsLevels {
        let (mut order, mut begins) = (vec![root], vec![0]);
        self.visited[root as usize] = true;
        let mut head = 0;
        while head < order.len() {
            let end = order.len();
            for i in head..end {
                for &to in self.graph.of(order[i]) {
                    let index = to as usize;
                    if self.piece[index] == self.current && !self.visited[index] {
                        self.visited[index] = true;
                        order.push(to);
                    }
                }
            }
            head = end;
            begins.push(end);
        }
        BfsLevels { order, begins }
    }
}

impl BfsLevels {
    /// Cuts the part at the smallest level of the middle third: nodes below the separator, separator, nodes above the
    /// separator. `None` where a cut has no benefit.
    fn split(&self, graph: &Graph) -> Option<(Vec<u32>, Vec<u32>, Vec<u32>)> {
        let n = self.order.len();
        if n <= LEAF {
            return None;
        }
        let level = |i: usize| self.begins[i]..self.begins[i + 1];
        let inner = 1..self.begins.len().saturating_sub(2);
        let middle = inner.filter(|&i| level(i).end * 3 >= n && level(i).start * 3 <= 2 * n);
        let at = middle.min_by_key(|&i| (level(i).len(), (level(i).start + level(i).end).abs_diff(n)))?;
        // Only nodes with a neighbor in the level above belong to the separator.
        let mut next_level = self.order[level(at + 1)].to_vec();
        next_level.sort_unstable();
        let touches = |s: &u32| graph.of(*s).iter().any(|t| next_level.binary_search(t).is_ok());
        let (separator, rest): (Vec<u32>, Vec<u32>) = self.order[level(at)].iter().partition(|s| touches(s));
        let below = [&self.order[..level(at).start], &rest].concat();
        let above = self.order[level(at).end..].to_vec();
        Some((below, separator, above))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(n: u32) -> Vec<Vec<u32>> {
        let at = |x: u32, y: u32| y * n + x;
        let near = |x: u32, y: u32| {
            let mut near = vec![at(x, y)];
            if x + 1 < n {
                near.push(at(x + 1, y));
            }
            if y + 1 < n {
                near.push(at(x, y + 1));
            }
            near
        };
        (0..n * n).map(|s| near(s % n, s / n)).collect()
    }

    #[test]
    fn ranks_are_a_permutation() {
        for graph in [grid(1), grid(2), grid(17), vec![vec![]; 9], vec![(0..9).collect(); 9]] {
            let mut rank = nested_dissection(graph.len(), |s| &graph[s as usize]);
            rank.sort_unstable();
            assert_eq!(rank, (0..graph.len() as u32).collect::<Vec<_>>());
        }
    }
}
