//! Rules of the mountain car with three actions and with a continuous force: dynamics, rewards, endings.
//!
//! * **Source**: Moore, *Efficient Memory-Based Learning for Robot Control*, PhD thesis, University of Cambridge
//!   (1990), as computed by Gymnasium's MountainCar-v0 and MountainCarContinuous-v0, operation by operation.
//! * **State**: position x and velocity v of a car in a valley of the height sin 3x; the engine is weaker than gravity.
//! * **Actions**: 0 `left`, 1 `coast`, 2 `right`; or a force of -1 to 1, numbers outside are clipped.
//! * **Step**: with the action or force a,
//!
//! ```text
//! three actions:   v <- clip(v + 0.001 (a - 1) - 0.0025 cos 3x, -0.07, 0.07)
//! a force:         v <- clip(v + 0.0015 a - 0.0025 cos 3x, -0.07, 0.07)
//! x <- clip(x + v, -1.2, 0.6);  v <- 0 at the left end
//! ```
//!
//! * **Reward**: -1 a step; or -0.1 a^2 a step, and 100 for the step that ends the episode.
//! * **Observation**: position, velocity.
//! * **First state**: position uniform in -0.6..-0.4, velocity 0.
//! * **Endings**: terminal when the car, not moving to the left, is at 0.5 or beyond; with a force, at 0.45.
//! * **Version**: 1.

use freewheel_core::{Step, Stream};
use serde::{Deserialize, Serialize};

pub(super) const VERSION: u32 = 1;

pub(super) const MIN_POSITION: f64 = -1.2;
pub(super) const MAX_POSITION: f64 = 0.6;
/// Largest change of the position a step.
pub(super) const MAX_SPEED: f64 = 0.07;
/// Positions of the goal.
pub(super) const GOAL: f64 = 0.5;
pub(super) const CONTINUOUS_GOAL: f64 = 0.45;
/// Change of the velocity by an action, by the full force, and by gravity on the steepest slope.
const PUSH: f64 = 0.001;
const POWER: f64 = 0.0015;
const GRAVITY: f64 = 0.0025;
/// Range of the first position.
pub(super) const START: (f64, f64) = (-0.6, -0.4);

/// Names of the three actions, in the order of their numbers.
pub(super) const ACTIONS: [&str; 3] = ["left", "coast", "right"];

/// State of an episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Position along the road.
    pub position: f64,
    /// Change of the position a step.
    pub velocity: f64,
    /// Steps since the start of the episode.
    pub steps: u32,
    /// Push of the last step, -1 (full left) to 1 (full right); 0 before the first step.
    pub push: f32,
}

impl State {
    /// State at the start of an episode.
    pub(super) fn start(position: f64) -> Self {
        State { position, ..State::default() }
    }

    /// Whether the car is at the goal and does not move to the left.
    pub(super) fn is_at(&self, goal: f64) -> bool {
        self.position >= goal && self.velocity >= 0.0
    }
}

pub(super) fn reset(rng: &mut Stream) -> State {
    State::start(START.0 + (START.1 - START.0) * rng.uniform())
}

/// Step of MountainCar-v0: action 0, 1 or 2.
#[inline]
pub(super) fn step(state: &mut State, action: u32) -> Step {
    let push = f64::from(action) - 1.0;
    let change = push * PUSH + libm::cos(3.0 * state.position) * -GRAVITY;
    state.velocity = (state.velocity + change).clamp(-MAX_SPEED, MAX_SPEED);
    state.position = (state.position + state.velocity).clamp(MIN_POSITION, MAX_POSITION);
    if state.position == MIN_POSITION && state.velocity < 0.0 {
        state.velocity = 0.0;
    }
    state.steps += 1;
    state.push = push as f32;
    if state.is_at(GOAL) { Step::termination(-1.0) } else { Step::transition(-1.0) }
}

/// Step of MountainCarContinuous-v0. Gymnasium computes the first step of an episode in `f64`, and the others in `f32`,
/// in which it keeps the state after a step.
#[inline]
pub(super) fn continuous_step(state: &mut State, force: f32) -> Step {
    let force = force.clamp(-1.0, 1.0);
    let push = force * POWER as f32;
    if state.steps == 0 {
        let slope = GRAVITY * libm::cos(3.0 * state.position);
        let velocity = state.velocity + f64::from(push - slope as f32);
        state.velocity = velocity.clamp(-MAX_SPEED, MAX_SPEED);
        state.position = (state.position + state.velocity).clamp(MIN_POSITION, MAX_POSITION);
    } else {
        let (position, velocity) = (state.position as f32, state.velocity as f32);
        let slope = GRAVITY * libm::cos(f64::from(3.0 * position));
        let velocity = (velocity + (push - slope as f32)).clamp(-MAX_SPEED as f32, MAX_SPEED as f32);
        let position = (position + velocity).clamp(MIN_POSITION as f32, MAX_POSITION as f32);
        (state.position, state.velocity) = (f64::from(position), f64::from(velocity));
    }
    if state.position as f32 == MIN_POSITION as f32 && state.velocity < 0.0 {
        state.velocity = 0.0;
    }
    let done = state.is_at(f64::from(CONTINUOUS_GOAL as f32));
    (state.position, state.velocity) = (f64::from(state.position as f32), f64::from(state.velocity as f32));
    state.steps += 1;
    state.push = force;
    let effort = f64::from(force) * f64::from(force) * 0.1;
    if done { Step::termination((100.0 - effort) as f32) } else { Step::transition((0.0 - effort) as f32) }
}
