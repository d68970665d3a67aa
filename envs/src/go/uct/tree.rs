//! Search tree in one arena: a node's children are adjacent, and indices replace pointers.

/// Index of the root node.
pub(super) const ROOT: u32 = 0;

/// Node: a move with its statistics, counted for the player who makes the move. A win counts 2 and a draw 1, so that
/// sums are exact integers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Node {
    /// Point of the move, or the pass.
    pub(super) point: u16,
    /// Number of children; 0 before the node is expanded.
    pub(super) count: u16,
    /// Index of the first child.
    pub(super) first: u32,
    /// Number of playouts through this node.
    pub(super) visits: u32,
    /// Twice the number of wins in these playouts; a draw counts 1.
    pub(super) wins: u32,
    /// Number of playouts through the parent in which the same player made this move first at its point, now or later
    /// (all moves as first, AMAF).
    pub(super) amaf_visits: u32,
    /// Twice the number of wins in the AMAF playouts.
    pub(super) amaf_wins: u32,
    /// Number of virtual playouts of the prior.
    pub(super) prior_visits: u16,
    /// Twice the number of wins in the virtual playouts.
    pub(super) prior_wins: u16,
}

impl Node {
    /// Share of wins, 0..=1; one half before the first playout.
    pub(super) fn win_rate(&self) -> f64 {
        if self.visits == 0 { 0.5 } else { f64::from(self.wins) / (2.0 * f64::from(self.visits)) }
    }

    /// Adds a playout; `wins` is 2 for a win, 1 for a draw, 0 for a loss.
    #[inline]
    pub(super) fn count(&mut self, wins: u32) {
        self.visits += 1;
        self.wins += wins;
    }

    /// Adds a playout in which this move came later; `wins` is 2 for a win, 1 for a draw, 0 for a loss.
    #[inline]
    pub(super) fn count_amaf(&mut self, wins: u32) {
        self.amaf_visits += 1;
        self.amaf_wins += wins;
    }
}

/// Search tree: all nodes in one vector.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Largest number of nodes; no node is expanded beyond this number.
    limit: usize,
}

impl Tree {
    /// Tree of one node, with at most `limit` nodes.
    pub(super) fn new(limit: usize) -> Self {
        Tree { nodes: vec![Node::default()], limit: limit.min(u32::MAX as usize) }
    }

    /// Node at `index`.
    #[inline]
    pub(super) fn node(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }

    /// Mutable node at `index`.
    #[inline]
    pub(super) fn node_mut(&mut self, index: u32) -> &mut Node {
        &mut self.nodes[index as usize]
    }

    /// Indices of a node's children.
    #[inline]
    pub(super) fn children(&self, index: u32) -> std::ops::Range<u32> {
        let node = self.node(index);
        node.first..node.first + u32::from(node.count)
    }

    /// Children of a node.
    #[inline]
    pub(super) fn siblings(&self, index: u32) -> &[Node] {
        let Node { first, count, .. } = *self.node(index);
        &self.nodes[first as usize..first as usize + count as usize]
    }

    /// Mutable children of a node.
    #[inline]
    pub(super) fn siblings_mut(&mut self, index: u32) -> &mut [Node] {
        let Node { first, count, .. } = *self.node(index);
        &mut self.nodes[first as usize..first as usize + count as usize]
    }

    /// Adds the children of a node, unless the tree would then exceed its largest number of nodes.
    pub(super) fn expand(&mut self, index: u32, children: &[Node]) {
        let first = self.nodes.len();
        if children.is_empty() || first + children.len() > self.limit {
            return;
        }
        self.nodes.extend_from_slice(children);
        let node = self.node_mut(index);
        (node.first, node.count) = (first as u32, children.len() as u16);
    }

    /// Makes a node the root, with all nodes below it; other nodes are dropped.
    pub(super) fn promote(&mut self, index: u32) {
        let mut nodes = vec![*self.node(index)];
        let mut at = 0;
        while let Some(&Node { first, count, .. }) = nodes.get(at) {
            if count > 0 {
                let moved = nodes.len() as u32;
                nodes.extend_from_slice(&self.nodes[first as usize..first as usize + usize::from(count)]);
                nodes[at].first = moved;
            }
            at += 1;
        }
        self.nodes = nodes;
    }

    /// Child with most visits; ties are broken by wins, then by the lower index.
    pub(super) fn most_visited(&self, index: u32) -> Option<u32> {
        let better = |&a: &u32, &b: &u32| {
            let key = |i: u32| (self.node(i).visits, self.node(i).wins, std::cmp::Reverse(i));
            key(a).cmp(&key(b))
        };
        self.children(index).filter(|&child| self.node(child).visits > 0).max_by(better)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(point: u16, visits: u32, wins: u32) -> Node {
        Node { point, visits, wins, ..Node::default() }
    }

    #[test]
    fn the_most_visited_child_is_the_first_of_equals() {
        let mut tree = Tree::new(100);
        assert_eq!(tree.most_visited(ROOT), None);
        tree.expand(ROOT, &[child(3, 0, 0), child(4, 7, 5), child(5, 7, 6), child(6, 7, 6)]);
        assert_eq!(tree.most_visited(ROOT), Some(3));
        assert_eq!(tree.siblings(ROOT).iter().map(|node| node.point).collect::<Vec<_>>(), [3, 4, 5, 6]);
    }

    /// Children of a promoted node keep their order, and so do theirs.
    #[test]
    fn a_promoted_node_keeps_what_is_below_it() {
        let mut tree = Tree::new(100);
        tree.expand(ROOT, &[child(1, 9, 9), child(2, 5, 4)]);
        tree.expand(1, &[child(8, 8, 8)]);
        tree.expand(2, &[child(3, 1, 1), child(4, 3, 2)]);
        tree.expand(5, &[child(6, 2, 2)]);
        tree.promote(2);
        assert_eq!(tree.node(ROOT).visits, 5);
        assert_eq!(tree.siblings(ROOT).iter().map(|node| node.point).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(tree.siblings(2).iter().map(|node| node.point).collect::<Vec<_>>(), [6]);
        assert_eq!(tree.nodes.len(), 4);
    }

    #[test]
    fn a_full_arena_grows_no_further() {
        let mut tree = Tree::new(3);
        tree.expand(ROOT, &[child(0, 0, 0), child(1, 0, 0)]);
        tree.expand(1, &[child(2, 0, 0)]);
        assert_eq!((tree.children(ROOT), tree.node(1).count), (1..3, 0));
    }
}
