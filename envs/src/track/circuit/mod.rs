//! Circuits: a closed center line, and how wide the road is to either side of it.
//!
//! * `s` is the arc length along the center line in m, from the start line and in the direction of travel; it wraps around.
//! * `n` is the distance from the center line in m, to the *left* where it is positive.
//! * Headings are in rad, anticlockwise from the x axis; curvatures in 1/m, positive in left-hand bends.
//!
//! | file | what it holds |
//! |---|---|
//! | `road` | straights, arcs and clothoids around a polygon: the circuits of our own drawing |
//! | `spline` | a smooth line through the points of a file |
//! | `widths` | the road's widths along the line |
//! | `check` | what makes a line and its widths impossible |
//! | `table` | the line again, for a step of the simulator: constant-time look-up and projection |
//! | `file` | circuits from CSV files |
//! | `named`, `random` | the circuits that have names; random ones |

mod check;
mod file;
mod named;
mod quadrature;
mod random;
mod road;
mod spline;
mod table;
#[cfg(test)]
mod tests;
mod widths;

use freewheel_core::{Error, Result};

use check::Fault;
use road::Road;
use spline::Spline;
use table::Table;
use widths::Widths;

pub(super) use named::NAMES;
pub(super) use spline::wrap;

/// A closed road.
#[derive(Clone, Debug)]
pub struct Circuit {
    name: String,
    line: Line,
    widths: Widths,
    table: Table,
}

/// A place on the center line, and the road's widths there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Arc length from the start line, m.
    pub s: f64,
    /// East, m.
    pub x: f64,
    /// North, m.
    pub y: f64,
    /// Direction of travel, rad; continuous over one lap.
    pub heading: f64,
    /// 1/m, positive to the left.
    pub curvature: f64,
    /// From the center line to the right edge, m.
    pub right: f64,
    /// From the center line to the left edge, m; on the inner side of a bend less than its radius.
    pub left: f64,
}

/// A place, a direction, and how it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pose {
    x: f64,
    y: f64,
    heading: f64,
    curvature: f64,
}

/// A closed line over arc length.
#[derive(Clone, Debug)]
enum Line {
    Road(Road),
    Spline(Spline),
}

impl Line {
    fn length(&self) -> f64 {
        match self {
            Line::Road(road) => road.length(),
            Line::Spline(spline) => spline.length(),
        }
    }

    /// `s` from 0 to the length.
    fn at(&self, s: f64) -> Pose {
        match self {
            Line::Road(road) => road.at(s),
            Line::Spline(spline) => spline.at(s),
        }
    }
}

impl Circuit {
    /// A line with widths, checked. With `bridges` the line may cross itself.
    fn new(name: &str, line: Line, widths: Widths, bridges: bool) -> Result<Self, Fault> {
        let table = Table::new(&line, &widths)?;
        let circuit = Circuit { name: name.to_owned(), line, widths, table };
        if !bridges {
            check::crossings(&circuit)?;
        }
        Ok(circuit)
    }

    /// A circle of `radius` m, driven anticlockwise, with an edge `half_width` m to either side.
    ///
    /// # Errors
    /// [`Error::Config`] unless `0 < half_width < 0.95 radius`.
    pub fn circle(radius: f64, half_width: f64) -> Result<Self> {
        if !(radius.is_finite() && half_width > 0.0 && half_width < check::INNERMOST * radius) {
            return Err(Error::Config(format!(
                "a circle of radius {radius} m cannot have edges {half_width} m to either side; make the radius larger"
            )));
        }
        let widths = Widths::constant(half_width, half_width);
        Circuit::new("circle", Line::Road(Road::circle(radius)), widths, false)
            .map_err(|fault| fault.config("circle"))
    }

    /// The built-in circuit called `name`, such as `club`; `None` where there is none. `seed` is that of `random`.
    ///
    /// # Errors
    /// [`Error::Config`] where a circuit is impossible, which none of ours is.
    pub fn named(name: &str, seed: u64) -> Result<Option<Self>> {
        named::named(name, seed)
    }

    /// Its name, such as `club`, or that of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The length of the center line, m.
    pub fn length(&self) -> f64 {
        self.line.length()
    }

    /// The center line and the widths at `s` (any finite number; it wraps around), exactly.
    pub fn at(&self, s: f64) -> Sample {
        let s = s.rem_euclid(self.length());
        let Pose { x, y, heading, curvature } = self.line.at(s);
        // No place that the table has seen is refused.
        let widths = self.widths.at(s);
        let (right, left) = check::usable(s, curvature, widths).unwrap_or(widths);
        Sample { s, x, y, heading, curvature, right, left }
    }

    /// The center line's point at `s`, `[x, y]` in m.
    pub fn position(&self, s: f64) -> [f64; 2] {
        let Sample { x, y, .. } = self.at(s);
        [x, y]
    }

    /// The direction of travel at `s`, rad.
    pub fn heading(&self, s: f64) -> f64 {
        self.at(s).heading
    }

    /// The center line's curvature at `s`, 1/m, positive to the left.
    pub fn curvature(&self, s: f64) -> f64 {
        self.at(s).curvature
    }

    /// From the center line to the left edge at `s`, m.
    pub fn width_left(&self, s: f64) -> f64 {
        self.at(s).left
    }

    /// From the center line to the right edge at `s`, m.
    pub fn width_right(&self, s: f64) -> f64 {
        self.at(s).right
    }

    /// `count` places at equal distances, the first at `s` = 0; the last is one distance before the first.
    pub fn samples(&self, count: usize) -> Vec<Sample> {
        let step = self.length() / count.max(1) as f64;
        (0..count).map(|i| self.at(i as f64 * step)).collect()
    }

    /// The point `n` m to the left of the center line at `s`.
    pub fn point(&self, s: f64, n: f64) -> [f64; 2] {
        let Sample { x, y, heading, .. } = self.at(s);
        let (sin, cos) = heading.sin_cos();
        [x - n * sin, y + n * cos]
    }

    /// Where the curvature jumps or has a corner, in order; empty for a spline. Exact integrals are taken between these.
    pub fn joints(&self) -> Vec<f64> {
        match &self.line {
            Line::Road(road) => road.joints().collect(),
            Line::Spline(_) => Vec::new(),
        }
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}
