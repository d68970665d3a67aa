//! A closed line through points.

use super::corridor::{Corridor, cross, dot, squared_curvature};
use super::profile::Segment;

/// A line around a circuit, at equally spaced places of the center line.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Length of the line, m.
    pub length: f64,
    /// The places, in order of `s`; the first is on the start line.
    pub points: Vec<PathPoint>,
}

/// A place on a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathPoint {
    /// Arc length of the *center* line, m.
    pub s: f64,
    /// Offset from the center line, m, positive to the left.
    pub n: f64,
    /// East, m.
    pub x: f64,
    /// North, m.
    pub y: f64,
    /// Direction of travel, rad; continuous over one lap.
    pub heading: f64,
    /// 1/m, positive to the left.
    pub curvature: f64,
    /// Length of the line from its first point, m.
    pub distance: f64,
}

/// The path at the given offsets, and its segments of constant curvature: from a point halfway to the next, and on.
///
/// Around a point the path is an arc of the circle through it and its neighbors, from halfway to the one before to
/// halfway to the one after. So a circle is exact, and where the curvature jumps it does not overshoot, as that of a
/// spline would: lap times then cost no more than second order in the distance of the points.
pub(super) fn path(corridor: &Corridor, offsets: &[f64]) -> (Path, Vec<Segment>) {
    let mut segments = Vec::with_capacity(2 * corridor.len());
    let mut points: Vec<PathPoint> = Vec::with_capacity(corridor.len());
    let mut distance = 0.0;
    for (node, &n) in offsets.iter().enumerate() {
        let [a, b] = corridor.chords(node, corridor.around(node).map(|place| offsets[place]));
        let turn = cross(a, b).atan2(dot(a, b));
        let curvature = squared_curvature([a, b]).sqrt().copysign(turn);
        // An arc is longer than its chord.
        let arc = if turn.abs() > 1e-6 { 0.5 * turn / (0.5 * turn).sin() } else { 1.0 };
        let [behind, ahead] = [a, b].map(|chord| 0.5 * arc * dot(chord, chord).sqrt());
        let direction = a[1].atan2(a[0]) + 0.5 * turn;
        // From point to point a line turns by less than half a circle.
        let heading = points.last().map_or(direction, |last| last.heading + wrap(direction - last.heading));
        let [x, y] = corridor.position(node, n);
        distance += if node > 0 { behind } else { 0.0 };
        points.push(PathPoint { s: node as f64 * corridor.step, n, x, y, heading, curvature, distance });
        distance += ahead;
        segments.extend([behind, ahead].map(|length| Segment { length, curvature }));
    }
    // The half before the first point comes last.
    segments.rotate_left(1);
    let length = distance + segments.last().map_or(0.0, |half| half.length);
    (Path { length, points }, segments)
}

fn wrap(angle: f64) -> f64 {
    angle - std::f64::consts::TAU * (angle / std::f64::consts::TAU).round()
}
