//! The circuits that have names, of our own drawing.

use freewheel_core::Result;

use super::road::{Corner, Road};
use super::{Circuit, Line, Widths};

/// Names and what they are.
pub(in super::super) const NAMES: &[(&str, &str)] = &[
    ("circle", "a circle of radius 15 m, 8 m wide: the steady lap is known exactly"),
    (
        "stadium",
        "two straights of 100 m and two half circles of 20 m, 10 m wide: the exact lap of its centre line is known",
    ),
];

/// The circuit called `name`; `None` where there is none.
pub(in super::super) fn named(name: &str) -> Result<Option<Circuit>> {
    let plain = |x: f64, y: f64, radius: f64, transition: f64| Corner { at: [x, y], radius, transition };
    let (corners, half_width) = match name {
        "circle" => return Circuit::circle(15.0, 4.0).map(Some),
        "stadium" => {
            let corners = [(140.0, 0.0), (140.0, 40.0), (0.0, 40.0), (0.0, 0.0)];
            (corners.map(|(x, y)| plain(x, y, 20.0, 0.0)).to_vec(), 5.0)
        }
        _ => return Ok(None),
    };
    let Some(road) = Road::around(&corners) else {
        return Ok(None);
    };
    let widths = Widths::constant(half_width, half_width);
    Circuit::new(name, Line::Road(road), widths, false).map(Some).map_err(|fault| fault.config(name))
}
