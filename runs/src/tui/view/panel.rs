//! Panel of the viewer: state of the episode, and a page with the actions and returns, the observation, the update of
//! an agent that learns, or a neuron.

use freewheel_core::{ActionBuffer, Measure, Player, Score};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Padding, Widget};

use super::{actions, along, chart, ending, neuron, observation, spark, update};
use crate::format::{compact, pad};
use crate::messages::screens::tr;
use crate::tui::episode::{EpisodeEnd, EpisodeStep};
use crate::tui::human_input::{arrow, label};
use crate::tui::insight::Page;
use crate::tui::layout::Shape;
use crate::tui::model::Model;
use crate::tui::palette::{Palette, Role};
use crate::tui::returns::normalized;

/// Numbers of lines of the chart, with heading and summary: the first for which all actions fit.
const CHART: [usize; 3] = [6, 4, 3];
/// Maximum number of measures shown.
const MEASURES: usize = 6;
/// Rows of the chart of the returns that the values along the episode leave, with heading and summary.
const RETURNS_ROWS: u16 = 7;
/// Maximum height of the bars, in rows.
const MAX_CHART_ROWS: u16 = 10;

pub(super) fn draw(model: &Model, palette: Palette, shape: Shape, area: Rect, buf: &mut Buffer) {
    let side = shape == Shape::Side;
    let block = Block::new()
        .borders(if side { Borders::LEFT } else { Borders::TOP })
        .border_style(palette.role(Role::Line))
        // An empty row at the top of a high panel.
        .padding(Padding::new(1, 1, u16::from(side && area.height > 24), 0));
    let inner = block.inner(area);
    block.render(area, buf);
    // Two columns, with four cells between them.
    let half = Rect { width: (inner.width / 2).saturating_sub(2), ..inner };
    let (first, second) =
        if side { (inner, inner) } else { (half, Rect { x: inner.right() - half.width, ..half }) };

    let (width, height) = (usize::from(first.width), usize::from(inner.height));
    let mut lines = facts(model, palette, width, side);
    let page = model.insight.page;
    if side && page != Page::Actions {
        // A page needs the other rows.
        let short = [tr!("step"), tr!("state"), tr!("action"), tr!("reward")];
        lines.retain(|line| line.spans.first().is_some_and(|span| short.contains(&span.content.trim_end())));
    }
    if page == Page::Actions {
        let quantities = actions::facts(model, palette, width);
        let wanted = model.episode.spec().actions.names().len() + quantities.len();
        let space = |chart: usize| height.saturating_sub(lines.len() + 2 + if side { chart + 1 } else { 0 });
        let charts = CHART.into_iter().map(space);
        let space = charts.clone().find(|space| *space >= wanted).or(charts.max()).unwrap_or_default().max(2);
        let shown = quantities.len().min(space.saturating_sub(2));
        let rows = actions::lines(model, palette, width, space - shown);
        if !rows.is_empty() {
            section(&actions::title(model), rows, palette, first.width, &mut lines);
            lines.extend(quantities.into_iter().take(shown));
        }
        // The observation gets the rows that are left above a chart of its largest height.
        let left = height.saturating_sub(lines.len() + usize::from(MAX_CHART_ROWS) + 5);
        if side && observation::state(model).is_none() && left > 1 {
            let rows = observation::lines(model, palette, width, left);
            section(&observation::title(model), rows, palette, first.width, &mut lines);
        }
    } else {
        // Below the world, the page has the second column.
        let taken = if side { lines.len() + 2 } else { 1 };
        let (title, rows) =
            page_of(model, palette, page, usize::from(second.width), height.saturating_sub(taken));
        if side {
            section(&title, rows, palette, first.width, &mut lines);
        } else {
            let heading = heading(&title, palette, second.width);
            for (line, y) in std::iter::once(heading).chain(rows).zip(second.top()..second.bottom()) {
                line.render(Rect { y, height: 1, ..second }, buf);
            }
        }
    }
    let mut y = first.y;
    for line in lines.into_iter().take(usize::from(first.height)) {
        line.render(Rect { y, height: 1, ..first }, buf);
        y += 1;
    }
    if page != Page::Actions {
        return;
    }
    let top = if side { (y + 1).min(second.bottom()) } else { second.y };
    let rest = Rect { y: top, height: second.bottom() - top, ..second };
    // Without a finished episode, the chart of the returns is empty.
    let needed = if model.returns().len() == 0 { 0 } else { RETURNS_ROWS };
    let along = along::rows(model, rest.height, needed);
    along::draw(model, palette, Rect { height: along, ..rest }, buf);
    // An empty row between them.
    let used = if along > 0 { (along + 1).min(rest.height) } else { 0 };
    returns(model, palette, Rect { y: top + used, height: rest.height - used, ..rest }, buf);
}

