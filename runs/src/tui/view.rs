//! Drawing of the viewer's model.

mod actions;
mod along;
mod chart;
mod help;
mod neuron;
mod observation;
mod panel;
mod spark;
mod timeline;
mod update;
mod work;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::ascii;
use super::episode::EpisodeEnd;
use super::keys::KEYS;
use super::layout::Shape;
use super::model::Model;
use super::palette::{Depth, Palette, Role};
use crate::format::compact;
use crate::messages::screens::{tr, translated};

/// Minimum number of columns and rows of the screen.
const MIN_SIZE: (u16, u16) = (40, 10);

/// Draws the viewer into the area `screen` of `buf`, for which [`Model::fit`] was called.
pub(super) fn draw(model: &Model, palette: Palette, screen: Rect, buf: &mut Buffer) {
    buf.set_style(screen, palette.base());
    if screen.width < MIN_SIZE.0 || screen.height < MIN_SIZE.1 {
        too_small(palette, screen, buf);
    } else {
        let areas = model.areas;
        header(model, palette, areas.header, buf);
        world(model, palette, areas.world, buf);
        match areas.shape {
            Shape::Strip => strip(model, palette, areas.panel, buf),
            shape => panel::draw(model, palette, shape, areas.panel, buf),
        }
        work::draw(model, palette, areas.world, buf);
        timeline::draw(model, palette, buf);
        footer(model, palette, areas.footer, buf);
        if model.help {
            help::draw(model, palette, screen, buf);
        }
    }
    if model.ascii {
        ascii::convert(screen, buf);
    }
}

/// Message on a screen that is too small.
fn too_small(palette: Palette, screen: Rect, buf: &mut Buffer) {
    let lines =
        [tr!("needs {} x {} cells", MIN_SIZE.0, MIN_SIZE.1), tr!("has {} x {}", screen.width, screen.height)];
    let top = screen.y + screen.height.saturating_sub(2) / 2;
    for (line, y) in lines.into_iter().zip(top..screen.bottom()) {
        let row = Rect { y, height: 1, ..screen };
        Line::styled(line, palette.role(Role::Warn)).centered().render(row, buf);
    }
}

/// First row: title, policy and state of the viewer.
fn header(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, palette.bar());
    let mut left = vec![
        Span::raw(" "),
        Span::styled(model.title.clone(), palette.role(Role::Text).add_modifier(Modifier::BOLD)),
        Span::raw("   "),
    ];
    // Place of the policy in the list, where there is room.
    let mut place = None;
    if let Some(title) = model.recording_title() {
        left.push(Span::styled(title.to_owned(), palette.role(Role::Accent)));
    }
    if let Some(learner) = model.learner() {
        left.push(Span::styled(learner.label().to_owned(), palette.role(Role::Accent)));
    } else if let Some((name, _)) = model.policies.get(model.policy_index) {
        left.push(Span::styled(name.clone(), palette.role(Role::Accent)));
        if model.policies.len() > 1 {
            place = Some(format!("  {}", tr!("{} of {}", model.policy_index + 1, model.policies.len())));
        }
    }
    let mut right = Line::from(badge(model, palette));
    if let Some(percent) = model.saved_percent() {
        let text = format!("{}  ", tr!("recording {} %", percent));
        right.spans.insert(0, Span::styled(text, palette.role(Role::Accent)));
    }
    let width = (right.width() as u16).min(area.width);
    let room = usize::from(area.width - width);
    let columns = |spans: &[Span]| spans.iter().map(Span::width).sum::<usize>();
    // The name of the policy comes before that of the world.
    if columns(&left) > room && left.len() > 3 {
        left.drain(1..3);
    }
    if let Some(place) = place.filter(|place| columns(&left) + Span::raw(&**place).width() < room) {
        left.push(Span::styled(place, palette.role(Role::Dim)));
    }
    Line::from(left).render(Rect { width: area.width - width, ..area }, buf);
    right.render(Rect { x: area.right() - width, width, ..area }, buf);
}

