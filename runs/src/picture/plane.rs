//! Two axes and what lies between them, on paper and in a terminal.

use freewheel_core::Rgb;

use super::Depth;
use super::characters::{Canvas, colored, cut};
use super::colors::{DIM, GRID, INK};
use super::letters;
use super::scene::{Anchor, MARGIN, NAME, SMALL, Scene};

/// From where to where, and what it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) name: String,
}

impl Axis {
    /// Over all `values`, with some room at both ends.
    pub(super) fn over(name: &str, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
        let room = if high > low { (high - low) * 0.04 } else { low.abs().max(1.0) * 0.5 };
        Axis { low: low - room, high: high + room, name: name.to_owned() }
    }

    /// 0 at the low end, 1 at the high one.
    fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// Round numbers within, about `count` of them, as they are written.
    pub(super) fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        let rough = (self.high - self.low) / count.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0]
            .map(|m| m * power)
            .into_iter()
            .find(|&step| step >= 0.75 * rough)
            .unwrap_or(10.0 * power);
        let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        let tick = |i: i64| {
            let value = i as f64 * step;
            (value, written(value, decimals))
        };
        (first..=last).map(tick).collect()
    }
}

/// A number with a true minus, and in powers of ten where it would be long.
pub(super) fn written(value: f64, decimals: usize) -> String {
    let text = if value.abs() >= 1e6 { format!("{value:.1e}") } else { format!("{value:.decimals$}") };
    text.replace('-', "−")
}

/// What stands beside a plane: a name, its color, and what stands for it where there are no colors.
pub(super) type Legend = [(String, Rgb, char)];

/// Axes on paper.
pub(super) struct Plane<'a> {
    x: &'a Axis,
    y: &'a Axis,
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl<'a> Plane<'a> {
    /// Draws axes below the title of `scene`, `size` wide and high; `x_ticks` for those along x, else round numbers.
    pub(super) fn draw(
        scene: &mut Scene,
        [x, y]: [&'a Axis; 2],
        size: [f32; 2],
        x_ticks: Option<&[(f64, String)]>,
    ) -> Self {
        let [width, height] = size;
        let y_ticks = y.ticks((height / 70.0) as usize);
        let widest = y_ticks.iter().map(|(_, text)| letters::width(text, SMALL)).fold(0.0, f32::max);
        let left = (MARGIN + if y.name.is_empty() { 0.0 } else { 24.0 } + widest + 8.0).ceil();
        let plane = Plane { x, y, left, top: scene.top() + 6.0, width, height };
        let round = x.ticks((width / 90.0) as usize);
        let (right, bottom) = (left + width, plane.top + height);
        for (value, text) in &y_ticks {
            let (_, at) = plane.at(x.low, *value);
            scene.line(&[(left, at), (right, at)], GRID, 1.0);
            scene.text(left - 8.0, at + 4.0, SMALL, Anchor::End, DIM, text);
        }
        for (value, text) in x_ticks.unwrap_or(&round) {
            let (at, _) = plane.at(*value, y.low);
            if x_ticks.is_none() {
                scene.line(&[(at, plane.top), (at, bottom)], GRID, 1.0);
            }
            scene.text(at, bottom + 18.0, SMALL, Anchor::Middle, DIM, text);
        }
        scene.line(&[(left, bottom), (right, bottom)], DIM, 1.0);
        if !x.name.is_empty() {
            scene.text(left + width / 2.0, bottom + 40.0, NAME, Anchor::Middle, INK, &x.name);
        }
        if !y.name.is_empty() {
            scene.upwards(MARGIN + 12.0, plane.top + height / 2.0, NAME, Anchor::Middle, INK, &y.name);
        }
        scene.covers(right, bottom + if x.name.is_empty() { 18.0 } else { 42.0 });
        plane
    }

    /// Where a point lies on paper.
    pub(super) fn at(&self, x: f64, y: f64) -> (f32, f32) {
        let (across, up) = (self.x.share(x) as f32, self.y.share(y) as f32);
        (self.left + across * self.width, self.top + (1.0 - up) * self.height)
    }

    /// Left, top, right and bottom.
    pub(super) fn sides(&self) -> [f32; 4] {
        [self.left, self.top, self.left + self.width, self.top + self.height]
    }

    /// Writes a legend to the right.
    pub(super) fn legend(&self, scene: &mut Scene, legend: &Legend) {
        let left = self.left + self.width + 18.0;
        for (i, (name, color, _)) in legend.iter().enumerate() {
            let y = self.top + 6.0 + 21.0 * i as f32;
            scene.rect(left, y, 12.0, 12.0, *color);
            scene.text(left + 19.0, y + 10.5, NAME, Anchor::Start, INK, name);
            scene.covers(left + 19.0 + letters::width(name, NAME), y + 12.0);
        }
    }
}

/// Axes in a terminal.
pub(super) struct Field<'a> {
    x: &'a Axis,
    y: &'a Axis,
    left: usize,
    top: usize,
    /// In columns.
    pub(super) columns: usize,
    /// In half rows.
    pub(super) halves: usize,
}

