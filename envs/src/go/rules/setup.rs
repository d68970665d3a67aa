//! The position a game begins with: nothing, handicap stones, or a problem.

use freewheel_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Color, Point, Rules};

/// The position a game begins with. By default the empty board, Black to move.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// Points of black stones.
    pub black: Vec<Point>,
    /// Points of white stones.
    pub white: Vec<Point>,
    /// Who moves first.
    pub to_play: Color,
    /// How many of the black stones are a handicap, for which White may be given points, see
    /// [`Compensation`](super::Compensation).
    pub handicap: u16,
}

impl Setup {
    /// Handicap stones on the fixed points of GTP 2 (section 4.1.1), White to move.
    ///
    /// # Errors
    /// [`Error::Config`] where the board has no fixed points for that many: it must be a square of side 7 or more; 5 to 9
    /// stones need an odd side, and a side of 7 takes 4 at most.
    pub fn fixed_handicap(rules: &Rules, stones: u16) -> Result<Self> {
        let side = u16::from(rules.width);
        let most = match side {
            _ if rules.width != rules.height || side < 7 => 0,
            7 => 4,
            _ if side % 2 == 0 => 4,
            _ => 9,
        };
        if stones < 2 || stones > most {
            let (width, height) = (rules.width, rules.height);
            return Err(Error::Config(format!(
                "`handicap` of {stones} on {width}x{height}: fixed points exist for 2 to {most} stones there; place them freely"
            )));
        }
        let low = if side >= 13 { 3 } else { 2 };
        let (high, middle) = (side - 1 - low, side / 2);
        let point = |column: u16, row: u16| row * side + column;
        let corners = [point(low, low), point(high, high), point(low, high), point(high, low)];
        let sides = [point(low, middle), point(high, middle), point(middle, low), point(middle, high)];
        let mut black: Vec<Point> = corners.into_iter().take(usize::from(stones)).collect();
        if stones > 4 {
            black.extend(sides.into_iter().take(usize::from(stones - 4) & !1));
        }
        if stones > 4 && stones % 2 == 1 {
            black.push(point(middle, middle));
        }
        black.sort_unstable();
        Ok(Setup { black, white: Vec::new(), to_play: Color::White, handicap: stones })
    }

    /// Handicap stones wherever Black wants them, White to move.
    pub fn free_handicap(black: Vec<Point>) -> Self {
        let handicap = black.len() as u16;
        Setup { black, white: Vec::new(), to_play: Color::White, handicap }
    }
}
