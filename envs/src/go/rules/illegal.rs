//! Why a move is not allowed.

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
