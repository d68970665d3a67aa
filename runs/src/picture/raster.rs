//! A scene as PNG: the marks as anti-aliased paths, images pixel by pixel.

use freewheel_core::{Error, Result, Rgb};
use tiny_skia::{
    Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, PremultipliedColorU8, Rect, Stroke,
    StrokeDash, Transform,
};

use super::SCALE;
use super::colors::{INK, PAPER};
use super::letters;
use super::scene::{Anchor, Mark, Scene};

/// Pixels of a side at most.
const MOST: f32 = 20_000.0;

pub(super) fn png(scene: &Scene) -> Result<Vec<u8>> {
    let (w, h) = (scene.width * SCALE as f32, scene.height * SCALE as f32);
    let too_large = || {
        Error::Unsupported(format!("a picture of {w} x {h} pixels is too large; draw fewer rows or columns"))
    };
    if !(1.0..=MOST).contains(&w) || !(1.0..=MOST).contains(&h) {
        return Err(too_large());
    }
    let mut paper = Pixmap::new(w as u32, h as u32).ok_or_else(too_large)?;
    paper.fill(color(PAPER, 1.0));
    for mark in &scene.marks {
        draw(&mut paper, mark);
    }
    let opaque: Vec<u8> = paper.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
    encode(paper.width(), paper.height(), &opaque)
}

/// `rgb`, three bytes a pixel, as PNG.
pub(super) fn encode(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>> {
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

fn draw(paper: &mut Pixmap, mark: &Mark) {
    let scale = Transform::from_scale(SCALE as f32, SCALE as f32);
    let paint = |rgb: Rgb, alpha: f32| {
        let mut paint = Paint { anti_alias: true, ..Paint::default() };
        paint.set_color(color(rgb, alpha));
        paint
    };
    let mut fill = |path: Option<Path>, paint: &Paint<'_>, place: Transform| {
        if let Some(path) = path {
            paper.fill_path(&path, paint, FillRule::Winding, place, None);
        }
    };
    match mark {
        Mark::Rect { x, y, w, h, fill: rgb } => {
            fill(Rect::from_xywh(*x, *y, *w, *h).map(PathBuilder::from_rect), &paint(*rgb, 1.0), scale);
        }
        Mark::Disc { x, y, r, fill: rgb, alpha, rim } => {
            if *rim > 0.0 {
                fill(PathBuilder::from_circle(*x, *y, r + 1.8 * rim), &paint(INK, *alpha), scale);
                fill(PathBuilder::from_circle(*x, *y, r + rim), &paint(PAPER, *alpha), scale);
            }
            fill(PathBuilder::from_circle(*x, *y, *r), &paint(*rgb, *alpha), scale);
        }
        Mark::Line { points, stroke, width, dashed } => {
            let mut path = PathBuilder::new();
            for (i, &(x, y)) in points.iter().enumerate() {
                if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
            }
            let dash = if *dashed { StrokeDash::new(vec![5.0, 4.0], 0.0) } else { None };
            let how = Stroke { width: *width, line_join: LineJoin::Round, dash, ..Stroke::default() };
            if let Some(path) = path.finish() {
                paper.stroke_path(&path, &paint(*stroke, 1.0), &how, scale, None);
            }
        }
        Mark::Text { x, y, size, anchor, fill: rgb, upwards, text } => {
            let back = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => letters::width(text, *size) / 2.0,
                Anchor::End => letters::width(text, *size),
            };
            let mut path = PathBuilder::new();
            letters::outline(text, -back, 0.0, *size, &mut path);
            let turn = if *upwards {
                Transform::from_row(0.0, -1.0, 1.0, 0.0, 0.0, 0.0)
            } else {
                Transform::identity()
            };
            fill(path.finish(), &paint(*rgb, 1.0), turn.post_translate(*x, *y).post_concat(scale));
        }
        Mark::Image { x, y, w, h, columns, pixels } => image(paper, [*x, *y, *w, *h], *columns, pixels),
    }
}

/// Every pixel of the paper within `[x, y, w, h]` has the color of the image's pixel that it lies in.
fn image(paper: &mut Pixmap, place: [f32; 4], columns: usize, pixels: &[Rgb]) {
    let rows = pixels.len() / columns.max(1);
    let [x, y, w, h] = place.map(|side| (side * SCALE as f32).round() as usize);
    let across = paper.width() as usize;
    let (right, bottom) = ((x + w).min(across), (y + h).min(paper.height() as usize));
    let paper = paper.pixels_mut();
    for to_y in y..bottom {
        for to_x in x..right {
            let rgb = pixels[(to_y - y) * rows / h * columns + (to_x - x) * columns / w];
            if let Some(color) = PremultipliedColorU8::from_rgba(rgb.0, rgb.1, rgb.2, 255) {
                paper[to_y * across + to_x] = color;
            }
        }
    }
}
