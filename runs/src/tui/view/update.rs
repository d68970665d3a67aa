//! Last update of the agent that learns in the viewer, as an equation with its numbers.

use freewheel_core::Update;
use ratatui::text::{Line, Span};

use crate::format::{compact, pad};
use crate::messages::screens::tr;
use crate::tui::boxes::wrapped;
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};

/// Heading of the updates.
pub(super) fn title(model: &Model) -> String {
    model
        .learner()
        .map_or(tr!("update").to_owned(), |learner| format!("{} {}", tr!("update"), learner.steps()))
}

/// Lines for the updates of the last step, at most `max_lines` of them.
pub(super) fn lines(model: &Model, palette: Palette, width: usize, max_lines: usize) -> Vec<Line<'static>> {
    let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
    let Some(learner) = model.learner() else {
        let hint = tr!("L lets an agent learn from the steps that are watched, and shows its updates.");
        return wrapped(hint, width)
            .into_iter()
            .map(|line| Line::styled(line, dim))
            .take(max_lines)
            .collect();
    };
    let mut lines: Vec<Line<'static>> =
        wrapped(learner.label(), width).into_iter().map(|line| Line::styled(line, dim)).collect();
    let Some((first, others)) = learner.updates().split_first() else {
        lines.push(Line::styled(tr!("no update in this step"), dim));
        lines.truncate(max_lines);
        return lines;
    };
    let cell = format!("{} {}, {}", tr!("state"), first.state, action(model, first));
    lines.push(Line::styled(cell, text));
    lines.push(Line::default());
    let accent = palette.role(Role::Accent);
    lines.extend(wrapped(&first.symbols(), width).into_iter().map(|line| Line::styled(line, accent)));
    lines.extend(wrapped(&first.numbers(compact), width).into_iter().map(|line| Line::styled(line, text)));
    lines.push(Line::default());
    let row = |name: &str, value: f64| {
        Line::from(vec![
            Span::styled(pad(name, 10), dim),
            Span::styled(format!("{:>9}", compact(value)), text),
        ])
    };
    lines.push(row(tr!("old value"), first.old));
    if !first.target.is_empty() {
        lines.push(row(tr!("target"), first.target_value()));
    }
    lines.push(row(tr!("TD error"), first.error));
    lines.push(row("α", first.step_size));
    lines.push(row(tr!("new value"), first.new));
    if !first.note.is_empty() {
        lines.extend(wrapped(&first.note, width).into_iter().map(|line| Line::styled(line, dim)));
    }
    if !others.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled(tr!("{} more in this step", others.len()), dim));
        lines.extend(others.iter().map(|update| {
            let place = format!("{} {}, {}: ", tr!("state"), update.state, action(model, update));
            let change = tr!("{} to {}", compact(update.old), compact(update.new));
            Line::from(vec![Span::styled(place, dim), Span::styled(change, text)])
        }));
    }
    lines.truncate(max_lines);
    lines
}

/// Name of the action of an update.
fn action(model: &Model, update: &Update) -> String {
    let names = model.episode.spec().actions.names();
    names.get(update.action as usize).cloned().unwrap_or_else(|| update.action.to_string())
}
