//! Rules of the MiniGrid worlds: cells, actions, view.
//!
//! * **Source**: Chevalier-Boisvert et al., *Minigrid & Miniworld: Modular & Customizable Reinforcement Learning
//!   Environments for Goal-Oriented Tasks*, NeurIPS 2023 (arXiv:2306.13831), and its package `minigrid`.
//! * **State**: a grid of cells, position and direction of the agent, the object that it carries.
//! * **Actions**: 0 `left` and 1 `right` turn; 2 `forward`; 3 `pickup` and 4 `drop` the object in front; 5 `toggle` the
//!   door in front, a locked one only with a key of its color in the hand; 6 `done` does nothing. With moving obstacles
//!   only the first three exist.
//! * **Observation**: the 7 x 7 cells in front of the agent, which is in the middle of the last row and looks up:
//!   planes of object, color and state, `[3, 7, 7]`. Walls and closed doors hide the cells behind them, except in
//!   worlds in which the agent sees through walls. The cell of the agent shows what it carries.
//! * **Reward**: 1 - 0.9 (steps / time limit) at the goal; with moving obstacles -1 for a step forward when something
//!   other than the goal was in front; else 0.
//! * **Endings**: terminal at the goal and in a collision; truncated at the time limit.
//! * **Version**: 1.

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

pub(super) const VERSION: u32 = 1;

/// Rows and columns of the view.
pub(super) const VIEW: usize = 7;
/// Names of the actions, in the order of their numbers.
pub(super) const ACTIONS: [&str; 7] = ["left", "right", "forward", "pickup", "drop", "toggle", "done"];
pub(super) const LEFT: u32 = 0;
pub(super) const RIGHT: u32 = 1;
pub(super) const FORWARD: u32 = 2;
pub(super) const PICKUP: u32 = 3;
pub(super) const DROP: u32 = 4;
pub(super) const TOGGLE: u32 = 5;
/// Number of actions with moving obstacles.
pub(super) const MOVES: usize = 3;
/// Most attempts at a random cell for an obstacle.
pub(super) const ATTEMPTS: u32 = 101;

/// Content of a cell: MiniGrid's numbers of object, color and state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// 1 empty, 2 wall, 4 door, 5 key, 6 ball, 8 goal; 0 for a cell that is not visible.
    pub object: u8,
    /// 0 red, 1 green, 2 blue, 3 purple, 4 yellow, 5 gray.
    pub color: u8,
    /// State of a door: 0 open, 1 closed, 2 locked; else 0.
    pub state: u8,
}

impl Cell {
    pub(super) const HIDDEN: Cell = Cell::new(0, 0, 0);
    pub(super) const EMPTY: Cell = Cell::new(1, 0, 0);
    pub(super) const WALL: Cell = Cell::new(2, 5, 0);
    pub(super) const BALL: Cell = Cell::new(6, 2, 0);
    pub(super) const GOAL: Cell = Cell::new(8, 1, 0);

    pub(super) const fn new(object: u8, color: u8, state: u8) -> Self {
        Cell { object, color, state }
    }

    pub(super) fn is_door(self) -> bool {
        self.object == 4
    }

    pub(super) fn is_key(self) -> bool {
        self.object == 5
    }

    /// Whether the agent can stand here: an empty cell, an open door or the goal.
    pub(super) fn is_passable(self) -> bool {
        self == Cell::EMPTY || self == Cell::GOAL || (self.is_door() && self.state == 0)
    }

    /// Whether the agent can pick it up: a key or a ball.
    fn is_portable(self) -> bool {
        self.is_key() || self.object == Cell::BALL.object
    }

    /// Whether it hides the cells behind it: a wall or a door that is not open.
    fn is_opaque(self) -> bool {
        self == Cell::WALL || (self.is_door() && self.state != 0)
    }
}

/// State of an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Columns of the grid.
    pub width: u32,
    /// Cells of the grid, row by row.
    pub cells: Vec<Cell>,
    /// Column and row of the agent, from 0 at the upper left.
    pub position: [i32; 2],
    /// Direction of the agent: 0 right, 1 down, 2 left, 3 up.
    pub direction: u8,
    /// Object that the agent carries.
    pub carrying: Option<Cell>,
    /// Steps since the start of the episode.
    pub steps: u32,
    /// Whether the agent has reached the goal (true) or collided (false); `None` before that.
    pub success: Option<bool>,
}

