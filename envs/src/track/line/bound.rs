//! Lower bound on lap times, proved for every motion with acceleration within the friction circle `A` and speed below
//! `V`. Engine and brake limits can only increase the lap time; the engine counts from a given initial speed only.
//!
//! **Three cross-sections.** A lap crosses the cross-sections of the road in order. Let `a`, `b`, `c` be the points
//! where the lap first meets three of the cross-sections, `T` the time from `a` to `c`, and `l T` the time from `b` to
//! `c`. Then `l a + (1 - l) c - b` is the integral of the acceleration times the Green's function of the second
//! derivative, which is positive and integrates to `l (1 - l) T^2 / 2`. Hence
//! `T^2 >= 2 |l a + (1 - l) c - b| / (A l (1 - l))`. The norm is bounded from below by projections on fixed directions,
//! for all points of the cross-sections at once. The minimum over `l` is found by branch and bound: on an interval of
//! `l`, a projection is minimal at one of the ends. Also `T >= |c - a| / V`. The sum of bounds for disjoint parts of
//! the lap is a bound for the lap; dynamic programming finds the partition with the greatest sum. This bound holds for
//! any initial and final speed.
//!
//! **Given initial speed.** The length of the path from the start line to a cross-section is at least `d`, the greatest
//! sum of distances between successive cross-sections on the way. The speed after a length `x` of the path is at most
//! that of a car that uses its engine fully on a straight from the start, so the time is at least that of this car for
//! the distance `d`. The first part of the lap may have this bound instead; the other parts are as above.
//!
//! **Enclosed area.** A flying lap is a closed curve of period `T`, `p(t) = sum c_k exp(2 pi i k t / T)`, and the
//! signed area within the curve is
//! `S = pi sum k |c_k|^2 <= pi sum k^4 |c_k|^2 = pi (T / 2 pi)^4 mean |p''|^2 <= pi (T / 2 pi)^4 A^2`, so
//! `T >= 2 pi (S / pi)^(1/4) / sqrt(A)`. The area decreases as the line moves inwards, so `S` is at least that of the
//! innermost line. The bound is exact on a circle.

use std::f64::consts::{PI, TAU};

use super::Limits;
use super::corridor::{Corridor, CrossSection, cross};
use super::segment::AccelerationLimit;

/// Proved lower bounds on the lap time, s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Bound for flying laps, whose initial and final position and velocity are equal, s.
    pub flying: f64,
    /// Bound for laps with any initial and final state, s.
    pub any_start: f64,
}

/// Lower bounds on the time of every lap within the corridor.
pub(super) fn lower_bound(corridor: &Corridor, limits: &Limits) -> Bound {
    let any_start = best_partition(corridor, limits, None);
    Bound { flying: any_start.max(area_bound(corridor, limits.grip)), any_start }
}

/// Lower bound on the time of every lap within the corridor from the initial speed `speed` m/s, s.
pub(super) fn lower_bound_from(corridor: &Corridor, limits: &Limits, speed: f64) -> f64 {
    best_partition(corridor, limits, Some(speed))
}

/// Bound from the area enclosed by the innermost line, s.
fn area_bound(corridor: &Corridor, grip: f64) -> f64 {
    let area = |offset: fn(&CrossSection) -> f64| {
        let points: Vec<[f64; 2]> = corridor
            .sections
            .iter()
            .enumerate()
            .map(|(i, section)| corridor.position(i, offset(section)))
            .collect();
        let next = points.iter().cycle().skip(1);
        0.5 * points.iter().zip(next).map(|(&a, &b)| cross(a, b)).sum::<f64>()
    };
    // For a counterclockwise lap the left edge is the inner one.
    let (leftmost, rightmost) = (area(|section| section.n_max), area(|section| section.n_min));
    let least = leftmost.max(-rightmost).max(0.0);
    TAU * (least / PI).powf(0.25) / grip.sqrt()
}

