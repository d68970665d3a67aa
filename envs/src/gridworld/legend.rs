//! The legend of a map: the TOML below its line `---`.

use std::collections::BTreeMap;

use freewheel_core::settings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::direction::{Direction, Moves};
use super::fault::{Fault, MapError, position};

/// What a map's glyphs mean and how one moves on it. Everything has a default: a map needs no legend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Legend {
    /// One line: what this world is and where it is from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Reward of a step; default -1.
    pub step: f64,
    /// Reward of a diagonal step; default as `step`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagonal: Option<f64>,
    /// Reward of a step that an edge, a wall or a closed door stops; default as any step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bump: Option<f64>,
    /// The actions: "four", "king" or "king-stay".
    pub moves: Moves,
    /// The actions one by one, in the order of their numbers, where `moves` is not the order wanted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Direction>,
    /// Probability 0..=1 that a move goes another way than intended.
    pub slip: f64,
    /// Which other way: "sideways" (either right angle equally) or "others" (every other action equally).
    pub slip_to: SlipTo,
    /// Whether a diagonal move may pass the corner of a wall.
    pub cut_corners: bool,
    /// For each column, by how many cells the wind there lifts every move; negative blows down.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wind: Vec<i32>,
    /// Whether the wind, where there is any, is equally often one weaker, as given, and one stronger.
    pub stochastic_wind: bool,
    /// Where an episode begins: "marked" cells S, or "anywhere" on free cells; equally often each.
    pub start: Start,
    /// Whether actions that surely change nothing are illegal.
    pub mask: bool,
    /// Discount of the task, 0..=1.
    pub gamma: f64,
    /// Steps after which an episode is truncated; 0 is never.
    pub time_limit: u32,
    /// What single glyphs mean.
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
    /// The directions, indexed by action.
    pub fn directions(&self) -> &[Direction] {
        if self.actions.is_empty() { self.moves.directions() } else { &self.actions }
    }
}

/// Where a slipping move goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SlipTo {
    /// Either right angle, equally often.
    #[default]
    Sideways,
    /// The way of any other action, equally often.
    Others,
}

/// Where episodes begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// On the cells marked S, equally often on each.
    #[default]
    Marked,
    /// On every free cell that does nothing when entered, equally often on each.
    Anywhere,
}

/// What a glyph means; what is left out stays as it is built in, or as on a plain floor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CellRule {
    /// Nothing enters it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall: Option<bool>,
    /// Episodes begin here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<bool>,
    /// A map on which it cannot be reached is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<bool>,
    /// Entering it ends the episode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<bool>,
    /// Reward of a step that ends here, in place of `step`; of a teleport, reward of leaving.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward: Option<f64>,
    /// Whoever enters it is back at the start at once; the episode goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_to_start: Option<bool>,
    /// Every action from here leads to the one cell with this glyph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teleport: Option<char>,
}

/// A legend read from text, which remembers where each key stood.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) legend: Legend,
    pub(super) places: Places,
}

/// Line and column, from 1 and counted in the whole file, of each key of a legend, by dotted path.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Places(BTreeMap<String, (usize, usize)>);

impl Places {
    /// A fault of the value at `path`.
    pub(super) fn value(&self, path: &str, message: impl Into<String>) -> MapError {
        let (line, column) = self.0.get(path).copied().unwrap_or((1, 1));
        MapError::new(line, column, Fault::Value(message.into()))
    }
}

/// Reads a legend whose first line is line `first` of its file.
pub(super) fn read(text: &str, first: usize) -> Result<Read, MapError> {
    let place = |offset: usize| {
        let (line, column) = position(text, offset);
        (line + first - 1, column)
    };
    let fault = |e: toml::de::Error| {
        let (line, column) = place(e.span().map_or(0, |span| span.start));
        MapError::new(line, column, Fault::Legend(e.message().replace('\n', " ")))
    };
    let table = DeTable::parse(text).map_err(fault)?;
    let mut places = Places::default();
    let keys = names::<Legend>();
    let cell_keys = names::<CellRule>();
    check(table.get_ref(), "", &keys, "the legend", &place, &mut places)?;
    if let Some(cells) = table.get_ref().get("cells").and_then(inner) {
        for (glyph, cell) in cells {
            let path = format!("cells.{}", glyph.get_ref());
            places.0.insert(path.clone(), place(glyph.span().start));
            if let Some(cell) = inner(cell) {
                check(cell, &path, &cell_keys, &path, &place, &mut places)?;
            }
        }
    }
    let legend = toml::from_str(text).map_err(fault)?;
    Ok(Read { legend, places })
}

fn inner<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Option<&'a DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn names<T: JsonSchema>() -> Vec<String> {
    settings::fields(&schemars::schema_for!(T)).into_iter().map(|field| field.name).collect()
}

/// Refuses keys that are not `known`, and remembers where the others stand.
fn check(
    table: &DeTable<'_>,
    path: &str,
    known: &[String],
    of: &str,
    place: &impl Fn(usize) -> (usize, usize),
    places: &mut Places,
) -> Result<(), MapError> {
    // Tables are sorted by key; the first fault to be named is the first in the text.
    let mut keys: Vec<_> = table.keys().collect();
    keys.sort_by_key(|key| key.span().start);
    for key in keys {
        let (line, column) = place(key.span().start);
        let name: &str = key.get_ref();
        if !known.iter().any(|k| k == name) {
            return Err(MapError::new(
                line,
                column,
                Fault::UnknownKey(settings::unknown("key", name, known, of)),
            ));
        }
        let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        places.0.insert(full, (line, column));
    }
    Ok(())
}