impl State {
    /// Empty grid with a wall around it.
    pub(super) fn walled(width: usize, height: usize) -> Self {
        let mut state = State::open(width, height);
        state.wall_rectangle([0, 0], [width as i32, height as i32]);
        state
    }

    /// Empty grid.
    pub(super) fn open(width: usize, height: usize) -> Self {
        State {
            width: width as u32,
            cells: vec![Cell::EMPTY; width * height],
            position: [-1, -1],
            direction: 0,
            carrying: None,
            steps: 0,
            success: None,
        }
    }

    /// Whether the cells are whole rows of the grid, in which the agent stands in one of the four directions. A state
    /// from a file may be another one.
    pub(super) fn is_rectangle(&self) -> bool {
        let width = self.width as usize;
        width > 0 && self.cells.len().is_multiple_of(width) && self.direction < 4 && {
            self.index(self.position).is_some_and(|i| i < self.cells.len())
        }
    }

    pub(super) fn height(&self) -> i32 {
        self.cells.len().checked_div(self.width as usize).unwrap_or(0) as i32
    }

    fn index(&self, [x, y]: [i32; 2]) -> Option<usize> {
        let inside = x >= 0 && y >= 0 && x < self.width as i32;
        inside.then(|| y as usize * self.width as usize + x as usize)
    }

    /// Cell at a column and row; a wall outside the grid.
    pub(super) fn at(&self, position: [i32; 2]) -> Cell {
        self.index(position).and_then(|i| self.cells.get(i)).copied().unwrap_or(Cell::WALL)
    }

    pub(super) fn set(&mut self, position: [i32; 2], cell: Cell) {
        if let Some(slot) = self.index(position).and_then(|i| self.cells.get_mut(i)) {
            *slot = cell;
        }
    }

    /// Walls along the border of the rectangle with the upper left corner `top`.
    pub(super) fn wall_rectangle(&mut self, [x, y]: [i32; 2], [width, height]: [i32; 2]) {
        for i in 0..width {
            self.set([x + i, y], Cell::WALL);
            self.set([x + i, y + height - 1], Cell::WALL);
        }
        for j in 0..height {
            self.set([x, y + j], Cell::WALL);
            self.set([x + width - 1, y + j], Cell::WALL);
        }
    }

    /// Position in front of the agent.
    pub(super) fn front(&self) -> [i32; 2] {
        forward(self.position, self.direction)
    }

    /// Random empty cell of a rectangle, other than that of the agent; `None` after [`ATTEMPTS`] attempts.
    pub(super) fn random_cell(&self, top: [i32; 2], size: [i32; 2], rng: &mut Stream) -> Option<[i32; 2]> {
        let [x, y] = top.map(|i| i.max(0));
        let columns = (x + size[0]).min(self.width as i32) - x;
        let rows = (y + size[1]).min(self.height()) - y;
        for _ in 0..ATTEMPTS {
            let cell =
                [x + rng.below(columns.max(0) as u32) as i32, y + rng.below(rows.max(0) as u32) as i32];
            if self.at(cell) == Cell::EMPTY && cell != self.position {
                return Some(cell);
            }
        }
        None
    }

    /// Step without moving obstacles.
    pub(super) fn step(&mut self, action: u32, time_limit: u32) -> Step {
        self.steps += 1;
        let front = self.front();
        let cell = self.at(front);
        match action {
            LEFT => self.direction = (self.direction + 3) % 4,
            RIGHT => self.direction = (self.direction + 1) % 4,
            FORWARD if cell.is_passable() => {
                self.position = front;
                if cell == Cell::GOAL {
                    self.success = Some(true);
                    return Step::termination(reward(self.steps, time_limit));
                }
            }
            PICKUP if cell.is_portable() && self.carrying.is_none() => {
                self.carrying = Some(cell);
                self.set(front, Cell::EMPTY);
            }
            DROP if cell == Cell::EMPTY => {
                if let Some(object) = self.carrying.take() {
                    self.set(front, object);
                }
            }
            TOGGLE if cell.is_door() => {
                let key = self.carrying.is_some_and(|held| held.is_key() && held.color == cell.color);
                let state = match cell.state {
                    0 => 1,
                    1 => 0,
                    locked => {
                        if key {
                            0
                        } else {
                            locked
                        }
                    }
                };
                self.set(front, Cell { state, ..cell });
            }
            _ => {}
        }
        Step::transition(0.0)
    }

