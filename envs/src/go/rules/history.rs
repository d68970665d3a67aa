//! What happened in a game, as needed to forbid repetitions and to look back: for each move its mark, the hash after it, and
//! the stones it took. Earlier positions are found by undoing these changes on a copy of the stones.

use super::board::{Board, EMPTY};
use super::geometry::{Geometry, MAX_VERTICES, Vertex};
use super::{Color, Ko, Point};

/// A move as it is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ply {
    /// The hash of the position after it, as the ko rule sees it.
    pub(super) hash: u64,
    pub(super) point: Point,
    pub(super) color: Color,
    /// Who was to move after it.
    pub(super) to_play: Color,
    /// Whether the game was resumed, after two passes, by this move.
    pub(super) resumed: bool,
    /// Where its stones end in [`History::taken`].
    taken_end: u32,
}

/// The moves of a game. Grows in place up to the room it was made with.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) plies: Vec<Ply>,
    taken: Vec<Vertex>,
    /// The hash of the position before the first move.
    first: u64,
    first_to_play: Color,
    /// One bit for each hash seen, chosen by its lowest bits: most new positions are seen to be new by this alone.
    seen: Vec<u64>,
    /// For each vertex, whether a black (bit 0) or white (bit 1) stone was ever taken from it.
    gone: Vec<u8>,
}

impl Clone for History {
    /// Keeps the room for further moves.
    fn clone(&self) -> Self {
        let mut clone = History {
            plies: Vec::with_capacity(self.plies.capacity()),
            taken: Vec::with_capacity(self.taken.capacity()),
            ..History::default()
        };
        clone.clone_from(self);
        clone
    }

    fn clone_from(&mut self, from: &Self) {
        self.plies.clone_from(&from.plies);
        self.taken.clone_from(&from.taken);
        self.first = from.first;
        self.first_to_play = from.first_to_play;
        self.seen.clone_from(&from.seen);
        self.gone.clone_from(&from.gone);
    }
}

/// The stones of a board.
pub(super) type Stones = [u8; MAX_VERTICES];

/// A copy of a board's stones.
pub(super) fn stones(board: &Board, geometry: &Geometry) -> Stones {
    let mut stones = [EMPTY; MAX_VERTICES];
    for (v, stone) in stones.iter_mut().enumerate().take(geometry.vertices) {
        *stone = board.stone(v as Vertex);
    }
    stones
}

impl History {
    /// The history of a game that begins with this hash; `moves` is how many moves to make room for.
    pub(super) fn new(geometry: &Geometry, hash: u64, to_play: Color, moves: usize) -> Self {
        // Eight bits a move: few hashes share one by chance.
        let bits = (8 * moves).next_power_of_two().clamp(64, 1 << 14);
        let mut history = History {
            plies: Vec::with_capacity(moves),
            taken: Vec::with_capacity(moves),
            first: hash,
            first_to_play: to_play,
            seen: vec![0; bits / 64],
            gone: vec![0; geometry.vertices],
        };
        history.see(hash);
        history
    }

    #[inline]
    fn slot(&self, hash: u64) -> (usize, u64) {
        ((hash >> 6) as usize & (self.seen.len() - 1), 1 << (hash & 63))
    }

    #[inline]
    fn see(&mut self, hash: u64) {
        let (word, bit) = self.slot(hash);
        self.seen[word] |= bit;
    }

    /// Who was to move before the last move; before the first where there was none.
    pub(super) fn to_play_before_last(&self) -> Color {
        match self.plies[..] {
            [.., before, _] => before.to_play,
            _ => self.first_to_play,
        }
    }

    /// Remembers a stone that is being taken.
    #[inline]
    pub(super) fn take(&mut self, vertex: Vertex, color: Color) {
        self.taken.push(vertex);
        self.gone[usize::from(vertex)] |= 1 << color as u8;
    }

    /// Remembers a move, after the stones it took.
    #[inline]
    pub(super) fn push(&mut self, hash: u64, point: Point, color: Color, resumed: bool) {
        let taken_end = self.taken.len() as u32;
        self.plies.push(Ply { hash, point, color, to_play: color.other(), resumed, taken_end });
        self.see(hash);
    }

    /// Whether a stone of `color` was ever taken from `vertex`. If not, no earlier position has one on it while
    /// the vertex is empty now, and a move there recreates nothing.
    #[inline]
    pub(super) fn may_repeat(&self, vertex: Vertex, color: Color) -> bool {
        self.gone[usize::from(vertex)] & (1 << color as u8) != 0
    }

    /// The number of the move after which `stones`, of hash `hash`, stood on the board before (0: at the beginning), if they did.
    /// `now` are the stones at present. Equal hashes are only a hint: the stones decide.
    pub(super) fn find(
        &self,
        geometry: &Geometry,
        ko: Ko,
        hash: u64,
        to_play: Color,
        now: impl Fn() -> (Stones, Stones),
    ) -> Option<u32> {
        let (word, bit) = self.slot(hash);
        if self.seen[word] & bit == 0 {
            return None;
        }
        let turn = |of: Color| ko != Ko::Situational || of == to_play;
        let candidates = self.plies.iter().rev().any(|ply| ply.hash == hash && turn(ply.to_play))
            || (self.first == hash && turn(self.first_to_play));
        if !candidates {
            return None;
        }
        let (mut earlier, wanted) = now();
        for (n, ply) in self.plies.iter().enumerate().rev() {
            if ply.hash == hash && turn(ply.to_play) && earlier == wanted {
                return Some(n as u32 + 1);
            }
            self.undo(geometry, n, &mut earlier);
        }
        (self.first == hash && turn(self.first_to_play) && earlier == wanted).then_some(0)
    }

    /// Undoes move `n` (from 0), the last one made, on a copy of the stones.
    pub(super) fn undo(&self, geometry: &Geometry, n: usize, stones: &mut Stones) {
        let ply = &self.plies[n];
        if usize::from(ply.point) >= geometry.vertex.len() {
            return;
        }
        let from = n.checked_sub(1).map_or(0, |before| self.plies[before].taken_end);
        let taken = &self.taken[from as usize..ply.taken_end as usize];
        let at = geometry.vertex(ply.point);
        let theirs = if taken.contains(&at) { ply.color } else { ply.color.other() };
        for &v in taken {
            stones[usize::from(v)] = theirs as u8;
        }
        stones[usize::from(at)] = EMPTY;
    }
}

/// The hash by which the ko rule knows a position.
#[inline]
pub(super) fn key(geometry: &Geometry, ko: Ko, hash: u64, to_play: Color) -> u64 {
    match (ko, to_play) {
        (Ko::Situational, Color::White) => hash ^ geometry.white_to_move,
        _ => hash,
    }
}
