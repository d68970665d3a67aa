//! Record of one game: players, rules, setup and moves.

use super::outcome::Outcome;
use super::tree::{GameTree, Location, Node, Property, SgfError, Value, Warning, quoted, warn};
use crate::go::gtp::vertex;
use crate::go::rules::{Color, Game, Move, Point, Rules};

/// Record of one game: the main line, without variations and comments.
#[derive(Clone, Debug, PartialEq)]
pub struct GameRecord {
    /// Number of columns, 1..=19 (`SZ`; default 19).
    pub width: u8,
    /// Number of rows, 1..=19.
    pub height: u8,
    /// Komi, points (`KM`).
    pub komi: Option<f32>,
    /// Number of handicap stones (`HA`), 2 or more; 0 for none.
    pub handicap: u16,
    /// Name of the rules (`RU`), such as `Japanese`; empty if missing.
    pub rules: String,
    /// Players: Black, White.
    pub players: [PlayerInfo; 2],
    /// Date (`DT`); empty if missing.
    pub date: String,
    /// Result (`RE`).
    pub outcome: Option<Outcome>,
    /// Moves and edits, in order.
    pub events: Vec<Event>,
    /// Faults of syntax and of game info that were read nevertheless.
    pub warnings: Vec<Warning>,
}

/// Name and rank of a player.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayerInfo {
    /// Name (`PB`, `PW`); empty if missing.
    pub name: String,
    /// Rank (`BR`, `WR`), such as `9d`; empty if missing.
    pub rank: String,
}

/// Move or edit, with its location in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Kind of event.
    pub kind: EventKind,
    /// Location in the file; the default value for a record that was not read from a file.
    pub location: Location,
}

/// Kind of an event in a record: a move or an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Move of either color, in turn or not.
    Move(Move),
    /// Edit of the board.
    Edit(Edit),
}

/// Edit of the board (`AB`, `AW`, `AE`, `PL`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Points that get a black stone.
    pub black: Vec<Point>,
    /// Points that get a white stone.
    pub white: Vec<Point>,
    /// Points that are emptied.
    pub empty: Vec<Point>,
    /// Player to move next, if given.
    pub to_play: Option<Color>,
}

