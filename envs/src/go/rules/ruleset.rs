//! What has to be agreed on before a game: board, komi, ko, suicide, handicap.

use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Point;

/// The longest side of a board, points.
pub const MAX_SIDE: u8 = 19;

/// Which repetitions are forbidden. Passing is always allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ko {
    /// A single stone that has just taken a single stone may not be retaken at once.
    Simple,
    /// No move may recreate a whole-board position of this game, whoever is to move.
    #[default]
    Positional,
    /// No move may recreate a whole-board position of this game with the same player to move.
    Situational,
}

/// The points White is given for Black's handicap stones under area scoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compensation {
    /// None (Tromp-Taylor).
    #[default]
    None,
    /// One for every stone (Chinese rules).
    Stones,
    /// One for every stone but the first (AGA rules).
    StonesLessOne,
}

/// The rules of a game.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Columns, 1 to 19.
    pub width: u8,
    /// Rows, 1 to 19.
    pub height: u8,
    /// Points White is given for moving second; a multiple of 0.5, within ±1000.
    pub komi: f32,
    /// Which repetitions are forbidden.
    pub ko: Ko,
    /// Whether a move may take the mover's own stones. A move that takes only itself leaves the board as it was:
    /// positional superko forbids it, simple ko does not.
    pub suicide: bool,
    /// What White is given for handicap stones.
    pub compensation: Compensation,
    /// Moves (passes counted) after which a game is cut short, if any.
    pub move_limit: Option<u32>,
}

impl Rules {
    /// The Tromp-Taylor rules on a square board: area scoring, positional superko, suicide allowed. Komi 7.5 from 7x7
    /// up and 0 on smaller boards, which are read by their score; at most 2 * size² moves, as in AlphaGo Zero.
    pub fn tromp_taylor(size: u8) -> Self {
        let moves = 2 * u32::from(size) * u32::from(size);
        Rules {
            width: size,
            height: size,
            komi: if size >= 7 { 7.5 } else { 0.0 },
            ko: Ko::Positional,
            suicide: true,
            compensation: Compensation::None,
            move_limit: Some(moves),
        }
    }

    /// Chinese rules on a square board, as computers play them: area scoring, positional superko, no suicide, one
    /// point for each handicap stone. Komi and move limit as for [`Rules::tromp_taylor`].
    pub fn chinese(size: u8) -> Self {
        Rules { suicide: false, compensation: Compensation::Stones, ..Rules::tromp_taylor(size) }
    }

    /// The number of points, which is also the number of the pass.
    pub fn area(&self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }

    /// The pass: the number after the last point's.
    pub fn pass(&self) -> Point {
        self.area() as Point
    }

    /// Whether these rules can be played by.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting that is out of its range.
    pub fn check(&self) -> Result<()> {
        let sides = 1..=MAX_SIDE;
        if !sides.contains(&self.width) || !sides.contains(&self.height) {
            let (width, height) = (self.width, self.height);
            return Err(Error::Config(format!("a board of {width}x{height}: sides go from 1 to {MAX_SIDE}")));
        }
        // Written so that NaN fails.
        let halves = self.komi * 2.0;
        if !(self.komi.abs() <= 1000.0 && halves == halves.round()) {
            let komi = self.komi;
            return Err(Error::Config(format!(
                "`komi` is {komi}; give a multiple of 0.5 between -1000 and 1000"
            )));
        }
        if self.move_limit == Some(0) {
            return Err(Error::Config("`move_limit` is 0; give at least 1, or none".into()));
        }
        Ok(())
    }

    /// What White is given for `stones` handicap stones.
    pub fn compensation_for(&self, stones: u16) -> f32 {
        f32::from(match self.compensation {
            Compensation::None => 0,
            Compensation::Stones => stones,
            Compensation::StonesLessOne => stones.saturating_sub(1),
        })
    }
}
