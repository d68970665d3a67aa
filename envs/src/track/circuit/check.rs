//! What makes a line and its widths impossible as a road.

use std::fmt;

use freewheel_core::Error;

use super::Circuit;

/// Points of each boundary that the search for crossings looks at.
const LOOKS: usize = 2_000;

/// Why a circuit is refused, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// A boundary turns back on itself, because the road is wider there than the bend's radius.
    Folds { s: f64, radius: f64, width: f64 },
    /// The road runs into itself.
    Crosses { s: f64, other: f64 },
    /// Too long for its tightest bend to be tabulated.
    Scale { length: f64, radius: f64 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Fault::Folds { s, radius, width } => write!(
                f,
                "{s:.0} m from the start the bend's radius is {radius:.2} m, and the road is {width:.2} m wide on its inner side; \
                 make the road narrower or the bend wider"
            ),
            Fault::Crosses { s, other } => write!(
                f,
                "the road runs into itself {s:.0} m and {other:.0} m from the start; move the two parts away from each other, \
                 or say `bridges = true` if one passes over the other"
            ),
            Fault::Scale { length, radius } => write!(
                f,
                "the line is {length:.0} m long, and its tightest bend has a radius of {radius:.3e} m; are the points in order, \
                 in meters and no closer than their errors?"
            ),
        }
    }
}

impl Fault {
    /// How far from the start line, m, where that can be said.
    pub(super) fn place(&self) -> Option<f64> {
        match *self {
            Fault::Folds { s, .. } | Fault::Crosses { s, .. } => Some(s),
            Fault::Scale { .. } => None,
        }
    }

    /// As an error about the circuit called `name`.
    pub(super) fn config(&self, name: &str) -> Error {
        Error::Config(format!("track/{name}: {self}"))
    }
}

/// The inner edge of a bend is at most this share of its radius away: beyond it a road would fold.
pub(super) const INNERMOST: f64 = 0.95;
/// A road that is wider than the radius by this factor is a mistake; one that is less so, as surveyed hairpins are, is cut.
const MISTAKEN: f64 = 1.5;

/// The widths `(right, left)` as far as they can be used: on the inner side of a bend less than its radius.
pub(super) fn usable(s: f64, curvature: f64, (right, left): (f64, f64)) -> Result<(f64, f64), Fault> {
    let (radius, width) = (1.0 / curvature.abs(), if curvature > 0.0 { left } else { right });
    if width > MISTAKEN * radius {
        return Err(Fault::Folds { s, radius, width });
    }
    let innermost = INNERMOST * radius;
    Ok(if curvature > 0.0 { (right, left.min(innermost)) } else { (right.min(innermost), left) })
}

/// Whether any edge of the road crosses another, or itself.
pub(super) fn crossings(circuit: &Circuit) -> Result<(), Fault> {
    let entries = circuit.table().entries();
    let count = entries.len().min(LOOKS);
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
    // Blocks of segments first: most of a road is far from the rest of it.
    const BLOCK: usize = 16;
    let blocks = count.div_ceil(BLOCK);
    let bounds: Vec<Bounds> = edges
        .iter()
        .flat_map(|edge| (0..blocks).map(|b| Bounds::of(&edge[b * BLOCK..=((b + 1) * BLOCK).min(count)])))
        .collect();
    for (one, two) in (0..2 * blocks).flat_map(|one| (one..2 * blocks).map(move |two| (one, two))) {
        if !bounds[one].meets(&bounds[two]) {
            continue;
        }
        let range = |b: usize| (b % blocks * BLOCK)..((b % blocks + 1) * BLOCK).min(count);
        let (first, second) = (&edges[one / blocks], &edges[two / blocks]);
        for (i, j) in range(one).flat_map(|i| range(two).map(move |j| (i, j))) {
            // Neighbors on one edge share a point.
            let apart = i.abs_diff(j).min(count - i.abs_diff(j));
            if one / blocks == two / blocks && apart < 2 {
                continue;
            }
            if cross(&first[i..=i + 1], &second[j..=j + 1]) {
                return Err(Fault::Crosses { s: s(i).min(s(j)), other: s(i).max(s(j)) });
            }
        }
    }
    Ok(())
}

/// A rectangle around points.
struct Bounds {
    low: [f64; 2],
    high: [f64; 2],
}

impl Bounds {
    fn of(points: &[[f64; 2]]) -> Self {
        let fold =
            |axis: usize, start: f64, f: fn(f64, f64) -> f64| points.iter().map(|p| p[axis]).fold(start, f);
        let (most, least) = (f64::NEG_INFINITY, f64::INFINITY);
        Bounds {
            low: [fold(0, least, f64::min), fold(1, least, f64::min)],
            high: [fold(0, most, f64::max), fold(1, most, f64::max)],
        }
    }

    fn meets(&self, other: &Bounds) -> bool {
        (0..2).all(|axis| self.low[axis] <= other.high[axis] && other.low[axis] <= self.high[axis])
    }
}

/// Whether two segments cross.
fn cross(first: &[[f64; 2]], second: &[[f64; 2]]) -> bool {
    let side =
        |a: [f64; 2], b: [f64; 2], c: [f64; 2]| (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let ([a, b], [c, d]) = ([first[0], first[1]], [second[0], second[1]]);
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}