/// Title and lines of a page other than that of the actions.
fn page_of(
    model: &Model,
    palette: Palette,
    page: Page,
    width: usize,
    max_lines: usize,
) -> (String, Vec<Line<'static>>) {
    match page {
        Page::Update => (update::title(model), update::lines(model, palette, width, max_lines)),
        Page::Neuron => (neuron::title(model), neuron::lines(model, palette, width, max_lines)),
        Page::Observation | Page::Actions => {
            (observation::title(model), observation::lines(model, palette, width, max_lines))
        }
    }
}

/// Adds an empty line, a heading and `rows` to `lines`.
fn section(
    title: &str,
    rows: Vec<Line<'static>>,
    palette: Palette,
    width: u16,
    lines: &mut Vec<Line<'static>>,
) {
    lines.push(Line::default());
    lines.push(heading(title, palette, width));
    lines.extend(rows);
}

/// Heading, chart and summary of the returns.
fn returns(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    if area.height < 3 {
        return;
    }
    let spec = model.episode.spec();
    let what = match spec.score {
        Score::Return => tr!("returns").to_owned(),
        Score::Measure(_) => spec.score_title(),
    };
    let title = if model.human.is_some() { tr!("your {}", what) } else { what };
    heading(&title, palette, area.width).render(Rect { height: 1, ..area }, buf);
    let columns = Rect { y: area.y + 1, height: (area.height - 2).min(MAX_CHART_ROWS), ..area };
    let has_lines = model.reference.or(model.baseline).is_some();
    if model.returns().len() == 0 && !has_lines {
        return summary(model, palette).render(Rect { height: 1, ..columns }, buf);
    }
    chart::draw(model, palette, columns, buf);
    summary(model, palette).render(Rect { y: columns.bottom(), height: 1, ..area }, buf);
}

pub(super) fn heading(title: &str, palette: Palette, width: u16) -> Line<'static> {
    let rule = "─".repeat(usize::from(width).saturating_sub(Span::raw(title).width() + 1));
    Line::from(vec![
        Span::styled(format!("{title} "), palette.role(Role::Dim)),
        Span::styled(rule, palette.role(Role::Line)),
    ])
}

/// State of the episode; with `all`, also the state in words and the rewards by step.
fn facts(model: &Model, palette: Palette, width: usize, all: bool) -> Vec<Line<'static>> {
    let (runner, dim) = (model.episode.runner(), palette.role(Role::Dim));
    // `more` explains `value` and is left out if there is no space.
    let styled = |name: &str, value: String, role: Role, more: String| {
        let fits = 9 + Span::raw(&*value).width() + Span::raw(&*more).width() <= width;
        Line::from(vec![
            Span::styled(pad(name, 9), dim),
            Span::styled(value, palette.role(role)),
            Span::styled(if fits { more } else { String::new() }, dim),
        ])
    };
    let row = |name: &str, value: String, more: String| styled(name, value, Role::Text, more);
    let limit = model.episode.limit().map_or(String::new(), |limit| format!(" {}", tr!("of {}", limit)));
    let mut rows = vec![
        row(tr!("episode"), model.episode.number().to_string(), format!("  {}", tr!("seed {}", model.seed))),
        row(tr!("step"), runner.length().to_string(), limit),
    ];
    if all && let Some((index, description)) = observation::state(model) {
        rows.push(row(tr!("state"), index, format!("  {description}")));
    }
    let two = model.episode.spec().players == 2;
    let (action_text, reward) = match model.episode.last() {
        None => ("—".to_owned(), "—".to_owned()),
        Some(last) => (action(model, last), compact(last.reward.into())),
    };
    let actor = match model.episode.last() {
        Some(last) if last.by_human => tr!("by you"),
        Some(last) if two && last.mover == Player::First => tr!("by the first player"),
        Some(_) if two => tr!("by the second player"),
        _ => "",
    };
    rows.push(row(
        tr!("action"),
        action_text,
        if actor.is_empty() { choice(model) } else { format!("  {actor}") },
    ));
    let rewards = if all { model.episode.rewards() } else { Vec::new() };
    let (low, high) = spark::range(&rewards);
    let scale = format!("{} .. {}", compact(low.into()), compact(high.into()));
    let bars = spark::line(&rewards, width.saturating_sub(9 + reward.len() + 3 + scale.len()).min(24));
    let by_step = if rewards.len() > 1 { format!("  {bars} {scale}") } else { String::new() };
    rows.push(row(tr!("reward"), reward, by_step));
    let discount = model.episode.spec().gamma;
    let discount = if discount < 1.0 { format!("  {}", tr!("discount {}", discount)) } else { String::new() };
    rows.push(row(tr!("return"), compact(runner.episode_return()), discount));
    if !model.episode.spec().measures.is_empty() {
        rows.extend(measures(model, palette, width));
    }
    rows.push(match model.episode.over() {
        None => row(tr!("ending"), "—".into(), String::new()),
        Some(over) => {
            let (words, role) = ending(over);
            let why = match over {
                EpisodeEnd::Terminal => format!("  {}", tr!("by the rules")),
                _ if model.episode.limit() == Some(runner.length()) => format!("  {}", tr!("at the limit")),
                _ => String::new(),
            };
            styled(tr!("ending"), words.into(), role, why)
        }
    });
    rows
}

