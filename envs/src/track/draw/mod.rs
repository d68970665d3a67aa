//! Drawing of a track: map of the circuit or chase view of the car, state of the lap, instruments, traces.
//!
//! | zoom | view |
//! |---|---|
//! | 0 | the whole circuit; where there is room, with the chase view inside |
//! | 1 and more | around the car, [`CAR_LENGTHS`] car lengths across at zoom 1, north up |
//!
//! | file | content |
//! |---|---|
//! | `camera` | part of the plane that is shown |
//! | `raster` | filled polygons |
//! | `scenery` | road, edges, start line |
//! | `cars` | car, trail, reference line |
//! | `ghost` | reference lap |
//! | `inset` | place of the chase view inside of the map |
//! | `instruments` | text rows and traces below the map |

mod camera;
mod cars;
mod ghost;
mod inset;
mod instruments;
mod raster;
mod scenery;

use std::sync::OnceLock;

use freewheel_core::{Cell, Frame, Rgb, Scene};

use super::line::Limits;
use super::world::{Rules, State};
use crate::dots::Dots;
use camera::Camera;
use cars::TrailColor;
use ghost::Ghost;
use inset::Rectangle;
use raster::Raster;
use scenery::Scenery;

/// Layers: the reference line colored by its speed, and a trail colored by the pedals.
pub(super) const LAYERS: &[&str] = &["line", "pedals"];

/// Columns and rows of a drawing without a maximum size.
const DEFAULT_SIZE: (usize, usize) = (80, 24);
/// Minimum columns and rows of the drawing; a smaller screen shows a part of it.
const MIN_SIZE: (usize, usize) = (30, 8);
/// Width of the chase view at zoom 1, in car lengths.
const CAR_LENGTHS: f64 = 20.0;
/// Minimum length of the car in the chase view, columns.
const MIN_CAR: f64 = 4.0;
/// Length of the car in a map of the whole circuit, columns; it is drawn larger than it is.
const SYMBOL: f64 = 2.8;
/// Zoom of the chase view inside of the map.
const INSET_ZOOM: i8 = 2;
/// Factor of one step of the zoom.
const ZOOM_STEP: f64 = 1.5;
/// Distance of the car from the middle of the chase view, as a fraction of half of its height or width: more of the
/// road ahead than behind is visible.
const LOOK_AHEAD: f64 = 0.35;

/// Parts of the drawing that do not change during an episode, made when they are first drawn.
#[derive(Default)]
pub(super) struct Drawing {
    scenery: OnceLock<Scenery>,
    ghost: OnceLock<Option<Ghost>>,
}

/// Colors of speeds, from orange (slow) by yellow to blue (fast).
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// Lowest and highest speed, m/s.
    low: f64,
    high: f64,
}

impl Scale {
    fn color(self, speed: f64) -> Rgb {
        const COLORS: [Rgb; 3] = [Rgb(255, 112, 60), Rgb(250, 222, 90), Rgb(80, 200, 255)];
        let t = 2.0 * ((speed - self.low) / (self.high - self.low).max(1e-9)).clamp(0.0, 1.0) as f32;
        if t < 1.0 { COLORS[0].mix(COLORS[1], t) } else { COLORS[1].mix(COLORS[2], t - 1.0) }
    }
}

impl Drawing {
    /// Draws a scene of the world with these rules into `frame`. The reference lap is within `limits`; it is not drawn
    /// without a maximum size, as planning it takes a moment, and for stable text files.
    pub(super) fn draw(&self, rules: &Rules, limits: &Limits, scene: &Scene<'_, State>, frame: &mut Frame) {
        let interactive = frame.max_size().is_some();
        let (columns, rows) = frame.max_size().unwrap_or(DEFAULT_SIZE);
        let (columns, rows) = (columns.max(MIN_SIZE.0), rows.max(MIN_SIZE.1));
        frame.clear(columns, rows);
        let ghost =
            interactive.then(|| self.ghost.get_or_init(|| Ghost::new(rules, limits)).as_ref()).flatten();
        let (low, high) = ghost.map_or_else(|| speeds(rules), Ghost::speeds);
        let view = View { rules, scene, ghost, scale: Scale { low, high } };
        let below = instruments::rows(columns, rows);
        let blank = self.map(&view, columns, rows - below, frame);
        if let Some(room) = blank.filter(|_| interactive) {
            let mut inner = Frame::default();
            inner.clear(room.columns, room.rows);
            inner.set_zoom(INSET_ZOOM);
            inner.set_layer(frame.layer());
            self.map(&view, room.columns, room.rows, &mut inner);
            inset::put(&inner, room, frame);
        }
        instruments::draw(&view, frame, rows - below, below);
    }

