//! Panel of a chart: lines and areas over the same steps.

use std::ops::RangeInclusive;

use freewheel_core::{Cell, Frame, Rgb};

use super::time::Window;
use super::{AXIS_WIDTH, BACKGROUND, FOREGROUND, GREEN, MUTED, RED};
use crate::dots::{self, Dots};

/// Appearance of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Line between neighboring values.
    Line,
    /// A dot for every second value.
    Dotted,
    /// Area between the values and 0: green above 0, red below.
    Area,
}

/// Values of consecutive steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name in the title of the panel; without one, the value is not in the title.
    pub name: &'static str,
    /// Appearance.
    pub style: Style,
    /// Color; an area has its own.
    pub color: Rgb,
    /// Step of the first value.
    pub first: usize,
    /// Values; not finite where there is none.
    pub values: Vec<f64>,
}

impl Series {
    /// Line from step 0.
    pub fn line(name: &'static str, values: Vec<f64>) -> Self {
        Series { name, style: Style::Line, color: FOREGROUND, first: 0, values }
    }

    /// Value at a step; `None` where there is none.
    pub fn at(&self, step: usize) -> Option<f64> {
        let value = *self.values.get(step.checked_sub(self.first)?)?;
        value.is_finite().then_some(value)
    }
}

/// Panel with a title.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Title.
    pub title: &'static str,
    /// Series, the one in front last.
    pub series: Vec<Series>,
    /// Lowest and highest value; by default those of the visible values.
    pub range: Option<(f64, f64)>,
}

/// Map from values to rows.
pub(super) struct Scale {
    low: f64,
    high: f64,
    rows: usize,
}

impl Scale {
    /// Position of a value in dots from the top.
    fn dot(&self, value: f64) -> f64 {
        let share = ((self.high - value) / (self.high - self.low)).clamp(0.0, 1.0);
        share * ((self.rows * dots::DOWN) as f64 - 1.0) + 0.5
    }

    /// The same scale with an empty row above and below the values, for marks.
    pub(super) fn padded(self) -> Scale {
        let margin = if self.rows < 5 { 0.0 } else { (self.high - self.low) / (self.rows as f64 - 2.0) };
        Scale { low: self.low - margin, high: self.high + margin, ..self }
    }

    /// Text of a value with enough decimals for the range of the scale.
    fn label(&self, value: f64) -> String {
        let decimals = 2.0 - ((self.high - self.low).log10() + 1e-9).floor();
        let text = number(value);
        match text.contains('e') || value == 0.0 {
            true => text,
            false => format!("{value:.*}", decimals.clamp(0.0, 6.0) as usize),
        }
    }

    /// Row of a value.
    pub(super) fn row(&self, value: f64) -> usize {
        self.dot(value) as usize / dots::DOWN
    }
}

impl Panel {
    /// Panel without series.
    pub fn new(title: &'static str) -> Self {
        Panel { title, series: Vec::new(), range: None }
    }

    /// Scale in which all values at these steps are visible, in `rows` rows.
    pub(super) fn scale(&self, steps: RangeInclusive<usize>, rows: usize) -> Scale {
        let (mut low, mut high) = self.range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
        if self.range.is_none() {
            for series in &self.series {
                for value in steps.clone().filter_map(|step| series.at(step)) {
                    (low, high) = (low.min(value), high.max(value));
                }
                if series.style == Style::Area {
                    (low, high) = (low.min(0.0), high.max(0.0));
                }
            }
        }
        let smallest = 1e-9 * low.abs().max(high.abs()).max(1e-9);
        match (low.is_finite() && high.is_finite(), high - low > smallest) {
            (true, true) => Scale { low, high, rows },
            (true, false) if low != 0.0 => {
                let margin = 0.005 * low.abs();
                Scale { low: low - margin, high: high + margin, rows }
            }
            _ => Scale { low: 0.0, high: 1.0, rows },
        }
    }

    /// Writes the title with the values of step `now` into row `row`.
    pub(super) fn draw_title(&self, frame: &mut Frame, row: usize, now: usize) {
        for x in 0..frame.width() {
            frame.set(x, row, Cell { glyph: '─', fg: Rgb(60, 64, 74), bg: BACKGROUND });
        }
        let mut x = AXIS_WIDTH;
        let mut put = |text: &str, color: Rgb| {
            if x + text.chars().count() <= frame.width() {
                frame.write(x, row, text, color, BACKGROUND);
                x += text.chars().count();
            }
        };
        put(&format!(" {} ", self.title), MUTED);
        for series in &self.series {
            let Some(value) = series.at(now).filter(|_| !series.name.is_empty()) else { continue };
            let color = match series.style {
                Style::Area => sign_color(value),
                Style::Line | Style::Dotted => series.color,
            };
            let mark = match series.style {
                Style::Dotted => "┈ ",
                Style::Line => "─ ",
                Style::Area => "",
            };
            put(&format!(" {mark}{} {} ", series.name, number(value)), color);
        }
    }

