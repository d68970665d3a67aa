//! Rows of small images, each with its caption.

use freewheel_core::data::Shape;
use freewheel_core::{Error, Result, Rgb, Samples};

use super::characters::{Canvas, cut};
use super::colors::{self, DIM, INK};
use super::letters;
use super::scene::{Anchor, MARGIN, Mark, NAME, SMALL, Scene};
use super::{Depth, Picture, as_many, finite, some};

/// How large the longer side of an image becomes on paper, about; with a caption below it, which needs room.
const SIDE: [f32; 2] = [60.0, 84.0];
/// Height of a line of captions.
const LINE: f32 = 14.0;
/// Columns of an image in a terminal at least, where rows may be broken.
const LEAST: usize = 14;
/// Columns that are left to a caption there at most.
const CAPTION: usize = 20;

/// Images in rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    title: String,
    /// Pixels of an image: height, width.
    size: [usize; 2],
    columns: usize,
    /// Row after row; `None` where a place stays empty.
    images: Vec<Option<Vec<Rgb>>>,
    captions: Vec<String>,
    row_names: Vec<String>,
    column_names: Vec<String>,
    /// What rows and columns are.
    axes: [String; 2],
    /// Images touch.
    close: bool,
    /// Columns that stand apart from the one before.
    apart: Vec<usize>,
}

impl Sheet {
    /// The `images [N, D]` of this shape, `columns` to a row: gray, or red, green and blue.
    ///
    /// # Errors
    /// [`Error::Config`] where there are none, or they are no images of this shape, or numbers are not finite.
    pub fn new(title: &str, shape: &Shape, images: &Samples, columns: usize) -> Result<Self> {
        let Shape::Image { low, high, .. } = *shape else { return Err(no_images(title)) };
        let level = |x: f32| (x - low) / (high - low);
        Self::painted(title, shape, images, columns, |planes| match *planes {
            [r, g, b] => {
                let of = |x: f32| (level(x).clamp(0.0, 1.0) * 255.0).round() as u8;
                Rgb(of(r), of(g), of(b))
            }
            _ => colors::gray(level(planes[0])),
        })
    }

    /// Numbers of both signs: negative ones blue, 0 white, positive ones red, to the largest magnitude of each image.
    ///
    /// # Errors
    /// As [`Sheet::new`]; and for images of several colors.
    pub fn signed(title: &str, shape: &Shape, images: &Samples, columns: usize) -> Result<Self> {
        if !matches!(shape, Shape::Image { channels: 1, .. }) {
            return Err(no_images(title));
        }
        let largest = |row: &[f32]| row.iter().fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()));
        let scaled = images.iter().flat_map(|row| {
            let most = largest(row);
            row.iter().map(move |x| x / most)
        });
        let scaled = Samples::new(scaled.collect(), images.width())?;
        Self::painted(title, shape, &scaled, columns, |planes| colors::signed(f64::from(planes[0])))
    }

    fn painted(
        title: &str,
        shape: &Shape,
        images: &Samples,
        columns: usize,
        paint: impl Fn(&[f32]) -> Rgb,
    ) -> Result<Self> {
        let Shape::Image { channels, height, width, .. } = *shape else { return Err(no_images(title)) };
        some(title, "images", images.rows().min(columns).min(height * width))?;
        as_many(title, ("numbers of an image", images.width()), ("pixels of its shape", shape.width()))?;
        finite(title, images.values().iter().map(|&x| f64::from(x)))?;
        if channels != 1 && channels != 3 {
            return Err(Error::Config(format!(
                "{title}: images of {channels} planes cannot be drawn; 1 (gray) and 3 (colors) can"
            )));
        }
        let pixels = height * width;
        let image = |row: &[f32]| {
            let at = |i: usize| (0..channels).map(|plane| row[plane * pixels + i]).collect::<Vec<f32>>();
            Some((0..pixels).map(|i| paint(&at(i))).collect())
        };
        Ok(Sheet {
            title: title.to_owned(),
            size: [height, width],
            columns,
            images: images.iter().map(image).collect(),
            captions: Vec::new(),
            row_names: Vec::new(),
            column_names: Vec::new(),
            axes: Default::default(),
            close: false,
            apart: Vec::new(),
        })
    }

    /// A caption below each image, of one or more lines.
    ///
    /// # Errors
    /// [`Error::Config`] where they are not as many, here and below.
    pub fn captions(mut self, captions: Vec<String>) -> Result<Self> {
        as_many(&self.title, ("captions", captions.len()), ("images", self.images.len()))?;
        self.captions = captions;
        Ok(self)
    }

    /// What stands left of each row.
    ///
    /// # Errors
    /// See [`Sheet::captions`].
    pub fn rows(mut self, names: Vec<String>) -> Result<Self> {
        as_many(&self.title, ("names", names.len()), ("rows", self.images.len().div_ceil(self.columns)))?;
        self.row_names = names;
        Ok(self)
    }

    /// What stands above each column.
    ///
    /// # Errors
    /// See [`Sheet::captions`].
    pub fn columns(mut self, names: Vec<String>) -> Result<Self> {
        as_many(&self.title, ("names", names.len()), ("columns", self.columns))?;
        self.column_names = names;
        Ok(self)
    }

    /// What goes across and what goes down.
    pub fn axes(mut self, across: &str, down: &str) -> Self {
        self.axes = [across.to_owned(), down.to_owned()];
        self
    }

    /// Images touch each other: one large sheet.
    pub fn close(mut self) -> Self {
        self.close = true;
        self
    }

    /// These columns stand apart from the ones before them.
    pub fn apart(mut self, columns: &[usize]) -> Self {
        self.apart = columns.to_vec();
        self
    }

    /// The places `which`, counted row by row, stay empty.
    pub fn without(mut self, which: impl IntoIterator<Item = usize>) -> Self {
        for i in which {
            if let Some(image) = self.images.get_mut(i) {
                *image = None;
            }
        }
        self
    }

    /// Lines of the tallest caption.
    fn caption_lines(&self) -> usize {
        self.captions.iter().map(|caption| caption.lines().count()).max().unwrap_or(0)
    }
}

