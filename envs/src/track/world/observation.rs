//! Observations of the track worlds.
//!
//! | `frenet` | bounds | meaning |
//! |---|---|---|
//! | speed | 0..1 | speed over the maximum speed |
//! | heading | -pi..pi | heading relative to the center line, rad |
//! | offset | -1.5..1.5 | offset from the center line; 1 is the left edge, -1 the right edge |
//! | steering | -1..1 | steering angle over the maximum angle |
//! | yaw, slip | -1..1 | single-track model only: yaw rate over 3 rad/s, slip angle over 0.5 rad |
//! | curvatures | -1..1 each | curvature of the center line at each `look_ahead` distance, times 4 wheelbases (10 m) |
//!
//! | `rays` | bounds | meaning |
//! |---|---|---|
//! | speed, steering, yaw, slip | as above | |
//! | rays | 0..1 each | distance to the edge over `ray_range`, from the leftmost ray to the rightmost |
//!
//! **Range finder.** The road is divided into cross-sections, at most 1 m and 1/15 of the minimum radius apart. A ray
//! is followed from cross-section to cross-section until one end of a section is on the wrong side of the ray: between
//! the last two sections the ray has crossed an edge. This method finds the edges of the car's own road even under a
//! bridge. The edges are approximated by polygons within 1 cm of the exact curves.

use freewheel_core::ObservationSpace;

use super::rules::{Rules, State};
use super::settings::{self, Settings};
use crate::track::circuit::Circuit;
use crate::track::vehicle::Model;

/// Default look-ahead distances of the full-size cars, m; for the small car, a tenth of each.
const LOOK_AHEAD: [f64; 6] = [0.0, 10.0, 20.0, 40.0, 70.0, 110.0];
/// Default ray range of the full-size cars, m; for the small car, a tenth.
const RAY_RANGE: f64 = 100.0;
/// Wheelbase of the club car, m; the scale of curvatures is relative to it.
const CLUB_WHEELBASE: f64 = 2.5;

/// Look-ahead distances of the settings, or the default ones, m, modulo the length of the lap.
fn distances(settings: &Settings, scale: f64, length: f64) -> Vec<f64> {
    let default = || LOOK_AHEAD.map(|distance| distance * scale).to_vec();
    settings
        .look_ahead
        .clone()
        .unwrap_or_else(default)
        .into_iter()
        .map(|distance| distance % length)
        .collect()
}

/// Function from states to observations of one world.
pub(super) struct ObservationModel {
    with_slip: bool,
    per_top_speed: f64,
    per_steering: f64,
    features: Features,
}

/// Precomputed data of each observation kind.
enum Features {
    /// `curvatures`: scaled curvature at each entry of the lookup table, extended by the maximum look-ahead distance.
    /// `ahead`: look-ahead distances, in entries of the table.
    Frenet { curvatures: Vec<f32>, ahead: Vec<usize> },
    /// `sections`: edges of the road. `directions`: unit vector `[forward, left]` of each ray in the car's frame.
    /// `range`: maximum distance, m.
    Rays { sections: Sections, directions: Vec<[f64; 2]>, range: f64 },
}

impl ObservationModel {
    pub(super) fn new(settings: &Settings, rules: &Rules) -> Self {
        let p = &rules.vehicle.parameters;
        let scale = if p.wheelbase() < 1.0 { 0.1 } else { 1.0 };
        let features = match settings.observation {
            settings::Observation::Frenet => {
                let table = rules.circuit.table();
                let distances = distances(settings, scale, table.length());
                let ahead: Vec<usize> =
                    distances.iter().map(|&distance| table.entries_in(distance)).collect();
                let furthest = ahead.iter().copied().max().unwrap_or(0);
                let (count, curvatures) = (table.curvatures().count(), table.curvatures().cycle());
                let scale = 10.0 * p.wheelbase() / CLUB_WHEELBASE;
                // Mean of two neighboring entries, for a position between them.
                let scaled = |(a, b): (f64, f64)| (0.5 * scale * (a + b)).clamp(-1.0, 1.0) as f32;
                let curvatures =
                    curvatures.clone().zip(curvatures.skip(1)).take(count + furthest).map(scaled).collect();
                Features::Frenet { curvatures, ahead }
            }
            settings::Observation::Rays => {
                let (count, view) = (settings.rays, settings.field_of_view.to_radians());
                let direction = |i: u32| {
                    let share = if count > 1 { f64::from(i) / f64::from(count - 1) } else { 0.5 };
                    let (sin, cos) = (view * (0.5 - share)).sin_cos();
                    [cos, sin]
                };
                Features::Rays {
                    sections: Sections::new(&rules.circuit),
                    directions: (0..count).map(direction).collect(),
                    range: settings.ray_range.unwrap_or(RAY_RANGE * scale),
                }
            }
        };
        ObservationModel {
            with_slip: rules.vehicle.model == Model::St,
            per_top_speed: 1.0 / p.top_speed,
            per_steering: 1.0 / p.steering,
            features,
        }
    }

    pub(super) fn space(&self) -> ObservationSpace {
        let mut bounds = vec![(0.0, 1.0)];
        let pi = std::f32::consts::PI;
        match &self.features {
            Features::Frenet { .. } => bounds.extend([(-pi, pi), (-1.5, 1.5), (-1.0, 1.0)]),
            Features::Rays { .. } => bounds.push((-1.0, 1.0)),
        }
        if self.with_slip {
            bounds.extend([(-1.0, 1.0); 2]);
        }
        match &self.features {
            Features::Frenet { ahead, .. } => bounds.extend(ahead.iter().map(|_| (-1.0, 1.0))),
            Features::Rays { directions, .. } => bounds.extend(directions.iter().map(|_| (0.0, 1.0))),
        }
        ObservationSpace::vector(&bounds)
    }

