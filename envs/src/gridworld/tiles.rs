//! Meaning of each cell of a map: built-in glyphs, letters for keys and doors, and definitions of the legend.

use std::collections::HashMap;

use super::error::{MapError, MapErrorKind};
use super::legend::{CellRule, Direction, Start};
use super::map::Map;

/// Maximum number of keys on one map: each key doubles the number of observations.
const MAX_KEYS: usize = 16;

/// Meaning of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tile {
    pub(super) wall: bool,
    pub(super) start: bool,
    pub(super) goal: bool,
    pub(super) terminal: bool,
    pub(super) reward: Option<f64>,
    pub(super) back_to_start: bool,
    /// Teleport: cell to which every action leads.
    pub(super) teleport: Option<u32>,
    /// One-way cell: direction of the only moves that can enter.
    pub(super) one_way: Option<Direction>,
    /// Number, from 0, of the key that an agent picks up on entering.
    pub(super) key: Option<u8>,
    /// Door: number of the key that an agent needs to enter.
    pub(super) door: Option<u8>,
}

impl Tile {
    /// Whether the cell is floor without any effect.
    fn is_plain(&self) -> bool {
        !self.wall
            && !self.terminal
            && !self.back_to_start
            && self.one_way.is_none()
            && self.key.is_none()
            && self.door.is_none()
    }
}

/// All cells of a map, row-major.
#[derive(Clone, Debug)]
pub(super) struct Tiles {
    pub(super) tiles: Vec<Tile>,
    /// Letter of each key, indexed by the key's number.
    pub(super) keys: Vec<char>,
    /// Cells where episodes begin, in reading order.
    pub(super) starts: Vec<u32>,
}

/// Meaning of every cell of `map`.
pub(super) fn resolve(map: &Map) -> Result<Tiles, MapError> {
    let rules = glyph_rules(map)?;
    let keys = key_letters(map, &rules)?;
    let mut teleports = HashMap::new();
    for (glyph, rule) in &rules {
        if let Some(target) = rule.teleport {
            teleports.insert(*glyph, teleport_target(map, *glyph, target)?);
        }
    }
    let is_target = |glyph: char| rules.values().any(|rule| rule.teleport == Some(glyph));
    let mut tile_of_glyph: HashMap<char, Tile> = HashMap::new();
    let mut tiles = Vec::with_capacity(map.glyphs().len());
    for (cell, &glyph) in map.glyphs().iter().enumerate() {
        let tile = match tile_of_glyph.get(&glyph) {
            Some(tile) => *tile,
            None => {
                let builtin = builtin_tile(glyph, &keys, rules.contains_key(&glyph) || is_target(glyph));
                let mut tile = builtin.ok_or_else(|| map.at_cell(cell, MapErrorKind::UnknownGlyph(glyph)))?;
                if let Some(rule) = rules.get(&glyph) {
                    apply_rule(&mut tile, rule);
                }
                tile.teleport = teleports.get(&glyph).copied();
                tile_of_glyph.insert(glyph, tile);
                tile
            }
        };
        tiles.push(tile);
    }
    let starts = find_starts(map, &tiles)?;
    Ok(Tiles { tiles, keys, starts })
}

/// The legend's rules for cells, by glyph.
fn glyph_rules(map: &Map) -> Result<HashMap<char, &CellRule>, MapError> {
    let mut rules = HashMap::new();
    for (name, rule) in &map.legend().cells {
        let path = format!("cells.{name}");
        let mut glyphs = name.chars();
        let (Some(glyph), None) = (glyphs.next(), glyphs.next()) else {
            return Err(map.at_key(&path, format!("[cells.{name}]: the name must be one character")));
        };
        if !map.glyphs().contains(&glyph) && !matches!(glyph, '.' | '#' | 'S' | 'G' | 'H') {
            return Err(
                map.at_key(&path, format!("`{glyph}` is on no cell of the map; remove [cells.{name}]"))
            );
        }
        if rule.reward.is_some_and(|reward| !reward.is_finite()) {
            return Err(map.at_key(&format!("{path}.reward"), "a reward must be a finite number"));
        }
        rules.insert(glyph, rule);
    }
    Ok(rules)
}

