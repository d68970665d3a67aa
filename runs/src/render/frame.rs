//! [`FramePainter`]: the drawing of a world as pixels, for programs without a terminal.

use freewheel_core::{Cell, Frame};

use super::screen::{Glyph, Screen};
use super::tiles::Tiles;
use super::{CELL, SHADES};

/// Painter of [`Frame`]s as pixels, with the embedded font; it draws each character once.
///
/// ```
/// use freewheel::core::{Frame, Rgb};
///
/// let mut frame = Frame::default();
/// frame.clear(2, 1);
/// frame.write(0, 0, "█", Rgb(250, 0, 0), Rgb(0, 0, 0));
/// let (width, height, pixels) = freewheel::FramePainter::default().paint(&frame);
/// assert_eq!((width, height, pixels.len()), (20, 20, 3 * 20 * 20));
/// assert_eq!((&pixels[..3], &pixels[57..60]), (&[250, 0, 0][..], &[0, 0, 0][..]));
/// ```
pub struct FramePainter(Tiles);

impl Default for FramePainter {
    fn default() -> Self {
        FramePainter(Tiles::new(CELL.0, SHADES.1))
    }
}

impl FramePainter {
    /// Width and height in pixels, and the pixels row by row: red, green, blue.
    pub fn paint(&mut self, frame: &Frame) -> (usize, usize, Vec<u8>) {
        let glyph = |cell: &Cell| Glyph {
            symbol: cell.glyph,
            bold: false,
            fg: [cell.fg.0, cell.fg.1, cell.fg.2],
            bg: [cell.bg.0, cell.bg.1, cell.bg.2],
        };
        let places = (0..frame.height()).flat_map(|y| (0..frame.width()).map(move |x| (x, y)));
        let cells = places.filter_map(|(x, y)| frame.get(x, y)).map(glyph).collect();
        let screen = Screen { columns: frame.width(), cells };
        let (width, height) = (screen.columns * self.0.width(), screen.rows() * self.0.height());
        (width, height, self.0.pixels(&screen))
    }
}
