//! Rules of CartPole: dynamics, rewards, endings.
//!
//! * **Source**: Barto, Sutton & Anderson, *Neuronlike Adaptive Elements That Can Solve Difficult Learning Control
//!   Problems*, IEEE Transactions on Systems, Man, and Cybernetics 13 (1983), as computed by Gymnasium's CartPole-v1,
//!   operation by operation.
//! * **State**: position and velocity of the cart, angle and angular velocity of the pole.
//! * **Actions**: 0 pushes the cart to the left, 1 to the right, with 10 N for a step of 0.02 s.
//! * **Step**: with angle a and angular velocity w of the pole (mass m, half length l), total mass M and force F,
//!
//! ```text
//! t  = (F + m l w^2 sin a) / M
//! w' = (g sin a - t cos a) / (l (4/3 - m cos^2 a / M))
//! v' = t - m l w' cos a / M
//! ```
//!
//! where w' is the acceleration of the pole and v' that of the cart; then one step of Euler's method.
//!
//! * **Reward**: 1 a step, the last one included; or, with `sutton_barto_reward`, 0 and -1 for the step that fails.
//! * **Observation**: position, velocity, angle, angular velocity.
//! * **Endings**: terminal when the cart is more than 2.4 m from the middle or the pole leans more than 12 degrees.
//! * **Version**: 1.

use std::f64::consts::PI;

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

use super::Integrator;

pub(super) const VERSION: u32 = 1;

/// Gravity, m/s².
pub(super) const GRAVITY: f64 = 9.8;
/// Masses, kg.
const CART_MASS: f64 = 1.0;
pub(super) const POLE_MASS: f64 = 0.1;
pub(super) const TOTAL_MASS: f64 = POLE_MASS + CART_MASS;
/// Distance from the joint to the middle of the pole, m.
pub(super) const HALF_LENGTH: f64 = 0.5;
/// Mass times half length of the pole, kg m.
pub(super) const POLE_MOMENT: f64 = POLE_MASS * HALF_LENGTH;
/// Force of a push, N.
pub(super) const FORCE: f64 = 10.0;
/// Duration of a step, s.
pub(super) const TIME_STEP: f64 = 0.02;
/// Maximum distance of the cart from the middle of the track, m; beyond it the episode ends.
pub(super) const POSITION_LIMIT: f64 = 2.4;
/// Maximum angle of the pole from upright, rad (12 degrees); beyond it the episode ends.
pub(super) const ANGLE_LIMIT: f64 = 12.0 * 2.0 * PI / 360.0;
/// Range of the first state: each component is uniform in -`START_RANGE`..`START_RANGE`.
pub(super) const START_RANGE: f64 = 0.05;

/// Names of the actions, in the order of their numbers.
pub(super) const ACTIONS: [&str; 2] = ["left", "right"];
pub(super) const RIGHT: u32 = 1;

/// State of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Distance of the cart from the middle of the track, m, positive to the right.
    pub position: f64,
    /// Velocity of the cart, m/s.
    pub velocity: f64,
    /// Angle of the pole from upright, rad, positive to the right.
    pub angle: f64,
    /// Angular velocity of the pole, rad/s.
    pub angular_velocity: f64,
    /// Steps since the start of the episode.
    pub steps: u32,
    /// Last action, 0 (left) or 1 (right); `None` before the first step.
    pub last_action: Option<u32>,
}

impl State {
    /// Whether the cart has left its track or the pole has fallen.
    #[inline]
    pub fn failed(&self) -> bool {
        self.position.abs() > POSITION_LIMIT || self.angle.abs() > ANGLE_LIMIT
    }

    /// Position, velocity, angle, angular velocity: the observation before it is rounded to `f32`.
    #[inline]
    pub fn to_array(&self) -> [f64; 4] {
        [self.position, self.velocity, self.angle, self.angular_velocity]
    }
}

/// Equations of motion and rewards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) integrator: Integrator,
    pub(super) sutton_barto_reward: bool,
}

impl Rules {
    #[inline]
    pub(super) fn reset(&self, rng: &mut Stream) -> State {
        let mut component = || START_RANGE * (2.0 * rng.uniform() - 1.0);
        State {
            position: component(),
            velocity: component(),
            angle: component(),
            angular_velocity: component(),
            ..State::default()
        }
    }

    #[inline]
    pub(super) fn step(&self, state: &mut State, action: u32) -> Step {
        let force = if action == RIGHT { FORCE } else { -FORCE };
        let (acceleration, angular) = accelerations(state.angle, state.angular_velocity, force);
        let before = *state;
        state.velocity += TIME_STEP * acceleration;
        state.angular_velocity += TIME_STEP * angular;
        let (velocity, angular_velocity) = match self.integrator {
            Integrator::Euler => (before.velocity, before.angular_velocity),
            Integrator::SemiImplicit => (state.velocity, state.angular_velocity),
        };
        state.position += TIME_STEP * velocity;
        state.angle += TIME_STEP * angular_velocity;
        state.steps += 1;
        state.last_action = Some(action);
        match (state.failed(), self.sutton_barto_reward) {
            (false, false) => Step::transition(1.0),
            (false, true) => Step::transition(0.0),
            (true, false) => Step::termination(1.0),
            (true, true) => Step::termination(-1.0),
        }
    }
}

/// Accelerations of the cart, m/s², and of the pole, rad/s². The order of operations is that of Gymnasium; sine and
/// cosine have the same bits on every machine.
#[inline]
fn accelerations(angle: f64, angular_velocity: f64, force: f64) -> (f64, f64) {
    let (sin, cos) = libm::sincos(angle);
    let cart_term = (force + POLE_MOMENT * (angular_velocity * angular_velocity) * sin) / TOTAL_MASS;
    let angular = (GRAVITY * sin - cos * cart_term)
        / (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * (cos * cos) / TOTAL_MASS));
    (cart_term - POLE_MOMENT * angular * cos / TOTAL_MASS, angular)
}
