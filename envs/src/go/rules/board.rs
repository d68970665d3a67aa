//! Stones, chains and liberties, updated move by move; no ko, no history.
//!
//! The method of libEGo (Lew 2010): a chain is a circular list of stones with one common representative stone. A
//! *pseudo-liberty* of a chain is a liberty, counted once for every stone of the chain next to it. The representative
//! stores three numbers of the chain's pseudo-liberties: their number n, the sum s of their vertex indices, and the sum
//! q of the squared vertex indices. By the Cauchy-Schwarz inequality, the chain has a single liberty exactly if n q =
//! s², and that liberty is s / n. Nothing is allocated after construction.

use super::geometry::{Geometry, Vertex};
use super::{Color, Point};

/// Code of a vertex without a stone. A vertex with a stone has the code of the stone's [`Color`].
pub(super) const EMPTY: u8 = 2;
const EDGE: u8 = 3;

/// Increment of [`Cell::neighbor_counts`] for one black and one white neighbor. The field counts black, white and empty
/// neighbors in 4 bits each. The edge counts as a black and as a white neighbor, so that a point with four black
/// neighbors is surrounded by Black.
const NEIGHBOR: [u16; 2] = [1, 1 << 4];
const NEIGHBOR_EMPTY: u16 = 1 << 8;
const SURROUNDED: [u16; 2] = [4, 4 << 4];

/// Stones on a board. Vertices must be on the board, and chains may be requested only where stones are; otherwise
/// results are wrong or indexing panics. [`Game`](super::Game) is the checked interface.
#[derive(Debug)]
pub struct Board {
    cells: Vec<Cell>,
    chains: Vec<Chain>,
    empties: Vec<Vertex>,
    stride: Vertex,
    stones: [u16; 2],
}

impl Clone for Board {
    fn clone(&self) -> Self {
        let mut empties = Vec::with_capacity(self.empties.capacity());
        empties.extend_from_slice(&self.empties);
        Board { cells: self.cells.clone(), chains: self.chains.clone(), empties, ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        self.cells.clone_from(&from.cells);
        self.chains.clone_from(&from.chains);
        self.empties.clone_from(&from.empties);
        self.stride = from.stride;
        self.stones = from.stones;
    }
}

impl Board {
    /// Empty board.
    pub fn new(geometry: &Geometry) -> Self {
        // Counts of edge cells are updated but never read; the counts only must not underflow.
        let edge = Cell { chain: 0, next: 0, slot: 0, neighbor_counts: 4 * NEIGHBOR_EMPTY, stone: EDGE };
        let mut board = Board {
            cells: vec![edge; geometry.vertices],
            chains: vec![Chain::default(); geometry.vertices],
            empties: geometry.vertex.clone(),
            stride: geometry.stride,
            stones: [0; 2],
        };
        for (slot, &v) in geometry.vertex.iter().enumerate() {
            board.cells[usize::from(v)] =
                Cell { chain: v, next: v, slot: slot as u16, neighbor_counts: 0, stone: EMPTY };
        }
        for &v in &geometry.vertex {
            let neighbor_counts = board.neighbors(v).map(|n| match board.cells[usize::from(n)].stone {
                EMPTY => NEIGHBOR_EMPTY,
                _ => NEIGHBOR[0] + NEIGHBOR[1],
            });
            board.cells[usize::from(v)].neighbor_counts = neighbor_counts.iter().sum();
        }
        board
    }

    /// Neighbors above, below, left and right.
    #[inline]
    pub fn neighbors(&self, vertex: Vertex) -> [Vertex; 4] {
        [vertex + self.stride, vertex - self.stride, vertex - 1, vertex + 1]
    }

    /// Four diagonal neighbors.
    #[inline]
    pub fn diagonals(&self, vertex: Vertex) -> [Vertex; 4] {
        let (up, down) = (vertex + self.stride, vertex - self.stride);
        [up - 1, up + 1, down - 1, down + 1]
    }

    #[inline]
    pub(super) fn stone(&self, vertex: Vertex) -> u8 {
        self.cells[usize::from(vertex)].stone
    }

