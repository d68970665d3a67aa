//! Drawing of the dashboard: progress, curves, jobs, messages, keys.

mod curves;
mod jobs;

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

#[cfg(test)]
pub(super) use jobs::STATES;

use super::keys::HELP;
use super::model::Dashboard;
use crate::board::JobState;
use crate::format::{count, width as columns};
use crate::messages::screens::{tr, translated};
use crate::progress::time_left;
use crate::tui::boxes::{boxed, framed, write_lines};
use crate::tui::palette::{Palette, Role};

/// Smallest screen, columns and rows.
const LEAST: (u16, u16) = (40, 10);

/// Areas of the dashboard; an empty area has no space on the screen.
#[derive(Clone, Copy, Debug)]
struct Areas {
    header: Rect,
    progress: Rect,
    curves: Rect,
    jobs: Rect,
    notes: Rect,
    footer: Rect,
}

impl Areas {
    /// Areas of a screen for `jobs` jobs and `notes` messages.
    fn of(screen: Rect, jobs: usize, notes: usize) -> Self {
        let mut y = screen.y;
        let mut rows = |height: u16| {
            let area = Rect { y, height, ..screen };
            y += height;
            area
        };
        let (header, progress) = (rows(1), rows(1));
        let body = screen.height.saturating_sub(3);
        let most = match body {
            0..16 => 0,
            16..22 => 3,
            22..30 => 5,
            _ => 8,
        };
        // Frame, and a row for each message.
        let notes = u16::try_from(notes.max(1) + 2).unwrap_or(u16::MAX).min(most);
        // Borders and the heads of the columns, and a row for each job; at least three jobs are shown.
        let wanted = u16::try_from(jobs).unwrap_or(u16::MAX).saturating_add(3);
        let most = (body - notes) * 2 / 5;
        let table = wanted.min(most.max(5)).min(body - notes);
        let curves = rows(body - notes - table);
        Areas { header, progress, curves, jobs: rows(table), notes: rows(notes), footer: rows(1) }
    }
}

/// Draws the dashboard into the area `screen`.
pub(super) fn draw(model: &mut Dashboard, palette: Palette, screen: Rect, buf: &mut Buffer) {
    if screen.is_empty() {
        return;
    }
    buf.set_style(screen, palette.base());
    if screen.width < LEAST.0 || screen.height < LEAST.1 {
        let text = tr!("training continues; at least {} x {}", LEAST.0, LEAST.1);
        buf.set_stringn(screen.x, screen.y, text, usize::from(screen.width), palette.role(Role::Warn));
        return;
    }
    let areas = Areas::of(screen, model.jobs.len(), model.notes.len());
    header(model, palette, areas.header, buf);
    progress(model, palette, areas.progress, buf);
    curves::draw(model, palette, areas.curves, buf);
    jobs::draw(model, palette, areas.jobs, buf);
    notes(model, palette, areas.notes, buf);
    footer(model, palette, areas.footer, buf);
    if model.help {
        help(palette, screen, buf);
    }
}

/// First row: name of the experiment, number of jobs in each state, and the state of the training.
fn header(model: &Dashboard, palette: Palette, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, palette.bar());
    let mut left = vec![
        Span::raw(" "),
        Span::styled(model.title.clone(), palette.role(Role::Text).add_modifier(Modifier::BOLD)),
        Span::raw("  "),
    ];
    for state in jobs::STATES {
        let n = model.count(state);
        if n > 0 {
            left.push(Span::styled(
                format!(" {} {n} {}", jobs::glyph(state), translated(state.name())),
                jobs::style(state, palette),
            ));
            left.push(Span::raw(" "));
        }
    }
    let (text, role) = match model.stopping {
        true => (format!(" ‖ {} ", tr!("stopping and saving")), Role::Warn),
        false => (format!(" ● {} ", tr!("training")), Role::Good),
    };
    let width = (columns(&text) as u16).min(area.width);
    Line::from(left).render(Rect { width: area.width - width, ..area }, buf);
    let right = Rect { x: area.right() - width, width, ..area };
    Line::styled(text, palette.role(role)).render(right, buf);
}

/// Second row: progress of all jobs, speed, time and memory.
fn progress(model: &Dashboard, palette: Palette, area: Rect, buf: &mut Buffer) {
    let (made, all) = model.steps();
    let share = made as f64 / all.max(1) as f64;
    let rate = model.rate.per_second();
    let dim = palette.role(Role::Dim);
    let text = palette.role(Role::Text);
    let mut parts = vec![(format!("{:3.0} %", 100.0 * share), String::new())];
    parts.push((tr!("{} of {}", count(made as f64), count(all as f64)), format!(" {}", tr!("steps"))));
    parts.push((rate.map_or("-".into(), count), format!(" {}", tr!("steps/s"))));
    parts.push((clock(model.elapsed), String::new()));
    let left = rate.filter(|rate| *rate > 0.0).map_or("-".into(), |rate| time_left(model.steps_left(), rate));
    parts.push((left, format!(" {}", tr!("left"))));
    if let Some(bytes) = model.memory {
        parts.push((freewheel_core::memory::size_text(bytes.into()), String::new()));
    }
    let bar = (area.width / 4).clamp(8, 40);
    let mut spans = vec![Span::raw(" ")];
    spans.extend(gauge(share, bar, palette));
    let mut room = usize::from(area.width.saturating_sub(bar + 1));
    for (value, unit) in parts {
        let wide = columns(&value) + columns(&unit) + 2;
        if wide > room {
            break;
        }
        room -= wide;
        spans.push(Span::raw("  "));
        spans.push(Span::styled(value, text));
        spans.push(Span::styled(unit, dim));
    }
    Line::from(spans).render(area, buf);
}

