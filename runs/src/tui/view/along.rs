//! Values of the policy along the episode: V(s), or the win rate and the score of a search.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::panel::heading;
use crate::mean_curve::Point;
use crate::messages::screens::tr;
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};
use crate::tui::plot::{Line, Mark, Plot};

/// Smallest and largest height of a curve, with its heading.
const LEAST: u16 = 4;
const MOST: u16 = 8;

/// Number of rows that the curves get of `height` rows, of which the chart of the returns needs `returns`.
pub(super) fn rows(model: &Model, height: u16, returns: u16) -> u16 {
    let curves = model.insight.along.curves();
    if curves.is_empty() {
        return 0;
    }
    let count = (curves.len() as u16).min(height.saturating_sub(returns) / LEAST);
    (height.saturating_sub(returns) / count.max(1)).min(MOST) * count
}

/// Draws the curves below each other.
pub(super) fn draw(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    let curves = model.insight.along.curves();
    let count = (curves.len() as u16).min(area.height / LEAST);
    let Some(height) = area.height.checked_div(count) else { return };
    let steps = model.timeline_steps().max(1) as u64;
    let now = model.episode.position() as u64;
    for (i, (name, values)) in curves.into_iter().take(usize::from(count)).enumerate() {
        let at = Rect { y: area.y + i as u16 * height, height, ..area };
        heading(&tr!("{} along the episode", name), palette, at.width).render(Rect { height: 1, ..at }, buf);
        let point = |(step, mean): (u64, f64)| Point { step, mean, low: mean, high: mean, runs: 1 };
        let points: Vec<Point> = values.into_iter().map(point).collect();
        let here: Vec<Point> = points.iter().filter(|point| point.step == now).copied().collect();
        let lines =
            [Line { points: &points, color: 0, front: true }, Line { points: &here, color: 1, front: true }];
        // Equal chances.
        let even =
            [Mark { value: if name.contains("win rate") { 0.5 } else { 0.0 }, name: "", role: Role::Line }];
        let marks = if name.starts_with('V') { &[][..] } else { &even[..] };
        let plot = Plot { lines: &lines, marks, steps, lower_is_better: false, labels: true, round: false };
        plot.draw(palette, Rect { y: at.y + 1, height: at.height - 1, ..at }, buf);
    }
}
