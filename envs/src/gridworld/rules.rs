//! The rules of a map.
//!
//! * **Source**: R. S. Sutton and A. G. Barto, *Reinforcement Learning: An Introduction*, 2nd edition (2018), examples
//!   3.5, 4.1, 6.5, 6.6, 8.1 to 8.3 and exercises 6.9, 6.10; Gymnasium 1.4's toy text worlds. Keys, doors and one-way cells are
//!   our own.
//! * **State**: the cell the agent stands on, and the keys it holds.
//! * **Actions**: the directions of the legend; by default 0 up, 1 right, 2 down, 3 left.
//! * **Observation**: one index. Cells that are not walls are counted in reading order from 0 (on a map without walls this is
//!   `row * columns + column`, as in Gymnasium); with n such cells and the set of keys k as a binary number (the
//!   alphabetically first key is bit 0) it is `k * n + cell`.
//! * **A step**: the action's direction, or with probability `slip` another, becomes a displacement; the wind of the
//!   column the agent leaves is added to it; the agent goes as far as edges, walls, closed doors and one-way cells let it.
//!   Without wind that is one king's step, all or nothing; with wind the column changes first, then row by row. Only the cell where the
//!   step ends has an effect. Keys are kept, and so are doors open.
//! * **Reward**: that of the cell where the step ends, else `diagonal` for a diagonal move, else `step`; a step that is
//!   stopped and leads nowhere gives `bump`, where that is defined. Leaving a teleport gives the teleport's reward.
//! * **Endings**: entering a goal, a hole or any cell the legend calls terminal. A terminal state, once entered, stays as it is
//!   for nothing: nobody acts there, but tables of transitions list it.
//! * **Version**: 1.

use super::direction::Direction;
use super::fault::{Fault, MapError};
use super::legend::{Legend, SlipTo};
use super::map::Map;
use super::table::{Dice, Die, Landing, MAX_STATES, Table};
use super::tiles::{self, Tile, Tiles};

/// Raised whenever the behavior of maps changes.
pub(super) const VERSION: u32 = 1;

/// No cell of the index: a wall.
pub(super) const WALL: u32 = u32::MAX;

/// A map that has been understood, ready to be walked on.
pub(super) struct Rules {
    width: i32,
    height: i32,
    pub(super) tiles: Vec<Tile>,
    /// The letters of the keys.
    pub(super) keys: Vec<char>,
    /// Grid cells where episodes begin.
    pub(super) starts: Vec<u32>,
    /// The number of each grid cell among those that are no walls, or [`WALL`].
    pub(super) index: Vec<u32>,
    /// The grid cell of each number.
    pub(super) places: Vec<u32>,
    directions: Vec<Direction>,
    legend: Legend,
}

/// Kinds of states by the dice their actions are thrown with.
const STILL: u8 = 0;
const CALM: u8 = 1;
const GUSTY: u8 = 2;

impl Rules {
    /// Understands a map.
    pub(super) fn new(map: &Map) -> Result<Self, MapError> {
        check(map)?;
        let Tiles { tiles, keys, starts } = tiles::read(map)?;
        let mut index = vec![WALL; tiles.len()];
        let mut places = Vec::new();
        for (cell, _) in tiles.iter().enumerate().filter(|(_, tile)| !tile.wall) {
            index[cell] = places.len() as u32;
            places.push(cell as u32);
        }
        let observations = (places.len() as u64) << keys.len();
        if observations > MAX_STATES as u64 {
            let fault = Fault::TooLarge { cells: places.len(), keys: keys.len() as u32, observations };
            return Err(map.at_cell(0, fault));
        }
        Ok(Rules {
            width: map.width() as i32,
            height: map.height() as i32,
            tiles,
            keys,
            starts,
            index,
            places,
            directions: map.legend().directions().to_vec(),
            legend: map.legend().clone(),
        })
    }

    pub(super) fn directions(&self) -> &[Direction] {
        &self.directions
    }

    /// The observation of grid cell `cell` with the set `keys`.
    pub(super) fn observation(&self, cell: u32, keys: u32) -> u32 {
        keys * self.places.len() as u32 + self.index[cell as usize]
    }

    /// The grid cell and the set of keys of an observation.
    pub(super) fn locate(&self, observation: u32) -> (u32, u32) {
        let cells = self.places.len() as u32;
        (self.places[(observation % cells) as usize], observation / cells)
    }

