//! Side view of cart, pole and track.

use freewheel_core::{Frame, Rgb};

use super::super::canvas::{Canvas, FAINT, GROUND, TEXT};
use super::rules::{ANGLE_LIMIT, HALF_LENGTH, POSITION_LIMIT, RIGHT, State};

const RAIL: Rgb = Rgb(92, 97, 108);
const POST: Rgb = Rgb(196, 72, 60);
const LIMIT: Rgb = Rgb(74, 79, 92);
const CART: Rgb = Rgb(72, 132, 196);
const WHEEL: Rgb = Rgb(150, 156, 168);
const POLE: Rgb = Rgb(232, 178, 92);
const FALLING: Rgb = Rgb(255, 82, 62);
const JOINT: Rgb = Rgb(240, 240, 240);
const PUSH: Rgb = Rgb(90, 200, 120);

/// Half the width of the picture, m. `UP` and `DOWN`: height of the picture above and below the joint, m.
const SIDE: f64 = 2.55;
const UP: f64 = 1.08;
const DOWN: f64 = 0.32;
/// Half the width and height of the cart, m; the joint of the pole is in the middle of the cart.
const CART_HALF_SIZE: (f64, f64) = (0.25, 0.11);
/// Wheels: distance from the middle of the cart, height relative to the joint, and radius, m.
const WHEELS: (f64, f64, f64) = (0.15, -0.15, 0.075);
/// Height of the floor under the wheels, m, relative to the joint.
const FLOOR: f64 = WHEELS.1 - WHEELS.2;

/// Draws a state.
pub(super) fn draw(state: &State, frame: &mut Frame) {
    let canvas = Canvas::fit(frame, (-SIDE, SIDE), (-DOWN, UP));
    let (pole, limit) = (libm::sincos(state.angle), libm::sincos(ANGLE_LIMIT));
    let scene = Scene { state, pole, limit, per_meter: canvas.per_meter };
    canvas.paint(frame, |x, y| scene.color_at(x, y));
    let (x, y) = canvas.character_at(state.position, FLOOR / 2.0);
    frame.focus_on(x, y);
    text(state, frame, canvas.height);
}

/// Picture of a state at a certain scale.
struct Scene<'a> {
    state: &'a State,
    /// Sine and cosine of the pole's angle, and of the angle limit.
    pole: (f64, f64),
    limit: (f64, f64),
    /// Pixels per meter.
    per_meter: f64,
}

impl Scene<'_> {
    /// Color at the point `(x, y)`, m: that of the object in front; `None` where there is no object.
    fn color_at(&self, x: f64, y: f64) -> Option<Rgb> {
        let thin = 1.0 / self.per_meter;
        let from_cart = x - self.state.position;
        let (along, across) = pole_coordinates(from_cart, y, self.pole);
        let from_wheel = (from_cart.abs() - WHEELS.0).hypot(y - WHEELS.1);
        let tilt = (self.state.angle / ANGLE_LIMIT).abs().min(1.0) as f32;
        if from_cart.hypot(y) < thin.max(0.045) {
            Some(JOINT)
        } else if (0.0..=2.0 * HALF_LENGTH).contains(&along) && across.abs() < (0.75 * thin).max(0.035) {
            Some(POLE.mix(FALLING, tilt * tilt))
        } else if from_cart.abs() < CART_HALF_SIZE.0 && y.abs() < CART_HALF_SIZE.1 {
            Some(CART)
        } else if from_wheel < WHEELS.2 {
            Some(WHEEL)
        } else if (x.abs() - POSITION_LIMIT).abs() < 0.5 * thin && (FLOOR..CART_HALF_SIZE.1).contains(&y) {
            Some(POST)
        } else if x.abs() < POSITION_LIMIT && y < FLOOR && y > FLOOR - thin {
            Some(RAIL)
        } else {
            (self.distance_to_limit_line(from_cart, y) < 0.5 * thin).then_some(LIMIT)
        }
    }

    /// Distance of a point from the two lines that show the angle limit, m.
    fn distance_to_limit_line(&self, from_cart: f64, y: f64) -> f64 {
        let (along, across) = pole_coordinates(from_cart.abs(), y, self.limit);
        if (0.3..=2.0 * HALF_LENGTH).contains(&along) { across.abs() } else { f64::INFINITY }
    }
}

/// Coordinates of a point along and across a pole whose angle has the given sine and cosine.
fn pole_coordinates(x: f64, y: f64, (sin, cos): (f64, f64)) -> (f64, f64) {
    (x * sin + y * cos, x * cos - y * sin)
}

/// Writes two lines of text: steps and state; last action and ending.
fn text(state: &State, frame: &mut Frame, row: usize) {
    let standing =
        format!("step {:<4} cart {:+.2} m {:+.2} m/s", state.steps, state.position, state.velocity);
    frame.write(0, row, &standing, TEXT, GROUND);
    let push = |action: u32| if state.last_action == Some(action) { PUSH } else { LIMIT };
    frame.write(0, row + 1, "◄", push(1 - RIGHT), GROUND);
    frame.write(2, row + 1, "►", push(RIGHT), GROUND);
    let pole =
        format!("pole {:+.1}° {:+.0}°/s", state.angle.to_degrees(), state.angular_velocity.to_degrees());
    frame.write(10, row + 1, &pole, FAINT, GROUND);
    if state.failed() {
        let end = if state.angle.abs() > ANGLE_LIMIT { "fallen" } else { "off the track" };
        frame.write(12 + pole.chars().count(), row + 1, end, FALLING, GROUND);
    }
}
