//! Generated faces: 32x32 gray images with seven known factors, and the measurement of the factors in an image.
//!
//! | factor of variation | unit | range | effect |
//! |---|---|---|---|
//! | `smile` | | -1..=1 | corners of the mouth, from a frown to a grin |
//! | `eyes` | px | 1.5..=3 | radius of the eyes |
//! | `brows` | | -1..=1 | from angry (inner ends down) to surprised (inner ends up, brows raised) |
//! | `hair` | | 0..=1 | from bald to hair down to the chin |
//! | `glasses` | | 0..=1 | darkness of the rims; 0 is no glasses |
//! | `width` | px | 8.6..=11.8 | half the width of the face |
//! | `tilt` | degrees | -12..=12 | tilt to the right |
//!
//! Face `i` of a seed is a pure function of seed and `i`. The factors are uniform in their ranges. The center of the
//! face is shifted from the center of the image by up to [`JITTER`] pixels in each direction; the shift is not a
//! factor. Noise is normal, and gray values are clipped to 0..=1.
//!
//! ```
//! use freewheel_agents::data::faces;
//!
//! let (face, image) = faces::face(0, 0, 0.0);
//! let smile = faces::measure(&image)[0];
//! assert!((smile - face.factors[0]).abs() < 0.1);
//! ```

use rayon::prelude::*;

mod draw;
mod measure;
#[cfg(test)]
mod tests;

pub use draw::{FACTORS, Face, PIXELS, SIDE};
pub use measure::nearest;

use super::{DataSet, Factor, Shape, Split, Subset, TargetSpec, Targets};
use crate::Samples;
use crate::samples::to_f32;
use freewheel_core::{Error, Purpose, Result, Streams, settings};

/// Names and units of the factors, in the order of [`Face::factors`].
const NAMES: [(&str, &str); FACTORS] = [
    ("smile", ""),
    ("eyes", "px"),
    ("brows", ""),
    ("hair", ""),
    ("glasses", ""),
    ("width", "px"),
    ("tilt", "degrees"),
];

/// Lowest and highest value of each factor.
const RANGES: [(f32, f32); FACTORS] =
    [(-1.0, 1.0), (1.5, 3.0), (-1.0, 1.0), (0.0, 1.0), (0.0, 1.0), (8.6, 11.8), (-12.0, 12.0)];

/// Maximum shift of a face from the center of the image in each direction, in pixels.
pub const JITTER: f32 = 0.75;

/// Maximum number of faces of a data set.
const MAX_FACES: usize = 1_000_000;

/// Factors in the order of [`Face::factors`].
pub fn factors() -> Vec<Factor> {
    let factor = |((name, unit), (low, high)): ((&str, &str), _)| Factor {
        name: name.to_owned(),
        unit: unit.to_owned(),
        low,
        high,
    };
    NAMES.into_iter().zip(RANGES).map(factor).collect()
}

/// Face `i` of `seed`, and its image `[32, 32]` with noise of the standard deviation `noise`.
pub fn face(seed: u64, i: u64, noise: f32) -> (Face, [f32; PIXELS]) {
    let mut rng = Streams::new(seed).stream(Purpose::Data, 1, i);
    let mut uniform = |low: f32, high: f32| low + (high - low) * rng.uniform() as f32;
    let factors = RANGES.map(|(low, high)| uniform(low, high));
    let face = Face { factors, x: uniform(-JITTER, JITTER), y: uniform(-JITTER, JITTER) };
    let mut image = [0.0; PIXELS];
    face.draw(&mut image);
    if noise > 0.0 {
        image.iter_mut().for_each(|gray| *gray = (*gray + noise * rng.normal() as f32).clamp(0.0, 1.0));
    }
    (face, image)
}

/// Data set of `n` faces; the last fraction `test_size` of the faces is for testing. `target` is the name of the factor
/// to predict; empty or `none` for no targets.
///
/// # Errors
/// [`Error::Config`] for a number, noise or fraction out of range, or an unknown factor.
pub fn generate(n: usize, seed: u64, noise: f32, test_size: f64, target: &str) -> Result<DataSet> {
    if !(1..=MAX_FACES).contains(&n) {
        return Err(Error::Config(format!("faces = {n} must be in 1..={MAX_FACES}")));
    }
    if !(0.0..=1.0).contains(&noise) {
        return Err(Error::Config(format!("noise = {noise} must be in 0..=1")));
    }
    // Images in f32 and f64.
    freewheel_core::memory::require(&format!("faces = {n}"), 12 * n as u128 * PIXELS as u128)?;
    let test = super::split::test_rows(n, test_size)?;
    let column = match target {
        "" | "none" => None,
        name => Some(NAMES.iter().position(|factor| factor.0 == name).ok_or_else(|| {
            Error::Config(settings::unknown("factor", name, &NAMES.map(|factor| factor.0), "faces"))
        })?),
    };
    let target = match column {
        None => TargetSpec::None,
        Some(k) => TargetSpec::Number { name: NAMES[k].0.to_owned(), unit: NAMES[k].1.to_owned() },
    };
    let subset = |first: usize, rows: usize| -> Result<Subset> {
        let mut pixels = vec![0.0; rows * PIXELS];
        let mut factors = vec![0.0; rows * FACTORS];
        let rows = pixels.par_chunks_mut(PIXELS).zip(factors.par_chunks_mut(FACTORS));
        rows.enumerate().for_each(|(i, (pixels, factors))| {
            let (face, image) = face(seed, (first + i) as u64, noise);
            pixels.copy_from_slice(&image);
            factors.copy_from_slice(&face.factors);
        });
        let targets = match column {
            None => Targets::None,
            Some(k) => {
                Targets::Values(factors.iter().skip(k).step_by(FACTORS).map(|&f| f64::from(f)).collect())
            }
        };
        let factors = Some(Samples::from_f32(&factors, FACTORS)?);
        Ok(Subset { samples: Samples::from_f32(&pixels, PIXELS)?, targets, factors })
    };
    Ok(DataSet {
        name: "faces".to_owned(),
        shape: Shape::gray(SIDE, SIDE),
        target,
        factors: factors(),
        train: subset(0, n - test)?,
        test: subset(n - test, test)?,
        split: Split::Drawn { seed },
        credit: "generated by Freewheel".to_owned(),
        preparation: None,
        notes: Vec::new(),
    })
}

/// Factors of an image, measured by [`nearest`], in the units of [`factors`]. A factor may exceed its range by up to a
/// quarter of the range.
pub fn measure(image: &[f32; PIXELS]) -> [f32; FACTORS] {
    nearest(image).factors
}

/// Factors `[N, 7]` of N images, by [`measure`] on all threads.
///
/// # Errors
/// [`Error::Config`] for samples that are not images of 32x32.
pub fn measure_all(images: &Samples) -> Result<Samples> {
    let size_error =
        || Error::Config(format!("samples of {} features are not images of 32x32", images.width()));
    let rows: Vec<[f32; FACTORS]> = images
        .values()
        .par_chunks(images.width())
        .map(|row| to_f32(row).as_slice().try_into().map(measure).map_err(|_| size_error()))
        .collect::<Result<_>>()?;
    Samples::from_f32(&rows.concat(), FACTORS)
}
