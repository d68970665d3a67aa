//! Outlines of the glyphs of DejaVu Sans and DejaVu Sans Mono. The fonts are embedded, so that a picture is the same on
//! every machine.

use std::sync::LazyLock;

use tiny_skia::PathBuilder;
use ttf_parser::{Face, OutlineBuilder};

/// Embedded fonts; a test checks that they can be read.
static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(dejavu::sans::regular(), 0).ok());
static MONO: LazyLock<Option<Face<'static>>> =
    LazyLock::new(|| Face::parse(dejavu::sans_mono::regular(), 0).ok());
static MONO_BOLD: LazyLock<Option<Face<'static>>> =
    LazyLock::new(|| Face::parse(dejavu::sans_mono::bold(), 0).ok());

/// Choice of the font of a single glyph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Font {
    /// DejaVu Sans.
    Sans,
    /// DejaVu Sans Mono.
    Mono,
    /// DejaVu Sans Mono Bold.
    MonoBold,
}

impl Font {
    fn face(self) -> Option<&'static Face<'static>> {
        match self {
            Font::Sans => FACE.as_ref(),
            Font::Mono => MONO.as_ref(),
            Font::MonoBold => MONO_BOLD.as_ref(),
        }
    }

    /// Ascent and descent at a font size of 1, both positive.
    pub(crate) fn extent(self) -> (f32, f32) {
        let Some(face) = self.face() else { return (0.0, 0.0) };
        let units = f32::from(face.units_per_em());
        (f32::from(face.ascender()) / units, -f32::from(face.descender()) / units)
    }

    /// Width of `glyph` at a font size of 1; `None` if the font does not have it.
    pub(crate) fn advance(self, glyph: char) -> Option<f32> {
        let face = self.face()?;
        let index = face.glyph_index(glyph)?;
        Some(f32::from(face.glyph_hor_advance(index)?) / f32::from(face.units_per_em()))
    }

    /// Adds the outline of `glyph` to `path`, at `(x, y)` on the baseline, at a font size of `size`.
    pub(crate) fn add_glyph(self, glyph: char, x: f32, y: f32, size: f32, path: &mut PathBuilder) {
        let Some(face) = self.face() else { return };
        let scale = size / f32::from(face.units_per_em());
        if let Some(index) = face.glyph_index(glyph) {
            face.outline_glyph(index, &mut GlyphOutline { x, y, scale, path });
        }
    }
}

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
    use super::{FACE, Font, text_width};

    #[test]
    fn the_font_has_what_is_written() {
        let face = FACE.as_ref().unwrap();
        for class_symbol in "Az09 .,-−→²°ßé·…%±σ".chars() {
            assert!(face.glyph_index(class_symbol).is_some(), "{class_symbol}");
        }
        for glyph in "Az09│█●↑".chars() {
            assert_eq!(Font::Mono.advance(glyph), Font::MonoBold.advance('A'), "{glyph}");
        }
        assert!(text_width("wide", 10.0) > text_width("will", 10.0) && text_width("", 10.0) == 0.0);
    }
}