impl Default for GameRecord {
    fn default() -> Self {
        GameRecord {
            width: 19,
            height: 19,
            komi: None,
            handicap: 0,
            rules: String::new(),
            players: Default::default(),
            date: String::new(),
            outcome: None,
            events: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl GameRecord {
    /// Record of the main line of a game tree. Game info that is not valid becomes a warning.
    ///
    /// # Errors
    /// [`SgfError`] for a game other than Go, a board larger than 19x19, and points off the board.
    pub fn from_tree(tree: &GameTree) -> Result<Self, SgfError> {
        let mut record = GameRecord { warnings: tree.warnings.clone(), ..GameRecord::default() };
        let root = tree.root();
        if let Some(root) = root {
            record.read_game(root)?;
        }
        for (n, node) in tree.main_line().enumerate() {
            record.read_game_info(node, n == 0);
            record.read_events(node)?;
        }
        Ok(record)
    }

    /// Record of a game: its size, komi, handicap, setup and moves.
    pub fn from_game(game: &Game) -> Self {
        let (rules, setup) = (game.rules(), game.setup());
        let mut events = Vec::new();
        let to_play = game.moves().next().map_or(game.to_play(), |first| first.color);
        let edit = Edit {
            black: setup.black.clone(),
            white: setup.white.clone(),
            empty: Vec::new(),
            to_play: (to_play != Color::Black).then_some(to_play),
        };
        if edit != Edit::default() {
            events.push(EventKind::Edit(edit));
        }
        events.extend(game.moves().map(EventKind::Move));
        GameRecord {
            width: rules.width,
            height: rules.height,
            komi: Some(rules.komi),
            handicap: setup.handicap,
            events: events.into_iter().map(|kind| Event { kind, location: Location::default() }).collect(),
            ..GameRecord::default()
        }
    }

    /// Record that begins with the position of `game`, without its moves; game info is that of `self`.
    pub fn at_position(&self, game: &Game) -> Self {
        let stones = |color| (0..game.pass()).filter(|&point| game.stone(point) == Some(color)).collect();
        let edit = Edit {
            black: stones(Color::Black),
            white: stones(Color::White),
            empty: Vec::new(),
            to_play: Some(game.to_play()),
        };
        let event = Event { kind: EventKind::Edit(edit), location: Location::default() };
        GameRecord { events: vec![event], warnings: Vec::new(), ..self.clone() }
    }

    /// Moves of the record, in order.
    pub fn moves(&self) -> impl Iterator<Item = Move> {
        self.events.iter().filter_map(|event| match event.kind {
            EventKind::Move(played) => Some(played),
            EventKind::Edit(_) => None,
        })
    }

    /// Whether the board is not square.
    pub fn is_rectangular(&self) -> bool {
        self.width != self.height
    }

    /// Number of the pass as a move: the number after the last point.
    pub fn pass(&self) -> Point {
        Point::from(self.width) * Point::from(self.height)
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, location: Location, message: impl FnOnce() -> String) {
        warn(&mut self.warnings, location, message);
    }

    /// Reads the events of a node: edits, then moves.
    pub(super) fn read_events(&mut self, node: &Node) -> Result<(), SgfError> {
        let mut edit = Edit::default();
        let mut edited = None;
        for property in &node.properties {
            match property.name.as_str() {
                "AB" => self.add_points(property, &mut edit.black)?,
                "AW" => self.add_points(property, &mut edit.white)?,
                "AE" => self.add_points(property, &mut edit.empty)?,
                "PL" => match self.color(property.first()) {
                    Some(color) => edit.to_play = Some(color),
                    None => continue,
                },
                _ => continue,
            }
            edited.get_or_insert(property.location);
        }
        if let Some(location) = edited {
            self.events.push(Event { kind: EventKind::Edit(edit), location });
        }
        for property in &node.properties {
            let color = match property.name.as_str() {
                "B" => Color::Black,
                "W" => Color::White,
                _ => continue,
            };
            for value in &property.values {
                let point = match value.line().as_str() {
                    // On boards up to 19x19 `tt` is the pass of FF[3].
                    "" | "tt" => self.pass(),
                    text if text.eq_ignore_ascii_case("pass") => {
                        self.warn(value.location, || {
                            format!("`{text}` is not in the notation of SGF; write `[]`")
                        });
                        self.pass()
                    }
                    text => self.point(text, value)?,
                };
                self.events
                    .push(Event { kind: EventKind::Move(Move { color, point }), location: value.location });
            }
        }
        Ok(())
    }

    /// Reads a list of points, `[aa][cc:ee]`, where `cc:ee` is a rectangle given by two corners.
    fn add_points(&mut self, property: &Property, out: &mut Vec<Point>) -> Result<(), SgfError> {
        let mut listed = vec![false; usize::from(self.pass())];
        out.iter().for_each(|&point| listed[usize::from(point)] = true);
        for value in &property.values {
            let text = value.line();
            // An empty list is invalid SGF, but some programs write it.
            if text.is_empty() {
                continue;
            }
            let (from, to) = text.split_once(':').unwrap_or((&text, &text));
            let width = Point::from(self.width);
            let (a, b) = (self.point(from.trim(), value)?, self.point(to.trim(), value)?);
            let (rows, columns) = (range(a / width, b / width), range(a % width, b % width));
            for row in rows {
                for point in columns.clone().map(|column| row * width + column) {
                    if !std::mem::replace(&mut listed[usize::from(point)], true) {
                        out.push(point);
                    }
                }
            }
        }
        Ok(())
    }

    /// Point of two letters: the first letter counts columns from the left, the second rows from the top. A point in
    /// GTP's notation, such as `Q16`, is read with a warning.
    fn point(&mut self, text: &str, value: &Value) -> Result<Point, SgfError> {
        let at = |letter: u8, side: u8| letter.checked_sub(b'a').filter(|&n| n < side).map(Point::from);
        let point = match *text.as_bytes() {
            [column, row] => at(column, self.width).zip(at(row, self.height)),
            _ => None,
        };
        if let Some((column, row)) = point {
            return Ok((Point::from(self.height) - 1 - row) * Point::from(self.width) + column);
        }
        let (width, height) = (self.width, self.height);
        let rules = Rules { width, height, ..Rules::tromp_taylor(1) };
        let Some(point) = vertex::parse(&rules, text).filter(|&point| point < self.pass()) else {
            let text = quoted(text);
            return Err(value
                .location
                .error(format!("`{text}` is not a point of a board of {width}x{height}")));
        };
        self.warn(value.location, || format!("`{text}` is not in the notation of SGF; it is read as in GTP"));
        Ok(point)
    }

    /// Color in the notation of SGF or of older programs.
    fn color(&mut self, value: &Value) -> Option<Color> {
        let text = value.line();
        match text.to_ascii_lowercase().as_str() {
            "b" | "black" | "1" => return Some(Color::Black),
            "w" | "white" | "2" => return Some(Color::White),
            _ => {}
        }
        self.warn(value.location, || {
            format!("PL[{}] is not a color and is skipped; write PL[B] or PL[W]", quoted(&text))
        });
        None
    }
}

fn range(a: Point, b: Point) -> std::ops::RangeInclusive<Point> {
    a.min(b)..=a.max(b)
}
