//! All positions of a small board, and what both players can force from each of them.
//!
//! With simple ko a game may go round in circles; what then? The tables answer for both answers at once: `low` is what the
//! mover can force if endless play is lost for it by the whole board, `high` if endless play is won for it by the whole
//! board. They are a least and a greatest fixed point of the minimax equations, found by iteration (retrograde
//! analysis). Where they agree, so does every rule about long cycles: that value is exact.
//!
//! Positions alike by symmetry are one node, and nodes are seen from the mover's side.

use super::shape::{Points, Shape, Stones};

/// What is forbidden in a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Play {
    /// The game with simple ko.
    SimpleKo,
    /// Bounds that hold under superko. No ko rule, but whom the bound is for loses the whole board with the first stone it
    /// loses; endless play is won by it. Whoever forces a result here forces it under superko: the other has fewer moves there; its
    /// own stones only grow in number, so that no move of its own recreates a position, and passing is always
    /// allowed; and no game is endless there.
    Growing,
}

/// Ends of the lists of successors carry this bit where the move takes stones of the other's.
const CAPTURES: u32 = 1 << 31;
/// And this one where it takes the mover's own.
const SUICIDE: u32 = 1 << 30;
const NODE: u32 = SUICIDE - 1;

/// All positions that can arise, and their values from the mover's view, in points.
pub(super) struct Graph {
    shape: Shape,
    play: Play,
    keys: Vec<u64>,
    /// Open addressing: a node's number plus one, or 0.
    index: Vec<u32>,
    /// Where each node's successors end in `successors`.
    ends: Vec<u32>,
    successors: Vec<u32>,
    /// The node after a pass.
    passed: Vec<u32>,
    score: Vec<i8>,
    /// Values where the last move was no pass, and where it was one.
    low: [Vec<i8>; 2],
    high: [Vec<i8>; 2],
}

impl Graph {
    /// All that can arise from the empty board; none if that is more than `budget` nodes.
    pub(super) fn new(shape: Shape, play: Play, budget: u64) -> Option<Self> {
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

    /// The number of its nodes.
    pub(super) fn nodes(&self) -> u64 {
        self.keys.len() as u64
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What the mover can force at least, and at most; `passed` if the last move was a pass. None where the position
    /// cannot arise.
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
            let ko = if self.play == Play::SimpleKo { placed.ko } else { 0 };
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

    /// Where a key is, or the place in the index where it would be.
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

    /// Iterates the minimax equations until nothing changes.
    fn iterate(&mut self) {
        let (nodes, most) = (self.keys.len(), self.shape.area as i8);
        // Endless play: the worst for whom the bound is for with simple ko, the best where superko rules it out.
        let endless = if self.play == Play::SimpleKo { -most } else { most };
        self.low = [vec![endless; nodes], vec![endless; nodes]];
        self.high = [vec![-endless; nodes], vec![-endless; nodes]];
        let mut changed = true;
        while changed {
            changed = false;
            // Later nodes have more stones, mostly: their values come first.
            for node in (0..nodes).rev() {
                let from = node.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
                let successors = &self.successors[from..self.ends[node] as usize];
                let (mut low, mut high) = (-most, -most);
                for &successor in successors {
                    let next = (successor & NODE) as usize;
                    let growing = self.play == Play::Growing;
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
