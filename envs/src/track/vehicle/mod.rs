//! Vehicles: how a car moves, whatever road it is on.
//!
//! | file | what it holds |
//! |---|---|
//! | `parameters` | the cars |
//! | `commonroad` | CommonRoad's KS and ST, equation by equation |
//! | `grip` | the kinematic car with a friction circle |
//! | `sine` | sine and cosine |
//!
//! A car's state is `[x, y, steering angle, speed, heading, yaw rate, slip angle]` in m, rad, m/s and rad/s; the kinematic
//! models have no slip.

mod commonroad;
mod grip;
mod parameters;
mod sine;
#[cfg(test)]
mod tests;

use std::f64::consts::FRAC_PI_2;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use commonroad::{kinematic, limited_acceleration, limited_steering, single_track};
pub use parameters::{Car, Parameters};

/// How a car's motion is modeled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// A kinematic bicycle whose tyres hold what a friction circle allows.
    #[default]
    Grip,
    /// CommonRoad's kinematic single-track model: tyres that never slide.
    Ks,
    /// CommonRoad's single-track model: slip angles, linear tyres.
    St,
}

/// A car and how it moves.
#[derive(Clone, Copy, Debug)]
pub struct Vehicle {
    /// How its motion is modeled.
    pub model: Model,
    /// What it is made of.
    pub parameters: Parameters,
}

/// What a driver asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Command {
    /// The steering angle to be reached as fast as the steering moves, rad.
    pub steering: f64,
    /// The acceleration, m/s²; engine and brake give what they can.
    pub acceleration: f64,
}

impl Vehicle {
    /// The steering angle at which the tyres are at their limit at the speed `v`, or the greatest there is, rad.
    #[inline]
    pub fn steering_at_limit(&self, v: f64) -> f64 {
        let p = &self.parameters;
        // tan(angle) = l A / v²; above an eighth of a turn, a quarter turn less the angle whose tangent is the inverse.
        let (above, below) = (p.wheelbase() * p.grip(), v * v);
        let angle = small_arctangent(above.min(below) / above.max(below));
        p.steering.min(if above > below { FRAC_PI_2 - angle } else { angle })
    }

    /// Advances `state` by `h` s. A car does not drive backwards: the brakes stop it.
    #[inline]
    pub fn advance(&self, state: &mut [f64; 7], command: Command, h: f64) {
        let p = &self.parameters;
        let input = |state: &[f64; 7]| {
            let rate = (command.steering.clamp(-p.steering, p.steering) - state[2]) / h;
            [rate, command.acceleration.max(-state[3] / h)]
        };
        match self.model {
            Model::Grip => grip::advance(p, state, command, h),
            Model::Ks => {
                let input = input(state);
                let [x, y, angle, v, heading, ..] = *state;
                let next = runge_kutta(&[x, y, angle, v, heading], h, |state| kinematic(p, state, input));
                state[..5].copy_from_slice(&next);
                state[5] = next[3] / p.wheelbase() * next[2].tan();
            }
            Model::St => {
                let input = input(state);
                self.advance_single_track(state, input, h);
            }
        }
        state[3] = state[3].max(0.0);
    }

    /// ST's yaw settles ever faster as the car slows down; the parts of `h` are short enough for Runge and Kutta's method.
    fn advance_single_track(&self, state: &mut [f64; 7], input: [f64; 2], h: f64) {
        let p = &self.parameters;
        let stiffness = p.stiffness_front.max(p.stiffness_rear);
        let settle =
            p.friction * parameters::GRAVITY * stiffness * (p.mass * p.front * p.rear / p.inertia).max(1.0);
        let mut left = h;
        while left > 1e-12 {
            let part = left.min(state[3].max(commonroad::SLOW) / settle);
            *state = runge_kutta(state, part, |state| single_track(p, state, input));
            left -= part;
        }
    }
}

/// atan(z) for z from 0 to 1, to 1e-5 (Abramowitz & Stegun 4.4.49).
#[inline]
fn small_arctangent(z: f64) -> f64 {
    let z2 = z * z;
    z * (0.999_866 + z2 * (-0.330_299_5 + z2 * (0.180_141 + z2 * (-0.085_133 + z2 * 0.020_835_1))))
}

/// One step of Runge and Kutta's classical method.
#[inline]
fn runge_kutta<const N: usize>(x: &[f64; N], h: f64, f: impl Fn(&[f64; N]) -> [f64; N]) -> [f64; N] {
    let along = |k: &[f64; N], h: f64| std::array::from_fn(|i| x[i] + h * k[i]);
    let k1 = f(x);
    let k2 = f(&along(&k1, 0.5 * h));
    let k3 = f(&along(&k2, 0.5 * h));
    let k4 = f(&along(&k3, h));
    std::array::from_fn(|i| x[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}
