//! The panel: the episode's facts, what the agent expects, the returns.

use freewheel_core::{ActionBuffer, Measure, Player, Score};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Padding, Widget};

use super::{actions, chart, ending, number};
use crate::tui::episode::{Move, Over};
use crate::tui::hand::{arrow, label};
use crate::tui::layout::Shape;
use crate::tui::model::Model;
use crate::tui::palette::{Ink, Palette};
use crate::tui::returns::score;

/// Lines that the chart wants at least, its heading and its summary among them.
const CHART: usize = 6;
/// Measures that are enough beside the picture; tables have them all.
const MEASURES: usize = 6;
/// Rows of columns that are enough, however high the screen.
const TALL: u16 = 10;

pub(super) fn draw(model: &Model, palette: Palette, shape: Shape, area: Rect, buf: &mut Buffer) {
    let side = shape == Shape::Side;
    let block = Block::new()
        .borders(if side { Borders::LEFT } else { Borders::TOP })
        .border_style(palette.ink(Ink::Line))
        // Where there is room, a little air.
        .padding(Padding::new(1, 1, u16::from(side && area.height > 24), 0));
    let inner = block.inner(area);
    block.render(area, buf);
    // Two columns, with four cells between them.
    let half = Rect { width: (inner.width / 2).saturating_sub(2), ..inner };
    let (first, second) =
        if side { (inner, inner) } else { (half, Rect { x: inner.right() - half.width, ..half }) };

    let mut lines = facts(model, palette, usize::from(first.width));
    let more = if side { CHART + 3 } else { 2 };
    let room = usize::from(inner.height).saturating_sub(lines.len() + more).max(2);
    let rows = actions::lines(model, palette, usize::from(first.width), room);
    if !rows.is_empty() {
        lines.push(Line::default());
        lines.push(heading(actions::title(model), palette, first.width));
        lines.extend(rows);
    }
    let mut y = first.y;
    for line in lines.into_iter().take(usize::from(first.height)) {
        line.render(Rect { y, height: 1, ..first }, buf);
        y += 1;
    }
    let top = if side { (y + 1).min(second.bottom()) } else { second.y };
    returns(model, palette, Rect { y: top, height: second.bottom() - top, ..second }, buf);
}

/// The heading, the columns, the summary.
fn returns(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    if area.height < 3 {
        return;
    }
    let spec = model.episode.spec();
    let what = match spec.score {
        Score::Return => "returns".to_owned(),
        Score::Measure(_) => spec.score_title(),
    };
    let title = if model.hand.is_some() { format!("your {what}") } else { what };
    heading(&title, palette, area.width).render(Rect { height: 1, ..area }, buf);
    let columns = Rect { y: area.y + 1, height: (area.height - 2).min(TALL), ..area };
    chart::draw(model, palette, columns, buf);
    summary(model, palette).render(Rect { y: columns.bottom(), height: 1, ..area }, buf);
}

fn heading(title: &str, palette: Palette, width: u16) -> Line<'static> {
    let rule = "─".repeat(usize::from(width).saturating_sub(Span::raw(title).width() + 1));
    Line::from(vec![
        Span::styled(format!("{title} "), palette.ink(Ink::Dim)),
        Span::styled(rule, palette.ink(Ink::Line)),
    ])
}

