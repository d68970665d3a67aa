//! Game info of a record: board size, komi, handicap, rules, players, date and result.
//!
//! A value that is not valid SGF is read as far as it is clear, and becomes a [`Warning`](super::Warning).

use super::outcome::Outcome;
use super::record::GameRecord;
use super::tree::{Node, SgfError, Value, quoted};
use crate::go::rules::{Compensation, Ko, MAX_SIDE, Rules};

/// Set of rules that SGF's property `RU` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamedRules {
    /// Chinese rules.
    Chinese,
    /// Japanese rules.
    Japanese,
    /// Korean rules.
    Korean,
    /// Rules of the American Go Association; also the British and French ones.
    Aga,
    /// New Zealand rules.
    NewZealand,
    /// Tromp-Taylor rules.
    TrompTaylor,
    /// Rules of Ing.
    Ing,
}

impl NamedRules {
    /// Rules that the value of `RU` names, in any of the usual spellings; `None` for an unknown name.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim().to_lowercase();
        let is = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
        Some(match () {
            () if is(&["chinese", "china", "cn", "\u{4e2d}", "zhongguo"]) => NamedRules::Chinese,
            () if is(&["japan", "jp", "\u{65e5}\u{672c}", "nihon"]) => NamedRules::Japanese,
            () if is(&["korea", "kr", "\u{97d3}", "\u{97e9}", "\u{d55c}\u{ad6d}"]) => NamedRules::Korean,
            () if is(&["aga", "american", "bga", "british", "french", "ffg"]) => NamedRules::Aga,
            () if is(&["new zealand", "newzealand", "new-zealand", "nz"]) => NamedRules::NewZealand,
            () if is(&["tromp", "tt"]) => NamedRules::TrompTaylor,
            () if is(&["ing", "goe", "\u{61c9}", "\u{5e94}"]) => NamedRules::Ing,
            () => return None,
        })
    }

    /// Name as on the command line: `chinese`, `japanese`, `korean`, `aga`, `new-zealand`, `tromp-taylor`, `ing`.
    pub fn name(self) -> &'static str {
        match self {
            NamedRules::Chinese => "chinese",
            NamedRules::Japanese => "japanese",
            NamedRules::Korean => "korean",
            NamedRules::Aga => "aga",
            NamedRules::NewZealand => "new-zealand",
            NamedRules::TrompTaylor => "tromp-taylor",
            NamedRules::Ing => "ing",
        }
    }
}

impl GameRecord {
    /// Rules that `RU` names; `None` for a missing or unknown name.
    pub fn named_rules(&self) -> Option<NamedRules> {
        NamedRules::parse(&self.rules)
    }

    /// Rules with the name in the record, and with the record's board size and komi, without move limit. Japanese,
    /// Korean, unknown and missing names give simple ko without suicide. A komi that is not a multiple of 0.5 is
    /// rounded.
    pub fn ruleset(&self) -> Rules {
        let (ko, suicide, compensation) = match self.named_rules() {
            Some(NamedRules::Chinese) => (Ko::Positional, false, Compensation::Stones),
            Some(NamedRules::Aga) => (Ko::Situational, false, Compensation::StonesLessOne),
            Some(NamedRules::NewZealand) => (Ko::Situational, true, Compensation::None),
            Some(NamedRules::TrompTaylor) => (Ko::Positional, true, Compensation::None),
            Some(NamedRules::Ing) => (Ko::Simple, true, Compensation::None),
            Some(NamedRules::Japanese | NamedRules::Korean) | None => (Ko::Simple, false, Compensation::None),
        };
        let komi = playable(self.komi.unwrap_or_default());
        Rules { width: self.width, height: self.height, komi, ko, suicide, compensation, move_limit: None }
    }

