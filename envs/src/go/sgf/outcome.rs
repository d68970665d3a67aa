//! Result of a game, as in SGF's property `RE`.

use std::fmt;

use crate::go::rules::Color;

/// Result of a game.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// One player has won.
    Win {
        /// Color of the winner.
        winner: Color,
        /// Reason of the win.
        by: WinReason,
    },
    /// The game is a draw.
    Draw,
    /// The game has no result and does not count.
    Void,
    /// The result is unknown.
    Unknown,
    /// Any other text in the property `RE`.
    Other(String),
}

/// Reason of a win.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WinReason {
    /// Win by score: margin in points, above 0.
    Score(f32),
    /// Win because the opponent resigned.
    Resignation,
    /// Win because the opponent ran out of time.
    Time,
    /// Win because the opponent broke the rules or was absent.
    Forfeit,
    /// Win for a reason that the record does not give.
    Unspecified,
}

impl Outcome {
    /// Outcome of a game with the final score `score`: Black's points minus White's.
    pub fn from_score(score: f32) -> Self {
        match score {
            0.0 => Outcome::Draw,
            score if score > 0.0 => Outcome::Win { winner: Color::Black, by: WinReason::Score(score) },
            score => Outcome::Win { winner: Color::White, by: WinReason::Score(-score) },
        }
    }

    /// Result given by the value of the property `RE`.
    pub fn parse(text: &str) -> Self {
        let small = text.to_ascii_lowercase();
        let (winner, how) = match small.split_once('+') {
            Some(("b" | "black", how)) => (Color::Black, how.trim()),
            Some(("w" | "white", how)) => (Color::White, how.trim()),
            _ => {
                return match small.as_str() {
                    "0" | "draw" | "jigo" => Outcome::Draw,
                    "void" => Outcome::Void,
                    "?" => Outcome::Unknown,
                    _ => Outcome::Other(text.to_owned()),
                };
            }
        };
        let by = match how {
            "" => WinReason::Unspecified,
            "r" | "resign" => WinReason::Resignation,
            "t" | "time" => WinReason::Time,
            "f" | "forfeit" => WinReason::Forfeit,
            number => match number.parse() {
                Ok(points) if f32::is_finite(points) && points > 0.0 => WinReason::Score(points),
                _ => return Outcome::Other(text.to_owned()),
            },
        };
        Outcome::Win { winner, by }
    }

    /// Color of the winner, if there is one.
    pub fn winner(&self) -> Option<Color> {
        match self {
            Outcome::Win { winner, .. } => Some(*winner),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Win { winner, by } => {
                out.write_str(if *winner == Color::Black { "B+" } else { "W+" })?;
                match by {
                    WinReason::Score(points) => write!(out, "{points}"),
                    WinReason::Resignation => out.write_str("R"),
                    WinReason::Time => out.write_str("T"),
                    WinReason::Forfeit => out.write_str("F"),
                    WinReason::Unspecified => Ok(()),
                }
            }
            Outcome::Draw => out.write_str("0"),
            Outcome::Void => out.write_str("Void"),
            Outcome::Unknown => out.write_str("?"),
            Outcome::Other(text) => out.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read_and_written() {
        for text in
            ["B+3.5", "W+R", "B+T", "W+F", "B+", "0", "Void", "?", "has adjourned", "B+Illegal", "+", "b"]
        {
            assert_eq!(Outcome::parse(text).to_string(), text);
        }
        for (text, written) in [
            ("b+Resign", "B+R"),
            ("White+time", "W+T"),
            ("Draw", "0"),
            ("W+0.50", "W+0.5"),
            ("B+ 12", "B+12"),
        ] {
            assert_eq!(Outcome::parse(text).to_string(), written);
        }
        assert!(matches!(Outcome::parse("B+nan"), Outcome::Other(_)));
        assert_eq!(
            [3.5, -2.0, 0.0].map(|score| Outcome::from_score(score).to_string()),
            ["B+3.5", "W+2", "0"]
        );
    }
}
