//! Legality of moves: checks under the rules of a game.

use super::board::EMPTY;
use super::geometry::Vertex;
use super::{Game, Ko, Point, history};

/// Reason why a move is illegal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalMove {
    /// The game has ended, or its move limit is reached.
    #[error("the game is over")]
    Over,
    /// The point is not on the board.
    #[error("that point is not on the board")]
    Outside,
    /// There is a stone on the point.
    #[error("that point is occupied")]
    Occupied,
    /// The new stone, or the chain that the stone joins, would have no liberty, and the rules forbid suicide.
    #[error("suicide is not allowed")]
    Suicide,
    /// The stone that has just captured in a ko may not be captured at once.
    #[error("a ko may not be retaken at once")]
    Ko,
    /// The move would recreate an earlier position of the game.
    #[error("it recreates the position after move {after_move} (superko)")]
    Repetition {
        /// Number of moves after which that position was on the board.
        after_move: u32,
    },
}

impl Game {
    /// Whether the player to move may play on `point`, or pass.
    pub fn legal(&self, point: Point) -> bool {
        self.check(point).is_ok()
    }

    /// Writes the mask of legal moves to `out`, `[area + 1]`: the points of the board, then the pass; all false if the
    /// game is over.
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

    /// Checks whether the player to move may play on `point`, or pass.
    ///
    /// # Errors
    /// [`IllegalMove`]: the reason why the move is illegal.
    pub fn check(&self, point: Point) -> Result<(), IllegalMove> {
        if self.is_over() || self.is_truncated() {
            return Err(IllegalMove::Over);
        }
        if point == self.pass() {
            return Ok(());
        }
        let vertex = self.vertex(point).ok_or(IllegalMove::Outside)?;
        if !self.board.is_empty(vertex) {
            return Err(IllegalMove::Occupied);
        }
        self.check_stone(vertex)
    }

    /// Same as [`Game::check`], for a stone on an empty vertex of a game that is not over.
    #[inline]
    fn check_stone(&self, vertex: Vertex) -> Result<(), IllegalMove> {
        let rules = &self.shared.rules;
        let lives = self.board.lives(vertex, self.to_play);
        if !lives && !rules.suicide {
            return Err(IllegalMove::Suicide);
        }
        if rules.ko == Ko::Simple {
            let ko = self.ko().is_some_and(|ko| self.shared.geometry.vertex(ko) == vertex);
            return if ko { Err(IllegalMove::Ko) } else { Ok(()) };
        }
        if lives && !self.history.may_repeat(vertex, self.to_play) {
            return Ok(());
        }
        match self.repeats(vertex, lives) {
            Some(after_move) => Err(IllegalMove::Repetition { after_move }),
            None => Ok(()),
        }
    }

    /// Number of the move after which the board was the same as after a stone on `vertex`; `None` for a new position.
    fn repeats(&self, vertex: Vertex, lives: bool) -> Option<u32> {
        let (geometry, mover) = (&self.shared.geometry, self.to_play);
        let rules = &self.shared.rules;
        // Retaking a ko always recreates the position before the last move.
        if self.ko().is_some_and(|ko| geometry.vertex(ko) == vertex)
            && (rules.ko == Ko::Positional || self.history.to_play_before_last() == mover.other())
        {
            return Some(self.move_number() - 1);
        }
        // Hash after the move; the captured chains are mostly few and short.
        let mut hash = self.hash;
        let mut changes = lives;
        let captured_color = if lives { mover.other() } else { mover };
        if lives {
            hash ^= geometry.hash(mover, vertex);
        }
        self.board.would_capture(vertex, mover, lives, |v| {
            changes = true;
            hash ^= geometry.hash(captured_color, v);
        });
        // A single stone that captures itself leaves the position unchanged.
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
            self.board.would_capture(vertex, mover, lives, |v| after[usize::from(v)] = EMPTY);
            (now, after)
        })
    }
}
