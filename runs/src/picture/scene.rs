//! What pictures are drawn with: a handful of marks on paper, the later ones above.

use freewheel_core::Rgb;

use super::colors::{DIM, INK};
use super::letters;

/// Space around everything.
pub(super) const MARGIN: f32 = 20.0;
/// Em of a title.
pub(super) const TITLE: f32 = 17.0;
/// Em of names.
pub(super) const NAME: f32 = 13.0;
/// Em of captions and of numbers on axes.
pub(super) const SMALL: f32 = 11.0;

/// Marks on white paper, in units of a CSS pixel; x goes right, y down.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Width of the paper.
    pub width: f32,
    /// Its height.
    pub height: f32,
    /// What the picture is called.
    pub title: String,
    /// From the lowest to the highest.
    pub marks: Vec<Mark>,
}

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// One thing that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A rectangle.
    Rect {
        /// Left.
        x: f32,
        /// Top.
        y: f32,
        /// Width.
        w: f32,
        /// Height.
        h: f32,
        /// Color.
        fill: Rgb,
    },
    /// A disc.
    Disc {
        /// Of its middle.
        x: f32,
        /// Of its middle.
        y: f32,
        /// Radius.
        r: f32,
        /// Color.
        fill: Rgb,
        /// 0 (nothing to be seen) to 1.
        alpha: f32,
        /// Width of a white rim with a dark line around it; 0 for none.
        rim: f32,
    },
    /// A line from point to point.
    Line {
        /// Where it goes.
        points: Vec<(f32, f32)>,
        /// Color.
        stroke: Rgb,
        /// How thick.
        width: f32,
        /// Whether it is broken.
        dashed: bool,
    },
    /// One line of text.
    Text {
        /// Where it stands.
        x: f32,
        /// Of its base line.
        y: f32,
        /// Em.
        size: f32,
        /// Which part of it stands there.
        anchor: Anchor,
        /// Color.
        fill: Rgb,
        /// Whether it goes upwards.
        upwards: bool,
        /// What is written.
        text: String,
    },
    /// An image, each of its pixels a sharp rectangle.
    Image {
        /// Left.
        x: f32,
        /// Top.
        y: f32,
        /// Width on paper.
        w: f32,
        /// Height on paper.
        h: f32,
        /// Pixels of a row.
        columns: usize,
        /// Row after row, top first.
        pixels: Vec<Rgb>,
    },
}

impl Scene {
    /// Paper with its title; what is drawn below it begins at [`Scene::top`].
    pub fn new(title: &str) -> Self {
        let mut scene = Scene { width: 0.0, height: 0.0, title: title.to_owned(), marks: Vec::new() };
        let mut y = MARGIN + TITLE;
        for line in title.lines() {
            let size = if scene.marks.is_empty() { TITLE } else { NAME };
            let fill = if scene.marks.is_empty() { INK } else { DIM };
            scene.text(MARGIN, y, size, Anchor::Start, fill, line);
            scene.covers(MARGIN + letters::width(line, size), y + 4.0);
            y += NAME + 7.0;
        }
        scene
    }

    /// Where the room below the title begins.
    pub fn top(&self) -> f32 {
        let lines = self.title.lines().count() as f32;
        if lines == 0.0 { MARGIN } else { MARGIN + TITLE + 14.0 + (lines - 1.0) * (NAME + 7.0) }
    }

    /// Makes the paper so large that `(x, y)` is on it, with a margin.
    pub fn covers(&mut self, x: f32, y: f32) {
        self.width = self.width.max((x + MARGIN).ceil());
        self.height = self.height.max((y + MARGIN).ceil());
    }

    /// Writes.
    pub fn text(&mut self, x: f32, y: f32, size: f32, anchor: Anchor, fill: Rgb, text: &str) {
        let text = text.to_owned();
        self.marks.push(Mark::Text { x, y, size, anchor, fill, upwards: false, text });
    }

    /// Writes upwards.
    pub fn upwards(&mut self, x: f32, y: f32, size: f32, anchor: Anchor, fill: Rgb, text: &str) {
        self.marks.push(Mark::Text { x, y, size, anchor, fill, upwards: true, text: text.to_owned() });
    }

    /// Draws a rectangle.
    pub fn rect(&mut self, x: f32, y: f32, w: f32, h: f32, fill: Rgb) {
        self.marks.push(Mark::Rect { x, y, w, h, fill });
    }

    /// Draws a line.
    pub fn line(&mut self, points: &[(f32, f32)], stroke: Rgb, width: f32) {
        self.marks.push(Mark::Line { points: points.to_vec(), stroke, width, dashed: false });
    }
}
