//! A scene as SVG 1.1.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use freewheel_core::Rgb;

use super::colors::{BACKGROUND, FOREGROUND};
use super::raster;
use super::scene::{Anchor, Mark, Scene};

/// DejaVu Sans, or a font with similar widths.
const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

pub(super) fn write(scene: &Scene) -> String {
    let (w, h) = (scene.width, scene.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         width=\"{w}\" height=\"{h}\" \
         viewBox=\"0 0 {w} {h}\" font-family=\"{FONT}\">\n<title>{}</title>\n\
         <rect width=\"{w}\" height=\"{h}\" fill=\"{}\"/>\n",
        escaped(&scene.title),
        hex(BACKGROUND)
    );
    for mark in &scene.marks {
        // Writing to a string cannot fail.
        let _ = write_mark(&mut out, mark);
    }
    out.push_str("</svg>\n");
    out
}

fn write_mark(out: &mut String, mark: &Mark) -> std::fmt::Result {
    match mark {
        Mark::Rect { x, y, w, h, fill } => {
            let (x, y, w, h) = (short(*x), short(*y), short(*w), short(*h));
            writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{}\"/>", hex(*fill))
        }
        Mark::Circle { x, y, r, fill, alpha, outline_width } => {
            let mut disc = |r: f32, fill: Rgb| {
                write!(
                    out,
                    "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"",
                    short(*x),
                    short(*y),
                    short(r),
                    hex(fill)
                )?;
                if *alpha < 1.0 {
                    write!(out, " fill-opacity=\"{}\"", short(*alpha))?;
                }
                writeln!(out, "/>")
            };
            if *outline_width > 0.0 {
                disc(r + 1.8 * outline_width, FOREGROUND)?;
                disc(r + outline_width, BACKGROUND)?;
            }
            disc(*r, *fill)
        }
        Mark::Line { points, stroke, width, dashed } => {
            let points: Vec<String> =
                points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect();
            let dash = if *dashed { " stroke-dasharray=\"5 4\"" } else { "" };
            writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" \
                 stroke-linejoin=\"round\"{dash}/>",
                points.join(" "),
                hex(*stroke),
                short(*width)
            )
        }
        Mark::Area { points, fill, alpha } => {
            let points: Vec<String> =
                points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect();
            writeln!(
                out,
                "<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"{}\"/>",
                points.join(" "),
                hex(*fill),
                short(*alpha)
            )
        }
        Mark::Text { x, y, size, anchor, fill, rotated, text } => {
            let (x, y) = (short(*x), short(*y));
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let turn = if *rotated { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
            let (fill, text) = (hex(*fill), escaped(text));
            writeln!(
                out,
                "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor} fill=\"{fill}\"{turn}>{text}</text>"
            )
        }
        Mark::Image { x, y, w, h, columns, pixels } => {
            let (columns, rows) = (*columns as u32, (pixels.len() / columns.max(&1)) as u32);
            let bytes: Vec<u8> = pixels.iter().flat_map(|p| [p.0, p.1, p.2]).collect();
            let Ok(png) = raster::encode(columns, rows, &bytes) else { return Ok(()) };
            let (x, y, w, h) = (short(*x), short(*y), short(*w), short(*h));
            // The attribute is for SVG 1.1 viewers, the style for browsers.
            writeln!(
                out,
                "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\" \
                 image-rendering=\"optimizeSpeed\" \
                 style=\"image-rendering:pixelated\" xlink:href=\"data:image/png;base64,{}\"/>",
                BASE64_STANDARD.encode(png)
            )
        }
    }
}

pub(crate) fn hex(rgb: Rgb) -> String {
    format!("#{:02x}{:02x}{:02x}", rgb.0, rgb.1, rgb.2)
}

/// Number rounded to two decimals.
pub(crate) fn short(x: f32) -> f32 {
    (x * 100.0).round() / 100.0
}

/// Text with XML escapes; a control character, which XML does not allow, becomes U+FFFD.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for class_symbol in text.chars() {
        match class_symbol {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' => out.push(' '),
            class_symbol if class_symbol.is_control() => out.push('\u{fffd}'),
            class_symbol => out.push(class_symbol),
        }
    }
    out
}