impl<'a> Field<'a> {
    /// Axes below what stands on the canvas, as wide as it is.
    pub(super) fn draw(canvas: &mut Canvas, x: &'a Axis, y: &'a Axis) -> Self {
        let top = canvas.height() + usize::from(!y.name.is_empty());
        if !y.name.is_empty() {
            canvas.write(0, top - 1, &y.name, Some(DIM), None);
        }
        let rows = (canvas.width() / 4).clamp(8, 30);
        let ticks = y.ticks(rows / 4);
        let left =
            ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0).min(canvas.width() / 3) + 1;
        let columns = canvas.width() - left - 1;
        let field = Field { x, y, left, top, columns, halves: 2 * rows };
        for row in 0..rows {
            canvas.write(left, top + row, "│", Some(DIM), None);
        }
        for (value, text) in &ticks {
            if let Some((_, at)) = field.at(x.low, *value) {
                canvas.write(0, top + at / 2, &format!("{text:>w$}┤", w = left), Some(DIM), None);
            }
        }
        canvas.write(left, top + rows, &format!("└{}", "─".repeat(columns)), Some(DIM), None);
        let mut free = 0;
        for (value, text) in x.ticks(columns / 12) {
            let Some((at, _)) = field.at(value, y.low) else { continue };
            let from = (left + 1 + at).saturating_sub(text.chars().count() / 2);
            if from >= free && from + text.chars().count() <= canvas.width() {
                canvas.write(from, top + rows + 1, &text, Some(DIM), None);
                canvas.write(left + 1 + at, top + rows, "┴", Some(DIM), None);
                free = from + text.chars().count() + 1;
            }
        }
        if !x.name.is_empty() {
            let name = cut(&x.name, columns);
            let from = left + 1 + (columns - name.chars().count()) / 2;
            canvas.write(from, top + rows + 2, &name, Some(DIM), None);
        }
        field
    }

    /// The column and the half row of a point, from the top; `None` where it lies outside.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        let within = |share: f64, count: usize| {
            (-1e-9..=1.0 + 1e-9).contains(&share).then(|| ((share * count as f64) as usize).min(count - 1))
        };
        Some((within(self.x.share(x), self.columns)?, within(1.0 - self.y.share(y), self.halves)?))
    }

    /// Colors what [`Field::at`] gave.
    pub(super) fn pixel(&self, canvas: &mut Canvas, at: (usize, usize), rgb: Rgb, plain: char) {
        canvas.pixel(self.left + 1 + at.0, 2 * self.top + at.1, rgb, Some(plain));
    }

    /// Writes a legend below.
    pub(super) fn legend(canvas: &mut Canvas, legend: &Legend, depth: Depth) {
        let (mut x, mut y) = (0, canvas.height());
        for (name, color, plain) in legend {
            let name = cut(name, canvas.width().saturating_sub(2));
            let wide = name.chars().count() + 4;
            if x > 0 && x + wide > canvas.width() + 2 {
                (x, y) = (0, y + 1);
            }
            let mark = if colored(depth) { '■' } else { *plain };
            canvas.write(x, y, &mark.to_string(), Some(*color), None);
            canvas.write(x + 2, y, &name, None, None);
            x += wide;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let ticks = |low, high, count| {
            let axis = Axis { low, high, name: String::new() };
            axis.ticks(count).into_iter().map(|(_, text)| text).collect::<Vec<_>>()
        };
        assert_eq!(ticks(-1.2, 1.1, 4), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(ticks(0.0, 0.5, 5), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(ticks(57.4, 72.6, 6), ["58", "60", "62", "64", "66", "68", "70", "72"]);
        let alone = Axis::over("", [3.0].into_iter());
        assert!(alone.low < 3.0 && alone.high > 3.0);
    }
}
