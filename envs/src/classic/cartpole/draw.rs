//! Side view of cart, pole and track.

use freewheel_core::{Frame, Rgb};

use super::super::canvas::{Canvas, FAINT, GROUND, TEXT};
use super::rules::{ANGLE_LIMIT, FORCE, HALF_LENGTH, POSITION_LIMIT, RIGHT, State};

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

/// Minimum width of the visible part of the track, m.
const VISIBLE: f64 = 1.8;
/// Length of the arrow of the force, m; distance of the labels on the floor, m.
const ARROW: f64 = 0.3;
const TICK: f64 = 0.5;
/// Rows of the smallest window with labels on the floor.
const RULED: usize = 14;

/// Draws a state. On a screen the picture is as high as the window and moves with the cart, above a strip with the
/// whole track; otherwise the whole track is visible.
pub(super) fn draw(state: &State, frame: &mut Frame) {
    let room = frame.max_size();
    let has_ruler = room.is_some_and(|room| room.1 >= RULED);
    let (x, y) = ((-SIDE, SIDE), (-DOWN, UP));
    let canvas = match room {
        // The end of the track is visible before the cart reaches it.
        Some(_) => {
            let share = state.position / (0.9 * POSITION_LIMIT);
            Canvas::follow(frame, (x, y), (share, VISIBLE), 3 + usize::from(has_ruler))
        }
        None => Canvas::fit(frame, x, y),
    };
    let (pole, limit) = (libm::sincos(state.angle), libm::sincos(ANGLE_LIMIT));
    let scene = Scene { state, pole, limit, per_meter: canvas.per_meter, has_limits: room.is_none() };
    canvas.paint(frame, |x, y| scene.color_at(x, y));
    let mut row = canvas.height;
    if room.is_some() {
        limits(state, &canvas, frame);
        if has_ruler {
            ruler(&canvas, frame, row);
            row += 1;
        }
        strip(state, &canvas, frame, row);
        row += 1;
    }
    let (x, y) = canvas.character_at(state.position, 0.0);
    frame.focus_on(x, y);
    text(state, frame, row, room.is_some());
}

/// Draws the limits of position and angle, and the force, as glyphs.
fn limits(state: &State, canvas: &Canvas, frame: &mut Frame) {
    let per_row = 2.0 / canvas.per_meter;
    for i in 0..canvas.height {
        let y = UP - (i as f64 + 0.5) * per_row;
        for side in [-1.0, 1.0] {
            if (FLOOR..2.0 * CART_HALF_SIZE.1).contains(&y) {
                canvas.mark(frame, (side * POSITION_LIMIT, y), '┃', POST);
            }
            if (0.25..2.0 * HALF_LENGTH).contains(&y) {
                let x = state.position + side * y * libm::tan(ANGLE_LIMIT);
                canvas.mark(frame, (x, y), '┊', FAINT);
            }
        }
    }
    // A label fits between the lines only in large pictures.
    let top = 2.0 * HALF_LENGTH;
    let [left, right] = [-1.0, 1.0]
        .map(|side| canvas.character_at(state.position + side * top * libm::tan(ANGLE_LIMIT), top));
    if right.0 > left.0 + 6 {
        let label = format!("{:.0}°", ANGLE_LIMIT.to_degrees());
        for (column, row) in [left, right] {
            frame.write(column.saturating_sub(1), row.saturating_sub(1), &label, FAINT, GROUND);
        }
    }
    let Some(action) = state.last_action else { return };
    let (direction, head) = if action == RIGHT { (1.0, '►') } else { (-1.0, '◄') };
    let length = ((ARROW * canvas.per_meter) as usize).max(2);
    for i in 0..=length {
        let x = state.position + direction * (CART_HALF_SIZE.0 + (1.5 + i as f64) / canvas.per_meter);
        canvas.mark(frame, (x, 0.0), if i == length { head } else { '━' }, PUSH);
    }
    let x = state.position + direction * (CART_HALF_SIZE.0 + ARROW / 2.0);
    let (column, row) = canvas.character_at(x, 0.0);
    let label = format!("{FORCE:.0} N");
    frame.write(column.saturating_sub(2), row.saturating_sub(1), &label, PUSH, GROUND);
}