    /// Color of the stone on a vertex, if there is one.
    #[inline]
    pub fn color(&self, vertex: Vertex) -> Option<Color> {
        match self.stone(vertex) {
            0 => Some(Color::Black),
            1 => Some(Color::White),
            _ => None,
        }
    }

    /// Whether a vertex is a point without a stone.
    #[inline]
    pub fn is_empty(&self, vertex: Vertex) -> bool {
        self.stone(vertex) == EMPTY
    }

    /// Empty vertices, in no particular order.
    #[inline]
    pub fn empties(&self) -> &[Vertex] {
        &self.empties
    }

    /// Number of stones of a color.
    #[inline]
    pub fn stones(&self, color: Color) -> u16 {
        self.stones[color as usize]
    }

    /// Representative stone of the chain of a stone, the same for all stones of the chain.
    #[inline]
    pub fn chain(&self, vertex: Vertex) -> Vertex {
        self.cells[usize::from(vertex)].chain
    }

    /// Next stone after `vertex` in the circular list of the chain.
    #[inline]
    pub fn next_stone(&self, vertex: Vertex) -> Vertex {
        self.cells[usize::from(vertex)].next
    }

    /// Number of stones in the chain of a stone.
    #[inline]
    pub fn chain_stones(&self, vertex: Vertex) -> u16 {
        self.chains[usize::from(self.chain(vertex))].stones
    }

    /// Only liberty of the chain of a stone; `None` if the chain has more than one liberty.
    #[inline]
    pub fn last_liberty(&self, vertex: Vertex) -> Option<Vertex> {
        let chain = &self.chains[usize::from(self.chain(vertex))];
        (chain.liberties > 0 && chain.in_atari()).then(|| (chain.sum / u32::from(chain.liberties)) as Vertex)
    }

    /// Number of pseudo-liberties of the chain of a stone: each liberty counts once for every stone next to it, so that
    /// it counts at most 4 times, and at most 3 times at the edge.
    #[inline]
    pub fn pseudo_liberties(&self, vertex: Vertex) -> u16 {
        self.chains[usize::from(self.chain(vertex))].liberties
    }

    /// Content of the eight points around a vertex in reading order, 2 bits for each, the first point lowest: 0 black,
    /// 1 white, 2 empty, 3 off the board.
    #[inline]
    pub fn surroundings(&self, vertex: Vertex) -> u16 {
        let (up, down) = (vertex + self.stride, vertex - self.stride);
        let around = [up - 1, up, up + 1, vertex - 1, vertex + 1, down - 1, down, down + 1];
        around.into_iter().rev().fold(0, |code, v| code << 2 | u16::from(self.stone(v)))
    }

    /// Whether the chain of a stone has only one liberty.
    #[inline]
    pub fn in_atari(&self, vertex: Vertex) -> bool {
        self.chains[usize::from(self.chain(vertex))].in_atari()
    }

    /// Whether all four neighbors of a vertex are stones of `color` or the edge.
    #[inline]
    pub fn is_surrounded(&self, vertex: Vertex, color: Color) -> bool {
        let all = SURROUNDED[color as usize];
        self.cells[usize::from(vertex)].neighbor_counts & all == all
    }

    /// Whether an empty vertex is an eye of `color` that playouts do not fill: all four neighbors are stones of `color`
    /// or the edge, and the opponent has at most one of the diagonal neighbors (none for a point at the edge).
    #[inline]
    pub fn is_eye(&self, vertex: Vertex, color: Color) -> bool {
        if !self.is_surrounded(vertex, color) {
            return false;
        }
        let other = color.other() as u8;
        let (mut opponents, mut edge) = (0, 0);
        for diagonal in self.diagonals(vertex) {
            let stone = self.stone(diagonal);
            opponents += u32::from(stone == other);
            edge |= u32::from(stone == EDGE);
        }
        opponents + edge < 2
    }

