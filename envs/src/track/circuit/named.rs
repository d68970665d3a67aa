//! Built-in circuits and random circuits.

use std::f64::consts::TAU;

use freewheel_core::{Error, Purpose, Result, Streams};

use super::road::{Corner, Road};
use super::{CenterLine, Circuit, Spline, Widths};

/// Names and descriptions of the built-in circuits.
pub(in super::super) const CIRCUITS: &[(&str, &str)] = &[
    ("circle", "a circle of radius 15 m, 8 m wide; the lap time at constant speed is known exactly"),
    (
        "stadium",
        "two straights of 100 m and two half circles of radius 20 m, 10 m wide; the fastest lap of the center line is \
         known exactly",
    ),
    ("l", "six right angles, one of them to the right, 10 m wide"),
    ("hairpins", "a left and a right hairpin between long straights, 9 m wide"),
    ("chicane", "a long straight with a left-right-right-left flick, 10 m wide"),
    ("club", "eight corners of radius 16 to 60 m, 9 to 12 m wide: a typical club circuit"),
    ("small", "the club circuit at 1:10, for the small car"),
    ("random", "a random circuit, chosen by `seed`"),
];

/// Corners of a circuit in the direction of travel: `(x, y, radius, clothoid length)` of each, m.
type Corners = &'static [(f64, f64, f64, f64)];

const STADIUM: Corners =
    &[(140.0, 0.0, 20.0, 0.0), (140.0, 40.0, 20.0, 0.0), (0.0, 40.0, 20.0, 0.0), (0.0, 0.0, 20.0, 0.0)];

const L: Corners = &[
    (120.0, 0.0, 15.0, 8.0),
    (120.0, 60.0, 15.0, 8.0),
    (60.0, 60.0, 12.0, 8.0),
    (60.0, 120.0, 15.0, 8.0),
    (0.0, 120.0, 15.0, 8.0),
    (0.0, 0.0, 15.0, 8.0),
];

const HAIRPINS: Corners = &[
    (160.0, 0.0, 10.5, 4.0),
    (160.0, 26.0, 10.5, 4.0),
    (50.0, 26.0, 10.5, 4.0),
    (50.0, 52.0, 10.5, 4.0),
    (160.0, 52.0, 18.0, 8.0),
    (160.0, 100.0, 18.0, 8.0),
    (0.0, 100.0, 20.0, 8.0),
    (0.0, 0.0, 20.0, 8.0),
];

const CHICANE: Corners = &[
    (0.0, 80.0, 25.0, 10.0),
    (0.0, 0.0, 25.0, 10.0),
    (100.0, 0.0, 18.0, 6.0),
    (118.0, 14.0, 18.0, 6.0),
    (160.0, 14.0, 18.0, 6.0),
    (178.0, 0.0, 18.0, 6.0),
    (260.0, 0.0, 25.0, 10.0),
    (260.0, 80.0, 25.0, 10.0),
];

const CLUB: Corners = &[
    (440.0, 0.0, 28.0, 14.0),
    (400.0, 130.0, 22.0, 12.0),
    (500.0, 230.0, 30.0, 16.0),
    (430.0, 330.0, 16.0, 10.0),
    (300.0, 250.0, 26.0, 14.0),
    (190.0, 330.0, 45.0, 18.0),
    (20.0, 300.0, 60.0, 24.0),
    (-60.0, 0.0, 24.0, 12.0),
];

/// Half the width of the circuit `club`: pairs of a fraction of the lap and half the width there, m.
const CLUB_WIDTHS: &[(f64, f64)] =
    &[(0.0, 6.0), (0.2, 5.5), (0.35, 5.0), (0.45, 4.5), (0.65, 4.5), (0.8, 5.5)];

/// Circuit `name`; `None` for an unknown name. `seed` applies to `random` only.
pub(in super::super) fn named(name: &str, seed: u64) -> Result<Option<Circuit>> {
    let (corners, widths, scale): (Corners, &[(f64, f64)], f64) = match name {
        "circle" => return Circuit::circle(15.0, 4.0).map(Some),
        "random" => return random(seed).map(Some),
        "stadium" => (STADIUM, &[(0.0, 5.0)], 1.0),
        "l" => (L, &[(0.0, 5.0)], 1.0),
        "hairpins" => (HAIRPINS, &[(0.0, 4.5)], 1.0),
        "chicane" => (CHICANE, &[(0.0, 5.0)], 1.0),
        "club" => (CLUB, CLUB_WIDTHS, 1.0),
        "small" => (CLUB, CLUB_WIDTHS, 0.1),
        _ => return Ok(None),
    };
    let corner = |&(x, y, radius, transition): &(f64, f64, f64, f64)| Corner {
        at: [x * scale, y * scale],
        radius: radius * scale,
        transition: transition * scale,
    };
    let Some(road) = Road::around_polygon(&corners.iter().map(corner).collect::<Vec<_>>()) else {
        return Ok(None);
    };
    let length = road.length();
    let marks = widths.iter().map(|&(share, half)| (share * length, half * scale, half * scale)).collect();
    Circuit::new(name, CenterLine::Road(road), Widths::between(marks, length), false)
        .map(Some)
        .map_err(|error| error.to_config(name))
}

/// Maximum number of attempts to generate a random circuit; one in a few attempts gives a valid circuit.
const MAX_ATTEMPTS: u64 = 1_000;
/// Minimum bend radius of a random circuit, m.
const MIN_RADIUS: f64 = 11.0;

/// Random circuit: a spline through 8 to 14 points 60 to 220 m from a center, 9 to 13 m wide.
///
/// Invalid samples (folded edges, crossing roads, bends that are too tight) are replaced by samples from the next
/// random stream of the seed.
pub(super) fn random(seed: u64) -> Result<Circuit> {
    for attempt in 0..MAX_ATTEMPTS {
        let mut rng = Streams::new(seed).stream(Purpose::Generation, 0, attempt);
        let count = 8 + rng.below(7);
        let point = |i: u32, jitter: f64, distance: f64| {
            let (sin, cos) = (TAU * (f64::from(i) + 0.7 * (jitter - 0.5)) / f64::from(count)).sin_cos();
            [distance * cos, distance * sin]
        };
        let points: Vec<[f64; 2]> =
            (0..count).map(|i| point(i, rng.uniform(), 60.0 + 160.0 * rng.uniform())).collect();
        let half = 4.5 + 2.0 * rng.uniform();
        let spline = CenterLine::Spline(Spline::through(&points));
        let Ok(circuit) = Circuit::new("random", spline, Widths::constant(half, half), false) else {
            continue;
        };
        if circuit.table.max_curvature() * MIN_RADIUS <= 1.0 {
            return Ok(circuit);
        }
    }
    Err(Error::setting(
        "seed",
        format!(
            "track/random: seed {seed} gave no valid circuit in {MAX_ATTEMPTS} attempts; choose another `seed`"
        ),
    ))
}
