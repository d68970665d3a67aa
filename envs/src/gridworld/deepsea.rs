//! Deep sea: a world that tests deep exploration.
//!
//! * **Source**: bsuite 0.3 (`environments/deep_sea.py`, deterministic), after I. Osband et al., "Deep exploration via
//!   randomized value functions", JMLR 20 (2019).
//! * **State**: row and column of an N x N grid; every step goes one row down.
//! * **Actions**: 0 and 1; in each cell one goes left and the other right. Without the setting `action_seed`, 1 goes
//!   right everywhere (bsuite's `randomize_actions=False`). With the setting, a fair random bit from that seed decides
//!   in every cell which action goes right (bsuite uses another random generator, that of NumPy, so the result
//!   differs).
//! * **Observation**: `row * N + column`, the position of the 1 in bsuite's array; N² after the last row, where
//!   bsuite's array is all 0.
//! * **Reward**: going right costs 0.01 / N; going right from the last column, reached only by N right moves in a row,
//!   has the additional reward 1. Best return .99; a random policy gets the reward 1 once in 2^N episodes.
//! * **Endings**: after N steps.
//! * **Version**: 1.

use freewheel_core::{Error, Event, Purpose, Result, Rgb, Step, Streams};

use super::board::{Board, CellStyle};
use super::error::MapError;
use super::settings::Settings;
use super::table::{MoveDistributions, Transition, TransitionTable};
use super::world::{Gridworld, Parts};

/// Maximum N: four million observations.
const MAX_SIDE: u32 = 2_000;
const MOVE_COST: f64 = 0.01;

/// Names of the settings of deep sea.
pub(super) const SETTINGS: &[&str] = &["gamma", "time_limit", "action_seed"];

/// World deep sea with `side` rows and columns.
pub(super) fn world(id: &str, side: u32, settings: &Settings) -> Result<Gridworld> {
    if !(2..=MAX_SIDE).contains(&side) {
        return Err(Error::Config(format!("{id}: the side must be 2 to {MAX_SIDE} cells")));
    }
    let deep_sea = DeepSea::new(side, settings.action_seed);
    let states = (side * side + 1) as usize;
    let table =
        TransitionTable::new(states, 2, MoveDistributions::deterministic(2), Vec::new(), |state, action| {
            deep_sea.transition(state, action)
        })
        .map_err(|error| MapError::new(1, 1, error).in_file(id))?;
    let actions = match settings.action_seed {
        None => ["left", "right"],
        Some(_) => ["first", "second"],
    };
    Ok(Gridworld::new(Parts {
        id: id.to_owned(),
        version: 1,
        actions: actions.map(str::to_owned).to_vec(),
        time_limit: settings.time_limit.filter(|limit| *limit > 0),
        gamma: settings.gamma.unwrap_or(1.0),
        table,
        starts: vec![0],
        board: Box::new(deep_sea),
    }))
}

struct DeepSea {
    side: u32,
    /// Whether action 1 goes right, for each cell, `[side * side]`; empty if it goes right in all cells.
    right: Vec<bool>,
}

impl DeepSea {
    fn new(side: u32, seed: Option<u64>) -> Self {
        let right = match seed {
            None => Vec::new(),
            Some(seed) => {
                let mut rng = Streams::new(seed).stream(Purpose::Generation, u64::from(side), 0);
                (0..side * side).map(|_| rng.bits() >> 63 == 1).collect()
            }
        };
        DeepSea { side, right }
    }

    fn goes_right(&self, cell: u32, action: usize) -> bool {
        (action == 1) == self.right.get(cell as usize).copied().unwrap_or(true)
    }

    fn transition(&self, state: u32, action: usize) -> Transition {
        let end = self.side * self.side;
        if state == end {
            return Transition { next: end, reward: 0.0, terminal: true };
        }
        let (row, column) = (state / self.side, state % self.side);
        let last = self.side - 1;
        let (column, reward) = match self.goes_right(state, action) {
            true => {
                let treasure = if column == last { 1.0 } else { 0.0 };
                ((column + 1).min(last), treasure - MOVE_COST / f64::from(self.side))
            }
            false => (column.saturating_sub(1), 0.0),
        };
        let terminal = row == last;
        Transition { next: if terminal { end } else { (row + 1) * self.side + column }, reward, terminal }
    }
}

impl Board for DeepSea {
    fn size(&self) -> (usize, usize) {
        (self.side as usize, self.side as usize)
    }

    fn agent(&self, observation: u32) -> Option<usize> {
        (observation < self.side * self.side).then_some(observation as usize)
    }

    fn observation_at(&self, cell: usize, _observation: u32) -> Option<u32> {
        Some(cell as u32)
    }

    fn cell_style(&self, cell: usize, _observation: u32) -> CellStyle {
        let (row, column) = (cell as u32 / self.side, cell as u32 % self.side);
        let depth = row as f32 / self.side as f32;
        let (glyph, bg) = match () {
            () if column > row => (' ', Rgb(16, 18, 22)),
            () if cell as u32 == self.side * self.side - 1 => ('◆', Rgb(120, 92, 24)),
            () => ('·', Rgb(40, 110, 150).mix(Rgb(12, 28, 64), depth)),
        };
        CellStyle { glyph, fg: Rgb(210, 216, 226), bg, no_policy: column > row, is_wall: false }
    }

    fn arrow(&self, observation: u32, action: usize) -> char {
        if self.goes_right(observation, action) { '↘' } else { '↙' }
    }

    fn target(&self, observation: u32, action: usize) -> Option<usize> {
        let Transition { next, terminal, .. } = self.transition(observation, action);
        (!terminal).then_some(next as usize)
    }

    fn event(&self, _before: u32, _action: usize, _after: u32, step: Step) -> Option<Event> {
        (step.reward > 0.0)
            .then(|| Event::new("goal", format!("found the treasure, reward {:+}", step.reward)))
    }
}
