//! Learning curves as text, printed in a terminal or into a file.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line as TextLine, Span};
use ratatui::widgets::Widget;

use super::palette::{Depth, Palette, Role};
use super::plot::{Line, Mark, Plot, letter};
use crate::format::compact;
use crate::picture::learning_curves::{LearningCurves, NamedCurve, Panel};
use crate::render::{colored_lines, plain_lines};
use crate::ticks::Ticks;

/// Least and largest number of columns.
const WIDTH: (u16, u16) = (40, 160);

/// Text of a panel of `curves` for a terminal of `width` columns, with a final newline.
pub(crate) fn learning_curves(panel: &Panel, curves: &LearningCurves, width: u16, depth: Depth) -> String {
    let width = width.clamp(WIDTH.0, WIDTH.1);
    let height = (width / 4).clamp(12, 26);
    let palette = Palette { depth, theme: curves.theme };
    let legend = legend(panel, palette, width);
    let rows = 1 + legend.len() as u16 + height + 1;
    let mut buf = Buffer::empty(Rect::new(0, 0, width, rows));
    let title = TextLine::from(vec![
        Span::styled(curves.metric.clone(), palette.role(Role::Accent).add_modifier(Modifier::BOLD)),
        Span::raw("  "),
        Span::styled(panel.world.clone(), Style::new().add_modifier(Modifier::BOLD)),
    ]);
    let row = |y: u16| Rect::new(0, y, width, 1);
    title.render(row(0), &mut buf);
    let mut y = 1;
    for line in legend {
        line.render(row(y), &mut buf);
        y += 1;
    }
    let area = Rect::new(0, y, width, height);
    draw(panel, palette, area, &mut buf);
    let name = TextLine::styled(curves.x.clone(), palette.role(Role::Dim));
    name.right_aligned().render(Rect { width: width.saturating_sub(2), ..row(y + height) }, &mut buf);
    match depth {
        Depth::None => plain_lines(&buf),
        _ => colored_lines(&buf),
    }
}

/// Names of the curves with their last values, in as many lines as they need.
fn legend(panel: &Panel, palette: Palette, width: u16) -> Vec<TextLine<'static>> {
    let curve = |(i, curve): (usize, &NamedCurve)| {
        let sample = match palette.depth {
            Depth::None => letter(i).to_string(),
            _ => "━━".to_owned(),
        };
        let last = curve.points.last().map_or("-".into(), |point| compact(point.mean));
        [
            Span::styled(sample, palette.series(i, true)),
            Span::raw(format!(" {} ", curve.label())),
            Span::styled(last, palette.role(Role::Dim)),
        ]
    };
    // A curve may cover the name of a line in the plot.
    let mark = |(name, role, value): (&str, Role, Option<f64>)| {
        let number = compact(value.filter(|value| value.is_finite())?);
        let text = Span::raw(format!(" {name} "));
        Some([Span::styled("╌╌", palette.role(role)), text, Span::styled(number, palette.role(Role::Dim))])
    };
    let marks =
        [("reference", Role::Good, panel.reference), ("baseline", Role::Warn, panel.baseline)].into_iter();
    let entries = panel.curves.iter().enumerate().map(curve).chain(marks.filter_map(mark));
    let mut lines: Vec<TextLine<'static>> = vec![TextLine::default()];
    for entry in entries {
        let wide: usize = entry.iter().map(Span::width).sum();
        let used = lines.last().map_or(0, TextLine::width);
        if used > 0 && used + wide > usize::from(width) {
            lines.push(TextLine::default());
        }
        if let Some(line) = lines.last_mut() {
            line.spans.extend(entry);
            line.spans.push(Span::raw("   "));
        }
    }
    lines
}

fn draw(panel: &Panel, palette: Palette, area: Rect, buf: &mut Buffer) {
    let points = panel.curves.iter().flat_map(|curve| &curve.points);
    let end = points.map(|point| point.step).max().unwrap_or(0);
    let steps = Ticks::around(0.0, end.max(1) as f64).high() as u64;
    let lines: Vec<Line<'_>> = panel
        .curves
        .iter()
        .enumerate()
        .map(|(color, curve)| Line { points: &curve.points, color, front: true })
        .collect();
    let mark = |value: Option<f64>, name, role| value.map(|value| Mark { value, name, role });
    let marks: Vec<Mark> =
        [mark(panel.baseline, "baseline", Role::Warn), mark(panel.reference, "reference", Role::Good)]
            .into_iter()
            .flatten()
            .collect();
    let lower_is_better = panel.lower_is_better;
    let plot = Plot { lines: &lines, marks: &marks, steps, lower_is_better, labels: true, round: true };
    plot.draw(palette, area, buf);
}
