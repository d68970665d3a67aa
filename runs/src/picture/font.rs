//! Outlines of the glyphs of DejaVu Sans. The font is embedded, so that a picture is the same on every machine.

use std::sync::LazyLock;

use tiny_skia::PathBuilder;
use ttf_parser::{Face, OutlineBuilder};

/// Embedded font; a test checks that it can be read.
static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(dejavu::sans::regular(), 0).ok());

/// Width of `text` at a font size of `size`.
pub(super) fn text_width(text: &str, size: f32) -> f32 {
    let Some(face) = &*FACE else { return 0.0 };
    let units: f32 = text.chars().map(|class_symbol| advance(face, class_symbol)).sum();
    units * size / f32::from(face.units_per_em())
}

/// Adds the outlines of `text` to `path`, starting at `(x, y)` on the baseline, at a font size of `size`.
pub(super) fn add_text(text: &str, x: f32, y: f32, size: f32, path: &mut PathBuilder) {
    let Some(face) = &*FACE else { return };
    let scale = size / f32::from(face.units_per_em());
    let mut glyphs = GlyphOutline { x, y, scale, path };
    for class_symbol in text.chars() {
        if let Some(glyph) = face.glyph_index(class_symbol) {
            face.outline_glyph(glyph, &mut glyphs);
        }
        glyphs.x += advance(face, class_symbol) * scale;
    }
}

fn advance(face: &Face<'_>, class_symbol: char) -> f32 {
    let glyph = face.glyph_index(class_symbol).unwrap_or_default();
    face.glyph_hor_advance(glyph).map_or(0.0, f32::from)
}

struct GlyphOutline<'a> {
    x: f32,
    y: f32,
    scale: f32,
    path: &'a mut PathBuilder,
}

impl GlyphOutline<'_> {
    /// Canvas coordinates of a point of the font. The y axis of the font points upwards, that of the canvas downwards.
    fn to_canvas(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for GlyphOutline<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.to_canvas(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.to_canvas(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.to_canvas(x1, y1), self.to_canvas(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) =
            (self.to_canvas(x1, y1), self.to_canvas(x2, y2), self.to_canvas(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::{FACE, text_width};

    #[test]
    fn the_font_has_what_is_written() {
        let face = FACE.as_ref().unwrap();
        for class_symbol in "Az09 .,-−→²°ßé·…%±σ".chars() {
            assert!(face.glyph_index(class_symbol).is_some(), "{class_symbol}");
        }
        assert!(text_width("wide", 10.0) > text_width("will", 10.0) && text_width("", 10.0) == 0.0);
    }
}