/// State of the viewer at the top right: playing or paused, and the speed.
fn badge(model: &Model, palette: Palette) -> Vec<Span<'static>> {
    if let Some(time) = model.thinking_time() {
        let hint = if model.human.is_none() { format!("  {}", tr!("esc stops")) } else { String::new() };
        let seconds = format!("{:.1}", time.as_secs_f64());
        let text = format!(" … {}{hint} ", tr!("thinking {} s", seconds));
        return vec![Span::styled(text, palette.role(Role::Warn))];
    }
    let speed = format!("{}  {}/s", model.clock.label(), compact(model.clock.speed()));
    let speed = if model.looping { format!("{speed}  {}", tr!("loop")) } else { speed };
    if let Some(human) = &model.human {
        let runs = model.running && human.goes_by_time();
        let you_play = tr!("you play");
        let text = if runs { format!(" ● {you_play}  {speed} ") } else { format!(" ● {you_play} ") };
        return vec![Span::styled(text, palette.role(Role::Accent))];
    }
    if !model.running {
        return vec![Span::styled(format!(" ‖ {}  {speed} ", tr!("paused")), palette.role(Role::Warn))];
    }
    let text =
        if model.lagging { format!(" ► {} ", tr!("up to {}", speed)) } else { format!(" ► {speed} ") };
    vec![Span::styled(text, palette.role(Role::Good))]
}

/// Visible part of the world's picture.
pub(super) fn world(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    let (left, top) = model.viewport.origin;
    // Without colors, areas without glyphs need a glyph to be visible.
    let blank = if palette.depth == Depth::None { blank_areas(&model.picture) } else { Vec::new() };
    for row in 0..area.height {
        for column in 0..area.width {
            let at = |origin: i32, cell: u16| usize::try_from(origin + i32::from(cell)).ok();
            let (Some(x), Some(y)) = (at(left, column), at(top, row)) else { continue };
            let Some(cell) = model.picture.get(x, y) else { continue };
            let blank = blank.get(y * model.picture.width() + x).is_some_and(|blank| *blank);
            if let Some(out) = buf.cell_mut((area.x + column, area.y + row)) {
                palette.draw_cell(cell, blank, out);
            }
        }
    }
    let mut mark = |x: usize, y: usize, corner: Option<char>| {
        let (x, y) = (x as i32 - left, y as i32 - top);
        let inside = (0..i32::from(area.width)).contains(&x) && (0..i32::from(area.height)).contains(&y);
        if inside && let Some(cell) = buf.cell_mut((area.x + x as u16, area.y + y as u16)) {
            match corner {
                Some(corner) => drop(cell.set_char(corner).set_style(palette.role(Role::Accent))),
                None => cell.modifier.toggle(Modifier::REVERSED),
            }
        }
    };
    if let Some((x, y)) = model.cursor_cell() {
        mark(x, y, None);
    }
    if let Some((x, y, width, height)) = model.cell_area() {
        let (right, bottom) = (x + width - 1, y + height - 1);
        if width > 3 && height > 1 {
            let corners = [(x, y, '┏'), (right, y, '┓'), (x, bottom, '┗'), (right, bottom, '┛')];
            corners.into_iter().for_each(|(x, y, corner)| mark(x, y, Some(corner)));
        } else {
            (y..=bottom).for_each(|y| (x..=right).for_each(|x| mark(x, y, None)));
        }
    }
    if !model.viewport.fits(&model.picture) && area.height >= 6 && !model.is_offscreen {
        let hint = if model.viewport.following { tr!("shift+arrows scroll") } else { tr!("f follows") };
        let hint = format!(" {hint} ");
        let width = area.width.min(Span::raw(&*hint).width() as u16);
        let at = Rect { y: area.bottom() - 1, height: 1, width, ..area };
        // The background of the first and last row sets the label apart from the picture.
        buf.set_style(at, palette.base().patch(palette.bar()));
        Line::styled(hint, palette.role(Role::Dim)).render(at, buf);
    }
}

/// For each cell of the picture, row by row: whether it belongs to a connected area of equal background without any
/// glyph.
fn blank_areas(picture: &freewheel_core::Frame) -> Vec<bool> {
    let (width, height) = (picture.width(), picture.height());
    let (mut visited, mut blank) = (vec![false; width * height], vec![false; width * height]);
    let mut area_cells = Vec::new();
    for start in 0..width * height {
        if visited[start] {
            continue;
        }
        area_cells.clear();
        area_cells.push(start);
        visited[start] = true;
        let (mut next, mut empty) = (0, true);
        while let Some(&cell) = area_cells.get(next) {
            next += 1;
            let (x, y) = (cell % width, cell / width);
            let Some(here) = picture.get(x, y) else { continue };
            empty &= here.glyph == ' ';
            // `usize::MAX` lies outside of any picture.
            let (left, up) = (x.checked_sub(1).unwrap_or(usize::MAX), y.checked_sub(1).unwrap_or(usize::MAX));
            for (x, y) in [(x + 1, y), (left, y), (x, y + 1), (x, up)] {
                if picture.get(x, y).is_some_and(|there| there.bg == here.bg) && !visited[y * width + x] {
                    visited[y * width + x] = true;
                    area_cells.push(y * width + x);
                }
            }
        }
        area_cells.iter().for_each(|&cell| blank[cell] = empty);
    }
    blank
}