/// Writes the positions along the floor into `row`.
fn ruler(canvas: &Canvas, frame: &mut Frame, row: usize) {
    let (left, right) = canvas.visible();
    let tick = if canvas.per_meter * TICK < 8.0 { 2.0 * TICK } else { TICK };
    let count = (POSITION_LIMIT / tick) as i32;
    for i in -count..=count {
        let x = f64::from(i) * tick;
        let label = if i == 0 { "0 m".to_owned() } else { format!("{x:+.1}") };
        let (column, _) = canvas.character_at(x, 0.0);
        let start = column.saturating_sub(label.len() / 2);
        if (left..right).contains(&x) && start + label.len() <= canvas.columns() {
            frame.write(start, row, &label, FAINT, GROUND);
        }
    }
}

/// Draws the whole track as a line below the picture: its ends, the visible part, and the cart.
fn strip(state: &State, canvas: &Canvas, frame: &mut Frame, row: usize) {
    let ends = [format!("{:+.1} ", -POSITION_LIMIT), format!(" {POSITION_LIMIT:+.1}")];
    let (start, width) = (ends[0].len(), canvas.columns() - ends[0].len() - ends[1].len());
    let position_at = |column: usize| POSITION_LIMIT * (2.0 * column as f64 / (width - 1) as f64 - 1.0);
    let share = (state.position / POSITION_LIMIT).clamp(-1.0, 1.0) * 0.5 + 0.5;
    let cart = (share * (width - 1) as f64).round() as usize;
    let (left, right) = canvas.visible();
    for column in 0..width {
        let seen = (left..right).contains(&position_at(column));
        let (glyph, fg) = match () {
            () if column == cart => ('◆', POLE),
            () if column == 0 => ('├', POST),
            () if column + 1 == width => ('┤', POST),
            () if column == width / 2 => ('┼', FAINT),
            () if seen => ('━', WHEEL),
            () => ('─', RAIL),
        };
        frame.write(start + column, row, glyph.encode_utf8(&mut [0; 4]), fg, GROUND);
    }
    frame.write(0, row, &ends[0], FAINT, GROUND);
    frame.write(start + width, row, &ends[1], FAINT, GROUND);
}

/// Picture of a state at a certain scale.
struct Scene<'a> {
    state: &'a State,
    /// Sine and cosine of the pole's angle, and of the angle limit.
    pole: (f64, f64),
    limit: (f64, f64),
    /// Pixels per meter.
    per_meter: f64,
    /// Whether the limits are part of the picture; on a screen they are glyphs.
    has_limits: bool,
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
        } else if self.has_limits
            && (x.abs() - POSITION_LIMIT).abs() < 0.5 * thin
            && (FLOOR..CART_HALF_SIZE.1).contains(&y)
        {
            Some(POST)
        } else if x.abs() < POSITION_LIMIT && y < FLOOR && y > FLOOR - thin {
            Some(RAIL)
        } else {
            (self.has_limits && self.distance_to_limit_line(from_cart, y) < 0.5 * thin).then_some(LIMIT)
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
fn text(state: &State, frame: &mut Frame, row: usize, on_screen: bool) {
    let standing =
        format!("step {:<4} cart {:+.2} m {:+.2} m/s", state.steps, state.position, state.velocity);
    frame.write(0, row, &standing, TEXT, GROUND);
    let push = |action: u32| if state.last_action == Some(action) { PUSH } else { LIMIT };
    for (column, glyph, action) in [(0, "◄", 1 - RIGHT), (2, "►", RIGHT)] {
        // On a screen the glyph alone shows the action: there may be no colors.
        if !on_screen || state.last_action == Some(action) {
            frame.write(column, row + 1, glyph, push(action), GROUND);
        }
    }
    let pole =
        format!("pole {:+.1}° {:+.0}°/s", state.angle.to_degrees(), state.angular_velocity.to_degrees());
    frame.write(10, row + 1, &pole, FAINT, GROUND);
    if state.failed() {
        let end = if state.angle.abs() > ANGLE_LIMIT { "fallen" } else { "off the track" };
        frame.write(12 + pole.chars().count(), row + 1, end, FALLING, GROUND);
    }
}
