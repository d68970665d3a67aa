//! Random circuits: a spline through points around a center, drawn again until it makes a road.

use std::f64::consts::TAU;

use freewheel_core::{Error, Purpose, Result, Streams};

use super::{Circuit, Line, Spline, Widths};

/// Drawings at most; one in a few is a road.
const ATTEMPTS: u64 = 1_000;
/// The tightest bend's radius at least, m.
const TIGHTEST: f64 = 11.0;

/// The circuit of this seed: 8 to 14 points at 60 to 220 m from a center, 9 to 13 m wide.
///
/// No road of it folds or runs into itself: whatever does is drawn again, from the seed's next stream.
pub(super) fn random(seed: u64) -> Result<Circuit> {
    for attempt in 0..ATTEMPTS {
        let mut rng = Streams::new(seed).stream(Purpose::Generation, 0, attempt);
        let count = 8 + rng.below(7);
        let point = |i: u32, jitter: f64, distance: f64| {
            let (sin, cos) = (TAU * (f64::from(i) + 0.7 * (jitter - 0.5)) / f64::from(count)).sin_cos();
            [distance * cos, distance * sin]
        };
        let points: Vec<[f64; 2]> =
            (0..count).map(|i| point(i, rng.uniform(), 60.0 + 160.0 * rng.uniform())).collect();
        let half = 4.5 + 2.0 * rng.uniform();
        let spline = Line::Spline(Spline::through(&points));
        let Ok(circuit) = Circuit::new("random", spline, Widths::constant(half, half), false) else {
            continue;
        };
        if circuit.table.tightest() * TIGHTEST <= 1.0 {
            return Ok(circuit);
        }
    }
    Err(Error::Config(format!(
        "track/random: none of {ATTEMPTS} drawings of seed {seed} is a road; choose another seed"
    )))
}
