//! Map files: an ASCII map, optionally followed by a line `---` and a legend in TOML.

use std::fmt;
use std::path::Path;

use freewheel_core::{Error, input};

use super::error::{MapError, MapErrorKind};
use super::legend::{self, KeyPositions, Legend};

/// Line that separates the cells from the legend.
const SEPARATOR: &str = "---";

/// Parsed map file: rows of glyphs, and a legend. [`Gridworld::from_map`](super::Gridworld::from_map) checks the
/// meaning of both.
#[derive(Clone, Debug)]
pub struct Map {
    width: usize,
    glyphs: Vec<char>,
    /// Line and column, from 1, where each row begins in its file.
    rows: Vec<(usize, usize)>,
    legend: Legend,
    key_positions: KeyPositions,
}

impl Map {
    /// Parses the text of a map file.
    ///
    /// # Errors
    /// [`MapError`] with line and column if the text has no rows, rows of different lengths, or a legend that is not
    /// TOML or has an unknown key. The meaning of glyphs is checked when the map becomes a world.
    pub fn parse(text: &str) -> Result<Map, MapError> {
        let mut map = Map {
            width: 0,
            glyphs: Vec::new(),
            rows: Vec::new(),
            legend: Legend::default(),
            key_positions: KeyPositions::default(),
        };
        let mut offset = 0;
        for (index, text_line) in text.split_inclusive('\n').enumerate() {
            offset += text_line.len();
            let row = text_line.trim_end();
            let line = index + 1;
            if row == SEPARATOR {
                let read = legend::read(text.get(offset..).unwrap_or(""), line + 1)?;
                (map.legend, map.key_positions) = (read.legend, read.key_positions);
                break;
            }
            let found = row.chars().count();
            match map.rows.last() {
                _ if found == 0 => continue,
                None => map.width = found,
                // An empty line between rows counts as a row of length 0.
                Some((last, _)) if last + 1 != line => {
                    return Err(MapError::new(
                        last + 1,
                        1,
                        MapErrorKind::UnequalRows { expected: map.width, found: 0 },
                    ));
                }
                Some(_) if found != map.width => {
                    let column = found.min(map.width) + 1;
                    return Err(MapError::new(
                        line,
                        column,
                        MapErrorKind::UnequalRows { expected: map.width, found },
                    ));
                }
                Some(_) => {}
            }
            map.rows.push((line, 1));
            map.glyphs.extend(row.chars());
        }
        if map.glyphs.is_empty() {
            return Err(MapError::new(1, 1, MapErrorKind::Empty));
        }
        Ok(map)
    }

    /// Map made of `rows` of equal length and a legend.
    ///
    /// # Errors
    /// [`MapError`] if there are no rows, or rows of different lengths.
    pub fn new(rows: &[impl AsRef<str>], legend: Legend) -> Result<Map, MapError> {
        Map::with_positions((1..).zip(rows).map(|(line, row)| (row.as_ref(), (line, 1))), legend)
    }

    /// As [`Map::new`], for rows with their positions: the line and column where each row begins in the file.
    pub(super) fn with_positions<'a>(
        rows: impl Iterator<Item = (&'a str, (usize, usize))>,
        legend: Legend,
    ) -> Result<Map, MapError> {
        let mut map = Map {
            width: 0,
            glyphs: Vec::new(),
            rows: Vec::new(),
            legend,
            key_positions: KeyPositions::default(),
        };
        for (row, (line, column)) in rows {
            let found = row.chars().count();
            if map.rows.is_empty() {
                map.width = found;
            }
            if found != map.width {
                let kind = MapErrorKind::UnequalRows { expected: map.width, found };
                return Err(MapError::new(line, column + found.min(map.width), kind));
            }
            map.rows.push((line, column));
            map.glyphs.extend(row.chars());
        }
        if map.glyphs.is_empty() {
            return Err(MapError::new(1, 1, MapErrorKind::Empty));
        }
        Ok(map)
    }

    /// Reads and parses a map file.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Input`] with file, line and column for invalid content.
    pub fn load(file: &Path) -> Result<Map, Error> {
        let text = input::read_text(file)?;
        Map::parse(&text).map_err(|e| e.in_file(file))
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.glyphs.len() / self.width
    }

    /// Glyphs, row-major, `[height * width]`.
    pub fn glyphs(&self) -> &[char] {
        &self.glyphs
    }

    /// Legend of the map.
    pub fn legend(&self) -> &Legend {
        &self.legend
    }

    /// Mutable legend of the map, to change settings.
    pub fn legend_mut(&mut self) -> &mut Legend {
        &mut self.legend
    }

    /// Error of the given kind at the cell with the row-major index `cell`.
    pub(super) fn at_cell(&self, cell: usize, kind: MapErrorKind) -> MapError {
        let (line, column) = self.rows.get(cell / self.width).copied().unwrap_or((1, 1));
        MapError::new(line, column + cell % self.width, kind)
    }

    /// Error for the value of the legend at the dotted path `path`, such as `cells.A.reward`.
    pub(super) fn at_key(&self, path: &str, message: impl Into<String>) -> MapError {
        self.key_positions.error_at(path, message)
    }
}

/// Two maps are equal if they have equal cells and legends; the positions of rows and keys in the file do not matter.
impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        (self.width, &self.glyphs, &self.legend) == (other.width, &other.glyphs, &other.legend)
    }
}

/// Text of the map file; [`Map::parse`] reads it back as an equal map.
impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.glyphs.chunks(self.width) {
            writeln!(f, "{}", row.iter().collect::<String>())?;
        }
        if self.legend != Legend::default() {
            let mut legend = toml::Table::try_from(&self.legend).map_err(|_| fmt::Error)?;
            let defaults = toml::Table::try_from(Legend::default()).map_err(|_| fmt::Error)?;
            legend.retain(|key, value| defaults.get(key) != Some(value));
            write!(f, "{SEPARATOR}\n{legend}")?;
        }
        Ok(())
    }
}
