//! SGF FF\[4\] text of a whole game tree, with its variations and all properties.

use std::fmt::Write;

use freewheel_core::input;

use super::record::{EventKind, GameRecord};
use super::tree::{GameTree, Node, Property, SgfError, Warning};

impl GameTree {
    /// Game as valid SGF FF\[4\] in UTF-8, and the warnings about it.
    ///
    /// All nodes and variations are kept. Values that Freewheel understands are written in the standard's form: board
    /// size, komi, handicap, points, passes, player to move. A node with several moves, or with setup and a move,
    /// becomes several nodes. Control characters are removed.
    ///
    /// # Errors
    /// Errors of [`GameRecord::from_tree`]; [`SgfError`] if the text has more than [`input::max_bytes`], as lists of
    /// points are written point by point.
    pub fn to_sgf(&self) -> Result<(String, Vec<Warning>), SgfError> {
        let record = GameRecord::from_tree(self)?;
        let limit = input::max_bytes().unwrap_or(u64::MAX);
        let (width, height) = (record.width, record.height);
        let reader = GameRecord { width, height, ..GameRecord::default() };
        let mut writer = Writer { out: String::new(), reader, nodes: 0 };
        // Nodes to write, the next one last; `None` ends a variation.
        let mut open: Vec<Option<(usize, bool)>> = vec![None, Some((0, true))];
        while let Some(next) = open.pop() {
            let Some((index, begins)) = next else {
                writer.out.push(')');
                continue;
            };
            if begins {
                writer.out.push_str(if writer.out.is_empty() { "(" } else { "\n(" });
                writer.nodes = 0;
            }
            let Some(node) = self.nodes.get(index) else { continue };
            writer.node(node, index == 0);
            if writer.out.len() as u64 > limit {
                let message = format!("the game has more than {limit} bytes in FF[4]; split it");
                return Err(node.location.error(message));
            }
            match *node.children.as_slice() {
                [only] => open.push(Some((only, false))),
                ref several => {
                    open.extend(several.iter().rev().flat_map(|&child| [None, Some((child, true))]));
                }
            }
        }
        writer.out.push('\n');
        let mut warnings = record.warnings;
        warnings
            .extend(writer.reader.warnings.into_iter().filter(|warning| warning.location != self.location));
        warnings.sort_by_key(|warning| warning.location);
        warnings.dedup();
        Ok((writer.out, warnings))
    }

    /// Warnings about points off the board in the variations, which a [`GameRecord`] does not read.
    pub fn variation_warnings(&self, record: &GameRecord) -> Vec<Warning> {
        let (width, height) = (record.width, record.height);
        let mut reader = GameRecord { width, height, ..GameRecord::default() };
        let mut main_line = self.main_line().map(|node| node.location).peekable();
        for node in &self.nodes {
            if main_line.next_if_eq(&node.location).is_none()
                && let Err(error) = reader.read_events(node)
            {
                reader.warn(error.location, || format!("in a variation: {}", error.message));
            }
            reader.events.clear();
        }
        reader.warnings
    }
}

/// Number of nodes in each line of the text.
const NODES: usize = 12;

struct Writer {
    out: String,
    /// Reader of the points of one node.
    reader: GameRecord,
    /// Number of nodes since the begin of the variation.
    nodes: usize,
}

impl Writer {
    fn node(&mut self, node: &Node, is_root: bool) {
        let reader = &mut self.reader;
        reader.events.clear();
        (reader.komi, reader.handicap) = (None, 0);
        if let Err(error) = reader.read_events(node) {
            reader.warn(error.location, || format!("in a variation, skipped: {}", error.message));
        }
        reader.read_game_info(node, is_root);
        self.begin();
        if is_root {
            self.out.push_str("FF[4]GM[1]CA[UTF-8]");
            self.reader.write_size(&mut self.out);
        }
        if let Some(komi) = self.reader.komi {
            let _ = write!(self.out, "KM[{komi}]");
        }
        if self.reader.handicap > 0 {
            let _ = write!(self.out, "HA[{}]", self.reader.handicap);
        }
        let (info, other): (Vec<_>, Vec<_>) = node
            .properties
            .iter()
            .filter(|property| !is_rewritten(property, is_root))
            .partition(|property| GAME_INFO.contains(&property.name.as_str()));
        info.into_iter().for_each(|property| self.property(property));
        let events = std::mem::take(&mut self.reader.events);
        for (n, event) in events.iter().enumerate() {
            if n > 0 || is_root && matches!(event.kind, EventKind::Move(_)) {
                self.begin();
            }
            let _ = self.reader.write_event(&event.kind, &mut self.out);
        }
        self.reader.events = events;
        other.into_iter().for_each(|property| self.property(property));
    }

    fn begin(&mut self) {
        if self.nodes > 0 && self.nodes.is_multiple_of(NODES) {
            self.out.push('\n');
        }
        self.nodes += 1;
        self.out.push(';');
    }

    /// Writes a property with its values as they are, without control characters.
    fn property(&mut self, property: &Property) {
        self.out.push_str(&property.name);
        for value in &property.values {
            self.out.push('[');
            let mut chars = value.raw.chars().peekable();
            while let Some(c) = chars.next() {
                match c {
                    '\r' => {
                        chars.next_if_eq(&'\n');
                        self.out.push('\n');
                    }
                    '\n' => {
                        chars.next_if_eq(&'\r');
                        self.out.push('\n');
                    }
                    '\t' | '\u{b}' | '\u{c}' => self.out.push(' '),
                    // The character after an escape is written with it.
                    '\\' if chars.peek().is_some_and(|&next| next.is_control() && !is_break(next)) => {
                        chars.next();
                    }
                    '\\' => {
                        self.out.push('\\');
                        if let Some(next) = chars.next_if(|&next| !is_break(next)) {
                            self.out.push(next);
                        }
                    }
                    c if c.is_control() => {}
                    c => self.out.push(c),
                }
            }
            self.out.push(']');
        }
    }
}

/// Properties of game info, which are written before a move of the same node.
const GAME_INFO: [&str; 22] = [
    "AN", "AP", "BR", "BT", "CP", "DT", "EV", "GC", "GN", "ON", "OT", "PB", "PC", "PW", "RE", "RO", "RU",
    "SO", "ST", "TM", "US", "WR",
];

/// Whether the property is written in another form, or not at all.
fn is_rewritten(property: &Property, is_root: bool) -> bool {
    match property.name.as_str() {
        "FF" | "GM" | "CA" | "SZ" | "KM" | "HA" | "B" | "W" | "AB" | "AW" | "AE" | "PL" => true,
        "KO" => is_root && !property.first().line().is_empty(),
        _ => false,
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r')
}
