//! What a driver sees.
//!
//! | `frenet` | bounds | |
//! |---|---|---|
//! | speed | 0..1 | share of the top speed |
//! | heading | -pi..pi | less that of the center line, rad |
//! | offset | -1.5..1.5 | from the center line; 1 is the left edge, -1 the right one |
//! | steering | -1..1 | share of the greatest angle |
//! | yaw, slip | -1..1 | single-track model only: yaw rate over 3 rad/s, slip angle over 0.5 rad |
//! | bends | -1..1 each | curvature of the center line at each distance of `look_ahead`, times four wheelbases (10 m) |
//!
//! | `rays` | bounds | |
//! |---|---|---|
//! | speed, steering, yaw, slip | as above | |
//! | rays | 0..1 each | distance to the edge over `ray_range`, from the leftmost ray to the rightmost |

use freewheel_core::ObservationSpace;

use super::rays::Sections;
use super::rules::{Rules, State};
use super::settings::{self, Settings};
use crate::track::vehicle::Model;

/// Where the club car looks by default, m; others in proportion to their wheelbase.
const LOOK_AHEAD: [f64; 6] = [0.0, 10.0, 20.0, 40.0, 70.0, 110.0];
/// How far the club car's rays reach by default, m.
const RAY_RANGE: f64 = 100.0;
/// The club car's wheelbase, m.
const FULL_SIZE: f64 = 2.5;

/// The distances at which bends are seen, m; a distance of more than a lap is less than one on the next.
fn distances(settings: &Settings, scale: f64, length: f64) -> Vec<f64> {
    let usual = || LOOK_AHEAD.map(|distance| distance * scale).to_vec();
    settings.look_ahead.clone().unwrap_or_else(usual).into_iter().map(|distance| distance % length).collect()
}

/// An observation's kind with all it needs.
pub(super) struct Observer {
    slips: bool,
    per_top_speed: f64,
    per_steering: f64,
    seen: Seen,
}

enum Seen {
    /// The bends at each entry of the table as they are seen, on to the furthest one that is seen from the last entry; and
    /// how many entries ahead they are looked at.
    Frenet {
        bends: Vec<f32>,
        ahead: Vec<usize>,
    },
    Rays {
        sections: Sections,
        directions: Vec<[f64; 2]>,
        range: f64,
    },
}

impl Observer {
    pub(super) fn new(settings: &Settings, rules: &Rules) -> Self {
        let p = &rules.vehicle.parameters;
        let scale = if p.wheelbase() < 1.0 { 0.1 } else { 1.0 };
        let seen = match settings.observation {
            settings::Observation::Frenet => {
                let table = rules.circuit.table();
                let distances = distances(settings, scale, table.length());
                let ahead: Vec<usize> =
                    distances.iter().map(|&distance| table.entries_in(distance)).collect();
                let furthest = ahead.iter().copied().max().unwrap_or(0);
                let (count, curvatures) = (table.curvatures().count(), table.curvatures().cycle());
                let scale = 10.0 * p.wheelbase() / FULL_SIZE;
                // Somewhere between one entry and the next: their mean.
                let seen = |(a, b): (f64, f64)| (0.5 * scale * (a + b)).clamp(-1.0, 1.0) as f32;
                let bends =
                    curvatures.clone().zip(curvatures.skip(1)).take(count + furthest).map(seen).collect();
                Seen::Frenet { bends, ahead }
            }
            settings::Observation::Rays => {
                let (count, view) = (settings.rays, settings.field_of_view.to_radians());
                let direction = |i: u32| {
                    let share = if count > 1 { f64::from(i) / f64::from(count - 1) } else { 0.5 };
                    let (sin, cos) = (view * (0.5 - share)).sin_cos();
                    [cos, sin]
                };
                Seen::Rays {
                    sections: Sections::new(&rules.circuit),
                    directions: (0..count).map(direction).collect(),
                    range: settings.ray_range.unwrap_or(RAY_RANGE * scale),
                }
            }
        };
        Observer {
            slips: rules.vehicle.model == Model::St,
            per_top_speed: 1.0 / p.top_speed,
            per_steering: 1.0 / p.steering,
            seen,
        }
    }

    pub(super) fn space(&self) -> ObservationSpace {
        let mut bounds = vec![(0.0, 1.0)];
        let pi = std::f32::consts::PI;
        match &self.seen {
            Seen::Frenet { .. } => bounds.extend([(-pi, pi), (-1.5, 1.5), (-1.0, 1.0)]),
            Seen::Rays { .. } => bounds.push((-1.0, 1.0)),
        }
        if self.slips {
            bounds.extend([(-1.0, 1.0); 2]);
        }
        match &self.seen {
            Seen::Frenet { ahead, .. } => bounds.extend(ahead.iter().map(|_| (-1.0, 1.0))),
            Seen::Rays { directions, .. } => bounds.extend(directions.iter().map(|_| (0.0, 1.0))),
        }
        ObservationSpace::vector(&bounds)
    }

    /// Writes what is seen in `state`, `[D]`.
    #[inline]
    pub(super) fn observe(&self, rules: &Rules, state: &State, out: &mut [f32]) {
        let [x, y, angle, speed, heading, yaw, slip] = state.car;
        let table = rules.circuit.table();
        let here = table.index(state.s);
        out[0] = (speed * self.per_top_speed).clamp(0.0, 1.0) as f32;
        let steering = (angle * self.per_steering).clamp(-1.0, 1.0) as f32;
        let mut filled = match &self.seen {
            Seen::Frenet { .. } => {
                // Which side it is on is a coin's toss: better looked up than guessed by a branch.
                let width = table.widths(here)[usize::from(state.n > 0.0)];
                out[1] = state.xi as f32;
                out[2] = (state.n / width).clamp(-1.5, 1.5) as f32;
                out[3] = steering;
                4
            }
            Seen::Rays { .. } => {
                out[1] = steering;
                2
            }
        };
        if self.slips {
            out[filled] = (yaw / 3.0).clamp(-1.0, 1.0) as f32;
            out[filled + 1] = (slip / 0.5).clamp(-1.0, 1.0) as f32;
            filled += 2;
        }
        match &self.seen {
            Seen::Frenet { bends, ahead } => {
                for (out, entries) in out[filled..].iter_mut().zip(ahead) {
                    *out = bends[here + entries];
                }
            }
            Seen::Rays { sections, directions, range } => {
                let ((sin, cos), (road_sin, road_cos)) = (heading.sin_cos(), state.xi.sin_cos());
                for (out, [ahead, left]) in out[filled..].iter_mut().zip(directions) {
                    let ray = [cos * ahead - sin * left, sin * ahead + cos * left];
                    // Forwards along the road, whichever way the car points.
                    let forward = road_cos * ahead - road_sin * left >= 0.0;
                    let distance = if state.off {
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