fn no_images(title: &str) -> Error {
    Error::Config(format!("{title}: these samples are no images; take a set of images"))
}

impl Picture for Sheet {
    fn scene(&self) -> Scene {
        let mut scene = Scene::new(&self.title);
        let [height, width] = self.size;
        let scale =
            (SIDE[usize::from(!self.captions.is_empty())] / height.max(width) as f32).round().max(1.0);
        let (w, h) = (width as f32 * scale, height as f32 * scale);
        let lines = |text: &String| text.lines().map(|line| letters::width(line, SMALL)).fold(0.0, f32::max);
        let widest = |texts: &[String]| texts.iter().map(lines).fold(0.0, f32::max);
        let gap = if self.close { 0.0 } else { 10.0 };
        let across =
            w.max(widest(&self.captions)).max(if self.close { w } else { widest(&self.column_names) }) + gap;
        let down =
            h + gap + self.caption_lines() as f32 * LINE + if self.captions.is_empty() { 0.0 } else { 6.0 };
        let names = widest(&self.row_names);
        let left = MARGIN
            + if names > 0.0 { names + 10.0 } else { 0.0 }
            + if self.axes[1].is_empty() { 0.0 } else { 22.0 };
        let mut top = scene.top() + if self.axes[0].is_empty() { 0.0 } else { 20.0 };
        let apart = |column: usize| 14.0 * self.apart.iter().filter(|&&at| at <= column).count() as f32;
        let name_lines = self.column_names.iter().map(|name| name.lines().count()).max().unwrap_or(0);
        top += name_lines as f32 * LINE;
        let middle = |column: usize| left + column as f32 * across + apart(column) + (across - gap) / 2.0;
        for (column, name) in self.column_names.iter().enumerate() {
            for (i, line) in name.lines().enumerate() {
                let y = top - 7.0 - (name_lines - 1 - i) as f32 * LINE;
                scene.text(middle(column), y, SMALL, Anchor::Middle, DIM, line);
            }
        }
        for (row, name) in self.row_names.iter().enumerate() {
            let middle = top + row as f32 * down + h / 2.0;
            let count = name.lines().count() as f32;
            for (i, line) in name.lines().enumerate() {
                let y = middle + 4.0 + (i as f32 - (count - 1.0) / 2.0) * LINE;
                scene.text(left - 10.0, y, SMALL, Anchor::End, DIM, line);
            }
        }
        for (i, pixels) in self.images.iter().enumerate() {
            let (row, column) = (i / self.columns, i % self.columns);
            let (x, y) = ((middle(column) - w / 2.0).round(), top + row as f32 * down);
            let Some(pixels) = pixels else { continue };
            scene.marks.push(Mark::Image { x, y, w, h, columns: width, pixels: pixels.clone() });
            for (line, text) in self.captions.get(i).map_or("", String::as_str).lines().enumerate() {
                let fill = if line == 0 { INK } else { DIM };
                scene.text(
                    middle(column),
                    y + h + 15.0 + line as f32 * LINE,
                    SMALL,
                    Anchor::Middle,
                    fill,
                    text,
                );
            }
        }
        let rows = self.images.len().div_ceil(self.columns);
        let shown = self.columns.min(self.images.len());
        let (right, bottom) = (middle(shown - 1) + (across - gap) / 2.0, top + rows as f32 * down - gap);
        if !self.axes[0].is_empty() {
            let y = top - name_lines as f32 * LINE - 10.0;
            scene.text((left + right) / 2.0, y, NAME, Anchor::Middle, INK, &self.axes[0]);
        }
        if !self.axes[1].is_empty() {
            scene.upwards(MARGIN + 12.0, (top + bottom) / 2.0, NAME, Anchor::Middle, INK, &self.axes[1]);
        }
        scene.covers(right, bottom);
        scene
    }

