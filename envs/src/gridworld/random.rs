//! Random maps of any size, always with a path from start to goal.

use freewheel_core::{Error, Purpose, Result, Stream, Streams};

use super::legend::Legend;
use super::map::Map;

/// Maximum number of cells of a random map.
const MAX_CELLS: u64 = 1 << 24;

/// Default share of walls in random mazes: enough to make detours necessary, too few to cut a map into pieces (above a
/// share of about 0.41, cells with four neighbors no longer form one connected region).
pub(super) const DEFAULT_WALL_SHARE: f64 = 0.25;

/// Default share of holes in random frozen lakes, as in Gymnasium's `generate_random_map`.
pub(super) const DEFAULT_HOLE_SHARE: f64 = 0.2;

/// Random maze of `width` x `height` cells, each a wall with probability `density`. The start is a random cell of the
/// largest open region; the goal is one of the cells of this region that are farthest from the start, so there is
/// always a path.
pub(super) fn maze(width: u32, height: u32, seed: u64, density: f64, legend: Legend) -> Result<Map> {
    let cells = u64::from(width) * u64::from(height);
    if !(2..=MAX_CELLS).contains(&cells) {
        return Err(Error::Config(format!(
            "a random map must have 2 to {MAX_CELLS} cells; {width}x{height} is {cells}"
        )));
    }
    let (width, height) = (width as usize, height as usize);
    // The random stream depends on seed and size: maps of the same seed and different sizes are unrelated.
    let size = (width as u64) << 32 | height as u64;
    let mut rng = Streams::new(seed).stream(Purpose::Generation, size, 0);
    let mut open: Vec<bool> = (0..width * height).map(|_| !rng.chance(density)).collect();
    let region = loop {
        let region = largest_region(&open, width);
        if region.len() >= 2 {
            break region;
        }
        // Too few open cells, since nearly all cells are walls: open one and try again.
        let cell = rng.below(open.len() as u32) as usize;
        open[cell] = true;
    };
    let start = choose(&region, &mut rng);
    let distances = distances(&open, width, start);
    let farthest = region.iter().map(|&cell| distances[cell]).max().unwrap_or(0);
    let ends: Vec<usize> = region.iter().copied().filter(|&cell| distances[cell] == farthest).collect();
    let goal = choose(&ends, &mut rng);
    let glyph = |cell: usize| match cell {
        _ if cell == start => 'S',
        _ if cell == goal => 'G',
        _ if open[cell] => '.',
        _ => '#',
    };
    build_map(width, height, glyph, legend)
}

/// Frozen lake of `side` x `side` cells: start and goal in opposite corners, each other cell is a hole with probability
/// `density`; repeated until there is a path, as in Gymnasium's `generate_random_map` (which has another random
/// generator).
pub(super) fn frozen_lake(side: u32, seed: u64, density: f64, legend: Legend) -> Result<Map> {
    const ATTEMPTS: u64 = 10_000;
    let cells = u64::from(side) * u64::from(side);
    if !(4..=1 << 20).contains(&cells) {
        return Err(Error::Config(format!("the side of a random lake must be 2 to 1024 cells, not {side}")));
    }
    let side = side as usize;
    let last = side * side - 1;
    for attempt in 0..ATTEMPTS {
        let mut rng = Streams::new(seed).stream(Purpose::Generation, side as u64, attempt);
        let mut open: Vec<bool> = (0..=last).map(|_| !rng.chance(density)).collect();
        (open[0], open[last]) = (true, true);
        if distances(&open, side, 0)[last] != UNREACHABLE {
            let glyph = |cell: usize| match cell {
                0 => 'S',
                _ if cell == last => 'G',
                _ if open[cell] => '.',
                _ => 'H',
            };
            return build_map(side, side, glyph, legend);
        }
    }
    Err(Error::setting(
        "density",
        format!(
            "none of {ATTEMPTS} random lakes of side {side} with {density} holes has a path to the goal; \
             lower `density`"
        ),
    ))
}

fn build_map(width: usize, height: usize, glyph: impl Fn(usize) -> char, legend: Legend) -> Result<Map> {
    let row = |y: usize| (0..width).map(|x| glyph(y * width + x)).collect::<String>();
    let rows: Vec<String> = (0..height).map(row).collect();
    Map::new(&rows, legend).map_err(|e| e.in_file("random map"))
}

fn choose(cells: &[usize], rng: &mut Stream) -> usize {
    cells[rng.below(cells.len() as u32) as usize]
}

/// Entry of [`distances`] for a cell that cannot be reached.
const UNREACHABLE: u32 = u32::MAX;

fn neighbors(cell: usize, width: usize, cells: usize) -> impl Iterator<Item = usize> {
    let column = cell % width;
    [
        (cell >= width).then(|| cell - width),
        (column + 1 < width).then(|| cell + 1),
        (cell + width < cells).then(|| cell + width),
        (column > 0).then(|| cell - 1),
    ]
    .into_iter()
    .flatten()
}

/// Number of steps to each cell from `start` over open cells, by breadth-first search, `[cells]`; [`UNREACHABLE`] where
/// there is no path.
fn distances(open: &[bool], width: usize, start: usize) -> Vec<u32> {
    let mut distances = vec![UNREACHABLE; open.len()];
    distances[start] = 0;
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(cell) = queue.pop_front() {
        for next in neighbors(cell, width, open.len()) {
            if open[next] && distances[next] == UNREACHABLE {
                distances[next] = distances[cell] + 1;
                queue.push_back(next);
            }
        }
    }
    distances
}

/// Cells of the largest connected open region; of equally large regions, the first one in reading order.
fn largest_region(open: &[bool], width: usize) -> Vec<usize> {
    let mut visited = vec![false; open.len()];
    let mut largest = Vec::new();
    for first in 0..open.len() {
        if !open[first] || visited[first] {
            continue;
        }
        visited[first] = true;
        let mut region = vec![first];
        let mut next = 0;
        while next < region.len() {
            for cell in neighbors(region[next], width, open.len()) {
                if open[cell] && !std::mem::replace(&mut visited[cell], true) {
                    region.push(cell);
                }
            }
            next += 1;
        }
        if region.len() > largest.len() {
            largest = region;
        }
    }
    largest
}
