//! Top view of circuit and car, drawn with half-block characters: two square pixels per cell.

use std::f64::consts::{FRAC_PI_4, TAU};

use freewheel_core::{Cell, Frame, Rgb};

use super::circuit::Circuit;
use super::vehicle::Car;
use super::world::{Rules, State};

const GROUND: Rgb = Rgb(0, 0, 0);
const ASPHALT: Rgb = Rgb(92, 97, 108);
const DRIVEN: Rgb = Rgb(66, 120, 168);
const LINE: Rgb = Rgb(240, 240, 240);
const CAR: Rgb = Rgb(255, 92, 72);
const TEXT: Rgb = Rgb(210, 214, 222);
const FAINT: Rgb = Rgb(120, 126, 138);

/// Columns and rows of a drawing without a maximum size.
const DEFAULT_SIZE: (usize, usize) = (80, 24);
/// Text rows below the map.
const TEXT_ROWS: usize = 2;
/// Minimum columns and rows of the drawing; a smaller screen shows a part of it.
const MIN_SIZE: (usize, usize) = (30, 8);
/// Number of subsamples per pixel in each direction.
const SUBSAMPLES: usize = 3;
/// Minimum fraction of a pixel that road must cover for the pixel to be drawn as road.
const MIN_COVERAGE: f32 = 0.4;

/// Draws `state` into `frame`.
pub(super) fn draw_state(rules: &Rules, state: &State, frame: &mut Frame) {
    let (columns, rows) = frame.max_size().unwrap_or(DEFAULT_SIZE);
    let (columns, rows) = (columns.max(MIN_SIZE.0), rows.max(MIN_SIZE.1));
    frame.clear(columns, rows);
    let map = Map::new(&rules.circuit, columns, 2 * (rows - TEXT_ROWS));
    let lap = state.progress - f64::from(state.laps) * rules.circuit.length();
    let pixels = map.road(&rules.circuit, state.s, lap);
    for (y, pair) in pixels.chunks(2 * columns).enumerate() {
        let (upper, lower) = pair.split_at(columns);
        for (x, (upper, lower)) in upper.iter().zip(lower).enumerate() {
            frame.set(x, y, half_block(*upper, *lower));
        }
    }
    let (x, y) = map.pixel(state.car[0], state.car[1]);
    if (0.0..columns as f64).contains(&x) && (0.0..map.height as f64).contains(&y) {
        let (x, y) = (x as usize, y as usize / 2);
        frame.set(x, y, Cell { glyph: arrow(state.car[4]), fg: Rgb(255, 255, 255), bg: CAR });
        frame.focus_on(x, y);
    }
    text(rules, state, frame, rows - TEXT_ROWS);
}

/// Color of a road pixel; `None` off the road.
type Pixel = Option<Rgb>;

fn half_block(upper: Pixel, lower: Pixel) -> Cell {
    match (upper, lower) {
        (None, None) => Cell::default(),
        (Some(fg), None) => Cell { glyph: '▀', fg, bg: GROUND },
        (None, Some(fg)) => Cell { glyph: '▄', fg, bg: GROUND },
        (Some(fg), Some(bg)) if fg == bg => Cell { glyph: '█', fg, bg: GROUND },
        (Some(fg), Some(bg)) => Cell { glyph: '▀', fg, bg },
    }
}

/// Arrow character nearest to `heading` (rad).
fn arrow(heading: f64) -> char {
    const ARROWS: [char; 8] = ['→', '↗', '↑', '↖', '←', '↙', '↓', '↘'];
    let eighth = (heading.rem_euclid(TAU) / FRAC_PI_4).round() as usize;
    ARROWS[eighth % ARROWS.len()]
}

/// Transformation from coordinates in m to square pixels.
struct Map {
    width: usize,
    height: usize,
    west: f64,
    north: f64,
    per_meter: f64,
}

