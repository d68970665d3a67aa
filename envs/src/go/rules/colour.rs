//! Black and White.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A player, and the colour of the stones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Colour {
    /// Moves first, without a handicap.
    #[default]
    Black = 0,
    /// Moves second.
    White = 1,
}

impl Colour {
    /// Both, Black first.
    pub const BOTH: [Colour; 2] = [Colour::Black, Colour::White];

    /// The other one.
    #[inline]
    pub fn other(self) -> Self {
        match self {
            Colour::Black => Colour::White,
            Colour::White => Colour::Black,
        }
    }

    /// 1 for Black, -1 for White: the sign of a score for Black.
    #[inline]
    pub fn sign(self) -> i32 {
        match self {
            Colour::Black => 1,
            Colour::White => -1,
        }
    }
}
