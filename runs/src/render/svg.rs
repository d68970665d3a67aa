//! Screens as SVG: rectangles for backgrounds and for characters that must join, text for the others.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use super::screen::{Glyph, Screen};
use super::shapes::{Shape, shapes};
use super::tiles::{baseline, font_size};
use crate::format::width;
use crate::picture::svg::{escaped, short};

/// Width of a cell in CSS pixels; the height is twice the width.
const W: f32 = 10.0;
const H: f32 = 2.0 * W;

/// DejaVu Sans Mono, or another font with characters of one width.
const FONT: &str = "DejaVu Sans Mono, Menlo, Consolas, monospace";

/// SVG of a screen.
pub(super) fn write(screen: &Screen, title: &str) -> String {
    let (width, height) = (screen.columns as f32 * W, screen.rows() as f32 * H);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{FONT}\" font-size=\"{}\">\n<title>{}</title>\n",
        short(font_size(W)),
        escaped(title)
    );
    let mut rects = Rects::default();
    for (y, row) in screen.cells.chunks(screen.columns.max(1)).enumerate() {
        let top = y as f32 * H;
        for (x, glyph) in row.iter().enumerate() {
            rects.add([x as f32 * W, top, W, H], glyph.bg, 1.0);
        }
        rects.end_row();
    }
    let mut marks = String::new();
    for (y, row) in screen.cells.chunks(screen.columns.max(1)).enumerate() {
        for (x, glyph) in row.iter().enumerate() {
            let all = shapes(glyph.symbol, W, H).unwrap_or_default();
            for shape in all {
                draw(shape, (x as f32 * W, y as f32 * H), glyph, &mut rects, &mut marks);
            }
        }
        rects.end_row();
    }
    // Without anti-aliasing, neighboring rectangles have no gap between them.
    let _ = write!(out, "<g shape-rendering=\"crispEdges\">\n{}</g>\n{marks}", rects.out);
    for (y, row) in screen.cells.chunks(screen.columns.max(1)).enumerate() {
        texts(row, y as f32 * H + baseline(W, H), &mut out);
    }
    out.push_str("</svg>\n");
    out
}

/// Rectangles; those beside each other with the same color are merged.
#[derive(Default)]
struct Rects {
    out: String,
    /// Rectangle that may still grow: left, top, width and height, color and opacity.
    open: Option<([f32; 4], [u8; 3], f32)>,
}

impl Rects {
    fn add(&mut self, [x, y, w, h]: [f32; 4], color: [u8; 3], alpha: f32) {
        match &mut self.open {
            Some(([left, top, width, height], fill, opacity))
                if (*left + *width, *top, *height, *fill, *opacity) == (x, y, h, color, alpha) =>
            {
                *width += w;
            }
            _ => {
                self.end_row();
                self.open = Some(([x, y, w, h], color, alpha));
            }
        }
    }

    fn end_row(&mut self) {
        let Some(([x, y, w, h], color, alpha)) = self.open.take() else { return };
        let fill = hex(color);
        let opacity = if alpha < 1.0 { format!(" fill-opacity=\"{alpha}\"") } else { String::new() };
        let _ = writeln!(
            self.out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{fill}\"{opacity}/>"
        );
    }
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Draws a part of a character whose cell is at `(left, top)`.
fn draw(shape: Shape, (left, top): (f32, f32), glyph: &Glyph, rects: &mut Rects, marks: &mut String) {
    let color = hex(glyph.fg);
    let _ = match shape {
        Shape::Rect { x, y, w, h, alpha } => {
            rects.add([left + x, top + y, w, h], glyph.fg, alpha);
            Ok(())
        }
        Shape::Circle { x, y, r } => {
            let (x, y, r) = (short(left + x), short(top + y), short(r));
            writeln!(marks, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" fill=\"{color}\"/>")
        }
        Shape::Curve { points, width } => {
            let [from, a, b, to] = points.map(|(x, y)| format!("{} {}", short(left + x), short(top + y)));
            writeln!(
                marks,
                "<path d=\"M{from} C{a} {b} {to}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\"/>"
            )
        }
    };
}

/// Runs of characters that a font draws, each with one style.
fn texts(row: &[Glyph], y: f32, out: &mut String) {
    let is_text = |glyph: &Glyph| glyph.symbol != ' ' && shapes(glyph.symbol, W, H).is_none();
    let mut x = 0;
    while x < row.len() {
        if !is_text(&row[x]) {
            x += 1;
            continue;
        }
        let style = |glyph: &Glyph| (glyph.bold, glyph.fg);
        let same = |glyph: &&Glyph| is_text(glyph) && style(glyph) == style(&row[x]);
        // A wide character, such as Hangul, covers the next cell, too.
        let is_wide = |glyph: &Glyph| glyph.symbol.width() > Some(1);
        let run = row[x..].iter().take_while(same);
        let text: String = match is_wide(&row[x]) {
            true => row[x].symbol.into(),
            false => run.take_while(|glyph| !is_wide(glyph)).map(|glyph| glyph.symbol).collect(),
        };
        let count = width(&text);
        let weight = if row[x].bold { " font-weight=\"bold\"" } else { "" };
        // The length keeps the columns in any font.
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{y}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" \
             fill=\"{}\"{weight}>{}</text>",
            x as f32 * W,
            count as f32 * W,
            hex(row[x].fg),
            escaped(&text)
        );
        x += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_well_formed() {
        let glyph = |symbol| Glyph { symbol, bold: symbol == 'b', fg: [255, 0, 0], bg: [0, 0, 1] };
        let cells = "ab<& ─▀▀⣿╭".chars().map(glyph).collect();
        let text = write(&Screen { columns: 5, cells }, "a & b");
        let document = roxmltree::Document::parse(&text).unwrap();
        let of = |name| document.descendants().filter(move |node| node.has_tag_name(name));
        let texts: Vec<_> = of("text").filter_map(|node| node.text()).collect();
        assert_eq!(texts, ["a", "b", "<&"]);
        assert_eq!(of("title").next().and_then(|node| node.text()), Some("a & b"));
        assert_eq!((of("circle").count(), of("path").count()), (8, 1));
        // Two rows of the background, a line, two half blocks as one, and the straight part of the corner.
        assert_eq!(of("rect").count(), 5);
        // Hangul keeps its two columns in any font.
        let cells = "a학 b".chars().map(glyph).collect();
        let text = write(&Screen { columns: 4, cells }, "");
        let svg = roxmltree::Document::parse(&text).unwrap();
        let wide = svg.descendants().find(|node| node.text() == Some("학")).unwrap();
        assert_eq!((wide.attribute("x"), wide.attribute("textLength")), (Some("10"), Some("20")));
        let svg = document.root_element();
        assert_eq!((svg.attribute("width"), svg.attribute("height")), (Some("50"), Some("40")));
    }
}
