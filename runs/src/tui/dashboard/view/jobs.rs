//! Table of the jobs with their states.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{gauge, is_bad};
use crate::board::JobState;
use crate::format::{compact, count, cut, pad, pad_left, width as columns};
use crate::messages::screens::{tr, translated};
use crate::tui::boxes::framed;
use crate::tui::dashboard::model::{Dashboard, JobRow};
use crate::tui::palette::{Palette, Role};

/// States in the order of the first row of the screen.
pub(in crate::tui::dashboard) const STATES: [JobState; 7] = [
    JobState::Learning,
    JobState::Stalled,
    JobState::Waiting,
    JobState::Done,
    JobState::Saved,
    JobState::Diverged,
    JobState::Failed,
];

/// Glyph of a state.
pub(super) fn glyph(state: JobState) -> char {
    match state {
        JobState::Waiting => '○',
        JobState::Learning => '●',
        JobState::Stalled => '◐',
        JobState::Saved => '‖',
        JobState::Diverged => '✗',
        JobState::Failed => '!',
        JobState::Done => '✓',
    }
}

/// Style of a state.
pub(super) fn style(state: JobState, palette: Palette) -> Style {
    palette.role(match state {
        JobState::Waiting => Role::Dim,
        JobState::Learning => Role::Accent,
        JobState::Done => Role::Good,
        state if is_bad(state) => Role::Warn,
        _ => Role::Text,
    })
}

/// Draws the table, and scrolls it so that the selected job is visible.
pub(super) fn draw(model: &mut Dashboard, palette: Palette, area: Rect, buf: &mut Buffer) {
    if area.height < 3 {
        return;
    }
    let place = format!("{} ", tr!("{} of {}", model.selected + 1, model.jobs.len()));
    let title = Line::from(vec![
        Span::styled(format!(" {} ", tr!("jobs")), palette.role(Role::Accent)),
        Span::styled(place, palette.role(Role::Dim)),
    ]);
    let inside = framed(title, palette, area, buf);
    let heads = inside.height > 3;
    let rows = usize::from(inside.height - u16::from(heads)).max(1);
    model.scroll = model.scroll.min(model.selected).max((model.selected + 1).saturating_sub(rows));
    model.scroll = model.scroll.min(model.jobs.len().saturating_sub(rows));
    let columns = Columns::of(model, inside.width);
    let mut y = inside.y;
    if heads {
        columns.heads(palette).render(Rect { y, height: 1, ..inside }, buf);
        y += 1;
    }
    for (index, job) in model.jobs.iter().enumerate().skip(model.scroll).take(rows) {
        let row = Rect { y, height: 1, ..inside };
        if index == model.selected {
            let style = match palette.shade(Role::Accent) {
                Some(shade) => Style::new().bg(shade),
                None => Style::new().add_modifier(Modifier::REVERSED),
            };
            buf.set_style(row, style);
        }
        columns.row(job, index == model.selected, palette).render(row, buf);
        y += 1;
    }
}

/// Widths of the columns of the table. Columns that do not fit are left out: first the speed, then the steps and the
/// bar.
struct Columns {
    world: usize,
    agent: usize,
    bar: u16,
    steps: bool,
    speed: bool,
}

impl Columns {
    fn of(model: &Dashboard, width: u16) -> Self {
        let widest = |of: fn(&JobRow) -> &str, most: usize| {
            let wide = model.jobs.iter().map(|job| Span::raw(of(job)).width()).max().unwrap_or(0);
            wide.clamp(5, most)
        };
        let width = usize::from(width);
        let most = (width / 4).max(8);
        let (world, agent) = (widest(|job| &job.info.world, most), widest(|job| &job.info.agent, most));
        let agent = agent.max(columns(tr!("agent")));
        // Mark, state, seed, percent and score are always there.
        let mut room = width.saturating_sub(2 + 11 + world + 2 + agent + 2 + 5 + 6 + 11);
        let mut take = |wide: usize| {
            let fits = room >= wide;
            room -= if fits { wide } else { 0 };
            fits
        };
        let bar = take(8);
        let (steps, speed) = (take(9), take(12));
        let bar = if bar { 8 + room.min(24) as u16 } else { 0 };
        Columns { world, agent, bar, steps, speed }
    }

    fn heads(&self, palette: Palette) -> Line<'static> {
        let Columns { world, agent, bar, steps, speed } = *self;
        let mut text = format!("  {}{}  ", pad(tr!("state"), 11), pad(tr!("world"), world));
        text += &format!("{} {}", pad(tr!("agent"), agent), pad_left(tr!("seed"), 5));
        text += &" ".repeat(usize::from(bar) + usize::from(bar > 0));
        text += &pad_left(tr!("done"), 6);
        if steps {
            text += &pad_left(tr!("steps"), 9);
        }
        text += &pad_left(tr!("score"), 11);
        if speed {
            text += &pad_left(tr!("steps/s"), 12);
        }
        Line::styled(text, palette.role(Role::Dim))
    }

    fn row(&self, job: &JobRow, selected: bool, palette: Palette) -> Line<'static> {
        let Columns { world, agent, bar, steps, speed } = *self;
        let (text, dim) = (palette.role(Role::Text), palette.role(Role::Dim));
        let waiting = job.state == JobState::Waiting;
        let usual = if waiting { dim } else { text };
        let share = job.step as f64 / job.info.steps.max(1) as f64;
        let state_style = style(job.state, palette);
        let mut spans = vec![
            Span::styled(if selected { "▸ " } else { "  " }, palette.role(Role::Accent)),
            Span::styled(
                format!("{} {}", glyph(job.state), pad(translated(job.state.name()), 9)),
                state_style,
            ),
            Span::styled(format!("{}  ", pad(&cut(&job.info.world, world), world)), usual),
            Span::styled(format!("{} ", pad(&cut(&job.info.agent, agent), agent)), usual),
            Span::styled(format!("{:>5}", job.info.seed), usual),
        ];
        if bar > 0 {
            spans.push(Span::raw(" "));
            spans.extend(gauge(share, bar, palette));
        }
        spans.push(Span::styled(format!("{:>4.0} %", 100.0 * share), usual));
        if steps {
            spans.push(Span::styled(format!("{:>9}", count(job.step as f64)), dim));
        }
        let score = job.score.map_or("-".into(), compact);
        // A finished job that never was better than the baseline.
        let mark = if job.stalled && job.state == JobState::Done { "◐" } else { "" };
        spans.push(Span::styled(
            format!("{:>11}", format!("{mark}{score}")),
            if mark.is_empty() { text } else { palette.role(Role::Warn) },
        ));
        if speed {
            let rate = job.rate.per_second().filter(|_| job.state.is_running());
            spans.push(Span::styled(format!("{:>12}", rate.map_or("-".into(), count)), dim));
        }
        Line::from(spans)
    }
}
