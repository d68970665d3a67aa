//! Details of the selected item beside the list.

use freewheel_core::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::format::{beginning, compact, count, pad, width as columns};
use crate::mean_curve::Point;
use crate::messages::screens::{tr, translated};
use crate::run_list::{RunEntry, RunState};
use crate::tui::boxes::{framed, wrapped, write_lines};
use crate::tui::home::details::Details;
use crate::tui::home::model::{Home, Tab, presets_of_agent, presets_of_world};
use crate::tui::palette::{Palette, Role};
use crate::tui::plot::{Line as Curve, Plot};

/// Draws the details of the selected item.
pub(super) fn draw(model: &Home, world: Option<&Details>, palette: Palette, area: Rect, buf: &mut Buffer) {
    match model.tab {
        Tab::Worlds => draw_world(model, world, palette, area, buf),
        Tab::Agents => draw_agent(model, palette, area, buf),
        Tab::Runs => draw_run(model, palette, area, buf),
        Tab::Demonstrations => draw_store(model, palette, area, buf),
    }
}

/// Title of the details.
fn title(text: &str, palette: Palette) -> Line<'static> {
    Line::styled(format!(" {text} "), palette.role(Role::Text).add_modifier(Modifier::BOLD))
}

/// Lines with a label and a text, which is broken to the width; at most `rows` rows of each text are shown.
pub(super) fn labeled(
    facts: &[(&str, String)],
    width: u16,
    rows: usize,
    palette: Palette,
) -> Vec<Line<'static>> {
    let wide = facts.iter().map(|(label, _)| columns(label)).max().unwrap_or(0) + 2;
    let room = usize::from(width).saturating_sub(wide).max(8);
    let mut lines = Vec::new();
    for (label, text) in facts {
        for (row, part) in wrapped(text, room).into_iter().take(rows).enumerate() {
            let label = if row == 0 { *label } else { "" };
            lines.push(Line::from(vec![
                Span::styled(pad(label, wide), palette.role(Role::Dim)),
                Span::styled(part, palette.role(Role::Text)),
            ]));
        }
    }
    lines
}

/// World: description, picture, facts and presets.
fn draw_world(model: &Home, world: Option<&Details>, palette: Palette, area: Rect, buf: &mut Buffer) {
    let Some(info) = model.world() else { return };
    let inside = framed(title(&info.id, palette), palette, area, buf);
    let about = wrapped(&info.about, usize::from(inside.width).max(8));
    let about = about.into_iter().map(|line| Line::styled(line, palette.role(Role::Text)));
    let left = write_lines(about, inside, buf);
    let dim = palette.role(Role::Dim);
    let Some(world) = world else {
        buf.set_stringn(left.x, left.y, tr!("building"), usize::from(left.width), dim);
        return;
    };
    let mut lines = labeled(&world.facts(), left.width, 2, palette);
    let presets: Vec<String> = presets_of_world(&world.id)
        .map(|preset| format!("{} {}", preset.agent, count(preset.steps as f64)))
        .collect();
    if !presets.is_empty() {
        lines.extend(labeled(&[(&pad(tr!("presets"), 11), presets.join(", "))], left.width, 2, palette));
    }
    // The facts are at the bottom, and the picture has the space between.
    let rows = (lines.len() as u16).min(left.height);
    let picture = Rect { height: left.height - rows, ..left };
    let facts = Rect { y: picture.bottom(), height: rows, ..left };
    write_lines(lines, facts, buf);
    if picture.height >= 5 {
        draw_picture(world, palette, Rect { y: picture.y + 1, height: picture.height - 2, ..picture }, buf);
    }
}

