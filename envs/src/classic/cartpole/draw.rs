//! Cart, pole and track from the side: half blocks, two square pixels a cell.

use freewheel_core::{Cell, Frame, Rgb};

use super::rules::{HALF_LENGTH, LEAN, RIGHT, State, TRACK};

const GROUND: Rgb = Rgb(0, 0, 0);
const RAIL: Rgb = Rgb(92, 97, 108);
const POST: Rgb = Rgb(196, 72, 60);
const LIMIT: Rgb = Rgb(74, 79, 92);
const CART: Rgb = Rgb(72, 132, 196);
const WHEEL: Rgb = Rgb(150, 156, 168);
const POLE: Rgb = Rgb(232, 178, 92);
const FALLING: Rgb = Rgb(255, 82, 62);
const JOINT: Rgb = Rgb(240, 240, 240);
const TEXT: Rgb = Rgb(210, 214, 222);
const FAINT: Rgb = Rgb(120, 126, 138);
const PUSH: Rgb = Rgb(90, 200, 120);

/// Columns and rows where nothing limits the drawing.
const ON_PAPER: (usize, usize) = (80, 24);
/// Columns and rows at least; a smaller room shows a part.
const LEAST: (usize, usize) = (44, 8);
/// Rows below the picture.
const ROWS_OF_TEXT: usize = 2;
/// Looks at each pixel, in each direction.
const LOOKS: usize = 4;
/// The share of a pixel that something covers for it to be seen.
const COVERED: f32 = 0.3;

/// What is shown, m, from the joint: to both sides of the middle, up and down.
const SIDE: f64 = 2.55;
const UP: f64 = 1.08;
const DOWN: f64 = 0.32;
/// Half the cart's size, m; the joint is in its middle.
const BODY: (f64, f64) = (0.25, 0.11);
/// A wheel's distance from the middle, its height and its radius, m.
const WHEELS: (f64, f64, f64) = (0.15, -0.15, 0.075);
/// Where the wheels roll, m.
const FLOOR: f64 = WHEELS.1 - WHEELS.2;

/// Paints a state.
pub(super) fn paint(state: &State, frame: &mut Frame) {
    let (columns, rows) = frame.room().unwrap_or(ON_PAPER);
    let (columns, rows) = (columns.max(LEAST.0), rows.max(LEAST.1));
    let across = columns as f64 / (2.0 * SIDE);
    let per_meter = across.min(2.0 * (rows - ROWS_OF_TEXT) as f64 / (UP + DOWN));
    let height = (per_meter * (UP + DOWN) / 2.0).ceil() as usize;
    frame.clear(columns, height + ROWS_OF_TEXT);
    let (pole, limit) = (libm::sincos(state.angle), libm::sincos(LEAN));
    let scene = Scene { state, pole, limit, per_meter, middle: columns as f64 / 2.0 };
    for y in 0..height {
        for x in 0..columns {
            frame.set(x, y, halves(scene.pixel(x, 2 * y), scene.pixel(x, 2 * y + 1)));
        }
    }
    let (x, y) = scene.place(state.position, FLOOR / 2.0);
    let cart = (x.clamp(0.0, columns as f64 - 1.0) as usize, y as usize / 2);
    frame.focus_on(cart.0, cart.1);
    text(state, frame, height);
}

fn halves(upper: Rgb, lower: Rgb) -> Cell {
    match (upper, lower) {
        (GROUND, GROUND) => Cell::default(),
        (GROUND, fg) => Cell { glyph: '▄', fg, bg: GROUND },
        (fg, bg) if fg == bg => Cell { glyph: '█', fg, bg: GROUND },
        (fg, bg) => Cell { glyph: '▀', fg, bg },
    }
}

/// The picture at a scale.
struct Scene<'a> {
    state: &'a State,
    /// Sine and cosine of the pole's angle, and of the one at which it has fallen.
    pole: (f64, f64),
    limit: (f64, f64),
    /// Pixels in a meter.
    per_meter: f64,
    /// The column of the track's middle, pixels.
    middle: f64,
}

