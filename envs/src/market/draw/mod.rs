//! Drawing of a market: prices with trades, position, equity and the market's own series over time.
//!
//! | file | content |
//! |---|---|
//! | `panel` | one panel: lines, areas and its scale |
//! | `story` | series of values from the states of an episode |
//! | `time` | steps that are visible, time axis |

mod panel;
mod story;
mod time;

use freewheel_core::{Cell, Frame, Rgb};

pub use panel::{Panel, Series, Style};
pub(super) use story::{Story, hold, muted};
pub use time::Axis;

/// Colors of texts, lines and areas.
pub(super) const MUTED: Rgb = Rgb(110, 118, 132);
pub(super) const FOREGROUND: Rgb = Rgb(226, 230, 236);
pub(super) const GREEN: Rgb = Rgb(96, 200, 128);
pub(super) const RED: Rgb = Rgb(226, 104, 96);
pub(super) const BLUE: Rgb = Rgb(110, 180, 255);
pub(super) const YELLOW: Rgb = Rgb(232, 206, 110);
pub(super) const BACKGROUND: Rgb = Rgb(0, 0, 0);

/// Columns and rows of a drawing without a maximum size.
const DEFAULT_SIZE: (usize, usize) = (64, 14);
/// Minimum columns and rows; a smaller screen shows a part of the drawing.
const MIN_SIZE: (usize, usize) = (32, 7);
/// Width of the price axis, columns.
const AXIS_WIDTH: usize = 11;
/// Share of the rows that the prices keep, and their minimum number of rows.
const PRICE_SHARE: f64 = 0.42;
const MIN_PRICE_ROWS: usize = 4;
/// Maximum rows of another panel, without its title.
const MAX_PANEL_ROWS: usize = 6;
/// Columns between two notes.
const NOTE_GAP: &str = "   ";

/// Chart of a market, drawn in text cells. Steps are numbered as on the time axis.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// Name of the price.
    pub title: &'a str,
    /// Time axis.
    pub axis: Axis<'a>,
    /// Prices, in the main panel.
    pub price: Series,
    /// Position of each step, from -1 (all short) to 1 (all long), for the color of the prices.
    pub exposure: Series,
    /// Trades: step, and size, positive for purchases.
    pub trades: Vec<(usize, f64)>,
    /// Other panels, the most important one first; those for which there is no room are left out.
    pub panels: Vec<Panel>,
    /// Names and values below the panels.
    pub notes: Vec<(&'static str, String)>,
}

impl Chart<'_> {
    /// Draws the chart, as large as the frame allows. The zoom of the frame shows fewer steps.
    pub fn draw(&self, frame: &mut Frame) {
        let (columns, rows) = frame.max_size().unwrap_or(DEFAULT_SIZE);
        let (columns, rows) = (columns.max(MIN_SIZE.0), rows.max(MIN_SIZE.1));
        frame.clear(columns, rows);
        let notes = note_rows(&self.notes, columns, if rows >= 20 { 2 } else { 1 });
        let free = rows - 2 - notes.len();
        let heights = self.heights(free);
        let others: usize = heights.iter().map(|rows| rows + 1).sum();
        let window = self.axis.window(columns - AXIS_WIDTH, frame.zoom());
        let price_rows = free - others;
        self.draw_title(frame);
        let price = Panel { series: vec![self.price.clone()], ..Panel::new("") };
        let scale = price.scale(window.steps(), price_rows).padded();
        price.draw(frame, &window, &scale, (1, price_rows), &|step| self.color(step));
        self.draw_trades(frame, &window, &scale, price_rows);
        let mut top = 1 + price_rows;
        for (panel, &rows) in self.panels.iter().zip(&heights) {
            panel.draw_title(frame, top, window.now());
            let scale = panel.scale(window.steps(), rows);
            panel.draw(frame, &window, &scale, (top + 1, rows), &|_| None);
            top += rows + 1;
        }
        window.draw_axis(&self.axis, frame, top);
        for (row, text) in notes.iter().enumerate() {
            frame.write(0, top + 1 + row, text, MUTED, BACKGROUND);
        }
    }

    /// Rows of each panel that fits, without their titles.
    fn heights(&self, free: usize) -> Vec<usize> {
        let least = ((PRICE_SHARE * free as f64) as usize).max(MIN_PRICE_ROWS);
        let each = (free / 8).clamp(1, MAX_PANEL_ROWS);
        let count = free.saturating_sub(least) / (each + 1);
        vec![each; count.min(self.panels.len())]
    }

    /// Writes the price, its change in the episode, the time, and the legend of the trades.
    fn draw_title(&self, frame: &mut Frame) {
        let (now, begin) = (self.axis.now(), self.axis.begin());
        let last = self.price.at(now).unwrap_or_default();
        let mut title = format!("{} {last:.4}", self.title);
        if let Some(first) = self.price.at(begin).filter(|first| *first > 0.0 && now > begin) {
            title += &format!("  {:+.2} %", 100.0 * (last / first - 1.0));
        }
        title += &format!("{NOTE_GAP}{}", self.axis.now_text());
        frame.write(0, 0, &title, FOREGROUND, BACKGROUND);
        let legend = [("▲ buy", GREEN), ("▼ sell", RED)];
        let mut x = frame.width().saturating_sub(14);
        if title.chars().count() < x {
            for (text, color) in legend {
                frame.write(x, 0, text, color, BACKGROUND);
                x += text.chars().count() + 2;
            }
        }
    }

    /// Color of the price at a step, by the position held: green long, red short.
    fn color(&self, step: usize) -> Option<Rgb> {
        let exposure = self.exposure.at(step)?;
        let end = if exposure < 0.0 { RED } else { GREEN };
        Some(FOREGROUND.mix(end, exposure.abs().sqrt() as f32))
    }

    /// Marks the trades: ▲ below the price for purchases, ▼ above it for sales. Several trades in a column are added.
    fn draw_trades(&self, frame: &mut Frame, window: &time::Window, scale: &panel::Scale, rows: usize) {
        let mut sums: Vec<Option<(f64, f64)>> = vec![None; window.columns()];
        for &(step, size) in &self.trades {
            if let (Some(column), Some(price)) = (window.column(step), self.price.at(step)) {
                let (sum, _) = sums[column].unwrap_or_default();
                sums[column] = Some((sum + size, price));
            }
        }
        for (column, trade) in sums.into_iter().enumerate() {
            let Some((size, price)) = trade.filter(|(size, _)| *size != 0.0) else { continue };
            let row = scale.row(price);
            let (row, glyph, fg) = if size > 0.0 {
                ((row + 1).min(rows - 1), '▲', GREEN)
            } else {
                (row.saturating_sub(1), '▼', RED)
            };
            frame.set(AXIS_WIDTH + column, 1 + row, Cell { glyph, fg, bg: BACKGROUND });
        }
    }
}

