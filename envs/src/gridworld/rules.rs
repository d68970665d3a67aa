//! Rules of map worlds.
//!
//! * **Source**: R. S. Sutton and A. G. Barto, *Reinforcement Learning: An Introduction*, 2nd edition (2018), examples
//!   3.5, 4.1, 6.5, 6.6, 8.1 to 8.3 and exercises 6.9 and 6.10; Gymnasium 1.4's toy text worlds. Keys, doors and
//!   one-way cells are additions of this project.
//! * **State**: the agent's cell and the keys it holds.
//! * **Actions**: the directions of the legend; by default 0 up, 1 right, 2 down, 3 left.
//! * **Observation**: one index. Cells that are not walls are numbered in reading order from 0 (on a map without walls
//!   this is `row * columns + column`, as in Gymnasium). With n such cells, and the set of held keys as a binary number
//!   k (the alphabetically first key is bit 0), the index is `k * n + cell`.
//! * **Step**: the action's direction, or another one with probability `slip`, becomes a displacement. The wind of the
//!   column that the agent leaves is added to the displacement. Edges, walls, closed doors and one-way cells stop the
//!   agent. Without wind a move is a single step, diagonal or not: if it is stopped, the agent stays. With wind the
//!   column changes first, then the row, cell by cell. Only the cell where the step ends has an effect. The agent keeps
//!   its keys, and opened doors stay open.
//! * **Reward**: the reward of the cell where the step ends, else `diagonal` for a diagonal move, else `step`. A step
//!   that is stopped and does not move the agent has the reward `bump`, if the legend defines it. A step that leaves a
//!   teleport has the reward of the teleport.
//! * **Endings**: the agent enters a goal, a hole or any cell that the legend declares `terminal`. In the transition
//!   table a terminal state leads to itself with reward 0.
//! * **Version**: 1.

use super::error::{MapError, MapErrorKind};
use super::legend::{Direction, Legend, SlipTo};
use super::map::Map;
use super::table::{MAX_STATES, MoveDistribution, MoveDistributions, Transition, TransitionTable};
use super::tiles::{self, Tile, Tiles};

/// Version of the rules, increased whenever the behavior of maps changes.
pub(super) const VERSION: u32 = 1;

/// Entry of `index` for a wall cell, which has no observation.
pub(super) const WALL: u32 = u32::MAX;

/// Rules of one parsed map: destinations and rewards of moves, endings.
pub(super) struct Rules {
    width: i32,
    height: i32,
    pub(super) tiles: Vec<Tile>,
    /// Letter of each key, indexed by the key's number.
    pub(super) keys: Vec<char>,
    /// Grid cells where episodes begin.
    pub(super) starts: Vec<u32>,
    /// Observation of each grid cell for an agent without keys, or [`WALL`].
    pub(super) index: Vec<u32>,
    /// Grid cell of each observation of an agent without keys.
    pub(super) open_cells: Vec<u32>,
    directions: Vec<Direction>,
    legend: Legend,
}

/// Kinds of states, by the distribution over moves of an action: deterministic, with slips, with slips and random wind.
const DETERMINISTIC: u8 = 0;
const SLIPPING: u8 = 1;
const WINDY: u8 = 2;

impl Rules {
    /// Rules of `map`.
    ///
    /// # Errors
    /// [`MapError`] if the map or its legend is not valid.
    pub(super) fn new(map: &Map) -> Result<Self, MapError> {
        check(map)?;
        let Tiles { tiles, keys, starts } = tiles::resolve(map)?;
        let mut index = vec![WALL; tiles.len()];
        let mut open_cells = Vec::new();
        for (cell, _) in tiles.iter().enumerate().filter(|(_, tile)| !tile.wall) {
            index[cell] = open_cells.len() as u32;
            open_cells.push(cell as u32);
        }
        let observations = (open_cells.len() as u64) << keys.len();
        if observations > MAX_STATES as u64 {
            let error =
                MapErrorKind::TooLarge { cells: open_cells.len(), keys: keys.len() as u32, observations };
            return Err(map.at_cell(0, error));
        }
        Ok(Rules {
            width: map.width() as i32,
            height: map.height() as i32,
            tiles,
            keys,
            starts,
            index,
            open_cells,
            directions: map.legend().directions().to_vec(),
            legend: map.legend().clone(),
        })
    }

    pub(super) fn directions(&self) -> &[Direction] {
        &self.directions
    }

    /// Observation of an agent in grid cell `cell` with the set of keys `keys`, a bit for each key.
    pub(super) fn observation(&self, cell: u32, keys: u32) -> u32 {
        keys * self.open_cells.len() as u32 + self.index[cell as usize]
    }

