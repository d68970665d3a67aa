//! Circuits: a closed center line with a road width on either side.
//!
//! Frenet coordinates of a point:
//!
//! * `s`: arc length along the center line from the start line, in the direction of travel, m; periodic.
//! * `n`: signed distance from the center line, m, positive to the *left*.
//! * Headings are in rad, counterclockwise from the x axis; curvatures in 1/m, positive in left-hand bends.
//!
//! | file | content |
//! |---|---|
//! | `road` | center lines of straights, arcs and clothoids |
//! | `spline` | center lines as periodic cubic splines; quadrature |
//! | `check` | geometric validation |
//! | `table` | constant-time lookup and projection, used in every simulation step |
//! | `inner_edge` | inner edges of tight bends |
//! | `file`, `columns` | text files |
//! | `named` | built-in and random circuits |

mod check;
mod columns;
mod file;
mod inner_edge;
mod named;
mod road;
mod spline;
mod table;
#[cfg(test)]
mod tests;

use freewheel_core::{Error, Result};

use check::GeometryError;
use road::Road;
use spline::Spline;
use table::Table;

pub use file::FileOptions;
pub(super) use named::CIRCUITS;
pub(super) use spline::wrap_angle;

/// A closed circuit: center line and widths.
#[derive(Clone, Debug)]
pub struct Circuit {
    name: String,
    line: CenterLine,
    widths: Widths,
    table: Table,
}

/// Sample of a circuit at one arc length: center line and road widths.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Arc length from the start line, m.
    pub s: f64,
    /// East coordinate of the center line, m.
    pub x: f64,
    /// North coordinate of the center line, m.
    pub y: f64,
    /// Direction of travel, rad; continuous over one lap.
    pub heading: f64,
    /// Curvature, 1/m, positive to the left.
    pub curvature: f64,
    /// Distance from the center line to the right edge, m.
    pub right: f64,
    /// Distance from the center line to the left edge, m. The distance to the inner edge of a bend is less than the
    /// radius of the bend.
    pub left: f64,
}

impl Circuit {
    /// Circuit from center line and widths, after validation. With `bridges` the road may cross itself.
    fn new(name: &str, line: CenterLine, widths: Widths, bridges: bool) -> Result<Self, GeometryError> {
        let table = Table::new(&line, &widths, bridges)?;
        Ok(Circuit { name: name.to_owned(), line, widths, table })
    }

    /// Circular circuit of `radius` m, driven counterclockwise, with the edges `half_width` m from the center line.
    ///
    /// # Errors
    /// [`Error::Config`] unless `0 < half_width < 0.95 radius`.
    pub fn circle(radius: f64, half_width: f64) -> Result<Self> {
        if !(radius.is_finite() && half_width > 0.0 && half_width < check::MAX_INNER_SHARE * radius) {
            return Err(Error::Config(format!(
                "a circle of radius {radius} m cannot have edges {half_width} m to either side; make the radius larger"
            )));
        }
        let widths = Widths::constant(half_width, half_width);
        Circuit::new("circle", CenterLine::Road(Road::circle(radius)), widths, false)
            .map_err(|error| error.to_config("circle"))
    }

    /// Built-in circuit `name`, such as `club`; `None` for an unknown name. `seed` is used by the circuit `random`
    /// only.
    ///
    /// # Errors
    /// [`Error::Config`] if the geometry is invalid (possible for the circuit `random` only).
    pub fn named(name: &str, seed: u64) -> Result<Option<Self>> {
        named::named(name, seed)
    }

    /// Name of the circuit, such as `club`; for a circuit from a file, the file name without extension.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Length of the center line, m.
    pub fn length(&self) -> f64 {
        self.line.length()
    }

    /// Exact center line and widths at `s` (m, any finite number; periodic).
    pub fn at(&self, s: f64) -> Sample {
        let s = s.rem_euclid(self.length());
        let Pose { x, y, heading, curvature } = self.line.at(s);
        let (mut right, mut left) = self.widths.at(s);
        if let Some(cut) = self.table.cut_widths(s) {
            let innermost = check::MAX_INNER_SHARE / curvature.abs();
            (right, left) = (right.min(cut.0), left.min(cut.1));
            *(if curvature > 0.0 { &mut left } else { &mut right }) =
                if curvature > 0.0 { left } else { right }.min(innermost);
        }
        Sample { s, x, y, heading, curvature, right, left }
    }

