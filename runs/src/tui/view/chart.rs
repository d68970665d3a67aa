//! Bar chart of the newest returns, with the reference and the baseline as lines.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::format::compact;
use crate::messages::screens::tr;
use crate::tui::episode::EpisodeEnd;
use crate::tui::model::Model;
use crate::tui::palette::{Depth, Palette, Role};

const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Vertical scale of the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    low: f64,
    high: f64,
    rows: u16,
}

impl Scale {
    /// Scale from the lowest to the highest of the returns and the reference. A distant baseline, which would make the
    /// bars look equal, is left out. `None` if there is nothing to show.
    fn of(scores: &[f64], reference: Option<f64>, baseline: Option<f64>, rows: u16) -> Option<Self> {
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(None, |range: Option<(f64, f64)>, x| {
                Some(range.map_or((x, x), |(low, high)| (low.min(x), high.max(x))))
            })
        };
        let mut shown = scores.iter().copied().chain(reference).filter(|x| x.is_finite());
        let (mut low, mut high) = range(&mut shown).or(baseline.map(|x| (x, x)))?;
        if let Some(x) = baseline {
            let span = high - low;
            let near = (low - 1.5 * span..=high + 1.5 * span).contains(&x);
            if near || span == 0.0 {
                (low, high) = (low.min(x), high.max(x));
            }
        }
        if high - low <= f64::EPSILON * high.abs().max(1.0) {
            low -= high.abs().max(1.0) * 0.5;
        }
        // The lowest return is a low bar, not an empty one.
        low -= (high - low) * 0.12;
        Some(Scale { low, high, rows })
    }

    /// Height of the score `x`, in eighths of a row.
    fn eighths(self, x: f64) -> u16 {
        let most = f64::from(self.rows) * 8.0;
        let share = ((x - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        ((share * most).round()).clamp(1.0, most.max(1.0)) as u16
    }

    /// Row of the score `x`, counted from the top; `None` outside the scale.
    fn row(self, x: f64) -> Option<u16> {
        (self.low..=self.high).contains(&x).then(|| self.rows - self.eighths(x).div_ceil(8))
    }
}

/// Draws the chart of the returns.
pub(super) fn draw(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    if area.height == 0 || area.width < 12 {
        return;
    }
    let (reference, baseline) = (model.reference, model.baseline);
    let all = model.returns().last(usize::from(area.width));
    let scores: Vec<f64> = all.iter().map(|result| result.score).collect();
    let Some(scale) = Scale::of(&scores, reference, baseline, area.height) else { return };

    // Labels: reference and baseline first, then the range in the rows that are left.
    let mut labels: Vec<(u16, String, Role)> = Vec::new();
    let bottom = area.height - 1;
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for (x, role) in
        [(reference, Role::Good), (baseline, Role::Warn), (Some(most), Role::Dim), (Some(least), Role::Dim)]
    {
        let Some(x) = x.filter(|x| x.is_finite()) else { continue };
        let (row, text) = match scale.row(x) {
            Some(row) => (row, compact(x)),
            None => (
                if x < scale.low { bottom } else { 0 },
                format!("{} {}", if x < scale.low { '↓' } else { '↑' }, compact(x)),
            ),
        };
        if !labels.iter().any(|(taken, ..)| *taken == row) {
            labels.push((row, text, role));
        }
    }
    let wide = labels.iter().map(|(_, text, _)| Span::raw(text).width()).max().unwrap_or(0).min(10);
    for (row, text, role) in &labels {
        let text = format!("{text:>wide$}");
        buf.set_stringn(area.x, area.y + row, text, wide, palette.role(*role));
    }
    let plot = Rect { x: area.x + wide as u16 + 1, width: area.width - wide as u16 - 1, ..area };

    for (x, name, role) in
        [(baseline, tr!("baseline"), Role::Warn), (reference, tr!("reference"), Role::Good)]
    {
        let Some(row) = x.and_then(|x| scale.row(x)) else { continue };
        // A name that would overlap bars is left out; the value stays at the left.
        let width = usize::from(plot.width);
        let name = format!(" {name}");
        let wide = Span::raw(&*name).width();
        let (name, wide) = if all.len() + wide <= width { (&*name, wide) } else { ("", 0) };
        let line = "╌".repeat(width - wide);
        let style = palette.role(role);
        buf.set_stringn(plot.x, plot.y + row, line + name, width, style);
    }
    let all = &all[all.len().saturating_sub(usize::from(plot.width))..];
    for (result, x) in all.iter().zip(plot.left()..) {
        let natural = result.over == EpisodeEnd::Terminal;
        let role = if natural { Role::Accent } else { Role::Warn };
        let full = if !natural && palette.depth == Depth::None { '▒' } else { '█' };
        let high = if result.score.is_finite() { scale.eighths(result.score) } else { 1 };
        for row in 0..high.div_ceil(8) {
            let part = high - row * 8;
            let glyph = if part >= 8 { full } else { EIGHTHS[usize::from(part) - 1] };
            let Some(cell) = buf.cell_mut((x, plot.bottom() - 1 - row)) else { continue };
            // Only the tops of the bars are bright. A line is drawn over the bars.
            match palette.shade(role).filter(|_| row + 1 < high.div_ceil(8)) {
                Some(behind) if cell.symbol() == "╌" => cell.set_bg(behind),
                Some(behind) => cell.set_char(glyph).set_fg(behind),
                None => cell.set_char(glyph).set_style(palette.role(role)),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_on_the_scale_and_a_far_baseline_is_not() {
        let scale = Scale::of(&[-20.0, -15.0], Some(-13.0), Some(-5000.0), 5).unwrap();
        assert_eq!(scale.row(-13.0), Some(0));
        assert_eq!(scale.row(-20.0), Some(4));
        assert_eq!(scale.row(-5000.0), None);
        let scale = Scale::of(&[-20.0, -15.0], Some(-13.0), Some(-28.0), 5).unwrap();
        assert!(scale.row(-28.0).is_some());
    }

    #[test]
    fn degenerate_scales_hold() {
        assert_eq!(Scale::of(&[], None, None, 5), None);
        assert_eq!(Scale::of(&[f64::NAN], None, None, 5), None);
        for (scores, reference, baseline) in
            [(vec![0.0], None, None), (vec![-13.0, -13.0], Some(-13.0), None), (vec![], None, Some(1e300))]
        {
            for rows in 1..6 {
                let scale = Scale::of(&scores, reference, baseline, rows).unwrap();
                for x in scores.iter().copied().chain(reference).chain(baseline) {
                    assert!(scale.row(x).unwrap() < rows, "{scale:?}");
                }
            }
        }
    }
}
