//! Timeline: the position in the episode as a bar, with the events as marks, and a line with their names.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::format::compact;
use crate::messages::screens::tr;
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};

/// Draws the timeline.
pub(super) fn draw(model: &Model, palette: Palette, buf: &mut Buffer) {
    let area = model.areas.timeline;
    if area.height >= 2 {
        events(model, palette, Rect { height: 1, ..area }, buf);
    }
    let bar = model.areas.bar();
    if bar.width < 2 {
        return;
    }
    let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
    let (now, known) = (model.episode.position(), model.episode.known());
    let all = if model.episode.is_complete() { format!("/{known}") } else { String::new() };
    let left = Line::from(vec![Span::styled(format!(" {now}"), text), Span::styled(all, dim)]);
    left.render(Rect { x: area.x, y: bar.y, width: bar.x - area.x, height: 1 }, buf);
    let right = Rect { x: bar.right(), y: bar.y, width: area.right() - bar.right(), height: 1 };
    Line::styled(time(model), dim).render(right, buf);

    let (here, end) = (model.timeline_column(now, bar.width), model.timeline_column(known, bar.width));
    for column in 0..bar.width {
        let (glyph, role) = match column {
            _ if column <= here => ('━', Role::Accent),
            _ if column <= end && known > 0 => ('─', Role::Text),
            _ => ('┄', Role::Line),
        };
        put(buf, bar, column, glyph, palette.role(role));
    }
    for (step, _) in model.episode.steps().iter().enumerate().filter(|(_, step)| step.by_human) {
        let [before, after] = [step, step + 1].map(|step| model.timeline_column(step, bar.width));
        for column in (before + 1).min(after)..=after {
            put(buf, bar, column, '═', palette.role(Role::Warn));
        }
    }
    for (before, event) in model.episode.events() {
        let column = model.timeline_column(*before as usize + 1, bar.width);
        put(buf, bar, column, mark(model.ascii, event.kind), palette.role(role(event.kind)));
    }
    if let Some(Some(parting)) = model.parting {
        let column = model.timeline_column(parting + 1, bar.width);
        put(buf, bar, column, '╳', palette.role(Role::Warn));
    }
    let style = text.add_modifier(Modifier::BOLD | Modifier::REVERSED);
    let under = buf.cell((bar.x + here, bar.y)).and_then(|cell| cell.symbol().chars().next());
    // The mark of an event stays visible below the position.
    let glyph = under.filter(|glyph| !['━', '─', '┄', '═'].contains(glyph)).unwrap_or('●');
    put(buf, bar, here, glyph, style);
}

fn put(buf: &mut Buffer, bar: Rect, column: u16, glyph: char, style: Style) {
    if let Some(cell) = buf.cell_mut((bar.x + column, bar.y)) {
        cell.set_char(glyph).set_style(style);
    }
}

/// Time of the world's own clock, of a known length in all; empty without a clock.
fn time(model: &Model) -> String {
    let seconds = |steps| model.clock.seconds(steps).map(|seconds| format!("{seconds:.1}"));
    match (seconds(model.episode.position()), seconds(model.episode.known())) {
        (Some(now), Some(all)) if model.episode.is_complete() => format!(" {now}/{all} s"),
        (Some(now), _) => format!(" {now} s"),
        _ => String::new(),
    }
}

/// Line above the bar: the newest event up to the position, or else the kinds of events with their numbers.
fn events(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
    let mut kinds: Vec<(&'static str, usize)> = Vec::new();
    for (_, event) in model.episode.events() {
        match kinds.iter_mut().find(|(kind, _)| *kind == event.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((event.kind, 1)),
        }
    }
    let mut right = Vec::new();
    for (kind, count) in &kinds {
        right.push(Span::styled(mark(model.ascii, kind).to_string(), palette.role(role(kind))));
        right.push(Span::styled(format!(" {kind} {}  ", compact(*count as f64)), dim));
    }
    let now = model.episode.position();
    let newest = model.episode.events().iter().rev().find(|(before, _)| (*before as usize) < now);
    let mut left = vec![Span::raw(" ")];
    match model.parting {
        Some(Some(step)) => {
            let part = format!("╳ {}  ", tr!("the actions part at step {}", step + 1));
            left.push(Span::styled(part, palette.role(Role::Warn)));
        }
        Some(None) => left.push(Span::styled(format!("{}  ", tr!("the same actions so far")), dim)),
        None => {}
    }
    if let Some((before, event)) = newest {
        let here = *before as usize + 1 == now;
        left.push(Span::styled(
            format!("{} ", mark(model.ascii, event.kind)),
            palette.role(role(event.kind)),
        ));
        left.push(Span::styled(event.text.clone(), if here { text } else { dim }));
        let ago = now - *before as usize - 1;
        if ago > 0 {
            let ago = if ago == 1 { tr!("1 step ago").to_owned() } else { tr!("{} steps ago", ago) };
            left.push(Span::styled(format!("  {ago}"), dim));
        }
    }
    let right = Line::from(right);
    let width = (right.width() as u16).min(area.width);
    let left = Line::from(left);
    let room = area.width - width;
    // The newest event is more important than the counts.
    if left.width() as u16 + 2 <= room {
        right.render(Rect { x: area.right() - width, width, ..area }, buf);
    }
    left.render(area, buf);
}

/// Glyph of events of a kind; in ASCII, the kind's first letter.
fn mark(ascii: bool, kind: &str) -> char {
    if ascii {
        return kind.chars().next().filter(char::is_ascii_alphabetic).map_or('!', |c| c.to_ascii_uppercase());
    }
    match kind {
        "goal" | "win" | "reward" => '★',
        "lap" | "checkpoint" => '⚑',
        "capture" => '◆',
        "trade" | "fill" | "buy" => '▲',
        "sell" => '▼',
        "slip" | "skid" => '≈',
        "hole" | "collision" | "off" | "death" | "loss" => '✕',
        "pass" => '○',
        _ => '◇',
    }
}

/// Color of events of a kind.
fn role(kind: &str) -> Role {
    match kind {
        "goal" | "win" | "reward" | "lap" | "checkpoint" | "buy" => Role::Good,
        "slip" | "skid" | "hole" | "collision" | "off" | "death" | "loss" | "sell" => Role::Warn,
        _ => Role::Text,
    }
}