/// Picture of the world, in the middle of `area`; the part around the focus if it does not fit.
fn draw_picture(world: &Details, palette: Palette, area: Rect, buf: &mut Buffer) {
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let mut frame = Frame::with_max_size(columns, rows);
    if !world.draw(&mut frame) {
        let text = tr!("no picture: a step of this world takes long");
        buf.set_stringn(area.x, area.y, text, columns, palette.role(Role::Dim));
        return;
    }
    let (focus_x, focus_y) = frame.focus().unwrap_or((frame.width() / 2, frame.height() / 2));
    let first = |size: usize, room: usize, focus: usize| match size > room {
        true => focus.saturating_sub(room / 2).min(size - room),
        false => 0,
    };
    let (left, top) = (first(frame.width(), columns, focus_x), first(frame.height(), rows, focus_y));
    let margin = |size: usize, room: usize| (room.saturating_sub(size) / 2) as u16;
    let (x0, y0) = (area.x + margin(frame.width(), columns), area.y + margin(frame.height(), rows));
    for y in 0..rows.min(frame.height()) {
        for x in 0..columns.min(frame.width()) {
            let Some(cell) = frame.get(left + x, top + y) else { continue };
            if let Some(out) = buf.cell_mut((x0 + x as u16, y0 + y as u16)) {
                palette.draw_cell(cell, false, out);
            }
        }
    }
}

/// Agent: description, presets and settings with defaults.
fn draw_agent(model: &Home, palette: Palette, area: Rect, buf: &mut Buffer) {
    let Some(agent) = model.agent() else { return };
    let inside = framed(title(&agent.id, palette), palette, area, buf);
    let width = usize::from(inside.width);
    let about = wrapped(&agent.about, width.max(8));
    let mut lines: Vec<Line<'_>> =
        about.into_iter().map(|line| Line::styled(line, palette.role(Role::Text))).collect();
    lines.push(Line::default());
    let worlds: Vec<&str> = presets_of_agent(&agent.id).map(|preset| &*preset.world).collect();
    let worlds = if worlds.is_empty() { tr!("none").to_owned() } else { worlds.join(", ") };
    lines.extend(labeled(&[(tr!("presets for"), worlds)], inside.width, 3, palette));
    lines.push(Line::default());
    let wide = agent.fields.iter().map(|field| field.name.len()).max().unwrap_or(0).min(width / 2) + 2;
    let defaults = agent.fields.iter().map(|field| columns(&default_text(&field.default))).max().unwrap_or(0);
    let defaults = defaults.min(14) + 2;
    for field in &agent.fields {
        let default = default_text(&field.default);
        let about = wrapped(&field.about, width.saturating_sub(wide + defaults).max(16));
        for (row, about) in about.into_iter().enumerate() {
            let (name, default) = if row == 0 { (&*field.name, beginning(&default, 14)) } else { ("", "") };
            lines.push(Line::from(vec![
                Span::styled(format!("{name:<wide$}"), palette.role(Role::Accent)),
                Span::styled(pad(default, defaults), palette.role(Role::Text)),
                Span::styled(about, palette.role(Role::Dim)),
            ]));
        }
    }
    write_lines(lines, inside, buf);
}

