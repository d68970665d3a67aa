//! Side view of the valley, the car and the flag.

use freewheel_core::{Frame, Rgb};

use super::super::canvas::{Canvas, FAINT, GROUND, TEXT};
use super::rules::{MAX_POSITION, MIN_POSITION, State};

const ROAD: Rgb = Rgb(132, 136, 146);
const EARTH: Rgb = Rgb(52, 46, 40);
const CAR: Rgb = Rgb(72, 132, 196);
const WHEEL: Rgb = Rgb(150, 156, 168);
const POLE: Rgb = Rgb(196, 196, 196);
const FLAG: Rgb = Rgb(232, 178, 92);
const PUSH: Rgb = Rgb(90, 200, 120);

/// Picture, in units of the position.
const ACROSS: (f64, f64) = (MIN_POSITION - 0.05, MAX_POSITION + 0.1);
const UP: (f64, f64) = (0.0, 1.25);
/// Half the length and half the height of the car, height of its middle above the road, and its wheels.
const CAR_HALF_SIZE: (f64, f64) = (0.075, 0.03);
const RIDE: f64 = 0.07;
const WHEELS: (f64, f64) = (0.045, 0.032);

/// Height of the road at `x`, as Gymnasium draws it.
fn height(x: f64) -> f64 {
    0.45 * libm::sin(3.0 * x) + 0.55
}

/// Draws a state, with the flag at `goal`.
pub(super) fn draw(state: &State, goal: f64, frame: &mut Frame) {
    let canvas = Canvas::fit(frame, ACROSS, UP);
    let thin = 1.0 / canvas.per_meter;
    // Unit vector along the road under the car.
    let slope = 1.35 * libm::cos(3.0 * state.position);
    let norm = slope.hypot(1.0);
    let along = (1.0 / norm, slope / norm);
    let flag = height(goal);
    canvas.paint(frame, |x, y| {
        let (dx, dy) = (x - state.position, y - height(state.position));
        let (forward, above) = (dx * along.0 + dy * along.1, dy * along.0 - dx * along.1);
        let from_wheel = (forward.abs() - WHEELS.0).hypot(above - WHEELS.1);
        if from_wheel < WHEELS.1.max(0.75 * thin) {
            Some(WHEEL)
        } else if forward.abs() < CAR_HALF_SIZE.0 && (above - RIDE).abs() < CAR_HALF_SIZE.1.max(thin) {
            Some(CAR)
        } else if (goal..goal + 0.1).contains(&x) && (0.18..0.25).contains(&(y - flag)) {
            Some(FLAG)
        } else if (x - goal).abs() < 0.5 * thin && (0.0..0.25).contains(&(y - flag)) {
            Some(POLE)
        } else if (MIN_POSITION..=MAX_POSITION).contains(&x) && y < height(x) {
            Some(if y > height(x) - 1.5 * thin { ROAD } else { EARTH })
        } else {
            None
        }
    });
    let (x, y) = canvas.character_at(state.position, height(state.position) + RIDE);
    frame.focus_on(x, y);
    let row = canvas.height;
    let standing =
        format!("step {:<4} position {:+.3} velocity {:+.4}", state.steps, state.position, state.velocity);
    frame.write(0, row, &standing, TEXT, GROUND);
    let direction = match state.push {
        push if push < 0.0 => "◄",
        push if push > 0.0 => "►",
        _ => "·",
    };
    frame.write(0, row + 1, direction, PUSH, GROUND);
    frame.write(10, row + 1, &format!("push {:+.2}", state.push), FAINT, GROUND);
    if state.is_at(goal) {
        frame.write(24, row + 1, "at the goal", PUSH, GROUND);
    }
}
