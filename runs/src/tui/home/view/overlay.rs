//! Boxes over the home screen: form of a training, comparison of two runs, help.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::details;
use crate::format::{beginning, compact, count, pad, pad_left, width as columns};
use crate::messages::screens::{tr, translated};
use crate::tui::boxes::{boxed, wrapped, write_lines};
use crate::tui::home::details::Details;
use crate::tui::home::form::FormField;
use crate::tui::home::keys;
use crate::tui::home::model::Home;
use crate::tui::palette::{Palette, Role};
use crate::tui::rules;

/// Box with a title.
fn titled(title: &str, wanted: (u16, u16), palette: Palette, screen: Rect, buf: &mut Buffer) -> Rect {
    let title = Line::styled(format!(" {title} "), palette.role(Role::Accent));
    boxed([title, Line::default()], wanted, palette, screen, buf)
}

/// Form of a training.
pub(super) fn form(model: &Home, palette: Palette, screen: Rect, buf: &mut Buffer) {
    let Some(form) = &model.form else { return };
    let inside = titled(tr!("train"), (68, 10), palette, screen, buf);
    let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
    let mut lines = Vec::new();
    let wide = FormField::ALL.map(|field| columns(field.name())).into_iter().max().unwrap_or(0) + 2;
    for (index, field) in FormField::ALL.into_iter().enumerate() {
        let selected = index == form.selected;
        let chosen = matches!(field, FormField::World | FormField::Agent);
        let value = match (selected, chosen) {
            (true, true) => format!("‹ {} ›", form.text(field)),
            (true, false) => format!("{}▏", form.text(field)),
            (false, _) => form.text(field).to_owned(),
        };
        let style = match (selected, palette.shade(Role::Accent)) {
            (true, Some(shade)) => text.bg(shade),
            (true, None) => text.add_modifier(Modifier::REVERSED),
            (false, _) => text,
        };
        let mut spans = vec![
            Span::styled(if selected { "▸ " } else { "  " }, palette.role(Role::Accent)),
            Span::styled(pad(field.name(), wide), dim),
            Span::styled(value, style),
        ];
        if field == FormField::Steps {
            let preset = if form.has_preset() {
                tr!("preset of this pair")
            } else {
                tr!("no preset: defaults of the agent")
            };
            spans.push(Span::styled(format!("  {preset}"), dim));
        }
        lines.push(Line::from(spans));
    }
    lines.push(Line::default());
    let (command, role) = match form.command_text() {
        Ok(command) => (format!("freewheel {command}"), Role::Good),
        Err(why) => (why, Role::Warn),
    };
    let command = wrapped(&command, usize::from(inside.width).max(8));
    lines.extend(command.into_iter().map(|line| Line::styled(line, palette.role(role))));
    lines.push(Line::styled(tr!("enter starts it, esc closes"), dim));
    write_lines(lines, inside, buf);
}

/// Comparison of the two marked runs: their curves and their facts side by side.
pub(super) fn compare(model: &Home, palette: Palette, screen: Rect, buf: &mut Buffer) {
    let Some(runs) = model.compared() else { return };
    let inside = titled(tr!("two runs"), (screen.width, screen.height), palette, screen, buf);
    let wide = usize::from(inside.width).saturating_sub(34).clamp(10, 60);
    let heads = [tr!("score"), tr!("steps"), tr!("state")].map(|head| pad_left(head, 10)).concat();
    let head = format!("  {}{heads}", " ".repeat(wide));
    let mut lines = vec![Line::styled(head, palette.role(Role::Dim))];
    for (color, run) in runs.iter().enumerate() {
        let name = format!("{} {} {}", run.world, run.agent, tr!("seed {}", run.seed));
        let name = pad(beginning(&name, wide - 1), wide);
        let score = run.score.map_or("-".into(), compact);
        let (steps, state) = (count(run.steps.0 as f64), translated(run.state.name()));
        let (glyph, style) = super::list::state(&run.state, palette);
        lines.push(Line::from(vec![
            Span::styled("━ ", palette.series(color, true)),
            Span::styled(format!("{name}{score:>10}{steps:>10}"), palette.role(Role::Text)),
            Span::styled(pad_left(&format!("{glyph} {}", beginning(state, 8)), 10), style),
        ]));
    }
    lines.push(Line::styled(
        tr!("score of the training episodes over environment steps"),
        palette.role(Role::Dim),
    ));
    let left = write_lines(lines, inside, buf);
    details::draw_curves(&runs, palette, left, buf);
}

/// Rules of the selected world, the glyphs of its picture, and its facts.
pub(super) fn rules(model: &Home, world: Option<&Details>, palette: Palette, screen: Rect, buf: &mut Buffer) {
    let Some(info) = model.world() else { return };
    let width = screen.width.min(90);
    let about = wrapped(&info.about, usize::from(width).saturating_sub(4).max(8));
    let mut lines: Vec<Line<'_>> =
        about.into_iter().map(|line| Line::styled(line, palette.role(Role::Text))).collect();
    lines.push(Line::default());
    let rules =
        rules::of(&info.id).iter().map(|(heading, text)| (translated(heading), translated(text).to_owned()));
    let facts = world.map(Details::facts).unwrap_or_default();
    let facts: Vec<(&str, String)> = rules.chain([("", String::new())]).chain(facts).collect();
    lines.extend(details::labeled(&facts, width.saturating_sub(4), 4, palette));
    let inside = titled(&info.id, (width, lines.len() as u16 + 2), palette, screen, buf);
    write_lines(lines, inside, buf);
}

/// Keys of the tab.
pub(super) fn help(model: &Home, palette: Palette, screen: Rect, buf: &mut Buffer) {
    let keys = keys::help(model);
    let inside = titled(tr!("keys"), (50, keys.len() as u16 + 8), palette, screen, buf);
    let key = |(key, does): (&'static str, &'static str)| {
        Line::from(vec![
            Span::styled(format!(" {}", pad(key, 9)), palette.role(Role::Text)),
            Span::styled(does, palette.role(Role::Dim)),
        ])
    };
    let more = [
        ("1 2 3 4", tr!("worlds, agents, runs, demonstrations")),
        ("h j k l", tr!("as the arrows")),
        (tr!("mouse"), tr!("select, open, scroll")),
        ("T", tr!("theme: dark, light, color-blind-safe")),
        ("esc", tr!("close, or quit")),
    ];
    let lines = keys.into_iter().chain([("", "")]).chain(more).map(key);
    write_lines(lines, inside, buf);
}
