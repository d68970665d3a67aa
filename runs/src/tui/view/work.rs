//! Progress of work in the background, in a box above the world.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::format::{compact, count};
use crate::messages::screens::tr;
use crate::tui::background::Progress;
use crate::tui::boxes::{framed, over, write_lines};
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};

/// Draws the progress at the lower edge of the world, if there is any to show.
pub(super) fn draw(model: &Model, palette: Palette, world: Rect, buf: &mut Buffer) {
    let Some(work) = model.shown_work() else { return };
    let (width, height) = (44.min(world.width), (if work.steps.is_some() { 6 } else { 4 }).min(world.height));
    let area = Rect { x: world.x + (world.width - width) / 2, y: world.bottom() - height, width, height };
    over(area, palette, buf);
    let title = Line::styled(format!(" {} ", work.what), palette.role(Role::Accent));
    let inside = framed(title, palette, area, buf);
    write_lines(lines(work, palette, usize::from(inside.width)), inside, buf);
}

fn lines(work: &Progress, palette: Palette, width: usize) -> Vec<Line<'static>> {
    let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
    let mut lines = Vec::new();
    if let (Some(share), Some((done, all))) = (work.share(), work.steps) {
        let columns = width.saturating_sub(6);
        let full = (share * columns as f64).round() as usize;
        lines.push(Line::from(vec![
            Span::styled("━".repeat(full), palette.role(Role::Accent)),
            Span::styled("─".repeat(columns - full), palette.role(Role::Line)),
            Span::styled(format!("{:>4.0} %", share * 100.0), text),
        ]));
        lines.push(Line::styled(tr!("{} of {} steps", count(done as f64), count(all as f64)), text));
        let mut speed = Vec::new();
        if let (Some(steps), Some(left)) = (work.speed(), work.seconds_left()) {
            speed.push(Span::styled(tr!("{} steps/s   {} left", compact(steps), duration(left)), dim));
        }
        lines.push(Line::from(speed));
    } else {
        lines.push(Line::styled(duration(work.elapsed.as_secs_f64()), text));
    }
    lines.push(Line::from(vec![
        Span::styled("esc", text),
        Span::styled(format!("  {}", tr!("stop, watch what there is")), dim),
    ]));
    lines
}

/// Minutes and seconds, or hours and minutes.
fn duration(seconds: f64) -> String {
    let seconds = seconds.clamp(0.0, 1e9) as u64;
    match seconds {
        0..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => tr!("{} h {} min", seconds / 3600, format!("{:02}", seconds / 60 % 60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!([duration(5.4), duration(61.0), duration(7384.0)], ["0:05", "1:01", "2 h 03 min"]);
    }
}
