//! Cars and their trails.

use std::f64::consts::{FRAC_PI_4, TAU};

use freewheel_core::{Cell, Frame, Rgb};

use super::Scale;
use super::camera::Camera;
use super::ghost::{Ghost, Pose};
use super::raster::{Raster, Surface};
use crate::dots::Dots;
use crate::track::vehicle::{Model, Vehicle};
use crate::track::world::{Rules, State};

pub(super) const CAR: Rgb = Rgb(255, 92, 72);
pub(super) const GHOST: Rgb = Rgb(120, 190, 255);
pub(super) const THROTTLE: Rgb = Rgb(90, 200, 120);
const COAST: Rgb = Rgb(225, 225, 120);

/// Columns per car length from which a car is a body instead of an arrow.
pub(super) const MIN_BODY: f64 = 2.0;
/// Columns per car length from which the wheels are drawn.
const MIN_WHEELS: f64 = 7.0;

/// Color of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrailColor {
    Speed,
    Pedals,
}

/// Draws the way of the car during its last lap.
pub(super) fn trail(
    rules: &Rules,
    past: &[State],
    state: &State,
    color: TrailColor,
    scale: Scale,
    camera: &Camera,
    dots: &mut Dots,
) {
    let since = state.progress - rules.circuit.length();
    let first = past.partition_point(|earlier| earlier.progress < since);
    let states = past[first.min(past.len())..].iter().chain(std::iter::once(state));
    let mut from: Option<(f64, f64)> = None;
    for to in states {
        let place = camera.dot([to.car[0], to.car[1]]);
        let near = from.is_some_and(|from| (from.0 - place.0).abs().max((from.1 - place.1).abs()) < 1.0);
        // The last state is always drawn.
        if near && !std::ptr::eq(to, state) {
            continue;
        }
        let color = match color {
            TrailColor::Speed => scale.color(to.speed()),
            TrailColor::Pedals => pedal_color(f64::from(to.controls[1])),
        };
        if let Some(from) = from {
            dots.line(from, place, color);
            // A second line beside it.
            let steep = (place.1 - from.1).abs() > (place.0 - from.0).abs();
            let beside = |(x, y): (f64, f64)| if steep { (x + 1.0, y) } else { (x, y + 1.0) };
            dots.line(beside(from), beside(place), color);
        }
        from = Some(place);
    }
}

/// Color of the pedals: throttle, brake, or in between.
fn pedal_color(pedals: f64) -> Rgb {
    let end = if pedals < 0.0 { CAR } else { THROTTLE };
    COAST.mix(end, pedals.abs() as f32)
}

/// Draws the reference line, colored by its speed.
pub(super) fn line(ghost: &Ghost, scale: Scale, camera: &Camera, dots: &mut Dots) {
    let points: Vec<((f64, f64), f64)> =
        ghost.line().map(|(point, speed)| (camera.dot(point), speed)).collect();
    for (i, (from, speed)) in points.iter().enumerate() {
        let (to, _) = points[(i + 1) % points.len()];
        dots.line(*from, to, scale.color(*speed));
    }
}

/// Rectangle in the frame of a car: corners `[x, y]` in m, x forward and y to the left of the reference point, moved to
/// the place and heading of the car.
fn rectangle(position: [f64; 2], heading: f64, x: (f64, f64), y: (f64, f64)) -> [[f64; 2]; 4] {
    let (sin, cos) = heading.sin_cos();
    [(x.0, y.0), (x.1, y.0), (x.1, y.1), (x.0, y.1)]
        .map(|(x, y)| [position[0] + x * cos - y * sin, position[1] + x * sin + y * cos])
}

/// Position of the middle of the body ahead of the reference point, m. The models `grip` and `ks` have their reference
/// point on the rear axle, the model `st` in the center of gravity.
fn middle(vehicle: &Vehicle) -> f64 {
    let p = &vehicle.parameters;
    match vehicle.model {
        Model::Grip | Model::Ks => 0.5 * p.wheelbase(),
        Model::St => 0.5 * (p.front - p.rear),
    }
}

