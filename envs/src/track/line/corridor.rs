//! Where a car's center may be: at equally spaced places along the center line, an interval of offsets.

use freewheel_core::{Error, Result};

use super::jet::Real;
use crate::track::circuit::Circuit;

/// A ring of places; the position at offset `n` of place `i` is `center + n * left`.
#[derive(Clone, Debug)]
pub(super) struct Corridor {
    /// Distance between places along the center line, m.
    pub(super) step: f64,
    pub(super) places: Vec<Place>,
}

/// A cross-section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) center: [f64; 2],
    /// Unit vector to the left of the center line.
    pub(super) left: [f64; 2],
    /// The rightmost and the leftmost offset, m.
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Corridor {
    /// # Errors
    /// [`Error::Unsupported`] where the road is too narrow for the clearance.
    pub(super) fn new(circuit: &Circuit, count: usize, clearance: f64) -> Result<Self> {
        let places = circuit
            .samples(count)
            .into_iter()
            .map(|at| {
                let (low, high) = (clearance - at.right, at.left - clearance);
                if low >= high {
                    return Err(Error::Unsupported(format!(
                        "{}: the road is {:.3} m wide {:.1} m after the start, where the car needs {:.3} m; make the car \
                         or its margin smaller",
                        circuit.name(),
                        at.left + at.right,
                        at.s,
                        2.0 * clearance
                    )));
                }
                let (sin, cos) = at.heading.sin_cos();
                Ok(Place { center: [at.x, at.y], left: [-sin, cos], low, high })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Corridor { step: circuit.length() / count as f64, places })
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The places before and after `node`, itself between them.
    pub(super) fn around(&self, node: usize) -> [usize; 3] {
        let count = self.len();
        [(node + count - 1) % count, node, (node + 1) % count]
    }

    pub(super) fn position<R: Real>(&self, node: usize, offset: R) -> [R; 2] {
        let Place { center, left, .. } = self.places[node];
        [offset.times(left[0]).plus(center[0]), offset.times(left[1]).plus(center[1])]
    }

    /// The steps from the node before `node` to it, and on to the one after, for the three offsets.
    pub(super) fn chords<R: Real>(&self, node: usize, offsets: [R; 3]) -> [[R; 2]; 2] {
        let around = self.around(node);
        let [a, b, c] = [0, 1, 2].map(|j| self.position(around[j], offsets[j]));
        [[b[0] - a[0], b[1] - a[1]], [c[0] - b[0], c[1] - b[1]]]
    }

    /// How far an offset is from either edge, as a share of the room there.
    pub(super) fn room<R: Real>(&self, node: usize, offset: R) -> [R; 2] {
        let Place { low, high, .. } = self.places[node];
        let scale = 1.0 / (high - low);
        [offset.plus(-low).times(scale), offset.times(-1.0).plus(high).times(scale)]
    }

    /// The center line, moved inside where it is not.
    pub(super) fn center_line(&self) -> Vec<f64> {
        let inside = |place: &Place| {
            let edge = 0.02 * (place.high - place.low);
            0f64.clamp(place.low + edge, place.high - edge)
        };
        self.places.iter().map(inside).collect()
    }
}

pub(super) fn dot<R: Real>(a: [R; 2], b: [R; 2]) -> R {
    a[0] * b[0] + a[1] * b[1]
}

pub(super) fn cross<R: Real>(a: [R; 2], b: [R; 2]) -> R {
    a[0] * b[1] - a[1] * b[0]
}

/// Squared curvature of the circle through three points, given the two steps between them (Menger).
pub(super) fn squared_curvature<R: Real>([a, b]: [[R; 2]; 2]) -> R {
    let c = [a[0] + b[0], a[1] + b[1]];
    cross(a, b).square().times(4.0) * (dot(a, a) * dot(b, b) * dot(c, c)).power(-1.0)
}
