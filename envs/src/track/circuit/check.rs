//! Geometric validation of a circuit: center line with widths.

use std::fmt;

use freewheel_core::Error;

use super::Circuit;

/// Maximum number of points per edge in the search for crossings.
const MAX_SAMPLES: usize = 2_000;

/// Reason why a circuit is rejected. `s` and `other` are arc lengths, m.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum GeometryError {
    /// An edge folds: the road's width on the inner side of a bend exceeds the radius of the bend.
    Folds { s: f64, radius: f64, width: f64 },
    /// Two parts of the road overlap.
    Crosses { s: f64, other: f64 },
    /// The ratio of length to minimum radius is too large for the lookup table.
    Scale { length: f64, radius: f64 },
}

impl fmt::Display for GeometryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            GeometryError::Folds { s, radius, width } => write!(
                f,
                "{s:.0} m from the start the bend's radius is {radius:.2} m, and the road is {width:.2} m wide on its \
                 inner side; make the road narrower or the bend wider"
            ),
            GeometryError::Crosses { s, other } => write!(
                f,
                "the road runs into itself {s:.0} m and {other:.0} m from the start; move the two parts away from \
                 each other, or set `bridges = true` if one passes over the other"
            ),
            GeometryError::Scale { length, radius } => write!(
                f,
                "the line is {length:.0} m long, and its tightest bend has a radius of {radius:.3e} m; check that the \
                 points are in order, in meters, and not closer than their errors"
            ),
        }
    }
}

impl GeometryError {
    /// Arc length of the fault, m; `None` if the whole circuit is at fault.
    pub(super) fn arc_length(&self) -> Option<f64> {
        match *self {
            GeometryError::Folds { s, .. } | GeometryError::Crosses { s, .. } => Some(s),
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
/// Ratio of inner width to bend radius above which a circuit is rejected. Below this ratio, as in hairpins of surveyed
/// circuits, the width is reduced.
const MAX_WIDTH_TO_RADIUS: f64 = 1.5;

/// Widths `(right, left)`, m, where the width on the inner side of a bend is reduced to less than the bend's radius.
pub(super) fn usable_widths(
    s: f64,
    curvature: f64,
    (right, left): (f64, f64),
) -> Result<(f64, f64), GeometryError> {
    let (radius, width) = (1.0 / curvature.abs(), if curvature > 0.0 { left } else { right });
    if width > MAX_WIDTH_TO_RADIUS * radius {
        return Err(GeometryError::Folds { s, radius, width });
    }
    let innermost = MAX_INNER_SHARE * radius;
    Ok(if curvature > 0.0 { (right, left.min(innermost)) } else { (right.min(innermost), left) })
}

/// Checks that no edge of the road crosses itself or the other edge (else [`GeometryError::Crosses`]).
pub(super) fn check_crossings(circuit: &Circuit) -> Result<(), GeometryError> {
    let entries = circuit.table().entries();
    let count = entries.len().min(MAX_SAMPLES);
    let s = |i: usize| (i % count) as f64 * circuit.length() / count as f64;
    let edge = |side: f64| -> Vec<[f64; 2]> {
        let at = |i: usize| {
            let entry = &entries[(i % count) * entries.len() / count];
            let n = if side > 0.0 { entry.left } else { -entry.right };
            [entry.x - n * entry.sin, entry.y + n * entry.cos]
        };
        (0..=count).map(at).collect()
    };
    let edges = [edge(1.0), edge(-1.0)];
    // Bounding boxes of blocks of segments exclude most pairs.
    const BLOCK: usize = 16;
    let blocks = count.div_ceil(BLOCK);
    let bounds: Vec<BoundingBox> = edges
        .iter()
        .flat_map(|edge| {
            (0..blocks).map(|b| BoundingBox::of(&edge[b * BLOCK..=((b + 1) * BLOCK).min(count)]))
        })
        .collect();
    for (one, two) in (0..2 * blocks).flat_map(|one| (one..2 * blocks).map(move |two| (one, two))) {
        if !bounds[one].overlaps(&bounds[two]) {
            continue;
        }
        let range = |b: usize| (b % blocks * BLOCK)..((b % blocks + 1) * BLOCK).min(count);
        let (first, second) = (&edges[one / blocks], &edges[two / blocks]);
        for (i, j) in range(one).flat_map(|i| range(two).map(move |j| (i, j))) {
            // Neighboring segments of one edge share a point.
            let apart = i.abs_diff(j).min(count - i.abs_diff(j));
            if one / blocks == two / blocks && apart < 2 {
                continue;
            }
            if segments_cross(&first[i..=i + 1], &second[j..=j + 1]) {
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
