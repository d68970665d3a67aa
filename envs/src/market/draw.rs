//! Drawing of a market: the last prices as a line, the position on a bar, and notes.

use freewheel_core::{Cell, Frame, Rgb};

const MUTED: Rgb = Rgb(110, 118, 132);
const FOREGROUND: Rgb = Rgb(226, 230, 236);
const GREEN: Rgb = Rgb(96, 200, 128);
const RED: Rgb = Rgb(226, 104, 96);
const BACKGROUND: Rgb = Rgb(0, 0, 0);

/// Width and height in cells: the default size, the smallest and the largest.
const DEFAULT_SIZE: (usize, usize) = (64, 14);
const MIN_SIZE: (usize, usize) = (32, 7);
const MAX_SIZE: (usize, usize) = (160, 40);
/// Width of the price axis in cells.
const AXIS_WIDTH: usize = 11;

/// Chart of a market, drawn in text cells.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// Title of the chart: name of the price.
    pub title: &'a str,
    /// Prices, oldest first, at least one. If there are more prices than columns, only the last ones are drawn.
    pub prices: Vec<f32>,
    /// Number of prices that fill the width, at least 1.
    pub window: usize,
    /// Position that the trader holds.
    pub position: f64,
    /// Lowest and highest position that the trader may hold.
    pub limits: (f64, f64),
    /// Names and values below the chart.
    pub notes: Vec<(&'static str, String)>,
}

impl Chart<'_> {
    /// Draws the chart, as large as the frame allows.
    pub fn draw(&self, frame: &mut Frame) {
        let (width, height) = frame.max_size().unwrap_or(DEFAULT_SIZE);
        let (width, height) = (width.clamp(MIN_SIZE.0, MAX_SIZE.0), height.clamp(MIN_SIZE.1, MAX_SIZE.1));
        frame.clear(width, height);
        let last = self.prices.last().copied().unwrap_or_default();
        frame.write(0, 0, &format!("{} {last:.4}", self.title), FOREGROUND, BACKGROUND);
        self.draw_prices(frame, width - AXIS_WIDTH, height - 4);
        self.draw_position(frame, width, height - 2);
        let notes: Vec<String> = self.notes.iter().map(|(name, value)| format!("{name} {value}")).collect();
        frame.write(0, height - 1, &notes.join("   "), MUTED, BACKGROUND);
    }

    /// Draws the price line in `rows` rows below the title.
    fn draw_prices(&self, frame: &mut Frame, columns: usize, rows: usize) {
        let width_per_price = (columns / self.window.max(1)).max(1);
        let visible = &self.prices[self.prices.len().saturating_sub(columns / width_per_price)..];
        let low = visible.iter().copied().fold(f32::INFINITY, f32::min);
        let high = visible.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (Some(first), Some(last)) = (visible.first(), visible.last()) else { return };
        let color = if last >= first { GREEN } else { RED };
        let row = |price: f32| {
            let share = if high > low { (price - low) / (high - low) } else { 0.5 };
            1 + ((1.0 - share) * (rows - 1) as f32).round() as usize
        };
        for (y, price) in [(1, high), (rows, low)] {
            frame.write(0, y, &format!("{price:>9.3} ┤"), MUTED, BACKGROUND);
        }
        for (i, pair) in visible.windows(2).enumerate() {
            let (from, to) = (row(pair[0]), row(pair[1]));
            let x = AXIS_WIDTH + i * width_per_price;
            let mut put =
                |x: usize, y: usize, glyph: char| frame.set(x, y, Cell { glyph, fg: color, bg: BACKGROUND });
            (1..width_per_price).for_each(|right| put(x + right, to, '─'));
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

    /// Draws the position between its limits in row `y`.
    fn draw_position(&self, frame: &mut Frame, width: usize, y: usize) {
        let text = format!("position {:>9.3} ", self.position);
        frame.write(0, y, &text, FOREGROUND, BACKGROUND);
        let (left, (low, high)) = (text.chars().count(), self.limits);
        let columns = width - left;
        let at = |value: f64| {
            let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
            left + (share * (columns - 1) as f64).round() as usize
        };
        (left..width).for_each(|x| frame.set(x, y, Cell { glyph: '─', fg: MUTED, bg: BACKGROUND }));
        frame.set(at(0.0), y, Cell { glyph: '┼', fg: MUTED, bg: BACKGROUND });
        let color = if self.position < 0.0 { RED } else { GREEN };
        frame.set(at(self.position), y, Cell { glyph: '●', fg: color, bg: BACKGROUND });
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
    fn fits_any_size() {
        for size in [(1, 1), (32, 7), (80, 24), (500, 300)] {
            let mut frame = Frame::with_max_size(size.0, size.1);
            for count in [1, 2, 21, 300] {
                chart((0..count).map(|i| (i % 7) as f32).collect()).draw(&mut frame);
                assert_eq!((frame.width(), frame.height()), (size.0.clamp(32, 160), size.1.clamp(7, 40)));
            }
        }
    }

    #[test]
    fn a_line_that_falls_and_rises() {
        let mut frame = Frame::with_max_size(32, 7);
        chart(vec![2.0, 1.0, 1.0, 3.0]).draw(&mut frame);
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