    /// Whether a stone on an empty vertex would have a liberty or capture stones, that is, would not be suicide.
    #[inline]
    pub fn lives(&self, vertex: Vertex, color: Color) -> bool {
        let cell = &self.cells[usize::from(vertex)];
        if cell.neighbor_counts >= NEIGHBOR_EMPTY {
            return true;
        }
        // The stone is next to an own chain with another liberty, or to an opponent's chain without another one.
        self.neighbors(vertex).into_iter().any(|n| {
            let near = &self.cells[usize::from(n)];
            near.stone < EMPTY
                && self.chains[usize::from(near.chain)].in_atari() != (near.stone == color as u8)
        })
    }

    /// Puts a stone on an empty vertex and removes chains without liberties: the opponent's chains first, then the
    /// chain of the new stone. Calls `on_capture` for each removed stone with the stone's color; returns the number of
    /// removed stones.
    #[inline]
    pub fn play(&mut self, vertex: Vertex, color: Color, mut on_capture: impl FnMut(Vertex, Color)) -> u16 {
        self.put(vertex, color);
        let mut count = 0;
        for n in self.neighbors(vertex) {
            let Cell { stone, chain, .. } = self.cells[usize::from(n)];
            if stone == color.other() as u8 && self.chains[usize::from(chain)].liberties == 0 {
                count += self.remove_chain(n, color.other(), &mut on_capture);
            }
        }
        if self.chains[usize::from(self.chain(vertex))].liberties == 0 {
            count += self.remove_chain(vertex, color, &mut on_capture);
        }
        count
    }

    /// Whether the stone just put on a vertex is a chain of one stone with one liberty. If this stone has captured
    /// exactly one stone, the position is a ko.
    #[inline]
    pub(super) fn is_lone_in_atari(&self, vertex: Vertex) -> bool {
        let chain = &self.chains[usize::from(vertex)];
        self.chain(vertex) == vertex && chain.stones == 1 && chain.liberties == 1
    }

    /// Calls `on_capture` for each stone that a move would capture: stones of the opponent or, for suicide (`lives` is
    /// false), of the mover.
    #[inline]
    pub(super) fn would_capture(
        &self,
        vertex: Vertex,
        color: Color,
        lives: bool,
        mut on_capture: impl FnMut(Vertex),
    ) {
        let lost = if lives { color.other() } else { color };
        let mut done = [0; 4];
        for (i, n) in self.neighbors(vertex).into_iter().enumerate() {
            let Cell { stone, chain, .. } = self.cells[usize::from(n)];
            if stone != lost as u8 || done.contains(&chain) || !self.chains[usize::from(chain)].in_atari() {
                continue;
            }
            done[i] = chain;
            let mut v = n;
            loop {
                on_capture(v);
                v = self.next_stone(v);
                if v == n {
                    break;
                }
            }
        }
    }

    /// First point with a stone whose chain has no liberty.
    pub(super) fn first_without_liberty(&self, geometry: &Geometry) -> Option<Point> {
        let dead =
            |&v: &Vertex| self.stone(v) < EMPTY && self.chains[usize::from(self.chain(v))].liberties == 0;
        geometry.vertex.iter().copied().find(dead).map(|v| geometry.point(v))
    }

    /// Swaps two entries of the list of empty vertices.
    #[inline]
    pub(super) fn swap_empties(&mut self, a: usize, b: usize) {
        self.empties.swap(a, b);
        for slot in [a, b] {
            let v = self.empties[slot];
            self.cells[usize::from(v)].slot = slot as u16;
        }
    }

    /// Puts a stone on an empty vertex and merges the stone with its neighbors' chains; removes nothing, so some chains
    /// may have no liberties.
    #[inline]
    pub(super) fn put(&mut self, vertex: Vertex, color: Color) {
        let at = usize::from(vertex);
        let slot = self.cells[at].slot;
        self.cells[at].stone = color as u8;
        self.stones[color as usize] += 1;
        if let Some(last) = self.empties.pop()
            && last != vertex
        {
            self.empties[usize::from(slot)] = last;
            self.cells[usize::from(last)].slot = slot;
        }
        let mut own = Chain { stones: 1, ..Chain::default() };
        for n in self.neighbors(vertex) {
            let cell = &mut self.cells[usize::from(n)];
            cell.neighbor_counts = cell.neighbor_counts + NEIGHBOR[color as usize] - NEIGHBOR_EMPTY;
            if cell.stone == EMPTY {
                own.add(n);
            }
            // Empty and edge cells are updated, too; their counts are never read.
            self.chains[usize::from(cell.chain)].remove(vertex);
        }
        self.chains[at] = own;
        for n in self.neighbors(vertex) {
            let Cell { stone, chain, .. } = self.cells[usize::from(n)];
            if stone == color as u8 && chain != self.chain(vertex) {
                self.merge(vertex, n);
            }
        }
    }

