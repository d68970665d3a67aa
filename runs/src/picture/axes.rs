//! Axes, ticks and legends, in a scene and in a terminal.

use freewheel_core::Rgb;

use super::Depth;
use super::colors::{FOREGROUND, GRID, MUTED};
use super::font;
use super::scene::{Anchor, MARGIN, NAME, SMALL, Scene};
use super::terminal::{Canvas, has_colors, truncate};

/// Range and label of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) name: String,
}

impl Axis {
    /// Axis called `name` over the range of all `values`, with a margin at both ends.
    pub(super) fn over(name: &str, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
        let room = if high > low { (high - low) * 0.04 } else { low.abs().max(1.0) * 0.5 };
        Axis { low: low - room, high: high + room, name: name.to_owned() }
    }

    /// Position of `value` on the axis: 0 at the low end, 1 at the high end.
    fn fraction(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// About `count` round numbers in the range of the axis, with their text.
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
            (value, format_number(value, decimals))
        };
        (first..=last).map(tick).collect()
    }
}

/// Text of a number, with a minus sign instead of a hyphen; in scientific notation from 1e6 on.
pub(super) fn format_number(value: f64, decimals: usize) -> String {
    let text = if value.abs() >= 1e6 { format!("{value:.1e}") } else { format!("{value:.decimals$}") };
    text.replace('-', "−")
}

/// Entries of a legend: name, color, and the character used without colors.
pub(super) type LegendEntries = [(String, Rgb, char)];