    /// Reads the kind of game and the board size from the root.
    ///
    /// # Errors
    /// [`SgfError`] for a game other than Go and for a board larger than 19x19.
    pub(super) fn read_game(&mut self, root: &Node) -> Result<(), SgfError> {
        if let Some(kind) = root.property("GM") {
            let (kind, text) = (kind.first(), kind.first().line());
            match text.parse::<i64>() {
                Ok(1) => {}
                Ok(_) => {
                    let text = quoted(&text);
                    return Err(kind.location.error(format!("GM[{text}] is not Go; Go is GM[1]")));
                }
                Err(_) if text.is_empty() => {}
                Err(_) => {
                    self.warn(kind.location, || format!("GM[{}] is read as GM[1], Go", quoted(&text)));
                }
            }
        }
        let Some(size) = root.property("SZ").map(|size| size.first()) else { return Ok(()) };
        let text = size.line();
        let split = text.split_once([':', 'x', 'X', '\u{d7}', ',']);
        let (width, height) = split.unwrap_or((&text, &text));
        let (Some(width), Some(height)) = (side(width), side(height)) else {
            self.warn(size.location, || {
                format!("SZ[{}] is not a board size; the board is read as 19x19", quoted(&text))
            });
            return Ok(());
        };
        match (u8::try_from(width), u8::try_from(height)) {
            (Ok(width @ 1..=MAX_SIDE), Ok(height @ 1..=MAX_SIDE)) => {
                (self.width, self.height) = (width, height);
            }
            _ if width == 0 || height == 0 => {
                self.warn(size.location, || {
                    format!("SZ[{}] is not a board size; the board is read as 19x19", quoted(&text))
                });
            }
            _ => {
                let kind = if width == height { "a larger board" } else { "a larger, rectangular board" };
                return Err(size.location.error(format!(
                    "SZ[{}]: {kind} than {MAX_SIDE}x{MAX_SIDE} is not supported",
                    quoted(&text)
                )));
            }
        }
        if split.is_some() && (width == height || !text.contains(':')) || text.contains('.') {
            let (width, height) = (self.width, self.height);
            let correct =
                if width == height { format!("SZ[{width}]") } else { format!("SZ[{width}:{height}]") };
            self.warn(size.location, || format!("SZ[{}] is read as {correct}", quoted(&text)));
        }
        Ok(())
    }

    /// Reads the game info properties of a node. They are usually in the root, but any node may have them.
    pub(super) fn read_game_info(&mut self, node: &Node, is_root: bool) {
        for property in &node.properties {
            let value = property.first();
            match property.name.as_str() {
                "KM" => self.read_komi("KM", value),
                // The Japanese Go association writes the komi so.
                "KO" if is_root && node.property("KM").is_none() && !value.line().is_empty() => {
                    self.read_komi("KO", value);
                }
                "HA" => self.read_handicap(value),
                "RU" => self.rules = value.line(),
                "DT" => self.date = value.line(),
                "RD" if self.date.is_empty() => self.date = value.line(),
                "PB" => self.players[0].name = value.line(),
                "PW" => self.players[1].name = value.line(),
                "BR" => self.players[0].rank = value.line(),
                "WR" => self.players[1].rank = value.line(),
                "RE" => {
                    let text = value.line();
                    if !text.is_empty() {
                        self.outcome = Some(Outcome::parse(&text));
                    }
                }
                _ => {}
            }
        }
    }

    fn read_komi(&mut self, name: &str, value: &Value) {
        let text = value.line();
        if text.is_empty() {
            return;
        }
        let Some(written) = number(&text).filter(|komi| komi.is_finite()) else {
            self.warn(value.location, || {
                format!("{name}[{}] is not a number; the record has no komi", quoted(&text))
            });
            return;
        };
        let komi = chinese_komi(written).unwrap_or(written);
        self.komi = Some(komi);
        let text = quoted(&text);
        if komi != written {
            self.warn(value.location, || {
                format!("{name}[{text}] is read as {komi}, as Chinese servers count in stones or hundredths")
            });
        } else if name != "KM" || text.parse::<f32>().is_err() {
            self.warn(value.location, || format!("{name}[{text}] is read as KM[{komi}]"));
        }
        let played = playable(komi);
        if played != komi {
            self.warn(value.location, || {
                format!(
                    "{name}[{text}] is not a multiple of 0.5 from -1000 to 1000; it is replayed as {played}"
                )
            });
        } else if komi.abs() > f32::from(self.pass()) {
            self.warn(value.location, || format!("{name}[{text}] is more points than the board has"));
        }
    }

    fn read_handicap(&mut self, value: &Value) {
        let text = value.line();
        if text.is_empty() {
            return;
        }
        let stones = number(&text).filter(|stones| (0.0..=361.0).contains(stones) && stones.fract() == 0.0);
        let text = quoted(&text);
        let Some(stones) = stones else {
            self.handicap = 0;
            self.warn(value.location, || format!("HA[{text}] is not a number of stones; it is read as none"));
            return;
        };
        // One stone is the first move, without a handicap.
        self.handicap = if stones < 2.0 { 0 } else { stones as u16 };
        if stones == 1.0 {
            self.warn(value.location, || "HA[1] is no handicap".to_owned());
        } else if text.parse::<u16>().is_err() {
            self.warn(value.location, || format!("HA[{text}] is read as HA[{stones}]"));
        }
    }
}

/// Length of a side, from a text such as `19` or `19.0`.
fn side(text: &str) -> Option<u32> {
    let side = number(text)?;
    (side.fract() == 0.0 && (0.0..=1e6).contains(&side)).then_some(side as u32)
}

