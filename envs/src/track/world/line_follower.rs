//! Scripted policies: a controller that follows a line with a speed profile.
//!
//! Steering is the curvature of the line one step ahead, plus feedback on offset and heading error. With this feedback,
//! offset and heading error behave as a critically damped oscillator over distance: both decrease to 1/e in about
//! `OFFSET_TIME` seconds of driving (after R. Rajamani, *Vehicle Dynamics and Control*, 2nd ed. 2012, ch. 3). The
//! pedals give the acceleration of the speed profile plus feedback on the speed error.

use super::controls::{Controls, DriveAction};
use super::rules::{Rules, State};
use crate::track::circuit::wrap_angle;
use crate::track::line::Line;

/// Time in which the offset from the line decreases to 1/e, s.
const OFFSET_TIME: f64 = 0.25;
/// Minimum distance in which the offset from the line decreases to 1/e, in wheelbases; applies at low speed.
const MIN_OFFSET_WHEELBASES: f64 = 1.5;
/// Maximum angle between car and line when the car returns to the line, rad.
const MAX_APPROACH_ANGLE: f64 = 0.12;
/// Distance from the line at which the target speed is the off-line speed, in wheelbases.
const OFF_LINE_WHEELBASES: f64 = 0.5;
/// Time in which the speed error decreases to 1/e, s.
const SPEED_TIME: f64 = 0.25;

/// Controller for one line; the line is sampled at equal spacing along the center line.
#[derive(Clone)]
pub(super) struct LineFollower {
    points: Vec<LinePoint>,
    length: f64,
}

/// A point of the line: offset (m), heading (rad), curvature (1/m), speeds (m/s).
#[derive(Clone, Copy)]
struct LinePoint {
    n: f64,
    heading: f64,
    curvature: f64,
    speed: f64,
    /// Target speed when the car is off the line, m/s.
    off_line_speed: f64,
}

impl LineFollower {
    /// Controller for `line` on a circuit whose center line is `length` m long.
    pub(super) fn new(line: &Line, length: f64) -> Self {
        let point = |(point, &speed): (&crate::track::line::PathPoint, &f64)| LinePoint {
            n: point.n,
            heading: point.heading,
            curvature: point.curvature,
            speed,
            off_line_speed: speed,
        };
        LineFollower { points: line.path.points.iter().zip(&line.speeds).map(point).collect(), length }
    }

    /// The same controller, but off the line the target speed is at most that of `other`: at the full speed of the line
    /// no grip is left to return to the line.
    pub(super) fn slowed_off_line(mut self, other: &LineFollower) -> Self {
        let step = self.length / self.points.len() as f64;
        for (i, point) in self.points.iter_mut().enumerate() {
            point.off_line_speed = point.speed.min(other.at(i as f64 * step).speed);
        }
        self
    }

    /// Point of the line at the arc length `s` (m) of the center line, interpolated.
    fn at(&self, s: f64) -> LinePoint {
        let count = self.points.len();
        let point = s.rem_euclid(self.length) / self.length * count as f64;
        let index = (point as usize).min(count - 1);
        let (a, b, t) = (self.points[index], self.points[(index + 1) % count], point - index as f64);
        LinePoint {
            n: a.n + t * (b.n - a.n),
            heading: a.heading + t * wrap_angle(b.heading - a.heading),
            curvature: a.curvature + t * (b.curvature - a.curvature),
            speed: a.speed + t * (b.speed - a.speed),
            off_line_speed: a.off_line_speed + t * (b.off_line_speed - a.off_line_speed),
        }
    }

    /// Target speed at `point`, m/s: between on-line and off-line speed, by the distance of the car in `state` from the
    /// line.
    fn speed(&self, rules: &Rules, state: &State, point: LinePoint) -> f64 {
        let away =
            (state.n - self.at(state.s).n) / (OFF_LINE_WHEELBASES * rules.vehicle.parameters.wheelbase());
        point.speed + (away * away).min(1.0) * (point.off_line_speed - point.speed)
    }

    /// Steering and pedals that the controller selects in `state`.
    pub(super) fn controls(&self, rules: &Rules, state: &State) -> Controls {
        let p = &rules.vehicle.parameters;
        let [.., speed, heading, _, slip] = state.car;
        // The controls hold for one step, and the steering angle follows with a delay: on average the controls act one
        // step ahead.
        let ahead = speed * rules.dt;
        let (here, next) = (self.at(state.s), self.at(state.s + ahead));
        let offset = state.n - here.n;
        let angle = wrap_angle(heading + slip - here.heading);
        let reach = (OFFSET_TIME * speed).max(MIN_OFFSET_WHEELBASES * p.wheelbase());
        // The approach angle is limited so that the car can align with the line again.
        let approach = (-0.5 * offset / reach).clamp(-MAX_APPROACH_ANGLE, MAX_APPROACH_ANGLE);
        let curvature = next.curvature + 2.0 * (approach - angle.sin()) / reach;
        let wanted = (p.wheelbase() * curvature).atan();
        let full = rules.command(Controls { steering: 1.0, pedals: 0.0 }, speed).steering;
        let [planned, soon] = [here, next].map(|point| self.speed(rules, state, point));
        let gain = if ahead > 1e-6 { speed * (soon - planned) / ahead } else { 0.0 };
        let acceleration = gain + (planned - speed) / SPEED_TIME;
        let power = if speed > p.switch_speed { p.switch_speed / speed } else { 1.0 };
        // The throttle is a fraction of the maximum acceleration at low speed; above the switch speed less is
        // available.
        let strength = if acceleration > 0.0 { p.engine * power } else { p.brake };
        let pedals = (acceleration / strength).clamp(-1.0, 1.0);
        Controls {
            steering: (wanted / full).clamp(-1.0, 1.0),
            pedals: if pedals > 0.0 { pedals * power } else { pedals },
        }
    }

    /// Action in `state`. A continuous action has exactly the controls of the controller. Of the discrete actions, only
    /// those count whose speed one step later is closest to the speed profile; of these, the action with the closest
    /// turn is taken. Speed has priority, because a car that is too fast for a bend cannot correct its path by
    /// steering.
    pub(super) fn action<A: DriveAction>(
        &self,
        rules: &Rules,
        state: &State,
        discrete_actions: &[A],
    ) -> Option<A> {
        let controls = self.controls(rules, state);
        A::from_controls(controls).or_else(|| {
            let (v, dt) = (state.car[3], rules.dt);
            let aim = self.speed(rules, state, self.at(state.s + v * dt));
            let after = |controls: Controls| {
                let mut car = state.car;
                rules.vehicle.advance(&mut car, rules.command(controls, v), dt);
                car
            };
            let miss = |action: &A| {
                let choice = action.controls();
                let [straight, car, wanted] = [0.0, choice.steering, controls.steering]
                    .map(|steering| after(Controls { steering, ..choice }));
                let turn = (car[4] - wanted[4]) + (car[5] - wanted[5]) * dt;
                ((straight[3] - aim).abs(), turn.abs())
            };
            let less = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
            let candidates = discrete_actions.iter().map(|action| (miss(action), *action));
            candidates.min_by(|a, b| less(&a.0, &b.0)).map(|(_, action)| action)
        })
    }
}
