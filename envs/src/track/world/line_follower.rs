//! Scripted policies: a controller that follows a line with a speed profile.
//!
//! Steering is the curvature of the line one step ahead, plus feedback on offset and heading error. With this feedback,
//! offset and heading error behave as a critically damped oscillator over distance: both decrease to 1/e in about
//! `OFFSET_TIME` seconds of driving (after R. Rajamani, *Vehicle Dynamics and Control*, 2nd ed. 2012, ch. 3). The
//! pedals give the acceleration of the speed profile plus feedback on the speed error.

use super::controls::{Controls, DriveAction};
use super::rules::{Rules, State};
use crate::track::circuit::wrap_angle;
use crate::track::line::PathPoint;
use crate::track::vehicle::Model;

/// Time in which the offset from the line decreases to 1/e, s; `SLIP_OFFSET_TIME`: with the model ST, whose yaw rate
/// follows the steering with a lag.
const OFFSET_TIME: f64 = 0.25;
const SLIP_OFFSET_TIME: f64 = 0.45;
/// Model ST: gain of the feedback on the yaw rate, and minimum speed in this feedback, m/s.
const YAW_GAIN: f64 = 2.0;
const MIN_YAW_SPEED: f64 = 1.0;
/// Minimum distance in which the offset from the line decreases to 1/e, in wheelbases; applies at low speed.
const MIN_OFFSET_WHEELBASES: f64 = 1.5;
/// Maximum angle between car and line when the car returns to the line, rad.
const MAX_APPROACH_ANGLE: f64 = 0.12;
/// Distance from the line at which the target speed is the off-line speed, in wheelbases.
const OFF_LINE_WHEELBASES: f64 = 0.5;
/// Time in which the speed error decreases to 1/e, s.
const SPEED_TIME: f64 = 0.25;

/// Controller for one line, sampled at equal spacing along the center line.
#[derive(Clone)]
pub(super) struct LineFollower {
    points: Vec<LinePoint>,
    length: f64,
    /// Time in which the offset from the line decreases to 1/e, s.
    offset_time: f64,
}

/// A point of the line: offset (m), heading (rad), curvature (1/m), speeds (m/s).
#[derive(Clone, Copy, PartialEq)]
struct LinePoint {
    n: f64,
    heading: f64,
    curvature: f64,
    speed: f64,
    /// Target speed when the car is off the line, m/s.
    off_line_speed: f64,
}

impl LineFollower {
    /// Controller for the line through `count` points, each with its target speed (m/s), in the world of `rules`.
    pub(super) fn new(count: usize, point: impl Fn(usize) -> (PathPoint, f64), rules: &Rules) -> Self {
        let offset_time = match rules.vehicle.model {
            Model::Grip | Model::Ks => OFFSET_TIME,
            Model::St => SLIP_OFFSET_TIME,
        };
        let mut follower = LineFollower { points: Vec::new(), length: rules.circuit.length(), offset_time };
        follower.points = (0..2 * count).map(|i| follower.sample(i, count, &point)).collect();
        follower
    }

    /// Takes over the changes of the line at `changed` points from `first` on; indices continue behind the start line.
    /// Returns the arc lengths at the beginning and the end of the changes, m: 0 to the length, or more behind the
    /// line.
    pub(super) fn update(
        &mut self,
        (first, changed): (usize, usize),
        count: usize,
        point: impl Fn(usize) -> (PathPoint, f64),
    ) -> (f64, f64) {
        if changed + 2 >= count {
            self.points = (0..2 * count).map(|i| self.sample(i, count, &point)).collect();
            return (0.0, self.length);
        }
        let step = self.length / self.points.len() as f64;
        let place = |node: usize| point(node % count).0.s + (node / count) as f64 * self.length;
        // Between neighboring points, the line is interpolated.
        let from = (place(first + count - 1) / step) as usize;
        let to = (place(first + count + changed) / step).ceil() as usize;
        for i in from..=to {
            let i = i % self.points.len();
            self.points[i] = self.sample(i, count, &point);
        }
        let from = from as f64 - 1.0;
        let laps = (from * step / self.length).floor() * self.length;
        (from * step - laps, (to + 1) as f64 * step - laps)
    }

