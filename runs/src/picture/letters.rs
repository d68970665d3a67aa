//! The outlines of the letters: DejaVu Sans, which is inside the program, so that a picture is the same on every machine.

use std::sync::LazyLock;

use tiny_skia::PathBuilder;
use ttf_parser::{Face, OutlineBuilder};

/// The font; that it can be read is tested.
static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(dejavu::sans::regular(), 0).ok());

/// How wide `text` is at `size` pixels an em.
pub(super) fn width(text: &str, size: f32) -> f32 {
    let Some(face) = &*FACE else { return 0.0 };
    let units: f32 = text.chars().map(|letter| advance(face, letter)).sum();
    units * size / f32::from(face.units_per_em())
}

/// Adds the outlines of `text` to `path`, from `(x, y)` on the base line to the right, at `size` pixels an em.
pub(super) fn outline(text: &str, x: f32, y: f32, size: f32, path: &mut PathBuilder) {
    let Some(face) = &*FACE else { return };
    let scale = size / f32::from(face.units_per_em());
    let mut pen = Pen { x, y, scale, path };
    for letter in text.chars() {
        if let Some(glyph) = face.glyph_index(letter) {
            face.outline_glyph(glyph, &mut pen);
        }
        pen.x += advance(face, letter) * scale;
    }
}

fn advance(face: &Face<'_>, letter: char) -> f32 {
    let glyph = face.glyph_index(letter).unwrap_or_default();
    face.glyph_hor_advance(glyph).map_or(0.0, f32::from)
}

struct Pen<'a> {
    x: f32,
    y: f32,
    scale: f32,
    path: &'a mut PathBuilder,
}

impl Pen<'_> {
    /// A font's y goes up, a picture's down.
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::{FACE, width};

    #[test]
    fn the_font_has_what_is_written() {
        let face = FACE.as_ref().unwrap();
        for letter in "Az09 .,-−→²°ßé·…%±σ".chars() {
            assert!(face.glyph_index(letter).is_some(), "{letter}");
        }
        assert!(width("wide", 10.0) > width("will", 10.0) && width("", 10.0) == 0.0);
    }
}
