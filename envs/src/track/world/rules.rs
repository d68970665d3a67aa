//! Rules of the track worlds: dynamics, rewards, endings.
//!
//! * **Source**: this project. Reward and endings follow published work on racing by reinforcement learning (Fuchs et
//!   al., *Super-human performance in Gran Turismo Sport*, 2021; Betz et al., *F1TENTH*).
//! * **State**: the car (position, steering angle, speed, heading; yaw rate and slip angle of the model ST), its Frenet
//!   coordinates (s, n, heading error), progress since the start, laps and lap times.
//! * **Actions**: steering and pedals. `table`: action `3 i + j` steers 1, .4, 0, -.4, -1 (i from 0; 1 is left) and
//!   brakes, coasts or accelerates (j from 0). `continuous`: steering and pedals, each -1..1. Steering is a fraction of
//!   the steering angle at the friction limit at the current speed (`steering = "share"`) or of the maximum steering
//!   angle (`"angle"`); the steering angle approaches this target at a limited rate. Throttle and brake are fractions
//!   of the maximum acceleration and deceleration.
//! * **Observation**: see `observation`.
//! * **Reward**: progress along the center line in the step, m (movement of the car's projection on the line).
//! * **Endings**: Terminal if the car's reference point is beyond an edge (minus the clearance) at the end of a control
//!   step. Terminal at the end of the last lap, but Truncated with `start = "anywhere"`. Truncated at the time limit.
//! * **Measures**: best lap time, interpolated to the moment when the car crosses the start line; finished; laps;
//!   progress; mean speed.
//! * **Version**: 2. Version 1 checked the edges after every integration step.

use std::f64::consts::FRAC_PI_4;

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

use super::controls::Controls;
use super::settings::{Start, Steering};
use crate::track::circuit::Circuit;
use crate::track::vehicle::{Command, Vehicle};

/// Version of the rules, increased whenever the behavior of the track worlds changes.
pub(super) const VERSION: u32 = 2;

/// State of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Car state `[x, y, steering angle, speed, heading, yaw rate, slip angle]` in m, rad, m/s and rad/s.
    pub car: [f64; 7],
    /// Arc length of the projection on the center line, m.
    pub s: f64,
    /// Signed distance from the center line, m, positive to the left.
    pub n: f64,
    /// Heading relative to the center line, rad, -pi..=pi.
    pub heading_error: f64,
    /// Progress along the center line since the start of the episode, m.
    pub progress: f64,
    /// Control steps since the start of the episode.
    pub steps: u32,
    /// Completed laps.
    pub laps: u32,
    /// Start time of the current lap, s.
    pub lap_start: f64,
    /// Best lap time, s; `None` before the end of the first lap.
    pub best_lap: Option<f64>,
    /// Whether the car has left the road.
    pub off_road: bool,
    /// Last controls: steering and pedals, each -1..=1.
    pub controls: [f32; 2],
}

impl State {
    /// Speed, m/s.
    pub fn speed(&self) -> f64 {
        self.car[3]
    }
}

/// Dynamics, reward and endings on one circuit with one car.
#[derive(Clone)]
pub(in super::super) struct Rules {
    pub(in super::super) circuit: Circuit,
    pub(in super::super) vehicle: Vehicle,
    pub(in super::super) steering: Steering,
    pub(in super::super) clearance: f64,
    pub(in super::super) laps: u32,
    pub(in super::super) start: Start,
    /// Duration of a control step, s.
    pub(in super::super) dt: f64,
    /// Integration steps per control step.
    pub(in super::super) substeps: u32,
    /// Duration of an integration step, s.
    pub(in super::super) substep_dt: f64,
    /// Speeds of the fastest lap along the center line, sampled at equal spacing, m/s: initial speeds of flying starts.
    pub(in super::super) speeds: Vec<f64>,
}

impl Rules {
    /// Initial state on the start line: flying with `start = "flying"`, else standing.
    pub(super) fn reset_at_line(&self) -> State {
        let speed =
            if self.start == Start::Flying { self.speeds.first().copied().unwrap_or(0.0) } else { 0.0 };
        self.state_at(0.0, 0.0, speed)
    }

    pub(in super::super) fn reset(&self, rng: &mut Stream) -> State {
        let speed_at = |s: f64| {
            let index = (s / self.circuit.length() * self.speeds.len() as f64) as usize;
            self.speeds.get(index).or(self.speeds.last()).copied().unwrap_or(0.0)
        };
        match self.start {
            Start::Standing | Start::Flying => self.reset_at_line(),
            Start::Anywhere => {
                let s = rng.uniform() * self.circuit.length();
                self.state_at(s, rng.uniform() - 0.5, speed_at(s) * rng.uniform())
            }
        }
    }