    /// Grid cell and set of keys of an observation; the inverse of [`Rules::observation`].
    pub(super) fn locate(&self, observation: u32) -> (u32, u32) {
        let cells = self.open_cells.len() as u32;
        (self.open_cells[(observation % cells) as usize], observation / cells)
    }

    /// Transition table of the map: every state, every move.
    pub(super) fn table(&self) -> Result<TransitionTable, MapErrorKind> {
        let gusts: &[i32] = if self.legend.stochastic_wind { &[-1, 0, 1] } else { &[0] };
        let states = self.open_cells.len() << self.keys.len();
        let kinds: Vec<u8> = (0..states as u32).map(|state| self.state_kind(state)).collect();
        let no_chance = self.legend.slip == 0.0 && gusts.len() == 1;
        let (distributions, kinds) = match no_chance {
            true => (MoveDistributions::deterministic(self.directions.len()), Vec::new()),
            false => (self.move_distributions(gusts.len()), kinds),
        };
        let moves = self.directions.len() * gusts.len();
        let table = TransitionTable::new(states, moves, distributions, kinds, |state, mv| {
            self.transition(state, self.directions[mv / gusts.len()], gusts[mv % gusts.len()])
        })?;
        Ok(if self.legend.mask { table.mask_idle_actions() } else { table })
    }

    fn state_kind(&self, state: u32) -> u8 {
        let (cell, _) = self.locate(state);
        let tile = &self.tiles[cell as usize];
        if tile.terminal || tile.teleport.is_some() {
            DETERMINISTIC
        } else if self.legend.stochastic_wind && self.wind(cell) != 0 {
            WINDY
        } else {
            SLIPPING
        }
    }

    /// Move distributions of the three kinds of states. Move number `d * gusts + g` is direction d with the g-th of
    /// `gusts` changes of wind.
    fn move_distributions(&self, gusts: usize) -> MoveDistributions {
        let actions = 0..self.directions.len();
        let mean_wind_move = |direction: usize| (direction * gusts + gusts / 2) as u8;
        let deterministic = actions.clone().map(|a| vec![(1.0, mean_wind_move(a))]);
        let slipping = actions
            .clone()
            .map(|a| self.slip_distribution(a).into_iter().map(|(p, d)| (p, mean_wind_move(d))).collect());
        let windy = actions.map(|a| {
            let each =
                |(p, d): (f64, usize)| (0..gusts).map(move |g| (p / gusts as f64, (d * gusts + g) as u8));
            self.slip_distribution(a).into_iter().flat_map(each).collect::<MoveDistribution>()
        });
        MoveDistributions::new(&[deterministic.collect(), slipping.collect(), windy.collect()])
    }

