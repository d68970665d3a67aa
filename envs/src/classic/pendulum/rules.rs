//! Rules of the pendulum: dynamics and rewards.
//!
//! * **Source**: Gymnasium's Pendulum-v1, operation by operation.
//! * **State**: angle from upright and angular velocity of a rod of mass m = 1 kg and length l = 1 m that hangs on one
//!   end.
//! * **Action**: torque at that end, -2 to 2 N m, for a step of 0.05 s; numbers outside are clipped.
//! * **Step**: with angle a, angular velocity w, torque u and gravity g = 10 m/s²,
//!
//! ```text
//! w <- clip(w + (3 g / (2 l) sin a + 3 / (m l^2) u) 0.05, -8, 8)
//! a <- a + 0.05 w
//! ```
//!
//! * **Reward**: -(a^2 + 0.1 w^2 + 0.001 u^2) of the state before the step, with a in -pi..pi.
//! * **Observation**: cosine and sine of the angle, angular velocity.
//! * **First state**: angle uniform in -pi..pi, angular velocity in -1..1.
//! * **Endings**: none; truncated at the time limit.
//! * **Version**: 1.

use std::f64::consts::PI;

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

pub(super) const VERSION: u32 = 1;

/// Gravity, m/s².
const GRAVITY: f64 = 10.0;
/// Mass, kg, and length, m, of the rod.
const MASS: f64 = 1.0;
pub(super) const LENGTH: f64 = 1.0;
/// Largest torque, N m.
pub(super) const MAX_TORQUE: f32 = 2.0;
/// Largest angular velocity, rad/s.
pub(super) const MAX_SPEED: f64 = 8.0;
/// Duration of a step, s.
pub(super) const TIME_STEP: f64 = 0.05;
/// Range of the first angular velocity, rad/s.
pub(super) const START_SPEED: f64 = 1.0;

/// State of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Angle from upright, rad, positive against the clock; grows beyond a full turn.
    pub angle: f64,
    /// Angular velocity, rad/s.
    pub angular_velocity: f64,
    /// Steps since the start of the episode.
    pub steps: u32,
    /// Torque of the last step, N m; 0 before the first step.
    pub torque: f32,
}

impl State {
    /// State at the start of an episode.
    pub(super) fn start(angle: f64, angular_velocity: f64) -> Self {
        State { angle, angular_velocity, ..State::default() }
    }

    /// Cosine and sine of the angle, angular velocity: the observation before it is rounded to `f32`.
    #[inline]
    pub fn to_array(&self) -> [f64; 3] {
        let (sin, cos) = libm::sincos(self.angle);
        [cos, sin, self.angular_velocity]
    }
}

pub(super) fn reset(rng: &mut Stream) -> State {
    let mut within = |limit: f64| limit * (2.0 * rng.uniform() - 1.0);
    State::start(within(PI), within(START_SPEED))
}

#[inline]
pub(super) fn step(state: &mut State, torque: f32) -> Step {
    let torque = torque.clamp(-MAX_TORQUE, MAX_TORQUE);
    let State { angle, angular_velocity, .. } = *state;
    // The term of the torque is in `f32`, as in Gymnasium, where actions are arrays of `f32`.
    let (turn, effort) = (normalized(angle), f64::from(0.001 * (torque * torque)));
    let cost = turn * turn + 0.1 * (angular_velocity * angular_velocity) + effort;
    let push = f64::from((3.0 / (MASS * LENGTH * LENGTH)) as f32 * torque);
    let velocity = angular_velocity + (3.0 * GRAVITY / (2.0 * LENGTH) * libm::sin(angle) + push) * TIME_STEP;
    state.angular_velocity = velocity.clamp(-MAX_SPEED, MAX_SPEED);
    state.angle += state.angular_velocity * TIME_STEP;
    state.steps += 1;
    state.torque = torque;
    Step::transition(-cost as f32)
}

/// Angle in -pi..pi.
pub(super) fn normalized(angle: f64) -> f64 {
    (angle + PI).rem_euclid(2.0 * PI) - PI
}