/// Panel of a narrow screen.
fn strip(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let (runner, dim) = (model.episode.runner(), palette.role(Role::Dim));
    let text = palette.role(Role::Text);
    let first = Line::from(vec![
        Span::styled(format!(" {} ", tr!("episode")), dim),
        Span::styled(model.episode.number().to_string(), text),
        Span::styled(format!("  {} ", tr!("step")), dim),
        Span::styled(runner.length().to_string(), text),
        Span::styled(format!("  {} ", tr!("return")), dim),
        Span::styled(compact(runner.episode_return()), text),
    ]);
    let mut second = vec![Span::raw(" ")];
    if let Some(last) = model.episode.last() {
        second.push(Span::styled(panel::action(model, last), text));
        second.push(Span::styled(format!("  {} ", tr!("reward")), dim));
        second.push(Span::styled(format!("{}  ", compact(last.reward.into())), text));
    }
    if let Some(over) = model.episode.over() {
        let (words, role) = ending(over);
        second.push(Span::styled(words, palette.role(role)));
    }
    first.render(Rect { height: 1, ..area }, buf);
    Line::from(second).render(Rect { y: area.y + 1, height: 1, ..area }, buf);
}

/// Label of the end of an episode.
fn ending(over: EpisodeEnd) -> (&'static str, Role) {
    match over {
        EpisodeEnd::Terminal => (tr!("● terminal"), Role::Good),
        EpisodeEnd::Truncated => (tr!("◐ truncated"), Role::Warn),
        EpisodeEnd::Cut => (tr!("○ cut here"), Role::Warn),
    }
}

/// Last row: a message, or the keys.
fn footer(model: &Model, palette: Palette, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, palette.bar());
    if let Some(note) = &model.note {
        return Line::styled(format!(" {note}"), palette.role(Role::Warn)).render(area, buf);
    }
    if let Some(digits) = &model.entry {
        let prompt = vec![
            Span::styled(format!(" {} ", tr!("go to step")), palette.role(Role::Accent)),
            Span::styled(format!("{digits}▏"), palette.role(Role::Text)),
            Span::styled(format!("  {}", tr!("enter goes, esc cancels")), palette.role(Role::Dim)),
        ];
        return Line::from(prompt).render(area, buf);
    }
    let keys = keys(model);
    let wide = |(key, does): &(&str, &str)| Span::raw(*key).width() + Span::raw(*does).width() + 3;
    // The last two keys, help and quit, are always shown; of the other keys as many as fit.
    let mut space = usize::from(area.width).saturating_sub(1);
    let (others, always) = keys.split_at(keys.len().saturating_sub(2));
    space = space.saturating_sub(always.iter().map(wide).sum());
    let shown = others.iter().take_while(|key| {
        let fits = wide(key) <= space;
        space = space.saturating_sub(wide(key));
        fits
    });
    let mut spans = vec![Span::raw(" ")];
    for (key, does) in shown.chain(always) {
        spans.push(Span::styled(*key, palette.role(Role::Text)));
        spans.push(Span::styled(format!(" {does}  "), palette.role(Role::Dim)));
    }
    Line::from(spans).render(area, buf);
}

/// Keys for the footer, the most useful first, with the short names of their effects.
fn keys(model: &Model) -> Vec<(&'static str, &'static str)> {
    let rows = KEYS.iter().flat_map(|(_, rows)| *rows);
    let shown = rows.filter(|row| !row.short.is_empty() && row.when.applies(model));
    let human = model.human.is_some();
    let mut keys: Vec<_> = shown
        .map(|row| match row.short {
            "play" if human && row.keys == "p" => (translated(row.keys), tr!("hand back")),
            "pause" if !model.running => (translated(row.keys), tr!("resume")),
            short => (translated(row.keys), translated(short)),
        })
        .collect();
    // Playing is the first group of the table; while a policy is shown, its key comes later.
    if !human && let Some(play) = keys.iter().position(|(_, does)| *does == translated("play")) {
        let key = keys.remove(play);
        keys.insert(3.min(keys.len()), key);
    }
    keys
}

#[cfg(test)]
mod insight_screens;
#[cfg(test)]
pub(super) mod properties;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod worlds;
