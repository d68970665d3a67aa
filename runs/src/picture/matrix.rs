//! How often each class was taken for each: rows are what is true, columns what was said.

use freewheel_agents::supervised::metrics;
use freewheel_core::{Error, Result, Rgb};

use super::characters::{Canvas, colored, cut};
use super::colors::{self, DIM, INK};
use super::letters;
use super::scene::{Anchor, MARGIN, NAME, SMALL, Scene};
use super::{Depth, Picture, as_many, counted, some};

/// Side of a cell on paper.
const CELL: f32 = 52.0;

/// Counts of pairs, shaded by the share of their row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    title: String,
    names: Vec<String>,
    /// `[C, C]`.
    counts: Vec<u64>,
}

impl Matrix {
    /// The `counts [C, C]`, a row for each true class, of classes with these names.
    ///
    /// # Errors
    /// [`Error::Config`] where nothing was counted, or names and counts do not fit.
    pub fn new(title: &str, names: &[String], counts: Vec<u64>) -> Result<Self> {
        some(title, "classes", names.len())?;
        as_many(title, ("counts", counts.len()), ("pairs of classes", names.len() * names.len()))?;
        some(title, "samples", counts.iter().sum::<u64>() as usize)?;
        Ok(Matrix { title: title.to_owned(), names: names.to_vec(), counts })
    }

    /// Counts labels `[N]` and what was `predicted [N]`, indices into `names`.
    ///
    /// # Errors
    /// As [`Matrix::new`]; and where a label has no name.
    pub fn confusion(title: &str, names: &[String], labels: &[u32], predicted: &[u32]) -> Result<Self> {
        as_many(title, ("predictions", predicted.len()), ("labels", labels.len()))?;
        let classes = names.len() as u32;
        if let Some(class) = labels.iter().chain(predicted).find(|&&class| class >= classes) {
            return Err(Error::Config(format!("{title}: class {class} has no name; there are {classes}")));
        }
        let counts = metrics::confusion(predicted, labels, classes);
        let share = 100.0 * metrics::accuracy(predicted, labels);
        let title = format!("{title}\n{share:.2} % of {} are right", counted(labels.len() as u64));
        Self::new(&title, names, counts)
    }

    /// The counts `[C, C]`.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The share of its row.
    fn share(&self, row: usize, column: usize) -> f64 {
        let classes = self.names.len();
        let all: u64 = self.counts[row * classes..(row + 1) * classes].iter().sum();
        self.counts[row * classes + column] as f64 / all.max(1) as f64
    }
}

impl Picture for Matrix {
    fn scene(&self) -> Scene {
        let mut scene = Scene::new(&self.title);
        let classes = self.names.len();
        // Of many classes only the shades can be seen.
        let (cell, written) =
            if classes <= 20 { (CELL, true) } else { ((1040.0 / classes as f32).max(4.0), false) };
        let width = |name: &String| letters::width(name, NAME);
        let widest = self.names.iter().map(width).fold(0.0, f32::max);
        let upright = widest > cell - 4.0;
        let (left, side) = (MARGIN + 24.0 + widest + 8.0, classes as f32 * cell);
        let top = scene.top() + 22.0 + if upright { widest } else { NAME } + 8.0;
        scene.text(left + side / 2.0, scene.top() + 10.0, NAME, Anchor::Middle, DIM, "predicted");
        scene.upwards(MARGIN + 12.0, top + side / 2.0, NAME, Anchor::Middle, DIM, "true");
        if cell >= NAME {
            for (i, name) in self.names.iter().enumerate() {
                let middle = (i as f32 + 0.5) * cell;
                scene.text(left - 8.0, top + middle + 4.5, NAME, Anchor::End, INK, name);
                if upright {
                    scene.upwards(left + middle + 4.5, top - 8.0, NAME, Anchor::Start, INK, name);
                } else {
                    scene.text(left + middle, top - 8.0, NAME, Anchor::Middle, INK, name);
                }
            }
        }
        for (i, &count) in self.counts.iter().enumerate() {
            let (row, column) = (i / classes, i % classes);
            let (x, y) = (left + column as f32 * cell, top + row as f32 * cell);
            let share = self.share(row, column);
            let ground = colors::share(share);
            let line = if written { 1.0 } else { 0.0 };
            scene.rect(x, y, cell - line, cell - line, if count == 0 { EMPTY } else { ground });
            if written && count > 0 {
                let ink = colors::ink_on(ground);
                scene.text(x + cell / 2.0, y + cell / 2.0 - 1.0, NAME, Anchor::Middle, ink, &counted(count));
                let share = format!("{} %", short(100.0 * share));
                scene.text(x + cell / 2.0, y + cell / 2.0 + 14.0, SMALL - 1.0, Anchor::Middle, ink, &share);
            }
        }
        scene.covers(left + side, top + side);
        scene
    }

    fn text(&self, width: u16, depth: Depth) -> String {
        let mut canvas = Canvas::new(width);
        canvas.title(&self.title);
        let classes = self.names.len();
        let digits = self.counts.iter().max().map_or(1, |most| most.to_string().len());
        let longest = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let room = canvas.width().saturating_sub(classes * (digits + 1) + 1).max(6);
        let left = longest.min(room);
        let wide =
            (canvas.width().saturating_sub(left + 1) / classes).clamp(digits + 1, longest.max(digits) + 1);
        let first = canvas.height();
        let corner = cut("true \\ said", left);
        canvas.write(0, first, if left > 4 { corner.as_str() } else { "" }, Some(DIM), None);
        for (i, name) in self.names.iter().enumerate() {
            let name = cut(name, wide - 1);
            canvas.write(left + 1 + i * wide, first, &format!("{name:>w$}", w = wide - 1), Some(DIM), None);
        }
        for (row, name) in self.names.iter().enumerate() {
            let y = first + 1 + row;
            canvas.write(0, y, &cut(name, left), None, None);
            for column in 0..classes {
                let count = self.counts[row * classes + column];
                let ground = if count == 0 { EMPTY } else { colors::share(self.share(row, column)) };
                let shown = match (count, colored(depth)) {
                    (0, true) => String::new(),
                    (0, false) => "·".to_owned(),
                    _ => count.to_string(),
                };
                let text = format!("{shown:>w$} ", w = wide - 1);
                canvas.write(left + 1 + column * wide, y, &text, Some(colors::ink_on(ground)), Some(ground));
            }
        }
        canvas.finish(depth)
    }
}

/// Behind a pair that never came.
const EMPTY: Rgb = Rgb(247, 248, 250);

/// Percent in few digits.
fn short(percent: f64) -> String {
    if percent >= 9.95 { format!("{percent:.0}") } else { format!("{percent:.1}") }
}