/// Whether the last action was the best one by the numbers of the policy, where that is known.
fn choice(model: &Model) -> String {
    let names = model.episode.spec().actions.names();
    let taken = model.episode.last().and_then(|last| last.action.discrete()).map(|a| a as usize);
    match (taken, model.insight.greedy_before) {
        (Some(taken), Some(best)) if taken == best => format!("  {}", tr!("greedy")),
        (Some(_), Some(best)) => {
            names.get(best).map_or(String::new(), |name| format!("  {}: {name}", tr!("greedy")))
        }
        _ => String::new(),
    }
}

/// Measures of the episode so far, those that have a value.
fn measures(model: &Model, palette: Palette, width: usize) -> Vec<Line<'static>> {
    let (measured, dim) = (model.episode.runner().measures(), palette.role(Role::Dim));
    let known = model.episode.spec().measures.iter().zip(measured).filter(|(_, value)| value.is_finite());
    let line = |(measure, value): (&Measure, f64)| {
        let (name, value) = (pad(&measure.name, 9), compact(value));
        let fits = Span::raw(&*name).width() + value.len() + 2 + measure.unit.len() <= width;
        let unit = if fits { format!(" {}", measure.unit) } else { String::new() };
        // A long name needs a space after it.
        let gap = if name.ends_with(' ') { "" } else { " " };
        Line::from(vec![
            Span::styled(format!("{name}{gap}"), dim),
            Span::styled(value, palette.role(Role::Text)),
            Span::styled(unit, dim),
        ])
    };
    known.take(MEASURES).map(line).collect()
}

/// Text of the action of a step, with an arrow for a direction.
pub(super) fn action(model: &Model, step: &EpisodeStep) -> String {
    let names = model.episode.spec().actions.names();
    match &step.action {
        ActionBuffer::Discrete(all) => {
            let name = all.first().and_then(|&a| names.get(a as usize)).map_or("?", |name| name);
            match arrow(name) {
                Some(key) => format!("{} {name}", label(key)),
                None => name.to_owned(),
            }
        }
        ActionBuffer::Continuous(all) => {
            all.iter().map(|&x| compact(x.into())).collect::<Vec<_>>().join("  ")
        }
    }
}

/// Line with the mean return and the normalized return.
fn summary(model: &Model, palette: Palette) -> Line<'static> {
    let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
    let returns = model.returns();
    let Some(mean) = returns.mean() else {
        return Line::styled(tr!("no episode has ended yet"), dim);
    };
    let mut spans = Vec::new();
    if let Some(score) = normalized(mean, model.baseline, model.reference) {
        spans.push(Span::styled(format!("{} ", tr!("score")), dim));
        spans.push(Span::styled(format!("{score:.2}  "), text));
    }
    spans.push(Span::styled(format!("{} ", tr!("mean")), dim));
    spans.push(Span::styled(compact(mean), text));
    spans.push(Span::styled(format!(" {}", tr!("over {}", returns.len())), dim));
    Line::from(spans)
}