/// Axes of a plot in a scene.
pub(super) struct Axes<'a> {
    x: &'a Axis,
    y: &'a Axis,
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl<'a> Axes<'a> {
    /// Draws axes of the given `size` below the title of `scene`; `x_ticks` replace the round numbers along the x axis.
    pub(super) fn draw(
        scene: &mut Scene,
        [x, y]: [&'a Axis; 2],
        size: [f32; 2],
        x_ticks: Option<&[(f64, String)]>,
    ) -> Self {
        let y_ticks = y.ticks((size[1] / 70.0) as usize);
        let top = scene.top() + 6.0;
        Axes::draw_at(scene, top, [x, y], size, x_ticks, &y_ticks)
    }

    /// Same as [`Axes::draw`], from `top` downwards, with the ticks `y_ticks` along the y axis.
    pub(super) fn draw_at(
        scene: &mut Scene,
        top: f32,
        [x, y]: [&'a Axis; 2],
        [width, height]: [f32; 2],
        x_ticks: Option<&[(f64, String)]>,
        y_ticks: &[(f64, String)],
    ) -> Self {
        let widest = y_ticks.iter().map(|(_, text)| font::text_width(text, SMALL)).fold(0.0, f32::max);
        let left = (MARGIN + if y.name.is_empty() { 0.0 } else { 24.0 } + widest + 8.0).ceil();
        let axes = Axes { x, y, left, top, width, height };
        let round = x.ticks((width / 90.0) as usize);
        let (right, bottom) = (left + width, axes.top + height);
        for (value, text) in y_ticks {
            let (_, at) = axes.at(x.low, *value);
            scene.line(&[(left, at), (right, at)], GRID, 1.0);
            scene.text(left - 8.0, at + 4.0, SMALL, Anchor::End, MUTED, text);
        }
        for (value, text) in x_ticks.unwrap_or(&round) {
            let (at, _) = axes.at(*value, y.low);
            if x_ticks.is_none() {
                scene.line(&[(at, axes.top), (at, bottom)], GRID, 1.0);
            }
            scene.text(at, bottom + 18.0, SMALL, Anchor::Middle, MUTED, text);
        }
        scene.line(&[(left, bottom), (right, bottom)], MUTED, 1.0);
        if !x.name.is_empty() {
            scene.text(left + width / 2.0, bottom + 40.0, NAME, Anchor::Middle, FOREGROUND, &x.name);
        }
        if !y.name.is_empty() {
            scene.rotated(MARGIN + 12.0, axes.top + height / 2.0, NAME, Anchor::Middle, FOREGROUND, &y.name);
        }
        scene.extend_to(right, bottom + if x.name.is_empty() { 18.0 } else { 42.0 });
        axes
    }

    /// Position of a data point in the scene.
    pub(super) fn at(&self, x: f64, y: f64) -> (f32, f32) {
        let (across, up) = (self.x.fraction(x) as f32, self.y.fraction(y) as f32);
        (self.left + across * self.width, self.top + (1.0 - up) * self.height)
    }

    /// Left, top, right and bottom edge of the axes.
    pub(super) fn bounds(&self) -> [f32; 4] {
        [self.left, self.top, self.left + self.width, self.top + self.height]
    }

    /// Draws a legend to the right of the axes.
    pub(super) fn legend(&self, scene: &mut Scene, legend: &LegendEntries) {
        let left = self.left + self.width + 18.0;
        for (i, (name, color, _)) in legend.iter().enumerate() {
            let y = self.top + 6.0 + 21.0 * i as f32;
            scene.rect(left, y, 12.0, 12.0, *color);
            scene.text(left + 19.0, y + 10.5, NAME, Anchor::Start, FOREGROUND, name);
            scene.extend_to(left + 19.0 + font::text_width(name, NAME), y + 12.0);
        }
    }
}

/// Axes of a plot in a terminal.
pub(super) struct TerminalAxes<'a> {
    x: &'a Axis,
    y: &'a Axis,
    left: usize,
    top: usize,
    /// Width in columns.
    pub(super) columns: usize,
    /// Height in half rows (two per character).
    pub(super) halves: usize,
}

impl<'a> TerminalAxes<'a> {
    /// Draws axes below the last row of the canvas, as wide as the canvas.
    pub(super) fn draw(canvas: &mut Canvas, x: &'a Axis, y: &'a Axis) -> Self {
        let top = canvas.height() + usize::from(!y.name.is_empty());
        if !y.name.is_empty() {
            canvas.write(0, top - 1, &y.name, Some(MUTED), None);
        }
        let rows = (canvas.width() / 4).clamp(8, 30);
        let ticks = y.ticks(rows / 4);
        let left =
            ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(0).min(canvas.width() / 3) + 1;
        let columns = canvas.width() - left - 1;
        let field = TerminalAxes { x, y, left, top, columns, halves: 2 * rows };
        for row in 0..rows {
            canvas.write(left, top + row, "│", Some(MUTED), None);
        }
        for (value, text) in &ticks {
            if let Some((_, at)) = field.at(x.low, *value) {
                canvas.write(0, top + at / 2, &format!("{text:>w$}┤", w = left), Some(MUTED), None);
            }
        }
        canvas.write(left, top + rows, &format!("└{}", "─".repeat(columns)), Some(MUTED), None);
        let mut free = 0;
        for (value, text) in x.ticks(columns / 12) {
            let Some((at, _)) = field.at(value, y.low) else { continue };
            let from = (left + 1 + at).saturating_sub(text.chars().count() / 2);
            if from >= free && from + text.chars().count() <= canvas.width() {
                canvas.write(from, top + rows + 1, &text, Some(MUTED), None);
                canvas.write(left + 1 + at, top + rows, "┴", Some(MUTED), None);
                free = from + text.chars().count() + 1;
            }
        }
        if !x.name.is_empty() {
            let name = truncate(&x.name, columns);
            let from = left + 1 + (columns - name.chars().count()) / 2;
            canvas.write(from, top + rows + 2, &name, Some(MUTED), None);
        }
        field
    }

    /// Column and half row (counted from the top) of a data point; `None` outside the axes.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        let within = |fraction: f64, count: usize| {
            (-1e-9..=1.0 + 1e-9)
                .contains(&fraction)
                .then(|| ((fraction * count as f64) as usize).min(count - 1))
        };
        Some((within(self.x.fraction(x), self.columns)?, within(1.0 - self.y.fraction(y), self.halves)?))
    }

    /// Colors the cell at the column and half row `at`, a result of [`TerminalAxes::at`].
    pub(super) fn pixel(&self, canvas: &mut Canvas, at: (usize, usize), rgb: Rgb, plain: char) {
        canvas.pixel(self.left + 1 + at.0, 2 * self.top + at.1, rgb, Some(plain));
    }

    /// Writes a legend below the axes.
    pub(super) fn legend(canvas: &mut Canvas, legend: &LegendEntries, depth: Depth) {
        let (mut x, mut y) = (0, canvas.height());
        for (name, color, plain) in legend {
            let name = truncate(name, canvas.width().saturating_sub(2));
            let wide = name.chars().count() + 4;
            if x > 0 && x + wide > canvas.width() + 2 {
                (x, y) = (0, y + 1);
            }
            let mark = if has_colors(depth) { '■' } else { *plain };
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
