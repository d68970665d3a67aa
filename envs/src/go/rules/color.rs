//! Black and White.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A player, and the color of the stones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Color {
    /// Moves first, without a handicap.
    #[default]
    Black = 0,
    /// Moves second.
    White = 1,
}

impl Color {
    /// Both, Black first.
    pub const BOTH: [Color; 2] = [Color::Black, Color::White];

    /// The other one.
    #[inline]
    pub fn other(self) -> Self {
        match self {
            Color::Black => Color::White,
            Color::White => Color::Black,
        }
    }

    /// 1 for Black, -1 for White: the sign of a score for Black.
    #[inline]
    pub fn sign(self) -> i32 {
        match self {
            Color::Black => 1,
            Color::White => -1,
        }
    }
}
