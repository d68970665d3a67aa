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
//! | `plan`, `flying` | minimum-time line of a driver, and fast adjustments of it |
//! | `bound` | lower bound on the lap time, with its proof |
//! | `barrier`, `banded`, `dual` | interior-point solver with exact second derivatives |

mod banded;
mod barrier;
mod bound;
mod corridor;
mod dual;
mod flying;
mod optimize;
mod plan;
mod profile;
mod segment;
#[cfg(test)]
mod tests;

use freewheel_core::{Error, Result};

use super::circuit::Circuit;
use corridor::Corridor;

pub use bound::Bound;
pub use corridor::{Path, PathPoint};
use plan::COARSENING;
pub(super) use plan::{AdjustedLine, Plan};
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

    /// Point with the index `i`, and the speed there, m/s.
    pub(super) fn point(&self, i: usize) -> (PathPoint, f64) {
        (self.path.points[i], self.speeds[i])
    }

    /// Lap time from start line to start line, s, for the initial condition `start`.
    pub fn lap_from(&self, start: Start, limits: &Limits) -> f64 {
        profile(&self.segments, limits, start).lap_time()
    }

    /// Speeds and times at the points and at the end of a lap with the initial condition `start`, `[points + 1]`.
    pub fn profile_from(&self, start: Start, limits: &Limits) -> Profile {
        let Profile { speeds, times } = profile(&self.segments, limits, start);
        let stride = self.segments.len() / self.path.points.len().max(1);
        let at_points = |values: Vec<f64>| values.into_iter().step_by(stride.max(1)).collect();
        Profile { speeds: at_points(speeds), times: at_points(times) }
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

/// Lower bound on the time of every lap around `circuit` within `limits` that begins at `speed` m/s, s.
///
/// # Errors
/// As [`lower_bound`].
pub fn lower_bound_from(circuit: &Circuit, limits: &Limits, speed: f64) -> Result<f64> {
    limits.check()?;
    let corridor = Corridor::new(circuit, num_points(circuit), limits.clearance)?;
    Ok(bound::lower_bound_from(&corridor, limits, speed))
}

/// Line of the kind `kind` around a circuit, with its time-optimal speed profile.
///
/// # Errors
/// As [`reference()`].
pub fn plan_line(circuit: &Circuit, limits: &Limits, kind: LineKind) -> Result<Line> {
    Ok(match kind {
        LineKind::MinTime => Plan::min_time(circuit, limits)?.line(),
        LineKind::MinCurvature => {
            let corridor = Plan::corridor(circuit, num_points(circuit), limits)?;
            Plan { offsets: optimize::min_curvature(&corridor)?, corridor, limits: *limits }.line()
        }
        LineKind::Center => {
            let corridor = Plan::corridor(circuit, num_points(circuit), limits)?;
            let center = Plan { offsets: corridor.center_line(), corridor, limits: *limits }.line();
            if center.path.points.iter().any(|point| point.n != 0.0) {
                return Ok(center);
            }
            // The speed profile of the center line uses the exact curvature of the circuit, including jumps.
            Line::new(center.path, center_segments(circuit), limits)
        }
    })
}

/// Faster one of the center line and the minimum-curvature line on a coarse mesh: a reference line for drawings, which
/// takes a small part of the time of a minimum-time line.
///
/// # Errors
/// As [`reference()`].
pub(super) fn drawn_line(circuit: &Circuit, limits: &Limits) -> Result<Line> {
    let corridor = Plan::corridor(circuit, num_points(circuit) / COARSENING, limits)?;
    let line = |offsets: Vec<f64>| Plan { offsets, corridor: corridor.clone(), limits: *limits }.line();
    let center = line(corridor.center_line());
    let smooth = optimize::min_curvature(&corridor).map(line).ok();
    Ok(smooth.filter(|line| line.lap_time < center.lap_time).unwrap_or(center))
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
