//! View of the acrobot from the front: two links, their joints, and the line that the free end must cross.

use freewheel_core::{Frame, Rgb};

use super::super::canvas::{Canvas, FAINT, GROUND, TEXT, distance_to_segment};
use super::rules::{GOAL, LENGTH, State};

const FIRST: Rgb = Rgb(72, 132, 196);
const SECOND: Rgb = Rgb(232, 178, 92);
const JOINT: Rgb = Rgb(240, 240, 240);
const LINE: Rgb = Rgb(228, 100, 84);
const PUSH: Rgb = Rgb(90, 200, 120);

/// Half the width and height of the picture, m.
const SIDE: f64 = 2.15;
/// Half the width of a link, m.
const HALF_WIDTH: f64 = 0.08;

/// Draws a state.
pub(super) fn draw(state: &State, frame: &mut Frame) {
    let canvas = Canvas::fit(frame, (-SIDE, SIDE), (-SIDE, SIDE));
    let thin = 1.0 / canvas.per_meter;
    let end = |from: (f64, f64), angle: f64| {
        let (sin, cos) = libm::sincos(angle);
        (from.0 + LENGTH * sin, from.1 - LENGTH * cos)
    };
    let elbow = end((0.0, 0.0), state.angles[0]);
    let tip = end(elbow, state.angles[0] + state.angles[1]);
    let width = HALF_WIDTH.max(0.75 * thin);
    canvas.paint(frame, |x, y| {
        if x.hypot(y).min((x - elbow.0).hypot(y - elbow.1)) < width {
            Some(JOINT)
        } else if distance_to_segment((x, y), elbow, tip) < width {
            Some(SECOND)
        } else if distance_to_segment((x, y), (0.0, 0.0), elbow) < width {
            Some(FIRST)
        } else {
            ((y - GOAL).abs() < 0.5 * thin).then_some(LINE)
        }
    });
    // Height of the line, and the torque at the elbow.
    let (_, line) = canvas.character_at(0.0, GOAL);
    frame.write(0, line.saturating_sub(1), &format!("goal {GOAL:+.0} m"), LINE, GROUND);
    let (x, y) = canvas.character_at(elbow.0, elbow.1);
    if let Some(glyph) = state.last_action.and_then(|action| ["↻", "", "↺"].get(action as usize).copied())
    {
        frame.write(x + (2.0 * width * canvas.per_meter) as usize + 1, y, glyph, PUSH, GROUND);
    }
    frame.focus_on(x, y);
    let row = canvas.height;
    let standing = format!("step {:<4} tip at {:+.2} m of {GOAL:+.2} m", state.steps, tip.1);
    frame.write(0, row, &standing, TEXT, GROUND);
    let torque = match state.last_action {
        Some(0) => "↻ -1 N m",
        Some(1) => "no torque",
        Some(2) => "↺ +1 N m",
        _ => "",
    };
    frame.write(0, row + 1, torque, PUSH, GROUND);
    let [a, b] = state.velocities;
    frame.write(11, row + 1, &format!("{a:+.2} {b:+.2} rad/s"), FAINT, GROUND);
    if state.is_up() {
        frame.write(32, row + 1, "above the line", PUSH, GROUND);
    }
}
