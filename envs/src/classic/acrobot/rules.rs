//! Rules of the acrobot: dynamics, rewards, endings.
//!
//! * **Source**: Sutton, *Generalization in Reinforcement Learning: Successful Examples Using Sparse Coarse Coding*,
//!   NeurIPS 8 (1996), with the equations of Sutton & Barto's book, as computed by Gymnasium's Acrobot-v1, operation by
//!   operation.
//! * **State**: angle a of the first link from hanging down, angle b of the second link relative to the first, and
//!   their velocities. Both links have 1 kg, 1 m, the center of mass in the middle and a moment of inertia of 1 kg m².
//! * **Actions**: 0, 1, 2: a torque of -1, 0 or 1 N m at the joint between the links for a step of 0.2 s.
//! * **Step**: one step of the Runge-Kutta method of fourth order; then the angles are brought to -pi..pi and the
//!   velocities clipped to 4 pi and 9 pi.
//! * **Reward**: -1 a step, 0 for the step that ends the episode.
//! * **Observation**: cosine and sine of both angles, both velocities.
//! * **First state**: the four numbers are uniform in -0.1..0.1, rounded to `f32`.
//! * **Endings**: terminal when the free end is more than 1 m above the fixed one: -cos a - cos(a + b) > 1.
//! * **Version**: 1.

use std::f64::consts::PI;

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

pub(super) const VERSION: u32 = 1;

/// Gravity, m/s².
const GRAVITY: f64 = 9.8;
/// Mass, kg, length, m, center of mass, m, and moment of inertia, kg m², of each link.
const MASS: f64 = 1.0;
pub(super) const LENGTH: f64 = 1.0;
const CENTER: f64 = 0.5;
const INERTIA: f64 = 1.0;
/// Largest velocities of both joints, rad/s.
pub(super) const MAX_SPEED: [f64; 2] = [4.0 * PI, 9.0 * PI];
/// Duration of a step, s.
pub(super) const TIME_STEP: f64 = 0.2;
/// Range of the first state.
const START: f64 = 0.1;
/// Height that the free end must exceed, m above the fixed one.
pub(super) const GOAL: f64 = 1.0;

/// Names of the actions, in the order of their numbers.
pub(super) const ACTIONS: [&str; 3] = ["torque -1", "torque 0", "torque 1"];

/// State of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Angle of the first link from hanging down, and of the second link relative to the first, rad.
    pub angles: [f64; 2],
    /// Their velocities, rad/s.
    pub velocities: [f64; 2],
    /// Steps since the start of the episode.
    pub steps: u32,
    /// Last action, 0 to 2; `None` before the first step.
    pub last_action: Option<u32>,
}

impl State {
    /// Whether the free end is above the goal.
    #[inline]
    pub fn is_up(&self) -> bool {
        let [a, b] = self.angles;
        -libm::cos(a) - libm::cos(b + a) > GOAL
    }

    /// Cosine and sine of both angles, both velocities: the observation before it is rounded to `f32`.
    #[inline]
    pub fn to_array(&self) -> [f64; 6] {
        let [(sin_a, cos_a), (sin_b, cos_b)] = self.angles.map(libm::sincos);
        [cos_a, sin_a, cos_b, sin_b, self.velocities[0], self.velocities[1]]
    }
}

pub(super) fn reset(rng: &mut Stream) -> State {
    let mut component = || f64::from((START * (2.0 * rng.uniform() - 1.0)) as f32);
    let (a, b, va, vb) = (component(), component(), component(), component());
    State { angles: [a, b], velocities: [va, vb], ..State::default() }
}

#[inline]
pub(super) fn step(state: &mut State, action: u32) -> Step {
    let torque = f64::from(action) - 1.0;
    let start = [state.angles[0], state.angles[1], state.velocities[0], state.velocities[1]];
    let after = |slope: [f64; 4], dt: f64| std::array::from_fn(|i| start[i] + dt * slope[i]);
    let k1 = derivatives(start, torque);
    let k2 = derivatives(after(k1, TIME_STEP / 2.0), torque);
    let k3 = derivatives(after(k2, TIME_STEP / 2.0), torque);
    let k4 = derivatives(after(k3, TIME_STEP), torque);
    let end: [f64; 4] =
        std::array::from_fn(|i| start[i] + TIME_STEP / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]));
    state.angles = [wrapped(end[0]), wrapped(end[1])];
    state.velocities = [0, 1].map(|i| end[i + 2].clamp(-MAX_SPEED[i], MAX_SPEED[i]));
    state.steps += 1;
    state.last_action = Some(action);
    if state.is_up() { Step::termination(0.0) } else { Step::transition(-1.0) }
}

/// Derivatives of both angles and both velocities, in Gymnasium's order of operations.
#[inline]
fn derivatives([a, b, va, vb]: [f64; 4], torque: f64) -> [f64; 4] {
    let (sin_b, cos_b) = libm::sincos(b);
    let d1 = MASS * CENTER * CENTER
        + MASS * (LENGTH * LENGTH + CENTER * CENTER + 2.0 * LENGTH * CENTER * cos_b)
        + INERTIA
        + INERTIA;
    let d2 = MASS * (CENTER * CENTER + LENGTH * CENTER * cos_b) + INERTIA;
    let phi2 = MASS * CENTER * GRAVITY * libm::cos(a + b - PI / 2.0);
    let phi1 = -MASS * LENGTH * CENTER * (vb * vb) * sin_b - 2.0 * MASS * LENGTH * CENTER * vb * va * sin_b
        + (MASS * CENTER + MASS * LENGTH) * GRAVITY * libm::cos(a - PI / 2.0)
        + phi2;
    let second = (torque + d2 / d1 * phi1 - MASS * LENGTH * CENTER * (va * va) * sin_b - phi2)
        / (MASS * (CENTER * CENTER) + INERTIA - d2 * d2 / d1);
    let first = -(d2 * second + phi1) / d1;
    [va, vb, first, second]
}

/// Angle in -pi..=pi.
fn wrapped(mut angle: f64) -> f64 {
    // A step turns a link by less than two turns, because velocities are bounded; only a forged state is farther away.
    if angle.abs() > 64.0 {
        angle = (angle + PI).rem_euclid(2.0 * PI) - PI;
    }
    while angle > PI {
        angle -= 2.0 * PI;
    }
    while angle < -PI {
        angle += 2.0 * PI;
    }
    angle
}
