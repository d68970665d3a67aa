//! Maps and scenarios of the MovingAI benchmarks.
//!
//! * **Source**: N. R. Sturtevant, "Benchmarks for grid-based pathfinding", IEEE TCIAIG 4 (2012), and the description
//!   of the format at movingai.com. A problem of a scenario is a start, a goal and the length of the shortest path.
//! * **Moves**: the eight moves of a chess king, a diagonal one only where both cells beside it are free; a step costs
//!   1, a diagonal step sqrt 2. Moves that a wall would stop are illegal (masked), unless the setting `mask` is false.
//! * **Cells**: `.`, `G` (ground) and `S` (swamp) are free; `@`, `O` (outside), `T` (trees) and `W` (water) are walls.

use freewheel_core::input::lines;

use super::error::{MapError, MapErrorKind};
use super::legend::{Legend, Moves};
use super::map::Map;

/// Parsed `.map` file of MovingAI.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MovingAiMap<'a> {
    width: usize,
    moves: Moves,
    /// Rows of the map, each with its line number, from 1.
    rows: Vec<(usize, &'a str)>,
}

/// Problem of a scenario: one line of a `.scen` file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ProblemInstance<'a> {
    /// Number of the line in the file, from 1.
    pub(super) line: usize,
    /// Name of the map as written in the file.
    pub(super) map: &'a str,
    size: (usize, usize),
    start: (usize, usize),
    goal: (usize, usize),
    /// Length of the shortest path, as published in the file.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) length: f64,
}

fn error(line: usize, column: usize, message: impl Into<String>) -> MapError {
    MapError::new(line, column, MapErrorKind::InvalidFormat(message.into()))
}

impl<'a> MovingAiMap<'a> {
    /// Parses a `.map` file.
    pub(super) fn parse(text: &'a str) -> Result<Self, MapError> {
        let mut lines = lines(text);
        let (mut moves, mut height, mut width) = (Moves::King, None, None);
        let begin = loop {
            let Some((line, whole)) = lines.next() else {
                return Err(error(
                    1,
                    1,
                    "there is no line `map`; a .map file has type, height, width, then map",
                ));
            };
            let (key, value) = whole.trim_end().split_once(' ').unwrap_or((whole.trim_end(), ""));
            let number = || match value.trim().parse::<usize>() {
                Ok(number @ 1..) => Ok(Some(number)),
                _ => Err(error(
                    line,
                    key.len() + 2,
                    format!("`{key}` must be a number of cells, not `{value}`"),
                )),
            };
            match key {
                "type" if value.trim() == "octile" => moves = Moves::King,
                "type" if value.trim() == "4-connected" => moves = Moves::Four,
                "type" => {
                    return Err(error(line, 6, format!("unknown type `{value}`; use octile or 4-connected")));
                }
                "height" => height = number()?,
                "width" => width = number()?,
                "map" => break line,
                _ => {
                    return Err(error(
                        line,
                        1,
                        format!("unknown key `{key}`; valid are type, height, width and map"),
                    ));
                }
            }
        };
        let (Some(height), Some(width)) = (height, width) else {
            return Err(error(begin, 1, "`height` or `width` is missing; write both above this line"));
        };
        let rows: Vec<(usize, &str)> =
            lines.map(|(line, row)| (line, row.trim_end())).filter(|(_, row)| !row.is_empty()).collect();
        if rows.len() != height {
            let message = format!("the map has {} rows and its header says height {height}", rows.len());
            return Err(error(rows.last().map_or(begin, |(line, _)| *line), 1, message));
        }
        for &(line, row) in &rows {
            let found = row.chars().count();
            if found != width {
                let message = format!("this row has {found} cells and the header says width {width}");
                return Err(error(line, found.min(width) + 1, message));
            }
            if let Some(column) = row.chars().position(|c| !".GS@OTW".contains(c)) {
                return Err(error(line, column + 1, "unknown terrain; valid are . G S @ O T W"));
            }
        }
        Ok(MovingAiMap { width, moves, rows })
    }

    /// Map of the world for one problem: the cells, with start and goal of the problem.
    pub(super) fn map(&self, problem: &ProblemInstance<'_>) -> Result<Map, MapError> {
        let size = (self.width, self.rows.len());
        if problem.size != size {
            let (width, height) = problem.size;
            let message =
                format!("the scenario is for a map of {width}x{height}, this one is {}x{}", size.0, size.1);
            return Err(error(problem.line, 1, message));
        }
        let mut rows: Vec<Vec<u8>> =
            self.rows.iter().map(|(_, row)| row.bytes().map(cell_glyph).collect()).collect();
        for ((x, y), glyph, what) in [(problem.start, b'S', "start"), (problem.goal, b'G', "goal")] {
            match rows.get_mut(y).and_then(|row| row.get_mut(x)) {
                Some(slot) if *slot == b'.' => *slot = glyph,
                Some(b'S') => {
                    return Err(error(
                        problem.line,
                        1,
                        "start and goal are the same cell; choose another problem",
                    ));
                }
                _ => {
                    let message = format!("the {what} at column {x}, row {y} (from 0) is not on free ground");
                    return Err(error(problem.line, 1, message));
                }
            }
        }
        let legend = Legend {
            about: format!("MovingAI {}", problem.map),
            diagonal: (self.moves == Moves::King).then_some(-std::f64::consts::SQRT_2),
            moves: self.moves,
            cut_corners: false,
            mask: true,
            ..Legend::default()
        };
        let rows: Vec<String> = rows.iter().map(|row| row.iter().map(|&c| c as char).collect()).collect();
        let positions = self.rows.iter().map(|(line, _)| (*line, 1));
        Map::with_positions(rows.iter().map(String::as_str).zip(positions), legend)
    }
}

fn cell_glyph(terrain: u8) -> u8 {
    if matches!(terrain, b'.' | b'G' | b'S') { b'.' } else { b'#' }
}

/// Parses a `.scen` file.
pub(super) fn parse_scenario(text: &str) -> Result<Vec<ProblemInstance<'_>>, MapError> {
    let mut problems = Vec::new();
    for (line, whole) in lines(text) {
        if whole.trim().is_empty() || whole.starts_with("version") {
            continue;
        }
        // The benchmark files separate fields by tabs; with other separators, names of maps cannot contain spaces.
        let fields: Vec<&str> = match whole.contains('\t') {
            true => whole.split('\t').map(str::trim).collect(),
            false => whole.split_whitespace().collect(),
        };
        let [_, map, numbers @ ..] = fields.as_slice() else {
            return Err(error(
                line,
                1,
                "a problem has nine fields: bucket, map, width, height, start, goal, length",
            ));
        };
        let [width, height, start_x, start_y, goal_x, goal_y, length] = numbers else {
            let message = format!("a problem has nine fields, this line has {}", fields.len());
            return Err(error(line, whole.chars().count() + 1, message));
        };
        // Fields are slices of the line: the address of a field gives its column.
        let column = |field: &str| {
            let offset = (field.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
            whole.get(..offset).map_or(1, |before| before.chars().count() + 1)
        };
        let number = |field: &str| {
            let message = || format!("`{field}` must be a whole number of cells");
            field.parse::<usize>().map_err(|_| error(line, column(field), message()))
        };
        problems.push(ProblemInstance {
            line,
            map,
            size: (number(width)?, number(height)?),
            start: (number(start_x)?, number(start_y)?),
            goal: (number(goal_x)?, number(goal_y)?),
            length: length.parse().map_err(|_| {
                error(line, column(length), format!("`{length}` must be the length of the shortest path"))
            })?,
        });
    }
    Ok(problems)
}
