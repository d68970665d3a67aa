//! Time axis of a chart, and the steps that are visible.

use std::ops::RangeInclusive;

use freewheel_core::{Cell, Frame, Rgb};

use super::{AXIS_WIDTH, BACKGROUND, MUTED};
use crate::dots;

/// Minimum number of steps across the chart, doubled until the episode fits.
const MIN_STEPS: usize = 32;
/// Factor of one step of the zoom, and number of visible steps beyond which it has no effect.
const ZOOM_STEP: f64 = 1.5;
const MIN_ZOOMED: usize = 8;
/// Minimum distance between the beginnings of two labels, and of two dates, columns.
const LABEL_COLUMNS: usize = 12;
const DATE_COLUMNS: usize = 18;

/// Numbering of steps.
#[derive(Clone)]
pub struct Axis<'a> {
    /// First step of the episode; steps before it are history.
    begin: usize,
    /// Current step.
    now: usize,
    /// Last step of the episode, if it is known.
    end: Option<usize>,
    /// Text of a step, such as its date; the number of the step without one.
    label: Option<&'a dyn Fn(usize) -> String>,
}

impl std::fmt::Debug for Axis<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Axis({}..{}..{:?})", self.begin, self.now, self.end)
    }
}

impl<'a> Axis<'a> {
    /// Axis of an episode that begins with step 0, at step `now`, with the last step `end` if it is known.
    pub fn steps(now: usize, end: Option<usize>) -> Self {
        Axis { begin: 0, now, end, label: None }
    }

    /// Axis of an episode that begins with step `begin`, with a history before it; `label` is the date of a step.
    pub fn dates(begin: usize, now: usize, end: usize, label: &'a dyn Fn(usize) -> String) -> Self {
        Axis { begin, now, end: Some(end), label: Some(label) }
    }

    pub(super) fn now(&self) -> usize {
        self.now
    }

    pub(super) fn begin(&self) -> usize {
        self.begin
    }

    /// Text of the current step.
    pub(super) fn now_text(&self) -> String {
        let of = self.end.map_or_else(String::new, |end| format!(" of {}", end - self.begin.min(end)));
        let step = format!("step {}{of}", self.now - self.begin.min(self.now));
        self.label.map_or_else(|| step.clone(), |label| format!("{}   {step}", label(self.now)))
    }

    /// Steps that a chart of `columns` columns shows. An episode that fits is shown whole, on a scale that leaves room
    /// for later steps.
    pub(super) fn window(&self, columns: usize, zoom: i8) -> Window {
        let capacity = columns * dots::ACROSS;
        let shrink = |steps: usize| {
            let zoomed = steps as f64 / ZOOM_STEP.powi(i32::from(zoom.max(0)));
            (zoomed as usize).clamp(MIN_ZOOMED.min(steps), steps)
        };
        let (past, whole) = (self.now + 1, self.end.map_or(usize::MAX, |end| end + 1));
        let mut span = MIN_STEPS;
        while span < past {
            span *= 2;
        }
        let span = span.min(whole).max(2);
        if self.label.is_none() && zoom <= 0 && span <= capacity {
            return Window { from: 0, to: span - 1, now: self.now, columns };
        }
        let steps = shrink(capacity.min(past)).max(2);
        let from = past.saturating_sub(steps);
        Window { from, to: from + steps - 1, now: self.now, columns }
    }
}

/// Visible steps of a chart.
pub(super) struct Window {
    from: usize,
    to: usize,
    now: usize,
    columns: usize,
}

impl Window {
    pub(super) fn steps(&self) -> RangeInclusive<usize> {
        self.from..=self.to
    }

    pub(super) fn now(&self) -> usize {
        self.now
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Position of a step in dots from the left.
    pub(super) fn dot(&self, step: usize) -> f64 {
        let share = (step as f64 - self.from as f64) / (self.to - self.from) as f64;
        share * ((self.columns * dots::ACROSS) as f64 - 1.0) + 0.5
    }

    /// Column of a step; `None` if it is not visible.
    pub(super) fn column(&self, step: usize) -> Option<usize> {
        self.steps().contains(&step).then(|| (self.dot(step) as usize / dots::ACROSS).min(self.columns - 1))
    }

    /// Draws the axis with its labels in row `row`.
    pub(super) fn draw_axis(&self, axis: &Axis<'_>, frame: &mut Frame, row: usize) {
        let rule = |glyph: char, fg: Rgb| Cell { glyph, fg, bg: BACKGROUND };
        (AXIS_WIDTH..frame.width()).for_each(|x| frame.set(x, row, rule('─', MUTED)));
        let spacing = if axis.label.is_some() { DATE_COLUMNS } else { LABEL_COLUMNS };
        let count = (self.columns / spacing).max(1);
        let stride = round_up((self.to - self.from).div_ceil(count));
        let mut free = AXIS_WIDTH;
        for step in (self.from..=self.to).filter(|step| step % stride == 0) {
            let Some(column) = self.column(step) else { continue };
            let text = axis.label.map_or_else(|| step.to_string(), |label| label(step));
            let x = AXIS_WIDTH + column;
            let width = text.chars().count();
            if x >= free && x + 1 + width <= frame.width() {
                frame.set(x, row, rule('┴', MUTED));
                frame.write(x + 1, row, &text, MUTED, BACKGROUND);
                free = x + width + 2;
            }
        }
        if let Some(column) = self.column(axis.begin).filter(|_| axis.label.is_some()) {
            frame.write(AXIS_WIDTH + column, row, "├ start", super::YELLOW, BACKGROUND);
        }
    }
}

/// Smallest number of the form 1, 2 or 5 times a power of ten that is at least `count`.
fn round_up(count: usize) -> usize {
    let mut power = 1;
    loop {
        for digit in [1, 2, 5] {
            if digit * power >= count {
                return digit * power;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_numbers() {
        assert_eq!([0, 1, 2, 3, 6, 11, 21, 51, 101].map(round_up), [1, 1, 2, 5, 10, 20, 50, 100, 200]);
    }

    /// The scale grows in steps, so that the picture is still most of the time; a long episode scrolls.
    #[test]
    fn the_window_grows_and_then_scrolls() {
        let window = |now: usize, end: Option<usize>, zoom: i8| {
            let window = Axis::steps(now, end).window(50, zoom);
            (window.from, window.to)
        };
        assert_eq!(window(0, None, 0), (0, 31));
        assert_eq!(window(31, None, 0), (0, 31));
        assert_eq!(window(32, None, 0), (0, 63));
        assert_eq!(window(64, Some(90), 0), (0, 90));
        assert_eq!(window(64, None, 0), (0, 64));
        assert_eq!(window(700, None, 0), (601, 700));
        assert_eq!(window(5, Some(10), 0), (0, 10));
        assert_eq!(window(700, None, 1), (635, 700));
        assert_eq!(window(700, None, 100), (693, 700));
        assert_eq!(window(0, None, 3), (0, 1));
    }

    #[test]
    fn columns_cover_the_chart() {
        let window = Axis::steps(31, None).window(50, 0);
        assert_eq!((window.column(0), window.column(31), window.column(32)), (Some(0), Some(49), None));
    }
}
