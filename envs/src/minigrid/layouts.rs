//! Layouts of the MiniGrid worlds, drawn anew for each episode, as MiniGrid describes them.

use freewheel_core::Stream;

use super::rules::{Cell, State};

/// Kind and size of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Square room; the goal is in the lower right corner, the agent in the upper left one or anywhere.
    Empty { size: usize, random: bool },
    /// Room that is divided by a wall with a locked door; the agent and the key are to the left of it, the goal is in
    /// the lower right corner.
    DoorKey { size: usize },
    /// Chain of rooms with closed doors of changing colors; the agent is in the first, the goal in the last room.
    MultiRoom { rooms: usize, max_size: i32 },
    /// Square room with obstacles that move at random.
    Obstacles { size: usize, random: bool, count: u8 },
}

/// Columns and rows of the grid around a chain of rooms.
const CHAIN_GRID: i32 = 25;
/// Smallest room of a chain, walls included.
const MIN_ROOM: i32 = 4;
/// Attempts at a room after each room of a chain.
const ROOM_ATTEMPTS: u32 = 8;
/// Colors of doors in the order of their names: blue, green, gray, purple, red, yellow.
const COLORS: [u8; 6] = [2, 1, 5, 3, 0, 4];

impl Layout {
    /// Steps after which MiniGrid truncates an episode.
    pub(super) fn time_limit(self) -> u32 {
        match self {
            Layout::Empty { size, .. } | Layout::Obstacles { size, .. } => 4 * (size * size) as u32,
            Layout::DoorKey { size } => 10 * (size * size) as u32,
            Layout::MultiRoom { rooms, .. } => 20 * rooms as u32,
        }
    }

    /// Whether the agent sees through walls.
    pub(super) fn through_walls(self) -> bool {
        matches!(self, Layout::Empty { .. } | Layout::Obstacles { .. })
    }

    pub(super) fn has_obstacles(self) -> bool {
        matches!(self, Layout::Obstacles { .. })
    }

    /// Whether each episode starts alike.
    pub(super) fn is_fixed(self) -> bool {
        matches!(self, Layout::Empty { random: false, .. })
    }

    /// First state of an episode.
    pub(super) fn draw(self, rng: &mut Stream) -> State {
        match self {
            Layout::Empty { size, random } => room(size, random, rng),
            Layout::Obstacles { size, random, count } => {
                let mut state = room(size, random, rng);
                let all = [size as i32; 2];
                for number in 0..count {
                    if let Some(cell) = state.random_cell([0, 0], all, rng) {
                        state.set(cell, Cell { state: number, ..Cell::BALL });
                    }
                }
                state
            }
            Layout::DoorKey { size } => door_key(size as i32, rng),
            Layout::MultiRoom { rooms, max_size } => chain(rooms, max_size, rng),
        }
    }
}

fn room(size: usize, random: bool, rng: &mut Stream) -> State {
    let mut state = State::walled(size, size);
    let corner = size as i32 - 2;
    state.set([corner, corner], Cell::GOAL);
    state.position = [1, 1];
    if random {
        place_agent(&mut state, [0, 0], [size as i32; 2], rng);
    }
    state
}

/// Number in `low..high`.
fn within(low: i32, high: i32, rng: &mut Stream) -> i32 {
    low + rng.below((high - low).max(1) as u32) as i32
}

/// Random empty cell of a rectangle that has one.
fn empty_cell(state: &State, top: [i32; 2], size: [i32; 2], rng: &mut Stream) -> [i32; 2] {
    loop {
        if let Some(cell) = state.random_cell(top, size, rng) {
            return cell;
        }
    }
}

/// Puts the agent on a random empty cell of a rectangle, in a random direction.
fn place_agent(state: &mut State, top: [i32; 2], size: [i32; 2], rng: &mut Stream) {
    state.position = [-1, -1];
    state.position = empty_cell(state, top, size, rng);
    state.direction = rng.below(4) as u8;
}

