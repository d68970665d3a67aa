//! SGF text of a record.

use std::fmt::{self, Write};

use super::record::{Edit, EventKind, GameRecord};
use super::tree::escape;
use crate::go::rules::{Color, Point};

/// Number of moves in each line of the text.
const MOVES: usize = 12;

/// Writes SGF FF\[4\] in UTF-8, one node for each move.
impl fmt::Display for GameRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(;FF[4]GM[1]CA[UTF-8]")?;
        self.write_size(out);
        if let Some(komi) = self.komi.filter(|komi| komi.is_finite()) {
            write!(out, "KM[{komi}]")?;
        }
        if self.handicap > 0 {
            write!(out, "HA[{}]", self.handicap)?;
        }
        let [black, white] = &self.players;
        let outcome = self.outcome.as_ref().map(ToString::to_string).unwrap_or_default();
        let game_info = [
            ("RU", &self.rules),
            ("PB", &black.name),
            ("BR", &black.rank),
            ("PW", &white.name),
            ("WR", &white.rank),
            ("DT", &self.date),
            ("RE", &outcome),
        ];
        for (name, text) in game_info.into_iter().filter(|(_, text)| !text.is_empty()) {
            let text: String = text.chars().filter(|c| !c.is_control()).collect();
            write!(out, "{name}[{}]", escape(&text))?;
        }
        let mut in_line = 0;
        for (n, event) in self.events.iter().enumerate() {
            match &event.kind {
                // A setup before the first move is part of the root.
                EventKind::Edit(_) if n == 0 => {}
                EventKind::Edit(_) => out.write_str("\n;")?,
                EventKind::Move(_) => {
                    if in_line % MOVES == 0 {
                        out.write_char('\n')?;
                    }
                    in_line += 1;
                    out.write_char(';')?;
                }
            }
            self.write_event(&event.kind, out)?;
        }
        out.write_str(")\n")
    }
}

impl GameRecord {
    /// Writes the property `SZ`.
    pub(super) fn write_size(&self, out: &mut impl Write) {
        let _ = match (self.width, self.height) {
            (width, height) if width == height => write!(out, "SZ[{width}]"),
            (width, height) => write!(out, "SZ[{width}:{height}]"),
        };
    }

    /// Writes the properties of an event.
    pub(super) fn write_event(&self, event: &EventKind, out: &mut impl Write) -> fmt::Result {
        match event {
            EventKind::Edit(edit) => self.write_edit(edit, out),
            EventKind::Move(played) => {
                let name = if played.color == Color::Black { 'B' } else { 'W' };
                write!(out, "{name}[{}]", self.letters(played.point))
            }
        }
    }

    fn write_edit(&self, edit: &Edit, out: &mut impl Write) -> fmt::Result {
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

    /// Two letters that name a point in SGF; empty for the pass.
    fn letters(&self, point: Point) -> String {
        let letter = |n: Point| char::from(b'a' + n as u8);
        if point >= self.pass() {
            return String::new();
        }
        let (row, column) = (point / Point::from(self.width), point % Point::from(self.width));
        String::from_iter([letter(column), letter(Point::from(self.height) - 1 - row)])
    }
}
