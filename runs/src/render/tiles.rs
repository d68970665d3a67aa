//! Cells as pixels: characters drawn with the embedded fonts, or exactly as rectangles and dots.

use std::collections::HashMap;

use freewheel_core::{Error, Result};
use tiny_skia::{Color, FillRule, Paint, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::screen::{Glyph, Screen};
use super::shapes::{Shape, shapes};
use crate::picture::font::Font;
use crate::picture::raster;

/// Pixels of a cell, row by row: red, green, blue.
pub(super) type Tile = Vec<[u8; 3]>;

/// Maker of tiles, which draws each character once.
pub(super) struct Tiles {
    /// Width of a cell in pixels; the height is twice the width.
    width: usize,
    /// Number of shades between the colors of the background and of the character.
    shades: u8,
    masks: HashMap<(char, bool), Vec<u8>>,
}

impl Tiles {
    /// Tiles that are `width` pixels wide, an even number, with this number of shades, at least 1.
    pub(super) fn new(width: usize, shades: u8) -> Self {
        Tiles { width, shades, masks: HashMap::new() }
    }

    /// Width of a tile.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Height of a tile.
    pub(super) fn height(&self) -> usize {
        2 * self.width
    }

    /// Pixels of a cell.
    pub(super) fn tile(&mut self, glyph: Glyph) -> Tile {
        let (width, shades) = (self.width, u16::from(self.shades.max(1)));
        let key = (glyph.symbol, glyph.bold);
        let mask = self.masks.entry(key).or_insert_with(|| mask(glyph.symbol, glyph.bold, width as f32));
        let blend = |&alpha: &u8| {
            let shade = (u16::from(alpha) * shades + 127) / 255;
            let t = f32::from(shade) / f32::from(shades);
            let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * t).round() as u8;
            [0, 1, 2].map(|i| mix(glyph.bg[i], glyph.fg[i]))
        };
        mask.iter().map(blend).collect()
    }

    /// PNG of a screen.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the encoder fails.
    pub(super) fn png(&mut self, screen: &Screen) -> Result<Vec<u8>> {
        let (across, down) = (screen.columns * self.width(), screen.rows() * self.height());
        let side = |pixels: usize| {
            u32::try_from(pixels).map_err(|_| Error::Unsupported("the picture is too large".into()))
        };
        raster::encode(side(across)?, side(down)?, &self.pixels(screen))
    }

    /// Pixels of a screen, row by row: red, green, blue.
    pub(super) fn pixels(&mut self, screen: &Screen) -> Vec<u8> {
        let (w, h) = (self.width(), self.height());
        let (across, down) = (screen.columns * w, screen.rows() * h);
        let mut pixels = vec![0; 3 * across * down];
        let mut known: HashMap<Glyph, Tile> = HashMap::new();
        for (i, &glyph) in screen.cells.iter().enumerate() {
            let tile = known.entry(glyph).or_insert_with(|| self.tile(glyph));
            let (left, top) = (i % screen.columns * w, i / screen.columns * h);
            for (y, row) in tile.chunks(w).enumerate() {
                let at = 3 * ((top + y) * across + left);
                pixels[at..at + 3 * w].copy_from_slice(row.as_flattened());
            }
        }
        pixels
    }
}

/// Coverage of the pixels of a cell by a character, 0 to 255.
fn mask(symbol: char, bold: bool, w: f32) -> Vec<u8> {
    let h = 2.0 * w;
    let Some(mut canvas) = Pixmap::new(w as u32, h as u32) else { return Vec::new() };
    let paint = |alpha: f32| {
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        paint.set_color(Color::from_rgba(1.0, 1.0, 1.0, alpha).unwrap_or(Color::WHITE));
        paint
    };
    let none = Transform::identity();
    let path = match shapes(symbol, w, h) {
        Some(all) => {
            for shape in all {
                match shape {
                    Shape::Rect { x, y, w, h, alpha } => {
                        if let Some(rect) = Rect::from_xywh(x, y, w, h) {
                            canvas.fill_rect(rect, &paint(alpha), none, None);
                        }
                    }
                    Shape::Circle { x, y, r } => {
                        if let Some(path) = PathBuilder::from_circle(x, y, r) {
                            canvas.fill_path(&path, &paint(1.0), FillRule::Winding, none, None);
                        }
                    }
                    Shape::Curve { points: [from, a, b, to], width } => {
                        let mut path = PathBuilder::new();
                        path.move_to(from.0, from.1);
                        path.cubic_to(a.0, a.1, b.0, b.1, to.0, to.1);
                        let stroke = Stroke { width, ..Stroke::default() };
                        if let Some(path) = path.finish() {
                            canvas.stroke_path(&path, &paint(1.0), &stroke, none, None);
                        }
                    }
                }
            }
            None
        }
        None => outline(symbol, bold, w, h),
    };
    if let Some(path) = path {
        canvas.fill_path(&path, &paint(1.0), FillRule::Winding, none, None);
    }
    canvas.pixels().iter().map(|pixel| pixel.alpha()).collect()
}

