//! All positions of a small board, and their game-theoretic values.
//!
//! With simple ko a game may repeat for ever. The tables hold the result that the player to move can force under two
//! conventions: in `low` endless play loses the whole board for this player, in `high` endless play wins the whole
//! board. The two tables are a least and a greatest fixed point of the minimax equations, found by iteration
//! (retrograde analysis). If `low` and `high` agree, the value is exact under every rule about long cycles.
//!
//! Positions equal by symmetry share a node. The stones of a node are stored as those of the player to move and those
//! of the opponent.

use super::shape::{Points, Shape, Stones};

/// Choice of the rule about repetitions in a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RepetitionRule {
    /// Simple ko, under which a game may be endless.
    SimpleKo,
    /// Bounds that hold under superko. There is no ko rule, but the player whose result is bounded loses the whole
    /// board with the first own stone that is captured, and wins in endless play. Every result that this player can
    /// force under these rules can also be forced under superko: the opponent has fewer moves under superko; the own
    /// stones only grow in number, so that no own move recreates a position; passing is always legal; and no game is
    /// endless under superko.
    SuperkoBounds,
}

/// Bit that marks a successor whose move captures stones of the opponent.
const CAPTURES: u32 = 1 << 31;
/// Bit that marks a successor whose move captures stones of the mover.
const SUICIDE: u32 = 1 << 30;
const NODE: u32 = SUICIDE - 1;

/// All reachable positions, and their values for the mover, points.
pub(super) struct Graph {
    shape: Shape,
    play: RepetitionRule,
    keys: Vec<u64>,
    /// Hash table with open addressing: the number of a node plus one, or 0 for a free slot.
    index: Vec<u32>,
    /// End of each node's list in `successors`.
    ends: Vec<u32>,
    successors: Vec<u32>,
    /// Node after a pass, for each node.
    passed: Vec<u32>,
    score: Vec<i8>,
    /// Lower bounds of the nodes' values, if the last move was not a pass (index 0) and if it was a pass (index 1).
    low: [Vec<i8>; 2],
    high: [Vec<i8>; 2],
}

impl Graph {
    /// Graph of all positions reachable from the empty board; `None` if there are more than `budget` positions.
    pub(super) fn new(shape: Shape, play: RepetitionRule, budget: u64) -> Option<Self> {
        let mut graph = Graph {
            shape,
            play,
            keys: Vec::new(),
            index: vec![0; 1 << 10],
            ends: Vec::new(),
            successors: Vec::new(),
            passed: Vec::new(),
            score: Vec::new(),
            low: [Vec::new(), Vec::new()],
            high: [Vec::new(), Vec::new()],
        };
        graph.insert(Stones { own: 0, other: 0 }, 0);
        let mut node = 0;
        while node < graph.keys.len() {
            if graph.keys.len() as u64 > budget || graph.keys.len() > NODE as usize {
                return None;
            }
            graph.expand(node);
            node += 1;
        }
        graph.iterate();
        Some(graph)
    }

    /// Number of nodes.
    pub(super) fn nodes(&self) -> u64 {
        self.keys.len() as u64
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Lower and upper bound of the result of the player to move, points; `passed` if the last move was a pass. `None`
    /// for an unreachable position.
    pub(super) fn value(&self, stones: Stones, ko: Points, passed: bool) -> Option<(i8, i8)> {
        let node = self.find(self.shape.canonical(stones, ko)).ok()?;
        let passed = usize::from(passed);
        Some((self.low[passed][node], self.high[passed][node]))
    }

    fn expand(&mut self, node: usize) {
        let key = self.keys[node];
        let stones = Stones { own: key as u32 & 0xffff, other: (key >> 16) as u32 & 0xffff };
        let ko = (key >> 32) as u32;
        let first = self.successors.len();
        let mut empty = self.shape.empty(stones) & !ko;
        while empty != 0 {
            let point = empty.trailing_zeros() as usize;
            empty &= empty - 1;
            let Some(placed) = self.shape.place(stones, point) else { continue };
            let ko = if self.play == RepetitionRule::SimpleKo { placed.ko } else { 0 };
            let next = self.insert(placed.stones.swap(), ko);
            let captures = if placed.captured != 0 { CAPTURES } else { 0 };
            let suicide = if placed.suicide { SUICIDE } else { 0 };
            self.successors.push(next | captures | suicide);
        }
        self.successors[first..].sort_unstable();
        let mut last = first;
        for i in first..self.successors.len() {
            if i == first || self.successors[i] != self.successors[i - 1] {
                self.successors[last] = self.successors[i];
                last += 1;
            }
        }
        self.successors.truncate(last);
        self.ends.push(last as u32);
        let passed = self.insert(stones.swap(), 0);
        self.passed.push(passed);
        self.score.push(self.shape.score(stones));
    }

    /// Node with the key `key`; if there is none, `Err` with the slot of `index` where the node would be.
    fn find(&self, key: u64) -> Result<usize, usize> {
        let mask = self.index.len() - 1;
        // Fibonacci hashing (Knuth).
        let mut slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        loop {
            match self.index[slot] {
                0 => return Err(slot),
                node if self.keys[node as usize - 1] == key => return Ok(node as usize - 1),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn insert(&mut self, stones: Stones, ko: Points) -> u32 {
        let key = self.shape.canonical(stones, ko);
        let slot = match self.find(key) {
            Ok(node) => return node as u32,
            Err(slot) => slot,
        };
        self.keys.push(key);
        self.index[slot] = self.keys.len() as u32;
        if 2 * self.keys.len() > self.index.len() {
            self.index = vec![0; 2 * self.index.len()];
            for node in 0..self.keys.len() {
                if let Err(slot) = self.find(self.keys[node]) {
                    self.index[slot] = node as u32 + 1;
                }
            }
        }
        self.keys.len() as u32 - 1
    }

    /// Iterates the minimax equations to a fixed point.
    fn iterate(&mut self) {
        let (nodes, most) = (self.keys.len(), self.shape.area as i8);
        // Value of endless play: the worst result with simple ko, the best one in bounds for superko, which has no
        // endless play.
        let endless = if self.play == RepetitionRule::SimpleKo { -most } else { most };
        self.low = [vec![endless; nodes], vec![endless; nodes]];
        self.high = [vec![-endless; nodes], vec![-endless; nodes]];
        let mut changed = true;
        while changed {
            changed = false;
            // Later nodes mostly have more stones, and the values of positions with more stones are needed first.
            for node in (0..nodes).rev() {
                let from = node.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
                let successors = &self.successors[from..self.ends[node] as usize];
                let (mut low, mut high) = (-most, -most);
                for &successor in successors {
                    let next = (successor & NODE) as usize;
                    let growing = self.play == RepetitionRule::SuperkoBounds;
                    if !(growing && successor & SUICIDE != 0) {
                        low = low.max(-self.high[0][next]);
                    }
                    let wins = growing && successor & CAPTURES != 0;
                    high = high.max(if wins { most } else { -self.low[0][next] });
                }
                let passed = self.passed[node] as usize;
                let score = self.score[node];
                let new = [
                    low.max(-self.high[1][passed]),
                    low.max(score),
                    high.max(-self.low[1][passed]),
                    high.max(score),
                ];
                let ([low0, low1], [high0, high1]) = (&mut self.low, &mut self.high);
                let old = [&mut low0[node], &mut low1[node], &mut high0[node], &mut high1[node]];
                for (old, new) in old.into_iter().zip(new) {
                    changed |= *old != new;
                    *old = new;
                }
            }
        }
    }
}
