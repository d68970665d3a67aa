//! History of a game, used for superko and for past positions: for each move the point, the hash after the move, and
//! the stones that the move captured. Earlier positions are found by undoing these changes on a copy of the stones.

use freewheel_core::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::board::{Board, EMPTY};
use super::geometry::{Geometry, MAX_VERTICES, Vertex};
use super::{Color, Game, Ko, Point, Rules, Setup};

/// Recorded move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ply {
    /// Hash of the position after the move, see [`key`].
    pub(super) hash: u64,
    pub(super) point: Point,
    pub(super) color: Color,
    /// Player to move after the move.
    pub(super) to_play: Color,
    /// Whether this move resumed the game after two passes.
    pub(super) resumed: bool,
    /// End of the move's captured stones in [`History::captured`].
    captured_end: u32,
}

/// Moves of a game. Allocates nothing up to the capacity given at its creation.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) plies: Vec<Ply>,
    captured: Vec<Vertex>,
    /// Hash of the position before the first move.
    first: u64,
    first_to_play: Color,
    /// Bloom filter of past hashes, indexed by their lowest bits: the filter alone shows that most new positions are
    /// new.
    hash_filter: Vec<u64>,
    /// For each vertex, whether a black (bit 0) or white (bit 1) stone was ever captured there.
    captured_from: Vec<u8>,
}

impl Clone for History {
    /// Clones the history with the capacity for further moves.
    fn clone(&self) -> Self {
        let mut clone = History {
            plies: Vec::with_capacity(self.plies.capacity()),
            captured: Vec::with_capacity(self.captured.capacity()),
            ..History::default()
        };
        clone.clone_from(self);
        clone
    }

    fn clone_from(&mut self, from: &Self) {
        self.plies.clone_from(&from.plies);
        self.captured.clone_from(&from.captured);
        self.first = from.first;
        self.first_to_play = from.first_to_play;
        self.hash_filter.clone_from(&from.hash_filter);
        self.captured_from.clone_from(&from.captured_from);
    }
}

/// Code of the content of each vertex of a board.
pub(super) type Stones = [u8; MAX_VERTICES];

/// Copy of a board's stones.
pub(super) fn stones(board: &Board, geometry: &Geometry) -> Stones {
    let mut stones = [EMPTY; MAX_VERTICES];
    for (v, stone) in stones.iter_mut().enumerate().take(geometry.vertices) {
        *stone = board.stone(v as Vertex);
    }
    stones
}

impl History {
    /// Empty history of a game that begins with the position hash `hash`, with capacity for `moves` moves.
    pub(super) fn new(geometry: &Geometry, hash: u64, to_play: Color, moves: usize) -> Self {
        // Eight bits per move: two hashes rarely share a bit.
        let bits = (8 * moves).next_power_of_two().clamp(64, 1 << 14);
        let mut history = History {
            plies: Vec::with_capacity(moves),
            captured: Vec::with_capacity(moves),
            first: hash,
            first_to_play: to_play,
            hash_filter: vec![0; bits / 64],
            captured_from: vec![0; geometry.vertices],
        };
        history.insert_hash(hash);
        history
    }

    #[inline]
    fn slot(&self, hash: u64) -> (usize, u64) {
        ((hash >> 6) as usize & (self.hash_filter.len() - 1), 1 << (hash & 63))
    }

    #[inline]
    fn insert_hash(&mut self, hash: u64) {
        let (word, bit) = self.slot(hash);
        self.hash_filter[word] |= bit;
    }

    /// Player to move before the last move; the player to move at the start if there was no move.
    pub(super) fn to_play_before_last(&self) -> Color {
        match self.plies[..] {
            [.., before, _] => before.to_play,
            _ => self.first_to_play,
        }
    }

    /// Records a captured stone.
    #[inline]
    pub(super) fn record_capture(&mut self, vertex: Vertex, color: Color) {
        self.captured.push(vertex);
        self.captured_from[usize::from(vertex)] |= 1 << color as u8;
    }

