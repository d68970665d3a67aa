//! Which moves are allowed, and why others are not.

use super::board::EMPTY;
use super::geometry::Vertex;
use super::{Game, Ko, Point, history};

/// Why a move is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// The game has ended, or its move limit is reached.
    #[error("the game is over")]
    Over,
    /// The point is not on the board.
    #[error("that point is not on the board")]
    Outside,
    /// There is a stone on the point.
    #[error("that point is occupied")]
    Occupied,
    /// The stone, or the chain it joins, would have no liberty, and the rules do not allow that.
    #[error("suicide is not allowed")]
    Suicide,
    /// A stone that has just taken in a ko may not be retaken at once.
    #[error("a ko may not be retaken at once")]
    Ko,
    /// The move would recreate an earlier position of the game.
    #[error("the position after move {of} would stand again (superko)")]
    Repetition {
        /// After how many moves that position stood.
        of: u32,
    },
}

impl Game {
    /// Whether the player to move may play on `point`, or pass.
    pub fn legal(&self, point: Point) -> bool {
        self.check(point).is_ok()
    }

    /// Writes which moves are legal, `[area + 1]`, the pass last; none is when the game is over.
    pub fn legal_mask(&self, out: &mut [bool]) {
        out.fill(false);
        if self.is_over() || self.is_truncated() {
            return;
        }
        for &v in self.board.empties() {
            if self.check_stone(v).is_ok()
                && let Some(legal) = out.get_mut(usize::from(self.shared.geometry.point(v)))
            {
                *legal = true;
            }
        }
        if let Some(pass) = out.get_mut(self.area()) {
            *pass = true;
        }
    }

    /// Why the player to move may not play on `point`, or pass, if so.
    ///
    /// # Errors
    /// The reason.
    pub fn check(&self, point: Point) -> Result<(), Illegal> {
        if self.is_over() || self.is_truncated() {
            return Err(Illegal::Over);
        }
        if point == self.pass() {
            return Ok(());
        }
        let vertex = self.vertex(point).ok_or(Illegal::Outside)?;
        if !self.board.is_empty(vertex) {
            return Err(Illegal::Occupied);
        }
        self.check_stone(vertex)
    }

    /// The same for a stone on an empty vertex of a game that goes on.
    #[inline]
    fn check_stone(&self, vertex: Vertex) -> Result<(), Illegal> {
        let rules = &self.shared.rules;
        let lives = self.board.lives(vertex, self.to_play);
        if !lives && !rules.suicide {
            return Err(Illegal::Suicide);
        }
        if rules.ko == Ko::Simple {
            let ko = self.ko().is_some_and(|ko| self.shared.geometry.vertex(ko) == vertex);
            return if ko { Err(Illegal::Ko) } else { Ok(()) };
        }
        if lives && !self.history.may_repeat(vertex, self.to_play) {
            return Ok(());
        }
        match self.repeats(vertex, lives) {
            Some(of) => Err(Illegal::Repetition { of }),
            None => Ok(()),
        }
    }

    /// The number of the move whose position a stone on `vertex` would recreate, if it would.
    fn repeats(&self, vertex: Vertex, lives: bool) -> Option<u32> {
        let (geometry, mover) = (&self.shared.geometry, self.to_play);
        let rules = &self.shared.rules;
        // Retaking in a ko gives the position before the last move, whatever else has happened.
        if self.ko().is_some_and(|ko| geometry.vertex(ko) == vertex)
            && (rules.ko == Ko::Positional || self.history.to_play_before_last() == mover.other())
        {
            return Some(self.move_number() - 1);
        }
        // The hash after the move; the chains it takes are few and short, mostly.
        let mut hash = self.hash;
        let mut changes = lives;
        let taken_color = if lives { mover.other() } else { mover };
        if lives {
            hash ^= geometry.hash(mover, vertex);
        }
        self.board.would_take(vertex, mover, lives, |v| {
            changes = true;
            hash ^= geometry.hash(taken_color, v);
        });
        // A lone stone that takes itself leaves the position as it is.
        if !changes && rules.ko == Ko::Positional {
            return Some(self.move_number());
        }
        let key = history::key(geometry, rules.ko, hash, mover.other());
        self.history.find(geometry, rules.ko, key, mover.other(), || {
            let now = history::stones(&self.board, geometry);
            let mut after = now;
            if lives {
                after[usize::from(vertex)] = mover as u8;
            }
            self.board.would_take(vertex, mover, lives, |v| after[usize::from(v)] = EMPTY);
            (now, after)
        })
    }
}