/// Notes in at most `rows` rows of `columns` columns; notes for which there is no room are left out.
fn note_rows(notes: &[(&'static str, String)], columns: usize, rows: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (name, value) in notes {
        let note = format!("{name} {value}");
        let (used, width) = (lines[lines.len() - 1].chars().count(), note.chars().count());
        let gap = if used > 0 { NOTE_GAP.len() } else { 0 };
        if used + gap + width <= columns {
            let last = lines.len() - 1;
            lines[last] += &format!("{}{note}", &NOTE_GAP[..gap]);
        } else if lines.len() < rows && width <= columns {
            lines.push(note);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(prices: Vec<f64>) -> Chart<'static> {
        let last = prices.len() - 1;
        let exposure = Series::line("", vec![0.0; prices.len()]);
        let equity = Series::line("equity", prices.iter().map(|price| price - 2.0).collect());
        Chart {
            title: "price",
            axis: Axis::steps(last, Some(20)),
            price: Series::line("price", prices),
            exposure,
            trades: vec![(0, 1.0), (last, -1.0)],
            panels: vec![
                Panel { series: vec![equity.clone()], ..Panel::new("equity") },
                Panel { series: vec![Series { style: Style::Area, ..equity }], ..Panel::new("position") },
            ],
            notes: vec![("profit", "2".into()), ("costs", "0.5".into())],
        }
    }

    #[test]
    fn fits_any_size_at_any_zoom() {
        for size in [(1, 1), (32, 7), (64, 14), (80, 24), (200, 60), (500, 300)] {
            for zoom in [-3, 0, 1, 9, i8::MAX] {
                let mut frame = Frame::with_max_size(size.0, size.1);
                frame.set_zoom(zoom);
                for count in [1, 2, 21, 300, 5000] {
                    chart((0..count).map(|i| f64::from(i % 7)).collect()).draw(&mut frame);
                    assert_eq!((frame.width(), frame.height()), (size.0.max(32), size.1.max(7)));
                }
            }
        }
    }

    #[test]
    fn trades_are_marked_at_their_price() {
        let mut frame = Frame::with_max_size(53, 12);
        chart((0..21).map(|i| 1.0 + f64::from(i)).collect()).draw(&mut frame);
        let text = frame.to_text();
        let find = |glyph: char| {
            let rows = text.lines().enumerate().skip(1);
            let mut found =
                rows.filter_map(|(y, line)| line.chars().position(|g| g == glyph).map(|x| (x, y)));
            found.next().unwrap()
        };
        // The line rises from the lower left to the upper right corner.
        let (buy, sell) = (find('▲'), find('▼'));
        assert_eq!((buy.0, sell.0), (AXIS_WIDTH, 52), "{text}");
        assert!(buy.1 > sell.1 && sell.1 == 1, "{text}");
        assert!(text.starts_with("price 21.0000  +2000.00 %"), "{text}");
    }

    #[test]
    fn notes_wrap_and_are_left_out_whole() {
        let notes = ["1", "22", "333"].map(|value| ("note", value.to_owned()));
        assert_eq!(note_rows(&notes, 32, 1), ["note 1   note 22   note 333"]);
        assert_eq!(note_rows(&notes, 16, 2), ["note 1   note 22", "note 333"]);
        assert_eq!(note_rows(&notes, 16, 1), ["note 1   note 22"]);
        assert_eq!(note_rows(&[], 16, 1), [""]);
    }
}