/// Font size at which a character of the font fills the width `w` of a cell.
pub(super) fn font_size(w: f32) -> f32 {
    w / Font::Mono.advance('0').unwrap_or(0.6)
}

/// Baseline of a text in a cell of the height `h`, counted from the top.
pub(super) fn baseline(w: f32, h: f32) -> f32 {
    let (ascent, descent) = Font::Mono.extent();
    let size = font_size(w);
    ((h - (ascent + descent) * size) / 2.0 + ascent * size).round()
}

/// Outline of a character in its cell; a symbol of the wider font is made to fit, and a character that no font has is
/// an empty box.
fn outline(symbol: char, bold: bool, w: f32, h: f32) -> Option<tiny_skia::Path> {
    let mut path = PathBuilder::new();
    let font = if bold { Font::MonoBold } else { Font::Mono };
    let known = [font, Font::Mono].into_iter().find(|font| font.advance(symbol).is_some());
    if let Some(font) = known {
        font.add_glyph(symbol, 0.0, baseline(w, h), font_size(w), &mut path);
        return path.finish();
    }
    if Font::Sans.advance(symbol).is_none() {
        let frame = |path: &mut PathBuilder, inset: f32| {
            if let Some(rect) = Rect::from_xywh(inset, 2.0 * inset, w - 2.0 * inset, h - 4.0 * inset) {
                path.push_rect(rect);
            }
        };
        frame(&mut path, w * 0.2);
        let path = path.finish()?;
        let stroke = Stroke { width: w / 10.0, ..Stroke::default() };
        return path.stroke(&stroke, 1.0);
    }
    Font::Sans.add_glyph(symbol, 0.0, 0.0, font_size(w), &mut path);
    let path = path.finish()?;
    let bounds = path.bounds();
    let scale = (w / bounds.width()).min(0.8 * h / bounds.height()).min(1.0);
    let center = |low: f32, high: f32, size: f32| (size - scale * (low + high)) / 2.0;
    let (x, y) = (center(bounds.left(), bounds.right(), w), center(bounds.top(), bounds.bottom(), h));
    path.transform(Transform::from_row(scale, 0.0, 0.0, scale, x, y))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyph(symbol: char) -> Glyph {
        Glyph { symbol, bold: false, fg: [255, 255, 255], bg: [0, 0, 0] }
    }

    #[test]
    fn characters_cover_pixels_of_their_cell() {
        let mut tiles = Tiles::new(10, 255);
        let mut light =
            |symbol| tiles.tile(glyph(symbol)).iter().map(|rgb| u64::from(rgb[0])).sum::<u64>() / 255;
        assert_eq!((light(' '), light('█'), light('▀')), (0, 200, 100));
        // A letter, a symbol of the wider font, and a character that no font has.
        for symbol in ['A', '⚑', '碁'] {
            assert!((10..120).contains(&light(symbol)), "{symbol} {}", light(symbol));
        }
    }

    #[test]
    fn a_half_block_has_a_sharp_edge() {
        let tile = Tiles::new(10, 4).tile(glyph('▄'));
        assert!(
            tile[..100].iter().all(|rgb| *rgb == [0; 3]) && tile[100..].iter().all(|rgb| *rgb == [255; 3])
        );
    }

    #[test]
    fn a_png_has_the_size_of_the_screen() {
        let screen = Screen { columns: 3, cells: vec![glyph('x'); 6] };
        let bytes = Tiles::new(8, 255).png(&screen).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (24, 32));
    }
}
