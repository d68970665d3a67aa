//! Legend of a map file: the TOML text below the line `---`.

use std::collections::BTreeMap;

use freewheel_core::settings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{MapError, MapErrorKind, position};

/// Legend of a map: moves, rewards, settings and the meaning of glyphs. All fields have defaults, so that a map needs
/// no legend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Legend {
    /// One line of text: description of the world, and its source.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Reward of a step; default -1.
    pub step: f64,
    /// Reward of a diagonal step; default: `step`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagonal: Option<f64>,
    /// Reward of a step that is stopped by an edge, a wall or a closed door; default: the same as of any other step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bump: Option<f64>,
    /// Set of actions: "four", "king" or "king-stay".
    pub moves: Moves,
    /// List of actions in the order of their numbers, for sets that `moves` does not have; replaces `moves`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Direction>,
    /// Probability 0..=1 that a move goes in another direction than intended.
    pub slip: f64,
    /// Direction of the move in a slip: "sideways" (at a right angle to the intended one, both equally likely) or
    /// "others" (every other action, equally likely).
    pub slip_to: SlipTo,
    /// Whether a diagonal move may pass the corner of a wall.
    pub cut_corners: bool,
    /// Wind of each column: number of cells by which every move that begins in the column is shifted up; negative:
    /// down.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wind: Vec<i32>,
    /// Whether the wind is random: in columns with a wind other than 0, the strength is one less, as given, or one
    /// more, with probability 1/3 each.
    pub stochastic_wind: bool,
    /// Cells where episodes begin: cells marked S ("marked") or any free cell ("anywhere"); all are equally likely.
    pub start: Start,
    /// Whether actions that cannot change the state are illegal.
    pub mask: bool,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// Steps after which an episode is truncated; 0 means no limit.
    pub time_limit: u32,
    /// Meaning of glyphs: one table `[cells.GLYPH]` for each glyph.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cells: BTreeMap<String, CellRule>,
}

impl Default for Legend {
    fn default() -> Self {
        Legend {
            about: String::new(),
            step: -1.0,
            diagonal: None,
            bump: None,
            moves: Moves::Four,
            actions: Vec::new(),
            slip: 0.0,
            slip_to: SlipTo::Sideways,
            cut_corners: true,
            wind: Vec::new(),
            stochastic_wind: false,
            start: Start::Marked,
            mask: false,
            gamma: 1.0,
            time_limit: 0,
            cells: BTreeMap::new(),
        }
    }
}

impl Legend {
    /// Directions of the legend's actions, indexed by action.
    pub fn directions(&self) -> &[Direction] {
        if self.actions.is_empty() { self.moves.directions() } else { &self.actions }
    }
}

/// Choice of the direction in which the agent moves when it slips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SlipTo {
    /// At a right angle to the intended direction, both sides equally likely.
    #[default]
    Sideways,
    /// Directions of all other actions, equally likely.
    Others,
}

/// Choice of the cells where episodes begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Cells marked S, all equally likely.
    #[default]
    Marked,
    /// All cells of plain floor (no wall, no special effect), equally likely.
    Anywhere,
}

/// Meaning of a glyph. Fields that are left out keep the built-in meaning of the glyph; a glyph without one is plain
/// floor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CellRule {
    /// Whether the cell is a wall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<bool>,
    /// Whether episodes begin on this cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<bool>,
    /// Whether the cell is a goal; a map with an unreachable goal is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<bool>,
    /// Whether entering the cell ends the episode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<bool>,
    /// Reward of a step that ends on this cell, in place of `step`; for a teleport, the reward of a step that leaves
    /// the cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<f64>,
    /// Whether an agent that enters the cell is moved to the start; the episode continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_to_start: Option<bool>,
    /// Teleport: glyph of the cell to which every action in this cell leads; exactly one cell must have that glyph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teleport: Option<char>,
}

/// Direction of a move on the map: row 0 is at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Direction {
    Up,
    UpRight,
    Right,
    DownRight,
    Down,
    DownLeft,
    Left,
    UpLeft,
    Stay,
}

use Direction::*;

impl Direction {
    /// Displacement of the move: (rows down, columns right).
    pub fn delta(self) -> (i32, i32) {
        match self {
            Up => (-1, 0),
            UpRight => (-1, 1),
            Right => (0, 1),
            DownRight => (1, 1),
            Down => (1, 0),
            DownLeft => (1, -1),
            Left => (0, -1),
            UpLeft => (-1, -1),
            Stay => (0, 0),
        }
    }

    /// Whether the direction is diagonal: both row and column change.
    pub fn is_diagonal(self) -> bool {
        let (rows, columns) = self.delta();
        rows != 0 && columns != 0
    }