    /// Draws the map into the upper `rows` rows; returns the room for a chase view in a map of the whole circuit.
    fn map(&self, view: &View<'_>, columns: usize, rows: usize, frame: &mut Frame) -> Option<Rectangle> {
        let (rules, state) = (view.rules, view.scene.state);
        let car = rules.vehicle.parameters.length;
        let scenery = self.scenery.get_or_init(|| Scenery::new(&rules.circuit, car));
        let whole = Camera::of(scenery.low, scenery.high, columns, rows);
        let chase = frame.zoom() > 0;
        let camera = if chase { chase_camera(state, car, frame.zoom(), whole) } else { whole };
        let bodies = camera.per_meter * car >= cars::MIN_BODY;
        let mut raster = Raster::new(columns, rows);
        scenery.paint(&camera, &mut raster);
        let room = (!chase)
            .then(|| inset::place(columns, rows, |column, row| raster.is_ground(column, row)))
            .flatten();
        if bodies {
            cars::body(&rules.vehicle, state, 1.0, &camera, &mut raster);
        } else if view.ghost.is_some() {
            cars::body(&rules.vehicle, state, SYMBOL / (camera.per_meter * car), &camera, &mut raster);
        }
        raster.draw(frame);
        if chase {
            for (x, y) in scenery.ground_marks(&camera) {
                if raster.is_ground(x, y) {
                    let (glyph, fg) = scenery::MARK;
                    frame.set(x, y, Cell { glyph, fg, bg: raster::GROUND });
                }
            }
        }
        let mut dots = Dots::new(columns, rows);
        scenery.center_line(&camera, &mut dots);
        let ghost_pose = view.ghost.map(|ghost| ghost.pose(ghost.distance(state, rules.seconds(state))));
        match (frame.layer(), view.ghost) {
            (Some("line"), Some(ghost)) => cars::line(ghost, view.scale, &camera, &mut dots),
            (layer, _) => {
                let color = if layer == Some("pedals") { TrailColor::Pedals } else { TrailColor::Speed };
                cars::trail(rules, view.scene.past, state, color, view.scale, &camera, &mut dots);
            }
        }
        if let (true, Some(pose)) = (bodies, ghost_pose) {
            cars::ghost_body(&rules.vehicle, pose, &camera, &mut dots);
        }
        // The body of the car is in front of all dots.
        for row in 0..rows {
            for column in 0..columns {
                if let Some((glyph, fg)) = dots.glyph(column, row).filter(|_| !raster.has_car(column, row)) {
                    frame.set(column, row, Cell { glyph, fg, bg: raster.background(column, row) });
                }
            }
        }
        if !bodies {
            if let Some(pose) = ghost_pose {
                cars::ghost_arrow(pose, &camera, frame);
            }
            cars::arrow(state, &camera, frame);
        }
        if let Some((x, y)) = camera.cell([state.car[0], state.car[1]]) {
            frame.focus_on(x, y);
        }
        room
    }
}

/// Drawn scene, with the parts that the map and the instruments share.
struct View<'a> {
    rules: &'a Rules,
    scene: &'a Scene<'a, State>,
    ghost: Option<&'a Ghost>,
    scale: Scale,
}

/// Lowest and highest speed of the fastest lap along the center line, m/s.
fn speeds(rules: &Rules) -> (f64, f64) {
    let speeds = rules.speeds.iter().copied();
    speeds.fold((f64::INFINITY, 0.0), |(low, high), speed| (speed.min(low), speed.max(high)))
}

/// Camera that follows the car, at least one step nearer than the camera `whole` of the whole circuit.
fn chase_camera(state: &State, car: f64, zoom: i8, whole: Camera) -> Camera {
    let Camera { columns, rows, .. } = whole;
    let first = (columns as f64 / CAR_LENGTHS).max(MIN_CAR) / car;
    let first = first.max(ZOOM_STEP * whole.per_meter);
    let per_meter = first * ZOOM_STEP.powi(i32::from(zoom.clamp(1, 12)) - 1);
    let (sin, cos) = state.car[4].sin_cos();
    let ahead = LOOK_AHEAD / per_meter;
    let center =
        [state.car[0] + 0.5 * ahead * columns as f64 * cos, state.car[1] + ahead * rows as f64 * sin];
    Camera::around(center, per_meter, columns, rows)
}