/// Bar of `width` columns that is filled by the share `share`, 0 to 1.
fn gauge(share: f64, width: u16, palette: Palette) -> [Span<'static>; 3] {
    let halves = (share.clamp(0.0, 1.0) * f64::from(width) * 2.0) as usize;
    let (full, half) = (halves / 2, halves % 2);
    let rest = usize::from(width) - full - half;
    [
        Span::styled("━".repeat(full), palette.role(Role::Accent)),
        Span::styled("╸".repeat(half), palette.role(Role::Accent)),
        Span::styled("┄".repeat(rest), palette.role(Role::Line)),
    ]
}

/// Time as `m:ss` or `h:mm:ss`.
fn clock(time: Duration) -> String {
    let s = time.as_secs();
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// Last messages, the newest at the bottom.
fn notes(model: &Dashboard, palette: Palette, area: Rect, buf: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let inside =
        framed(Line::styled(format!(" {} ", tr!("log")), palette.role(Role::Dim)), palette, area, buf);
    if model.notes.is_empty() {
        let text = tr!("no messages");
        buf.set_stringn(inside.x, inside.y, text, usize::from(inside.width), palette.role(Role::Dim));
    }
    let first = model.notes.len().saturating_sub(usize::from(inside.height));
    for ((time, text), y) in model.notes.iter().skip(first).zip(inside.top()..inside.bottom()) {
        let line = Line::from(vec![
            Span::styled(format!("{:>5}  ", clock(*time)), palette.role(Role::Dim)),
            Span::styled(text.replace(['\n', '\t'], " "), palette.role(Role::Text)),
        ]);
        line.render(Rect { y, height: 1, ..inside }, buf);
    }
}

/// Last row: a message, or the keys.
fn footer(model: &Dashboard, palette: Palette, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, palette.bar());
    let message = match (&model.message, model.stopping) {
        (Some(message), _) => Some(message.as_str()),
        (None, true) => {
            Some(tr!("stopping after the current steps; everything is saved, and `resume` continues"))
        }
        (None, false) => None,
    };
    if let Some(message) = message {
        return Line::styled(format!(" {message}"), palette.role(Role::Warn)).render(area, buf);
    }
    let mut room = usize::from(area.width).saturating_sub(1);
    let mut spans = vec![Span::raw(" ")];
    for (key, does) in HELP {
        let does = translated(does);
        let wide = Span::raw(key).width() + Span::raw(does).width() + 3;
        if wide > room {
            break;
        }
        room -= wide;
        spans.push(Span::styled(key, palette.role(Role::Text)));
        spans.push(Span::styled(format!(" {does}  "), palette.role(Role::Dim)));
    }
    Line::from(spans).render(area, buf);
}

/// Keys in a box over the screen.
fn help(palette: Palette, screen: Rect, buf: &mut Buffer) {
    let titles = [Line::styled(format!(" {} ", tr!("keys")), palette.role(Role::Accent)), Line::default()];
    let inside = boxed(titles, (46, HELP.len() as u16 + 2), palette, screen, buf);
    let lines = HELP.iter().map(|(key, does)| {
        Line::from(vec![
            Span::styled(format!(" {key:<9}"), palette.role(Role::Text)),
            Span::styled(translated(does), palette.role(Role::Dim)),
        ])
    });
    write_lines(lines, inside, buf);
}

/// Whether a job in this state needs the user's eye.
fn is_bad(state: JobState) -> bool {
    matches!(state, JobState::Stalled | JobState::Diverged | JobState::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_its_areas() {
        for (width, height) in (40..130).flat_map(|width| (10..60).map(move |height| (width, height))) {
            for jobs in [0, 1, 12, 400] {
                let screen = Rect { x: 3, y: 2, width, height };
                let areas = Areas::of(screen, jobs, jobs % 9);
                let all = [areas.header, areas.progress, areas.curves, areas.jobs, areas.notes, areas.footer];
                assert_eq!(all.iter().map(|area| area.height).sum::<u16>(), height);
                assert!(all.iter().all(|area| screen.intersection(*area) == *area));
                assert!(areas.curves.height >= 2 && areas.jobs.height >= 3, "{areas:?}");
            }
        }
    }

    #[test]
    fn times_are_short() {
        let all = [5, 65, 3600 + 61].map(|s| clock(Duration::from_secs(s)));
        assert_eq!(all, ["0:05", "1:05", "1:01:01"]);
    }
}
