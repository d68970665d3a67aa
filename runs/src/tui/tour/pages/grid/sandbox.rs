//! Map that the user edits, and its world. The observation is the number of the cell on the whole map, walls included,
//! so that a table of values keeps its meaning when walls move.

use std::sync::Arc;

use freewheel_core::wrapper::{ObservationTransform, wrap};
use freewheel_core::{DynWorld, ObservationSpace, Player, Result, World};
use freewheel_envs::gridworld::{CellRule, Gridworld, Legend, Map};

/// Columns and rows of the map.
pub(super) const COLUMNS: usize = 8;
pub(super) const ROWS: usize = 5;

/// Steps after which an episode is truncated.
const LIMIT: u32 = 100;

/// Map and rewards.
#[derive(Clone, Debug)]
pub(super) struct Sandbox {
    /// Glyphs, row-major.
    cells: Vec<char>,
    /// Rewards of the goals and of the pits.
    pub(super) goal: f64,
    pub(super) pit: f64,
}

impl Sandbox {
    /// The first map.
    pub(super) fn new() -> Self {
        let rows = ["S..#....", "...#..#.", ".#...H#.", ".#.#..#.", "...#...G"];
        Sandbox { cells: rows.concat().chars().collect(), goal: 10.0, pit: -10.0 }
    }

    /// The next kind of a cell: floor, wall, pit, goal. The start stays.
    pub(super) fn edit(&mut self, (column, row): (usize, usize)) {
        if let Some(cell) = self.cells.get_mut(row * COLUMNS + column) {
            *cell = match *cell {
                '.' => '#',
                '#' => 'H',
                'H' => 'G',
                'G' => '.',
                other => other,
            };
        }
    }

    /// World of the map.
    ///
    /// # Errors
    /// Errors of the map, such as a goal that cannot be reached.
    pub(super) fn world(&self) -> Result<Arc<dyn DynWorld>> {
        let rows: Vec<String> = self.cells.chunks(COLUMNS).map(|row| row.iter().collect()).collect();
        let mut legend = Legend { step: -1.0, time_limit: LIMIT, ..Legend::default() };
        for (glyph, reward) in [("G", self.goal), ("H", self.pit)] {
            let rule = CellRule { reward: Some(reward), ..CellRule::default() };
            legend.cells.insert(glyph.into(), rule);
        }
        let map = Map::new(&rows, legend).map_err(|e| freewheel_core::Error::Config(e.to_string()))?;
        let world = Gridworld::from_map("grid/sandbox", &map)
            .map_err(|e| freewheel_core::Error::Config(e.to_string()))?;
        let open = self.cells.iter().enumerate().filter(|(_, glyph)| **glyph != '#');
        let cells = open.map(|(cell, _)| cell as f32).collect();
        Ok(wrap(world.shared(), Arc::new(CellOfMap { cells })))
    }
}

/// Number of the cell on the whole map, from its number among the cells that are not walls.
struct CellOfMap {
    cells: Vec<f32>,
}

impl CellOfMap {
    fn write(&self, obs: &[f32], out: &mut [f32]) {
        for (from, to) in obs.iter().zip(out) {
            *to = self.cells.get(*from as usize).copied().unwrap_or_default();
        }
    }
}

impl ObservationTransform for CellOfMap {
    type Memory = ();

    fn space(&self) -> ObservationSpace {
        ObservationSpace::Discrete { n: COLUMNS * ROWS }
    }

    fn memory(&self, _: usize) {}

    fn begin(&self, (): &mut (), _: usize, obs: &[f32], _: Player, row: &mut [f32]) -> Result<()> {
        self.write(obs, row);
        Ok(())
    }

    fn push(&self, (): &mut (), _: usize, obs: &[f32], _: Player, row: &mut [f32]) -> Result<()> {
        self.write(obs, row);
        Ok(())
    }

    fn suppose(&self, _: &[f32], obs: &[f32], out: &mut [f32]) {
        self.write(obs, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_keep_their_numbers_when_walls_move() {
        let mut sandbox = Sandbox::new();
        for _ in 0..2 {
            let world = sandbox.world().unwrap();
            let streams = freewheel_core::Streams::new(0);
            let mut runner = world.episode_runner(streams, freewheel_core::Purpose::Environment, 0);
            let step = |runner: &mut Box<dyn freewheel_core::EpisodeRunner>, action| {
                runner.step(freewheel_core::Actions::Discrete(&[action])).unwrap();
                runner.obs()[0]
            };
            // Down to row 4 of the first column, which is open in both maps.
            let seen: Vec<f32> = (0..4).map(|_| step(&mut runner, 2)).collect();
            assert_eq!(seen, [8.0, 16.0, 24.0, 32.0]);
            sandbox.edit((2, 0));
        }
    }

    #[test]
    fn a_goal_that_cannot_be_reached_is_refused() {
        let mut sandbox = Sandbox::new();
        sandbox.edit((7, 3));
        sandbox.edit((6, 4));
        let why = sandbox.world().map(drop).unwrap_err().to_string();
        assert!(why.contains("reach"), "{why}");
    }
}