    /// Directions in which action `a` may move the agent, with their probabilities, in Gymnasium's order: direction of
    /// the previous action, of `a`, of the next action.
    fn slip_distribution(&self, a: usize) -> Vec<(f64, usize)> {
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
                let sides = all[a].sideways().unwrap_or([all[a]; 2]);
                let [first, second] = sides.map(|side| all.iter().position(|d| *d == side).unwrap_or(a));
                let below = (a + all.len() - 1) % all.len();
                let [first, second] = if second == below { [second, first] } else { [first, second] };
                vec![(slip / 2.0, first), (1.0 - slip, a), (slip / 2.0, second)]
            }
        }
    }

    /// Description of the difference between the intended result of action `a` in state `before` and the state `after`,
    /// such as `slipped: meant left, went down`; `None` if they are equal.
    pub(super) fn slip(&self, before: u32, a: usize, after: u32) -> Option<String> {
        let intended = self.transition(before, *self.directions.get(a)?, 0).next;
        if intended == after {
            return None;
        }
        let leads_there = |direction: &Direction| self.transition(before, *direction, 0).next == after;
        let slips = self.slip_distribution(a).into_iter().map(|(_, d)| self.directions[d]).find(leads_there);
        if let Some(went) = slips.filter(|_| self.legend.slip > 0.0) {
            let went = if before == after { "stayed".to_owned() } else { format!("went {}", went.name()) };
            return Some(format!("slipped: meant {}, {went}", self.directions[a].name()));
        }
        let row = |state| self.locate(state).0 as i32 / self.width;
        Some(match row(intended) - row(after) {
            0 => "blown aside".to_owned(),
            up if up > 0 => format!("gust: {up} further up than usual"),
            down => format!("gust: {} further down than usual", -down),
        })
    }

    /// Rewards of steps without a special cell: a step, a diagonal step, a stopped one.
    pub(super) fn usual_rewards(&self) -> [f64; 3] {
        let step = self.legend.step;
        [step, self.legend.diagonal.unwrap_or(step), self.legend.bump.unwrap_or(step)]
    }

    /// Wind in the column of `cell`: number of cells up.
    fn wind(&self, cell: u32) -> i32 {
        self.legend.wind.get(cell as usize % self.width as usize).copied().unwrap_or(0)
    }

    /// Transition of a move in `direction` from `state`, where the wind is `gust` cells stronger than the legend says.
    fn transition(&self, state: u32, direction: Direction, gust: i32) -> Transition {
        let (cell, keys) = self.locate(state);
        let tile = &self.tiles[cell as usize];
        if tile.terminal {
            return Transition { next: state, reward: 0.0, terminal: true };
        }
        let (to, reward) = match tile.teleport {
            Some(to) => (to, tile.reward.unwrap_or(self.legend.step)),
            None => {
                let lift = match self.wind(cell) {
                    0 => 0,
                    wind => wind + gust,
                };
                let (to, stopped) = self.displace(cell, direction, lift, keys);
                let usual = match self.legend.diagonal {
                    Some(reward) if direction.is_diagonal() => reward,
                    _ => self.legend.step,
                };
                let entered = &self.tiles[to as usize];
                // The reward of a teleport cell is for leaving it, not for entering.
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
        Transition { next: self.observation(rest, keys), reward, terminal: entered.terminal }
    }

    /// Cell where a move from `from` ends, and whether the move was stopped.
    fn displace(&self, from: u32, direction: Direction, lift: i32, keys: u32) -> (u32, bool) {
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

    /// Neighbor cell of `from` at the given displacement; `None` if the agent cannot enter the neighbor from `from`.
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

    /// Cell at the given displacement from `from`; `None` off the map.
    pub(super) fn neighbor(&self, from: u32, rows: i32, columns: i32) -> Option<u32> {
        let (row, column) = (from as i32 / self.width + rows, from as i32 % self.width + columns);
        let inside = (0..self.height).contains(&row) && (0..self.width).contains(&column);
        inside.then_some((row * self.width + column) as u32)
    }
}

fn is_open(tile: &Tile, keys: u32) -> bool {
    !tile.wall && tile.door.is_none_or(|door| keys >> door & 1 == 1)
}

/// Checks the values of the legend (else [`MapError`]).
fn check(map: &Map) -> Result<(), MapError> {
    let legend = map.legend();
    let error = |key: &str, message: &str| Err(map.at_key(key, message));
    if map.glyphs().len() > 1 << 30 {
        return Err(map.at_cell(
            0,
            MapErrorKind::InvalidValue("a map has at most 2^30 cells; make it smaller".to_owned()),
        ));
    }
    let rewards = [("step", Some(legend.step)), ("diagonal", legend.diagonal), ("bump", legend.bump)];
    if let Some((key, _)) = rewards.iter().find(|(_, reward)| reward.is_some_and(|r| !r.is_finite())) {
        return error(key, "a reward must be a finite number");
    }
    if !(0.0..=1.0).contains(&legend.slip) {
        return error("slip", "`slip` must be a number from 0 to 1");
    }
    if !(0.0..=1.0).contains(&legend.gamma) {
        return error("gamma", "`gamma` must be a number from 0 to 1");
    }
    if !legend.wind.is_empty() && legend.wind.len() != map.width() {
        let (columns, winds) = (map.width(), legend.wind.len());
        return error(
            "wind",
            &format!("the map has {columns} columns and wind has {winds} numbers; give one number a column"),
        );
    }
    if legend.wind.iter().any(|wind| wind.unsigned_abs() > 1_000) {
        return error("wind", "a wind must be at most 1000 cells");
    }
    if legend.stochastic_wind && legend.wind.iter().all(|wind| *wind == 0) {
        return error(
            "stochastic_wind",
            "`stochastic_wind` needs `wind`; add wind = [...], one number a column",
        );
    }
    let directions = legend.directions();
    if (1..directions.len()).any(|i| directions[..i].contains(&directions[i])) {
        return error("actions", "an action is listed twice; list each direction once");
    }
    if legend.slip > 0.0 {
        let has = |side: &Direction| directions.contains(side);
        let lacks = |side: &Direction| side.sideways().is_some_and(|sides| !sides.iter().all(has));
        match legend.slip_to {
            SlipTo::Sideways if directions.iter().any(lacks) => {
                return error(
                    "slip",
                    "a sideways slip needs both perpendicular directions of every action among the actions; add \
                     them, or write slip_to = \"others\"",
                );
            }
            SlipTo::Others if directions.len() < 2 => {
                return error("slip", "slip_to = \"others\" needs at least two actions");
            }
            _ => {}
        }
    }
    Ok(())
}
