//! A grid of small images with captions and names of rows and columns.

use freewheel_agents::Samples;
use freewheel_agents::data::Shape;
use freewheel_core::{Error, Result, Rgb};

use super::colors::{self, FOREGROUND, MUTED};
use super::font;
use super::scene::{Anchor, MARGIN, Mark, NAME, SMALL, Scene};
use super::terminal::{Canvas, truncate};
use super::{Depth, Picture, check_finite, check_not_empty, check_same_length};

/// Approximate length of an image's longer side in scene units: without a caption, with a caption.
const IMAGE_SIDE: [f32; 2] = [60.0, 84.0];
/// Height of a caption line in scene units.
const LINE: f32 = 14.0;
/// Minimum width of an image in terminal columns if rows can be wrapped.
const MIN_COLUMNS: usize = 14;
/// Maximum width of a caption in terminal columns.
const MAX_CAPTION: usize = 20;

/// A grid of images, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageGrid {
    title: String,
    /// Height and width of an image in pixels.
    size: [usize; 2],
    columns: usize,
    /// Images row by row; `None` for an empty cell.
    images: Vec<Option<Vec<Rgb>>>,
    captions: Vec<String>,
    row_names: Vec<String>,
    column_names: Vec<String>,
    /// Labels of the horizontal and the vertical axis.
    axes: [String; 2],
    /// Whether images are drawn without gaps.
    touching: bool,
    /// Indices of the columns with a gap in front of them.
    gaps_before: Vec<usize>,
}

impl ImageGrid {
    /// Grid of `images [N, D]` of the given `shape`, gray or RGB, with `columns` images per row.
    ///
    /// # Errors
    /// [`Error::Config`] without images, for images of another shape, or for numbers that are not finite.
    pub fn new(title: &str, shape: &Shape, images: &Samples, columns: usize) -> Result<Self> {
        let Shape::Image { low, high, .. } = *shape else { return Err(not_images(title)) };
        let level = |x: f32| (x - low) / (high - low);
        Self::from_pixels(title, shape, images, columns, |planes| match *planes {
            [r, g, b] => {
                let to_u8 = |x: f32| (level(x).clamp(0.0, 1.0) * 255.0).round() as u8;
                Rgb(to_u8(r), to_u8(g), to_u8(b))
            }
            _ => colors::gray(level(planes[0])),
        })
    }

    /// Grid of signed images: negative numbers blue, 0 white, positive numbers red, scaled by the largest magnitude of
    /// each image.
    ///
    /// # Errors
    /// Same as [`ImageGrid::new`]; [`Error::Config`] for images with several channels.
    pub fn signed(title: &str, shape: &Shape, images: &Samples, columns: usize) -> Result<Self> {
        if !matches!(shape, Shape::Image { channels: 1, .. }) {
            return Err(not_images(title));
        }
        let largest = |row: &[f64]| row.iter().fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
        let scaled = images.iter().flat_map(|row| {
            let most = largest(row);
            row.iter().map(move |x| x / most)
        });
        let scaled = Samples::new(scaled.collect(), images.width())?;
        Self::from_pixels(title, shape, &scaled, columns, |planes| colors::diverging(f64::from(planes[0])))
    }

    fn from_pixels(
        title: &str,
        shape: &Shape,
        images: &Samples,
        columns: usize,
        paint: impl Fn(&[f32]) -> Rgb,
    ) -> Result<Self> {
        let Shape::Image { channels, height, width, .. } = *shape else { return Err(not_images(title)) };
        check_not_empty(title, "images", images.rows().min(columns).min(height * width))?;
        check_same_length(
            title,
            ("numbers of an image", images.width()),
            ("pixels of its shape", shape.width()),
        )?;
        check_finite(title, images.values().iter().copied())?;
        if channels != 1 && channels != 3 {
            return Err(Error::Config(format!(
                "{title}: images of {channels} planes cannot be drawn; 1 (gray) and 3 (colors) can"
            )));
        }
        let pixels = height * width;
        let image = |row: &[f64]| {
            let at = |i: usize| (0..channels).map(|axes| row[axes * pixels + i] as f32).collect::<Vec<f32>>();
            Some((0..pixels).map(|i| paint(&at(i))).collect())
        };
        Ok(ImageGrid {
            title: title.to_owned(),
            size: [height, width],
            columns,
            images: images.iter().map(image).collect(),
            captions: Vec::new(),
            row_names: Vec::new(),
            column_names: Vec::new(),
            axes: Default::default(),
            touching: false,
            gaps_before: Vec::new(),
        })
    }

