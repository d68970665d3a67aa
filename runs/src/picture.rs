//! Pictures (plots and image grids), written as SVG and PNG or printed in a terminal. The same numbers give the same
//! bytes.
//!
//! | module | contents |
//! |---|---|
//! | [`image_grid`] | [`ImageGrid`]: rows of small images with captions |
//! | [`confusion_matrix`] | [`ConfusionMatrix`]: counts of predicted against true classes |
//! | [`scatter`] | [`Scatter`]: points in a plane, colored by class or by value |
//! | [`chart`] | [`Chart`]: points, lines and bars over one axis |
//! | [`learning_curves`] | [`LearningCurves`]: metrics of runs over their steps |
//! | [`estimators`] | pictures of fitted estimators |
//! | [`scene`] | [`Scene`]: the marks that a picture is drawn with |
//! | [`colors`] | color scales |
//! | `axes` | axes, ticks and legends |
//! | `font` | outlines of the glyphs |
//! | `svg`, `raster` | rendering of a scene as SVG and as PNG |
//! | `terminal` | drawing with the characters of a terminal |

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::{Error, Result};

pub use crate::tui::Depth;

mod axes;
pub mod chart;
pub mod colors;
pub mod confusion_matrix;
pub mod estimators;
pub(crate) mod font;
pub mod image_grid;
pub mod learning_curves;
pub mod profiles;
pub(crate) mod raster;
pub mod scatter;
pub mod scene;
pub(crate) mod svg;
mod terminal;
#[cfg(test)]
mod tests;

pub use chart::Chart;
pub use confusion_matrix::ConfusionMatrix;
pub use image_grid::ImageGrid;
pub use learning_curves::LearningCurves;
pub use scatter::Scatter;
pub use scene::Scene;

/// A picture that can be drawn as a scene and as text.
pub trait Picture: Send + Sync {
    /// Marks of the picture, for SVG and PNG.
    fn scene(&self) -> Scene;
    /// Text for a terminal of `width` columns, with a final newline. In a terminal without colors, characters show
    /// classes and values.
    fn text(&self, width: u16, depth: Depth) -> String;

    /// SVG 1.1, with embedded images.
    fn svg(&self) -> String {
        svg::write(&self.scene())
    }

    /// PNG, [`SCALE`] pixels per unit of the scene.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if a side is longer than 20,000 pixels.
    fn png(&self) -> Result<Vec<u8>> {
        raster::png(&self.scene())
    }
}

/// Pixels of a PNG per unit of its [`Scene`]: 2 for sharp lines on high-resolution screens.
pub const SCALE: u32 = 2;

/// A picture with its file name.
pub struct NamedPicture {
    /// File name without extension.
    pub name: String,
    /// Picture of the files.
    pub picture: Box<dyn Picture>,
}

impl NamedPicture {
    /// Gives `picture` the file name `name`.
    pub fn new(name: impl Into<String>, picture: impl Picture + 'static) -> Self {
        NamedPicture { name: name.into(), picture: Box::new(picture) }
    }
}

/// Writes `<name>.svg` and `<name>.png` into `folder`, which is created if missing; returns both paths, SVG first.
///
/// # Errors
/// [`Error::Io`], and existing files are kept; [`Error::Unsupported`] as for [`Picture::png`].
pub fn write(folder: impl AsRef<Path>, name: &str, picture: &dyn Picture) -> Result<[PathBuf; 2]> {
    let folder = folder.as_ref();
    let png = picture.png()?;
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let paths = ["svg", "png"].map(|ending| folder.join(format!("{name}.{ending}")));
    write_atomically(&paths[0], picture.svg().as_bytes())?;
    write_atomically(&paths[1], &png)?;
    Ok(paths)
}

/// Width of standard output in columns and its color depth; 80 columns without colors if it is not a terminal.
pub fn terminal_size() -> (u16, Depth) {
    if !std::io::stdout().is_terminal() {
        return (80, Depth::None);
    }
    let width = crossterm::terminal::size().map_or(80, |(width, _)| width);
    (width, Depth::detect(|name| std::env::var(name).ok()))
}

/// Checks that `count` is not 0 (else [`Error::Config`]). For the message: `what` is the kind of picture, `of` the kind
/// of the missing items.
fn check_not_empty(what: &str, of: &str, count: usize) -> Result<()> {
    match count {
        0 => Err(Error::Config(format!("{what}: there are no {of} to draw"))),
        _ => Ok(()),
    }
}

/// Checks that two counts are equal (else [`Error::Config`]). For the message: `what` is the kind of picture, each
/// count has a name.
fn check_same_length(what: &str, one: (&str, usize), other: (&str, usize)) -> Result<()> {
    match one.1 == other.1 {
        true => Ok(()),
        false => Err(Error::Config(format!("{what}: {} {} for {} {}", one.1, one.0, other.1, other.0))),
    }
}

/// Checks that all numbers are finite (else [`Error::Config`] with the position of the first other number). For the
/// message: `what` is the kind of picture.
fn check_finite(what: &str, mut all: impl Iterator<Item = f64>) -> Result<()> {
    let Some(at) = all.position(|x| !x.is_finite()) else { return Ok(()) };
    Err(Error::Config(format!("{what}: number {} is NaN or infinite and cannot be drawn", at + 1)))
}

/// Text of `count` with thousands separators, such as `10,000`.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