/// Letters of the keys on the map, in alphabetical order. An error if a door has no key, or a key no door.
fn key_letters(map: &Map, rules: &HashMap<char, &CellRule>) -> Result<Vec<char>, MapError> {
    let is_target = |glyph: char| rules.values().any(|rule| rule.teleport == Some(glyph));
    let is_letter = |glyph: char| {
        glyph.is_ascii_alphabetic()
            && !matches!(glyph.to_ascii_lowercase(), 's' | 'g' | 'h' | 'v')
            && !rules.contains_key(&glyph)
            && !is_target(glyph)
    };
    let on_map: std::collections::BTreeSet<char> =
        map.glyphs().iter().copied().filter(|&glyph| is_letter(glyph)).collect();
    let mut keys = Vec::new();
    for &glyph in &on_map {
        let cell = || map.glyphs().iter().position(|&g| g == glyph).unwrap_or(0);
        let (key, door) = (glyph.to_ascii_lowercase(), glyph.to_ascii_uppercase());
        if glyph == key {
            if !on_map.contains(&door) {
                return Err(map.at_cell(cell(), MapErrorKind::KeyWithoutDoor { key, door }));
            }
            if keys.len() == MAX_KEYS {
                let message = format!("the map has more than {MAX_KEYS} kinds of keys; use fewer");
                return Err(map.at_cell(cell(), MapErrorKind::InvalidValue(message)));
            }
            keys.push(key);
        } else if !on_map.contains(&key) {
            return Err(map.at_cell(cell(), MapErrorKind::DoorWithoutKey { door, key }));
        }
    }
    Ok(keys)
}

fn teleport_target(map: &Map, from: char, target: char) -> Result<u32, MapError> {
    let mut cells = map.glyphs().iter().enumerate().filter(|(_, glyph)| **glyph == target);
    match (cells.next(), cells.next()) {
        (Some((cell, _)), None) => Ok(cell as u32),
        (first, _) => {
            let found = if first.is_none() { "no cell" } else { "more than one cell" };
            let message = format!(
                "the teleport `{from}` leads to `{target}`: {found} has this glyph; mark exactly one"
            );
            Err(map.at_key(&format!("cells.{from}.teleport"), message))
        }
    }
}

/// Built-in meaning of a glyph, before the rules of the legend are applied. With `defined` (the legend has a rule for
/// the glyph), the default is floor.
fn builtin_tile(glyph: char, keys: &[char], defined: bool) -> Option<Tile> {
    let floor = Tile::default();
    let arrow = |way| Some(Tile { one_way: Some(way), ..floor });
    match glyph {
        '.' => Some(floor),
        '#' => Some(Tile { wall: true, ..floor }),
        'S' => Some(Tile { start: true, ..floor }),
        'G' => Some(Tile { goal: true, terminal: true, ..floor }),
        'H' => Some(Tile { terminal: true, reward: Some(-100.0), ..floor }),
        _ if defined => Some(floor),
        '^' => arrow(Direction::Up),
        '>' => arrow(Direction::Right),
        'v' => arrow(Direction::Down),
        '<' => arrow(Direction::Left),
        _ => {
            let number = keys.iter().position(|&key| key == glyph.to_ascii_lowercase())? as u8;
            match glyph.is_ascii_lowercase() {
                true => Some(Tile { key: Some(number), ..floor }),
                false => Some(Tile { door: Some(number), ..floor }),
            }
        }
    }
}

fn apply_rule(tile: &mut Tile, rule: &CellRule) {
    let CellRule { wall, start, goal, terminal, reward, back_to_start, teleport: _ } = rule;
    tile.wall = wall.unwrap_or(tile.wall);
    tile.start = start.unwrap_or(tile.start);
    tile.goal = goal.unwrap_or(tile.goal);
    tile.terminal = terminal.unwrap_or(tile.terminal);
    tile.reward = reward.or(tile.reward);
    tile.back_to_start = back_to_start.unwrap_or(tile.back_to_start);
}

fn find_starts(map: &Map, tiles: &[Tile]) -> Result<Vec<u32>, MapError> {
    let is_start = |tile: &Tile| match map.legend().start {
        Start::Marked => tile.start,
        Start::Anywhere => tile.is_plain(),
    };
    let starts: Vec<u32> =
        (0u32..).zip(tiles).filter(|(_, tile)| is_start(tile)).map(|(cell, _)| cell).collect();
    if starts.is_empty() {
        return Err(map.at_cell(0, MapErrorKind::NoStart));
    }
    if let Some(&cell) = starts.iter().find(|&&cell| !can_start_on(&tiles[cell as usize])) {
        let message = "an episode cannot begin here: the cell is a wall or a door, ends the episode, or sends back \
                       to the start; mark another cell";
        return Err(map.at_cell(cell as usize, MapErrorKind::InvalidValue(message.to_owned())));
    }
    if starts.len() > 1
        && let Some(cell) = tiles.iter().position(|tile| tile.back_to_start)
    {
        let message = "a cell with back_to_start needs a map with exactly one start; leave one S";
        return Err(map.at_cell(cell, MapErrorKind::InvalidValue(message.to_owned())));
    }
    Ok(starts)
}

fn can_start_on(tile: &Tile) -> bool {
    !tile.wall && !tile.terminal && !tile.back_to_start && tile.door.is_none()
}
