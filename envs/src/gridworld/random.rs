//! Random maps that can be solved, of any size.

use freewheel_core::{Error, Purpose, Result, Stream, Streams};

use super::legend::Legend;
use super::map::Map;

/// The most cells of a random map.
const MAX_CELLS: u64 = 1 << 24;

/// Share of walls where the settings give none: enough to make detours, too little to cut a map into pieces (which four-way
/// paths suffer above about 0.41).
pub(super) const WALLS: f64 = 0.25;

/// Share of holes of Gymnasium's `generate_random_map`.
pub(super) const HOLES: f64 = 0.2;

/// A map of `width` x `height` cells, each a wall with probability `density`. The start is somewhere in the largest open
/// region and the goal is one of the cells farthest from it: there always is a way.
pub(super) fn maze(width: u32, height: u32, seed: u64, density: f64, legend: Legend) -> Result<Map> {
    let cells = u64::from(width) * u64::from(height);
    if !(2..=MAX_CELLS).contains(&cells) {
        return Err(Error::Config(format!(
            "a random map has 2 to {MAX_CELLS} cells; {width}x{height} are {cells}"
        )));
    }
    let (width, height) = (width as usize, height as usize);
    // The size is part of the stream's address: maps of one seed and different sizes are unrelated.
    let size = (width as u64) << 32 | height as u64;
    let mut rng = Streams::new(seed).stream(Purpose::Generation, size, 0);
    let mut open: Vec<bool> = (0..width * height).map(|_| !rng.chance(density)).collect();
    let region = loop {
        let region = largest_region(&open, width);
        if region.len() >= 2 {
            break region;
        }
        // Nearly everything is wall: take one away and look again.
        let cell = rng.below(open.len() as u32) as usize;
        open[cell] = true;
    };
    let start = pick(&region, &mut rng);
    let distances = distances(&open, width, start);
    let farthest = region.iter().map(|&cell| distances[cell]).max().unwrap_or(0);
    let ends: Vec<usize> = region.iter().copied().filter(|&cell| distances[cell] == farthest).collect();
    let goal = pick(&ends, &mut rng);
    let glyph = |cell: usize| match cell {
        _ if cell == start => 'S',
        _ if cell == goal => 'G',
        _ if open[cell] => '.',
        _ => '#',
    };
    assemble(width, height, glyph, legend)
}

/// A frozen lake of `side` x `side` cells: start and goal in opposite corners, holes with probability `density`, drawn again
/// until there is a way, as Gymnasium's `generate_random_map` does (whose dice fall otherwise).
pub(super) fn lake(side: u32, seed: u64, density: f64, legend: Legend) -> Result<Map> {
    const ATTEMPTS: u64 = 10_000;
    let cells = u64::from(side) * u64::from(side);
    if !(4..=1 << 20).contains(&cells) {
        return Err(Error::Config(format!("a random lake has a side of 2 to 1024 cells, not {side}")));
    }
    let side = side as usize;
    let last = side * side - 1;
    for attempt in 0..ATTEMPTS {
        let mut rng = Streams::new(seed).stream(Purpose::Generation, side as u64, attempt);
        let mut open: Vec<bool> = (0..=last).map(|_| !rng.chance(density)).collect();
        (open[0], open[last]) = (true, true);
        if distances(&open, side, 0)[last] != FAR {
            let glyph = |cell: usize| match cell {
                0 => 'S',
                _ if cell == last => 'G',
                _ if open[cell] => '.',
                _ => 'H',
            };
            return assemble(side, side, glyph, legend);
        }
    }
    Err(Error::Config(format!(
        "in {ATTEMPTS} lakes of side {side} with {density} holes none had a way across; lower `density`"
    )))
}

fn assemble(width: usize, height: usize, glyph: impl Fn(usize) -> char, legend: Legend) -> Result<Map> {
    let row = |y: usize| (0..width).map(|x| glyph(y * width + x)).collect::<String>();
    let rows: Vec<String> = (0..height).map(row).collect();
    Map::new(&rows, legend).map_err(|e| e.in_file("random map"))
}

fn pick(cells: &[usize], rng: &mut Stream) -> usize {
    cells[rng.below(cells.len() as u32) as usize]
}

/// Not to be reached.
const FAR: u32 = u32::MAX;

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

/// Steps from `start` over open cells, breadth first, `[cells]`; [`FAR`] where there is no way.
fn distances(open: &[bool], width: usize, start: usize) -> Vec<u32> {
    let mut distances = vec![FAR; open.len()];
    distances[start] = 0;
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(cell) = queue.pop_front() {
        for next in neighbors(cell, width, open.len()) {
            if open[next] && distances[next] == FAR {
                distances[next] = distances[cell] + 1;
                queue.push_back(next);
            }
        }
    }
    distances
}

/// The cells of the largest connected open region; of equal ones the first in reading order.
fn largest_region(open: &[bool], width: usize) -> Vec<usize> {
    let mut seen = vec![false; open.len()];
    let mut largest = Vec::new();
    for first in 0..open.len() {
        if !open[first] || seen[first] {
            continue;
        }
        seen[first] = true;
        let mut region = vec![first];
        let mut next = 0;
        while next < region.len() {
            for cell in neighbors(region[next], width, open.len()) {
                if open[cell] && !std::mem::replace(&mut seen[cell], true) {
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