    /// Works out every transition.
    pub(super) fn table(&self) -> Result<Table, Fault> {
        let gusts: &[i32] = if self.legend.stochastic_wind { &[-1, 0, 1] } else { &[0] };
        let states = self.places.len() << self.keys.len();
        let kinds: Vec<u8> = (0..states as u32).map(|state| self.kind(state)).collect();
        let plain = self.legend.slip == 0.0 && gusts.len() == 1;
        let (dice, kinds) = match plain {
            true => (Dice::plain(self.directions.len()), Vec::new()),
            false => (self.dice(gusts.len()), kinds),
        };
        let moves = self.directions.len() * gusts.len();
        let table = Table::new(states, moves, dice, kinds, |state, mv| {
            self.land(state, self.directions[mv / gusts.len()], gusts[mv % gusts.len()])
        })?;
        Ok(if self.legend.mask { table.masking_idle() } else { table })
    }

    fn kind(&self, state: u32) -> u8 {
        let (cell, _) = self.locate(state);
        let tile = &self.tiles[cell as usize];
        if tile.terminal || tile.teleport.is_some() {
            STILL
        } else if self.legend.stochastic_wind && self.wind(cell) != 0 {
            GUSTY
        } else {
            CALM
        }
    }

    /// The dice of still, calm and gusty states. Move `d * gusts + g` is direction d with the g-th gust.
    fn dice(&self, gusts: usize) -> Dice {
        let actions = 0..self.directions.len();
        let as_given = |direction: usize| (direction * gusts + gusts / 2) as u8;
        let still = actions.clone().map(|a| vec![(1.0, as_given(a))]);
        let calm =
            actions.clone().map(|a| self.slips(a).into_iter().map(|(p, d)| (p, as_given(d))).collect());
        let gusty = actions.map(|a| {
            let each =
                |(p, d): (f64, usize)| (0..gusts).map(move |g| (p / gusts as f64, (d * gusts + g) as u8));
            self.slips(a).into_iter().flat_map(each).collect::<Die>()
        });
        Dice::new(&[still.collect(), calm.collect(), gusty.collect()])
    }

    /// The directions that action `a` may turn into. In Gymnasium's order: the neighbor below, itself, the one above.
    fn slips(&self, a: usize) -> Vec<(f64, usize)> {
        let (slip, all) = (self.legend.slip, &self.directions);
        if slip == 0.0 || all[a] == Direction::Stay {
            return vec![(1.0, a)];
        }
        match self.legend.slip_to {
            SlipTo::Others => {
                let each = slip / (all.len() - 1) as f64;
                (0..all.len()).map(|d| (if d == a { 1.0 - slip } else { each }, d)).collect()
            }
            SlipTo::Sideways => {
                let ways = all[a].sideways().unwrap_or([all[a]; 2]);
                let [first, second] = ways.map(|way| all.iter().position(|d| *d == way).unwrap_or(a));
                let below = (a + all.len() - 1) % all.len();
                let [first, second] = if second == below { [second, first] } else { [first, second] };
                vec![(slip / 2.0, first), (1.0 - slip, a), (slip / 2.0, second)]
            }
        }
    }

    /// What the wind adds to the row of a move that begins on `cell`, upwards.
    fn wind(&self, cell: u32) -> i32 {
        self.legend.wind.get(cell as usize % self.width as usize).copied().unwrap_or(0)
    }

    /// Where a move in `direction` leads, with the wind `gust` stronger than usual.
    fn land(&self, state: u32, direction: Direction, gust: i32) -> Landing {
        let (cell, keys) = self.locate(state);
        let tile = &self.tiles[cell as usize];
        if tile.terminal {
            return Landing { next: state, reward: 0.0, terminal: true };
        }
        let (to, reward) = match tile.teleport {
            Some(to) => (to, tile.reward.unwrap_or(self.legend.step)),
            None => {
                let lift = match self.wind(cell) {
                    0 => 0,
                    wind => wind + gust,
                };
                let (to, stopped) = self.walk(cell, direction, lift, keys);
                let usual = match self.legend.diagonal {
                    Some(reward) if direction.is_diagonal() => reward,
                    _ => self.legend.step,
                };
                let entered = &self.tiles[to as usize];
                // A teleport's reward is for leaving it.
                let of_cell = if entered.teleport.is_none() { entered.reward } else { None };
                let reward = match self.legend.bump {
                    Some(bump) if stopped && to == cell => bump,
                    _ => of_cell.unwrap_or(usual),
                };
                (to, reward)
            }
        };
        let entered = &self.tiles[to as usize];
        let keys = entered.key.map_or(keys, |key| keys | 1 << key);
        let rest = if entered.back_to_start { self.starts[0] } else { to };
        Landing { next: self.observation(rest, keys), reward, terminal: entered.terminal }
    }

