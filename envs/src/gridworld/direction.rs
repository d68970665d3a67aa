//! The nine directions and the action sets made of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One step of the compass on the screen: row 0 is at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // The names say it.
pub enum Direction {
    Up,
    UpRight,
    Right,
    DownRight,
    Down,
    DownLeft,
    Left,
    UpLeft,
    Stay,
}

use Direction::*;

impl Direction {
    /// (rows down, columns right).
    pub fn delta(self) -> (i32, i32) {
        match self {
            Up => (-1, 0),
            UpRight => (-1, 1),
            Right => (0, 1),
            DownRight => (1, 1),
            Down => (1, 0),
            DownLeft => (1, -1),
            Left => (0, -1),
            UpLeft => (-1, -1),
            Stay => (0, 0),
        }
    }

    /// Whether both a row and a column change.
    pub fn is_diagonal(self) -> bool {
        let (rows, columns) = self.delta();
        rows != 0 && columns != 0
    }

    /// The directions at right angles to this one; `None` for [`Direction::Stay`].
    pub fn sideways(self) -> Option<[Direction; 2]> {
        Some(match self {
            Up | Down => [Left, Right],
            Left | Right => [Up, Down],
            UpRight | DownLeft => [UpLeft, DownRight],
            UpLeft | DownRight => [UpRight, DownLeft],
            Stay => return None,
        })
    }

    /// Its arrow, one column wide.
    pub fn arrow(self) -> char {
        match self {
            Up => '↑',
            UpRight => '↗',
            Right => '→',
            DownRight => '↘',
            Down => '↓',
            DownLeft => '↙',
            Left => '←',
            UpLeft => '↖',
            Stay => '·',
        }
    }

    /// Its name as it is written in a legend, such as `up-right`.
    pub fn name(self) -> &'static str {
        match self {
            Up => "up",
            UpRight => "up-right",
            Right => "right",
            DownRight => "down-right",
            Down => "down",
            DownLeft => "down-left",
            Left => "left",
            UpLeft => "up-left",
            Stay => "stay",
        }
    }
}

/// A set of actions, in the order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Moves {
    /// 0 up, 1 right, 2 down, 3 left.
    #[default]
    Four,
    /// A king's eight moves, clockwise from 0 up.
    King,
    /// A king's eight moves, then 8 stay.
    KingStay,
}

impl Moves {
    /// The directions, indexed by action.
    pub fn directions(self) -> &'static [Direction] {
        const NINE: [Direction; 9] = [Up, UpRight, Right, DownRight, Down, DownLeft, Left, UpLeft, Stay];
        match self {
            Moves::Four => &[Up, Right, Down, Left],
            Moves::King => &NINE[..8],
            Moves::KingStay => &NINE,
        }
    }
}
