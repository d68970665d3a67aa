//! Taxi.
//!
//! * **Source**: Gymnasium 1.4, Taxi-v4, after T. G. Dietterich, "Hierarchical reinforcement learning with the MAXQ value function
//!   decomposition", JAIR 13 (2000). Entry by entry the table of `env.unwrapped.P`.
//! * **State**: the taxi's row and column (5 x 5), where the passenger is (R, G, Y, B or in the taxi), where it wants to go.
//! * **Actions**: 0 south, 1 north, 2 east, 3 west, 4 pick up, 5 drop off.
//! * **Observation**: `((row * 5 + column) * 5 + passenger) * 4 + destination`, 0..500.
//! * **Reward**: 20 for delivering, -10 for picking up or dropping off where that cannot be, else -1.
//! * **Endings**: the passenger is delivered; 200 steps truncate.
//! * **Starts**: all 300 states in which the passenger waits somewhere else than where it wants to go.
//! * **Version**: 1.

use freewheel_core::{Result, Rgb};

use super::board::{Board, Look};
use super::fault::MapError;
use super::settings::Settings;
use super::table::{Dice, Landing, Table};
use super::world::{Gridworld, Parts};

const SIDE: u32 = 5;
const STATES: u32 = 500;
const ACTIONS: [&str; 6] = ["south", "north", "east", "west", "pick up", "drop off"];
/// (row, column) of R, G, Y, B.
const PLACES: [(u32, u32); 4] = [(0, 0), (0, 4), (4, 0), (4, 3)];
const LETTERS: [char; 4] = ['R', 'G', 'Y', 'B'];
/// The passenger is in the taxi.
const ABOARD: u32 = 4;
/// (row, column) of the cells with a wall on their left.
const WALLS: [(u32, u32); 6] = [(0, 2), (1, 2), (3, 1), (3, 3), (4, 1), (4, 3)];

/// The settings that taxi takes.
pub(super) const SETTINGS: &[&str] = &["gamma", "time_limit", "mask"];

#[derive(Clone, Copy)]
struct Cab {
    row: u32,
    column: u32,
    passenger: u32,
    destination: u32,
}

impl Cab {
    fn decode(state: u32) -> Self {
        Cab { row: state / 100, column: state / 20 % SIDE, passenger: state / 4 % 5, destination: state % 4 }
    }

    fn encode(self) -> u32 {
        ((self.row * SIDE + self.column) * 5 + self.passenger) * 4 + self.destination
    }

    /// The place the taxi stands on, if it is one.
    fn place(self) -> Option<u32> {
        (0..).zip(PLACES).find(|(_, place)| *place == (self.row, self.column)).map(|(number, _)| number)
    }

    fn walled_left(self) -> bool {
        self.column == 0 || WALLS.contains(&(self.row, self.column))
    }

    fn walled_right(self) -> bool {
        self.column + 1 == SIDE || WALLS.contains(&(self.row, self.column + 1))
    }

    fn act(mut self, action: usize) -> Landing {
        let (mut reward, mut terminal) = (-1.0, false);
        let waits_here = self.passenger < ABOARD && self.place() == Some(self.passenger);
        match action {
            0 => self.row = (self.row + 1).min(SIDE - 1),
            1 => self.row = self.row.saturating_sub(1),
            2 if !self.walled_right() => self.column += 1,
            3 if !self.walled_left() => self.column -= 1,
            4 if waits_here => self.passenger = ABOARD,
            5 => match self.place() {
                Some(place) if self.passenger == ABOARD => {
                    self.passenger = place;
                    terminal = place == self.destination;
                    reward = if terminal { 20.0 } else { -1.0 };
                }
                _ => reward = -10.0,
            },
            4 => reward = -10.0,
            _ => {}
        }
        Landing { next: self.encode(), reward, terminal }
    }

    /// Gymnasium's `info["action_mask"]`, bit a for action a.
    fn mask(self) -> u16 {
        let legal = [
            self.row + 1 < SIDE,
            self.row > 0,
            !self.walled_right(),
            !self.walled_left(),
            self.passenger < ABOARD && self.place() == Some(self.passenger),
            self.passenger == ABOARD && self.place().is_some(),
        ];
        (0..).zip(legal).fold(0, |bits, (a, legal)| bits | u16::from(legal) << a)
    }
}

/// Builds the taxi world.
pub(super) fn world(id: &str, settings: &Settings) -> Result<Gridworld> {
    let table = Table::new(
        STATES as usize,
        ACTIONS.len(),
        Dice::plain(ACTIONS.len()),
        Vec::new(),
        |state, action| Cab::decode(state).act(action),
    )
    .map_err(|fault| MapError::new(1, 1, fault).in_file(id))?;
    let table = match settings.mask {
        Some(true) => table.with_mask((0..STATES).map(|state| Cab::decode(state).mask()).collect()),
        _ => table,
    };
    let begins = |cab: Cab| cab.passenger != ABOARD && cab.passenger != cab.destination;
    let time_limit = settings.time_limit.unwrap_or(200);
    Ok(Gridworld::new(Parts {
        id: id.to_owned(),
        version: 1,
        actions: ACTIONS.map(str::to_owned).to_vec(),
        time_limit: (time_limit > 0).then_some(time_limit),
        gamma: settings.gamma.unwrap_or(1.0),
        table,
        starts: (0..STATES).filter(|&state| begins(Cab::decode(state))).collect(),
        board: Box::new(Town),
    }))
}

/// The 5 x 5 cells as a board.
struct Town;

impl Board for Town {
    fn size(&self) -> (usize, usize) {
        (SIDE as usize, SIDE as usize)
    }

    fn agent(&self, observation: u32) -> Option<usize> {
        Some((observation / 20) as usize)
    }

    fn seen_from(&self, cell: usize, observation: u32) -> Option<u32> {
        Some(cell as u32 * 20 + observation % 20)
    }

    fn look(&self, cell: usize, observation: u32) -> Look {
        const GROUNDS: [Rgb; 4] = [Rgb(120, 36, 40), Rgb(36, 104, 58), Rgb(122, 104, 30), Rgb(40, 62, 128)];
        let cab = Cab::decode(observation);
        let here = Cab { row: cell as u32 / SIDE, column: cell as u32 % SIDE, ..cab }.place();
        let (glyph, bg) = match here {
            Some(place) if place == cab.passenger => ('☻', GROUNDS[place as usize]),
            Some(place) if place == cab.destination => ('⚑', GROUNDS[place as usize]),
            Some(place) => (LETTERS[place as usize], GROUNDS[place as usize]),
            None => ('·', Rgb(38, 40, 46)),
        };
        let fg = if here.is_some() { Rgb(240, 240, 240) } else { Rgb(80, 84, 94) };
        Look { glyph, fg, bg, still: false, solid: false }
    }

    fn arrow(&self, _observation: u32, action: usize) -> char {
        ['↓', '↑', '→', '←', 'P', 'D'].get(action).copied().unwrap_or('?')
    }

    fn wall_to_the_left(&self, cell: usize) -> bool {
        WALLS.contains(&(cell as u32 / SIDE, cell as u32 % SIDE))
    }

    fn status(&self, observation: u32) -> String {
        let cab = Cab::decode(observation);
        let passenger = match LETTERS.get(cab.passenger as usize) {
            Some(place) => format!("passenger at {place}"),
            None => "passenger aboard".to_owned(),
        };
        format!("{passenger}, to {}", LETTERS[cab.destination as usize])
    }
}
