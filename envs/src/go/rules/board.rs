//! Stones, chains and liberties, kept up to date move by move; no ko, no history.
//!
//! After libEGo (Lew 2010): a chain is a ring of stones that share a representative, where its pseudo-liberties stand
//! (a liberty counts once for every stone it touches) as their number, the sum of their vertices and the sum of their
//! squares. A chain with n pseudo-liberties of sum s and sum of squares q has a single liberty exactly
//! where n q = s² (Cauchy-Schwarz), and that liberty is s / n. Nothing is allocated after construction.

use super::geometry::{Geometry, Vertex};
use super::{Color, Point};

/// What is on a vertex: a [`Color`], or one of these.
pub(super) const EMPTY: u8 = 2;
const EDGE: u8 = 3;

/// One neighbor in [`Cell::around`]: black ones, white ones and empty ones in 4 bits each. The edge counts as a black
/// and as a white neighbor: a point with four black neighbors in this sense has no way out but Black's.
const AROUND: [u16; 2] = [1, 1 << 4];
const AROUND_EMPTY: u16 = 1 << 8;
const SURROUNDED: [u16; 2] = [4, 4 << 4];

#[derive(Clone, Copy, Debug)]
struct Cell {
    /// The chain's representative; its own vertex where empty; vertex 0 on the edge.
    chain: Vertex,
    /// The next stone of the chain, in a ring.
    next: Vertex,
    /// Its place in the list of empty vertices, where empty.
    slot: u16,
    /// What its neighbors are, see [`AROUND`].
    around: u16,
    /// A color, [`EMPTY`] or [`EDGE`].
    stone: u8,
}

/// Pseudo-liberties: number, sum and sum of squares; and the number of stones.
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

    /// Whether all pseudo-liberties are one and the same. At most 4 * 361 of at most 421: no sum overflows.
    #[inline]
    fn in_atari(&self) -> bool {
        u64::from(self.liberties) * u64::from(self.squares) == u64::from(self.sum) * u64::from(self.sum)
    }
}

