//! Decision processes from the literature, built without the worlds of this crate.

use crate::mdp::{FiniteMdp, MdpBuilder, Outcome};

pub(super) fn outcome(probability: f64, next: usize, reward: f64, terminal: bool) -> Outcome {
    Outcome { probability, next: next as u32, reward, terminal }
}

/// Deterministic process from `(next state, reward, terminal)` for each action of each state, `[S][A]`.
pub(super) fn deterministic(table: &[&[(usize, f64, bool)]], start: u32) -> FiniteMdp {
    let actions = table.iter().map(|row| row.len()).max().unwrap();
    let mut builder = MdpBuilder::new(actions);
    for row in table {
        for a in 0..actions {
            match row.get(a) {
                Some(&(next, reward, terminal)) => builder.push(&[outcome(1.0, next, reward, terminal)]),
                None => builder.push(&[]),
            }
        }
    }
    builder.build(vec![(start, 1.0)]).unwrap()
}

/// Up, right, down, left, as in Gymnasium's CliffWalking.
const CLIFF_MOVES: [(i64, i64); 4] = [(-1, 0), (0, 1), (1, 0), (0, -1)];
/// Left, down, right, up, as in Gymnasium's FrozenLake.
const LAKE_MOVES: [(i64, i64); 4] = [(0, -1), (1, 0), (0, 1), (-1, 0)];

fn shift(rows: usize, columns: usize, s: usize, (dr, dc): (i64, i64)) -> (usize, bool) {
    let (r, c) = ((s / columns) as i64 + dr, (s % columns) as i64 + dc);
    if r < 0 || c < 0 || r >= rows as i64 || c >= columns as i64 {
        (s, false)
    } else {
        (r as usize * columns + c as usize, true)
    }
}

/// Cliff walk of Sutton & Barto, Example 6.6: 4 x 12 cells, reward -1 a step, -100 and back to the start for the cliff.
pub(super) fn cliff() -> FiniteMdp {
    let mut builder = MdpBuilder::new(4);
    for s in 0..48 {
        for by in CLIFF_MOVES {
            if s >= 37 {
                builder.push(&[]);
                continue;
            }
            let (to, _) = shift(4, 12, s, by);
            builder.push(&[match to {
                37..=46 => outcome(1.0, 36, -100.0, false),
                47 => outcome(1.0, 47, -1.0, true),
                _ => outcome(1.0, to, -1.0, false),
            }]);
        }
    }
    builder.build(vec![(36, 1.0)]).unwrap()
}

/// Gymnasium's FrozenLake, slippery: the intended direction or a perpendicular one, each with probability 1/3.
pub(super) fn lake(map: &[&str]) -> FiniteMdp {
    let (rows, columns) = (map.len(), map[0].len());
    let tile = |s: usize| map[s / columns].as_bytes()[s % columns];
    let mut builder = MdpBuilder::new(4);
    for s in 0..rows * columns {
        for a in 0..4 {
            let outcomes = [3, 0, 1].map(|turn| {
                let (to, _) = shift(rows, columns, s, LAKE_MOVES[(a + turn) % 4]);
                outcome(1.0 / 3.0, to, f64::from(tile(to) == b'G'), b"GH".contains(&tile(to)))
            });
            builder.push(if b"GH".contains(&tile(s)) { &[] } else { &outcomes });
        }
    }
    builder.build(vec![(0, 1.0)]).unwrap()
}

pub(super) const LAKE_4: [&str; 4] = ["SFFF", "FHFH", "FFFH", "HFFG"];
pub(super) const LAKE_8: [&str; 8] =
    ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"];

/// Grid of Sutton & Barto, Example 4.1: two corners end the episode, reward -1 a step.
pub(super) fn corners() -> FiniteMdp {
    let mut builder = MdpBuilder::new(4);
    for s in 0..16 {
        for by in CLIFF_MOVES {
            let (to, _) = shift(4, 4, s, by);
            let ends = [0, 15].contains(&to);
            builder.push(if [0, 15].contains(&s) {
                &[]
            } else {
                std::slice::from_ref(Box::leak(Box::new(outcome(1.0, to, -1.0, ends))))
            });
        }
    }
    builder.build(vec![(5, 1.0)]).unwrap()
}

/// Grid of Sutton & Barto, Examples 3.5 and 3.8: reward 10 from cell A to A', 5 from B to B', -1 at the edge.
pub(super) fn teleports() -> FiniteMdp {
    let mut builder = MdpBuilder::new(4);
    for s in 0..25 {
        for by in CLIFF_MOVES {
            builder.push(&[match (s, shift(5, 5, s, by)) {
                (1, _) => outcome(1.0, 21, 10.0, false),
                (3, _) => outcome(1.0, 13, 5.0, false),
                (_, (to, true)) => outcome(1.0, to, 0.0, false),
                (_, (to, false)) => outcome(1.0, to, -1.0, false),
            }]);
        }
    }
    builder.build(vec![(0, 1.0)]).unwrap()
}