impl Map {
    /// Transformation that fits the whole circuit into `width` x `height` pixels.
    fn new(circuit: &Circuit, width: usize, height: usize) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for at in circuit.samples(500) {
            for [x, y] in [circuit.point(at.s, at.left), circuit.point(at.s, -at.right)] {
                low = [low[0].min(x), low[1].min(y)];
                high = [high[0].max(x), high[1].max(y)];
            }
        }
        let (across, up) = (high[0] - low[0], high[1] - low[1]);
        let room = |pixels: usize| pixels as f64 - 1.0;
        let per_meter = (room(width) / across).min(room(height) / up);
        Map {
            width,
            height,
            west: 0.5 * (low[0] + high[0]) - 0.5 * width as f64 / per_meter,
            north: 0.5 * (low[1] + high[1]) + 0.5 * height as f64 / per_meter,
            per_meter,
        }
    }

    /// Pixel coordinates `(column, row)` of the point `(x, y)` in m.
    fn pixel(&self, x: f64, y: f64) -> (f64, f64) {
        ((x - self.west) * self.per_meter, (self.north - y) * self.per_meter)
    }

    /// Pixels of the road `[height * width]`, row-major; the last `driven` m before the arc length `s` have another
    /// color.
    fn road(&self, circuit: &Circuit, s: f64, driven: f64) -> Vec<Pixel> {
        // Subsampled grid: 0 off the road, 1 road, 2 road already driven, 3 start line.
        let (columns, rows) = (SUBSAMPLES * self.width, SUBSAMPLES * self.height);
        let mut grid = vec![0u8; columns * rows];
        let step = 0.7 / (self.per_meter * SUBSAMPLES as f64);
        let count = (circuit.length() / step).ceil().max(8.0) as usize;
        let along = circuit.length() / count as f64;
        for at in circuit.samples(count) {
            let behind = (s - at.s).rem_euclid(circuit.length());
            let line = at.s < (1.0 / self.per_meter).max(along);
            let kind = if line {
                3
            } else if behind < driven {
                2
            } else {
                1
            };
            let (sin, cos) = at.heading.sin_cos();
            // The outer edge of a bend is longer than the center line.
            let across = ((at.left + at.right) / step).ceil() as usize;
            for i in 0..=across {
                let n = -at.right + (at.left + at.right) * i as f64 / across.max(1) as f64;
                let (x, y) = self.pixel(at.x - n * sin, at.y + n * cos);
                let (x, y) = ((x * SUBSAMPLES as f64) as usize, (y * SUBSAMPLES as f64) as usize);
                if x < columns && y < rows {
                    grid[y * columns + x] = grid[y * columns + x].max(kind);
                }
            }
        }
        (0..self.width * self.height).map(|i| blend(&grid, columns, i % self.width, i / self.width)).collect()
    }
}

/// Color of pixel `(x, y)`, averaged over its subsamples.
fn blend(grid: &[u8], columns: usize, x: usize, y: usize) -> Pixel {
    let mut counts = [0usize; 4];
    for row in 0..SUBSAMPLES {
        let from = (y * SUBSAMPLES + row) * columns + x * SUBSAMPLES;
        grid[from..from + SUBSAMPLES].iter().for_each(|&kind| counts[usize::from(kind)] += 1);
    }
    let [_, asphalt, driven, line] = counts;
    let covered = (asphalt + driven + line) as f32 / (SUBSAMPLES * SUBSAMPLES) as f32;
    let road = ASPHALT.mix(DRIVEN, driven as f32 / (asphalt + driven).max(1) as f32);
    let color = road.mix(LINE, line as f32 / (asphalt + driven + line).max(1) as f32);
    (covered >= MIN_COVERAGE).then(|| GROUND.mix(color, 0.25 + 0.75 * covered))
}

/// Writes two rows of text: lap status, and speed with steering and pedal gauges.
fn text(rules: &Rules, state: &State, frame: &mut Frame, row: usize) {
    let lap = (state.laps + 1).min(rules.laps);
    let ending = if state.off_road { "  off the road" } else { "" };
    let best = state.best_lap.map_or_else(String::new, |best| format!("  best {best:.3} s"));
    let status = format!(
        "{}  lap {lap}/{}  {:.2} s  {:.0} of {:.0} m{best}{ending}",
        rules.circuit.name(),
        rules.laps,
        rules.seconds(state),
        state.progress,
        rules.circuit.length() * f64::from(rules.laps),
    );
    frame.write(0, row, &status, TEXT, GROUND);
    let [steering, pedals] = state.controls;
    let speed = format!("{:5.1} m/s ", state.speed());
    frame.write(0, row + 1, &speed, TEXT, GROUND);
    let place = (5.0 - 5.0 * steering).round() as usize;
    let gauge: String = (0..11)
        .map(|i| {
            if i == place {
                '●'
            } else if i == 5 {
                '┼'
            } else {
                '─'
            }
        })
        .collect();
    frame.write(speed.len(), row + 1, &gauge, FAINT, GROUND);
    let filled = (5.0 * pedals.abs()).round() as usize;
    let (name, color) = if pedals < 0.0 { ("brake", CAR) } else { ("throttle", Rgb(90, 200, 120)) };
    let bar: String = (0..5).map(|i| if i < filled { '█' } else { '░' }).collect();
    let pedals = format!("{bar} {name}");
    frame.write(speed.len() + 12, row + 1, &pedals, color, GROUND);
    // On narrow roads the small car is the default.
    if rules.vehicle.parameters == Car::Small.parameters() {
        frame.write(speed.len() + 28, row + 1, "small car", FAINT, GROUND);
    }
}