/// Fills the body of the car in `state`, `scale` times as large as it is, with a windshield, and wheels in the
/// direction in which they steer.
pub(super) fn body(vehicle: &Vehicle, state: &State, scale: f64, camera: &Camera, raster: &mut Raster) {
    let p = &vehicle.parameters;
    let [x, y, angle, _, heading, ..] = state.car;
    let (position, middle) = ([x, y], middle(vehicle));
    let (length, width) = (0.5 * scale * p.length, 0.5 * scale * p.width);
    let mut fill = |corners: [[f64; 2]; 4], surface: Surface| {
        raster.fill(&corners.map(|corner| camera.sample(corner)), surface);
    };
    fill(rectangle(position, heading, (middle - length, middle + length), (-width, width)), Surface::Car);
    if scale > 1.0 {
        return;
    }
    let glass = (middle + 0.1 * length, middle + 0.4 * length);
    fill(rectangle(position, heading, glass, (-0.8 * width, 0.8 * width)), Surface::Glass);
    if camera.per_meter * p.length < MIN_WHEELS {
        return;
    }
    let (sin, cos) = heading.sin_cos();
    for (axle, turn) in [(-0.5, 0.0), (0.5, angle)] {
        for side in [-width, width] {
            let ahead = middle + axle * p.wheelbase();
            let hub = [x + ahead * cos - side * sin, y + ahead * sin + side * cos];
            let (radius, half) = (0.09 * p.length, 0.08 * p.width);
            fill(rectangle(hub, heading + turn, (-radius, radius), (-half, half)), Surface::Glass);
        }
    }
}

/// Draws the outline of the ghost car.
pub(super) fn ghost_body(vehicle: &Vehicle, ghost: Pose, camera: &Camera, dots: &mut Dots) {
    let p = &vehicle.parameters;
    let (length, width) = (0.5 * p.length, 0.5 * p.width);
    let corners = rectangle(
        ghost.position,
        ghost.heading,
        (middle(vehicle) - length, middle(vehicle) + length),
        (-width, width),
    );
    let corners = corners.map(|corner| camera.dot(corner));
    for i in 0..4 {
        dots.line(corners[i], corners[(i + 1) % 4], GHOST);
    }
}

/// Eighth of a turn nearest to `heading` (rad), counterclockwise from east.
fn eighth(heading: f64) -> usize {
    (heading.rem_euclid(TAU) / FRAC_PI_4).round() as usize % 8
}

/// Draws the car as an arrow.
pub(super) fn arrow(state: &State, camera: &Camera, frame: &mut Frame) {
    const ARROWS: [char; 8] = ['→', '↗', '↑', '↖', '←', '↙', '↓', '↘'];
    if let Some((x, y)) = camera.cell([state.car[0], state.car[1]]) {
        let glyph = if state.off_road { '×' } else { ARROWS[eighth(state.car[4])] };
        frame.set(x, y, Cell { glyph, fg: Rgb(255, 255, 255), bg: Rgb(214, 40, 40) });
    }
}

/// Draws the ghost car as a hollow arrowhead.
pub(super) fn ghost_arrow(ghost: Pose, camera: &Camera, frame: &mut Frame) {
    const HEADS: [char; 4] = ['▷', '△', '◁', '▽'];
    if let Some((x, y)) = camera.cell(ghost.position) {
        let bg = frame.get(x, y).copied().unwrap_or_default().bg;
        let glyph = HEADS[eighth(ghost.heading).div_ceil(2) % 4];
        frame.set(x, y, Cell { glyph, fg: GHOST, bg });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::vehicle::Car;

    /// The body has the real length and width of the car in any direction; it lies around the middle of the axles.
    #[test]
    fn a_body_has_its_real_size() {
        let vehicle = Vehicle { model: Model::Grip, parameters: Car::Club.parameters() };
        let p = &vehicle.parameters;
        for heading in [0.0f64, 0.4, 1.3, 3.9] {
            let corners = rectangle(
                [5.0, 6.0],
                heading,
                (middle(&vehicle) - 0.5 * p.length, middle(&vehicle) + 0.5 * p.length),
                (-0.5 * p.width, 0.5 * p.width),
            );
            let side =
                |i: usize, j: usize| (corners[i][0] - corners[j][0]).hypot(corners[i][1] - corners[j][1]);
            assert!((side(0, 1) - 4.0).abs() < 1e-12 && (side(1, 2) - 1.8).abs() < 1e-12);
            let center: [f64; 2] =
                std::array::from_fn(|i| corners.iter().map(|corner| corner[i]).sum::<f64>() / 4.0);
            let expected = [5.0 + 1.25 * heading.cos(), 6.0 + 1.25 * heading.sin()];
            assert!((0..2).all(|i| (center[i] - expected[i]).abs() < 1e-12), "{center:?} {expected:?}");
        }
        let slipping = Vehicle { model: Model::St, ..vehicle };
        assert!((middle(&slipping) - 0.5 * (1.2 - 1.3)).abs() < 1e-12);
    }

    #[test]
    fn arrows_point_along_the_heading() {
        let eighths = [0.0, 0.8, 1.6, -0.1, 6.2, -1.5].map(eighth);
        assert_eq!(eighths, [0, 1, 2, 0, 0, 6]);
    }
}