fn door_key(size: i32, rng: &mut Stream) -> State {
    let mut state = State::walled(size as usize, size as usize);
    state.set([size - 2, size - 2], Cell::GOAL);
    let split = within(2, size - 2, rng);
    for row in 0..size {
        state.set([split, row], Cell::WALL);
    }
    place_agent(&mut state, [0, 0], [split, size], rng);
    let door = [split, within(1, size - 2, rng)];
    state.set(door, Cell::new(4, 4, 2));
    let key = empty_cell(&state, [0, 0], [split, size], rng);
    state.set(key, Cell::new(5, 4, 0));
    state
}

/// Room of a chain, with the walls; `door` leads to the room before.
#[derive(Clone, Copy, Debug)]
struct Room {
    top: [i32; 2],
    size: [i32; 2],
    door: [i32; 2],
}

fn chain(rooms: usize, max_size: i32, rng: &mut Stream) -> State {
    let mut longest = Vec::new();
    while longest.len() < rooms {
        let mut placed = Vec::with_capacity(rooms);
        let door = [within(0, CHAIN_GRID - 2, rng), within(0, CHAIN_GRID - 2, rng)];
        place_room(rooms, &mut placed, max_size, 2, door, rng);
        if placed.len() > longest.len() {
            longest = placed;
        }
    }
    let mut state = State::open(CHAIN_GRID as usize, CHAIN_GRID as usize);
    let mut last_color = None;
    for (number, room) in longest.iter().enumerate() {
        state.wall_rectangle(room.top, room.size);
        if number > 0 {
            let mut colors = COLORS.into_iter().filter(|color| Some(*color) != last_color);
            let count = if last_color.is_some() { 5 } else { 6 };
            last_color = colors.nth(rng.below(count) as usize);
            state.set(room.door, Cell::new(4, last_color.unwrap_or(0), 1));
        }
    }
    if let [first, .., last] = longest[..] {
        place_agent(&mut state, first.top, first.size, rng);
        let goal = empty_cell(&state, last.top, last.size, rng);
        state.set(goal, Cell::GOAL);
    }
    state
}

/// Places a room and, behind it, `left - 1` more, as far as they fit; returns whether the room itself fits. Walls are
/// counted 0 right, 1 below, 2 left, 3 above; `door` is on the wall `entry` of the room.
fn place_room(
    left: usize,
    rooms: &mut Vec<Room>,
    max_size: i32,
    entry: u32,
    door: [i32; 2],
    rng: &mut Stream,
) -> bool {
    let [width, height] = [0; 2].map(|_| within(MIN_ROOM, max_size + 1, rng));
    let [x, y] = door;
    let top = match (rooms.is_empty(), entry) {
        (true, _) => door,
        (_, 0) => [x - width + 1, within(y - height + 2, y, rng)],
        (_, 1) => [within(x - width + 2, x, rng), y - height + 1],
        (_, 2) => [x, within(y - height + 2, y, rng)],
        _ => [within(x - width + 2, x, rng), y],
    };
    let outside = top[0] < 0 || top[1] < 0 || top[0] + width > CHAIN_GRID || top[1] + height >= CHAIN_GRID;
    // The room before shares a wall, and is not looked at.
    let before = rooms.len().saturating_sub(1);
    let apart = |room: &Room| {
        top[0] + width < room.top[0]
            || room.top[0] + room.size[0] <= top[0]
            || top[1] + height < room.top[1]
            || room.top[1] + room.size[1] <= top[1]
    };
    if outside || !rooms[..before].iter().all(apart) {
        return false;
    }
    rooms.push(Room { top, size: [width, height], door });
    for _ in 0..if left > 1 { ROOM_ATTEMPTS } else { 0 } {
        let exit = (entry + 1 + rng.below(3)) % 4;
        let door = match exit {
            0 => [top[0] + width - 1, top[1] + within(1, height - 1, rng)],
            1 => [top[0] + within(1, width - 1, rng), top[1] + height - 1],
            2 => [top[0], top[1] + within(1, height - 1, rng)],
            _ => [top[0] + within(1, width - 1, rng), top[1]],
        };
        if place_room(left - 1, rooms, max_size, (exit + 2) % 4, door, rng) {
            break;
        }
    }
    true
}