    /// Records a move; call this after [`History::record_capture`] for each captured stone.
    #[inline]
    pub(super) fn push(&mut self, hash: u64, point: Point, color: Color, resumed: bool) {
        let captured_end = self.captured.len() as u32;
        self.plies.push(Ply { hash, point, color, to_play: color.other(), resumed, captured_end });
        self.insert_hash(hash);
    }

    /// Whether a stone of `color` was ever captured on `vertex`. If none was and `vertex` is empty, no earlier position
    /// had a stone of `color` there, so such a move repeats no position.
    #[inline]
    pub(super) fn may_repeat(&self, vertex: Vertex, color: Color) -> bool {
        self.captured_from[usize::from(vertex)] & (1 << color as u8) != 0
    }

    /// Number of the move after which the position with the hash `hash` was on the board (0: the start); `None` for a
    /// new position. `now` returns the present stones and the stones searched for. Equal hashes are only a hint; the
    /// stones are compared.
    pub(super) fn find(
        &self,
        geometry: &Geometry,
        ko: Ko,
        hash: u64,
        to_play: Color,
        now: impl Fn() -> (Stones, Stones),
    ) -> Option<u32> {
        let (word, bit) = self.slot(hash);
        if self.hash_filter[word] & bit == 0 {
            return None;
        }
        let same_turn = |of: Color| ko != Ko::Situational || of == to_play;
        let candidates = self.plies.iter().rev().any(|ply| ply.hash == hash && same_turn(ply.to_play))
            || (self.first == hash && same_turn(self.first_to_play));
        if !candidates {
            return None;
        }
        let (mut earlier, wanted) = now();
        for (n, ply) in self.plies.iter().enumerate().rev() {
            if ply.hash == hash && same_turn(ply.to_play) && earlier == wanted {
                return Some(n as u32 + 1);
            }
            self.undo(geometry, n, &mut earlier);
        }
        (self.first == hash && same_turn(self.first_to_play) && earlier == wanted).then_some(0)
    }

    /// Undoes move number `n` (from 0), the last move that `stones` includes, on this copy of the stones.
    pub(super) fn undo(&self, geometry: &Geometry, n: usize, stones: &mut Stones) {
        let ply = &self.plies[n];
        if usize::from(ply.point) >= geometry.vertex.len() {
            return;
        }
        let from = n.checked_sub(1).map_or(0, |before| self.plies[before].captured_end);
        let captured = &self.captured[from as usize..ply.captured_end as usize];
        let at = geometry.vertex(ply.point);
        let captured_color = if captured.contains(&at) { ply.color } else { ply.color.other() };
        for &v in captured {
            stones[usize::from(v)] = captured_color as u8;
        }
        stones[usize::from(at)] = EMPTY;
    }
}

/// Hash of a position for the ko rule; under situational superko the hash includes the player to move.
#[inline]
pub(super) fn key(geometry: &Geometry, ko: Ko, hash: u64, to_play: Color) -> u64 {
    match (ko, to_play) {
        (Ko::Situational, Color::White) => hash ^ geometry.white_to_move,
        _ => hash,
    }
}

/// Serialized move: color, point, and whether the move resumed the game.
type Entry = (Color, Point, bool);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    rules: Rules,
    setup: Setup,
    moves: Vec<Entry>,
    to_play: Color,
    resumed: bool,
}

impl TryFrom<Record> for Game {
    type Error = Error;

    fn try_from(record: Record) -> Result<Game, Error> {
        let mut game = Game::with_setup(record.rules, record.setup)?;
        for (n, (color, point, resumed)) in record.moves.into_iter().enumerate() {
            if resumed {
                game.resume();
            }
            game.set_to_play(color);
            let illegal = |why| Error::Config(format!("move {}, point {point}: {why}", n + 1));
            game.play(point).map_err(illegal)?;
        }
        game.set_to_play(record.to_play);
        if record.resumed {
            game.resume();
        }
        Ok(game)
    }
}

impl Serialize for Game {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let moves = self.moves().zip(self.resumptions()).map(|(m, resumed)| (m.color, m.point, resumed));
        let record = Record {
            rules: *self.rules(),
            setup: self.setup().clone(),
            moves: moves.collect(),
            to_play: self.to_play(),
            resumed: self.is_resumed(),
        };
        record.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Game {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Game::try_from(Record::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}