    /// Adds a caption of one or more lines below each image.
    ///
    /// # Errors
    /// [`Error::Config`] if there are more or fewer captions than images.
    pub fn with_captions(mut self, captions: Vec<String>) -> Result<Self> {
        check_same_length(&self.title, ("captions", captions.len()), ("images", self.images.len()))?;
        self.captions = captions;
        Ok(self)
    }

    /// Adds a name to the left of each row.
    ///
    /// # Errors
    /// [`Error::Config`] if there are more or fewer names than rows.
    pub fn with_row_names(mut self, names: Vec<String>) -> Result<Self> {
        check_same_length(
            &self.title,
            ("names", names.len()),
            ("rows", self.images.len().div_ceil(self.columns)),
        )?;
        self.row_names = names;
        Ok(self)
    }

    /// Adds a name above each column.
    ///
    /// # Errors
    /// [`Error::Config`] if there are more or fewer names than columns.
    pub fn with_column_names(mut self, names: Vec<String>) -> Result<Self> {
        check_same_length(&self.title, ("names", names.len()), ("columns", self.columns))?;
        self.column_names = names;
        Ok(self)
    }

    /// Adds labels of the horizontal and the vertical axis.
    pub fn with_axis_labels(mut self, across: &str, down: &str) -> Self {
        self.axes = [across.to_owned(), down.to_owned()];
        self
    }

    /// Draws the images without gaps.
    pub fn touching(mut self) -> Self {
        self.touching = true;
        self
    }

    /// Adds a gap in front of each column with an index in `columns`.
    pub fn gaps_before(mut self, columns: &[usize]) -> Self {
        self.gaps_before = columns.to_vec();
        self
    }

    /// Leaves the cells with the indices `which`, counted row by row, empty.
    pub fn with_empty(mut self, which: impl IntoIterator<Item = usize>) -> Self {
        for i in which {
            if let Some(image) = self.images.get_mut(i) {
                *image = None;
            }
        }
        self
    }

    /// Number of lines of the tallest caption.
    fn caption_lines(&self) -> usize {
        self.captions.iter().map(|caption| caption.lines().count()).max().unwrap_or(0)
    }
}

fn not_images(title: &str) -> Error {
    Error::Config(format!("{title}: these samples are not images; use an image data set"))
}

