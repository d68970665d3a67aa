//! Corridor of admissible positions of the car's center, and paths through it.

use freewheel_core::{Error, Result};

use super::dual::Real;
use super::profile::Segment;
use crate::track::circuit::{Circuit, wrap_angle};

/// Corridor: cross-sections in order along the center line. The point of a cross-section at the offset `n` is
/// `center + n * left`.
#[derive(Clone, Debug)]
pub(super) struct Corridor {
    /// Mean distance between cross-sections along the center line, m.
    pub(super) step: f64,
    pub(super) sections: Vec<CrossSection>,
}

/// Cross-section of the corridor.
#[derive(Clone, Copy, Debug)]
pub(super) struct CrossSection {
    /// Arc length of the center line, m.
    pub(super) s: f64,
    pub(super) center: [f64; 2],
    /// Unit normal of the center line, to the left.
    pub(super) left: [f64; 2],
    /// Minimum (rightmost) offset, m; `n_max`: maximum (leftmost) offset.
    pub(super) n_min: f64,
    pub(super) n_max: f64,
}

impl Corridor {
    /// Corridor with `count` cross-sections at equal spacing, at least `clearance` m from the edges of the road.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the road is too narrow for the clearance.
    pub(super) fn new(circuit: &Circuit, count: usize, clearance: f64) -> Result<Self> {
        let step = circuit.length() / count as f64;
        Corridor::at(circuit, (0..count).map(|i| i as f64 * step), clearance)
    }

    /// Corridor with cross-sections at the arc lengths `places` of the center line, ascending from 0, m.
    fn at(circuit: &Circuit, places: impl Iterator<Item = f64>, clearance: f64) -> Result<Self> {
        let sections = places
            .map(|s| {
                let at = circuit.at(s);
                let (n_min, n_max) = (clearance - at.right, at.left - clearance);
                if n_min >= n_max {
                    return Err(Error::Unsupported(format!(
                        "{}: the road is {:.3} m wide {:.1} m after the start, and the car needs {:.3} m; make the \
                         car or its margin smaller",
                        circuit.name(),
                        at.left + at.right,
                        at.s,
                        2.0 * clearance
                    )));
                }
                let (sin, cos) = at.heading.sin_cos();
                Ok(CrossSection { s, center: [at.x, at.y], left: [-sin, cos], n_min, n_max })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Corridor { step: circuit.length() / sections.len() as f64, sections })
    }

    /// Corridor with `count` cross-sections at almost equal spacing along `path`, and the offsets of `path` there, m.
    /// Along the inner edge of a tight bend, cross-sections at equal spacing along the center line would be dense.
    pub(super) fn along(
        circuit: &Circuit,
        path: &Path,
        count: usize,
        clearance: f64,
    ) -> Result<(Self, Vec<f64>)> {
        let points = &path.points;
        let mut near = 0;
        let places: Vec<(f64, f64)> = (0..count)
            .map(|i| {
                let distance = i as f64 * path.length / count as f64;
                while near + 1 < points.len() && points[near + 1].distance <= distance {
                    near += 1;
                }
                let (a, b) = (points[near], points[(near + 1) % points.len()]);
                let (end, s) =
                    if near + 1 < points.len() { (b.distance, b.s) } else { (path.length, circuit.length()) };
                let t = (distance - a.distance) / (end - a.distance);
                (a.s + t * (s - a.s), a.n + t * (b.n - a.n))
            })
            .collect();
        let corridor = Corridor::at(circuit, places.iter().map(|place| place.0), clearance)?;
        let offsets =
            corridor.sections.iter().zip(places).map(|(section, (_, n))| section.inside(n)).collect();
        Ok((corridor, offsets))
    }

    pub(super) fn len(&self) -> usize {
        self.sections.len()
    }

    /// Indices of the previous node, of `node`, and of the next node.
    pub(super) fn neighbors(&self, node: usize) -> [usize; 3] {
        let count = self.len();
        [(node + count - 1) % count, node, (node + 1) % count]
    }

    pub(super) fn position<R: Real>(&self, node: usize, offset: R) -> [R; 2] {
        let CrossSection { center, left, .. } = self.sections[node];
        [offset.times(left[0]).plus(center[0]), offset.times(left[1]).plus(center[1])]
    }

    /// Vectors from the previous node to `node` and from `node` to the next one, given the offsets of the three nodes.
    pub(super) fn chords<R: Real>(&self, node: usize, offsets: [R; 3]) -> [[R; 2]; 2] {
        let neighbors = self.neighbors(node);
        let [a, b, c] = [0, 1, 2].map(|j| self.position(neighbors[j], offsets[j]));
        [[b[0] - a[0], b[1] - a[1]], [c[0] - b[0], c[1] - b[1]]]
    }

    /// Distances of `offset` from the minimum and the maximum offset of `node`, as fractions of the corridor's width.
    pub(super) fn edge_slacks<R: Real>(&self, node: usize, offset: R) -> [R; 2] {
        let CrossSection { n_min, n_max, .. } = self.sections[node];
        let scale = 1.0 / (n_max - n_min);
        [offset.plus(-n_min).times(scale), offset.times(-1.0).plus(n_max).times(scale)]
    }

    /// Offsets of the center line, moved into the corridor where necessary, m, `[sections]`.
    pub(super) fn center_line(&self) -> Vec<f64> {
        self.sections.iter().map(|section| section.inside(0.0)).collect()
    }
}

impl CrossSection {
    /// Offset `n`, moved into the cross-section with a distance of 2 % of its width from its ends, m.
    fn inside(&self, n: f64) -> f64 {
        let edge = 0.02 * (self.n_max - self.n_min);
        n.clamp(self.n_min + edge, self.n_max - edge)
    }
}

pub(super) fn dot<R: Real>(a: [R; 2], b: [R; 2]) -> R {
    a[0] * b[0] + a[1] * b[1]
}

pub(super) fn cross<R: Real>(a: [R; 2], b: [R; 2]) -> R {
    a[0] * b[1] - a[1] * b[0]
}

/// Squared curvature of the circle through three points (Menger curvature), 1/m², given the vectors from the first to
/// the second and from the second to the third point.
pub(super) fn squared_curvature<R: Real>([a, b]: [[R; 2]; 2]) -> R {
    let c = [a[0] + b[0], a[1] + b[1]];
    cross(a, b).square().times(4.0) * (dot(a, a) * dot(b, b) * dot(c, c)).power(-1.0)
}

/// Closed line, sampled at points in order along the center line.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Length of the line, m.
    pub length: f64,
    /// Points in the order of `s`; the first point is on the start line.
    pub points: Vec<PathPoint>,
}

