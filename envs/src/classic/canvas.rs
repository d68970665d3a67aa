//! Pictures in half blocks: two square pixels a character, each pixel the mean of several samples.

use freewheel_core::{Cell, Frame, Rgb};

/// Background of the pictures: that of the terminal.
pub(super) const GROUND: Rgb = Rgb(0, 0, 0);
/// Colors of the text below a picture.
pub(super) const TEXT: Rgb = Rgb(210, 214, 222);
pub(super) const FAINT: Rgb = Rgb(120, 126, 138);

/// Columns and rows of a drawing without a maximum size.
const DEFAULT_SIZE: (usize, usize) = (80, 24);
/// Minimum columns and rows of a drawing; a smaller screen shows a part of it.
const MIN_SIZE: (usize, usize) = (44, 8);
/// Rows of text below the picture.
const ROWS_OF_TEXT: usize = 2;
/// Number of color samples per pixel in each direction.
const SAMPLES: usize = 4;
/// Minimum fraction of a pixel that objects must cover for the pixel to be drawn.
const MIN_COVERAGE: f32 = 0.3;

/// Map between a rectangle of the plane, in m with y upward, and the pixels of a frame.
pub(super) struct Canvas {
    /// Columns and rows of the picture; the text begins in row `height`.
    columns: usize,
    pub(super) height: usize,
    /// Pixels per meter.
    pub(super) per_meter: f64,
    /// Column of x = `center`, in pixels.
    middle: f64,
    center: f64,
    /// y of the upper edge.
    top: f64,
}

impl Canvas {
    /// Clears `frame` to the largest picture of the rectangle `x` times `y` that fits, with room for two lines of text.
    pub(super) fn fit(frame: &mut Frame, x: (f64, f64), y: (f64, f64)) -> Self {
        Canvas::scaled(frame, (x, y), (x.1 - x.0, 0.5 * (x.0 + x.1)), ROWS_OF_TEXT)
    }

    /// Clears `frame` to a picture as high as fits, with room for `rows_of_text` lines of text. It shows a part of `x`
    /// that is at least `width` m wide: the left end for a `share` of -1, the right end for 1.
    pub(super) fn follow(
        frame: &mut Frame,
        (x, y): ((f64, f64), (f64, f64)),
        (share, width): (f64, f64),
        rows_of_text: usize,
    ) -> Self {
        let mut canvas = Canvas::scaled(frame, (x, y), (width, 0.0), rows_of_text);
        let hidden = (x.1 - x.0 - canvas.columns as f64 / canvas.per_meter).max(0.0);
        canvas.center = 0.5 * (x.0 + x.1 + share.clamp(-1.0, 1.0) * hidden);
        canvas
    }

    /// Picture in which `y` and `width` m of `x` are visible, centered at `center`.
    fn scaled(
        frame: &mut Frame,
        (x, y): ((f64, f64), (f64, f64)),
        (width, center): (f64, f64),
        rows_of_text: usize,
    ) -> Self {
        let (columns, rows) = frame.max_size().unwrap_or(DEFAULT_SIZE);
        let (columns, rows) = (columns.max(MIN_SIZE.0), rows.max(MIN_SIZE.1));
        let across = columns as f64 / width.min(x.1 - x.0);
        let per_meter = across.min(2.0 * (rows - rows_of_text) as f64 / (y.1 - y.0));
        let height = (per_meter * (y.1 - y.0) / 2.0).ceil() as usize;
        frame.clear(columns, height + rows_of_text);
        Canvas { columns, height, per_meter, middle: columns as f64 / 2.0, center, top: y.1 }
    }

    /// Range of x that is visible, m.
    pub(super) fn visible(&self) -> (f64, f64) {
        let half = self.middle / self.per_meter;
        (self.center - half, self.center + half)
    }

