//! How a game ended, as SGF's `RE` says it.

use std::fmt;

use crate::go::rules::Color;

/// How a game ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// One player won.
    Win {
        /// Who.
        winner: Color,
        /// How.
        by: By,
    },
    /// Nobody won.
    Draw,
    /// It does not count.
    Void,
    /// Nobody knows.
    Unknown,
    /// Something else, in the file's own words.
    Other(String),
}

/// How a game was won.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    /// By so many points.
    Score(f32),
    /// The other resigned.
    Resignation,
    /// The other ran out of time.
    Time,
    /// The other broke the rules, or did not come.
    Forfeit,
    /// That is not said.
    Unsaid,
}

impl Outcome {
    /// What a final score says: Black's points minus White's.
    pub fn of_score(score: f32) -> Self {
        match score {
            0.0 => Outcome::Draw,
            score if score > 0.0 => Outcome::Win { winner: Color::Black, by: By::Score(score) },
            score => Outcome::Win { winner: Color::White, by: By::Score(-score) },
        }
    }

    /// Reads the value of `RE`.
    pub fn read(text: &str) -> Self {
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
            "" => By::Unsaid,
            "r" | "resign" => By::Resignation,
            "t" | "time" => By::Time,
            "f" | "forfeit" => By::Forfeit,
            number => match number.parse() {
                Ok(points) if f32::is_finite(points) && points > 0.0 => By::Score(points),
                _ => return Outcome::Other(text.to_owned()),
            },
        };
        Outcome::Win { winner, by }
    }

    /// Who won, if anybody did.
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
                    By::Score(points) => write!(out, "{points}"),
                    By::Resignation => out.write_str("R"),
                    By::Time => out.write_str("T"),
                    By::Forfeit => out.write_str("F"),
                    By::Unsaid => Ok(()),
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
            assert_eq!(Outcome::read(text).to_string(), text);
        }
        for (text, written) in [
            ("b+Resign", "B+R"),
            ("White+time", "W+T"),
            ("Draw", "0"),
            ("W+0.50", "W+0.5"),
            ("B+ 12", "B+12"),
        ] {
            assert_eq!(Outcome::read(text).to_string(), written);
        }
        assert!(matches!(Outcome::read("B+nan"), Outcome::Other(_)));
        assert_eq!([3.5, -2.0, 0.0].map(|score| Outcome::of_score(score).to_string()), ["B+3.5", "W+2", "0"]);
    }
}
