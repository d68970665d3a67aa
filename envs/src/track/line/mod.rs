//! The reference of the track world: the fastest line around a circuit, how fast to drive it, and a bound below which
//! nobody gets.
//!
//! | file | what it holds |
//! |---|---|
//! | `limits` | the car: a point mass with a friction circle, engine, brakes |
//! | `segment`, `profile` | the fastest speeds along a given line: exact |
//! | `path` | a smooth closed line |
//! | `corridor` | where the car's center may be |
//! | `curvature` | the line of least curvature |
//! | `time` | the line of least lap time |
//! | `bound` | a proved lower bound on the lap time |
//! | `barrier`, `band`, `jet` | the solver of both lines: an interior-point method with exact derivatives |

mod band;
mod barrier;
mod bound;
mod corridor;
mod curvature;
mod jet;
mod limits;
mod path;
mod profile;
mod segment;
#[cfg(test)]
mod tests;
mod time;

use freewheel_core::Result;

use super::circuit::Circuit;
use corridor::Corridor;

pub use bound::Bound;
pub use limits::Limits;
pub use path::{Path, PathPoint};
pub use profile::{Profile, Segment, Start, profile};

/// Which line to drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The center line, where it is within the edges.
    Center,
    /// The line of least curvature.
    LeastCurvature,
    /// The line of least lap time, the best of those found from the center line and from the line of least curvature.
    LeastTime,
}

/// A line around a circuit and how fast a car can drive it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The line.
    pub path: Path,
    /// The fastest speed at each point of a flying lap, m/s, `[points]`.
    pub speeds: Vec<f64>,
    /// When each point of a flying lap is reached, s, `[points]`.
    pub times: Vec<f64>,
    /// The time of a flying lap, s: feasible for the point mass, so the least lap time is at most this.
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

    /// The time of a lap from the start line to the start line that begins with `start`, s.
    pub fn lap_from(&self, start: Start, limits: &Limits) -> f64 {
        profile(&self.segments, limits, start).lap_time()
    }
}

/// The best that is known, and the bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The fastest line found.
    pub line: Line,
    /// No lap takes less.
    pub bound: Bound,
}

/// The fastest line found around a circuit, with a proved bound.
///
/// # Errors
/// [`freewheel_core::Error::Config`] where a limit cannot be, [`freewheel_core::Error::Unsupported`] where the road is too narrow or bends too
/// sharply for the car.
pub fn reference(circuit: &Circuit, limits: &Limits) -> Result<Reference> {
    Ok(Reference { line: line(circuit, limits, Kind::LeastTime)?, bound: lower_bound(circuit, limits)? })
}

/// What no lap within the limits undercuts; see the module `bound` for the proof.
///
/// # Errors
/// As [`reference()`], but for the bends.
pub fn lower_bound(circuit: &Circuit, limits: &Limits) -> Result<Bound> {
    limits.check()?;
    let corridor = Corridor::new(circuit, places(circuit), limits.clearance)?;
    Ok(bound::lower_bound(&corridor, limits))
}

/// A line around a circuit.
///
/// # Errors
/// As [`reference()`].
pub fn line(circuit: &Circuit, limits: &Limits, kind: Kind) -> Result<Line> {
    limits.check()?;
    let corridor = Corridor::new(circuit, places(circuit), limits.clearance)?;
    let driven = |offsets: &[f64]| {
        let (path, segments) = path::path(&corridor, offsets);
        Line::new(path, segments, limits)
    };
    match kind {
        Kind::Center => {
            let mut center = driven(&corridor.center_line());
            if center.path.points.iter().all(|point| point.n == 0.0) {
                // The circuit knows its own curvature, jumps included.
                center = Line::new(center.path, center_segments(circuit), limits);
            }
            Ok(center)
        }
        Kind::LeastCurvature => Ok(driven(&curvature::least_curvature(&corridor)?)),
        Kind::LeastTime => {
            let starts = [corridor.center_line(), curvature::least_curvature(&corridor)?];
            let found =
                starts.map(|offsets| time::least_time(&corridor, limits, &offsets).map(|o| driven(&o)));
            let [first, second] = found;
            match (first, second) {
                (Ok(a), Ok(b)) => Ok(if a.lap_time <= b.lap_time { a } else { b }),
                (found, Err(_)) | (Err(_), found) => found,
            }
        }
    }
}

/// Places along the center line: about every 2.5 m on a racing circuit, no fewer than 400 on a small one.
fn places(circuit: &Circuit) -> usize {
    ((circuit.length() / 2.5).ceil() as usize).clamp(400, 6000)
}

/// The center line in pieces of constant curvature, four from place to place.
fn center_segments(circuit: &Circuit) -> Vec<Segment> {
    let count = 4 * places(circuit);
    let length = circuit.length() / count as f64;
    (0..count).map(|i| Segment { length, curvature: circuit.curvature((i as f64 + 0.5) * length) }).collect()
}
