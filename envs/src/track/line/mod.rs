//! Racing lines of a point mass, their speed profiles, and a proved lower bound on the lap time.
//!
//! [`plan_line`] computes the center line, the minimum-curvature line or the minimum-time line of a car with given
//! [`Limits`]; [`lower_bound`] is a bound on the lap time along any line.
//!
//! | file | content |
//! |---|---|
//! | `profile`, `segment` | time-optimal speed profile along a given line (exact) |
//! | `corridor` | admissible positions of the car's center; paths through them |
//! | `optimize` | minimum-curvature and minimum-time lines |
//! | `bound` | lower bound on the lap time, with its proof |
//! | `barrier`, `banded`, `dual` | interior-point solver with exact second derivatives |

mod banded;
mod barrier;
mod bound;
mod corridor;
mod dual;
mod optimize;
mod profile;
mod segment;
#[cfg(test)]
mod tests;

use freewheel_core::{Error, Result};

use super::circuit::Circuit;
use corridor::Corridor;

pub use bound::Bound;
pub use corridor::{Path, PathPoint};
pub use profile::{Profile, Segment, Start, profile};

/// Choice of the line that [`plan_line`] computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Center line, moved inside the edges where necessary.
    Center,
    /// Minimum-curvature line: minimum of the integral of the squared curvature.
    MinCurvature,
    /// Minimum-time line: the better of the local optima found from the center line and from the minimum-curvature
    /// line.
    MinTime,
}

/// Closed line around a circuit, with its time-optimal speed profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Geometry of the line, `[points]`.
    pub path: Path,
    /// Speed at each point in a flying lap, m/s, `[points]`.
    pub speeds: Vec<f64>,
    /// Time at each point in a flying lap, s, `[points]`.
    pub times: Vec<f64>,
    /// Flying lap time, s. A point mass can drive this lap, hence the time is an upper bound on the minimum lap time.
    pub lap_time: f64,
    segments: Vec<Segment>,
}

impl Line {
    fn new(path: Path, segments: Vec<Segment>, limits: &Limits) -> Self {
        let Profile { speeds, times } = profile(&segments, limits, Start::Flying);
        let stride = segments.len() / path.points.len();
        let at_points = |values: &[f64]| values[..segments.len()].iter().copied().step_by(stride).collect();
        let lap_time = times[segments.len()];
        Line { speeds: at_points(&speeds), times: at_points(&times), lap_time, path, segments }
    }

    /// Lap time from start line to start line, s, for the initial condition `start`.
    pub fn lap_from(&self, start: Start, limits: &Limits) -> f64 {
        profile(&self.segments, limits, start).lap_time()
    }
}

/// Fastest line found around a circuit, with a proved lower bound on the lap time.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Minimum-time line.
    pub line: Line,
    /// Proved lower bounds on the lap time.
    pub bound: Bound,
}

/// Minimum-time line around a circuit, with a proved lower bound on the lap time.
///
/// # Errors
/// [`Error::Config`] if a limit is invalid; [`Error::Unsupported`] if the road is too narrow or too curved for the car.
pub fn reference(circuit: &Circuit, limits: &Limits) -> Result<Reference> {
    Ok(Reference {
        line: plan_line(circuit, limits, LineKind::MinTime)?,
        bound: lower_bound(circuit, limits)?,
    })
}

/// Lower bounds on the time of every lap around `circuit` within `limits`; the module `bound` has the proof.
///
/// # Errors
/// [`Error::Config`] if a limit is invalid; [`Error::Unsupported`] if the road is too narrow for the car.
pub fn lower_bound(circuit: &Circuit, limits: &Limits) -> Result<Bound> {
    limits.check()?;
    let corridor = Corridor::new(circuit, num_points(circuit), limits.clearance)?;
    Ok(bound::lower_bound(&corridor, limits))
}

