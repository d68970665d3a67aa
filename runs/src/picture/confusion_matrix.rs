//! Confusion matrix: counts of predicted classes (columns) for each true class (rows).

use freewheel_agents::estimator::metrics;
use freewheel_core::{Error, Result, Rgb};

use super::colors::{self, FOREGROUND, MUTED};
use super::font;
use super::scene::{Anchor, MARGIN, NAME, SMALL, Scene};
use super::terminal::{Canvas, has_colors, truncate};
use super::{Depth, Picture, check_not_empty, check_same_length, thousands};

/// Side of a cell in scene units.
const CELL: f32 = 52.0;

/// Counts for each pair of classes, shaded by the share of their row.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusionMatrix {
    title: String,
    names: Vec<String>,
    /// Counts `[C, C]` for C classes, row by row.
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// Matrix of `counts [C, C]` (rows are true classes) for C classes with the given `names`.
    ///
    /// # Errors
    /// [`Error::Config`] if all counts are 0, or if the number of counts is not C * C.
    pub fn new(title: &str, names: &[String], counts: Vec<u64>) -> Result<Self> {
        check_not_empty(title, "classes", names.len())?;
        check_same_length(title, ("counts", counts.len()), ("pairs of classes", names.len() * names.len()))?;
        check_not_empty(title, "samples", counts.iter().sum::<u64>() as usize)?;
        Ok(ConfusionMatrix { title: title.to_owned(), names: names.to_vec(), counts })
    }

    /// Matrix of the true classes `labels [N]` against the `predicted [N]` classes; a class is an index into `names`.
    ///
    /// # Errors
    /// [`Error::Config`] for different lengths, no samples, or a class without a name.
    pub fn confusion(title: &str, names: &[String], labels: &[u32], predicted: &[u32]) -> Result<Self> {
        check_same_length(title, ("predictions", predicted.len()), ("labels", labels.len()))?;
        let classes = names.len() as u32;
        if let Some(class) = labels.iter().chain(predicted).find(|&&class| class >= classes) {
            return Err(Error::Config(format!("{title}: class {class} has no name; there are {classes}")));
        }
        let counts = metrics::confusion(predicted, labels, classes);
        let share = 100.0 * metrics::accuracy(predicted, labels);
        let title = format!("{title}\n{share:.2} % of {} are right", thousands(labels.len() as u64));
        Self::new(&title, names, counts)
    }

    /// Counts `[C, C]` for C classes, row by row.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Share of the count of a cell in the sum of its row, 0 to 1.
    fn share(&self, row: usize, column: usize) -> f64 {
        let classes = self.names.len();
        let all: u64 = self.counts[row * classes..(row + 1) * classes].iter().sum();
        self.counts[row * classes + column] as f64 / all.max(1) as f64
    }
}

impl Picture for ConfusionMatrix {
    fn scene(&self) -> Scene {
        let mut scene = Scene::new(&self.title);
        let classes = self.names.len();
        // With more than 20 classes only the shades are drawn.
        let (cell, show_counts) =
            if classes <= 20 { (CELL, true) } else { ((1040.0 / classes as f32).max(4.0), false) };
        let width = |name: &String| font::text_width(name, NAME);
        let widest = self.names.iter().map(width).fold(0.0, f32::max);
        let upright = widest > cell - 4.0;
        let (left, side) = (MARGIN + 24.0 + widest + 8.0, classes as f32 * cell);
        let top = scene.top() + 22.0 + if upright { widest } else { NAME } + 8.0;
        scene.text(left + side / 2.0, scene.top() + 10.0, NAME, Anchor::Middle, MUTED, "predicted");
        scene.rotated(MARGIN + 12.0, top + side / 2.0, NAME, Anchor::Middle, MUTED, "true");
        if cell >= NAME {
            for (i, name) in self.names.iter().enumerate() {
                let middle = (i as f32 + 0.5) * cell;
                scene.text(left - 8.0, top + middle + 4.5, NAME, Anchor::End, FOREGROUND, name);
                if upright {
                    scene.rotated(left + middle + 4.5, top - 8.0, NAME, Anchor::Start, FOREGROUND, name);
                } else {
                    scene.text(left + middle, top - 8.0, NAME, Anchor::Middle, FOREGROUND, name);
                }
            }
        }
        for (i, &count) in self.counts.iter().enumerate() {
            let (row, column) = (i / classes, i % classes);
            let (x, y) = (left + column as f32 * cell, top + row as f32 * cell);
            let share = self.share(row, column);
            let ground = colors::sequential(share);
            let line = if show_counts { 1.0 } else { 0.0 };
            scene.rect(x, y, cell - line, cell - line, if count == 0 { EMPTY } else { ground });
            if show_counts && count > 0 {
                let ink = colors::text_color_on(ground);
                scene.text(
                    x + cell / 2.0,
                    y + cell / 2.0 - 1.0,
                    NAME,
                    Anchor::Middle,
                    ink,
                    &thousands(count),
                );
                let share = format!("{} %", short(100.0 * share));
                scene.text(x + cell / 2.0, y + cell / 2.0 + 14.0, SMALL - 1.0, Anchor::Middle, ink, &share);
            }
        }
        scene.extend_to(left + side, top + side);
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
        let corner = truncate("true \\ said", left);
        canvas.write(0, first, if left > 4 { corner.as_str() } else { "" }, Some(MUTED), None);
        for (i, name) in self.names.iter().enumerate() {
            let name = truncate(name, wide - 1);
            canvas.write(left + 1 + i * wide, first, &format!("{name:>w$}", w = wide - 1), Some(MUTED), None);
        }
        for (row, name) in self.names.iter().enumerate() {
            let y = first + 1 + row;
            canvas.write(0, y, &truncate(name, left), None, None);
            for column in 0..classes {
                let count = self.counts[row * classes + column];
                let ground = if count == 0 { EMPTY } else { colors::sequential(self.share(row, column)) };
                let shown = match (count, has_colors(depth)) {
                    (0, true) => String::new(),
                    (0, false) => "·".to_owned(),
                    _ => count.to_string(),
                };
                let text = format!("{shown:>w$} ", w = wide - 1);
                canvas.write(
                    left + 1 + column * wide,
                    y,
                    &text,
                    Some(colors::text_color_on(ground)),
                    Some(ground),
                );
            }
        }
        canvas.render(depth)
    }
}

/// Color of a cell whose count is 0.
const EMPTY: Rgb = Rgb(247, 248, 250);

/// Text of a percentage, with one decimal below 10.
fn short(percent: f64) -> String {
    if percent >= 9.95 { format!("{percent:.0}") } else { format!("{percent:.1}") }
}
