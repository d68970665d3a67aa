//! World `grid/taxi`: a taxi brings a passenger to a destination, as in Gymnasium's Taxi.
//!
//! * **Source**: Gymnasium 1.4, Taxi-v4, after T. G. Dietterich, "Hierarchical reinforcement learning with the MAXQ
//!   value function decomposition", JAIR 13 (2000). The transition table equals `env.unwrapped.P` entry by entry.
//! * **State**: row and column of the taxi (5 x 5), location of the passenger (R, G, Y, B or in the taxi),
//!   destination.
//! * **Actions**: 0 south, 1 north, 2 east, 3 west, 4 pick up, 5 drop off.
//! * **Observation**: `((row * 5 + column) * 5 + passenger) * 4 + destination`, 0..500.
//! * **Reward**: 20 for delivering the passenger, -10 for an illegal pick-up or drop-off, else -1.
//! * **Endings**: the passenger is delivered; truncated after 200 steps.
//! * **Starts**: all 300 states in which the passenger waits at a location other than the destination.
//! * **Version**: 1.

use freewheel_core::{Event, Result, Rgb, Step};

use super::board::{Board, CellStyle};
use super::error::MapError;
use super::settings::Settings;
use super::table::{MoveDistributions, Transition, TransitionTable};
use super::world::{Gridworld, Parts};

const SIDE: u32 = 5;
const STATES: u32 = 500;
const ACTIONS: [&str; 6] = ["south", "north", "east", "west", "pick up", "drop off"];
/// (row, column) of the four locations R, G, Y, B.
const LOCATIONS: [(u32, u32); 4] = [(0, 0), (0, 4), (4, 0), (4, 3)];
const LETTERS: [char; 4] = ['R', 'G', 'Y', 'B'];
/// Number of the passenger location "in the taxi".
const IN_TAXI: u32 = 4;
/// (row, column) of the cells with a wall on their left.
const WALLS: [(u32, u32); 6] = [(0, 2), (1, 2), (3, 1), (3, 3), (4, 1), (4, 3)];

/// Names of the settings of taxi.
pub(super) const SETTINGS: &[&str] = &["gamma", "time_limit", "mask"];

#[derive(Clone, Copy)]
struct TaxiState {
    row: u32,
    column: u32,
    passenger: u32,
    destination: u32,
}

impl TaxiState {
    fn decode(state: u32) -> Self {
        TaxiState {
            row: state / 100,
            column: state / 20 % SIDE,
            passenger: state / 4 % 5,
            destination: state % 4,
        }
    }

    fn encode(self) -> u32 {
        ((self.row * SIDE + self.column) * 5 + self.passenger) * 4 + self.destination
    }

    /// Number of the location where the taxi is; `None` between the locations.
    fn location(self) -> Option<u32> {
        (0..)
            .zip(LOCATIONS)
            .find(|(_, location)| *location == (self.row, self.column))
            .map(|(number, _)| number)
    }

    fn has_wall_left(self) -> bool {
        self.column == 0 || WALLS.contains(&(self.row, self.column))
    }

    fn has_wall_right(self) -> bool {
        self.column + 1 == SIDE || WALLS.contains(&(self.row, self.column + 1))
    }

    fn step(mut self, action: usize) -> Transition {
        let (mut reward, mut terminal) = (-1.0, false);
        let passenger_here = self.passenger < IN_TAXI && self.location() == Some(self.passenger);
        match action {
            0 => self.row = (self.row + 1).min(SIDE - 1),
            1 => self.row = self.row.saturating_sub(1),
            2 if !self.has_wall_right() => self.column += 1,
            3 if !self.has_wall_left() => self.column -= 1,
            4 if passenger_here => self.passenger = IN_TAXI,
            5 => match self.location() {
                Some(location) if self.passenger == IN_TAXI => {
                    self.passenger = location;
                    terminal = location == self.destination;
                    reward = if terminal { 20.0 } else { -1.0 };
                }
                _ => reward = -10.0,
            },
            4 => reward = -10.0,
            _ => {}
        }
        Transition { next: self.encode(), reward, terminal }
    }

    /// Action mask: bit a is set if action a is legal; equals Gymnasium's `info["action_mask"]`.
    fn mask(self) -> u16 {
        let legal = [
            self.row + 1 < SIDE,
            self.row > 0,
            !self.has_wall_right(),
            !self.has_wall_left(),
            self.passenger < IN_TAXI && self.location() == Some(self.passenger),
            self.passenger == IN_TAXI && self.location().is_some(),
        ];
        (0..).zip(legal).fold(0, |bits, (a, legal)| bits | u16::from(legal) << a)
    }
}