/// DeepSea of bsuite, deterministic: every step goes one row down, a step to the right costs .01 / N, the treasure has
/// reward 1.
pub(super) fn deep_sea(n: usize) -> FiniteMdp {
    let mut builder = MdpBuilder::new(2);
    for (row, column) in (0..n * n).map(|s| (s / n, s % n)) {
        for right in [false, true] {
            let to = if right { (column + 1).min(n - 1) } else { column.saturating_sub(1) };
            let last = row == n - 1;
            let chest = if last && right && column == n - 1 { 1.0 } else { 0.0 };
            let cost = if right { 0.01 / n as f64 } else { 0.0 };
            let next = if last { 0 } else { (row + 1) * n + to };
            builder.push(&[outcome(1.0, next, chest - cost, last)]);
        }
    }
    builder.build(vec![(0, 1.0)]).unwrap()
}

/// Gymnasium's Taxi: state ((row 5 + column) 5 + passenger) 4 + destination; south, north, east, west, pick up, drop
/// off.
pub(super) fn taxi() -> FiniteMdp {
    const LOCATIONS: [usize; 4] = [0, 4, 20, 23];
    // Cells with a wall on their eastern side.
    const WALLS: [usize; 6] = [1, 6, 15, 17, 20, 22];
    let mut builder = MdpBuilder::new(6);
    let mut start = Vec::new();
    for s in 0..500 {
        let (cell, passenger, destination) = (s / 20, s / 4 % 5, s % 4);
        if passenger < 4 && passenger != destination {
            start.push((s as u32, 1.0 / 300.0));
        }
        let at = |cell: usize, passenger: usize| (cell * 5 + passenger) * 4 + destination;
        for a in 0..6 {
            let (next, reward, ends) = match a {
                0 => (at(shift(5, 5, cell, (1, 0)).0, passenger), -1.0, false),
                1 => (at(shift(5, 5, cell, (-1, 0)).0, passenger), -1.0, false),
                2 if WALLS.contains(&cell) => (s, -1.0, false),
                2 => (at(shift(5, 5, cell, (0, 1)).0, passenger), -1.0, false),
                3 if cell > 0 && WALLS.contains(&(cell - 1)) => (s, -1.0, false),
                3 => (at(shift(5, 5, cell, (0, -1)).0, passenger), -1.0, false),
                4 if passenger < 4 && LOCATIONS[passenger] == cell => (at(cell, 4), -1.0, false),
                5 if passenger == 4 && LOCATIONS[destination] == cell => (at(cell, destination), 20.0, true),
                5 if passenger == 4 && LOCATIONS.contains(&cell) => {
                    (at(cell, LOCATIONS.iter().position(|location| *location == cell).unwrap()), -1.0, false)
                }
                _ => (s, -10.0, false),
            };
            builder.push(&[outcome(1.0, next, reward, ends)]);
        }
    }
    builder.build(start).unwrap()
}

/// Slippery map of n x n cells with scattered walls and pits: the goal in the far corner has reward 1, the goal and
/// pits end the episode, every step costs `cost`.
pub(super) fn slippery(n: usize, cost: f64) -> FiniteMdp {
    let kind = |s: usize| (s as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    let wall = |s: usize| s != 0 && s != n * n - 1 && kind(s) % 10 == 0;
    let pit = |s: usize| s != 0 && s != n * n - 1 && kind(s) % 61 == 1;
    let mut builder = MdpBuilder::new(4);
    for s in 0..n * n {
        for a in 0..4 {
            let outcomes = [(0.8, 0), (0.1, 1), (0.1, 3)].map(|(p, turn)| {
                let to = shift(n, n, s, CLIFF_MOVES[(a + turn) % 4]).0;
                let to = if wall(to) { s } else { to };
                let goal = to == n * n - 1;
                outcome(p, to, f64::from(goal) - cost, goal || pit(to))
            });
            builder.push(if wall(s) || pit(s) || s == n * n - 1 { &[] } else { &outcomes });
        }
    }
    builder.build(vec![(0, 1.0)]).unwrap()
}

/// Deterministic map of n x n cells with scattered walls: reward -1 a step, the far corner ends the episode.
pub(super) fn maze(n: usize) -> FiniteMdp {
    let wall =
        |s: usize| s != 0 && s != n * n - 1 && (s as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61 == 0;
    let mut builder = MdpBuilder::new(4);
    for s in 0..n * n {
        for by in CLIFF_MOVES {
            let to = shift(n, n, s, by).0;
            let to = if wall(to) { s } else { to };
            let step = [outcome(1.0, to, -1.0, to == n * n - 1)];
            builder.push(if wall(s) || s == n * n - 1 { &[] } else { &step });
        }
    }
    builder.build(vec![(0, 1.0)]).unwrap()
}