    /// Step with moving obstacles: each moves to a random empty cell of the 3 x 3 around it, then the agent acts. It
    /// collides if something other than the goal was in front of it before the obstacles moved.
    pub(super) fn step_among_obstacles(&mut self, action: u32, time_limit: u32, rng: &mut Stream) -> Step {
        let cell = self.at(self.front());
        let blocked = cell != Cell::EMPTY && cell != Cell::GOAL;
        self.move_obstacles(rng);
        let step = self.step(action, time_limit);
        if action == FORWARD && blocked {
            self.success = Some(false);
            return Step::termination(-1.0);
        }
        step
    }

    fn move_obstacles(&mut self, rng: &mut Stream) {
        // Obstacles move in the order of their numbers, which are kept as the state of their cells.
        let number = |cell: Cell| (cell.object == Cell::BALL.object).then_some(cell.state);
        let count = self.cells.iter().filter(|cell| number(**cell).is_some()).count() as u8;
        for obstacle in 0..count {
            let found = self.cells.iter().position(|cell| number(*cell) == Some(obstacle));
            let Some(index) = found else { continue };
            let width = self.width as usize;
            let from = [(index % width) as i32, (index / width) as i32];
            if let Some(to) = self.random_cell([from[0] - 1, from[1] - 1], [3, 3], rng) {
                self.set(to, self.at(from));
                self.set(from, Cell::EMPTY);
            }
        }
    }

    /// View of the agent, row by row; cells that are not visible are [`Cell::HIDDEN`].
    pub(super) fn view(&self, through_walls: bool) -> [[Cell; VIEW]; VIEW] {
        let (ahead, right) = (vector(self.direction), vector((self.direction + 1) % 4));
        let (middle, last) = (VIEW / 2, VIEW - 1);
        let mut view = [[Cell::HIDDEN; VIEW]; VIEW];
        for (row, cells) in view.iter_mut().enumerate() {
            for (column, cell) in cells.iter_mut().enumerate() {
                let (far, side) = ((last - row) as i32, column as i32 - middle as i32);
                let at = [0, 1].map(|i| self.position[i].saturating_add(far * ahead[i] + side * right[i]));
                *cell = self.at(at);
                if cell.object == Cell::BALL.object {
                    cell.state = 0;
                }
            }
        }
        if !through_walls {
            let visible = visible(&view);
            for (cell, visible) in view.as_flattened_mut().iter_mut().zip(visible.as_flattened()) {
                *cell = if *visible { *cell } else { Cell::HIDDEN };
            }
        }
        view[last][middle] = self.carrying.unwrap_or(Cell::EMPTY);
        view
    }
}

/// Visible cells of a view, by MiniGrid's propagation: from the row of the agent upward, a visible cell that is not
/// opaque makes its neighbors to the side, and the cells above itself and them, visible.
fn visible(view: &[[Cell; VIEW]; VIEW]) -> [[bool; VIEW]; VIEW] {
    let mut visible = [[false; VIEW]; VIEW];
    visible[VIEW - 1][VIEW / 2] = true;
    for row in (0..VIEW).rev() {
        let mut spread = |from: usize, to: usize| {
            if visible[row][from] && !view[row][from].is_opaque() {
                visible[row][to] = true;
                if row > 0 {
                    visible[row - 1][from] = true;
                    visible[row - 1][to] = true;
                }
            }
        };
        (0..VIEW - 1).for_each(|column| spread(column, column + 1));
        (1..VIEW).rev().for_each(|column| spread(column, column - 1));
    }
    visible
}

/// Unit vector of a direction.
pub(super) fn vector(direction: u8) -> [i32; 2] {
    [[1, 0], [0, 1], [-1, 0], [0, -1]][usize::from(direction % 4)]
}

pub(super) fn forward([x, y]: [i32; 2], direction: u8) -> [i32; 2] {
    let [dx, dy] = vector(direction);
    [x.saturating_add(dx), y.saturating_add(dy)]
}

/// Reward at the goal after `steps` steps.
pub(super) fn reward(steps: u32, time_limit: u32) -> f32 {
    (1.0 - 0.9 * (f64::from(steps) / f64::from(time_limit))) as f32
}