    /// Copies the points between two arc lengths as in `update`, m, from `other`.
    pub(super) fn copy(&mut self, other: &LineFollower, (from, to): (f64, f64)) {
        let count = self.points.len();
        let step = self.length / count as f64;
        let (from, to) = ((from.max(0.0) / step) as usize, (to / step).ceil() as usize);
        for i in (from..=to).map(|i| i % count) {
            self.points[i] = other.points[i];
        }
    }

    /// Point `i` of the controller: the line through `count` points, interpolated at that arc length.
    fn sample(&self, i: usize, count: usize, point: impl Fn(usize) -> (PathPoint, f64)) -> LinePoint {
        let s = i as f64 / (2 * count) as f64 * self.length;
        // Binary search for the last point up to `s`; the first one is at 0.
        let (mut near, mut beyond) = (0, count);
        while near + 1 < beyond {
            let middle = near.midpoint(beyond);
            if point(middle).0.s <= s { near = middle } else { beyond = middle }
        }
        let next = (near + 1) % count;
        let ((a, from), (b, to)) = (point(near), point(next));
        let t = (s - a.s) / (if next > 0 { b.s } else { self.length } - a.s);
        let speed = from + t * (to - from);
        LinePoint {
            n: a.n + t * (b.n - a.n),
            heading: a.heading + t * wrap_angle(b.heading - a.heading),
            curvature: a.curvature + t * (b.curvature - a.curvature),
            speed,
            off_line_speed: speed,
        }
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

    /// Steering angle beyond that of a car without slip, for the path `curvature` (1/m), rad; 0 except with the model
    /// ST.
    ///
    /// The first term is the difference of the slip angles of front and rear tires in steady cornering (Rajamani,
    /// section 3.3), the second one is feedback on the yaw rate: the load transfer of braking makes the car unstable.
    fn slip_steering(&self, rules: &Rules, state: &State, curvature: f64) -> f64 {
        let p = &rules.vehicle.parameters;
        let [.., speed, _, yaw, _] = state.car;
        match rules.vehicle.model {
            Model::Grip | Model::Ks => 0.0,
            Model::St => {
                let grip_used = speed * speed * curvature / p.grip();
                grip_used * (1.0 / p.stiffness_front - 1.0 / p.stiffness_rear)
                    + YAW_GAIN * p.wheelbase() * (curvature - yaw / speed.max(MIN_YAW_SPEED))
            }
        }
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
        let reach = (self.offset_time * speed).max(MIN_OFFSET_WHEELBASES * p.wheelbase());
        // The approach angle is limited so that the car can align with the line again.
        let approach = (-0.5 * offset / reach).clamp(-MAX_APPROACH_ANGLE, MAX_APPROACH_ANGLE);
        let curvature = next.curvature + 2.0 * (approach - angle.sin()) / reach;
        let wanted = (p.wheelbase() * curvature).atan() + self.slip_steering(rules, state, curvature);
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
            // Speed errors by pedal value, of which there are few.
            let mut errors: Vec<(f64, f64)> = Vec::with_capacity(4);
            for action in discrete_actions {
                let pedals = action.controls().pedals;
                if errors.iter().all(|known| known.0 != pedals) {
                    errors.push((pedals, (after(Controls { steering: 0.0, pedals })[3] - aim).abs()));
                }
            }
            let least = errors.iter().map(|known| known.1).fold(f64::INFINITY, f64::min);
            let turn_error = |action: &A| {
                let choice = action.controls();
                let [car, wanted] = [choice.steering, controls.steering]
                    .map(|steering| after(Controls { steering, ..choice }));
                ((car[4] - wanted[4]) + (car[5] - wanted[5]) * dt).abs()
            };
            let closest = discrete_actions.iter().filter(|action| {
                let pedals = action.controls().pedals;
                errors.iter().any(|known| known.0 == pedals && known.1 == least)
            });
            closest
                .map(|action| (turn_error(action), *action))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, action)| action)
        })
    }
}
