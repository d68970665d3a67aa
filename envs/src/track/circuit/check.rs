//! Geometric validation of a circuit: center line with widths.

use std::fmt;

use freewheel_core::Error;

use super::table::Entry;

/// Maximum number of center-line points in the search for crossings.
const MAX_SAMPLES: usize = 8_000;

/// Reason why a circuit is rejected. `s` and `other` are arc lengths, m.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum GeometryError {
    /// An edge folds: on most of the lap, the road's width on the inner side exceeds the radius of the bends.
    Folds { s: f64, radius: f64, width: f64 },
    /// The center line crosses itself.
    Crosses { s: f64, other: f64 },
    /// Two parts of the road are in almost the same place, `apart` m from each other.
    Overlaps { s: f64, other: f64, apart: f64 },
    /// The ratio of length to minimum radius is too large for the lookup table.
    Scale { length: f64, radius: f64 },
}

impl fmt::Display for GeometryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            GeometryError::Folds { s, radius, width } => write!(
                f,
                "{s:.0} m from the start the bend's radius is {radius:.2} m, and the road is {width:.2} m wide on its \
                 inner side, as on most of the lap; make the road narrower or the bends wider"
            ),
            GeometryError::Crosses { s, other } => write!(
                f,
                "the road crosses itself {s:.0} m and {other:.0} m from the start; correct the order of the points, or \
                 set `bridges = true` if one part passes over the other"
            ),
            GeometryError::Overlaps { s, other, apart } => write!(
                f,
                "the road runs into itself: {s:.0} m and {other:.0} m from the start, its center lines are {apart:.2} m \
                 apart; keep the points of one lap, make the road narrower, or move the two parts away from each other"
            ),
            GeometryError::Scale { length, radius } => write!(
                f,
                "the line is {length:.0} m long, and its tightest bend has a radius of {radius:.3e} m; put the points in \
                 the order of travel and remove points that are closer to each other than their errors; for another \
                 unit than meters, name the unit in the header, such as x_cm,y_cm,w_tr_right_cm,w_tr_left_cm"
            ),
        }
    }
}

impl GeometryError {
    /// Arc length of the fault, m; `None` if the whole circuit is at fault.
    pub(super) fn arc_length(&self) -> Option<f64> {
        match *self {
            GeometryError::Folds { s, .. }
            | GeometryError::Crosses { s, .. }
            | GeometryError::Overlaps { s, .. } => Some(s),
            GeometryError::Scale { .. } => None,
        }
    }

    /// Converts the reason to an [`Error::Config`] about the circuit `name`.
    pub(super) fn to_config(&self, name: &str) -> Error {
        Error::Config(format!("track/{name}: {self}"))
    }
}

/// Maximum width on the inner side of a bend, as a fraction of the bend's radius; a greater width is reduced to the
/// maximum.
pub(super) const MAX_INNER_SHARE: f64 = 0.95;

/// Checks that the center line does not cross itself (else [`GeometryError::Crosses`]), given its points at equal
/// spacing and its length, m.
pub(super) fn check_crossings(entries: &[Entry], length: f64) -> Result<(), GeometryError> {
    let count = entries.len().min(MAX_SAMPLES);
    let s = |i: usize| (i % count) as f64 * length / count as f64;
    let point = |i: usize| {
        let entry = &entries[(i % count) * entries.len() / count];
        [entry.x, entry.y]
    };
    let line: Vec<[f64; 2]> = (0..=count).map(point).collect();
    // Bounding boxes of blocks of segments exclude most pairs.
    const BLOCK: usize = 16;
    let blocks = count.div_ceil(BLOCK);
    let range = |b: usize| (b * BLOCK)..((b + 1) * BLOCK).min(count);
    let bounds: Vec<BoundingBox> =
        (0..blocks).map(|b| BoundingBox::of(&line[range(b).start..=range(b).end])).collect();
    for (one, two) in (0..blocks).flat_map(|one| (one..blocks).map(move |two| (one, two))) {
        if !bounds[one].overlaps(&bounds[two]) {
            continue;
        }
        for (i, j) in range(one).flat_map(|i| range(two).map(move |j| (i, j))) {
            // Neighboring segments share a point.
            let apart = i.abs_diff(j).min(count - i.abs_diff(j));
            if apart >= 2 && segments_cross(&line[i..=i + 1], &line[j..=j + 1]) {
                return Err(GeometryError::Crosses { s: s(i).min(s(j)), other: s(i).max(s(j)) });
            }
        }
    }
    Ok(())
}

/// Axis-aligned bounding box.
struct BoundingBox {
    low: [f64; 2],
    high: [f64; 2],
}

impl BoundingBox {
    fn of(points: &[[f64; 2]]) -> Self {
        let fold =
            |axis: usize, start: f64, f: fn(f64, f64) -> f64| points.iter().map(|p| p[axis]).fold(start, f);
        let (most, least) = (f64::NEG_INFINITY, f64::INFINITY);
        BoundingBox {
            low: [fold(0, least, f64::min), fold(1, least, f64::min)],
            high: [fold(0, most, f64::max), fold(1, most, f64::max)],
        }
    }

    fn overlaps(&self, other: &BoundingBox) -> bool {
        (0..2).all(|axis| self.low[axis] <= other.high[axis] && other.low[axis] <= self.high[axis])
    }
}

/// Whether two line segments cross in their interiors.
fn segments_cross(first: &[[f64; 2]], second: &[[f64; 2]]) -> bool {
    let side =
        |a: [f64; 2], b: [f64; 2], c: [f64; 2]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let ([a, b], [c, d]) = ([first[0], first[1]], [second[0], second[1]]);
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}
