//! Vehicle models (equations of motion of cars), independent of the circuit.
//!
//! | file | content |
//! |---|---|
//! | `parameters` | parameters of the cars |
//! | `commonroad` | CommonRoad's kinematic (KS) and dynamic (ST) single-track models |
//! | `grip` | kinematic model with a friction circle |
//!
//! The state of a car is `[x, y, steering angle, speed, heading, yaw rate, slip angle]` in m, rad, m/s and rad/s. The
//! slip angle is 0 in the kinematic models.

mod commonroad;
mod grip;
mod parameters;
#[cfg(test)]
mod tests;

use std::f64::consts::FRAC_PI_2;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use commonroad::{kinematic, limited_acceleration, limited_steering, single_track};
pub use parameters::{Car, Parameters};

/// Choice of the vehicle model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Kinematic single-track model whose tire forces are limited by a friction circle.
    #[default]
    Grip,
    /// CommonRoad's kinematic single-track model: no slip, unlimited grip.
    Ks,
    /// CommonRoad's dynamic single-track model: slip angles, linear tires.
    St,
}

/// Car: a vehicle model with its parameters.
#[derive(Clone, Copy, Debug)]
pub struct Vehicle {
    /// Equations of motion.
    pub model: Model,
    /// Parameters of the car.
    pub parameters: Parameters,
}

/// Input of a vehicle model: requested steering angle and acceleration.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Command {
    /// Target steering angle, rad, which the car approaches at its limited steering rate.
    pub steering: f64,
    /// Target acceleration, m/s²; limited by engine and brakes.
    pub acceleration: f64,
}

impl Vehicle {
    /// Steering angle at which the lateral acceleration reaches the friction limit at speed `v` m/s, at most the
    /// maximum steering angle, rad.
    #[inline]
    pub fn steering_at_limit(&self, v: f64) -> f64 {
        let p = &self.parameters;
        // tan(angle) = l A / v²; for tan(angle) > 1, angle = pi/2 - atan(1 / tan(angle)).
        let (above, below) = (p.wheelbase() * p.grip(), v * v);
        let angle = atan_unit(above.min(below) / above.max(below));
        p.steering.min(if above > below { FRAC_PI_2 - angle } else { angle })
    }

    /// Advances `state` by `h` seconds. The brakes stop the car; the car never drives backwards.
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

    /// Advances the state of the model ST by `h` seconds. The yaw dynamics of ST are stiff at low speed, so `h` is
    /// divided into steps for which the Runge-Kutta method is stable.
    fn advance_single_track(&self, state: &mut [f64; 7], input: [f64; 2], h: f64) {
        let p = &self.parameters;
        let stiffness = p.stiffness_front.max(p.stiffness_rear);
        let settle =
            p.friction * parameters::GRAVITY * stiffness * (p.mass * p.front * p.rear / p.inertia).max(1.0);
        let mut left = h;
        while left > 1e-12 {
            let part = left.min(state[3].max(commonroad::KINEMATIC_BELOW) / settle);
            *state = runge_kutta(state, part, |state| single_track(p, state, input));
            left -= part;
        }
    }
}

/// Arc tangent of z in 0..=1, accurate to 1e-5 (Abramowitz & Stegun 4.4.49).
#[inline]
fn atan_unit(z: f64) -> f64 {
    let z2 = z * z;
    z * (0.999_866 + z2 * (-0.330_299_5 + z2 * (0.180_141 + z2 * (-0.085_133 + z2 * 0.020_835_1))))
}

/// One step of the classical fourth-order Runge-Kutta method.
#[inline]
fn runge_kutta<const N: usize>(x: &[f64; N], h: f64, f: impl Fn(&[f64; N]) -> [f64; N]) -> [f64; N] {
    let along = |k: &[f64; N], h: f64| std::array::from_fn(|i| x[i] + h * k[i]);
    let k1 = f(x);
    let k2 = f(&along(&k1, 0.5 * h));
    let k3 = f(&along(&k2, 0.5 * h));
    let k4 = f(&along(&k3, h));
    std::array::from_fn(|i| x[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}