/// Taxi world with the name `id` and the given settings.
pub(super) fn world(id: &str, settings: &Settings) -> Result<Gridworld> {
    let table = TransitionTable::new(
        STATES as usize,
        ACTIONS.len(),
        MoveDistributions::deterministic(ACTIONS.len()),
        Vec::new(),
        |state, action| TaxiState::decode(state).step(action),
    )
    .map_err(|error| MapError::new(1, 1, error).in_file(id))?;
    let table = match settings.mask {
        Some(true) => table.with_mask((0..STATES).map(|state| TaxiState::decode(state).mask()).collect()),
        _ => table,
    };
    let is_start = |state: TaxiState| state.passenger != IN_TAXI && state.passenger != state.destination;
    let time_limit = settings.time_limit.unwrap_or(200);
    Ok(Gridworld::new(Parts {
        id: id.to_owned(),
        version: 1,
        actions: ACTIONS.map(str::to_owned).to_vec(),
        time_limit: (time_limit > 0).then_some(time_limit),
        gamma: settings.gamma.unwrap_or(1.0),
        table,
        starts: (0..STATES).filter(|&state| is_start(TaxiState::decode(state))).collect(),
        board: Box::new(TaxiBoard),
    }))
}

/// Drawing of taxi: 5 x 5 cells.
struct TaxiBoard;

impl Board for TaxiBoard {
    fn size(&self) -> (usize, usize) {
        (SIDE as usize, SIDE as usize)
    }

    fn agent(&self, observation: u32) -> Option<usize> {
        Some((observation / 20) as usize)
    }

    fn observation_at(&self, cell: usize, observation: u32) -> Option<u32> {
        Some(cell as u32 * 20 + observation % 20)
    }

    fn cell_style(&self, cell: usize, observation: u32) -> CellStyle {
        const LOCATION_COLORS: [Rgb; 4] =
            [Rgb(120, 36, 40), Rgb(36, 104, 58), Rgb(122, 104, 30), Rgb(40, 62, 128)];
        let state = TaxiState::decode(observation);
        let here = TaxiState { row: cell as u32 / SIDE, column: cell as u32 % SIDE, ..state }.location();
        let (glyph, bg) = match here {
            Some(location) if location == state.passenger => ('☻', LOCATION_COLORS[location as usize]),
            Some(location) if location == state.destination => ('⚑', LOCATION_COLORS[location as usize]),
            Some(location) => (LETTERS[location as usize], LOCATION_COLORS[location as usize]),
            None => ('·', Rgb(38, 40, 46)),
        };
        let fg = if here.is_some() { Rgb(240, 240, 240) } else { Rgb(80, 84, 94) };
        CellStyle { glyph, fg, bg, no_policy: false, is_wall: false }
    }

    fn arrow(&self, _observation: u32, action: usize) -> char {
        ['↓', '↑', '→', '←', 'P', 'D'].get(action).copied().unwrap_or('?')
    }

    fn target(&self, observation: u32, action: usize) -> Option<usize> {
        let state = TaxiState::decode(observation);
        let (row, column) = match action {
            0 => (state.row + 1, state.column),
            1 => (state.row.checked_sub(1)?, state.column),
            2 => (state.row, state.column + 1),
            3 => (state.row, state.column.checked_sub(1)?),
            4 if state.passenger == IN_TAXI => return None,
            5 if state.passenger != IN_TAXI => return None,
            _ => (state.row, state.column),
        };
        (row < SIDE && column < SIDE).then_some((row * SIDE + column) as usize)
    }

    fn event(&self, before: u32, action: usize, after: u32, step: Step) -> Option<Event> {
        let (before, after) = (TaxiState::decode(before), TaxiState::decode(after));
        let letter = |location: u32| LETTERS.get(location as usize).copied().unwrap_or('?');
        Some(match (before.passenger == IN_TAXI, after.passenger == IN_TAXI) {
            (false, true) => {
                Event::new("pickup", format!("picked up the passenger at {}", letter(before.passenger)))
            }
            (true, false) if after.passenger == after.destination => {
                Event::new("goal", format!("brought the passenger to {}", letter(after.passenger)))
            }
            (true, false) => {
                Event::new("drop", format!("put the passenger down at {}", letter(after.passenger)))
            }
            _ if step.reward < -1.0 => {
                let text = if action == 4 { "no passenger to pick up" } else { "no place to drop off" };
                Event::new("reward", format!("{text}, reward {:+}", step.reward))
            }
            _ => return None,
        })
    }

    fn has_left_wall(&self, cell: usize) -> bool {
        WALLS.contains(&(cell as u32 / SIDE, cell as u32 % SIDE))
    }

    fn status(&self, observation: u32) -> String {
        let state = TaxiState::decode(observation);
        let passenger = match LETTERS.get(state.passenger as usize) {
            Some(location) => format!("passenger at {location}"),
            None => "passenger aboard".to_owned(),
        };
        format!("{passenger}, to {}", LETTERS[state.destination as usize])
    }
}
