//! Line plot in braille: curves with their intervals, horizontal marks, and labels of both axes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::palette::{Depth, Palette, Role};
use crate::format::{compact, count};
use crate::mean_curve::{self, Point};
use crate::messages::screens::translated;
use crate::ticks::Ticks;

/// One curve of a plot.
pub(super) struct Line<'a> {
    /// Points in the order of their steps.
    pub(super) points: &'a [Point],
    /// Index of the color, see [`Palette::series`].
    pub(super) color: usize,
    /// Whether the curve is in front, with its interval; the others are thin.
    pub(super) front: bool,
}

/// Horizontal line, such as the reference.
pub(super) struct Mark {
    /// Value of the line.
    pub(super) value: f64,
    /// Name at the right end.
    pub(super) name: &'static str,
    /// Color.
    pub(super) role: Role,
}

/// Line plot over environment steps from 0 to `steps`.
pub(super) struct Plot<'a> {
    /// Curves; the last one is drawn on top.
    pub(super) lines: &'a [Line<'a>],
    /// Horizontal lines, below the curves.
    pub(super) marks: &'a [Mark],
    /// Right end of the horizontal axis, at least 1.
    pub(super) steps: u64,
    /// Whether the lowest values are the best: the worst outliers are cut off, not the best ones.
    pub(super) lower_is_better: bool,
    /// Whether the axes have labels.
    pub(super) labels: bool,
    /// Whether the axes start and end at round numbers.
    pub(super) round: bool,
}

/// Part of the distance between reference and baseline that is shown beyond the baseline.
const BEYOND: f64 = 0.5;

/// Vertical scale from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Scale of the curves and of the marks that are near; see [`mean_curve::range`].
    fn of(plot: &Plot<'_>) -> Option<Self> {
        let (low, high) = plot.range()?;
        let margin = (high - low) * 0.04;
        let least = f64::MIN_POSITIVE.max(1e-9 * high.abs().max(low.abs()));
        let margin = if high - low <= least { high.abs().max(1.0) * 0.5 } else { margin };
        margin.is_finite().then_some(Scale { low: low - margin, high: high + margin })
    }

    /// Row of dots of the value `y`, counted from the top, of `rows`; values outside are at the border.
    fn dot(self, y: f64, rows: usize) -> usize {
        let share = ((self.high - y) / (self.high - self.low)).clamp(0.0, 1.0);
        // A share that is not a number is 0.
        ((share * rows as f64) as usize).min(rows.saturating_sub(1))
    }
}

