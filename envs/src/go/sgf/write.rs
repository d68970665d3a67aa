//! A record as SGF text.

use std::fmt::{self, Write};

use super::record::{Edit, GameRecord, What};
use super::tree::escape;
use crate::go::rules::{Color, Point};

/// Moves a line.
const MOVES: usize = 12;

/// FF\[4\], one node a move, UTF-8.
impl fmt::Display for GameRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(;FF[4]GM[1]CA[UTF-8]")?;
        match (self.width, self.height) {
            (width, height) if width == height => write!(out, "SZ[{width}]")?,
            (width, height) => write!(out, "SZ[{width}:{height}]")?,
        }
        if let Some(komi) = self.komi.filter(|komi| komi.is_finite()) {
            write!(out, "KM[{komi}]")?;
        }
        if self.handicap > 0 {
            write!(out, "HA[{}]", self.handicap)?;
        }
        let [black, white] = &self.players;
        let outcome = self.outcome.as_ref().map(ToString::to_string).unwrap_or_default();
        let facts = [
            ("RU", &self.rules),
            ("PB", &black.name),
            ("BR", &black.rank),
            ("PW", &white.name),
            ("WR", &white.rank),
            ("DT", &self.date),
            ("RE", &outcome),
        ];
        for (name, text) in facts.into_iter().filter(|(_, text)| !text.is_empty()) {
            write!(out, "{name}[{}]", escape(text))?;
        }
        let mut in_line = 0;
        for (n, event) in self.events.iter().enumerate() {
            match &event.what {
                // What is set up before anything else stands in the root.
                What::Edit(edit) if n == 0 => self.write_edit(edit, out)?,
                What::Edit(edit) => {
                    out.write_str("\n;")?;
                    self.write_edit(edit, out)?;
                }
                What::Move(played) => {
                    if in_line % MOVES == 0 {
                        out.write_char('\n')?;
                    }
                    in_line += 1;
                    let name = if played.color == Color::Black { 'B' } else { 'W' };
                    write!(out, ";{name}[{}]", self.letters(played.point))?;
                }
            }
        }
        out.write_str(")\n")
    }
}

impl GameRecord {
    fn write_edit(&self, edit: &Edit, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, points) in [("AB", &edit.black), ("AW", &edit.white), ("AE", &edit.empty)] {
            if !points.is_empty() {
                out.write_str(name)?;
            }
            for &point in points {
                write!(out, "[{}]", self.letters(point))?;
            }
        }
        match edit.to_play {
            Some(Color::Black) => out.write_str("PL[B]"),
            Some(Color::White) => out.write_str("PL[W]"),
            None => Ok(()),
        }
    }

    /// The two letters of a point; nothing for the pass.
    fn letters(&self, point: Point) -> String {
        let letter = |n: Point| char::from(b'a' + n as u8);
        if point >= self.pass() {
            return String::new();
        }
        let (row, column) = (point / Point::from(self.width), point % Point::from(self.width));
        String::from_iter([letter(column), letter(Point::from(self.height) - 1 - row)])
    }
}