/// Line of the kind `kind` around a circuit, with its time-optimal speed profile.
///
/// # Errors
/// As [`reference()`].
pub fn plan_line(circuit: &Circuit, limits: &Limits, kind: LineKind) -> Result<Line> {
    limits.check()?;
    let corridor = Corridor::new(circuit, num_points(circuit), limits.clearance)?;
    let driven = |offsets: &[f64]| {
        let (path, segments) = corridor::path_through(&corridor, offsets);
        Line::new(path, segments, limits)
    };
    match kind {
        LineKind::Center => {
            let mut center = driven(&corridor.center_line());
            if center.path.points.iter().all(|point| point.n == 0.0) {
                // The speed profile of the center line uses the exact curvature of the circuit, including jumps.
                center = Line::new(center.path, center_segments(circuit), limits);
            }
            Ok(center)
        }
        LineKind::MinCurvature => Ok(driven(&optimize::min_curvature(&corridor)?)),
        LineKind::MinTime => {
            let starts = [corridor.center_line(), optimize::min_curvature(&corridor)?];
            let found =
                starts.map(|offsets| optimize::min_time(&corridor, limits, &offsets).map(|o| driven(&o)));
            let [first, second] = found;
            match (first, second) {
                (Ok(a), Ok(b)) => Ok(if a.lap_time <= b.lap_time { a } else { b }),
                (found, Err(_)) | (Err(_), found) => found,
            }
        }
    }
}

/// Number of points of a line: one every 2.5 m, or every quarter of the minimum radius if that is less, within
/// 400..=6000.
fn num_points(circuit: &Circuit) -> usize {
    let spacing = (0.25 / circuit.table().max_curvature()).min(2.5);
    ((circuit.length() / spacing).ceil() as usize).clamp(400, 6000)
}

/// Center line as segments of constant curvature, four per point.
fn center_segments(circuit: &Circuit) -> Vec<Segment> {
    let count = 4 * num_points(circuit);
    let length = circuit.length() / count as f64;
    (0..count).map(|i| Segment { length, curvature: circuit.curvature((i as f64 + 0.5) * length) }).collect()
}

/// Limits of a point-mass car. Infinity means no limit; `grip` and `top_speed` must be finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Radius of the friction circle: maximum combined acceleration, m/s².
    pub grip: f64,
    /// Maximum speed, m/s.
    pub top_speed: f64,
    /// Maximum engine acceleration, m/s².
    pub drive: f64,
    /// Engine power per mass, W/kg: maximum of the product of acceleration and speed.
    pub power: f64,
    /// Maximum deceleration of the brakes, m/s².
    pub brake: f64,
    /// Maximum curvature that the car can steer, 1/m.
    pub curvature: f64,
    /// Minimum distance between the car's center and either edge, m: half the car's width plus a margin.
    pub clearance: f64,
}

impl Limits {
    /// Car limited only by friction and top speed.
    pub fn point_mass(grip: f64, top_speed: f64, clearance: f64) -> Self {
        let none = f64::INFINITY;
        Limits { grip, top_speed, drive: none, power: none, brake: none, curvature: none, clearance }
    }

    /// Checks that all limits are valid (else an error).
    ///
    /// # Errors
    /// [`Error::Config`] with the name of the invalid limit.
    pub fn check(&self) -> Result<()> {
        let positive = [
            ("grip", self.grip),
            ("top speed", self.top_speed),
            ("drive", self.drive),
            ("power", self.power),
            ("brake", self.brake),
            ("curvature", self.curvature),
        ];
        for (name, value) in positive {
            if value.is_nan() || value <= 0.0 {
                return Err(Error::Config(format!("the car's {name} is {value}; it must be above 0")));
            }
        }
        for (name, value) in [("grip", self.grip), ("top speed", self.top_speed)] {
            if value.is_infinite() {
                return Err(Error::Config(format!("the car's {name} is infinite; give a finite one")));
            }
        }
        if self.clearance < 0.0 || !self.clearance.is_finite() {
            let clearance = self.clearance;
            return Err(Error::Config(format!("the car's clearance is {clearance}; it must be 0 or more")));
        }
        Ok(())
    }
}
