//! Map files: an ASCII map, optionally a line `---` and a legend in TOML.

use std::fmt;
use std::path::Path;

use freewheel_core::Error;

use super::fault::{Fault, MapError};
use super::legend::{self, Legend, Places};

/// The line between the cells and the legend.
const SEPARATOR: &str = "---";

/// A map as it is written: rows of glyphs and a legend. What they mean is decided when a world is made of it.
#[derive(Clone, Debug)]
pub struct Map {
    width: usize,
    glyphs: Vec<char>,
    /// Line and column, from 1, where each row begins in its file.
    rows: Vec<(usize, usize)>,
    legend: Legend,
    places: Places,
}

impl Map {
    /// Reads a map file's text.
    ///
    /// # Errors
    /// [`MapError`], with line and column: no rows, rows of different lengths, a legend that is not TOML or has a key
    /// that is not known. What glyphs mean is checked when the map becomes a world.
    pub fn parse(text: &str) -> Result<Map, MapError> {
        let mut map = Map {
            width: 0,
            glyphs: Vec::new(),
            rows: Vec::new(),
            legend: Legend::default(),
            places: Places::default(),
        };
        let mut offset = 0;
        for (number, whole) in text.split_inclusive('\n').enumerate() {
            offset += whole.len();
            let row = whole.trim_end();
            let line = number + 1;
            if row == SEPARATOR {
                let read = legend::read(text.get(offset..).unwrap_or(""), line + 1)?;
                (map.legend, map.places) = (read.legend, read.places);
                break;
            }
            let found = row.chars().count();
            match map.rows.last() {
                _ if found == 0 => continue,
                None => map.width = found,
                // A row that is missing in the middle is a row of another length.
                Some((last, _)) if last + 1 != line => {
                    return Err(MapError::new(last + 1, 1, Fault::Ragged { expected: map.width, found: 0 }));
                }
                Some(_) if found != map.width => {
                    let column = found.min(map.width) + 1;
                    return Err(MapError::new(line, column, Fault::Ragged { expected: map.width, found }));
                }
                Some(_) => {}
            }
            map.rows.push((line, 1));
            map.glyphs.extend(row.chars());
        }
        if map.glyphs.is_empty() {
            return Err(MapError::new(1, 1, Fault::Empty));
        }
        Ok(map)
    }

    /// A map made of `rows` of equal length and a legend.
    ///
    /// # Errors
    /// [`MapError`] for no rows, or rows of different lengths.
    pub fn new(rows: &[impl AsRef<str>], legend: Legend) -> Result<Map, MapError> {
        Map::placed((1..).zip(rows).map(|(line, row)| (row.as_ref(), (line, 1))), legend)
    }

    /// As [`Map::new`], from rows with the line and column where each begins in its file.
    pub(super) fn placed<'a>(
        rows: impl Iterator<Item = (&'a str, (usize, usize))>,
        legend: Legend,
    ) -> Result<Map, MapError> {
        let mut map =
            Map { width: 0, glyphs: Vec::new(), rows: Vec::new(), legend, places: Places::default() };
        for (row, (line, column)) in rows {
            let found = row.chars().count();
            if map.rows.is_empty() {
                map.width = found;
            }
            if found != map.width {
                let fault = Fault::Ragged { expected: map.width, found };
                return Err(MapError::new(line, column + found.min(map.width), fault));
            }
            map.rows.push((line, column));
            map.glyphs.extend(row.chars());
        }
        if map.glyphs.is_empty() {
            return Err(MapError::new(1, 1, Fault::Empty));
        }
        Ok(map)
    }

    /// Reads a map file.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Input`] naming the file, the line and the column.
    pub fn load(file: &Path) -> Result<Map, Error> {
        let text = std::fs::read_to_string(file).map_err(Error::io(file))?;
        Map::parse(&text).map_err(|e| e.in_file(file))
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.glyphs.len() / self.width
    }

    /// The glyphs, row-major.
    pub fn glyphs(&self) -> &[char] {
        &self.glyphs
    }

    /// The legend.
    pub fn legend(&self) -> &Legend {
        &self.legend
    }

    /// The legend, to be changed.
    pub fn legend_mut(&mut self) -> &mut Legend {
        &mut self.legend
    }

    /// A fault at the cell `cell`, row-major.
    pub(super) fn at_cell(&self, cell: usize, fault: Fault) -> MapError {
        let (line, column) = self.rows.get(cell / self.width).copied().unwrap_or((1, 1));
        MapError::new(line, column + cell % self.width, fault)
    }

    /// A fault of the legend's value at the dotted `path`.
    pub(super) fn at_key(&self, path: &str, message: impl Into<String>) -> MapError {
        self.places.value(path, message)
    }
}

/// Two maps are equal where their cells and legends are; where they stood in a file does not matter.
impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        (self.width, &self.glyphs, &self.legend) == (other.width, &other.glyphs, &other.legend)
    }
}

/// Prints the map file, which [`Map::parse`] reads back as an equal map.
impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.glyphs.chunks(self.width) {
            writeln!(f, "{}", row.iter().collect::<String>())?;
        }
        if self.legend != Legend::default() {
            let mut legend = toml::Table::try_from(&self.legend).map_err(|_| fmt::Error)?;
            let usual = toml::Table::try_from(Legend::default()).map_err(|_| fmt::Error)?;
            legend.retain(|key, value| usual.get(key) != Some(value));
            write!(f, "{SEPARATOR}\n{legend}")?;
        }
        Ok(())
    }
}
