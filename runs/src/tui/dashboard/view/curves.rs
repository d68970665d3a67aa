//! Curves of the selected group: a large chart, and small charts of the other metrics.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::format::compact;
use crate::messages::screens::tr;
use crate::tui::boxes::framed;
use crate::tui::dashboard::groups::Group;
use crate::tui::dashboard::model::Dashboard;
use crate::tui::palette::{Palette, Role};
use crate::tui::plot::{self, Mark, Plot};

/// Least size of a small chart, with its frame.
const SMALL: (u16, u16) = (22, 4);

/// Draws the curves.
pub(super) fn draw(model: &Dashboard, palette: Palette, area: Rect, buf: &mut Buffer) {
    let Some(group) = model.group() else { return };
    if area.height < 2 {
        return;
    }
    let others: Vec<&str> = model.metrics().into_iter().filter(|name| *name != model.metric).collect();
    // The small charts take up to two fifths of the width, in one or two columns.
    let columns = match area.width {
        0..72 => 0,
        72..110 => 1,
        _ => 2,
    };
    let rows = usize::from((area.height / SMALL.1).max(1));
    let columns = columns.min(others.len().div_ceil(rows) as u16);
    let width = match columns {
        0 => 0,
        _ => (area.width * 2 / 5).min(columns * 32).max(columns * SMALL.0),
    };
    let large = Rect { width: area.width - width, ..area };
    large_chart(model, group, palette, large, buf);
    if columns == 0 {
        return;
    }
    let shown = others.len().min(rows * usize::from(columns));
    let rows = shown.div_ceil(usize::from(columns)) as u16;
    for (index, name) in others[..shown].iter().enumerate() {
        let (row, column) = (index as u16 / columns, index as u16 % columns);
        let edge = |part: u16, parts: u16, length: u16| {
            (u32::from(part) * u32::from(length) / u32::from(parts)) as u16
        };
        let (top, bottom) = (edge(row, rows, area.height), edge(row + 1, rows, area.height));
        let (left, right) = (edge(column, columns, width), edge(column + 1, columns, width));
        let small =
            Rect { x: large.right() + left, y: area.y + top, width: right - left, height: bottom - top };
        small_chart(group, name, color_of(model, model.group_index().unwrap_or(0)), palette, small, buf);
    }
}

/// Chart of the chosen metric: the selected group with its interval, the other agents in the same world behind it, and
/// the reference and the baseline of the score.
fn large_chart(model: &Dashboard, group: &Group, palette: Palette, area: Rect, buf: &mut Buffer) {
    let mut title = vec![
        Span::styled(format!(" {} ", model.metric), palette.role(Role::Accent)),
        Span::styled(format!("{} ", group.world), palette.role(Role::Text)),
    ];
    let same_world = || model.groups.iter().enumerate().filter(move |(_, other)| other.world == group.world);
    let selected = model.group_index().unwrap_or(0);
    let color = |index: usize| color_of(model, index);
    for (index, other) in same_world() {
        let front = index == selected;
        let mark = if front { "▸" } else { " " };
        let newest = other.points(&model.metric).last().map_or(String::new(), |point| compact(point.mean));
        let style = palette.series(color(index), front);
        title.push(Span::styled(format!("{mark}━ {} {newest} ", other.agent), style));
    }
    let inside = framed(Line::from(title), palette, area, buf);
    let mut lines: Vec<plot::Line<'_>> = same_world()
        .filter(|(index, _)| *index != selected)
        .map(|(index, other)| plot::Line {
            points: other.points(&model.metric),
            color: color(index),
            front: false,
        })
        .collect();
    lines.push(plot::Line { points: group.points(&model.metric), color: color(selected), front: true });
    let is_score = matches!(&*model.metric, Group::SCORE | crate::curves::Curves::EVALUATION);
    let mark =
        |value: Option<f64>, name, role| value.filter(|_| is_score).map(|value| Mark { value, name, role });
    let marks: Vec<Mark> =
        [mark(group.baseline, "baseline", Role::Warn), mark(group.reference, "reference", Role::Good)]
            .into_iter()
            .flatten()
            .collect();
    if lines.iter().all(|line| line.points.is_empty()) {
        let text = tr!("no value yet");
        buf.set_stringn(inside.x, inside.y, text, usize::from(inside.width), palette.role(Role::Dim));
    }
    let steps = same_world().map(|(_, other)| other.steps).max().unwrap_or(1);
    let lower_is_better = is_score && group.lower_is_better;
    Plot { lines: &lines, marks: &marks, steps, lower_is_better, labels: true, round: true }
        .draw(palette, inside, buf);
}

/// Color of a group: its place among the groups of its world.
fn color_of(model: &Dashboard, index: usize) -> usize {
    let world = model.groups.get(index).map(|group| &group.world);
    model.groups[..index].iter().filter(|other| Some(&other.world) == world).count()
}

/// Small chart of a metric of the selected group, with the newest value.
fn small_chart(group: &Group, name: &str, color: usize, palette: Palette, area: Rect, buf: &mut Buffer) {
    let points = group.points(name);
    let newest = points.last().map_or("-".into(), |point| compact(point.mean));
    let title = Line::from(vec![
        Span::styled(format!(" {name} "), palette.role(Role::Dim)),
        Span::styled(format!("{newest} "), palette.role(Role::Text)),
    ]);
    let inside = framed(title, palette, area, buf);
    let lines = [plot::Line { points, color, front: true }];
    let plot = Plot {
        lines: &lines,
        marks: &[],
        steps: group.steps,
        lower_is_better: false,
        labels: false,
        round: false,
    };
    plot.draw(palette, inside, buf);
}
