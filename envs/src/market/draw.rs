//! How a market looks: the last prices as a line, the position on a scale, the books below.

use freewheel_core::{Cell, Frame, Rgb};

const FAINT: Rgb = Rgb(110, 118, 132);
const TEXT: Rgb = Rgb(226, 230, 236);
const RISE: Rgb = Rgb(96, 200, 128);
const FALL: Rgb = Rgb(226, 104, 96);
const GROUND: Rgb = Rgb(0, 0, 0);

/// Columns and rows on paper, and the least and the most on a screen.
const PAPER: (usize, usize) = (64, 14);
const LEAST: (usize, usize) = (32, 7);
const MOST: (usize, usize) = (160, 40);
/// Columns of the scale at the left.
const SCALE: usize = 11;

/// What is drawn of a market.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// What the price is of.
    pub title: &'a str,
    /// Prices, the oldest first; at least one. Where there are more than columns, the last ones are drawn.
    pub prices: Vec<f32>,
    /// How many prices the whole width stands for, at least 1.
    pub window: usize,
    /// What is held.
    pub position: f64,
    /// Between which bounds.
    pub limits: (f64, f64),
    /// Name and value of whatever else is worth a look.
    pub notes: Vec<(&'static str, String)>,
}

impl Chart<'_> {
    /// Draws it as large as the frame has room for.
    pub fn paint(&self, frame: &mut Frame) {
        let (width, height) = frame.room().unwrap_or(PAPER);
        let (width, height) = (width.clamp(LEAST.0, MOST.0), height.clamp(LEAST.1, MOST.1));
        frame.clear(width, height);
        let last = self.prices.last().copied().unwrap_or_default();
        frame.write(0, 0, &format!("{} {last:.4}", self.title), TEXT, GROUND);
        self.line(frame, width - SCALE, height - 4);
        self.gauge(frame, width, height - 2);
        let notes: Vec<String> = self.notes.iter().map(|(name, value)| format!("{name} {value}")).collect();
        frame.write(0, height - 1, &notes.join("   "), FAINT, GROUND);
    }

    /// The prices, in `rows` rows from the second one on.
    fn line(&self, frame: &mut Frame, columns: usize, rows: usize) {
        let per_price = (columns / self.window.max(1)).max(1);
        let seen = &self.prices[self.prices.len().saturating_sub(columns / per_price)..];
        let low = seen.iter().copied().fold(f32::INFINITY, f32::min);
        let high = seen.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return };
        let ink = if last >= first { RISE } else { FALL };
        let row = |price: f32| {
            let share = if high > low { (price - low) / (high - low) } else { 0.5 };
            1 + ((1.0 - share) * (rows - 1) as f32).round() as usize
        };
        for (y, price) in [(1, high), (rows, low)] {
            frame.write(0, y, &format!("{price:>9.3} ┤"), FAINT, GROUND);
        }
        for (i, pair) in seen.windows(2).enumerate() {
            let (from, to) = (row(pair[0]), row(pair[1]));
            let x = SCALE + i * per_price;
            let mut put =
                |x: usize, y: usize, glyph: char| frame.set(x, y, Cell { glyph, fg: ink, bg: GROUND });
            (1..per_price).for_each(|right| put(x + right, to, '─'));
            match from.cmp(&to) {
                std::cmp::Ordering::Equal => put(x, to, '─'),
                std::cmp::Ordering::Greater => {
                    (to + 1..from).for_each(|y| put(x, y, '│'));
                    put(x, from, '╯');
                    put(x, to, '╭');
                }
                std::cmp::Ordering::Less => {
                    (from + 1..to).for_each(|y| put(x, y, '│'));
                    put(x, from, '╮');
                    put(x, to, '╰');
                }
            }
        }
    }

    /// The position between its bounds.
    fn gauge(&self, frame: &mut Frame, width: usize, y: usize) {
        let text = format!("position {:>9.3} ", self.position);
        frame.write(0, y, &text, TEXT, GROUND);
        let (left, (low, high)) = (text.chars().count(), self.limits);
        let columns = width - left;
        let at = |value: f64| {
            let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
            left + (share * (columns - 1) as f64).round() as usize
        };
        (left..width).for_each(|x| frame.set(x, y, Cell { glyph: '─', fg: FAINT, bg: GROUND }));
        frame.set(at(0.0), y, Cell { glyph: '┼', fg: FAINT, bg: GROUND });
        let ink = if self.position < 0.0 { FALL } else { RISE };
        frame.set(at(self.position), y, Cell { glyph: '●', fg: ink, bg: GROUND });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(prices: Vec<f32>) -> Chart<'static> {
        Chart {
            title: "price",
            prices,
            window: 20,
            position: -1.0,
            limits: (-1.0, 1.0),
            notes: vec![("profit", "2".into())],
        }
    }

    #[test]
    fn fits_any_room() {
        for room in [(1, 1), (32, 7), (80, 24), (500, 300)] {
            let mut frame = Frame::with_room(room.0, room.1);
            for count in [1, 2, 21, 300] {
                chart((0..count).map(|i| (i % 7) as f32).collect()).paint(&mut frame);
                assert_eq!((frame.width(), frame.height()), (room.0.clamp(32, 160), room.1.clamp(7, 40)));
            }
        }
    }

    #[test]
    fn a_line_that_falls_and_rises() {
        let mut frame = Frame::with_room(32, 7);
        chart(vec![2.0, 1.0, 1.0, 3.0]).paint(&mut frame);
        let expected = "price 3.0000
    3.000 ┤  ╭
           ╮ │
    1.000 ┤╰─╯

position    -1.000 ●─────┼──────
profit 2
";
        assert_eq!(frame.to_text(), expected);
    }
}