    fn text(&self, width: u16, depth: Depth) -> String {
        let mut canvas = Canvas::new(width);
        canvas.title(&self.title);
        let [height, wide] = self.size;
        let names =
            self.row_names.iter().flat_map(|name| name.lines()).map(|line| line.chars().count()).max();
        let left = names.map_or(0, |names| names.min(canvas.width() / 3) + 1);
        let gap = usize::from(!self.close);
        let room = canvas.width() - left;
        // Rows that mean something stay whole; others are broken where images would become too small.
        let free = self.row_names.is_empty() && self.column_names.is_empty() && !self.close;
        let caption =
            self.captions.iter().flat_map(|caption| caption.lines()).map(|line| line.chars().count()).max();
        let least = wide.min(LEAST).max(caption.unwrap_or(0).min(CAPTION));
        let most = if free { (room / (least + gap)).max(1) } else { self.columns };
        let columns = self.columns.min(most).min(self.images.len());
        let cell = (room / columns).saturating_sub(gap).max(1);
        let w = cell.min(wide);
        // From one image to the next.
        let pitch = w.max(if free { cell.min(least) } else { 0 }) + gap;
        let h = (height * w).div_ceil(wide).next_multiple_of(2);
        let captions = self.caption_lines();
        if !self.column_names.is_empty() && w > 2 {
            let y = canvas.height();
            for (column, name) in self.column_names.iter().enumerate() {
                let name = name.replace('\n', " ");
                canvas.write(left + column * pitch, y, &cut(&name, w), Some(DIM), None);
            }
        }
        let first = canvas.height();
        for (i, pixels) in self.images.iter().enumerate() {
            let (row, column) = (i / columns, i % columns);
            let (x, y) = (left + column * pitch, first + row * (h / 2 + captions + gap.min(captions)));
            if column == 0 {
                for (line, text) in self.row_names.get(row).map_or("", String::as_str).lines().enumerate() {
                    canvas.write(0, y + line, &cut(text, left - 1), Some(DIM), None);
                }
            }
            let Some(pixels) = pixels else { continue };
            for at in 0..w * h {
                let (px, py) = (at % w, at / w);
                canvas.pixel(x + px, 2 * y + py, mean(pixels, self.size, [py, px], [h, w]), None);
            }
            for (line, text) in self.captions.get(i).map_or("", String::as_str).lines().enumerate() {
                canvas.write(x, y + h / 2 + line, &cut(text, pitch - gap), Some(DIM), None);
            }
        }
        canvas.finish(depth)
    }
}

/// The mean color of what pixel `at` of `of` covers in an image of this size; both `[y, x]`.
fn mean(pixels: &[Rgb], size: [usize; 2], at: [usize; 2], of: [usize; 2]) -> Rgb {
    let span = |axis: usize| {
        let from = at[axis] * size[axis] / of[axis];
        let to = ((at[axis] + 1) * size[axis]).div_ceil(of[axis]).max(from + 1).min(size[axis]);
        from.min(size[axis] - 1)..to
    };
    let (mut sum, mut count) = ([0u32; 3], 0);
    for y in span(0) {
        for x in span(1) {
            let Rgb(r, g, b) = pixels[y * size[1] + x];
            sum.iter_mut().zip([r, g, b]).for_each(|(sum, c)| *sum += u32::from(c));
            count += 1;
        }
    }
    let [r, g, b] = sum.map(|sum| (sum / count.max(1)) as u8);
    Rgb(r, g, b)
}