impl Plot<'_> {
    /// Range of the curves and of the marks that are near. Values far beyond the baseline, as those of the first
    /// episodes often are, are cut off once the newest values are better.
    fn range(&self) -> Option<(f64, f64)> {
        let means = self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.mean));
        let marks = self.marks.iter().map(|mark| mark.value);
        let (mut low, mut high) = mean_curve::range(means, marks, self.lower_is_better)?;
        let mark = |name| self.marks.iter().find(|mark| mark.name == name).map(|mark| mark.value);
        if let (Some(reference), Some(baseline)) = (mark("reference"), mark("baseline")) {
            let limit = baseline + BEYOND * (baseline - reference);
            let newest = || self.lines.iter().filter_map(|line| line.points.last()).map(|point| point.mean);
            match reference > baseline {
                true if newest().all(|mean| mean > limit) => low = low.max(limit),
                false if reference < baseline && newest().all(|mean| mean < limit) => high = high.min(limit),
                _ => {}
            }
        }
        (low <= high).then_some((low, high))
    }

    /// Draws the plot into `area`.
    pub(super) fn draw(&self, palette: Palette, area: Rect, buf: &mut Buffer) {
        let Some(scale) = Scale::of(self).filter(|_| area.width >= 4 && area.height >= 1) else { return };
        if self.round
            && let Some((scale, area)) = self.draw_round_axes(palette, area, buf)
        {
            return self.draw_lines(scale, palette, area, buf);
        }
        let area = match self.labels && area.width >= 24 && area.height >= 4 {
            true => self.draw_axes(scale, palette, area, buf),
            false => area,
        };
        self.draw_lines(scale, palette, area, buf);
    }

    fn draw_lines(&self, scale: Scale, palette: Palette, area: Rect, buf: &mut Buffer) {
        for mark in self.marks {
            draw_mark(mark, scale, palette, area, buf);
        }
        for line in self.lines {
            if line.front {
                self.draw_interval(line, scale, palette, area, buf);
            }
        }
        for line in self.lines {
            self.draw_line(line, scale, palette, area, buf);
        }
        if self.round && palette.depth == Depth::None && self.lines.len() > 1 {
            self.draw_letters(scale, area, buf);
        }
        // The names last, so that no curve covers them.
        for mark in self.marks {
            draw_name(mark, scale, palette, area, buf);
        }
    }

    /// Draws the labels of the axes; returns the area that is left for the curves.
    fn draw_axes(&self, scale: Scale, palette: Palette, area: Rect, buf: &mut Buffer) -> Rect {
        let inside = Rect { height: area.height - 1, ..area };
        let last = inside.height - 1;
        let rows: &[u16] = if inside.height >= 5 { &[0, last / 2, last] } else { &[0, last] };
        let labels: Vec<(u16, String)> = rows
            .iter()
            .map(|&row| {
                let share = f64::from(row) / f64::from(last.max(1));
                (row, compact(scale.high - share * (scale.high - scale.low)))
            })
            .collect();
        let wide = labels.iter().map(|(_, text)| text.len()).max().unwrap_or(0).min(9);
        let dim = palette.role(Role::Dim);
        for (row, text) in labels {
            buf.set_stringn(inside.x, inside.y + row, format!("{text:>wide$}"), wide, dim);
        }
        let left = wide as u16 + 1;
        let inside = Rect { x: inside.x + left, width: inside.width - left, ..inside };
        let end = count(self.steps as f64);
        let middle = count(self.steps as f64 / 2.0);
        buf.set_string(inside.x, inside.bottom(), "0", dim);
        buf.set_string(inside.x + inside.width / 2, inside.bottom(), middle, dim);
        let width = (end.len() as u16).min(inside.width);
        buf.set_string(inside.right() - width, inside.bottom(), end, dim);
        inside
    }

    /// Draws axes with 4 to 6 round numbers, of which the first and the last are the ends; returns the scale and the
    /// area that is left for the curves, or `None` if the area is too small.
    fn draw_round_axes(&self, palette: Palette, area: Rect, buf: &mut Buffer) -> Option<(Scale, Rect)> {
        let (low, high) = self.range()?;
        let (y, x) = (Ticks::around(low, high), Ticks::around(0.0, self.steps as f64));
        let labels = y.labels();
        let wide = labels.iter().map(|text| Span::raw(&**text).width()).max().unwrap_or(0) as u16;
        if area.width < wide + 24 || area.height < 7 {
            return None;
        }
        let inside =
            Rect { x: area.x + wide + 2, width: area.width - wide - 4, height: area.height - 2, ..area };
        let scale = Scale { low: y.low(), high: y.high() };
        let (dim, line) = (palette.role(Role::Dim), palette.role(Role::Line));
        for row in inside.top()..inside.bottom() {
            buf.set_string(inside.x - 1, row, "│", line);
        }
        for (value, text) in y.values.iter().zip(&labels) {
            let row = inside.y + scale.dot(*value, usize::from(inside.height)) as u16;
            let left = area.x + wide - Span::raw(&**text).width() as u16;
            buf.set_string(left, row, text, dim);
            buf.set_string(inside.x - 1, row, "┤", line);
        }
        let rule = "─".repeat(usize::from(inside.width));
        buf.set_string(inside.x - 1, inside.bottom(), format!("└{rule}"), line);
        for (value, text) in x.values.iter().zip(x.labels()) {
            let column = inside.x + self.column(*value as u64, usize::from(inside.width)) as u16;
            let half = Span::raw(&*text).width() as u16 / 2;
            let left = column.saturating_sub(half).min(area.right().saturating_sub(2 * half + 1));
            buf.set_string(column, inside.bottom(), "┴", line);
            buf.set_string(left, inside.bottom() + 1, text, dim);
        }
        Some((scale, inside))
    }

    /// Column of dots of a step, of `columns`.
    fn column(&self, step: u64, columns: usize) -> usize {
        let share = step as f64 / self.steps.max(1) as f64;
        ((share.clamp(0.0, 1.0) * columns as f64) as usize).min(columns.saturating_sub(1))
    }

    /// Shades the cells within the interval of a curve.
    fn draw_interval(&self, line: &Line<'_>, scale: Scale, palette: Palette, area: Rect, buf: &mut Buffer) {
        let (columns, rows) = (usize::from(area.width), usize::from(area.height));
        let shade = match self.round {
            true => palette.series_shade(line.color),
            false => palette.shade(Role::Accent),
        };
        for pair in line.points.windows(2) {
            let (from, to) = (self.column(pair[0].step, columns), self.column(pair[1].step, columns));
            for x in from..=to {
                let t = if to > from { (x - from) as f64 / (to - from) as f64 } else { 1.0 };
                let at = |a: f64, b: f64| a + (b - a) * t;
                let (low, high) = (at(pair[0].low, pair[1].low), at(pair[0].high, pair[1].high));
                let is_visible = low < high && high >= scale.low && low <= scale.high;
                if !is_visible {
                    continue;
                }
                for y in scale.dot(high, rows)..=scale.dot(low, rows) {
                    let Some(cell) = buf.cell_mut((area.x + x as u16, area.y + y as u16)) else { continue };
                    if let Some(shade) = shade {
                        cell.set_bg(shade);
                    } else if cell.symbol() == " " {
                        // Without shades, dots fill the interval.
                        cell.set_char('·');
                    }
                }
            }
        }
    }

    /// Writes the letter of each curve at its last point, in place of its color.
    fn draw_letters(&self, scale: Scale, area: Rect, buf: &mut Buffer) {
        for line in self.lines {
            let Some(last) = line.points.last() else { continue };
            let x = area.x + self.column(last.step, usize::from(area.width)) as u16;
            let y = area.y + scale.dot(last.mean, usize::from(area.height)) as u16;
            // The last points of two curves may be in one cell.
            let free = (x.saturating_sub(4).max(area.x)..=x).rev();
            let at = free.map(|x| (x, y)).find(|at| {
                buf.cell(*at).is_some_and(|cell| !cell.symbol().starts_with(|c: char| c.is_ascii_lowercase()))
            });
            if let Some(cell) = at.and_then(|at| buf.cell_mut(at)) {
                cell.set_char(letter(line.color));
            }
        }
    }

    /// Draws a curve in braille: 2 x 4 dots a cell. Cells of curves behind take single dots.
    fn draw_line(&self, line: &Line<'_>, scale: Scale, palette: Palette, area: Rect, buf: &mut Buffer) {
        let (columns, rows) = (usize::from(area.width) * 2, usize::from(area.height) * 4);
        let mut dots = vec![0u8; usize::from(area.width) * usize::from(area.height)];
        let mut set = |x: usize, y: usize| {
            const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
            if let Some(cell) = dots.get_mut(y / 4 * (columns / 2) + x / 2) {
                *cell |= BITS[x % 2][y % 4];
            }
        };
        let place = |point: &Point| (self.column(point.step, columns), scale.dot(point.mean, rows));
        let points = line.points.iter().filter(|point| point.mean.is_finite());
        let mut before: Option<(usize, usize)> = None;
        for (x, y) in points.map(place) {
            let (x0, y0) = before.unwrap_or((x, y));
            let mut last = y0;
            for column in x0..=x {
                let t = if x > x0 { (column - x0) as f64 / (x - x0) as f64 } else { 1.0 };
                let now = (y0 as f64 + (y as f64 - y0 as f64) * t).round() as usize;
                // A steep line fills the rows between two columns.
                let from = if now > last {
                    last + 1
                } else if now < last {
                    last - 1
                } else {
                    now
                };
                for row in from.min(now)..=from.max(now) {
                    set(column, row);
                }
                last = now;
            }
            before = Some((x, y));
        }
        let style = palette.series(line.color, line.front);
        for (at, bits) in dots.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            let x = area.x + (at % usize::from(area.width)) as u16;
            let y = area.y + (at / usize::from(area.width)) as u16;
            let Some(cell) = buf.cell_mut((x, y)) else { continue };
            let glyph = char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ');
            cell.set_char(glyph).set_style(style);
        }
    }
}

