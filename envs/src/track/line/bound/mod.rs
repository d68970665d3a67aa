//! Lower bound on lap times, proved for every motion with acceleration within the friction circle `A`, speed below
//! `V`, and forward acceleration and deceleration within the limits of engine and brakes.
//!
//! **Three cross-sections.** A lap crosses the cross-sections of the road in order. Let `a`, `b`, `c` be the points
//! where the lap first meets three of the cross-sections, `T` the time from `a` to `c`, and `l T` the time from `b`
//! to `c`. Then `l a + (1 - l) c - b` is the integral of the acceleration times the Green's function of the second
//! derivative, which is positive and integrates to `l (1 - l) T^2 / 2`. Hence `T^2 >= 2 |l a + (1 - l) c - b| / (A l
//! (1 - l))`. The norm is bounded from below by projections on fixed directions, for all points of the cross-sections
//! at once. The minimum over `l` is found by branch and bound: on an interval of `l`, a projection is minimal at one
//! of the ends. Also `T >= |c - a| / V`. The sum of bounds for disjoint parts of the lap is a bound for the lap;
//! dynamic programming finds the partition with the greatest sum. This bound holds for any initial and final speed.
//!
//! **Given initial speed.** The length of the path from the start line to a cross-section is at least `d`, the
//! greatest sum of distances between successive cross-sections on the way. The speed after a length `x` of the path
//! is at most that of a car that uses its engine fully on a straight from the start, so the time is at least that of
//! this car for the distance `d`. The first part of the lap may have this bound instead; the other parts are as
//! above.
//!
//! **Turning points.** Let `e` be a unit vector and `x` the projection of the position on `e`. Take three
//! cross-sections `a`, `b`, `c` such that `x` is greater on all of `a` and `c`, by at least `D`, than anywhere on
//! `b`. Consider the motion from the last visit of `a` before the first visit of `c` until that visit; it is on the
//! road between `a` and `c`. At the time `t` of the minimum of `x`, the *turning point*, `x` is at most its greatest
//! value on `b`, and the velocity is perpendicular to `e`. Let `w` be the speed at this point and `F` the extent of
//! the road between `a` and `c` across `e`.
//!
//! * Since `x` increases by at most `A s^2 / 2` in `s` seconds, the car is on the road between `a` and `c` for at
//!   least `s = sqrt(2 D / A)` before and after `t`. In these times it moves by at least `w s - A s^2 / 2` across
//!   `e`, to opposite sides, as long as `A s <= w`. So either `w^2 <= 2 A D` and, with `s = w / A`, `w^2 <= A F`; or
//!   `2 (w s - D) <= F` with `s = sqrt(2 D / A)`. This gives an upper bound on `w`: `sqrt(A F)` if `2 D >= F`, else
//!   `(F / 2 + D) sqrt(A / (2 D))`.
//! * At `s` seconds after `t`, the speed is at most `S(s)`, that of a car on a straight that uses its engine fully
//!   from the speed `w`, and the speed along `e` is at most `min(A s, S(s))`. So the time until the first visit of a
//!   cross-section from `c` on is at least the time in which the integral of this minimum grows to the distance along
//!   `e`. From there on, the car on the straight drives at least the sum of distances of successive cross-sections in
//!   the time until a further one. The time from a cross-section up to `a` to the turning point is bounded in the
//!   same way, with the brakes.
//!
//! The time between the turning points of two bends is at least the greatest sum of the time from the first one to a
//! cross-section, of the bounds of parts, and of the time from a cross-section to the second one. It is also at least
//! the time of a car on a straight whose length is the sum of the lengths that correspond to these times, if that car
//! accelerates in the whole first turn and brakes in the whole second one. The sum over all bends of a flying lap is
//! a bound on the lap. For other laps, the parts before the first and after the last bend have the bounds above. Any
//! choice of bends without a common part is valid; a bend is kept if it makes the bound greater.
//!
//! **Enclosed area.** A flying lap is a closed curve of period `T`, `p(t) = sum c_k exp(2 pi i k t / T)`, and the
//! signed area within the curve is `S = pi sum k |c_k|^2 <= pi sum k^4 |c_k|^2 = pi (T / 2 pi)^4 mean |p''|^2 <= pi
//! (T / 2 pi)^4 A^2`, so `T >= 2 pi (S / pi)^(1/4) / sqrt(A)`. The area decreases as the line moves inwards, so `S`
//! is at least that of the innermost line. The bound is exact on a circle.
//!
//! | file | content |
//! |---|---|
//! | `parts` | cross-sections, distances and times between them |
//! | `turns` | turning points, and bounds on laps through them |

mod parts;
#[cfg(test)]
mod tests;
mod turns;

use std::f64::consts::{PI, TAU};

use super::Limits;
use super::corridor::{Corridor, CrossSection, cross};
use super::segment::AccelerationLimit;
use parts::Parts;
use turns::Turns;

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
    let parts = Parts::new(corridor, limits);
    let turns = Turns::find(&parts, limits, corridor.step);
    let any_start = turns.open_lap(best_partition(&parts, |_| 0.0));
    Bound { flying: any_start.max(turns.flying_lap()).max(area_bound(corridor, limits.grip)), any_start }
}

/// Lower bound on the time of every lap within the corridor from the initial speed `speed` m/s, s.
pub(super) fn lower_bound_from(corridor: &Corridor, limits: &Limits, speed: f64) -> f64 {
    let parts = Parts::new(corridor, limits);
    let engine = AccelerationLimit::engine(limits);
    let times = best_partition(&parts, |length| engine.advance(0.0, speed * speed, length).1);
    Turns::find(&parts, limits, corridor.step).open_lap(times)
}

/// Greatest sum of the bounds of all parts, over all partitions of the lap up to each cross-section, s, `[count + 1]`.
/// `launch` is a lower bound on the time for a path of the given length (m) from the start line.
fn best_partition(parts: &Parts, launch: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut best: Vec<f64> = parts.lengths(0, parts.count).into_iter().map(launch).collect();
    add_parts(parts, 0, &mut best);
    best
}

/// Raises `times`, lower bounds on the time until each cross-section from `first` on, by the bounds of parts.
fn add_parts(parts: &Parts, first: usize, times: &mut [f64]) {
    for to in 1..times.len() {
        for from in to.saturating_sub(parts.span())..to {
            times[to] = f64::max(times[to], times[from] + parts.time(first + from, first + to));
        }
    }
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