    /// The two directions at right angles to this direction; `None` for [`Direction::Stay`].
    pub fn sideways(self) -> Option<[Direction; 2]> {
        Some(match self {
            Up | Down => [Left, Right],
            Left | Right => [Up, Down],
            UpRight | DownLeft => [UpLeft, DownRight],
            UpLeft | DownRight => [UpRight, DownLeft],
            Stay => return None,
        })
    }

    /// Arrow character for the direction, one column wide.
    pub fn arrow(self) -> char {
        match self {
            Up => '↑',
            UpRight => '↗',
            Right => '→',
            DownRight => '↘',
            Down => '↓',
            DownLeft => '↙',
            Left => '←',
            UpLeft => '↖',
            Stay => '·',
        }
    }

    /// Name of the direction in a legend, such as `up-right`.
    pub fn name(self) -> &'static str {
        match self {
            Up => "up",
            UpRight => "up-right",
            Right => "right",
            DownRight => "down-right",
            Down => "down",
            DownLeft => "down-left",
            Left => "left",
            UpLeft => "up-left",
            Stay => "stay",
        }
    }
}

/// Choice of the set of actions, in the order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Moves {
    /// 0 up, 1 right, 2 down, 3 left.
    #[default]
    Four,
    /// Eight moves of a chess king, clockwise from 0 up.
    King,
    /// Eight moves of a chess king, then 8 stay.
    KingStay,
}

impl Moves {
    /// Directions of the moves, indexed by action.
    pub fn directions(self) -> &'static [Direction] {
        const NINE: [Direction; 9] = [Up, UpRight, Right, DownRight, Down, DownLeft, Left, UpLeft, Stay];
        match self {
            Moves::Four => &[Up, Right, Down, Left],
            Moves::King => &NINE[..8],
            Moves::KingStay => &NINE,
        }
    }
}

/// Parsed legend, with the position of each TOML key in the file.
#[derive(Clone, Debug)]
pub(super) struct ParsedLegend {
    pub(super) legend: Legend,
    pub(super) key_positions: KeyPositions,
}

/// Line and column (counted from 1, in the whole file) of each TOML key of a legend, by dotted path such as `cells.A`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct KeyPositions(BTreeMap<String, (usize, usize)>);

impl KeyPositions {
    /// Error at the key with the dotted path `path`.
    pub(super) fn error_at(&self, path: &str, message: impl Into<String>) -> MapError {
        let (line, column) = self.0.get(path).copied().unwrap_or((1, 1));
        MapError::new(line, column, MapErrorKind::InvalidValue(message.into()))
    }
}

/// Parses the text of a legend. `first` is the number of its first line in the file.
pub(super) fn read(text: &str, first: usize) -> Result<ParsedLegend, MapError> {
    let position_of = |offset: usize| {
        let (line, column) = position(text, offset);
        (line + first - 1, column)
    };
    let error = |e: toml::de::Error| {
        let (line, column) = position_of(e.span().map_or(0, |span| span.start));
        MapError::new(line, column, MapErrorKind::InvalidLegend(e.message().replace('\n', " ")))
    };
    let table = DeTable::parse(text).map_err(error)?;
    let mut key_positions = KeyPositions::default();
    let keys = field_names::<Legend>();
    let cell_keys = field_names::<CellRule>();
    check_keys(table.get_ref(), "", &keys, "the legend", &position_of, &mut key_positions)?;
    if let Some(cells) = table.get_ref().get("cells").and_then(as_table) {
        for (glyph, cell) in cells {
            let path = format!("cells.{}", glyph.get_ref());
            key_positions.0.insert(path.clone(), position_of(glyph.span().start));
            if let Some(cell) = as_table(cell) {
                check_keys(cell, &path, &cell_keys, &path, &position_of, &mut key_positions)?;
            }
        }
    }
    let legend = toml::from_str(text).map_err(error)?;
    Ok(ParsedLegend { legend, key_positions })
}

fn as_table<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Option<&'a DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn field_names<T: JsonSchema>() -> Vec<String> {
    settings::fields(&schemars::schema_for!(T)).into_iter().map(|field| field.name).collect()
}

/// Checks that all keys of `table` are in `valid` (else an error for the first unknown key), and stores their
/// positions.
fn check_keys(
    table: &DeTable<'_>,
    path: &str,
    valid: &[String],
    owner: &str,
    position_of: &impl Fn(usize) -> (usize, usize),
    key_positions: &mut KeyPositions,
) -> Result<(), MapError> {
    // Tables are sorted by key; the error reported is the first in the text.
    let mut keys: Vec<_> = table.keys().collect();
    keys.sort_by_key(|key| key.span().start);
    for key in keys {
        let (line, column) = position_of(key.span().start);
        let name: &str = key.get_ref();
        if !valid.iter().any(|k| k == name) {
            return Err(MapError::new(
                line,
                column,
                MapErrorKind::UnknownKey(settings::unknown("key", name, valid, owner)),
            ));
        }
        let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        key_positions.0.insert(full, (line, column));
    }
    Ok(())
}
