//! Drawn faces: 32x32 gray images whose seven factors are known, and the measure that finds the factors in an image.
//!
//! | factor | unit | range | what it moves |
//! |---|---|---|---|
//! | `smile` | | -1..=1 | the corners of the mouth, from hanging to a grin |
//! | `eyes` | px | 1.5..=3 | the radius of the eyes |
//! | `brows` | | -1..=1 | from angry (inner ends down) to astonished (inner ends up, the whole brow raised) |
//! | `hair` | | 0..=1 | from bald to a mop that falls beside the chin |
//! | `glasses` | | 0..=1 | how dark their rims are; 0 is none |
//! | `width` | px | 8.6..=11.8 | half the width of the face |
//! | `tilt` | degrees | -12..=12 | the lean to the right |
//!
//! Face `i` of a seed is a pure function of the two: its factors are uniform in their ranges, and it stands up to
//! [`JITTER`] pixels off the middle in each direction, which is no factor. Noise, where it is asked for, is normal and the
//! gray is cut to 0..=1.

use rayon::prelude::*;

mod draw;
mod measure;
#[cfg(test)]
mod tests;

pub use draw::{FACTORS, Face, PIXELS, SIDE};
pub use measure::nearest;

use super::{Answers, DataSet, Factor, Part, Shape, Split, Target};
use crate::{Error, Purpose, Result, Samples, Streams, settings};

/// Names and units of the factors, in their order.
const NAMES: [(&str, &str); FACTORS] = [
    ("smile", ""),
    ("eyes", "px"),
    ("brows", ""),
    ("hair", ""),
    ("glasses", ""),
    ("width", "px"),
    ("tilt", "degrees"),
];

/// Their least and greatest values.
const RANGES: [(f32, f32); FACTORS] =
    [(-1.0, 1.0), (1.5, 3.0), (-1.0, 1.0), (0.0, 1.0), (0.0, 1.0), (8.6, 11.8), (-12.0, 12.0)];

/// How far a face may stand off the middle, in pixels.
pub const JITTER: f32 = 0.75;

/// Faces that can be drawn at once.
const MOST: usize = 1_000_000;

/// The factors, in the order of [`Face::factors`].
pub fn factors() -> Vec<Factor> {
    let factor = |((name, unit), (low, high)): ((&str, &str), _)| Factor {
        name: name.to_owned(),
        unit: unit.to_owned(),
        low,
        high,
    };
    NAMES.into_iter().zip(RANGES).map(factor).collect()
}

/// Face `i` of `seed` and its image, with noise of this standard deviation.
pub fn face(seed: u64, i: u64, noise: f32) -> (Face, [f32; PIXELS]) {
    let mut dice = Streams::new(seed).stream(Purpose::Data, 1, i);
    let mut within = |low: f32, high: f32| low + (high - low) * dice.uniform() as f32;
    let factors = RANGES.map(|(low, high)| within(low, high));
    let face = Face { factors, x: within(-JITTER, JITTER), y: within(-JITTER, JITTER) };
    let mut image = [0.0; PIXELS];
    face.draw(&mut image);
    if noise > 0.0 {
        image.iter_mut().for_each(|gray| *gray = (*gray + noise * dice.normal() as f32).clamp(0.0, 1.0));
    }
    (face, image)
}

/// `n` faces, the last `test_share` of them to test; `answer` is the factor that is asked, if any.
///
/// # Errors
/// [`Error::Config`] for a number, a noise or a share outside its range, or a factor that there is not.
pub fn set(n: usize, seed: u64, noise: f32, test_share: f64, answer: &str) -> Result<DataSet> {
    if !(1..=MOST).contains(&n) {
        return Err(Error::Config(format!("faces = {n} is outside 1..={MOST}")));
    }
    if !(0.0..=1.0).contains(&noise) {
        return Err(Error::Config(format!("noise = {noise} is outside 0..=1, the range of gray")));
    }
    let test = super::split::held_out(n, test_share)?;
    let asked = match answer {
        "" | "none" => None,
        name => Some(NAMES.iter().position(|factor| factor.0 == name).ok_or_else(|| {
            Error::Config(settings::unknown("factor", name, &NAMES.map(|factor| factor.0), "faces"))
        })?),
    };
    let target = match asked {
        None => Target::None,
        Some(k) => Target::Number { name: NAMES[k].0.to_owned(), unit: NAMES[k].1.to_owned() },
    };
    let part = |first: usize, rows: usize| -> Result<Part> {
        let mut pixels = vec![0.0; rows * PIXELS];
        let mut factors = vec![0.0; rows * FACTORS];
        let rows = pixels.par_chunks_mut(PIXELS).zip(factors.par_chunks_mut(FACTORS));
        rows.enumerate().for_each(|(i, (pixels, factors))| {
            let (face, image) = face(seed, (first + i) as u64, noise);
            pixels.copy_from_slice(&image);
            factors.copy_from_slice(&face.factors);
        });
        let answers = match asked {
            None => Answers::None,
            Some(k) => Answers::Numbers(factors.iter().skip(k).step_by(FACTORS).copied().collect()),
        };
        let factors = Some(Samples::new(factors, FACTORS)?);
        Ok(Part { samples: Samples::new(pixels, PIXELS)?, answers, factors })
    };
    Ok(DataSet {
        name: "faces".to_owned(),
        shape: Shape::gray(SIDE, SIDE),
        target,
        factors: factors(),
        train: part(0, n - test)?,
        test: part(n - test, test)?,
        split: Split::Drawn { seed },
        credit: "drawn by Freewheel".to_owned(),
    })
}

/// The factors of an image, see [`nearest`]: in the units of [`factors`], up to a quarter of a range beyond it.
pub fn measure(image: &[f32; PIXELS]) -> [f32; FACTORS] {
    nearest(image).factors
}

/// [`measure`] of every row, `[N, 7]`; on all threads.
///
/// # Errors
/// [`Error::Config`] where a row is no image of 32x32.
pub fn measure_all(images: &Samples) -> Result<Samples> {
    let wrong = || Error::Config(format!("rows of {} numbers are no faces of 32x32", images.width()));
    let rows: Vec<[f32; FACTORS]> = images
        .values()
        .par_chunks(images.width())
        .map(|row| row.try_into().map(measure).map_err(|_| wrong()))
        .collect::<Result<_>>()?;
    Samples::new(rows.concat(), FACTORS)
}
