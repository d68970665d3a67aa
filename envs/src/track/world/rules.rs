//! The rules of driving.
//!
//! * **Source**: our own. Reward and endings are those that published work on racing by reinforcement has settled on (Fuchs et
//!   al., *Super-human performance in Gran Turismo Sport*, 2021; Betz et al., *F1TENTH*): progress along the center line.
//! * **State**: the car (position, steering angle, speed, heading; yaw rate and slip angle of the single-track model), where it is seen from
//!   the center line (s, n, heading error), progress since the start, laps and their times.
//! * **Actions**: steering and pedals. `table`: choice `3 i + j` steers 1, .4, 0, -.4, -1 (i from 0; 1 is left) and brakes, coasts or
//!   accelerates (j from 0). `continuous`: steering and pedals, each from -1 to 1. Steering is a share of the angle at which the tyres are at
//!   their limit at this speed (`steering = "share"`), or of the greatest angle (`"angle"`); it is a target that the steering moves to at its own
//!   speed. Throttle and brake are shares of what engine and brakes give.
//! * **Observation**: see `observation`.
//! * **Reward**: the progress of the foot of the perpendicular from the car to the center line, m. Nothing else.
//! * **Endings**: Terminal where the car's reference point is beyond an edge (less the clearance) at the end of a control step;
//!   Terminal where the last lap is done, but Truncated where it began anywhere. The time limit truncates.
//! * **Measures**: lap time, the best one, interpolated to the instant of crossing the line; laps; progress; mean speed.
//! * **Version**: 2. Version 1 looked at the road after every integration step.

use std::f64::consts::FRAC_PI_4;

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

use super::controls::Controls;
use super::settings::{Start, Steering};
use crate::track::circuit::Circuit;
use crate::track::vehicle::{Command, Vehicle};

/// Raised whenever behavior changes.
pub(super) const VERSION: u32 = 2;

/// All that changes during an episode.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// `[x, y, steering angle, speed, heading, yaw rate, slip angle]`; m, rad, m/s, rad/s.
    pub car: [f64; 7],
    /// Arc length of the foot of the perpendicular on the center line, m.
    pub s: f64,
    /// Distance from the center line, m, positive to the left.
    pub n: f64,
    /// The car's heading less that of the center line, rad, from -pi to pi.
    pub xi: f64,
    /// How far the foot has moved since the start, m.
    pub progress: f64,
    /// Control steps since the start.
    pub steps: u32,
    /// Laps done.
    pub laps: u32,
    /// When the present lap began, s.
    pub lap_began: f64,
    /// The best lap's time, s.
    pub best_lap: Option<f64>,
    /// Whether the car has left the road.
    pub off: bool,
    /// What was last done: steering and pedals, -1 to 1.
    pub controls: [f32; 2],
}

impl State {
    /// Speed, m/s.
    pub fn speed(&self) -> f64 {
        self.car[3]
    }
}

/// How driving goes on one circuit with one car.
pub(in super::super) struct Rules {
    pub(in super::super) circuit: Circuit,
    pub(in super::super) vehicle: Vehicle,
    pub(in super::super) steering: Steering,
    pub(in super::super) clearance: f64,
    pub(in super::super) laps: u32,
    pub(in super::super) start: Start,
    /// Seconds of a control step.
    pub(in super::super) tick: f64,
    /// Integration steps in each.
    pub(in super::super) substeps: u32,
    /// Seconds of an integration step.
    pub(in super::super) substep: f64,
    /// Fast speeds along the center line at equal distances, for flying starts, m/s.
    pub(in super::super) speeds: Vec<f64>,
}

impl Rules {
    pub(super) fn reset(&self, rng: &mut Stream) -> State {
        let speed_at = |s: f64| {
            let index = (s / self.circuit.length() * self.speeds.len() as f64) as usize;
            self.speeds.get(index).or(self.speeds.last()).copied().unwrap_or(0.0)
        };
        let (s, side, speed) = match self.start {
            Start::Standing => (0.0, 0.0, 0.0),
            Start::Flying => (0.0, 0.0, speed_at(0.0)),
            Start::Anywhere => {
                let s = rng.uniform() * self.circuit.length();
                (s, rng.uniform() - 0.5, speed_at(s) * rng.uniform())
            }
        };
        let place = self.circuit.at(s);
        let width = if side > 0.0 { place.left } else { place.right };
        let n = side * (width - self.clearance).max(0.0);
        let (sin, cos) = place.heading.sin_cos();
        let (x, y) = (place.x - n * sin, place.y + n * cos);
        let curvature = place.curvature / (1.0 - n * place.curvature);
        let p = &self.vehicle.parameters;
        // The car already steers along the road where it is moving.
        let angle =
            if speed > 0.0 { (p.wheelbase() * curvature).atan().clamp(-p.steering, p.steering) } else { 0.0 };
        State {
            car: [x, y, angle, speed, place.heading, speed * curvature, 0.0],
            s: place.s,
            n,
            xi: 0.0,
            progress: 0.0,
            steps: 0,
            laps: 0,
            lap_began: 0.0,
            best_lap: None,
            off: false,
            controls: [0.0; 2],
        }
    }

