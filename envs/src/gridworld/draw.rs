//! How a map looks.

use freewheel_core::Rgb;

use super::board::{Board, Look};
use super::direction::Direction;
use super::map::Map;
use super::rules::{Rules, WALL};
use super::tiles::Tile;

const FLOOR: Rgb = Rgb(30, 34, 42);
const FAINT: Rgb = Rgb(70, 76, 88);
const STONE: Rgb = Rgb(96, 102, 114);
const GREEN: Rgb = Rgb(36, 110, 62);
const RED: Rgb = Rgb(122, 34, 38);
const BLUE: Rgb = Rgb(38, 62, 120);
const PURPLE: Rgb = Rgb(92, 52, 122);
const BROWN: Rgb = Rgb(110, 76, 36);
const GOLD: Rgb = Rgb(250, 204, 80);
const WHITE: Rgb = Rgb(236, 238, 242);

/// A map as a board.
pub(super) struct MapBoard {
    size: (usize, usize),
    glyphs: Vec<char>,
    wind: Vec<i32>,
    gusts: bool,
    rules: Rules,
}

impl MapBoard {
    pub(super) fn new(map: &Map, rules: Rules) -> Self {
        MapBoard {
            size: (map.width(), map.height()),
            glyphs: map.glyphs().to_vec(),
            wind: map.legend().wind.clone(),
            gusts: map.legend().stochastic_wind,
            rules,
        }
    }

    /// The glyph, its color, the color behind it, and whether nobody acts here.
    fn paint(&self, cell: usize, tile: &Tile, keys: u32) -> (char, Rgb, Rgb, bool) {
        let letter = self.glyphs[cell];
        let holds = |key: u8| keys >> key & 1 == 1;
        match *tile {
            Tile { wall: true, .. } => (' ', WHITE, STONE, true),
            Tile { goal: true, .. } => ('⚑', WHITE, GREEN, tile.terminal),
            Tile { terminal: true, .. } => ('○', WHITE, if letter == 'H' { BLUE } else { RED }, true),
            Tile { back_to_start: true, .. } => ('▒', Rgb(200, 80, 70), RED, true),
            Tile { teleport: Some(_), .. } => (letter, WHITE, PURPLE, false),
            Tile { key: Some(key), .. } if !holds(key) => (letter, GOLD, FLOOR, false),
            Tile { door: Some(door), .. } if !holds(door) => (letter, GOLD, BROWN, true),
            Tile { one_way: Some(way), .. } => (hollow(way), WHITE, FLOOR, false),
            Tile { start: true, .. } => ('S', Rgb(150, 160, 176), FLOOR, false),
            Tile { key: None, door: None, .. } if letter != '.' => (letter, STONE, FLOOR, false),
            _ => ('·', FAINT, FLOOR, false),
        }
    }
}

/// One-way cells have arrows unlike those of a policy.
fn hollow(way: Direction) -> char {
    match way {
        Direction::Up => '⇑',
        Direction::Right => '⇒',
        Direction::Down => '⇓',
        _ => '⇐',
    }
}

impl Board for MapBoard {
    fn size(&self) -> (usize, usize) {
        self.size
    }

    fn agent(&self, observation: u32) -> Option<usize> {
        Some(self.rules.locate(observation).0 as usize)
    }

    fn seen_from(&self, cell: usize, observation: u32) -> Option<u32> {
        let (_, keys) = self.rules.locate(observation);
        (self.rules.index[cell] != WALL).then(|| {
            // Whoever stands on a key has picked it up.
            let keys = self.rules.tiles[cell].key.map_or(keys, |key| keys | 1 << key);
            self.rules.observation(cell as u32, keys)
        })
    }

    fn look(&self, cell: usize, observation: u32) -> Look {
        let (_, keys) = self.rules.locate(observation);
        let (glyph, fg, bg, still) = self.paint(cell, &self.rules.tiles[cell], keys);
        Look { glyph, fg, bg, still, solid: self.rules.tiles[cell].wall }
    }

    fn arrow(&self, _observation: u32, action: usize) -> char {
        self.rules.directions().get(action).map_or('?', |direction| direction.arrow())
    }

    fn below(&self, column: usize) -> Option<String> {
        let wind = *self.wind.get(column)?;
        let gust = if self.gusts { "~" } else { "" };
        match wind {
            0 => None,
            1.. => Some(format!("⇡{wind}{gust}")),
            _ => Some(format!("⇣{}{gust}", wind.unsigned_abs())),
        }
    }

    fn status(&self, observation: u32) -> String {
        let (_, keys) = self.rules.locate(observation);
        let held: String = (0..)
            .zip(&self.rules.keys)
            .filter(|(key, _)| keys >> key & 1 == 1)
            .map(|(_, letter)| letter)
            .collect();
        match (self.rules.keys.is_empty(), held.is_empty()) {
            (true, _) => String::new(),
            (false, true) => "keys: none".to_owned(),
            (false, false) => format!("keys: {held}"),
        }
    }
}
