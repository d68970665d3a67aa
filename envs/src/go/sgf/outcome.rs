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

    /// Result given by the value of the property `RE`, in the notation of SGF or in Chinese, Japanese or Korean words.
    pub fn parse(text: &str) -> Self {
        let small = text.trim().to_ascii_lowercase();
        let (winner, how) = match small.split_once('+') {
            Some(("b" | "black", how)) => (Color::Black, how.trim()),
            Some(("w" | "white", how)) => (Color::White, how.trim()),
            _ => {
                return match small.as_str() {
                    "0" | "draw" | "jigo" => Outcome::Draw,
                    "void" => Outcome::Void,
                    "?" => Outcome::Unknown,
                    _ => in_words(&small).unwrap_or_else(|| Outcome::Other(text.to_owned())),
                };
            }
        };
        let by = match how {
            "" => WinReason::Unspecified,
            "r" | "resign" => WinReason::Resignation,
            "t" | "time" => WinReason::Time,
            "f" | "forfeit" => WinReason::Forfeit,
            number => match points(number) {
                Some(points) => WinReason::Score(points),
                None => return Outcome::Other(text.to_owned()),
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

/// Margin in points from a text such as `3.5`, `3,5` or `3.5 points`.
fn points(text: &str) -> Option<f32> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if !matches!(unit.trim(), "" | "p" | "pt" | "pts" | "point" | "points" | "moku" | "目") {
        return None;
    }
    digits.replace(',', ".").parse().ok().filter(|points| f32::is_finite(*points) && *points > 0.0)
}

/// Result in words: 黑中盘胜, 黒中押し勝ち, 白勝4目半, 흑 불계승. A margin in stones (子) is left as it is written.
fn in_words(text: &str) -> Option<Outcome> {
    // Japanese records begin with the number of moves.
    let text = text
        .rsplit_once("完")
        .map_or(text, |(_, result)| result)
        .trim_start_matches([',', '、', '，', ' ', '.']);
    if ["持碁", "ジゴ", "和棋", "无胜负", "無勝負"].contains(&text) {
        return Some(if text.contains('无') || text.contains('無') {
            Outcome::Void
        } else {
            Outcome::Draw
        });
    }
    let (winner, rest) = if let Some(rest) = text.strip_prefix(['黑', '黒', '흑']) {
        (Color::Black, rest)
    } else {
        (Color::White, text.strip_prefix(['白', '백'])?)
    };
    let has = |words: &[&str]| words.iter().any(|word| rest.contains(word));
    // The color's player has won, not lost.
    if !has(&["胜", "勝", "승", "贏", "赢"]) || has(&["负", "敗", "败"]) {
        return None;
    }
    let by = if has(&["中押", "中盘", "中盤", "불계", "不計", "不计"]) {
        WinReason::Resignation
    } else if has(&["时", "時", "시간"]) {
        WinReason::Time
    } else if has(&["反則", "犯规", "犯規", "반칙"]) {
        WinReason::Forfeit
    } else {
        let digits = rest.find(|c: char| c.is_ascii_digit());
        match digits.map(|start| &rest[start..]) {
            None if has(&["半目", "반집"]) => WinReason::Score(0.5),
            None => WinReason::Unspecified,
            Some(number) => {
                let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
                let (digits, unit) = number.split_at(end);
                let whole: f32 = digits.parse().ok()?;
                match unit.trim_matches(['胜', '勝', '승', 'ち', ' ']) {
                    "目" | "집" => WinReason::Score(whole),
                    "目半" | "집반" => WinReason::Score(whole + 0.5),
                    _ => return None,
                }
            }
        }
    };
    Some(Outcome::Win { winner, by })
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
            ("B+3,5", "B+3.5"),
            ("W+2.5 points", "W+2.5"),
            ("黑中盘胜", "B+R"),
            ("白勝4目半", "W+4.5"),
            ("257手完, 黒中押し勝ち", "B+R"),
            ("白半目勝ち", "W+0.5"),
            ("흑 불계승", "B+R"),
            ("白2目半勝ち", "W+2.5"),
            ("黑超时负", "黑超时负"),
            ("黑胜1又3/4子", "黑胜1又3/4子"),
            ("持碁", "0"),
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
