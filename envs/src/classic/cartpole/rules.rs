//! The rules. **Source:** Barto, Sutton & Anderson, *Neuronlike Adaptive Elements That Can Solve Difficult Learning Control
//! Problems*, IEEE Transactions on Systems, Man, and Cybernetics 13 (1983), as Gymnasium's CartPole-v1 computes them,
//! operation by operation.
//!
//! **State:** where the cart is and how fast it moves, how far the pole leans and how fast it turns.
//!
//! **Actions:** 0 pushes the cart to the left, 1 to the right, with 10 N for a step of 0.02 s.
//!
//! **What happens:** with angle a and angular velocity w of the pole (mass m, half length l), total mass M and push F,
//!
//! ```text
//! t  = (F + m l w^2 sin a) / M
//! w' = (g sin a - t cos a) / (l (4/3 - m cos^2 a / M))
//! v' = t - m l w' cos a / M
//! ```
//!
//! and a step of Euler's method.
//!
//! **Reward:** 1 a step, the last one included; or 0, and -1 for the step that fails.
//!
//! **Observation:** position, velocity, angle, angular velocity.
//!
//! **Endings:** terminal when the cart is more than 2.4 m from the middle or the pole leans more than 12 degrees.
//!
//! **Version** 1.

use std::f64::consts::PI;

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

use super::settings::Integrator;

pub(super) const VERSION: u32 = 1;

/// m/s².
pub(super) const GRAVITY: f64 = 9.8;
/// Masses, kg.
const CART: f64 = 1.0;
pub(super) const POLE: f64 = 0.1;
pub(super) const MASS: f64 = POLE + CART;
/// From the joint to the middle of the pole, m.
pub(super) const HALF_LENGTH: f64 = 0.5;
/// kg m.
pub(super) const POLE_MOMENT: f64 = POLE * HALF_LENGTH;
/// N.
pub(super) const PUSH: f64 = 10.0;
/// Seconds of a step.
pub(super) const TICK: f64 = 0.02;
/// How far the cart may be from the middle, m.
pub(super) const TRACK: f64 = 2.4;
/// How far the pole may lean, rad: 12 degrees.
pub(super) const LEAN: f64 = 12.0 * 2.0 * PI / 360.0;
/// The first state's numbers are uniform between minus this and this.
pub(super) const START: f64 = 0.05;

/// The actions, in order.
pub(super) const ACTIONS: [&str; 2] = ["left", "right"];
pub(super) const RIGHT: u32 = 1;

/// All that changes during an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The cart's distance from the middle, m, positive to the right.
    pub position: f64,
    /// The cart's velocity, m/s.
    pub velocity: f64,
    /// The pole's angle from upright, rad, positive to the right.
    pub angle: f64,
    /// The pole's angular velocity, rad/s.
    pub angular_velocity: f64,
    /// Steps since the start.
    pub steps: u32,
    /// The last action.
    pub pushed: Option<u32>,
}

impl State {
    /// Whether the cart has left its track or the pole has fallen.
    #[inline]
    pub fn failed(&self) -> bool {
        self.position.abs() > TRACK || self.angle.abs() > LEAN
    }

    /// Position, velocity, angle, angular velocity.
    #[inline]
    pub fn numbers(&self) -> [f64; 4] {
        [self.position, self.velocity, self.angle, self.angular_velocity]
    }
}

/// How the cart and its pole move, and what that pays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) integrator: Integrator,
    pub(super) sutton_barto_reward: bool,
}

impl Rules {
    #[inline]
    pub(super) fn reset(&self, rng: &mut Stream) -> State {
        let mut any = || START * (2.0 * rng.uniform() - 1.0);
        State { position: any(), velocity: any(), angle: any(), angular_velocity: any(), ..State::default() }
    }

    #[inline]
    pub(super) fn step(&self, state: &mut State, action: u32) -> Step {
        let force = if action == RIGHT { PUSH } else { -PUSH };
        let (acceleration, angular) = accelerations(state.angle, state.angular_velocity, force);
        let before = *state;
        state.velocity += TICK * acceleration;
        state.angular_velocity += TICK * angular;
        let (velocity, angular_velocity) = match self.integrator {
            Integrator::Euler => (before.velocity, before.angular_velocity),
            Integrator::SemiImplicit => (state.velocity, state.angular_velocity),
        };
        state.position += TICK * velocity;
        state.angle += TICK * angular_velocity;
        state.steps += 1;
        state.pushed = Some(action);
        match (state.failed(), self.sutton_barto_reward) {
            (false, false) => Step::transition(1.0),
            (false, true) => Step::transition(0.0),
            (true, false) => Step::termination(1.0),
            (true, true) => Step::termination(-1.0),
        }
    }
}

/// Accelerations of the cart, m/s², and of the pole, rad/s². The order of operations is Gymnasium's; sine and cosine are the
/// same bytes on every machine.
#[inline]
fn accelerations(angle: f64, angular_velocity: f64, force: f64) -> (f64, f64) {
    let (sin, cos) = libm::sincos(angle);
    let shared = (force + POLE_MOMENT * (angular_velocity * angular_velocity) * sin) / MASS;
    let angular = (GRAVITY * sin - cos * shared) / (HALF_LENGTH * (4.0 / 3.0 - POLE * (cos * cos) / MASS));
    (shared - POLE_MOMENT * angular * cos / MASS, angular)
}
