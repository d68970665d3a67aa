//! A scene as PNG: marks are drawn as anti-aliased paths, images pixel by pixel.

use freewheel_core::{Error, Result, Rgb};
use tiny_skia::{
    Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Rect, Stroke,
    StrokeDash, Transform,
};

use super::SCALE;
use super::colors::{BACKGROUND, FOREGROUND};
use super::font;
use super::scene::{Anchor, Mark, Scene};

/// Maximum side length in pixels.
const MAX_SIDE: f32 = 20_000.0;

pub(super) fn png(scene: &Scene) -> Result<Vec<u8>> {
    let (w, h) = (scene.width * SCALE as f32, scene.height * SCALE as f32);
    let too_large = || {
        Error::Unsupported(format!("a picture of {w} x {h} pixels is too large; draw fewer rows or columns"))
    };
    if !(1.0..=MAX_SIDE).contains(&w) || !(1.0..=MAX_SIDE).contains(&h) {
        return Err(too_large());
    }
    let mut canvas = Pixmap::new(w as u32, h as u32).ok_or_else(too_large)?;
    canvas.fill(color(BACKGROUND, 1.0));
    for mark in &scene.marks {
        draw(&mut canvas, mark);
    }
    let opaque: Vec<u8> = canvas.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
    encode(canvas.width(), canvas.height(), &opaque)
}

/// PNG file of the pixels `rgb`, three bytes each.
pub(crate) fn encode(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>> {
    let failed = |e: png::EncodingError| Error::Unsupported(format!("this picture cannot be written: {e}"));
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(rgb).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

fn color(rgb: Rgb, alpha: f32) -> Color {
    Color::from_rgba8(rgb.0, rgb.1, rgb.2, (255.0 * alpha.clamp(0.0, 1.0)).round() as u8)
}

fn draw(canvas: &mut Pixmap, mark: &Mark) {
    let scale = Transform::from_scale(SCALE as f32, SCALE as f32);
    let paint = |rgb: Rgb, alpha: f32| {
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        paint.set_color(color(rgb, alpha));
        paint
    };
    let mut fill = |path: Option<Path>, paint: &Paint<'_>, transform: Transform| {
        if let Some(path) = path {
            canvas.fill_path(&path, paint, FillRule::Winding, transform, None);
        }
    };
    match mark {
        Mark::Rect { x, y, w, h, fill: rgb } => {
            fill(Rect::from_xywh(*x, *y, *w, *h).map(PathBuilder::from_rect), &paint(*rgb, 1.0), scale);
        }
        Mark::Circle { x, y, r, fill: rgb, alpha, outline_width } => {
            if *outline_width > 0.0 {
                fill(
                    PathBuilder::from_circle(*x, *y, r + 1.8 * outline_width),
                    &paint(FOREGROUND, *alpha),
                    scale,
                );
                fill(PathBuilder::from_circle(*x, *y, r + outline_width), &paint(BACKGROUND, *alpha), scale);
            }
            fill(PathBuilder::from_circle(*x, *y, *r), &paint(*rgb, *alpha), scale);
        }
        Mark::Line { points, stroke, width, dashed } => {
            let mut path = PathBuilder::new();
            for (i, &(x, y)) in points.iter().enumerate() {
                if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
            }
            let dash = if *dashed { StrokeDash::new(vec![5.0, 4.0], 0.0) } else { None };
            let stroke_style =
                Stroke { width: *width, line_join: LineJoin::Round, dash, ..Stroke::default() };
            if let Some(path) = path.finish() {
                canvas.stroke_path(&path, &paint(*stroke, 1.0), &stroke_style, scale, None);
            }
        }
        Mark::Area { points, fill: rgb, alpha } => {
            let mut path = PathBuilder::new();
            for (i, &(x, y)) in points.iter().enumerate() {
                if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
            }
            path.close();
            fill(path.finish(), &paint(*rgb, *alpha), scale);
        }
        Mark::Text { x, y, size, anchor, fill: rgb, rotated, text } => {
            let back = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => font::text_width(text, *size) / 2.0,
                Anchor::End => font::text_width(text, *size),
            };
            let mut path = PathBuilder::new();
            font::add_text(text, -back, 0.0, *size, &mut path);
            let turn = if *rotated {
                Transform::from_row(0.0, -1.0, 1.0, 0.0, 0.0, 0.0)
            } else {
                Transform::identity()
            };
            fill(path.finish(), &paint(*rgb, 1.0), turn.post_translate(*x, *y).post_concat(scale));
        }
        Mark::Image { x, y, w, h, columns, pixels } => image(canvas, [*x, *y, *w, *h], *columns, pixels),
    }
}

/// Draws an image with sharp pixels into the rectangle `[x, y, w, h]` of the canvas.
fn image(canvas: &mut Pixmap, transform: [f32; 4], columns: usize, pixels: &[Rgb]) {
    let rows = pixels.len() / columns.max(1);
    let [x, y, w, h] = transform.map(|side| (side * SCALE as f32).round() as usize);
    let across = canvas.width() as usize;
    let (right, bottom) = ((x + w).min(across), (y + h).min(canvas.height() as usize));
    let canvas = canvas.pixels_mut();
    for to_y in y..bottom {
        for to_x in x..right {
            let rgb = pixels[(to_y - y) * rows / h * columns + (to_x - x) * columns / w];
            if let Some(color) = PremultipliedColorU8::from_rgba(rgb.0, rgb.1, rgb.2, 255) {
                canvas[to_y * across + to_x] = color;
            }
        }
    }
}