/// Komi in points for a komi in the notation of Chinese servers and data bases: hundredths of a point (650, 750),
/// hundredths of a stone (325, 375; a stone is two points), or quarters of a stone (3.75); `None` for other values.
/// The values are those of KataGo's reader.
fn chinese_komi(written: f32) -> Option<f32> {
    Some(match written {
        275.0 | 550.0 => 5.5,
        325.0 | 650.0 => 6.5,
        350.0 | 700.0 => 7.0,
        375.0 | 750.0 => 7.5,
        quarters if (quarters * 4.0).fract() == 0.0 && (quarters * 2.0).fract() != 0.0 => quarters * 2.0,
        _ => return None,
    })
}

/// Komi that a game can have: a multiple of 0.5, -1000..=1000.
fn playable(komi: f32) -> f32 {
    ((komi * 2.0).round() / 2.0).clamp(-1000.0, 1000.0)
}

/// Number in a text such as `6.5 points`, `6,5`, `-5.5`, `6.5` in wide digits, or `6` and a half in Japanese or
/// as a fraction.
fn number(text: &str) -> Option<f32> {
    let plain: String = text
        .chars()
        .take(200)
        .map(|c| match c {
            '\u{ff10}'..='\u{ff19}' => char::from(b'0' + (u32::from(c) - 0xff10) as u8),
            ',' | '\u{ff0c}' | '\u{ff0e}' => '.',
            '\u{2212}' | '\u{ff0d}' => '-',
            c => c,
        })
        .collect();
    if let Ok(number) = plain.trim().parse::<f32>() {
        return Some(number);
    }
    let start = plain.find(|c: char| c.is_ascii_digit())?;
    let before = plain[..start].trim_end_matches('.');
    // Letters just before a number belong to it: `x7` is no komi of 7.
    if before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let start = before.len();
    let digits =
        plain[start..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len() - start);
    let (digits, rest) = plain[start..].split_at(digits);
    let number: f32 = digits.trim_end_matches('.').parse().ok()?;
    let half = rest.trim_start().starts_with("1/2") || rest.contains(['\u{bd}', '\u{534a}']);
    let number = if half && number.fract() == 0.0 { number + 0.5 } else { number };
    Some(if before.ends_with('-') { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_texts() {
        for (text, found) in [
            ("6.5", 6.5),
            ("0,5", 0.5),
            (" 6.5 points", 6.5),
            ("5.5\u{76ee}", 5.5),
            ("\u{ff16}\u{ff0e}\u{ff15}", 6.5),
            ("\u{9ed2}6\u{76ee}\u{534a}", 6.5),
            ("6 1/2", 6.5),
            ("6\u{bd}", 6.5),
            ("-5.5 pts", -5.5),
            ("komi: 7", 7.0),
            (".5p", 0.5),
            ("7.", 7.0),
            ("+6.5", 6.5),
        ] {
            assert_eq!(number(text), Some(found), "{text}");
        }
        for text in ["", "none", "six", "x7", "-", ".", "1.2.3"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    /// The values of KataGo's reader (`cpp/dataio/sgf.cpp`, `getKomiOrDefault`).
    #[test]
    fn komi_of_chinese_servers_is_that_of_katago() {
        for (written, komi) in [
            (275.0, 5.5),
            (550.0, 5.5),
            (325.0, 6.5),
            (650.0, 6.5),
            (350.0, 7.0),
            (700.0, 7.0),
            (375.0, 7.5),
            (750.0, 7.5),
            (3.75, 7.5),
            (2.75, 5.5),
            (3.25, 6.5),
        ] {
            assert_eq!(chinese_komi(written), Some(komi), "{written}");
        }
        for written in [0.0, 0.5, 5.5, 6.5, 7.0, 7.5, -7.5, 100.0, 6.3] {
            assert_eq!(chinese_komi(written), None, "{written}");
        }
    }

    #[test]
    fn rules_have_many_names() {
        use NamedRules::*;
        for (text, rules) in [
            ("Chinese", Some(Chinese)),
            ("chinese, pair go", Some(Chinese)),
            ("\u{4e2d}\u{56fd}", Some(Chinese)),
            ("Japanese", Some(Japanese)),
            ("jp", Some(Japanese)),
            ("AGA", Some(Aga)),
            ("NZ", Some(NewZealand)),
            ("New Zealand", Some(NewZealand)),
            ("Tromp-Taylor", Some(TrompTaylor)),
            ("GOE", Some(Ing)),
            ("Korean", Some(Korean)),
            ("koSIMPLEscoreAREA", None),
            ("", None),
        ] {
            assert_eq!(NamedRules::parse(text), rules, "{text}");
        }
    }
}