    /// Number of columns.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Writes a glyph at the point `(x, y)`, if the point is in the picture and its cell is blank.
    pub(super) fn mark(&self, frame: &mut Frame, (x, y): (f64, f64), glyph: char, fg: Rgb) {
        let (left, right) = self.visible();
        let (column, row) = self.character_at(x, y);
        let inside = (left..right).contains(&x) && y <= self.top;
        if inside && row < self.height && frame.get(column, row).is_some_and(|cell| cell.glyph == ' ') {
            frame.set(column, row, Cell { glyph, fg, bg: GROUND });
        }
    }

    /// Column and row of the character at the point `(x, y)`, or of the nearest one in the picture.
    pub(super) fn character_at(&self, x: f64, y: f64) -> (usize, usize) {
        let (column, row) =
            (self.middle + (x - self.center) * self.per_meter, (self.top - y) * self.per_meter);
        let (columns, rows) = (self.columns as f64, 2.0 * self.height as f64);
        (column.clamp(0.0, columns - 1.0) as usize, row.clamp(0.0, rows - 1.0) as usize / 2)
    }

    /// Paints the picture. `color_at` is the color at a point, m: that of the object in front; `None` where there is no
    /// object.
    pub(super) fn paint(&self, frame: &mut Frame, color_at: impl Fn(f64, f64) -> Option<Rgb>) {
        for y in 0..self.height {
            for x in 0..self.columns {
                let (upper, lower) = (self.pixel(x, 2 * y, &color_at), self.pixel(x, 2 * y + 1, &color_at));
                frame.set(x, y, half_blocks(upper, lower));
            }
        }
    }

    /// Color of a pixel: mean of several samples, darker where some samples hit no object. If the samples at the
    /// corners are equal, the others are skipped: all objects are at least about a pixel wide.
    fn pixel(&self, column: usize, row: usize, color_at: &impl Fn(f64, f64) -> Option<Rgb>) -> Rgb {
        let color_of = |sample: usize| {
            let offset = |i: usize| (i as f64 + 0.5) / SAMPLES as f64;
            let x = (column as f64 + offset(sample % SAMPLES) - self.middle) / self.per_meter + self.center;
            let y = self.top - (row as f64 + offset(sample / SAMPLES)) / self.per_meter;
            color_at(x, y)
        };
        let corners = [0, SAMPLES - 1, SAMPLES * (SAMPLES - 1), SAMPLES * SAMPLES - 1].map(color_of);
        if corners.iter().all(|color| *color == corners[0]) {
            return corners[0].unwrap_or(GROUND);
        }
        let (mut hits, mut sum) = (0, [0u32; 3]);
        for Rgb(r, g, b) in (0..SAMPLES * SAMPLES).filter_map(color_of) {
            hits += 1;
            sum = [sum[0] + u32::from(r), sum[1] + u32::from(g), sum[2] + u32::from(b)];
        }
        let coverage = hits as f32 / (SAMPLES * SAMPLES) as f32;
        if coverage < MIN_COVERAGE {
            return GROUND;
        }
        let [r, g, b] = sum.map(|part| (part / hits) as u8);
        GROUND.mix(Rgb(r, g, b), 0.3 + 0.7 * coverage)
    }
}

fn half_blocks(upper: Rgb, lower: Rgb) -> Cell {
    match (upper, lower) {
        (GROUND, GROUND) => Cell::default(),
        (GROUND, fg) => Cell { glyph: '▄', fg, bg: GROUND },
        (fg, bg) if fg == bg => Cell { glyph: '█', fg, bg: GROUND },
        (fg, bg) => Cell { glyph: '▀', fg, bg },
    }
}

/// Distance of the point `p` from the segment between `a` and `b`.
pub(super) fn distance_to_segment(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (along, to) = ((b.0 - a.0, b.1 - a.1), (p.0 - a.0, p.1 - a.1));
    let length = along.0 * along.0 + along.1 * along.1;
    let t = ((to.0 * along.0 + to.1 * along.1) / length).clamp(0.0, 1.0);
    (to.0 - t * along.0).hypot(to.1 - t * along.1)
}