/// Letter of a curve where there are no colors.
pub(super) fn letter(index: usize) -> char {
    char::from(b'a' + (index % 26) as u8)
}

/// Draws a horizontal line, if it is within the scale.
fn draw_mark(mark: &Mark, scale: Scale, palette: Palette, area: Rect, buf: &mut Buffer) {
    if (scale.low..=scale.high).contains(&mark.value) {
        let y = area.y + scale.dot(mark.value, usize::from(area.height)) as u16;
        let width = usize::from(area.width);
        buf.set_stringn(area.x, y, "╌".repeat(width), width, palette.role(mark.role));
    }
}

/// Writes the name of a horizontal line at its right end; outside of the scale, with an arrow at the border.
fn draw_name(mark: &Mark, scale: Scale, palette: Palette, area: Rect, buf: &mut Buffer) {
    if !mark.value.is_finite() {
        return;
    }
    let rows = usize::from(area.height);
    let (prefix, row) = if mark.value < scale.low {
        ("↓ ", rows - 1)
    } else if mark.value > scale.high {
        ("↑ ", 0)
    } else {
        (" ", scale.dot(mark.value, rows))
    };
    let text = format!("{prefix}{} {}", translated(mark.name), compact(mark.value));
    let wide = Span::raw(&*text).width();
    if wide * 2 <= usize::from(area.width) {
        let style: Style = palette.role(mark.role);
        buf.set_stringn(area.right() - wide as u16, area.y + row as u16, text, wide, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        let one = |(i, &mean): (usize, &f64)| Point { step: i as u64, mean, low: mean, high: mean, runs: 1 };
        values.iter().enumerate().map(one).collect()
    }

    fn drawn(values: &[f64], marks: &[Mark], width: u16, height: u16) -> String {
        let points = points(values);
        let lines = [Line { points: &points, color: 0, front: true }];
        let steps = values.len().saturating_sub(1).max(1) as u64;
        let plot = Plot { lines: &lines, marks, steps, lower_is_better: false, labels: false, round: false };
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        plot.draw(Palette::new(Depth::True), buf.area, &mut buf);
        let rows = buf.content.chunks(usize::from(width.max(1)));
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
    }

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        assert_eq!(drawn(&[0.0, 1.0], &[], 4, 2), "  ⡠⠊\n⡠⠊  \n");
        assert_eq!(drawn(&[1.0, 0.0], &[], 4, 2), "⠑⢄  \n  ⠑⢄\n");
    }

    #[test]
    fn a_mark_that_is_near_is_on_the_scale() {
        let mark = |value| [Mark { value, name: "ref", role: Role::Good }];
        assert!(drawn(&[0.0, 1.0], &mark(1.5), 20, 4).starts_with("╌╌╌╌╌╌╌╌╌╌╌ ref 1.50"));
        assert!(drawn(&[0.0, 1.0], &mark(100.0), 20, 4).starts_with("           ↑ ref 100"));
        assert!(drawn(&[], &mark(2.0), 20, 4).contains("ref 2"));
    }

    #[test]
    fn the_first_terrible_episodes_do_not_flatten_the_curve() {
        let values: Vec<f64> = (0..40).map(|i| if i < 2 { -5000.0 } else { f64::from(i) }).collect();
        let points = points(&values);
        let lines = [Line { points: &points, color: 0, front: true }];
        let plot = |lower_is_better| Plot {
            lines: &lines,
            marks: &[],
            steps: 39,
            lower_is_better,
            labels: true,
            round: false,
        };
        assert!(Scale::of(&plot(false)).unwrap().low > 0.0);
        assert!(Scale::of(&plot(true)).unwrap().low < -5000.0);
    }

    #[test]
    fn values_far_beyond_the_baseline_are_cut_off_once_the_newest_are_better() {
        let values: Vec<f64> = (0..40).map(|i| -3000.0 + 74.0 * f64::from(i)).collect();
        let range = |values: &[f64], [reference, baseline]: [f64; 2]| {
            let points = points(values);
            let mark = |name, value| Mark { value, name, role: Role::Good };
            let plot = Plot {
                lines: &[Line { points: &points, color: 0, front: true }],
                marks: &[mark("reference", reference), mark("baseline", baseline)],
                steps: 39,
                lower_is_better: reference < baseline,
                labels: true,
                round: false,
            };
            plot.range().unwrap()
        };
        assert_eq!(range(&values, [-13.0, -1000.0]).0, -1493.5);
        // The newest value is still far below.
        assert!(range(&values[..10], [-13.0, -1000.0]).0 < -2900.0);
        let mirrored: Vec<f64> = values.iter().map(|value| -value).collect();
        assert_eq!(range(&mirrored, [13.0, 1000.0]).1, 1493.5);
    }

    #[test]
    fn degenerate_values_and_areas_hold() {
        let odd = [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 1e-320, 7.0];
        for take in 0..odd.len() {
            for (width, height) in [(0, 0), (1, 1), (4, 1), (30, 7)] {
                drawn(&odd[take..], &[Mark { value: odd[take], name: "x", role: Role::Warn }], width, height);
            }
        }
    }
}
