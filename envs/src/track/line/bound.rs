//! A lower bound on lap times, proved for every motion whose acceleration stays within the friction circle `A` and whose
//! speed stays below `V`; engine and brakes can only make it slower.
//!
//! **Three gates.** A lap crosses the cross-sections (*gates*) of the road in order. Let `a`, `b`, `c` be where it first
//! crosses three of them, `T` the time from `a` to `c`, and `l T` that from `b` to `c`. Then
//! `l a + (1 - l) c - b` is the integral of the acceleration against the Green's function of the second derivative, which is
//! positive and integrates to `l (1 - l) T^2 / 2`. Hence `T^2 >= 2 |l a + (1 - l) c - b| / (A l (1 - l))`: the road's bend
//! forces a minimum of time. The distance is bounded from below by projections on fixed directions, over all points of the
//! gates at once, and the minimum over `l` by branch and bound: on an interval of `l` a projection is least at an end. Also
//! `T >= |c - a| / V`. Sections that do not overlap add up; dynamic programming finds the partition of the lap with the
//! greatest sum. This holds for a lap that begins and ends at any speed.
//!
//! **Enclosed area.** A flying lap is a closed curve of period `T`, `p(t) = sum c_k exp(2 pi i k t / T)`, and its signed area is
//! `S = pi sum k |c_k|^2 <= pi sum k^4 |c_k|^2 = pi (T / 2 pi)^4 mean |p''|^2 <= pi (T / 2 pi)^4 A^2`, so
//! `T >= 2 pi (S / pi)^(1/4) / sqrt(A)`. The area shrinks as the line moves inwards, so that `S` is at least that of the innermost
//! line. On a circle nothing is lost.

use std::f64::consts::{PI, TAU};

use super::Limits;
use super::corridor::{Corridor, Place, cross};

/// Lower bounds on a lap time, s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Of a flying lap: one that ends as fast as it began, and in the same place and direction.
    pub flying: f64,
    /// Of a lap that begins and ends anyhow.
    pub any: f64,
}

/// No lap that stays in the corridor takes less.
pub(super) fn lower_bound(corridor: &Corridor, limits: &Limits) -> Bound {
    let any = sections(corridor, limits);
    Bound { flying: any.max(enclosing(corridor, limits.grip)), any }
}

/// The time it takes to go around the innermost line's area.
fn enclosing(corridor: &Corridor, grip: f64) -> f64 {
    let area = |offset: fn(&Place) -> f64| {
        let points: Vec<[f64; 2]> = corridor
            .places
            .iter()
            .enumerate()
            .map(|(i, place)| corridor.position(i, offset(place)))
            .collect();
        let next = points.iter().cycle().skip(1);
        0.5 * points.iter().zip(next).map(|(&a, &b)| cross(a, b)).sum::<f64>()
    };
    // Driven anticlockwise the left edge is the inner one.
    let (leftmost, rightmost) = (area(|place| place.high), area(|place| place.low));
    let least = leftmost.max(-rightmost).max(0.0);
    TAU * (least / PI).powf(0.25) / grip.sqrt()
}

/// Directions on which distances are projected.
const DIRECTIONS: usize = 32;
/// Gates a section reaches over.
const REACH: usize = 48;
/// Metres from gate to gate, and the fewest and the most gates of a lap.
const APART: f64 = 8.0;
const GATES: (usize, usize) = (120, 480);
/// Intervals of `l` to begin with, and how many of them are halved.
const INTERVALS: usize = 12;
const HALVINGS: usize = 24;

/// The least and the greatest projection of a gate on each direction.
struct Gate {
    least: [f64; DIRECTIONS],
    greatest: [f64; DIRECTIONS],
}

impl Gate {
    fn new(corridor: &Corridor, place: usize) -> Self {
        let Place { low, high, .. } = corridor.places[place];
        let (a, b) = (corridor.position(place, low), corridor.position(place, high));
        let project = |direction: usize, p: [f64; 2]| {
            let (sin, cos) = (direction as f64 / DIRECTIONS as f64 * TAU).sin_cos();
            p[0] * cos + p[1] * sin
        };
        Gate {
            least: std::array::from_fn(|d| project(d, a).min(project(d, b))),
            greatest: std::array::from_fn(|d| project(d, a).max(project(d, b))),
        }
    }

    /// No point of `other` is nearer than this.
    fn distance(&self, other: &Gate) -> f64 {
        (0..DIRECTIONS).map(|d| other.least[d] - self.greatest[d]).fold(0.0, f64::max)
    }
}

/// The greatest sum of bounds over a partition of the lap.
fn sections(corridor: &Corridor, limits: &Limits) -> f64 {
    let wanted = (corridor.step * corridor.len() as f64 / APART) as usize;
    let count = wanted.clamp(GATES.0, GATES.1).min(corridor.len());
    let gates: Vec<Gate> =
        (0..=count).map(|gate| Gate::new(corridor, gate * corridor.len() / count % corridor.len())).collect();
    let mut best = vec![0.0; count + 1];
    for to in 1..=count {
        for from in to.saturating_sub(REACH)..to {
            best[to] = f64::max(best[to], best[from] + section(&gates[from..=to], limits));
        }
    }
    best[count]
}