fn facts(model: &Model, palette: Palette, width: usize) -> Vec<Line<'static>> {
    let (runner, dim) = (model.episode.runner(), palette.ink(Ink::Dim));
    // What is in the third place explains the second, where there is room for it.
    let inked = |name: &str, value: String, ink: Ink, more: String| {
        let fits = 9 + Span::raw(&*value).width() + Span::raw(&*more).width() <= width;
        Line::from(vec![
            Span::styled(format!("{name:<9}"), dim),
            Span::styled(value, palette.ink(ink)),
            Span::styled(if fits { more } else { String::new() }, dim),
        ])
    };
    let row = |name: &str, value: String, more: String| inked(name, value, Ink::Text, more);
    let limit = model.episode.limit().map_or(String::new(), |limit| format!(" of {limit}"));
    let mut rows = vec![
        row("episode", model.episode.number().to_string(), format!("  seed {}", model.seed)),
        row("step", runner.length().to_string(), limit),
    ];
    let two = model.episode.spec().players == 2;
    let (done, reward) = match model.episode.last() {
        None => ("—".to_owned(), "—".to_owned()),
        Some(last) => (action(model, last), number(last.reward.into())),
    };
    let policy_class = match model.episode.last() {
        Some(last) if last.by_hand => "  by you",
        Some(last) if two && last.mover == Player::First => "  by the first player",
        Some(_) if two => "  by the second player",
        _ => "",
    };
    rows.push(row("action", done, policy_class.into()));
    rows.push(row("reward", reward, String::new()));
    let discount = model.episode.spec().gamma;
    let discount = if discount < 1.0 { format!("  discount {discount}") } else { String::new() };
    rows.push(row("return", number(runner.score()), discount));
    if !model.episode.spec().measures.is_empty() {
        rows.extend(measures(model, palette, width));
    }
    rows.push(match model.episode.over() {
        None => row("ending", "—".into(), String::new()),
        Some(over) => {
            let (words, ink) = ending(over);
            let why = match over {
                Over::Terminal => "  by the rules",
                _ if model.episode.limit() == Some(runner.length()) => "  at the limit",
                _ => "",
            };
            inked("ending", words.into(), ink, why.into())
        }
    });
    rows
}

/// The world's measures of the episode as it stands, as many as it can say by now.
fn measures(model: &Model, palette: Palette, width: usize) -> Vec<Line<'static>> {
    let (measured, dim) = (model.episode.runner().measures(), palette.ink(Ink::Dim));
    let known = model.episode.spec().measures.iter().zip(measured).filter(|(_, value)| value.is_finite());
    let line = |(measure, value): (&Measure, f64)| {
        let (name, value) = (format!("{:<9}", measure.name), number(value));
        let fits = Span::raw(&*name).width() + value.len() + 2 + measure.unit.len() <= width;
        let unit = if fits { format!(" {}", measure.unit) } else { String::new() };
        // A long name still has a blank after it.
        let gap = if name.ends_with(' ') { "" } else { " " };
        Line::from(vec![
            Span::styled(format!("{name}{gap}"), dim),
            Span::styled(value, palette.ink(Ink::Text)),
            Span::styled(unit, dim),
        ])
    };
    known.take(MEASURES).map(line).collect()
}

/// A move in words, with its arrow where it is a direction.
pub(super) fn action(model: &Model, made: &Move) -> String {
    let names = model.episode.spec().actions.names();
    match &made.action {
        ActionBuffer::Discrete(all) => {
            let name = all.first().and_then(|&a| names.get(a as usize)).map_or("?", |name| name);
            match arrow(name) {
                Some(key) => format!("{} {name}", label(key)),
                None => name.to_owned(),
            }
        }
        ActionBuffer::Continuous(all) => all.iter().map(|&x| number(x.into())).collect::<Vec<_>>().join("  "),
    }
}

/// The mean return, and where it stands between the baseline and the reference.
fn summary(model: &Model, palette: Palette) -> Line<'static> {
    let (text, dim) = (palette.ink(Ink::Text), palette.ink(Ink::Dim));
    let returns = model.returns();
    let Some(mean) = returns.mean() else {
        return Line::styled("no episode has ended yet", dim);
    };
    let mut spans = Vec::new();
    if let Some(score) = score(mean, model.baseline, model.reference) {
        spans.push(Span::styled("score ", dim));
        spans.push(Span::styled(format!("{score:.2}  "), text));
    }
    spans.push(Span::styled("mean ", dim));
    spans.push(Span::styled(number(mean), text));
    spans.push(Span::styled(format!(" over {}", returns.len()), dim));
    Line::from(spans)
}