    /// Names of the D numbers of an observation. All but angles are shares of a limit.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = vec!["speed"];
        match &self.features {
            Features::Frenet { .. } => names.extend(["heading (rad)", "offset", "steering"]),
            Features::Rays { .. } => names.push("steering"),
        }
        if self.with_slip {
            names.extend(["yaw rate", "slip"]);
        }
        let (name, count) = match &self.features {
            Features::Frenet { ahead, .. } => ("curvature", ahead.len()),
            Features::Rays { directions, .. } => ("ray", directions.len()),
        };
        let numbered = (1..=count).map(|i| format!("{name} {i}"));
        names.into_iter().map(str::to_owned).chain(numbered).collect()
    }

    /// Writes the observation of `state`, D numbers, to `out` `[D]`.
    #[inline]
    pub(super) fn observe(&self, rules: &Rules, state: &State, out: &mut [f32]) {
        let [x, y, angle, speed, heading, yaw, slip] = state.car;
        let table = rules.circuit.table();
        let here = table.index(state.s);
        out[0] = (speed * self.per_top_speed).clamp(0.0, 1.0) as f32;
        let steering = (angle * self.per_steering).clamp(-1.0, 1.0) as f32;
        let mut filled = match &self.features {
            Features::Frenet { .. } => {
                // The side selects an index, since a branch on it would be unpredictable.
                let width = table.widths(here)[usize::from(state.n > 0.0)];
                out[1] = state.heading_error as f32;
                out[2] = (state.n / width).clamp(-1.5, 1.5) as f32;
                out[3] = steering;
                4
            }
            Features::Rays { .. } => {
                out[1] = steering;
                2
            }
        };
        if self.with_slip {
            out[filled] = (yaw / 3.0).clamp(-1.0, 1.0) as f32;
            out[filled + 1] = (slip / 0.5).clamp(-1.0, 1.0) as f32;
            filled += 2;
        }
        match &self.features {
            Features::Frenet { curvatures, ahead } => {
                for (out, entries) in out[filled..].iter_mut().zip(ahead) {
                    *out = curvatures[here + entries];
                }
            }
            Features::Rays { sections, directions, range } => {
                let ((sin, cos), (road_sin, road_cos)) = (heading.sin_cos(), state.heading_error.sin_cos());
                for (out, [ahead, left]) in out[filled..].iter_mut().zip(directions) {
                    let ray = [cos * ahead - sin * left, sin * ahead + cos * left];
                    // True if the ray points forward along the road.
                    let forward = road_cos * ahead - road_sin * left >= 0.0;
                    let distance = if state.off_road {
                        0.0
                    } else {
                        sections.distance([x, y], state.s, ray, forward, *range)
                    };
                    *out = (distance / range) as f32;
                }
            }
        }
    }
}

/// Minimum number of cross-sections per minimum radius.
const SECTIONS_PER_RADIUS: f64 = 15.0;

/// Cross-sections of the road for the range finder; `ends` are `[left, right]` points, m.
struct Sections {
    ends: Vec<[[f64; 2]; 2]>,
    per_meter: f64,
}

impl Sections {
    fn new(circuit: &Circuit) -> Self {
        let step = (1.0 / (SECTIONS_PER_RADIUS * circuit.table().max_curvature())).min(1.0);
        let count = ((circuit.length() / step).ceil() as usize).max(8);
        let ends = circuit
            .samples(count)
            .iter()
            .map(|at| {
                let (sin, cos) = at.heading.sin_cos();
                [[at.x - at.left * sin, at.y + at.left * cos], [at.x + at.right * sin, at.y - at.right * cos]]
            })
            .collect();
        Sections { ends, per_meter: count as f64 / circuit.length() }
    }

    /// Distance from `(x, y)` along the unit vector `ray` to the first edge, at most `range`, m; 0 if the point is off
    /// the road. `s` is the arc length of the point; `forward` is true if the ray points forward along the road.
    #[inline]
    fn distance(&self, [x, y]: [f64; 2], s: f64, ray: [f64; 2], forward: bool, range: f64) -> f64 {
        let count = self.ends.len();
        let cell = ((s * self.per_meter) as usize).min(count - 1);
        let onward = |i: usize| if i + 1 == count { 0 } else { i + 1 };
        let back = |i: usize| if i == 0 { count - 1 } else { i - 1 };
        // On the left of the ray is the left edge of the road if the ray points forward, else the right edge.
        let (mut index, left) = if forward { (cell, 0) } else { (onward(cell), 1) };
        // Coordinates of a point relative to the ray: distance to the left of the ray, and distance along the ray.
        let aside = |p: [f64; 2]| ray[0] * (p[1] - y) - ray[1] * (p[0] - x);
        let along = |p: [f64; 2]| ray[0] * (p[0] - x) + ray[1] * (p[1] - y);
        for _ in 0..count {
            let next = if forward { onward(index) } else { back(index) };
            let (from, to) = (&self.ends[index], &self.ends[next]);
            let met = if aside(to[left]) < 0.0 {
                Some(left)
            } else if aside(to[1 - left]) > 0.0 {
                Some(1 - left)
            } else {
                None
            };
            if let Some(side) = met {
                let (a, b) = (aside(from[side]), aside(to[side]));
                let share = if a == b { 0.0 } else { (a / (a - b)).clamp(0.0, 1.0) };
                let (a, b) = (along(from[side]), along(to[side]));
                return (a + share * (b - a)).clamp(0.0, range);
            }
            if along(to[0]).min(along(to[1])) > range {
                return range;
            }
            index = next;
        }
        range
    }
}