/// From the first of at least two gates to the last.
fn section(gates: &[Gate], limits: &Limits) -> f64 {
    let [first, between @ .., last] = gates else { return 0.0 };
    let squared = (first.distance(last) / limits.top_speed).powi(2);
    between.iter().fold(squared, |known, gate| turning(first, gate, last, limits.grip, known)).sqrt()
}

/// The larger of `known` and the bound on the squared time through three gates.
fn turning(a: &Gate, b: &Gate, c: &Gate, grip: f64, known: f64) -> f64 {
    // How far the three are from lying on a straight line in the proportion `l`, along each direction.
    let gap = |l: f64, d: usize| l * a.least[d] + (1.0 - l) * c.least[d] - b.greatest[d];
    let scale = 2.0 / grip;
    let bound = |(l0, l1): (f64, f64)| {
        let most = if l0 < 0.5 && l1 > 0.5 { 0.25 } else { (l0 * (1.0 - l0)).max(l1 * (1.0 - l1)) };
        let least = (0..DIRECTIONS).map(|d| gap(l0, d).min(gap(l1, d))).fold(0.0, f64::max);
        scale * least / most
    };
    let at = |l: f64| scale * (0..DIRECTIONS).map(|d| gap(l, d)).fold(0.0, f64::max) / (l * (1.0 - l));
    let share = |i: usize| (0.5 * PI * i as f64 / INTERVALS as f64).sin().powi(2);
    // A minimum that is not above what is known already is not worth finding.
    if (1..INTERVALS).any(|i| at(share(i)) <= known) {
        return known;
    }
    let mut leaves: Vec<((f64, f64), f64)> = Vec::with_capacity(INTERVALS + HALVINGS);
    leaves.extend((0..INTERVALS).map(|i| (share(i), share(i + 1))).map(|leaf| (leaf, bound(leaf))));
    for _ in 0..HALVINGS {
        let worst = (0..leaves.len()).fold(0, |w, i| if leaves[i].1 < leaves[w].1 { i } else { w });
        let (l0, l1) = leaves[worst].0;
        let middle = 0.5 * (l0 + l1);
        if at(middle) <= known {
            return known;
        }
        leaves[worst] = ((l0, middle), bound((l0, middle)));
        leaves.push(((middle, l1), bound((middle, l1))));
    }
    leaves.iter().map(|leaf| leaf.1).fold(f64::INFINITY, f64::min).max(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::circuit::Circuit;
    use crate::track::line::{Kind, line};

    /// Every section of a lap, not only their sum, takes at least what its bound says.
    fn holds_everywhere(circuit: &Circuit, kind: Kind) -> f64 {
        let limits = Limits::point_mass(9.81, 30.0, 1.0);
        let driven = line(circuit, &limits, kind).unwrap();
        let corridor = Corridor::new(circuit, driven.path.points.len(), limits.clearance).unwrap();
        let places: Vec<usize> = (0..corridor.len()).step_by(corridor.len().div_ceil(80)).collect();
        let gates: Vec<Gate> = places.iter().map(|&place| Gate::new(&corridor, place)).collect();
        let mut tightest = 0f64;
        for from in 0..gates.len() {
            for to in from + 1..gates.len().min(from + 20) {
                let bound = section(&gates[from..=to], &limits);
                let taken = driven.times[places[to]] - driven.times[places[from]];
                // The lap is timed on a mesh.
                assert!(
                    bound <= taken * (1.0 + 1e-3),
                    "{} {kind:?} {from} {to}: {bound} {taken}",
                    circuit.name()
                );
                tightest = tightest.max(bound / taken);
            }
        }
        tightest
    }

    #[test]
    fn no_section_of_a_lap_is_quicker_than_its_bound() {
        let narrow = Circuit::circle(20.0, 1.05).unwrap();
        let tightest = holds_everywhere(&narrow, Kind::LeastTime);
        assert!(tightest > 0.9, "narrow circle: {tightest}");
        for name in ["l", "hairpins", "chicane"] {
            let circuit = Circuit::named(name, 0).unwrap().unwrap();
            let tightest =
                [Kind::Center, Kind::LeastTime].map(|kind| holds_everywhere(&circuit, kind)).into_iter();
            let tightest = tightest.fold(0.0, f64::max);
            assert!(tightest > 0.7, "{name}: {tightest}");
        }
    }

    #[test]
    fn three_gates_around_an_arc() {
        // Points 0.2 rad apart on a circle of 20 m: the least time from the first to the last is that of the parabola
        // through them.
        let point = |angle: f64| {
            let place = Place {
                center: [20.0 * angle.cos(), 20.0 * angle.sin()],
                left: [0.0; 2],
                low: 0.0,
                high: 0.0,
            };
            Gate::new(&Corridor { step: 4.0, places: vec![place] }, 0)
        };
        let gates = [0.0, 0.2, 0.4].map(point);
        let limits = Limits::point_mass(9.81, 70.0, 0.0);
        let exact = (8.0 * 20.0 * (1.0 - 0.2f64.cos()) / 9.81).sqrt();
        let found = section(&gates, &limits);
        assert!(found <= exact && found > 0.99 * exact, "{found} {exact}");
    }
}