    /// Where the agent comes to stand, and whether something stopped it.
    fn walk(&self, from: u32, direction: Direction, lift: i32, keys: u32) -> (u32, bool) {
        let (rows, columns) = direction.delta();
        if lift == 0 {
            return match self.enter(from, rows, columns, keys) {
                Some(to) => (to, false),
                None => (from, true),
            };
        }
        let (mut cell, mut stopped) = (from, false);
        let rows = rows - lift;
        let aside = (columns != 0).then_some((0, columns));
        let along = std::iter::repeat_n((rows.signum(), 0), rows.unsigned_abs() as usize);
        for (row, column) in aside.into_iter().chain(along) {
            match self.enter(cell, row, column, keys) {
                Some(to) => cell = to,
                None => stopped = true,
            }
        }
        (cell, stopped)
    }

    /// The neighbor of `from`, if it can be entered from there.
    fn enter(&self, from: u32, rows: i32, columns: i32, keys: u32) -> Option<u32> {
        let to = self.neighbor(from, rows, columns)?;
        let tile = &self.tiles[to as usize];
        if !is_open(tile, keys) || tile.one_way.is_some_and(|way| way.delta() != (rows, columns)) {
            return None;
        }
        if rows != 0 && columns != 0 && !self.legend.cut_corners {
            let free = |rows, columns| {
                let beside = self.neighbor(from, rows, columns);
                beside.is_some_and(|cell| is_open(&self.tiles[cell as usize], keys))
            };
            if !free(rows, 0) || !free(0, columns) {
                return None;
            }
        }
        Some(to)
    }

    fn neighbor(&self, from: u32, rows: i32, columns: i32) -> Option<u32> {
        let (row, column) = (from as i32 / self.width + rows, from as i32 % self.width + columns);
        let inside = (0..self.height).contains(&row) && (0..self.width).contains(&column);
        inside.then_some((row * self.width + column) as u32)
    }
}

fn is_open(tile: &Tile, keys: u32) -> bool {
    !tile.wall && tile.door.is_none_or(|door| keys >> door & 1 == 1)
}

/// Refuses values of the legend that cannot be.
fn check(map: &Map) -> Result<(), MapError> {
    let legend = map.legend();
    let fault = |key: &str, message: &str| Err(map.at_key(key, message));
    if map.glyphs().len() > 1 << 30 {
        return Err(map.at_cell(0, Fault::Value("a map has at most 2^30 cells; make it smaller".to_owned())));
    }
    let rewards = [("step", Some(legend.step)), ("diagonal", legend.diagonal), ("bump", legend.bump)];
    if let Some((key, _)) = rewards.iter().find(|(_, reward)| reward.is_some_and(|r| !r.is_finite())) {
        return fault(key, "a reward is a finite number");
    }
    if !(0.0..=1.0).contains(&legend.slip) {
        return fault("slip", "slip is a probability: a number from 0 to 1");
    }
    if !(0.0..=1.0).contains(&legend.gamma) {
        return fault("gamma", "gamma is a discount: a number from 0 to 1");
    }
    if !legend.wind.is_empty() && legend.wind.len() != map.width() {
        let (columns, winds) = (map.width(), legend.wind.len());
        return fault(
            "wind",
            &format!("the map has {columns} columns and wind has {winds} numbers; give one a column"),
        );
    }
    if legend.wind.iter().any(|wind| wind.unsigned_abs() > 1_000) {
        return fault("wind", "a wind is at most 1000 cells");
    }
    if legend.stochastic_wind && legend.wind.iter().all(|wind| *wind == 0) {
        return fault(
            "stochastic_wind",
            "there is no wind to be stochastic; add wind = [...], one number a column",
        );
    }
    let directions = legend.directions();
    if (1..directions.len()).any(|i| directions[..i].contains(&directions[i])) {
        return fault("actions", "an action stands here twice; name each direction once");
    }
    if legend.slip > 0.0 {
        let has = |way: &Direction| directions.contains(way);
        let lacks = |way: &Direction| way.sideways().is_some_and(|sides| !sides.iter().all(has));
        match legend.slip_to {
            SlipTo::Sideways if directions.iter().any(lacks) => {
                return fault(
                    "slip",
                    "a sideways slip wants both right angles of every action among the actions",
                );
            }
            SlipTo::Others if directions.len() < 2 => {
                return fault("slip", "there is no other action to slip to");
            }
            _ => {}
        }
    }
    Ok(())
}