/// Stones on a board. Vertices given to it must be the board's, and chains must be asked for where stones are: what is
/// wrong there gives wrong answers or a panic of an index, as with a slice. [`Game`](super::Game) is the checked way.
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
    /// An empty board.
    pub fn new(geometry: &Geometry) -> Self {
        // The edge's counts of neighbors are kept like all others, and never read: they only must not underflow.
        let edge = Cell { chain: 0, next: 0, slot: 0, around: 4 * AROUND_EMPTY, stone: EDGE };
        let mut board = Board {
            cells: vec![edge; geometry.vertices],
            chains: vec![Chain::default(); geometry.vertices],
            empties: geometry.vertex.clone(),
            stride: geometry.stride,
            stones: [0; 2],
        };
        for (slot, &v) in geometry.vertex.iter().enumerate() {
            board.cells[usize::from(v)] =
                Cell { chain: v, next: v, slot: slot as u16, around: 0, stone: EMPTY };
        }
        for &v in &geometry.vertex {
            let around = board.neighbors(v).map(|n| match board.cells[usize::from(n)].stone {
                EMPTY => AROUND_EMPTY,
                _ => AROUND[0] + AROUND[1],
            });
            board.cells[usize::from(v)].around = around.iter().sum();
        }
        board
    }

    /// The vertices above, below, left and right.
    #[inline]
    pub fn neighbors(&self, vertex: Vertex) -> [Vertex; 4] {
        [vertex + self.stride, vertex - self.stride, vertex - 1, vertex + 1]
    }

    /// The four diagonal neighbors.
    #[inline]
    pub fn diagonals(&self, vertex: Vertex) -> [Vertex; 4] {
        let (up, down) = (vertex + self.stride, vertex - self.stride);
        [up - 1, up + 1, down - 1, down + 1]
    }

    #[inline]
    pub(super) fn stone(&self, vertex: Vertex) -> u8 {
        self.cells[usize::from(vertex)].stone
    }

    /// The stone on a vertex, if there is one.
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

    /// The empty vertices, in no particular order.
    #[inline]
    pub fn empties(&self) -> &[Vertex] {
        &self.empties
    }

    /// The number of stones of a color.
    #[inline]
    pub fn stones(&self, color: Color) -> u16 {
        self.stones[color as usize]
    }

    /// The representative of the chain of a stone: the same for all its stones.
    #[inline]
    pub fn chain(&self, vertex: Vertex) -> Vertex {
        self.cells[usize::from(vertex)].chain
    }

    /// The stone after this one in the ring of its chain.
    #[inline]
    pub fn next_stone(&self, vertex: Vertex) -> Vertex {
        self.cells[usize::from(vertex)].next
    }

    /// The number of stones of the chain of a stone.
    #[inline]
    pub fn chain_stones(&self, vertex: Vertex) -> u16 {
        self.chains[usize::from(self.chain(vertex))].stones
    }

    /// The only liberty of the chain of a stone, if it has only one.
    #[inline]
    pub fn last_liberty(&self, vertex: Vertex) -> Option<Vertex> {
        let chain = &self.chains[usize::from(self.chain(vertex))];
        (chain.liberties > 0 && chain.in_atari()).then(|| (chain.sum / u32::from(chain.liberties)) as Vertex)
    }

    /// Whether the chain of a stone has only one liberty.
    #[inline]
    pub fn in_atari(&self, vertex: Vertex) -> bool {
        self.chains[usize::from(self.chain(vertex))].in_atari()
    }

    /// Whether all four neighbors are `color`'s stones or the edge.
    #[inline]
    pub fn is_surrounded(&self, vertex: Vertex, color: Color) -> bool {
        let all = SURROUNDED[color as usize];
        self.cells[usize::from(vertex)].around & all == all
    }

    /// Whether an empty vertex is an eye of `color` that a playout does not fill: all neighbors are its own, and of
    /// the diagonal ones at most one is the other's, at the edge none.
    #[inline]
    pub fn is_eye(&self, vertex: Vertex, color: Color) -> bool {
        if !self.is_surrounded(vertex, color) {
            return false;
        }
        let other = color.other() as u8;
        let (mut theirs, mut edge) = (0, 0);
        for diagonal in self.diagonals(vertex) {
            let stone = self.stone(diagonal);
            theirs += u32::from(stone == other);
            edge |= u32::from(stone == EDGE);
        }
        theirs + edge < 2
    }

    /// Whether a stone on an empty vertex would have a liberty, or take something.
    #[inline]
    pub fn lives(&self, vertex: Vertex, color: Color) -> bool {
        let cell = &self.cells[usize::from(vertex)];
        if cell.around >= AROUND_EMPTY {
            return true;
        }
        // Own chains with another liberty, and others' without.
        self.neighbors(vertex).into_iter().any(|n| {
            let near = &self.cells[usize::from(n)];
            near.stone < EMPTY
                && self.chains[usize::from(near.chain)].in_atari() != (near.stone == color as u8)
        })
    }

    /// Puts a stone on an empty vertex and takes what has lost its last liberty: the other color's first, then
    /// its own. `taken` is called for each stone taken, with its color; returns how many they were.
    #[inline]
    pub fn play(&mut self, vertex: Vertex, color: Color, mut taken: impl FnMut(Vertex, Color)) -> u16 {
        self.put(vertex, color);
        let mut count = 0;
        for n in self.neighbors(vertex) {
            let Cell { stone, chain, .. } = self.cells[usize::from(n)];
            if stone == color.other() as u8 && self.chains[usize::from(chain)].liberties == 0 {
                count += self.take(n, color.other(), &mut taken);
            }
        }
        if self.chains[usize::from(self.chain(vertex))].liberties == 0 {
            count += self.take(vertex, color, &mut taken);
        }
        count
    }

    /// Whether the stone just put here stands alone with one liberty: after taking one stone, that is a ko.
    #[inline]
    pub(super) fn is_lone_in_atari(&self, vertex: Vertex) -> bool {
        let chain = &self.chains[usize::from(vertex)];
        self.chain(vertex) == vertex && chain.stones == 1 && chain.liberties == 1
    }

    /// The chains that a stone on an empty vertex would take: the other color's or, where it would not live, its own with it.
    #[inline]
    pub(super) fn would_take(
        &self,
        vertex: Vertex,
        color: Color,
        lives: bool,
        mut taken: impl FnMut(Vertex),
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
                taken(v);
                v = self.next_stone(v);
                if v == n {
                    break;
                }
            }
        }
    }

    /// The first point whose chain has no liberty.
    pub(super) fn first_without_liberty(&self, geometry: &Geometry) -> Option<Point> {
        let dead =
            |&v: &Vertex| self.stone(v) < EMPTY && self.chains[usize::from(self.chain(v))].liberties == 0;
        geometry.vertex.iter().copied().find(dead).map(|v| geometry.point(v))
    }

    /// Exchanges two places of the list of empty vertices.
    #[inline]
    pub(super) fn swap_empties(&mut self, a: usize, b: usize) {
        self.empties.swap(a, b);
        for slot in [a, b] {
            let v = self.empties[slot];
            self.cells[usize::from(v)].slot = slot as u16;
        }
    }

    /// Puts a stone on an empty vertex, joins it to its chains and takes nothing: some may be left without liberties.
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
            cell.around = cell.around + AROUND[color as usize] - AROUND_EMPTY;
            if cell.stone == EMPTY {
                own.add(n);
            }
            // Also for what is no chain: the numbers there are never read.
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

    /// Joins the chains of two stones; the larger one's representative stays.
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

    /// Takes the chain of a stone off the board.
    fn take(&mut self, vertex: Vertex, color: Color, taken: &mut impl FnMut(Vertex, Color)) -> u16 {
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
                cell.around = cell.around + AROUND_EMPTY - AROUND[color as usize];
                // Also for what is being taken, and what is no chain: the numbers there are never read again.
                self.chains[usize::from(cell.chain)].add(v);
            }
            taken(v, color);
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