/// Number of directions on which cross-sections are projected.
const DIRECTIONS: usize = 32;
/// Maximum number of cross-sections in one part of the lap.
const MAX_SPAN: usize = 48;
/// Distance between cross-sections, m. `COUNTS`: minimum and maximum number of cross-sections per lap.
const SPACING: f64 = 8.0;
const COUNTS: (usize, usize) = (120, 480);
/// Branch and bound over the time fraction `l`: number of initial intervals. `BISECTIONS`: number of bisections.
const INTERVALS: usize = 12;
const BISECTIONS: usize = 24;

/// Projections of a cross-section on each direction: minimum and maximum over its points, m.
struct Projections {
    least: [f64; DIRECTIONS],
    greatest: [f64; DIRECTIONS],
}

impl Projections {
    fn new(corridor: &Corridor, section: usize) -> Self {
        let CrossSection { n_min, n_max, .. } = corridor.sections[section];
        let (a, b) = (corridor.position(section, n_min), corridor.position(section, n_max));
        let project = |direction: usize, p: [f64; 2]| {
            let (sin, cos) = (direction as f64 / DIRECTIONS as f64 * TAU).sin_cos();
            p[0] * cos + p[1] * sin
        };
        Projections {
            least: std::array::from_fn(|d| project(d, a).min(project(d, b))),
            greatest: std::array::from_fn(|d| project(d, a).max(project(d, b))),
        }
    }

    /// Lower bound on the distance from any point of this cross-section to any point of the cross-section `other`, m.
    fn distance(&self, other: &Projections) -> f64 {
        (0..DIRECTIONS).map(|d| other.least[d] - self.greatest[d]).fold(0.0, f64::max)
    }
}

/// Greatest sum of the bounds of all parts, over all partitions of the lap into parts, s; for any initial speed or for
/// that of `speed`, m/s.
fn best_partition(corridor: &Corridor, limits: &Limits, speed: Option<f64>) -> f64 {
    let wanted = (corridor.step * corridor.len() as f64 / SPACING) as usize;
    let count = wanted.clamp(COUNTS.0, COUNTS.1).min(corridor.len());
    let projections: Vec<Projections> = (0..=count)
        .map(|projected| Projections::new(corridor, projected * corridor.len() / count % corridor.len()))
        .collect();
    let mut best = vec![0.0; count + 1];
    if let Some(speed) = speed {
        let engine = AccelerationLimit::engine(limits);
        let lengths = path_lengths(&projections);
        best = lengths.into_iter().map(|length| engine.advance(0.0, speed * speed, length).1).collect();
    }
    for to in 1..=count {
        for from in to.saturating_sub(MAX_SPAN)..to {
            best[to] = f64::max(best[to], best[from] + section_bound(&projections[from..=to], limits));
        }
    }
    best[count]
}

/// Lower bounds on the length of a path from the first cross-section to each one, m.
fn path_lengths(projections: &[Projections]) -> Vec<f64> {
    let mut lengths = vec![0.0; projections.len()];
    for to in 1..projections.len() {
        let through = (0..to).map(|from| lengths[from] + projections[from].distance(&projections[to]));
        lengths[to] = through.fold(0.0, f64::max);
    }
    lengths
}

/// Lower bound on the time of a part of the lap, from the first to the last of at least two cross-sections, s.
fn section_bound(projections: &[Projections], limits: &Limits) -> f64 {
    let [first, between @ .., last] = projections else { return 0.0 };
    let squared = (first.distance(last) / limits.top_speed).powi(2);
    between
        .iter()
        .fold(squared, |known, projected| three_section_bound(first, projected, last, limits.grip, known))
        .sqrt()
}

