//! Rules of a game and its start: board, komi, ko, suicide, handicap.

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Point;

/// Largest side of a board, points.
pub const MAX_SIDE: u8 = 19;

/// Choice of the ko rule, that is, which repetitions are illegal. A pass is always legal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ko {
    /// Simple ko: a single stone that has just captured a single stone may not be captured at once.
    Simple,
    /// Positional superko: no move may recreate a whole-board position of the game.
    #[default]
    Positional,
    /// Situational superko: no move may recreate a whole-board position of the game with the same player to move.
    Situational,
}

impl Ko {
    /// Names of all ko rules, as read by [`Ko::from_str`](std::str::FromStr::from_str).
    pub const NAMES: [&str; 3] = ["simple", "positional", "situational"];
}

impl std::str::FromStr for Ko {
    type Err = Error;

    /// # Errors
    /// [`Error::Config`] for an unknown name; the message lists the known names.
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "simple" => Ok(Ko::Simple),
            "positional" => Ok(Ko::Positional),
            "situational" => Ok(Ko::Situational),
            _ => Err(Error::Config(settings::unknown("ko rule", name, &Ko::NAMES, ""))),
        }
    }
}

/// Choice of the points added to White's score for Black's handicap stones under area scoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compensation {
    /// No points for handicap stones (Tromp-Taylor).
    #[default]
    None,
    /// One point for each handicap stone (Chinese rules).
    Stones,
    /// One point for each handicap stone but the first (AGA rules).
    StonesLessOne,
}

/// Rules of a game.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Number of columns, 1..=19.
    pub width: u8,
    /// Number of rows, 1..=19.
    pub height: u8,
    /// Komi: points added to White's score, a multiple of 0.5, -1000..=1000.
    pub komi: f32,
    /// Ko rule.
    pub ko: Ko,
    /// Whether suicide is legal: a move that captures the mover's own stones. Suicide of a single stone leaves the
    /// board unchanged, which positional superko forbids and simple ko does not.
    pub suicide: bool,
    /// Compensation for handicap stones.
    pub compensation: Compensation,
    /// Number of moves, with passes, after which a game is truncated; `None` for no limit.
    pub move_limit: Option<u32>,
}

impl Rules {
    /// Tromp-Taylor rules on a square board: area scoring, positional superko, suicide legal. Komi is 7.5 from 7x7 on
    /// and 0 on smaller boards; the move limit is 2 * size², as in AlphaGo Zero.
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

    /// Chinese rules on a square board, as programs play them: area scoring, positional superko, no suicide, one point
    /// for each handicap stone. Komi and move limit are those of [`Rules::tromp_taylor`].
    pub fn chinese(size: u8) -> Self {
        Rules { suicide: false, compensation: Compensation::Stones, ..Rules::tromp_taylor(size) }
    }

    /// Number of points of the board.
    pub fn area(&self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }

    /// Number of the pass as a move: the number after the last point.
    pub fn pass(&self) -> Point {
        self.area() as Point
    }

    /// Checks the ranges of all fields.
    ///
    /// # Errors
    /// [`Error::Config`] with the name of the setting that is out of range.
    pub fn check(&self) -> Result<()> {
        let sides = 1..=MAX_SIDE;
        if !sides.contains(&self.width) || !sides.contains(&self.height) {
            let (width, height) = (self.width, self.height);
            return Err(Error::Config(format!("a board of {width}x{height}: sides must be 1 to {MAX_SIDE}")));
        }
        // The negated comparison also rejects NaN.
        let halves = self.komi * 2.0;
        if !(self.komi.abs() <= 1000.0 && halves == halves.round()) {
            let komi = self.komi;
            return Err(Error::Config(format!(
                "`komi` is {komi}; it must be a multiple of 0.5 from -1000 to 1000"
            )));
        }
        if self.move_limit == Some(0) {
            return Err(Error::Config("`move_limit` is 0; it must be at least 1, or left out".into()));
        }
        Ok(())
    }

    /// Points added to White's score for `stones` handicap stones. One stone is the first move, not a handicap.
    pub fn compensation_for(&self, stones: u16) -> f32 {
        let stones = if stones < 2 { 0 } else { stones };
        f32::from(match self.compensation {
            Compensation::None => 0,
            Compensation::Stones => stones,
            Compensation::StonesLessOne => stones.saturating_sub(1),
        })
    }
}

/// Color of a stone, or of the player who places stones of this color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Color {
    /// Black: moves first, unless there is a handicap.
    #[default]
    Black = 0,
    /// White: moves second, unless there is a handicap.
    White = 1,
}

impl Color {
    /// Both colors, Black first.
    pub const BOTH: [Color; 2] = [Color::Black, Color::White];

    /// Color of the opponent of this player.
    #[inline]
    pub fn other(self) -> Self {
        match self {
            Color::Black => Color::White,
            Color::White => Color::Black,
        }
    }

    /// Sign of a score for this player, where positive scores are good for Black: 1 for Black, -1 for White.
    #[inline]
    pub fn sign(self) -> i32 {
        match self {
            Color::Black => 1,
            Color::White => -1,
        }
    }
}

/// Position at the start of a game: handicap stones or a problem. Default: the empty board, Black to move.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// Points of the black stones.
    pub black: Vec<Point>,
    /// Points of the white stones.
    pub white: Vec<Point>,
    /// Player who moves first.
    pub to_play: Color,
    /// Number of black stones that are a handicap, for which White may be compensated, see [`Compensation`].
    pub handicap: u16,
}

impl Setup {
    /// Start position with handicap stones on the fixed points of GTP 2 (section 4.1.1), White to move.
    ///
    /// # Errors
    /// [`Error::Config`] if the board has no fixed points for `stones`: the board must be square with a side of at
    /// least 7; 5 to 9 stones need an odd side of at least 9.
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
                "`handicap` of {stones} on {width}x{height}: fixed points exist for 2 to {most} stones; \
                 use free placement"
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

    /// Start position with the handicap stones `black` on any points, White to move.
    pub fn free_handicap(black: Vec<Point>) -> Self {
        let handicap = black.len() as u16;
        Setup { black, white: Vec::new(), to_play: Color::White, handicap }
    }
}