impl Scene<'_> {
    /// Column and row of a point, in pixels.
    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        (self.middle + x * self.per_meter, (UP - y) * self.per_meter)
    }

    /// The color of a pixel: the mean of what several looks at it see, darker where some see nothing.
    fn pixel(&self, column: usize, row: usize) -> Rgb {
        let (mut seen, mut sum) = (0, [0u32; 3]);
        for look in 0..LOOKS * LOOKS {
            let within = |i: usize| (i as f64 + 0.5) / LOOKS as f64;
            let x = (column as f64 + within(look % LOOKS) - self.middle) / self.per_meter;
            let y = UP - (row as f64 + within(look / LOOKS)) / self.per_meter;
            if let Some(Rgb(r, g, b)) = self.at(x, y) {
                seen += 1;
                sum = [sum[0] + u32::from(r), sum[1] + u32::from(g), sum[2] + u32::from(b)];
            }
        }
        let covered = seen as f32 / (LOOKS * LOOKS) as f32;
        if covered < COVERED {
            return GROUND;
        }
        let [r, g, b] = sum.map(|part| (part / seen) as u8);
        GROUND.mix(Rgb(r, g, b), 0.3 + 0.7 * covered)
    }

    /// What is at a point, m: the nearest thing first.
    fn at(&self, x: f64, y: f64) -> Option<Rgb> {
        let thin = 1.0 / self.per_meter;
        let from_cart = x - self.state.position;
        let (along, beside) = turned(from_cart, y, self.pole);
        let from_wheel = (from_cart.abs() - WHEELS.0).hypot(y - WHEELS.1);
        let leaning = (self.state.angle / LEAN).abs().min(1.0) as f32;
        if from_cart.hypot(y) < thin.max(0.045) {
            Some(JOINT)
        } else if (0.0..=2.0 * HALF_LENGTH).contains(&along) && beside.abs() < (0.75 * thin).max(0.035) {
            Some(POLE.mix(FALLING, leaning * leaning))
        } else if from_cart.abs() < BODY.0 && y.abs() < BODY.1 {
            Some(CART)
        } else if from_wheel < WHEELS.2 {
            Some(WHEEL)
        } else if (x.abs() - TRACK).abs() < 0.5 * thin && (FLOOR..BODY.1).contains(&y) {
            Some(POST)
        } else if x.abs() < TRACK && y < FLOOR && y > FLOOR - thin {
            Some(RAIL)
        } else {
            (self.beside_a_limit(from_cart, y) < 0.5 * thin).then_some(LIMIT)
        }
    }

    /// How far a point is from the lines on which the pole has fallen, m.
    fn beside_a_limit(&self, from_cart: f64, y: f64) -> f64 {
        let (along, beside) = turned(from_cart.abs(), y, self.limit);
        if (0.3..=2.0 * HALF_LENGTH).contains(&along) { beside.abs() } else { f64::INFINITY }
    }
}

/// A point's coordinates along a pole of this sine and cosine, and across it.
fn turned(x: f64, y: f64, (sin, cos): (f64, f64)) -> (f64, f64) {
    (x * sin + y * cos, x * cos - y * sin)
}

/// Two lines: how long the pole has stood and where all is; which way the cart is pushed, and how it ended.
fn text(state: &State, frame: &mut Frame, row: usize) {
    let standing =
        format!("step {:<4} cart {:+.2} m {:+.2} m/s", state.steps, state.position, state.velocity);
    frame.write(0, row, &standing, TEXT, GROUND);
    let push = |action: u32| if state.pushed == Some(action) { PUSH } else { LIMIT };
    frame.write(0, row + 1, "◄", push(1 - RIGHT), GROUND);
    frame.write(2, row + 1, "►", push(RIGHT), GROUND);
    let pole =
        format!("pole {:+.1}° {:+.0}°/s", state.angle.to_degrees(), state.angular_velocity.to_degrees());
    frame.write(10, row + 1, &pole, FAINT, GROUND);
    if state.failed() {
        let end = if state.angle.abs() > LEAN { "fallen" } else { "off the track" };
        frame.write(12 + pole.chars().count(), row + 1, end, FALLING, GROUND);
    }
}
