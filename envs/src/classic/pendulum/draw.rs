//! View of the pendulum from the front: the rod, its axle, and the torque as an arc.

use freewheel_core::{Frame, Rgb};

use super::super::canvas::{Canvas, FAINT, GROUND, TEXT, distance_to_segment};
use super::rules::{LENGTH, MAX_TORQUE, State, normalized};

const ROD: Rgb = Rgb(204, 96, 84);
const AXLE: Rgb = Rgb(240, 240, 240);
const TORQUE: Rgb = Rgb(90, 200, 120);
const MARK: Rgb = Rgb(132, 136, 146);

/// Half the width and height of the picture, m.
const SIDE: f64 = 1.2;
/// Half the width of the rod, m.
const HALF_WIDTH: f64 = 0.09;
/// Radius of the arc of the torque, m.
const ARC: f64 = 0.32;

/// Draws a state. A positive angle is to the left, since it is counted against the clock.
pub(super) fn draw(state: &State, frame: &mut Frame) {
    let canvas = Canvas::fit(frame, (-SIDE, SIDE), (-SIDE, SIDE));
    let thin = 1.0 / canvas.per_meter;
    let (sin, cos) = libm::sincos(state.angle);
    let tip = (-LENGTH * sin, LENGTH * cos);
    let strength = f64::from(state.torque / MAX_TORQUE);
    canvas.paint(frame, |x, y| {
        let from_axle = x.hypot(y);
        // Angle of the point from upright, against the clock; the arc grows with the torque up to a half turn.
        let turn = f64::atan2(-x, y);
        let on_arc = (from_axle - ARC).abs() < thin.max(0.04)
            && turn * strength > 0.0
            && turn.abs() < strength.abs() * std::f64::consts::PI;
        if from_axle < thin.max(0.06) {
            Some(AXLE)
        } else if distance_to_segment((x, y), (0.0, 0.0), tip) < HALF_WIDTH.max(0.75 * thin) {
            Some(ROD)
        } else if on_arc {
            Some(TORQUE)
        } else {
            (x.abs() < 0.5 * thin && (1.1..1.18).contains(&y)).then_some(MARK)
        }
    });
    let (x, y) = canvas.character_at(0.0, 0.0);
    frame.focus_on(x, y);
    let angle = normalized(state.angle).to_degrees();
    let turn = match state.torque {
        torque if torque > 0.0 => '↺',
        torque if torque < 0.0 => '↻',
        _ => '·',
    };
    let standing = format!("step {:<4} torque {turn} {:+.2} N m", state.steps, state.torque);
    frame.write(0, canvas.height, &standing, TEXT, GROUND);
    let rod = format!("angle {angle:+.1}° from upright, {:+.2} rad/s", state.angular_velocity);
    frame.write(0, canvas.height + 1, &rod, FAINT, GROUND);
}
