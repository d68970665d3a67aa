//! A driver that follows any line at any speed profile.
//!
//! Steering is the line's curvature a moment ahead, and feedback on the offset from the line and on the angle to it, as the
//! critically damped oscillator over distance that brings both to zero within about the length `REACH` seconds of
//! driving (after R. Rajamani, *Vehicle Dynamics and Control*, 2nd ed. 2012, ch. 3). The pedals are the profile's own
//! acceleration, and feedback on the speed.

use super::controls::{Controls, Drives};
use super::rules::{Rules, State};
use crate::track::circuit::wrap;
use crate::track::line::Line;

/// Seconds of driving in which an offset falls to 1/e.
const REACH: f64 = 0.25;
/// Wheelbases in which an offset falls to 1/e at least, at low speed.
const SHORTEST_REACH: f64 = 1.5;
/// The angle to the line at most that an offset calls for, rad.
const STEEPEST: f64 = 0.12;
/// Wheelbases from the line at which a careful driver has none of the line's own speed left.
const LOST: f64 = 0.5;
/// Seconds in which a difference in speed falls to 1/e.
const SPEED_REACH: f64 = 0.25;

/// A line at equal steps of the center line.
#[derive(Clone)]
pub(super) struct Driver {
    places: Vec<Place>,
    length: f64,
}

/// What the line is like at a place of the center line.
#[derive(Clone, Copy)]
struct Place {
    n: f64,
    heading: f64,
    curvature: f64,
    speed: f64,
    /// The speed away from the line.
    calm: f64,
}

impl Driver {
    /// A driver of `line` on a center line of `length` m.
    pub(super) fn new(line: &Line, length: f64) -> Self {
        let place = |(point, &speed): (&crate::track::line::PathPoint, &f64)| Place {
            n: point.n,
            heading: point.heading,
            curvature: point.curvature,
            speed,
            calm: speed,
        };
        Driver { places: line.path.points.iter().zip(&line.speeds).map(place).collect(), length }
    }

    /// The same, but no faster than `other` where the car is away from its line: grip that the line's own speed needs is not
    /// there to return to it.
    pub(super) fn careful(mut self, other: &Driver) -> Self {
        let step = self.length / self.places.len() as f64;
        for (i, place) in self.places.iter_mut().enumerate() {
            place.calm = place.speed.min(other.at(i as f64 * step).speed);
        }
        self
    }

    /// The line at `s`, which is less than a lap away from the circuit's own.
    fn at(&self, s: f64) -> Place {
        let count = self.places.len();
        let place = s.rem_euclid(self.length) / self.length * count as f64;
        let index = (place as usize).min(count - 1);
        let (a, b, t) = (self.places[index], self.places[(index + 1) % count], place - index as f64);
        Place {
            n: a.n + t * (b.n - a.n),
            heading: a.heading + t * wrap(b.heading - a.heading),
            curvature: a.curvature + t * (b.curvature - a.curvature),
            speed: a.speed + t * (b.speed - a.speed),
            calm: a.calm + t * (b.calm - a.calm),
        }
    }

    /// The speed at a place of the line for a car that is as far from the line as this one.
    fn speed(&self, rules: &Rules, state: &State, place: Place) -> f64 {
        let away = (state.n - self.at(state.s).n) / (LOST * rules.vehicle.parameters.wheelbase());
        place.speed + (away * away).min(1.0) * (place.calm - place.speed)
    }

    /// What it does.
    pub(super) fn drive(&self, rules: &Rules, state: &State) -> Controls {
        let p = &rules.vehicle.parameters;
        let [.., speed, heading, _, slip] = state.car;
        // What is decided now holds for one tick, and the steering follows it: on average it acts a tick ahead.
        let ahead = speed * rules.tick;
        let (here, next) = (self.at(state.s), self.at(state.s + ahead));
        let offset = state.n - here.n;
        let angle = wrap(heading + slip - here.heading);
        let reach = (REACH * speed).max(SHORTEST_REACH * p.wheelbase());
        // Far from the line it is approached at an angle that the car can leave again.
        let approach = (-0.5 * offset / reach).clamp(-STEEPEST, STEEPEST);
        let curvature = next.curvature + 2.0 * (approach - angle.sin()) / reach;
        let wanted = (p.wheelbase() * curvature).atan();
        let full = rules.command(Controls { steering: 1.0, pedals: 0.0 }, speed).steering;
        let [planned, soon] = [here, next].map(|place| self.speed(rules, state, place));
        let gain = if ahead > 1e-6 { speed * (soon - planned) / ahead } else { 0.0 };
        let acceleration = gain + (planned - speed) / SPEED_REACH;
        let power = if speed > p.switch_speed { p.switch_speed / speed } else { 1.0 };
        // The throttle is a share of all the engine has got at low speed; above that there is less to be had of it.
        let strength = if acceleration > 0.0 { p.engine * power } else { p.brake };
        let pedals = (acceleration / strength).clamp(-1.0, 1.0);
        Controls {
            steering: (wanted / full).clamp(-1.0, 1.0),
            pedals: if pedals > 0.0 { pedals * power } else { pedals },
        }
    }

    /// What it does where actions are of kind `A`: the controls themselves; or of the choices those whose pedals come closest
    /// to the profile's speed one tick later, and of these the one that turns most like it. Speed goes first: a car
    /// that is too fast for a bend cannot steer itself out of it.
    pub(super) fn choose<A: Drives>(&self, rules: &Rules, state: &State, choices: &[A]) -> Option<A> {
        let controls = self.drive(rules, state);
        A::exactly(controls).or_else(|| {
            let (v, tick) = (state.car[3], rules.tick);
            let aim = self.speed(rules, state, self.at(state.s + v * tick));
            let after = |controls: Controls| {
                let mut car = state.car;
                rules.vehicle.advance(&mut car, rules.command(controls, v), tick);
                car
            };
            let miss = |action: &A| {
                let choice = action.controls();
                let [straight, car, wanted] = [0.0, choice.steering, controls.steering]
                    .map(|steering| after(Controls { steering, ..choice }));
                let turn = (car[4] - wanted[4]) + (car[5] - wanted[5]) * tick;
                ((straight[3] - aim).abs(), turn.abs())
            };
            let less = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
            let missed = choices.iter().map(|action| (miss(action), *action));
            missed.min_by(|a, b| less(&a.0, &b.0)).map(|(_, action)| action)
        })
    }
}
