//! Minimum-time lines in their corridor, and adjustments of them.

use freewheel_core::Result;

use super::corridor::{self, Corridor, Path, PathPoint};
use super::flying::FlyingProfile;
use super::profile::Segment;
use super::{Limits, Line, num_points, optimize};
use crate::track::circuit::Circuit;

/// Relative accuracy of the lap time of the minimum-time line; `COARSE_ACCURACY`: on the coarse mesh.
const ACCURACY: f64 = 3e-5;
const COARSE_ACCURACY: f64 = 1e-3;
/// Ratio of the numbers of points of the fine and the coarse mesh.
pub(super) const COARSENING: usize = 2;

/// Line given by its offsets in a corridor, for a car with given limits.
#[derive(Clone, Debug)]
pub(in super::super) struct Plan {
    pub(super) corridor: Corridor,
    /// Offset from the center line at each cross-section, m, `[points]`.
    pub(super) offsets: Vec<f64>,
    pub(super) limits: Limits,
}

impl Plan {
    pub(super) fn corridor(circuit: &Circuit, count: usize, limits: &Limits) -> Result<Corridor> {
        limits.check()?;
        Corridor::new(circuit, count, limits.clearance)
    }

    /// Minimum-time line: the better of two local optima on a coarse mesh, then optimized again on a mesh with equal
    /// spacing along that line.
    ///
    /// # Errors
    /// As [`reference()`].
    pub(in super::super) fn min_time(circuit: &Circuit, limits: &Limits) -> Result<Self> {
        let count = num_points(circuit);
        // In tight bends a coarse mesh may have no line that the car can steer.
        let coarse = Plan::from_center(circuit, count / COARSENING, limits)
            .or_else(|_| Plan::from_center(circuit, count, limits))?;
        // Between the points of the first mesh, its line may turn more sharply than the car can steer.
        Ok(Plan::near(circuit, limits, &coarse.line().path).unwrap_or(coarse))
    }

    /// Minimum-time line on a mesh of `count` points with equal spacing along the center line: the better of two local
    /// optima.
    fn from_center(circuit: &Circuit, count: usize, limits: &Limits) -> Result<Self> {
        let corridor = Plan::corridor(circuit, count, limits)?;
        let optimum = |offsets: &[f64]| {
            let offsets = optimize::min_time(&corridor, limits, offsets, COARSE_ACCURACY)?;
            Ok(Plan { corridor: corridor.clone(), offsets, limits: *limits })
        };
        let first: Result<Plan> = optimum(&corridor.center_line());
        let second: Result<Plan> = optimize::min_curvature(&corridor).and_then(|offsets| optimum(&offsets));
        match (first, second) {
            (Ok(a), Ok(b)) => Ok(if a.line().lap_time <= b.line().lap_time { a } else { b }),
            (found, Err(_)) | (Err(_), found) => found,
        }
    }

    /// Minimum-time line within other `limits`, found from this line.
    ///
    /// # Errors
    /// As [`reference()`].
    pub(in super::super) fn again(&self, circuit: &Circuit, limits: &Limits) -> Result<Self> {
        Plan::near(circuit, limits, &self.line().path).or_else(|_| Plan::min_time(circuit, limits))
    }

    /// Minimum-time line near `path`, on a mesh with equal spacing along it.
    fn near(circuit: &Circuit, limits: &Limits, path: &Path) -> Result<Self> {
        let (corridor, offsets) = Corridor::along(circuit, path, num_points(circuit), limits.clearance)?;
        let offsets = optimize::min_time(&corridor, limits, &offsets, ACCURACY)?;
        Ok(Plan { corridor, offsets, limits: *limits })
    }

    /// The line with its time-optimal speed profile.
    pub(in super::super) fn line(&self) -> Line {
        let (path, segments) = corridor::path_through(&self.corridor, &self.offsets);
        Line::new(path, segments, &self.limits)
    }

    /// The line without adjustments.
    pub(in super::super) fn adjusted(&self) -> AdjustedLine {
        let points: Vec<Arc> = (0..self.offsets.len())
            .map(|node| corridor::arc_around(&self.corridor, &self.offsets, node))
            .collect();
        let shares = vec![1.0; points.len()];
        let mut segments: Vec<(Segment, f64)> =
            points.iter().flat_map(|arc| halves(arc).map(|half| (half, 1.0))).collect();
        segments.rotate_left(1);
        let profile = FlyingProfile::new(segments, &self.limits);
        AdjustedLine { offsets: self.offsets.clone(), shares, points, profile }
    }

    /// Adjusts `line` at the points from `first` on: each has a shift of the line, m, made as far as the edges allow,
    /// and a share of the grip. Indices continue behind the start line. Returns the first point and the number of
    /// points with another position or speed.
    pub(in super::super) fn adjust(
        &self,
        line: &mut AdjustedLine,
        first: usize,
        values: impl Iterator<Item = (f64, f64)>,
    ) -> (usize, usize) {
        let count = self.offsets.len();
        let mut changed = 0;
        for (shift, share) in values {
            let node = (first + changed) % count;
            let section = &self.corridor.sections[node];
            line.offsets[node] = (self.offsets[node] + shift).clamp(section.n_min, section.n_max);
            line.shares[node] = share;
            changed += 1;
        }
        // The arcs around the neighbors change too.
        let first = first + count - 1;
        let changed = (changed + 2).min(count);
        let mut segments = Vec::with_capacity(2 * changed);
        for node in (first..first + changed).map(|node| node % count) {
            line.points[node] = corridor::arc_around(&self.corridor, &line.offsets, node);
            segments.extend(halves(&line.points[node]).map(|half| (half, line.shares[node])));
        }
        // The half before a point belongs to the segment before it.
        let (begin, speeds) = line.profile.replace(2 * (first + count) - 1, &segments);
        let (begin, end) = (begin / 2, (begin + speeds).div_ceil(2));
        let (begin, end) = (begin.min(first + count), end.max(first + count + changed));
        (begin % count, (end - begin).min(count))
    }
}

/// Point without its distance, and the lengths of the arc around it before and after the point, m.
type Arc = (PathPoint, [f64; 2]);

/// The arc before and after the point.
fn halves((point, lengths): &Arc) -> [Segment; 2] {
    lengths.map(|length| Segment { length, curvature: point.curvature })
}

/// Line of a [`Plan`] after adjustments.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct AdjustedLine {
    offsets: Vec<f64>,
    shares: Vec<f64>,
    points: Vec<Arc>,
    profile: FlyingProfile,
}

impl AdjustedLine {
    /// Number of points.
    pub(in super::super) fn len(&self) -> usize {
        self.points.len()
    }

    /// Point with the index `node`, and the speed there, m/s.
    pub(in super::super) fn point(&self, node: usize) -> (PathPoint, f64) {
        (self.points[node].0, self.profile.speed(2 * node))
    }
}
