//! Shortest paths to the goal in the full state, by breadth-first search.

use super::rules::{Cell, FORWARD, LEFT, PICKUP, RIGHT, State, TOGGLE, forward};

/// Treatment of the moving obstacles.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacles {
    /// They are walls.
    Blocking,
    /// They are not there.
    Ignored,
}

/// Number of steps to the goal and the first action; `None` if there is no path. A path picks a key up once, and opens
/// a door once; nothing is dropped or closed.
pub(super) fn shortest(state: &State, obstacles: Obstacles) -> Option<(u32, u32)> {
    // Objects on the way, with one bit each: keys to pick up, doors to open.
    let objects: Vec<usize> = (0..state.cells.len())
        .filter(|&i| state.cells[i].is_key() || (state.cells[i].is_door() && state.cells[i].state != 0))
        .take(12)
        .collect();
    let (width, cells) = (state.width as usize, state.cells.len());
    let node = |position: [i32; 2], direction: u8, done: usize| {
        let cell = position[1] as usize * width + position[0] as usize;
        (done * cells + cell) * 4 + usize::from(direction)
    };
    let inside = |[x, y]: [i32; 2]| x >= 0 && y >= 0 && (x as usize) < width && (y as usize) < cells / width;
    if width == 0 || !inside(state.position) {
        return None;
    }
    let mut seen = vec![false; (4 * cells) << objects.len()];
    let first = (state.position, state.direction % 4, 0usize);
    seen[node(first.0, first.1, first.2)] = true;
    // Nodes of one distance from the start, each with the first action of its path.
    let mut layer = vec![(first, None)];
    for steps in 1.. {
        let mut next_layer = Vec::new();
        for ((position, direction, done), start) in layer {
            let front = forward(position, direction);
            let cell = state.at(front);
            let bit = inside(front)
                .then(|| front[1] as usize * width + front[0] as usize)
                .and_then(|index| objects.iter().position(|&object| object == index));
            let is_done = bit.is_some_and(|bit| done >> bit & 1 == 1);
            let free = cell.is_passable()
                || is_done
                || (obstacles == Obstacles::Ignored && cell.object == Cell::BALL.object);
            let has_key = |color: u8| {
                state.carrying.is_some_and(|held| held.is_key() && held.color == color)
                    || objects.iter().enumerate().any(|(bit, &object)| {
                        let key = state.cells[object];
                        key.is_key() && key.color == color && done >> bit & 1 == 1
                    })
            };
            let work = match bit {
                Some(bit) if !is_done && cell.is_key() && state.carrying.is_none() => {
                    Some((PICKUP, done | 1 << bit))
                }
                Some(bit) if !is_done && cell.is_door() && (cell.state == 1 || has_key(cell.color)) => {
                    Some((TOGGLE, done | 1 << bit))
                }
                _ => None,
            };
            let moves = [
                free.then_some((FORWARD, (front, direction, done))),
                Some((LEFT, (position, (direction + 3) % 4, done))),
                Some((RIGHT, (position, (direction + 1) % 4, done))),
                work.map(|(action, done)| (action, (position, direction, done))),
            ];
            for (action, next) in moves.into_iter().flatten() {
                let start = start.or(Some(action));
                if action == FORWARD && cell == Cell::GOAL {
                    return Some((steps, start?));
                }
                if inside(next.0) && !std::mem::replace(&mut seen[node(next.0, next.1, next.2)], true) {
                    next_layer.push((next, start));
                }
            }
        }
        if next_layer.is_empty() {
            return None;
        }
        layer = next_layer;
    }
    None
}

/// Action of the script `shortest`: the first step of a shortest path. Where obstacles block each path, it takes that
/// of the grid without them, and waits by a turn while one is in front.
pub(super) fn action(state: &State) -> u32 {
    if let Some((_, action)) = shortest(state, Obstacles::Blocking) {
        return action;
    }
    match shortest(state, Obstacles::Ignored) {
        Some((_, FORWARD)) if !state.at(state.front()).is_passable() => LEFT,
        Some((_, action)) => action,
        None => LEFT,
    }
}
