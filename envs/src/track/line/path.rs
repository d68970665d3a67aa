//! A closed line through points: the periodic cubic spline over equally spaced parameters.

use super::corridor::{Corridor, cross, dot};
use super::profile::Segment;

/// A line around a circuit, at equally spaced places of the centre line.
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
    /// Arc length of the *centre* line, m.
    pub s: f64,
    /// Offset from the centre line, m, positive to the left.
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

/// Segments from one point of a path to the next.
pub(super) const SEGMENTS: usize = 4;

/// The path at the given offsets, and its segments of constant curvature, [`SEGMENTS`] from point to point.
pub(super) fn path(corridor: &Corridor, offsets: &[f64]) -> (Path, Vec<Segment>) {
    let count = corridor.len();
    let [x, y] = [0, 1]
        .map(|axis| Coordinate::new((0..count).map(|i| corridor.position(i, offsets[i])[axis]).collect()));
    let mut segments = Vec::with_capacity(SEGMENTS * count);
    let mut points = Vec::with_capacity(count);
    let (mut distance, mut heading) = (0.0, 0.0);
    for (node, &n) in offsets.iter().enumerate() {
        let jet = |u: f64| {
            let ([px, dx, ddx], [py, dy, ddy]) = (x.at(node, u), y.at(node, u));
            ([px, py], [dx, dy], [ddx, ddy])
        };
        let bend = |u: f64| {
            let (_, d, dd) = jet(u);
            cross(d, dd) / dot(d, d).powf(1.5)
        };
        let ([px, py], d, _) = jet(0.0);
        let direction = d[1].atan2(d[0]);
        // From point to point a line turns by less than half a circle.
        heading += if node == 0 { direction } else { wrap(direction - heading) };
        let s = node as f64 * corridor.step;
        points.push(PathPoint { s, n, x: px, y: py, heading, curvature: bend(0.0), distance });
        for part in 0..SEGMENTS {
            let at = |share: f64| (part as f64 + share) / SEGMENTS as f64;
            let speed = |share: f64| {
                let (_, d, _) = jet(at(share));
                dot(d, d).sqrt()
            };
            // Simpson's rule.
            let length = (speed(0.0) + 4.0 * speed(0.5) + speed(1.0)) / (6.0 * SEGMENTS as f64);
            segments.push(Segment { length, curvature: bend(at(0.5)) });
            distance += length;
        }
    }
    (Path { length: distance, points }, segments)
}

fn wrap(angle: f64) -> f64 {
    angle - std::f64::consts::TAU * (angle / std::f64::consts::TAU).round()
}

/// Values and second derivatives at the knots 0, 1, 2, ...
struct Coordinate {
    value: Vec<f64>,
    second: Vec<f64>,
}

impl Coordinate {
    fn new(value: Vec<f64>) -> Self {
        let second = second_derivatives(&value);
        Coordinate { value, second }
    }

    /// Value and two derivatives at `node + u`.
    fn at(&self, node: usize, u: f64) -> [f64; 3] {
        let next = (node + 1) % self.value.len();
        let (v0, v1, m0, m1) = (self.value[node], self.value[next], self.second[node], self.second[next]);
        let a = 1.0 - u;
        [
            a * v0 + u * v1 + ((a * a * a - a) * m0 + (u * u * u - u) * m1) / 6.0,
            v1 - v0 + ((3.0 * u * u - 1.0) * m1 - (3.0 * a * a - 1.0) * m0) / 6.0,
            a * m0 + u * m1,
        ]
    }
}

/// Solves `m[i - 1] + 4 m[i] + m[i + 1] = 6 (v[i - 1] - 2 v[i] + v[i + 1])` around the ring: the inverse is a filter
/// whose weights fall by `2 - sqrt 3` a knot, run once forwards and once backwards (Unser, 1999).
fn second_derivatives(value: &[f64]) -> Vec<f64> {
    let count = value.len();
    let around = |i: usize| (value[(i + count - 1) % count], value[i], value[(i + 1) % count]);
    let pole = 3f64.sqrt() - 2.0;
    let mut m: Vec<f64> = (0..count)
        .map(|i| {
            let (a, b, c) = around(i);
            6.0 * (a - 2.0 * b + c)
        })
        .collect();
    // After 60 knots a weight is below 1e-34; a shorter ring is run around more than once.
    let (laps, mut carried) = (60usize.div_ceil(count), 0.0);
    for i in (0..laps).flat_map(|_| 0..count) {
        carried = pole * carried + m[i];
    }
    for m in &mut m {
        carried = pole * carried + *m;
        *m = carried;
    }
    carried = 0.0;
    for i in (0..laps).flat_map(|_| (0..count).rev()) {
        carried = pole * (carried - m[i]);
    }
    for m in m.iter_mut().rev() {
        carried = pole * (carried - *m);
        *m = carried;
    }
    m
}