/// Lower bound on the squared time from cross-section `a` through `b` to `c`, or `known` if that is greater, s².
fn three_section_bound(a: &Projections, b: &Projections, c: &Projections, grip: f64, known: f64) -> f64 {
    // Projection of l a + (1 - l) c - b on direction `d`, minimized over the cross-sections.
    let gap = |l: f64, d: usize| l * a.least[d] + (1.0 - l) * c.least[d] - b.greatest[d];
    let scale = 2.0 / grip;
    let bound = |(l0, l1): (f64, f64)| {
        let most = if l0 < 0.5 && l1 > 0.5 { 0.25 } else { (l0 * (1.0 - l0)).max(l1 * (1.0 - l1)) };
        let least = (0..DIRECTIONS).map(|d| gap(l0, d).min(gap(l1, d))).fold(0.0, f64::max);
        scale * least / most
    };
    let at = |l: f64| scale * (0..DIRECTIONS).map(|d| gap(l, d)).fold(0.0, f64::max) / (l * (1.0 - l));
    let share = |i: usize| (0.5 * PI * i as f64 / INTERVALS as f64).sin().powi(2);
    // The minimum over `l` cannot exceed `known`: stop early.
    if (1..INTERVALS).any(|i| at(share(i)) <= known) {
        return known;
    }
    let mut leaves: Vec<((f64, f64), f64)> = Vec::with_capacity(INTERVALS + BISECTIONS);
    leaves.extend((0..INTERVALS).map(|i| (share(i), share(i + 1))).map(|leaf| (leaf, bound(leaf))));
    for _ in 0..BISECTIONS {
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
    use crate::track::line::{LineKind, plan_line};

    /// Asserts that the bound of every part of a lap, not only the sum, is below the time of that part; returns the
    /// largest ratio of bound to time.
    fn holds_everywhere(circuit: &Circuit, kind: LineKind) -> f64 {
        let limits = Limits::point_mass(9.81, 30.0, 1.0);
        let driven = plan_line(circuit, &limits, kind).unwrap();
        let corridor = Corridor::new(circuit, driven.path.points.len(), limits.clearance).unwrap();
        let points = &driven.path.points;
        let time = |section: usize| {
            let s = corridor.sections[section].s;
            let after = points.partition_point(|point| point.s <= s);
            let (a, b) = (points[after - 1], points.get(after));
            let (end, at) = b.map_or((driven.lap_time, circuit.length()), |b| (driven.times[after], b.s));
            driven.times[after - 1] + (s - a.s) / (at - a.s) * (end - driven.times[after - 1])
        };
        let sections: Vec<usize> = (0..corridor.len()).step_by(corridor.len().div_ceil(80)).collect();
        let projections: Vec<Projections> =
            sections.iter().map(|&section| Projections::new(&corridor, section)).collect();
        let mut tightest = 0f64;
        for from in 0..projections.len() {
            for to in from + 1..projections.len().min(from + 20) {
                let bound = section_bound(&projections[from..=to], &limits);
                let taken = time(sections[to]) - time(sections[from]);
                // Times on a mesh have a discretization error.
                assert!(
                    bound <= taken * (1.0 + 5e-3),
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
        let tightest = holds_everywhere(&narrow, LineKind::MinTime);
        assert!(tightest > 0.9, "narrow circle: {tightest}");
        for name in ["l", "hairpins", "chicane"] {
            let circuit = Circuit::named(name, 0).unwrap().unwrap();
            let tightest = [LineKind::Center, LineKind::MinTime]
                .map(|kind| holds_everywhere(&circuit, kind))
                .into_iter();
            let tightest = tightest.fold(0.0, f64::max);
            assert!(tightest > 0.7, "{name}: {tightest}");
        }
    }

    #[test]
    fn three_sections_around_an_arc() {
        // Three points, 0.2 rad apart, on a circle of radius 20 m: the minimum time is that of the parabola through the
        // points.
        let point = |angle: f64| {
            let section = CrossSection {
                s: 0.0,
                center: [20.0 * angle.cos(), 20.0 * angle.sin()],
                left: [0.0; 2],
                n_min: 0.0,
                n_max: 0.0,
            };
            Projections::new(&Corridor { step: 4.0, sections: vec![section] }, 0)
        };
        let projections = [0.0, 0.2, 0.4].map(point);
        let limits = Limits::point_mass(9.81, 70.0, 0.0);
        let exact = (8.0 * 20.0 * (1.0 - 0.2f64.cos()) / 9.81).sqrt();
        let found = section_bound(&projections, &limits);
        assert!(found <= exact && found > 0.99 * exact, "{found} {exact}");
    }
}
