//! Scene: the marks of a picture, drawn in order.

use freewheel_core::Rgb;

use super::colors::{FOREGROUND, MUTED};
use super::font;

/// Margin around the picture.
pub(super) const MARGIN: f32 = 20.0;
/// Font size of the title.
pub(super) const TITLE: f32 = 17.0;
/// Font size of names.
pub(super) const NAME: f32 = 13.0;
/// Font size of captions and tick labels.
pub(super) const SMALL: f32 = 11.0;

/// Marks on a white canvas, in CSS pixels; x points right, y down.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Width of the canvas.
    pub width: f32,
    /// Height of the canvas.
    pub height: f32,
    /// Title; lines after the first are smaller.
    pub title: String,
    /// Marks, later ones on top.
    pub marks: Vec<Mark>,
}

/// Horizontal alignment of a text at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text starts at its position.
    Start,
    /// The text is centered at its position.
    Middle,
    /// The text ends at its position.
    End,
}

/// A graphical element.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A filled rectangle.
    Rect {
        /// Left edge.
        x: f32,
        /// Top edge.
        y: f32,
        /// Width.
        w: f32,
        /// Height.
        h: f32,
        /// Color.
        fill: Rgb,
    },
    /// A filled circle.
    Circle {
        /// Center, horizontal.
        x: f32,
        /// Center, vertical.
        y: f32,
        /// Radius.
        r: f32,
        /// Color.
        fill: Rgb,
        /// Opacity, 0 (invisible) to 1.
        alpha: f32,
        /// Width of a white outline with a dark line around it; 0 for none.
        outline_width: f32,
    },
    /// A line through points.
    Line {
        /// Points `(x, y)` in order.
        points: Vec<(f32, f32)>,
        /// Color.
        stroke: Rgb,
        /// Line width.
        width: f32,
        /// Whether the line is dashed.
        dashed: bool,
    },
    /// A filled polygon.
    Area {
        /// Corners `(x, y)` in order.
        points: Vec<(f32, f32)>,
        /// Color.
        fill: Rgb,
        /// Opacity, 0 (invisible) to 1.
        alpha: f32,
    },
    /// One line of text.
    Text {
        /// Position, horizontal; see `anchor`.
        x: f32,
        /// Position of the baseline.
        y: f32,
        /// Font size.
        size: f32,
        /// Alignment at `x`.
        anchor: Anchor,
        /// Color.
        fill: Rgb,
        /// Whether the text is rotated by 90 degrees and reads upwards.
        rotated: bool,
        /// Text.
        text: String,
    },
    /// An image; its pixels are drawn as rectangles with sharp edges.
    Image {
        /// Left edge.
        x: f32,
        /// Top edge.
        y: f32,
        /// Width on the canvas.
        w: f32,
        /// Height on the canvas.
        h: f32,
        /// Pixels per row.
        columns: usize,
        /// Pixels row by row, top row first.
        pixels: Vec<Rgb>,
    },
}

impl Scene {
    /// Canvas with a title; content starts at [`Scene::top`].
    pub fn new(title: &str) -> Self {
        let mut scene = Scene { width: 0.0, height: 0.0, title: title.to_owned(), marks: Vec::new() };
        let mut y = MARGIN + TITLE;
        for line in title.lines() {
            let size = if scene.marks.is_empty() { TITLE } else { NAME };
            let fill = if scene.marks.is_empty() { FOREGROUND } else { MUTED };
            scene.text(MARGIN, y, size, Anchor::Start, fill, line);
            scene.extend_to(MARGIN + font::text_width(line, size), y + 4.0);
            y += NAME + 7.0;
        }
        scene
    }

    /// Top edge of the content, below the title.
    pub fn top(&self) -> f32 {
        let lines = self.title.lines().count() as f32;
        if lines == 0.0 { MARGIN } else { MARGIN + TITLE + 14.0 + (lines - 1.0) * (NAME + 7.0) }
    }

    /// Enlarges the canvas so that `(x, y)` lies on it, with a margin.
    pub fn extend_to(&mut self, x: f32, y: f32) {
        self.width = self.width.max((x + MARGIN).ceil());
        self.height = self.height.max((y + MARGIN).ceil());
    }

    /// Adds a text.
    pub fn text(&mut self, x: f32, y: f32, size: f32, anchor: Anchor, fill: Rgb, text: &str) {
        let text = text.to_owned();
        self.marks.push(Mark::Text { x, y, size, anchor, fill, rotated: false, text });
    }

    /// Adds a text that reads upwards.
    pub fn rotated(&mut self, x: f32, y: f32, size: f32, anchor: Anchor, fill: Rgb, text: &str) {
        self.marks.push(Mark::Text { x, y, size, anchor, fill, rotated: true, text: text.to_owned() });
    }

    /// Adds a rectangle.
    pub fn rect(&mut self, x: f32, y: f32, w: f32, h: f32, fill: Rgb) {
        self.marks.push(Mark::Rect { x, y, w, h, fill });
    }

    /// Adds a solid line.
    pub fn line(&mut self, points: &[(f32, f32)], stroke: Rgb, width: f32) {
        self.marks.push(Mark::Line { points: points.to_vec(), stroke, width, dashed: false });
    }
}