    /// Point `[x, y]` of the center line at `s`, m.
    pub fn position(&self, s: f64) -> [f64; 2] {
        let Sample { x, y, .. } = self.at(s);
        [x, y]
    }

    /// Direction of travel at `s`, rad.
    pub fn heading(&self, s: f64) -> f64 {
        self.at(s).heading
    }

    /// Curvature of the center line at `s`, 1/m, positive to the left.
    pub fn curvature(&self, s: f64) -> f64 {
        self.at(s).curvature
    }

    /// Distance from the center line to the left edge at `s`, m.
    pub fn width_left(&self, s: f64) -> f64 {
        self.at(s).left
    }

    /// Distance from the center line to the right edge at `s`, m.
    pub fn width_right(&self, s: f64) -> f64 {
        self.at(s).right
    }

    /// `count` samples at equal spacing, the first at `s = 0`, the last one spacing before the end.
    pub fn samples(&self, count: usize) -> Vec<Sample> {
        let step = self.length() / count.max(1) as f64;
        (0..count).map(|i| self.at(i as f64 * step)).collect()
    }

    /// Point `[x, y]`, m, at Frenet coordinates `(s, n)`.
    pub fn point(&self, s: f64, n: f64) -> [f64; 2] {
        let Sample { x, y, heading, .. } = self.at(s);
        let (sin, cos) = heading.sin_cos();
        [x - n * sin, y + n * cos]
    }

    /// Arc lengths at which the curvature of the center line or its derivative jumps, ascending, m; empty for a spline.
    /// Between these points the line is smooth.
    pub fn joints(&self) -> Vec<f64> {
        match &self.line {
            CenterLine::Road(road) => road.joints().collect(),
            CenterLine::Spline(_) => Vec::new(),
        }
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}

/// Pose of the center line at one point: position (m), heading (rad) and curvature (1/m).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pose {
    x: f64,
    y: f64,
    heading: f64,
    curvature: f64,
}

/// Closed center line, parametrized by arc length.
#[derive(Clone, Debug)]
enum CenterLine {
    Road(Road),
    Spline(Spline),
}

impl CenterLine {
    fn length(&self) -> f64 {
        match self {
            CenterLine::Road(road) => road.length(),
            CenterLine::Spline(spline) => spline.length(),
        }
    }

    /// Pose at the arc length `s` in `0..=length`, m.
    fn at(&self, s: f64) -> Pose {
        match self {
            CenterLine::Road(road) => road.at(s),
            CenterLine::Spline(spline) => spline.at(s),
        }
    }
}

/// Road widths along a lap: linear in arc length between given samples.
#[derive(Clone, Debug)]
struct Widths {
    length: f64,
    /// Samples `(s, right, left)`, m, ascending in `s`; never empty.
    marks: Vec<(f64, f64, f64)>,
}

impl Widths {
    /// The same widths everywhere.
    fn constant(right: f64, left: f64) -> Self {
        Widths { length: 1.0, marks: vec![(0.0, right, left)] }
    }

    /// Widths from samples `(s, right, left)` on a center line of `length` m: at least one sample, ascending in `s`.
    fn between(marks: Vec<(f64, f64, f64)>, length: f64) -> Self {
        Widths { length, marks }
    }

    /// Widths `(right, left)`, m, at the arc length `s` in `0..=length`.
    fn at(&self, s: f64) -> (f64, f64) {
        let ahead = self.marks.partition_point(|mark| mark.0 <= s);
        let count = self.marks.len();
        let (s0, right0, left0) = self.marks[(ahead + count - 1) % count];
        let (s1, right1, left1) = self.marks[ahead % count];
        // Around the start line, the arc lengths of the two neighboring samples differ by almost a lap.
        let span = (s1 - s0).rem_euclid(self.length);
        let t = if span > 0.0 { ((s - s0).rem_euclid(self.length) / span).min(1.0) } else { 0.0 };
        (right0 + t * (right1 - right0), left0 + t * (left1 - left0))
    }
}
