//! Drawing of map worlds.

use freewheel_core::{Event, Rgb, Step};

use super::board::{Board, CellStyle};
use super::legend::Direction;
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

/// Drawing of a map world.
pub(super) struct MapBoard {
    size: (usize, usize),
    glyphs: Vec<char>,
    wind: Vec<i32>,
    has_gusts: bool,
    rules: Rules,
}

impl MapBoard {
    pub(super) fn new(map: &Map, rules: Rules) -> Self {
        MapBoard {
            size: (map.width(), map.height()),
            glyphs: map.glyphs().to_vec(),
            wind: map.legend().wind.clone(),
            has_gusts: map.legend().stochastic_wind,
            rules,
        }
    }

    /// Style of a cell: glyph, color of the glyph, background color, and whether the cell never shows a policy.
    fn style(&self, cell: usize, tile: &Tile, keys: u32) -> (char, Rgb, Rgb, bool) {
        let glyph = self.glyphs[cell];
        let holds = |key: u8| keys >> key & 1 == 1;
        match *tile {
            Tile { wall: true, .. } => (' ', WHITE, STONE, true),
            Tile { goal: true, .. } => ('⚑', WHITE, GREEN, tile.terminal),
            Tile { terminal: true, .. } => ('○', WHITE, if glyph == 'H' { BLUE } else { RED }, true),
            Tile { back_to_start: true, .. } => ('▒', Rgb(200, 80, 70), RED, true),
            Tile { teleport: Some(_), .. } => (glyph, WHITE, PURPLE, false),
            Tile { key: Some(key), .. } if !holds(key) => (glyph, GOLD, FLOOR, false),
            Tile { door: Some(door), .. } if !holds(door) => (glyph, GOLD, BROWN, true),
            Tile { one_way: Some(way), .. } => (one_way_glyph(way), WHITE, FLOOR, false),
            Tile { start: true, .. } => ('S', Rgb(150, 160, 176), FLOOR, false),
            Tile { key: None, door: None, .. } if glyph != '.' => (glyph, STONE, FLOOR, false),
            _ => ('·', FAINT, FLOOR, false),
        }
    }
}

/// Arrow glyph of a one-way cell, distinct from the arrows of a policy.
fn one_way_glyph(way: Direction) -> char {
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

    fn observation_at(&self, cell: usize, observation: u32) -> Option<u32> {
        let (_, keys) = self.rules.locate(observation);
        (self.rules.index[cell] != WALL).then(|| {
            // An agent on a key's cell has the key.
            let keys = self.rules.tiles[cell].key.map_or(keys, |key| keys | 1 << key);
            self.rules.observation(cell as u32, keys)
        })
    }

    fn cell_style(&self, cell: usize, observation: u32) -> CellStyle {
        let (_, keys) = self.rules.locate(observation);
        let (glyph, fg, bg, no_policy) = self.style(cell, &self.rules.tiles[cell], keys);
        CellStyle { glyph, fg, bg, no_policy, is_wall: self.rules.tiles[cell].wall }
    }

    fn arrow(&self, _observation: u32, action: usize) -> char {
        self.rules.directions().get(action).map_or('?', |direction| direction.arrow())
    }

    fn target(&self, observation: u32, action: usize) -> Option<usize> {
        let (rows, columns) = self.rules.directions().get(action)?.delta();
        let cell = self.rules.locate(observation).0;
        self.rules.neighbor(cell, rows, columns).map(|cell| cell as usize)
    }

    fn column_label(&self, column: usize) -> Option<String> {
        let wind = *self.wind.get(column)?;
        let gust = if self.has_gusts { "~" } else { "" };
        match wind {
            0 => None,
            1.. => Some(format!("⇡{wind}{gust}")),
            _ => Some(format!("⇣{}{gust}", wind.unsigned_abs())),
        }
    }

    fn event(&self, before: u32, action: usize, after: u32, step: Step) -> Option<Event> {
        let ((from, keys), (cell, keys_after)) = (self.rules.locate(before), self.rules.locate(after));
        let tile = &self.rules.tiles[cell as usize];
        let slip = self.rules.slip(before, action, after);
        let with_slip = |text: String| match &slip {
            Some(slip) => format!("{text}; {slip}"),
            None => text,
        };
        let is_usual = self.rules.usual_rewards().iter().any(|usual| *usual as f32 == step.reward);
        // Only a fall moves the agent back to the start from a cell that is not next to it.
        let fell = !is_usual
            && cell == self.rules.starts[0]
            && self.rules.tiles.iter().any(|tile| {
                tile.back_to_start && tile.reward.is_some_and(|reward| reward as f32 == step.reward)
            });
        let taken = keys_after & !keys;
        Some(match () {
            () if tile.goal && from != cell => {
                Event::new("goal", with_slip(format!("reached the goal, reward {:+}", step.reward)))
            }
            () if tile.terminal => {
                Event::new("hole", with_slip(format!("fell into a hole, reward {:+}", step.reward)))
            }
            () if fell => {
                Event::new("hole", with_slip(format!("fell, back to the start, reward {:+}", step.reward)))
            }
            () if taken != 0 => {
                let letter = self.rules.keys.get(taken.trailing_zeros() as usize).copied().unwrap_or('?');
                Event::new("key", with_slip(format!("took the key {letter}")))
            }
            () => match slip {
                Some(slip) => Event::new("slip", slip),
                None if is_usual => return None,
                None => Event::new("reward", format!("reward {:+}", step.reward)),
            },
        })
    }

    fn status(&self, observation: u32) -> String {
        let (_, keys) = self.rules.locate(observation);
        let held: String = (0..)
            .zip(&self.rules.keys)
            .filter(|(key, _)| keys >> key & 1 == 1)
            .map(|(_, glyph)| glyph)
            .collect();
        match (self.rules.keys.is_empty(), held.is_empty()) {
            (true, _) => String::new(),
            (false, true) => "keys: none".to_owned(),
            (false, false) => format!("keys: {held}"),
        }
    }
}