/// Default of a setting; a dash for one that depends on the world.
fn default_text(default: &serde_json::Value) -> String {
    match default {
        serde_json::Value::Null => "-".into(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Run: its score curve and its facts.
fn draw_run(model: &Home, palette: Palette, area: Rect, buf: &mut Buffer) {
    let Some(run) = model.run() else { return };
    let name = match run.agent.is_empty() {
        true => run.world.clone(),
        false => format!("{} {} {}", run.world, run.agent, tr!("seed {}", run.seed)),
    };
    let inside = framed(title(&name, palette), palette, area, buf);
    if let RunState::Damaged(why) = &run.state {
        let why = wrapped(why, usize::from(inside.width).max(8));
        write_lines(why.into_iter().map(|line| Line::styled(line, palette.role(Role::Warn))), inside, buf);
        return;
    }
    let folder = run.folder.display().to_string();
    let mut facts = vec![
        (tr!("state"), translated(run.state.name()).to_owned()),
        (tr!("steps"), tr!("{} of {}", count(run.steps.0 as f64), count(run.steps.1 as f64))),
        (tr!("score"), run.score.map_or("-".into(), compact)),
        (tr!("folder"), folder),
    ];
    if let RunState::Diverged(why) = &run.state {
        facts.insert(1, (tr!("reason"), why.clone()));
    }
    if run.stalled {
        facts.insert(1, (tr!("stalled"), tr!("not better than what takes no learning").into()));
    }
    let lines = labeled(&facts, inside.width, 2, palette);
    let rows = (lines.len() as u16).min(inside.height);
    let chart = Rect { height: inside.height - rows, ..inside };
    write_lines(lines, Rect { y: chart.bottom(), height: rows, ..inside }, buf);
    if chart.height >= 4 {
        draw_curves(&[run], palette, chart, buf);
    }
}

/// Store of demonstrations: its facts, players and scores.
fn draw_store(model: &Home, palette: Palette, area: Rect, buf: &mut Buffer) {
    let Some(store) = model.store() else { return };
    let name = store.folder.display().to_string();
    let inside = framed(title(&name, palette), palette, area, buf);
    let content = match &store.content {
        Ok(content) => content,
        Err(why) => {
            let why = wrapped(why, usize::from(inside.width).max(8));
            let lines = why.into_iter().map(|line| Line::styled(line, palette.role(Role::Warn)));
            write_lines(lines, inside, buf);
            return;
        }
    };
    let world = if content.world.is_empty() { tr!("of another program") } else { &content.world };
    let range = match content.mean_score() {
        Some(mean) => {
            let least = content.scores.iter().copied().fold(f64::INFINITY, f64::min);
            let most = content.scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            tr!("{} ({} to {})", compact(mean), compact(least), compact(most))
        }
        None => "-".into(),
    };
    let mut facts = vec![
        (tr!("world"), world.to_owned()),
        (tr!("episodes"), content.episodes.to_string()),
        (tr!("steps"), count(content.steps as f64)),
        (tr!("score"), range),
    ];
    let players = content.players.iter();
    facts.extend(players.map(|(player, episodes)| (tr!("player"), tr!("{}, {} episodes", player, episodes))));
    let lines = labeled(&facts, inside.width, 2, palette);
    let rows = (lines.len() as u16).min(inside.height);
    write_lines(lines, Rect { height: rows, ..inside }, buf);
    let chart = Rect { y: inside.y + rows, height: inside.height - rows, ..inside };
    if chart.height >= 5 && content.scores.len() > 1 {
        let point =
            |(i, &mean): (usize, &f64)| Point { step: i as u64, mean, low: mean, high: mean, runs: 1 };
        let points: Vec<Point> = content.scores.iter().enumerate().map(point).collect();
        let steps = points.len() as u64 - 1;
        let lines = [Curve { points: &points, color: 0, front: true }];
        let chart = Rect { y: chart.y + 1, height: chart.height - 1, ..chart };
        Plot { lines: &lines, marks: &[], steps, lower_is_better: false, labels: true, round: true }
            .draw(palette, chart, buf);
    }
}

/// Score curves of runs.
pub(super) fn draw_curves(runs: &[&RunEntry], palette: Palette, area: Rect, buf: &mut Buffer) {
    let points: Vec<Vec<Point>> = runs
        .iter()
        .map(|run| {
            let points = run.curves.points("score").iter();
            points.map(|&(step, mean)| Point { step, mean, low: mean, high: mean, runs: 1 }).collect()
        })
        .collect();
    if points.iter().all(Vec::is_empty) {
        buf.set_stringn(
            area.x,
            area.y,
            tr!("no score yet"),
            usize::from(area.width),
            palette.role(Role::Dim),
        );
        return;
    }
    let line = |(color, points)| Curve { points, color, front: true };
    let lines: Vec<Curve<'_>> = points.iter().map(Vec::as_slice).enumerate().map(line).collect();
    let steps = runs.iter().map(|run| run.steps.1).max().unwrap_or(1);
    Plot { lines: &lines, marks: &[], steps, lower_is_better: false, labels: true, round: true }
        .draw(palette, area, buf);
}
