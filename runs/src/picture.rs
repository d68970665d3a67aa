//! Pictures: what a learner found, to look at. Each is a plain value made of plain numbers, and is written as SVG and as PNG or shown
//! in a terminal; the same numbers give the same bytes.
//!
//! | module | what it holds |
//! |---|---|
//! | [`sheet`] | [`Sheet`]: rows of small images with captions |
//! | [`matrix`] | [`Matrix`]: how often each class was taken for each |
//! | [`scatter`] | [`Scatter`]: points in a plane, colored by class or by value |
//! | [`chart`] | [`Chart`]: points, lines and bars over one axis |
//! | [`learners`] | the pictures of fitted learners |
//! | [`scene`] | [`Scene`]: the marks that all of these are drawn with |
//! | [`colors`] | which colors, and why these |
//! | `plane` | axes |
//! | `letters` | the outlines of the letters |
//! | `svg`, `raster` | a scene as SVG and as PNG |
//! | `characters` | drawing with the characters of a terminal |

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::{Error, Result};

pub use crate::tui::Depth;

mod characters;
pub mod chart;
pub mod colors;
pub mod learners;
mod letters;
pub mod matrix;
mod plane;
mod raster;
pub mod scatter;
pub mod scene;
pub mod sheet;
mod svg;
#[cfg(test)]
mod tests;

pub use chart::Chart;
pub use matrix::Matrix;
pub use scatter::Scatter;
pub use scene::Scene;
pub use sheet::Sheet;

/// Something to look at.
pub trait Picture: Send + Sync {
    /// What is drawn on paper.
    fn scene(&self) -> Scene;
    /// The same for a terminal of `width` columns, its last line ended. Without colors characters tell.
    fn text(&self, width: u16, depth: Depth) -> String;

    /// As SVG 1.1, images inside it.
    fn svg(&self) -> String {
        svg::write(&self.scene())
    }

    /// As PNG, [`SCALE`] pixels for each unit of the scene.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where it would be too large.
    fn png(&self) -> Result<Vec<u8>> {
        raster::png(&self.scene())
    }
}

/// Pixels of a PNG for each unit of its [`Scene`]: sharp on today's screens.
pub const SCALE: u32 = 2;

/// A picture and what its files are called.
pub struct Named {
    /// The name of its files, without an ending.
    pub name: String,
    /// The picture.
    pub picture: Box<dyn Picture>,
}

impl Named {
    /// `picture`, called `name`.
    pub fn new(name: impl Into<String>, picture: impl Picture + 'static) -> Self {
        Named { name: name.into(), picture: Box::new(picture) }
    }
}

/// Writes `<name>.svg` and `<name>.png` into `folder`, which is made where it is missing; gives their paths in this order.
///
/// # Errors
/// [`Error::Io`]; then whatever stood there still stands. [`Error::Unsupported`] as [`Picture::png`].
pub fn write(folder: impl AsRef<Path>, name: &str, picture: &dyn Picture) -> Result<[PathBuf; 2]> {
    let folder = folder.as_ref();
    let png = picture.png()?;
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    let paths = ["svg", "png"].map(|ending| folder.join(format!("{name}.{ending}")));
    write_atomically(&paths[0], picture.svg().as_bytes())?;
    write_atomically(&paths[1], &png)?;
    Ok(paths)
}

/// How wide standard output is, in columns, and which colors it shows: none where it is no terminal.
pub fn screen() -> (u16, Depth) {
    if !std::io::stdout().is_terminal() {
        return (80, Depth::None);
    }
    let width = crossterm::terminal::size().map_or(80, |(width, _)| width);
    (width, Depth::detect(|name| std::env::var(name).ok()))
}

/// Says that there is nothing to draw.
///
/// # Errors
/// [`Error::Config`] where `count` is 0.
fn some(what: &str, of: &str, count: usize) -> Result<()> {
    match count {
        0 => Err(Error::Config(format!("{what}: there are no {of} to draw"))),
        _ => Ok(()),
    }
}

/// Says how many there must be.
///
/// # Errors
/// [`Error::Config`] where the counts differ.
fn as_many(what: &str, one: (&str, usize), other: (&str, usize)) -> Result<()> {
    match one.1 == other.1 {
        true => Ok(()),
        false => Err(Error::Config(format!("{what}: {} {} for {} {}", one.1, one.0, other.1, other.0))),
    }
}

/// Says where a number cannot be drawn.
///
/// # Errors
/// [`Error::Config`] where one is NaN or infinite.
fn finite(what: &str, mut all: impl Iterator<Item = f64>) -> Result<()> {
    let Some(at) = all.position(|x| !x.is_finite()) else { return Ok(()) };
    Err(Error::Config(format!("{what}: number {} is NaN or infinite and cannot be drawn", at + 1)))
}

/// `count` with its thousands apart: `10,000`.
pub(crate) fn counted(count: u64) -> String {
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