    /// Draws the scale and all series into `rows` rows from the row `top`. `color_at` may replace the color of a line
    /// at a step.
    pub(super) fn draw(
        &self,
        frame: &mut Frame,
        window: &Window,
        scale: &Scale,
        (top, rows): (usize, usize),
        color_at: &dyn Fn(usize) -> Option<Rgb>,
    ) {
        let labels = [(top, scale.high), (top + rows - 1, scale.low)];
        for (row, value) in if rows > 1 { &labels[..] } else { &labels[..1] } {
            frame.write(0, *row, &format!("{:>9} ┤", scale.label(*value)), MUTED, BACKGROUND);
        }
        let mut dots = Dots::new(window.columns(), rows);
        if scale.low < 0.0 && scale.high > 0.0 {
            (0..window.columns()).for_each(|x| dots.set((2.0 * x as f64 + 0.5, scale.dot(0.0)), MUTED));
        }
        for series in &self.series {
            let mut last: Option<(f64, f64)> = None;
            for step in window.steps() {
                let Some(value) = series.at(step) else {
                    last = None;
                    continue;
                };
                let place = (window.dot(step), scale.dot(value));
                match series.style {
                    Style::Line => {
                        let color = color_at(step).unwrap_or(series.color);
                        dots.line(last.unwrap_or(place), place, color);
                    }
                    Style::Dotted => {
                        if step % 2 == 0 || last.is_none_or(|last| (last.1 - place.1).abs() > 2.0) {
                            dots.set(place, series.color);
                        }
                    }
                    Style::Area if value != 0.0 => {
                        // Every column of dots since the last value.
                        let from = last.map_or(place.0.floor(), |last| last.0.floor() + 1.0);
                        for x in from as usize..=place.0 as usize {
                            let x = x as f64 + 0.5;
                            dots.line((x, scale.dot(0.0)), (x, place.1), sign_color(value));
                        }
                    }
                    Style::Area => {}
                }
                last = Some(place);
            }
        }
        dots.draw(frame, AXIS_WIDTH, top);
    }
}

fn sign_color(value: f64) -> Rgb {
    if value < 0.0 { RED } else { GREEN }
}

/// A number with about four significant digits.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        1e6.. => format!("{value:.2e}"),
        1000.0.. => format!("{value:.0}"),
        100.0.. => format!("{value:.2}"),
        1.0.. => format!("{value:.3}"),
        0.001.. => format!("{value:.4}"),
        _ if size < 1e-12 => "0".into(),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;

    fn drawn(panel: &Panel, columns: usize, rows: usize) -> String {
        let mut frame = Frame::default();
        frame.clear(AXIS_WIDTH + columns, rows);
        let window = Axis::steps(0, Some(2 * columns - 1)).window(columns, 0);
        let scale = panel.scale(window.steps(), rows);
        panel.draw(&mut frame, &window, &scale, (0, rows), &|_| None);
        frame.to_text()
    }

    #[test]
    fn lines_rise_and_areas_hang_from_zero() {
        let line =
            Panel { series: vec![Series::line("", (0..8).map(f64::from).collect())], ..Panel::new("") };
        assert_eq!(drawn(&line, 4, 2), "     7.00 ┤  ⡠⠊\n        0 ┤⡠⠊\n");
        let values = vec![-1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0];
        let area = Series { style: Style::Area, ..Series::line("", values) };
        let area = Panel { series: vec![area], ..Panel::new("") };
        assert_eq!(drawn(&area, 4, 2), "     1.00 ┤  ⣿⣿\n    -1.00 ┤⣿⣿⠉⠉\n");
    }

    #[test]
    fn missing_values_leave_a_gap() {
        let values = vec![1.0, 1.0, f64::NAN, f64::NAN, 1.0, 1.0];
        let line = Panel { series: vec![Series::line("", values)], ..Panel::new("") };
        assert_eq!(drawn(&line, 4, 1), "   1.0050 ┤⠒ ⠒\n");
        assert_eq!(line.series[0].at(2), None);
        assert_eq!(line.series[0].at(9), None);
    }

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 1.5, -0.25, 123.456, 98_765.4, 1e9, 2e-5].map(number);
        assert_eq!(texts, ["0", "1.500", "-0.2500", "123.46", "98765", "1.00e9", "2.00e-5"]);
    }
}
