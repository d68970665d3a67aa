//! Record of one game: players, rules, setup and moves.

use super::outcome::Outcome;
use super::tree::{GameTree, Location, Node, Property, SgfError, Value};
use crate::go::rules::{Color, Game, MAX_SIDE, Move, Point};

/// Record of one game: the main line, without variations and comments.
#[derive(Clone, Debug, PartialEq)]
pub struct GameRecord {
    /// Number of columns, 1..=19 (`SZ`; default 19).
    pub width: u8,
    /// Number of rows, 1..=19.
    pub height: u8,
    /// Komi, points (`KM`).
    pub komi: Option<f32>,
    /// Number of handicap stones (`HA`); 0 for none.
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
        }
    }
}

impl GameRecord {
    /// Record of the main line of a game tree.
    ///
    /// # Errors
    /// [`SgfError`] for a game other than Go, an invalid board size, points off the board, and invalid numbers.
    pub fn from_tree(tree: &GameTree) -> Result<Self, SgfError> {
        let mut record = GameRecord::default();
        for (n, node) in tree.main_line().enumerate() {
            if n == 0 {
                record.read_size(node)?;
            }
            record.read_game_info(node)?;
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

    /// Moves of the record, in order.
    pub fn moves(&self) -> impl Iterator<Item = Move> {
        self.events.iter().filter_map(|event| match event.kind {
            EventKind::Move(played) => Some(played),
            EventKind::Edit(_) => None,
        })
    }

    fn read_size(&mut self, root: &Node) -> Result<(), SgfError> {
        if let Some(kind) = root.property("GM").map(first)
            && !matches!(kind.line().as_str(), "1" | "")
        {
            return Err(kind.location.error(format!("GM[{}] is not Go; Go is GM[1]", kind.line())));
        }
        let Some(size) = root.property("SZ").map(first) else { return Ok(()) };
        let text = size.line();
        let (width, height) = text.split_once(':').unwrap_or((&text, &text));
        let side = |text: &str| text.trim().parse().ok().filter(|side| (1..=MAX_SIDE).contains(side));
        match (side(width), side(height)) {
            (Some(width), Some(height)) => (self.width, self.height) = (width, height),
            _ => {
                return Err(size
                    .location
                    .error(format!("SZ[{text}]: sides must be 1 to {MAX_SIDE}, as in SZ[19] or SZ[5:6]")));
            }
        }
        Ok(())
    }

    /// Reads the game info properties of a node. They are usually in the root, but any node may have them.
    fn read_game_info(&mut self, node: &Node) -> Result<(), SgfError> {
        for property in &node.properties {
            let value = first(property);
            let text = value.line();
            match property.name.as_str() {
                "KM" if !text.is_empty() => {
                    let komi = text.replace(',', ".").parse().ok().filter(|komi: &f32| komi.is_finite());
                    let komi =
                        komi.ok_or_else(|| value.location.error(format!("KM[{text}] is not a number")))?;
                    self.komi = Some(komi);
                }
                "HA" if !text.is_empty() => {
                    let handicap = text.parse().ok().filter(|&stones| stones <= 361);
                    let handicap = handicap.ok_or_else(|| {
                        value.location.error(format!("HA[{text}] is not a number of stones"))
                    })?;
                    self.handicap = handicap;
                }
                "RU" => self.rules = text,
                "DT" => self.date = text,
                "PB" => self.players[0].name = text,
                "PW" => self.players[1].name = text,
                "BR" => self.players[0].rank = text,
                "WR" => self.players[1].rank = text,
                "RE" if !text.is_empty() => self.outcome = Some(Outcome::parse(&text)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads the events of a node: edits, then moves.
    fn read_events(&mut self, node: &Node) -> Result<(), SgfError> {
        let mut edit = Edit::default();
        let mut edited = None;
        for property in &node.properties {
            match property.name.as_str() {
                "AB" => self.add_points(property, &mut edit.black)?,
                "AW" => self.add_points(property, &mut edit.white)?,
                "AE" => self.add_points(property, &mut edit.empty)?,
                "PL" => edit.to_play = Some(color(first(property))?),
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
                    text => self.point(text, value)?,
                };
                self.events
                    .push(Event { kind: EventKind::Move(Move { color, point }), location: value.location });
            }
        }
        Ok(())
    }

    /// Reads a list of points, `[aa][cc:ee]`, where `cc:ee` is a rectangle given by two corners.
    fn add_points(&self, property: &Property, out: &mut Vec<Point>) -> Result<(), SgfError> {
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
            let points = rows.flat_map(|row| columns.clone().map(move |column| row * width + column));
            for point in points {
                if !out.contains(&point) {
                    out.push(point);
                }
            }
        }
        Ok(())
    }

    /// Point of two letters: the first letter counts columns from the left, the second rows from the top.
    fn point(&self, text: &str, value: &Value) -> Result<Point, SgfError> {
        let at = |letter: u8, side: u8| letter.checked_sub(b'a').filter(|&n| n < side).map(Point::from);
        let point = match *text.as_bytes() {
            [column, row] => at(column, self.width).zip(at(row, self.height)),
            _ => None,
        };
        let (column, row) = point.ok_or_else(|| {
            let (width, height) = (self.width, self.height);
            value.location.error(format!("`{text}` is not a point of a board of {width}x{height}"))
        })?;
        Ok((Point::from(self.height) - 1 - row) * Point::from(self.width) + column)
    }

    /// Number of the pass as a move: the number after the last point.
    pub fn pass(&self) -> Point {
        Point::from(self.width) * Point::from(self.height)
    }
}

fn first(property: &Property) -> &Value {
    static NONE: Value = Value { raw: String::new(), location: Location { line: 0, column: 0 } };
    property.values.first().unwrap_or(&NONE)
}

fn range(a: Point, b: Point) -> std::ops::RangeInclusive<Point> {
    a.min(b)..=a.max(b)
}

/// Color in the notation of SGF or of older programs.
fn color(value: &Value) -> Result<Color, SgfError> {
    match value.line().to_ascii_lowercase().as_str() {
        "b" | "black" | "1" => Ok(Color::Black),
        "w" | "white" | "2" => Ok(Color::White),
        text => Err(value.location.error(format!("PL[{text}] is not a color; write PL[B] or PL[W]"))),
    }
}