    /// What the controls ask of the car.
    #[inline]
    pub(in super::super) fn command(&self, controls: Controls, speed: f64) -> Command {
        let p = &self.vehicle.parameters;
        let full = match self.steering {
            Steering::Share => self.vehicle.steering_at_limit(speed),
            Steering::Angle => p.steering,
        };
        let strength = if controls.pedals > 0.0 { p.engine } else { p.brake };
        Command { steering: controls.steering * full, acceleration: controls.pedals * strength }
    }

    #[inline]
    pub(super) fn step(&self, state: &mut State, controls: Controls) -> Step {
        let table = self.circuit.table();
        state.controls = [controls.steering as f32, controls.pedals as f32];
        let command = self.command(controls, state.car[3]);
        let old = Motion::of(state);
        for _ in 0..self.substeps {
            self.vehicle.advance(&mut state.car, command, self.substep);
        }
        // Where the foot was, how fast it moved: Newton's method has little left to do.
        let (mean, xi) = (0.5 * (old.speed + state.car[3]), old.xi + 0.5 * (state.car[4] - old.heading));
        let inside = old.n * table.curvature_near(old.s);
        let ahead = self.tick * mean * (1.0 - 0.5 * xi * xi) * (1.0 + inside + inside * inside);
        let spot = table.project(state.car[0], state.car[1], old.s + ahead);
        let length = table.length();
        let along = spot.s - old.s;
        let along = if along > 0.5 * length {
            along - length
        } else if along < -0.5 * length {
            along + length
        } else {
            along
        };
        state.progress = old.progress + along;
        (state.s, state.n) = (spot.s, spot.n);
        state.xi = around(state.car[4] - spot.heading);
        state.off = spot.n > spot.left - self.clearance || spot.n < self.clearance - spot.right;
        let mut finished = false;
        if !state.off && state.progress >= f64::from(state.laps + 1) * length {
            let part = self.crossing(&old, state, spot.curvature);
            let time = (f64::from(state.steps) + part) * self.tick;
            let lap = time - state.lap_began;
            state.best_lap = Some(state.best_lap.map_or(lap, |best| best.min(lap)));
            state.lap_began = time;
            state.laps += 1;
            finished = state.laps >= self.laps;
        }
        state.steps += 1;
        let reward = (state.progress - old.progress) as f32;
        match finished {
            // Who began anywhere cannot see where the lap ends: the road goes on, and so does its value.
            true if self.start == Start::Anywhere => Step::truncation(reward),
            _ if state.off || finished => Step::termination(reward),
            _ => Step::transition(reward),
        }
    }

    /// One step with these controls, for tests.
    #[cfg(test)]
    pub(in super::super) fn drive(&self, state: &mut State, steering: f64, pedals: f64) -> Step {
        self.step(state, Controls { steering, pedals })
    }

    /// Which share of a control step had passed when the line was crossed: the cubic of progress over time that fits
    /// both ends and the speeds there, by bisection.
    #[cold]
    fn crossing(&self, old: &Motion, state: &State, curvature: f64) -> f64 {
        let line = f64::from(state.laps + 1) * self.circuit.length();
        let (from, to) = (old.progress - line, state.progress - line);
        let slope_from = self.tick * old.rate(self.circuit.curvature(old.s));
        let slope_to = self.tick * Motion::of(state).rate(curvature);
        let at = |t: f64| {
            let (t2, t3) = (t * t, t * t * t);
            (2.0 * t3 - 3.0 * t2 + 1.0) * from
                + (t3 - 2.0 * t2 + t) * slope_from
                + (3.0 * t2 - 2.0 * t3) * to
                + (t3 - t2) * slope_to
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if at(middle) < 0.0 { low = middle } else { high = middle }
        }
        high
    }

    /// Seconds that have passed; on the last step of a finished episode, until the line was crossed.
    pub(in super::super) fn seconds(&self, state: &State) -> f64 {
        if state.laps >= self.laps { state.lap_began } else { f64::from(state.steps) * self.tick }
    }
}

/// What of a state tells how the foot moves along the center line; a whole one is much to copy every step.
struct Motion {
    s: f64,
    n: f64,
    xi: f64,
    progress: f64,
    speed: f64,
    heading: f64,
    slip: f64,
}

impl Motion {
    #[inline]
    fn of(state: &State) -> Self {
        let &State { s, n, xi, progress, car: [.., speed, heading, _, slip], .. } = state;
        Motion { s, n, xi, progress, speed, heading, slip }
    }

    /// How fast the foot moves where the center line has this curvature, m/s.
    fn rate(&self, curvature: f64) -> f64 {
        self.speed * (self.xi + self.slip).cos() / (1.0 - self.n * curvature).max(0.05)
    }
}

/// The same angle between -pi and pi; most are so already.
#[inline]
fn around(angle: f64) -> f64 {
    if angle.abs() < FRAC_PI_4 { angle } else { crate::track::circuit::wrap(angle) }
}