    /// Merges the chains of two stones; the representative of the larger chain is kept.
    fn merge(&mut self, a: Vertex, b: Vertex) {
        let (mut keep, mut join) = (self.chain(a), self.chain(b));
        if self.chains[usize::from(keep)].stones < self.chains[usize::from(join)].stones {
            (keep, join) = (join, keep);
        }
        let add = self.chains[usize::from(join)];
        let chain = &mut self.chains[usize::from(keep)];
        chain.liberties += add.liberties;
        chain.sum += add.sum;
        chain.squares += add.squares;
        chain.stones += add.stones;
        let mut v = join;
        loop {
            let cell = &mut self.cells[usize::from(v)];
            cell.chain = keep;
            if cell.next == join {
                break;
            }
            v = cell.next;
        }
        let after = self.cells[usize::from(keep)].next;
        self.cells[usize::from(keep)].next = join;
        self.cells[usize::from(v)].next = after;
    }

    /// Removes the chain of a stone from the board.
    fn remove_chain(
        &mut self,
        vertex: Vertex,
        color: Color,
        on_capture: &mut impl FnMut(Vertex, Color),
    ) -> u16 {
        let mut count = 0;
        let mut v = vertex;
        loop {
            let slot = self.empties.len() as u16;
            self.empties.push(v);
            let neighbors = self.neighbors(v);
            let cell = &mut self.cells[usize::from(v)];
            let next = cell.next;
            (cell.stone, cell.chain, cell.next, cell.slot) = (EMPTY, v, v, slot);
            for n in neighbors {
                let cell = &mut self.cells[usize::from(n)];
                cell.neighbor_counts = cell.neighbor_counts + NEIGHBOR_EMPTY - NEIGHBOR[color as usize];
                // Removed, empty and edge cells are updated, too; their counts are never read again.
                self.chains[usize::from(cell.chain)].add(v);
            }
            on_capture(v, color);
            count += 1;
            if next == vertex {
                break;
            }
            v = next;
        }
        self.stones[color as usize] -= count;
        count
    }
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Stone: representative of the stone's chain. Empty vertex: the vertex. Edge: vertex 0.
    chain: Vertex,
    /// Next stone in the circular list of the chain.
    next: Vertex,
    /// Empty vertex: index in the list of empty vertices.
    slot: u16,
    /// Colors of the four neighbors, see [`NEIGHBOR`].
    neighbor_counts: u16,
    /// Code of the content: a color, [`EMPTY`] or [`EDGE`].
    stone: u8,
}

/// Pseudo-liberties of a chain (number, sum and sum of squares) and its number of stones.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    squares: u32,
    sum: u32,
    liberties: u16,
    stones: u16,
}

impl Chain {
    #[inline]
    fn add(&mut self, vertex: Vertex) {
        let v = u32::from(vertex);
        self.liberties = self.liberties.wrapping_add(1);
        self.sum = self.sum.wrapping_add(v);
        self.squares = self.squares.wrapping_add(v * v);
    }

    #[inline]
    fn remove(&mut self, vertex: Vertex) {
        let v = u32::from(vertex);
        self.liberties = self.liberties.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(v);
        self.squares = self.squares.wrapping_sub(v * v);
    }

    /// Whether all pseudo-liberties are the same vertex. There are at most 4 * 361 pseudo-liberties with indices of at
    /// most 421, so that no sum overflows.
    #[inline]
    fn in_atari(&self) -> bool {
        u64::from(self.liberties) * u64::from(self.squares) == u64::from(self.sum) * u64::from(self.sum)
    }
}