impl Picture for ImageGrid {
    fn scene(&self) -> Scene {
        let mut scene = Scene::new(&self.title);
        let [height, width] = self.size;
        let scale =
            (IMAGE_SIDE[usize::from(!self.captions.is_empty())] / height.max(width) as f32).round().max(1.0);
        let (w, h) = (width as f32 * scale, height as f32 * scale);
        let lines =
            |text: &String| text.lines().map(|line| font::text_width(line, SMALL)).fold(0.0, f32::max);
        let widest = |texts: &[String]| texts.iter().map(lines).fold(0.0, f32::max);
        let gap = if self.touching { 0.0 } else { 10.0 };
        let across =
            w.max(widest(&self.captions)).max(if self.touching { w } else { widest(&self.column_names) })
                + gap;
        let down =
            h + gap + self.caption_lines() as f32 * LINE + if self.captions.is_empty() { 0.0 } else { 6.0 };
        let names = widest(&self.row_names);
        let left = MARGIN
            + if names > 0.0 { names + 10.0 } else { 0.0 }
            + if self.axes[1].is_empty() { 0.0 } else { 22.0 };
        let mut top = scene.top() + if self.axes[0].is_empty() { 0.0 } else { 20.0 };
        let gaps_before =
            |column: usize| 14.0 * self.gaps_before.iter().filter(|&&at| at <= column).count() as f32;
        let name_lines = self.column_names.iter().map(|name| name.lines().count()).max().unwrap_or(0);
        top += name_lines as f32 * LINE;
        let middle =
            |column: usize| left + column as f32 * across + gaps_before(column) + (across - gap) / 2.0;
        for (column, name) in self.column_names.iter().enumerate() {
            for (i, line) in name.lines().enumerate() {
                let y = top - 7.0 - (name_lines - 1 - i) as f32 * LINE;
                scene.text(middle(column), y, SMALL, Anchor::Middle, MUTED, line);
            }
        }
        for (row, name) in self.row_names.iter().enumerate() {
            let middle = top + row as f32 * down + h / 2.0;
            let count = name.lines().count() as f32;
            for (i, line) in name.lines().enumerate() {
                let y = middle + 4.0 + (i as f32 - (count - 1.0) / 2.0) * LINE;
                scene.text(left - 10.0, y, SMALL, Anchor::End, MUTED, line);
            }
        }
        for (i, pixels) in self.images.iter().enumerate() {
            let (row, column) = (i / self.columns, i % self.columns);
            let (x, y) = ((middle(column) - w / 2.0).round(), top + row as f32 * down);
            let Some(pixels) = pixels else { continue };
            scene.marks.push(Mark::Image { x, y, w, h, columns: width, pixels: pixels.clone() });
            for (line, text) in self.captions.get(i).map_or("", String::as_str).lines().enumerate() {
                let fill = if line == 0 { FOREGROUND } else { MUTED };
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
            scene.text((left + right) / 2.0, y, NAME, Anchor::Middle, FOREGROUND, &self.axes[0]);
        }
        if !self.axes[1].is_empty() {
            scene.rotated(
                MARGIN + 12.0,
                (top + bottom) / 2.0,
                NAME,
                Anchor::Middle,
                FOREGROUND,
                &self.axes[1],
            );
        }
        scene.extend_to(right, bottom);
        scene
    }

    fn text(&self, width: u16, depth: Depth) -> String {
        let mut canvas = Canvas::new(width);
        canvas.title(&self.title);
        let [height, wide] = self.size;
        let names =
            self.row_names.iter().flat_map(|name| name.lines()).map(|line| line.chars().count()).max();
        let left = names.map_or(0, |names| names.min(canvas.width() / 3) + 1);
        let gap = usize::from(!self.touching);
        let room = canvas.width() - left;
        // Rows without names are wrapped if the images would otherwise be too small.
        let free = self.row_names.is_empty() && self.column_names.is_empty() && !self.touching;
        let caption =
            self.captions.iter().flat_map(|caption| caption.lines()).map(|line| line.chars().count()).max();
        let least = wide.min(MIN_COLUMNS).max(caption.unwrap_or(0).min(MAX_CAPTION));
        let most = if free { (room / (least + gap)).max(1) } else { self.columns };
        let columns = self.columns.min(most).min(self.images.len());
        let cell = (room / columns).saturating_sub(gap).max(1);
        let w = cell.min(wide);
        // Distance from the left edge of one image to that of the next.
        let pitch = w.max(if free { cell.min(least) } else { 0 }) + gap;
        let h = (height * w).div_ceil(wide).next_multiple_of(2);
        let captions = self.caption_lines();
        if !self.column_names.is_empty() && w > 2 {
            let y = canvas.height();
            for (column, name) in self.column_names.iter().enumerate() {
                let name = name.replace('\n', " ");
                canvas.write(left + column * pitch, y, &truncate(&name, w), Some(MUTED), None);
            }
        }
        let first = canvas.height();
        for (i, pixels) in self.images.iter().enumerate() {
            let (row, column) = (i / columns, i % columns);
            let (x, y) = (left + column * pitch, first + row * (h / 2 + captions + gap.min(captions)));
            if column == 0 {
                for (line, text) in self.row_names.get(row).map_or("", String::as_str).lines().enumerate() {
                    canvas.write(0, y + line, &truncate(text, left - 1), Some(MUTED), None);
                }
            }
            let Some(pixels) = pixels else { continue };
            for at in 0..w * h {
                let (px, py) = (at % w, at / w);
                canvas.pixel(x + px, 2 * y + py, mean(pixels, self.size, [py, px], [h, w]), None);
            }
            for (line, text) in self.captions.get(i).map_or("", String::as_str).lines().enumerate() {
                canvas.write(x, y + h / 2 + line, &truncate(text, pitch - gap), Some(MUTED), None);
            }
        }
        canvas.render(depth)
    }
}

/// Mean color of one cell, if an image of `size` pixels is divided into `grid` cells; `at` is the index of the cell.
/// All three are `[y, x]`.
fn mean(pixels: &[Rgb], size: [usize; 2], at: [usize; 2], grid: [usize; 2]) -> Rgb {
    let span = |axis: usize| {
        let from = at[axis] * size[axis] / grid[axis];
        let to = ((at[axis] + 1) * size[axis]).div_ceil(grid[axis]).max(from + 1).min(size[axis]);
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