/// A point of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathPoint {
    /// Arc length of the *center* line, m.
    pub s: f64,
    /// Offset from the center line, m, positive to the left.
    pub n: f64,
    /// East coordinate, m.
    pub x: f64,
    /// North coordinate, m.
    pub y: f64,
    /// Direction of travel, rad; continuous over one lap.
    pub heading: f64,
    /// Curvature, 1/m, positive to the left.
    pub curvature: f64,
    /// Length of the line from its first point, m.
    pub distance: f64,
}

/// Path through the points with the given `offsets` `[sections]`, and the path as segments of constant curvature, two
/// per point.
///
/// Around a point the path is an arc of the circle through the point and its two neighbors, up to half the distance to
/// each neighbor. A circle is therefore exact, and the curvature does not overshoot at jumps, unlike that of a spline.
/// The error of lap times is of second order in the spacing.
pub(super) fn path_through(corridor: &Corridor, offsets: &[f64]) -> (Path, Vec<Segment>) {
    let mut segments = Vec::with_capacity(2 * corridor.len());
    let mut points: Vec<PathPoint> = Vec::with_capacity(corridor.len());
    let mut distance = 0.0;
    for node in 0..corridor.len() {
        let (mut point, [behind, ahead]) = arc_around(corridor, offsets, node);
        if let Some(last) = points.last() {
            // Between neighboring points the heading turns by less than pi.
            point.heading = last.heading + wrap_angle(point.heading - last.heading);
            distance += behind;
        }
        point.distance = distance;
        distance += ahead;
        segments.extend([behind, ahead].map(|length| Segment { length, curvature: point.curvature }));
        points.push(point);
    }
    // The half segment before the first point is the last one of the lap.
    segments.rotate_left(1);
    let length = distance + segments.last().map_or(0.0, |half| half.length);
    (Path { length, points }, segments)
}

/// Point of the path at `node`, with the distance 0, and the lengths of the arc before and after the point, m.
pub(super) fn arc_around(corridor: &Corridor, offsets: &[f64], node: usize) -> (PathPoint, [f64; 2]) {
    let [a, b] = corridor.chords(node, corridor.neighbors(node).map(|neighbor| offsets[neighbor]));
    let turn = cross(a, b).atan2(dot(a, b));
    let curvature = squared_curvature([a, b]).sqrt().copysign(turn);
    // Ratio of the arc length to the chord.
    let arc = if turn.abs() > 1e-6 { 0.5 * turn / (0.5 * turn).sin() } else { 1.0 };
    let lengths = [a, b].map(|chord| 0.5 * arc * dot(chord, chord).sqrt());
    let heading = a[1].atan2(a[0]) + 0.5 * turn;
    let ([x, y], s) = (corridor.position(node, offsets[node]), corridor.sections[node].s);
    (PathPoint { s, n: offsets[node], x, y, heading, curvature, distance: 0.0 }, lengths)
}