    /// State at the arc length `s` with `speed` m/s along the center line, at the fraction `side` of the way to the
    /// left edge (positive) or the right edge.
    fn state_at(&self, s: f64, side: f64, speed: f64) -> State {
        let place = self.circuit.at(s);
        let width = if side > 0.0 { place.left } else { place.right };
        let n = side * (width - self.clearance).max(0.0);
        let (sin, cos) = place.heading.sin_cos();
        let (x, y) = (place.x - n * sin, place.y + n * cos);
        let curvature = place.curvature / (1.0 - n * place.curvature);
        let p = &self.vehicle.parameters;
        // A moving car starts with the steering angle of the road's curvature.
        let angle =
            if speed > 0.0 { (p.wheelbase() * curvature).atan().clamp(-p.steering, p.steering) } else { 0.0 };
        State {
            car: [x, y, angle, speed, place.heading, speed * curvature, 0.0],
            s: place.s,
            n,
            heading_error: 0.0,
            progress: 0.0,
            steps: 0,
            laps: 0,
            lap_start: 0.0,
            best_lap: None,
            off_road: false,
            controls: [0.0; 2],
        }
    }

    /// Steering angle and acceleration that `controls` request at `speed` m/s.
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
        let old = FrenetMotion::of(state);
        for _ in 0..self.substeps {
            self.vehicle.advance(&mut state.car, command, self.substep_dt);
        }
        // Predicted arc length, so that the projection converges in few Newton steps.
        let (mean, heading_error) =
            (0.5 * (old.speed + state.car[3]), old.heading_error + 0.5 * (state.car[4] - old.heading));
        let inside = old.n * table.curvature_near(old.s);
        let ahead =
            self.dt * mean * (1.0 - 0.5 * heading_error * heading_error) * (1.0 + inside + inside * inside);
        let frenet = table.project(state.car[0], state.car[1], old.s + ahead);
        let length = table.length();
        let along = frenet.s - old.s;
        let along = if along > 0.5 * length {
            along - length
        } else if along < -0.5 * length {
            along + length
        } else {
            along
        };
        state.progress = old.progress + along;
        (state.s, state.n) = (frenet.s, frenet.n);
        state.heading_error = wrap_small(state.car[4] - frenet.heading);
        state.off_road = frenet.n > frenet.left - self.clearance || frenet.n < self.clearance - frenet.right;
        let mut finished = false;
        if !state.off_road && state.progress >= f64::from(state.laps + 1) * length {
            let part = self.crossing(&old, state, frenet.curvature);
            let time = (f64::from(state.steps) + part) * self.dt;
            let lap = time - state.lap_start;
            state.best_lap = Some(state.best_lap.map_or(lap, |best| best.min(lap)));
            state.lap_start = time;
            state.laps += 1;
            finished = state.laps >= self.laps;
        }
        state.steps += 1;
        let reward = (state.progress - old.progress) as f32;
        match finished {
            // With `start = "anywhere"` the observation does not show where the lap ends. The end is a truncation, so
            // that the value of the following states still counts.
            true if self.start == Start::Anywhere => Step::truncation(reward),
            _ if state.off_road || finished => Step::termination(reward),
            _ => Step::transition(reward),
        }
    }

    /// One step with these controls, for tests.
    #[cfg(test)]
    pub(in super::super) fn drive(&self, state: &mut State, steering: f64, pedals: f64) -> Step {
        self.step(state, Controls { steering, pedals })
    }

    /// Fraction of the control step at which the car crossed the start line, by bisection of the cubic Hermite
    /// polynomial of progress over time.
    #[cold]
    fn crossing(&self, old: &FrenetMotion, state: &State, curvature: f64) -> f64 {
        let line = f64::from(state.laps + 1) * self.circuit.length();
        let (from, to) = (old.progress - line, state.progress - line);
        let slope_from = self.dt * old.rate(self.circuit.curvature(old.s));
        let slope_to = self.dt * FrenetMotion::of(state).rate(curvature);
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

    /// Elapsed time of the episode, s; in a finished episode, up to the moment when the car crossed the start line.
    pub(in super::super) fn seconds(&self, state: &State) -> f64 {
        if state.laps >= self.laps { state.lap_start } else { f64::from(state.steps) * self.dt }
    }
}

/// Components of a [`State`] that determine the motion along the center line; a smaller copy than the whole state.
struct FrenetMotion {
    s: f64,
    n: f64,
    heading_error: f64,
    progress: f64,
    speed: f64,
    heading: f64,
    slip: f64,
}

impl FrenetMotion {
    #[inline]
    fn of(state: &State) -> Self {
        let &State { s, n, heading_error, progress, car: [.., speed, heading, _, slip], .. } = state;
        FrenetMotion { s, n, heading_error, progress, speed, heading, slip }
    }

    /// Speed of the car's projection on the center line, given the curvature of the line, m/s.
    fn rate(&self, curvature: f64) -> f64 {
        self.speed * (self.heading_error + self.slip).cos() / (1.0 - self.n * curvature).max(0.05)
    }
}

/// Equivalent angle in -pi..=pi; fast for angles below pi/4.
#[inline]
fn wrap_small(angle: f64) -> f64 {
    if angle.abs() < FRAC_PI_4 { angle } else { crate::track::circuit::wrap_angle(angle) }
}
